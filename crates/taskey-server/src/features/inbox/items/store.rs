//! Queries on items and their logs.

use taskey_proto::Time;
use taskey_proto::id::{ItemId, ItemTypeId, OrganizationId, UserId};
use taskey_proto::items::{Duplicate, Fields, ItemActor, LogEntry, PersonRef, Resolution};

use super::words;
use crate::features::accounts::Sight;
use crate::platform::db::{Args, Db, DbError, Row, Source, Tx};
use crate::{args, sql, visible_item_types};

/// An item as it is stored.
#[derive(Debug, Clone)]
pub struct ItemRow {
    pub id: ItemId,
    pub organization: OrganizationId,
    pub item_type: ItemTypeId,
    pub type_name: String,
    pub type_version: u32,
    pub title: String,
    pub fields: Fields,
    pub state: String,
    pub is_open: bool,
    pub resolution: Option<Resolution>,
    pub reason_code: Option<String>,
    pub reason_detail: Option<String>,
    pub external_id: Option<String>,
    pub external_hash: Option<String>,
    pub merge_hash: Option<String>,
    pub assignee: Option<PersonRef>,
    pub due_at: Option<Time>,
    /// When it is over by itself.
    pub timeout_at: Option<Time>,
    pub snoozed_until: Option<Time>,
    pub merged_into: Option<ItemId>,
    pub comment_count: u64,
    pub created_at: Time,
    pub created_by: String,
    pub poster: Option<UserId>,
    pub updated_at: Time,
    pub closed_at: Option<Time>,
    pub erase_at: Option<Time>,
    pub erased_at: Option<Time>,
    pub version: u32,
    pub seq: u64,
    pub log_hash: String,
    pub indexed: [Option<String>; 8],
}

/// The columns of an item, of `item i`.
macro_rules! columns {
    () => {
        "i.id, i.organization_id, i.item_type_id, t.name AS type_name, i.type_version, i.title, i.fields, i.state, i.is_open, i.resolution, \
         i.reason_code, i.reason_detail, i.external_id, i.external_hash, i.merge_hash, i.assignee_id, u.name AS assignee_name, \
         u.username AS assignee_username, i.due_at, i.timeout_at, i.snoozed_until, i.merged_into, i.comment_count, i.created_at, \
         i.created_by, i.poster_id, i.updated_at, i.closed_at, i.erase_at, i.erased_at, i.version, i.seq, i.log_hash, \
         i.x1, i.x2, i.x3, i.x4, i.x5, i.x6, i.x7, i.x8"
    };
}

/// Items with what is shown of others beside them.
macro_rules! items {
    ($where:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM item i JOIN item_type t ON t.id = i.item_type_id LEFT JOIN user_account u ON u.id = i.assignee_id WHERE ",
            $where
        )
    };
}

pub(super) use {columns, items};

pub fn item_row(row: &Row) -> Result<ItemRow, DbError> {
    let resolution: Option<String> = row.get("resolution")?;
    let assignee: Option<UserId> = row.get("assignee_id")?;
    Ok(ItemRow {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        item_type: row.get("item_type_id")?,
        type_name: row.get("type_name")?,
        type_version: row.get("type_version")?,
        title: row.get("title")?,
        fields: row.json("fields")?,
        state: row.get("state")?,
        is_open: row.get("is_open")?,
        resolution: if resolution.is_some() { row.json("resolution")? } else { None },
        reason_code: row.get("reason_code")?,
        reason_detail: row.get("reason_detail")?,
        external_id: row.get("external_id")?,
        external_hash: row.get("external_hash")?,
        merge_hash: row.get("merge_hash")?,
        // Of a user who was removed there is no name, and the item is nobody's.
        assignee: match (assignee, row.get::<Option<String>>("assignee_username")?) {
            (Some(id), Some(username)) => Some(person(id, row.get("assignee_name")?, Some(username))),
            _ => None,
        },
        due_at: row.get("due_at")?,
        timeout_at: row.get("timeout_at")?,
        snoozed_until: row.get("snoozed_until")?,
        merged_into: row.get("merged_into")?,
        comment_count: row.get("comment_count")?,
        created_at: row.get("created_at")?,
        created_by: row.get("created_by")?,
        poster: row.get("poster_id")?,
        updated_at: row.get("updated_at")?,
        closed_at: row.get("closed_at")?,
        erase_at: row.get("erase_at")?,
        erased_at: row.get("erased_at")?,
        version: row.get("version")?,
        seq: row.get("seq")?,
        log_hash: row.get("log_hash")?,
        indexed: [
            row.get("x1")?,
            row.get("x2")?,
            row.get("x3")?,
            row.get("x4")?,
            row.get("x5")?,
            row.get("x6")?,
            row.get("x7")?,
            row.get("x8")?,
        ],
    })
}

/// Somebody as people know them.
pub fn person(id: UserId, name: Option<String>, username: Option<String>) -> PersonRef {
    let name = name.filter(|name| !name.is_empty()).or(username).unwrap_or_default();
    PersonRef { id, name }
}

/// An item that somebody may see.
pub async fn item_of_organization(source: &mut impl Source, sight: Sight, id: ItemId) -> Result<Option<ItemRow>, DbError> {
    let sql = sql!(items!("i.id = $3 AND i.organization_id = $1 AND i.item_type_id IN "), visible_item_types!("$1", "$2"));
    source.row(sql, args![sight.organization, sight.only, id]).await?.as_ref().map(item_row).transpose()
}

/// An item, for what the server does itself.
pub async fn item(source: &mut impl Source, id: ItemId) -> Result<Option<ItemRow>, DbError> {
    source.row(sql!(items!("i.id = $1")), args![id]).await?.as_ref().map(item_row).transpose()
}

pub async fn item_with_external(source: &mut impl Source, item_type: ItemTypeId, hash: &str) -> Result<Option<ItemRow>, DbError> {
    let sql = sql!(items!("i.item_type_id = $1 AND i.external_hash = $2"));
    source.row(sql, args![item_type, hash]).await?.as_ref().map(item_row).transpose()
}

/// Items that became one with another, each perhaps after others had become one with it; the newest first, of those that somebody may see.
pub async fn duplicates(db: &Db, sight: Sight, item: ItemId, limit: usize) -> Result<Vec<Duplicate>, DbError> {
    let sql = sql!(
        "WITH RECURSIVE older (id, depth) AS (SELECT id, 1 FROM item WHERE merged_into = $3 \
         UNION ALL SELECT i.id, o.depth + 1 FROM older o JOIN item i ON i.merged_into = o.id WHERE o.depth < $4) \
         SELECT i.id, i.title, i.comment_count, i.created_at, i.created_by FROM older o JOIN item i ON i.id = o.id \
         WHERE i.organization_id || '' = $1 AND (CAST($2 AS TEXT) IS NULL OR i.item_type_id IN ",
        visible_item_types!("$1", "$2"),
        ") ORDER BY i.created_at DESC, i.id DESC LIMIT $4"
    );
    let duplicate = |row: &Row| {
        Ok(Duplicate {
            id: row.get("id")?,
            title: row.get("title")?,
            comment_count: row.get("comment_count")?,
            created_at: row.get("created_at")?,
            created_by: row.get("created_by")?,
        })
    };
    db.rows(sql, args![sight.organization, sight.only, item, limit]).await?.iter().map(duplicate).collect()
}

/// Open items that a new one takes the place of.
pub async fn items_to_merge(tx: &mut Tx<'_>, item_type: ItemTypeId, hash: &str, limit: usize) -> Result<Vec<ItemRow>, DbError> {
    let sql = sql!(items!("i.item_type_id = $1 AND i.merge_hash = $2 AND i.is_open = 1 ORDER BY i.created_at, i.id LIMIT $3"));
    tx.rows(sql, args![item_type, hash, limit]).await?.iter().map(item_row).collect()
}

/// Open items whose time is over.
pub async fn overdue(db: &Db, now: Time, limit: usize) -> Result<Vec<ItemRow>, DbError> {
    let sql = sql!(items!("i.is_open = 1 AND i.timeout_at IS NOT NULL AND i.timeout_at <= $1 ORDER BY i.timeout_at LIMIT $2"));
    db.rows(sql, args![now, limit]).await?.iter().map(item_row).collect()
}

/// Open items that are assigned to somebody who is no more.
pub async fn of_removed_users(db: &Db, limit: usize) -> Result<Vec<(OrganizationId, ItemId, UserId)>, DbError> {
    let sql = sql!(
        "SELECT i.organization_id, i.id, i.assignee_id FROM item i LEFT JOIN user_account u ON u.id = i.assignee_id \
         WHERE i.is_open = 1 AND i.assignee_id IS NOT NULL AND u.id IS NULL LIMIT $1"
    );
    let rows = db.rows(sql, args![limit]).await?;
    rows.iter().map(|row| Ok((row.get("organization_id")?, row.get("id")?, row.get("assignee_id")?))).collect()
}

pub async fn is_assigned_to(tx: &mut Tx<'_>, item: ItemId, user: UserId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM item WHERE id = $1 AND assignee_id = $2");
    Ok(tx.row(sql, args![item, user]).await?.is_some())
}

/// When the next open item's time is over.
pub async fn next_timeout(db: &Db) -> Result<Option<Time>, DbError> {
    let sql = sql!("SELECT timeout_at FROM item WHERE is_open = 1 AND timeout_at IS NOT NULL ORDER BY timeout_at LIMIT 1");
    db.row(sql, args![]).await?.map(|row| row.get("timeout_at")).transpose()
}

/// Items whose content is to go.
pub async fn to_erase(db: &Db, now: Time, limit: usize) -> Result<Vec<ItemRow>, DbError> {
    let sql = sql!(items!("i.erase_at IS NOT NULL AND i.erase_at <= $1 ORDER BY i.erase_at LIMIT $2"));
    db.rows(sql, args![now, limit]).await?.iter().map(item_row).collect()
}

/// Open items of a type that keep an earlier version, after an id.
pub async fn to_move(
    source: &mut impl Source,
    item_type: ItemTypeId,
    version: u32,
    after: Option<ItemId>,
    limit: usize,
) -> Result<Vec<ItemRow>, DbError> {
    let sql = sql!(items!(
        "i.item_type_id = $1 AND i.is_open = 1 AND i.type_version < $2 AND (CAST($3 AS TEXT) IS NULL OR i.id > $3) ORDER BY i.id LIMIT $4"
    ));
    source.rows(sql, args![item_type, version, after, limit]).await?.iter().map(item_row).collect()
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Column { column: "item".to_owned(), detail: error.to_string() })
}

/// Writes new items, each as [`item_values`] says.
pub async fn insert_items(tx: &mut Tx<'_>, rows: Vec<Args>) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO item (id, organization_id, item_type_id, type_version, title, fields, state, is_open, external_id, external_hash, \
         merge_hash, assignee_id, due_at, timeout_at, created_at, created_by, poster_id, updated_at, version, seq, log_hash, \
         x1, x2, x3, x4, x5, x6, x7, x8, words) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13, $14, $15, $16, $14, $17, $18, $19, \
         $20, $21, $22, $23, $24, $25, $26, $27, $28)"
    );
    tx.write_rows(sql, rows).await
}

pub fn item_values(row: &ItemRow) -> Result<Args, DbError> {
    let head = args![row.id, row.organization, row.item_type, row.type_version, &row.title, json(&row.fields)?, &row.state];
    let outside = args![
        row.external_id.clone(),
        row.external_hash.clone(),
        row.merge_hash.clone(),
        row.assignee.as_ref().map(|assignee| assignee.id),
        row.due_at,
        row.timeout_at
    ];
    let made = args![row.created_at, &row.created_by, row.poster, row.version, row.seq, &row.log_hash];
    Ok([head, outside, made, found_by(row)].concat())
}

/// Writes what may have changed of an item.
pub async fn update_item(tx: &mut Tx<'_>, row: &ItemRow) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE item SET type_version = $2, title = $3, fields = $4, state = $5, is_open = $6, resolution = $7, reason_code = $8, \
         reason_detail = $9, external_id = $10, merge_hash = $11, assignee_id = $12, due_at = $13, timeout_at = $14, snoozed_until = $15, \
         merged_into = $16, comment_count = $17, updated_at = $18, closed_at = $19, erase_at = $20, erased_at = $21, version = $22, \
         seq = $23, log_hash = $24, x1 = $25, x2 = $26, x3 = $27, x4 = $28, x5 = $29, x6 = $30, x7 = $31, x8 = $32, \
         words = $33 WHERE id = $1"
    );
    let resolution = row.resolution.as_ref().map(json).transpose()?;
    let what = args![row.id, row.type_version, &row.title, json(&row.fields)?, &row.state, row.is_open, resolution];
    let how = args![row.reason_code.clone(), row.reason_detail.clone(), row.external_id.clone(), row.merge_hash.clone()];
    let who = args![row.assignee.as_ref().map(|assignee| assignee.id), row.due_at, row.timeout_at, row.snoozed_until, row.merged_into];
    let when = args![row.comment_count, row.updated_at, row.closed_at, row.erase_at, row.erased_at];
    let counted = args![row.version, row.seq, &row.log_hash];
    tx.later(sql, [what, how, who, when, counted, found_by(row)].concat()).await
}

/// The indexed fields, and the words.
fn found_by(row: &ItemRow) -> Args {
    let words = words::words_of(row.organization, &row.title, row.external_id.as_deref(), &row.fields);
    row.indexed.iter().flat_map(|value| args![value.clone()]).chain(args![words]).collect()
}

/// Adds to the words of an item's comments; beyond some length they are not found.
pub async fn add_said(tx: &mut Tx<'_>, item: ItemId, words: &str) -> Result<(), DbError> {
    let sql = sql!("UPDATE item SET said = substr(said || ' ' || $2, 1, 16000) WHERE id = $1");
    tx.later(sql, args![item, words]).await
}

/// An entry of an item's log as it is written.
pub struct NewEntry {
    pub item: ItemId,
    pub seq: u64,
    pub organization: OrganizationId,
    pub at: Time,
    pub actor: ItemActor,
    pub action: &'static str,
    pub prev_state: Option<String>,
    pub state: String,
    pub content: Option<String>,
    pub salt: Option<[u8; 16]>,
    pub content_hash: String,
    pub hash: String,
}

impl NewEntry {
    pub fn values(self) -> Args {
        let NewEntry { item, seq, organization, at, actor, action, prev_state, state, content, salt, content_hash, hash } = self;
        let who = args![item, seq, organization, at, actor.kind, actor.id, actor.name];
        let what = args![action, prev_state, state, content, salt.map(Vec::from), content_hash, hash];
        [who, what].concat()
    }
}

/// Writes entries, each as [`NewEntry::values`] says.
pub async fn insert_entries(tx: &mut Tx<'_>, entries: Vec<Args>) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO item_log (item_id, seq, organization_id, at, actor_kind, actor_id, actor_name, action, prev_state, state, content, \
         salt, content_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    tx.write_rows(sql, entries).await
}

/// An entry with its content: what changed, and the item as it was then.
#[derive(Debug, Clone)]
pub struct Entry {
    pub shown: LogEntry,
    pub item: Option<serde_json::Value>,
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    let content: Option<String> = row.get("content")?;
    let mut content: serde_json::Value = content.map(|text| serde_json::from_str(&text).unwrap_or_default()).unwrap_or_default();
    let mut take = |name: &str| content.get_mut(name).map(serde_json::Value::take);
    let shown = LogEntry {
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: ItemActor { kind: row.get("actor_kind")?, id: row.get("actor_id")?, name: row.get("actor_name")? },
        action: row.get("action")?,
        prev_state: row.get("prev_state")?,
        state: row.get("state")?,
        change: take("change"),
        hash: row.get("hash")?,
    };
    Ok(Entry { shown, item: take("item") })
}

/// Entries of an item's log behind `after`, in their order.
pub async fn log(source: &mut impl Source, item: ItemId, after: u64, limit: usize) -> Result<Vec<Entry>, DbError> {
    let sql = sql!(
        "SELECT seq, at, actor_kind, actor_id, actor_name, action, prev_state, state, content, hash FROM item_log \
         WHERE item_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    );
    source.rows(sql, args![item, after, limit]).await?.iter().map(entry).collect()
}

/// Entries of items' logs, by item and number, as far as there are such.
pub async fn entries(db: &Db, wanted: &[(ItemId, u64)]) -> Result<Vec<(ItemId, Entry)>, DbError> {
    let sql = sql!(
        "WITH wanted (item_id, seq) AS (VALUES (CAST($1 AS TEXT), CAST($2 AS BIGINT))) \
         SELECT l.item_id, l.seq, l.at, l.actor_kind, l.actor_id, l.actor_name, l.action, l.prev_state, l.state, l.content, l.hash \
         FROM wanted w CROSS JOIN item_log l WHERE l.item_id = w.item_id AND l.seq = w.seq"
    );
    let rows = db.rows_by(sql, wanted.iter().map(|(item, seq)| args![*item, *seq]).collect()).await?;
    rows.iter().map(|row| Ok((row.get("item_id")?, entry(row)?))).collect()
}

/// An entry of an item's log, of which type the item was.
#[derive(Debug, Clone)]
pub struct LoggedEntry {
    pub item: ItemId,
    pub seq: u64,
    pub at: Time,
    pub action: String,
    /// `None` once the content was removed.
    pub item_type: Option<ItemTypeId>,
    pub type_version: u32,
}

/// Entries of an organization's items between two moments, after one, oldest first.
pub async fn entries_between(
    db: &Db,
    organization: OrganizationId,
    since: Time,
    until: Time,
    after: Option<(Time, ItemId, u64)>,
    limit: usize,
) -> Result<Vec<LoggedEntry>, DbError> {
    let sql = sql!(
        "SELECT l.item_id, l.seq, l.at, l.action, i.item_type_id, i.type_version FROM item_log l \
         LEFT JOIN item i ON i.id = l.item_id AND l.content IS NOT NULL WHERE l.organization_id = $1 AND l.at >= $2 AND l.at <= $3 \
         AND (CAST($4 AS BIGINT) IS NULL OR (l.at, l.item_id, l.seq) > ($4, $5, $6)) ORDER BY l.at, l.item_id, l.seq LIMIT $7"
    );
    let (at, item, seq) = match after {
        Some((at, item, seq)) => (Some(at), Some(item), Some(i64::try_from(seq).unwrap_or(i64::MAX))),
        None => (None, None, None),
    };
    let rows = db.rows(sql, args![organization, since, until, at, item, seq, limit]).await?;
    let entry = |row: &Row| {
        Ok(LoggedEntry {
            item: row.get("item_id")?,
            seq: row.get("seq")?,
            at: row.get("at")?,
            action: row.get("action")?,
            item_type: row.get("item_type_id")?,
            type_version: u32::try_from(row.get::<Option<i64>>("type_version")?.unwrap_or_default()).unwrap_or_default(),
        })
    };
    rows.iter().map(entry).collect()
}

/// Removes what was said and changed from an item's log, and from what it is searched by; hashes stay.
pub async fn erase_content(tx: &mut Tx<'_>, item: ItemId) -> Result<(), DbError> {
    tx.later(sql!("UPDATE item SET said = '' WHERE id = $1"), args![item]).await?;
    tx.later(sql!("UPDATE item_log SET content = NULL, salt = NULL WHERE item_id = $1"), args![item]).await
}

/// Notes that somebody looks at an item. Whether they did not before.
pub async fn look_at(tx: &mut Tx<'_>, item: ItemId, user: UserId, until: Time, now: Time) -> Result<bool, DbError> {
    let before = sql!("SELECT 1 AS one FROM item_viewer WHERE item_id = $1 AND user_id = $2 AND until > $3");
    let is_new = tx.row(before, args![item, user, now]).await?.is_none();
    tx.execute(sql!("DELETE FROM item_viewer WHERE until <= $1"), args![now]).await?;
    let sql = sql!(
        "INSERT INTO item_viewer (item_id, user_id, until) VALUES ($1, $2, $3) \
         ON CONFLICT (item_id, user_id) DO UPDATE SET until = excluded.until"
    );
    tx.execute(sql, args![item, user, until]).await?;
    Ok(is_new)
}

/// Who looks at an item, but one.
pub async fn viewers(db: &Db, item: ItemId, but: UserId, now: Time) -> Result<Vec<PersonRef>, DbError> {
    let sql = sql!(
        "SELECT u.id, u.name, u.username FROM item_viewer v JOIN user_account u ON u.id = v.user_id \
         WHERE v.item_id = $1 AND v.user_id <> $2 AND v.until > $3 ORDER BY u.username LIMIT 20"
    );
    let rows = db.rows(sql, args![item, but, now]).await?;
    rows.iter().map(|row| Ok(person(row.get("id")?, Some(row.get("name")?), Some(row.get("username")?)))).collect()
}

/// Whether somebody may see an item.
pub async fn sees_item(db: &Db, sight: Sight, id: ItemId) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM item i WHERE i.id = $3 AND i.organization_id = $1 AND i.item_type_id IN ",
        visible_item_types!("$1", "$2")
    );
    Ok(db.row(sql, args![sight.organization, sight.only, id]).await?.is_some())
}
