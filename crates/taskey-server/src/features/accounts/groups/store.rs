//! Queries on groups, their members and overrides.

use std::collections::HashMap;

use taskey_proto::Time;
use taskey_proto::access::{DeviceGroupRef, Role};
use taskey_proto::groups::{Group, GroupOverride, ItemTypeOverride, NamedItemType};
use taskey_proto::id::{DeviceGroupId, GroupId, OrganizationId, UserId};

use crate::features::accounts::Scope;
use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sql};

/// A group with the number of its last change.
pub struct GroupRow {
    pub group: Group,
    pub revision: u64,
}

/// A group by id or name.
pub(crate) async fn group_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<GroupRow>, DbError> {
    let sql = sql!(
        "SELECT g.*, (SELECT count(*) FROM group_member m WHERE m.group_id = g.id) AS members FROM user_group g \
         WHERE g.organization_id = $1 AND g.id = COALESCE((SELECT id FROM user_group WHERE id = $2 AND organization_id = $1), \
         (SELECT id FROM user_group WHERE organization_id = $1 AND name = $2))"
    );
    let Some(row) = source.row(sql, args![organization, word]).await? else { return Ok(None) };
    let mut found = group_row(&row)?;
    let name = found.group.name.clone();
    add_overrides(source, organization, std::slice::from_mut(&mut found.group), &name, &name).await?;
    Ok(Some(found))
}

/// The organization's groups after `after`, by name, at most `limit`.
pub(super) async fn groups_of_organization(
    mut db: &Db,
    organization: OrganizationId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Group>, DbError> {
    let sql = sql!(
        "SELECT g.*, (SELECT count(*) FROM group_member m WHERE m.group_id = g.id) AS members FROM user_group g \
         WHERE g.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR g.name > $2) ORDER BY g.name LIMIT $3"
    );
    let rows = db.rows(sql, args![organization, after, limit]).await?;
    let mut groups = rows.iter().map(|row| Ok(group_row(row)?.group)).collect::<Result<Vec<_>, DbError>>()?;
    if let (Some(first), Some(last)) = (groups.first(), groups.last()) {
        let (first, last) = (first.name.clone(), last.name.clone());
        add_overrides(&mut db, organization, &mut groups, &first, &last).await?;
    }
    Ok(groups)
}

fn group_row(row: &Row) -> Result<GroupRow, DbError> {
    let group = Group {
        id: row.get("id")?,
        name: row.get("name")?,
        is_super: row.get("is_super")?,
        role: row.get("role")?,
        members: row.get("members")?,
        overrides: Vec::new(),
        item_overrides: Vec::new(),
    };
    Ok(GroupRow { group, revision: row.get("revision")? })
}

/// Adds their overrides to groups whose names lie between these two.
async fn add_overrides(
    source: &mut impl Source,
    organization: OrganizationId,
    groups: &mut [Group],
    first: &str,
    last: &str,
) -> Result<(), DbError> {
    let sql = sql!(
        "SELECT o.group_id, o.role, d.id, d.name FROM user_group g JOIN group_override o ON o.group_id = g.id AND o.scope_kind = 'device_group' \
         JOIN device_group d ON d.id = o.scope_id WHERE g.organization_id = $1 AND g.name >= $2 AND g.name <= $3 ORDER BY d.name"
    );
    let mut places: HashMap<GroupId, &mut Group> = groups.iter_mut().map(|group| (group.id, group)).collect();
    for row in source.rows(sql, args![organization, first, last]).await? {
        if let Some(group) = places.get_mut(&row.get("group_id")?) {
            let device_group = DeviceGroupRef { id: row.get("id")?, name: row.get("name")? };
            group.overrides.push(GroupOverride { device_group, role: row.get("role")? });
        }
    }
    let sql = sql!(
        "SELECT o.group_id, o.role, t.id, t.name FROM user_group g JOIN group_override o ON o.group_id = g.id AND o.scope_kind = 'item_type' \
         JOIN item_type t ON t.id = o.scope_id WHERE g.organization_id = $1 AND g.name >= $2 AND g.name <= $3 ORDER BY t.name"
    );
    for row in source.rows(sql, args![organization, first, last]).await? {
        if let Some(group) = places.get_mut(&row.get("group_id")?) {
            let item_type = NamedItemType { id: row.get("id")?, name: row.get("name")? };
            group.item_overrides.push(ItemTypeOverride { item_type, role: row.get("role")? });
        }
    }
    Ok(())
}

pub async fn insert_group(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    id: GroupId,
    name: &str,
    role: Role,
    now: Time,
) -> Result<(), DbError> {
    let sql =
        sql!("INSERT INTO user_group (id, organization_id, name, is_super, role, revision, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6)");
    tx.execute(sql, args![id, organization, name, name == super::SUPER, role, now]).await.map(|_| ())
}

pub(super) async fn update_group(tx: &mut Tx<'_>, id: GroupId, name: &str, role: Role) -> Result<(), DbError> {
    let sql = sql!("UPDATE user_group SET name = $2, role = $3, revision = revision + 1 WHERE id = $1");
    tx.execute(sql, args![id, name, role]).await.map(|_| ())
}

pub(super) async fn delete_group(tx: &mut Tx<'_>, id: GroupId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM group_override WHERE group_id = $1"), args![id]).await?;
    tx.execute(sql!("DELETE FROM group_member WHERE group_id = $1"), args![id]).await?;
    tx.execute(sql!("DELETE FROM user_group WHERE id = $1"), args![id]).await.map(|_| ())
}

/// The group of an organization's super users.
pub async fn super_group(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<GroupId, DbError> {
    let sql = sql!("SELECT id FROM user_group WHERE organization_id = $1 AND is_super = 1");
    tx.row(sql, args![organization]).await?.ok_or(DbError::Aborted)?.get("id")
}

/// Puts a user into a group; one who is in it stays.
pub async fn join(tx: &mut Tx<'_>, group: GroupId, user: UserId) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO group_member (user_id, group_id) VALUES ($1, $2) ON CONFLICT (user_id, group_id) DO NOTHING");
    tx.execute(sql, args![user, group]).await.map(|_| ())
}

/// Takes a user out of a group; false for one who was not in it.
pub(crate) async fn leave(tx: &mut Tx<'_>, group: GroupId, user: UserId) -> Result<bool, DbError> {
    Ok(tx.execute(sql!("DELETE FROM group_member WHERE user_id = $1 AND group_id = $2"), args![user, group]).await? > 0)
}

/// Takes a user out of every group but that of the super users.
pub(crate) async fn leave_all(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    let sql = sql!("DELETE FROM group_member WHERE user_id = $1 AND group_id IN (SELECT id FROM user_group WHERE is_super = 0)");
    tx.execute(sql, args![user]).await.map(|_| ())
}

/// A device group by id or name: of its own slice, and known here by name alone.
pub(super) async fn device_group_named(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<DeviceGroupRef>, DbError> {
    let sql = sql!(
        "SELECT id, name FROM device_group WHERE organization_id = $1 AND (id = $2 OR name = $2) \
         ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    let Some(row) = tx.row(sql, args![organization, word]).await? else { return Ok(None) };
    Ok(Some(DeviceGroupRef { id: row.get("id")?, name: row.get("name")? }))
}

/// An item type by id or name: of a later slice, and known here by name alone.
pub(super) async fn item_type_named(tx: &mut Tx<'_>, organization: OrganizationId, word: &str) -> Result<Option<NamedItemType>, DbError> {
    let sql = sql!(
        "SELECT id, name FROM item_type WHERE organization_id = $1 AND (id = $2 OR name = $2) AND removed_at IS NULL \
         ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    let Some(row) = tx.row(sql, args![organization, word]).await? else { return Ok(None) };
    Ok(Some(NamedItemType { id: row.get("id")?, name: row.get("name")? }))
}

/// Gives a group another role in a scope, or takes that back; what it was.
pub(super) async fn set_override(tx: &mut Tx<'_>, group: GroupId, scope: Scope, role: Option<Role>) -> Result<Option<Role>, DbError> {
    let (kind, id) = match scope {
        Scope::DeviceGroup(id) => ("device_group", id.to_string()),
        Scope::ItemType(id) => ("item_type", id.to_string()),
    };
    let before = sql!("SELECT role FROM group_override WHERE group_id = $1 AND scope_kind = $2 AND scope_id = $3");
    let before = tx.row(before, args![group, kind, &id]).await?.map(|row| row.get("role")).transpose()?;
    tx.execute(sql!("UPDATE user_group SET revision = revision + 1 WHERE id = $1"), args![group]).await?;
    match role {
        Some(role) => {
            let sql = sql!(
                "INSERT INTO group_override (group_id, scope_kind, scope_id, role) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (group_id, scope_kind, scope_id) DO UPDATE SET role = excluded.role"
            );
            tx.execute(sql, args![group, kind, &id, role]).await?;
        }
        None => {
            let sql = sql!("DELETE FROM group_override WHERE group_id = $1 AND scope_kind = $2 AND scope_id = $3");
            tx.execute(sql, args![group, kind, &id]).await?;
        }
    }
    Ok(before)
}

pub(super) async fn delete_overrides_of_scope(tx: &mut Tx<'_>, device_group: DeviceGroupId) -> Result<(), DbError> {
    let sql = sql!("DELETE FROM group_override WHERE scope_kind = 'device_group' AND scope_id = $1");
    tx.execute(sql, args![device_group]).await.map(|_| ())
}
