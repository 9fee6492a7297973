//! What an entry's hash and a head's signature cover; `docs/reference/audit.md` says the same in words.
//!
//! Both are made of texts as the API shows them, each with its length before it, so that no two different entries ever give the same
//! bytes and anybody can write a verifier in any language.

use serde_json::Value;

use super::{AuditEntry, AuditHead};
use crate::Time;
use crate::crypto::{CryptoError, PublicKey, SigningKey, from_hex, hex, sha256};
use crate::id::OrganizationId;

/// SHA-256.
pub type Hash = [u8; 32];

/// What stands before the first entry.
pub const FIRST_PREVIOUS: Hash = [0; 32];

const ENTRY_DOMAIN: &str = "taskey/v1/audit-entry";
const HEAD_CONTEXT: &str = "taskey/v1/audit-head";

/// The hash of an entry as the `seq`th of its organization's chain, after the one with the hash `previous`.
pub fn entry_hash(organization: OrganizationId, previous: &Hash, seq: u64, entry: &AuditEntry) -> Hash {
    let actor = &entry.actor;
    sha256(&fields(&[
        ENTRY_DOMAIN.as_bytes(),
        previous,
        organization.to_string().as_bytes(),
        seq.to_string().as_bytes(),
        entry.at.to_string().as_bytes(),
        actor.kind.as_bytes(),
        actor.id.as_bytes(),
        actor.name.as_bytes(),
        actor.user.map(|user| user.to_string()).unwrap_or_default().as_bytes(),
        entry.address.as_bytes(),
        entry.request.as_bytes(),
        entry.action.as_bytes(),
        entry.subject.as_bytes(),
        canonical(&entry.detail).as_bytes(),
    ]))
}

/// A hash from its 64 lower-case hexadecimal digits.
pub fn read_hash(text: &str) -> Option<Hash> {
    from_hex(text).filter(|hash| hex(hash) == text)
}

impl AuditHead {
    pub fn sign(key: &SigningKey, organization: OrganizationId, seq: u64, hash: &Hash, at: Time) -> Self {
        let mut head = Self { organization, seq, hash: hex(hash), at, signature: Vec::new(), key: key.public_key() };
        head.signature = key.sign(HEAD_CONTEXT, &head.signed_fields());
        head
    }

    /// Whether `key` has signed it. Its own `key` is what somebody says, and not asked.
    pub fn verify(&self, key: &PublicKey) -> Result<(), CryptoError> {
        key.verify(HEAD_CONTEXT, &self.signed_fields(), &self.signature)
    }

    fn signed_fields(&self) -> Vec<u8> {
        let (organization, seq, at) = (self.organization.to_string(), self.seq.to_string(), self.at.to_string());
        fields(&[organization.as_bytes(), seq.as_bytes(), self.hash.as_bytes(), at.as_bytes()])
    }
}

/// Each field after its length in bytes, 8 bytes with the highest first.
fn fields(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// JSON in one form only: without blanks, the keys of objects ordered by their bytes, texts as short as JSON allows.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "," });
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            // Sorted here: which order serde_json keeps is up to whoever builds it.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_bytes());
            text.push('{');
            for (place, (key, member)) in members.into_iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "," });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_canonical(member, text);
            }
            text.push('}');
        }
        _ => text.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::audit::AuditActor;
    use crate::id::UserId;

    fn organization() -> OrganizationId {
        OrganizationId::new(Uuid::from_u128(1))
    }

    fn entry(detail: Value) -> AuditEntry {
        AuditEntry {
            seq: None,
            at: Time::from_ms(1_795_239_063_007),
            actor: AuditActor {
                kind: "key".to_owned(),
                id: "key_00000000000000000000000003".to_owned(),
                name: "ann (laptop)".to_owned(),
                user: Some(UserId::new(Uuid::from_u128(2))),
            },
            address: "192.0.2.1".to_owned(),
            request: "req_00000000000000000000000004".to_owned(),
            action: "device.renamed".to_owned(),
            subject: "dev_00000000000000000000000005".to_owned(),
            detail,
            hash: None,
        }
    }

    /// The hashes are those of this program, which shares nothing with ours:
    ///
    /// ```python
    /// import hashlib, json
    /// def fields(*parts): return b"".join(len(p).to_bytes(8, "big") + p for p in parts)
    /// def entry_hash(previous, organization, e):
    ///     detail = json.dumps(e["detail"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    ///     a = e["actor"]
    ///     texts = [organization, str(e["seq"]), e["at"], a["kind"], a["id"], a["name"], a["user"] or "",
    ///              e["address"], e["request"], e["action"], e["subject"], detail]
    ///     return hashlib.sha256(fields(b"taskey/v1/audit-entry", previous, *[t.encode() for t in texts])).digest()
    /// organization = "org_00000000000000000000000001"
    /// actor = {"kind": "key", "id": "key_00000000000000000000000003", "name": "ann (laptop)", "user": "usr_00000000000000000000000002"}
    /// entry = {"seq": 1, "at": "2026-11-21T05:31:03.007Z", "actor": actor, "address": "192.0.2.1",
    ///          "request": "req_00000000000000000000000004", "action": "device.renamed", "subject": "dev_00000000000000000000000005",
    ///          "detail": {"b": [1, -2, True, None], "a": {"\u00fc": "\"\\\n\u0001\u00df\U0001f600/", "after": "web-2"}}}
    /// first = entry_hash(bytes(32), organization, entry)
    /// print(first.hex())
    /// actor.update({"kind": "system", "id": "", "name": "", "user": None})
    /// entry.update({"seq": 2, "detail": {}})
    /// print(entry_hash(first, organization, entry).hex())
    /// ```
    #[test]
    fn hashes_are_those_of_another_implementation() {
        let detail = json!({"b": [1, -2, true, null], "a": {"\u{fc}": "\"\\\n\u{1}\u{df}\u{1f600}/", "after": "web-2"}});
        let first = entry_hash(organization(), &FIRST_PREVIOUS, 1, &entry(detail));
        assert_eq!(hex(&first), "b0c44733706862759579cf42e702cfeafea3916dcaac5d002ef50c8f3660b889");
        let mut second = entry(json!({}));
        second.actor = AuditActor { kind: "system".to_owned(), id: String::new(), name: String::new(), user: None };
        assert_eq!(
            hex(&entry_hash(organization(), &first, 2, &second)),
            "eae84453332fe549ab7cb0f9fc228c0ad608795aa637bbaab106fcde83469d55"
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_in_one_form_is_read_as_the_same(number: f64, whole: i64, key: String, text: String) {
            let value = json!({key: [number, whole, text], "b": {"a": number}});
            let written = canonical(&value);
            let read: Value = serde_json::from_str(&written).unwrap();
            proptest::prop_assert_eq!(canonical(&read), written);
        }
    }

    #[test]
    fn every_field_counts_and_none_runs_into_the_next() {
        let base = entry(json!({"a": 1}));
        let hash = |entry: &AuditEntry| entry_hash(organization(), &FIRST_PREVIOUS, 1, entry);
        let changes: [fn(&mut AuditEntry); 11] = [
            |entry| entry.at = entry.at.plus_ms(1),
            |entry| entry.actor.kind.push('x'),
            |entry| entry.actor.id.push('x'),
            |entry| entry.actor.name.push('x'),
            |entry| entry.actor.user = None,
            |entry| entry.address.push('x'),
            |entry| entry.request.push('x'),
            |entry| entry.action.push('x'),
            |entry| entry.subject.push('x'),
            |entry| entry.detail = json!({"a": 2}),
            |entry| {
                let moved = entry.address.pop().unwrap();
                entry.request.insert(0, moved);
            },
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut changed = base.clone();
            change(&mut changed);
            assert_ne!(hash(&changed), hash(&base), "change {number}");
        }
        assert_ne!(entry_hash(organization(), &FIRST_PREVIOUS, 2, &base), hash(&base));
        assert_ne!(entry_hash(organization(), &[1; 32], 1, &base), hash(&base));
        assert_ne!(entry_hash(OrganizationId::new(Uuid::from_u128(9)), &FIRST_PREVIOUS, 1, &base), hash(&base));
    }

    #[test]
    fn a_head_is_signed_for_its_organization_number_hash_and_time() {
        let (key, _) = SigningKey::generate().unwrap();
        let head = AuditHead::sign(&key, organization(), 7, &[3; 32], Time::from_ms(5));
        assert!(head.verify(&key.public_key()).is_ok());
        assert!(head.verify(&SigningKey::generate().unwrap().0.public_key()).is_err());
        let others = [
            AuditHead { organization: OrganizationId::new(Uuid::from_u128(9)), ..head.clone() },
            AuditHead { seq: 8, ..head.clone() },
            AuditHead { hash: hex(&[4; 32]), ..head.clone() },
            AuditHead { at: Time::from_ms(6), ..head.clone() },
        ];
        for other in others {
            assert!(other.verify(&key.public_key()).is_err(), "{other:?}");
        }
    }
}
