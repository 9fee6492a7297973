//! What an agent asks over HTTP: who the server is, to join, for a challenge.
//!
//! The credential that comes of a challenge is the MQTT password (with the device id as user name and client id) and the
//! HTTPS bearer, for at most an hour. It proves possession of the device's key without trusting the device's clock.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::crypto::{PublicKey, SigningKey, base64url, from_base64url, hex, sha256};
use crate::devices::Labels;
use crate::document::SignedDocument;
use crate::id::{DeviceId, InstanceId};
use crate::line::Chunk;

/// The name that an agent asks for when it opens TLS to a server whose root it has pinned; the server then shows the certificate
/// under that root, whatever it shows to everyone else.
pub const AGENT_TLS_NAME: &str = "agents.taskey.internal";
/// The protocol that an agent chooses there (ALPN) to speak MQTT at once, without HTTP around it.
pub const MQTT_ALPN: &[u8] = b"mqtt";

/// How a root certificate is named in tokens and challenges: the first half of the SHA-256 of its DER, in hexadecimal.
pub fn root_fingerprint(der: &[u8]) -> String {
    hex(&sha256(der)[..16])
}

pub const CREDENTIAL_CONTEXT: &str = "taskey/v1/credential";
pub const CREDENTIAL_VALID_MS: i64 = 3_600_000;

/// `GET /agent/v1/server`: the agent compares the key with the fingerprint in its token before it sends the token's secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerIdentity {
    pub server: InstanceId,
    pub key: PublicKey,
    pub protocol: u32,
    /// Fingerprints of the roots under which it shows certificates to agents, now or later.
    #[serde(default)]
    pub roots: Vec<String>,
}

/// `POST /agent/v1/enroll`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enroll {
    /// The token up to its dot: `enr_SECRET`.
    pub token: String,
    /// Where it is taken, the server appends a number and says so in its answer.
    pub name: String,
    pub signing_key: PublicKey,
    /// X25519: what secrets are sealed to.
    pub sealing_key: PublicKey,
    pub facts: Labels,
    pub agent_version: String,
    pub protocol: u32,
    /// The device that is to get new keys; the token must be for it. Left out by one that joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolled {
    pub device: DeviceId,
    pub name: String,
    pub organization: String,
    pub server: InstanceId,
    pub epoch: u64,
}

/// `POST /agent/v1/challenge`; answered by a [`SignedDocument`] over a [`Challenge`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskChallenge {
    pub device: DeviceId,
}

pub const CHALLENGE_CONTEXT: &str = "taskey/v1/challenge";

/// The server's nonce and its time, signed by the key that the device pinned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenge {
    pub device: DeviceId,
    pub server: InstanceId,
    pub epoch: u64,
    pub nonce: String,
    pub time: Time,
    /// Fingerprints of the roots that the device may trust from now on; empty where the server shows none.
    #[serde(default)]
    pub roots: Vec<String>,
}

/// The answer of `POST /agent/v1/challenge`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskedChallenge {
    pub challenge: SignedDocument,
}

/// What a device signs to sign in. `counter` goes up with every credential, on disk before it is used: a copy of the state
/// folder shows as a counter that does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialClaim {
    pub device: DeviceId,
    pub server: InstanceId,
    pub nonce: String,
    pub counter: u64,
}

/// Signs a claim: `BASE64URL(claim).BASE64URL(signature)`.
pub fn make_credential(key: &SigningKey, claim: &CredentialClaim) -> Result<String, serde_json::Error> {
    let bytes = serde_json::to_vec(claim)?;
    let signature = key.sign(CREDENTIAL_CONTEXT, &bytes);
    Ok(format!("{}.{}", base64url(&bytes), base64url(&signature)))
}

/// A credential taken apart, its signature not yet checked.
pub struct ParsedCredential {
    pub claim: CredentialClaim,
    bytes: Vec<u8>,
    signature: Vec<u8>,
}

impl ParsedCredential {
    pub fn parse(text: &str) -> Option<Self> {
        let (bytes, signature) = text.split_once('.')?;
        let bytes = from_base64url(bytes)?;
        Some(Self { claim: serde_json::from_slice(&bytes).ok()?, signature: from_base64url(signature)?, bytes })
    }

    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verify(CREDENTIAL_CONTEXT, &self.bytes, &self.signature).is_ok()
    }
}

/// `POST /agent/v1/executions/{execution}/output`: what is left to be told of an execution that has ended, when that is more
/// than one message of the line holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendOutput {
    pub chunks: Vec<Chunk>,
}

/// Bytes of output in one [`SendOutput`].
pub const SEND_OUTPUT_LEN_MAX: usize = 1024 * 1024;

/// The answer to [`SendOutput`], and to `GET` of the same path: where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputStored {
    /// The number of the first piece that the server does not have.
    pub next: u64,
}

/// `POST /agent/v1/line`: the line of a device that MQTT does not reach, one call after the other. The messages are those of MQTT
/// ([`crate::line`]).
///
/// A call with messages is answered when they are committed, with whatever waits for the device. One without stays open until there
/// is something for the device, or until its time is up. The newest open call gets what comes; one that was open before it is answered with
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallLine {
    /// The line that this call belongs to, as it was answered to the first. Left out, a new line begins, and an earlier one of the
    /// device ends; that call is answered at once.
    #[serde(default)]
    pub session: Option<u64>,
    /// Messages of the device, at most 32: [`crate::line::Up`].
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<serde_json::Value>))]
    pub messages: Vec<serde_json::Value>,
    /// For how many seconds a call without messages stays open at most: 0 to 25.
    #[serde(default)]
    pub wait: u64,
    /// The line ends with this call.
    #[serde(default)]
    pub goodbye: bool,
}

/// Seconds for which a [`CallLine`] may stay open.
pub const CALL_WAIT_SECS_MAX: u64 = 25;

/// The answer to [`CallLine`]. Its messages were committed before it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalledLine {
    pub session: u64,
    /// Messages for the device, at most 32: [`crate::line::Down`].
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<serde_json::Value>))]
    pub messages: Vec<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_accepted_only_with_its_own_key_and_unchanged() {
        let (key, _) = SigningKey::generate().unwrap();
        let (other, _) = SigningKey::generate().unwrap();
        let claim = CredentialClaim {
            device: DeviceId::new(uuid::Uuid::from_u128(1)),
            server: InstanceId::new(uuid::Uuid::from_u128(2)),
            nonce: "n".to_owned(),
            counter: 3,
        };
        let text = make_credential(&key, &claim).unwrap();
        let parsed = ParsedCredential::parse(&text).unwrap();
        assert_eq!(parsed.claim, claim);
        assert!(parsed.is_signed_by(&key.public_key()));
        assert!(!parsed.is_signed_by(&other.public_key()));

        let (_, signature) = text.split_once('.').unwrap();
        let forged = serde_json::to_vec(&CredentialClaim { counter: 4, ..claim }).unwrap();
        let forged = ParsedCredential::parse(&format!("{}.{signature}", base64url(&forged))).unwrap();
        assert!(!forged.is_signed_by(&key.public_key()));
    }
}
