//! The database that a backup goes into: made anew, filled, checked, and only then kept.
//!
//! On PostgreSQL everything is one transaction. On SQLite it is a file in a folder that counts as nothing until it is renamed.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection, query, query_scalar};

use super::BackupError;
use super::source::{postgres_tables, sqlite_tables};
use super::table::{Column, Kind, Table, Value, column_list, quoted};
use crate::config::Database;
use crate::platform::db::migrate;

/// Rows, values and bytes of one INSERT at most.
const ROWS_MAX: usize = 200;
const VALUES_MAX: usize = 10_000;
const BYTES_MAX: usize = 1 << 20;
/// Cursors that clients kept from the time that the restore lost must not lie ahead of what is announced from now on.
const EVENTS_SKIPPED: i64 = 1_000_000_000;

pub struct Target {
    connection: Connection,
    tables: Vec<Table>,
    /// Foreign keys that were taken off for as long as rows come in any order: how to put them on again.
    foreign_keys: Vec<String>,
    pending: Option<Pending>,
}

enum Connection {
    Lite(SqliteConnection),
    Pg(PgConnection),
}

/// Rows of one table that wait for their INSERT.
struct Pending {
    table: Table,
    /// As the target has them; they say how a NULL is bound.
    kinds: Vec<Kind>,
    rows: Vec<Vec<Value>>,
    bytes: usize,
    count: u64,
}

impl Target {
    /// Whether there is nothing yet in a PostgreSQL database.
    pub async fn is_empty(url: &str) -> Result<bool, BackupError> {
        let mut connection = PgConnectOptions::from_str(url)?.application_name("taskey restore").connect().await?;
        let sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";
        let tables: i64 = query_scalar(sql).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(tables == 0)
    }

    /// A database of that schema and without rows; SQLite's is made in `folder`.
    pub async fn make(folder: &Path, database: &Database, schema_version: i64) -> Result<Self, BackupError> {
        match database {
            Database::Sqlite => {
                let options = SqliteConnectOptions::new()
                    .filename(folder.join("taskey.db"))
                    .create_if_missing(true)
                    // Until it is whole and synced it counts for nothing.
                    .journal_mode(SqliteJournalMode::Delete)
                    .synchronous(SqliteSynchronous::Off)
                    .foreign_keys(false);
                let mut connection = options.connect().await?;
                migrate::sqlite(&mut connection, Some(schema_version)).await?;
                let tables = sqlite_tables(&mut connection).await?;
                connection.execute("BEGIN IMMEDIATE").await?;
                Ok(Self { connection: Connection::Lite(connection), tables, foreign_keys: Vec::new(), pending: None })
            }
            Database::Postgres(url) => {
                let mut connection = PgConnectOptions::from_str(url)?.application_name("taskey restore").connect().await?;
                connection.execute("BEGIN").await?;
                migrate::postgres(&mut connection, Some(schema_version)).await?;
                let tables = postgres_tables(&mut connection).await?;
                let foreign_keys = take_off_foreign_keys(&mut connection).await?;
                Ok(Self { connection: Connection::Pg(connection), tables, foreign_keys, pending: None })
            }
        }
    }

    /// The rows that follow are this table's.
    pub async fn begin_table(&mut self, table: Table) -> Result<(), BackupError> {
        let known = self.tables.iter().find(|known| known.name == table.name);
        let known = known.ok_or_else(|| BackupError::Unreadable(format!("a table `{}` that its schema does not have", table.name)))?;
        let kind_of = |column: &Column| known.columns.iter().find(|known| known.name == column.name).map(|known| known.kind);
        let kinds: Option<Vec<Kind>> = table.columns.iter().map(kind_of).collect();
        let kinds = kinds.ok_or_else(|| BackupError::Unreadable(format!("a column of `{}` that its schema does not have", table.name)))?;
        // What a migration may have put there is in the backup as it was.
        self.execute(&format!("DELETE FROM {}", quoted(&table.name))).await?;
        self.pending = Some(Pending { table, kinds, rows: Vec::new(), bytes: 0, count: 0 });
        Ok(())
    }

    pub async fn row(&mut self, row: Vec<Value>) -> Result<(), BackupError> {
        let pending = self.pending.as_mut().ok_or_else(|| BackupError::Unreadable("a row outside a table".to_owned()))?;
        if row.len() != pending.kinds.len() {
            return Err(BackupError::Unreadable(format!("a row of `{}` has {} values", pending.table.name, row.len())));
        }
        pending.bytes += row.iter().map(Value::size).sum::<usize>();
        pending.rows.push(row);
        pending.count += 1;
        let is_full =
            pending.rows.len() >= ROWS_MAX || pending.bytes >= BYTES_MAX || pending.rows.len() * pending.kinds.len() >= VALUES_MAX;
        if is_full { self.flush().await } else { Ok(()) }
    }

    /// The number of rows that the table has got, which must be the number that the backup tells.
    pub async fn end_table(&mut self, rows: u64) -> Result<(), BackupError> {
        self.flush().await?;
        let pending = self.pending.take().ok_or_else(|| BackupError::Unreadable("the end of no table".to_owned()))?;
        if pending.count != rows {
            return Err(BackupError::Unreadable(format!("`{}` has {} rows where {rows} are told", pending.table.name, pending.count)));
        }
        let Some(identity) = &pending.table.identity else { return Ok(()) };
        let skipped = if pending.table.name == "event" { EVENTS_SKIPPED } else { 0 };
        let next = identity.next.saturating_add(skipped);
        let (name, column) = (&pending.table.name, &identity.column);
        match &mut self.connection {
            Connection::Lite(connection) => {
                query("DELETE FROM sqlite_sequence WHERE name = $1").bind(name).execute(&mut *connection).await?;
                let insert = query("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)");
                insert.bind(name).bind(next - 1).execute(&mut *connection).await?;
            }
            Connection::Pg(connection) => {
                let set = query("SELECT setval(pg_get_serial_sequence($1, $2), $3, false)");
                set.bind(quoted(name)).bind(column).bind(next).execute(&mut *connection).await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), BackupError> {
        let Some(pending) = self.pending.as_mut() else { return Ok(()) };
        if pending.rows.is_empty() {
            return Ok(());
        }
        let width = pending.kinds.len();
        let places = |row: usize| (1..=width).map(|at| format!("${}", row * width + at)).collect::<Vec<_>>().join(", ");
        let rows: Vec<String> = (0..pending.rows.len()).map(|row| format!("({})", places(row))).collect();
        let sql =
            format!("INSERT INTO {} ({}) VALUES {}", quoted(&pending.table.name), column_list(&pending.table.columns), rows.join(", "));
        let kinds = pending.kinds.iter().copied().cycle();
        let values = std::mem::take(&mut pending.rows).into_iter().flatten().zip(kinds);
        pending.bytes = 0;
        macro_rules! bind_all {
            ($connection:expr) => {{
                let mut insert = query(AssertSqlSafe(sql));
                for (value, kind) in values {
                    insert = match (value, kind) {
                        (Value::Int(number), _) => insert.bind(number),
                        (Value::Real(number), _) => insert.bind(number),
                        (Value::Text(text), _) => insert.bind(text),
                        (Value::Bytes(bytes), _) => insert.bind(bytes),
                        (Value::Null, Kind::Int) => insert.bind(None::<i64>),
                        (Value::Null, Kind::Real) => insert.bind(None::<f64>),
                        (Value::Null, Kind::Text) => insert.bind(None::<String>),
                        (Value::Null, Kind::Bytes) => insert.bind(None::<Vec<u8>>),
                    };
                }
                insert.execute($connection).await?;
            }};
        }
        match &mut self.connection {
            Connection::Lite(connection) => bind_all!(connection),
            Connection::Pg(connection) => bind_all!(connection),
        }
        Ok(())
    }

    /// Brings the schema up to date and checks that everything holds together.
    pub async fn complete(&mut self) -> Result<(), BackupError> {
        match &mut self.connection {
            Connection::Lite(connection) => {
                connection.execute("COMMIT").await?;
                migrate::sqlite(connection, None).await?;
                let broken: Option<String> =
                    query_scalar("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1").fetch_optional(&mut *connection).await?;
                if let Some(table) = broken {
                    return Err(BackupError::Inconsistent(format!("a row of `{table}` points at one that is not there")));
                }
                let found: String = query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await?;
                if found != "ok" {
                    return Err(BackupError::Inconsistent(found));
                }
            }
            Connection::Pg(connection) => {
                for sql in std::mem::take(&mut self.foreign_keys) {
                    let put_on = connection.execute(AssertSqlSafe(sql)).await;
                    put_on.map_err(|error| BackupError::Inconsistent(error.to_string()))?;
                }
                migrate::postgres(connection, None).await?;
            }
        }
        Ok(())
    }

    /// Runs a statement of our own, with numbers in the place of its parameters.
    pub async fn adjust(&mut self, sql: &'static str, numbers: &[i64]) -> Result<(), BackupError> {
        macro_rules! run {
            ($connection:expr) => {{
                let statement = numbers.iter().fold(query(sql), |statement, number| statement.bind(*number));
                statement.execute($connection).await?;
            }};
        }
        match &mut self.connection {
            Connection::Lite(connection) => run!(connection),
            Connection::Pg(connection) => run!(connection),
        }
        Ok(())
    }

    /// Keeps what was written.
    pub async fn keep(self) -> Result<(), BackupError> {
        match self.connection {
            Connection::Lite(connection) => connection.close().await?,
            Connection::Pg(mut connection) => {
                connection.execute("COMMIT").await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    async fn execute(&mut self, sql: &str) -> Result<(), BackupError> {
        match &mut self.connection {
            Connection::Lite(connection) => connection.execute(AssertSqlSafe(sql)).await.map(|_| ())?,
            Connection::Pg(connection) => connection.execute(AssertSqlSafe(sql)).await.map(|_| ())?,
        }
        Ok(())
    }
}

/// Takes every foreign key off; the statements that put them on again, and check every row then.
async fn take_off_foreign_keys(connection: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    let sql = "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint \
               WHERE contype = 'f' AND connamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
    let keys: Vec<(String, String, String)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
    let mut put_on = Vec::new();
    for (table, name, definition) in keys {
        connection.execute(AssertSqlSafe(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"))).await?;
        put_on.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"));
    }
    Ok(put_on)
}
