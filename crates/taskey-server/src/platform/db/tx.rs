//! One transaction, as an op sees it.

use std::borrow::Cow;

use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use super::val::{bind_postgres, bind_sqlite};
use super::{Args, DbError, Row, Source, events};

/// Rows of values in one statement at most.
const ROWS_MAX: usize = 32;

pub struct Tx<'c> {
    connection: Connection<'c>,
    /// Set when a statement failed for a reason that a second try may not meet.
    pub(super) collided: bool,
    /// Set when any statement failed: what was to follow it in one text was not done, and on PostgreSQL nothing can be committed any more.
    pub(super) has_failed: bool,
    /// Topics to wake after the commit.
    pub(super) wakes: Vec<String>,
    /// Statements that go with the next one, or at the end of the op.
    pending: Pending,
    /// Calls that have put a statement off, each perhaps several.
    calls: usize,
}

enum Connection<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

impl<'c> Tx<'c> {
    pub(super) fn sqlite(connection: &'c mut SqliteConnection) -> Self {
        Self {
            connection: Connection::Lite(connection),
            collided: false,
            has_failed: false,
            wakes: Vec::new(),
            pending: Pending::default(),
            calls: 0,
        }
    }

    /// In a transaction that begins with its first statement.
    pub(super) fn sqlite_begun(connection: &'c mut SqliteConnection) -> Self {
        let mut tx = Self::sqlite(connection);
        tx.pending.add("BEGIN IMMEDIATE", Args::new(), 0);
        tx
    }

    pub(super) fn postgres(connection: &'c mut PgConnection) -> Self {
        Self {
            connection: Connection::Pg(connection),
            collided: false,
            has_failed: false,
            wakes: Vec::new(),
            pending: Pending::default(),
            calls: 0,
        }
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, args: Args) -> Result<u64, DbError> {
        self.settle().await?;
        self.execute_now(sql, args).await
    }

    /// Runs a statement whose outcome nobody looks at. Each statement is a round to another thread and back, or to another machine: it
    /// goes together with the next that is waited for; in its order, and before the op ends.
    pub async fn later(&mut self, sql: &'static str, args: Args) -> Result<(), DbError> {
        self.calls += 1;
        self.put_off(sql, args).await
    }

    /// Runs a statement of one row of values for many, later: what stands behind its `VALUES` is repeated, for at most [`ROWS_MAX`] at
    /// once. No two of the rows may be about the same.
    pub async fn write_rows(&mut self, sql: &'static str, rows: Vec<Args>) -> Result<(), DbError> {
        let is_pg = matches!(self.connection, Connection::Pg(_));
        // There few rows go into a text with others, which is another for each number of them anyway; of many each part goes by itself, so
        // that its text is soon known.
        let (are_few, are_many) = (is_pg && rows.len() <= ROWS_MAX, is_pg && rows.len() > ROWS_MAX);
        self.calls += 1;
        for (text, args) in in_parts_of(sql, rows, if are_few { exactly } else { power_of_two }) {
            self.put_off(&text, args).await?;
            if are_many {
                self.settle().await?;
            }
        }
        Ok(())
    }

    /// Puts a statement of the newest call behind what waits.
    async fn put_off(&mut self, sql: &str, args: Args) -> Result<(), DbError> {
        let is_pg = matches!(self.connection, Connection::Pg(_));
        if self.pending.is_full() || is_pg && !self.pending.is_independent_of(sql, self.calls) {
            self.settle().await?;
        }
        self.pending.add(sql, args, self.calls);
        Ok(())
    }

    /// The same of a statement that returns rows.
    pub async fn write_rows_returning(&mut self, sql: &'static str, rows: Vec<Args>) -> Result<Vec<Row>, DbError> {
        let mut returned = Vec::new();
        for (text, args) in in_parts(sql, rows) {
            returned.extend(self.rows_of(Cow::Owned(text), args).await?);
        }
        Ok(returned)
    }

    async fn rows_of(&mut self, sql: Cow<'static, str>, args: Args) -> Result<Vec<Row>, DbError> {
        let (text, args) = self.behind_what_waits(sql, args).await?;
        let result = match &mut self.connection {
            Connection::Lite(connection) => {
                let rows = bind_sqlite(AssertSqlSafe(text), args).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Lite).collect())
            }
            Connection::Pg(connection) => {
                let rows = bind_postgres(AssertSqlSafe(text), args).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Pg).collect())
            }
        };
        result.map_err(|error| self.failed(error))
    }

    /// A query that comes after what waits: on SQLite in one text with it, on PostgreSQL in a round of its own.
    async fn behind_what_waits(&mut self, sql: Cow<'static, str>, args: Args) -> Result<(Cow<'static, str>, Args), DbError> {
        if matches!(self.connection, Connection::Lite(_)) {
            return Ok(std::mem::take(&mut self.pending).before(sql, args));
        }
        self.settle().await?;
        Ok((sql, args))
    }

    /// Runs what waits. An op has ended only after this.
    pub(super) async fn settle(&mut self) -> Result<(), DbError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let result = match &mut self.connection {
            Connection::Lite(connection) => {
                let (text, args) = pending.one_after_another();
                bind_sqlite(AssertSqlSafe(text), args).execute(&mut **connection).await.map(|_| ())
            }
            Connection::Pg(connection) => {
                let (text, args) = pending.all_at_once();
                bind_postgres(AssertSqlSafe(text), args).execute(&mut **connection).await.map(|_| ())
            }
        };
        result.map_err(|error| self.failed(error))
    }

    /// Runs what waits on SQLite, and commits.
    pub(super) async fn commit(&mut self) -> Result<(), DbError> {
        self.pending.add("COMMIT", Args::new(), 0);
        self.settle().await
    }

    async fn execute_now(&mut self, sql: &'static str, args: Args) -> Result<u64, DbError> {
        let result = match &mut self.connection {
            Connection::Lite(connection) => {
                bind_sqlite(AssertSqlSafe(Cow::Borrowed(sql)), args).execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            Connection::Pg(connection) => bind_postgres(sql, args).execute(&mut **connection).await.map(|done| done.rows_affected()),
        };
        result.map_err(|error| self.failed(error))
    }

    /// Writes an event in this transaction. After the commit it wakes who listens to the organization or to the subject.
    pub async fn announce<T: Serialize>(&mut self, event: events::Announce<'_, T>) -> Result<(), DbError> {
        self.announce_all(&[&event.made()?]).await
    }

    /// The same of several events, in their order.
    pub async fn announce_all(&mut self, events: &[&events::Announced]) -> Result<(), DbError> {
        events::insert(self, events).await?;
        for event in events {
            self.wake(events::topic(event.organization));
            self.wake(event.subject.clone());
        }
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
        self.has_failed = true;
        DbError::Sql(error)
    }
}

impl Source for Tx<'_> {
    async fn rows(&mut self, sql: &'static str, args: Args) -> Result<Vec<Row>, DbError> {
        self.rows_of(Cow::Borrowed(sql), args).await
    }

    async fn row(&mut self, sql: &'static str, args: Args) -> Result<Option<Row>, DbError> {
        let (text, args) = self.behind_what_waits(Cow::Borrowed(sql), args).await?;
        let text = AssertSqlSafe(text);
        let result = match &mut self.connection {
            Connection::Lite(connection) => bind_sqlite(text, args).fetch_optional(&mut **connection).await.map(|row| row.map(Row::Lite)),
            Connection::Pg(connection) => bind_postgres(text, args).fetch_optional(&mut **connection).await.map(|row| row.map(Row::Pg)),
        };
        result.map_err(|error| self.failed(error))
    }
}

/// Statements whose outcome nobody looks at, their values numbered through.
#[derive(Default)]
struct Pending {
    statements: Vec<Waiting>,
    args: Args,
}

struct Waiting {
    text: String,
    /// The table that it writes, where it reads no other.
    table: Option<String>,
    /// The number of the call that it is of.
    call: usize,
}

impl Pending {
    /// More at once would make texts that are hardly ever the same, and are prepared anew.
    const COUNT_MAX: usize = 16;

    fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    fn is_full(&self) -> bool {
        self.statements.len() >= Self::COUNT_MAX
    }

    /// Whether it is all the same if a statement of a call comes after these or at the same time: none reads, and those of other calls write
    /// another table.
    fn is_independent_of(&self, sql: &str, call: usize) -> bool {
        let Some(table) = written_table(sql) else { return self.is_empty() };
        let mut others = self.statements.iter();
        others.all(|other| other.table.as_ref().is_some_and(|written| written != table || other.call == call))
    }

    fn add(&mut self, sql: &str, args: Args, call: usize) {
        let mut text = String::with_capacity(sql.len());
        append_numbered(&mut text, sql, self.args.len());
        self.statements.push(Waiting { text, table: written_table(sql).map(str::to_owned), call });
        self.args.extend(args);
    }

    fn one_after_another(self) -> (Cow<'static, str>, Args) {
        let texts: Vec<String> = self.statements.into_iter().map(|statement| statement.text).collect();
        (Cow::Owned(texts.join(";\n")), self.args)
    }

    /// As one statement, of those that are independent of each other. PostgreSQL says nothing of their order and begins with the last: they
    /// are given the other way round, so that locks are taken as they are on SQLite and as they would be one by one.
    fn all_at_once(mut self) -> (Cow<'static, str>, Args) {
        if self.statements.len() == 1 {
            return (Cow::Owned(self.statements.remove(0).text), self.args);
        }
        let mut text = String::new();
        for (number, statement) in self.statements.iter().rev().enumerate() {
            text.push_str(if number == 0 { "WITH " } else { ",\n" });
            text.push_str(&format!("write{number} AS ({})", statement.text));
        }
        text.push_str("\nSELECT");
        (Cow::Owned(text), self.args)
    }

    /// These statements, and one more behind them that has rows.
    fn before(mut self, sql: Cow<'static, str>, args: Args) -> (Cow<'static, str>, Args) {
        if self.is_empty() {
            return (sql, args);
        }
        self.add(&sql, args, 0);
        self.one_after_another()
    }
}

/// The table that a statement writes which reads nothing else; `None` of others.
fn written_table(sql: &str) -> Option<&str> {
    if sql.contains("SELECT") || sql.contains(" USING ") {
        return None;
    }
    // `WITH name (…) AS (VALUES …) UPDATE table … FROM name` reads its values alone.
    let (values, main) = match sql.strip_prefix("WITH ") {
        Some(rest) => (rest.split([' ', '(']).next(), &rest[rest.find("UPDATE ")?..]),
        None => (None, sql),
    };
    let mut words = main.split([' ', '(']);
    match words.next()? {
        "INSERT" | "DELETE" => words.nth(1),
        "UPDATE" => {
            let source = main.split_once(" FROM ").map(|(_, from)| from.split(' ').next());
            words.next().filter(|_| source.is_none_or(|source| source == values))
        }
        _ => None,
    }
}

/// Texts of a statement of one row, for many rows; by powers of two, so that there are few, which are soon known to the database.
pub(super) fn in_parts(sql: &'static str, rows: Vec<Args>) -> impl Iterator<Item = (String, Args)> {
    in_parts_of(sql, rows, power_of_two)
}

/// Of so many rows as `size` makes of those that are left.
fn in_parts_of(sql: &'static str, rows: Vec<Args>, size: fn(usize) -> Option<usize>) -> impl Iterator<Item = (String, Args)> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let count = size(rows.len().min(ROWS_MAX))?;
        Some((repeated(sql, count), rows.by_ref().take(count).flatten().collect()))
    })
}

fn power_of_two(left: usize) -> Option<usize> {
    Some(1 << left.checked_ilog2()?)
}

fn exactly(left: usize) -> Option<usize> {
    (left > 0).then_some(left)
}

/// A statement of one row of values as one of `count` rows.
fn repeated(sql: &str, count: usize) -> String {
    let (head, row, tail) = around_row(sql);
    // Every value of a row is numbered, the last of them highest.
    let width = row.split('$').skip(1).filter_map(|part| part.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).max();
    let mut text = format!("{head}{row}");
    for number in 1..count {
        text.push_str(", ");
        append_numbered(&mut text, row, number * width.unwrap_or(0));
    }
    text.push_str(tail);
    text
}

/// What stands before the row behind `VALUES`, the row in its brackets, and what comes behind.
fn around_row(sql: &str) -> (&str, &str, &str) {
    let start = sql.find("VALUES (").map_or(sql.len(), |at| at + "VALUES ".len());
    let mut depth = 0;
    let end = sql[start..].find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    let end = end.map_or(sql.len(), |at| start + at + 1);
    (&sql[..start], &sql[start..end], &sql[end..])
}

/// Appends a statement whose `$1` becomes the value after the first `offset`.
fn append_numbered(text: &mut String, sql: &str, offset: usize) {
    if offset == 0 {
        return text.push_str(sql);
    }
    let mut parts = sql.split('$');
    text.extend(parts.next());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = part[..digits].parse().unwrap_or_default();
        text.push('$');
        text.push_str(&(number + offset).to_string());
        text.push_str(&part[digits..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    #[test]
    fn a_row_is_repeated_with_its_values_numbered_through() {
        let one = "INSERT INTO a (b, c, d) VALUES ($1, CAST($2 AS TEXT), $1) ON CONFLICT (b) DO NOTHING";
        assert_eq!(repeated(one, 1), one);
        let three = "INSERT INTO a (b, c, d) VALUES ($1, CAST($2 AS TEXT), $1), ($3, CAST($4 AS TEXT), $3), ($5, CAST($6 AS TEXT), $5) \
                     ON CONFLICT (b) DO NOTHING";
        assert_eq!(repeated(one, 3), three);
    }

    #[test]
    fn rows_go_in_parts_of_few_sizes() {
        let rows = |count: i64| (0..count).map(|number| args![number]).collect();
        let sizes = |count| in_parts("INSERT INTO a VALUES ($1)", rows(count)).map(|(_, args)| args.len()).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(77), [32, 32, 8, 4, 1]);
        let exact = in_parts_of("INSERT INTO a VALUES ($1)", rows(77), exactly).map(|(_, args)| args.len()).collect::<Vec<_>>();
        assert_eq!(exact, [32, 32, 13]);
        let all: Args = in_parts("INSERT INTO a VALUES ($1)", rows(77)).flat_map(|(_, args)| args).collect();
        assert_eq!(all, rows(77).into_iter().flatten().collect::<Args>(), "in their order");
    }

    #[test]
    fn statements_that_wait_go_before_the_next_with_their_values_numbered_through() {
        let mut pending = Pending::default();
        pending.add("INSERT INTO a VALUES ($1, $2)", args![1i64, 2i64], 1);
        pending.add("UPDATE b SET c = $2 WHERE d = $1", args![3i64, 4i64], 2);
        let (text, values) = pending.before(Cow::Borrowed("SELECT $1"), args![5i64]);
        assert_eq!(text, "INSERT INTO a VALUES ($1, $2);\nUPDATE b SET c = $4 WHERE d = $3;\nSELECT $5");
        assert_eq!(values, args![1i64, 2i64, 3i64, 4i64, 5i64]);
        assert!(Pending::default().is_independent_of("SELECT 1", 0), "what is alone may be anything");
        let (alone, _) = Pending::default().before(Cow::Borrowed("SELECT $1"), args![5i64]);
        assert!(matches!(alone, Cow::Borrowed("SELECT $1")), "what is alone is not copied");
    }

    #[test]
    fn only_what_is_independent_goes_as_one_statement() {
        let mut pending = Pending::default();
        pending.add("INSERT INTO a VALUES ($1)", args![1i64], 1);
        pending.add("UPDATE b SET c = $2 WHERE d = $1", args![2i64, 3i64], 2);
        assert!(pending.is_independent_of("DELETE FROM c WHERE d = $1", 3));
        assert!(pending.is_independent_of("WITH t (e) AS (VALUES ($1)) UPDATE c SET d = t.e FROM t", 3));
        assert!(pending.is_independent_of("INSERT INTO b VALUES ($1)", 2), "other rows of the same");
        let dependent = [
            "DELETE FROM a WHERE b = $1",
            "UPDATE a SET b = $1",
            "INSERT INTO a(b) VALUES ($1)",
            "INSERT INTO c SELECT d FROM e",
            "UPDATE c SET d = a.b FROM a",
            "WITH t (e) AS (VALUES ($1)) UPDATE c SET d = a.b FROM a",
            "DELETE FROM c USING a WHERE c.d = a.b",
            "LOCK TABLE c",
        ];
        dependent.iter().for_each(|sql| assert!(!pending.is_independent_of(sql, 3), "{sql}"));
        pending.add("DELETE FROM c WHERE d = $1", args![4i64], 3);
        let (text, values) = pending.all_at_once();
        let one = "WITH write0 AS (DELETE FROM c WHERE d = $4),\nwrite1 AS (UPDATE b SET c = $3 WHERE d = $2),\n\
                   write2 AS (INSERT INTO a VALUES ($1))\nSELECT";
        assert_eq!((&*text, values), (one, args![1i64, 2i64, 3i64, 4i64]));
        let mut reads = Pending::default();
        reads.add("INSERT INTO a SELECT b FROM c", args![], 1);
        assert!(!reads.is_independent_of("INSERT INTO d VALUES ($1)", 2));
        assert_eq!(reads.all_at_once().0, "INSERT INTO a SELECT b FROM c");
    }
}
