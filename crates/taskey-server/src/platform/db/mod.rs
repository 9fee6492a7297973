//! The store: one SQL text for SQLite and PostgreSQL, behind a thin facade over sqlx.
//!
//! Reads go to a pool. Every write is an *op*: a plain function over a transaction and its input, given to [`Db::write`], which
//! may run it more than once. So an op does nothing but SQL on a bounded number of rows; ids, `now` and everything else it needs
//! come in its input. What an op announces is told to the process only after the commit.
//!
//! What differs between the two databases stays here: how a transaction begins, identity columns, how events are ordered.

pub mod events;
mod lite;
pub(crate) mod migrate;
mod pg;
mod tx;
mod val;

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use tokio::sync::Mutex;
pub use tx::Tx;
pub use val::{Args, FromCol, IntoVal, Row, Val};

use crate::platform::hub::Hub;

/// A statement's text with its place, registered so that a test can prepare each on both databases.
pub struct Statement {
    pub sql: &'static str,
    pub place: &'static str,
}

#[linkme::distributed_slice]
pub static STATEMENTS: [Statement];

/// A statement of fixed text with `$1, $2 …` for both databases; several parts are joined.
#[macro_export]
macro_rules! sql {
    ($($text:expr),+ $(,)?) => {{
        #[linkme::distributed_slice($crate::platform::db::STATEMENTS)]
        static STATEMENT: $crate::platform::db::Statement =
            $crate::platform::db::Statement { sql: concat!($($text),+), place: concat!(file!(), ":", line!()) };
        STATEMENT.sql
    }};
}

/// The values of a statement, in order.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::platform::db::IntoVal::into_val($value)),*] };
}

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the database refused a statement: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the column {column} holds what it should not: {detail}")]
    Column { column: String, detail: String },
    #[error("the transaction was given up by the database")]
    Aborted,
    #[error("the database's disk is full")]
    Full,
    #[error("the database was busy with others for too long")]
    Contention,
    #[error("the operation panicked")]
    Panicked,
    #[error("the store is closing")]
    Closed,
    #[error("{0}")]
    Migration(String),
}

impl DbError {
    /// Whether there was no room for what was to be written.
    pub fn is_full(&self) -> bool {
        match self {
            DbError::Full => true,
            // SQLite: FULL, IOERR_WRITE and IOERR_FSYNC, as a file that may not grow shows. PostgreSQL: disk_full.
            DbError::Sql(error) => error
                .as_database_error()
                .and_then(|error| error.code().map(|code| matches!(&*code, "13" | "778" | "1034" | "53100")))
                .unwrap_or(false),
            _ => false,
        }
    }
}

/// An op: re-runnable, its whole input in `I`.
pub type Op<I, T, E> = for<'a> fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>>;

#[derive(Clone)]
pub struct Db {
    engine: Engine,
    hub: Hub,
    recent: Arc<Mutex<events::Recent>>,
}

#[derive(Clone)]
enum Engine {
    Lite(lite::Lite),
    Pg(sqlx::PgPool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Db {
    /// Opens (and makes, where it is new) the SQLite database at `path`, and migrates it.
    pub async fn open_sqlite(path: &Path, hub: Hub) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .statement_cache_capacity(1_000)
            // In KiB, of each connection and only as far as it is used; beyond it pages come from the kernel, at a system call each.
            .pragma("cache_size", "-8192")
            // What is removed is overwritten: retention says that it is gone.
            .pragma("secure_delete", "on")
            .busy_timeout(std::time::Duration::from_secs(10));
        let mut writer = {
            use sqlx::ConnectOptions as _;
            // What a statement may have to take back is copied first, and need not go through a file.
            options.clone().pragma("temp_store", "memory").connect().await?
        };
        migrate::copy_before(&mut writer, path).await?;
        migrate::sqlite(&mut writer, None).await?;
        let readers = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(8)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await?;
        let lite = lite::Lite::start(writer, readers, hub.clone()).map_err(sqlx::Error::from)?;
        Ok(Self { engine: Engine::Lite(lite), hub, recent: Arc::default() })
    }

    /// Connects to PostgreSQL and migrates the database.
    pub async fn open_postgres(url: &str, hub: Hub) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url)?.application_name("taskey");
        let pool = PgPoolOptions::new().max_connections(16);
        // Statements keep their plans, also those that were made when a table was empty: an index must look cheap even then.
        let pool =
            pool.after_connect(|connection, _| Box::pin(async move { connection.execute("SET random_page_cost = 1.1").await.map(|_| ()) }));
        let pool = pool.connect_with(options).await?;
        migrate::postgres_pool(&pool).await?;
        Ok(Self { engine: Engine::Pg(pool), hub, recent: Arc::default() })
    }

    pub fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Lite(_) => Dialect::Sqlite,
            Engine::Pg(_) => Dialect::Postgres,
        }
    }

    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Runs an op and answers once its effects are on disk.
    ///
    /// On SQLite one writer commits what waits as a group, each op in a savepoint of its own. On PostgreSQL an op is one
    /// SERIALIZABLE transaction, run again when it collides. An `Err` from the op takes back what it did.
    pub async fn write<I, T, E>(&self, input: I, op: Op<I, T, E>) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.engine {
            Engine::Lite(lite) => lite.write(input, op).await,
            Engine::Pg(pool) => pg::write(pool, &self.hub, &input, op).await,
        }
    }

    pub async fn rows(&self, sql: &'static str, args: Args) -> Result<Vec<Row>, DbError> {
        match &self.engine {
            Engine::Lite(lite) => {
                let rows = val::bind_sqlite(sql, args).fetch_all(lite.readers()).await?;
                Ok(rows.into_iter().map(Row::Lite).collect())
            }
            Engine::Pg(pool) => {
                let rows = val::bind_postgres(sql, args).fetch_all(pool).await?;
                Ok(rows.into_iter().map(Row::Pg).collect())
            }
        }
    }

    /// The rows that a query of one row of values finds for many: what stands behind its `VALUES` is repeated.
    pub async fn rows_by(&self, sql: &'static str, rows: Vec<Args>) -> Result<Vec<Row>, DbError> {
        let mut found = Vec::new();
        for (text, args) in tx::in_parts(sql, rows) {
            let text = sqlx::AssertSqlSafe(text);
            match &self.engine {
                Engine::Lite(lite) => {
                    found.extend(val::bind_sqlite(text, args).fetch_all(lite.readers()).await?.into_iter().map(Row::Lite));
                }
                Engine::Pg(pool) => found.extend(val::bind_postgres(text, args).fetch_all(pool).await?.into_iter().map(Row::Pg)),
            }
        }
        Ok(found)
    }

    pub async fn row(&self, sql: &'static str, args: Args) -> Result<Option<Row>, DbError> {
        match &self.engine {
            Engine::Lite(lite) => Ok(val::bind_sqlite(sql, args).fetch_optional(lite.readers()).await?.map(Row::Lite)),
            Engine::Pg(pool) => Ok(val::bind_postgres(sql, args).fetch_optional(pool).await?.map(Row::Pg)),
        }
    }

    /// Prepares a statement without running it.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), DbError> {
        use sqlx::SqlSafeStr as _;
        match &self.engine {
            Engine::Lite(lite) => lite.readers().prepare(sql.into_sql_str()).await.map(|_| ())?,
            Engine::Pg(pool) => pool.prepare(sql.into_sql_str()).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Lets what was begun end, then closes the database.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Lite(lite) => lite.close().await,
            Engine::Pg(pool) => pool.close().await,
        }
    }
}

/// What reads rows: the pool outside an op, the transaction inside one.
pub trait Source: Send {
    fn rows(&mut self, sql: &'static str, args: Args) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;
    fn row(&mut self, sql: &'static str, args: Args) -> impl Future<Output = Result<Option<Row>, DbError>> + Send;
}

impl Source for &Db {
    async fn rows(&mut self, sql: &'static str, args: Args) -> Result<Vec<Row>, DbError> {
        Db::rows(self, sql, args).await
    }

    async fn row(&mut self, sql: &'static str, args: Args) -> Result<Option<Row>, DbError> {
        Db::row(self, sql, args).await
    }
}
