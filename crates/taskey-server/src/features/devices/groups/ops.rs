//! What can be done with device groups.

use taskey_proto::Time;
use taskey_proto::access::{DeviceGroupRef, Role};
use taskey_proto::device_groups::{CreateDeviceGroup, DeviceGroup, EditDeviceGroup};
use taskey_proto::id::DeviceGroupId;
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::tasks::name_problem;

use super::super::ops::find_device;
use super::store::{self, DeviceGroupRow};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::groups::{Member, forget_scope};
use crate::features::accounts::{Permit, Scope};
use crate::platform::db::events::Announce;
use crate::platform::db::{Source, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

const DESCRIPTION_LEN_MAX: usize = 1_000;

fn field_errors(name: Option<&str>, description: Option<&str>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(detail) = name.and_then(name_problem) {
        errors.push(FieldError::new("/name", detail));
    }
    if name.is_some_and(|name| name.parse::<DeviceGroupId>().is_ok()) {
        errors.push(FieldError::new("/name", "this is an id"));
    }
    if description.is_some_and(|text| text.chars().count() > DESCRIPTION_LEN_MAX) {
        errors.push(FieldError::new("/description", format!("at most {DESCRIPTION_LEN_MAX} characters")));
    }
    errors
}

/// A device group that this permit may see, by its id or name.
pub(super) async fn find_device_group(source: &mut impl Source, permit: &Permit, word: &str) -> ApiResult<DeviceGroupRow> {
    let found = store::device_group_of_organization(source, permit.organization(), word).await?;
    found.filter(|found| permit.sees(&[Scope::DeviceGroup(found.group.id)])).ok_or_else(no_device_group)
}

/// How a device group is called, where this permit may see it.
pub async fn visible_group(app: &App, permit: &Permit, id: DeviceGroupId) -> ApiResult<Option<DeviceGroupRef>> {
    match find_device_group(&mut &app.db, permit, &id.to_string()).await {
        Ok(found) => Ok(Some(DeviceGroupRef { id, name: found.group.name })),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A device group as this permit may see it.
pub(super) fn shown(group: DeviceGroup, permit: &Permit) -> DeviceGroup {
    DeviceGroup { role: permit.role_in(&[Scope::DeviceGroup(group.id)]), ..group }
}

pub(super) async fn create_device_group(app: &App, permit: &Permit, create: CreateDeviceGroup) -> ApiResult<DeviceGroupRow> {
    check(field_errors(Some(&create.name), Some(&create.description)))?;
    let input = (Actor::from(permit), DeviceGroupId::new(app.uuid()), create, app.now());
    app.db
        .write(input, |tx, (actor, id, create, now)| {
            Box::pin(async move {
                let organization = actor.organization;
                if store::device_group_of_organization(tx, organization, &create.name).await?.is_some() {
                    return Err(name_taken(&create.name));
                }
                store::insert_device_group(tx, organization, *id, &create.name, &create.description, *now).await?;
                let data = serde_json::json!({"name": create.name, "after": create});
                announce(tx, actor, *now, "device_group.created", *id, &data).await?;
                load(tx, actor, *id).await
            })
        })
        .await
}

struct EditInput {
    actor: Actor,
    word: String,
    edit: EditDeviceGroup,
    if_match: Option<u64>,
    now: Time,
}

pub(super) async fn edit_device_group(
    app: &App,
    permit: &Permit,
    word: String,
    edit: EditDeviceGroup,
    if_match: Option<u64>,
) -> ApiResult<DeviceGroupRow> {
    check(field_errors(edit.name.as_deref(), edit.description.as_deref()))?;
    let input = EditInput { actor: Actor::from(permit), word, edit, if_match, now: app.now() };
    app.db.write(input, |tx, input| Box::pin(edit_in(tx, input))).await
}

async fn edit_in(tx: &mut Tx<'_>, input: &EditInput) -> ApiResult<DeviceGroupRow> {
    let EditInput { actor, edit, now, .. } = input;
    let before = store::device_group_of_organization(tx, actor.organization, &input.word).await?.ok_or_else(no_device_group)?;
    if input.if_match.is_some_and(|revision| revision != before.revision) {
        return Err(ApiError::new(Code::PreconditionFailed, "Read the device group again and decide anew."));
    }
    let before = before.group;
    let name = edit.name.as_ref().unwrap_or(&before.name);
    let description = edit.description.as_ref().unwrap_or(&before.description);
    if store::device_group_of_organization(tx, actor.organization, name).await?.is_some_and(|other| other.group.id != before.id) {
        return Err(name_taken(name));
    }
    store::update_device_group(tx, before.id, name, description).await?;
    let data = serde_json::json!({
        "name": name, "before": {"name": before.name, "description": before.description},
        "after": {"name": name, "description": description},
    });
    announce(tx, actor, *now, "device_group.changed", before.id, &data).await?;
    load(tx, actor, before.id).await
}

/// Removes a device group with what groups of users may do in it. Its devices stay.
pub(super) async fn remove_device_group(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), word, app.now());
    app.db
        .write(input, |tx, (actor, word, now)| {
            Box::pin(async move {
                let found = store::device_group_of_organization(tx, actor.organization, word).await?;
                let before = found.ok_or_else(no_device_group)?.group;
                forget_scope(tx, actor, before.id).await?;
                store::delete_device_group(tx, before.id).await?;
                let data = serde_json::json!({"name": before.name, "devices": before.devices});
                announce(tx, actor, *now, "device_group.removed", before.id, &data).await
            })
        })
        .await
}

/// Puts a device into a group, or takes it out; what is so already stays.
pub(super) async fn set_member(app: &App, permit: &Permit, group: String, device: String, member: Member) -> ApiResult<()> {
    let input = (permit.clone(), group, device, member, app.now());
    app.db
        .write(input, |tx, (permit, group, device, member, now)| {
            Box::pin(async move {
                let actor = &Actor::from(&*permit);
                let group = store::device_group_of_organization(tx, actor.organization, group).await?.ok_or_else(no_device_group)?.group;
                let found = find_device(tx, permit, device).await?;
                let is_in = found.groups.iter().any(|its| its.id == group.id);
                let device = found.device;
                match member {
                    Member::In if is_in => return Ok(()),
                    Member::In => store::join_groups(tx, device.id, &[group.id]).await?,
                    Member::Out if !is_in => return Err(ApiError::not_found("device in this group")),
                    Member::Out => drop(store::leave_group(tx, device.id, group.id).await?),
                }
                let data = serde_json::json!({"name": group.name, "device": {"id": device.id, "name": device.name}});
                let action = if *member == Member::In { "device_group.device_added" } else { "device_group.device_removed" };
                announce(tx, actor, *now, action, group.id, &data).await?;
                let subject = device.id.to_string();
                let event = Announce { organization: actor.organization, name: "device.changed", subject: &subject, at: *now, data: &data };
                Ok(tx.announce(event).await?)
            })
        })
        .await
}

/// The ids of the device groups that a new device is to join.
pub(in super::super) async fn groups_named(app: &App, permit: &Permit, words: &[String]) -> ApiResult<Vec<DeviceGroupId>> {
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    for (index, word) in words.iter().enumerate() {
        match find_device_group(&mut &app.db, permit, word).await {
            Ok(found) => {
                let place = format!("the device group {}", found.group.name);
                permit.at_least(Role::Admin, &[Scope::DeviceGroup(found.group.id)], &place)?;
                ids.push(found.group.id);
            }
            Err(_) => errors.push(FieldError::new(format!("/groups/{index}"), format!("there is no device group `{word}`"))),
        }
    }
    check(errors)?;
    Ok(ids)
}

async fn load(tx: &mut Tx<'_>, actor: &Actor, id: DeviceGroupId) -> ApiResult<DeviceGroupRow> {
    store::device_group_of_organization(tx, actor.organization, &id.to_string()).await?.ok_or_else(no_device_group)
}

async fn announce(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Time,
    name: &'static str,
    id: DeviceGroupId,
    data: &serde_json::Value,
) -> ApiResult<()> {
    let subject = id.to_string();
    record(tx, actor, now, name, &subject, data).await?;
    Ok(tx.announce(Announce { organization: actor.organization, name, subject: &subject, at: now, data }).await?)
}

fn name_taken(name: &str) -> ApiError {
    ApiError::new(Code::NameTaken, format!("Another device group is called `{name}`."))
}

fn no_device_group() -> ApiError {
    ApiError::not_found("device group")
}

/// The id of a device group that this permit may see, by its id or name.
pub async fn device_group_named(app: &App, permit: &Permit, word: &str) -> ApiResult<Option<DeviceGroupId>> {
    match find_device_group(&mut &app.db, permit, word).await {
        Ok(found) => Ok(Some(found.group.id)),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
