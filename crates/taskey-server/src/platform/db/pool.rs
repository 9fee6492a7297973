//! Connections that are lent, one to a statement or a transaction at a time.
//!
//! sqlx's own pool asks a connection whether it lives before and after each use: three rounds instead of one, to another thread on SQLite
//! and to another machine on PostgreSQL. Here only one that has rested is asked. One that was not given back, because whoever had it went
//! away in the middle of a statement, is closed when that has ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::Connection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout, timeout_at};

/// How long somebody waits for a connection.
const WAITED_MAX: Duration = Duration::from_secs(30);
/// A connection that rested for longer is asked whether it lives.
const ASKED_AFTER: Duration = Duration::from_millis(100);
/// So soon it answers.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);
/// One that rested for longer is closed.
const RESTS_MAX: Duration = Duration::from_secs(600);
/// And one that is older.
const AGE_MAX: Duration = Duration::from_secs(1_800);
/// Between two tries to reach a database that does not take connections just now; twice as long each time.
const TRIED_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

pub(super) struct Pool<C>(Arc<Inner<C>>);

struct Inner<C> {
    connect: Box<dyn Fn() -> BoxFuture<'static, sqlx::Result<C>> + Send + Sync>,
    places: Arc<Semaphore>,
    places_max: u32,
    /// The longest first.
    rested: Mutex<VecDeque<Rested<C>>>,
}

struct Rested<C> {
    connection: C,
    made: Instant,
    since: Instant,
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Connection + 'static> Pool<C> {
    /// Of at most `max` connections, each made when it is needed.
    pub fn new(max: u32, connect: impl Fn() -> BoxFuture<'static, sqlx::Result<C>> + Send + Sync + 'static) -> Self {
        let places = Arc::new(Semaphore::new(max as usize));
        Self(Arc::new(Inner { connect: Box::new(connect), places, places_max: max, rested: Mutex::default() }))
    }

    /// A connection that lives, once there is one: a database that is being started is waited for.
    pub async fn lend(&self) -> sqlx::Result<Lent<C>> {
        let deadline = tokio::time::Instant::now() + WAITED_MAX;
        let place = timeout_at(deadline, self.0.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut again = TRIED_AGAIN.0;
        loop {
            if let Some((connection, made)) = self.living().await {
                return Ok(Lent { held: Some(Held { connection, made, place }), pool: self.clone() });
            }
            let connected = timeout_at(deadline, (self.0.connect)()).await.map_err(|_| sqlx::Error::PoolTimedOut)?;
            match connected {
                Ok(connection) => return Ok(Lent { held: Some(Held { connection, made: Instant::now(), place }), pool: self.clone() }),
                Err(error) if is_not_ready(&error) && tokio::time::Instant::now() + again < deadline => sleep(again).await,
                Err(error) => return Err(error),
            }
            again = (again * 2).min(TRIED_AGAIN.1);
        }
    }

    /// The one that rested last, if it lives.
    async fn living(&self) -> Option<(C, Instant)> {
        let Rested { mut connection, made, since } = self.newest()?;
        if since.elapsed() < ASKED_AFTER || answers(&mut connection, ANSWERS_WITHIN).await {
            return Some((connection, made));
        }
        // Whatever became of it became of those that rest for longer.
        self.rested().clear();
        None
    }

    /// Closes it once everything lent was given back, or has ended.
    pub async fn close(&self) {
        if let Ok(all) = self.0.places.acquire_many(self.0.places_max).await {
            self.0.places.close();
            drop(all);
        }
        while let Some(rested) = self.newest() {
            let _ = rested.connection.close().await;
        }
    }

    fn newest(&self) -> Option<Rested<C>> {
        self.rested().pop_back()
    }

    fn rested(&self) -> MutexGuard<'_, VecDeque<Rested<C>>> {
        self.0.rested.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes a connection back, and its place after it.
    fn rest(&self, Held { connection, made, place }: Held<C>) {
        let since = Instant::now();
        if since.duration_since(made) < AGE_MAX {
            let mut rested = self.rested();
            rested.push_back(Rested { connection, made, since });
            let old = rested.partition_point(|rested| since.duration_since(rested.since) > RESTS_MAX);
            rested.drain(..old);
        }
        drop(place);
    }
}

async fn answers<C: Connection>(connection: &mut C, within: Duration) -> bool {
    timeout(within, connection.ping()).await.is_ok_and(|answer| answer.is_ok())
}

/// A connection that somebody has for a while.
pub(super) struct Lent<C: Connection + 'static> {
    /// `None` once it was given back.
    held: Option<Held<C>>,
    pool: Pool<C>,
}

struct Held<C> {
    connection: C,
    made: Instant,
    place: OwnedSemaphorePermit,
}

impl<C: Connection + 'static> Lent<C> {
    pub fn connection(&mut self) -> sqlx::Result<&mut C> {
        self.held.as_mut().map(|held| &mut held.connection).ok_or(sqlx::Error::PoolClosed)
    }

    /// Gives it back, unless it is of no use any more.
    pub fn give_back(mut self, is_usable: bool) {
        if let Some(held) = self.held.take().filter(|_| is_usable) {
            self.pool.rest(held);
        }
    }

    /// Gives it back after a statement.
    pub fn after<T>(self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        self.give_back(!outcome.as_ref().is_err_and(is_broken));
        outcome
    }
}

impl<C: Connection + 'static> Drop for Lent<C> {
    /// Whoever had it went away: what it was doing goes on until it has ended, and so long, up to half a minute, its place is taken. Then it is
    /// closed, since it may be in the middle of a transaction.
    fn drop(&mut self) {
        let Some(Held { mut connection, place, .. }) = self.held.take() else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if answers(&mut connection, WAITED_MAX).await {
                let _ = connection.close().await;
            }
            drop(place);
        });
    }
}

/// Whether a database does not take connections just now: it is being started, or has too many.
fn is_not_ready(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| matches!(&*code, "53300" | "57P03")),
        _ => false,
    }
}

/// Whether an error says that its connection is of no use any more.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL is shut down, or it was made to end this connection.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P03" | "57P05")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A pool of connections to databases of their own, and how many were made.
    fn pool(max: u32) -> (Pool<SqliteConnection>, Arc<AtomicUsize>) {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = made.clone();
        let pool = Pool::new(max, move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { SqliteConnectOptions::new().connect().await })
        });
        (pool, made)
    }

    #[tokio::test]
    async fn a_connection_that_was_given_back_is_lent_again_and_one_that_broke_is_not() {
        let (pool, made) = pool(2);
        for _ in 0..2 {
            let mut lent = pool.lend().await.unwrap();
            let outcome = lent.connection().unwrap().execute("SELECT 1").await;
            lent.after(outcome).unwrap();
        }
        let mut lent = pool.lend().await.unwrap();
        let refused = lent.connection().unwrap().execute("SELECT nothing").await;
        assert!(lent.after(refused).is_err(), "the statement is told; the connection is none the worse");
        pool.lend().await.unwrap().after(Ok(())).unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 1);
        let _ = pool.lend().await.unwrap().after(Err::<(), _>(sqlx::Error::WorkerCrashed));
        pool.lend().await.unwrap().after(Ok(())).unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn the_place_of_one_that_was_left_in_the_middle_of_a_statement_is_free_when_that_has_ended() {
        let (pool, made) = pool(1);
        let mut lent = pool.lend().await.unwrap();
        let count = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300000) SELECT max(n) FROM c";
        assert!(lent.connection().unwrap().execute(count).now_or_never().is_none());
        drop(lent);
        assert_eq!(pool.0.places.available_permits(), 0, "it goes on");
        let mut again = pool.lend().await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2, "and is closed afterwards");
        let outcome = again.connection().unwrap().execute("SELECT 1").await;
        again.after(outcome).unwrap();
        drop(pool.lend().await.unwrap());
        pool.close().await;
        assert_eq!(pool.rested().len(), 0, "closing waits for it too");
    }

    #[tokio::test]
    async fn a_database_that_is_not_ready_is_waited_for_and_another_fault_is_told() {
        let tries = Arc::new(AtomicUsize::new(0));
        let counter = tries.clone();
        let pool = Pool::new(1, move || {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                match number {
                    0 | 1 => Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into())),
                    2 => SqliteConnectOptions::new().connect().await,
                    _ => Err(sqlx::Error::Io(std::io::ErrorKind::PermissionDenied.into())),
                }
            })
        });
        pool.lend().await.unwrap().give_back(false);
        assert!(matches!(pool.lend().await, Err(sqlx::Error::Io(_))));
        assert_eq!((tries.load(Ordering::Relaxed), pool.0.places.available_permits()), (4, 1));
    }

    #[tokio::test]
    async fn no_more_are_lent_than_there_are_and_a_pool_that_is_closed_lends_none() {
        let (pool, made) = pool(1);
        let lent = pool.lend().await.unwrap();
        let mut waiting = Box::pin(pool.lend());
        assert!((&mut waiting).now_or_never().is_none());
        let mut closing = Box::pin(pool.close());
        assert!((&mut closing).now_or_never().is_none());
        lent.after(Ok(())).unwrap();
        waiting.await.unwrap().after(Ok(())).unwrap();
        closing.await;
        assert!(matches!(pool.lend().await, Err(sqlx::Error::PoolClosed)));
        assert_eq!((made.load(Ordering::Relaxed), pool.rested().len()), (1, 0));
    }

    #[tokio::test]
    async fn whoever_rested_long_is_asked_and_closed_after_some_time() {
        let (pool, made) = pool(3);
        let (one, two) = (pool.lend().await.unwrap(), pool.lend().await.unwrap());
        let long_ago = Instant::now().checked_sub(RESTS_MAX + Duration::from_secs(1)).unwrap();
        for mut lent in [one, two] {
            let Held { connection, made, .. } = lent.held.take().unwrap();
            pool.rested().push_back(Rested { connection, made, since: long_ago });
        }
        let lent = pool.lend().await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2, "it was asked, and it lives");
        lent.after(Ok(())).unwrap();
        assert_eq!(pool.rested().len(), 1, "the other has rested for too long");
        let mut old = pool.lend().await.unwrap();
        old.held.as_mut().unwrap().made = Instant::now().checked_sub(AGE_MAX).unwrap();
        old.after(Ok(())).unwrap();
        assert_eq!(pool.rested().len(), 0, "and this one is too old");
    }
}
