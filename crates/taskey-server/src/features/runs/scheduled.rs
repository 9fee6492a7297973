//! Runs that schedules begin: on the server, or on devices, which tell of them afterwards.
//!
//! The ids of a run and of its executions follow from the slot, so that whatever is heard first makes them, and nothing makes them twice.

use taskey_proto::document::Order;
use taskey_proto::id::{DeviceId, ExecutionId, OrganizationId, RunId, ScheduleId, TaskId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{Cause, DeviceRef, Execution, Run, RunSlot, RunTask, State};
use taskey_proto::schedules::{execution_of_slot, run_of_slot};
use taskey_proto::{Span, Time, runs::WhenOffline};

use super::model::report_by;
use super::ops::{Origin, Started, Waiting, cancel_open, end_execution, send_started};
use super::store::{self, End, Until};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::features::devices::Target;
use crate::features::tasks::SignedTask;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::problem::ApiResult;

/// What a run of a schedule on devices is made of.
pub struct OnDevices<'a> {
    pub organization: OrganizationId,
    pub slot: RunSlot,
    pub schedule_name: &'a str,
    pub task: TaskId,
    pub task_name: &'a str,
    pub task_version: u32,
    pub task_digest: &'a str,
    pub timeout_ms: u64,
    pub epoch: u64,
}

impl OnDevices<'_> {
    fn run(&self) -> RunId {
        run_of_slot(self.slot.schedule, self.slot.revision, self.slot.at)
    }

    pub fn execution(&self, device: DeviceId) -> ExecutionId {
        execution_of_slot(self.slot.schedule, self.slot.revision, self.slot.at, device)
    }

    /// Makes the run with an execution for each of these devices, and what is missing of it where there is one already. Executions begin
    /// as `pending`: only their devices know more.
    pub async fn make(&self, tx: &mut Tx<'_>, devices: &[DeviceRef], now: Time) -> Result<(), DbError> {
        let run = self.run();
        let mut missing = Vec::new();
        for device in devices {
            if store::execution_of_device(tx, device.id, self.execution(device.id)).await?.is_none() {
                missing.push(self.pending(device.clone(), now));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let until = Until { expires_at: self.slot.at, report_by: report_by(now.max(self.slot.at), self.timeout_ms) };
        let count = missing.len() as u64;
        let is_new = !store::grow_run(tx, run, count).await?;
        if is_new {
            let row = self.row(run, missing.clone(), now);
            store::insert_run(tx, self.organization, &row, None, self.task_digest, count).await?;
        }
        let proof = taskey_proto::document::Proof::default();
        let executions: Vec<_> = missing.iter().map(|execution| (execution, &proof)).collect();
        for some in executions.chunks(store::EXECUTIONS_AT_ONCE) {
            store::insert_executions(tx, self.organization, some, until, self.epoch).await?;
        }
        let name = if is_new { "run.started" } else { "run.changed" };
        let data = serde_json::json!({"schedule": self.slot.schedule, "at": self.slot.at, "devices": count, "state": State::Pending});
        tx.announce(Announce { organization: self.organization, name, subject: &run.to_string(), at: now, data: &data }).await
    }

    fn pending(&self, device: DeviceRef, now: Time) -> Execution {
        Execution {
            id: self.execution(device.id),
            run: self.run(),
            device,
            state: State::Pending,
            reason: Some(Reason::new("on_device", "The schedule fires on the device, which has not reported yet.")),
            created_at: now,
            started_at: None,
            finished_at: None,
            isolation: None,
            actions: Vec::new(),
        }
    }

    fn row(&self, run: RunId, executions: Vec<Execution>, now: Time) -> Run {
        Run {
            id: run,
            task: RunTask { id: Some(self.task), name: self.task_name.to_owned(), version: Some(self.task_version) },
            cause: Cause { kind: "schedule".to_owned(), by: self.schedule_name.to_owned(), slot: Some(self.slot) },
            state: State::Pending,
            reason: None,
            created_at: now,
            finished_at: None,
            counts: Default::default(),
            executions: Some(executions),
        }
    }
}

/// Slots of a device that began nothing, from `at` to `until`.
pub struct Unmet<'a> {
    pub schedule: ScheduleId,
    pub revision: u32,
    pub device: DeviceId,
    pub at: Time,
    pub until: Time,
    pub reason: &'a Reason,
}

/// Ends what was expected of a device in slots that began nothing there.
pub async fn end_unmet(tx: &mut Tx<'_>, unmet: &Unmet<'_>, now: Time) -> Result<(), DbError> {
    for execution in store::pending_of_slots(tx, unmet).await? {
        end_execution(tx, &execution, &End::by_server(State::Skipped, unmet.reason.clone(), now), now).await?;
    }
    Ok(())
}

/// A run that the server starts for a slot.
pub struct OnServer(Started);

impl OnServer {
    /// Signs what is to run, with the orders to be sent after the commit. `targets` are not empty.
    pub fn prepare(
        app: &App,
        slot: RunSlot,
        schedule_name: &str,
        when_offline: WhenOffline,
        expires_in: Span,
        task: SignedTask,
        targets: Vec<Target>,
    ) -> ApiResult<(Self, Vec<Order>)> {
        let origin = Origin {
            run: run_of_slot(slot.schedule, slot.revision, slot.at),
            cause: Cause { kind: "schedule".to_owned(), by: schedule_name.to_owned(), slot: Some(slot) },
            user: None,
        };
        let started = Started::prepare(app, origin, Waiting { when_offline, expires_in }, task, targets)?;
        let orders = started.to_send();
        Ok((Self(started), orders))
    }

    pub async fn insert(&self, tx: &mut Tx<'_>, actor: &Actor) -> ApiResult<()> {
        self.0.insert(tx, actor).await
    }
}

/// Sends what a commit has written.
pub async fn send(app: &App, orders: Vec<Order>) {
    if !orders.is_empty() {
        send_started(app, orders).await;
    }
}

/// Cancels what is open of a run, for a schedule.
pub async fn cancel(app: &App, run: RunId, by: &str) -> Result<(), DbError> {
    cancel_open(app, run, by).await
}

pub use store::{newest_run_since_revision, open_runs_of_schedule};
