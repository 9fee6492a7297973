//! The audit log.

use taskey_proto::Time;
use taskey_proto::audit::{AuditChain, AuditEntry};
use taskey_proto::page::Page;

use crate::{Client, ClientError, pages};

/// Which entries a list holds.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Id of a user, a key or a device, or a name.
    pub actor: Option<String>,
    /// An action, or all of a kind as `device.*`.
    pub action: Option<String>,
    /// Id of what it was done to.
    pub subject: Option<String>,
    pub since: Option<Time>,
    pub until: Option<Time>,
}

impl Client {
    /// All entries that the filter lets through, newest first, or the first `limit`.
    pub async fn list_audit(&self, filter: &AuditFilter, limit: Option<usize>) -> Result<Page<AuditEntry>, ClientError> {
        let call = || {
            let call = self.get(&["audit"]).query_opt("actor", filter.actor.as_deref());
            let call = call.query_opt("action", filter.action.as_deref()).query_opt("subject", filter.subject.as_deref());
            call.query_opt("since", filter.since).query_opt("until", filter.until)
        };
        pages::collect(limit, call).await
    }

    /// Sealed entries after the one with that number, in the order of the chain, as many as the server gives at once.
    pub async fn show_audit_chain(&self, after: u64) -> Result<AuditChain, ClientError> {
        self.get(&["audit", "chain"]).query("after", after).json_answer().await
    }
}
