//! `taskeyd policy test -f TASK`: what this device would say to a task, without running anything.
//!
//! It asks the very functions that decide about an order. What only shows at the moment of running is not predicted: a link on the way of a
//! file, where a redirection leads, how much else runs.

use serde::Serialize;
use taskey_proto::problem::{FieldError, Reason};
use taskey_proto::tasks::{TaskSpec, check_task};

use crate::policy;
use crate::state_dir::StateDir;
use crate::users::{User, Users};

/// What the device says of one action.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Prediction {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub allowed: bool,
    /// As whom it would run.
    pub user: Option<String>,
    pub reason: Option<Reason>,
}

#[derive(Debug, thiserror::Error)]
pub enum PolicyTestError {
    #[error("this is not a task: {0}")]
    Unreadable(String),
    #[error("this task could not be stored:{}", .0.iter().map(|error| format!("\n  {}: {}", error.pointer, error.detail)).collect::<String>())]
    Wrong(Vec<FieldError>),
}

/// Judges each action of a task, written in YAML or JSON.
pub fn predict(text: &str, state: &StateDir, own: &User, users: &Users) -> Result<Vec<Prediction>, PolicyTestError> {
    let spec: TaskSpec = serde_saphyr::from_str(text).map_err(|error| PolicyTestError::Unreadable(error.to_string()))?;
    let errors = check_task(&spec);
    if !errors.is_empty() {
        return Err(PolicyTestError::Wrong(errors));
    }
    let policy = policy::load(state.policy_dir()).map_err(|error| error.reason());
    let judged = spec.actions.iter().map(|action| {
        let verdict = policy.as_ref().map_err(Reason::clone).and_then(|policy| {
            policy.check_signer().map_err(|refusal| refusal.reason())?;
            policy.judge(action, &policy.rules(state), own, users)
        });
        let (user, reason) = match verdict {
            Ok(user) => (Some(user), None),
            Err(reason) => (None, Some(reason)),
        };
        Prediction { kind: action.type_word(), allowed: reason.is_none(), user, reason }
    });
    Ok(judged.collect())
}

/// For people: a line for each action.
pub fn table(predictions: &[Prediction]) -> String {
    let line = |(index, prediction): (usize, &Prediction)| {
        let verdict = match (&prediction.user, &prediction.reason) {
            (Some(user), _) => format!("allowed as {user}"),
            (None, reason) => format!("refused: {}", reason.as_ref().map(|reason| reason.detail.as_str()).unwrap_or_default()),
        };
        format!("action {}  {:<14}{verdict}\n", index + 1, prediction.kind)
    };
    predictions.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "\
name: t
actions:
  - {type: COMMAND, command: id}
  - {type: COMMAND, command: id, user: root}
  - {type: READ_FILE, path: /etc/hostname}
  - {type: READ_FILE, path: /etc/shadow}
  - {type: HTTP_REQUEST, request_method: GET, request_url: \"https://example.org/\"}
  - {type: SCRIPT, content: x}
";

    fn predicted(policy: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().to_owned()));
        std::fs::create_dir(state.policy_dir()).unwrap();
        std::fs::write(state.policy_dir().join("10.toml"), policy).unwrap();
        let root = Users::default().by_name("root").unwrap();
        let predictions = predict(TASK, &state, &root, &Users::default()).unwrap();
        predictions.into_iter().map(|prediction| prediction.reason.map_or("allowed".to_owned(), |reason| reason.code)).collect()
    }

    #[test]
    fn every_rule_is_predicted() {
        let shipped = predicted(crate::enroll::SHIPPED_POLICY);
        assert_eq!(shipped, ["allowed", "policy_user", "allowed", "policy_path", "allowed", "allowed"]);
        let narrow = "allow_actions = [\"COMMAND\", \"HTTP_REQUEST\"]\nrun_as = [\"nobody\", \"taskey\", \"root\"]\nhttp_hosts = [\"a.example\"]\nsigners = [\"server\"]";
        assert_eq!(predicted(narrow), ["allowed", "allowed", "policy_action", "policy_action", "policy_host", "policy_action"]);
        assert_eq!(predicted("allow_actions = [\"COMMAND\"]"), ["policy_signer"; 6]);
        assert_eq!(predicted("allow_actions = 1"), ["policy_invalid"; 6]);
    }

    #[test]
    fn what_is_no_task_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().to_owned()));
        let root = Users::default().by_name("root").unwrap();
        let error = |text| predict(text, &state, &root, &Users::default()).unwrap_err().to_string();
        assert!(error("name: t\nactions:\n  - {type: REBOOT}\n").contains("REBOOT"));
        assert!(error("name: t\nactions:\n  - {type: COMMAND, command: \"\"}\n").contains("/actions/0/command"));
    }
}
