//! Why an execution, or a run, waits, did not run, or ended as it did.

use serde::{Deserialize, Serialize};

use super::{DeviceRef, State};
use crate::Time;
use crate::id::{ExecutionId, RunId};
use crate::problem::Reason;

/// What happened to an execution so far, from what was stored when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecutionExplanation {
    pub execution: ExecutionId,
    pub run: RunId,
    pub device: DeviceRef,
    pub state: State,
    pub reason: Option<Reason>,
    /// Why it waits, did not run, or ended so.
    pub answer: String,
    /// In the order in which they happened. Starts and ends on the device have its clock's time.
    pub steps: Vec<ExplanationStep>,
    /// What happens next, and when; null once it is over.
    pub next: Option<ExplanationNext>,
}

/// The same of a run: its executions together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunExplanation {
    pub run: RunId,
    pub state: State,
    pub answer: String,
    pub steps: Vec<ExplanationStep>,
    pub next: Option<ExplanationNext>,
    /// What its executions have in common, the largest part first.
    pub parts: Vec<RunPart>,
}

/// The executions of a run that are in one state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunPart {
    pub state: State,
    pub count: u64,
    /// One of them, on `device`; the answer and the reason are its own.
    pub sample: ExecutionId,
    pub device: DeviceRef,
    pub reason: Option<Reason>,
    pub answer: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplanationStep {
    pub at: Time,
    pub code: StepCode,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StepCode {
    /// The device went offline, before it was asked for.
    DeviceOffline,
    /// Somebody, or something, asked for the run.
    Asked,
    /// The run's targets became devices.
    Resolved,
    /// It was written down to wait for its device.
    Queued,
    /// The order left for the device.
    Sent,
    /// The device began.
    Started,
    Succeeded,
    Failed,
    TimedOut,
    Cancelled,
    Expired,
    Rejected,
    Skipped,
    Lost,
}

/// What comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplanationNext {
    /// When, at the latest.
    pub at: Time,
    pub code: NextCode,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NextCode {
    /// Then it expires, if it has not been sent.
    Expires,
    /// Then the device no longer begins it.
    TooLate,
    /// Then it is given up for lost, if nothing is heard of it.
    GivenUp,
}
