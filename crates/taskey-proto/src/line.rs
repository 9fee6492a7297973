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
use crate::id::{DeviceId, ExecutionId, ScheduleId};
use crate::problem::Reason;
use crate::runs::{State, Stream, Truncated};
use crate::schedules::SlotState;

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
    /// What the device is to keep of schedules has changed: it asks for it by `POST /agent/v1/assignment`.
    Schedules {
        number: u64,
    },
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
        /// Of an execution that a schedule began on the device: the server may not know of it yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<FiredSlot>,
    },
    Output {
        execution: ExecutionId,
        chunks: Vec<Chunk>,
    },
    /// The end of an execution, in whatever way. The journal keeps it until it is acknowledged.
    Finished(Box<Finished>),
    /// The device keeps the assignment of this number.
    Assigned(Assigned),
    /// Slots that came and began nothing. The journal keeps them until they are acknowledged.
    Unfired {
        slots: Vec<Unfired>,
    },
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
    /// The number of the assignment that it keeps, 0 for none; missing from agents that keep no schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<u64>,
}

/// Which revisions of schedules a device keeps, and since when: it is there for the slots later than that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub number: u64,
    /// When it took the assignment, by the clock that it fires by.
    pub at: Time,
    /// Until when it fires without a newer one.
    pub lease_until: Time,
    /// The device's own time zone.
    pub timezone: String,
    pub holdings: Vec<Held>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub since: Time,
}

/// The slot that an execution was begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiredSlot {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub at: Time,
    /// `fired` or `caught_up`.
    pub state: SlotState,
    /// Milliseconds after its time and its splay.
    pub late_ms: u64,
}

/// Slots of one schedule in a row, from `at` to `until`, that began nothing for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfired {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub at: Time,
    pub until: Time,
    pub count: u64,
    /// `skipped` or `missed`.
    pub state: SlotState,
    pub reason: Reason,
}

/// Slots in one message.
pub const UNFIRED_MAX: usize = 200;

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
    /// Of an execution that a schedule began on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<FiredSlot>,
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
