//! The signed documents of a schedule: what a device keeps of it, and the list of what it keeps.
//!
//! A [`ScheduleDocument`] is one revision of a schedule, the same bytes for every device. An [`Assignment`] is for one device: it names the
//! documents that it keeps, by digest, and until when. A device fires what both say, and nothing else. What left the list stops.

use serde::{Deserialize, Serialize};

use super::{Missed, OnBlock, Overlap, When, Window};
use crate::Time;
use crate::document::SignedDocument;
use crate::id::{DeviceId, ScheduleId};
use crate::secrets::SealedSecret;

pub const SCHEDULE_CONTEXT: &str = "taskey/v1/schedule";
pub const ASSIGNMENT_CONTEXT: &str = "taskey/v1/assignment";

/// Schedules that one device keeps.
pub const ASSIGNED_MAX: usize = 2_000;

/// One revision of a schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleDocument {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub name: String,
    #[serde(with = "crate::crypto::base64_bytes")]
    pub task_digest: Vec<u8>,
    pub timing: Timing,
    pub run_once: bool,
    pub missed: Missed,
    pub overlap: Overlap,
    /// How long a slot may wait for its turn, in milliseconds.
    pub expires_in_ms: u64,
}

/// When a schedule fires: everything the arithmetic needs, so that server and device reckon alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    pub rules: Vec<When>,
    pub zone: ZoneRules,
    /// From when `every` and a rule without a start are counted.
    pub anchor: Time,
    pub starts_at: Option<Time>,
    pub ends_at: Option<Time>,
    /// Milliseconds.
    pub splay_ms: u64,
    pub windows: Vec<Window>,
    /// When calendars forbid it, as far as the lease goes.
    pub blocked: Vec<Period>,
    pub on_block: OnBlock,
}

/// A time zone with its changes of the clocks, so that a device with an old database of them reckons as the server does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneRules {
    /// The device's own.
    Device,
    Named {
        name: String,
        /// The zone in the format of RFC 9636, as in `/usr/share/zoneinfo`.
        #[serde(with = "crate::crypto::base64_bytes")]
        tzif: Vec<u8>,
    },
}

/// From the first moment to the second, exclusive. Each with a `Z` is an instant, without one it is a time in the schedule's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    pub from: String,
    pub until: String,
    /// What it is called, for whoever asks why.
    pub name: String,
}

/// What one device keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub device: DeviceId,
    pub epoch: u64,
    /// Goes up with every change; a device never goes back.
    pub number: u64,
    pub issued_at: Time,
    /// The lease: by then the device has a newer one, or stops.
    pub valid_until: Time,
    pub schedules: Vec<Assigned>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub schedule: ScheduleId,
    pub revision: u32,
    /// SHA-256 of the schedule's document, in hexadecimal.
    pub digest: String,
}

/// Asks for what a device is to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FetchAssignment {
    /// Digests of the documents that it has, which need not come again.
    pub has: Vec<String>,
}

/// The answer to [`FetchAssignment`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FetchedAssignment {
    /// An [`Assignment`].
    pub assignment: SignedDocument,
    /// What the device lacks of it. Where it is too much for one answer some are left out: the device keeps these and asks again.
    pub schedules: Vec<KeptSchedule>,
    /// Values of secrets for every schedule of the assignment whose task names some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<ScheduleSecrets>,
}

/// A schedule's document and the bytes of its task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptSchedule {
    /// A [`ScheduleDocument`].
    pub document: SignedDocument,
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub task: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleSecrets {
    pub schedule: ScheduleId,
    pub secrets: Vec<SealedSecret>,
}
