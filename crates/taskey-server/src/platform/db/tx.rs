//! One transaction, as an op sees it.

use serde::Serialize;
use sqlx::{PgConnection, SqliteConnection};

use super::val::{bind_postgres, bind_sqlite};
use super::{Args, DbError, Row, Source, events};

pub struct Tx<'c> {
    connection: Connection<'c>,
    /// Set when a statement failed for a reason that a second try may not meet.
    pub(super) collided: bool,
    /// Topics to wake after the commit.
    pub(super) wakes: Vec<String>,
}

enum Connection<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

impl<'c> Tx<'c> {
    pub(super) fn sqlite(connection: &'c mut SqliteConnection) -> Self {
        Self { connection: Connection::Lite(connection), collided: false, wakes: Vec::new() }
    }

    pub(super) fn postgres(connection: &'c mut PgConnection) -> Self {
        Self { connection: Connection::Pg(connection), collided: false, wakes: Vec::new() }
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, args: Args) -> Result<u64, DbError> {
        let result = match &mut self.connection {
            Connection::Lite(connection) => bind_sqlite(sql, args).execute(&mut **connection).await.map(|done| done.rows_affected()),
            Connection::Pg(connection) => bind_postgres(sql, args).execute(&mut **connection).await.map(|done| done.rows_affected()),
        };
        result.map_err(|error| self.failed(error))
    }

    /// Writes an event in this transaction. After the commit it wakes who listens to the organization or to the subject.
    pub async fn announce<T: Serialize + Sync>(&mut self, event: events::Announce<'_, T>) -> Result<(), DbError> {
        events::insert(self, &event).await?;
        self.wake(events::topic(event.organization));
        self.wake(event.subject.to_owned());
        self.wake(events::ALL.to_owned());
        Ok(())
    }

    /// Wakes a topic after the commit.
    pub fn wake(&mut self, topic: String) {
        if !self.wakes.contains(&topic) {
            self.wakes.push(topic);
        }
    }

    fn failed(&mut self, error: sqlx::Error) -> DbError {
        let code = error.as_database_error().and_then(|error| error.code());
        // 40001, 40P01: two transactions collided. 23505: another one inserted the same key first; a second run of the op sees it.
        let collided = matches!(code.as_deref(), Some("40001" | "40P01" | "23505"));
        if collided && matches!(self.connection, Connection::Pg(_)) {
            self.collided = true;
        }
        DbError::Sql(error)
    }
}

impl Source for Tx<'_> {
    async fn rows(&mut self, sql: &'static str, args: Args) -> Result<Vec<Row>, DbError> {
        let result = match &mut self.connection {
            Connection::Lite(connection) => {
                bind_sqlite(sql, args).fetch_all(&mut **connection).await.map(|rows| rows.into_iter().map(Row::Lite).collect())
            }
            Connection::Pg(connection) => {
                bind_postgres(sql, args).fetch_all(&mut **connection).await.map(|rows| rows.into_iter().map(Row::Pg).collect())
            }
        };
        result.map_err(|error| self.failed(error))
    }

    async fn row(&mut self, sql: &'static str, args: Args) -> Result<Option<Row>, DbError> {
        let result = match &mut self.connection {
            Connection::Lite(connection) => bind_sqlite(sql, args).fetch_optional(&mut **connection).await.map(|row| row.map(Row::Lite)),
            Connection::Pg(connection) => bind_postgres(sql, args).fetch_optional(&mut **connection).await.map(|row| row.map(Row::Pg)),
        };
        result.map_err(|error| self.failed(error))
    }
}
