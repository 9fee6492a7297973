//! What can be done with schedules, one function a verb.

use std::sync::Arc;

use http::StatusCode;
use taskey_proto::Time;
use taskey_proto::id::{CalendarId, ScheduleId};
use taskey_proto::problem::{Code, FieldError, Reason};
use taskey_proto::schedules::{PauseSchedule, Schedule, ScheduleSpec, ScheduleState, SlotState, Where, check_schedule};
use taskey_schedule::{Timetable, Zone, check_timing};

use super::blocked::{self, Blocked};
use super::revision::{self, Revision};
use super::store::{self, ScheduleRow};
use super::targets::{self, TargetIds};
use super::{assign, firing, view};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::features::calendars::{CalendarRef, are_current, link, unlink};
use crate::features::secrets::missing;
use crate::features::tasks::{SignedTask, insert_document, load_task, load_version, named_secrets};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::idempotency::{Answer, Once};
use crate::platform::http::problem::{ApiResult, check};

/// The longest reason for a pause, in characters.
const REASON_LEN_MAX: usize = 500;
/// How often an edit is tried that only met a revision which nobody asked for.
const TRIES: usize = 5;

/// A spec that may be stored, with everything that it names looked up.
pub(super) struct Prepared {
    pub(super) spec: ScheduleSpec,
    pub(super) targets: TargetIds,
    task: SignedTask,
    pub(super) blocked: Blocked,
}

pub(super) async fn prepare(app: &App, permit: &Permit, spec: ScheduleSpec) -> ApiResult<Prepared> {
    check(spec_errors(&spec))?;
    let task = load(app, permit, &spec.task).await?;
    let targets = targets::resolve(app, permit, &spec.targets).await?;
    let blocked = look_up_calendars(app, permit, &spec).await?;
    Ok(Prepared { spec, targets, task, blocked })
}

/// The calendars of a spec, with events that fit.
pub(super) async fn look_up_calendars(app: &App, permit: &Permit, spec: &ScheduleSpec) -> ApiResult<Blocked> {
    let calendars = blocked::resolve(app, permit.organization(), &spec.calendars).await?;
    let blocked = Blocked::reckon(app, calendars).await?;
    blocked.check(app.now())?;
    Ok(blocked)
}

/// The task of a spec, with every secret that it needs.
pub(super) async fn load(app: &App, permit: &Permit, word: &str) -> ApiResult<SignedTask> {
    let organization = permit.organization();
    let task = load_task(app, organization, word).await?;
    let task = task.ok_or_else(|| ApiError::invalid_field("/task", format!("there is no task `{word}`")))?;
    let names = named_secrets(&task.bytes);
    let lacking = missing(&app.db, organization, names.iter().map(String::as_str)).await?;
    check(lacking.into_iter().map(|name| FieldError::new("/task", format!("it needs the secret `{name}`, which is not there"))).collect())?;
    Ok(task)
}

/// Everything that is wrong with a spec by itself.
pub(super) fn spec_errors(spec: &ScheduleSpec) -> Vec<FieldError> {
    let mut errors = check_schedule(spec);
    if errors.is_empty() {
        errors.extend(check_timing(spec));
    }
    if spec.r#where == Where::Server {
        if spec.timezone == taskey_proto::schedules::TIMEZONE_DEVICE {
            errors.push(FieldError::new("/timezone", "the server has no device's time zone; name one, or use `where: device`"));
        }
        if spec.splay.is_some() {
            errors.push(FieldError::new("/splay", "devices spread themselves; use `where: device`"));
        }
    }
    errors
}

struct Write {
    actor: Actor,
    row: ScheduleRow,
    revision: Revision,
    calendars: Vec<CalendarRef>,
    action: &'static str,
    once: Option<Arc<Once>>,
}

/// The row of a schedule as it will be written, at its next revision.
fn next_row(before: Option<&ScheduleRow>, id: ScheduleId, actor: &Actor, prepared: &Prepared, now: Time) -> ApiResult<ScheduleRow> {
    let task = prepared.task.id.ok_or_else(|| ApiError::internal("a stored task without an id"))?;
    Ok(ScheduleRow {
        id,
        organization: actor.organization,
        name: prepared.spec.name.clone(),
        version: before.map_or(1, |before| before.version + 1),
        revision: before.map_or(1, ScheduleRow::next_revision),
        revision_floor: before.map_or(0, |before| before.revision_floor),
        once_since: before.map_or(1, ScheduleRow::next_revision),
        spec: prepared.spec.clone(),
        targets: prepared.targets.clone(),
        task,
        task_version: prepared.task.version.unwrap_or(1),
        newer_version: None,
        state: before.map_or(ScheduleState::Active, |before| {
            if before.state == ScheduleState::Paused { before.state } else { ScheduleState::Active }
        }),
        reason: before.filter(|before| before.state == ScheduleState::Paused).and_then(|before| before.reason.clone()),
        on_server: prepared.spec.r#where == Where::Server,
        settled_until: None,
        next_at: None,
        renew_at: None,
        device_count: before.map_or(0, |before| before.device_count),
        created_at: before.map_or(now, |before| before.created_at),
        updated_at: now,
        updated_by: actor.name.clone(),
    })
}

/// Signs the revision that a row is at, and sets its clock going where the server fires it.
fn sign(app: &App, row: &mut ScheduleRow, task: SignedTask, blocked: &Blocked, now: Time) -> ApiResult<Revision> {
    // The server looks at the calendars themselves.
    let periods = if row.on_server { Vec::new() } else { blocked.periods.clone() };
    row.renew_at = if row.on_server { None } else { blocked.renew_at(now) };
    let timing = revision::timing(&row.spec, row.created_at, periods)?;
    if row.on_server {
        let timetable = Timetable::new(&timing, &Zone::utc()).map_err(ApiError::internal)?;
        row.settled_until = Some(now);
        row.next_at = timetable.next(now).map(|next| next.at).filter(|_| row.state == ScheduleState::Active);
    } else {
        (row.settled_until, row.next_at) = (None, None);
    }
    revision::sign(app, row.id, row.revision, &row.spec, timing, task)
}

pub(super) async fn create_schedule(app: &App, permit: &Permit, spec: ScheduleSpec, once: Option<Arc<Once>>) -> ApiResult<Answer> {
    let prepared = prepare(app, permit, spec).await?;
    let (actor, now) = (Actor::from(permit), app.now());
    let mut row = next_row(None, ScheduleId::new(app.uuid()), &actor, &prepared, now)?;
    let revision = sign(app, &mut row, prepared.task, &prepared.blocked, now)?;
    let id = row.id;
    let shown = view::fresh(&row, &revision.task, permit)?;
    let input = (Write { actor, row, revision, calendars: prepared.blocked.calendars, action: "schedule.created", once }, shown);
    let answer = app
        .db
        .write(input, |tx, (write, shown)| {
            Box::pin(async move {
                if let Some(once) = &write.once
                    && let Some(answer) = once.recall(tx).await?
                {
                    return Ok(answer);
                }
                check_name(tx, &write.row, None).await?;
                store::insert_schedule(tx, &write.row).await?;
                write_revision(tx, write).await?;
                store::insert_version(tx, &write.row).await?;
                let answer = Answer::new(StatusCode::CREATED, Some(format!("/api/v1/schedules/{}", write.row.id)), shown)?;
                if let Some(once) = &write.once {
                    once.remember(tx, &answer, write.row.updated_at).await?;
                }
                Ok::<_, ApiError>(answer)
            })
        })
        .await?;
    if !answer.replayed {
        assign::assign(app, id).await?;
    }
    Ok(answer)
}

/// Makes the next version, unless nothing changed.
pub(super) async fn replace_schedule(
    app: &App,
    permit: &Permit,
    word: &str,
    spec: ScheduleSpec,
    if_match: Option<u64>,
) -> ApiResult<Schedule> {
    for _ in 0..TRIES {
        match replace_once(app, permit, word, spec.clone(), if_match).await {
            Err(error) if error.code == Code::PreconditionFailed => {
                // A task or a calendar that it follows may have made a revision just then, which is nobody's edit.
                let version = find(app, permit, word).await?.version;
                if if_match.is_some_and(|seen| seen != u64::from(version)) {
                    return Err(error);
                }
            }
            done => return done,
        }
    }
    Err(stale())
}

async fn replace_once(app: &App, permit: &Permit, word: &str, spec: ScheduleSpec, if_match: Option<u64>) -> ApiResult<Schedule> {
    let before = find(app, permit, word).await?;
    check_rights(app, permit, &before).await?;
    let prepared = prepare(app, permit, spec).await?;
    if if_match.is_some_and(|version| version != u64::from(before.version)) {
        return Err(stale());
    }
    let same_task = before.task_version == prepared.task.version.unwrap_or(1) && Some(before.task) == prepared.task.id;
    let calendars = blocked::calendars_of(app, &before).await?;
    let same_calendars = ids_of(&calendars) == ids_of(&prepared.blocked.calendars);
    let before_now = ScheduleSpec { calendars: blocked::words_now(&before, &calendars), ..before.spec.clone() };
    let same_spec = before.spec == prepared.spec || before_now == prepared.spec;
    if same_spec && before.targets == prepared.targets && same_task && same_calendars {
        return view::schedule(app, permit, before).await;
    }
    let (actor, now) = (Actor::from(permit), app.now());
    let mut row = next_row(Some(&before), before.id, &actor, &prepared, now)?;
    let revision = sign(app, &mut row, prepared.task, &prepared.blocked, now)?;
    let id = before.id;
    change(app, before, Write { actor, row, revision, calendars: prepared.blocked.calendars, action: "schedule.changed", once: None })
        .await?;
    show(app, permit, id).await
}

/// The same calendars, whatever is in them.
fn ids_of(calendars: &[CalendarRef]) -> Vec<CalendarId> {
    calendars.iter().map(|calendar| calendar.id).collect()
}

pub(super) async fn pause_schedule(app: &App, permit: &Permit, word: &str, pause: PauseSchedule) -> ApiResult<Schedule> {
    if pause.reason.chars().count() > REASON_LEN_MAX {
        return Err(ApiError::invalid_field("/reason", format!("at most {REASON_LEN_MAX} characters")));
    }
    let before = find(app, permit, word).await?;
    check_rights(app, permit, &before).await?;
    if before.state == ScheduleState::Paused {
        return view::schedule(app, permit, before).await;
    }
    let by = permit.principal().actor_name();
    let detail = if pause.reason.is_empty() { format!("Paused by {by}.") } else { format!("Paused by {by}: {}", pause.reason) };
    let row = ScheduleRow {
        state: ScheduleState::Paused,
        reason: Some(Reason::new("paused", detail)),
        next_at: None,
        updated_at: app.now(),
        updated_by: by,
        ..before.clone()
    };
    let id = before.id;
    set_state(app, permit, before, row, "schedule.paused").await?;
    show(app, permit, id).await
}

/// Lets a paused schedule fire again, or one that is done begin anew: its next slot is the first one after now.
pub(super) async fn resume_schedule(app: &App, permit: &Permit, word: &str) -> ApiResult<Schedule> {
    let before = find(app, permit, word).await?;
    check_rights(app, permit, &before).await?;
    if before.state == ScheduleState::Active {
        return view::schedule(app, permit, before).await;
    }
    let (task, blocked) = (task_of(app, &before).await?, Blocked::of(app, &before).await?);
    let prepared = Prepared { spec: before.spec.clone(), targets: before.targets.clone(), task, blocked };
    let (actor, now) = (Actor::from(permit), app.now());
    let mut row = next_row(Some(&before), before.id, &actor, &prepared, now)?;
    (row.version, row.state, row.reason) = (before.version, ScheduleState::Active, None);
    let revision = sign(app, &mut row, prepared.task, &prepared.blocked, now)?;
    let id = before.id;
    change(app, before, Write { actor, row, revision, calendars: prepared.blocked.calendars, action: "schedule.resumed", once: None })
        .await?;
    show(app, permit, id).await
}

/// Removes a schedule; its slots and runs stay.
pub(super) async fn remove_schedule(app: &App, permit: &Permit, word: &str) -> ApiResult<()> {
    let before = find(app, permit, word).await?;
    check_rights(app, permit, &before).await?;
    let id = before.id;
    app.db
        .write((Actor::from(permit), before, app.now()), |tx, (actor, before, now)| {
            Box::pin(async move {
                store::remove(tx, before.id, *now).await?;
                give_up_waiting(tx, before.id, *now).await?;
                unlink(tx, before.id).await?;
                announce(tx, actor, *now, "schedule.removed", before, &serde_json::json!({"name": before.name})).await
            })
        })
        .await?;
    assign::assign(app, id).await?;
    Ok(())
}

/// The task of a schedule at its newest version.
pub(super) async fn task_of(app: &App, row: &ScheduleRow) -> ApiResult<SignedTask> {
    load_task(app, row.organization, &row.task.to_string())
        .await?
        .ok_or_else(|| ApiError::invalid_field("/task", "its task was removed; give it another"))
}

/// The next revision with another version of the task, as its editor could have asked for.
pub(super) async fn follow_task(app: &App, before: ScheduleRow, by: &str) -> ApiResult<()> {
    let task = task_of(app, &before).await?;
    if task.version == Some(before.task_version) || before.state == ScheduleState::Done {
        return Ok(());
    }
    let now = app.now();
    let actor = Actor::without_request(before.organization, "system", String::new(), by.to_owned(), String::new());
    let mut row = ScheduleRow {
        revision: before.next_revision(),
        task_version: task.version.unwrap_or(1),
        newer_version: None,
        updated_at: now,
        ..before.clone()
    };
    let blocked = Blocked::of(app, &before).await?;
    let revision = sign(app, &mut row, task, &blocked, now)?;
    // The clock of one that the server fires goes on where it was.
    if row.on_server {
        (row.settled_until, row.next_at) = (before.settled_until, before.next_at);
    }
    change(app, before, Write { actor, row, revision, calendars: blocked.calendars, action: "schedule.changed", once: None }).await
}

/// The next revision of the same, by which slots to come that a device has used up are to come once more.
pub(super) async fn begin_anew(app: &App, before: ScheduleRow) -> ApiResult<()> {
    let by = before.name.clone();
    follow_calendars(app, before, &by).await
}

/// The next revision with the events of its calendars as they are now. Its task stays at the version that runs.
pub(super) async fn follow_calendars(app: &App, before: ScheduleRow, by: &str) -> ApiResult<()> {
    let task = load_version(app, before.organization, before.task, before.task_version).await?;
    let task = task.ok_or_else(|| ApiError::invalid_field("/task", "its task was removed; give it another, or remove it"))?;
    let now = app.now();
    let actor = Actor::without_request(before.organization, "system", String::new(), by.to_owned(), String::new());
    let mut row = ScheduleRow { revision: before.next_revision(), updated_at: now, ..before.clone() };
    let blocked = Blocked::of(app, &before).await?;
    let revision = sign(app, &mut row, task, &blocked, now)?;
    if row.on_server {
        // What waits for the end of an event may find it over: it is looked at now.
        (row.settled_until, row.next_at) = (before.settled_until, before.next_at.map(|next| next.min(now)));
    }
    change(app, before, Write { actor, row, revision, calendars: blocked.calendars, action: "schedule.changed", once: None }).await
}

/// Writes the next revision of a schedule, if nobody else has meanwhile.
async fn change(app: &App, before: ScheduleRow, write: Write) -> ApiResult<()> {
    let id = before.id;
    app.db
        .write((before, write), |tx, (before, write)| {
            Box::pin(async move {
                check_unchanged(tx, before).await?;
                check_name(tx, &write.row, Some(before.id)).await?;
                store::update_schedule(tx, &write.row).await?;
                give_up_waiting(tx, before.id, write.row.updated_at).await?;
                if write.row.version != before.version {
                    store::insert_version(tx, &write.row).await?;
                }
                write_revision(tx, write).await
            })
        })
        .await?;
    Ok(assign::assign(app, id).await?)
}

/// Writes a state that devices are told by what they are to keep.
async fn set_state(app: &App, permit: &Permit, before: ScheduleRow, row: ScheduleRow, action: &'static str) -> ApiResult<()> {
    let id = before.id;
    app.db
        .write((Actor::from(permit), before, row, action), |tx, (actor, before, row, action)| {
            Box::pin(async move {
                check_unchanged(tx, before).await?;
                store::update_schedule(tx, row).await?;
                give_up_waiting(tx, row.id, row.updated_at).await?;
                let data = serde_json::json!({"name": row.name, "state": row.state, "reason": row.reason});
                announce(tx, actor, row.updated_at, action, row, &data).await
            })
        })
        .await?;
    Ok(assign::assign(app, id).await?)
}

/// Slots that wait for their turn while the schedule is changed begin nothing.
async fn give_up_waiting(tx: &mut Tx<'_>, schedule: ScheduleId, now: Time) -> ApiResult<()> {
    for waiting in store::waiting_slots(tx, schedule).await? {
        store::delete_waiting(tx, &waiting).await?;
        let reason = Reason::new("schedule_changed", "The schedule was changed before it began.");
        store::insert_slot(tx, &firing::settled(&waiting, SlotState::Skipped, Some(reason)), now).await?;
    }
    Ok(())
}

async fn write_revision(tx: &mut Tx<'_>, write: &Write) -> ApiResult<()> {
    let row = &write.row;
    if !are_current(tx, &write.calendars).await? {
        return Err(ApiError::new(Code::PreconditionFailed, "A calendar of it was changed in the meantime. Send it again."));
    }
    link(tx, row.id, &write.calendars).await?;
    insert_document(tx, row.organization, &write.revision.task).await?;
    store::insert_revision(tx, row, &write.revision).await?;
    let data = serde_json::json!({
        "name": row.name, "version": row.version, "revision": row.revision, "task_version": row.task_version, "spec": row.spec,
    });
    announce(tx, &write.actor, row.updated_at, write.action, row, &data).await
}

async fn announce(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Time,
    action: &'static str,
    row: &ScheduleRow,
    data: &serde_json::Value,
) -> ApiResult<()> {
    let subject = row.id.to_string();
    record(tx, actor, now, action, &subject, data).await?;
    if row.on_server {
        tx.wake(firing::CHANGED.to_owned());
    }
    let data = serde_json::json!({"name": row.name, "state": row.state, "revision": row.revision});
    Ok(tx.announce(Announce { organization: row.organization, name: action, subject: &subject, at: now, data: &data }).await?)
}

/// A schedule that will not fire again, until somebody resumes it.
pub(super) async fn finish(tx: &mut Tx<'_>, row: &ScheduleRow, reason: &Reason, now: Time) -> Result<(), DbError> {
    store::set_done(tx, row.id, reason).await?;
    let actor = Actor::without_request(row.organization, "system", row.id.to_string(), row.name.clone(), String::new());
    let subject = row.id.to_string();
    let data = serde_json::json!({"name": row.name, "state": ScheduleState::Done, "reason": reason});
    record(tx, &actor, now, "schedule.done", &subject, &data).await?;
    tx.announce(Announce { organization: row.organization, name: "schedule.done", subject: &subject, at: now, data: &data }).await
}

async fn check_name(tx: &mut Tx<'_>, row: &ScheduleRow, except: Option<ScheduleId>) -> ApiResult<()> {
    if store::name_taken(tx, row.organization, &row.name, except).await? {
        return Err(ApiError::new(Code::NameTaken, format!("Another schedule is called `{}`.", row.name)));
    }
    Ok(())
}

/// What was decided upon must still be so.
async fn check_unchanged(tx: &mut Tx<'_>, before: &ScheduleRow) -> ApiResult<()> {
    let now = store::schedule(tx, before.id).await?.ok_or_else(no_schedule)?;
    let same = (now.revision, now.version, now.state) == (before.revision, before.version, before.state);
    if same { Ok(()) } else { Err(stale()) }
}

/// Admin on every device that it is for now.
async fn check_rights(app: &App, permit: &Permit, row: &ScheduleRow) -> ApiResult<()> {
    use taskey_proto::access::Role;
    if permit.is_uniform() {
        return permit.at_least(Role::Admin, &[], "its devices");
    }
    let beyond = store::device_beyond_admin(&mut &app.db, row.id, Some(permit.principal().user)).await?;
    match beyond {
        None => Ok(()),
        Some(device) => {
            let scopes = crate::features::devices::scopes_of(&mut &app.db, &[device.id]).await?.remove(&device.id).unwrap_or_default();
            permit.at_least(Role::Admin, &scopes, &device.name)
        }
    }
}

pub(super) async fn find(app: &App, permit: &Permit, word: &str) -> ApiResult<ScheduleRow> {
    store::schedule_of_organization(&mut &app.db, permit.sight(), word).await?.ok_or_else(no_schedule)
}

async fn show(app: &App, permit: &Permit, id: ScheduleId) -> ApiResult<Schedule> {
    let row = find(app, permit, &id.to_string()).await?;
    view::schedule(app, permit, row).await
}

fn stale() -> ApiError {
    ApiError::new(Code::PreconditionFailed, "It was changed in the meantime. Read the schedule again and decide anew.")
}

pub(super) fn no_schedule() -> ApiError {
    ApiError::not_found("schedule")
}
