//! The audit log: one row for every change and every refusal that matters, written by the op itself.

use serde::Serialize;
use taskey_proto::Time;
use taskey_proto::id::{OrganizationId, UserId};

use super::{Permit, Principal, Via};
use crate::platform::db::{DbError, Tx};
use crate::platform::http::guard::RequestContext;
use crate::{args, sql};

/// Who did it, from where, for which request.
#[derive(Debug, Clone)]
pub struct Actor {
    pub organization: OrganizationId,
    /// `user`, `key`, `device` or `system`.
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    pub address: String,
    pub request: String,
}

impl Actor {
    /// A device, or the server itself, acting without a request.
    pub fn without_request(organization: OrganizationId, kind: &'static str, id: String, name: String, address: String) -> Self {
        Self { organization, kind, id, name, address, request: String::new() }
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
        Self { organization: principal.organization, kind, id, name: principal.actor_name(), address, request }
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
        serde_json::to_string(detail).map_err(|error| DbError::Column { column: "detail".to_owned(), detail: error.to_string() })?;
    let sql = sql!(
        "INSERT INTO audit (organization_id, at, actor_kind, actor_id, actor_name, address, request_id, action, subject, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let who = args![actor.organization, at, actor.kind, &actor.id, &actor.name, &actor.address, &actor.request, action, subject, detail];
    tx.later(sql, who).await
}
