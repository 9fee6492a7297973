//! Schedules as the API shows them, put together from their rows.

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::schedules::document::Timing;
use taskey_proto::schedules::{Firing, Holding, Schedule, ScheduleState, ScheduledTask, TIMEZONE_DEVICE, Upcoming};
use taskey_schedule::{Gate, Timetable, Zone, describe, splay};

use super::blocked;
use super::revision::timing;
use super::store::{self, ScheduleRow};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::calendars::CalendarRef;
use crate::features::tasks::{SignedTask, task_name};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// A schedule with all that is left out in lists.
pub(super) async fn schedule(app: &App, permit: &Permit, row: ScheduleRow) -> ApiResult<Schedule> {
    let last = store::slots(&app.db, permit.sight(), row.id, Default::default(), None, 1).await?.pop();
    let holding_count = match row.on_server {
        true => None,
        false => Some(store::holding_count(&app.db, row.id).await?),
    };
    Ok(Schedule { last, holding_count, ..listed(app, permit, row).await? })
}

/// A schedule as lists show it.
pub(super) async fn listed(app: &App, permit: &Permit, row: ScheduleRow) -> ApiResult<Schedule> {
    let name = task_name(&app.db, row.task).await?.unwrap_or_else(|| row.spec.task.clone());
    let role = role(app, permit, &row).await?;
    let mut row = row;
    row.spec.calendars = blocked::words_now(&row, &blocked::calendars_of(app, &row).await?);
    shown(row, name, role, app.now())
}

/// A schedule that is being made.
pub(super) fn fresh(row: &ScheduleRow, task: &SignedTask, permit: &Permit) -> ApiResult<Schedule> {
    let role = if permit.is_super() { Role::Admin } else { permit.role_in(&[]).max(Role::Admin) };
    shown(row.clone(), task.name.clone(), role, row.created_at)
}

async fn role(app: &App, permit: &Permit, row: &ScheduleRow) -> ApiResult<Role> {
    if permit.is_uniform() {
        return Ok(permit.role_in(&[]));
    }
    let beyond = store::device_beyond_admin(&mut &app.db, row.id, Some(permit.principal().user)).await?;
    Ok(if beyond.is_none() { Role::Admin } else { Role::ReadOnly })
}

fn shown(row: ScheduleRow, task_name: String, role: Role, now: Time) -> ApiResult<Schedule> {
    let next_at = match (row.on_server, row.state) {
        (_, ScheduleState::Paused | ScheduleState::Done) => None,
        (true, _) => row.next_at,
        (false, _) => rules(&row)?.next(now).map(|next| next.at),
    };
    Ok(Schedule {
        id: row.id,
        name: row.name,
        version: row.version,
        revision: row.revision,
        state: row.state,
        reason: row.reason,
        words: describe(&row.spec),
        task: ScheduledTask { id: row.task, name: task_name, version: row.task_version, newer: row.newer_version },
        next_at,
        device_count: row.device_count,
        holding_count: None,
        last: None,
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        role,
        spec: row.spec,
    })
}

/// What a schedule says, in words.
pub(super) fn words(row: &ScheduleRow) -> String {
    describe(&row.spec)
}

/// The slots that a schedule names, as far as the server can tell; whether they may begin is not looked at.
fn rules(row: &ScheduleRow) -> ApiResult<Timetable> {
    compile(&timing(&row.spec, row.created_at, Vec::new())?, "UTC")
}

/// The slots to come after a moment, at most so many; none of one that is not active.
pub(super) async fn upcoming(app: &App, row: &ScheduleRow, after: Time, limit: usize) -> ApiResult<Vec<Upcoming>> {
    if row.state != ScheduleState::Active {
        return Ok(Vec::new());
    }
    let calendars = blocked::calendars_of(app, row).await?;
    foresee(app, timing(&row.spec, row.created_at, Vec::new())?, &calendars, after, limit).await
}

/// The slots of a timing after a moment, at most so many, each with what forbids it.
pub(super) async fn foresee(app: &App, timing: Timing, calendars: &[CalendarRef], after: Time, limit: usize) -> ApiResult<Vec<Upcoming>> {
    let firings: Vec<Firing> = compile(&timing, "UTC")?.upcoming(after).take(limit).collect();
    let (Some(first), Some(last)) = (firings.first(), firings.last()) else { return Ok(Vec::new()) };
    let timetable = blocked::between(app, timing, calendars, first.at, last.at).await?;
    let upcoming = firings.into_iter().map(|Firing { at, dst }| Upcoming { at, dst, blocked: blocked_by(&timetable, at) });
    Ok(upcoming.collect())
}

/// What forbids it to begin at a moment.
pub(super) fn blocked_by(timetable: &Timetable, at: Time) -> Option<String> {
    match timetable.gate(at) {
        Gate::Open => None,
        Gate::Blocked { by, .. } => Some(by),
    }
}

/// The arithmetic of a timing, with a device's own zone by its name where one is known here.
fn compile(timing: &Timing, device_zone: &str) -> ApiResult<Timetable> {
    let zone = Zone::named(device_zone).map_or_else(Zone::utc, |(zone, _)| zone);
    Timetable::new(timing, &zone).map_err(ApiError::internal)
}

/// Adds to holdings when each fires next, and why one does not.
pub(super) fn complete_holdings(row: &ScheduleRow, holdings: &mut [Holding], now: Time) -> ApiResult<()> {
    use taskey_proto::problem::Reason;
    if row.on_server || row.state != ScheduleState::Active {
        // Nobody is to keep anything of it.
        let next_at = row.next_at.filter(|_| row.state == ScheduleState::Active);
        holdings.iter_mut().for_each(|holding| holding.next_at = next_at);
        return Ok(());
    }
    let timing = timing(&row.spec, row.created_at, Vec::new())?;
    let of_all = compile(&timing, "UTC")?;
    for holding in holdings {
        let own = (row.spec.timezone == TIMEZONE_DEVICE).then(|| compile(&timing, &holding.timezone)).transpose()?;
        let timetable = own.as_ref().unwrap_or(&of_all);
        let waits_ms = splay(row.id, holding.device.id, timing.splay_ms);
        holding.reason = if holding.completed && row.spec.run_once {
            Some(Reason::new("ran_once", "It ran here and was to run once."))
        } else if holding.lease_until.is_some_and(|until| until <= now) {
            Some(Reason::new("lease_lapsed", "The device has not been heard of for so long that it has stopped by itself."))
        } else if holding.revision.is_none() {
            Some(Reason::new(
                "not_yet",
                "The device has not said yet that it keeps this schedule; it begins with the next slot after that.",
            ))
        } else if holding.revision != Some(row.revision) {
            Some(Reason::new("older_revision", "The device has not heard of the newest change yet and keeps to the one before."))
        } else {
            None
        };
        let is_going = !(holding.completed && row.spec.run_once);
        let after = holding.since.map_or(now, |since| since.max(now.plus_ms(-(waits_ms as i64))));
        holding.next_at = if is_going { timetable.next(after).map(|next| next.at.plus_ms(waits_ms as i64)) } else { None };
    }
    Ok(())
}
