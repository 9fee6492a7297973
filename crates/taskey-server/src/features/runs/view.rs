//! Runs, executions and results as the API shows them, put together from their rows.

use std::collections::HashMap;

use taskey_proto::id::{ExecutionId, OrganizationId, RunId};
use taskey_proto::runs::{ActionResult, Execution, Run, State, Truncated};

use super::store;
use crate::app::App;
use crate::platform::db::{Db, DbError, Row};

/// Executions that are part of a run's own answer.
pub(super) const EXECUTIONS_IN_RUN: usize = 100;
/// Bytes of output in one answer; what does not fit is cut and marked, and whole in the answer of its execution.
const ANSWER_LEN_MAX: usize = 8 * 1024 * 1024;

pub(super) async fn run(app: &App, organization: OrganizationId, id: RunId) -> Result<Option<Run>, DbError> {
    let db = &app.db;
    let Some(row) = store::run_of_organization(&mut &*db, organization, id).await? else { return Ok(None) };
    let mut run = row.run;
    run.counts = store::counts_of_run(&mut &*db, id).await?;
    run.executions = Some(executions(db, store::executions_of_run(db, id, None, EXECUTIONS_IN_RUN).await?).await?);
    Ok(Some(run))
}

pub(super) async fn execution(app: &App, organization: OrganizationId, id: ExecutionId) -> Result<Option<Execution>, DbError> {
    let Some(execution) = store::execution_of_organization(&app.db, organization, id).await? else { return Ok(None) };
    Ok(executions(&app.db, vec![execution]).await?.pop())
}

/// Adds their results to executions.
pub(super) async fn executions(db: &Db, mut executions: Vec<Execution>) -> Result<Vec<Execution>, DbError> {
    let mut budget = ANSWER_LEN_MAX;
    for execution in &mut executions {
        if execution.state.is_final() {
            execution.actions = results(db, execution.id, &mut budget).await?;
        }
    }
    Ok(executions)
}

async fn results(db: &Db, execution: ExecutionId, budget: &mut usize) -> Result<Vec<ActionResult>, DbError> {
    let rows = store::results_of_execution(db, execution).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut streams = Streams::read(db, execution, budget).await?;
    rows.iter().map(|row| result(row, &mut streams)).collect()
}

fn result(row: &Row, streams: &mut Streams) -> Result<ActionResult, DbError> {
    let position: i64 = row.get("position")?;
    let output = streams.take(position, "output");
    let error = streams.take(position, "error");
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

/// The bytes of an execution's streams, by action and name.
#[derive(Default)]
struct Streams(HashMap<(i64, String), StreamBytes>);

#[derive(Default)]
struct StreamBytes {
    bytes: Vec<u8>,
    is_cut: bool,
}

struct StreamText {
    text: String,
    is_binary: bool,
    is_cut: bool,
}

const CHUNKS_AT_ONCE: usize = 256;

impl Streams {
    async fn read(db: &Db, execution: ExecutionId, budget: &mut usize) -> Result<Self, DbError> {
        let mut streams = Self::default();
        let mut after = 0;
        loop {
            let rows = store::chunks_of_execution(db, execution, after, CHUNKS_AT_ONCE).await?;
            for row in &rows {
                after = row.get("seq")?;
                let stream = streams.0.entry((row.get("position")?, row.get("stream")?)).or_default();
                let bytes: Vec<u8> = row.get("bytes")?;
                let room = bytes.len().min(*budget);
                stream.is_cut |= room < bytes.len();
                stream.bytes.extend_from_slice(&bytes[..room]);
                *budget -= room;
            }
            if rows.len() < CHUNKS_AT_ONCE {
                return Ok(streams);
            }
        }
    }

    fn take(&mut self, position: i64, name: &str) -> StreamText {
        let stream = self.0.remove(&(position, name.to_owned())).unwrap_or_default();
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
