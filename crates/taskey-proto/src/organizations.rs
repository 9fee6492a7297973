//! Organizations: each with its own users, devices, and everything else; none sees another.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::id::OrganizationId;
use crate::users::{Invitation, User};

/// How long a deleted organization can be brought back.
pub const DELETE_GRACE_DAYS: u32 = 30;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub state: OrganizationState,
    pub created_at: Time,
    /// When everything of it is removed for good; null unless it is deleted.
    pub delete_at: Option<Time>,
    /// How many users it has; who they are is at `/api/v1/organizations/{organization}/members`.
    pub members: u64,
    /// How many devices it has; which they are is at `/api/v1/organizations/{organization}/devices`.
    pub devices: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OrganizationState {
    Active,
    /// Nobody is let in, and no device.
    Disabled,
    /// As disabled, and removed for good when its grace is over.
    Deleted,
}

/// Makes an organization with its first super user. Without a password there is a link by which that user sets one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateOrganization {
    pub name: String,
    pub username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedOrganization {
    #[serde(flatten)]
    pub organization: Organization,
    pub user: User,
    pub invitation: Option<Invitation>,
}

/// Changes an organization; what is left out stays as it is. Super users may rename their own, the rest is the operator's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditOrganization {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// False also takes back a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}
