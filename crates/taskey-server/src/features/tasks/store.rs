//! Queries on the tables of tasks.

use taskey_proto::Time;
use taskey_proto::id::{OrganizationId, TaskId};
use taskey_proto::tasks::{Task, TaskSpec, TaskVersion};

use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sql};

pub(super) async fn tasks_of_organization(
    db: &Db,
    organization: OrganizationId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Task>, DbError> {
    let sql = sql!(
        "SELECT id, version, spec, created_at, updated_at FROM task \
         WHERE organization_id = $1 AND removed_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR name > $2) ORDER BY name LIMIT $3"
    );
    let rows = db.rows(sql, args![organization, after, limit]).await?;
    rows.iter().map(task).collect()
}

/// A task by its id or name.
pub(super) async fn task_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<Task>, DbError> {
    let sql = sql!(
        "SELECT id, version, spec, created_at, updated_at FROM task \
         WHERE organization_id = $1 AND removed_at IS NULL AND (id = $2 OR name = $2) \
         ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![organization, word]).await?.as_ref().map(task).transpose()
}

fn task(row: &Row) -> Result<Task, DbError> {
    let spec: TaskSpec = row.json("spec")?;
    Ok(Task {
        id: row.get("id")?,
        name: spec.name,
        description: spec.description,
        self_service: spec.self_service,
        on_failure: spec.on_failure,
        actions: spec.actions,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Whether another task than `except` has the name.
pub(super) async fn name_taken(tx: &mut Tx<'_>, organization: OrganizationId, name: &str, except: Option<TaskId>) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM task WHERE organization_id = $1 AND name = $2 AND removed_at IS NULL \
         AND (CAST($3 AS TEXT) IS NULL OR id <> $3)"
    );
    Ok(tx.row(sql, args![organization, name, except]).await?.is_some())
}

pub(super) async fn insert_task(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    id: TaskId,
    name: &str,
    spec: &str,
    now: Time,
) -> Result<(), DbError> {
    let sql =
        sql!("INSERT INTO task (id, organization_id, name, version, spec, created_at, updated_at) VALUES ($1, $2, $3, 1, $4, $5, $5)");
    tx.execute(sql, args![id, organization, name, spec, now]).await.map(|_| ())
}

pub(super) async fn update_task(tx: &mut Tx<'_>, id: TaskId, version: u32, name: &str, spec: &str, now: Time) -> Result<(), DbError> {
    let sql = sql!("UPDATE task SET name = $3, version = $2, spec = $4, updated_at = $5 WHERE id = $1");
    tx.execute(sql, args![id, version, name, spec, now]).await.map(|_| ())
}

pub(super) struct NewVersion<'a> {
    pub task: TaskId,
    pub version: u32,
    pub spec: &'a str,
    pub digest: &'a str,
    pub by: &'a str,
}

pub(super) async fn insert_version(tx: &mut Tx<'_>, new: &NewVersion<'_>, now: Time) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO task_version (task_id, version, spec, digest, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)");
    tx.execute(sql, args![new.task, new.version, new.spec, new.digest, now, new.by]).await.map(|_| ())
}

/// The versions of a task below `before`, newest first, at most `limit`.
pub(super) async fn versions_of_task(db: &Db, task: TaskId, before: Option<u32>, limit: usize) -> Result<Vec<TaskVersion>, DbError> {
    let sql = sql!(
        "SELECT version, spec, created_at, created_by FROM task_version \
         WHERE task_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR version < $2) ORDER BY version DESC LIMIT $3"
    );
    let rows = db.rows(sql, args![task, before, limit]).await?;
    let version = |row: &Row| {
        Ok(TaskVersion {
            version: row.get("version")?,
            created_at: row.get("created_at")?,
            created_by: row.get("created_by")?,
            spec: row.json("spec")?,
        })
    };
    rows.iter().map(version).collect()
}

pub(super) async fn remove_task(tx: &mut Tx<'_>, id: TaskId, now: Time) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE task SET removed_at = $2 WHERE id = $1"), args![id, now]).await.map(|_| ())
}

/// How a task is called now; also one that was removed.
pub async fn task_name(db: &Db, task: TaskId) -> Result<Option<String>, DbError> {
    db.row(sql!("SELECT name FROM task WHERE id = $1"), args![task]).await?.map(|row| row.get("name")).transpose()
}
