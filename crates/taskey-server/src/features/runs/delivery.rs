//! Sends devices what waits for them, and again what they say they do not hold.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use taskey_proto::Time;
use taskey_proto::document::{CANCEL_CONTEXT, Cancel, Order, SignedDocument};
use taskey_proto::id::{DeviceId, ExecutionId};
use taskey_proto::line::{Down, INLINE_LEN_MAX};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;

use super::ops::end_execution;
use super::store::{self, End, OpenExecution};
use crate::app::App;
use crate::features::secrets::seal_for;
use crate::features::tasks::named_secrets;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::mqtt::uplink::LineDevice;

/// Open executions of a device that are looked at.
const LOOKED_AT: usize = 200;
/// Orders on their way that have not begun; what waits beyond follows as these begin and end, in its order. Fewer than may wait for a line, and
/// than an agent lets wait: what finds no place there comes only with the next sync.
const ON_THE_WAY: usize = 48;

/// Called when a device listens, with what it holds when it has said so, and while more waits when it has begun or ended something. Whether
/// more waits than was given out.
pub fn deliver(app: App, device: LineDevice, held: Option<Vec<ExecutionId>>) -> BoxFuture<'static, bool> {
    Box::pin(async move {
        try_deliver(&app, device.id, held).await.unwrap_or_else(|error| {
            tracing::error!(%error, device = %device.id, "orders were not delivered; the next sync tries again");
            false
        })
    })
}

pub(super) async fn try_deliver(app: &App, device: DeviceId, held: Option<Vec<ExecutionId>>) -> Result<bool, DbError> {
    if store::open_executions_of_device(&mut &app.db, device, 1).await?.is_empty() {
        return Ok(false);
    }
    if app.quiet.is_on(&app.db).await? {
        if let Some(held) = held {
            app.db.write((device, held, app.now()), |tx, (device, held, now)| Box::pin(adopt(tx, *device, held, *now))).await?;
        }
        return Ok(false);
    }
    let input = DeliverInput { device, held, epoch: app.epoch, now: app.now() };
    let delivery = app.db.write(input, |tx, input| Box::pin(hand_out(tx, input))).await?;
    for order in delivery.orders {
        send_order(app, order).await;
    }
    for (execution, by) in delivery.cancels {
        send_cancel(app, device, execution, &by);
    }
    Ok(delivery.more_waits)
}

/// A restored database may take for waiting what its device has long received: what the device holds is on its way, whatever the
/// backup says.
async fn adopt(tx: &mut Tx<'_>, device: DeviceId, held: &[ExecutionId], now: Time) -> Result<(), DbError> {
    let open = store::open_executions_of_device(tx, device, LOOKED_AT).await?;
    for execution in open.into_iter().filter(|execution| execution.state == State::Queued && held.contains(&execution.id)) {
        set_dispatched(tx, &execution, now).await?;
    }
    Ok(())
}

async fn set_dispatched(tx: &mut Tx<'_>, execution: &OpenExecution, now: Time) -> Result<(), DbError> {
    store::set_dispatched(tx, execution.id, now).await?;
    store::advance_run(tx, execution.run, State::Dispatched).await?;
    announce_changed(tx, execution, State::Dispatched, now).await
}

struct DeliverInput {
    device: DeviceId,
    held: Option<Vec<ExecutionId>>,
    epoch: u64,
    now: Time,
}

#[derive(Default)]
struct Delivery {
    orders: Vec<Order>,
    cancels: Vec<(ExecutionId, String)>,
    /// Whether something waits that was not given out yet.
    more_waits: bool,
}

async fn hand_out(tx: &mut Tx<'_>, input: &DeliverInput) -> Result<Delivery, DbError> {
    let open = store::open_executions_of_device(tx, input.device, LOOKED_AT).await?;
    let mut delivery = Delivery { more_waits: open.len() == LOOKED_AT, ..Delivery::default() };
    let mut on_the_way = open.iter().filter(|execution| execution.state == State::Dispatched).count();
    for execution in open {
        let holds = input.held.as_ref().map(|held| held.contains(&execution.id));
        match (execution.state, holds) {
            // From before a restore: its device holds it, so it came through in the time that the restore lost.
            (State::Queued, Some(true)) => set_dispatched(tx, &execution, input.now).await?,
            (State::Queued, _) if execution.expires_at > input.now && execution.epoch == input.epoch => {
                if on_the_way >= ON_THE_WAY {
                    delivery.more_waits = true;
                    continue;
                }
                on_the_way += 1;
                set_dispatched(tx, &execution, input.now).await?;
                delivery.orders.push(store::order(tx, execution.id).await?);
            }
            (State::Dispatched, Some(false)) if execution.epoch == input.epoch => {
                delivery.orders.push(store::order(tx, execution.id).await?);
            }
            // An order of an earlier epoch is never sent again: what became of it was told to the server before the restore.
            (State::Running | State::Dispatched, Some(false)) => {
                let reason = Reason::new("not_held", "The device's journal no longer knows of it.");
                end_execution(tx, &execution, &End::by_server(State::Lost, reason, input.now), input.now).await?;
            }
            // Begun there by a schedule: whether it holds it or not, it is to end it, or not to begin it.
            (State::Pending, Some(_)) | (State::Dispatched | State::Running, Some(true)) => {
                if let Some(by) = execution.cancelled_by {
                    delivery.cancels.push((execution.id, by));
                }
            }
            _ => {}
        }
    }
    Ok(delivery)
}

async fn announce_changed(tx: &mut Tx<'_>, execution: &OpenExecution, state: State, now: Time) -> Result<(), DbError> {
    tx.wake(execution.id.to_string());
    let data = serde_json::json!({"execution": execution.id, "state": state});
    let subject = execution.run.to_string();
    tx.announce(Announce { organization: execution.organization, name: "run.changed", subject: &subject, at: now, data: &data }).await
}

/// Adds the values of the secrets that the task names. They are in the order's message alone, never in the database.
pub(super) async fn with_secrets(app: &App, mut order: Order) -> Order {
    let names = named_secrets(&order.task);
    if !names.is_empty() {
        order.secrets = seal_for(app, order.device, &order.execution, &names).await;
    }
    order
}

/// Sends an order again that was written before.
pub(super) async fn send_stored(app: &App, execution: ExecutionId) -> Result<(), DbError> {
    let order = app.db.write(execution, |tx, execution| Box::pin(async move { store::order(tx, *execution).await })).await?;
    send_order(app, order).await;
    Ok(())
}

/// Puts an order on the device's line, or where it is large a word that it is there to be fetched.
pub(super) async fn send_order(app: &App, order: Order) {
    let (device, execution) = (order.device, order.execution);
    let order = with_secrets(app, order).await;
    let Some(bytes) = encode(&Down::Execute(Box::new(order))) else { return };
    let bytes = if bytes.len() > INLINE_LEN_MAX { encode(&Down::Fetch { execution }).unwrap_or_default() } else { bytes };
    app.lines.send(device, Bytes::from(bytes));
}

/// Asks the device to end an execution.
pub(super) fn send_cancel(app: &App, device: DeviceId, execution: ExecutionId, by: &str) {
    let cancel = Cancel { execution, device, by: by.to_owned(), issued_at: app.now() };
    let document = match SignedDocument::sign(&app.keys.signing, CANCEL_CONTEXT, &cancel) {
        Ok(document) => document,
        Err(error) => return tracing::error!(%error, "a cancellation could not be written"),
    };
    if let Some(bytes) = encode(&Down::Cancel { document }) {
        app.lines.send(device, Bytes::from(bytes));
    }
}

fn encode(message: &Down) -> Option<Vec<u8>> {
    serde_json::to_vec(message).inspect_err(|error| tracing::error!(%error, "a message could not be written")).ok()
}
