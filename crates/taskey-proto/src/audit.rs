//! The audit log, its chain, and how anybody can verify it.

mod chain;
mod verify;

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::crypto::PublicKey;
use crate::id::{OrganizationId, UserId};

pub use chain::{FIRST_PREVIOUS, Hash, canonical, entry_hash, read_hash};
pub use verify::{AuditFinding, AuditReport, FindingKind, Verifier};

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

/// The end of an organization's chain, signed by the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditHead {
    pub organization: OrganizationId,
    /// The last entry that is sealed.
    pub seq: u64,
    /// Its hash, in hex.
    pub hash: String,
    /// When it was signed.
    pub at: Time,
    /// Ed25519, in base64.
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub signature: Vec<u8>,
    /// The server's key. Who has it pinned takes the pinned one.
    pub key: PublicKey,
}

/// A piece of an organization's chain, and what there is to hold it against.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditChain {
    pub organization: OrganizationId,
    /// Sealed entries in the order of the chain; the next piece is after the `seq` of the last one. An empty list is the end.
    pub items: Vec<AuditEntry>,
    /// Read after the items: it covers them. Null while nothing is sealed.
    pub head: Option<AuditHead>,
    /// A head that this server has kept outside of its database. It must lie on the chain too.
    pub remembered: Option<AuditHead>,
    /// How many entries are not sealed yet.
    pub unsealed: u64,
    /// The oldest of those, at most 20.
    pub tail: Vec<AuditEntry>,
}
