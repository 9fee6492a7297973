//! Runs: one firing of a task over its targets. An execution is one device's part, a result one action's.

pub mod explain;
pub mod queue;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, ExecutionId, RunId, ScheduleId, TaskId};
use crate::problem::Reason;
use crate::tasks::Action;
use crate::{Span, Time};

/// The one closed set of states, for runs, executions and results; each non-final or unwelcome one comes with a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum State {
    /// It waits for something that the reason names.
    Pending,
    /// It waits for its device.
    Queued,
    /// It is on its way to the device; from here on only the device's journal ends it.
    Dispatched,
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Cancelled,
    Expired,
    /// The device refused it.
    Rejected,
    Skipped,
    Lost,
}

impl State {
    pub const ALL: [State; 12] = [
        State::Pending,
        State::Queued,
        State::Dispatched,
        State::Running,
        State::Succeeded,
        State::Failed,
        State::TimedOut,
        State::Cancelled,
        State::Expired,
        State::Rejected,
        State::Skipped,
        State::Lost,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Queued => "queued",
            State::Dispatched => "dispatched",
            State::Running => "running",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::TimedOut => "timed_out",
            State::Cancelled => "cancelled",
            State::Expired => "expired",
            State::Rejected => "rejected",
            State::Skipped => "skipped",
            State::Lost => "lost",
        }
    }

    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    pub const fn is_final(self) -> bool {
        !matches!(self, State::Pending | State::Queued | State::Dispatched | State::Running)
    }
}

/// What to do with a target that is offline when the run starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WhenOffline {
    #[default]
    Queue,
    Skip,
    Fail,
}

/// Starts a run: of a stored task (`task`), or of actions given at once (`actions`), never both.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartRun {
    /// Id or name of a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<Action>>,
    pub targets: Targets,
    #[serde(default)]
    pub when_offline: WhenOffline,
    /// How long it may wait to be delivered. Default: 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<Span>,
}

/// Whom a run is for. Resolved once, and frozen with the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Targets {
    /// Ids or names of devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Ids or names of device groups: every device in them that you may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Over labels and facts, as `role=web and os!=alpine`: every device that matches and that you may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

pub const TARGETS_MAX: usize = 10_000;
pub const EXPIRES_DEFAULT: Span = Span::from_secs(86_400);
pub const EXPIRES_MAX: Span = Span::from_secs(30 * 86_400);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Run {
    pub id: RunId,
    pub task: RunTask,
    pub cause: Cause,
    pub state: State,
    pub reason: Option<Reason>,
    pub created_at: Time,
    pub finished_at: Option<Time>,
    /// How many executions are in each state; states without any are left out.
    pub counts: BTreeMap<String, u64>,
    /// The first 100; the rest by `GET /api/v1/runs/{id}/executions`. Left out in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executions: Option<Vec<Execution>>,
}

/// The task of a run. Actions that were given at once have a name, but neither id nor version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunTask {
    pub id: Option<TaskId>,
    pub name: String,
    pub version: Option<u32>,
}

/// Who or what started a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cause {
    /// `manual` for a person, `api` for a key, `schedule` for a schedule.
    pub kind: String,
    /// The name of the user, key or schedule.
    pub by: String,
    /// Of a run that a schedule began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<RunSlot>,
}

/// The slot that a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSlot {
    pub schedule: ScheduleId,
    pub revision: u32,
    /// When it was due.
    pub at: Time,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Execution {
    pub id: ExecutionId,
    pub run: RunId,
    pub device: DeviceRef,
    pub state: State,
    pub reason: Option<Reason>,
    pub created_at: Time,
    pub started_at: Option<Time>,
    pub finished_at: Option<Time>,
    /// How the device held the processes together: `process_group`, and later `cgroup` or `systemd`.
    pub isolation: Option<String>,
    pub actions: Vec<ActionResult>,
}

/// One execution of a run in a few bytes, for drawing many at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tile {
    pub id: ExecutionId,
    /// The name of its device.
    pub device: String,
    pub state: State,
}

/// Tiles on one page of `GET /api/v1/runs/{run}/grid`.
pub const TILES_MAX: usize = 5_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceRef {
    pub id: DeviceId,
    pub name: String,
}

/// What became of one action. `output` is stdout, `error` is stderr or why it could not start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionResult {
    #[serde(rename = "type")]
    pub kind: String,
    pub state: State,
    /// The exit code, or 128 + signal; null where nothing started.
    pub code: Option<i64>,
    pub output: String,
    pub error: String,
    pub truncated: Truncated,
    /// `binary` when some bytes were not UTF-8 and stand here as U+FFFD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    pub started_at: Option<Time>,
    pub finished_at: Option<Time>,
    pub reason: Option<Reason>,
}

/// Whether more came than is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Truncated {
    pub output: bool,
    pub error: bool,
}

/// Bytes of output and of error, each, that are kept of one action: the beginning and the end.
pub const STREAM_LEN_KEPT: u64 = 1024 * 1024;
/// With the line between them that says how much is left out.
pub const STREAM_LEN_MAX: u64 = STREAM_LEN_KEPT + 256;

/// One piece of live output, the data of an `output` event of `GET /api/v1/executions/{id}/output`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputEvent {
    /// Counts up from 1 within the execution; also the event's id.
    pub seq: u64,
    /// Which action, from 0.
    pub action: u32,
    pub stream: Stream,
    /// The bytes, in base64: a piece may end in the middle of a character.
    #[serde(with = "crate::crypto::base64_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Stream {
    Output,
    Error,
}

impl Stream {
    pub const fn word(self) -> &'static str {
        match self {
            Stream::Output => "output",
            Stream::Error => "error",
        }
    }

    pub fn from_word(word: &str) -> Option<Stream> {
        [Stream::Output, Stream::Error].into_iter().find(|stream| stream.word() == word)
    }
}

/// Executions of one run that ended alike: in the same state for the same reason, with the same results and, byte for byte,
/// the same output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecutionGroup {
    /// Names the group in `GET /api/v1/runs/{run}/executions?group=`.
    pub key: String,
    pub count: u64,
    /// False while nothing has ended that could be compared: the executions have their state in common, no more.
    pub compared: bool,
    /// One of them, with its results: the one with the lowest id.
    pub sample: Execution,
}
