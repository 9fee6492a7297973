//! Challenges and credentials: how a device proves itself, whatever its clock says.
//!
//! A nonce is not stored: it carries its time and a MAC over itself and the device, and is good for an hour.

use taskey_proto::Time;
use taskey_proto::agent::{CHALLENGE_CONTEXT, CREDENTIAL_VALID_MS, Challenge, CredentialClaim, ParsedCredential};
use taskey_proto::crypto::{self, CryptoError, base64url, from_base64url, mac};
use taskey_proto::document::SignedDocument;
use taskey_proto::id::DeviceId;

use super::model::{CounterVerdict, judge_counter};
use super::store::{self, KnownDevice};
use crate::app::App;
use crate::platform::http::ApiError;

const MAC_LEN: usize = 16;
const RANDOM_LEN: usize = 16;

/// A challenge for a device, known or not: the answer does not tell.
pub(super) fn challenge(app: &App, device: DeviceId) -> Result<SignedDocument, ApiError> {
    let now = app.now();
    let nonce = make_nonce(&app.keys.derive("challenge"), device, now).map_err(ApiError::internal)?;
    let challenge = Challenge { device, server: app.instance, epoch: app.epoch, nonce, time: now, roots: app.agent_trust.roots() };
    SignedDocument::sign(&app.keys.signing, CHALLENGE_CONTEXT, &challenge).map_err(ApiError::internal)
}

/// A device that has proved itself.
pub(super) struct Proven {
    pub device: KnownDevice,
    pub claim: CredentialClaim,
    pub asked_at: Time,
    pub verdict: CounterVerdict,
}

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("the credential cannot be read")]
    Unreadable,
    #[error("the credential is for another server")]
    Foreign,
    #[error("the nonce is not ours, or older than an hour")]
    Nonce,
    #[error("no such device is enrolled")]
    Unknown,
    #[error("the signature is not the device's")]
    Signature,
    #[error("the store cannot answer")]
    Unavailable,
}

/// Checks everything but the counter, on which a verdict is given.
pub(super) async fn prove(app: &App, text: &str) -> Result<Proven, CredentialError> {
    let parsed = ParsedCredential::parse(text).ok_or(CredentialError::Unreadable)?;
    let claim = parsed.claim.clone();
    if claim.server != app.instance {
        return Err(CredentialError::Foreign);
    }
    let asked_at = read_nonce(&app.keys.derive("challenge"), claim.device, &claim.nonce).ok_or(CredentialError::Nonce)?;
    if app.now().since_ms(asked_at) > CREDENTIAL_VALID_MS {
        return Err(CredentialError::Nonce);
    }
    let device = store::known_device(&app.db, claim.device).await.map_err(|error| {
        tracing::error!(%error, "a device could not be looked up");
        CredentialError::Unavailable
    })?;
    let device = device.ok_or(CredentialError::Unknown)?;
    if !parsed.is_signed_by(&device.signing_key) {
        return Err(CredentialError::Signature);
    }
    let verdict = judge_counter(device.last_credential, claim.counter, asked_at);
    Ok(Proven { device, claim, asked_at, verdict })
}

fn make_nonce(key: &[u8], device: DeviceId, now: Time) -> Result<String, CryptoError> {
    let mut bytes = now.ms().to_be_bytes().to_vec();
    bytes.extend_from_slice(&crypto::random::<RANDOM_LEN>()?);
    let tag = nonce_tag(key, device, &bytes);
    bytes.extend_from_slice(&tag);
    Ok(base64url(&bytes))
}

/// When the nonce was given out; `None` when it is not one of ours for this device.
fn read_nonce(key: &[u8], device: DeviceId, nonce: &str) -> Option<Time> {
    let bytes = from_base64url(nonce)?;
    if bytes.len() != 8 + RANDOM_LEN + MAC_LEN {
        return None;
    }
    let (content, tag) = bytes.split_at(8 + RANDOM_LEN);
    if !crypto::same_bytes(&nonce_tag(key, device, content), tag) {
        return None;
    }
    Some(Time::from_ms(i64::from_be_bytes(content[..8].try_into().ok()?)))
}

fn nonce_tag(key: &[u8], device: DeviceId, content: &[u8]) -> [u8; MAC_LEN] {
    let mut tag = [0; MAC_LEN];
    tag.copy_from_slice(&mac(key, &[device.to_string().as_bytes(), content].concat())[..MAC_LEN]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_only_unchanged_and_for_its_own_device() {
        let device = DeviceId::new(uuid::Uuid::from_u128(1));
        let other = DeviceId::new(uuid::Uuid::from_u128(2));
        let nonce = make_nonce(b"key", device, Time::from_ms(77)).unwrap();
        assert_eq!(read_nonce(b"key", device, &nonce), Some(Time::from_ms(77)));
        assert_eq!(read_nonce(b"key", other, &nonce), None);
        assert_eq!(read_nonce(b"other", device, &nonce), None);
        assert_eq!(read_nonce(b"key", device, &nonce[..nonce.len() - 2]), None);
        assert_eq!(read_nonce(b"key", device, ""), None);
    }
}
