//! The events of calendars, read once for each version and remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use taskey_proto::Time;
use taskey_proto::calendars::{CalendarEvent, ERRORS_MAX};
use taskey_proto::id::CalendarId;
use taskey_proto::problem::FieldError;
use taskey_schedule::calendar::{self, Event, PERIODS_MAX, Reckoned, bounds, parse};

use super::links::CalendarRef;
use super::store;
use crate::app::App;
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// Calendars that are remembered.
const REMEMBERED_MAX: usize = 100;
/// How far ahead one looks for what is next, in milliseconds.
const AHEAD_MS: i64 = 400 * 86_400_000;

/// What was read last, by calendar.
#[derive(Default)]
pub struct Parsed(Mutex<HashMap<CalendarId, ReadVersion>>);

struct ReadVersion {
    version: u32,
    events: Arc<Vec<Event>>,
}

impl Parsed {
    fn get(&self, id: CalendarId, version: u32) -> Option<Arc<Vec<Event>>> {
        let parsed = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        parsed.get(&id).filter(|read| read.version == version).map(|read| read.events.clone())
    }

    fn put(&self, id: CalendarId, version: u32, events: Arc<Vec<Event>>) {
        let mut parsed = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if parsed.len() >= REMEMBERED_MAX
            && !parsed.contains_key(&id)
            && let Some(any) = parsed.keys().next().copied()
        {
            parsed.remove(&any);
        }
        parsed.insert(id, ReadVersion { version, events });
    }
}

/// Reads a text, aside from what the server does for others meanwhile. What is wrong points at `/content`, a line each.
pub(super) async fn read(text: String) -> ApiResult<Arc<Vec<Event>>> {
    if text.contains('\0') {
        return Err(ApiError::invalid_field("/content", "it has a NUL character in it"));
    }
    aside(move || parse(&text)).await?.map(Arc::new).map_err(wrong)
}

fn wrong(details: Vec<String>) -> ApiError {
    let count = details.len();
    let mut errors: Vec<FieldError> = details.into_iter().take(ERRORS_MAX).map(|detail| FieldError::new("/content", detail)).collect();
    if count > ERRORS_MAX
        && let Some(last) = errors.last_mut()
    {
        last.detail = format!("and {} more lines", count + 1 - ERRORS_MAX);
    }
    ApiError::invalid(errors)
}

/// The events of a stored calendar; none of one that is gone.
pub(super) async fn events(app: &App, id: CalendarId, version: u32) -> ApiResult<Arc<Vec<Event>>> {
    if let Some(events) = app.calendars.get(id, version) {
        return Ok(events);
    }
    let Some((version, text)) = store::content(&app.db, id).await? else { return Ok(Arc::default()) };
    // Schedules that name it rather begin nothing than what it may forbid.
    let events = read(text).await.map_err(|error| ApiError::internal(format!("the calendar {id} cannot be read: {}", error.detail)))?;
    app.calendars.put(id, version, events.clone());
    Ok(events)
}

/// When the events of these calendars are, from `from` until `until`, or until earlier where that would be more than `max`.
pub async fn reckon(app: &App, calendars: &[CalendarRef], from: Time, until: Time, max: usize) -> ApiResult<Reckoned> {
    if calendars.is_empty() {
        return Ok(Reckoned { periods: Vec::new(), until });
    }
    let mut read = Vec::with_capacity(calendars.len());
    for calendar in calendars {
        read.push((calendar.name.clone(), events(app, calendar.id, calendar.version).await?));
    }
    aside(move || {
        let calendars = read.iter().map(|(name, events)| (Some(name.as_str()), events.as_slice()));
        calendar::reckon(calendars, from, until, max)
    })
    .await
}

/// The events that are on at a moment or begin after it, at most so many.
pub(super) async fn coming(events: Arc<Vec<Event>>, now: Time, max: usize) -> ApiResult<Vec<CalendarEvent>> {
    Ok(within(events, now, now.plus_ms(AHEAD_MS), max).await?.0)
}

/// The events that are on between two moments, at most so many, and whether there are more. A time on the wall clock counts as one of UTC.
pub(super) async fn within(events: Arc<Vec<Event>>, from: Time, until: Time, max: usize) -> ApiResult<(Vec<CalendarEvent>, bool)> {
    let reckoned = aside(move || {
        let mut reckoned = calendar::reckon([(None, events.as_slice())], from, until, PERIODS_MAX);
        reckoned.periods.retain(|period| {
            let (begins, ends) = bounds(period);
            begins < until && ends > from
        });
        reckoned
    })
    .await?;
    let more = reckoned.periods.len() > max || reckoned.until < until;
    Ok((reckoned.periods.into_iter().take(max).map(CalendarEvent::from).collect(), more))
}

/// Reckons where it keeps nothing else waiting: a calendar may have thousands of events.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
}
