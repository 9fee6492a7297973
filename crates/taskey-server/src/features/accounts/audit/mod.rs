//! The audit log: one row for every change and every refusal that matters, written by the op itself.
//!
//! Rows are sealed afterwards, within a second ([`seal`]): each gets its place in its organization's chain and a hash over the row before
//! and itself, and the end of the chain, the head, is signed. Whoever can write to the database but does not hold the signing key can
//! from then on neither alter, remove nor reorder rows without being found ([ADR 0010](../../../../../../docs/adr/0010-audit-chain.md)).
//!
//! It owns the tables `audit` and `audit_head`, and `DATA/audit-heads.json` ([`remembered`]).

pub mod http;
mod remembered;
pub mod seal;
mod store;

use serde::Serialize;
use taskey_proto::Time;
use taskey_proto::audit::canonical;
use taskey_proto::id::{OrganizationId, UserId};

pub use store::head as newest_head;

use super::{Permit, Principal, Via};
use crate::platform::db::{DbError, Tx};
use crate::platform::http::guard::RequestContext;
use crate::{args, sql};

/// Who did it, from where, for which request.
#[derive(Debug, Clone)]
pub struct Actor {
    pub organization: OrganizationId,
    /// `user`, `key`, `device`, `host` or `system`.
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    /// The user behind it, where there is one.
    pub user: Option<UserId>,
    pub address: String,
    pub request: String,
}

impl Actor {
    /// A device, or the server itself, acting without a request.
    pub fn without_request(organization: OrganizationId, kind: &'static str, id: String, name: String, address: String) -> Self {
        Self { organization, kind, id, name, user: None, address, request: String::new() }
    }
}

impl Actor {
    /// A user who is not signed in yet, or was not.
    pub(super) fn user(organization: OrganizationId, user: UserId, username: &str, context: &RequestContext) -> Self {
        Self {
            organization,
            kind: "user",
            id: user.to_string(),
            name: username.to_owned(),
            user: Some(user),
            address: context.address.clone(),
            request: context.id.to_string(),
        }
    }

    pub(super) fn of(principal: &Principal, context: &RequestContext) -> Self {
        Self::acting(principal, context.address.clone(), context.id.to_string())
    }

    fn acting(principal: &Principal, address: String, request: String) -> Self {
        let (kind, id) = match &principal.via {
            Via::Session { .. } => ("user", principal.user.to_string()),
            Via::Key { id, .. } => ("key", id.to_string()),
        };
        Self { organization: principal.organization, kind, id, name: principal.actor_name(), user: Some(principal.user), address, request }
    }
}

impl From<&Permit> for Actor {
    fn from(permit: &Permit) -> Self {
        Self::acting(permit.principal(), permit.address().to_owned(), permit.request().to_string())
    }
}

/// Writes a row: `action` such as `device.removed`, `subject` the id of what it was done to.
pub async fn record<T: Serialize + Sync>(
    tx: &mut Tx<'_>,
    actor: &Actor,
    at: Time,
    action: &str,
    subject: &str,
    detail: &T,
) -> Result<(), DbError> {
    let detail =
        serde_json::to_value(detail).map_err(|error| DbError::Column { column: "detail".to_owned(), detail: error.to_string() })?;
    let sql = sql!(
        "INSERT INTO audit (organization_id, at, actor_kind, actor_id, actor_name, user_id, address, request_id, action, subject, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    let who = args![actor.organization, at, actor.kind, &actor.id, &actor.name, actor.user, &actor.address, &actor.request];
    tx.later(sql, [who, args![action, subject, canonical(&detail)]].concat()).await?;
    tx.wake(seal::TOPIC.to_owned());
    Ok(())
}
