//! What can be done with calendars, one function a verb.

use std::sync::Arc;

use http::StatusCode;
use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::calendars::{Calendar, CalendarEvent, CalendarEvents, CalendarPreview, CalendarSpec};
use taskey_proto::id::CalendarId;
use taskey_proto::problem::Code;
use taskey_schedule::calendar::Event;

use super::store::{self, CalendarRow};
use super::{links, reading};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;
use crate::platform::http::ApiError;
use crate::platform::http::idempotency::{Answer, Once};
use crate::platform::http::problem::ApiResult;

/// Events that a preview shows.
const PREVIEWED_MAX: usize = 50;
/// Events of one answer.
const LISTED_MAX: usize = 1_000;
/// Schedules that a refusal names.
const NAMED_MAX: usize = 10;

/// A spec whose content was read.
struct Write {
    actor: Actor,
    id: CalendarId,
    spec: CalendarSpec,
    events: Arc<Vec<Event>>,
    /// The event that comes next.
    next: Option<CalendarEvent>,
    role: Role,
    once: Option<Arc<Once>>,
    now: Time,
}

async fn prepare(app: &App, permit: &Permit, spec: CalendarSpec, once: Option<Arc<Once>>) -> ApiResult<Write> {
    let mut errors = spec.errors();
    let events = match reading::read(spec.content.clone()).await {
        Ok(events) => events,
        Err(error) if error.code == Code::Invalid => {
            errors.extend(error.errors);
            Arc::default()
        }
        Err(error) => return Err(error),
    };
    crate::platform::http::problem::check(errors)?;
    let now = app.now();
    let next = reading::coming(events.clone(), now, 1).await?.pop();
    Ok(Write { actor: Actor::from(permit), id: CalendarId::new(app.uuid()), spec, events, next, role: role(permit), once, now })
}

pub(super) async fn create_calendar(app: &App, permit: &Permit, spec: CalendarSpec, once: Option<Arc<Once>>) -> ApiResult<Answer> {
    let write = prepare(app, permit, spec, once).await?;
    app.db
        .write(write, |tx, write| {
            Box::pin(async move {
                if let Some(once) = &write.once
                    && let Some(answer) = once.recall(tx).await?
                {
                    return Ok(answer);
                }
                check_name(tx, write, None).await?;
                let row = next_row(write, None);
                store::insert_calendar(tx, write.actor.organization, &row, &write.spec.content).await?;
                announce(tx, &write.actor, write.now, "calendar.created", &row).await?;
                let shown = shown(row, Some(write.spec.content.clone()), write.next.clone(), write.role);
                let answer = Answer::new(StatusCode::CREATED, Some(format!("/api/v1/calendars/{}", shown.id)), &shown)?;
                if let Some(once) = &write.once {
                    once.remember(tx, &answer, write.now).await?;
                }
                Ok(answer)
            })
        })
        .await
}

/// Makes the next version, unless nothing changed. Schedules follow it by themselves.
pub(super) async fn replace_calendar(
    app: &App,
    permit: &Permit,
    word: String,
    spec: CalendarSpec,
    if_match: Option<u64>,
) -> ApiResult<Calendar> {
    let write = prepare(app, permit, spec, None).await?;
    app.db
        .write((write, word, if_match), |tx, (write, word, if_match)| {
            Box::pin(async move {
                let found = store::calendar_of_organization(tx, write.actor.organization, word).await?;
                let (before, content) = found.ok_or_else(no_calendar)?;
                if if_match.is_some_and(|version| version != u64::from(before.version)) {
                    return Err(ApiError::new(Code::PreconditionFailed, "Read the calendar again and decide anew."));
                }
                let is_same_when = before.name == write.spec.name && content == write.spec.content;
                if is_same_when && before.description == write.spec.description {
                    return Ok(shown(before, Some(content), write.next.clone(), write.role));
                }
                check_name(tx, write, Some(before.id)).await?;
                let row = next_row(write, Some(&before));
                store::update_calendar(tx, &row, &write.spec.content).await?;
                if is_same_when {
                    links::follow_at_once(tx, row.id, before.version, row.version).await?;
                }
                announce(tx, &write.actor, write.now, "calendar.changed", &row).await?;
                Ok(shown(row, Some(write.spec.content.clone()), write.next.clone(), write.role))
            })
        })
        .await
}

/// Removes a calendar that no schedule names.
pub(super) async fn remove_calendar(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), word, app.now());
    app.db
        .write(input, |tx, (actor, word, now)| {
            Box::pin(async move {
                let found = store::calendar_of_organization(tx, actor.organization, word).await?;
                let (row, _) = found.ok_or_else(no_calendar)?;
                let names = links::names_of_schedules(tx, row.id, NAMED_MAX).await?;
                if !names.is_empty() {
                    return Err(in_use(&names, row.schedule_count));
                }
                store::delete_calendar(tx, row.id).await?;
                announce(tx, actor, *now, "calendar.removed", &row).await
            })
        })
        .await
}

pub(super) async fn list_calendars(app: &App, permit: &Permit, after: Option<String>, limit: usize) -> ApiResult<Vec<Calendar>> {
    let rows = store::calendars_of_organization(&app.db, permit.organization(), after, limit).await?;
    let mut calendars = Vec::with_capacity(rows.len());
    for row in rows {
        let next = next_of(app, &row).await?;
        calendars.push(shown(row, None, next, role(permit)));
    }
    Ok(calendars)
}

pub(super) async fn show_calendar(app: &App, permit: &Permit, word: &str) -> ApiResult<Calendar> {
    let (row, content) = find(app, permit, word).await?;
    let next = next_of(app, &row).await?;
    Ok(shown(row, Some(content), next, role(permit)))
}

/// The events between two moments.
pub(super) async fn list_events(app: &App, permit: &Permit, word: &str, from: Time, until: Time) -> ApiResult<CalendarEvents> {
    if until <= from {
        return Err(ApiError::invalid_field("/until", "it is not later than `from`"));
    }
    let (row, _) = find(app, permit, word).await?;
    let events = reading::events(app, row.id, row.version).await?;
    let (items, more) = reading::within(events, from, until, LISTED_MAX).await?;
    Ok(CalendarEvents { items, more })
}

pub(super) async fn preview(app: &App, content: String) -> ApiResult<CalendarPreview> {
    let events = reading::read(content).await?;
    let event_count = events.len() as u64;
    Ok(CalendarPreview { event_count, events: reading::coming(events, app.now(), PREVIEWED_MAX).await? })
}

async fn find(app: &App, permit: &Permit, word: &str) -> ApiResult<(CalendarRow, String)> {
    store::calendar_of_organization(&mut &app.db, permit.organization(), word).await?.ok_or_else(no_calendar)
}

async fn next_of(app: &App, row: &CalendarRow) -> ApiResult<Option<CalendarEvent>> {
    let events = reading::events(app, row.id, row.version).await?;
    Ok(reading::coming(events, app.now(), 1).await?.pop())
}

/// The row of a calendar as it will be written.
fn next_row(write: &Write, before: Option<&CalendarRow>) -> CalendarRow {
    CalendarRow {
        id: before.map_or(write.id, |before| before.id),
        name: write.spec.name.clone(),
        description: write.spec.description.clone(),
        version: before.map_or(1, |before| before.version + 1),
        event_count: write.events.len() as u64,
        schedule_count: before.map_or(0, |before| before.schedule_count),
        created_at: before.map_or(write.now, |before| before.created_at),
        updated_at: write.now,
        updated_by: write.actor.name.clone(),
    }
}

fn shown(row: CalendarRow, content: Option<String>, next: Option<CalendarEvent>, role: Role) -> Calendar {
    Calendar {
        id: row.id,
        name: row.name,
        description: row.description,
        version: row.version,
        event_count: row.event_count,
        schedule_count: row.schedule_count,
        next,
        content,
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        role,
    }
}

/// It takes an admin of everything to change one; whoever sees any device sees them all.
fn role(permit: &Permit) -> Role {
    permit.role_in(&[]).max(Role::ReadOnly)
}

async fn announce(tx: &mut Tx<'_>, actor: &Actor, now: Time, action: &'static str, row: &CalendarRow) -> ApiResult<()> {
    let subject = row.id.to_string();
    let data = serde_json::json!({"name": row.name, "version": row.version, "event_count": row.event_count});
    record(tx, actor, now, action, &subject, &data).await?;
    Ok(tx.announce(Announce { organization: actor.organization, name: action, subject: &subject, at: now, data: &data }).await?)
}

async fn check_name(tx: &mut Tx<'_>, write: &Write, except: Option<CalendarId>) -> ApiResult<()> {
    if store::name_taken(tx, write.actor.organization, &write.spec.name, except).await? {
        return Err(ApiError::new(Code::NameTaken, format!("Another calendar is called `{}`.", write.spec.name)));
    }
    Ok(())
}

fn in_use(names: &[String], count: u64) -> ApiError {
    let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = count.saturating_sub(names.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let schedules = if count == 1 { "The schedule" } else { "The schedules" };
    let verb = if count == 1 { "names" } else { "name" };
    ApiError::new(Code::InUse, format!("{schedules} {listed}{more} {verb} it. Take it out there first."))
}

fn no_calendar() -> ApiError {
    ApiError::not_found("calendar")
}
