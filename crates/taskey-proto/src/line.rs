//! The device line: MQTT topics and the JSON messages on them. Where MQTT cannot pass, the same messages go by
//! [`crate::agent::CallLine`].
//!
//! A device may subscribe to its own `cmd` topic and publish to its own `evt` topic, nothing else. What goes down may be lost
//! without harm: the device says at each sync what it holds, and gets the rest. What goes up is acknowledged after the commit.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::audit::AuditHead;
use crate::devices::Labels;
use crate::document::{Order, SignedDocument};
use crate::id::{DeviceId, ExecutionId};
use crate::problem::Reason;
use crate::runs::{State, Stream, Truncated};

/// Down: the server's orders to one device.
pub fn cmd_topic(device: DeviceId) -> String {
    format!("taskey/v1/dev/{device}/cmd")
}

/// Up: one device's reports.
pub fn evt_topic(device: DeviceId) -> String {
    format!("taskey/v1/dev/{device}/evt")
}

/// Bytes of one message, either way.
pub const MESSAGE_LEN_MAX: usize = 256 * 1024;
/// Messages that may be open towards the server: not yet acknowledged, or in one call.
pub const OPEN_MAX: u16 = 32;
/// An order larger than this goes as a [`Down::Fetch`].
pub const INLINE_LEN_MAX: usize = 64 * 1024;
/// Seconds; the server ends a line that was silent for one and a half of these.
pub const KEEP_ALIVE_SECS: u16 = 30;
/// Bytes of output in one [`Chunk`].
pub const CHUNK_LEN_MAX: usize = 32 * 1024;

/// From the server to a device. A type that this build does not know is read as [`Down::Unknown`] and left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Down {
    Execute(Box<Order>),
    /// Fetch the order by `GET /agent/v1/orders/{execution}`; it is too large for the line.
    Fetch {
        execution: ExecutionId,
    },
    /// Over a [`crate::document::Cancel`].
    Cancel {
        document: SignedDocument,
    },
    /// After a sync: how far the organization's audit log is. The device keeps the newest that the server's key has signed.
    AuditHead(Box<AuditHead>),
    #[serde(other)]
    Unknown,
}

/// From a device to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Up {
    /// The first message of a line, repeated every few minutes: who I am, what I hold.
    Sync(Sync),
    /// The first process of an execution was started.
    Started {
        execution: ExecutionId,
        started_at: Time,
        isolation: String,
    },
    Output {
        execution: ExecutionId,
        chunks: Vec<Chunk>,
    },
    /// The end of an execution, in whatever way. The journal keeps it until it is acknowledged.
    Finished(Box<Finished>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    pub agent_version: String,
    pub protocol: u32,
    pub boot_id: String,
    pub facts: Labels,
    pub policy: serde_json::Value,
    /// Executions in the journal: running, or finished and not yet acknowledged.
    pub held: Vec<ExecutionId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    pub execution: ExecutionId,
    pub state: State,
    pub reason: Option<Reason>,
    pub started_at: Option<Time>,
    pub finished_at: Time,
    pub isolation: Option<String>,
    pub actions: Vec<ActionReport>,
    /// Output that was not sent before.
    pub chunks: Vec<Chunk>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionReport {
    #[serde(rename = "type")]
    pub kind: String,
    pub state: State,
    pub code: Option<i64>,
    pub reason: Option<Reason>,
    pub started_at: Option<Time>,
    pub finished_at: Option<Time>,
    pub truncated: Truncated,
}

/// A piece of an execution's output. `seq` counts up from 1 over both streams of all its actions, without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Chunk {
    pub seq: u64,
    /// Which action, from 0.
    pub action: u32,
    pub stream: Stream,
    /// Bytes, in base64.
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub data: Vec<u8>,
}
