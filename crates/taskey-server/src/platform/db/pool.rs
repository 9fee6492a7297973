//! Connections that are lent, one to a statement or a transaction at a time.
//!
//! sqlx's own pool asks a connection whether it lives before and after each use: three rounds instead of one, to another thread on SQLite
//! and to another machine on PostgreSQL. Here only one that has rested is asked. What is not given back is closed: whoever had it went
//! away in the middle of a statement, or it broke.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long somebody waits for a connection.
const WAITED_MAX: Duration = Duration::from_secs(30);
/// A connection that rested for longer is asked whether it lives.
const ASKED_AFTER: Duration = Duration::from_millis(100);
/// One that rested for longer is closed.
const RESTS_MAX: Duration = Duration::from_secs(600);

pub(super) struct Pool<C>(Arc<Inner<C>>);

struct Inner<C> {
    connect: Box<dyn Fn() -> BoxFuture<'static, sqlx::Result<C>> + Send + Sync>,
    places: Arc<Semaphore>,
    places_max: u32,
    /// The longest first.
    rested: Mutex<VecDeque<(C, Instant)>>,
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Connection> Pool<C> {
    /// Of at most `max` connections, each made when it is needed.
    pub fn new(max: u32, connect: impl Fn() -> BoxFuture<'static, sqlx::Result<C>> + Send + Sync + 'static) -> Self {
        let places = Arc::new(Semaphore::new(max as usize));
        Self(Arc::new(Inner { connect: Box::new(connect), places, places_max: max, rested: Mutex::default() }))
    }

    pub async fn lend(&self) -> sqlx::Result<Lent<C>> {
        let place = tokio::time::timeout(WAITED_MAX, self.0.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let lent = |connection| Lent { connection, pool: self.clone(), _place: place };
        while let Some((mut connection, since)) = self.newest() {
            if since.elapsed() < ASKED_AFTER || connection.ping().await.is_ok() {
                return Ok(lent(connection));
            }
        }
        (self.0.connect)().await.map(lent)
    }

    /// Closes it once everything lent was given back.
    pub async fn close(&self) {
        if let Ok(all) = self.0.places.acquire_many(self.0.places_max).await {
            self.0.places.close();
            drop(all);
        }
        while let Some((connection, _)) = self.newest() {
            let _ = connection.close().await;
        }
    }

    fn newest(&self) -> Option<(C, Instant)> {
        self.rested().pop_back()
    }

    fn rested(&self) -> MutexGuard<'_, VecDeque<(C, Instant)>> {
        self.0.rested.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn rest(&self, connection: C) {
        let now = Instant::now();
        let mut rested = self.rested();
        rested.push_back((connection, now));
        let old = rested.partition_point(|(_, since)| now.duration_since(*since) > RESTS_MAX);
        rested.drain(..old);
    }
}

/// A connection that is closed unless it is given back.
pub(super) struct Lent<C> {
    connection: C,
    pool: Pool<C>,
    _place: OwnedSemaphorePermit,
}

impl<C: Connection> Lent<C> {
    pub fn connection(&mut self) -> &mut C {
        &mut self.connection
    }

    pub fn give_back(self) {
        self.pool.rest(self.connection);
    }

    /// Gives it back after a statement, unless that says that it is broken.
    pub fn after<T>(self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        if !outcome.as_ref().is_err_and(is_broken) {
            self.give_back();
        }
        outcome
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
    async fn a_connection_that_was_given_back_is_lent_again_and_one_that_was_not_is_closed() {
        let (pool, made) = pool(2);
        for expected in [1, 1] {
            let mut lent = pool.lend().await.unwrap();
            let outcome = lent.connection().execute("SELECT 1").await;
            lent.after(outcome).unwrap();
            assert_eq!(made.load(Ordering::Relaxed), expected);
        }
        let mut lent = pool.lend().await.unwrap();
        let refused = lent.connection().execute("SELECT nothing").await;
        assert!(lent.after(refused).is_err(), "the statement is told; the connection is none the worse");
        drop(pool.lend().await.unwrap());
        assert_eq!(made.load(Ordering::Relaxed), 1);
        pool.lend().await.unwrap().after(Ok(())).unwrap();
        let _ = pool.lend().await.unwrap().after(Err::<(), _>(sqlx::Error::WorkerCrashed));
        pool.lend().await.unwrap().after(Ok(())).unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 3);
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
        for lent in [one, two] {
            pool.rested().push_back((lent.connection, long_ago));
        }
        let lent = pool.lend().await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2, "it was asked, and it lives");
        lent.after(Ok(())).unwrap();
        assert_eq!(pool.rested().len(), 1, "the other has rested for too long");
    }
}
