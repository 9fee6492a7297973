//! Makes contents out of pieces.

use std::collections::BTreeMap;

use taskey_proto::Time;
use taskey_proto::crypto::{hex, sha256};
use taskey_proto::id::{ExecutionId, OrganizationId, RunId};
use taskey_proto::line::Finished;
use taskey_proto::runs::{State, Stream};

use super::layout;
use super::pieces::{Folded, within_caps};
use super::store::{self, StoredStream};
use crate::app::App;
use crate::features::runs::store::EndedOutput;
use crate::platform::db::events::Announce;
use crate::platform::db::{Db, DbError, Tx};

/// Output up to this, in bytes, is folded by the transaction that takes in the end of its execution.
const AT_ONCE_LEN_MAX: u64 = 256 * 1024;
/// The topic that such a transaction wakes when it leaves the work to the job.
const DUE: &str = "runs:fold";
const EXECUTIONS_AT_ONCE: usize = 20;
const CHUNKS_AT_ONCE: usize = 64;
const DELETED_AT_ONCE: usize = 2_000;

/// What the results of an execution say, without their output; the beginning of its outcome.
fn outcome_of_results(finished: &Finished) -> String {
    let results: Vec<_> = finished
        .actions
        .iter()
        .map(|report| serde_json::json!([report.kind, report.state, report.code, report.reason, report.truncated]))
        .collect();
    digest(serde_json::json!([finished.state, finished.reason, results]).to_string().as_bytes())
}

/// The outcome: equal for two executions exactly if a person who reads their results and output sees no difference.
fn outcome(of_results: &str, streams: &[StoredStream]) -> String {
    let streams: Vec<_> = streams.iter().map(|stored| (stored.position, stored.stream.word(), &stored.digest)).collect();
    digest(serde_json::json!([of_results, streams]).to_string().as_bytes())
}

fn digest(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// Takes in the last pieces of an execution, with its end, and says where its output is from now on. `stored_len` bytes of it
/// came before.
pub(in crate::features::runs) async fn end(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    execution: ExecutionId,
    stored_len: u64,
    finished: &Finished,
) -> Result<EndedOutput, DbError> {
    let of_results = outcome_of_results(finished);
    let last_len: u64 = finished.chunks.iter().map(|chunk| chunk.data.len() as u64).sum();
    if stored_len + last_len > AT_ONCE_LEN_MAX {
        for chunk in &finished.chunks {
            store::insert_chunk(tx, execution, chunk).await?;
        }
        tx.wake(DUE.to_owned());
        return Ok(EndedOutput { fold: "due", layout: None, len: stored_len + last_len, outcome: of_results });
    }
    let stored = if stored_len > 0 { store::chunks_of(tx, execution).await? } else { Vec::new() };
    let folded = Folded::of(&stored, &finished.chunks);
    let mut streams = Vec::with_capacity(folded.streams.len());
    for ((position, stream), bytes) in &folded.streams {
        let stored = StoredStream { position: *position, stream: *stream, digest: digest(bytes), len: bytes.len() as u64 };
        store::insert_content(tx, organization, &stored.digest, bytes).await?;
        store::insert_stream(tx, execution, &stored).await?;
        streams.push(stored);
    }
    let output_len = folded.streams.values().map(|bytes| bytes.len() as u64).sum();
    if !stored.is_empty() {
        store::delete_chunks(tx, execution, stored.len()).await?;
    }
    Ok(EndedOutput { fold: "done", layout: Some(folded.layout), len: output_len, outcome: outcome(&of_results, &streams) })
}

/// The job: folds what was too much for a transaction, stream by stream, and deletes the pieces.
pub async fn fold_what_is_due(app: App) {
    let mut waker = app.db.hub().subscribe(DUE);
    loop {
        if let Err(error) = fold_some(&app).await {
            tracing::error!(%error, "output was not folded; it is tried again");
        }
        waker.woken().await;
    }
}

async fn fold_some(app: &App) -> Result<(), DbError> {
    loop {
        let rows = store::fold_due(&app.db, EXECUTIONS_AT_ONCE).await?;
        for row in &rows {
            let due = Due {
                execution: row.get("id")?,
                organization: row.get("organization_id")?,
                run: row.get("run_id")?,
                state: row.get("state")?,
                of_results: row.get::<Option<String>>("outcome")?.unwrap_or_default(),
                now: app.now(),
            };
            if row.get::<String>("fold")? == "due" {
                fold_one(&app.db, due.clone()).await?;
            }
            sweep(&app.db, due.execution).await?;
        }
        if rows.len() < EXECUTIONS_AT_ONCE {
            return Ok(());
        }
    }
}

#[derive(Clone)]
struct Due {
    execution: ExecutionId,
    organization: OrganizationId,
    run: RunId,
    state: State,
    of_results: String,
    now: Time,
}

async fn fold_one(db: &Db, due: Due) -> Result<(), DbError> {
    let pieces = within_caps(store::pieces_of(db, due.execution).await?);
    let mut lens: BTreeMap<(u32, Stream), u64> = BTreeMap::new();
    for piece in &pieces {
        *lens.entry((piece.position, piece.stream)).or_default() += piece.len;
    }
    let mut streams = Vec::with_capacity(lens.len());
    for ((position, stream), len) in lens {
        let bytes = bytes_of(db, due.execution, position, stream, len).await?;
        let stored = StoredStream { position, stream, digest: digest(&bytes), len };
        streams.push(stored.clone());
        let input = (due.organization, due.execution, stored, bytes);
        db.write(input, |tx, (organization, execution, stored, bytes)| {
            Box::pin(async move {
                store::insert_content(tx, *organization, &stored.digest, bytes).await?;
                store::insert_stream(tx, *execution, stored).await
            })
        })
        .await?;
    }
    let output_len: u64 = streams.iter().map(|stored| stored.len).sum();
    let input = (outcome(&due.of_results, &streams), layout::write(pieces), output_len, due);
    db.write(input, |tx, (outcome, layout, output_len, due)| {
        Box::pin(async move {
            if store::set_folded(tx, due.execution, layout, *output_len, outcome).await? {
                tx.wake(due.execution.to_string());
                // Now its group is known.
                let data = serde_json::json!({"execution": due.execution, "state": due.state});
                let subject = due.run.to_string();
                let event = Announce { organization: due.organization, name: "run.changed", subject: &subject, at: due.now, data: &data };
                tx.announce(event).await?;
            }
            Ok(())
        })
    })
    .await
}

/// The first `len` bytes of a stream.
async fn bytes_of(db: &Db, execution: ExecutionId, position: u32, stream: Stream, len: u64) -> Result<Vec<u8>, DbError> {
    let mut bytes = Vec::with_capacity(len as usize);
    let mut after = 0;
    while (bytes.len() as u64) < len {
        let chunks = store::chunks_of_stream_after(db, execution, position, stream, after, CHUNKS_AT_ONCE).await?;
        let Some(last) = chunks.last() else { return Err(DbError::Aborted) };
        after = last.seq;
        for chunk in &chunks {
            bytes.extend_from_slice(&chunk.data);
        }
    }
    bytes.truncate(len as usize);
    Ok(bytes)
}

async fn sweep(db: &Db, execution: ExecutionId) -> Result<(), DbError> {
    loop {
        let deleted = db
            .write(execution, |tx, execution| {
                Box::pin(async move {
                    let deleted = store::delete_chunks(tx, *execution, DELETED_AT_ONCE).await?;
                    if deleted < DELETED_AT_ONCE as u64 {
                        store::set_swept(tx, *execution).await?;
                    }
                    Ok::<_, DbError>(deleted)
                })
            })
            .await?;
        if deleted < DELETED_AT_ONCE as u64 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_the_same_for_the_same_streams_alone() {
        let stored = |digest: &str| vec![StoredStream { position: 0, stream: Stream::Output, digest: digest.to_owned(), len: 1 }];
        assert_eq!(outcome("a", &stored("x")), outcome("a", &stored("x")));
        assert_ne!(outcome("a", &stored("x")), outcome("a", &stored("y")));
        assert_ne!(outcome("a", &stored("x")), outcome("b", &stored("x")));
        assert_ne!(outcome("a", &stored("x")), outcome("a", &[]));
    }
}
