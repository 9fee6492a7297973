//! The calendars of schedules: when their events forbid it to begin, as devices hold it and as the server reckons.
//!
//! What devices hold goes up to a horizon, so that a revision has a size. It is renewed in the background long before a device could come to
//! its end: a lease is much shorter than the least that is given out.

use taskey_proto::Time;
use taskey_proto::id::OrganizationId;
use taskey_proto::problem::FieldError;
use taskey_proto::schedules::document::{Period, Timing};
use taskey_proto::schedules::{LEASE, OnBlock};
use taskey_schedule::{Gate, Timetable, Zone, calendar};

use super::revision;
use super::store::ScheduleRow;
use crate::app::App;
use crate::features::calendars::{CalendarRef, calendars_of_schedule, named, reckon};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How far ahead devices are told of events, and the least that somebody may write: two leases.
const HORIZON_MS: i64 = 400 * DAY_MS;
const HORIZON_MIN_MS: i64 = 2 * LEASE.ms() as i64;
/// Devices get the events of the time after when the horizon is this near.
const RENEWED_BEFORE_MS: i64 = 100 * DAY_MS;
const RENEWED_AFTER_MIN_MS: i64 = HOUR_MS;
/// Periods in a document.
const PERIODS_MAX: usize = 4_000;
/// How far before and after a moment the server looks for what forbids it. What waits for a later end is looked at again then.
const BEFORE_MS: i64 = 36 * DAY_MS;
const AFTER_MS: i64 = 40 * DAY_MS;

/// The calendars of a schedule, and when they forbid it to begin.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    pub calendars: Vec<CalendarRef>,
    pub periods: Vec<Period>,
    /// None is left out up to then.
    until: Time,
}

/// The calendars that a spec names, each once.
pub(super) async fn resolve(app: &App, organization: OrganizationId, words: &[String]) -> ApiResult<Vec<CalendarRef>> {
    let mut calendars: Vec<CalendarRef> = Vec::with_capacity(words.len());
    let mut errors = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match named(&mut &app.db, organization, word).await? {
            Some(calendar) => calendars.push(calendar),
            None => errors.push(FieldError::new(format!("/calendars/{index}"), format!("there is no calendar `{word}`"))),
        }
    }
    check(errors)?;
    calendars.sort_by_key(|calendar| calendar.id);
    calendars.dedup_by_key(|calendar| calendar.id);
    Ok(calendars)
}

impl Blocked {
    /// What devices are to be told, as far as it fits.
    pub(super) async fn reckon(app: &App, calendars: Vec<CalendarRef>) -> ApiResult<Self> {
        let now = app.now();
        let reckoned = reckon(app, &calendars, now, now.plus_ms(HORIZON_MS), PERIODS_MAX).await?;
        Ok(Self { calendars, periods: reckoned.periods, until: reckoned.until })
    }

    /// Of a schedule that is stored.
    pub(super) async fn of(app: &App, row: &ScheduleRow) -> ApiResult<Self> {
        Self::reckon(app, calendars_of(app, row).await?).await
    }

    /// Refuses calendars of which too little fits. Only whoever writes a schedule is told so; what follows a calendar takes what there is.
    pub(super) fn check(&self, now: Time) -> ApiResult<()> {
        if self.until.since_ms(now) >= HORIZON_MIN_MS {
            return Ok(());
        }
        let detail = format!(
            "they have more than {PERIODS_MAX} events within {} days, which is more than devices keep; name calendars with fewer",
            HORIZON_MIN_MS / DAY_MS
        );
        Err(ApiError::invalid_field("/calendars", detail))
    }

    /// When devices are to get the events of the time after; never where there are no calendars.
    pub(super) fn renew_at(&self, now: Time) -> Option<Time> {
        if self.calendars.is_empty() {
            return None;
        }
        let ahead_ms = self.until.since_ms(now);
        // Where little fits, half of it.
        Some(now.plus_ms((ahead_ms - RENEWED_BEFORE_MS).max(ahead_ms / 2).max(RENEWED_AFTER_MIN_MS)))
    }
}

/// Those that a stored schedule names, as they are now.
pub(super) async fn calendars_of(app: &App, row: &ScheduleRow) -> ApiResult<Vec<CalendarRef>> {
    match row.spec.calendars.is_empty() {
        true => Ok(Vec::new()),
        false => Ok(calendars_of_schedule(&mut &app.db, row.id).await?),
    }
}

/// Whether later events can wait for the end of one that is on: with the revision before it a device would give up what it has deferred.
pub(super) async fn may_wait(app: &App, row: &ScheduleRow, now: Time) -> ApiResult<bool> {
    let Some(renew_at) = row.renew_at.filter(|_| row.spec.on_block == OnBlock::Defer) else { return Ok(false) };
    let patience_ms = renew_at.since_ms(row.updated_at).max(0) / 10;
    if now.since_ms(renew_at) > patience_ms {
        return Ok(false);
    }
    Ok(timetable(app, row, now, now).await?.gate(now) != Gate::Open)
}

/// The words of a stored spec for its calendars as one would write them now: a renamed one by its new name.
pub(super) fn words_now(row: &ScheduleRow, calendars: &[CalendarRef]) -> Vec<String> {
    let now = |word: &String| calendars.iter().find(|calendar| calendar.word == *word).map_or_else(|| word.clone(), CalendarRef::word_now);
    row.spec.calendars.iter().map(now).collect()
}

/// When a stored schedule fires between two moments, windows and calendars included, as far as the server can tell.
pub(super) async fn timetable(app: &App, row: &ScheduleRow, from: Time, until: Time) -> ApiResult<Timetable> {
    let calendars = calendars_of(app, row).await?;
    between(app, revision::timing(&row.spec, row.created_at, Vec::new())?, &calendars, from, until).await
}

/// The same, of what is due and not settled.
pub(super) async fn timetable_of_due(app: &App, row: &ScheduleRow, settled: Time, now: Time) -> ApiResult<Timetable> {
    timetable(app, row, settled.max(now.plus_ms(-BEFORE_MS)).min(now), now).await
}

/// A timing that knows when its calendars forbid it between two moments.
pub(super) async fn between(app: &App, mut timing: Timing, calendars: &[CalendarRef], from: Time, until: Time) -> ApiResult<Timetable> {
    let reckoned = reckon(app, calendars, from, until.plus_ms(AFTER_MS), calendar::PERIODS_MAX).await?;
    timing.blocked = reckoned.periods;
    if reckoned.until <= until {
        // A flood of events: those at the end count, of what is long over nothing is left to say.
        let at_end = reckon(app, calendars, until.plus_ms(-HOUR_MS), until.plus_ms(DAY_MS), calendar::PERIODS_MAX).await?;
        timing.blocked.extend(at_end.periods);
    }
    Timetable::new(&timing, &Zone::utc()).map_err(ApiError::internal)
}
