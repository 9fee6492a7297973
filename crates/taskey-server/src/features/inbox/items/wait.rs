//! Waiting for items: by long-poll and by a stream, both readers of the items' logs. What came before the wait is answered at once.

use std::time::Duration;

use taskey_proto::id::ItemId;
use taskey_proto::items::{Item, LogEntry};

use super::store::{self, ItemRow};
use super::{ops, view};
use crate::app::App;
use crate::features::accounts::{Permit, renewed};
use crate::platform::db::DbError;
use crate::platform::http::problem::ApiResult;
use crate::platform::http::sse::Frames;

/// Seconds that one call waits at most.
pub const WAIT_MAX_SECS: u64 = 55;
const ENTRIES_AT_ONCE: usize = 100;
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

/// An item as soon as it is over, or as soon as its log is longer than `after`; `None` when the time is up.
pub async fn wait_for_item(app: &App, permit: &Permit, id: ItemId, after: Option<u64>, wait: Option<u64>) -> ApiResult<Option<Item>> {
    let is_there = move |row: &ItemRow| after.map_or(!row.is_open, |after| row.seq > after);
    wait_for(app, permit, &[id], wait, is_there).await
}

/// The first of several items that is over.
pub async fn wait_for_any(app: &App, permit: &Permit, ids: &[ItemId], wait: Option<u64>) -> ApiResult<Option<Item>> {
    wait_for(app, permit, ids, wait, |row| !row.is_open).await
}

async fn wait_for(
    app: &App,
    permit: &Permit,
    ids: &[ItemId],
    wait: Option<u64>,
    is_there: impl Fn(&ItemRow) -> bool,
) -> ApiResult<Option<Item>> {
    let mut wakers: Vec<_> = ids.iter().map(|id| app.db.hub().subscribe(&id.to_string())).collect();
    let deadline = tokio::time::sleep(Duration::from_secs(wait.unwrap_or(0).min(WAIT_MAX_SECS)));
    tokio::pin!(deadline);
    loop {
        for id in ids {
            let row = ops::find(app, permit, *id).await?;
            if is_there(&row) {
                return Ok(Some(view::shown(&row, view::role(permit, &row))));
            }
        }
        let woken = futures_util::future::select_all(wakers.iter_mut().map(|waker| Box::pin(waker.woken())));
        tokio::select! {
            _ = woken => {}
            () = &mut deadline => return Ok(None),
            () = app.stopped() => return Ok(None),
        }
    }
}

/// Streams the entries of an item's log behind `after`, live, until whoever listens goes or may not see it any more.
pub async fn write_log(app: App, mut permit: Permit, id: ItemId, mut after: u64, frames: Frames) {
    let mut waker = app.db.hub().subscribe(&id.to_string());
    let mut quiet_since = tokio::time::Instant::now();
    if frames.keep_alive().await.is_err() {
        return;
    }
    loop {
        let Some(renewed) = renewed(&app, &permit).await else { return };
        permit = renewed;
        match store::sees_item(&app.db, permit.item_sight(), id).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!(%error, "an item's log could not be read"),
        }
        let entries = match store::log(&mut &app.db, id, after, ENTRIES_AT_ONCE).await {
            Ok(entries) => entries,
            Err(error) => return tracing::error!(%error, "an item's log could not be read"),
        };
        for entry in &entries {
            after = entry.shown.seq;
            if write_entry(&frames, &entry.shown).await.is_err() {
                return;
            }
            quiet_since = tokio::time::Instant::now();
        }
        if entries.len() == ENTRIES_AT_ONCE {
            continue;
        }
        if quiet_since.elapsed() >= KEEP_ALIVE_EVERY {
            if frames.keep_alive().await.is_err() {
                return;
            }
            quiet_since = tokio::time::Instant::now();
        }
        tokio::select! {
            () = waker.woken() => {}
            () = app.stopped() => return,
        }
    }
}

async fn write_entry(frames: &Frames, entry: &LogEntry) -> Result<(), DbError> {
    let text = serde_json::to_string(entry).map_err(|error| DbError::Column { column: "log".to_owned(), detail: error.to_string() })?;
    frames.event(Some(&entry.seq.to_string()), &entry.action, &text).await.map_err(|_| DbError::Closed)
}
