//! Whom something is for: devices by name, device groups and a selector, taken together, each device once.
//!
//! [`resolve`] is for somebody who asks: what one may not see is not there, and what is wrong is said at its place. [`matching`] is for the
//! server itself, which looks again when labels, facts or groups have changed: it keeps within the organization, and what is gone is left out.

mod select;

use std::collections::HashSet;

use taskey_proto::id::{DeviceGroupId, DeviceId, OrganizationId};
use taskey_proto::problem::FieldError;
use taskey_proto::runs::{TARGETS_MAX, Targets};
use taskey_proto::selector::Selector;

pub(super) use select::{Looker, select};

use super::groups::{device_group_of_organization, targets_of_group};
use super::store::{Target, find_targets};
use crate::app::App;
use crate::features::accounts::{Permit, Scope, Sight};
use crate::platform::db::{DbError, Source};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

/// Device groups that may be named at once.
const GROUPS_MAX: usize = 100;

/// What is wrong with targets before any device is looked for.
pub fn field_errors(targets: &Targets) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if targets.devices.is_empty() && targets.groups.is_empty() && targets.selector.is_none() {
        errors.push(FieldError::new("/targets/devices", "name at least one device or device group, or write a selector"));
    }
    if targets.devices.len() > TARGETS_MAX {
        errors.push(FieldError::new("/targets/devices", format!("at most {TARGETS_MAX} devices")));
    }
    if targets.groups.len() > GROUPS_MAX {
        errors.push(FieldError::new("/targets/groups", format!("at most {GROUPS_MAX} device groups")));
    }
    errors.extend(parsed(targets).err());
    errors
}

fn parsed(targets: &Targets) -> Result<Option<Selector>, FieldError> {
    let selector = targets.selector.as_deref().map(Selector::parse).transpose();
    selector.map_err(|error| FieldError::new("/targets/selector", error.to_string()))
}

/// The devices that these targets mean for whoever has this permit, at most `max`, or what is wrong with them.
pub async fn resolve(app: &App, permit: &Permit, targets: &Targets, max: usize) -> ApiResult<Vec<Target>> {
    let found = look_up(app, permit, targets, max).await?;
    check(found.errors)?;
    Ok(found.devices)
}

/// What was found of targets, and what was not.
pub struct Found {
    /// One more than `max` where there are more.
    pub devices: Vec<Target>,
    /// Names of nothing, groups and selectors of nobody, and too many: why it cannot be used like this.
    pub errors: Vec<FieldError>,
}

/// As [`resolve`], for somebody who wants to know both.
pub async fn look_up(app: &App, permit: &Permit, targets: &Targets, max: usize) -> ApiResult<Found> {
    check(field_errors(targets))?;
    let looker = Looker { sight: permit.sight(), sees_group: |group| permit.sees(&[Scope::DeviceGroup(group)]) };
    let mut union = union(&mut &app.db, &looker, targets, max).await?;
    if union.devices.is_empty() && union.errors.is_empty() {
        union.errors.push(FieldError::new("/targets/groups", "there is no device in these groups"));
    }
    Ok(union)
}

/// The devices of an organization that these targets mean now, at most [`TARGETS_MAX`]; whoever may see them. Names of what is not there
/// any more, and selectors that nothing matches, add nothing. Only what cannot be read is an error.
pub async fn matching(source: &mut impl Source, organization: OrganizationId, targets: &Targets) -> ApiResult<Vec<DeviceId>> {
    let looker = Looker { sight: Sight::whole(organization), sees_group: |_| true };
    let mut union = union(source, &looker, targets, TARGETS_MAX).await?;
    union.devices.truncate(TARGETS_MAX);
    Ok(union.devices.into_iter().map(|device| device.id).collect())
}

async fn union<S: Fn(DeviceGroupId) -> bool + Sync>(
    source: &mut impl Source,
    looker: &Looker<S>,
    targets: &Targets,
    max: usize,
) -> ApiResult<Found> {
    let selector = parsed(targets).map_err(|error| ApiError::invalid(vec![error]))?;
    let mut found = Found { devices: Vec::new(), errors: Vec::new() };
    let mut seen: HashSet<DeviceId> = HashSet::new();
    let named = find_targets(source, looker.sight, &targets.devices).await?;
    for (index, (word, device)) in targets.devices.iter().zip(named).enumerate() {
        match device {
            None => found.errors.push(FieldError::new(format!("/targets/devices/{index}"), format!("there is no device `{word}`"))),
            Some(device) if seen.insert(device.id) => found.devices.push(device),
            Some(_) => {}
        }
    }
    for (index, word) in targets.groups.iter().enumerate() {
        match members(source, looker, word, max + 1).await? {
            None => found.errors.push(FieldError::new(format!("/targets/groups/{index}"), format!("there is no device group `{word}`"))),
            Some(members) => found.devices.extend(members.into_iter().filter(|device| seen.insert(device.id))),
        }
        if found.devices.len() > max {
            return Ok(too_many(found, "/targets/groups", max));
        }
    }
    if let Some(selector) = selector {
        // So many are enough to tell that there are too many, whichever of them are named as well.
        let selected = select(source, looker, &selector, None, max + 1).await?;
        if selected.is_empty() {
            found.errors.push(FieldError::new("/targets/selector", nothing_matches(&selector)));
        }
        found.devices.extend(selected.into_iter().filter(|device| seen.insert(device.id)));
        if found.devices.len() > max {
            return Ok(too_many(found, "/targets/selector", max));
        }
    }
    Ok(found)
}

/// A word alone asks for a label or a fact, which is seldom what somebody meant who wrote the name of a device.
fn nothing_matches(selector: &Selector) -> String {
    match selector.only_key() {
        Some(key) => format!("no device that you may see has a label or a fact `{key}`; a device of that name is `name={key}`"),
        None => "no device that you may see matches this".to_owned(),
    }
}

fn too_many(mut found: Found, pointer: &str, max: usize) -> Found {
    found.devices.truncate(max + 1);
    found.errors.push(FieldError::new(pointer, format!("these are more than {max} devices")));
    found
}

/// The devices of a group, at most `limit`; `None` where there is no such group to see.
async fn members<S: Fn(DeviceGroupId) -> bool + Sync>(
    source: &mut impl Source,
    looker: &Looker<S>,
    word: &str,
    limit: usize,
) -> Result<Option<Vec<Target>>, DbError> {
    let group = device_group_of_organization(source, looker.sight.organization, word).await?;
    let Some(group) = group.filter(|found| (looker.sees_group)(found.group.id)) else { return Ok(None) };
    targets_of_group(source, looker.sight, group.group.id, limit).await.map(Some)
}
