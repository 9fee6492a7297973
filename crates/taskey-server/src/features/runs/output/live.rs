//! An execution's output as a stream of events: what is there, then what comes, then the end.

use std::collections::HashMap;
use std::time::Duration;

use taskey_proto::id::ExecutionId;
use taskey_proto::runs::{Execution, OutputEvent, State, Stream};

use super::layout::{self, Piece};
use super::read::Place;
use super::store;
use crate::app::App;
use crate::features::accounts::{Permit, renewed};
use crate::features::runs::store::{self as runs, ExecutionRow};
use crate::features::runs::view;
use crate::platform::db::DbError;
use crate::platform::http::sse::{Frames, Gone};

const CHUNKS_AT_ONCE: usize = 64;
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Until the execution is over.
    ToTheEnd,
    /// Only what is there now.
    Now,
}

/// Writes events until the execution is over and everything was told, the listener goes, or its leave is withdrawn.
pub async fn write(app: App, permit: Permit, id: ExecutionId, after: u64, follow: Follow, frames: Frames) {
    let mut writing = Writing { app: &app, permit, id, frames: &frames };
    // The listener is gone, or the store failed: either way the stream ends, and a listener that is there asks again.
    let _ = writing.run(after, follow).await;
}

struct Writing<'a> {
    app: &'a App,
    permit: Permit,
    id: ExecutionId,
    frames: &'a Frames,
}

enum Stop {
    Gone,
    Failed,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Stop::Gone
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        tracing::error!(%error, "output could not be read");
        Stop::Failed
    }
}

impl Writing<'_> {
    async fn run(&mut self, mut after: u64, follow: Follow) -> Result<(), Stop> {
        let mut waker = self.app.db.hub().subscribe(&self.id.to_string());
        let mut told: Option<State> = None;
        let mut quiet_since = tokio::time::Instant::now();
        loop {
            // State first, output second: when the state is final, all of the output was there before it.
            let execution = runs::execution_of_organization(&self.app.db, self.permit.sight(), self.id).await?;
            let Some(ExecutionRow { execution, .. }) = execution else { return Ok(()) };
            let (before, state) = (after, execution.state);
            after = self.write_output(after, state).await?;
            if told != Some(state) {
                told = Some(state);
                self.write_execution(execution).await?;
                quiet_since = tokio::time::Instant::now();
            }
            if state.is_final() || follow == Follow::Now {
                return Ok(self.frames.event(None, "end", "{}").await?);
            }
            if after != before {
                quiet_since = tokio::time::Instant::now();
            } else if quiet_since.elapsed() >= KEEP_ALIVE_EVERY {
                self.frames.keep_alive().await?;
                quiet_since = tokio::time::Instant::now();
            }
            tokio::select! {
                () = waker.woken() => {}
                () = self.app.stopped() => return Ok(()),
            }
            let Some(permit) = renewed(self.app, &self.permit).await else { return Ok(()) };
            self.permit = permit;
        }
    }

    /// Writes the pieces after `after`; tells the number of the last.
    async fn write_output(&self, mut after: u64, state: State) -> Result<u64, Stop> {
        loop {
            let chunks = store::chunks_after(&self.app.db, self.id, after, CHUNKS_AT_ONCE).await?;
            for chunk in &chunks {
                after = chunk.seq;
                self.write_piece(after, chunk.action, chunk.stream, &chunk.data).await?;
            }
            if chunks.len() < CHUNKS_AT_ONCE {
                break;
            }
        }
        // Only an end folds: the pieces may be gone, and some of them before they were read here.
        let layout = if state.is_final() { store::layout_of(&self.app.db, self.id).await? } else { None };
        match layout {
            None => Ok(after),
            Some(layout) => self.write_folded(&layout, after).await,
        }
    }

    /// The pieces after `after`, cut out of the contents that they were folded into.
    async fn write_folded(&self, layout: &str, after: u64) -> Result<u64, Stop> {
        let pieces = layout::read(layout).ok_or(Stop::Failed)?;
        let streams = if (after as usize) < pieces.len() { store::streams_of(&self.app.db, self.id).await? } else { Vec::new() };
        // Pieces of an action come together, so that no more than its two contents are held.
        let mut contents: HashMap<(u32, Stream), Vec<u8>> = HashMap::new();
        let mut offsets: HashMap<(u32, Stream), usize> = HashMap::new();
        for (index, Piece { position, stream, len }) in pieces.iter().enumerate() {
            let begin = *offsets.entry((*position, *stream)).or_default();
            let end = begin + *len as usize;
            offsets.insert((*position, *stream), end);
            let seq = index as u64 + 1;
            if seq <= after {
                continue;
            }
            if !contents.contains_key(&(*position, *stream)) {
                contents.retain(|(other, _), _| other == position);
                let stored = streams.iter().find(|stored| (stored.position, stored.stream) == (*position, *stream)).ok_or(Stop::Failed)?;
                let bytes = store::content(&self.app.db, self.permit.organization(), &stored.digest).await?;
                contents.insert((*position, *stream), bytes);
            }
            let piece = contents.get(&(*position, *stream)).and_then(|bytes| bytes.get(begin..end)).ok_or(Stop::Failed)?;
            self.write_piece(seq, *position, *stream, piece).await?;
        }
        Ok(after.max(pieces.len() as u64))
    }

    async fn write_piece(&self, seq: u64, action: u32, stream: Stream, data: &[u8]) -> Result<(), Stop> {
        let event = OutputEvent { seq, action, stream, data: data.to_vec() };
        let data = serde_json::to_string(&event).map_err(|_| Stop::Failed)?;
        Ok(self.frames.event(Some(&seq.to_string()), "output", &data).await?)
    }

    /// Without the texts of its results: those were told as output.
    async fn write_execution(&self, execution: Execution) -> Result<(), Stop> {
        let row = ExecutionRow { execution, output: Place::Nowhere };
        let executions = view::executions(&self.app.db, self.permit.organization(), vec![row]).await?;
        let data = serde_json::to_string(executions.first().ok_or(Stop::Failed)?).map_err(|_| Stop::Failed)?;
        Ok(self.frames.event(None, "execution", &data).await?)
    }
}
