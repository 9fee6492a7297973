//! Queries on the tables of runs.

use std::collections::BTreeMap;

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::document::{Order, Proof, SignedDocument};
use taskey_proto::id::{DeviceId, ExecutionId, OrganizationId, RunId, ScheduleId, UserId};
use taskey_proto::line::ActionReport;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{Cause, DeviceRef, Execution, Run, RunSlot, RunTask, State, Tile};

use super::model::GroupKey;
use super::output::read::Place;
use super::output::store::is_folded;
use super::scheduled::Unmet;
use crate::features::accounts::Sight;
use crate::features::tasks::document::document_bytes;
use crate::platform::db::{Db, DbError, FromCol, Row, Source, Tx};
use crate::{args, has_role_on_device, sees_device, sql};

impl FromCol for State {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let word: String = row.get(column)?;
        State::from_word(&word).ok_or_else(|| DbError::Column { column: column.to_owned(), detail: format!("`{word}` is no state") })
    }
}

pub(super) fn reason(row: &Row) -> Result<Option<Reason>, DbError> {
    let code: Option<String> = row.get("reason_code")?;
    let detail: Option<String> = row.get("reason_detail")?;
    Ok(code.map(|code| Reason { code, detail: detail.unwrap_or_default() }))
}

fn split(reason: &Option<Reason>) -> (Option<String>, Option<String>) {
    let reason = reason.as_ref();
    (reason.map(|reason| reason.code.clone()), reason.map(|reason| reason.detail.clone()))
}

pub(super) async fn insert_run(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    run: &Run,
    user: Option<UserId>,
    task_digest: &str,
    open_count: u64,
) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO run (id, organization_id, task_id, task_name, task_version, task_digest, cause_kind, cause_by, state, open_count, \
         created_at, finished_at, target_count, user_id, schedule_id, schedule_revision, slot_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    let task = args![run.id, organization, run.task.id, &run.task.name, run.task.version.map(i64::from), task_digest];
    let target_count = run.executions.as_ref().map_or(0, Vec::len);
    let rest = args![&run.cause.kind, &run.cause.by, run.state.word(), open_count, run.created_at, run.finished_at, target_count, user];
    let slot = run.cause.slot;
    let slot = args![slot.map(|slot| slot.schedule), slot.map(|slot| i64::from(slot.revision)), slot.map(|slot| slot.at)];
    tx.later(sql, [task, rest, slot].concat()).await
}

pub(super) async fn insert_run_document(
    tx: &mut Tx<'_>,
    run: RunId,
    authorization: &SignedDocument,
    dispatch: &SignedDocument,
    leaf_count: u64,
) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO run_document (run_id, authorization_bytes, authorization_signature, dispatch_bytes, dispatch_signature, leaf_count) \
         VALUES ($1, $2, $3, $4, $5, $6)"
    );
    let documents = args![run, &authorization.bytes, &authorization.signature, &dispatch.bytes, &dispatch.signature, leaf_count];
    tx.later(sql, documents).await
}

/// How long an execution may wait, and its report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until {
    pub expires_at: Time,
    pub report_by: Time,
}

/// Executions written by one statement; its text has as many rows.
pub(super) const EXECUTIONS_AT_ONCE: usize = 8;

/// Inserts executions, up to [`EXECUTIONS_AT_ONCE`] of them.
pub(super) async fn insert_executions(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    executions: &[(&Execution, &Proof)],
    until: Until,
    epoch: u64,
) -> Result<(), DbError> {
    let one = sql!(
        "INSERT INTO execution (id, organization_id, run_id, device_id, device_name, leaf_index, leaf_path, state, reason_code, \
         reason_detail, created_at, expires_at, report_by, dispatched_at, finished_at, epoch) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    let all = sql!(
        "INSERT INTO execution (id, organization_id, run_id, device_id, device_name, leaf_index, leaf_path, state, reason_code, \
         reason_detail, created_at, expires_at, report_by, dispatched_at, finished_at, epoch) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16), \
         ($17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32), \
         ($33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48), \
         ($49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64), \
         ($65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80), \
         ($81, $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96), \
         ($97, $98, $99, $100, $101, $102, $103, $104, $105, $106, $107, $108, $109, $110, $111, $112), \
         ($113, $114, $115, $116, $117, $118, $119, $120, $121, $122, $123, $124, $125, $126, $127, $128)"
    );
    let row = |(execution, proof): &(&Execution, &Proof)| {
        let (code, detail) = split(&execution.reason);
        let dispatched_at = (execution.state == State::Dispatched).then_some(execution.created_at);
        let who = args![execution.id, organization, execution.run, execution.device.id, &execution.device.name];
        let leaf = args![proof.index, proof.path.join(",")];
        let Until { expires_at, report_by } = until;
        let state = args![execution.state.word(), code, detail, execution.created_at, expires_at, report_by, dispatched_at];
        [who, leaf, state, args![execution.finished_at, epoch]].concat()
    };
    if executions.len() == EXECUTIONS_AT_ONCE {
        return tx.later(all, executions.iter().flat_map(row).collect()).await;
    }
    for execution in executions {
        tx.execute(one, row(execution)).await?;
    }
    Ok(())
}

/// An execution with what is needed to change it.
#[derive(Debug, Clone)]
pub(super) struct OpenExecution {
    pub id: ExecutionId,
    pub run: RunId,
    pub organization: OrganizationId,
    pub device: DeviceId,
    pub state: State,
    pub reason_code: Option<String>,
    pub expires_at: Time,
    pub cancelled_by: Option<String>,
    pub output_len: u64,
    /// In which epoch its order was signed.
    pub epoch: u64,
}

pub(super) fn open_execution(row: &Row) -> Result<OpenExecution, DbError> {
    Ok(OpenExecution {
        id: row.get("id")?,
        run: row.get("run_id")?,
        organization: row.get("organization_id")?,
        device: row.get("device_id")?,
        state: row.get("state")?,
        reason_code: row.get("reason_code")?,
        expires_at: row.get("expires_at")?,
        cancelled_by: row.get("cancelled_by")?,
        output_len: row.get("output_len")?,
        epoch: row.get("epoch")?,
    })
}

/// An execution of this device, whatever its state.
pub(super) async fn execution_of_device(tx: &mut Tx<'_>, device: DeviceId, id: ExecutionId) -> Result<Option<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE id = $1 AND device_id = $2"
    );
    tx.row(sql, args![id, device]).await?.as_ref().map(open_execution).transpose()
}

/// A device's executions that are not over, oldest first.
pub(super) async fn open_executions_of_device(
    source: &mut impl Source,
    device: DeviceId,
    limit: usize,
) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE device_id = $1 AND finished_at IS NULL ORDER BY id LIMIT $2"
    );
    let rows = source.rows(sql, args![device, limit]).await?;
    rows.iter().map(open_execution).collect()
}

pub(super) async fn open_executions_of_run(tx: &mut Tx<'_>, run: RunId, limit: usize) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE run_id = $1 AND finished_at IS NULL ORDER BY id LIMIT $2"
    );
    let rows = tx.rows(sql, args![run, limit]).await?;
    rows.iter().map(open_execution).collect()
}

/// Executions that waited too long for their device.
pub(super) async fn executions_expired(tx: &mut Tx<'_>, now: Time) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE state = 'queued' AND expires_at <= $1 ORDER BY expires_at LIMIT 200"
    );
    let rows = tx.rows(sql, args![now]).await?;
    rows.iter().map(open_execution).collect()
}

/// Executions whose device has not reported for so long that it is given up.
pub(super) async fn executions_unreported(tx: &mut Tx<'_>, now: Time) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE finished_at IS NULL AND report_by <= $1 AND state IN ('pending', 'dispatched', 'running') ORDER BY report_by LIMIT 200"
    );
    let rows = tx.rows(sql, args![now]).await?;
    rows.iter().map(open_execution).collect()
}

/// When the next execution expires or is given up; `None` when none waits.
pub(super) async fn next_due(db: &Db) -> Result<Option<Time>, DbError> {
    let queued = sql!("SELECT min(expires_at) AS due FROM execution WHERE state = 'queued'");
    let open = sql!("SELECT min(report_by) AS due FROM execution WHERE finished_at IS NULL");
    let mut due: Option<Time> = None;
    for sql in [queued, open] {
        let found: Option<Time> = match db.row(sql, args![]).await? {
            Some(row) => row.get("due")?,
            None => None,
        };
        due = [due, found].into_iter().flatten().min();
    }
    Ok(due)
}

/// The executions of a run that are on their way in this epoch, each with its device.
pub(super) async fn dispatched_of_run(db: &Db, run: RunId, epoch: u64) -> Result<Vec<(ExecutionId, DeviceId)>, DbError> {
    let sql = sql!("SELECT id, device_id FROM execution WHERE run_id = $1 AND state = 'dispatched' AND epoch = $2 ORDER BY id");
    let rows = db.rows(sql, args![run, epoch]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("device_id")?))).collect()
}

/// The executions of a run whose devices are asked to end them, each with its device and who asked.
pub(super) async fn cancelled_of_run(db: &Db, run: RunId) -> Result<Vec<(ExecutionId, DeviceId, String)>, DbError> {
    let sql = sql!(
        "SELECT id, device_id, cancelled_by FROM execution WHERE run_id = $1 AND finished_at IS NULL AND cancelled_by IS NOT NULL ORDER BY id"
    );
    let rows = db.rows(sql, args![run]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("device_id")?, row.get("cancelled_by")?))).collect()
}

pub(super) async fn set_dispatched(tx: &mut Tx<'_>, id: ExecutionId, now: Time) -> Result<(), DbError> {
    let sql = sql!("UPDATE execution SET state = 'dispatched', reason_code = NULL, reason_detail = NULL, dispatched_at = $2 WHERE id = $1");
    tx.later(sql, args![id, now]).await
}

pub(super) async fn set_running(tx: &mut Tx<'_>, id: ExecutionId, started_at: Time, isolation: &str) -> Result<(), DbError> {
    let sql = sql!("UPDATE execution SET state = 'running', started_at = $2, isolation = $3 WHERE id = $1");
    tx.later(sql, args![id, started_at, isolation]).await
}

pub(super) async fn set_cancelled_by(tx: &mut Tx<'_>, id: ExecutionId, by: &str) -> Result<(), DbError> {
    tx.later(sql!("UPDATE execution SET cancelled_by = $2 WHERE id = $1"), args![id, by]).await
}

/// How an execution ended.
pub(super) struct End {
    pub state: State,
    pub reason: Option<Reason>,
    pub started_at: Option<Time>,
    pub finished_at: Time,
    pub isolation: Option<String>,
    /// What became of its output; `None` leaves that as it is.
    pub output: Option<EndedOutput>,
}

/// Where the output of an execution is once it has ended; see output/store.rs.
pub(super) struct EndedOutput {
    pub fold: &'static str,
    pub layout: Option<String>,
    /// Bytes.
    pub len: u64,
    pub outcome: String,
}

impl End {
    /// An end that the server writes.
    pub fn by_server(state: State, reason: Reason, now: Time) -> Self {
        Self { state, reason: Some(reason), started_at: None, finished_at: now, isolation: None, output: None }
    }
}

pub(super) async fn set_ended(tx: &mut Tx<'_>, id: ExecutionId, end: &End) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE execution SET state = $2, reason_code = $3, reason_detail = $4, started_at = COALESCE($5, started_at), finished_at = $6, \
         isolation = COALESCE($7, isolation), fold = COALESCE($8, fold), layout = COALESCE($9, layout), \
         output_len = COALESCE($10, output_len), outcome = COALESCE($11, outcome) WHERE id = $1"
    );
    let (code, detail) = split(&end.reason);
    let values = args![id, end.state.word(), code, detail, end.started_at, end.finished_at, end.isolation.clone()];
    let output = end.output.as_ref();
    let (fold, layout) = (output.map(|output| output.fold), output.and_then(|output| output.layout.clone()));
    let output = args![fold, layout, output.map(|output| output.len), output.map(|output| output.outcome.clone())];
    tx.later(sql, [values, output].concat()).await
}

pub(super) async fn insert_result(tx: &mut Tx<'_>, execution: ExecutionId, position: usize, report: &ActionReport) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO action_result (execution_id, position, kind, state, code, reason_code, reason_detail, started_at, finished_at, \
         truncated_output, truncated_error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (execution_id, position) DO NOTHING"
    );
    let (code, detail) = split(&report.reason);
    let head = args![execution, position, &report.kind, report.state.word(), report.code, code, detail];
    let tail = args![report.started_at, report.finished_at, report.truncated.output, report.truncated.error];
    tx.later(sql, [head, tail].concat()).await
}

/// What is left of a run.
pub(super) struct Left {
    pub open_count: u64,
    pub target_count: u64,
}

/// Counts one execution of a run as ended. The run of a single execution has then ended with it, in the same state; another is
/// running once one of its executions was.
pub(super) async fn count_down(tx: &mut Tx<'_>, run: RunId, end: &End, now: Time) -> Result<Left, DbError> {
    let sql = sql!(
        "UPDATE run SET open_count = open_count - 1, finished_at = CASE WHEN target_count = 1 THEN $3 ELSE finished_at END, \
         state = CASE WHEN target_count = 1 THEN $2 \
         WHEN $4 = 1 AND open_count > 1 AND state IN ('pending', 'queued', 'dispatched') THEN 'running' ELSE state END \
         WHERE id = $1 RETURNING open_count, target_count"
    );
    let row = tx.row(sql, args![run, end.state.word(), now, end.started_at.is_some()]).await?.ok_or(DbError::Aborted)?;
    Ok(Left { open_count: row.get("open_count")?, target_count: row.get("target_count")? })
}

pub(super) async fn open_count(tx: &mut Tx<'_>, run: RunId) -> Result<u64, DbError> {
    tx.row(sql!("SELECT open_count FROM run WHERE id = $1"), args![run]).await?.ok_or(DbError::Aborted)?.get("open_count")
}

pub(super) async fn set_run_over(tx: &mut Tx<'_>, run: RunId, state: State, finished_at: Time) -> Result<(), DbError> {
    let sql = sql!("UPDATE run SET state = $2, finished_at = $3 WHERE id = $1");
    tx.later(sql, args![run, state.word(), finished_at]).await
}

/// Moves an open run on to `state` if that is further along.
pub(super) async fn advance_run(tx: &mut Tx<'_>, run: RunId, state: State) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE run SET state = $2 WHERE id = $1 AND open_count > 0 \
         AND (state = 'pending' OR state = 'queued' OR (state = 'dispatched' AND $2 = 'running'))"
    );
    tx.later(sql, args![run, state.word()]).await
}

pub(super) type Counts = BTreeMap<String, u64>;

/// How many of a run's executions there are in each state; for somebody, of those that they may see.
pub(super) async fn counts_of_run(source: &mut impl Source, only: Option<UserId>, run: RunId) -> Result<Counts, DbError> {
    let sql = sql!(
        "SELECT state, count(*) AS count FROM execution WHERE run_id = $1 AND ",
        sees_device!("execution.device_id", "$2"),
        " GROUP BY state"
    );
    let rows = source.rows(sql, args![run, only]).await?;
    rows.iter().map(|row| Ok((row.get("state")?, row.get("count")?))).collect()
}

pub(super) struct RunRow {
    pub run: Run,
    pub open_count: u64,
    /// Who started it; `None` for runs from before that was kept.
    pub user: Option<UserId>,
}

fn run_row(row: &Row) -> Result<RunRow, DbError> {
    let version: Option<i64> = row.get("task_version")?;
    let run = Run {
        id: row.get("id")?,
        task: RunTask { id: row.get("task_id")?, name: row.get("task_name")?, version: version.map(|version| version as u32) },
        cause: Cause { kind: row.get("cause_kind")?, by: row.get("cause_by")?, slot: run_slot(row)? },
        state: row.get("state")?,
        reason: reason(row)?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
        counts: Counts::new(),
        executions: None,
    };
    Ok(RunRow { run, open_count: row.get("open_count")?, user: row.get("user_id")? })
}

pub(super) fn run_slot(row: &Row) -> Result<Option<RunSlot>, DbError> {
    let Some(schedule) = row.get("schedule_id")? else { return Ok(None) };
    Ok(Some(RunSlot { schedule, revision: row.get("schedule_revision")?, at: row.get("slot_at")? }))
}

/// A run, for whoever may see one of its devices.
pub(super) async fn run_of_organization(source: &mut impl Source, sight: Sight, id: RunId) -> Result<Option<RunRow>, DbError> {
    let sql = sql!(
        "SELECT * FROM run WHERE organization_id = $1 AND id = $2 AND (CAST($3 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM execution e WHERE e.run_id = run.id AND ",
        sees_device!("e.device_id", "$3"),
        "))"
    );
    source.row(sql, args![sight.organization, id, sight.only]).await?.as_ref().map(run_row).transpose()
}

/// Whether somebody may see a run.
pub async fn sees_run(mut db: &Db, sight: Sight, id: RunId) -> Result<bool, DbError> {
    Ok(sight.only.is_none() || run_of_organization(&mut db, sight, id).await?.is_some())
}

pub(super) struct RunFilter {
    pub state: Option<String>,
    pub device: Option<DeviceId>,
}

/// The runs with a device that one may see, the newest first, each with its counts of those.
pub(super) async fn runs_of_organization(
    db: &Db,
    sight: Sight,
    filter: &RunFilter,
    before: Option<RunId>,
    limit: usize,
) -> Result<Vec<Run>, DbError> {
    let sql = sql!(
        "SELECT r.* FROM run r WHERE r.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR r.id < $2) \
         AND (CAST($3 AS TEXT) IS NULL OR r.state = $3) \
         AND (CAST($4 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM execution e WHERE e.device_id = $4 AND e.run_id = r.id)) \
         AND (CAST($5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM execution e WHERE e.run_id = r.id AND ",
        sees_device!("e.device_id", "$5"),
        ")) ORDER BY r.id DESC LIMIT $6"
    );
    let values = args![sight.organization, before, filter.state.clone(), filter.device, sight.only, limit];
    let rows = db.rows(sql, values).await?;
    let mut runs: Vec<Run> = rows.iter().map(|row| Ok(run_row(row)?.run)).collect::<Result<_, DbError>>()?;
    let (Some(newest), Some(oldest)) = (runs.first(), runs.last()) else { return Ok(runs) };
    let mut counts = counts_between(db, sight, oldest.id, newest.id).await?;
    for run in &mut runs {
        run.counts = counts.remove(&run.id).unwrap_or_default();
    }
    Ok(runs)
}

async fn counts_between(db: &Db, sight: Sight, oldest: RunId, newest: RunId) -> Result<BTreeMap<RunId, Counts>, DbError> {
    let sql = sql!(
        "SELECT run_id, state, count(*) AS count FROM execution WHERE run_id >= $1 AND run_id <= $2 AND organization_id = $3 AND ",
        sees_device!("execution.device_id", "$4"),
        " GROUP BY run_id, state"
    );
    let mut counts: BTreeMap<RunId, Counts> = BTreeMap::new();
    for row in db.rows(sql, args![oldest, newest, sight.organization, sight.only]).await? {
        counts.entry(row.get("run_id")?).or_default().insert(row.get("state")?, row.get("count")?);
    }
    Ok(counts)
}

/// An execution, without its results, and where its output is.
#[derive(Debug)]
pub(super) struct ExecutionRow {
    pub execution: Execution,
    pub output: Place,
}

fn execution_row(row: &Row) -> Result<ExecutionRow, DbError> {
    let execution = Execution {
        id: row.get("id")?,
        run: row.get("run_id")?,
        device: DeviceRef { id: row.get("device_id")?, name: row.get("device_name")? },
        state: row.get("state")?,
        reason: reason(row)?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        isolation: row.get("isolation")?,
        actions: Vec::new(),
    };
    let output = match (row.get::<u64>("output_len")?, is_folded(row)?) {
        (0, true) => Place::Nowhere,
        (_, true) => Place::Contents,
        (_, false) => Place::Chunks,
    };
    Ok(ExecutionRow { execution, output })
}

/// A run's executions that one may see, by id, of all groups or of one.
pub(super) async fn executions_of_run(
    db: &Db,
    only: Option<UserId>,
    run: RunId,
    group: Option<&GroupKey>,
    after: Option<ExecutionId>,
    limit: usize,
) -> Result<Vec<ExecutionRow>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, device_id, device_name, state, reason_code, reason_detail, created_at, started_at, finished_at, isolation, \
         output_len, fold FROM execution WHERE run_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id > $2) \
         AND (CAST($3 AS TEXT) IS NULL OR (state = $3 AND COALESCE(reason_code, '') = $4 \
         AND COALESCE(CASE WHEN fold = 'due' THEN NULL ELSE outcome END, '') = $5)) AND ",
        sees_device!("execution.device_id", "$6"),
        " ORDER BY id LIMIT $7"
    );
    let of_group = match group {
        Some(group) => {
            args![group.state.word(), group.reason_code.as_deref().unwrap_or_default(), group.outcome.as_deref().unwrap_or_default()]
        }
        None => args![None::<String>, "", ""],
    };
    let rows = db.rows(sql, [args![run, after], of_group, args![only, limit]].concat()).await?;
    rows.iter().map(execution_row).collect()
}

/// A run's executions that one may see, by id, each in a few bytes.
pub(super) async fn tiles_of_run(
    db: &Db,
    only: Option<UserId>,
    run: RunId,
    after: Option<ExecutionId>,
    limit: usize,
) -> Result<Vec<Tile>, DbError> {
    let sql = sql!(
        "SELECT id, device_name, state FROM execution WHERE run_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id > $2) AND ",
        sees_device!("execution.device_id", "$3"),
        " ORDER BY id LIMIT $4"
    );
    let rows = db.rows(sql, args![run, after, only, limit]).await?;
    rows.iter().map(|row| Ok(Tile { id: row.get("id")?, device: row.get("device_name")?, state: row.get("state")? })).collect()
}

pub(super) struct GroupRow {
    pub key: GroupKey,
    pub count: u64,
    pub sample: ExecutionId,
}

/// A run's groups, the largest first, of the executions that one may see.
pub(super) async fn groups_of_run(db: &Db, only: Option<UserId>, run: RunId, skip: u64, limit: usize) -> Result<Vec<GroupRow>, DbError> {
    let sql = sql!(
        "SELECT state, reason_code, found, count(*) AS count, min(id) AS sample FROM \
         (SELECT id, state, reason_code, CASE WHEN fold = 'due' THEN NULL ELSE outcome END AS found FROM execution WHERE run_id = $1 AND ",
        sees_device!("execution.device_id", "$2"),
        ") e GROUP BY state, reason_code, found ORDER BY count(*) DESC, min(id) LIMIT $3 OFFSET $4"
    );
    let rows = db.rows(sql, args![run, only, limit, skip]).await?;
    let group = |row: &Row| {
        let key = GroupKey { state: row.get("state")?, reason_code: row.get("reason_code")?, outcome: row.get("found")? };
        Ok(GroupRow { key, count: row.get("count")?, sample: row.get("sample")? })
    };
    rows.iter().map(group).collect()
}

/// An execution on a device that one may see.
pub(super) async fn execution_of_organization(db: &Db, sight: Sight, id: ExecutionId) -> Result<Option<ExecutionRow>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, device_id, device_name, state, reason_code, reason_detail, created_at, started_at, finished_at, isolation, \
         output_len, fold FROM execution WHERE organization_id = $1 AND id = $2 AND ",
        sees_device!("execution.device_id", "$3")
    );
    db.row(sql, args![sight.organization, id, sight.only]).await?.as_ref().map(execution_row).transpose()
}

/// A device of a run's open executions on which somebody has less than this role.
pub(super) async fn device_beyond(tx: &mut Tx<'_>, run: RunId, user: UserId, role: Role) -> Result<Option<DeviceRef>, DbError> {
    let sql = sql!(
        "SELECT e.device_id, e.device_name FROM execution e WHERE e.run_id = $1 AND e.finished_at IS NULL AND NOT ",
        has_role_on_device!("e.device_id", "$2", "$3"),
        " ORDER BY e.id LIMIT 1"
    );
    let Some(row) = tx.row(sql, args![run, user, role]).await? else { return Ok(None) };
    Ok(Some(DeviceRef { id: row.get("device_id")?, name: row.get("device_name")? }))
}

pub(super) async fn results_of_execution(db: &Db, execution: ExecutionId) -> Result<Vec<Row>, DbError> {
    let sql = sql!("SELECT * FROM action_result WHERE execution_id = $1 ORDER BY position");
    db.rows(sql, args![execution]).await
}

/// Everything a device needs to run one execution, from the stored documents.
pub(super) async fn order(tx: &mut Tx<'_>, execution: ExecutionId) -> Result<Order, DbError> {
    let sql = sql!(
        "SELECT e.organization_id, e.device_id, e.leaf_index, e.leaf_path, r.task_digest, d.authorization_bytes, d.authorization_signature, \
         d.dispatch_bytes, d.dispatch_signature, d.leaf_count FROM execution e JOIN run r ON r.id = e.run_id \
         JOIN run_document d ON d.run_id = e.run_id WHERE e.id = $1"
    );
    let row = tx.row(sql, args![execution]).await?.ok_or(DbError::Aborted)?;
    let path: String = row.get("leaf_path")?;
    let path = path.split(',').filter(|hash| !hash.is_empty()).map(str::to_owned).collect();
    Ok(Order {
        execution,
        device: row.get("device_id")?,
        task: document_bytes(tx, row.get("organization_id")?, &row.get::<String>("task_digest")?).await?,
        authorization: SignedDocument { bytes: row.get("authorization_bytes")?, signature: row.get("authorization_signature")? },
        dispatch: SignedDocument { bytes: row.get("dispatch_bytes")?, signature: row.get("dispatch_signature")? },
        proof: Proof { index: row.get("leaf_index")?, count: row.get("leaf_count")?, path },
        secrets: Vec::new(),
    })
}

/// Adds executions to a run that is there; false where it is not. One that was over is open again.
pub(super) async fn grow_run(tx: &mut Tx<'_>, run: RunId, count: u64) -> Result<bool, DbError> {
    let sql = sql!(
        "UPDATE run SET open_count = open_count + $2, target_count = target_count + $2, finished_at = NULL, \
         state = CASE WHEN finished_at IS NULL THEN state ELSE 'running' END WHERE id = $1"
    );
    Ok(tx.execute(sql, args![run, count]).await? > 0)
}

/// What is expected of a device in some slots of a schedule.
pub(super) async fn pending_of_slots(tx: &mut Tx<'_>, unmet: &Unmet<'_>) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT e.id, e.run_id, e.organization_id, e.device_id, e.state, e.reason_code, e.expires_at, e.cancelled_by, e.output_len, e.epoch \
         FROM run r JOIN execution e ON e.run_id = r.id AND e.device_id = $2 \
         WHERE r.schedule_id = $1 AND r.schedule_revision = $3 AND r.slot_at >= $4 AND r.slot_at <= $5 AND e.state = 'pending' LIMIT 1000"
    );
    let rows = tx.rows(sql, args![unmet.schedule, unmet.device, i64::from(unmet.revision), unmet.at, unmet.until]).await?;
    rows.iter().map(open_execution).collect()
}

/// The runs of a schedule that are not over, oldest first, at most 100.
pub async fn open_runs_of_schedule(source: &mut impl Source, schedule: ScheduleId) -> Result<Vec<RunId>, DbError> {
    let sql = sql!("SELECT id FROM run WHERE schedule_id = $1 AND finished_at IS NULL ORDER BY slot_at LIMIT 100");
    let rows = source.rows(sql, args![schedule]).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// The state of the newest run that is over, of this revision of a schedule or a later one.
pub async fn newest_run_since_revision(source: &mut impl Source, schedule: ScheduleId, revision: u32) -> Result<Option<State>, DbError> {
    let sql = sql!(
        "SELECT state FROM run WHERE schedule_id = $1 AND schedule_revision >= $2 AND finished_at IS NOT NULL ORDER BY slot_at DESC LIMIT 1"
    );
    source.row(sql, args![schedule, i64::from(revision)]).await?.map(|row| row.get("state")).transpose()
}
