//! Queries on the audit log.

use taskey_proto::Time;
use taskey_proto::audit::{AuditActor, AuditEntry, AuditHead, Hash};
use taskey_proto::crypto::{PublicKey, hex};
use taskey_proto::id::{OrganizationId, UserId};

use crate::platform::db::{Args, DbError, Row, Source, Tx};
use crate::{args, sql};

/// A row with its id, which nobody sees.
pub struct Stored {
    pub id: i64,
    pub entry: AuditEntry,
}

/// A place in the log from the newest row backwards: everything from there on was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: Time,
    pub id: i64,
}

/// What a list is made of; what is not given does not matter.
#[derive(Debug, Default)]
pub struct Filter {
    pub user: Option<UserId>,
    pub actor_id: Option<String>,
    pub actor_name: Option<String>,
    pub subject: Option<String>,
    pub action: Option<String>,
    /// Up to and with the dot.
    pub noun: Option<String>,
    pub since: Option<Time>,
}

/// A list that is led by one condition, the one with an index of its own; the others are looked at row by row. The indexes are of sealed
/// rows: whoever does something writes none of them, the sealer does.
macro_rules! list_by {
    ($condition:literal) => {
        sql!(concat!(
            "SELECT id, at, actor_kind, actor_id, actor_name, user_id, address, request_id, action, subject, detail, seq, hash FROM audit \
             WHERE organization_id = $1 AND ",
            $condition,
            " AND at >= $2 AND (at, id) < ($3, $4) \
             AND (CAST($5 AS TEXT) IS NULL OR user_id = $5) AND (CAST($6 AS TEXT) IS NULL OR actor_id = $6) \
             AND (CAST($7 AS TEXT) IS NULL OR actor_name = $7) AND (CAST($8 AS TEXT) IS NULL OR subject = $8) \
             AND (CAST($9 AS TEXT) IS NULL OR action = $9) \
             AND (CAST($10 AS TEXT) IS NULL OR rtrim(action, replace(action, '.', '')) = $10) \
             ORDER BY at DESC, id DESC LIMIT $11"
        ))
    };
}

/// The rows before `before` that the filter lets through, newest first.
pub async fn list(
    source: &mut impl Source,
    organization: OrganizationId,
    filter: &Filter,
    before: Place,
    limit: usize,
) -> Result<Vec<Stored>, DbError> {
    let sealed = match filter {
        Filter { subject: Some(_), .. } => list_by!("seq IS NOT NULL AND subject = $8"),
        Filter { actor_id: Some(_), .. } => list_by!("seq IS NOT NULL AND actor_id = $6"),
        Filter { actor_name: Some(_), .. } => list_by!("seq IS NOT NULL AND actor_name = $7"),
        Filter { action: Some(_), .. } => list_by!("seq IS NOT NULL AND action = $9"),
        Filter { noun: Some(_), .. } => list_by!("seq IS NOT NULL AND rtrim(action, replace(action, '.', '')) = $10"),
        Filter { user: Some(_), .. } => list_by!("seq IS NOT NULL AND user_id = $5"),
        _ => list_by!("seq IS NOT NULL AND at >= $2"),
    };
    let range = args![organization, filter.since.unwrap_or(Time::from_ms(0)), before.at, before.id];
    let who = args![filter.user, filter.actor_id.as_ref().cloned(), filter.actor_name.as_ref().cloned()];
    let what = args![filter.subject.as_ref().cloned(), filter.action.as_ref().cloned(), filter.noun.as_ref().cloned(), limit];
    let values = [range, who, what].concat();
    let mut found = rows(source, list_by!("seq IS NULL"), values.clone()).await?;
    found.extend(rows(source, sealed, values).await?);
    found.sort_by_key(|row| std::cmp::Reverse((row.entry.at, row.id)));
    // Sealed between the two looks.
    found.dedup_by_key(|row| row.id);
    found.truncate(limit);
    Ok(found)
}

/// The newest user who acted under that name: one who was removed since is found too.
pub async fn user_named(source: &mut impl Source, organization: OrganizationId, name: &str) -> Result<Option<UserId>, DbError> {
    let unsealed = sql!(
        "SELECT user_id FROM audit WHERE organization_id = $1 AND seq IS NULL AND actor_name = $2 AND actor_kind = 'user' \
         AND user_id IS NOT NULL ORDER BY at DESC, id DESC LIMIT 1"
    );
    let sealed = sql!(
        "SELECT user_id FROM audit WHERE organization_id = $1 AND seq IS NOT NULL AND actor_name = $2 AND actor_kind = 'user' \
         AND user_id IS NOT NULL ORDER BY at DESC, id DESC LIMIT 1"
    );
    if let Some(row) = source.row(unsealed, args![organization, name]).await? {
        return Ok(user_of(&row));
    }
    Ok(source.row(sealed, args![organization, name]).await?.as_ref().and_then(user_of))
}

/// Sealed rows after `after`, in the order of the chain.
pub async fn chain(source: &mut impl Source, organization: OrganizationId, after: u64, limit: usize) -> Result<Vec<Stored>, DbError> {
    let sql = sql!(
        "SELECT id, at, actor_kind, actor_id, actor_name, user_id, address, request_id, action, subject, detail, seq, hash FROM audit \
         WHERE organization_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    );
    rows(source, sql, args![organization, after, limit]).await
}

/// Rows that are not sealed, oldest first.
pub async fn unsealed(source: &mut impl Source, organization: OrganizationId, limit: usize) -> Result<Vec<Stored>, DbError> {
    let sql = sql!(
        "SELECT id, at, actor_kind, actor_id, actor_name, user_id, address, request_id, action, subject, detail, seq, hash FROM audit \
         WHERE organization_id = $1 AND seq IS NULL ORDER BY id LIMIT $2"
    );
    rows(source, sql, args![organization, limit]).await
}

pub async fn unsealed_count(source: &mut impl Source, organization: OrganizationId) -> Result<u64, DbError> {
    // With an id in it, SQLite counts in the index of what is unsealed; without, it would walk through all of the organization's rows.
    let sql = sql!("SELECT count(*) AS count FROM audit WHERE organization_id = $1 AND seq IS NULL AND id > 0");
    source.row(sql, args![organization]).await?.map_or(Ok(0), |row| row.get("count"))
}

/// The next organization, by id, that has unsealed rows.
pub async fn next_unsealed(source: &mut impl Source, after: Option<OrganizationId>) -> Result<Option<OrganizationId>, DbError> {
    let sql = sql!("SELECT organization_id FROM audit WHERE seq IS NULL AND organization_id > $1 ORDER BY organization_id LIMIT 1");
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    source.row(sql, args![after]).await?.map(|row| row.get("organization_id")).transpose()
}

pub async fn is_begun(source: &mut impl Source, organization: OrganizationId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM audit WHERE organization_id = $1 AND seq IS NOT NULL LIMIT 1");
    Ok(source.row(sql, args![organization]).await?.is_some())
}

pub async fn set_sealed(tx: &mut Tx<'_>, id: i64, seq: u64, hash: &Hash) -> Result<(), DbError> {
    tx.later(sql!("UPDATE audit SET seq = $2, hash = $3 WHERE id = $1"), args![id, seq, &hash[..]]).await
}

/// The newest head, as it stands in the database: whether it is signed is for the reader to see. `key` is the server's.
pub async fn head(source: &mut impl Source, organization: OrganizationId, key: PublicKey) -> Result<Option<AuditHead>, DbError> {
    let sql = sql!("SELECT seq, hash, at, signature FROM audit_head WHERE organization_id = $1");
    let Some(row) = source.row(sql, args![organization]).await? else { return Ok(None) };
    let hash = hex(&row.get::<Vec<u8>>("hash")?);
    Ok(Some(AuditHead { organization, seq: row.get("seq")?, hash, at: row.get("at")?, signature: row.get("signature")?, key }))
}

pub async fn set_head(tx: &mut Tx<'_>, head: &AuditHead, hash: &Hash) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO audit_head (organization_id, seq, hash, at, signature) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at, \
         signature = excluded.signature"
    );
    tx.later(sql, args![head.organization, head.seq, &hash[..], head.at, &head.signature]).await
}

async fn rows(source: &mut impl Source, sql: &'static str, args: Args) -> Result<Vec<Stored>, DbError> {
    source.rows(sql, args).await?.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    let detail: String = row.get("detail")?;
    let actor = AuditActor { kind: row.get("actor_kind")?, id: row.get("actor_id")?, name: row.get("actor_name")?, user: user_of(row) };
    let entry = AuditEntry {
        seq: row.get::<Option<i64>>("seq")?.and_then(|seq| u64::try_from(seq).ok()),
        at: row.get("at")?,
        actor,
        address: row.get("address")?,
        request: row.get("request_id")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        // What somebody has put there that is no JSON must be found by its hash, and not hide the log behind an error.
        detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail)),
        hash: row.get::<Option<Vec<u8>>>("hash")?.map(|hash| hex(&hash)),
    };
    Ok(Stored { id: row.get("id")?, entry })
}

/// As with the detail: no id is no user.
fn user_of(row: &Row) -> Option<UserId> {
    row.get::<Option<String>>("user_id").ok().flatten().and_then(|text| text.parse().ok())
}
