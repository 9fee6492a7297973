//! An execution's output as a stream of events: what is there, then what comes, then the end.

use std::time::Duration;

use taskey_proto::id::ExecutionId;
use taskey_proto::runs::{Execution, OutputEvent, State, Stream};

use super::{store, view};
use crate::app::App;
use crate::features::accounts::{Permit, still_allowed};
use crate::platform::db::DbError;
use crate::platform::http::sse::{Frames, Gone};

const CHUNKS_AT_ONCE: usize = 64;
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Until the execution is over.
    ToTheEnd,
    /// Only what is there now.
    Now,
}

/// Writes events until the execution is over and everything was told, the listener goes, or its leave is withdrawn.
pub(super) async fn write(app: App, permit: Permit, id: ExecutionId, after: u64, follow: Follow, frames: Frames) {
    let writing = Writing { app: &app, permit: &permit, id, frames: &frames };
    // The listener is gone, or the store failed: either way the stream ends, and a listener that is there asks again.
    let _ = writing.run(after, follow).await;
}

struct Writing<'a> {
    app: &'a App,
    permit: &'a Permit,
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
    async fn run(&self, mut after: u64, follow: Follow) -> Result<(), Stop> {
        let mut waker = self.app.db.hub().subscribe(&self.id.to_string());
        let mut told: Option<State> = None;
        let mut quiet_since = tokio::time::Instant::now();
        loop {
            // State first, output second: when the state is final, all of the output was there before it.
            let execution = store::execution_of_organization(&self.app.db, self.permit.organization(), self.id).await?;
            let Some(execution) = execution else { return Ok(()) };
            let before = after;
            after = self.write_chunks(after).await?;
            if told != Some(execution.state) {
                told = Some(execution.state);
                self.write_execution(&execution).await?;
                quiet_since = tokio::time::Instant::now();
            }
            if execution.state.is_final() || follow == Follow::Now {
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
            if !still_allowed(self.app, self.permit.principal()).await {
                return Ok(());
            }
        }
    }

    async fn write_chunks(&self, mut after: u64) -> Result<u64, Stop> {
        loop {
            let rows = store::chunks_of_execution(&self.app.db, self.id, after, CHUNKS_AT_ONCE).await?;
            for row in &rows {
                after = row.get("seq")?;
                let stream = if row.get::<String>("stream")? == Stream::Error.word() { Stream::Error } else { Stream::Output };
                let event = OutputEvent { seq: after, action: row.get("position")?, stream, data: row.get("bytes")? };
                let data = serde_json::to_string(&event).map_err(|_| Stop::Failed)?;
                self.frames.event(Some(&after.to_string()), "output", &data).await?;
            }
            if rows.len() < CHUNKS_AT_ONCE {
                return Ok(after);
            }
        }
    }

    /// Without the texts of its results: those were told as output.
    async fn write_execution(&self, execution: &Execution) -> Result<(), Stop> {
        let mut whole = view::executions(&self.app.db, vec![execution.clone()]).await?;
        let mut execution = whole.pop().ok_or(Stop::Failed)?;
        for action in &mut execution.actions {
            action.output.clear();
            action.error.clear();
        }
        let data = serde_json::to_string(&execution).map_err(|_| Stop::Failed)?;
        Ok(self.frames.event(None, "execution", &data).await?)
    }
}
