//! Queries on the instance, and counts of everything.

use taskey_proto::Time;
use taskey_proto::id::OrganizationId;
use taskey_proto::quiet::QuietCounts;

use crate::features::runs::restored;
use crate::platform::db::{Db, DbError, Source as _, Tx};
use crate::{args, sql};

pub(super) struct Standing {
    pub quiet_since: Option<Time>,
    pub restored_from: Option<Time>,
}

pub(super) async fn standing(db: &Db) -> Result<Standing, DbError> {
    let row = db.row(sql!("SELECT quiet_since, restored_from FROM instance LIMIT 1"), args![]).await?.ok_or(DbError::Aborted)?;
    Ok(Standing { quiet_since: row.get("quiet_since")?, restored_from: row.get("restored_from")? })
}

/// Of one organization, or of the whole instance.
pub(super) async fn counts(db: &Db, organization: Option<OrganizationId>) -> Result<QuietCounts, DbError> {
    let (queued, unreported) = restored::counts(db, organization).await?;
    let sql = sql!(
        "SELECT (SELECT count(*) FROM device WHERE removed_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR organization_id = $1)) AS devices, \
         (SELECT count(*) FROM user_account WHERE disabled_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR organization_id = $1)) AS users, \
         (SELECT count(*) FROM api_key WHERE (CAST($1 AS TEXT) IS NULL OR organization_id = $1)) AS keys, \
         (SELECT count(*) FROM secret WHERE (CAST($1 AS TEXT) IS NULL OR organization_id = $1)) AS secrets, \
         (SELECT count(DISTINCT execution_id) FROM rejected_message WHERE execution_id IS NOT NULL \
         AND (CAST($1 AS TEXT) IS NULL OR organization_id = $1)) AS unknown_executions"
    );
    let row = db.row(sql, args![organization]).await?.ok_or(DbError::Aborted)?;
    Ok(QuietCounts {
        queued,
        unreported,
        unknown_executions: row.get("unknown_executions")?,
        devices: row.get("devices")?,
        users: row.get("users")?,
        keys: row.get("keys")?,
        secrets: row.get("secrets")?,
    })
}

/// Ends it; false where it was not on.
pub(super) async fn end(tx: &mut Tx<'_>) -> Result<bool, DbError> {
    let sql = sql!("UPDATE instance SET quiet_since = NULL WHERE quiet_since IS NOT NULL");
    Ok(tx.execute(sql, args![]).await? > 0)
}

pub(super) async fn organizations(tx: &mut Tx<'_>) -> Result<Vec<OrganizationId>, DbError> {
    let rows = tx.rows(sql!("SELECT id FROM organization ORDER BY id"), args![]).await?;
    rows.iter().map(|row| row.get("id")).collect()
}
