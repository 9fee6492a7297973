//! Takes in what devices say of their schedules, before what they say of executions.

use futures_util::future::BoxFuture;
use taskey_proto::id::{DeviceId, ExecutionId};
use taskey_proto::line::{Assigned, FiredSlot, UNFIRED_MAX, Unfired, Up};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{DeviceRef, RunSlot, State};
use taskey_proto::schedules::document::ASSIGNED_MAX;
use taskey_proto::schedules::{SlotState, execution_of_slot, run_of_slot};

use super::store::{self, NewSlot};
use crate::features::devices::{IntakeContext, IntakeError};
use crate::features::runs;
use crate::features::runs::scheduled::{OnDevices, Unmet, end_unmet};
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;

pub fn take_in<'a>(tx: &'a mut Tx<'_>, context: &'a IntakeContext, message: &'a Up) -> BoxFuture<'a, Result<(), IntakeError>> {
    Box::pin(async move {
        match message {
            Up::Sync(sync) => {
                if let Some(number) = sync.assignment.filter(|number| *number > 0) {
                    store::set_held_number(tx, context.device.id, number).await?;
                }
                runs::intake::take_in(tx, context, message).await
            }
            Up::Started { execution, slot: Some(slot), .. } => {
                fired(tx, context, *execution, slot).await?;
                runs::intake::take_in(tx, context, message).await
            }
            Up::Finished(finished) if finished.slot.is_some() => {
                let Some(slot) = finished.slot else { return Ok(()) };
                fired(tx, context, finished.execution, &slot).await?;
                runs::intake::take_in(tx, context, message).await?;
                ended(tx, context, &slot, finished.state).await
            }
            Up::Assigned(assigned) => self::assigned(tx, context, assigned).await,
            Up::Unfired { slots } => unfired(tx, context, slots).await,
            Up::Started { .. } | Up::Output { .. } | Up::Finished(_) => runs::intake::take_in(tx, context, message).await,
        }
    })
}

/// A slot has begun an execution on the device: whichever message says so first makes it here.
async fn fired(tx: &mut Tx<'_>, context: &IntakeContext, execution: ExecutionId, slot: &FiredSlot) -> Result<(), IntakeError> {
    let device = context.device.id;
    if !slot.state.ran() || execution != execution_of_slot(slot.schedule, slot.revision, slot.at, device) {
        return Err(IntakeError::Unacceptable("an execution that is not the slot's".to_owned()));
    }
    let new = NewSlot {
        schedule: slot.schedule,
        revision: slot.revision,
        device: Some(device),
        at: slot.at,
        until: slot.at,
        count: 1,
        state: slot.state,
        reason: None,
        late_ms: Some(slot.late_ms),
        run: Some(run_of_slot(slot.schedule, slot.revision, slot.at)),
        execution: Some(execution),
    };
    let revision = known(tx, context, slot.schedule, slot.revision).await?;
    if !store::insert_slot(tx, &new, context.now).await? {
        return Ok(());
    }
    let run = OnDevices {
        organization: revision.organization,
        slot: RunSlot { schedule: slot.schedule, revision: slot.revision, at: slot.at },
        schedule_name: &revision.schedule_name,
        task: revision.task,
        task_name: &revision.task_name,
        task_version: revision.task_version,
        task_digest: &revision.task_digest,
        timeout_ms: revision.timeout_ms,
        epoch: context.epoch,
    };
    let mut devices = store::holders(tx, slot.schedule, slot.revision, slot.at).await?;
    if !devices.iter().any(|holder| holder.id == device) {
        devices.push(DeviceRef { id: device, name: context.device.name.clone() });
    }
    Ok(run.make(tx, &devices, context.now).await?)
}

/// The revision that a device speaks of, if it ever was one of its own.
async fn known(
    tx: &mut Tx<'_>,
    context: &IntakeContext,
    schedule: taskey_proto::id::ScheduleId,
    revision: u32,
) -> Result<store::RevisionRow, IntakeError> {
    let found = store::revision(tx, schedule, revision).await?;
    let found = found.filter(|found| found.organization == context.device.organization);
    match found {
        Some(found) if store::was_ever_for(tx, schedule, context.device.id).await? => Ok(found),
        _ => Err(IntakeError::Unacceptable(format!("{schedule} is not a schedule of this device"))),
    }
}

/// An execution of a slot has ended; a schedule that runs once may be done with that.
async fn ended(tx: &mut Tx<'_>, context: &IntakeContext, slot: &FiredSlot, state: State) -> Result<(), IntakeError> {
    let revision = known(tx, context, slot.schedule, slot.revision).await?;
    if !revision.run_once || !is_complete(state) {
        return Ok(());
    }
    store::set_completed(tx, slot.schedule, context.device.id, slot.revision).await?;
    let Some(row) = store::schedule(tx, slot.schedule).await? else { return Ok(()) };
    let is_current = row.revision == slot.revision && row.state == taskey_proto::schedules::ScheduleState::Active;
    if !is_current || store::is_awaited(tx, slot.schedule, slot.revision).await? {
        return Ok(());
    }
    Ok(super::ops::finish(tx, &row, &ran_once(), context.now).await?)
}

/// Whether an execution ran to its end, however that was.
pub(super) fn is_complete(state: State) -> bool {
    matches!(state, State::Succeeded | State::Failed | State::TimedOut | State::Cancelled)
}

pub(super) fn ran_once() -> Reason {
    Reason::new("ran_once", "It was to run once, and has. Resume it to let it run once more.")
}

async fn assigned(tx: &mut Tx<'_>, context: &IntakeContext, assigned: &Assigned) -> Result<(), IntakeError> {
    if assigned.holdings.len() > ASSIGNED_MAX || assigned.timezone.len() > 100 {
        return Err(IntakeError::Unacceptable("more schedules than a device may keep".to_owned()));
    }
    let device = context.device.id;
    let before = store::held_by_device(tx, device).await?;
    store::set_assigned(tx, device, assigned).await?;
    let is_new = |held: &&taskey_proto::line::Held| !before.contains(&(held.schedule, held.revision));
    for held in assigned.holdings.iter().filter(is_new).take(EVENTS_MAX) {
        let data = serde_json::json!({"device": device, "revision": held.revision});
        let subject = held.schedule.to_string();
        let organization = context.device.organization;
        tx.announce(Announce { organization, name: "schedule.held", subject: &subject, at: context.now, data: &data }).await?;
    }
    Ok(())
}

/// Schedules that one message tells listeners of.
const EVENTS_MAX: usize = 20;

async fn unfired(tx: &mut Tx<'_>, context: &IntakeContext, slots: &[Unfired]) -> Result<(), IntakeError> {
    if slots.len() > UNFIRED_MAX || slots.iter().any(is_misshapen) {
        return Err(IntakeError::Unacceptable("slots that cannot be".to_owned()));
    }
    let mut told: Vec<taskey_proto::id::ScheduleId> = Vec::new();
    for slot in slots {
        // One of a schedule that is not its own is no reason against the others.
        let Ok(revision) = known(tx, context, slot.schedule, slot.revision).await else { continue };
        store_unfired(tx, context, slot).await?;
        if !told.contains(&slot.schedule) && told.len() < EVENTS_MAX {
            told.push(slot.schedule);
            let data = serde_json::json!({"device": context.device.id, "state": slot.state, "count": slot.count});
            let subject = slot.schedule.to_string();
            let organization = revision.organization;
            tx.announce(Announce { organization, name: "schedule.slots", subject: &subject, at: context.now, data: &data }).await?;
        }
    }
    Ok(())
}

async fn store_unfired(tx: &mut Tx<'_>, context: &IntakeContext, slot: &Unfired) -> Result<(), IntakeError> {
    let device: DeviceId = context.device.id;
    let new = NewSlot {
        schedule: slot.schedule,
        revision: slot.revision,
        device: Some(device),
        at: slot.at,
        until: slot.until,
        count: slot.count,
        state: slot.state,
        reason: Some(slot.reason.clone()),
        late_ms: None,
        run: None,
        execution: None,
    };
    store::insert_slot(tx, &new, context.now).await?;
    let unmet = Unmet { schedule: slot.schedule, revision: slot.revision, device, at: slot.at, until: slot.until, reason: &slot.reason };
    Ok(end_unmet(tx, &unmet, context.now).await?)
}

fn is_misshapen(slot: &Unfired) -> bool {
    let is_state = matches!(slot.state, SlotState::Skipped | SlotState::Missed);
    !is_state || slot.until < slot.at || slot.count == 0 || slot.reason.code.len() > 100 || slot.reason.detail.len() > 1_000
}
