//! What a schedule would do, before it is saved.

use taskey_proto::runs::DeviceRef;
use taskey_proto::schedules::{ScheduleSpec, SimulateSchedule, Simulation};
use taskey_schedule::{Timetable, Zone, describe};

use super::{ops, revision, store, targets, view};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::devices::targets_by_id;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

const COUNT_DEFAULT: usize = 50;
const COUNT_MAX: usize = 500;
const DEVICES_MAX: usize = 100;
/// Slots in an hour that are worth a word.
const OFTEN: u64 = 60;

pub(super) async fn simulate(app: &App, permit: &Permit, simulate: SimulateSchedule) -> ApiResult<Simulation> {
    let SimulateSchedule { spec, count, from } = simulate;
    if count.is_some_and(|count| count == 0 || count > COUNT_MAX) {
        return Err(ApiError::invalid_field("/count", format!("1 to {COUNT_MAX}")));
    }
    // What could not be saved is refused here already, for the same reason; but for the task, which may be chosen last.
    let (ids, blocked) = if spec.task.is_empty() {
        let with_some_task = ScheduleSpec { task: "chosen-later".to_owned(), ..spec.clone() };
        check(ops::spec_errors(&with_some_task)).map_err(|error| error.under("/spec"))?;
        let ids = targets::resolve(app, permit, &spec.targets).await.map_err(|error| error.under("/spec"))?;
        (ids, ops::look_up_calendars(app, permit, &spec).await.map_err(|error| error.under("/spec"))?)
    } else {
        let prepared = ops::prepare(app, permit, spec.clone()).await.map_err(|error| error.under("/spec"))?;
        (prepared.targets, prepared.blocked)
    };
    let now = app.now();
    // What is there already counts from when it was made.
    let existing = store::schedule_of_organization(&mut &app.db, permit.sight(), &spec.name).await?;
    let timing = revision::timing(&spec, existing.map_or(now, |row| row.created_at), Vec::new())?;
    let timetable = Timetable::new(&timing, &Zone::utc()).map_err(ApiError::internal)?;
    let from = from.unwrap_or(now);
    let next = view::foresee(app, timing, &blocked.calendars, from, count.unwrap_or(COUNT_DEFAULT)).await?;
    let devices = targets::devices(&mut &app.db, permit.organization(), &ids).await?;
    let first: Vec<_> = devices.iter().copied().take(DEVICES_MAX).collect();
    let shown = targets_by_id(&app.db, permit.organization(), &first).await?;
    let mut warnings = Vec::new();
    let per_hour = timetable.count(from, from.plus_ms(3_600_000), 1_000_000);
    if per_hour > OFTEN {
        warnings.push(format!("It fires {per_hour} times in the next hour, on each device."));
    }
    if let Some(first) = next.first().and_then(|first| first.blocked.as_ref())
        && next.iter().all(|slot| slot.blocked.is_some())
    {
        warnings.push(format!("None of the next {} slots may begin; the first for this: {first}.", next.len()));
    }
    if devices.is_empty() {
        warnings.push("No device is among its targets now.".to_owned());
    }
    Ok(Simulation {
        words: describe(&spec),
        next,
        device_count: devices.len() as u64,
        devices: shown.into_iter().map(|target| DeviceRef { id: target.id, name: target.name }).collect(),
        warnings,
    })
}
