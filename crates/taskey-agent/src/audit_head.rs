//! The newest head of the organization's audit log, kept on the device, where nobody who alters the server's database can reach it.

use std::io;

use taskey_proto::audit::AuditHead;
use taskey_proto::crypto::PublicKey;

use crate::state_dir::{Durability, StateDir, replace_file};

const FILE: &str = "audit-head.json";

#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    #[error("it is not signed by the key that this device trusts")]
    Signature,
    #[error("it is of another organization than the one before")]
    Organization,
    #[error("it ends at entry {0}, and entry {1} was told before: the log was turned back, or the server was restored from a backup")]
    Earlier(u64, u64),
    #[error("it has another hash for entry {0} than was told before: the log was rewritten, or the server was restored from a backup")]
    Rewritten(u64),
    #[error("it cannot be written: {0}")]
    File(#[from] io::Error),
}

/// The newest head that was told, if one was.
pub fn load(state: &StateDir) -> Option<AuditHead> {
    serde_json::from_slice(&std::fs::read(state.file(FILE)).ok()?).ok()
}

/// Keeps a head that `key` has signed, unless one is kept that is further.
pub fn keep(state: &StateDir, key: &PublicKey, head: AuditHead) -> Result<(), NotKept> {
    head.verify(key).map_err(|_| NotKept::Signature)?;
    if let Some(kept) = load(state) {
        if kept.organization != head.organization {
            return Err(NotKept::Organization);
        }
        if head.seq < kept.seq {
            return Err(NotKept::Earlier(head.seq, kept.seq));
        }
        if head.seq == kept.seq {
            return if head.hash == kept.hash { Ok(()) } else { Err(NotKept::Rewritten(head.seq)) };
        }
    }
    // What a power cut takes comes again with the next sync; it is not worth a flush in between orders.
    Ok(replace_file(&state.file(FILE), &serde_json::to_vec(&head).map_err(io::Error::from)?, 0o600, Durability::Fleeting)?)
}

#[cfg(test)]
mod tests {
    use taskey_proto::Time;
    use taskey_proto::crypto::SigningKey;
    use taskey_proto::id::OrganizationId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_newest_head_that_the_server_has_signed_is_kept_and_no_earlier_or_foreign_one() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().to_owned()));
        let (key, _) = SigningKey::generate().unwrap();
        let head = |organization: u128, seq: u64, byte: u8| {
            AuditHead::sign(&key, OrganizationId::new(Uuid::from_u128(organization)), seq, &[byte; 32], Time::from_ms(seq as i64))
        };
        let keep = |head: AuditHead| keep(&state, &key.public_key(), head);
        let kept = || load(&state).map(|head| head.seq);
        assert_eq!(kept(), None);
        assert!(matches!(keep(AuditHead { seq: 5, ..head(1, 4, 4) }), Err(NotKept::Signature)));
        assert_eq!(kept(), None);
        keep(head(1, 4, 4)).unwrap();
        keep(head(1, 4, 4)).unwrap();
        assert!(matches!(keep(head(1, 4, 9)), Err(NotKept::Rewritten(4))));
        keep(head(1, 7, 7)).unwrap();
        assert!(matches!(keep(head(1, 6, 6)), Err(NotKept::Earlier(6, 7))));
        assert!(matches!(keep(head(2, 8, 8)), Err(NotKept::Organization)));
        assert_eq!(kept(), Some(7));
        std::fs::write(state.file(FILE), "cut off").unwrap();
        keep(head(1, 2, 2)).unwrap();
        assert_eq!(kept(), Some(2));
    }
}
