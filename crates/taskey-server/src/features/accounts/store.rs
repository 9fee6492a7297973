//! Queries on sessions, keys and who is behind them. Users, groups and organizations have their own, beside what is done with them.

use std::collections::{HashMap, HashSet};

use taskey_proto::Time;
use taskey_proto::access::{GroupRef, Role};
use taskey_proto::accounts::{ApiKey, Session};
use taskey_proto::id::{KeyId, OrganizationId, SessionId, UserId};

use super::access::{Access, Membership, Scope};
use super::model::Via;
use crate::platform::db::{Db, DbError, FromCol, IntoVal, Row, Source, Tx, Val};
use crate::{args, sql};

pub async fn has_users(db: &mut impl Source) -> Result<bool, DbError> {
    Ok(db.row(sql!("SELECT 1 AS one FROM user_account LIMIT 1"), args![]).await?.is_some())
}

#[derive(Clone)]
pub(super) struct Candidate {
    pub user: UserId,
    pub organization: OrganizationId,
    pub password_hash: String,
}

/// Every enabled user of that name, in whatever organization: signing in decides among them by the password.
pub(super) async fn users_named(db: &Db, username: &str, organization: Option<&str>) -> Result<Vec<Candidate>, DbError> {
    let sql = sql!(
        "SELECT u.id, u.organization_id, u.password_hash FROM user_account u JOIN organization o ON o.id = u.organization_id \
         WHERE u.username = $1 AND u.disabled_at IS NULL AND o.disabled_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR o.name = $2) \
         ORDER BY u.id LIMIT 8"
    );
    let rows = db.rows(sql, args![username, organization]).await?;
    rows.iter()
        .map(|row| {
            Ok(Candidate { user: row.get("id")?, organization: row.get("organization_id")?, password_hash: row.get("password_hash")? })
        })
        .collect()
}

/// Who is asking, but for what their groups give.
#[derive(Clone)]
pub struct Found {
    pub who: Who,
    /// Of what is remembered of the organization's rights.
    pub access_revision: u64,
    /// When the session or key was last seen.
    pub last_seen_at: Option<Time>,
}

#[derive(Clone)]
pub struct Who {
    pub organization: OrganizationId,
    pub organization_name: String,
    pub user: UserId,
    pub username: String,
    pub name: String,
    pub operator: bool,
    pub via: Via,
}

pub(super) async fn found_by_session(db: &Db, token_hash: &str, now: Time) -> Result<Option<Found>, DbError> {
    let sql = sql!(
        "SELECT s.id AS session_id, s.expires_at, s.last_seen_at, u.id AS user_id, u.username, u.name, u.operator, \
         o.id AS organization_id, o.name AS organization_name, o.access_revision \
         FROM session s JOIN user_account u ON u.id = s.user_id JOIN organization o ON o.id = u.organization_id \
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL AND o.disabled_at IS NULL"
    );
    let Some(row) = db.row(sql, args![token_hash, now]).await? else { return Ok(None) };
    let via = Via::Session { id: row.get("session_id")?, expires_at: row.get("expires_at")? };
    found(&row, via, row.get("last_seen_at")?).map(Some)
}

/// Who is behind keys, by their hashes.
pub(super) async fn found_by_keys(db: &Db, key_hashes: &HashSet<String>, now: Time) -> Result<HashMap<String, Found>, DbError> {
    let sql = sql!(
        "WITH wanted (key_hash, now) AS (VALUES (CAST($1 AS TEXT), CAST($2 AS BIGINT))) \
         SELECT k.key_hash, k.id AS key_id, k.name AS key_name, k.scopes, k.addresses, k.signed_in, k.expires_at, k.last_used_at, \
         u.id AS user_id, u.username, u.name, u.operator, o.id AS organization_id, o.name AS organization_name, o.access_revision \
         FROM wanted w CROSS JOIN api_key k CROSS JOIN user_account u CROSS JOIN organization o \
         WHERE k.key_hash = w.key_hash AND u.id = k.user_id AND o.id = u.organization_id \
         AND (k.expires_at IS NULL OR k.expires_at > w.now) AND u.disabled_at IS NULL AND o.disabled_at IS NULL"
    );
    let rows = db.rows_by(sql, key_hashes.iter().map(|hash| args![hash, now]).collect()).await?;
    let found_by_key = |row: &Row| {
        let via = Via::Key {
            id: row.get("key_id")?,
            name: row.get("key_name")?,
            scopes: row.json("scopes")?,
            addresses: row.json("addresses")?,
            signed_in: row.get("signed_in")?,
            expires_at: row.get("expires_at")?,
        };
        Ok((row.get("key_hash")?, found(row, via, row.get("last_used_at")?)?))
    };
    rows.iter().map(found_by_key).collect()
}

fn found(row: &Row, via: Via, last_seen_at: Option<Time>) -> Result<Found, DbError> {
    let who = Who {
        organization: row.get("organization_id")?,
        organization_name: row.get("organization_name")?,
        user: row.get("user_id")?,
        username: row.get("username")?,
        name: row.get("name")?,
        operator: row.get("operator")?,
        via,
    };
    Ok(Found { who, access_revision: row.get("access_revision")?, last_seen_at })
}

/// Whether a session still lets in, and then the revision of what its user may do.
pub(super) async fn standing_of_session(db: &Db, id: SessionId, now: Time) -> Result<Option<u64>, DbError> {
    let sql = sql!(
        "SELECT o.access_revision FROM session s JOIN user_account u ON u.id = s.user_id JOIN organization o ON o.id = u.organization_id \
         WHERE s.id = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL AND o.disabled_at IS NULL"
    );
    db.row(sql, args![id, now]).await?.map(|row| row.get("access_revision")).transpose()
}

/// As [`standing_of_session`], of a key.
pub(super) async fn standing_of_key(db: &Db, id: KeyId, now: Time) -> Result<Option<u64>, DbError> {
    let sql = sql!(
        "SELECT o.access_revision FROM api_key k JOIN user_account u ON u.id = k.user_id JOIN organization o ON o.id = u.organization_id \
         WHERE k.id = $1 AND (k.expires_at IS NULL OR k.expires_at > $2) AND u.disabled_at IS NULL AND o.disabled_at IS NULL"
    );
    db.row(sql, args![id, now]).await?.map(|row| row.get("access_revision")).transpose()
}

/// What a user's groups give.
pub(super) async fn access_of_user(source: &mut impl Source, user: UserId) -> Result<Access, DbError> {
    let sql = sql!(
        "SELECT g.id, g.name, g.is_super, g.role, o.scope_kind, o.scope_id, o.role AS other FROM group_member m \
         JOIN user_group g ON g.id = m.group_id LEFT JOIN group_override o ON o.group_id = g.id WHERE m.user_id = $1 ORDER BY g.name, g.id"
    );
    let mut access = Access::default();
    for row in source.rows(sql, args![user]).await? {
        if row.get("is_super")? {
            access.is_super = true;
            continue;
        }
        let group = GroupRef { id: row.get("id")?, name: row.get("name")? };
        if access.groups.last().is_none_or(|last| last.group.id != group.id) {
            access.groups.push(Membership { group, role: row.get("role")?, overrides: HashMap::new() });
        }
        if let (Some(scope), Some(last)) = (scope_of(&row)?, access.groups.last_mut()) {
            last.overrides.insert(scope, row.get("other")?);
        }
    }
    Ok(access)
}

fn scope_of(row: &Row) -> Result<Option<Scope>, DbError> {
    Ok(match row.get::<Option<String>>("scope_kind")?.as_deref() {
        Some("device_group") => Some(Scope::DeviceGroup(row.get("scope_id")?)),
        Some("item_type") => Some(Scope::ItemType(row.get("scope_id")?)),
        _ => None,
    })
}

/// Makes everybody forget what they remember of an organization: what its people may do, and its item types.
pub async fn raise_revision(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<(), DbError> {
    tx.later(sql!("UPDATE organization SET access_revision = access_revision + 1 WHERE id = $1"), args![organization]).await
}

pub(super) struct NewSession {
    pub id: SessionId,
    pub organization: OrganizationId,
    pub user: UserId,
    pub token_hash: String,
    pub address: String,
    pub client: String,
    pub expires_at: Time,
}

pub(super) async fn insert_session(tx: &mut Tx<'_>, session: &NewSession, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO session (id, organization_id, user_id, token_hash, address, client, created_at, last_seen_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)"
    );
    let whose = args![session.id, session.organization, session.user, &session.token_hash, &session.address, &session.client];
    tx.execute(sql, [whose, args![now, session.expires_at]].concat()).await.map(|_| ())
}

/// A user's sessions after `after`, by id, at most `limit`.
pub(super) async fn sessions_of_user(
    db: &Db,
    user: UserId,
    now: Time,
    after: Option<SessionId>,
    limit: usize,
) -> Result<Vec<Session>, DbError> {
    let sql = sql!(
        "SELECT id, created_at, last_seen_at, expires_at, address, client FROM session \
         WHERE user_id = $1 AND expires_at > $2 AND (CAST($3 AS TEXT) IS NULL OR id > $3) ORDER BY id LIMIT $4"
    );
    let rows = db.rows(sql, args![user, now, after, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Session {
                id: row.get("id")?,
                created_at: row.get("created_at")?,
                last_seen_at: row.get("last_seen_at")?,
                expires_at: row.get("expires_at")?,
                address: row.get("address")?,
                client: row.get("client")?,
                current: false,
            })
        })
        .collect()
}

/// Ends one session of a user; false where there is no such.
pub(super) async fn delete_session_of_user(tx: &mut Tx<'_>, user: UserId, id: SessionId) -> Result<bool, DbError> {
    Ok(tx.execute(sql!("DELETE FROM session WHERE user_id = $1 AND id = $2"), args![user, id]).await? > 0)
}

/// Ends a user's sessions but that one; how many there were.
pub(super) async fn delete_sessions_of_user(tx: &mut Tx<'_>, user: UserId, except: Option<SessionId>) -> Result<u64, DbError> {
    let sql = sql!("DELETE FROM session WHERE user_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id <> $2)");
    tx.execute(sql, args![user, except]).await
}

/// Removes the keys that stand for a user's command lines.
pub(super) async fn delete_signed_in_keys(tx: &mut Tx<'_>, user: UserId, except: Option<KeyId>) -> Result<u64, DbError> {
    let sql = sql!("DELETE FROM api_key WHERE user_id = $1 AND signed_in = 1 AND (CAST($2 AS TEXT) IS NULL OR id <> $2)");
    tx.execute(sql, args![user, except]).await
}

pub(super) async fn touch_session(tx: &mut Tx<'_>, id: SessionId, now: Time) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE session SET last_seen_at = $2 WHERE id = $1"), args![id, now]).await.map(|_| ())
}

pub(super) async fn set_signed_in_at(tx: &mut Tx<'_>, user: UserId, now: Time) -> Result<(), DbError> {
    tx.later(sql!("UPDATE user_account SET signed_in_at = $2 WHERE id = $1"), args![user, now]).await
}

pub(super) async fn delete_session(tx: &mut Tx<'_>, id: SessionId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM session WHERE id = $1"), args![id]).await.map(|_| ())
}

/// Removes sessions and invitations that are over, a bounded number; how many sessions.
pub(super) async fn delete_entries_expired(tx: &mut Tx<'_>, now: Time) -> Result<u64, DbError> {
    tx.execute(sql!("DELETE FROM invitation WHERE expires_at <= $1"), args![now]).await?;
    let sql = sql!("DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at <= $1 LIMIT 500)");
    tx.execute(sql, args![now]).await
}

pub(super) struct NewKey<'a> {
    pub id: KeyId,
    pub organization: OrganizationId,
    pub user: UserId,
    pub name: &'a str,
    pub key_hash: String,
    pub scopes: &'a [String],
    pub addresses: &'a [String],
    /// Made by signing in: a person's own command line.
    pub signed_in: bool,
    pub expires_at: Option<Time>,
}

pub(super) async fn insert_key(tx: &mut Tx<'_>, key: &NewKey<'_>, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO api_key (id, organization_id, user_id, name, key_hash, scopes, signed_in, created_at, expires_at, \
         addresses) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let (scopes, addresses) = (serde_json::json!(key.scopes).to_string(), serde_json::json!(key.addresses).to_string());
    let values = args![key.id, key.organization, key.user, key.name, &key.key_hash, scopes, key.signed_in, now, key.expires_at];
    tx.execute(sql, [values, args![addresses]].concat()).await.map(|_| ())
}

/// The organization's keys after `after`, by id, at most `limit`; of one user, or of all.
pub(super) async fn keys_of_organization(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    after: Option<KeyId>,
    limit: usize,
) -> Result<Vec<ApiKey>, DbError> {
    let sql = sql!(
        "SELECT k.id, k.name, k.scopes, k.addresses, k.configured, k.created_at, k.expires_at, k.last_used_at, u.username FROM api_key k \
         JOIN user_account u ON u.id = k.user_id \
         WHERE k.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR k.user_id = $2) AND (CAST($3 AS TEXT) IS NULL OR k.id > $3) \
         ORDER BY k.id LIMIT $4"
    );
    let rows = db.rows(sql, args![organization, user, after, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(ApiKey {
                id: row.get("id")?,
                name: row.get("name")?,
                scopes: row.json("scopes")?,
                addresses: row.json("addresses")?,
                owner: row.get("username")?,
                configured: row.get("configured")?,
                created_at: row.get("created_at")?,
                expires_at: row.get("expires_at")?,
                last_used_at: row.get("last_used_at")?,
            })
        })
        .collect()
}

/// A key as far as its removal needs it.
pub(super) struct KeyOwner {
    pub user: UserId,
    pub name: String,
    pub configured: bool,
}

pub(super) async fn owner_of_key(tx: &mut Tx<'_>, organization: OrganizationId, id: KeyId) -> Result<Option<KeyOwner>, DbError> {
    let sql = sql!("SELECT user_id, name, configured FROM api_key WHERE organization_id = $1 AND id = $2");
    let Some(row) = tx.row(sql, args![organization, id]).await? else { return Ok(None) };
    Ok(Some(KeyOwner { user: row.get("user_id")?, name: row.get("name")?, configured: row.get("configured")? }))
}

pub(super) async fn delete_key(tx: &mut Tx<'_>, id: KeyId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM api_key WHERE id = $1"), args![id]).await.map(|_| ())
}

pub(super) async fn touch_key(tx: &mut Tx<'_>, id: KeyId, now: Time) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE api_key SET last_used_at = $2 WHERE id = $1"), args![id, now]).await.map(|_| ())
}

impl FromCol for Role {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let number: usize = row.get::<u32>(column)? as usize;
        let wrong = || DbError::Column { column: column.to_owned(), detail: format!("{number} is no role") };
        Role::ALL.get(number).copied().ok_or_else(wrong)
    }
}

impl IntoVal for Role {
    fn into_val(self) -> Val {
        Val::Int(Some(self as i64))
    }
}

/// The hash of a user's password; `None` where there is none.
pub(super) async fn password_hash(db: &Db, user: UserId) -> Result<Option<String>, DbError> {
    let row = db.row(sql!("SELECT password_hash FROM user_account WHERE id = $1"), args![user]).await?;
    Ok(row.map(|row| row.get::<String>("password_hash")).transpose()?.filter(|hash| !hash.is_empty()))
}
