//! Whether this instance was restored from a backup and waits for its operator.
//!
//! An instance becomes quiet while no server runs on it, and ceases to be once. So a server that has seen that it is not need not ask
//! again, which keeps the question off the way of every run.

use std::sync::atomic::{AtomicBool, Ordering};

use super::db::{Db, DbError};
use crate::{args, sql};

pub struct Quiet(AtomicBool);

impl Quiet {
    pub fn new(on: bool) -> Self {
        Self(AtomicBool::new(on))
    }

    /// Asks the database as long as the answer may have changed: another node may have ended it.
    pub async fn is_on(&self, db: &Db) -> Result<bool, DbError> {
        if !self.0.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let row = db.row(sql!("SELECT quiet_since FROM instance LIMIT 1"), args![]).await?;
        let on = row.map(|row| row.get::<Option<i64>>("quiet_since")).transpose()?.flatten().is_some();
        if !on {
            self.0.store(false, Ordering::Relaxed);
        }
        Ok(on)
    }
}
