//! Cancels one execution; its run goes on with the others.

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{ExecutionId, NodeId, RunId};
use taskey_proto::problem::{Code, Reason};
use taskey_proto::runs::State;

use super::delivery;
use super::http::no_execution;
use super::ops::{end_execution, no_run};
use super::store::{self, End, OpenExecution};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Sight};
use crate::features::devices::scopes_of;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Source as _, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;
use crate::{args, sees_device, sql};

struct CancelOne {
    node: NodeId,
    permit: Permit,
    actor: Actor,
    execution: ExecutionId,
    now: Time,
}

/// What waits ends at once; what was sent is ended by its device.
pub(super) async fn cancel_execution(app: &App, permit: &Permit, execution: ExecutionId) -> ApiResult<()> {
    let by = permit.principal().actor_name();
    let input = CancelOne { node: app.node, permit: permit.clone(), actor: Actor::from(permit), execution, now: app.now() };
    let asked = app.db.write(input, |tx, input| Box::pin(cancel_one(tx, input))).await?;
    if let Some(execution) = asked {
        delivery::send_cancel(app, execution.device, execution.id, &by);
    }
    Ok(())
}

/// Cancels it; answers it where its device is to be told.
async fn cancel_one(tx: &mut Tx<'_>, input: &CancelOne) -> ApiResult<Option<OpenExecution>> {
    let (permit, actor, now) = (&input.permit, &input.actor, input.now);
    let Seen { execution, device_name } = seen(tx, permit.sight(), input.execution).await?.ok_or_else(no_execution)?;
    check_role(tx, permit, &execution, &device_name).await?;
    if execution.state.is_final() {
        return Err(ApiError::new(Code::RunOver, format!("It ended as {}; there is nothing left to cancel.", execution.state.word())));
    }
    store::set_cancelled_by(tx, execution.id, &actor.name).await?;
    let waits = matches!(execution.state, State::Pending | State::Queued);
    if waits {
        let reason = Reason::new("cancelled", format!("Cancelled by {} before it was sent.", actor.name));
        end_execution(tx, &execution, &End::by_server(State::Cancelled, reason, now), now).await?;
    }
    let data =
        serde_json::json!({"run": execution.run, "device": {"id": execution.device, "name": device_name}, "asked": u8::from(!waits)});
    record(tx, actor, now, "execution.cancelled", &execution.id.to_string(), &data).await?;
    if waits {
        return Ok(None);
    }
    // The node that asks the device, if it is on one of its lines; the others see to theirs.
    let subject = execution.run.to_string();
    let data = serde_json::json!({"asked": 1, "execution": execution.id, "node": input.node});
    tx.announce(Announce { organization: actor.organization, name: "run.cancelled", subject: &subject, at: now, data: &data }).await?;
    Ok(Some(execution))
}

struct Seen {
    execution: OpenExecution,
    device_name: String,
}

/// An execution on a device that one may see, whatever its state.
async fn seen(tx: &mut Tx<'_>, sight: Sight, id: ExecutionId) -> Result<Option<Seen>, DbError> {
    let sql = sql!(
        "SELECT id, run_id, organization_id, device_id, device_name, state, reason_code, expires_at, cancelled_by, output_len, epoch \
         FROM execution WHERE organization_id = $1 AND id = $2 AND ",
        sees_device!("execution.device_id", "$3")
    );
    let Some(row) = tx.row(sql, args![sight.organization, id, sight.only]).await? else { return Ok(None) };
    Ok(Some(Seen { execution: store::open_execution(&row)?, device_name: row.get("device_name")? }))
}

/// One's own is cancelled with what it took to start it; another one's by an admin.
async fn check_role(tx: &mut Tx<'_>, permit: &Permit, execution: &OpenExecution, device_name: &str) -> ApiResult<()> {
    let run: RunId = execution.run;
    let row = store::run_of_organization(tx, permit.sight(), run).await?.ok_or_else(no_run)?;
    let role = if row.user == Some(permit.principal().user) { Role::SelfService } else { Role::Admin };
    let scopes = scopes_of(tx, &[execution.device]).await?.remove(&execution.device).unwrap_or_default();
    permit.at_least(role, &scopes, device_name)
}
