//! Takes in what devices report, inside the transaction of their batch.

use futures_util::future::BoxFuture;
use taskey_proto::Time;
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{CHUNK_LEN_MAX, Chunk, Finished, Up};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{STREAM_LEN_MAX, State};
use taskey_proto::tasks::ACTIONS_MAX;

use super::model::{LateReport, judge_late};
use super::ops::end_execution;
use super::output;
use super::store::{self, End, OpenExecution};
use crate::features::devices::{IntakeContext, IntakeError};
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;

/// Output of one execution: both streams of every action at their caps.
const OUTPUT_LEN_MAX: u64 = 2 * STREAM_LEN_MAX * ACTIONS_MAX as u64;

pub fn take_in<'a>(tx: &'a mut Tx<'_>, context: &'a IntakeContext, message: &'a Up) -> BoxFuture<'a, Result<(), IntakeError>> {
    Box::pin(async move {
        match message {
            // Facts are the devices' own; what waits is delivered after the commit.
            Up::Sync(_) => Ok(()),
            Up::Started { execution, started_at, isolation, .. } => started(tx, context, *execution, *started_at, isolation).await,
            Up::Output { execution, chunks } => {
                let execution = known(tx, context, *execution).await?;
                store_chunks(tx, &execution, chunks).await
            }
            Up::Finished(finished) => self::finished(tx, context, finished).await,
            // Of the slice that owns schedules.
            Up::Assigned(_) | Up::Unfired { .. } => Ok(()),
        }
    })
}

/// Output that came over HTTP; tells the number of the first piece that is missing.
pub(super) async fn take_output(tx: &mut Tx<'_>, execution: &OpenExecution, chunks: &[Chunk]) -> Result<u64, IntakeError> {
    store_chunks(tx, execution, chunks).await?;
    Ok(output::store::next_missing(tx, execution.id).await?)
}

async fn known(tx: &mut Tx<'_>, context: &IntakeContext, id: ExecutionId) -> Result<OpenExecution, IntakeError> {
    let found = store::execution_of_device(tx, context.device.id, id).await?;
    found.ok_or(IntakeError::Unknown(id))
}

async fn started(tx: &mut Tx<'_>, context: &IntakeContext, id: ExecutionId, started_at: Time, isolation: &str) -> Result<(), IntakeError> {
    let execution = known(tx, context, id).await?;
    // A restored database may still take it for waiting.
    if !matches!(execution.state, State::Dispatched | State::Queued) {
        return Ok(());
    }
    store::set_running(tx, id, started_at, isolation).await?;
    store::advance_run(tx, execution.run, State::Running).await?;
    tx.wake(id.to_string());
    let data = serde_json::json!({"execution": id, "state": State::Running});
    let subject = execution.run.to_string();
    let event = Announce { organization: execution.organization, name: "run.changed", subject: &subject, at: context.now, data: &data };
    Ok(tx.announce(event).await?)
}

async fn store_chunks(tx: &mut Tx<'_>, execution: &OpenExecution, chunks: &[Chunk]) -> Result<(), IntakeError> {
    check_chunks(execution, chunks)?;
    // Once it has ended all of its output is there; what comes again may have no place any more to be recognized by.
    if execution.state.is_final() && judge_late(execution.state, execution.reason_code.as_deref()) == LateReport::Repeats {
        return Ok(());
    }
    let mut added = 0;
    for chunk in chunks {
        if output::store::insert_chunk(tx, execution.id, chunk).await? {
            added += chunk.data.len() as u64;
        }
    }
    if added > 0 {
        output::store::add_output_len(tx, execution.id, added).await?;
        tx.wake(execution.id.to_string());
    }
    Ok(())
}

fn check_chunks(execution: &OpenExecution, chunks: &[Chunk]) -> Result<(), IntakeError> {
    let offered: u64 = chunks.iter().map(|chunk| chunk.data.len() as u64).sum();
    if execution.output_len + offered > OUTPUT_LEN_MAX || chunks.iter().any(is_misshapen) {
        return Err(IntakeError::Unacceptable("output beyond what an execution may have".to_owned()));
    }
    Ok(())
}

fn is_misshapen(chunk: &Chunk) -> bool {
    chunk.data.len() > CHUNK_LEN_MAX || chunk.action as usize >= ACTIONS_MAX || chunk.seq == 0 || chunk.seq > i64::MAX as u64
}

async fn finished(tx: &mut Tx<'_>, context: &IntakeContext, finished: &Finished) -> Result<(), IntakeError> {
    let execution = known(tx, context, finished.execution).await?;
    if !finished.state.is_final() || finished.actions.len() > ACTIONS_MAX {
        return Err(IntakeError::Unacceptable("a report of an end that is none".to_owned()));
    }
    let corrects = execution.state.is_final();
    if corrects && judge_late(execution.state, execution.reason_code.as_deref()) == LateReport::Repeats {
        return Ok(());
    }
    check_chunks(&execution, &finished.chunks)?;
    let output = output::fold::end(tx, execution.organization, execution.id, execution.output_len, finished).await?;
    for (position, report) in finished.actions.iter().enumerate() {
        store::insert_result(tx, execution.id, position, report).await?;
    }
    let end = End {
        state: finished.state,
        reason: if corrects { Some(corrected(&finished.reason, &execution)) } else { finished.reason.clone() },
        started_at: finished.started_at,
        finished_at: finished.finished_at,
        isolation: finished.isolation.clone(),
        output: Some(output),
    };
    Ok(end_execution(tx, &execution, &end, context.now).await?)
}

/// Says of a corrected end that it is one.
fn corrected(reason: &Option<Reason>, before: &OpenExecution) -> Reason {
    let given_up = before.reason_code.as_deref().unwrap_or_default();
    let detail = reason.as_ref().map(|reason| format!("{} ", reason.detail)).unwrap_or_default();
    let code = reason.as_ref().map_or("late_report", |reason| reason.code.as_str());
    Reason::new(code, format!("{detail}Reported late: it had been given up ({given_up})."))
}
