//! What can be done with groups.

use taskey_proto::Time;
use taskey_proto::access::Override;
use taskey_proto::groups::{CreateGroup, EditGroup, Group};
use taskey_proto::id::{DeviceGroupId, GroupId};
use taskey_proto::problem::{Code, FieldError};

use super::store::{self, GroupRow};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::store::raise_revision;
use crate::features::accounts::users::{keep_a_super, name_errors, no_user, user_of_organization};
use crate::features::accounts::{Permit, Scope};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

fn group_name_errors(name: Option<&str>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = name_errors("/name", name).into_iter().collect();
    if name.is_some_and(|name| name.parse::<GroupId>().is_ok()) {
        errors.push(FieldError::new("/name", "this is an id"));
    }
    errors
}

pub(super) async fn create_group(app: &App, permit: &Permit, create: CreateGroup) -> ApiResult<GroupRow> {
    check(group_name_errors(Some(&create.name)))?;
    let input = (Actor::from(permit), GroupId::new(app.uuid()), create, app.now());
    app.db
        .write(input, |tx, (actor, id, create, now)| {
            Box::pin(async move {
                let organization = actor.organization;
                if store::group_of_organization(tx, organization, &create.name).await?.is_some() {
                    return Err(name_taken(&create.name));
                }
                store::insert_group(tx, organization, *id, &create.name, create.role, *now).await?;
                let data = serde_json::json!({"name": create.name, "after": {"name": create.name, "role": create.role}});
                announce(tx, actor, *now, "group.created", *id, &data).await?;
                load(tx, actor, *id).await
            })
        })
        .await
}

struct EditInput {
    actor: Actor,
    word: String,
    edit: EditGroup,
    if_match: Option<u64>,
    now: Time,
}

pub(super) async fn edit_group(app: &App, permit: &Permit, word: String, edit: EditGroup, if_match: Option<u64>) -> ApiResult<GroupRow> {
    check(group_name_errors(edit.name.as_deref()))?;
    let input = EditInput { actor: Actor::from(permit), word, edit, if_match, now: app.now() };
    app.db.write(input, |tx, input| Box::pin(edit_in(tx, input))).await
}

async fn edit_in(tx: &mut Tx<'_>, input: &EditInput) -> ApiResult<GroupRow> {
    let EditInput { actor, edit, now, .. } = input;
    let before = store::group_of_organization(tx, actor.organization, &input.word).await?.ok_or_else(no_group)?;
    if input.if_match.is_some_and(|revision| revision != before.revision) {
        return Err(ApiError::new(Code::PreconditionFailed, "Read the group again and decide anew."));
    }
    let before = before.group;
    refuse_super(&before)?;
    let (name, role) = (edit.name.as_ref().unwrap_or(&before.name), edit.role.unwrap_or(before.role));
    if store::group_of_organization(tx, actor.organization, name).await?.is_some_and(|other| other.group.id != before.id) {
        return Err(name_taken(name));
    }
    store::update_group(tx, before.id, name, role).await?;
    let data = serde_json::json!({
        "name": name, "before": {"name": before.name, "role": before.role}, "after": {"name": name, "role": role},
    });
    announce(tx, actor, *now, "group.changed", before.id, &data).await?;
    load(tx, actor, before.id).await
}

pub(super) async fn remove_group(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), word, app.now());
    app.db
        .write(input, |tx, (actor, word, now)| {
            Box::pin(async move {
                let before = store::group_of_organization(tx, actor.organization, word).await?.ok_or_else(no_group)?.group;
                refuse_super(&before)?;
                store::delete_group(tx, before.id).await?;
                let data = serde_json::json!({"name": before.name, "before": before});
                announce(tx, actor, *now, "group.removed", before.id, &data).await
            })
        })
        .await
}

/// Whether somebody, or something, is to be in a group or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    In,
    Out,
}

/// Puts a user into a group, or takes the user out; what is so already stays.
pub(super) async fn set_member(app: &App, permit: &Permit, group: String, user: String, member: Member) -> ApiResult<()> {
    let input = (Actor::from(permit), group, user, member, app.now());
    app.db
        .write(input, |tx, (actor, group, user, member, now)| {
            Box::pin(async move {
                let group = store::group_of_organization(tx, actor.organization, group).await?.ok_or_else(no_group)?.group;
                let user = user_of_organization(tx, actor.organization, user).await?.ok_or_else(no_user)?.user;
                let is_in = (group.is_super && user.is_super) || user.groups.iter().any(|its| its.id == group.id);
                match member {
                    Member::In if is_in => return Ok(()),
                    Member::In => store::join(tx, group.id, user.id).await?,
                    Member::Out if !is_in => return Err(ApiError::not_found("member")),
                    Member::Out => drop(store::leave(tx, group.id, user.id).await?),
                }
                if group.is_super && *member == Member::Out {
                    keep_a_super(tx, actor.organization).await?;
                }
                let data = serde_json::json!({"name": group.name, "user": user.id, "username": user.username});
                let action = if *member == Member::In { "group.member_added" } else { "group.member_removed" };
                announce(tx, actor, *now, action, group.id, &data).await
            })
        })
        .await
}

/// Where a group gets another role: the words by which the place is named.
#[derive(Debug, Clone)]
pub(super) enum Place {
    DeviceGroup(String),
    ItemType(String),
}

/// Gives a group another role in a place, or takes that back.
pub(super) async fn set_override(app: &App, permit: &Permit, group: String, place: Place, role: Override) -> ApiResult<GroupRow> {
    let input = (Actor::from(permit), group, place, role, app.now());
    app.db
        .write(input, |tx, (actor, group, place, role, now)| {
            Box::pin(async move {
                let group = store::group_of_organization(tx, actor.organization, group).await?.ok_or_else(no_group)?.group;
                refuse_super(&group)?;
                let (scope, named) = find_place(tx, actor, place).await?;
                let before = store::set_override(tx, group.id, scope, role.role()).await?;
                let mut data = serde_json::json!({"name": group.name, "before": {"role": Override::from(before)}, "after": {"role": role}});
                data[if matches!(place, Place::DeviceGroup(_)) { "device_group" } else { "item_type" }] = named;
                announce(tx, actor, *now, "group.override_set", group.id, &data).await?;
                load(tx, actor, group.id).await
            })
        })
        .await
}

async fn find_place(tx: &mut Tx<'_>, actor: &Actor, place: &Place) -> ApiResult<(Scope, serde_json::Value)> {
    let (scope, named) = match place {
        Place::DeviceGroup(word) => {
            let found = store::device_group_named(tx, actor.organization, word).await?;
            let found = found.ok_or_else(|| ApiError::not_found("device group"))?;
            (Scope::DeviceGroup(found.id), serde_json::to_value(found))
        }
        Place::ItemType(word) => {
            let found = store::item_type_named(tx, actor.organization, word).await?;
            let found = found.ok_or_else(|| ApiError::not_found("item type"))?;
            (Scope::ItemType(found.id), serde_json::to_value(found))
        }
    };
    Ok((scope, named.map_err(ApiError::internal)?))
}

/// Takes back what groups may do in a device group that is about to go.
pub async fn forget_scope(tx: &mut Tx<'_>, actor: &Actor, device_group: DeviceGroupId) -> Result<(), DbError> {
    store::delete_overrides_of_scope(tx, device_group).await?;
    raise_revision(tx, actor.organization).await
}

async fn load(tx: &mut Tx<'_>, actor: &Actor, id: GroupId) -> ApiResult<GroupRow> {
    store::group_of_organization(tx, actor.organization, &id.to_string()).await?.ok_or_else(no_group)
}

async fn announce(tx: &mut Tx<'_>, actor: &Actor, now: Time, name: &'static str, id: GroupId, data: &serde_json::Value) -> ApiResult<()> {
    let subject = id.to_string();
    raise_revision(tx, actor.organization).await?;
    record(tx, actor, now, name, &subject, data).await?;
    Ok(tx.announce(Announce { organization: actor.organization, name, subject: &subject, at: now, data }).await?)
}

fn refuse_super(group: &Group) -> ApiResult<()> {
    if !group.is_super {
        return Ok(());
    }
    Err(ApiError::new(Code::Immutable, "The group `super` is as it is; only who is in it can be changed."))
}

fn name_taken(name: &str) -> ApiError {
    ApiError::new(Code::NameTaken, format!("Another group is called `{name}`."))
}

pub(super) fn no_group() -> ApiError {
    ApiError::not_found("group")
}
