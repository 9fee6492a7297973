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
        let (tried, left) = try_once(lent.connection(), input, op).await;
        if left == Left::Usable {
            lent.give_back();
        }
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

/// How a transaction left its connection.
#[derive(PartialEq)]
enum Left {
    Usable,
    Broken,
}

impl Left {
    fn by<T>(outcome: &sqlx::Result<T>) -> Self {
        if outcome.as_ref().is_err_and(is_broken) { Left::Broken } else { Left::Usable }
    }
}

async fn try_once<I, T, E>(connection: &mut PgConnection, input: &I, op: Op<I, T, E>) -> (Tried<T, E>, Left)
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let begun = connection.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await;
    let begun_left = Left::by(&begun);
    let mut transaction = match begun {
        Ok(transaction) => transaction,
        Err(error) => return (Tried::Failed(DbError::from(error).into()), begun_left),
    };
    let mut tx = Tx::postgres(&mut transaction);
    let outcome = AssertUnwindSafe(run_op(op, &mut tx, input)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked(&panic).into()));
    let (collided, wakes) = (tx.collided, std::mem::take(&mut tx.wakes));
    let value = match outcome {
        Ok(value) if !collided => value,
        Err(error) if !collided => return (Tried::Failed(error), Left::by(&transaction.rollback().await)),
        _ => return (Tried::Collided, Left::by(&transaction.rollback().await)),
    };
    // What is refused here the server has taken back already.
    let committed = transaction.commit().await;
    let left = Left::by(&committed);
    match committed {
        Ok(()) => (Tried::Done(value, wakes), left),
        Err(error) if is_collision(&error) => (Tried::Collided, left),
        Err(error) => (Tried::Failed(DbError::from(error).into()), left),
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
