//! Why an execution waits, did not run, or ended as it did. Pure: from what was stored when things were decided, and from how its device
//! stands. Nothing is guessed, so the same facts give the same words.

mod meanings;
mod of_run;
pub(super) mod store;
#[cfg(test)]
mod tests;

use taskey_proto::Time;
use taskey_proto::devices::Presence;
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::explain::{ExecutionExplanation, ExplanationNext, ExplanationStep, NextCode, StepCode};
use taskey_proto::runs::{Cause, DeviceRef, State};

pub(super) use of_run::{Part, RunFacts, explain_run};

use crate::features::devices::Standing;

/// What is known of an execution.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub execution: ExecutionId,
    pub run: RunId,
    pub device: DeviceRef,
    pub state: State,
    pub reason: Option<Reason>,
    pub created_at: Time,
    pub expires_at: Time,
    pub report_by: Time,
    pub dispatched_at: Option<Time>,
    pub started_at: Option<Time>,
    pub finished_at: Option<Time>,
    pub cancelled_by: Option<String>,
    pub cause: Cause,
    pub task: String,
    /// On how many devices the run is, of those that one may see.
    pub target_count: u64,
    pub standing: Standing,
    /// How many executions are sent to the device before this one.
    pub before: u64,
    /// Whether a restored server waits for its operator.
    pub is_quiet: bool,
}

pub(super) fn explain_execution(facts: &Facts) -> ExecutionExplanation {
    ExecutionExplanation {
        execution: facts.execution,
        run: facts.run,
        device: facts.device.clone(),
        state: facts.state,
        reason: facts.reason.clone(),
        answer: answer(facts),
        steps: steps(facts),
        next: next(facts),
    }
}

fn steps(facts: &Facts) -> Vec<ExplanationStep> {
    let device = &facts.device.name;
    let mut steps = Vec::new();
    let mut step = |at: Time, code: StepCode, detail: String| steps.push(ExplanationStep { at, code, detail });
    if facts.was_offline_before() {
        step(facts.standing.since, StepCode::DeviceOffline, format!("Since then {device} is offline."));
    }
    step(facts.created_at, StepCode::Asked, asked(&facts.cause, &facts.task));
    let devices = match facts.target_count {
        0 | 1 => format!("It was for one device, {device}."),
        count => format!("It was for {count} devices; this is about {device}."),
    };
    step(facts.created_at, StepCode::Resolved, devices);
    if facts.has_waited() {
        let why = match facts.state {
            State::Pending => sentence(&detail_or(&facts.reason, "It was not to begin at once")),
            _ => format!("{device} was offline, so it was kept until the device is back."),
        };
        step(facts.created_at, StepCode::Queued, why);
    }
    if let Some(at) = facts.dispatched_at {
        step(at, StepCode::Sent, format!("Its order was sent to {device}."));
    }
    if let Some(at) = facts.started_at {
        let clock = match facts.dispatched_at.is_some_and(|sent| at < sent) {
            true => " By the device's clock, which is behind the server's.",
            false => "",
        };
        step(at, StepCode::Started, format!("{device} began.{clock}"));
    }
    if let (Some(at), Some(code)) = (facts.finished_at, end_code(facts.state)) {
        let told = facts.reason.as_ref().map(|reason| sentence(&reason.detail)).filter(|detail| !detail.is_empty());
        step(at, code, told.unwrap_or_else(|| format!("It ended as {}.", words(facts.state))));
    }
    steps
}

/// Who or what asked for a run.
fn asked(cause: &Cause, task: &str) -> String {
    let Cause { kind, by, slot } = cause;
    match kind.as_str() {
        "manual" => format!("{by} started {task}."),
        "api" => format!("{by} started {task} with an API key."),
        "schedule" => match slot {
            Some(slot) => format!("The schedule {by} started {task}, for its slot at {}.", slot.at),
            None => format!("The schedule {by} started {task}."),
        },
        _ => format!("{kind} {by} started {task}."),
    }
}

impl Facts {
    /// Whether the device was offline when the run began, and has been since.
    fn was_offline_before(&self) -> bool {
        let never_sent = self.dispatched_at.is_none() && self.started_at.is_none();
        never_sent && !self.standing.is_removed && self.standing.presence == Presence::Offline && self.standing.since <= self.created_at
    }

    /// Whether it was not sent at once, and not ended at once either.
    fn has_waited(&self) -> bool {
        match (self.dispatched_at, self.started_at) {
            (Some(sent), _) => sent > self.created_at,
            (None, Some(_)) => false,
            (None, None) => !self.ended_at_once(),
        }
    }

    /// Whether the run was not to wait for devices that are offline.
    fn ended_at_once(&self) -> bool {
        self.code() == "offline" && matches!(self.state, State::Skipped | State::Failed)
    }

    fn code(&self) -> &str {
        self.reason.as_ref().map(|reason| reason.code.as_str()).unwrap_or_default()
    }
}

fn answer(facts: &Facts) -> String {
    let device = &facts.device.name;
    let asked_to_end = facts.cancelled_by.as_ref().map(|by| format!(" {by} has cancelled it, and {device} is asked to end it."));
    let asked_to_end = asked_to_end.unwrap_or_default();
    match facts.state {
        State::Pending => format!("It waits. {}", sentence(&detail_or(&facts.reason, "nothing says for what"))),
        State::Queued => waiting(facts),
        State::Dispatched => match facts.standing.presence {
            _ if facts.is_quiet => {
                format!("Its order was sent to {device} before this server was restored, and is not sent again.{asked_to_end}")
            }
            Presence::Online => format!("Its order was sent to {device}, which has not said yet that it began.{asked_to_end}"),
            Presence::Offline => format!(
                "Its order was sent to {device}, which went offline without a word of it: it may run there, or the order is sent again when the device is back.{asked_to_end}"
            ),
        },
        State::Running => match facts.standing.presence {
            Presence::Online => format!("It runs on {device}.{asked_to_end}"),
            Presence::Offline => {
                format!(
                    "It began on {device}, which is offline now. It goes on there, and is reported when the device is back.{asked_to_end}"
                )
            }
        },
        ended => over(facts, ended),
    }
}

/// Why something is still in its device's queue; what concerns all that waits comes first.
fn waiting(facts: &Facts) -> String {
    let (device, standing) = (&facts.device.name, &facts.standing);
    if standing.is_removed {
        return format!("{device} was removed; what waited for it is being cancelled.");
    }
    if facts.is_quiet {
        return "This server was restored from a backup and sends nothing until its operator ends that: `taskey quiet end`.".to_owned();
    }
    if standing.is_quarantined {
        return format!("It waits for {device}, which is in quarantine and let in only with new keys: `taskey devices rekey {device}`.");
    }
    let before = match facts.before {
        0 => String::new(),
        1 => " One other is sent before it.".to_owned(),
        count => format!(" {count} others are sent before it."),
    };
    match standing.presence {
        Presence::Offline => format!("It waits for {device}, which is offline.{before}"),
        Presence::Online => format!("{device} is online, and gets it as soon as it has room for it.{before}"),
    }
}

fn over(facts: &Facts, state: State) -> String {
    let device = &facts.device.name;
    let begun = match (state, facts.code()) {
        (State::Succeeded, _) => return format!("It ran on {device} and succeeded.{}", corrected(facts)),
        (State::Failed, "offline") | (State::Skipped, "offline") => format!("It never ran on {device}"),
        (State::Failed, _) => format!("It failed on {device}"),
        (State::TimedOut, _) => format!("It took too long on {device} and was ended"),
        (State::Cancelled, _) if facts.started_at.is_some() => format!("It was cancelled while it ran on {device}"),
        (State::Cancelled, _) => format!("It was cancelled before it began on {device}"),
        (State::Expired, _) => format!("It never ran on {device}: it waited until it expired"),
        (State::Rejected, _) => format!("{device} refused it, and nothing ran"),
        (State::Lost, _) if facts.started_at.is_some() => format!("It began on {device}, and how it ended is not known"),
        (State::Lost, _) => format!("It was sent to {device}, and what became of it is not known"),
        (state, _) => format!("It ended on {device} as {}", words(state)),
    };
    let detail = facts.reason.as_ref().map(|reason| reason.detail.trim()).unwrap_or_default();
    let told = if detail.is_empty() { ".".to_owned() } else { format!(". {}", sentence(detail)) };
    let meaning = meanings::of(facts.code()).map(|meaning| format!(" {meaning}")).unwrap_or_default();
    format!("{begun}{told}{meaning}")
}

/// An end that was known only after it had been given up says so in its reason.
fn corrected(facts: &Facts) -> String {
    facts.reason.as_ref().map(|reason| format!(" {}", sentence(&reason.detail))).unwrap_or_default()
}

fn next(facts: &Facts) -> Option<ExplanationNext> {
    let device = &facts.device.name;
    let (at, code, detail) = match facts.state {
        State::Pending | State::Queued => {
            let when = if facts.is_quiet { "that is over" } else { "the device is online" };
            let detail = format!("It is sent to {device} as soon as {when}. What was not sent by then expires and never runs.");
            (facts.expires_at, NextCode::Expires, detail)
        }
        State::Dispatched => {
            (facts.expires_at, NextCode::TooLate, format!("What {device} has not begun by then, it does not begin any more."))
        }
        State::Running => {
            let detail = format!(
                "It ends when its actions do, or at their time limits. If {device} has told nothing by then, it is given up for lost."
            );
            (facts.report_by, NextCode::GivenUp, detail)
        }
        _ => return None,
    };
    Some(ExplanationNext { at, code, detail })
}

fn end_code(state: State) -> Option<StepCode> {
    Some(match state {
        State::Pending | State::Queued | State::Dispatched | State::Running => return None,
        State::Succeeded => StepCode::Succeeded,
        State::Failed => StepCode::Failed,
        State::TimedOut => StepCode::TimedOut,
        State::Cancelled => StepCode::Cancelled,
        State::Expired => StepCode::Expired,
        State::Rejected => StepCode::Rejected,
        State::Skipped => StepCode::Skipped,
        State::Lost => StepCode::Lost,
    })
}

fn words(state: State) -> String {
    state.word().replace('_', " ")
}

fn detail_or(reason: &Option<Reason>, otherwise: &str) -> String {
    match reason {
        Some(reason) if !reason.detail.is_empty() => reason.detail.clone(),
        _ => otherwise.to_owned(),
    }
}

/// A detail as a sentence: devices tell theirs in lower case and without a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
