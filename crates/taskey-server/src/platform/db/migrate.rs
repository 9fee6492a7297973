//! Migrations: one text for both databases, forward only, each in a transaction, at start.
//!
//! Three tokens stand for what differs: `{{id}}` an identity column, `{{bytes}}` the type of bytes, `{{xid}}` the default of an
//! event's transaction id. A statement that only one database has begins with `{{sqlite}}` or `{{postgres}}`.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

use super::DbError;

/// Every migration of every release, in order; a released one is never edited.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../../migrations/0001_first.sql")),
    (2, include_str!("../../../migrations/0002_secrets.sql")),
    (3, include_str!("../../../migrations/0003_output.sql")),
    (4, include_str!("../../../migrations/0004_quarantine.sql")),
    (5, include_str!("../../../migrations/0005_epochs.sql")),
    (6, include_str!("../../../migrations/0006_audit.sql")),
    (7, include_str!("../../../migrations/0007_people.sql")),
    (8, include_str!("../../../migrations/0008_schedules.sql")),
    (9, include_str!("../../../migrations/0009_targets_and_turns.sql")),
    (10, include_str!("../../../migrations/0010_calendars.sql")),
    (11, include_str!("../../../migrations/0011_inbox.sql")),
    (12, include_str!("../../../migrations/0012_webhooks.sql")),
    (13, include_str!("../../../migrations/0013_inbox_lists.sql")),
];

/// Copies of the database from before a migration that are kept.
const COPIES_KEPT: usize = 2;

/// The newest migration that this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS[MIGRATIONS.len() - 1].0
}

/// Migrates up to that version, or the newest.
pub(crate) async fn sqlite(connection: &mut SqliteConnection, up_to: Option<i64>) -> Result<(), DbError> {
    connection.execute(TABLE).await?;
    for (version, text) in pending(sqlite_version(connection).await?, up_to)? {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let text = render(text, "INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB", "0");
        for statement in statements(&text, "{{sqlite}}") {
            transaction.execute(AssertSqlSafe(statement)).await?;
        }
        sqlx::query("INSERT INTO migration (version) VALUES ($1)").bind(version).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

async fn sqlite_version(connection: &mut SqliteConnection) -> Result<i64, DbError> {
    Ok(connection.fetch_one("SELECT COALESCE(MAX(version), 0) AS version FROM migration").await?.get("version"))
}

/// Copies a database of an earlier version beside itself, as `taskey.db.before-NNNN`, before it is migrated.
pub(super) async fn copy_before(connection: &mut SqliteConnection, path: &Path) -> Result<(), DbError> {
    connection.execute(TABLE).await?;
    let version = sqlite_version(connection).await?;
    let Some((first, _)) = pending(version, None)?.next().filter(|_| version > 0) else { return Ok(()) };
    let copy = beside(path, &format!("before-{first:04}"));
    if copy.exists() {
        return Ok(());
    }
    let unfinished = beside(path, "before.part");
    let failed = |error: std::io::Error| DbError::Migration(format!("{}: {error}", unfinished.display()));
    if unfinished.exists() {
        std::fs::remove_file(&unfinished).map_err(failed)?;
    }
    sqlx::query("VACUUM INTO $1").bind(unfinished.to_string_lossy().into_owned()).execute(&mut *connection).await?;
    keep_copy(&unfinished, &copy).map_err(failed)?;
    tracing::info!(copy = %copy.display(), "the database was copied before it is migrated");
    forget_copies(path).map_err(failed)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{name}.{ending}"))
}

fn keep_copy(unfinished: &Path, copy: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(unfinished, std::fs::Permissions::from_mode(0o600))?;
    std::fs::File::open(unfinished)?.sync_all()?;
    std::fs::rename(unfinished, copy)
}

/// All but the newest copies.
fn forget_copies(path: &Path) -> std::io::Result<()> {
    let prefix = beside(path, "before-").file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut copies: Vec<PathBuf> = std::fs::read_dir(path.parent().unwrap_or(Path::new(".")))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
        .collect();
    copies.sort();
    let old = copies.len().saturating_sub(COPIES_KEPT);
    copies.into_iter().take(old).try_for_each(std::fs::remove_file)
}

/// Migrates to the newest version, in a transaction of its own.
pub(super) async fn postgres_alone(connection: &mut PgConnection) -> Result<(), DbError> {
    let mut transaction = connection.begin().await?;
    // Nodes that start at the same time migrate one after another.
    transaction.execute("SELECT pg_advisory_xact_lock(8386115917305)").await?;
    postgres(&mut transaction, None).await?;
    transaction.commit().await?;
    Ok(())
}

/// Migrates up to that version, or the newest, in the transaction that is open.
pub(crate) async fn postgres(connection: &mut PgConnection, up_to: Option<i64>) -> Result<(), DbError> {
    connection.execute(TABLE).await?;
    let row = connection.fetch_one("SELECT COALESCE(MAX(version), 0) AS version FROM migration").await?;
    let done: i64 = row.get("version");
    if done > 0 && up_to.is_none() && done < newest() {
        tracing::warn!(from = done, to = newest(), "the database is migrated, forward only; the backup made before is the way back");
    }
    for (version, text) in pending(done, up_to)? {
        let xid = "(pg_current_xact_id()::text::bigint)";
        let text = render(text, "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "BYTEA", xid);
        for statement in statements(&text, "{{postgres}}") {
            connection.execute(AssertSqlSafe(statement)).await?;
        }
        sqlx::query("INSERT INTO migration (version) VALUES ($1)").bind(version).execute(&mut *connection).await?;
    }
    Ok(())
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY)";

fn pending(done: i64, up_to: Option<i64>) -> Result<impl Iterator<Item = (i64, &'static str)>, DbError> {
    if done > newest() {
        return Err(DbError::Migration(format!(
            "the database is of a newer taskey (schema {done}, this one knows {}); start that version, or restore a backup of this one",
            newest()
        )));
    }
    let last = up_to.unwrap_or(i64::MAX);
    Ok(MIGRATIONS.iter().copied().filter(move |(version, _)| *version > done && *version <= last))
}

fn render(text: &str, id: &str, bytes: &str, xid: &str) -> String {
    text.replace("{{id}}", id).replace("{{bytes}}", bytes).replace("{{xid}}", xid)
}

/// The statements of both databases and those that are marked as this one's.
fn statements(text: &str, own: &str) -> Vec<String> {
    let statements = text.split(";\n").map(without_comments).filter(|statement| !statement.is_empty());
    statements
        .filter_map(|statement| if statement.starts_with("{{") { statement.strip_prefix(own).map(str::to_owned) } else { Some(statement) })
        .collect()
}

/// Comments stand on lines of their own, mostly before a statement, where its mark is looked for.
fn without_comments(statement: &str) -> String {
    let lines: Vec<&str> = statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::Db;
    use crate::platform::hub::Hub;
    use crate::{args, sql};
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::SqliteConnectOptions;

    #[tokio::test]
    async fn a_database_of_an_earlier_version_is_copied_before_it_is_migrated_and_the_newest_two_copies_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskey.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let copies = || {
            let mut names: Vec<String> =
                std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.retain(|name| name.contains("before"));
            names.sort();
            names
        };
        let mut old = options.connect().await.unwrap();
        sqlite(&mut old, Some(3)).await.unwrap();
        old.execute("INSERT INTO instance (id, epoch, created_at) VALUES ('x', 1, 5)").await.unwrap();
        old.close().await.unwrap();
        for older in ["before-0001", "before-0002"] {
            std::fs::write(folder.path().join(format!("taskey.db.{older}")), "").unwrap();
        }
        let db = Db::open_sqlite(&path, Hub::default()).await.unwrap();
        let row = db.row(sql!("SELECT created_at, quiet_since FROM instance"), args![]).await.unwrap().unwrap();
        assert_eq!((row.get::<i64>("created_at").unwrap(), row.get::<Option<i64>>("quiet_since").unwrap()), (5, None));
        db.close().await;
        assert_eq!(copies(), ["taskey.db.before-0002", "taskey.db.before-0004"]);
        let copy = folder.path().join("taskey.db.before-0004");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let mut copy = SqliteConnectOptions::new().filename(&copy).connect().await.unwrap();
        assert_eq!(sqlite_version(&mut copy).await.unwrap(), 3);
        // A database that is up to date, or new, is not copied.
        Db::open_sqlite(&path, Hub::default()).await.unwrap().close().await;
        Db::open_sqlite(&folder.path().join("new.db"), Hub::default()).await.unwrap().close().await;
        assert_eq!(copies(), ["taskey.db.before-0002", "taskey.db.before-0004"]);
    }

    #[tokio::test]
    async fn super_users_of_earlier_versions_are_in_the_group_of_super_users() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskey.db");
        let mut old = SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
        sqlite(&mut old, Some(5)).await.unwrap();
        old.execute("INSERT INTO organization (id, name, created_at) VALUES ('org_one', 'Acme', 5), ('org_two', 'Umbrella', 6)")
            .await
            .unwrap();
        old.execute(
            "INSERT INTO user_account (id, organization_id, username, name, password_hash, is_super, operator, created_at) VALUES \
             ('usr_a', 'org_one', 'ann', 'Ann', 'h', 1, 1, 5), ('usr_b', 'org_one', 'bob', 'Bob', 'h', 0, 0, 5), \
             ('usr_c', 'org_two', 'ann', 'Ann', 'h', 1, 0, 6)",
        )
        .await
        .unwrap();
        old.close().await.unwrap();
        let db = Db::open_sqlite(&path, Hub::default()).await.unwrap();
        let sql = sql!(
            "SELECT g.id, g.name, m.user_id FROM user_group g JOIN group_member m ON m.group_id = g.id WHERE g.is_super = 1 ORDER BY m.user_id"
        );
        let rows = db.rows(sql, args![]).await.unwrap();
        let found: Vec<[String; 3]> = rows.iter().map(|row| ["id", "name", "user_id"].map(|column| row.get(column).unwrap())).collect();
        let expected = [["grp_one", "super", "usr_a"], ["grp_two", "super", "usr_c"]].map(|row| row.map(str::to_owned));
        assert_eq!(found, expected);
        db.close().await;
    }
}
