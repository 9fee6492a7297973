//! What devices do in the background: this node's lease, lines that other nodes have ended, devices of nodes that are gone, what is too old to keep.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::id::DeviceId;

use super::store;
use crate::app::App;
use crate::platform::db::events::{self, Announce, Cursor};
use crate::platform::db::{DbError, Tx};

const RENEW_EVERY: Duration = Duration::from_secs(5);
/// A node that has not renewed for so long is gone.
const LEASE_MS: i64 = 15_000;
/// How long a dead node's row is kept for whoever looks at the database.
const FORGET_NODES_MS: i64 = 86_400_000;
const EVENTS_AT_ONCE: usize = 200;
const KEEP_REJECTED_MS: i64 = 30 * 86_400_000;

/// Takes this node's lease; called once before anything else.
pub async fn start_lease(app: &App) -> Result<(), DbError> {
    renew(app, app.now()).await
}

/// Renews the lease and, with every turn, tidies up after the nodes that are gone.
pub async fn keep_lease(app: App) {
    let started_at = app.now();
    loop {
        app.clock.sleep(RENEW_EVERY).await;
        if let Err(error) = renew(&app, started_at).await {
            tracing::error!(%error, "the node's lease was not renewed");
            continue;
        }
        if let Err(error) = tidy_up(&app).await {
            tracing::error!(%error, "what is too old was not removed");
        }
    }
}

async fn renew(app: &App, started_at: Time) -> Result<(), DbError> {
    let now = app.now();
    app.db
        .write((app.node, started_at, now), |tx, (node, started_at, now)| {
            Box::pin(async move {
                store::renew_lease(tx, *node, *started_at, now.plus_ms(LEASE_MS)).await?;
                // By the same clock reading: whoever judges is alive, however long its transaction had to wait.
                mark_devices_of_dead_nodes(tx, *now).await
            })
        })
        .await
}

async fn mark_devices_of_dead_nodes(tx: &mut Tx<'_>, now: Time) -> Result<(), DbError> {
    for (device, organization) in store::devices_of_dead_nodes(tx, now).await? {
        let subject = device.to_string();
        let data = serde_json::json!({"reason": "node_lost"});
        tx.announce(Announce { organization, name: "device.offline", subject: &subject, at: now, data: &data }).await?;
    }
    Ok(())
}

async fn tidy_up(app: &App) -> Result<(), DbError> {
    app.db
        .write(app.now(), |tx, now| {
            Box::pin(async move {
                store::delete_tokens_expired(tx, *now).await?;
                store::delete_messages_rejected_before(tx, now.plus_ms(-KEEP_REJECTED_MS)).await?;
                store::delete_dead_nodes(tx, now.plus_ms(-FORGET_NODES_MS)).await
            })
        })
        .await
}

/// What may leave a line on this node without its right: another node shut the device out, gave it new keys, or has a newer line.
const LINES_JUDGED_AFTER: [&str; 4] = ["device.removed", "device.quarantined", "device.changed", "device.moved"];

/// Cuts the lines on this node that another one has put an end to.
pub async fn follow_events(app: App) {
    let mut waker = app.db.hub().subscribe(events::ALL);
    let mut position = None;
    loop {
        if let Err(error) = cut_lines(&app, &mut position).await {
            tracing::error!(%error, "events were not taken in");
        }
        waker.woken().await;
    }
}

/// Begins with what is new: a line of a device that was removed before was never let in here.
async fn cut_lines(app: &App, position: &mut Option<Cursor>) -> Result<(), DbError> {
    let mut after = match *position {
        Some(position) => position,
        None => events::now(&app.db).await?,
    };
    *position = Some(after);
    loop {
        let batch = events::read_all(&app.db, after, EVENTS_AT_ONCE).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        let judged = batch.iter().filter(|event| LINES_JUDGED_AFTER.contains(&event.name.as_str()));
        for device in judged.filter_map(|event| event.subject.parse::<DeviceId>().ok()) {
            judge_line(app, device).await?;
        }
        // A disabled organization shuts all of its devices out; whose they are, a line does not say.
        if batch.iter().any(|event| event.name == "organization.changed") {
            for device in app.lines.devices() {
                judge_line(app, device).await?;
            }
        }
        after = last.cursor;
        *position = Some(after);
        if batch.len() < EVENTS_AT_ONCE {
            return Ok(());
        }
    }
}

/// An event may be read late, when the device is back by right: what counts is how things stand now.
async fn judge_line(app: &App, device: DeviceId) -> Result<(), DbError> {
    let Some(generation) = app.lines.generation(device) else { return Ok(()) };
    match store::newest_line(&app.db, device).await? {
        None => app.lines.cut(device),
        Some(newest) if newest > generation => app.lines.take_over(device, newest),
        Some(_) => {}
    }
    Ok(())
}
