//! From an order to a plan: is it true, and does the owner of this device allow it.
//!
//! Signatures, digests, inclusion, epoch and validity come first; nothing of the task is read before. Then the policy, read
//! anew each time, decides over every action before the first one starts. An action that this build does not know is no
//! reason against the others: it is planned as `unsupported` and refused when its turn comes.

use taskey_proto::Time;
use taskey_proto::document::{DocumentError, Judge, Order, VerifiedOrder};
use taskey_proto::line::ActionReport;
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;

use crate::execution::{Plan, Step, not_started};
use crate::executor::Rules;
use crate::identity::{Identity, Keys};
use crate::policy::{self, Policy};
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
        let policy = policy::load(self.state.policy_dir()).map_err(|error| Refused::all(&verified, error.reason()))?;
        policy.check_signer().map_err(|refusal| Refused::all(&verified, refusal.reason()))?;
        let rules = policy.rules(self.state);
        let steps = self.plan_steps(&policy, &rules, &verified)?;
        let plan = Plan {
            execution: verified.execution,
            run: verified.run,
            valid_until: verified.valid_until,
            on_failure: verified.task.on_failure,
            steps,
            rules,
            secrets: Secrets::open(order, self.keys).map_err(|reason| Refused::all(&verified, reason))?,
        };
        Ok(Accepted { plan, issued_at: verified.issued_at, max_concurrent: policy.max_concurrent })
    }

    fn plan_steps(&self, policy: &Policy, rules: &Rules, verified: &VerifiedOrder) -> Result<Vec<Step>, Refused> {
        let plan_step = |action: &serde_json::Value| -> Result<Step, Reason> {
            let action = match Step::read(action) {
                Ok(action) => action,
                Err(unsupported) => return Ok(unsupported),
            };
            let user = policy.judge(&action, rules, self.own, self.users)?;
            Ok(Step::Run { action: Box::new(action), user })
        };
        let actions = verified.task.actions.iter().enumerate();
        actions.map(|(index, action)| plan_step(action).map_err(|refusal| Refused::one(verified, index, refusal))).collect()
    }
}

impl Refused {
    fn document(error: DocumentError) -> Self {
        let state = if error == DocumentError::Expired { State::Expired } else { State::Rejected };
        Self { state, reason: Reason::new(error.code(), error.to_string()), actions: Vec::new() }
    }

    fn all(verified: &VerifiedOrder, reason: Reason) -> Self {
        let actions = kinds(verified).map(|kind| not_started(&kind, State::Rejected, reason.clone())).collect();
        Self { state: State::Rejected, reason, actions }
    }

    fn one(verified: &VerifiedOrder, refused: usize, reason: Reason) -> Self {
        let spared = Reason::new("not_started", "another action of this task was refused");
        let actions = kinds(verified).enumerate().map(|(index, kind)| match index == refused {
            true => not_started(&kind, State::Rejected, reason.clone()),
            false => not_started(&kind, State::Skipped, spared.clone()),
        });
        let actions = actions.collect();
        Self { state: State::Rejected, reason: Reason::new(&reason.code, format!("action {}: {}", refused + 1, reason.detail)), actions }
    }
}

fn kinds(verified: &VerifiedOrder) -> impl Iterator<Item = String> + '_ {
    verified.task.actions.iter().map(|action| match Step::read(action) {
        Ok(action) => action.type_word().to_owned(),
        Err(unsupported) => unsupported.kind().to_owned(),
    })
}

#[cfg(test)]
mod tests;
