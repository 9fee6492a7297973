//! Queries on device groups.

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::device_groups::DeviceGroup;
use taskey_proto::id::{DeviceGroupId, DeviceId, OrganizationId};

use super::super::store::Target;
use crate::features::accounts::Sight;
use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sees_device, sql};

/// A device group with the number of its last change; what may be done with it is for the caller to say.
pub(in super::super) struct DeviceGroupRow {
    pub group: DeviceGroup,
    pub revision: u64,
}

/// A device group by id or name.
pub(in super::super) async fn device_group_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<DeviceGroupRow>, DbError> {
    let sql = sql!(
        "SELECT g.*, (SELECT count(*) FROM device_group_member m WHERE m.device_group_id = g.id AND m.removed = 0) AS devices FROM device_group g \
         WHERE g.organization_id = $1 AND g.id = COALESCE((SELECT id FROM device_group WHERE id = $2 AND organization_id = $1), \
         (SELECT id FROM device_group WHERE organization_id = $1 AND name = $2))"
    );
    source.row(sql, args![organization, word]).await?.as_ref().map(row_of).transpose()
}

/// The device groups after `after`, by name, at most `limit`: those in which somebody has a role.
pub(super) async fn device_groups_of_organization(
    db: &Db,
    sight: Sight,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<DeviceGroupRow>, DbError> {
    let sql = sql!(
        "SELECT g.*, (SELECT count(*) FROM device_group_member m WHERE m.device_group_id = g.id AND m.removed = 0) AS devices FROM device_group g \
         WHERE g.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR g.name > $2) AND (CAST($3 AS TEXT) IS NULL OR EXISTS \
         (SELECT 1 FROM group_member am JOIN user_group ag ON ag.id = am.group_id LEFT JOIN group_override ao ON ao.group_id = ag.id \
         AND ao.scope_kind = 'device_group' AND ao.scope_id = g.id WHERE am.user_id = $3 AND COALESCE(ao.role, ag.role) >= 1)) \
         ORDER BY g.name LIMIT $4"
    );
    let rows = db.rows(sql, args![sight.organization, after, sight.only, limit]).await?;
    rows.iter().map(row_of).collect()
}

fn row_of(row: &Row) -> Result<DeviceGroupRow, DbError> {
    let group = DeviceGroup {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        devices: row.get("devices")?,
        role: Role::None,
    };
    Ok(DeviceGroupRow { group, revision: row.get("revision")? })
}

pub(super) async fn insert_device_group(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    id: DeviceGroupId,
    name: &str,
    description: &str,
    now: Time,
) -> Result<(), DbError> {
    let sql =
        sql!("INSERT INTO device_group (id, organization_id, name, description, revision, created_at) VALUES ($1, $2, $3, $4, 1, $5)");
    tx.execute(sql, args![id, organization, name, description, now]).await.map(|_| ())
}

pub(super) async fn update_device_group(tx: &mut Tx<'_>, id: DeviceGroupId, name: &str, description: &str) -> Result<(), DbError> {
    let sql = sql!("UPDATE device_group SET name = $2, description = $3, revision = revision + 1 WHERE id = $1");
    tx.execute(sql, args![id, name, description]).await.map(|_| ())
}

pub(super) async fn delete_device_group(tx: &mut Tx<'_>, id: DeviceGroupId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM device_group_member WHERE device_group_id = $1"), args![id]).await?;
    tx.execute(sql!("DELETE FROM device_group WHERE id = $1"), args![id]).await.map(|_| ())
}

/// Puts a device into groups, of those that are still there.
pub(in super::super) async fn join_groups(tx: &mut Tx<'_>, device: DeviceId, groups: &[DeviceGroupId]) -> Result<(), DbError> {
    for group in groups {
        let sql = sql!(
            "INSERT INTO device_group_member (device_id, device_group_id) SELECT $1, id FROM device_group WHERE id = $2 \
             ON CONFLICT (device_id, device_group_id) DO NOTHING"
        );
        tx.execute(sql, args![device, *group]).await?;
    }
    Ok(())
}

/// Takes a device out of a group; false where it was not in it.
pub(super) async fn leave_group(tx: &mut Tx<'_>, device: DeviceId, group: DeviceGroupId) -> Result<bool, DbError> {
    let sql = sql!("DELETE FROM device_group_member WHERE device_id = $1 AND device_group_id = $2");
    Ok(tx.execute(sql, args![device, group]).await? > 0)
}

/// The devices of a group that somebody may see, as targets of a run, at most `limit`.
pub(in super::super) async fn targets_of_group(
    source: &mut impl Source,
    sight: Sight,
    group: DeviceGroupId,
    limit: usize,
) -> Result<Vec<Target>, DbError> {
    let sql = sql!(
        "SELECT d.id, d.name, d.presence FROM device_group_member m JOIN device d ON d.id = m.device_id \
         WHERE m.device_group_id = $1 AND m.removed = 0 AND d.organization_id = $2 AND d.removed_at IS NULL AND ",
        sees_device!("d.id", "$3"),
        " ORDER BY d.name LIMIT $4"
    );
    let rows = source.rows(sql, args![group, sight.organization, sight.only, limit]).await?;
    rows.iter()
        .map(|row| Ok(Target { id: row.get("id")?, name: row.get("name")?, online: row.get::<String>("presence")? == "online" }))
        .collect()
}
