//! PostgreSQL: an op is one SERIALIZABLE transaction, run again when it collides with another.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::{Connection as _, PgConnection};

use super::pool::{Pool, is_broken};
use super::{DbError, Op, Tx, panicked};
use crate::platform::hub::Hub;

/// Tries of one op. Under heavy contention each try lets one other op through, so a few dozen are plenty.
const TRIES_MAX: u32 = 40;

pub(super) async fn write<I, T, E>(pool: &Pool<PgConnection>, hub: &Hub, input: &I, op: Op<I, T, E>) -> Result<T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    for attempt in 1..=TRIES_MAX {
        let mut lent = pool.lend().await.map_err(DbError::from)?;
        let (tried, is_usable) = try_once(lent.connection().map_err(DbError::from)?, input, op).await;
        lent.give_back(is_usable);
        match tried {
            Tried::Done(value, wakes) => {
                for topic in wakes {
                    hub.wake(&topic);
                }
                return Ok(value);
            }
            Tried::Failed(error) => return Err(error),
            Tried::Collided => back_off(attempt).await,
        }
    }
    Err(DbError::Contention.into())
}

enum Tried<T, E> {
    Done(T, Vec<String>),
    Failed(E),
    Collided,
}

/// What came of a try, and whether its connection is of use for another.
async fn try_once<I, T, E>(connection: &mut PgConnection, input: &I, op: Op<I, T, E>) -> (Tried<T, E>, bool)
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let mut transaction = match connection.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await {
        Ok(transaction) => transaction,
        Err(error) => return (Tried::Failed(DbError::from(error).into()), false),
    };
    let mut tx = Tx::postgres(&mut transaction);
    let outcome = AssertUnwindSafe(run_op(op, &mut tx, input)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&panic).into()));
    let (collided, has_failed, wakes) = (tx.collided, tx.has_failed, std::mem::take(&mut tx.wakes));
    let value = match outcome {
        _ if collided => return (Tried::Collided, transaction.rollback().await.is_ok()),
        Err(error) => return (Tried::Failed(error), transaction.rollback().await.is_ok()),
        // The op took a refusal of the database for something else. What it did is taken back.
        Ok(_) if has_failed => {
            tracing::error!("an op went on after a statement had failed");
            return (Tried::Failed(DbError::Aborted.into()), transaction.rollback().await.is_ok());
        }
        Ok(value) => value,
    };
    // What is refused here the server has taken back already.
    let committed = transaction.commit().await;
    let is_usable = !committed.as_ref().is_err_and(is_broken);
    match committed {
        Ok(()) => (Tried::Done(value, wakes), is_usable),
        Err(error) if is_collision(&error) => (Tried::Collided, is_usable),
        Err(error) => (Tried::Failed(DbError::from(error).into()), is_usable),
    }
}

async fn run_op<I, T, E: From<DbError>>(op: Op<I, T, E>, tx: &mut Tx<'_>, input: &I) -> Result<T, E> {
    let value = op(tx, input).await?;
    tx.settle().await?;
    Ok(value)
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
