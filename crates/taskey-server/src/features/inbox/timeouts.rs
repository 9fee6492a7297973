//! Items whose time is over, of types that take silence for a no.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::problem::Reason;

use super::items::store::{self, ItemRow};
use super::items::{Ctx, Happened, model, write_change};
use super::kind::Kind;
use super::types;
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::platform::db::Tx;
use crate::platform::http::problem::ApiResult;

/// Woken when an item is posted that ends by itself.
pub const TOPIC: &str = "inbox:timeouts";
const LOOK_EVERY: Duration = Duration::from_secs(60);
const ITEMS_AT_ONCE: usize = 100;

/// Ends items when their time is over, unless the server was restored and waits for its operator.
pub async fn end_overdue(app: App) {
    let mut waker = app.db.hub().subscribe(TOPIC);
    loop {
        let wait = match look(&app).await {
            Ok(next) => next.map_or(LOOK_EVERY, |at| until(app.now(), at)),
            Err(error) => {
                tracing::error!(error = %error.detail, "items whose time is over were not ended");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = app.clock.sleep(wait) => {}
            () = waker.changed() => {}
        }
    }
}

fn until(now: Time, at: Time) -> Duration {
    Duration::from_millis(u64::try_from(at.ms() - now.ms()).unwrap_or(0)).clamp(Duration::from_millis(1), LOOK_EVERY)
}

/// Ends what is due; when the next one is.
async fn look(app: &App) -> ApiResult<Option<Time>> {
    if app.quiet.is_on(&app.db).await? {
        return Ok(None);
    }
    loop {
        let due = store::overdue(&app.db, app.now(), ITEMS_AT_ONCE).await?;
        if due.is_empty() {
            return Ok(store::next_timeout(&app.db).await?);
        }
        for row in due {
            let kind = types::kind_of(app, row.item_type, row.type_version).await?;
            let actor = Actor::without_request(row.organization, "system", String::new(), "taskey".to_owned(), String::new());
            let ctx = Ctx::new(actor, app.now()).map_err(crate::platform::http::ApiError::internal)?;
            app.db.write((ctx, kind, row), |tx, (ctx, kind, row)| Box::pin(time_out(tx, ctx, kind, row))).await?;
        }
    }
}

async fn time_out(tx: &mut Tx<'_>, ctx: &Ctx, kind: &Kind, seen: &ItemRow) -> ApiResult<()> {
    let Some(mut row) = store::item(tx, seen.id).await? else { return Ok(()) };
    let is_due = row.timeout_at.is_some_and(|at| at <= ctx.now);
    if !row.is_open || !is_due {
        return Ok(());
    }
    let before = row.state.clone();
    let reason = Reason::new("timed_out", "Nobody resolved it before it was due, and its type takes that for a no.");
    let change = model::end(&mut row, kind, "timed_out", reason, ctx.now);
    write_change(tx, ctx, &mut row, Happened { action: "timed_out", event: "item.timed_out", prev_state: Some(before), change }).await?;
    Ok(())
}
