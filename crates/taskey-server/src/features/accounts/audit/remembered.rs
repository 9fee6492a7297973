//! Heads that this node keeps outside of its database, in `DATA/audit-heads.json`.
//!
//! A signature shows that the server has once signed a head, not that it is the newest one. Who can write to the database could put
//! back an earlier head with the rows of that time, or take all of it away and let the server seal a log of their own making. So the
//! server remembers how far it was, refuses to seal behind that, and tells it to whoever verifies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use taskey_proto::Time;
use taskey_proto::audit::AuditHead;
use taskey_proto::crypto::PublicKey;
use taskey_proto::id::OrganizationId;

const FILE: &str = "audit-heads.json";
/// Any earlier head still shows that a log was turned back, so the file need not be written with each.
const WRITE_EVERY_MS: i64 = 60_000;

pub struct Remembered {
    path: PathBuf,
    heads: BTreeMap<String, AuditHead>,
    written_at: Option<Time>,
}

impl Remembered {
    /// Reads what was remembered; what cannot be read, or is not signed by `key`, counts as nothing.
    pub fn read(data: &Path, key: &PublicKey) -> Self {
        let path = data.join(FILE);
        let heads: Vec<AuditHead> = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "the heads of the audit log that were kept cannot be read");
                Vec::new()
            }),
            Err(_) => Vec::new(),
        };
        let signed = heads.into_iter().filter(|head| head.verify(key).is_ok());
        Self { path, heads: signed.map(|head| (head.organization.to_string(), head)).collect(), written_at: None }
    }

    pub fn of(&self, organization: OrganizationId) -> Option<&AuditHead> {
        self.heads.get(&organization.to_string())
    }

    /// Remembers a head, in the file at the latest with the first one that comes a minute after the last writing.
    pub fn remember(&mut self, head: AuditHead, now: Time) {
        let is_new = self.heads.insert(head.organization.to_string(), head).is_none();
        if !is_new && self.written_at.is_some_and(|written_at| now.since_ms(written_at) < WRITE_EVERY_MS) {
            return;
        }
        match self.write() {
            Ok(()) => self.written_at = Some(now),
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "the heads of the audit log were not kept"),
        }
    }

    /// Not synced: the commit of a trigger should not wait for this, and what a crash of the machine takes is written again.
    fn write(&self) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let beside = self.path.with_extension("new");
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        serde_json::to_writer(file, &self.heads.values().collect::<Vec<_>>())?;
        std::fs::rename(&beside, &self.path)
    }
}
