//! Which schedules name which calendars.

use taskey_proto::id::{CalendarId, OrganizationId, ScheduleId};

use crate::platform::db::{DbError, Row, Source, Tx};
use crate::{args, sql};

/// A calendar at a version, as a schedule names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRef {
    pub id: CalendarId,
    pub name: String,
    pub version: u32,
    /// Its id, or a name that it has or had.
    pub word: String,
}

impl CalendarRef {
    /// What a schedule that is written now would call it.
    pub fn word_now(&self) -> String {
        if self.word == self.id.to_string() { self.word.clone() } else { self.name.clone() }
    }
}

fn calendar_ref(row: &Row) -> Result<CalendarRef, DbError> {
    Ok(CalendarRef { id: row.get("id")?, name: row.get("name")?, version: row.get("version")?, word: row.get("word")? })
}

/// A calendar of an organization by its id or name.
pub async fn named(source: &mut impl Source, organization: OrganizationId, word: &str) -> Result<Option<CalendarRef>, DbError> {
    let sql = sql!(
        "SELECT id, name, version, CAST($2 AS TEXT) AS word FROM calendar WHERE organization_id = $1 AND (id = $2 OR name = $2) \
         ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![organization, word]).await?.as_ref().map(calendar_ref).transpose()
}

/// The calendars of a schedule as they are now, by id.
pub async fn calendars_of_schedule(source: &mut impl Source, schedule: ScheduleId) -> Result<Vec<CalendarRef>, DbError> {
    let sql = sql!(
        "SELECT c.id, c.name, c.version, l.word FROM schedule_calendar l JOIN calendar c ON c.id = l.calendar_id \
         WHERE l.schedule_id = $1 ORDER BY c.id"
    );
    source.rows(sql, args![schedule]).await?.iter().map(calendar_ref).collect()
}

/// Whether every calendar still is at that version: what was reckoned with before the transaction still holds.
pub async fn are_current(tx: &mut Tx<'_>, calendars: &[CalendarRef]) -> Result<bool, DbError> {
    for calendar in calendars {
        let sql = sql!("SELECT 1 AS one FROM calendar WHERE id = $1 AND version = $2");
        if tx.row(sql, args![calendar.id, calendar.version]).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes which calendars a schedule names, and which versions its newest revision reckons with.
pub async fn link(tx: &mut Tx<'_>, schedule: ScheduleId, calendars: &[CalendarRef]) -> Result<(), DbError> {
    unlink(tx, schedule).await?;
    for calendar in calendars {
        let sql = sql!("INSERT INTO schedule_calendar (schedule_id, calendar_id, calendar_version, word) VALUES ($1, $2, $3, $4)");
        tx.execute(sql, args![schedule, calendar.id, calendar.version, &calendar.word]).await?;
    }
    Ok(())
}

pub async fn unlink(tx: &mut Tx<'_>, schedule: ScheduleId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM schedule_calendar WHERE schedule_id = $1"), args![schedule]).await.map(|_| ())
}

/// The names of schedules that name a calendar, the first of them.
pub(super) async fn names_of_schedules(tx: &mut Tx<'_>, calendar: CalendarId, limit: usize) -> Result<Vec<String>, DbError> {
    let sql = sql!(
        "SELECT s.name FROM schedule_calendar l JOIN schedule s ON s.id = l.schedule_id WHERE l.calendar_id = $1 ORDER BY s.name LIMIT $2"
    );
    tx.rows(sql, args![calendar, limit]).await?.iter().map(|row| row.get("name")).collect()
}

/// A change that says nothing new about when: schedules have followed it already.
pub(super) async fn follow_at_once(tx: &mut Tx<'_>, calendar: CalendarId, before: u32, after: u32) -> Result<(), DbError> {
    let sql = sql!("UPDATE schedule_calendar SET calendar_version = $3 WHERE calendar_id = $1 AND calendar_version = $2");
    tx.execute(sql, args![calendar, before, after]).await.map(|_| ())
}
