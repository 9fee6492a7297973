//! The audit log, its chain, and how anybody can verify it.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::id::UserId;

/// One thing that was done, or was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its place in the chain, from 1 without gaps; null until it is sealed, within a second or so.
    pub seq: Option<u64>,
    pub at: Time,
    pub actor: AuditActor,
    /// The address that it came from; empty for what the server does by itself.
    pub address: String,
    /// The request that it belongs to; may be empty.
    pub request: String,
    /// Such as `device.removed`; `access.refused` is what was tried and refused.
    pub action: String,
    /// Id of what it was done to.
    pub subject: String,
    /// What there is to say, such as `before` and `after`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub detail: serde_json::Value,
    /// SHA-256, in hex, over the entry before it and itself; null until it is sealed.
    pub hash: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditActor {
    /// `user`, `key`, `device`, `host` or `system`.
    pub kind: String,
    pub id: String,
    /// As it was called then.
    pub name: String,
    /// The user behind it, where there is one; of a key its owner.
    pub user: Option<UserId>,
}
