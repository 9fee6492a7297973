//! Reads the facts: one statement for an execution, two for a run.

use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::runs::{Cause, DeviceRef, State};

use super::super::queue::waiting_up_to;
use super::super::store::{self, counts_of_run, run_of_organization};
use super::{Facts, Part, RunFacts};
use crate::app::App;
use crate::features::accounts::Sight;
use crate::features::devices::standing;
use crate::platform::db::{Db, DbError, Row};
use crate::{args, sees_device, sql};

pub(in super::super) async fn execution_facts(app: &App, sight: Sight, id: ExecutionId) -> Result<Option<Facts>, DbError> {
    let sql = sql!(
        "SELECT e.id, e.run_id, e.device_id, e.device_name, e.state, e.reason_code, e.reason_detail, e.created_at, e.expires_at, \
         e.report_by, e.dispatched_at, e.started_at, e.finished_at, e.cancelled_by, r.cause_kind, r.cause_by, r.schedule_id, r.schedule_revision, r.slot_at, r.task_name, r.target_count \
         FROM execution e JOIN run r ON r.id = e.run_id WHERE e.organization_id = $1 AND e.id = $2 AND ",
        sees_device!("e.device_id", "$3")
    );
    let Some(row) = app.db.row(sql, args![sight.organization, id, sight.only]).await? else { return Ok(None) };
    let mut facts = facts(app, &row).await?;
    if sight.only.is_some() {
        facts.target_count = counts_of_run(&mut &app.db, sight.only, facts.run).await?.values().sum();
    }
    Ok(Some(facts))
}

async fn facts(app: &App, row: &Row) -> Result<Facts, DbError> {
    let device = DeviceRef { id: row.get("device_id")?, name: row.get("device_name")? };
    let (execution, state) = (row.get("id")?, row.get("state")?);
    let before = match state {
        State::Queued => waiting_up_to(&app.db, device.id, execution).await?.saturating_sub(1),
        _ => 0,
    };
    Ok(Facts {
        execution,
        run: row.get("run_id")?,
        state,
        reason: store::reason(row)?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        report_by: row.get("report_by")?,
        dispatched_at: row.get("dispatched_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        cancelled_by: row.get("cancelled_by")?,
        cause: Cause { kind: row.get("cause_kind")?, by: row.get("cause_by")?, slot: store::run_slot(row)? },
        task: row.get("task_name")?,
        target_count: row.get("target_count")?,
        standing: standing(&app.db, device.id).await?.ok_or(DbError::Aborted)?,
        before,
        is_quiet: app.quiet.is_on(&app.db).await?,
        device,
    })
}

pub(in super::super) async fn run_facts(app: &App, sight: Sight, id: RunId) -> Result<Option<RunFacts>, DbError> {
    let Some(row) = run_of_organization(&mut &app.db, sight, id).await? else { return Ok(None) };
    let mut parts = Vec::new();
    for shape in shapes(&app.db, sight, id).await? {
        let Some(sample) = execution_facts(app, sight, shape.sample).await? else { continue };
        let Shape { state, count, first_sent_at, last_sent_at, expires_at, report_by, .. } = shape;
        parts.push(Part { state, count, first_sent_at, last_sent_at, expires_at, report_by, sample });
    }
    let run = row.run;
    Ok(Some(RunFacts {
        run: run.id,
        state: run.state,
        cause: run.cause,
        task: run.task.name,
        created_at: run.created_at,
        finished_at: run.finished_at,
        parts,
    }))
}

/// A part without its sample.
struct Shape {
    state: State,
    count: u64,
    sample: ExecutionId,
    first_sent_at: Option<taskey_proto::Time>,
    last_sent_at: Option<taskey_proto::Time>,
    expires_at: taskey_proto::Time,
    report_by: taskey_proto::Time,
}

/// Parts of one run that are told: states times reasons are few, unless devices make reasons up.
const PARTS_MAX: usize = 50;

async fn shapes(db: &Db, sight: Sight, run: RunId) -> Result<Vec<Shape>, DbError> {
    let sql = sql!(
        "SELECT state, count(*) AS count, min(id) AS sample, min(dispatched_at) AS first_sent_at, max(dispatched_at) AS last_sent_at, \
         min(expires_at) AS expires_at, min(report_by) AS report_by FROM execution WHERE run_id = $1 AND ",
        sees_device!("execution.device_id", "$2"),
        " GROUP BY state, reason_code ORDER BY count(*) DESC, min(id) LIMIT $3"
    );
    let rows = db.rows(sql, args![run, sight.only, PARTS_MAX]).await?;
    let shape = |row: &Row| {
        Ok(Shape {
            state: row.get("state")?,
            count: row.get("count")?,
            sample: row.get("sample")?,
            first_sent_at: row.get("first_sent_at")?,
            last_sent_at: row.get("last_sent_at")?,
            expires_at: row.get("expires_at")?,
            report_by: row.get("report_by")?,
        })
    };
    rows.iter().map(shape).collect()
}
