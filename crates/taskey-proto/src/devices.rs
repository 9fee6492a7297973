//! Devices: enrolled machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::id::{DeviceId, EnrollTokenId};
use crate::problem::{FieldError, Reason};
use crate::{Span, Time};

pub const LABELS_MAX: usize = 64;
pub const LABEL_KEY_LEN_MAX: usize = 63;
pub const LABEL_VALUE_LEN_MAX: usize = 255;

pub type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    pub id: DeviceId,
    pub name: String,
    pub presence: Presence,
    /// Since when it is online or offline.
    pub since: Time,
    pub labels: Labels,
    /// What the agent found out about its machine.
    pub facts: Labels,
    /// Names of the device groups it is in, of those that you may see.
    pub groups: Vec<String>,
    /// What you may do with it.
    pub role: Role,
    pub agent_version: String,
    /// The policy in force on the device, as its owner wrote it; null until the agent has connected once.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub policy: Option<serde_json::Value>,
    pub enrolled_at: Time,
    /// How many executions wait for it.
    pub queued: u64,
    /// Set while nobody is let in as this device: a copy of its keys is in use. New keys end it.
    pub quarantine: Option<Quarantine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quarantine {
    pub since: Time,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Presence {
    Online,
    Offline,
}

/// Changes a device; what is left out stays as it is. `labels` replaces them all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditDevice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateEnrollToken {
    /// How many devices may join with it, 1 to 10,000.
    pub uses: u32,
    /// How long it is valid, at most 30d.
    pub ttl: Span,
    /// Given to every device that joins with it.
    #[serde(default)]
    pub labels: Labels,
    /// Device groups, by id or name, that every device that joins with it is put into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// A new enrolment token. `token` is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedEnrollToken {
    pub id: EnrollTokenId,
    /// `enr_SECRET.FINGERPRINT`, of the root under which the server shows its certificate to agents; `enr_SECRET.webpki` behind a
    /// public certificate; on loopback without TLS the fingerprint is that of the server's signing key.
    pub token: String,
    pub expires_at: Time,
    /// What to type on a device that has the agent.
    pub command: String,
    /// What to type where it is not installed yet; it asks for the token. Absent where the server has no agent to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
}

pub fn check_labels(pointer: &str, labels: &Labels) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if labels.len() > LABELS_MAX {
        errors.push(FieldError::new(pointer, format!("at most {LABELS_MAX} labels")));
    }
    for (key, value) in labels {
        let place = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let key_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        if key.is_empty() || key.len() > LABEL_KEY_LEN_MAX || !key.chars().all(key_allowed) {
            errors
                .push(FieldError::new(&place, format!("a label's key has 1 to {LABEL_KEY_LEN_MAX} letters, digits, `.`, `_`, `-` or `/`")));
        }
        if value.len() > LABEL_VALUE_LEN_MAX || value.chars().any(char::is_control) {
            errors.push(FieldError::new(
                &place,
                format!("a label's value has at most {LABEL_VALUE_LEN_MAX} bytes and no control characters"),
            ));
        }
    }
    errors
}
