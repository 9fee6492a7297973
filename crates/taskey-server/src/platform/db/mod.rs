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
mod pool;
mod tx;
mod val;

use std::any::Any;
use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use pool::Pool;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection};
use tokio::sync::Mutex;
pub use tx::Tx;
pub use val::{Args, FromCol, IntoVal, Row, Val};

use crate::platform::gather::OfAll;
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

impl DbError {
    /// Whether the database could not be reached.
    pub fn is_away(&self) -> bool {
        matches!(self, DbError::Sql(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_)))
    }
}

impl OfAll for DbError {
    fn of_all(&self) -> Option<Self> {
        match self {
            DbError::Closed => Some(DbError::Closed),
            error if error.is_full() => Some(DbError::Full),
            error if error.is_away() => Some(DbError::Contention),
            _ => None,
        }
    }
}

fn panicked(panic: &Box<dyn Any + Send>) -> DbError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    tracing::error!(panic = text.unwrap_or_default(), "an operation panicked");
    DbError::Panicked
}

/// An op: re-runnable, its whole input in `I`.
pub type Op<I, T, E> = for<'a> fn(&'a mut Tx, &'a I) -> BoxFuture<'a, Result<T, E>>;

/// Connections that read on SQLite.
const READERS_MAX: u32 = 8;
/// Connections to PostgreSQL.
const CONNECTIONS_MAX: u32 = 16;
/// Statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 1_000;

/// What every connection to PostgreSQL begins with. Statements keep their plans, also those that were made when a table was empty: an index must
/// look cheap even then. And none takes as long as it would to start other processes for it, or to compile it.
const SESSION: &str = "SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0; SET jit = off";

#[derive(Clone)]
pub struct Db {
    engine: Engine,
    hub: Hub,
    recent: Arc<Mutex<events::Recent>>,
}

#[derive(Clone)]
enum Engine {
    Lite(lite::Lite),
    Pg(Pool<PgConnection>),
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
            .statement_cache_capacity(STATEMENTS_MAX)
            // Rows that are handed over before whoever reads them must take some: most lists fit.
            .row_buffer_size(256)
            // In KiB, of each connection and only as far as it is used; beyond it pages come from the kernel, at a system call each.
            .pragma("cache_size", "-8192")
            // What is removed is overwritten: retention says that it is gone.
            .pragma("secure_delete", "on")
            .busy_timeout(std::time::Duration::from_secs(10));
        // What a statement may have to take back is copied first, and need not go through a file. Pages that change often are written back
        // less often: the log grows to 16 MiB before it is.
        let mut writer = options.clone().pragma("temp_store", "memory").pragma("wal_autocheckpoint", "4000").connect().await?;
        migrate::copy_before(&mut writer, path).await?;
        migrate::sqlite(&mut writer, None).await?;
        let options = options.create_if_missing(false).read_only(true);
        let readers = Pool::new(READERS_MAX, move || {
            let options = options.clone();
            Box::pin(async move { options.connect().await })
        });
        readers.lend().await?.after(Ok(()))?;
        let lite = lite::Lite::start(writer, readers, hub.clone()).map_err(sqlx::Error::from)?;
        Ok(Self { engine: Engine::Lite(lite), hub, recent: Arc::default() })
    }

    /// Connects to PostgreSQL and migrates the database.
    pub async fn open_postgres(url: &str, hub: Hub) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url)?.application_name("taskey").statement_cache_capacity(STATEMENTS_MAX);
        let pool = Pool::new(CONNECTIONS_MAX, move || {
            let options = options.clone();
            Box::pin(async move {
                let mut connection = options.connect().await?;
                connection.execute(SESSION).await?;
                Ok(connection)
            })
        });
        let mut lent = pool.lend().await?;
        migrate::postgres_alone(lent.connection()?).await?;
        lent.after(Ok(()))?;
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
        self.rows_of(Cow::Borrowed(sql), args).await
    }

    /// The rows that a query of one row of values finds for many: what stands behind its `VALUES` is repeated.
    pub async fn rows_by(&self, sql: &'static str, rows: Vec<Args>) -> Result<Vec<Row>, DbError> {
        let mut found = Vec::new();
        for (text, args) in tx::in_parts(sql, rows) {
            found.extend(self.rows_of(Cow::Owned(text), args).await?);
        }
        Ok(found)
    }

    async fn rows_of(&self, sql: Cow<'static, str>, args: Args) -> Result<Vec<Row>, DbError> {
        let sql = sqlx::AssertSqlSafe(sql);
        match &self.engine {
            Engine::Lite(lite) => {
                let mut lent = lite.readers().lend().await?;
                let outcome = val::bind_sqlite(sql, args).fetch_all(lent.connection()?).await;
                Ok(lent.after(outcome)?.into_iter().map(Row::Lite).collect())
            }
            Engine::Pg(pool) => {
                let mut lent = pool.lend().await?;
                let outcome = val::bind_postgres(sql, args).fetch_all(lent.connection()?).await;
                Ok(lent.after(outcome)?.into_iter().map(Row::Pg).collect())
            }
        }
    }

    pub async fn row(&self, sql: &'static str, args: Args) -> Result<Option<Row>, DbError> {
        match &self.engine {
            Engine::Lite(lite) => {
                let mut lent = lite.readers().lend().await?;
                let outcome = val::bind_sqlite(sql, args).fetch_optional(lent.connection()?).await;
                Ok(lent.after(outcome)?.map(Row::Lite))
            }
            Engine::Pg(pool) => {
                let mut lent = pool.lend().await?;
                let outcome = val::bind_postgres(sql, args).fetch_optional(lent.connection()?).await;
                Ok(lent.after(outcome)?.map(Row::Pg))
            }
        }
    }

    /// Prepares a statement without running it.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), DbError> {
        use sqlx::SqlSafeStr as _;
        match &self.engine {
            Engine::Lite(lite) => {
                let mut lent = lite.readers().lend().await?;
                let outcome = lent.connection()?.prepare(sql.into_sql_str()).await.map(drop);
                lent.after(outcome)?;
            }
            Engine::Pg(pool) => {
                let mut lent = pool.lend().await?;
                let outcome = lent.connection()?.prepare(sql.into_sql_str()).await.map(drop);
                lent.after(outcome)?;
            }
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
