//! Runs, executions and results as the API shows them, put together from their rows.

use taskey_proto::id::{ExecutionId, OrganizationId, RunId};
use taskey_proto::runs::{ActionResult, Execution, ExecutionGroup, Run, State, Stream, Truncated};

use super::output::read::{Place, Reader, StreamBytes, Streams};
use super::store::{self, ExecutionRow};
use crate::app::App;
use crate::features::accounts::Sight;
use crate::platform::db::{Db, DbError, Row};

/// Executions that are part of a run's own answer.
pub(super) const EXECUTIONS_IN_RUN: usize = 100;
/// Bytes of output in one answer; what does not fit is cut and marked, and whole in the answer of its execution.
const ANSWER_LEN_MAX: usize = 8 * 1024 * 1024;

pub(super) async fn run(app: &App, sight: Sight, id: RunId) -> Result<Option<Run>, DbError> {
    match store::run_of_organization(&mut &app.db, sight, id).await? {
        Some(row) => Ok(Some(with_executions(&app.db, sight, row.run).await?)),
        None => Ok(None),
    }
}

/// Adds its first executions and the counts of all to a run.
pub(super) async fn with_executions(db: &Db, sight: Sight, mut run: Run) -> Result<Run, DbError> {
    let rows = store::executions_of_run(db, sight.only, run.id, None, None, EXECUTIONS_IN_RUN).await?;
    if rows.len() < EXECUTIONS_IN_RUN {
        for row in &rows {
            *run.counts.entry(row.execution.state.word().to_owned()).or_default() += 1;
        }
    } else {
        run.counts = store::counts_of_run(&mut &*db, sight.only, run.id).await?;
    }
    run.executions = Some(executions(db, sight.organization, rows).await?);
    Ok(run)
}

pub(super) async fn execution(app: &App, sight: Sight, id: ExecutionId) -> Result<Option<Execution>, DbError> {
    let Some(row) = store::execution_of_organization(&app.db, sight, id).await? else { return Ok(None) };
    Ok(executions(&app.db, sight.organization, vec![row]).await?.pop())
}

/// Adds their results to executions.
pub(super) async fn executions(db: &Db, organization: OrganizationId, rows: Vec<ExecutionRow>) -> Result<Vec<Execution>, DbError> {
    let mut reader = Reader::new(db, organization, ANSWER_LEN_MAX);
    let mut executions = Vec::with_capacity(rows.len());
    for ExecutionRow { mut execution, output } in rows {
        if execution.state.is_final() {
            execution.actions = results(db, &mut reader, execution.id, output).await?;
        }
        executions.push(execution);
    }
    Ok(executions)
}

/// The groups of a run's executions, the largest first.
pub(super) async fn groups(db: &Db, sight: Sight, run: RunId, skip: u64, limit: usize) -> Result<Vec<ExecutionGroup>, DbError> {
    let mut reader = Reader::new(db, sight.organization, ANSWER_LEN_MAX);
    let mut groups = Vec::new();
    for group in store::groups_of_run(db, sight.only, run, skip, limit).await? {
        let Some(row) = store::execution_of_organization(db, sight, group.sample).await? else { continue };
        let mut sample = row.execution;
        if sample.state.is_final() {
            sample.actions = results(db, &mut reader, sample.id, row.output).await?;
        }
        groups.push(ExecutionGroup { compared: group.key.outcome.is_some(), key: group.key.to_string(), count: group.count, sample });
    }
    Ok(groups)
}

async fn results(db: &Db, reader: &mut Reader<'_>, execution: ExecutionId, output: Place) -> Result<Vec<ActionResult>, DbError> {
    let rows = store::results_of_execution(db, execution).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut streams = reader.read(execution, output).await?;
    rows.iter().map(|row| result(row, &mut streams)).collect()
}

fn result(row: &Row, streams: &mut Streams) -> Result<ActionResult, DbError> {
    let position: u32 = row.get("position")?;
    let output = StreamText::from(streams.take(position, Stream::Output));
    let error = StreamText::from(streams.take(position, Stream::Error));
    let is_binary = output.is_binary || error.is_binary;
    Ok(ActionResult {
        kind: row.get("kind")?,
        state: row.get::<State>("state")?,
        code: row.get("code")?,
        output: output.text,
        error: error.text,
        truncated: Truncated {
            output: row.get::<bool>("truncated_output")? || output.is_cut,
            error: row.get::<bool>("truncated_error")? || error.is_cut,
        },
        encoding: is_binary.then(|| "binary".to_owned()),
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        reason: store::reason(row)?,
    })
}

struct StreamText {
    text: String,
    is_binary: bool,
    is_cut: bool,
}

impl From<StreamBytes> for StreamText {
    fn from(stream: StreamBytes) -> Self {
        match String::from_utf8(stream.bytes) {
            Ok(text) => StreamText { text, is_binary: false, is_cut: stream.is_cut },
            // A cut may fall into the middle of a character; that does not make it binary.
            Err(error) => {
                let tail_only = error.utf8_error().error_len().is_none() && stream.is_cut;
                StreamText { text: String::from_utf8_lossy(error.as_bytes()).into_owned(), is_binary: !tail_only, is_cut: stream.is_cut }
            }
        }
    }
}
