//! What becomes of executions from before a restore.
//!
//! The restored database may be wrong about each of them: what it takes for waiting may have been sent and run in the time that was lost.
//! While the server is quiet they are only counted. Then they are cancelled, which a late report corrects, or signed anew for this epoch,
//! as long as they are valid: a device remembers each execution it had until its order is no longer valid, and answers a second order
//! with the report of the first. What was on its way is never signed again: its device reports it, or it is lost.

use taskey_proto::Time;
use taskey_proto::document::{DISPATCH_CONTEXT, Dispatch, SignedDocument};
use taskey_proto::id::{DeviceId, OrganizationId, RunId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;

use super::delivery;
use super::model::RESTORED;
use super::ops::end_execution;
use super::store::{self, End, OpenExecution};
use crate::app::App;
use crate::platform::db::{Db, DbError, Source as _, Tx};
use crate::{args, sql};

/// The event that ends it; every node then sends what was kept to the devices on its lines.
pub const QUIET_ENDED: &str = "quiet.ended";
/// Executions, or runs, changed in one transaction.
const CHUNK: usize = 200;

/// How many executions wait, and how many are on their way; of one organization or of all.
pub async fn counts(db: &Db, organization: Option<OrganizationId>) -> Result<(u64, u64), DbError> {
    let sql = sql!(
        "SELECT COALESCE(sum(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0) AS queued, \
         COALESCE(sum(CASE WHEN state <> 'queued' THEN 1 ELSE 0 END), 0) AS unreported FROM execution \
         WHERE finished_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR organization_id = $1)"
    );
    let row = db.row(sql, args![organization]).await?.ok_or(DbError::Aborted)?;
    Ok((row.get("queued")?, row.get("unreported")?))
}

/// Cancels everything that waits and was signed in an earlier epoch; how many that were.
pub async fn cancel_queued(app: &App) -> Result<u64, DbError> {
    let mut cancelled = 0;
    loop {
        let some = app.db.write((app.epoch, app.now()), |tx, (epoch, now)| Box::pin(cancel_some(tx, *epoch, *now))).await?;
        cancelled += some as u64;
        if some < CHUNK {
            return Ok(cancelled);
        }
    }
}

async fn cancel_some(tx: &mut Tx<'_>, epoch: u64, now: Time) -> Result<usize, DbError> {
    let queued = queued_before(tx, epoch).await?;
    for execution in &queued {
        let reason = Reason::new(RESTORED, "It waited when the backup was made that this server was restored from.");
        end_execution(tx, execution, &End::by_server(State::Cancelled, reason, now), now).await?;
    }
    Ok(queued.len())
}

async fn queued_before(tx: &mut Tx<'_>, epoch: u64) -> Result<Vec<OpenExecution>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, state, reason_code, expires_at, cancelled_by, output_len, epoch FROM execution \
         WHERE state = 'queued' AND epoch < $1 ORDER BY organization_id, id LIMIT $2"
    );
    let rows = tx.rows(sql, args![epoch, CHUNK]).await?;
    rows.iter().map(store::open_execution).collect()
}

/// Signs the orders of what waits anew for this epoch, as long as they are valid; how many executions that are.
pub async fn keep_queued(app: &App) -> anyhow::Result<u64> {
    let mut kept = 0;
    loop {
        let runs = runs_waiting(&app.db, app.epoch, app.now()).await?;
        if runs.is_empty() {
            return Ok(kept);
        }
        for (run, dispatch) in runs {
            let renewed = renew(app, run, &dispatch)?;
            kept +=
                app.db.write((run, renewed, app.epoch), |tx, (run, renewed, epoch)| Box::pin(reissue(tx, *run, renewed, *epoch))).await?;
        }
    }
}

async fn runs_waiting(db: &Db, epoch: u64, now: Time) -> Result<Vec<(RunId, SignedDocument)>, DbError> {
    let sql = sql!(
        "SELECT d.run_id, d.dispatch_bytes, d.dispatch_signature FROM run_document d WHERE EXISTS (SELECT 1 FROM execution e \
         WHERE e.run_id = d.run_id AND e.state = 'queued' AND e.epoch < $1 AND e.expires_at > $2) ORDER BY d.run_id LIMIT $3"
    );
    let rows = db.rows(sql, args![epoch, now, CHUNK]).await?;
    rows.iter()
        .map(|row| {
            let document = SignedDocument { bytes: row.get("dispatch_bytes")?, signature: row.get("dispatch_signature")? };
            Ok((row.get("run_id")?, document))
        })
        .collect()
}

/// The same dispatch for this epoch, until the same moment. It has to be one of ours: what was written into the database, or a backup,
/// by somebody else is never signed.
fn renew(app: &App, run: RunId, document: &SignedDocument) -> anyhow::Result<SignedDocument> {
    let before: Dispatch = document.open(&app.keys.signing.public_key(), DISPATCH_CONTEXT, "dispatch")?;
    anyhow::ensure!(before.run == run, "the dispatch of {run} is another run's");
    let dispatch = Dispatch { epoch: app.epoch, issued_at: app.now(), ..before };
    Ok(SignedDocument::sign(&app.keys.signing, DISPATCH_CONTEXT, &dispatch)?)
}

async fn reissue(tx: &mut Tx<'_>, run: RunId, dispatch: &SignedDocument, epoch: u64) -> Result<u64, DbError> {
    let sql = sql!("UPDATE run_document SET dispatch_bytes = $2, dispatch_signature = $3 WHERE run_id = $1");
    tx.execute(sql, args![run, &dispatch.bytes, &dispatch.signature]).await?;
    // Those of the run that were on their way keep their epoch, so that this document never reaches them.
    let sql = sql!("UPDATE execution SET epoch = $2 WHERE run_id = $1 AND state = 'queued' AND epoch < $2");
    tx.execute(sql, args![run, epoch]).await
}

/// Sends what was kept to the devices on this node's lines.
pub(super) async fn deliver_what_was_kept(app: &App) -> Result<(), DbError> {
    if app.lines.count() == 0 || app.quiet.is_on(&app.db).await? {
        return Ok(());
    }
    let sql = sql!("SELECT DISTINCT device_id FROM execution WHERE state = 'queued' AND epoch = $1");
    for row in app.db.rows(sql, args![app.epoch]).await? {
        let device: DeviceId = row.get("device_id")?;
        if app.lines.has(device) {
            delivery::try_deliver(app, device, None).await?;
        }
    }
    Ok(())
}
