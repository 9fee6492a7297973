//! SQLite: one writer that commits what waits as one group.
//!
//! Hardly any op fails, so a group runs straight through at first. Where one does, everything is taken back and the group runs again,
//! each op in a savepoint, so that one that fails takes back only its own; an op that is alone has the transaction for that. SQLite
//! may give up the whole transaction by itself (a full disk, an I/O error): then nothing of the group is answered as done, and
//! each op of it is run again alone.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::pool::Pool;
use super::{DbError, Op, Tx, panicked};
use crate::platform::hub::Hub;

/// Ops committed together at most.
const GROUP_MAX: usize = 256;
/// Ops that may wait for the writer; beyond that callers wait to hand theirs over.
const QUEUE_MAX: usize = 4_096;

#[derive(Clone)]
pub(super) struct Lite {
    queue: mpsc::Sender<Message>,
    readers: Pool<SqliteConnection>,
}

enum Message {
    Run(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

impl Lite {
    /// Starts the writer on a thread of its own: each statement is a round to SQLite's thread and back, and waking one thread
    /// that does nothing else takes a fraction of what the scheduler needs to wake a task.
    pub fn start(writer: SqliteConnection, readers: Pool<SqliteConnection>, hub: Hub) -> std::io::Result<Self> {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let writer = Writer { connection: writer, hub };
        let runtime = Handle::current();
        std::thread::Builder::new().name("db-writer".to_owned()).spawn(move || runtime.block_on(writer.run(receiver)))?;
        Ok(Self { queue, readers })
    }

    pub fn readers(&self) -> &Pool<SqliteConnection> {
        &self.readers
    }

    pub async fn write<I, T, E>(&self, input: I, op: Op<I, T, E>) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = TypedJob { input, op, outcome: None, answer: Some(answer) };
        if self.queue.send(Message::Run(Box::new(job))).await.is_err() {
            return Err(DbError::Closed.into());
        }
        answered.await.unwrap_or_else(|_| Err(DbError::Closed.into()))
    }

    pub async fn close(&self) {
        // Whoever closes last moves the log into the database and removes it, which readers may not.
        self.readers.close().await;
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

/// An op with its input and the caller who waits for it; its types are erased so that ops of all kinds share a queue.
trait Job: Send {
    /// Runs the op once, with all that waits at its end; true when it succeeded. The outcome is held back until [`Job::answer`].
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>, end: End) -> BoxFuture<'a, bool>;
    fn fail(&mut self, error: DbError);
    fn answer(self: Box<Self>);
}

struct TypedJob<I, T, E> {
    input: I,
    op: Op<I, T, E>,
    outcome: Option<Result<T, E>>,
    answer: Option<oneshot::Sender<Result<T, E>>>,
}

impl<I, T, E> Job for TypedJob<I, T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>, end: End) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let outcome = AssertUnwindSafe(run_op(self.op, tx, &self.input, end)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&panic).into()));
            let succeeded = outcome.is_ok();
            self.outcome = Some(outcome);
            succeeded
        })
    }

    fn fail(&mut self, error: DbError) {
        self.outcome = Some(Err(error.into()));
    }

    fn answer(mut self: Box<Self>) {
        if let (Some(answer), Some(outcome)) = (self.answer.take(), self.outcome.take()) {
            // The caller may have gone away: the op is done all the same.
            let _ = answer.send(outcome);
        }
    }
}

async fn run_op<I, T, E: From<DbError>>(op: Op<I, T, E>, tx: &mut Tx<'_>, input: &I, end: End) -> Result<T, E> {
    let value = op(tx, input).await?;
    if tx.has_failed {
        tracing::error!("an op went on after a statement had failed");
        return Err(DbError::Aborted.into());
    }
    match end {
        End::Op => tx.settle().await?,
        End::Transaction => tx.commit().await?,
    }
    Ok(value)
}

struct Writer {
    connection: SqliteConnection,
    hub: Hub,
}

/// Why a group was not committed.
enum Undone {
    /// One of several ops failed that had no savepoints.
    Op,
    /// SQLite gave the transaction up, or refused the commit.
    Transaction(DbError),
}

/// What ends with an op.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Op,
    /// It has a transaction of its own.
    Transaction,
}

/// How the ops of a group are kept apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    /// Not at all: none may fail.
    No,
    BySavepoints,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        while let Some(message) = queue.recv().await {
            let mut group = Vec::new();
            let mut closing = None;
            let mut next = Some(message);
            while let Some(message) = next {
                match message {
                    Message::Run(job) => group.push(job),
                    Message::Close(done) => closing = Some(done),
                }
                let room = closing.is_none() && group.len() < GROUP_MAX;
                next = if room { queue.try_recv().ok() } else { None };
            }
            self.write_group(group).await;
            if let Some(done) = closing {
                let _ = self.connection.close().await;
                let _ = done.send(());
                return;
            }
        }
    }

    async fn write_group(&mut self, mut group: Vec<Box<dyn Job>>) {
        if group.is_empty() {
            return;
        }
        let mut outcome = self.try_group(&mut group, Apart::No).await;
        if matches!(outcome, Err(Undone::Op)) {
            outcome = self.try_group(&mut group, Apart::BySavepoints).await;
        }
        if outcome.is_err() && group.len() > 1 {
            for mut job in group {
                let alone = self.try_group(std::slice::from_mut(&mut job), Apart::No).await;
                answer_all(vec![job], alone.err());
            }
            return;
        }
        answer_all(group, outcome.err());
    }

    async fn try_group(&mut self, group: &mut [Box<dyn Job>], apart: Apart) -> Result<(), Undone> {
        let result = self.run_in_transaction(group, apart).await;
        if result.is_err() {
            // There may be no transaction left to take back.
            let _ = self.connection.execute("ROLLBACK").await;
        }
        result
    }

    async fn run_in_transaction(&mut self, group: &mut [Box<dyn Job>], apart: Apart) -> Result<(), Undone> {
        if let [job] = group {
            self.run_alone(job).await;
            return Ok(());
        }
        let mut wakes = BTreeSet::new();
        self.statement("BEGIN IMMEDIATE").await?;
        for job in group.iter_mut() {
            if apart == Apart::BySavepoints {
                self.statement("SAVEPOINT op").await?;
            }
            let mut tx = Tx::sqlite(&mut self.connection);
            let succeeded = job.run(&mut tx, End::Op).await;
            if succeeded {
                wakes.extend(tx.wakes);
            } else if apart == Apart::No {
                return Err(Undone::Op);
            } else {
                self.statement("ROLLBACK TO op").await?;
            }
            if apart == Apart::BySavepoints {
                // Fails when SQLite has given the transaction up in the meantime: the savepoint went with it.
                self.statement("RELEASE op").await?;
            }
        }
        self.statement("COMMIT").await?;
        self.wake(wakes);
        Ok(())
    }

    /// The transaction begins with the op's first statement and is committed with what of it waits at its end: few ops need more than
    /// one round for all that.
    async fn run_alone(&mut self, job: &mut Box<dyn Job>) {
        let mut tx = Tx::sqlite_begun(&mut self.connection);
        if job.run(&mut tx, End::Transaction).await {
            let wakes = tx.wakes.into_iter().collect();
            return self.wake(wakes);
        }
        // There is none where it had not begun, or SQLite has given it up.
        let _ = self.connection.execute("ROLLBACK").await;
    }

    fn wake(&self, topics: BTreeSet<String>) {
        topics.iter().for_each(|topic| self.hub.wake(topic));
    }

    async fn statement(&mut self, sql: &'static str) -> Result<(), Undone> {
        self.connection.execute(sql).await.map(|_| ()).map_err(|error| Undone::Transaction(error.into()))
    }
}

fn answer_all(group: Vec<Box<dyn Job>>, undone: Option<Undone>) {
    let is_full = match undone {
        None => return group.into_iter().for_each(|job| job.answer()),
        Some(Undone::Transaction(cause)) => {
            tracing::error!(error = %cause, "a transaction was not committed");
            cause.is_full()
        }
        // Does not come here: with savepoints, and alone, an op's failure is its own.
        Some(Undone::Op) => {
            tracing::error!("an op failed that had no savepoint");
            false
        }
    };
    for mut job in group {
        job.fail(if is_full { DbError::Full } else { DbError::Aborted });
        job.answer();
    }
}
