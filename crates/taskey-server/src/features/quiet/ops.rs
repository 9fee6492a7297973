//! What can be done: look, and end it.

use taskey_proto::Time;
use taskey_proto::id::InstanceId;
use taskey_proto::problem::Reason;
use taskey_proto::quiet::{OldQueue, Quiet, QuietEnded, QuietScope};

use super::store;
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Verb};
use crate::features::runs::restored::{QUIET_ENDED, cancel_queued, keep_queued};
use crate::features::schedules::firing::pass_over;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// Who looks, or ends it: somebody with leave to, or whoever has the data folder.
pub enum Who<'a> {
    Permitted(&'a Permit),
    Host,
}

pub async fn show(app: &App, who: &Who<'_>) -> Result<Quiet, DbError> {
    let (organization, may_end) = match who {
        Who::Host => (None, true),
        Who::Permitted(permit) if permit.principal().operator => (None, permit.also(Verb::EndQuiet).is_ok()),
        Who::Permitted(permit) => (Some(permit.organization()), false),
    };
    let standing = store::standing(&app.db).await?;
    let made = standing.restored_from.map(|at| at.to_string()).unwrap_or_default();
    let reason = || Reason::new("restored", format!("Restored from a backup that was made {made}."));
    Ok(Quiet {
        quiet: standing.quiet_since.is_some(),
        since: standing.quiet_since,
        reason: standing.quiet_since.map(|_| reason()),
        restored_from: standing.restored_from,
        may_end,
        scope: if organization.is_none() { QuietScope::Instance } else { QuietScope::Organization },
        counts: store::counts(&app.db, organization).await?,
    })
}

/// Decides what waits, then lets the server go on. Broken off in between, it is quiet still, and is ended again.
pub async fn end(app: &App, who: &Who<'_>, queued: OldQueue) -> ApiResult<QuietEnded> {
    if !app.quiet.is_on(&app.db).await? {
        return Ok(QuietEnded::default());
    }
    let kept = match queued {
        OldQueue::Keep => keep_queued(app).await.map_err(ApiError::internal)?,
        OldQueue::Cancel => 0,
    };
    // Kept ones are of this epoch now; what is left cannot be sent any more, since its time is over.
    let cancelled = cancel_queued(app).await?;
    pass_over(app).await?;
    let actor = match who {
        Who::Permitted(permit) => Some(Actor::from(*permit)),
        Who::Host => None,
    };
    let input = EndInput { instance: app.instance, actor, cancelled, kept, now: app.now() };
    let ended = app.db.write(input, |tx, input| Box::pin(end_in(tx, input))).await?;
    if ended {
        tracing::info!(cancelled, kept, "this restored server is not quiet any more");
    }
    Ok(QuietEnded { ended, cancelled, kept })
}

struct EndInput {
    instance: InstanceId,
    actor: Option<Actor>,
    cancelled: u64,
    kept: u64,
    now: Time,
}

/// Every organization hears of it and finds it in its audit log; who it was, only that person's own.
async fn end_in(tx: &mut Tx<'_>, input: &EndInput) -> Result<bool, DbError> {
    if !store::end(tx).await? {
        return Ok(false);
    }
    let subject = input.instance.to_string();
    for organization in store::organizations(tx).await? {
        let own = input.actor.as_ref().filter(|actor| actor.organization == organization).cloned();
        let system =
            || Actor::without_request(organization, "system", subject.clone(), "the operator of the server".to_owned(), String::new());
        let actor = own.unwrap_or_else(system);
        let detail = serde_json::json!({"cancelled": input.cancelled, "kept": input.kept});
        record(tx, &actor, input.now, QUIET_ENDED, &subject, &detail).await?;
        tx.announce(Announce { organization, name: QUIET_ENDED, subject: &subject, at: input.now, data: &serde_json::json!({}) }).await?;
    }
    Ok(true)
}
