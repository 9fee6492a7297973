//! The same for a run: what its executions have in common.

use taskey_proto::Time;
use taskey_proto::id::RunId;
use taskey_proto::runs::explain::{ExplanationNext, ExplanationStep, NextCode, RunExplanation, RunPart, StepCode};
use taskey_proto::runs::{Cause, State};

use super::{Facts, answer, asked, end_code, explain_execution, words};

/// What is known of a run.
pub(in super::super) struct RunFacts {
    pub run: RunId,
    pub state: State,
    pub cause: Cause,
    pub task: String,
    pub created_at: Time,
    pub finished_at: Option<Time>,
    /// The largest first; of the executions that one may see.
    pub parts: Vec<Part>,
}

/// The executions in one state for one reason.
pub(in super::super) struct Part {
    pub state: State,
    pub count: u64,
    /// When the first and the last of them were sent, as far as they were.
    pub first_sent_at: Option<Time>,
    pub last_sent_at: Option<Time>,
    /// When the first of them expires or is given up, as long as it is open.
    pub expires_at: Time,
    pub report_by: Time,
    pub sample: Facts,
}

pub(in super::super) fn explain_run(facts: &RunFacts) -> RunExplanation {
    let parts: Vec<RunPart> = facts.parts.iter().map(part).collect();
    // A run on one device is that execution.
    if let [only] = facts.parts.as_slice()
        && only.count == 1
    {
        let execution = explain_execution(&only.sample);
        return RunExplanation {
            run: facts.run,
            state: facts.state,
            answer: execution.answer,
            steps: execution.steps,
            next: execution.next,
            parts,
        };
    }
    RunExplanation {
        run: facts.run,
        state: facts.state,
        answer: answer_of_many(facts),
        steps: steps(facts),
        next: next(&facts.parts),
        parts,
    }
}

fn part(part: &Part) -> RunPart {
    let sample = &part.sample;
    RunPart {
        state: part.state,
        count: part.count,
        sample: sample.execution,
        device: sample.device.clone(),
        reason: sample.reason.clone(),
        answer: answer(sample),
    }
}

fn steps(facts: &RunFacts) -> Vec<ExplanationStep> {
    let count: u64 = facts.parts.iter().map(|part| part.count).sum();
    let mut steps = vec![
        ExplanationStep { at: facts.created_at, code: StepCode::Asked, detail: asked(&facts.cause, &facts.task) },
        ExplanationStep { at: facts.created_at, code: StepCode::Resolved, detail: format!("It was for {count} devices.") },
    ];
    let first = facts.parts.iter().filter_map(|part| part.first_sent_at).min();
    let last = facts.parts.iter().filter_map(|part| part.last_sent_at).max();
    if let (Some(first), Some(last)) = (first, last) {
        let detail = if first == last { "Its orders were sent." } else { "The first of its orders was sent." };
        steps.push(ExplanationStep { at: first, code: StepCode::Sent, detail: detail.to_owned() });
        if first != last {
            let detail = "The last of those that were sent was sent.".to_owned();
            steps.push(ExplanationStep { at: last, code: StepCode::Sent, detail });
        }
    }
    if let (Some(at), Some(code)) = (facts.finished_at, end_code(facts.state)) {
        steps.push(ExplanationStep { at, code, detail: format!("The last device was done: {}.", counted(&facts.parts)) });
    }
    steps
}

fn answer_of_many(facts: &RunFacts) -> String {
    let what = counted(&facts.parts);
    match facts.state {
        State::Succeeded => format!("It succeeded on every device: {what}."),
        state if state.is_final() => {
            format!("It ended as {}, the worst of what its devices had: {what}.", words(state))
        }
        _ => format!("It goes on until its last device is done: {what}."),
    }
}

/// `2 failed, 1 succeeded`, each state once.
fn counted(parts: &[Part]) -> String {
    let mut states: Vec<(State, u64)> = Vec::new();
    for part in parts {
        match states.iter_mut().find(|(state, _)| *state == part.state) {
            Some((_, count)) => *count += part.count,
            None => states.push((part.state, part.count)),
        }
    }
    states.iter().map(|(state, count)| format!("{count} {}", words(*state))).collect::<Vec<_>>().join(", ")
}

/// What happens first of what is still to come.
fn next(parts: &[Part]) -> Option<ExplanationNext> {
    let of = |part: &Part| match part.state {
        State::Pending | State::Queued => {
            let detail = "Each is sent as soon as its device is online. The first that was not sent by then expires and never runs.";
            Some((part.expires_at, NextCode::Expires, detail))
        }
        State::Dispatched => Some((part.expires_at, NextCode::TooLate, "Devices that have not begun by then do not begin any more.")),
        State::Running => {
            let detail = "It ends when the actions do, or at their time limits. The first device that has told nothing by then is given up for lost.";
            Some((part.report_by, NextCode::GivenUp, detail))
        }
        _ => None,
    };
    let (at, code, detail) = parts.iter().filter_map(of).min_by_key(|(at, _, _)| *at)?;
    Some(ExplanationNext { at, code, detail: detail.to_owned() })
}
