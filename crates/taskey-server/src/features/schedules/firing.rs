//! Fires what the server fires. A slot and its run are one transaction, and the slot's row can be written once, whatever other nodes do.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::document::Order;
use taskey_proto::id::RunId;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{EXPIRES_DEFAULT, RunSlot};
use taskey_proto::schedules::{Overlap, ScheduleState, SlotState, run_of_slot};
use taskey_schedule::due::{Standing, Unmet, Verdict, judge};

use super::intake::{is_complete, ran_once};
use super::store::{self, NewSlot, ScheduleRow};
use super::{blocked, ops, targets};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::features::devices::{Target, targets_by_id};
use crate::features::runs;
use crate::features::runs::scheduled::{OnServer, newest_run_of_revision, open_runs_of_schedule};
use crate::features::tasks::load_version;
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;
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

/// What is written for one schedule whose time has come.
struct Firing {
    actor: Actor,
    before: ScheduleRow,
    settled: Time,
    next_at: Option<Time>,
    slots: Vec<NewSlot>,
    runs: Vec<OnServer>,
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
    let actor = Actor::without_request(before.organization, "system", before.id.to_string(), before.name.clone(), String::new());
    let by = format!("the next slot of the schedule {}", before.name);
    let mut firing = Firing { actor, settled, next_at, slots: Vec::new(), runs: Vec::new(), done: None, now, before };
    let mut effects = Effects::default();
    for verdict in verdicts {
        if firing.done.is_none() {
            firing.take(app, verdict, &mut effects).await?;
        }
    }
    if firing.next_at.is_none() && firing.done.is_none() {
        firing.done = Some(Reason::new("no_more_slots", "Its last slot has passed."));
    }
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
                    Overlap::Forbid | Overlap::Queue(_) if is_busy => {
                        self.unmet(skip("overlap", "An earlier run of this schedule was not over.".to_owned()));
                        return Ok(());
                    }
                    Overlap::Replace => effects.replaced.extend(open),
                    Overlap::Allow | Overlap::Forbid | Overlap::Queue(_) => {}
                }
                let devices = targets::devices(&mut &app.db, self.before.organization, &self.before.targets).await?;
                let found = targets_by_id(&app.db, self.before.organization, &devices.into_iter().collect::<Vec<_>>()).await?;
                if found.is_empty() {
                    self.unmet(skip("no_devices", "None of its targets is enrolled.".to_owned()));
                    return Ok(());
                }
                self.run(app, at, state, late_ms, found, effects).await
            }
        }
    }

    async fn run(
        &mut self,
        app: &App,
        at: Time,
        state: SlotState,
        late_ms: u64,
        found: Vec<Target>,
        effects: &mut Effects,
    ) -> ApiResult<()> {
        let row = &self.before;
        let Some(task) = load_version(app, row.organization, row.task, row.task_version).await? else {
            self.unmet(one(at, SlotState::Skipped, Reason::new("no_task", "Its task was removed.")));
            return Ok(());
        };
        let slot = RunSlot { schedule: row.id, revision: row.revision, at };
        let expires_in = row.spec.expires_in.unwrap_or(EXPIRES_DEFAULT);
        let (run, orders) = OnServer::prepare(app, slot, &row.name, row.spec.when_offline, expires_in, task, found)?;
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

    fn unmet(&mut self, unmet: Unmet) {
        self.settled = self.settled.max(unmet.until);
        self.slots.push(self.slot(unmet.at, unmet.until, unmet.count, unmet.state, Some(unmet.reason)));
    }

    fn slot(&self, at: Time, until: Time, count: u64, state: SlotState, reason: Option<Reason>) -> NewSlot {
        let (schedule, revision) = (self.before.id, self.before.revision);
        NewSlot { schedule, revision, device: None, at, until, count, state, reason, late_ms: None, run: None, execution: None }
    }

    /// Whether a run of this revision ran to its end.
    async fn has_run(&self, app: &App) -> ApiResult<bool> {
        let newest = newest_run_of_revision(&mut &app.db, self.before.id, self.before.revision).await?;
        Ok(newest.is_some_and(is_complete))
    }
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
