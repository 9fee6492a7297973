//! Queries on organizations.

use taskey_proto::Time;
use taskey_proto::access::{NamedDevice, UserRef};
use taskey_proto::id::{DeviceId, OrganizationId, UserId};
use taskey_proto::organizations::{Organization, OrganizationState};

use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::{args, sql};

pub(super) async fn insert_organization(tx: &mut Tx<'_>, id: OrganizationId, name: &str, now: Time) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO organization (id, name, created_at) VALUES ($1, $2, $3)");
    tx.execute(sql, args![id, name, now]).await.map(|_| ())
}

/// An organization by id or name.
pub(crate) async fn find_organization(source: &mut impl Source, word: &str) -> Result<Option<Organization>, DbError> {
    let sql = sql!(
        "SELECT o.*, (SELECT count(*) FROM user_account u WHERE u.organization_id = o.id) AS members, \
         (SELECT count(*) FROM device d WHERE d.organization_id = o.id AND d.removed_at IS NULL) AS devices \
         FROM organization o WHERE o.id = $1 OR o.name = $1 ORDER BY CASE WHEN o.id = $1 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![word]).await?.as_ref().map(organization).transpose()
}

/// The organizations after `after`, by name, at most `limit`.
pub(super) async fn organizations_of_instance(db: &Db, after: Option<String>, limit: usize) -> Result<Vec<Organization>, DbError> {
    let sql = sql!(
        "SELECT o.*, (SELECT count(*) FROM user_account u WHERE u.organization_id = o.id) AS members, \
         (SELECT count(*) FROM device d WHERE d.organization_id = o.id AND d.removed_at IS NULL) AS devices \
         FROM organization o WHERE (CAST($1 AS TEXT) IS NULL OR o.name > $1) ORDER BY o.name LIMIT $2"
    );
    let rows = db.rows(sql, args![after, limit]).await?;
    rows.iter().map(organization).collect()
}

fn organization(row: &Row) -> Result<Organization, DbError> {
    let delete_at: Option<Time> = row.get("delete_at")?;
    let state = match (row.get::<Option<Time>>("disabled_at")?, delete_at) {
        (_, Some(_)) => OrganizationState::Deleted,
        (Some(_), None) => OrganizationState::Disabled,
        (None, None) => OrganizationState::Active,
    };
    Ok(Organization {
        id: row.get("id")?,
        name: row.get("name")?,
        state,
        created_at: row.get("created_at")?,
        delete_at,
        members: row.get("members")?,
        devices: row.get("devices")?,
    })
}

pub(super) async fn members(db: &Db, organization: OrganizationId, after: Option<UserId>, limit: usize) -> Result<Vec<UserRef>, DbError> {
    let sql = sql!(
        "SELECT id, username FROM user_account WHERE organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id > $2) ORDER BY id LIMIT $3"
    );
    let rows = db.rows(sql, args![organization, after, limit]).await?;
    rows.iter().map(|row| Ok(UserRef { id: row.get("id")?, username: row.get("username")? })).collect()
}

pub(super) async fn devices(
    db: &Db,
    organization: OrganizationId,
    after: Option<DeviceId>,
    limit: usize,
) -> Result<Vec<NamedDevice>, DbError> {
    let sql = sql!(
        "SELECT id, name FROM device WHERE organization_id = $1 AND removed_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR id > $2) \
         ORDER BY id LIMIT $3"
    );
    let rows = db.rows(sql, args![organization, after, limit]).await?;
    rows.iter().map(|row| Ok(NamedDevice { id: row.get("id")?, name: row.get("name")? })).collect()
}

pub(super) async fn update_organization(
    tx: &mut Tx<'_>,
    id: OrganizationId,
    name: &str,
    disabled_at: Option<Time>,
    delete_at: Option<Time>,
) -> Result<(), DbError> {
    let sql =
        sql!("UPDATE organization SET name = $2, disabled_at = $3, delete_at = $4, access_revision = access_revision + 1 WHERE id = $1");
    tx.execute(sql, args![id, name, disabled_at, delete_at]).await.map(|_| ())
}

/// An organization whose grace is over.
pub async fn due_for_removal(db: &Db, now: Time) -> Result<Option<OrganizationId>, DbError> {
    let sql = sql!("SELECT id FROM organization WHERE delete_at <= $1 ORDER BY delete_at LIMIT 1");
    db.row(sql, args![now]).await?.map(|row| row.get("id")).transpose()
}
