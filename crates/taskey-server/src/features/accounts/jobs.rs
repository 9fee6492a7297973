//! What accounts do in the background.

use std::time::Duration;

use taskey_proto::Time;

use super::model::{Principal, Via};
use super::store;
use crate::app::App;
use crate::platform::db::DbError;

const CLEAN_EVERY: Duration = Duration::from_secs(3_600);

/// Notes a key's use without keeping its request waiting.
pub(super) fn touch_key_later(app: &App, principal: &Principal, now: Time) {
    let Via::Key { id, .. } = principal.via else { return };
    let db = app.db.clone();
    tokio::spawn(async move {
        let touched: Result<(), DbError> =
            db.write((id, now), |tx, (id, now)| Box::pin(async move { store::touch_key(tx, *id, *now).await })).await;
        if let Err(error) = touched {
            tracing::warn!(%error, "a key's last use was not stored");
        }
    });
}

/// Removes sessions that are over, every hour.
pub async fn clean_sessions(app: App) {
    loop {
        let removed: Result<u64, DbError> =
            app.db.write(app.now(), |tx, now| Box::pin(async move { store::delete_sessions_expired(tx, *now).await })).await;
        match removed {
            Ok(500..) => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "expired sessions were not removed"),
        }
        app.clock.sleep(CLEAN_EVERY).await;
    }
}
