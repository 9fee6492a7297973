//! PostgreSQL: an op is one SERIALIZABLE transaction, run again when it collides with another.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::lite::panicked;
use super::{DbError, Op, Tx};
use crate::platform::hub::Hub;

/// Tries of one op. Under heavy contention each try lets one other op through, so a few dozen are plenty.
const TRIES_MAX: u32 = 40;

pub(super) async fn write<I, T, E>(pool: &PgPool, hub: &Hub, input: &I, op: Op<I, T, E>) -> Result<T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    for attempt in 1..=TRIES_MAX {
        let mut connection = pool.acquire().await.map_err(DbError::from)?;
        match try_once(&mut connection, input, op).await {
            Tried::Done(value, wakes) => {
                for topic in wakes {
                    hub.wake(&topic);
                }
                return Ok(value);
            }
            Tried::Failed(error) => return Err(error),
            Tried::Collided => {
                drop(connection);
                back_off(attempt).await;
            }
        }
    }
    Err(DbError::Contention.into())
}

enum Tried<T, E> {
    Done(T, Vec<String>),
    Failed(E),
    Collided,
}

async fn try_once<I, T, E>(connection: &mut PgConnection, input: &I, op: Op<I, T, E>) -> Tried<T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    // Dropped without a commit, the transaction is rolled back before the connection is used again.
    let mut transaction = match connection.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await {
        Ok(transaction) => transaction,
        Err(error) => return Tried::Failed(DbError::from(error).into()),
    };
    let mut tx = Tx::postgres(&mut transaction);
    let outcome = AssertUnwindSafe(op(&mut tx, input)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&panic).into()));
    let (collided, wakes) = (tx.collided, std::mem::take(&mut tx.wakes));
    let value = match outcome {
        Ok(value) if !collided => value,
        Err(error) if !collided => return roll_back(transaction, Tried::Failed(error)).await,
        _ => return roll_back(transaction, Tried::Collided).await,
    };
    // What is refused here the server has taken back already.
    match transaction.commit().await {
        Ok(()) => Tried::Done(value, wakes),
        Err(error) if is_collision(&error) => Tried::Collided,
        Err(error) => Tried::Failed(DbError::from(error).into()),
    }
}

async fn roll_back<T, E>(transaction: sqlx::Transaction<'_, sqlx::Postgres>, tried: Tried<T, E>) -> Tried<T, E> {
    // The connection may be gone; then there is nothing to take back.
    let _ = transaction.rollback().await;
    tried
}

fn is_collision(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

async fn back_off(attempt: u32) {
    let random: [u8; 1] = taskey_proto::crypto::random().unwrap_or([128]);
    let cap_us = 500 * u64::from(attempt.min(20));
    tokio::time::sleep(Duration::from_micros(cap_us * u64::from(random[0]) / 255)).await;
}
