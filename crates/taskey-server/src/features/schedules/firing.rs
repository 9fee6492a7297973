//! Fires what the server fires. A slot and its run are one transaction, and the slot's row can be written once, whatever other nodes do.
//!
//! With `overlap: {queue: n}` a slot that finds an earlier run open waits as a row of its own until that run is over, in the order of their
//! times.

use std::collections::VecDeque;
use std::time::Duration;

use taskey_proto::document::Order;
use taskey_proto::id::RunId;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{EXPIRES_DEFAULT, RunSlot};
use taskey_proto::schedules::{Overlap, ScheduleState, SlotState, run_of_slot};
use taskey_proto::{Span, Time};
use taskey_schedule::due::{Standing, Unmet, Verdict, judge, unmet};

use super::intake::{is_complete, ran_once};
use super::store::{self, NewSlot, ScheduleRow, WaitingSlot};
use super::{blocked, ops, targets};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::features::devices::targets_by_id;
use crate::features::runs;
use crate::features::runs::scheduled::{OnServer, newest_run_since_revision, open_runs_of_schedule};
use crate::features::tasks::load_version;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::problem::ApiResult;

/// How far apart two looks at what is due are at most, and at least.
const LOOK_MAX: Duration = Duration::from_secs(5);
const LOOK_MIN: Duration = Duration::from_millis(2);
/// Schedules that are looked at in one go.
const AT_ONCE: usize = 100;
/// The topic that a change of a schedule wakes: the next one may be due sooner.
pub(super) const CHANGED: &str = "schedules:changed";

/// Fires schedules when they are due.
pub async fn fire_due(app: App) {
    let mut waker = app.db.hub().subscribe(CHANGED);
    loop {
        let pause = match fire_some(&app).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(detail = %error.detail, "schedules did not fire");
                LOOK_MAX
            }
        };
        tokio::select! {
            () = app.clock.sleep(pause) => {}
            () = waker.woken() => {}
        }
    }
}

async fn fire_some(app: &App) -> ApiResult<Duration> {
    if app.quiet.is_on(&app.db).await? {
        return Ok(LOOK_MAX);
    }
    let now = app.now();
    for row in store::due(&app.db, now, AT_ONCE).await? {
        let id = row.id;
        if let Err(error) = fire(app, row, now).await {
            tracing::error!(schedule = %id, detail = %error.detail, "a schedule did not fire; it is tried again");
        }
    }
    let next = store::next_due(&app.db).await?;
    let until_next = |next: Time| Duration::from_millis(next.since_ms(app.now()).max(0) as u64).clamp(LOOK_MIN, LOOK_MAX);
    Ok(next.map_or(LOOK_MAX, until_next))
}

/// A run is over: what waited for that has its turn.
pub(super) async fn look_at_turns(app: &App) -> Result<(), DbError> {
    app.db
        .write(app.now(), |tx, now| {
            Box::pin(async move {
                if store::look_at_turns(tx, *now).await? > 0 {
                    tx.wake(CHANGED.to_owned());
                }
                Ok(())
            })
        })
        .await
}

/// Of a server that was restored from a backup: slots until now are missed, whatever the schedule says of missed ones, since it may have fired
/// them before it was restored.
pub async fn pass_over(app: &App) -> ApiResult<()> {
    let now = app.now();
    let reason = Reason::new("before_restore", "The server was restored from a backup, and may have fired it before that.");
    app.db.write(now, |tx, now| Box::pin(store::look_at_waiting(tx, *now))).await?;
    loop {
        let rows = store::due(&app.db, now, AT_ONCE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let mut firing = Firing::of(row, now);
            firing.waited = store::waiting_slots(&mut &app.db, firing.before.id).await?;
            let given_up = firing.waited.iter().map(|waiting| settled(waiting, SlotState::Missed, Some(reason.clone())));
            firing.slots = given_up.collect();
            let timetable = blocked::timetable_of_due(app, &firing.before, firing.settled, now).await?;
            if let Some(unmet) = unmet(&timetable, firing.settled, now, SlotState::Missed, reason.clone()) {
                firing.unmet(unmet);
            }
            firing.settled = now;
            firing.look_again(timetable.next(now).map(|next| next.at));
            app.db.write(firing, |tx, firing| Box::pin(write(tx, firing))).await?;
        }
    }
}

/// What is written for one schedule whose time has come.
struct Firing {
    actor: Actor,
    before: ScheduleRow,
    settled: Time,
    next_at: Option<Time>,
    slots: Vec<NewSlot>,
    runs: Vec<OnServer>,
    /// What waits for its turn after this, and what of it has waited before.
    waiting: VecDeque<WaitingSlot>,
    waited: Vec<WaitingSlot>,
    done: Option<Reason>,
    now: Time,
}

/// What follows its commit.
#[derive(Default)]
struct Effects {
    orders: Vec<Order>,
    replaced: Vec<RunId>,
}

async fn fire(app: &App, before: ScheduleRow, now: Time) -> ApiResult<()> {
    let settled = before.settled_until.unwrap_or(now);
    let timetable = blocked::timetable_of_due(app, &before, settled, now).await?;
    let standing = Standing { settled, splay_ms: 0, missed: before.spec.missed, on_block: before.spec.on_block, now, before_jump: None };
    let (verdicts, next_at) = judge(&timetable, &standing);
    let by = format!("the next slot of the schedule {}", before.name);
    let mut firing = Firing::of(before, now);
    firing.waited = store::waiting_slots(&mut &app.db, firing.before.id).await?;
    firing.waiting = firing.waited.iter().copied().collect();
    let mut effects = Effects::default();
    for verdict in verdicts {
        if firing.done.is_none() {
            firing.take(app, verdict, &mut effects).await?;
        }
    }
    firing.take_turn(app, &mut effects).await?;
    firing.look_again(next_at);
    let fired = app.db.write(firing, |tx, firing| Box::pin(write(tx, firing))).await?;
    if !fired {
        return Ok(());
    }
    runs::scheduled::send(app, effects.orders).await;
    for run in effects.replaced {
        runs::scheduled::cancel(app, run, &by).await?;
    }
    Ok(())
}

impl Firing {
    fn of(before: ScheduleRow, now: Time) -> Self {
        let actor = Actor::without_request(before.organization, "system", before.id.to_string(), before.name.clone(), String::new());
        let settled = before.settled_until.unwrap_or(now);
        let (waiting, waited) = (VecDeque::new(), Vec::new());
        Self { actor, before, settled, next_at: None, slots: Vec::new(), runs: Vec::new(), waiting, waited, done: None, now }
    }

    async fn take(&mut self, app: &App, verdict: Verdict, effects: &mut Effects) -> ApiResult<()> {
        match verdict {
            Verdict::Not(unmet) => {
                self.unmet(unmet);
                Ok(())
            }
            Verdict::Run { at, state, late_ms } => {
                let skip = |code: &str, detail: String| one(at, SlotState::Skipped, Reason::new(code, detail));
                if self.before.spec.run_once && self.has_run(app).await? {
                    self.done = Some(ran_once());
                    return Ok(());
                }
                let open = open_runs_of_schedule(&mut &app.db, self.before.id).await?;
                let is_busy = !open.is_empty() || !self.runs.is_empty();
                let overlap = if self.before.spec.run_once { Overlap::Forbid } else { self.before.spec.overlap };
                match overlap {
                    Overlap::Queue(max) if is_busy || !self.waiting.is_empty() => {
                        if self.waiting.len() >= max as usize {
                            self.unmet(skip("queue_full", format!("{} of this schedule waited already.", self.waiting.len())));
                            return Ok(());
                        }
                        let valid_until = self.now.plus_ms(self.expires_in().ms() as i64);
                        let (schedule, revision) = (self.before.id, self.before.revision);
                        self.settled = self.settled.max(at);
                        self.waiting.push_back(WaitingSlot { schedule, revision, at, state, valid_until });
                        return Ok(());
                    }
                    Overlap::Forbid if is_busy => {
                        self.unmet(skip("overlap", "An earlier run of this schedule was not over.".to_owned()));
                        return Ok(());
                    }
                    Overlap::Replace => effects.replaced.extend(open),
                    Overlap::Allow | Overlap::Forbid | Overlap::Queue(_) => {}
                }
                self.run(app, at, state, late_ms, effects).await
            }
        }
    }

    /// What waits longest begins, once nothing of the schedule is open.
    async fn take_turn(&mut self, app: &App, effects: &mut Effects) -> ApiResult<()> {
        while let Some(waiting) = self.waiting.front().copied() {
            if waiting.valid_until <= self.now {
                let reason = Reason::new("expired", "It waited for its turn for longer than it may.");
                self.slots.push(settled(&waiting, SlotState::Skipped, Some(reason)));
            } else if self.runs.is_empty() && open_runs_of_schedule(&mut &app.db, self.before.id).await?.is_empty() {
                let late_ms = self.now.since_ms(waiting.at).max(0) as u64;
                self.run(app, waiting.at, waiting.state, late_ms, effects).await?;
            } else {
                return Ok(());
            }
            self.waiting.pop_front();
        }
        Ok(())
    }

    fn expires_in(&self) -> Span {
        self.before.spec.expires_in.unwrap_or(EXPIRES_DEFAULT)
    }

    async fn run(&mut self, app: &App, at: Time, state: SlotState, late_ms: u64, effects: &mut Effects) -> ApiResult<()> {
        let row = &self.before;
        let devices = targets::devices(&mut &app.db, row.organization, &row.targets).await?;
        let found = targets_by_id(&app.db, row.organization, &devices.into_iter().collect::<Vec<_>>()).await?;
        if found.is_empty() {
            self.unmet(one(at, SlotState::Skipped, Reason::new("no_devices", "None of its targets is enrolled.")));
            return Ok(());
        }
        let Some(task) = load_version(app, row.organization, row.task, row.task_version).await? else {
            self.unmet(one(at, SlotState::Skipped, Reason::new("no_task", "Its task was removed.")));
            return Ok(());
        };
        let slot = RunSlot { schedule: row.id, revision: row.revision, at };
        let (run, orders) = OnServer::prepare(app, slot, &row.name, row.spec.when_offline, self.expires_in(), task, found)?;
        self.slots.push(NewSlot {
            late_ms: Some(late_ms),
            run: Some(run_of_slot(row.id, row.revision, at)),
            ..self.slot(at, at, 1, state, None)
        });
        self.settled = self.settled.max(at);
        self.runs.push(run);
        effects.orders.extend(orders);
        Ok(())
    }

    /// When it is to be looked at next; never, and it is done.
    fn look_again(&mut self, at: Option<Time>) {
        let expires = self.waiting.front().map(|waiting| waiting.valid_until);
        self.next_at = at.into_iter().chain(expires).min();
        if self.next_at.is_none() && self.done.is_none() {
            self.done = Some(Reason::new("no_more_slots", "Its last slot has passed."));
        }
    }

    fn unmet(&mut self, unmet: Unmet) {
        self.settled = self.settled.max(unmet.until);
        self.slots.push(self.slot(unmet.at, unmet.until, unmet.count, unmet.state, Some(unmet.reason)));
    }

    fn slot(&self, at: Time, until: Time, count: u64, state: SlotState, reason: Option<Reason>) -> NewSlot {
        let (schedule, revision) = (self.before.id, self.before.revision);
        NewSlot { schedule, revision, device: None, at, until, count, state, reason, late_ms: None, run: None, execution: None }
    }

    /// Whether a run ran to its end since somebody last wrote or resumed the schedule.
    async fn has_run(&self, app: &App) -> ApiResult<bool> {
        let newest = newest_run_since_revision(&mut &app.db, self.before.id, self.before.once_since).await?;
        Ok(newest.is_some_and(is_complete))
    }
}

/// A slot that waited, with what has become of it.
pub(super) fn settled(waiting: &WaitingSlot, state: SlotState, reason: Option<Reason>) -> NewSlot {
    let WaitingSlot { schedule, revision, at, .. } = *waiting;
    NewSlot { schedule, revision, device: None, at, until: at, count: 1, state, reason, late_ms: None, run: None, execution: None }
}

fn one(at: Time, state: SlotState, reason: Reason) -> Unmet {
    Unmet { at, until: at, count: 1, state, reason }
}

/// False where another node, or an edit, came first: then nothing is written.
async fn write(tx: &mut Tx<'_>, firing: &Firing) -> ApiResult<bool> {
    let before = &firing.before;
    let Some(mut row) = store::schedule(tx, before.id).await? else { return Ok(false) };
    let is_same = (row.revision, row.state, row.settled_until) == (before.revision, ScheduleState::Active, before.settled_until);
    if !is_same {
        return Ok(false);
    }
    let waits = |slot: &WaitingSlot| firing.waiting.iter().any(|waiting| waiting.at == slot.at);
    for slot in firing.waited.iter().filter(|slot| !waits(slot)) {
        if !store::delete_waiting(tx, slot).await? {
            return Ok(false);
        }
    }
    let waited = |slot: &WaitingSlot| firing.waited.iter().any(|waited| waited.at == slot.at);
    for slot in firing.waiting.iter().filter(|slot| !waited(slot)) {
        store::insert_waiting(tx, slot).await?;
    }
    for slot in &firing.slots {
        if !store::insert_slot(tx, slot, firing.now).await? {
            return Ok(false);
        }
    }
    for run in &firing.runs {
        run.insert(tx, &firing.actor).await?;
    }
    row.settled_until = Some(firing.settled);
    row.next_at = firing.next_at;
    // The run that these wait for may have ended since it was looked at, and then nothing wakes them any more.
    if !firing.waiting.is_empty() && firing.runs.is_empty() && open_runs_of_schedule(tx, before.id).await?.is_empty() {
        row.next_at = Some(firing.now);
    }
    store::update_schedule(tx, &row).await?;
    if let Some(reason) = &firing.done {
        ops::finish(tx, &row, reason, firing.now).await?;
    }
    if !firing.slots.is_empty() {
        let data = serde_json::json!({"slots": firing.slots.len(), "runs": firing.runs.len()});
        let subject = row.id.to_string();
        let event = Announce { organization: row.organization, name: "schedule.slots", subject: &subject, at: firing.now, data: &data };
        tx.announce(event).await?;
    }
    Ok(true)
}
