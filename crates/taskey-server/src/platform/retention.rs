//! Removes what the platform's tables keep longer than it is of use, every hour, a bounded number of rows at a time.

use std::time::Duration;

use taskey_proto::Time;

use super::db::{DbError, Tx};
use super::http::idempotency;
use crate::app::App;
use crate::{args, sql};

const CLEAN_EVERY: Duration = Duration::from_secs(3_600);
const ROWS_AT_ONCE: u64 = 500;
/// Events are for whoever follows them; the audit log keeps what was done.
const EVENTS_KEPT_MS: i64 = 30 * 86_400_000;

pub async fn clean(app: App) {
    loop {
        // Who looks at an old backup wants to see what was in it.
        if app.quiet.is_on(&app.db).await.unwrap_or(true) {
            app.clock.sleep(CLEAN_EVERY).await;
            continue;
        }
        match app.db.write(app.now(), |tx, now| Box::pin(clean_some(tx, *now))).await {
            Ok(removed) if removed >= ROWS_AT_ONCE => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "what is old was not removed"),
        }
        app.clock.sleep(CLEAN_EVERY).await;
    }
}

/// The larger of the numbers of rows that were removed.
async fn clean_some(tx: &mut Tx<'_>, now: Time) -> Result<u64, DbError> {
    let answers = sql!(
        "DELETE FROM idempotency WHERE (organization_id, idempotency_key) IN \
         (SELECT organization_id, idempotency_key FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT 500)"
    );
    let answers = tx.execute(answers, args![now.plus_ms(-idempotency::KEPT_MS)]).await?;
    let events = sql!("DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at <= $1 ORDER BY at LIMIT 500)");
    let events = tx.execute(events, args![now.plus_ms(-EVENTS_KEPT_MS)]).await?;
    Ok(answers.max(events))
}
