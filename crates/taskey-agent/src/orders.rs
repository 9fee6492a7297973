//! From an order to a plan: is it true, and does the owner of this device allow it.
//!
//! Signatures, digests, inclusion, epoch and validity come first; nothing of the task is read before. Then the policy, read
//! anew each time, decides over every action before the first one starts. An action that this build does not know is no
//! reason against the others: it is planned as `unsupported` and refused when its turn comes.

use std::fmt::Display;

use taskey_proto::Time;
use taskey_proto::document::{DocumentError, Judge, Order, TaskDocument};
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::line::{ActionReport, FiredSlot};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;
use taskey_proto::schedules::{execution_of_slot, run_of_slot};
use taskey_proto::secrets::SealedSecret;

use crate::execution::{Plan, Step, not_started};
use crate::executor::Rules;
use crate::identity::{Identity, Keys};
use crate::policy::{self, Policy};
use crate::schedules::Scheduled;
use crate::secrets::Secrets;
use crate::state_dir::StateDir;
use crate::users::{User, Users};

/// What an order is held against.
pub struct Bench<'a> {
    pub identity: &'a Identity,
    pub keys: &'a Keys,
    pub now: Time,
    pub state: &'a StateDir,
    pub users: &'a Users,
    /// The agent's own user.
    pub own: &'a User,
}

/// An order that may run.
#[derive(Debug)]
pub struct Accepted {
    pub plan: Plan,
    /// When the server signed the dispatch; true time is not before it.
    pub issued_at: Time,
    pub max_concurrent: usize,
}

/// What is asked for, once it is known to be true.
struct Ask<'a> {
    execution: ExecutionId,
    run: RunId,
    slot: Option<FiredSlot>,
    valid_until: Time,
    task: &'a TaskDocument,
    secrets: &'a [SealedSecret],
    /// What the secrets were sealed for.
    purpose: &'a dyn Display,
}

/// A plan, and how many executions the policy lets run at a time.
pub type Allowed = (Plan, usize);

/// An order that may not.
#[derive(Debug)]
pub struct Refused {
    pub state: State,
    pub reason: Reason,
    pub actions: Vec<ActionReport>,
}

impl Bench<'_> {
    pub fn judge(&self, order: &Order) -> Result<Accepted, Refused> {
        let judge =
            Judge { server_key: &self.identity.server_key, device: self.identity.device, epoch: self.identity.epoch, now: self.now };
        let verified = judge.verify(order).map_err(Refused::document)?;
        let issued_at = verified.issued_at;
        let ask = Ask {
            execution: verified.execution,
            run: verified.run,
            slot: None,
            valid_until: verified.valid_until,
            task: &verified.task,
            secrets: &order.secrets,
            purpose: &order.execution,
        };
        self.allow(&ask).map(|(plan, max_concurrent)| Accepted { plan, issued_at, max_concurrent })
    }

    /// Judges what a schedule on this device begins; its documents were verified when they were taken.
    pub fn judge_slot(&self, kept: &Scheduled, slot: FiredSlot, valid_until: Time) -> Result<Allowed, Refused> {
        let (schedule, revision) = (slot.schedule, slot.revision);
        let ask = Ask {
            execution: execution_of_slot(schedule, revision, slot.at, self.identity.device),
            run: run_of_slot(schedule, revision, slot.at),
            slot: Some(slot),
            valid_until,
            task: &kept.task,
            secrets: &kept.secrets,
            purpose: &schedule,
        };
        if self.now >= valid_until {
            return Err(Refused::all(&kept.task, Reason::new("expired", "its turn did not come in time")).with_state(State::Expired));
        }
        self.allow(&ask)
    }

    /// What is true may still not be allowed here.
    fn allow(&self, ask: &Ask<'_>) -> Result<Allowed, Refused> {
        let policy = policy::load(self.state.policy_dir()).map_err(|error| Refused::all(ask.task, error.reason()))?;
        policy.check_signer().map_err(|refusal| Refused::all(ask.task, refusal.reason()))?;
        let rules = policy.rules(self.state);
        let steps = self.plan_steps(&policy, &rules, ask.task)?;
        let plan = Plan {
            execution: ask.execution,
            run: ask.run,
            slot: ask.slot,
            valid_until: ask.valid_until,
            on_failure: ask.task.on_failure,
            steps,
            rules,
            secrets: Secrets::open(ask.secrets, ask.purpose, self.keys).map_err(|reason| Refused::all(ask.task, reason))?,
        };
        Ok((plan, policy.max_concurrent))
    }

    fn plan_steps(&self, policy: &Policy, rules: &Rules, task: &TaskDocument) -> Result<Vec<Step>, Refused> {
        let plan_step = |action: &serde_json::Value| -> Result<Step, Reason> {
            let action = match Step::read(action) {
                Ok(action) => action,
                Err(unsupported) => return Ok(unsupported),
            };
            let user = policy.judge(&action, rules, self.own, self.users)?;
            Ok(Step::Run { action: Box::new(action), user })
        };
        let actions = task.actions.iter().enumerate();
        actions.map(|(index, action)| plan_step(action).map_err(|refusal| Refused::one(task, index, refusal))).collect()
    }
}

impl Refused {
    fn document(error: DocumentError) -> Self {
        let state = if error == DocumentError::Expired { State::Expired } else { State::Rejected };
        Self { state, reason: Reason::new(error.code(), error.to_string()), actions: Vec::new() }
    }

    fn with_state(mut self, state: State) -> Self {
        self.state = state;
        for action in &mut self.actions {
            action.state = state;
        }
        self
    }

    fn all(task: &TaskDocument, reason: Reason) -> Self {
        let actions = kinds(task).map(|kind| not_started(&kind, State::Rejected, reason.clone())).collect();
        Self { state: State::Rejected, reason, actions }
    }

    fn one(task: &TaskDocument, refused: usize, reason: Reason) -> Self {
        let spared = Reason::new("not_started", "another action of this task was refused");
        let actions = kinds(task).enumerate().map(|(index, kind)| match index == refused {
            true => not_started(&kind, State::Rejected, reason.clone()),
            false => not_started(&kind, State::Skipped, spared.clone()),
        });
        let actions = actions.collect();
        Self { state: State::Rejected, reason: Reason::new(&reason.code, format!("action {}: {}", refused + 1, reason.detail)), actions }
    }
}

fn kinds(task: &TaskDocument) -> impl Iterator<Item = String> + '_ {
    task.actions.iter().map(|action| match Step::read(action) {
        Ok(action) => action.type_word().to_owned(),
        Err(unsupported) => unsupported.kind().to_owned(),
    })
}

#[cfg(test)]
mod tests;
