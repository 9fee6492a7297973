//! What waits for a device.

use serde::{Deserialize, Serialize};

use super::{Cause, RunTask};
use crate::Time;
use crate::id::{ExecutionId, RunId};
use crate::problem::Reason;

/// An execution that waits for its device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueuedExecution {
    /// From 1, in the order in which they are sent.
    pub position: u64,
    pub execution: ExecutionId,
    pub run: RunId,
    pub task: RunTask,
    pub cause: Cause,
    /// Since when it waits.
    pub since: Time,
    /// When it is given up.
    pub expires_at: Time,
    pub reason: Option<Reason>,
}

/// What a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Purged {
    /// How many executions were cancelled.
    pub cancelled: u64,
}
