//! What comes from the server: orders, taken once each, and cancellations.
//!
//! An order that comes twice is never run twice: one that is running or not yet acknowledged is left alone (its end is on its
//! way), one whose end was acknowledged is answered with that end again, from the journal.

use taskey_proto::Time;
use taskey_proto::document::{CANCEL_CONTEXT, Cancel, Order, SignedDocument};
use taskey_proto::id::ExecutionId;
use taskey_proto::line::FiredSlot;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{EXPIRES_DEFAULT, EXPIRES_MAX, State};
use taskey_proto::schedules::{Overlap, execution_of_slot};
use tokio::sync::watch;

use super::{Agent, Running, Waiting, What};
use crate::clock::firing_time;
use crate::execution::{self, Ground, Plan, never_ran, not_started};
use crate::executor::Stop;
use crate::fetch::{Fetched, FetchedSchedules};
use crate::journal::{Begun, Known};
use crate::orders::{Bench, Refused};
use crate::{info, warning};

/// Orders that wait for a place. More are let go: they are not held, so the server brings them again at the next sync.
const WAITING_MAX: usize = 64;
/// Orders that are fetched at a time; more are let go in the same way.
const FETCHES_MAX: usize = 64;

impl Agent {
    pub(super) fn accept(&mut self, order: Box<Order>) {
        let execution = order.execution;
        if self.is_known(execution) {
            return;
        }
        let accepted = match self.bench().judge(&order) {
            Ok(accepted) => accepted,
            Err(refused) => return self.refuse(execution, refused),
        };
        self.time.saw(accepted.issued_at);
        self.max_concurrent = accepted.max_concurrent;
        if self.running.len() < self.max_concurrent && self.waiting.is_empty() {
            return self.begin(accepted.plan);
        }
        if self.waiting.len() >= WAITING_MAX {
            self.let_go = true;
            return;
        }
        self.waiting.push_back(Waiting { what: What::Order(order), valid_until: accepted.plan.valid_until });
    }

    /// Whether an order has come before; the end of one that is over is told again.
    pub(super) fn is_known(&mut self, execution: ExecutionId) -> bool {
        if self.outbox.holds(execution) || self.waiting.iter().any(|waiting| self.execution_of(waiting) == execution) {
            return true;
        }
        match self.journal.knows(execution) {
            None => false,
            Some(Known::Done) => {
                self.outbox.restore(execution);
                true
            }
            Some(Known::Begun | Known::Finished) => true,
        }
    }

    pub(super) fn execution_of(&self, waiting: &Waiting) -> ExecutionId {
        match &waiting.what {
            What::Order(order) => order.execution,
            What::Slot(slot) => execution_of_slot(slot.schedule, slot.revision, slot.at, self.identity.device),
        }
    }

    fn bench(&self) -> Bench<'_> {
        Bench {
            identity: &self.identity,
            keys: &self.keys,
            now: self.time.now(),
            state: &self.config.state,
            users: &self.config.users,
            own: &self.own,
        }
    }

    fn refuse(&mut self, execution: ExecutionId, refused: Refused) {
        self.refuse_slot(execution, None, refused);
    }

    fn refuse_slot(&mut self, execution: ExecutionId, slot: Option<FiredSlot>, refused: Refused) {
        info!("{execution} is {}: {}: {}", refused.state.word(), refused.reason.code, refused.reason.detail);
        let now = self.time.now();
        let mut report = never_ran(execution, refused.state, refused.reason, refused.actions, now);
        report.slot = slot;
        self.end(report, now.plus_ms(EXPIRES_DEFAULT.ms() as i64));
    }

    fn begin(&mut self, plan: Plan) {
        let begun = Begun {
            execution: plan.execution,
            run: plan.run,
            valid_until: plan.valid_until,
            boot_id: self.boot_id.clone(),
            started_at: self.time.now(),
            kinds: plan.steps.iter().map(|step| step.kind().to_owned()).collect(),
            slot: plan.slot,
        };
        if let Err(error) = self.journal.begin(begun) {
            let reason = Reason::new("journal_failed", format!("the journal cannot be written, and without it nothing runs: {error}"));
            let actions = plan.steps.iter().map(|step| not_started(step.kind(), State::Rejected, reason.clone())).collect();
            return self.refuse_slot(plan.execution, plan.slot, Refused { state: State::Rejected, reason, actions });
        }
        self.outbox.begin(plan.execution, plan.slot);
        let (stop, stopped) = watch::channel(None);
        self.running.insert(
            plan.execution,
            Running {
                stop,
                valid_until: plan.valid_until,
                isolation: plan.isolation(&self.config.warden),
                started: false,
                schedule: plan.slot.map(|slot| slot.schedule),
            },
        );
        let ground = Ground {
            warden: self.config.warden.clone(),
            own: self.own.clone(),
            users: self.config.users.clone(),
            time: self.time.clone(),
            kill_grace: self.config.kill_grace,
            own_program: self.config.own_program.clone(),
            simulated: self.config.simulated,
        };
        tokio::spawn(execution::run(plan, ground, stopped, self.events.clone()));
    }

    /// Begins what waits, as far as there are places, and ends what has waited too long.
    pub(super) fn begin_waiting(&mut self) {
        let now = self.time.now();
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.valid_until <= now) {
            self.begin_at(at);
        }
        while self.running.len() < self.max_concurrent {
            let Some(at) = self.waiting.iter().position(|waiting| self.may_begin(waiting)) else { break };
            self.begin_at(at);
        }
        if self.waiting.is_empty() && self.fetching.is_empty() && std::mem::take(&mut self.let_go) {
            self.send_sync();
        }
    }

    /// A slot that does not go beside others of its schedule waits until they are over.
    fn may_begin(&self, waiting: &Waiting) -> bool {
        let Some(schedule) = waiting.schedule() else { return true };
        let goes_beside = self.schedules.kept.get(&schedule).is_some_and(|kept| kept.document.overlap == Overlap::Allow);
        goes_beside || !self.running.values().any(|running| running.schedule == Some(schedule))
    }

    /// Judged again: its time may be over by now, and the policy another.
    fn begin_at(&mut self, at: usize) {
        let Some(Waiting { what, valid_until }) = self.waiting.remove(at) else { return };
        match what {
            What::Order(order) => match self.bench().judge(&order) {
                Ok(accepted) => {
                    self.max_concurrent = accepted.max_concurrent;
                    self.begin(accepted.plan);
                }
                Err(refused) => self.refuse(order.execution, refused),
            },
            What::Slot(slot) => self.begin_slot(slot, valid_until),
        }
    }

    fn begin_slot(&mut self, slot: FiredSlot, valid_until: Time) {
        // What is not kept any more was taken out of what waits.
        let Some(kept) = self.schedules.kept.get(&slot.schedule) else { return };
        match self.bench().judge_slot(kept, slot, valid_until) {
            Ok((plan, max_concurrent)) => {
                self.max_concurrent = max_concurrent;
                self.begin(plan);
            }
            Err(refused) => {
                let execution = execution_of_slot(slot.schedule, slot.revision, slot.at, self.identity.device);
                self.refuse_slot(execution, Some(slot), refused);
            }
        }
    }

    pub(super) fn cancel(&mut self, document: &SignedDocument) {
        let cancel: Cancel = match document.open(&self.identity.server_key, CANCEL_CONTEXT, "cancellation") {
            Ok(cancel) => cancel,
            Err(error) => return warning!("a cancellation is not believed: {error}"),
        };
        if cancel.device != self.identity.device {
            return warning!("a cancellation is for another device");
        }
        self.time.saw(cancel.issued_at);
        let stop = Stop::Cancelled { by: cancel.by };
        if let Some(running) = self.running.get(&cancel.execution) {
            running.stop.send_if_modified(|asked| asked.is_none() && asked.replace(stop).is_none());
            return;
        }
        let at = self.waiting.iter().position(|waiting| self.execution_of(waiting) == cancel.execution);
        let slot = at.and_then(|at| self.waiting.remove(at)).and_then(|waiting| match waiting.what {
            What::Order(_) => None,
            What::Slot(slot) => Some(slot),
        });
        if self.is_known(cancel.execution) {
            return;
        }
        // Its order waits here or is still to come; now it will never run, and the server hears so.
        let mut report = never_ran(cancel.execution, State::Cancelled, stop.reason(), Vec::new(), self.time.now());
        report.slot = slot;
        self.end(report, cancel.issued_at.plus_ms(EXPIRES_MAX.ms() as i64));
    }

    pub(super) fn fetch(&mut self, execution: ExecutionId) {
        if self.fetching.contains(&execution) || self.is_known(execution) {
            return;
        }
        if self.fetching.len() >= FETCHES_MAX {
            self.let_go = true;
            return;
        }
        self.fetching.insert(execution);
        self.fetcher.fetch(execution, self.identity.clone());
    }

    pub(super) fn take_fetched(&mut self, fetched: Fetched) {
        self.fetching.remove(&fetched.execution);
        match fetched.order {
            Ok(order) if order.execution == fetched.execution => self.accept(order),
            Ok(_) => warning!("the server answered with another order than {}", fetched.execution),
            Err(error) => warning!("{} cannot be fetched, the server will name it again: {error}", fetched.execution),
        }
    }

    /// At the start: what an earlier life has kept goes on.
    pub(super) fn begin_schedules(&mut self) {
        self.restore_waiting_slots();
        let now = firing_time(&self.time, self.config.clock.wall()).unwrap_or_else(|| self.time.now());
        let taken_at =
            self.schedules.kept.keys().filter_map(|schedule| self.journal.progress(*schedule)).map(|progress| progress.since).max();
        self.tell_assigned(taken_at.unwrap_or(now));
        self.fire_all(now);
    }

    pub(super) fn hear_of_assignment(&mut self, number: u64) {
        info!("the server has schedules to keep (assignment {number})");
        self.ask_for_assignment();
    }

    /// One question at a time: a change in the meantime is told by another word of the server.
    pub(super) fn ask_for_assignment(&mut self) {
        self.ask_again = self.is_asking;
        if !std::mem::replace(&mut self.is_asking, true) {
            self.fetcher.fetch_schedules(self.schedules.request(), self.identity.clone());
        }
    }

    pub(super) fn take_fetched_schedules(&mut self, fetched: FetchedSchedules) {
        self.is_asking = false;
        let again = std::mem::take(&mut self.ask_again);
        match fetched.0 {
            Ok(fetched) => self.take_assignment(*fetched),
            Err(error) => warning!("the schedules cannot be fetched, the server will name them again: {error}"),
        }
        if again {
            self.ask_for_assignment();
        }
    }
}
