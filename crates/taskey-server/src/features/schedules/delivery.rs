//! Tells devices that there is something new to keep, and hands it out.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use taskey_proto::Time;
use taskey_proto::document::SignedDocument;
use taskey_proto::id::{DeviceId, ExecutionId};
use taskey_proto::line::Down;
use taskey_proto::problem::Code;
use taskey_proto::schedules::LEASE;
use taskey_proto::schedules::document::{
    ASSIGNED_MAX, ASSIGNMENT_CONTEXT, Assigned, Assignment, FetchAssignment, FetchedAssignment, KeptSchedule, ScheduleSecrets,
};

use super::store::{self, KeptRow};
use crate::app::App;
use crate::features::runs;
use crate::features::secrets::seal_for;
use crate::features::tasks::document::document_bytes;
use crate::features::tasks::named_secrets;
use crate::platform::db::{DbError, Source as _, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;
use crate::platform::mqtt::uplink::LineDevice;

/// A lease is renewed once this much of it has passed.
const RENEW_AFTER_MS: i64 = LEASE.ms() as i64 / 8;
/// Bytes of documents in one answer; the device asks again for the rest.
const ANSWER_LEN_MAX: usize = 2 * 1024 * 1024;

/// Called when a device listens, and with what it holds when it has said so. Whether more orders wait than were given out.
pub fn deliver(app: App, device: LineDevice, held: Option<Vec<ExecutionId>>) -> BoxFuture<'static, bool> {
    Box::pin(async move {
        // Read first: orders leave after the acknowledgement of the sync only if nothing is waited for behind them.
        let news = if held.is_some() { news(&app, device.id).await } else { None };
        let id = device.id;
        let more_waits = runs::delivery::deliver(app.clone(), device, held).await;
        if let Some(number) = news {
            send(&app, id, number);
        }
        more_waits
    })
}

/// The number of a device's assignment, where it has another or its lease is to be renewed.
async fn news(app: &App, device: DeviceId) -> Option<u64> {
    let behind = async {
        let Some(assignment) = store::assignment(&mut &app.db, device).await? else { return Ok(None) };
        let is_stale = app.now().since_ms(assignment.issued_at) > RENEW_AFTER_MS;
        let is_behind = assignment.number != assignment.held_number || is_stale;
        Ok::<_, DbError>(if is_behind && !app.quiet.is_on(&app.db).await? { Some(assignment.number) } else { None })
    };
    behind.await.unwrap_or_else(|error| {
        tracing::error!(%error, %device, "a device was not told of its schedules; the next sync tries again");
        None
    })
}

/// Tells a device on this node's lines that its schedules have changed.
pub(super) async fn poke(app: &App, device: DeviceId) -> Result<(), DbError> {
    if !app.lines.has(device) {
        return Ok(());
    }
    let assignment = store::assignment(&mut &app.db, device).await?;
    if let Some(assignment) = assignment
        && !app.quiet.is_on(&app.db).await?
    {
        send(app, device, assignment.number);
    }
    Ok(())
}

fn send(app: &App, device: DeviceId, number: u64) {
    match serde_json::to_vec(&Down::Schedules { number }) {
        Ok(bytes) => drop(app.lines.send(device, Bytes::from(bytes))),
        Err(error) => tracing::error!(%error, "a message could not be written"),
    }
}

struct Handed {
    assignment: Assignment,
    schedules: Vec<KeptSchedule>,
    /// The tasks that name secrets.
    secrets: Vec<(taskey_proto::id::ScheduleId, Vec<String>)>,
}

/// What a device is to keep, signed for it, with the documents that it lacks.
pub(super) async fn hand_out(app: &App, device: DeviceId, request: FetchAssignment) -> ApiResult<FetchedAssignment> {
    if app.quiet.is_on(&app.db).await? {
        return Err(ApiError::new(
            Code::Quiet,
            "This server was restored from a backup and hands nothing out until its operator ends that.",
        ));
    }
    let input = (device, request.has, app.epoch, app.now());
    let handed = app.db.write(input, |tx, (device, has, epoch, now)| Box::pin(hand_out_in(tx, *device, has, *epoch, *now))).await?;
    let mut secrets = Vec::new();
    for (schedule, names) in handed.secrets {
        secrets.push(ScheduleSecrets { schedule, secrets: seal_for(app, device, &schedule, &names).await });
    }
    let assignment = SignedDocument::sign(&app.keys.signing, ASSIGNMENT_CONTEXT, &handed.assignment).map_err(ApiError::internal)?;
    Ok(FetchedAssignment { assignment, schedules: handed.schedules, secrets })
}

async fn hand_out_in(tx: &mut Tx<'_>, device: DeviceId, has: &[String], epoch: u64, now: Time) -> ApiResult<Handed> {
    let number = store::assignment(tx, device).await?.map_or(0, |assignment| assignment.number);
    let organization = organization_of(tx, device).await?;
    let kept: Vec<KeptRow> = store::kept_by_device(tx, device, ASSIGNED_MAX).await?;
    let (mut schedules, mut secrets, mut len) = (Vec::new(), Vec::new(), 0);
    for row in &kept {
        let is_lacking = !has.contains(&row.digest) && len <= ANSWER_LEN_MAX;
        if !is_lacking && !row.names_secrets {
            continue;
        }
        let task = document_bytes(tx, organization, &row.task_digest).await?;
        if row.names_secrets {
            secrets.push((row.schedule, named_secrets(&task)));
        }
        if !is_lacking {
            continue;
        }
        let document = store::document(tx, row.schedule, row.revision).await?;
        len += document.bytes.len() + task.len();
        schedules.push(KeptSchedule { document, task });
    }
    store::set_issued(tx, device, now).await?;
    let schedules_named = kept.into_iter().map(|row| Assigned { schedule: row.schedule, revision: row.revision, digest: row.digest });
    let valid_until = now.plus_ms(LEASE.ms() as i64);
    let assignment = Assignment { device, epoch, number, issued_at: now, valid_until, schedules: schedules_named.collect() };
    Ok(Handed { assignment, schedules, secrets })
}

async fn organization_of(tx: &mut Tx<'_>, device: DeviceId) -> Result<taskey_proto::id::OrganizationId, DbError> {
    let sql = crate::sql!("SELECT organization_id FROM device WHERE id = $1");
    tx.row(sql, crate::args![device]).await?.ok_or(DbError::Aborted)?.get("organization_id")
}
