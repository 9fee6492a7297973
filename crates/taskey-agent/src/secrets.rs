//! The values of an execution's secrets: what the task names, the server sends sealed, and output never shows.

mod mask;

use std::collections::BTreeMap;
use std::fmt::Display;

use taskey_proto::problem::Reason;
use taskey_proto::secrets::SealedSecret;
use taskey_proto::tasks::KeyValue;
use x25519_dalek::PublicKey;

pub use self::mask::{Mask, MaskedStream};
use crate::identity::Keys;

/// Secrets by name. Never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} of them)", self.0.len())
    }
}

impl Secrets {
    /// Opens what was sealed for one purpose: the id of an execution, or of a schedule.
    pub fn open(sealed: &[SealedSecret], purpose: &dyn Display, keys: &Keys) -> Result<Self, Reason> {
        if sealed.is_empty() {
            // Computing the public key takes as long as starting a process.
            return Ok(Self::default());
        }
        let own = keys.sealing_public();
        let agree = |theirs: [u8; 32]| {
            let shared = keys.sealing.diffie_hellman(&PublicKey::from(theirs));
            shared.was_contributory().then(|| shared.to_bytes())
        };
        let open = |secret: &SealedSecret| {
            let value = secret.open(&own, purpose, agree).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let unreadable = || Reason::new("secret_unreadable", format!("the secret {} was not sealed for this here", secret.name));
            value.map(|value| (secret.name.clone(), value)).ok_or_else(unreadable)
        };
        Ok(Self(sealed.iter().map(open).collect::<Result<_, _>>()?))
    }

    /// The value that a pair stands for.
    pub fn value_of<'a>(&'a self, pair: &'a KeyValue) -> Result<&'a str, Reason> {
        match (&pair.value, &pair.secret) {
            (Some(value), _) => Ok(value),
            (None, Some(secret)) => {
                let value = self.0.get(secret).map(String::as_str);
                value.ok_or_else(|| Reason::new("secret_missing", format!("the secret {secret} did not come with the order")))
            }
            (None, None) => Ok(""),
        }
    }

    /// What hides them in output.
    pub fn mask(&self) -> Mask {
        Mask::new(self.0.values().map(String::as_str))
    }
}
