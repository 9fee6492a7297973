//! Takes in what devices say of their schedules, before what they say of executions.

use futures_util::future::BoxFuture;
use taskey_proto::Time;
use taskey_proto::id::{DeviceId, ExecutionId, ScheduleId};
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

/// A device has settled slots of a time to come.
pub(super) const RAN_AHEAD: &str = "schedule.ran_ahead";
/// What a device's clock may be ahead, in milliseconds; beyond it, it fires by the server's time as soon as it has heard of that.
const AHEAD_MAX_MS: i64 = 3_600_000;

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
    if ran_ahead(context, slot.at) {
        tell_ran_ahead(tx, context, slot.schedule, slot.revision).await?;
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

/// Whether a slot is of a time to come: the device's clock ran ahead while it could not hear the server.
fn ran_ahead(context: &IntakeContext, at: Time) -> bool {
    at.since_ms(context.now) > AHEAD_MAX_MS
}

/// The device has used slots up that are still to come, and would be silent until they are over: the schedule is begun anew.
async fn tell_ran_ahead(tx: &mut Tx<'_>, context: &IntakeContext, schedule: ScheduleId, revision: u32) -> Result<(), IntakeError> {
    let data = serde_json::json!({"device": context.device.id, "revision": revision});
    let subject = schedule.to_string();
    let organization = context.device.organization;
    Ok(tx.announce(Announce { organization, name: RAN_AHEAD, subject: &subject, at: context.now, data: &data }).await?)
}

/// The revision that a device speaks of, if it ever was one of its own.
async fn known(tx: &mut Tx<'_>, context: &IntakeContext, schedule: ScheduleId, revision: u32) -> Result<store::RevisionRow, IntakeError> {
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
    let counts = slot.revision >= row.once_since && row.state == taskey_proto::schedules::ScheduleState::Active;
    if !counts || store::is_awaited(tx, slot.schedule, row.once_since).await? {
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
    let holds = |(schedule, revision): &(ScheduleId, u32)| {
        assigned.holdings.iter().any(|held| held.schedule == *schedule && held.revision == *revision)
    };
    let new = assigned.holdings.iter().map(|held| (held.schedule, held.revision)).filter(|held| !before.contains(held));
    let dropped = before.iter().copied().filter(|held| !holds(held));
    for (schedule, revision) in new.chain(dropped).take(EVENTS_MAX) {
        let data = serde_json::json!({"device": device, "revision": revision});
        let (organization, subject) = (context.device.organization, schedule.to_string());
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
    let mut told: Vec<ScheduleId> = Vec::new();
    for slot in slots {
        // One of a schedule that is not its own is no reason against the others.
        let revision = match known(tx, context, slot.schedule, slot.revision).await {
            Ok(revision) => revision,
            Err(IntakeError::Unacceptable(_)) => continue,
            Err(error) => return Err(error),
        };
        store_unfired(tx, context, slot).await?;
        if ran_ahead(context, slot.until) {
            tell_ran_ahead(tx, context, slot.schedule, slot.revision).await?;
        }
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
