//! Accounts: set-up, signing in, oneself, sessions, API keys.

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::id::{KeyId, OrganizationId, SessionId};
use crate::users::User;
use crate::{Span, Time};

pub const PASSWORD_LEN_MIN: usize = 8;
pub const PASSWORD_LEN_MAX: usize = 1_000;

/// What anyone may know of this server, before signing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    pub version: String,
    /// Whether nobody has an account yet.
    pub needs_setup: bool,
    pub public_url: String,
}

/// Makes the first organization and its super user, who is also the operator of the server.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setup {
    /// Printed by `taskey serve`.
    pub code: String,
    pub organization: String,
    pub username: String,
    pub password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CreateKey>,
}

/// Signs in: with a cookie, or where `key` is given with a new API key instead.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    pub username: String,
    pub password: String,
    /// Needed only where the user name exists in several organizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CreateKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    pub me: Me,
    /// Present where a key was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CreatedKey>,
}

/// Who is asking.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    pub user: User,
    pub organization: OrganizationRef,
    /// Name of the API key in use; null with a session.
    pub key: Option<String>,
    /// Your role where nothing overrides it; a super user's is `admin`.
    pub role: Role,
    /// Verbs that you, and the key in use, may do somewhere; on one device or in one group it may be less.
    pub can: Vec<String>,
}

/// Changes what is one's own to change; what is left out stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditMe {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An IANA name such as `Europe/Berlin`; empty: that of the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// A BCP 47 tag such as `de` or `en-GB`, by which dates and numbers are written; empty: that of the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A new password for oneself. Every other session of one's own ends.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    pub current: String,
    pub new: String,
}

/// A signed-in browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: SessionId,
    pub created_at: Time,
    /// To the minute.
    pub last_seen_at: Time,
    pub expires_at: Time,
    /// Where it was signed in from.
    pub address: String,
    /// What its browser calls itself.
    pub client: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationRef {
    pub id: OrganizationId,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateKey {
    pub name: String,
    /// How long it is valid; without it, until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
    /// What it may do, within its owner's rights: verbs such as `devices.read`, or `devices.*`. Empty: all that its owner may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Addresses and networks that it may be used from, such as `10.0.0.0/8`. Empty: from everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// A new key. `key` is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    pub id: KeyId,
    pub name: String,
    pub key: String,
    pub expires_at: Option<Time>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    pub id: KeyId,
    pub name: String,
    pub scopes: Vec<String>,
    /// Addresses and networks that it may be used from; empty: from everywhere.
    pub addresses: Vec<String>,
    /// The user name of its owner.
    pub owner: String,
    /// Whether it comes from the server's settings, and is removed there.
    pub configured: bool,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    /// To the minute.
    pub last_used_at: Option<Time>,
}
