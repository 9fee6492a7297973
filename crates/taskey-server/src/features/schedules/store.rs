//! Queries on the tables of schedules.

use std::collections::BTreeSet;

use taskey_proto::Time;
use taskey_proto::id::{CalendarId, DeviceId, OrganizationId, RunId, ScheduleId, TaskId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{DeviceRef, State};
use taskey_proto::schedules::{Holding, ScheduleSpec, ScheduleState, Slot, SlotState};

use super::revision::Revision;
use super::targets::TargetIds;
use crate::features::accounts::Sight;
use crate::features::tasks::named_secrets;
use crate::platform::db::{Args, Db, DbError, FromCol, Row, Source, Tx};
use crate::{args, has_role_on_device, sees_device, sql};

impl FromCol for ScheduleState {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let word: String = row.get(column)?;
        ScheduleState::from_word(&word)
            .ok_or_else(|| DbError::Column { column: column.to_owned(), detail: format!("`{word}` is no state of a schedule") })
    }
}

impl FromCol for SlotState {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let word: String = row.get(column)?;
        SlotState::from_word(&word)
            .ok_or_else(|| DbError::Column { column: column.to_owned(), detail: format!("`{word}` is no state of a slot") })
    }
}

fn reason(row: &Row) -> Result<Option<Reason>, DbError> {
    let code: Option<String> = row.get("reason_code")?;
    let detail: Option<String> = row.get("reason_detail")?;
    Ok(code.map(|code| Reason { code, detail: detail.unwrap_or_default() }))
}

/// A schedule as it is stored.
#[derive(Debug, Clone)]
pub(super) struct ScheduleRow {
    pub id: ScheduleId,
    pub organization: OrganizationId,
    pub name: String,
    pub version: u32,
    pub revision: u32,
    /// Numbers up to here may have been given away before the server was restored from a backup.
    pub revision_floor: u32,
    /// Of one that runs once: what ran to its end under this revision or a later one counts.
    pub once_since: u32,
    pub spec: ScheduleSpec,
    pub targets: TargetIds,
    pub task: TaskId,
    pub task_version: u32,
    pub newer_version: Option<u32>,
    pub state: ScheduleState,
    pub reason: Option<Reason>,
    pub on_server: bool,
    pub settled_until: Option<Time>,
    pub next_at: Option<Time>,
    /// When its devices are to be told of later events of its calendars.
    pub renew_at: Option<Time>,
    pub device_count: u64,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
}

impl ScheduleRow {
    pub fn next_revision(&self) -> u32 {
        self.revision.max(self.revision_floor) + 1
    }
}

fn schedule_row(row: &Row) -> Result<ScheduleRow, DbError> {
    Ok(ScheduleRow {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        revision: row.get("revision")?,
        revision_floor: row.get("revision_floor")?,
        once_since: row.get("once_since")?,
        spec: row.json("spec")?,
        targets: row.json("targets")?,
        task: row.get("task_id")?,
        task_version: row.get("task_version")?,
        newer_version: row.get::<Option<i64>>("newer_version")?.map(|version| version as u32),
        state: row.get("state")?,
        reason: reason(row)?,
        on_server: row.get("on_server")?,
        settled_until: row.get("settled_until")?,
        next_at: row.get("next_at")?,
        renew_at: row.get("renew_at")?,
        device_count: row.get("device_count")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.get("updated_by")?,
    })
}

/// Which schedules: of a task, for a device, with a calendar.
#[derive(Default)]
pub(super) struct Which {
    pub task: Option<TaskId>,
    pub device: Option<DeviceId>,
    pub calendar: Option<CalendarId>,
}

/// The schedules of which somebody may see a device, by name.
pub(super) async fn schedules_of_organization(
    db: &Db,
    sight: Sight,
    which: Which,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<ScheduleRow>, DbError> {
    let all = sql!(
        "SELECT s.* FROM schedule s WHERE s.organization_id = $1 AND s.removed_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR s.name > $2) \
         AND (CAST($3 AS TEXT) IS NULL OR s.task_id = $3) AND (CAST($4 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM schedule_target st WHERE st.schedule_id = s.id AND ",
        sees_device!("st.device_id", "$4"),
        ")) AND CAST($5 AS TEXT) IS NULL AND (CAST($6 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM schedule_calendar l WHERE l.schedule_id = s.id AND l.calendar_id = $6)) ORDER BY s.name LIMIT $7"
    );
    // From the few schedules of the device, however many there are: a cross join keeps SQLite from walking them all by name.
    let of_device = sql!(
        "SELECT s.* FROM schedule_target st CROSS JOIN schedule s WHERE st.schedule_id = s.id AND st.device_id = $5 AND ",
        sees_device!("st.device_id", "$4"),
        " AND s.organization_id = $1 AND s.removed_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR s.name > $2) \
         AND (CAST($3 AS TEXT) IS NULL OR s.task_id = $3) AND (CAST($6 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM schedule_calendar l WHERE l.schedule_id = s.id AND l.calendar_id = $6)) ORDER BY s.name LIMIT $7"
    );
    let sql = if which.device.is_some() { of_device } else { all };
    let rows = db.rows(sql, args![sight.organization, after, which.task, sight.only, which.device, which.calendar, limit]).await?;
    rows.iter().map(schedule_row).collect()
}

/// A schedule by id or name, for whoever may see one of its devices.
pub(super) async fn schedule_of_organization(source: &mut impl Source, sight: Sight, word: &str) -> Result<Option<ScheduleRow>, DbError> {
    let sql = sql!(
        "SELECT s.* FROM schedule s WHERE s.organization_id = $1 AND s.removed_at IS NULL AND s.id = COALESCE(\
         (SELECT id FROM schedule WHERE id = $2 AND organization_id = $1), \
         (SELECT id FROM schedule WHERE organization_id = $1 AND name = $2 AND removed_at IS NULL)) \
         AND (CAST($3 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM schedule_target st WHERE st.schedule_id = s.id AND ",
        sees_device!("st.device_id", "$3"),
        "))"
    );
    source.row(sql, args![sight.organization, word, sight.only]).await?.as_ref().map(schedule_row).transpose()
}

/// Whether somebody may see a schedule.
pub async fn sees_schedule(mut db: &Db, sight: Sight, id: ScheduleId) -> Result<bool, DbError> {
    Ok(sight.only.is_none() || schedule_of_organization(&mut db, sight, &id.to_string()).await?.is_some())
}

/// A device of a schedule on which a user has less than a role: 2 self-service, 3 admin.
pub(super) async fn device_beyond_admin(
    source: &mut impl Source,
    schedule: ScheduleId,
    user: Option<taskey_proto::id::UserId>,
) -> Result<Option<DeviceRef>, DbError> {
    if user.is_none() {
        return Ok(None);
    }
    let sql = sql!(
        "SELECT d.id, d.name FROM schedule_target st JOIN device d ON d.id = st.device_id WHERE st.schedule_id = $1 AND NOT ",
        has_role_on_device!("d.id", "$2", "3"),
        " LIMIT 1"
    );
    let row = source.row(sql, args![schedule, user]).await?;
    row.map(|row| Ok(DeviceRef { id: row.get("id")?, name: row.get("name")? })).transpose()
}

/// A schedule that is there, whoever may see it.
pub(super) async fn schedule(source: &mut impl Source, id: ScheduleId) -> Result<Option<ScheduleRow>, DbError> {
    let sql = sql!("SELECT * FROM schedule WHERE id = $1 AND removed_at IS NULL");
    source.row(sql, args![id]).await?.as_ref().map(schedule_row).transpose()
}

/// Schedules whose devices may have changed with somebody's group, label or fact.
pub(super) async fn dynamic_schedules(db: &Db, organization: OrganizationId) -> Result<Vec<ScheduleId>, DbError> {
    let sql = sql!("SELECT id, targets FROM schedule WHERE organization_id = $1 AND removed_at IS NULL AND state <> 'done' ORDER BY id");
    let mut dynamic = Vec::new();
    for row in db.rows(sql, args![organization]).await? {
        if row.json::<TargetIds>("targets")?.is_dynamic() {
            dynamic.push(row.get("id")?);
        }
    }
    Ok(dynamic)
}

pub(super) async fn schedules_of_task(db: &Db, task: TaskId) -> Result<Vec<ScheduleRow>, DbError> {
    let rows = db.rows(sql!("SELECT * FROM schedule WHERE task_id = $1 AND removed_at IS NULL ORDER BY id"), args![task]).await?;
    rows.iter().map(schedule_row).collect()
}

/// Schedules, by id after `after`, that are to have their next revision for their calendars: one of them has changed, or later events are due.
/// With each who has changed one.
pub(super) async fn behind_calendars(
    db: &Db,
    now: Time,
    after: Option<ScheduleId>,
    limit: usize,
) -> Result<Vec<(ScheduleRow, Option<String>)>, DbError> {
    let sql = sql!(
        "SELECT b.* FROM (SELECT s.*, (SELECT max(c.updated_by) FROM schedule_calendar l JOIN calendar c ON c.id = l.calendar_id \
         WHERE l.schedule_id = s.id AND l.calendar_version < c.version) AS changed_by FROM schedule s \
         WHERE s.removed_at IS NULL AND s.state <> 'done' AND (CAST($1 AS TEXT) IS NULL OR s.id > $1)) b \
         WHERE b.changed_by IS NOT NULL OR (b.state = 'active' AND b.renew_at <= $2) ORDER BY b.id LIMIT $3"
    );
    let rows = db.rows(sql, args![after, now, limit]).await?;
    rows.iter().map(|row| Ok((schedule_row(row)?, row.get("changed_by")?))).collect()
}

pub(super) async fn name_taken(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    name: &str,
    except: Option<ScheduleId>,
) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM schedule WHERE organization_id = $1 AND name = $2 AND removed_at IS NULL \
         AND (CAST($3 AS TEXT) IS NULL OR id <> $3)"
    );
    Ok(tx.row(sql, args![organization, name, except]).await?.is_some())
}

fn split(reason: &Option<Reason>) -> Args {
    let reason = reason.as_ref();
    args![reason.map(|reason| reason.code.clone()), reason.map(|reason| reason.detail.clone())]
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Column { column: "spec".to_owned(), detail: error.to_string() })
}

pub(super) async fn insert_schedule(tx: &mut Tx<'_>, row: &ScheduleRow) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO schedule (id, organization_id, name, version, revision, spec, targets, task_id, task_version, state, reason_code, \
         reason_detail, on_server, settled_until, next_at, renew_at, once_since, created_at, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"
    );
    let head =
        args![row.id, row.organization, &row.name, i64::from(row.version), i64::from(row.revision), json(&row.spec)?, json(&row.targets)?];
    let task = args![row.task, i64::from(row.task_version), row.state.word()];
    let times = args![row.settled_until, row.next_at, row.renew_at, i64::from(row.once_since), row.created_at, row.updated_at];
    let rest = [args![row.on_server], times, args![&row.updated_by]].concat();
    tx.execute(sql, [head, task, split(&row.reason), rest].concat()).await.map(|_| ())
}

/// Writes everything of a schedule that may change.
pub(super) async fn update_schedule(tx: &mut Tx<'_>, row: &ScheduleRow) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE schedule SET name = $2, version = $3, revision = $4, spec = $5, targets = $6, task_id = $7, task_version = $8, \
         newer_version = $9, state = $10, reason_code = $11, reason_detail = $12, on_server = $13, settled_until = $14, next_at = $15, \
         renew_at = $16, once_since = $17, updated_at = $18, updated_by = $19 WHERE id = $1"
    );
    let head = args![row.id, &row.name, i64::from(row.version), i64::from(row.revision), json(&row.spec)?, json(&row.targets)?];
    let task = args![row.task, i64::from(row.task_version), row.newer_version.map(i64::from), row.state.word()];
    let times = args![row.settled_until, row.next_at, row.renew_at, i64::from(row.once_since), row.updated_at];
    let rest = [args![row.on_server], times, args![&row.updated_by]].concat();
    tx.execute(sql, [head, task, split(&row.reason), rest].concat()).await.map(|_| ())
}

pub(super) async fn insert_version(tx: &mut Tx<'_>, row: &ScheduleRow) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO schedule_version (schedule_id, version, spec, created_at, created_by) VALUES ($1, $2, $3, $4, $5)");
    tx.execute(sql, args![row.id, i64::from(row.version), json(&row.spec)?, row.updated_at, &row.updated_by]).await.map(|_| ())
}

/// The versions of a schedule below `before`, newest first.
pub(super) async fn versions(
    db: &Db,
    schedule: ScheduleId,
    before: Option<u32>,
    limit: usize,
) -> Result<Vec<taskey_proto::schedules::ScheduleVersion>, DbError> {
    let sql = sql!(
        "SELECT version, spec, created_at, created_by FROM schedule_version \
         WHERE schedule_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR version < $2) ORDER BY version DESC LIMIT $3"
    );
    let rows = db.rows(sql, args![schedule, before.map(i64::from), limit]).await?;
    let version = |row: &Row| {
        Ok(taskey_proto::schedules::ScheduleVersion {
            version: row.get("version")?,
            created_at: row.get("created_at")?,
            created_by: row.get("created_by")?,
            spec: row.json("spec")?,
        })
    };
    rows.iter().map(version).collect()
}

pub(super) async fn insert_revision(tx: &mut Tx<'_>, row: &ScheduleRow, revision: &Revision) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO schedule_revision (schedule_id, revision, document, signature, digest, task_name, task_version, task_digest, timeout_ms, \
         run_once, names_secrets, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    let document = args![row.id, i64::from(row.revision), &revision.document.bytes, &revision.document.signature, &revision.digest];
    let task = args![&revision.task.name, i64::from(row.task_version), &revision.task.digest, revision.task.timeout_ms];
    let names_secrets = !named_secrets(&revision.task.bytes).is_empty();
    tx.execute(sql, [document, task, args![revision.run_once, names_secrets, row.updated_at]].concat()).await.map(|_| ())
}

/// What a run of a revision is made of.
pub(super) struct RevisionRow {
    pub organization: OrganizationId,
    pub schedule_name: String,
    pub task: TaskId,
    pub task_name: String,
    pub task_version: u32,
    pub task_digest: String,
    pub timeout_ms: u64,
    pub run_once: bool,
}

/// A revision of a schedule, also of one that was removed since.
pub(super) async fn revision(source: &mut impl Source, schedule: ScheduleId, revision: u32) -> Result<Option<RevisionRow>, DbError> {
    let sql = sql!(
        "SELECT s.organization_id, s.name, s.task_id, r.task_name, r.task_version, r.task_digest, r.timeout_ms, r.run_once \
         FROM schedule_revision r JOIN schedule s ON s.id = r.schedule_id WHERE r.schedule_id = $1 AND r.revision = $2"
    );
    let Some(row) = source.row(sql, args![schedule, i64::from(revision)]).await? else { return Ok(None) };
    Ok(Some(RevisionRow {
        organization: row.get("organization_id")?,
        schedule_name: row.get("name")?,
        task: row.get("task_id")?,
        task_name: row.get("task_name")?,
        task_version: row.get("task_version")?,
        task_digest: row.get("task_digest")?,
        timeout_ms: row.get("timeout_ms")?,
        run_once: row.get("run_once")?,
    }))
}

pub(super) async fn remove(tx: &mut Tx<'_>, id: ScheduleId, now: Time) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE schedule SET removed_at = $2, next_at = NULL WHERE id = $1"), args![id, now]).await.map(|_| ())
}

pub(super) async fn set_device_count(tx: &mut Tx<'_>, id: ScheduleId) -> Result<(), DbError> {
    let sql = sql!("UPDATE schedule SET device_count = (SELECT count(*) FROM schedule_target WHERE schedule_id = $1) WHERE id = $1");
    tx.execute(sql, args![id]).await.map(|_| ())
}

/// The devices that a schedule is for.
pub(super) async fn targets(source: &mut impl Source, schedule: ScheduleId) -> Result<BTreeSet<DeviceId>, DbError> {
    let rows = source.rows(sql!("SELECT device_id FROM schedule_target WHERE schedule_id = $1"), args![schedule]).await?;
    rows.iter().map(|row| row.get("device_id")).collect()
}

pub(super) async fn add_target(tx: &mut Tx<'_>, schedule: ScheduleId, device: DeviceId) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO schedule_target (schedule_id, device_id) VALUES ($1, $2) ON CONFLICT (schedule_id, device_id) DO NOTHING");
    tx.later(sql, args![schedule, device]).await
}

pub(super) async fn remove_target(tx: &mut Tx<'_>, schedule: ScheduleId, device: DeviceId) -> Result<(), DbError> {
    tx.later(sql!("DELETE FROM schedule_target WHERE schedule_id = $1 AND device_id = $2"), args![schedule, device]).await
}

/// A device of a schedule: what it is to keep.
pub(super) struct WantedRow {
    pub device: DeviceId,
    pub revision: Option<u32>,
    pub completed: Option<u32>,
}

pub(super) async fn wanted(source: &mut impl Source, schedule: ScheduleId) -> Result<Vec<WantedRow>, DbError> {
    let sql = sql!("SELECT device_id, revision, completed_revision FROM schedule_device WHERE schedule_id = $1 ORDER BY device_id");
    let rows = source.rows(sql, args![schedule]).await?;
    let number = |row: &Row, column: &str| Ok::<_, DbError>(row.get::<Option<i64>>(column)?.map(|number| number as u32));
    rows.iter()
        .map(|row| {
            Ok(WantedRow {
                device: row.get("device_id")?,
                revision: number(row, "revision")?,
                completed: number(row, "completed_revision")?,
            })
        })
        .collect()
}

pub(super) async fn set_wanted(
    tx: &mut Tx<'_>,
    schedule: ScheduleId,
    device: DeviceId,
    revision: Option<u32>,
    now: Time,
) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO schedule_device (schedule_id, device_id, revision) VALUES ($1, $2, $3) \
         ON CONFLICT (schedule_id, device_id) DO UPDATE SET revision = $3"
    );
    tx.later(sql, args![schedule, device, revision.map(i64::from)]).await?;
    let sql = sql!(
        "INSERT INTO device_assignment (device_id, number, issued_at) VALUES ($1, 1, $2) \
         ON CONFLICT (device_id) DO UPDATE SET number = device_assignment.number + 1, issued_at = $2"
    );
    tx.later(sql, args![device, now]).await
}

/// How an assignment stands.
pub(super) struct AssignmentRow {
    pub number: u64,
    pub issued_at: Time,
    pub held_number: u64,
}

pub(super) async fn assignment(source: &mut impl Source, device: DeviceId) -> Result<Option<AssignmentRow>, DbError> {
    let sql = sql!("SELECT number, issued_at, held_number FROM device_assignment WHERE device_id = $1");
    let Some(row) = source.row(sql, args![device]).await? else { return Ok(None) };
    Ok(Some(AssignmentRow { number: row.get("number")?, issued_at: row.get("issued_at")?, held_number: row.get("held_number")? }))
}

pub(super) async fn set_held_number(tx: &mut Tx<'_>, device: DeviceId, number: u64) -> Result<(), DbError> {
    let sql = sql!("UPDATE device_assignment SET held_number = $2 WHERE device_id = $1 AND held_number <> $2");
    tx.later(sql, args![device, number]).await
}

pub(super) async fn set_issued(tx: &mut Tx<'_>, device: DeviceId, now: Time) -> Result<(), DbError> {
    tx.later(sql!("UPDATE device_assignment SET issued_at = $2 WHERE device_id = $1"), args![device, now]).await
}

/// A document that a device is to keep.
pub(super) struct KeptRow {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub digest: String,
    pub task_digest: String,
    pub names_secrets: bool,
}

pub(super) async fn kept_by_device(source: &mut impl Source, device: DeviceId, limit: usize) -> Result<Vec<KeptRow>, DbError> {
    let sql = sql!(
        "SELECT sd.schedule_id, sd.revision, r.digest, r.task_digest, r.names_secrets FROM schedule_device sd \
         JOIN schedule_revision r ON r.schedule_id = sd.schedule_id AND r.revision = sd.revision \
         WHERE sd.device_id = $1 AND sd.revision IS NOT NULL ORDER BY sd.schedule_id LIMIT $2"
    );
    let rows = source.rows(sql, args![device, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(KeptRow {
                schedule: row.get("schedule_id")?,
                revision: row.get("revision")?,
                digest: row.get("digest")?,
                task_digest: row.get("task_digest")?,
                names_secrets: row.get("names_secrets")?,
            })
        })
        .collect()
}

/// The document of a revision with its signature.
pub(super) async fn document(
    source: &mut impl Source,
    schedule: ScheduleId,
    revision: u32,
) -> Result<taskey_proto::document::SignedDocument, DbError> {
    let sql = sql!("SELECT document, signature FROM schedule_revision WHERE schedule_id = $1 AND revision = $2");
    let row = source.row(sql, args![schedule, i64::from(revision)]).await?.ok_or(DbError::Aborted)?;
    Ok(taskey_proto::document::SignedDocument { bytes: row.get("document")?, signature: row.get("signature")? })
}

/// A device says what it keeps.
pub(super) async fn set_assigned(tx: &mut Tx<'_>, device: DeviceId, assigned: &taskey_proto::line::Assigned) -> Result<(), DbError> {
    let sql = sql!("UPDATE device_assignment SET held_number = $2, lease_until = $3, timezone = $4 WHERE device_id = $1");
    tx.later(sql, args![device, assigned.number, assigned.lease_until, &assigned.timezone]).await?;
    let sql = sql!("UPDATE schedule_device SET held_revision = NULL, held_since = NULL WHERE device_id = $1 AND held_revision IS NOT NULL");
    tx.later(sql, args![device]).await?;
    let sql = sql!("UPDATE schedule_device SET held_revision = $3, held_since = $4 WHERE device_id = $1 AND schedule_id = $2");
    for held in &assigned.holdings {
        tx.later(sql, args![device, held.schedule, i64::from(held.revision), held.since]).await?;
    }
    Ok(())
}

/// Schedules that are for a device.
pub(super) async fn schedules_of_device(db: &Db, device: DeviceId) -> Result<Vec<ScheduleId>, DbError> {
    let rows = db.rows(sql!("SELECT schedule_id FROM schedule_target WHERE device_id = $1"), args![device]).await?;
    rows.iter().map(|row| row.get("schedule_id")).collect()
}

/// Asks every device that keeps a schedule with secrets to fetch them anew.
pub(super) async fn renew_secrets(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<Vec<DeviceId>, DbError> {
    let sql = sql!(
        "UPDATE device_assignment SET number = number + 1 WHERE device_id IN (SELECT sd.device_id FROM schedule s \
         JOIN schedule_revision r ON r.schedule_id = s.id AND r.names_secrets = 1 \
         JOIN schedule_device sd ON sd.schedule_id = s.id AND sd.revision = r.revision \
         WHERE s.organization_id = $1 AND s.removed_at IS NULL) RETURNING device_id"
    );
    let rows = tx.rows(sql, args![organization]).await?;
    rows.iter().map(|row| row.get("device_id")).collect()
}

pub(super) async fn set_newer_version(tx: &mut Tx<'_>, schedule: ScheduleId, version: u32) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE schedule SET newer_version = $2 WHERE id = $1"), args![schedule, i64::from(version)]).await.map(|_| ())
}

pub(super) async fn set_done(tx: &mut Tx<'_>, schedule: ScheduleId, reason: &Reason) -> Result<(), DbError> {
    let sql = sql!("UPDATE schedule SET state = 'done', reason_code = $2, reason_detail = $3, next_at = NULL WHERE id = $1");
    tx.execute(sql, args![schedule, &reason.code, &reason.detail]).await.map(|_| ())
}

/// Which revision a device says that it keeps of each schedule.
pub(super) async fn held_by_device(tx: &mut Tx<'_>, device: DeviceId) -> Result<Vec<(ScheduleId, u32)>, DbError> {
    let sql = sql!("SELECT schedule_id, held_revision FROM schedule_device WHERE device_id = $1 AND held_revision IS NOT NULL");
    let rows = tx.rows(sql, args![device]).await?;
    rows.iter().map(|row| Ok((row.get("schedule_id")?, row.get("held_revision")?))).collect()
}

/// Whether a schedule is, or was, for a device.
pub(super) async fn was_ever_for(tx: &mut Tx<'_>, schedule: ScheduleId, device: DeviceId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM schedule_device WHERE schedule_id = $1 AND device_id = $2");
    Ok(tx.row(sql, args![schedule, device]).await?.is_some())
}

/// The devices that held a revision before a slot, of which it is not known yet what they made of it.
pub(super) async fn holders(tx: &mut Tx<'_>, schedule: ScheduleId, revision: u32, at: Time) -> Result<Vec<DeviceRef>, DbError> {
    let sql = sql!(
        "SELECT d.id, d.name FROM schedule_device sd JOIN device d ON d.id = sd.device_id \
         WHERE sd.schedule_id = $1 AND sd.held_revision = $2 AND sd.held_since < $3 AND d.removed_at IS NULL \
         AND COALESCE((SELECT s.until_at FROM slot s WHERE s.schedule_id = $1 AND s.revision = $2 AND s.target = d.id AND s.at <= $3 \
         ORDER BY s.at DESC LIMIT 1), 0) < $3 ORDER BY d.name"
    );
    let rows = tx.rows(sql, args![schedule, i64::from(revision), at]).await?;
    rows.iter().map(|row| Ok(DeviceRef { id: row.get("id")?, name: row.get("name")? })).collect()
}

pub(super) async fn set_completed(tx: &mut Tx<'_>, schedule: ScheduleId, device: DeviceId, revision: u32) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE schedule_device SET completed_revision = $3 WHERE schedule_id = $1 AND device_id = $2 \
         AND (completed_revision IS NULL OR completed_revision < $3)"
    );
    tx.execute(sql, args![schedule, device, i64::from(revision)]).await.map(|_| ())
}

/// Whether any device that a schedule is for has not yet run it to its end, under this revision or a later one.
pub(super) async fn is_awaited(tx: &mut Tx<'_>, schedule: ScheduleId, since: u32) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM schedule_device WHERE schedule_id = $1 AND revision IS NOT NULL \
         AND (completed_revision IS NULL OR completed_revision < $2) LIMIT 1"
    );
    Ok(tx.row(sql, args![schedule, i64::from(since)]).await?.is_some())
}

/// A settled slot, or several in a row.
pub(super) struct NewSlot {
    pub schedule: ScheduleId,
    pub revision: u32,
    /// `None` where the server fires.
    pub device: Option<DeviceId>,
    pub at: Time,
    pub until: Time,
    pub count: u64,
    pub state: SlotState,
    pub reason: Option<Reason>,
    pub late_ms: Option<u64>,
    pub run: Option<RunId>,
    pub execution: Option<taskey_proto::id::ExecutionId>,
}

/// Writes a settled slot; false where it was settled before, which then stays as it is.
pub(super) async fn insert_slot(tx: &mut Tx<'_>, slot: &NewSlot, now: Time) -> Result<bool, DbError> {
    let sql = sql!(
        "INSERT INTO slot (schedule_id, revision, target, at, until_at, slot_count, state, reason_code, reason_detail, late_ms, run_id, \
         execution_id, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (schedule_id, revision, target, at) DO NOTHING"
    );
    let target = slot.device.map(|device| device.to_string()).unwrap_or_default();
    let head = args![slot.schedule, i64::from(slot.revision), target, slot.at, slot.until, slot.count, slot.state.word()];
    let rest = args![slot.late_ms.map(|ms| ms as i64), slot.run, slot.execution, now];
    Ok(tx.execute(sql, [head, split(&slot.reason), rest].concat()).await? > 0)
}

/// A slot that the server has found due, and that waits until an earlier run is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitingSlot {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub at: Time,
    pub state: SlotState,
    pub valid_until: Time,
}

/// What waits of a schedule, in its order.
pub(super) async fn waiting_slots(source: &mut impl Source, schedule: ScheduleId) -> Result<Vec<WaitingSlot>, DbError> {
    let sql = sql!("SELECT * FROM slot_waiting WHERE schedule_id = $1 ORDER BY at");
    let rows = source.rows(sql, args![schedule]).await?;
    let waiting = |row: &Row| {
        Ok(WaitingSlot {
            schedule: row.get("schedule_id")?,
            revision: row.get("revision")?,
            at: row.get("at")?,
            state: row.get("state")?,
            valid_until: row.get("valid_until")?,
        })
    };
    rows.iter().map(waiting).collect()
}

pub(super) async fn insert_waiting(tx: &mut Tx<'_>, slot: &WaitingSlot) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO slot_waiting (schedule_id, at, revision, state, valid_until) VALUES ($1, $2, $3, $4, $5)");
    tx.execute(sql, args![slot.schedule, slot.at, i64::from(slot.revision), slot.state.word(), slot.valid_until]).await.map(|_| ())
}

/// False where it waits no more.
pub(super) async fn delete_waiting(tx: &mut Tx<'_>, slot: &WaitingSlot) -> Result<bool, DbError> {
    let sql = sql!("DELETE FROM slot_waiting WHERE schedule_id = $1 AND at = $2");
    Ok(tx.execute(sql, args![slot.schedule, slot.at]).await? > 0)
}

/// Has the server look at once at schedules of which something waits.
pub(super) async fn look_at_waiting(tx: &mut Tx<'_>, now: Time) -> Result<(), DbError> {
    let sql = sql!("UPDATE schedule SET next_at = $1 WHERE state = 'active' AND id IN (SELECT schedule_id FROM slot_waiting)");
    tx.execute(sql, args![now]).await.map(|_| ())
}

/// Has the server look at once at schedules of which something waits and no run is open; answers how many these are.
pub(super) async fn look_at_turns(tx: &mut Tx<'_>, now: Time) -> Result<u64, DbError> {
    let sql = sql!(
        "UPDATE schedule SET next_at = $1 WHERE state = 'active' AND removed_at IS NULL AND (next_at IS NULL OR next_at > $1) \
         AND id IN (SELECT schedule_id FROM slot_waiting) \
         AND NOT EXISTS (SELECT 1 FROM run WHERE run.schedule_id = schedule.id AND run.finished_at IS NULL)"
    );
    tx.execute(sql, args![now]).await
}

/// Which slots: of a device, that became of this.
#[derive(Default)]
pub(super) struct WhichSlots {
    pub device: Option<DeviceId>,
    pub state: Option<SlotState>,
}

/// Slots that somebody may see, the newest first, those before `before`.
pub(super) async fn slots(
    db: &Db,
    sight: Sight,
    schedule: ScheduleId,
    which: WhichSlots,
    before: Option<SlotCursor>,
    limit: usize,
) -> Result<Vec<Slot>, DbError> {
    let sql = sql!(
        "SELECT s.*, d.name AS device_name, COALESCE(e.state, r.state) AS outcome FROM slot s LEFT JOIN device d ON d.id = s.target \
         LEFT JOIN execution e ON e.id = s.execution_id LEFT JOIN run r ON r.id = s.run_id AND s.execution_id IS NULL \
         WHERE s.schedule_id = $1 AND (CAST($2 AS TEXT) IS NULL OR s.target = $2) \
         AND (CAST($3 AS BIGINT) IS NULL OR s.at < $3 OR (s.at = $3 AND s.target < $4)) \
         AND (CAST($6 AS TEXT) IS NULL OR s.state = $6) AND (s.target = '' OR ",
        sees_device!("s.target", "$5"),
        ") ORDER BY s.at DESC, s.target DESC LIMIT $7"
    );
    let (at, target) = before.map(|before| (before.at, before.target)).unzip();
    let state = which.state.map(SlotState::word);
    let rows = db.rows(sql, args![schedule, which.device, at, target.unwrap_or_default(), sight.only, state, limit]).await?;
    rows.iter().map(slot_row).collect()
}

/// The row that holds a slot: of one device, or the first that has it.
pub(super) async fn slot_at(
    db: &Db,
    sight: Sight,
    schedule: ScheduleId,
    device: Option<DeviceId>,
    at: Time,
) -> Result<Option<Slot>, DbError> {
    let sql = sql!(
        "SELECT s.*, d.name AS device_name, COALESCE(e.state, r.state) AS outcome FROM slot s LEFT JOIN device d ON d.id = s.target \
         LEFT JOIN execution e ON e.id = s.execution_id LEFT JOIN run r ON r.id = s.run_id AND s.execution_id IS NULL \
         WHERE s.schedule_id = $1 AND (CAST($2 AS TEXT) IS NULL OR s.target = $2) AND s.at <= $3 AND s.until_at >= $3 AND (s.target = '' OR ",
        sees_device!("s.target", "$4"),
        ") ORDER BY s.at DESC LIMIT 1"
    );
    db.row(sql, args![schedule, device, at, sight.only]).await?.as_ref().map(slot_row).transpose()
}

fn slot_row(row: &Row) -> Result<Slot, DbError> {
    let target: String = row.get("target")?;
    let device = match target.parse() {
        Ok(id) => Some(DeviceRef { id, name: row.get::<Option<String>>("device_name")?.unwrap_or_default() }),
        Err(_) => None,
    };
    Ok(Slot {
        schedule: row.get("schedule_id")?,
        revision: row.get("revision")?,
        device,
        at: row.get("at")?,
        until: row.get("until_at")?,
        count: row.get("slot_count")?,
        state: row.get("state")?,
        reason: reason(row)?,
        late_ms: row.get::<Option<i64>>("late_ms")?.map(|ms| ms as u64),
        run: row.get("run_id")?,
        execution: row.get("execution_id")?,
        outcome: row.get::<Option<String>>("outcome")?.as_deref().and_then(State::from_word),
    })
}

/// The place of a slot in a list.
pub(super) struct SlotCursor {
    pub at: Time,
    pub target: String,
}

impl std::str::FromStr for SlotCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, target) = text.split_once(' ').ok_or(())?;
        Ok(Self { at: Time::from_ms(at.parse().map_err(|_| ())?), target: target.to_owned() })
    }
}

/// The devices that a schedule is for and that somebody may see, all or one of them, by name.
pub(super) async fn holdings(
    db: &Db,
    sight: Sight,
    schedule: ScheduleId,
    device: Option<DeviceId>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Holding>, DbError> {
    let sql = sql!(
        "SELECT d.id, d.name, d.presence, sd.held_revision, sd.held_since, sd.completed_revision, s.once_since, a.lease_until, a.timezone \
         FROM schedule_target st JOIN schedule s ON s.id = st.schedule_id JOIN device d ON d.id = st.device_id \
         LEFT JOIN schedule_device sd ON sd.schedule_id = st.schedule_id AND sd.device_id = st.device_id \
         LEFT JOIN device_assignment a ON a.device_id = d.id \
         WHERE st.schedule_id = $1 AND d.removed_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR d.name > $2) AND ",
        sees_device!("d.id", "$3"),
        " AND (CAST($5 AS TEXT) IS NULL OR d.id = $5) ORDER BY d.name LIMIT $4"
    );
    let rows = db.rows(sql, args![schedule, after, sight.only, limit, device]).await?;
    rows.iter()
        .map(|row| {
            let once_since: i64 = row.get("once_since")?;
            Ok(Holding {
                device: DeviceRef { id: row.get("id")?, name: row.get("name")? },
                online: row.get::<String>("presence")? == "online",
                revision: row.get::<Option<i64>>("held_revision")?.map(|revision| revision as u32),
                since: row.get("held_since")?,
                lease_until: row.get("lease_until")?,
                completed: row.get::<Option<i64>>("completed_revision")?.is_some_and(|completed| completed >= once_since),
                timezone: row.get::<Option<String>>("timezone")?.unwrap_or_default(),
                reason: None,
                next_at: None,
            })
        })
        .collect()
}

/// How many devices hold the revision that they are to hold.
pub(super) async fn holding_count(db: &Db, schedule: ScheduleId) -> Result<u64, DbError> {
    let sql =
        sql!("SELECT count(*) AS count FROM schedule_device WHERE schedule_id = $1 AND revision IS NOT NULL AND held_revision = revision");
    db.row(sql, args![schedule]).await?.ok_or(DbError::Aborted)?.get("count")
}

/// Schedules that the server is to look at by now.
pub(super) async fn due(db: &Db, now: Time, limit: usize) -> Result<Vec<ScheduleRow>, DbError> {
    let sql = sql!(
        "SELECT * FROM schedule WHERE on_server = 1 AND state = 'active' AND removed_at IS NULL AND next_at IS NOT NULL AND next_at <= $1 \
         ORDER BY next_at LIMIT $2"
    );
    let rows = db.rows(sql, args![now, limit]).await?;
    rows.iter().map(schedule_row).collect()
}

/// When the server is to look at the next one.
pub(super) async fn next_due(db: &Db) -> Result<Option<Time>, DbError> {
    let sql = sql!(
        "SELECT min(next_at) AS due FROM schedule WHERE on_server = 1 AND state = 'active' AND removed_at IS NULL AND next_at IS NOT NULL"
    );
    match db.row(sql, args![]).await? {
        Some(row) => row.get("due"),
        None => Ok(None),
    }
}
