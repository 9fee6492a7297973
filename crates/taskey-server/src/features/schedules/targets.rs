//! Whom a schedule is for: names become ids once, groups and selectors are looked at again whenever devices change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use taskey_proto::access::Role;
use taskey_proto::id::{DeviceGroupId, DeviceId, OrganizationId};
use taskey_proto::problem::FieldError;
use taskey_proto::runs::{TARGETS_MAX, Targets};

use crate::features::accounts::{Permit, Scope, Verb};
use crate::features::devices::groups::{device_group_named, devices_of_group};
use crate::features::devices::{find_targets, scopes_of};
use crate::platform::db::{DbError, Source};
use crate::platform::http::problem::{ApiResult, check};

/// Targets as ids: a name may come to mean another device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TargetIds {
    pub devices: Vec<DeviceId>,
    pub groups: Vec<DeviceGroupId>,
    pub selector: Option<String>,
}

impl TargetIds {
    /// Whether it can change without anyone touching the schedule.
    pub fn is_dynamic(&self) -> bool {
        !self.groups.is_empty() || self.selector.is_some()
    }
}

/// Looks the targets of a spec up, and whether this permit may have a task run there: on each device, in each group with whatever joins it
/// later, and for a selector everywhere.
pub(super) async fn resolve(source: &crate::app::App, permit: &Permit, named: &Targets) -> ApiResult<TargetIds> {
    let db = &source.db;
    let mut errors = Vec::new();
    if named.devices.is_empty() && named.groups.is_empty() && named.selector.is_none() {
        errors.push(FieldError::new("/targets/devices", "name at least one device, a device group or a selector"));
    }
    if named.devices.len() > TARGETS_MAX {
        errors.push(FieldError::new("/targets/devices", format!("at most {TARGETS_MAX} devices")));
    }
    check(std::mem::take(&mut errors))?;
    let mut ids = TargetIds::default();
    let mut targets = Vec::new();
    for (index, (word, target)) in named.devices.iter().zip(find_targets(db, permit.sight(), &named.devices).await?).enumerate() {
        match target {
            None => errors.push(FieldError::new(format!("/targets/devices/{index}"), format!("there is no device `{word}`"))),
            Some(target) => targets.push(target),
        }
    }
    for (index, word) in named.groups.iter().enumerate() {
        match device_group_named(source, permit, word).await? {
            None => errors.push(FieldError::new(format!("/targets/groups/{index}"), format!("there is no device group `{word}`"))),
            Some(group) => {
                permit.at_least(Role::Admin, &[Scope::DeviceGroup(group)], &format!("the device group {word}"))?;
                ids.groups.push(group);
            }
        }
    }
    if named.selector.is_some() {
        // Whatever device it may come to match.
        permit.also(Verb::EnrollDevices)?;
        errors.push(FieldError::new("/targets/selector", "selectors are not understood yet; name devices or device groups"));
    }
    check(errors)?;
    ids.devices = targets.iter().map(|target| target.id).collect();
    let scopes = if permit.is_uniform() { Default::default() } else { scopes_of(&mut &*db, &ids.devices).await? };
    for target in &targets {
        permit.at_least(Role::Admin, scopes.get(&target.id).map_or(&[], Vec::as_slice), &target.name)?;
    }
    Ok(ids)
}

/// The devices that they are now, each once, at most [`TARGETS_MAX`] of them.
pub(super) async fn devices(
    source: &mut impl Source,
    organization: OrganizationId,
    ids: &TargetIds,
) -> Result<BTreeSet<DeviceId>, DbError> {
    let mut found: BTreeSet<DeviceId> = super::store::enrolled(source, organization, &ids.devices).await?.into_iter().collect();
    for group in &ids.groups {
        found.extend(devices_of_group(source, organization, *group, TARGETS_MAX).await?);
    }
    Ok(found.into_iter().take(TARGETS_MAX).collect())
}
