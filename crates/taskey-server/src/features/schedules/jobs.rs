//! What schedules do in the background: they follow tasks, calendars, secrets, devices and groups.

use std::collections::BTreeSet;
use std::time::Duration;

use taskey_proto::id::{DeviceId, OrganizationId, ScheduleId, TaskId};
use taskey_proto::problem::Code;
use taskey_proto::schedules::ScheduleState;

use super::intake::RAN_AHEAD;
use super::{assign, blocked, delivery, firing, ops, store};
use crate::app::App;
use crate::platform::db::events::{Event, Follower};
use crate::platform::db::{DbError, events};

const CONSUMER: &str = "schedules";
const EVENTS_AT_ONCE: usize = 200;
/// A schedule is begun anew for a device's clock at most so often, in milliseconds.
const BEGUN_ANEW_AFTER_MS: i64 = 600_000;
/// How far apart two looks are at schedules whose devices are to be told of later events of their calendars.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
const SCHEDULES_AT_ONCE: usize = 50;

/// What changes what a device is to keep, of a schedule that names groups or labels.
const DEVICES_CHANGE: [&str; 6] = [
    "device.enrolled",
    "device.changed",
    "device_group.changed",
    "device_group.removed",
    "device_group.device_added",
    "device_group.device_removed",
];

/// Reacts to events.
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
        let acted = react_to(app, &batch).await?;
        follower.took(&app.db, &batch, acted).await?;
        if batch.len() < EVENTS_AT_ONCE {
            return Ok(());
        }
    }
}

async fn react_to(app: &App, batch: &[Event]) -> Result<bool, DbError> {
    let mut schedules: BTreeSet<ScheduleId> = BTreeSet::new();
    let mut organizations: BTreeSet<OrganizationId> = BTreeSet::new();
    let mut rotated: BTreeSet<OrganizationId> = BTreeSet::new();
    if batch.iter().any(|event| event.name == "run.finished") {
        firing::look_at_turns(app).await?;
    }
    let mut calendars_changed = false;
    for event in batch {
        match event.name.as_str() {
            "schedule.assigned" => poke(app, event).await?,
            // Written by an op that assigns them itself, unless its server ended just then.
            "schedule.created" | "schedule.changed" | "schedule.paused" | "schedule.resumed" | "schedule.removed" | "schedule.done" => {
                schedules.extend(event.subject.parse::<ScheduleId>().ok());
            }
            "task.changed" => follow_task(app, event).await?,
            RAN_AHEAD => begin_anew(app, event).await?,
            "calendar.changed" => calendars_changed = true,
            "secret.changed" | "secret.removed" => drop(rotated.insert(event.organization)),
            "device.removed" => {
                if let Ok(device) = event.subject.parse::<DeviceId>() {
                    schedules.extend(store::schedules_of_device(&app.db, device).await?);
                }
            }
            name if DEVICES_CHANGE.contains(&name) => drop(organizations.insert(event.organization)),
            _ => {}
        }
    }
    if calendars_changed {
        follow_calendars(app).await?;
    }
    for organization in &organizations {
        schedules.extend(store::dynamic_schedules(&app.db, *organization).await?);
    }
    for schedule in &schedules {
        assign::assign(app, *schedule).await?;
    }
    for organization in &rotated {
        let devices = app.db.write(*organization, |tx, organization| Box::pin(store::renew_secrets(tx, *organization))).await?;
        for device in devices {
            delivery::poke(app, device).await?;
        }
    }
    Ok(calendars_changed || !(schedules.is_empty() && rotated.is_empty()))
}

/// Another node may have changed what devices on the lines of this one are to keep.
async fn poke(app: &App, event: &Event) -> Result<(), DbError> {
    if app.lines.count() == 0 {
        return Ok(());
    }
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    if data["node"].as_str() == Some(app.node.to_string().as_str()) {
        return Ok(());
    }
    let devices: Vec<DeviceId> = serde_json::from_value(data["devices"].clone()).unwrap_or_default();
    for device in devices {
        delivery::poke(app, device).await?;
    }
    Ok(())
}

/// A device whose clock ran ahead has used up slots to come: under the next revision they are still to come.
async fn begin_anew(app: &App, event: &Event) -> Result<(), DbError> {
    let Ok(schedule) = event.subject.parse::<ScheduleId>() else { return Ok(()) };
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    let Some(row) = store::schedule(&mut &app.db, schedule).await? else { return Ok(()) };
    // Of several slots, and of a device that goes on like this, only the first begins it anew.
    let is_current = data["revision"] == row.revision && row.state == ScheduleState::Active && !row.on_server;
    if !is_current || app.now().since_ms(row.updated_at) < BEGUN_ANEW_AFTER_MS {
        return Ok(());
    }
    match ops::begin_anew(app, row).await {
        Ok(()) => {}
        // Another node was first, or somebody edits it: either is a new revision.
        Err(error) if error.code == Code::PreconditionFailed => {}
        Err(error) => tracing::error!(%schedule, detail = %error.detail, "a schedule was not begun anew"),
    }
    Ok(())
}

/// A schedule follows its task to a version whose author could have scheduled it wherever it runs. Any other waits until somebody who may
/// applies the schedule again.
async fn follow_task(app: &App, event: &Event) -> Result<(), DbError> {
    let Ok(task) = event.subject.parse::<TaskId>() else { return Ok(()) };
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    let version = data["version"].as_u64().unwrap_or_default() as u32;
    for row in store::schedules_of_task(&app.db, task).await? {
        if row.task_version >= version {
            continue;
        }
        let schedule = row.id;
        if data["everywhere"].as_bool() == Some(true) {
            match ops::follow_task(app, row, data["by"].as_str().unwrap_or_default()).await {
                Ok(()) => {}
                // Another node was first, or somebody edits it: either has the newest version.
                Err(error) if error.code == Code::PreconditionFailed => {}
                Err(error) => tracing::error!(%schedule, detail = %error.detail, "a schedule did not follow its task"),
            }
        } else {
            app.db
                .write((schedule, version), |tx, (schedule, version)| Box::pin(store::set_newer_version(tx, *schedule, *version)))
                .await?;
        }
    }
    Ok(())
}

/// Tells devices of later events, long before they come to the end of those that they know. It also finds what was changed while no server
/// was there to follow it.
pub async fn renew_calendars(app: App) {
    loop {
        let is_quiet = app.quiet.is_on(&app.db).await.unwrap_or(true);
        if !is_quiet && let Err(error) = follow_calendars(&app).await {
            tracing::error!(%error, "schedules did not follow their calendars");
        }
        app.clock.sleep(LOOK_EVERY).await;
    }
}

/// Gives every schedule its next revision whose calendars have changed, or of which later events are due.
async fn follow_calendars(app: &App) -> Result<(), DbError> {
    let mut after = None;
    loop {
        let behind = store::behind_calendars(&app.db, app.now(), after, SCHEDULES_AT_ONCE).await?;
        let Some((last, _)) = behind.last() else { return Ok(()) };
        after = Some(last.id);
        for (row, changed_by) in behind {
            let schedule = row.id;
            let is_renewal = changed_by.is_none();
            let by = changed_by.unwrap_or_else(|| row.name.clone());
            let followed = match is_renewal && blocked::may_wait(app, &row, app.now()).await.unwrap_or(false) {
                true => continue,
                false => ops::follow_calendars(app, row, &by).await,
            };
            match followed {
                Ok(()) => {}
                // Another node was first, or somebody edits it or the calendar: whoever was first has it right, or the next look.
                Err(error) if error.code == Code::PreconditionFailed => {}
                Err(error) => tracing::error!(%schedule, detail = %error.detail, "a schedule did not follow its calendars"),
            }
        }
    }
}
