//! What accounts do in the background.

use std::time::Duration;

use taskey_proto::Time;

use super::audit::{Actor, record};
use super::model::{Principal, Verb, Via};
use super::store;
use crate::app::App;
use crate::platform::db::DbError;
use crate::platform::http::guard::RequestContext;

const CLEAN_EVERY: Duration = Duration::from_secs(3_600);

/// Notes the use of a session or key without keeping its request waiting.
pub(super) fn touch_later(app: &App, via: &Via, now: Time) {
    let db = app.db.clone();
    let via = via.clone();
    tokio::spawn(async move {
        let touched: Result<(), DbError> = db
            .write((via, now), |tx, (via, now)| {
                Box::pin(async move {
                    match via {
                        Via::Session { id, .. } => store::touch_session(tx, *id, *now).await,
                        Via::Key { id, .. } => store::touch_key(tx, *id, *now).await,
                    }
                })
            })
            .await;
        if let Err(error) = touched {
            tracing::warn!(%error, "the last use of a session or key was not stored");
        }
    });
}

/// Writes what somebody tried and was refused into the audit log, without keeping the answer waiting.
pub(super) fn record_refusal_later(app: &App, principal: &Principal, context: &RequestContext, verb: Verb, tried: String, why: String) {
    let now = app.now();
    let Some(left_out) = app.refusals.count(principal.user, now) else { return };
    let actor = Actor::of(principal, context);
    let mut detail = serde_json::json!({"verb": verb.word(), "tried": tried, "why": why});
    if left_out > 0 {
        detail["left_out_before"] = left_out.into();
    }
    let db = app.db.clone();
    tokio::spawn(async move {
        let written: Result<(), DbError> = db
            .write((actor, detail, now), |tx, (actor, detail, now)| {
                Box::pin(async move { record(tx, actor, *now, "access.refused", &actor.id, detail).await })
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, "a refusal was not stored");
        }
    });
}

/// Removes sessions and invitations that are over, every hour.
pub async fn clean_sessions(app: App) {
    loop {
        let removed: Result<u64, DbError> =
            app.db.write(app.now(), |tx, now| Box::pin(async move { store::delete_entries_expired(tx, *now).await })).await;
        match removed {
            Ok(500..) => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "what is over was not removed"),
        }
        app.clock.sleep(CLEAN_EVERY).await;
    }
}
