//! Schedules: when a task runs by itself, on which devices, and what became of each moment at which it should have.
//!
//! A *slot* is one such moment on one device: identified by schedule, revision, device and its nominal instant, and in the end in exactly one
//! [`SlotState`]. A *revision* counts up whenever what devices hold of a schedule changes; a *version* whenever somebody edits it.

mod check;
pub mod document;
mod spec;

use serde::{Deserialize, Serialize};

pub use check::{CALENDARS_MAX, RULES_MAX, SPLAY_MAX, WINDOWS_MAX, check_schedule};
pub use spec::{Missed, MissedAll, OnBlock, Overlap, ScheduleSpec, TIMEZONE_DEVICE, Weekday, When, Where, Window};

use crate::Time;
use crate::access::Role;
use crate::id::{DeviceId, ExecutionId, RunId, ScheduleId, TaskId};
use crate::problem::Reason;
use crate::runs::{DeviceRef, State};

/// So long a device keeps firing without a word from the server; renewed long before.
pub const LEASE: crate::Span = crate::Span::from_secs(35 * 86_400);

/// A schedule as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schedule {
    pub id: ScheduleId,
    pub name: String,
    /// Counts up with every edit.
    pub version: u32,
    /// Counts up whenever what devices hold changes: by an edit, a new version of the task, a resumption.
    pub revision: u32,
    pub state: ScheduleState,
    /// Why it is not active.
    pub reason: Option<Reason>,
    pub spec: ScheduleSpec,
    /// The task and the version of it that runs.
    pub task: ScheduledTask,
    /// What `spec` says, in words.
    pub words: String,
    /// The next slot, as far as the server can tell: a device-local time zone is the device's to know.
    pub next_at: Option<Time>,
    /// How many devices it is for now.
    pub device_count: u64,
    /// How many of them hold this revision; left out in lists, and where the server fires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding_count: Option<u64>,
    /// The newest slot that is settled, on any device that you may see; left out in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Slot>,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
    /// What you may do with it: the least of your roles on its devices.
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ScheduleState {
    Active,
    Paused,
    /// It will not fire again: it ran once and was to, or it has no more slots.
    Done,
}

impl ScheduleState {
    pub const fn word(self) -> &'static str {
        match self {
            ScheduleState::Active => "active",
            ScheduleState::Paused => "paused",
            ScheduleState::Done => "done",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [ScheduleState::Active, ScheduleState::Paused, ScheduleState::Done].into_iter().find(|state| state.word() == word)
    }
}

/// The task of a schedule, with the version that its devices hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduledTask {
    pub id: TaskId,
    pub name: String,
    pub version: u32,
    /// A newer version, which does not run here yet: whoever wrote it may not run tasks on all devices of this schedule. Apply the schedule
    /// again to take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer: Option<u32>,
}

/// What became of a slot. One and only one of them, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SlotState {
    /// It began an execution when it was due, or within a minute; see `late_ms`.
    Fired,
    /// It was missed, and its execution began later, as `missed` asks.
    CaughtUp,
    /// It was due and deliberately did not begin: an overlap, a window, a calendar.
    Skipped,
    /// Nobody was there when it was due, and nothing caught it up.
    Missed,
}

impl SlotState {
    pub const ALL: [SlotState; 4] = [SlotState::Fired, SlotState::CaughtUp, SlotState::Skipped, SlotState::Missed];

    pub const fn word(self) -> &'static str {
        match self {
            SlotState::Fired => "fired",
            SlotState::CaughtUp => "caught_up",
            SlotState::Skipped => "skipped",
            SlotState::Missed => "missed",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        SlotState::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether an execution began.
    pub const fn ran(self) -> bool {
        matches!(self, SlotState::Fired | SlotState::CaughtUp)
    }
}

/// A settled slot; or several in a row that did not fire for the same reason, from `at` to `until`, both of them slots.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slot {
    pub schedule: ScheduleId,
    pub revision: u32,
    /// Null where the server fires it.
    pub device: Option<DeviceRef>,
    /// When it was due, before any splay.
    pub at: Time,
    pub until: Time,
    pub count: u64,
    pub state: SlotState,
    pub reason: Option<Reason>,
    /// How long after its time (with its splay) it began, in milliseconds.
    pub late_ms: Option<u64>,
    pub run: Option<RunId>,
    pub execution: Option<ExecutionId>,
    /// The state of the execution, or of the run where the server fired it.
    pub outcome: Option<State>,
}

/// A slot to come, as its rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    pub at: Time,
    /// Whether a change of the clocks moved it.
    pub dst: Option<Dst>,
}

/// A slot to come, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Firing))]
pub struct Upcoming {
    pub at: Time,
    /// Whether a change of the clocks moved it.
    pub dst: Option<Dst>,
    /// What forbids it to begin then: its windows, or `calendar NAME: EVENT`. What becomes of it `on_block` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
}

impl From<Upcoming> for Firing {
    fn from(upcoming: Upcoming) -> Self {
        Self { at: upcoming.at, dst: upcoming.dst }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Dst {
    /// Its time of day did not exist that day: it fires right after the clocks went forward.
    Gap,
    /// Its time of day came twice that day: it fires the first time.
    Overlap,
}

/// Pauses a schedule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PauseSchedule {
    /// Shown to whoever wonders.
    #[serde(default)]
    pub reason: String,
}

/// Asks what a schedule would do, before it is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimulateSchedule {
    pub spec: ScheduleSpec,
    /// How many slots to come; default 50, at most 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// After when; default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
}

/// What a schedule would do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Simulation {
    pub words: String,
    pub next: Vec<Upcoming>,
    /// The first 100 devices it would be for now, by name, and how many there are.
    pub devices: Vec<DeviceRef>,
    pub device_count: u64,
    /// What is worth knowing before it is saved: collisions with other schedules of the task, a rule that fires very often.
    pub warnings: Vec<String>,
}

/// Which slots of a schedule a device is there for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holding {
    pub device: DeviceRef,
    pub online: bool,
    /// The revision that it holds; null until it has said so.
    pub revision: Option<u32>,
    /// It fires slots later than this.
    pub since: Option<Time>,
    /// Without a word from the server it stops then.
    pub lease_until: Option<Time>,
    /// Its own time zone.
    pub timezone: String,
    /// Of a schedule that runs once: whether it has, here.
    pub completed: bool,
    /// Why it holds an older revision or none, or has stopped.
    pub reason: Option<Reason>,
    /// When its next slot is due, with its splay.
    pub next_at: Option<Time>,
}

/// One version of a schedule, as somebody wrote it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleVersion {
    pub version: u32,
    pub created_at: Time,
    pub created_by: String,
    pub spec: ScheduleSpec,
}

/// The run of a slot: one for all devices that hold a revision, so that both sides name it alike without a word.
pub fn run_of_slot(schedule: ScheduleId, revision: u32, at: Time) -> RunId {
    RunId::new(derived(at, &[b"run", schedule.uuid().as_bytes(), &revision.to_be_bytes()]))
}

/// The execution of a slot on one device.
pub fn execution_of_slot(schedule: ScheduleId, revision: u32, at: Time, device: DeviceId) -> ExecutionId {
    ExecutionId::new(derived(at, &[b"execution", schedule.uuid().as_bytes(), &revision.to_be_bytes(), device.uuid().as_bytes()]))
}

/// A UUIDv7 of an instant whose random part is a digest instead.
fn derived(at: Time, parts: &[&[u8]]) -> uuid::Uuid {
    let mut bytes = b"taskey slot ".to_vec();
    bytes.extend_from_slice(&at.ms().to_be_bytes());
    for part in parts {
        bytes.extend_from_slice(part);
    }
    let digest = crate::crypto::sha256(&bytes);
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    uuid::Builder::from_unix_timestamp_millis(at.ms() as u64, &random).into_uuid()
}

/// How long after its time a slot still counts as fired, not as missed.
pub const GRACE_MS: i64 = 60_000;

/// Why something happened, or did not: from decisions that were stored when they were made, and from the arithmetic.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleExplanation {
    /// One or two sentences.
    pub answer: String,
    /// What leads there, in this order.
    pub steps: Vec<String>,
    /// The slots to come.
    pub next: Vec<Upcoming>,
    /// The slot that was asked about, where it is settled.
    pub slot: Option<Slot>,
}
