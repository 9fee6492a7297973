//! Tasks: definitions with an ordered list of actions.
//!
//! A new action type is a variant of [`Action`] here and an executor in the agent; see CONTRIBUTING.

use serde::{Deserialize, Serialize};

use crate::id::TaskId;
use crate::problem::FieldError;
use crate::{Span, Time};

pub const NAME_LEN_MAX: usize = 100;
pub const DESCRIPTION_LEN_MAX: usize = 2_000;
pub const ACTIONS_MAX: usize = 50;
pub const ARGUMENTS_MAX: usize = 1_000;
pub const ENVIRONMENT_MAX: usize = 200;
/// Bytes of one argument, value, path or program name.
pub const TEXT_LEN_MAX: usize = 32 * 1024;
/// Bytes of a script.
pub const SCRIPT_LEN_MAX: usize = 1024 * 1024;
pub const TIMEOUT_DEFAULT: Span = Span::from_secs(3_600);
pub const TIMEOUT_MAX: Span = Span::from_secs(7 * 86_400);

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

/// One step of a task. `type` says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Action {
    #[serde(rename = "COMMAND")]
    Command(Command),
    #[serde(rename = "SCRIPT")]
    Script(Script),
}

pub const ACTION_TYPES: &[&str] = &["COMMAND", "SCRIPT"];

/// A program with its arguments, started without a shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Command {
    /// A path, or a name to be found in PATH.
    pub command: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<KeyValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// A script, given to its interpreter as a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Script {
    pub content: String,
    /// Default: `/bin/sh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<KeyValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// One environment variable. A repeated key: the last one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyValue {
    pub key: String,
    pub value: String,
}

/// What an action has in common with every other.
pub struct ActionCommon<'a> {
    pub environment: &'a [KeyValue],
    pub user: Option<&'a str>,
    pub working_directory: Option<&'a str>,
    pub timeout: Span,
    pub on_failure: Option<OnFailure>,
}

impl Action {
    /// The word in `type`.
    pub fn type_word(&self) -> &'static str {
        match self {
            Action::Command(_) => "COMMAND",
            Action::Script(_) => "SCRIPT",
        }
    }

    pub fn common(&self) -> ActionCommon<'_> {
        match self {
            Action::Command(command) => ActionCommon {
                environment: &command.environment,
                user: command.user.as_deref(),
                working_directory: command.working_directory.as_deref(),
                timeout: command.timeout.unwrap_or(TIMEOUT_DEFAULT),
                on_failure: command.on_failure,
            },
            Action::Script(script) => ActionCommon {
                environment: &script.environment,
                user: script.user.as_deref(),
                working_directory: script.working_directory.as_deref(),
                timeout: script.timeout.unwrap_or(TIMEOUT_DEFAULT),
                on_failure: script.on_failure,
            },
        }
    }
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

/// Everything that is wrong with a task, each with its place. Empty when it may be stored.
pub fn check_task(spec: &TaskSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(detail) = name_problem(&spec.name) {
        errors.push(FieldError::new("/name", detail));
    }
    if spec.description.len() > DESCRIPTION_LEN_MAX {
        errors.push(FieldError::new("/description", format!("at most {DESCRIPTION_LEN_MAX} bytes")));
    }
    errors.extend(check_actions("/actions", &spec.actions));
    errors
}

/// Everything that is wrong with a list of actions at `pointer`.
pub fn check_actions(pointer: &str, actions: &[Action]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if actions.is_empty() {
        errors.push(FieldError::new(pointer, "name at least one action"));
    }
    if actions.len() > ACTIONS_MAX {
        errors.push(FieldError::new(pointer, format!("at most {ACTIONS_MAX} actions")));
    }
    for (index, action) in actions.iter().enumerate().take(ACTIONS_MAX) {
        check_action(&format!("{pointer}/{index}"), action, &mut errors);
    }
    errors
}

/// Why `name` cannot name a task, device or key; `None` when it can.
pub fn name_problem(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        return Some("give it a name".to_owned());
    }
    if name.chars().count() > NAME_LEN_MAX {
        return Some(format!("at most {NAME_LEN_MAX} characters"));
    }
    if !name.chars().all(allowed) || name.starts_with(['-', '.']) {
        return Some("use letters, digits, `.`, `_` and `-`, and begin with a letter or digit".to_owned());
    }
    None
}

fn check_action(at: &str, action: &Action, errors: &mut Vec<FieldError>) {
    match action {
        Action::Command(command) => {
            if command.command.is_empty() {
                errors.push(FieldError::new(format!("{at}/command"), "name the program to start"));
            }
            check_text(&format!("{at}/command"), &command.command, errors);
            if command.arguments.len() > ARGUMENTS_MAX {
                errors.push(FieldError::new(format!("{at}/arguments"), format!("at most {ARGUMENTS_MAX} arguments")));
            }
            for (index, argument) in command.arguments.iter().enumerate().take(ARGUMENTS_MAX) {
                check_text(&format!("{at}/arguments/{index}"), argument, errors);
            }
        }
        Action::Script(script) => {
            if script.content.trim().is_empty() {
                errors.push(FieldError::new(format!("{at}/content"), "write the script"));
            }
            if script.content.len() > SCRIPT_LEN_MAX {
                errors.push(FieldError::new(format!("{at}/content"), format!("at most {SCRIPT_LEN_MAX} bytes")));
            }
            if script.content.contains('\0') {
                errors.push(FieldError::new(format!("{at}/content"), "a NUL character cannot be in a script"));
            }
            if let Some(interpreter) = &script.interpreter {
                check_absolute(&format!("{at}/interpreter"), interpreter, errors);
            }
        }
    }
    check_common(at, &action.common(), errors);
}

fn check_common(at: &str, common: &ActionCommon<'_>, errors: &mut Vec<FieldError>) {
    if common.environment.len() > ENVIRONMENT_MAX {
        errors.push(FieldError::new(format!("{at}/environment"), format!("at most {ENVIRONMENT_MAX} variables")));
    }
    for (index, pair) in common.environment.iter().enumerate().take(ENVIRONMENT_MAX) {
        let place = format!("{at}/environment/{index}");
        if pair.key.is_empty() || pair.key.contains(['=', '\0']) {
            errors.push(FieldError::new(format!("{place}/key"), "a variable's name is not empty and holds neither = nor NUL"));
        }
        check_text(&format!("{place}/key"), &pair.key, errors);
        check_text(&format!("{place}/value"), &pair.value, errors);
    }
    if common.user.is_some_and(|user| user.is_empty() || user.len() > 64 || user.contains(['\0', ':', '/'])) {
        errors.push(FieldError::new(format!("{at}/user"), "name a user of the device"));
    }
    if let Some(path) = common.working_directory {
        check_absolute(&format!("{at}/working_directory"), path, errors);
    }
    if common.timeout.ms() == 0 || common.timeout > TIMEOUT_MAX {
        errors.push(FieldError::new(format!("{at}/timeout"), format!("more than 0s and at most {TIMEOUT_MAX}")));
    }
}

fn check_absolute(at: &str, path: &str, errors: &mut Vec<FieldError>) {
    if !path.starts_with('/') {
        errors.push(FieldError::new(at, "write the whole path, from /"));
    }
    check_text(at, path, errors);
}

fn check_text(at: &str, text: &str, errors: &mut Vec<FieldError>) {
    if text.contains('\0') {
        errors.push(FieldError::new(at, "a NUL character cannot be passed to a program"));
    }
    if text.len() > TEXT_LEN_MAX {
        errors.push(FieldError::new(at, format!("at most {TEXT_LEN_MAX} bytes")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(actions: serde_json::Value) -> TaskSpec {
        serde_json::from_value(serde_json::json!({"name": "hello", "actions": actions})).unwrap()
    }

    #[test]
    fn a_plain_task_has_nothing_wrong() {
        let task = spec(serde_json::json!([{"type": "COMMAND", "command": "uname", "arguments": ["-a"], "timeout": "30s"}]));
        assert_eq!(check_task(&task), []);
    }

    #[test]
    fn every_wrong_field_is_pointed_at() {
        let cases = [
            (serde_json::json!([]), "/actions"),
            (serde_json::json!([{"type": "COMMAND", "command": ""}]), "/actions/0/command"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "arguments": ["ok", "a\0b"]}]), "/actions/0/arguments/1"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "timeout": "0s"}]), "/actions/0/timeout"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "timeout": "8d"}]), "/actions/0/timeout"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "user": "a:b"}]), "/actions/0/user"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "working_directory": "tmp"}]), "/actions/0/working_directory"),
            (
                serde_json::json!([{"type": "COMMAND", "command": "a", "environment": [{"key": "A=B", "value": ""}]}]),
                "/actions/0/environment/0/key",
            ),
            (serde_json::json!([{"type": "SCRIPT", "content": " "}]), "/actions/0/content"),
            (serde_json::json!([{"type": "SCRIPT", "content": "x", "interpreter": "sh"}]), "/actions/0/interpreter"),
        ];
        for (actions, pointer) in cases {
            let errors = check_task(&spec(actions.clone()));
            assert_eq!(errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), [pointer], "{actions}");
        }
    }

    #[test]
    fn an_unknown_type_and_an_unknown_field_are_refused() {
        for action in [serde_json::json!({"type": "REBOOT"}), serde_json::json!({"type": "COMMAND", "command": "a", "shell": true})] {
            let task = serde_json::json!({"name": "hello", "actions": [action]});
            assert!(serde_json::from_value::<TaskSpec>(task).is_err());
        }
    }

    #[test]
    fn a_name_that_reads_like_an_option_or_a_path_is_refused() {
        for name in ["", "-x", ".hidden", "a/b", "a b", "a\n"] {
            assert!(name_problem(name).is_some(), "{name:?}");
        }
        assert_eq!(name_problem("web-1.eu"), None);
    }
}
