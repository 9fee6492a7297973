//! Decisions about runs. Pure.

use taskey_proto::Time;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{State, WhenOffline};

/// How an execution begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    pub state: State,
    pub reason: Option<Reason>,
}

/// An online device gets its order at once; for an offline one the run says what to do.
pub fn begin(online: bool, when_offline: WhenOffline) -> Beginning {
    let offline = |detail: &str| Some(Reason::new("offline", detail));
    match (online, when_offline) {
        (true, _) => Beginning { state: State::Dispatched, reason: None },
        (false, WhenOffline::Queue) => {
            Beginning { state: State::Queued, reason: offline("The device is offline; it gets this when it is back.") }
        }
        (false, WhenOffline::Skip) => {
            Beginning { state: State::Skipped, reason: offline("The device was offline, and the run was to skip such devices.") }
        }
        (false, WhenOffline::Fail) => {
            Beginning { state: State::Failed, reason: offline("The device was offline, and the run was not to wait.") }
        }
    }
}

/// The state of a run that is still open, from those of its executions.
pub fn open_state(states: impl Iterator<Item = State>) -> State {
    states.filter(|state| !state.is_final()).max().unwrap_or(State::Queued)
}

/// The state of a run that is over: succeeded when all did, else the worst of what happened.
pub fn final_state(states: impl Iterator<Item = State>) -> State {
    const WORST_FIRST: [State; 8] =
        [State::Failed, State::Lost, State::TimedOut, State::Rejected, State::Expired, State::Cancelled, State::Skipped, State::Succeeded];
    let rank = |state: &State| WORST_FIRST.iter().position(|other| other == state).unwrap_or(WORST_FIRST.len());
    states.min_by_key(rank).unwrap_or(State::Succeeded)
}

/// What a late report does to an execution that has ended here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateReport {
    /// It was given up for lost: the report corrects that, once.
    Corrects,
    /// It is the report that ended it, sent again.
    Repeats,
}

/// Reasons by which the server, not the device, wrote `lost`.
pub const LOST_BY_SERVER: [&str; 3] = ["no_report", "not_held", "device_removed"];

/// The reason of what waited for a device whose queue was thrown away.
pub const PURGED: &str = "purged";

/// The reason of what waited when a backup was made and was cancelled after its restore.
pub const RESTORED: &str = "restored";

pub fn judge_late(state: State, reason_code: Option<&str>) -> LateReport {
    let given_up = match state {
        State::Lost => reason_code.is_some_and(|code| LOST_BY_SERVER.contains(&code)),
        // It may have run in the time that the restore lost.
        State::Cancelled => reason_code == Some(RESTORED),
        _ => false,
    };
    if given_up { LateReport::Corrects } else { LateReport::Repeats }
}

/// How long after the last moment at which an execution could still be running the server waits for its report.
const REPORT_GRACE_MS: i64 = 7 * 86_400_000;

/// When an execution without a report is given up.
pub fn report_by(expires_at: Time, timeout_ms: u64) -> Time {
    expires_at.plus_ms(timeout_ms as i64).plus_ms(REPORT_GRACE_MS)
}

/// What executions of a group have in common: their state and, once they were compared, their outcome. Written as
/// `STATE:OUTCOME:REASON`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey {
    pub state: State,
    /// A digest; see `output/fold.rs`.
    pub outcome: Option<String>,
    pub reason_code: Option<String>,
}

impl std::fmt::Display for GroupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        write!(f, "{}:{}:{}", self.state.word(), text(&self.outcome), text(&self.reason_code))
    }
}

impl std::str::FromStr for GroupKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().ok_or(());
        let state = State::from_word(part()?).ok_or(())?;
        let filled = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        Ok(Self { state, outcome: filled(part()?), reason_code: filled(part()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_as_it_was_written() {
        for text in ["succeeded:ab12:", "failed:ab12:exit_code", "lost::no_report", "running::", "failed:a:odd:code"] {
            assert_eq!(text.parse::<GroupKey>().unwrap().to_string(), text);
        }
        for wrong in ["", "succeeded", "succeeded:", "done:a:b"] {
            assert!(wrong.parse::<GroupKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_offline_device_waits_is_skipped_or_fails_as_the_run_says() {
        assert_eq!(begin(true, WhenOffline::Fail).state, State::Dispatched);
        assert_eq!(begin(false, WhenOffline::Queue).state, State::Queued);
        assert_eq!(begin(false, WhenOffline::Skip).state, State::Skipped);
        let failed = begin(false, WhenOffline::Fail);
        assert_eq!((failed.state, failed.reason.unwrap().code.as_str()), (State::Failed, "offline"));
    }

    #[test]
    fn a_run_succeeds_only_when_every_execution_did() {
        let fold = |states: &[State]| final_state(states.iter().copied());
        assert_eq!(fold(&[State::Succeeded, State::Succeeded]), State::Succeeded);
        assert_eq!(fold(&[State::Succeeded, State::Skipped]), State::Skipped);
        assert_eq!(fold(&[State::Cancelled, State::Failed, State::Succeeded]), State::Failed);
        assert_eq!(fold(&[State::Expired, State::Lost]), State::Lost);
    }

    #[test]
    fn every_final_state_has_a_rank() {
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            assert_eq!(final_state([state].into_iter()), state);
            assert_eq!(final_state([state, State::Succeeded].into_iter()), state);
        }
    }

    #[test]
    fn only_what_the_server_gave_up_is_corrected_by_a_late_report() {
        assert_eq!(judge_late(State::Lost, Some("no_report")), LateReport::Corrects);
        assert_eq!(judge_late(State::Lost, Some("agent_restart")), LateReport::Repeats);
        assert_eq!(judge_late(State::Succeeded, None), LateReport::Repeats);
        assert_eq!(judge_late(State::Cancelled, Some("no_report")), LateReport::Repeats);
        assert_eq!(judge_late(State::Cancelled, Some(RESTORED)), LateReport::Corrects);
        assert_eq!(judge_late(State::Cancelled, Some("cancelled")), LateReport::Repeats);
    }
}
