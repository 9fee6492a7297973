//! What the end of an execution means for the one who waited: which exit, and in which words.

use taskey_proto::problem::Reason;
use taskey_proto::runs::{Execution, State};

use crate::exit::Exit;
use crate::terminal;

/// How a command ends that waited for this execution alone.
pub fn of_execution(execution: &Execution) -> Exit {
    of_state(execution.state, execution.reason.as_ref())
}

/// How a command ends that waited for all of them: failed beats late, late beats done.
pub fn of_all<'a>(executions: impl IntoIterator<Item = &'a Execution>) -> Exit {
    executions.into_iter().map(of_execution).fold(Exit::Done, |so_far, next| match (so_far, next) {
        (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
        (Exit::Late, _) | (_, Exit::Late) => Exit::Late,
        _ => Exit::Done,
    })
}

/// `web-1: failed: exit code 3`.
pub fn sentence(execution: &Execution) -> String {
    let state = execution.state.word().replace('_', " ");
    let text = match &execution.reason {
        Some(reason) if !reason.detail.is_empty() => format!("{}: {state}: {}", execution.device.name, reason.detail),
        Some(reason) => format!("{}: {state}: {}", execution.device.name, reason.code),
        None => format!("{}: {state}", execution.device.name),
    };
    terminal::one_line(&text)
}

fn of_state(state: State, reason: Option<&Reason>) -> Exit {
    let offline = reason.is_some_and(|reason| reason.code == "offline");
    match state {
        State::Succeeded => Exit::Done,
        State::Expired | State::Lost => Exit::Late,
        // Nobody waits any longer, and it is not over.
        State::Pending | State::Queued | State::Dispatched | State::Running => Exit::Late,
        _ if offline => Exit::Late,
        State::Failed | State::TimedOut | State::Cancelled | State::Rejected | State::Skipped => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_final_state_has_its_exit() {
        let expected = [
            (State::Succeeded, Exit::Done),
            (State::Failed, Exit::Failed),
            (State::TimedOut, Exit::Failed),
            (State::Cancelled, Exit::Failed),
            (State::Rejected, Exit::Failed),
            (State::Skipped, Exit::Failed),
            (State::Expired, Exit::Late),
            (State::Lost, Exit::Late),
        ];
        for (state, exit) in expected {
            assert!(state.is_final());
            assert_eq!(of_state(state, None), exit, "{state:?}");
        }
    }

    #[test]
    fn an_offline_device_is_late_and_not_failed() {
        let offline = Reason::new("offline", "the device is offline");
        for state in [State::Failed, State::Skipped, State::Rejected] {
            assert_eq!(of_state(state, Some(&offline)), Exit::Late);
        }
        assert_eq!(of_state(State::Failed, Some(&Reason::new("exit_code", "exit code 3"))), Exit::Failed);
    }
}
