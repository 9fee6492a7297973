//! Open items of users who are no more: they are nobody's, so that somebody takes them.

use std::time::Duration;

use serde_json::json;
use taskey_proto::id::{ItemId, UserId};
use taskey_proto::items::PersonRef;

use super::items::store;
use super::items::{Ctx, Happened, write_change};
use crate::app::App;
use crate::features::accounts::USER_REMOVED;
use crate::features::accounts::audit::Actor;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// A user may be removed by another node, or the server be stopped just then.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const ITEMS_AT_ONCE: usize = 100;

/// Takes items away from users who were removed.
pub async fn free_items_of_removed(app: App) {
    let mut waker = app.db.hub().subscribe(USER_REMOVED);
    loop {
        if let Err(error) = free_all(&app).await {
            tracing::error!(error = %error.detail, "items of users who are no more were not freed");
        }
        tokio::select! {
            () = app.clock.sleep(LOOK_EVERY) => {}
            () = waker.changed() => {}
        }
    }
}

async fn free_all(app: &App) -> ApiResult<()> {
    while !app.quiet.is_on(&app.db).await? {
        let found = store::of_removed_users(&app.db, ITEMS_AT_ONCE).await?;
        if found.is_empty() {
            return Ok(());
        }
        for (organization, item, user) in found {
            let actor = Actor::without_request(organization, "system", String::new(), "taskey".to_owned(), String::new());
            let ctx = Ctx::new(actor, app.now()).map_err(ApiError::internal)?;
            app.db.write((ctx, item, user), |tx, (ctx, item, user)| Box::pin(free(tx, ctx, *item, *user))).await?;
        }
    }
    Ok(())
}

async fn free(tx: &mut Tx<'_>, ctx: &Ctx, item: ItemId, user: UserId) -> Result<(), DbError> {
    let Some(mut row) = store::item(tx, item).await? else { return Ok(()) };
    // A row is read with nobody where its user was removed: written as it is read, it is nobody's.
    if !row.is_open || !store::is_assigned_to(tx, item, user).await? {
        return Ok(());
    }
    let removed = PersonRef { id: user, name: "a removed user".to_owned() };
    let change = json!({"before": {"assignee": removed}, "after": {"assignee": null}});
    let before = row.state.clone();
    write_change(tx, ctx, &mut row, Happened { action: "assigned", event: "item.assigned", prev_state: Some(before), change }).await
}
