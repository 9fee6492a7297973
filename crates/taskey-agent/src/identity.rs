//! Who this device is: its id and keys, and the server that it belongs to.
//!
//! Written once at enrolment; only the epoch changes later, upwards, when the pinned server says so. Private keys leave
//! their files only into memory.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::crypto::{CryptoError, PublicKey, SigningKey};
use taskey_proto::id::{DeviceId, InstanceId};
use x25519_dalek::StaticSecret;

use crate::server_url::{ServerUrl, ServerUrlError, is_https};
use crate::state_dir::{Durability, StateDir, replace_file};
use crate::tls::Trust;

const IDENTITY_FILE: &str = "identity.json";
const SIGNING_KEY_FILE: &str = "signing.key";
const SEALING_KEY_FILE: &str = "sealing.key";

/// The public part, `identity.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub device: DeviceId,
    pub name: String,
    pub organization: String,
    pub server_url: String,
    pub server: InstanceId,
    /// Pinned at enrolment; every document and every challenge must be signed by it.
    pub server_key: PublicKey,
    /// Fingerprints of the server's roots; empty on loopback, and behind a public certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// Which life of the server's database we follow; a restore from a backup raises it.
    pub epoch: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("this machine is not enrolled: {0} does not exist; run `taskeyd enroll` first")]
    NotEnrolled(String),
    #[error("{file} cannot be read: {why}")]
    Unreadable { file: String, why: String },
    #[error("{file} cannot be written: {source}")]
    Unwritable { file: String, source: io::Error },
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error(transparent)]
    Server(#[from] ServerUrlError),
}

/// The device's two key pairs.
pub struct Keys {
    pub signing: SigningKey,
    signing_pkcs8: Vec<u8>,
    pub sealing: StaticSecret,
}

impl Identity {
    pub fn load(state: &StateDir) -> Result<Self, IdentityError> {
        let path = state.file(IDENTITY_FILE);
        if !path.exists() {
            return Err(IdentityError::NotEnrolled(path.display().to_string()));
        }
        serde_json::from_slice(&read(&path)?).map_err(|error| unreadable(&path, error))
    }

    pub fn exists(state: &StateDir) -> bool {
        state.file(IDENTITY_FILE).exists()
    }

    pub fn save(&self, state: &StateDir) -> Result<(), IdentityError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| unreadable(&state.file(IDENTITY_FILE), error))?;
        text.push(b'\n');
        write(&state.file(IDENTITY_FILE), &text)
    }

    /// The server's address, whom to trust there, and the proxy on the way. `newest` is the newest time that the server has signed, if any.
    pub fn server_url(&self, newest: Option<Time>) -> Result<ServerUrl, IdentityError> {
        let trust = match (is_https(&self.server_url), self.roots.is_empty()) {
            (false, _) => Trust::Loopback,
            (true, false) => Trust::Roots(self.roots.clone()),
            (true, true) => Trust::WebPki(newest),
        };
        Ok(ServerUrl::parse(&self.server_url, &trust)?.by_environment()?)
    }
}

impl Keys {
    pub fn generate() -> Result<Self, CryptoError> {
        let (signing, signing_pkcs8) = SigningKey::generate()?;
        Ok(Self { signing, signing_pkcs8, sealing: StaticSecret::from(taskey_proto::crypto::random::<32>()?) })
    }

    pub fn load(state: &StateDir) -> Result<Self, IdentityError> {
        let signing_pkcs8 = read(&state.file(SIGNING_KEY_FILE))?;
        let path = state.file(SEALING_KEY_FILE);
        let sealing: [u8; 32] = read(&path)?.try_into().map_err(|_| unreadable(&path, "it does not hold 32 bytes"))?;
        Ok(Self { signing: SigningKey::from_pkcs8(&signing_pkcs8)?, signing_pkcs8, sealing: StaticSecret::from(sealing) })
    }

    pub fn save(&self, state: &StateDir) -> Result<(), IdentityError> {
        write(&state.file(SIGNING_KEY_FILE), &self.signing_pkcs8)?;
        write(&state.file(SEALING_KEY_FILE), self.sealing.as_bytes())
    }

    /// The public half of the sealing key, which the server seals secrets to.
    pub fn sealing_public(&self) -> PublicKey {
        PublicKey(x25519_dalek::PublicKey::from(&self.sealing).to_bytes())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, IdentityError> {
    std::fs::read(path).map_err(|error| unreadable(path, error))
}

fn write(path: &Path, content: &[u8]) -> Result<(), IdentityError> {
    replace_file(path, content, 0o600, Durability::Durable)
        .map_err(|source| IdentityError::Unwritable { file: path.display().to_string(), source })
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> IdentityError {
    IdentityError::Unreadable { file: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_identity_survive_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().to_owned()));
        let keys = Keys::generate().unwrap();
        let identity = Identity {
            device: DeviceId::new(uuid::Uuid::from_u128(1)),
            name: "web-1".to_owned(),
            organization: "acme".to_owned(),
            server_url: "http://127.0.0.1:8080".to_owned(),
            server: InstanceId::new(uuid::Uuid::from_u128(2)),
            server_key: keys.signing.public_key(),
            roots: Vec::new(),
            epoch: 3,
        };
        assert!(matches!(Identity::load(&state), Err(IdentityError::NotEnrolled(_))));
        keys.save(&state).unwrap();
        identity.save(&state).unwrap();
        assert_eq!(Identity::load(&state).unwrap(), identity);
        let loaded = Keys::load(&state).unwrap();
        assert_eq!(loaded.signing.public_key(), keys.signing.public_key());
        assert_eq!(loaded.sealing_public(), keys.sealing_public());
    }
}
