//! Standard Webhooks 1.0.0: signing what is posted, and telling whether what was posted is signed.
//!
//! Signed is `ID.TIMESTAMP.BODY`, the body as the very bytes on the wire: JSON that was read and written again is another body. The
//! header of signatures is a list, so that an older key may sign beside its successor. `v1` is HMAC-SHA256 under a secret of both sides
//! (`whsec_…`), `v1a` is Ed25519 (`whsk_…` signs, `whpk_…` verifies). A signature is good for five minutes, so every try of a delivery
//! is signed anew, under the same id.

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::crypto::{self, CryptoError, PUBLIC_KEY_LEN};

pub const ID_HEADER: &str = "webhook-id";
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far the two clocks may be apart, either way.
pub const TOLERANCE_SECS: i64 = 300;
/// Bytes of a secret.
pub const SECRET_LEN_MIN: usize = 24;
pub const SECRET_LEN_MAX: usize = 64;

const SECRET_PREFIX: &str = "whsec_";
const PRIVATE_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";
const HMAC: &str = "v1";
const ED: &str = "v1a";
const SEED_LEN: usize = 32;
/// More than anybody sends while keys change; every one costs a look at the whole body.
const SIGNATURES_MAX: usize = 16;

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("it does not begin with {0}")]
    Prefix(&'static str),
    #[error("what follows {0} is not standard base64")]
    Encoding(&'static str),
    #[error("{prefix} is followed by {found} bytes in base64 where there are {expected}")]
    Len { prefix: &'static str, expected: &'static str, found: usize },
    #[error("the two halves of the key do not belong together")]
    Halves,
}

/// Why a post is not taken for what its sender wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("webhook-id is empty or holds a full stop")]
    Id,
    #[error("webhook-timestamp is no number of seconds since 1970")]
    Timestamp,
    #[error("webhook-timestamp is more than five minutes ago")]
    TooOld,
    #[error("webhook-timestamp is more than five minutes ahead")]
    TooNew,
    #[error("webhook-signature holds no signature of a kind that is known here: v1,… or v1a,…")]
    NoSignature,
    #[error("no signature in webhook-signature matches: another key, or the body was changed on its way")]
    NoMatch,
}

/// What `v1` signs and verifies with: 24 to 64 bytes that both sides hold.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    pub fn generate() -> Result<Self, CryptoError> {
        Ok(Self(crypto::random::<32>()?.to_vec()))
    }

    pub fn new(bytes: Vec<u8>) -> Result<Self, KeyError> {
        match bytes.len() {
            SECRET_LEN_MIN..=SECRET_LEN_MAX => Ok(Self(bytes)),
            found => Err(KeyError::Len { prefix: SECRET_PREFIX, expected: "24 to 64", found }),
        }
    }

    fn tag(&self, content: &[u8]) -> [u8; 32] {
        crypto::mac(&self.0, content)
    }
}

impl FromStr for Secret {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::new(bytes_after(SECRET_PREFIX, text)?)
    }
}

/// The secret itself, `whsec_…`.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SECRET_PREFIX}{}", crypto::base64(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What `v1a` signs with: both halves of an Ed25519 key.
pub struct PrivateKey {
    seed: [u8; SEED_LEN],
    pair: Ed25519KeyPair,
}

impl PrivateKey {
    pub fn generate() -> Result<Self, CryptoError> {
        let seed = crypto::random::<SEED_LEN>()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| CryptoError::Key)?;
        Ok(Self { seed, pair })
    }

    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC_KEY_LEN];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }
}

impl FromStr for PrivateKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = bytes_after(PRIVATE_PREFIX, text)?;
        let wrong_len = KeyError::Len { prefix: PRIVATE_PREFIX, expected: "64", found: bytes.len() };
        let (seed, public) = bytes.split_first_chunk::<SEED_LEN>().filter(|(_, public)| public.len() == PUBLIC_KEY_LEN).ok_or(wrong_len)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| KeyError::Halves)?;
        Ok(Self { seed: *seed, pair })
    }
}

/// The key itself, `whsk_…`: its private half, then its public one.
impl fmt::Display for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let halves = [&self.seed[..], self.pair.public_key().as_ref()].concat();
        write!(f, "{PRIVATE_PREFIX}{}", crypto::base64(&halves))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(… of {})", self.public_key())
    }
}

/// What `v1a` verifies with; not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; PUBLIC_KEY_LEN]);

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = bytes_after(PUBLIC_PREFIX, text)?;
        let wrong_len = KeyError::Len { prefix: PUBLIC_PREFIX, expected: "32", found: bytes.len() };
        bytes.try_into().map(Self).map_err(|_| wrong_len)
    }
}

/// `whpk_…`
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", crypto::base64(&self.0))
    }
}

fn bytes_after(prefix: &'static str, text: &str) -> Result<Vec<u8>, KeyError> {
    let encoded = text.strip_prefix(prefix).ok_or(KeyError::Prefix(prefix))?;
    crypto::from_base64(encoded).ok_or(KeyError::Encoding(prefix))
}

/// A key of either kind that signs.
#[derive(Debug)]
pub enum SigningKey {
    Hmac(Secret),
    Ed25519(PrivateKey),
}

impl SigningKey {
    /// One entry of the header: `v1,…` or `v1a,…`. `id` has no full stop, `timestamp_secs` is that of this try.
    pub fn sign(&self, id: &str, timestamp_secs: i64, body: &[u8]) -> String {
        self.entry(&signed_content(id, &timestamp_secs.to_string(), body))
    }

    fn entry(&self, content: &[u8]) -> String {
        match self {
            SigningKey::Hmac(secret) => format!("{HMAC},{}", crypto::base64(&secret.tag(content))),
            SigningKey::Ed25519(key) => format!("{ED},{}", crypto::base64(key.pair.sign(content).as_ref())),
        }
    }

    /// What verifies what this key signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        match self {
            SigningKey::Hmac(secret) => VerifyingKey::Hmac(secret.clone()),
            SigningKey::Ed25519(key) => VerifyingKey::Ed25519(key.public_key()),
        }
    }
}

/// Of either kind, by its prefix.
impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(PRIVATE_PREFIX) { text.parse().map(SigningKey::Ed25519) } else { text.parse().map(SigningKey::Hmac) }
    }
}

/// The key itself: `whsec_…` or `whsk_…`.
impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SigningKey::Hmac(secret) => fmt::Display::fmt(secret, f),
            SigningKey::Ed25519(key) => fmt::Display::fmt(key, f),
        }
    }
}

/// The whole header: an entry of each key, in their order; the newest comes first.
pub fn sign_with_all(keys: &[SigningKey], id: &str, timestamp_secs: i64, body: &[u8]) -> String {
    let content = signed_content(id, &timestamp_secs.to_string(), body);
    keys.iter().map(|key| key.entry(&content)).collect::<Vec<_>>().join(" ")
}

/// A key of either kind that verifies.
#[derive(Debug, Clone)]
pub enum VerifyingKey {
    Hmac(Secret),
    Ed25519(PublicKey),
}

impl VerifyingKey {
    fn made_any(&self, listed: &[Signature], content: &[u8]) -> bool {
        match self {
            VerifyingKey::Hmac(secret) => {
                let tag = secret.tag(content);
                listed.iter().any(|signature| matches!(signature, Signature::Hmac(bytes) if crypto::same_bytes(bytes, &tag)))
            }
            VerifyingKey::Ed25519(key) => {
                let key = UnparsedPublicKey::new(&ED25519, key.0);
                listed.iter().any(|signature| matches!(signature, Signature::Ed25519(bytes) if key.verify(content, bytes).is_ok()))
            }
        }
    }
}

/// Of either kind, by its prefix.
impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(PUBLIC_PREFIX) { text.parse().map(VerifyingKey::Ed25519) } else { text.parse().map(VerifyingKey::Hmac) }
    }
}

/// The three headers of a post, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signatures: &'a str,
}

/// Whether one of the keys has signed this post within the last five minutes; `body` is as it came, unread.
///
/// Whoever may not see a post twice keeps its id for as long: within these minutes a copy passes too.
pub fn verify(headers: Headers<'_>, body: &[u8], keys: &[VerifyingKey], now_secs: i64) -> Result<(), VerifyError> {
    if !is_id(headers.id) {
        return Err(VerifyError::Id);
    }
    let timestamp_secs = read_timestamp(headers.timestamp).ok_or(VerifyError::Timestamp)?;
    if now_secs.saturating_sub(timestamp_secs) > TOLERANCE_SECS {
        return Err(VerifyError::TooOld);
    }
    if timestamp_secs.saturating_sub(now_secs) > TOLERANCE_SECS {
        return Err(VerifyError::TooNew);
    }
    let listed = read_signatures(headers.signatures);
    if listed.is_empty() {
        return Err(VerifyError::NoSignature);
    }
    let content = signed_content(headers.id, headers.timestamp, body);
    if keys.iter().any(|key| key.made_any(&listed, &content)) { Ok(()) } else { Err(VerifyError::NoMatch) }
}

/// With a full stop in an id, what is signed could be read in two ways.
fn is_id(id: &str) -> bool {
    !id.is_empty() && !id.contains('.')
}

fn read_timestamp(text: &str) -> Option<i64> {
    // `parse` alone takes a sign too.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn signed_content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    debug_assert!(is_id(id), "{id} cannot be signed");
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

/// One of the list, of a kind that is known here.
enum Signature {
    Hmac(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What later versions of the standard add is passed over, and so is what cannot be read.
fn read_signatures(list: &str) -> Vec<Signature> {
    let known = |entry: &str| match entry.split_once(',')? {
        (HMAC, text) => crypto::from_base64(text).map(Signature::Hmac),
        (ED, text) => crypto::from_base64(text).map(Signature::Ed25519),
        _ => None,
    };
    list.split_ascii_whitespace().filter_map(known).take(SIGNATURES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The standard's own example.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const AT: i64 = 1_649_367_553;
    const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNED: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
    const PRIVATE: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const SIGNED_ED: &str = "v1a,LFHB363YvoTm7xdMyZd/981dRSdVxW0u27ld7pRBYKa+E1Is4O8e+VFZlwtUB7muxeGaguMrB+8TDoJMHA5lCQ==";

    fn signing(key: &str) -> SigningKey {
        key.parse().unwrap()
    }

    /// The example as it comes in, with these signatures, verified with this key at this time.
    fn arrives(signatures: &str, key: &str, now_secs: i64) -> Result<(), VerifyError> {
        let headers = Headers { id: ID, timestamp: &AT.to_string(), signatures };
        verify(headers, BODY.as_bytes(), &[key.parse().unwrap()], now_secs)
    }

    #[test]
    fn a_secret_signs_as_the_standard_does() {
        assert_eq!(signing(SECRET).sign(ID, AT, BODY.as_bytes()), SIGNED);
        assert_eq!(arrives(SIGNED, SECRET, AT), Ok(()));
    }

    #[test]
    fn a_private_key_signs_as_the_standard_does_and_its_public_half_verifies() {
        assert_eq!(signing(PRIVATE).sign(ID, AT, BODY.as_bytes()), SIGNED_ED);
        assert_eq!(PRIVATE.parse::<PrivateKey>().unwrap().public_key().to_string(), PUBLIC);
        assert_eq!(arrives(SIGNED_ED, PUBLIC, AT), Ok(()));
    }

    #[test]
    fn while_keys_change_both_sign_and_either_verifies() {
        let new = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
        let old = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let (id, at) = ("msg_test1", 1_772_366_400);
        let body = br#"{"type":"task.resolved","timestamp":"2026-03-01T12:00:00Z","data":{"id":"tsk_1","seq":4}}"#;
        let header = sign_with_all(&[signing(new), signing(old)], id, at, body);
        assert_eq!(header, "v1,rbuM+RsDNOKtSmsdz0Vi+igsj8DrBxLL5EKdXn3aeSQ= v1,bm+2rpzGTecEXq5Y37GUP+mDr6o6pQbr2dajjta+45w=");
        let headers = Headers { id, timestamp: &at.to_string(), signatures: &header };
        let check = |keys: &[&str]| verify(headers, body, &keys.iter().map(|key| key.parse().unwrap()).collect::<Vec<_>>(), at);
        assert_eq!(check(&[new]), Ok(()));
        assert_eq!(check(&[old]), Ok(()));
        assert_eq!(check(&[SECRET, old]), Ok(()), "the receiver may be the one who changes keys");
        assert_eq!(check(&[SECRET]), Err(VerifyError::NoMatch));
        assert_eq!(check(&[]), Err(VerifyError::NoMatch));
    }

    #[test]
    fn a_secret_and_a_pair_may_sign_the_same_post() {
        let header = sign_with_all(&[signing(PRIVATE), signing(SECRET)], ID, AT, BODY.as_bytes());
        assert_eq!(header, format!("{SIGNED_ED} {SIGNED}"));
        assert_eq!(arrives(&header, SECRET, AT), Ok(()));
        assert_eq!(arrives(&header, PUBLIC, AT), Ok(()));
    }

    #[test]
    fn a_body_that_was_read_and_written_again_is_another_body() {
        let headers = Headers { id: ID, timestamp: &AT.to_string(), signatures: SIGNED };
        let again = r#"{"email": "test@example.com", "username": "test_user"}"#;
        assert_eq!(verify(headers, again.as_bytes(), &[SECRET.parse().unwrap()], AT), Err(VerifyError::NoMatch));
    }

    #[test]
    fn another_id_or_timestamp_than_was_signed_does_not_pass() {
        let keys = [SECRET.parse().unwrap()];
        let check = |id: &str, timestamp: &str| verify(Headers { id, timestamp, signatures: SIGNED }, BODY.as_bytes(), &keys, AT);
        assert_eq!(check("msg_other", &AT.to_string()), Err(VerifyError::NoMatch));
        assert_eq!(check(ID, &(AT + 1).to_string()), Err(VerifyError::NoMatch));
        assert_eq!(check(ID, &format!("0{AT}")), Err(VerifyError::NoMatch));
    }

    #[test]
    fn clocks_may_be_five_minutes_apart_and_no_more() {
        assert_eq!(arrives(SIGNED, SECRET, AT + 300), Ok(()));
        assert_eq!(arrives(SIGNED, SECRET, AT - 300), Ok(()));
        assert_eq!(arrives(SIGNED, SECRET, AT + 301), Err(VerifyError::TooOld));
        assert_eq!(arrives(SIGNED, SECRET, AT - 301), Err(VerifyError::TooNew));
    }

    #[test]
    fn a_try_after_six_minutes_passes_only_with_a_timestamp_of_its_own() {
        let later = AT + 360;
        assert_eq!(arrives(SIGNED, SECRET, later), Err(VerifyError::TooOld));
        let anew = signing(SECRET).sign(ID, later, BODY.as_bytes());
        let headers = Headers { id: ID, timestamp: &later.to_string(), signatures: &anew };
        assert_eq!(verify(headers, BODY.as_bytes(), &[SECRET.parse().unwrap()], later), Ok(()));
    }

    #[test]
    fn kinds_of_a_later_version_are_passed_over() {
        assert_eq!(arrives(&format!("v9,AAAA {SIGNED}"), SECRET, AT), Ok(()));
        assert_eq!(arrives(&format!("v1,not-base64 v1 , {SIGNED}"), SECRET, AT), Ok(()));
        for none in ["", "v9,AAAA", "tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="] {
            assert_eq!(arrives(none, SECRET, AT), Err(VerifyError::NoSignature), "{none}");
        }
    }

    #[test]
    fn a_signature_of_one_kind_does_not_pass_for_another() {
        let as_ed = SIGNED.replace("v1,", "v1a,");
        assert_eq!(arrives(&as_ed, SECRET, AT), Err(VerifyError::NoMatch));
        assert_eq!(arrives(SIGNED, PUBLIC, AT), Err(VerifyError::NoMatch));
        assert_eq!(arrives("v1,", SECRET, AT), Err(VerifyError::NoMatch));
    }

    #[test]
    fn an_id_has_no_full_stop_and_a_timestamp_nothing_but_digits() {
        let keys = [SECRET.parse().unwrap()];
        let check = |id: &str, timestamp: &str| verify(Headers { id, timestamp, signatures: SIGNED }, BODY.as_bytes(), &keys, AT);
        for id in ["msg.1", "."] {
            assert_eq!(check(id, &AT.to_string()), Err(VerifyError::Id), "{id}");
        }
        assert_eq!(check("", &AT.to_string()), Err(VerifyError::Id));
        for timestamp in ["", "soon", "-1", "+1649367553", " 1649367553", "1649367553.0", "99999999999999999999"] {
            assert_eq!(check(ID, timestamp), Err(VerifyError::Timestamp), "{timestamp}");
        }
    }

    #[test]
    fn a_list_that_never_ends_is_not_looked_through() {
        let many = "v1,AAAA ".repeat(SIGNATURES_MAX);
        assert_eq!(arrives(&format!("{many}{SIGNED}"), SECRET, AT), Err(VerifyError::NoMatch));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes_in_base64_behind_its_prefix() {
        let of_len = |len: usize| format!("whsec_{}", crypto::base64(&vec![7; len]));
        for len in [24, 32, 64] {
            assert_eq!(of_len(len).parse::<Secret>().unwrap().to_string(), of_len(len));
        }
        for found in [0, 23, 65] {
            let wrong = KeyError::Len { prefix: "whsec_", expected: "24 to 64", found };
            assert_eq!(of_len(found).parse::<Secret>().unwrap_err(), wrong);
        }
        assert_eq!("C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse::<Secret>().unwrap_err(), KeyError::Prefix("whsec_"));
        assert_eq!("whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD".parse::<Secret>().unwrap_err(), KeyError::Encoding("whsec_"));
    }

    #[test]
    fn a_pair_is_read_with_both_of_its_halves() {
        assert_eq!(signing(PRIVATE).to_string(), PRIVATE);
        let other = PrivateKey::generate().unwrap().to_string();
        let bytes = |key: &str| crypto::from_base64(key.trim_start_matches("whsk_")).unwrap();
        let mixed = format!("whsk_{}", crypto::base64(&[&bytes(PRIVATE)[..32], &bytes(&other)[32..]].concat()));
        assert_eq!(mixed.parse::<PrivateKey>().unwrap_err(), KeyError::Halves);
        let half = format!("whsk_{}", crypto::base64(&bytes(PRIVATE)[..32]));
        assert_eq!(half.parse::<PrivateKey>().unwrap_err(), KeyError::Len { prefix: "whsk_", expected: "64", found: 32 });
        let long = format!("whpk_{}", crypto::base64(&bytes(PRIVATE)));
        assert_eq!(long.parse::<PublicKey>().unwrap_err(), KeyError::Len { prefix: "whpk_", expected: "32", found: 64 });
        assert_eq!(PUBLIC.parse::<SigningKey>().unwrap_err(), KeyError::Prefix("whsec_"), "a public key signs nothing");
        assert_eq!(PRIVATE.parse::<VerifyingKey>().unwrap_err(), KeyError::Prefix("whsec_"), "a receiver never holds the private half");
    }

    #[test]
    fn what_was_made_here_signs_and_verifies() {
        for key in [SigningKey::Hmac(Secret::generate().unwrap()), SigningKey::Ed25519(PrivateKey::generate().unwrap())] {
            let again = signing(&key.to_string());
            let signatures = again.sign("msg_1", AT, b"{}");
            let headers = Headers { id: "msg_1", timestamp: &AT.to_string(), signatures: &signatures };
            assert_eq!(verify(headers, b"{}", &[key.verifying_key()], AT), Ok(()));
        }
    }

    #[test]
    fn logs_do_not_hold_secrets() {
        for key in [SECRET, PRIVATE] {
            let secret = &key[key.find('_').unwrap() + 1..];
            let shown = format!("{:?} {:?}", signing(key), signing(key).verifying_key());
            assert!(!shown.contains(&secret[..16]), "{shown}");
        }
        let bytes = format!("{:?}", SECRET.parse::<Secret>().unwrap().0);
        assert!(!format!("{:?}", signing(SECRET)).contains(bytes.trim_matches(['[', ']'])));
    }
}
