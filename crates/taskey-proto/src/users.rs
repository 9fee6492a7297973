//! Users: the people of an organization.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::access::GroupRef;
use crate::id::{OrganizationId, UserId};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    pub id: UserId,
    pub organization: OrganizationId,
    pub username: String,
    pub name: String,
    pub state: UserState,
    /// Whether the user is a super user of the organization: a member of its group `super`.
    #[serde(rename = "super")]
    pub is_super: bool,
    /// Whether the user runs the server itself.
    pub operator: bool,
    /// By name.
    pub groups: Vec<GroupRef>,
    /// An IANA name; empty: that of the browser.
    pub time_zone: String,
    /// A BCP 47 tag; empty: that of the browser.
    pub language: String,
    pub created_at: Time,
    /// The last time that the user signed in; null: never.
    pub signed_in_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UserState {
    Active,
    /// Has no password yet.
    Invited,
    /// Is let in nowhere.
    Disabled,
}

/// Makes a user. Without a password there is a link by which the user sets one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateUser {
    pub username: String,
    /// The full name; default: the user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(default, rename = "super")]
    pub is_super: bool,
    /// Ids or names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
}

/// A new user, and the link to send where no password was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedUser {
    #[serde(flatten)]
    pub user: User,
    pub invitation: Option<Invitation>,
}

/// Changes a user; what is left out stays as it is. `groups` replaces them all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditUser {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A disabled user is signed out everywhere at once, and keeps everything but the way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    #[serde(default, rename = "super", skip_serializing_if = "Option::is_none")]
    pub is_super: Option<bool>,
    /// Ids or names of groups other than `super`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A link by which a user sets a password, once. It is shown this once; a newer one voids it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// `PUBLIC_URL/invite#inv_SECRET`: what follows the `#` reaches no server's log.
    pub link: String,
    pub expires_at: Time,
}

/// The secret of an invitation's link.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenInvitation {
    pub token: String,
}

/// Whose password an invitation sets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenedInvitation {
    pub username: String,
    pub name: String,
    pub organization: String,
    /// Whether there is a password already, which the new one replaces.
    pub has_password: bool,
    pub expires_at: Time,
}

/// Sets the password of an invitation's user, and signs in with a cookie.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptInvitation {
    pub token: String,
    pub password: String,
}
