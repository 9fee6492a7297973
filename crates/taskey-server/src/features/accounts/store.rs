//! Queries on the tables of accounts.

use taskey_proto::Time;
use taskey_proto::accounts::ApiKey;
use taskey_proto::id::{KeyId, OrganizationId, SessionId, UserId};

use super::model::{Principal, Via};
use crate::platform::db::{Db, DbError, Row, Source, Tx};
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
         WHERE u.username = $1 AND u.disabled_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR o.name = $2) ORDER BY u.id LIMIT 8"
    );
    let rows = db.rows(sql, args![username, organization]).await?;
    rows.iter()
        .map(|row| {
            Ok(Candidate { user: row.get("id")?, organization: row.get("organization_id")?, password_hash: row.get("password_hash")? })
        })
        .collect()
}

pub(super) async fn principal_by_session(db: &Db, token_hash: &str, now: Time) -> Result<Option<Principal>, DbError> {
    let sql = sql!(
        "SELECT s.id AS session_id, s.expires_at, u.id AS user_id, u.username, u.name, u.is_super, u.operator, o.id AS organization_id, \
         o.name AS organization_name FROM session s JOIN user_account u ON u.id = s.user_id JOIN organization o ON o.id = u.organization_id \
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL"
    );
    let Some(row) = db.row(sql, args![token_hash, now]).await? else { return Ok(None) };
    let via = Via::Session { id: row.get("session_id")?, expires_at: row.get("expires_at")? };
    principal(&row, via).map(Some)
}

pub(super) struct KeyUse {
    pub principal: Principal,
    pub last_used_at: Option<Time>,
    /// From where it may be used.
    pub addresses: Vec<String>,
}

pub(super) async fn principal_by_key(db: &Db, key_hash: &str, now: Time) -> Result<Option<KeyUse>, DbError> {
    let sql = sql!(
        "SELECT k.id AS key_id, k.name AS key_name, k.scopes, k.signed_in, k.expires_at, k.last_used_at, k.addresses, u.id AS user_id, u.username, u.name, u.is_super, \
         u.operator, o.id AS organization_id, o.name AS organization_name FROM api_key k JOIN user_account u ON u.id = k.user_id \
         JOIN organization o ON o.id = u.organization_id \
         WHERE k.key_hash = $1 AND (k.expires_at IS NULL OR k.expires_at > $2) AND u.disabled_at IS NULL"
    );
    let Some(row) = db.row(sql, args![key_hash, now]).await? else { return Ok(None) };
    let via = Via::Key {
        id: row.get("key_id")?,
        name: row.get("key_name")?,
        scopes: row.json("scopes")?,
        signed_in: row.get("signed_in")?,
        expires_at: row.get("expires_at")?,
    };
    Ok(Some(KeyUse { principal: principal(&row, via)?, last_used_at: row.get("last_used_at")?, addresses: row.json("addresses")? }))
}

pub(super) async fn session_exists(db: &Db, id: SessionId, now: Time) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM session s JOIN user_account u ON u.id = s.user_id \
         WHERE s.id = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL"
    );
    Ok(db.row(sql, args![id, now]).await?.is_some())
}

pub(super) async fn key_exists(db: &Db, id: KeyId, now: Time) -> Result<bool, DbError> {
    let sql = sql!(
        "SELECT 1 AS one FROM api_key k JOIN user_account u ON u.id = k.user_id \
         WHERE k.id = $1 AND (k.expires_at IS NULL OR k.expires_at > $2) AND u.disabled_at IS NULL"
    );
    Ok(db.row(sql, args![id, now]).await?.is_some())
}

fn principal(row: &Row, via: Via) -> Result<Principal, DbError> {
    Ok(Principal {
        organization: row.get("organization_id")?,
        organization_name: row.get("organization_name")?,
        user: row.get("user_id")?,
        username: row.get("username")?,
        name: row.get("name")?,
        is_super: row.get("is_super")?,
        operator: row.get("operator")?,
        via,
    })
}

pub(super) async fn organization_name_taken(tx: &mut Tx<'_>, name: &str) -> Result<bool, DbError> {
    Ok(tx.row(sql!("SELECT 1 AS one FROM organization WHERE name = $1"), args![name]).await?.is_some())
}

pub(super) async fn insert_organization(tx: &mut Tx<'_>, id: OrganizationId, name: &str, now: Time) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO organization (id, name, created_at) VALUES ($1, $2, $3)");
    tx.execute(sql, args![id, name, now]).await.map(|_| ())
}

pub(super) struct NewUser<'a> {
    pub id: UserId,
    pub organization: OrganizationId,
    pub username: &'a str,
    pub password_hash: &'a str,
    pub is_super: bool,
    pub operator: bool,
}

pub(super) async fn insert_user(tx: &mut Tx<'_>, user: &NewUser<'_>, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO user_account (id, organization_id, username, name, password_hash, is_super, operator, created_at) \
         VALUES ($1, $2, $3, $3, $4, $5, $6, $7)"
    );
    let values = args![user.id, user.organization, user.username, user.password_hash, user.is_super, user.operator, now];
    tx.execute(sql, values).await.map(|_| ())
}

pub(super) struct NewSession {
    pub id: SessionId,
    pub organization: OrganizationId,
    pub user: UserId,
    pub token_hash: String,
    pub expires_at: Time,
}

pub(super) async fn insert_session(tx: &mut Tx<'_>, session: &NewSession, now: Time) -> Result<(), DbError> {
    let sql =
        sql!("INSERT INTO session (id, organization_id, user_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)");
    let values = args![session.id, session.organization, session.user, &session.token_hash, now, session.expires_at];
    tx.execute(sql, values).await.map(|_| ())
}

pub(super) async fn delete_session(tx: &mut Tx<'_>, id: SessionId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM session WHERE id = $1"), args![id]).await.map(|_| ())
}

pub(super) async fn delete_sessions_expired(tx: &mut Tx<'_>, now: Time) -> Result<u64, DbError> {
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
    /// Made by signing in: a person's own command line.
    pub signed_in: bool,
    pub expires_at: Option<Time>,
}

pub(super) async fn insert_key(tx: &mut Tx<'_>, key: &NewKey<'_>, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO api_key (id, organization_id, user_id, name, key_hash, scopes, signed_in, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let scopes = serde_json::json!(key.scopes).to_string();
    let values = args![key.id, key.organization, key.user, key.name, &key.key_hash, scopes, key.signed_in, now, key.expires_at];
    tx.execute(sql, values).await.map(|_| ())
}

/// The organization's keys after `after`, by id, at most `limit`.
pub(super) async fn keys_of_organization(
    db: &Db,
    organization: OrganizationId,
    after: Option<KeyId>,
    limit: usize,
) -> Result<Vec<ApiKey>, DbError> {
    let sql = sql!(
        "SELECT k.id, k.name, k.scopes, k.created_at, k.expires_at, k.last_used_at, u.username FROM api_key k \
         JOIN user_account u ON u.id = k.user_id \
         WHERE k.organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR k.id > $2) ORDER BY k.id LIMIT $3"
    );
    let rows = db.rows(sql, args![organization, after, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(ApiKey {
                id: row.get("id")?,
                name: row.get("name")?,
                scopes: row.json("scopes")?,
                owner: row.get("username")?,
                created_at: row.get("created_at")?,
                expires_at: row.get("expires_at")?,
                last_used_at: row.get("last_used_at")?,
            })
        })
        .collect()
}

/// Removes a key and tells its name; `None` when the organization has no such key.
pub(super) async fn delete_key(tx: &mut Tx<'_>, organization: OrganizationId, id: KeyId) -> Result<Option<String>, DbError> {
    let sql = sql!("DELETE FROM api_key WHERE organization_id = $1 AND id = $2 RETURNING name");
    tx.row(sql, args![organization, id]).await?.map(|row| row.get("name")).transpose()
}

pub(super) async fn touch_key(tx: &mut Tx<'_>, id: KeyId, now: Time) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE api_key SET last_used_at = $2 WHERE id = $1"), args![id, now]).await.map(|_| ())
}
