//! Brings what devices are to keep into line with what schedules say.

use std::collections::{BTreeMap, BTreeSet};

use taskey_proto::Time;
use taskey_proto::id::{DeviceId, NodeId, OrganizationId, ScheduleId};
use taskey_proto::schedules::ScheduleState;

use super::{delivery, store, targets};
use crate::app::App;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};

/// Devices that are changed in one transaction.
const CHUNK: usize = 500;

/// Makes every device keep of a schedule what it is to keep now, and tells those on this node's lines.
pub async fn assign(app: &App, schedule: ScheduleId) -> Result<(), DbError> {
    loop {
        let changed = app
            .db
            .write((schedule, app.node, app.now()), |tx, (schedule, node, now)| Box::pin(assign_some(tx, *schedule, *node, *now)))
            .await?;
        for device in &changed.keep {
            delivery::poke(app, *device).await?;
        }
        if changed.is_all {
            return Ok(());
        }
    }
}

struct Changed {
    /// Devices that are to keep something else.
    keep: Vec<DeviceId>,
    is_all: bool,
}

/// Changes a bounded number of devices.
async fn assign_some(tx: &mut Tx<'_>, schedule: ScheduleId, node: NodeId, now: Time) -> Result<Changed, DbError> {
    let row = store::schedule(tx, schedule).await?;
    let before = store::targets(tx, schedule).await?;
    let devices = match &row {
        // It stays what it was when it ended.
        Some(row) if row.state == ScheduleState::Done => before.clone(),
        Some(row) => targets::devices(tx, row.organization, &row.targets).await?,
        None => BTreeSet::new(),
    };
    let mut left = CHUNK;
    let retargeted: Vec<DeviceId> = before.symmetric_difference(&devices).copied().take(left).collect();
    for device in &retargeted {
        match devices.contains(device) {
            true => store::add_target(tx, schedule, *device).await?,
            false => store::remove_target(tx, schedule, *device).await?,
        }
    }
    left -= retargeted.len();

    let kept = row.as_ref().filter(|row| row.state == ScheduleState::Active && !row.on_server);
    let mut wanted: BTreeMap<DeviceId, Option<u32>> = BTreeMap::new();
    if let Some(row) = kept {
        wanted.extend(devices.into_iter().map(|device| (device, Some(row.revision))));
    }
    let once_since = kept.filter(|row| row.spec.run_once).map(|row| row.once_since);
    for before in store::wanted(tx, schedule).await? {
        let after = wanted.remove(&before.device).flatten();
        // One that has run it, and was to once, has no use for another revision.
        let is_spent = after.is_some() && before.completed.zip(once_since).is_some_and(|(completed, since)| completed >= since);
        if before.revision != after && !is_spent {
            wanted.insert(before.device, after);
        }
    }
    let changes: Vec<(DeviceId, Option<u32>)> = wanted.into_iter().take(left).collect();
    left -= changes.len();
    for (device, revision) in &changes {
        store::set_wanted(tx, schedule, *device, *revision, now).await?;
    }
    let keep: Vec<DeviceId> = changes.into_iter().map(|(device, _)| device).collect();
    if retargeted.is_empty() && keep.is_empty() {
        return Ok(Changed { keep, is_all: true });
    }
    store::set_device_count(tx, schedule).await?;
    if let Some(organization) = organization_of(tx, schedule).await? {
        // The node that tells the devices on its lines; the others see to theirs.
        let data = serde_json::json!({"devices": keep, "node": node});
        let subject = schedule.to_string();
        tx.announce(Announce { organization, name: "schedule.assigned", subject: &subject, at: now, data: &data }).await?;
    }
    Ok(Changed { keep, is_all: left > 0 })
}

/// Of a schedule that may have been removed.
async fn organization_of(tx: &mut Tx<'_>, schedule: ScheduleId) -> Result<Option<OrganizationId>, DbError> {
    use crate::platform::db::Source as _;
    let row = tx.row(crate::sql!("SELECT organization_id FROM schedule WHERE id = $1"), crate::args![schedule]).await?;
    row.map(|row| row.get("organization_id")).transpose()
}
