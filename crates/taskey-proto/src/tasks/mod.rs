//! Tasks: definitions with an ordered list of actions.
//!
//! A new action type is a variant of [`Action`] in `action.rs`, its checks in `check.rs`, and an executor in the agent; see
//! CONTRIBUTING.

mod action;
mod check;
mod read;

pub use action::{ACTION_TYPES, HTTP_TIMEOUT_DEFAULT, READ_TIMEOUT_DEFAULT, TIMEOUT_DEFAULT};
pub use action::{Action, ActionCommon, Command, Header, HttpRequest, KeyValue, Limits, Method, ReadFile, Script};
pub use check::{
    ACTIONS_MAX, ARGUMENTS_MAX, BODY_LEN_MAX, DESCRIPTION_LEN_MAX, ENVIRONMENT_MAX, HEADERS_MAX, NAME_LEN_MAX, SCRIPT_LEN_MAX,
    TEXT_LEN_MAX, TIMEOUT_MAX, check_actions, check_task, name_problem,
};

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::id::TaskId;

/// What a person writes to define a task; the file of `taskey tasks apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskSpec {
    /// Unique within the organization: letters, digits, `.`, `_` and `-`.
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether people with the role self-service may start it.
    #[serde(default)]
    pub self_service: bool,
    #[serde(default)]
    pub on_failure: OnFailure,
    /// At least one; they run in order.
    pub actions: Vec<Action>,
}

/// What happens to the actions after one that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OnFailure {
    #[default]
    Stop,
    Continue,
}

/// A task as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    pub id: TaskId,
    pub name: String,
    pub description: String,
    pub self_service: bool,
    pub on_failure: OnFailure,
    pub actions: Vec<Action>,
    /// Counts up with every change; a run names the one it used.
    pub version: u32,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A version of a task, as it was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskVersion {
    pub version: u32,
    pub created_at: Time,
    pub created_by: String,
    pub spec: TaskSpec,
}
