//! Whom a schedule is for: names become ids once, groups and selectors are looked at again whenever devices change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use taskey_proto::access::Role;
use taskey_proto::id::{DeviceGroupId, DeviceId, OrganizationId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::runs::Targets;

use crate::app::App;
use crate::features::accounts::{Permit, Scope};
use crate::features::devices::groups::device_group_named;
use crate::features::devices::{find_targets, scopes_of, targets};
use crate::platform::db::{DbError, Source};
use crate::platform::http::ApiError;
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
pub(super) async fn resolve(app: &App, permit: &Permit, named: &Targets) -> ApiResult<TargetIds> {
    check(targets::field_errors(named))?;
    let mut errors = Vec::new();
    let mut ids = TargetIds { selector: named.selector.clone(), ..TargetIds::default() };
    let mut found = Vec::new();
    for (index, (word, target)) in named.devices.iter().zip(find_targets(&mut &app.db, permit.sight(), &named.devices).await?).enumerate() {
        match target {
            None => errors.push(FieldError::new(format!("/targets/devices/{index}"), format!("there is no device `{word}`"))),
            Some(target) => found.push(target),
        }
    }
    for (index, word) in named.groups.iter().enumerate() {
        match device_group_named(app, permit, word).await? {
            None => errors.push(FieldError::new(format!("/targets/groups/{index}"), format!("there is no device group `{word}`"))),
            Some(group) => {
                permit.at_least(Role::Admin, &[Scope::DeviceGroup(group)], &format!("the device group {word}"))?;
                ids.groups.push(group);
            }
        }
    }
    check(errors)?;
    if named.selector.is_some() && !(permit.is_uniform() && permit.role_in(&[]) >= Role::Admin) {
        let detail = "A selector may come to match any device, so it takes an admin of all of them. Name devices or device groups.";
        return Err(ApiError::new(Code::NotAllowed, detail));
    }
    ids.devices = found.iter().map(|target| target.id).collect();
    let scopes = if permit.is_uniform() { Default::default() } else { scopes_of(&mut &app.db, &ids.devices).await? };
    for target in &found {
        permit.at_least(Role::Admin, scopes.get(&target.id).map_or(&[], Vec::as_slice), &target.name)?;
    }
    Ok(ids)
}

/// The devices that they are now, each once.
pub(super) async fn devices(
    source: &mut impl Source,
    organization: OrganizationId,
    ids: &TargetIds,
) -> Result<BTreeSet<DeviceId>, DbError> {
    let words = Targets {
        devices: ids.devices.iter().map(ToString::to_string).collect(),
        groups: ids.groups.iter().map(ToString::to_string).collect(),
        selector: ids.selector.clone(),
    };
    match targets::matching(source, organization, &words).await {
        Ok(found) => Ok(found.into_iter().collect()),
        Err(error) => Err(DbError::Column { column: "targets".to_owned(), detail: error.detail }),
    }
}
