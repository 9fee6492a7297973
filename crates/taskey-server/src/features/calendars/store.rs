//! Queries on the table of calendars.

use taskey_proto::Time;
use taskey_proto::id::{CalendarId, OrganizationId};

use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sql};

/// A calendar as it is stored, but for its content.
#[derive(Debug, Clone)]
pub(super) struct CalendarRow {
    pub id: CalendarId,
    pub name: String,
    pub description: String,
    pub version: u32,
    pub event_count: u64,
    pub schedule_count: u64,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
}

fn calendar_row(row: &Row) -> Result<CalendarRow, DbError> {
    Ok(CalendarRow {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        version: row.get("version")?,
        event_count: row.get("event_count")?,
        schedule_count: row.get("schedule_count")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.get("updated_by")?,
    })
}

pub(super) async fn calendars_of_organization(
    db: &Db,
    organization: OrganizationId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<CalendarRow>, DbError> {
    let sql = sql!(
        "SELECT c.id, c.name, c.description, c.version, c.event_count, c.created_at, c.updated_at, c.updated_by, \
         (SELECT count(*) FROM schedule_calendar l WHERE l.calendar_id = c.id) AS schedule_count FROM calendar c \
         WHERE c.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR c.name > $2) ORDER BY c.name LIMIT $3"
    );
    db.rows(sql, args![organization, after, limit]).await?.iter().map(calendar_row).collect()
}

/// A calendar by its id or name, with its content.
pub(super) async fn calendar_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<(CalendarRow, String)>, DbError> {
    let sql = sql!(
        "SELECT c.id, c.name, c.description, c.version, c.event_count, c.created_at, c.updated_at, c.updated_by, c.content, \
         (SELECT count(*) FROM schedule_calendar l WHERE l.calendar_id = c.id) AS schedule_count FROM calendar c \
         WHERE c.organization_id = $1 AND (c.id = $2 OR c.name = $2) ORDER BY CASE WHEN c.id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    let row = source.row(sql, args![organization, word]).await?;
    row.map(|row| Ok((calendar_row(&row)?, row.get("content")?))).transpose()
}

/// The text of a calendar, with its version.
pub(super) async fn content(db: &Db, id: CalendarId) -> Result<Option<(u32, String)>, DbError> {
    let row = db.row(sql!("SELECT version, content FROM calendar WHERE id = $1"), args![id]).await?;
    row.map(|row| Ok((row.get("version")?, row.get("content")?))).transpose()
}

/// Whether another calendar than `except` has the name.
pub(super) async fn name_taken(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    name: &str,
    except: Option<CalendarId>,
) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM calendar WHERE organization_id = $1 AND name = $2 AND (CAST($3 AS TEXT) IS NULL OR id <> $3)");
    Ok(tx.row(sql, args![organization, name, except]).await?.is_some())
}

pub(super) async fn insert_calendar(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    row: &CalendarRow,
    content: &str,
) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO calendar (id, organization_id, name, description, version, content, event_count, created_at, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let head = args![row.id, organization, &row.name, &row.description, row.version, content, row.event_count];
    tx.execute(sql, [head, args![row.created_at, row.updated_at, &row.updated_by]].concat()).await.map(|_| ())
}

pub(super) async fn update_calendar(tx: &mut Tx<'_>, row: &CalendarRow, content: &str) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE calendar SET name = $2, description = $3, version = $4, content = $5, event_count = $6, updated_at = $7, updated_by = $8 \
         WHERE id = $1"
    );
    let values = args![row.id, &row.name, &row.description, row.version, content, row.event_count, row.updated_at, &row.updated_by];
    tx.execute(sql, values).await.map(|_| ())
}

pub(super) async fn delete_calendar(tx: &mut Tx<'_>, id: CalendarId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM calendar WHERE id = $1"), args![id]).await.map(|_| ())
}
