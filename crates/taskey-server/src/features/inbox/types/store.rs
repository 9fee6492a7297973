//! Queries on item types and their versions.

use taskey_proto::Time;
use taskey_proto::id::{ItemTypeId, OrganizationId, WebhookId};
use taskey_proto::item_types::{ItemTypeSpec, ItemTypeVersion};

use crate::features::accounts::Sight;
use crate::features::inbox::kind::{Groups, Named};
use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sql};

/// The item types that a user may see, as the list of a SQL `IN`: the places of the organization's and the user's id. Without a user all
/// of the organization's are.
#[macro_export]
macro_rules! visible_item_types {
    ($organization:literal, $user:literal) => {
        concat!(
            "(SELECT vt.id FROM item_type vt WHERE vt.organization_id = ",
            $organization,
            " AND (CAST(",
            $user,
            " AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM group_member vm JOIN user_group vg ON vg.id = vm.group_id \
             LEFT JOIN group_override vo ON vo.group_id = vg.id AND vo.scope_kind = 'item_type' AND vo.scope_id = vt.id \
             WHERE vm.user_id = ",
            $user,
            " AND COALESCE(vo.role, vg.role) >= 1) AND (vt.is_closed = 0 OR EXISTS (SELECT 1 FROM item_type_seer vs \
             JOIN group_member vm ON vm.group_id = vs.group_id WHERE vs.item_type_id = vt.id AND vm.user_id = ",
            $user,
            "))))"
        )
    };
}

/// A type as it is stored.
#[derive(Debug, Clone)]
pub struct TypeRow {
    pub id: ItemTypeId,
    pub version: u32,
    pub spec: ItemTypeSpec,
    pub open_count: u64,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
}

fn type_row(row: &Row) -> Result<TypeRow, DbError> {
    Ok(TypeRow {
        id: row.get("id")?,
        version: row.get("version")?,
        spec: row.json("spec")?,
        open_count: row.get("open_count")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.get("updated_by")?,
    })
}

pub async fn types_of_organization(db: &Db, sight: Sight, after: Option<String>, limit: usize) -> Result<Vec<TypeRow>, DbError> {
    let sql = sql!(
        "SELECT t.id, t.version, t.spec, t.created_at, t.updated_at, t.updated_by, \
         (SELECT count(*) FROM item i WHERE i.item_type_id = t.id AND i.is_open = 1) AS open_count FROM item_type t \
         WHERE t.organization_id = $1 AND t.removed_at IS NULL AND t.id IN ",
        crate::visible_item_types!("$1", "$2"),
        " AND (CAST($3 AS TEXT) IS NULL OR t.name > $3) ORDER BY t.name LIMIT $4"
    );
    db.rows(sql, args![sight.organization, sight.only, after, limit]).await?.iter().map(type_row).collect()
}

/// A type by its id or name. One that was removed is found by its id alone.
pub async fn type_of_organization(source: &mut impl Source, organization: OrganizationId, word: &str) -> Result<Option<TypeRow>, DbError> {
    let sql = sql!(
        "SELECT t.id, t.version, t.spec, t.created_at, t.updated_at, t.updated_by, \
         (SELECT count(*) FROM item i WHERE i.item_type_id = t.id AND i.is_open = 1) AS open_count FROM item_type t \
         WHERE t.organization_id = $1 AND (t.id = $2 OR t.name = $2) AND t.removed_at IS NULL \
         ORDER BY CASE WHEN t.id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![organization, word]).await?.as_ref().map(type_row).transpose()
}

/// A type by its id or name, for whoever may see items of it.
pub async fn type_of_sight(source: &mut impl Source, sight: Sight, word: &str) -> Result<Option<TypeRow>, DbError> {
    let sql = sql!(
        "SELECT t.id, t.version, t.spec, t.created_at, t.updated_at, t.updated_by, \
         (SELECT count(*) FROM item i WHERE i.item_type_id = t.id AND i.is_open = 1) AS open_count FROM item_type t \
         WHERE t.organization_id = $1 AND (t.id = $3 OR t.name = $3) AND t.removed_at IS NULL AND t.id IN ",
        crate::visible_item_types!("$1", "$2"),
        " ORDER BY CASE WHEN t.id = $3 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![sight.organization, sight.only, word]).await?.as_ref().map(type_row).transpose()
}

/// Whether somebody may see items of a type.
pub async fn sees_item_type(db: &Db, sight: Sight, id: ItemTypeId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM item_type t WHERE t.id = $3 AND t.id IN ", crate::visible_item_types!("$1", "$2"));
    Ok(db.row(sql, args![sight.organization, sight.only, id]).await?.is_some())
}

/// Which type and which of its versions is the newest, by id or name.
pub async fn newest_version(db: &Db, organization: OrganizationId, word: &str) -> Result<Option<(ItemTypeId, u32)>, DbError> {
    let by_name = sql!("SELECT id, version FROM item_type WHERE organization_id = $1 AND name = $2 AND removed_at IS NULL");
    let by_id = sql!("SELECT id, version FROM item_type WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL");
    let is_id = word.parse::<ItemTypeId>().is_ok();
    let row = db.row(if is_id { by_id } else { by_name }, args![organization, word]).await?;
    row.map(|row| Ok((row.get("id")?, row.get("version")?))).transpose()
}

/// A version as it was written, with what it names.
pub async fn version_spec(source: &mut impl Source, id: ItemTypeId, version: u32) -> Result<Option<(ItemTypeSpec, Named)>, DbError> {
    let sql = sql!("SELECT spec, groups, webhook_id FROM item_type_version WHERE item_type_id = $1 AND version = $2");
    let Some(row) = source.row(sql, args![id, version]).await? else { return Ok(None) };
    Ok(Some((row.json("spec")?, Named { groups: row.json("groups")?, webhook: row.get("webhook_id")? })))
}

/// Versions of a type, newest first, older than `before`.
pub async fn versions_of_type(db: &Db, id: ItemTypeId, before: Option<u32>, limit: usize) -> Result<Vec<ItemTypeVersion>, DbError> {
    let sql = sql!(
        "SELECT v.version, v.spec, v.created_at, v.created_by, (SELECT count(*) FROM item i WHERE i.item_type_id = v.item_type_id \
         AND i.is_open = 1 AND i.type_version = v.version) AS open_count FROM item_type_version v \
         WHERE v.item_type_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR v.version < $2) ORDER BY v.version DESC LIMIT $3"
    );
    let rows = db.rows(sql, args![id, before.map(i64::from), limit]).await?;
    let version = |row: &Row| {
        Ok(ItemTypeVersion {
            version: row.get("version")?,
            spec: row.json("spec")?,
            open_count: row.get("open_count")?,
            created_at: row.get("created_at")?,
            created_by: row.get("created_by")?,
        })
    };
    rows.iter().map(version).collect()
}

pub async fn name_taken(tx: &mut Tx<'_>, organization: OrganizationId, name: &str, except: Option<ItemTypeId>) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM item_type WHERE organization_id = $1 AND name = $2 AND removed_at IS NULL \
         AND (CAST($3 AS TEXT) IS NULL OR id <> $3)"
    );
    Ok(tx.row(sql, args![organization, name, except]).await?.is_some())
}

/// The groups, of those named, that there are.
pub async fn groups_named(source: &mut impl Source, organization: OrganizationId, names: &[&String]) -> Result<Groups, DbError> {
    let sql = sql!("SELECT id FROM user_group WHERE organization_id = $1 AND name = $2");
    let mut known = Groups::new();
    for name in names {
        if let Some(row) = source.row(sql, args![organization, *name]).await? {
            known.insert((*name).clone(), row.get("id")?);
        }
    }
    Ok(known)
}

/// The webhook of that id or name: of a later slice, and known here by its id alone.
pub async fn webhook_named(db: &Db, organization: OrganizationId, word: &str) -> Result<Option<WebhookId>, DbError> {
    let sql = sql!(
        "SELECT id FROM webhook WHERE organization_id = $1 AND (id = $2 OR name = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    db.row(sql, args![organization, word]).await?.map(|row| row.get("id")).transpose()
}

/// Names of the types whose newest version, or one of an open item, names a webhook.
pub async fn types_naming(source: &mut impl Source, webhook: WebhookId) -> Result<Vec<String>, DbError> {
    let sql = sql!(
        "SELECT DISTINCT t.name FROM item_type_version v JOIN item_type t ON t.id = v.item_type_id \
         WHERE v.webhook_id = $1 AND t.removed_at IS NULL AND (v.version = t.version OR EXISTS (SELECT 1 FROM item i \
         WHERE i.item_type_id = v.item_type_id AND i.is_open = 1 AND i.type_version = v.version)) ORDER BY t.name"
    );
    source.rows(sql, args![webhook]).await?.iter().map(|row| row.get("name")).collect()
}

/// A version as it is written: of a new type where `is_new`.
pub struct NewVersion<'a> {
    pub id: ItemTypeId,
    pub organization: OrganizationId,
    pub version: u32,
    pub spec: &'a ItemTypeSpec,
    pub named: &'a Named,
    pub by: &'a str,
    pub now: Time,
}

pub async fn insert_type(tx: &mut Tx<'_>, new: &NewVersion<'_>) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO item_type (id, organization_id, name, version, spec, is_closed, created_at, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)"
    );
    let is_closed = !new.spec.access.may_see.is_empty();
    let head = args![new.id, new.organization, &new.spec.name, new.version, text(new.spec)?, is_closed];
    tx.execute(sql, [head, args![new.now, new.by]].concat()).await?;
    insert_version(tx, new).await
}

pub async fn update_type(tx: &mut Tx<'_>, new: &NewVersion<'_>) -> Result<(), DbError> {
    let sql =
        sql!("UPDATE item_type SET name = $2, version = $3, spec = $4, is_closed = $5, updated_at = $6, updated_by = $7 WHERE id = $1");
    let is_closed = !new.spec.access.may_see.is_empty();
    tx.execute(sql, args![new.id, &new.spec.name, new.version, text(new.spec)?, is_closed, new.now, new.by]).await?;
    insert_version(tx, new).await
}

async fn insert_version(tx: &mut Tx<'_>, new: &NewVersion<'_>) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO item_type_version (item_type_id, version, spec, groups, webhook_id, created_at, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    let what = args![new.id, new.version, text(new.spec)?, text(&new.named.groups)?, new.named.webhook];
    tx.execute(sql, [what, args![new.now, new.by]].concat()).await?;
    tx.execute(sql!("DELETE FROM item_type_seer WHERE item_type_id = $1"), args![new.id]).await?;
    for group in new.spec.access.may_see.iter().filter_map(|name| new.named.groups.get(name)) {
        let sql =
            sql!("INSERT INTO item_type_seer (item_type_id, group_id) VALUES ($1, $2) ON CONFLICT (item_type_id, group_id) DO NOTHING");
        tx.execute(sql, args![new.id, *group]).await?;
    }
    Ok(())
}

pub async fn remove_type(tx: &mut Tx<'_>, id: ItemTypeId, now: Time) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM group_override WHERE scope_kind = 'item_type' AND scope_id = $1"), args![id]).await?;
    tx.execute(sql!("UPDATE item_type SET removed_at = $2 WHERE id = $1"), args![id, now]).await.map(|_| ())
}

fn text<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Column { column: "spec".to_owned(), detail: error.to_string() })
}
