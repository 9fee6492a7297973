//! The owner of the MQTT line: lets devices in, keeps their presence, takes in what they say.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use taskey_proto::Time;
use taskey_proto::id::{DeviceId, ExecutionId};
use taskey_proto::line::{Down, Up};

use super::credential::{self, CredentialError, Proven};
use super::model::{CounterVerdict, GRACE_MS};
use super::store::{self, Rejected};
use crate::app::App;
use crate::features::accounts::audit::{Actor, newest_head, record};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Dialect, Tx};
use crate::platform::mqtt::uplink::{Claim, LineDevice, LineOwner, NotCommitted, Refusal};

/// Takes in one message inside the batch's transaction; given by the slice that owns executions.
pub type Intake = for<'a> fn(&'a mut Tx<'_>, &'a IntakeContext, &'a Up) -> BoxFuture<'a, Result<(), IntakeError>>;

/// Sends a device what waits for it. `held` are the executions in its journal, once it has told. Answers whether more waits than is
/// given out at once.
pub type Deliver = fn(App, LineDevice, Option<Vec<ExecutionId>>) -> BoxFuture<'static, bool>;

pub struct IntakeContext {
    pub device: LineDevice,
    /// The server's.
    pub epoch: u64,
    pub now: Time,
}

#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It can never be taken in: kept as a rejection and acknowledged, so that nothing waits behind it.
    #[error("{0}")]
    Unacceptable(String),
    /// About an execution that is not in the database: after a restore, one of the time that was lost. Kept as a rejection, once.
    #[error("{0} is not an execution of this device")]
    Unknown(ExecutionId),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub struct DeviceLine {
    intake: Intake,
    deliver: Deliver,
    /// The lines, by their devices and generations, for whose devices more waits: what they begin and end makes room.
    more: Mutex<HashMap<DeviceId, u64>>,
}

impl DeviceLine {
    pub fn new(intake: Intake, deliver: Deliver) -> Self {
        Self { intake, deliver, more: Mutex::default() }
    }

    async fn deliver(&self, app: &App, device: &LineDevice, held: Option<Vec<ExecutionId>>) {
        let more_waits = (self.deliver)(app.clone(), device.clone(), held).await;
        let mut more = self.more.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if more_waits {
            more.insert(device.id, device.generation);
        } else if !more.is_empty() {
            more.remove(&device.id);
        }
    }

    fn more_waits_for(&self, device: &LineDevice) -> bool {
        self.more.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains_key(&device.id)
    }

    fn forget(&self, device: &LineDevice) {
        let mut more = self.more.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if more.get(&device.id) == Some(&device.generation) {
            more.remove(&device.id);
        }
    }
}

impl LineOwner for DeviceLine {
    fn connect<'a>(&'a self, app: &'a App, claim: Claim) -> BoxFuture<'a, Result<LineDevice, Refusal>> {
        Box::pin(connect(app, claim))
    }

    fn subscribed<'a>(&'a self, app: &'a App, device: &'a LineDevice) -> BoxFuture<'a, ()> {
        Box::pin(self.deliver(app, device, None))
    }

    fn receive<'a>(&'a self, app: &'a App, device: &'a LineDevice, messages: Vec<Bytes>) -> BoxFuture<'a, Result<(), NotCommitted>> {
        Box::pin(receive(self, app, device, messages))
    }

    fn trespassed<'a>(&'a self, app: &'a App, device: &'a LineDevice, what: String) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            tracing::warn!(device = %device.id, what, "a device tried what it may not");
            audit_line(app, device, "device.trespassed", serde_json::json!({"what": what})).await;
        })
    }

    fn closed(&self, app: &App, device: &LineDevice) {
        self.forget(device);
        tokio::spawn(mark_offline_later(app.clone(), device.clone()));
    }
}

async fn connect(app: &App, claim: Claim) -> Result<LineDevice, Refusal> {
    let refused = |why: &str| Err(Refusal::Credential(why.to_owned()));
    let Ok(device) = claim.username.parse::<DeviceId>() else { return refused("the user name is not a device id") };
    if claim.client_id != claim.username {
        return refused("the client id is not the device id");
    }
    let proven = match credential::prove(app, &claim.password).await {
        Ok(proven) if proven.device.id == device => proven,
        Ok(_) => return refused("the credential is another device's"),
        Err(CredentialError::Unavailable) => return Err(Refusal::Unavailable),
        Err(error) => return refused(&error.to_string()),
    };
    let mut line = LineDevice {
        id: proven.device.id,
        organization: proven.device.organization,
        name: proven.device.name.clone(),
        generation: 0,
        address: claim.address,
    };
    if proven.device.is_quarantined {
        return refused("it is in quarantine");
    }
    if proven.verdict == CounterVerdict::Cloned {
        put_into_quarantine(app, &line, &proven).await;
        return refused("another copy of this device's state is in use");
    }
    match line_up(app, &line, &proven).await {
        Ok(Some(generation)) => {
            line.generation = generation;
            Ok(line)
        }
        Ok(None) => refused("the device was removed"),
        Err(error) => {
            tracing::error!(%error, "a line could not be recorded");
            Err(Refusal::Unavailable)
        }
    }
}

/// Nobody can tell the device from its copy: both are shut out until it has new keys.
async fn put_into_quarantine(app: &App, device: &LineDevice, proven: &Proven) {
    let id = device.id.to_string();
    let detail = serde_json::json!({"counter": proven.claim.counter, "last": proven.device.last_credential.counter});
    let actor = Actor::without_request(device.organization, "device", id, device.name.clone(), device.address.clone());
    let written: Result<(), DbError> = app
        .db
        .write((device.clone(), actor, detail, app.now()), |tx, (device, actor, detail, now)| {
            Box::pin(async move {
                if store::quarantine(tx, device.id, *now).await? {
                    record(tx, actor, *now, "device.quarantined", &device.id.to_string(), detail).await?;
                    announce(tx, device, "device.quarantined", *now).await?;
                }
                Ok(())
            })
        })
        .await;
    if let Err(error) = written {
        tracing::error!(%error, device = %device.id, "a device was not put into quarantine");
    }
    tracing::warn!(device = %device.id, address = device.address, "a copy of a device's keys is in use: it is in quarantine");
    app.lines.cut(device.id);
}

struct LineUpInput {
    device: LineDevice,
    node: taskey_proto::id::NodeId,
    /// Counter and time of a credential that is newer than the last.
    newer: Option<(u64, Time)>,
    /// Whether other nodes can be at the same database.
    may_have_neighbours: bool,
    now: Time,
}

async fn line_up(app: &App, device: &LineDevice, proven: &Proven) -> Result<Option<u64>, DbError> {
    let newer = (proven.verdict == CounterVerdict::Newer).then_some((proven.claim.counter, proven.asked_at));
    let may_have_neighbours = app.db.dialect() == Dialect::Postgres;
    let input = LineUpInput { device: device.clone(), node: app.node, newer, may_have_neighbours, now: app.now() };
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                let device = &input.device;
                let Some(up) = store::line_up(tx, device.id, input.node, input.now).await? else { return Ok(None) };
                if let Some((counter, asked_at)) = input.newer {
                    store::remember_credential(tx, device.id, counter, asked_at).await?;
                }
                if !up.was_online {
                    announce(tx, device, "device.online", input.now).await?;
                } else if up.was_elsewhere && input.may_have_neighbours {
                    // Says to the node with the older line that it is no longer the newest.
                    announce(tx, device, "device.moved", input.now).await?;
                }
                Ok(Some(up.generation))
            })
        })
        .await
}

async fn announce(tx: &mut Tx<'_>, device: &LineDevice, name: &'static str, now: Time) -> Result<(), DbError> {
    let data = serde_json::json!({"name": device.name});
    tx.announce(Announce { organization: device.organization, name, subject: &device.id.to_string(), at: now, data: &data }).await
}

async fn mark_offline_later(app: App, device: LineDevice) {
    let ended_at = app.now();
    tokio::select! {
        () = app.clock.sleep(std::time::Duration::from_millis(GRACE_MS as u64)) => {}
        // A server that stops leaves its devices online; the lease of its node says the rest.
        () = app.stopped() => return,
    }
    let input = (device, ended_at, app.now());
    let marked: Result<(), DbError> = app
        .db
        .write(input, |tx, (device, ended_at, now)| {
            Box::pin(async move {
                if store::line_down(tx, device, *ended_at).await? {
                    announce(tx, device, "device.offline", *now).await?;
                }
                Ok(())
            })
        })
        .await;
    if let Err(error) = marked {
        tracing::error!(%error, "a device could not be marked offline");
    }
}

struct Batch {
    context: IntakeContext,
    intake: Intake,
    messages: Vec<(Bytes, Result<Up, String>)>,
}

async fn receive(line: &DeviceLine, app: &App, device: &LineDevice, messages: Vec<Bytes>) -> Result<(), NotCommitted> {
    let parse = |bytes: Bytes| {
        let parsed = serde_json::from_slice::<Up>(&bytes).map_err(|error| error.to_string());
        (bytes, parsed)
    };
    let messages: Vec<_> = messages.into_iter().map(parse).collect();
    let held = messages.iter().rev().find_map(|(_, parsed)| match parsed {
        Ok(Up::Sync(sync)) => Some(sync.held.clone()),
        _ => None,
    });
    let makes_room = messages.iter().any(|(_, parsed)| matches!(parsed, Ok(Up::Started { .. } | Up::Finished(_))));
    let batch =
        Batch { context: IntakeContext { device: device.clone(), epoch: app.epoch, now: app.now() }, intake: line.intake, messages };
    let written = app.db.write(batch, |tx, batch| Box::pin(take_in(tx, batch))).await;
    if let Err(error) = written {
        tracing::error!(%error, device = %device.id, "reports were not stored");
        return Err(NotCommitted);
    }
    if held.is_some() {
        // Read first: orders leave after the acknowledgement of the sync only if nothing is waited for between them.
        let head = audit_head(app, device).await;
        line.deliver(app, device, held).await;
        // A letter that is lost comes again with the next sync.
        if let Some(head) = head {
            app.lines.send(device.id, head);
        }
    } else if makes_room && line.more_waits_for(device) {
        line.deliver(app, device, None).await;
    }
    Ok(())
}

/// How far the audit log is: devices hold what nobody at the server's database can take back.
async fn audit_head(app: &App, device: &LineDevice) -> Option<Bytes> {
    let head = newest_head(&mut &app.db, device.organization, app.keys.signing.public_key()).await;
    match head {
        Ok(head) => serde_json::to_vec(&Down::AuditHead(Box::new(head?))).ok().map(Bytes::from),
        Err(error) => {
            tracing::warn!(%error, device = %device.id, "a device is not told the head of the audit log");
            None
        }
    }
}

async fn take_in(tx: &mut Tx<'_>, batch: &Batch) -> Result<(), DbError> {
    let (device, now) = (&batch.context.device, batch.context.now);
    if !store::is_enrolled(tx, device.id).await? {
        return Err(DbError::Aborted);
    }
    for (bytes, parsed) in &batch.messages {
        let taken = match parsed {
            Err(why) => Err(IntakeError::Unacceptable(why.clone())),
            Ok(message) => {
                if let Up::Sync(sync) = message
                    && store::take_facts(tx, device.id, sync).await?
                {
                    announce(tx, device, "device.changed", now).await?;
                }
                (batch.intake)(tx, &batch.context, message).await
            }
        };
        match taken {
            Ok(()) => {}
            Err(IntakeError::Unacceptable(why)) => {
                store::reject_message(tx, device.organization, device.id, Rejected { why: &why, execution: None, bytes }, now).await?
            }
            Err(unknown @ IntakeError::Unknown(execution)) => {
                let rejected = Rejected { why: &unknown.to_string(), execution: Some(execution), bytes };
                store::reject_message(tx, device.organization, device.id, rejected, now).await?
            }
            Err(IntakeError::Db(error)) => return Err(error),
        }
    }
    Ok(())
}

async fn audit_line(app: &App, device: &LineDevice, action: &'static str, detail: serde_json::Value) {
    let id = device.id.to_string();
    let actor = Actor::without_request(device.organization, "device", id.clone(), device.name.clone(), device.address.clone());
    let input = (actor, action, id, detail, app.now());
    let written: Result<(), DbError> = app
        .db
        .write(input, |tx, (actor, action, id, detail, now)| Box::pin(async move { record(tx, actor, *now, action, id, detail).await }))
        .await;
    if let Err(error) = written {
        tracing::error!(%error, action, "an audit row was not stored");
    }
}
