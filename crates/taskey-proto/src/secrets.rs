//! Secrets: named values that tasks use and nobody reads back.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::crypto::{self, CryptoError, PublicKey};
use crate::id::SecretId;
use crate::problem::FieldError;

/// Shorter ones could not be masked without masking half of every output.
pub const VALUE_LEN_MIN: usize = 4;
pub const VALUE_LEN_MAX: usize = 32 * 1024;

/// A secret as the API shows it: everything but its value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Secret {
    pub id: SecretId,
    pub name: String,
    /// Counts up with every value.
    pub version: u32,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
}

/// A new value for a secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetSecret {
    /// 4 to 32768 bytes, without NUL.
    pub value: String,
}

impl std::fmt::Debug for SetSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SetSecret(…)")
    }
}

impl SetSecret {
    pub fn errors(&self) -> Vec<FieldError> {
        let fits = (VALUE_LEN_MIN..=VALUE_LEN_MAX).contains(&self.value.len()) && !self.value.contains('\0');
        let error = || FieldError::new("/value", format!("{VALUE_LEN_MIN} to {VALUE_LEN_MAX} bytes, without NUL"));
        if fits { Vec::new() } else { vec![error()] }
    }
}

/// A secret's value on its way to one device, for one execution or for one schedule that it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedSecret {
    pub name: String,
    pub version: u32,
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sealed: Vec<u8>,
}

impl SealedSecret {
    /// Seals a value for one device and one purpose, the id of an execution or a schedule; nothing else opens it.
    pub fn seal(name: &str, version: u32, value: &[u8], device: &PublicKey, purpose: &dyn Display) -> Result<Self, CryptoError> {
        let sealed = crypto::seal(device, context(name, purpose).as_bytes(), value)?;
        Ok(Self { name: name.to_owned(), version, sealed })
    }

    /// Opens it on the device; `agree` does the device's half of X25519 with the key that it is given.
    pub fn open(
        &self,
        device: &PublicKey,
        purpose: &dyn Display,
        agree: impl FnOnce([u8; 32]) -> Option<[u8; 32]>,
    ) -> Result<Vec<u8>, CryptoError> {
        crypto::unseal(device, context(&self.name, purpose).as_bytes(), &self.sealed, agree)
    }
}

fn context(name: &str, purpose: &dyn Display) -> String {
    format!("taskey secret {purpose} {name}")
}
