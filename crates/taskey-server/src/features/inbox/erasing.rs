//! The end of an item's content: after its type's time of retention it goes, from the item and from its log. The log's hashes stay, and so
//! does what statistics need: type, state, times.

use std::time::Duration;

use serde_json::Value;

use super::items::store::{self, ItemRow};
use super::items::{Ctx, Happened, write_bare};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

const LOOK_EVERY: Duration = Duration::from_secs(60);
const ITEMS_AT_ONCE: usize = 100;

/// Removes the content of items whose time of retention is over.
pub async fn erase_old(app: App) {
    loop {
        if let Err(error) = erase_due(&app).await {
            tracing::error!(error = %error.detail, "the content of old items was not removed");
        }
        app.clock.sleep(LOOK_EVERY).await;
    }
}

async fn erase_due(app: &App) -> ApiResult<()> {
    // Who looks at an old backup wants to see what was in it.
    while !app.quiet.is_on(&app.db).await? {
        let due = store::to_erase(&app.db, app.now(), ITEMS_AT_ONCE).await?;
        if due.is_empty() {
            return Ok(());
        }
        for row in due {
            let actor = Actor::without_request(row.organization, "system", String::new(), "taskey".to_owned(), String::new());
            let ctx = Ctx::new(actor, app.now()).map_err(ApiError::internal)?;
            app.db.write((ctx, row), |tx, (ctx, row)| Box::pin(erase(tx, ctx, row))).await?;
        }
    }
    Ok(())
}

async fn erase(tx: &mut Tx<'_>, ctx: &Ctx, seen: &ItemRow) -> Result<(), DbError> {
    let Some(mut row) = store::item(tx, seen.id).await? else { return Ok(()) };
    if row.erase_at.is_none_or(|at| at > ctx.now) {
        return Ok(());
    }
    row.title = String::new();
    row.fields.clear();
    row.external_id = None;
    row.merge_hash = None;
    row.reason_detail = None;
    row.indexed = Default::default();
    if let Some(resolution) = &mut row.resolution {
        resolution.label = String::new();
        resolution.reason = None;
        resolution.answers.clear();
    }
    row.erase_at = None;
    row.erased_at = Some(ctx.now);
    row.version += 1;
    store::erase_content(tx, row.id).await?;
    let state = row.state.clone();
    let happened = Happened { action: "erased", event: "item.erased", prev_state: Some(state), change: Value::Null };
    write_bare(tx, ctx, &mut row, happened).await
}
