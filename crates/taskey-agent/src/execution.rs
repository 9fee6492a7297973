//! One execution: its actions in order, and what its results add up to.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use taskey_proto::Time;
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::line::{ActionReport, Finished, FiredSlot};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{State, Stream, Truncated};
use taskey_proto::tasks::{Action, Limits, OnFailure};
use tokio::sync::{mpsc, watch};

use crate::clock::ServerTime;
use crate::executor::{self, CarryOut, News, Outcome, Rules, Scene, Stop};
use crate::group::Warden;
use crate::journal::ProcessMark;
use crate::secrets::Secrets;
use crate::users::{User, Users};

/// Bytes of one reason's detail; the system's own texts are shorter, a path in one may not be.
const DETAIL_LEN_MAX: usize = 1_000;

/// An action, and as whom it may run.
#[derive(Debug, Clone)]
pub enum Step {
    Run {
        action: Box<Action>,
        user: String,
    },
    /// This build does not know it.
    Unsupported {
        kind: String,
        why: String,
    },
}

/// What is to be done: verified, and allowed by the policy.
#[derive(Debug, Clone)]
pub struct Plan {
    pub execution: ExecutionId,
    pub run: RunId,
    /// The slot that it is for, where a schedule on this device began it.
    pub slot: Option<FiredSlot>,
    pub valid_until: Time,
    pub on_failure: OnFailure,
    pub steps: Vec<Step>,
    pub rules: Rules,
    pub secrets: Secrets,
}

impl Plan {
    /// How its processes are held together, at best: an action without limits needs no more than a process group.
    pub fn isolation(&self, warden: &Warden) -> &'static str {
        let limited = self.steps.iter().find_map(|step| match step {
            Step::Run { action, .. } => Some(action.common().limits).filter(|limits| *limits != Limits::default()),
            Step::Unsupported { .. } => None,
        });
        warden.cells().word(&limited.unwrap_or_default())
    }
}

/// What every execution has around it.
#[derive(Debug, Clone)]
pub struct Ground {
    pub warden: Warden,
    pub users: Users,
    /// The agent's own user.
    pub own: User,
    pub time: ServerTime,
    pub kill_grace: Duration,
    /// The program that errands are run by.
    pub own_program: PathBuf,
    pub simulated: Option<CarryOut>,
}

/// From a running execution to the agent.
#[derive(Debug)]
pub enum Event {
    Process { execution: ExecutionId, process: ProcessMark },
    Started { execution: ExecutionId, at: Time },
    Output { execution: ExecutionId, action: u32, stream: Stream, data: Vec<u8> },
    Finished(Box<Finished>),
}

impl Step {
    /// Reads an action of a task document.
    pub fn read(action: &Value) -> Result<Action, Step> {
        serde_json::from_value(action.clone()).map_err(|error| Step::Unsupported {
            kind: action.get("type").and_then(Value::as_str).unwrap_or("?").chars().take(64).collect(),
            why: error.to_string(),
        })
    }

    pub fn kind(&self) -> &str {
        match self {
            Step::Run { action, .. } => action.type_word(),
            Step::Unsupported { kind, .. } => kind,
        }
    }

    fn on_failure(&self) -> Option<OnFailure> {
        match self {
            Step::Run { action, .. } => action.common().on_failure,
            Step::Unsupported { .. } => None,
        }
    }
}

/// Runs a plan to its end, tells what happens, and at last the whole report.
pub async fn run(plan: Plan, ground: Ground, stop: watch::Receiver<Option<Stop>>, events: mpsc::UnboundedSender<Event>) {
    let mut reports: Vec<ActionReport> = Vec::with_capacity(plan.steps.len());
    let mut skip_rest = false;
    for (index, step) in plan.steps.iter().enumerate() {
        let outcome = if skip_rest {
            Outcome::not_started(State::Skipped, Reason::new("previous_failed", "an action before this one did not succeed"))
        } else {
            run_step(&plan, index as u32, step, &ground, &stop, &events).await
        };
        let goes_on = match outcome.state {
            State::Succeeded => true,
            State::Cancelled | State::Skipped => false,
            _ => step.on_failure().unwrap_or(plan.on_failure) == OnFailure::Continue,
        };
        skip_rest |= !goes_on;
        reports.push(report(step.kind(), outcome, ground.time.now()));
    }
    let (state, reason) = fold(&reports);
    let started_at = reports.iter().find_map(|report| report.started_at);
    let finished = Finished {
        execution: plan.execution,
        state,
        reason,
        started_at,
        finished_at: ground.time.now(),
        isolation: started_at.map(|_| plan.isolation(&ground.warden).to_owned()),
        actions: reports,
        chunks: Vec::new(),
        slot: plan.slot,
    };
    // The agent outlives its executions; without it nobody is left to tell.
    let _ = events.send(Event::Finished(Box::new(finished)));
}

/// The state of the first action that did not succeed is the execution's, with the reason and the action's place, from 0.
pub fn fold(reports: &[ActionReport]) -> (State, Option<Reason>) {
    let first = reports.iter().enumerate().find(|(_, report)| report.state != State::Succeeded);
    match first {
        None => (State::Succeeded, None),
        Some((index, report)) => {
            let reason = report.reason.as_ref().map(|reason| Reason::new(&reason.code, format!("action {}: {}", index + 1, reason.detail)));
            (report.state, reason)
        }
    }
}

/// An end without a begin: refused, expired, or cancelled before its turn.
pub fn never_ran(execution: ExecutionId, state: State, reason: Reason, actions: Vec<ActionReport>, now: Time) -> Finished {
    Finished {
        execution,
        state,
        reason: Some(bounded(reason)),
        started_at: None,
        finished_at: now,
        isolation: None,
        actions,
        chunks: Vec::new(),
        slot: None,
    }
}

/// The report of an action that nothing was started for.
pub fn not_started(kind: &str, state: State, reason: Reason) -> ActionReport {
    report(kind, Outcome::not_started(state, reason), Time::from_ms(0))
}

async fn run_step(
    plan: &Plan,
    index: u32,
    step: &Step,
    ground: &Ground,
    stop: &watch::Receiver<Option<Stop>>,
    events: &mpsc::UnboundedSender<Event>,
) -> Outcome {
    if let Some(stop) = stop.borrow().as_ref() {
        return Outcome::not_started(State::Cancelled, stop.reason());
    }
    let (action, user) = match step {
        Step::Run { action, user } => (action, user),
        Step::Unsupported { kind, why } => {
            let detail = format!("taskeyd {} does not know how to do {kind}: {why}", crate::VERSION);
            return Outcome::not_started(State::Rejected, Reason::new("unsupported", detail));
        }
    };
    let Some(user) = find_user(ground, user) else {
        return Outcome::not_started(State::Failed, Reason::new("start_failed", format!("this device has no user {user} in /etc/passwd")));
    };
    let execution = plan.execution;
    let tell = |news: News<'_>| {
        let event = match news {
            News::Process(process) => Event::Process { execution, process },
            News::Started(at) => Event::Started { execution, at },
            News::Output(stream, data) => Event::Output { execution, action: index, stream, data: data.to_vec() },
        };
        let _ = events.send(event);
    };
    let scene = Scene {
        execution,
        run: plan.run,
        warden: &ground.warden,
        time: &ground.time,
        kill_grace: ground.kill_grace,
        switch_user: ground.own.is_root(),
        own_program: &ground.own_program,
        rules: &plan.rules,
        secrets: &plan.secrets,
        stop: stop.clone(),
        tell: &tell,
    };
    let mut outcome = match ground.simulated {
        None => executor::run(action, &user, &scene).await,
        Some(carry_out) => carry_out(action, &user, &scene).await,
    };
    if let Some(reason) = &mut outcome.reason {
        reason.detail = plan.secrets.mask().hide(&reason.detail);
    }
    outcome
}

fn find_user(ground: &Ground, name: &str) -> Option<User> {
    if name == ground.own.name { Some(ground.own.clone()) } else { ground.users.by_name(name) }
}

fn report(kind: &str, outcome: Outcome, now: Time) -> ActionReport {
    ActionReport {
        kind: kind.to_owned(),
        state: outcome.state,
        code: outcome.code,
        reason: outcome.reason.map(bounded),
        started_at: outcome.started_at,
        finished_at: outcome.started_at.map(|_| now),
        truncated: Truncated { ..outcome.truncated },
    }
}

fn bounded(mut reason: Reason) -> Reason {
    let mut len = reason.detail.len().min(DETAIL_LEN_MAX);
    while !reason.detail.is_char_boundary(len) {
        len -= 1;
    }
    reason.detail.truncate(len);
    reason
}

#[cfg(test)]
mod tests;
