//! What waits for a device: seen in the order in which it will be sent, and thrown away at once.
//!
//! A queue belongs to an enrolment, never to a name: what waited for a device that was removed ends with it, and whoever enrols under the
//! same name begins with nothing.

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{DeviceId, ExecutionId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::queue::{Purged, QueuedExecution};
use taskey_proto::runs::{Cause, RunTask, State};

use super::model::PURGED;
use super::ops::end_execution;
use super::store::{self, End, OpenExecution};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::features::devices::find_device;
use crate::platform::db::events::Announce;
use crate::platform::db::{Db, DbError, Row, Source as _, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;
use crate::{args, sql};

/// Executions cancelled in one transaction.
const CHUNK: usize = 200;

/// What waits for a device after `after`, as it will be sent.
pub(super) async fn of_device(
    db: &Db,
    device: DeviceId,
    after: Option<ExecutionId>,
    limit: usize,
) -> Result<Vec<QueuedExecution>, DbError> {
    let before = match after {
        Some(after) => waiting_up_to(db, device, after).await?,
        None => 0,
    };
    let sql = sql!(
        "SELECT e.id, e.run_id, e.created_at, e.expires_at, e.reason_code, e.reason_detail, r.task_id, r.task_name, r.task_version, \
         r.cause_kind, r.cause_by, r.schedule_id, r.schedule_revision, r.slot_at FROM execution e JOIN run r ON r.id = e.run_id \
         WHERE e.device_id = $1 AND e.finished_at IS NULL AND e.state = 'queued' AND (CAST($2 AS TEXT) IS NULL OR e.id > $2) \
         ORDER BY e.id LIMIT $3"
    );
    let rows = db.rows(sql, args![device, after, limit]).await?;
    rows.iter().zip(before + 1..).map(|(row, position)| queued(row, position)).collect()
}

/// How many wait for a device up to this execution, itself included.
pub(super) async fn waiting_up_to(db: &Db, device: DeviceId, execution: ExecutionId) -> Result<u64, DbError> {
    let sql =
        sql!("SELECT count(*) AS count FROM execution WHERE device_id = $1 AND finished_at IS NULL AND state = 'queued' AND id <= $2");
    db.row(sql, args![device, execution]).await?.ok_or(DbError::Aborted)?.get("count")
}

fn queued(row: &Row, position: u64) -> Result<QueuedExecution, DbError> {
    let version: Option<i64> = row.get("task_version")?;
    Ok(QueuedExecution {
        position,
        execution: row.get("id")?,
        run: row.get("run_id")?,
        task: RunTask { id: row.get("task_id")?, name: row.get("task_name")?, version: version.map(|version| version as u32) },
        cause: Cause { kind: row.get("cause_kind")?, by: row.get("cause_by")?, slot: store::run_slot(row)? },
        since: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        reason: store::reason(row)?,
    })
}

struct PurgeInput {
    actor: Actor,
    permit: Permit,
    /// Once the device was found by its name: its id, so that no other takes its place.
    word: String,
    /// What is asked for later than this stays.
    until: Time,
}

/// Cancels everything that waits for a device. What has left for it is let be: only the device can tell what became of that.
pub(super) async fn purge(app: &App, permit: &Permit, word: &str) -> ApiResult<Purged> {
    let device = find_device(&mut &app.db, permit, word).await?.device.id;
    let until = app.now();
    let mut cancelled = 0;
    loop {
        let input = PurgeInput { actor: Actor::from(permit), permit: permit.clone(), word: device.to_string(), until };
        let some = app.db.write(input, |tx, input| Box::pin(purge_some(tx, input))).await?;
        cancelled += some as u64;
        if some < CHUNK {
            return Ok(Purged { cancelled });
        }
    }
}

/// Cancels a bounded number; how many.
async fn purge_some(tx: &mut Tx<'_>, input: &PurgeInput) -> ApiResult<usize> {
    let found = find_device(tx, &input.permit, &input.word).await?;
    input.permit.at_least(Role::Admin, &found.scopes(), &found.device.name)?;
    let (actor, now) = (&input.actor, input.until);
    let waiting = waiting_of(tx, found.device.id, now).await?;
    for execution in &waiting {
        store::set_cancelled_by(tx, execution.id, &actor.name).await?;
        let reason = Reason::new(PURGED, format!("Purged by {} with everything else that waited for {}.", actor.name, found.device.name));
        end_execution(tx, execution, &End::by_server(State::Cancelled, reason, now), now).await?;
    }
    if waiting.is_empty() {
        return Ok(0);
    }
    let subject = found.device.id.to_string();
    let data = serde_json::json!({"name": found.device.name, "cancelled": waiting.len()});
    record(tx, actor, now, "queue.purged", &subject, &data).await?;
    tx.announce(Announce { organization: actor.organization, name: "queue.purged", subject: &subject, at: now, data: &data }).await?;
    Ok::<_, ApiError>(waiting.len())
}

async fn waiting_of(tx: &mut Tx<'_>, device: DeviceId, until: Time) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE device_id = $1 AND finished_at IS NULL AND state = 'queued' AND created_at <= $2 ORDER BY id LIMIT $3"
    );
    let rows = tx.rows(sql, args![device, until, CHUNK]).await?;
    rows.iter().map(store::open_execution).collect()
}
