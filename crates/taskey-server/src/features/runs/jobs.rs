//! What runs do in the background: expiry, devices that never report, devices that are removed.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::id::{DeviceId, RunId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;

use super::delivery;
use super::ops::end_execution;
use super::restored::{self, QUIET_ENDED};
use super::store::{self, End};
use crate::app::App;
use crate::platform::db::events::{Event, Follower};
use crate::platform::db::{DbError, Tx, events};

/// How far apart two looks at what is due are at most, and at least.
const LOOK_MAX: Duration = Duration::from_secs(5);
const LOOK_MIN: Duration = Duration::from_millis(20);
/// The topic that a run wakes whose devices are away.
pub(super) const QUEUED: &str = "runs:queued";
const EVENTS_AT_ONCE: usize = 200;
const CONSUMER: &str = "runs";

/// Ends what has waited too long: `expired` for what was never sent, `lost` for what was never reported.
pub async fn end_overdue(app: App) {
    let mut waker = app.db.hub().subscribe(QUEUED);
    loop {
        let pause = match end_some(&app).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "overdue executions were not ended");
                LOOK_MAX
            }
        };
        // What was queued meanwhile may expire sooner than all that was known.
        tokio::select! {
            () = app.clock.sleep(pause) => {}
            () = waker.woken() => {}
        }
    }
}

async fn end_some(app: &App) -> Result<Duration, DbError> {
    let now = app.now();
    // What waited when the backup was made stays to be seen until the operator has decided.
    if app.quiet.is_on(&app.db).await? {
        return Ok(LOOK_MAX);
    }
    let Some(due) = store::next_due(&app.db).await? else { return Ok(LOOK_MAX) };
    if due > now {
        return Ok(Duration::from_millis(due.since_ms(now) as u64).clamp(LOOK_MIN, LOOK_MAX));
    }
    app.db.write(now, |tx, now| Box::pin(end_overdue_in(tx, *now))).await?;
    Ok(LOOK_MIN)
}

async fn end_overdue_in(tx: &mut Tx<'_>, now: Time) -> Result<(), DbError> {
    for execution in store::executions_expired(tx, now).await? {
        let reason = Reason::new("offline", "The device did not come online in time.");
        end_execution(tx, &execution, &End::by_server(State::Expired, reason, now), now).await?;
    }
    for execution in store::executions_unreported(tx, now).await? {
        let reason = Reason::new("no_report", "The device has not reported for a week longer than this could have taken.");
        end_execution(tx, &execution, &End::by_server(State::Lost, reason, now), now).await?;
    }
    Ok(())
}

/// Reacts to events: the executions of a removed device end, and the devices on this node's lines get the orders and the
/// cancellations of runs that another node has started or cancelled.
pub async fn follow_events(app: App) {
    let mut waker = app.db.hub().subscribe(events::ALL);
    let mut follower = Follower::new(CONSUMER);
    loop {
        if let Err(error) = react(&app, &mut follower).await {
            tracing::error!(%error, "events were not taken in");
        }
        waker.woken().await;
    }
}

async fn react(app: &App, follower: &mut Follower) -> Result<(), DbError> {
    loop {
        let batch = follower.next(&app.db, EVENTS_AT_ONCE).await?;
        let removed: Vec<_> = batch.iter().filter(|event| event.name == "device.removed").collect();
        for device in removed.iter().filter_map(|event| event.subject.parse::<DeviceId>().ok()) {
            end_executions_of(app, device).await?;
        }
        for event in &batch {
            match event.name.as_str() {
                "run.started" => send_from_here(app, event).await?,
                "run.cancelled" => cancel_from_here(app, event).await?,
                _ => {}
            }
        }
        if batch.iter().any(|event| event.name == QUIET_ENDED) {
            restored::deliver_what_was_kept(app).await?;
        }
        follower.took(&app.db, &batch, !removed.is_empty()).await?;
        if batch.len() < EVENTS_AT_ONCE {
            return Ok(());
        }
    }
}

async fn send_from_here(app: &App, event: &Event) -> Result<(), DbError> {
    let Some(run) = of_another_node(app, event) else { return Ok(()) };
    for (execution, device) in store::dispatched_of_run(&app.db, run, app.epoch).await? {
        if app.lines.has(device) {
            delivery::send_stored(app, execution).await?;
        }
    }
    Ok(())
}

async fn cancel_from_here(app: &App, event: &Event) -> Result<(), DbError> {
    let Some(run) = of_another_node(app, event) else { return Ok(()) };
    for (execution, device, by) in store::cancelled_of_run(&app.db, run).await? {
        if app.lines.has(device) {
            delivery::send_cancel(app, device, execution, &by);
        }
    }
    Ok(())
}

/// The run of an event that another node is at the origin of, where this one has lines at all.
fn of_another_node(app: &App, event: &Event) -> Option<RunId> {
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    let is_own = data["node"].as_str() == Some(app.node.to_string().as_str());
    if is_own || app.lines.count() == 0 { None } else { event.subject.parse().ok() }
}

async fn end_executions_of(app: &App, device: DeviceId) -> Result<(), DbError> {
    loop {
        let ended = app.db.write((device, app.now()), |tx, (device, now)| Box::pin(end_some_of(tx, *device, *now))).await?;
        if ended == 0 {
            return Ok(());
        }
    }
}

async fn end_some_of(tx: &mut Tx<'_>, device: DeviceId, now: Time) -> Result<usize, DbError> {
    let open = store::open_executions_of_device(tx, device, 200).await?;
    for execution in &open {
        let reason = Reason::new("device_removed", "The device was removed.");
        let state = if execution.state == State::Queued { State::Cancelled } else { State::Lost };
        end_execution(tx, execution, &End::by_server(state, reason, now), now).await?;
    }
    Ok(open.len())
}
