//! Brings what devices are to keep into line with what schedules say.

use std::collections::BTreeMap;

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
        for device in &changed {
            delivery::poke(app, *device).await?;
        }
        if changed.len() < CHUNK {
            return Ok(());
        }
    }
}

/// Changes a bounded number of devices; answers which.
async fn assign_some(tx: &mut Tx<'_>, schedule: ScheduleId, node: NodeId, now: Time) -> Result<Vec<DeviceId>, DbError> {
    let row = store::schedule(tx, schedule).await?;
    let mut wanted: BTreeMap<DeviceId, Option<u32>> = BTreeMap::new();
    if let Some(row) = row.as_ref().filter(|row| row.state == ScheduleState::Active && !row.on_server) {
        let devices = targets::devices(tx, row.organization, &row.targets).await?;
        wanted.extend(devices.into_iter().map(|device| (device, Some(row.revision))));
    }
    let is_once = row.as_ref().is_some_and(|row| row.spec.run_once);
    for before in store::wanted(tx, schedule).await? {
        let after = wanted.remove(&before.device).flatten();
        // One that has run it, and was to once, has nothing to keep of this revision.
        let is_spent = is_once && after.is_some() && before.completed == after;
        if before.revision != after && !is_spent {
            wanted.insert(before.device, after);
        }
    }
    let changes: Vec<(DeviceId, Option<u32>)> = wanted.into_iter().take(CHUNK).collect();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    for (device, revision) in &changes {
        store::set_wanted(tx, schedule, *device, *revision, now).await?;
    }
    store::set_device_count(tx, schedule).await?;
    let changed: Vec<DeviceId> = changes.into_iter().map(|(device, _)| device).collect();
    if let Some(organization) = organization_of(tx, schedule).await? {
        // The node that tells the devices on its lines; the others see to theirs.
        let data = serde_json::json!({"devices": changed, "node": node});
        let subject = schedule.to_string();
        tx.announce(Announce { organization, name: "schedule.assigned", subject: &subject, at: now, data: &data }).await?;
    }
    Ok(changed)
}

/// Of a schedule that may have been removed.
async fn organization_of(tx: &mut Tx<'_>, schedule: ScheduleId) -> Result<Option<OrganizationId>, DbError> {
    use crate::platform::db::Source as _;
    let row = tx.row(crate::sql!("SELECT organization_id FROM schedule WHERE id = $1"), crate::args![schedule]).await?;
    row.map(|row| row.get("organization_id")).transpose()
}
