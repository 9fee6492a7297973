//! The values of an execution's secrets: what the task names, the server sends sealed, and output never shows.

use std::collections::BTreeMap;

use taskey_proto::problem::Reason;
use taskey_proto::tasks::KeyValue;

/// Secrets by name. Never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} of them)", self.0.len())
    }
}

impl Secrets {
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
}
