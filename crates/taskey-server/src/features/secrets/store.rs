//! Queries on the table of secrets.

use taskey_proto::Time;
use taskey_proto::id::{OrganizationId, SecretId};
use taskey_proto::secrets::Secret;

use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::platform::vault::Sealed;
use crate::{args, sql};

pub(super) async fn secrets_of_organization(
    db: &Db,
    organization: OrganizationId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Secret>, DbError> {
    let sql = sql!(
        "SELECT id, name, version, created_at, updated_at, updated_by FROM secret \
         WHERE organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR name > $2) ORDER BY name LIMIT $3"
    );
    db.rows(sql, args![organization, after, limit]).await?.iter().map(secret).collect()
}

/// A secret by its id or name.
pub(super) async fn secret_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<Secret>, DbError> {
    let sql = sql!(
        "SELECT id, name, version, created_at, updated_at, updated_by FROM secret \
         WHERE organization_id = $1 AND (id = $2 OR name = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![organization, word]).await?.as_ref().map(secret).transpose()
}

fn secret(row: &Row) -> Result<Secret, DbError> {
    Ok(Secret {
        id: row.get("id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.get("updated_by")?,
    })
}

pub(super) async fn insert_secret(tx: &mut Tx<'_>, organization: OrganizationId, secret: &Secret, sealed: &Sealed) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO secret (id, organization_id, name, version, master_key, wrapped_key, sealed_value, created_at, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let values = args![
        secret.id,
        organization,
        &secret.name,
        secret.version,
        sealed.key,
        &sealed.wrapped,
        &sealed.value,
        secret.created_at,
        secret.updated_at,
        &secret.updated_by
    ];
    tx.execute(sql, values).await.map(|_| ())
}

pub(super) async fn update_value(tx: &mut Tx<'_>, id: SecretId, sealed: &Sealed, now: Time, by: &str) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE secret SET version = version + 1, master_key = $2, wrapped_key = $3, sealed_value = $4, updated_at = $5, updated_by = $6 \
         WHERE id = $1"
    );
    tx.execute(sql, args![id, sealed.key, &sealed.wrapped, &sealed.value, now, by]).await.map(|_| ())
}

pub(super) async fn delete_secret(tx: &mut Tx<'_>, id: SecretId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM secret WHERE id = $1"), args![id]).await.map(|_| ())
}

/// A secret with its sealed value.
pub(super) struct Stored {
    pub id: SecretId,
    pub organization: OrganizationId,
    pub version: u32,
    pub sealed: Sealed,
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    let sealed = Sealed { key: row.get("master_key")?, wrapped: row.get("wrapped_key")?, value: row.get("sealed_value")? };
    Ok(Stored { id: row.get("id")?, organization: row.get("organization_id")?, version: row.get("version")?, sealed })
}

pub(super) async fn stored_secret(db: &Db, organization: OrganizationId, name: &str) -> Result<Option<Stored>, DbError> {
    let sql = sql!(
        "SELECT id, organization_id, version, master_key, wrapped_key, sealed_value FROM secret WHERE organization_id = $1 AND name = $2"
    );
    db.row(sql, args![organization, name]).await?.as_ref().map(stored).transpose()
}

/// Secrets of all organizations that are not under this master key.
pub(super) async fn secrets_under_other_keys(db: &Db, key: u32) -> Result<Vec<Stored>, DbError> {
    let sql = sql!(
        "SELECT id, organization_id, version, master_key, wrapped_key, sealed_value FROM secret WHERE master_key <> $1 ORDER BY id LIMIT 100"
    );
    db.rows(sql, args![key]).await?.iter().map(stored).collect()
}

/// Stores a data key under another master key, unless the secret got another value meanwhile.
pub(super) async fn set_wrapped(tx: &mut Tx<'_>, id: SecretId, version: u32, sealed: &Sealed) -> Result<(), DbError> {
    let sql = sql!("UPDATE secret SET master_key = $3, wrapped_key = $4 WHERE id = $1 AND version = $2");
    tx.execute(sql, args![id, version, sealed.key, &sealed.wrapped]).await.map(|_| ())
}

/// Which of the names are those of no secret.
pub async fn missing<'a>(db: &Db, organization: OrganizationId, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<&'a str>, DbError> {
    let mut missing = Vec::new();
    for name in names {
        let sql = sql!("SELECT 1 AS one FROM secret WHERE organization_id = $1 AND name = $2");
        if db.row(sql, args![organization, name]).await?.is_none() {
            missing.push(name);
        }
    }
    Ok(missing)
}
