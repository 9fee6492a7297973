//! After a restart: what an earlier life of the agent has left open is ended and reported, and nothing is run again.
//!
//! An execution that had begun and has no end in the journal was cut off with the agent. Its processes, if the machine was
//! not started anew meanwhile, are killed first; then it is reported as lost.

use taskey_proto::Time;
use taskey_proto::line::Finished;
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;

use crate::cell::Cells;
use crate::execution::{never_ran, not_started};
use crate::group::kill_remains;
use crate::info;
use crate::journal::{Journal, Unfinished};

/// Ends what is left of every execution that the journal has no end of. Returns the ends, and until when each order is valid.
pub async fn end_unfinished(journal: &Journal, cells: &Cells, boot_id: &str, now: Time) -> Vec<(Finished, Time)> {
    let mut ends = Vec::new();
    for unfinished in journal.unfinished() {
        let execution = unfinished.begun.execution;
        if unfinished.begun.boot_id == boot_id {
            kill_remains(cells, execution, &unfinished.processes).await;
        }
        info!("{execution} was cut off by the end of the agent; it is reported as lost");
        ends.push((lost(&unfinished, now), unfinished.begun.valid_until));
    }
    ends
}

fn lost(unfinished: &Unfinished, now: Time) -> Finished {
    let begun = &unfinished.begun;
    let reason = Reason::new("agent_restart", "the agent ended while this was running");
    let actions = begun.kinds.iter().map(|kind| not_started(kind, State::Lost, reason.clone())).collect();
    let mut report = never_ran(begun.execution, State::Lost, reason, actions, now.max(begun.started_at));
    report.started_at = Some(begun.started_at);
    report.slot = begun.slot;
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Begun, JOURNAL_FILE};
    use taskey_proto::id::{ExecutionId, RunId};
    use uuid::Uuid;

    #[tokio::test]
    async fn what_was_cut_off_is_lost_and_not_running_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let execution = ExecutionId::new(Uuid::from_u128(u128::from(std::process::id()) << 32 | 1));
        let mut journal = Journal::open(&folder.path().join(JOURNAL_FILE)).unwrap();
        let boot_id = crate::facts::boot_id();
        let begun = Begun {
            execution,
            run: RunId::new(Uuid::from_u128(1)),
            valid_until: Time::from_ms(9_000),
            boot_id: boot_id.clone(),
            started_at: Time::from_ms(5_000),
            kinds: vec!["COMMAND".to_owned(), "SCRIPT".to_owned()],
            slot: None,
        };
        journal.begin(begun).unwrap();
        let mut left = std::process::Command::new("sleep").arg("600").env("TASKEY_EXECUTION_ID", execution.to_string()).spawn().unwrap();
        // Only the child's own environment, which is there after its exec, marks it.
        let environment = format!("/proc/{}/environ", left.id());
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !String::from_utf8_lossy(&std::fs::read(&environment).unwrap()).contains(&execution.to_string()) {
            assert!(std::time::Instant::now() < deadline);
            std::thread::yield_now();
        }

        let mut ends = end_unfinished(&journal, &Cells::None, &boot_id, Time::from_ms(1_000)).await;

        assert!(!left.wait().unwrap().success());
        let (report, valid_until) = ends.remove(0);
        assert_eq!(valid_until, Time::from_ms(9_000));
        assert_eq!(report.state, State::Lost);
        assert_eq!(report.reason.unwrap().code, "agent_restart");
        assert_eq!(report.finished_at, Time::from_ms(5_000));
        assert_eq!(report.actions.len(), 2);
    }
}
