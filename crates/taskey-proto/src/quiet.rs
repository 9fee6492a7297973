//! Quiet: what a server is after it was restored from a backup, until its operator has looked.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::problem::Reason;

/// Whether this server is quiet, and what there is to know before that is ended. While it is, people sign in, devices connect and
/// their results are taken in, but nothing is started, and nothing from before is sent to a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quiet {
    pub quiet: bool,
    /// When it was restored; null when it is not quiet.
    pub since: Option<Time>,
    pub reason: Option<Reason>,
    /// When the backup was made that this server was restored from last; null if never.
    pub restored_from: Option<Time>,
    /// Whether you may end it.
    pub may_end: bool,
    /// What is counted: `instance` for operators, `organization` for everyone else.
    pub scope: QuietScope,
    pub counts: QuietCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum QuietScope {
    Instance,
    Organization,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuietCounts {
    /// Executions that waited for their device when the backup was made: what would have been sent.
    pub queued: u64,
    /// Executions that were on their way or running, and have not been reported here.
    pub unreported: u64,
    /// Executions of the time that was lost: their devices have reported them, and there is nothing here that they belong to.
    pub unknown_executions: u64,
    pub devices: u64,
    pub users: u64,
    pub keys: u64,
    pub secrets: u64,
}

/// Ends it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndQuiet {
    #[serde(default)]
    pub queued: OldQueue,
}

/// What becomes of the executions that waited when the backup was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OldQueue {
    /// Each ends as `cancelled (restored)`; a device that ran it all the same corrects that with its report.
    #[default]
    Cancel,
    /// What is still valid is signed anew and sent. A device that had it in the time that was lost answers from its journal.
    Keep,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuietEnded {
    /// False where it was not quiet any more.
    pub ended: bool,
    pub cancelled: u64,
    pub kept: u64,
}
