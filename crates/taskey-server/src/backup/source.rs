//! The database that is backed up: one transaction that sees a single instant, row by row.

use std::path::Path;
use std::str::FromStr as _;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection, TypeInfo as _};
use sqlx::{ValueRef as _, query, query_scalar};
use taskey_proto::id::InstanceId;

use super::BackupError;
use super::table::{Column, Identity, Kind, Table, Value, column_list, quoted};
use crate::config::Database;

/// How long another program may hold the database before the backup gives up.
const BUSY_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(30);

/// A snapshot that nothing changes any more. The server may go on writing.
pub enum Source {
    Lite(SqliteConnection),
    Pg(PgConnection),
}

impl Source {
    pub async fn open(data: &Path, database: &Database) -> Result<Self, BackupError> {
        match database {
            Database::Sqlite => Self::open_sqlite(&data.join("taskey.db")).await,
            Database::Postgres(url) => {
                let mut connection = PgConnectOptions::from_str(url)?.application_name("taskey backup").connect().await?;
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                Ok(Source::Pg(connection))
            }
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self, BackupError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIME_MAX);
        let mut connection = options.connect().await?;
        // The snapshot begins with the first read, not with BEGIN.
        connection.execute("BEGIN").await?;
        connection.fetch_all("SELECT name FROM sqlite_schema LIMIT 1").await?;
        Ok(Source::Lite(connection))
    }

    pub fn engine(&self) -> &'static str {
        match self {
            Source::Lite(_) => "sqlite",
            Source::Pg(_) => "postgres",
        }
    }

    /// The newest migration that was made here.
    pub async fn schema_version(&mut self) -> Result<i64, BackupError> {
        let sql = "SELECT COALESCE(MAX(version), 0) FROM migration";
        Ok(match self {
            Source::Lite(connection) => query_scalar(sql).fetch_one(connection).await?,
            Source::Pg(connection) => query_scalar(sql).fetch_one(connection).await?,
        })
    }

    pub async fn instance(&mut self) -> Result<(InstanceId, u64), BackupError> {
        let sql = "SELECT id, epoch FROM instance LIMIT 1";
        let row: Option<(String, i64)> = match self {
            Source::Lite(connection) => sqlx::query_as(sql).fetch_optional(connection).await?,
            Source::Pg(connection) => sqlx::query_as(sql).fetch_optional(connection).await?,
        };
        let (id, epoch) = row.ok_or(BackupError::NoInstance)?;
        let id = id.parse().map_err(|_| BackupError::Unreadable(format!("`{id}` is no instance")))?;
        Ok((id, u64::try_from(epoch).unwrap_or_default()))
    }

    /// Every table but the list of migrations, which is the schema's version, and how far an index is: where it is restored it is made anew.
    pub async fn tables(&mut self) -> Result<Vec<Table>, BackupError> {
        match self {
            Source::Lite(connection) => sqlite_tables(connection).await,
            Source::Pg(connection) => postgres_tables(connection).await,
        }
    }

    /// The rows of a table, one after another as they are read.
    pub fn rows<'a>(&'a mut self, table: &'a Table) -> BoxStream<'a, Result<Vec<Value>, BackupError>> {
        let sql = format!("SELECT {} FROM {}", column_list(&table.columns), quoted(&table.name));
        let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
        match self {
            Source::Lite(connection) => {
                let rows = query(AssertSqlSafe(sql)).fetch(connection);
                rows.map(move |row| row.map_err(BackupError::from).and_then(|row| sqlite_row(&row, kinds.len()))).boxed()
            }
            Source::Pg(connection) => {
                let rows = query(AssertSqlSafe(sql)).fetch(connection);
                rows.map(move |row| row.map_err(BackupError::from).and_then(|row| postgres_row(&row, &kinds))).boxed()
            }
        }
    }

    pub async fn close(self) -> Result<(), BackupError> {
        match self {
            Source::Lite(connection) => Ok(connection.close().await?),
            Source::Pg(connection) => Ok(connection.close().await?),
        }
    }
}

pub async fn sqlite_tables(connection: &mut SqliteConnection) -> Result<Vec<Table>, BackupError> {
    let sql = "SELECT name, (SELECT sql FROM sqlite_schema s WHERE s.name = l.name AND s.type = 'table') FROM pragma_table_list l \
               WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
               AND name NOT IN ('migration', 'item_text_progress') ORDER BY name";
    let names: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
    let mut tables = Vec::new();
    for (name, made_by) in names {
        let sql = "SELECT name, type, pk FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid";
        let found: Vec<(String, String, i64)> = sqlx::query_as(sql).bind(&name).fetch_all(&mut *connection).await?;
        let key = found.iter().find(|(_, _, place)| *place == 1).map(|(column, _, _)| column.clone());
        let columns = found.into_iter().map(|(column, kind, _)| named(&name, column, &kind)).collect::<Result<_, _>>()?;
        let counts = made_by.to_uppercase().contains("AUTOINCREMENT");
        let identity = match key.filter(|_| counts) {
            None => None,
            Some(column) => {
                let last = query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1").bind(&name);
                let last: Option<i64> = last.fetch_optional(&mut *connection).await?;
                Some(Identity { column, next: last.unwrap_or(0) + 1 })
            }
        };
        tables.push(Table { name, columns, identity });
    }
    Ok(tables)
}

pub async fn postgres_tables(connection: &mut PgConnection) -> Result<Vec<Table>, BackupError> {
    let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() \
               AND table_type = 'BASE TABLE' AND table_name <> 'migration' ORDER BY table_name::text COLLATE \"C\"";
    let names: Vec<String> = query_scalar(sql).fetch_all(&mut *connection).await?;
    let mut tables = Vec::new();
    for name in names {
        let sql = "SELECT column_name::text, data_type::text, is_identity::text FROM information_schema.columns \
                   WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position";
        let found: Vec<(String, String, String)> = sqlx::query_as(sql).bind(&name).fetch_all(&mut *connection).await?;
        let counted = found.iter().find(|(_, _, counts)| counts == "YES").map(|(column, _, _)| column.clone());
        let columns = found.into_iter().map(|(column, kind, _)| named(&name, column, &kind)).collect::<Result<_, _>>()?;
        let identity = match counted {
            None => None,
            Some(column) => Some(Identity { next: postgres_next(connection, &name, &column).await?, column }),
        };
        tables.push(Table { name, columns, identity });
    }
    Ok(tables)
}

async fn postgres_next(connection: &mut PgConnection, table: &str, column: &str) -> Result<i64, BackupError> {
    let sequence: String =
        query_scalar("SELECT pg_get_serial_sequence($1, $2)").bind(quoted(table)).bind(column).fetch_one(&mut *connection).await?;
    // The name comes from the database, quoted as it must be.
    let sql = format!("SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM {sequence}");
    Ok(query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await?)
}

fn named(table: &str, name: String, kind: &str) -> Result<Column, BackupError> {
    let kind = match kind.to_lowercase().as_str() {
        "bigint" | "integer" | "int" | "smallint" => Kind::Int,
        "text" | "character varying" => Kind::Text,
        "blob" | "bytea" => Kind::Bytes,
        "real" | "double precision" => Kind::Real,
        other => {
            return Err(BackupError::Unreadable(format!("the column {table}.{name} is of a kind that a backup does not know: {other}")));
        }
    };
    Ok(Column { name, kind })
}

/// SQLite's values have each a kind of its own.
fn sqlite_row(row: &SqliteRow, count: usize) -> Result<Vec<Value>, BackupError> {
    let value = |at: usize| -> Result<Value, BackupError> {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" => Value::Int(row.try_get_unchecked(at)?),
            "REAL" => Value::Real(row.try_get_unchecked(at)?),
            "TEXT" => Value::Text(row.try_get_unchecked(at)?),
            _ => Value::Bytes(row.try_get_unchecked(at)?),
        })
    };
    (0..count).map(value).collect()
}

fn postgres_row(row: &PgRow, kinds: &[Kind]) -> Result<Vec<Value>, BackupError> {
    let value = |(at, kind): (usize, &Kind)| -> Result<Value, BackupError> {
        let value = match kind {
            Kind::Int => row.try_get::<Option<i64>, _>(at)?.map(Value::Int),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Value::Bytes),
            Kind::Real => row.try_get::<Option<f64>, _>(at)?.map(Value::Real),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    kinds.iter().enumerate().map(value).collect()
}
