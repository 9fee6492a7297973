//! Events: rows that an op writes together with what it changed, read by cursor.
//!
//! A reader must never skip an event that commits late. On SQLite there is one writer, so the row id is the order of commits. On
//! PostgreSQL each row carries its transaction's id, and readers stop at the oldest transaction that is still open; the order is
//! (transaction, id).

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use taskey_proto::Time;
use taskey_proto::id::OrganizationId;

use super::{Db, DbError, Dialect, Row, Tx};
use crate::{args, sql};

/// The topic that every event wakes.
pub const ALL: &str = "events";

/// The topic that an organization's events wake.
pub fn topic(organization: OrganizationId) -> String {
    format!("events:{organization}")
}

pub struct Announce<'a, T> {
    pub organization: OrganizationId,
    /// Such as `run.finished`.
    pub name: &'static str,
    /// The id of what it is about.
    pub subject: &'a str,
    pub at: Time,
    pub data: &'a T,
}

/// A place in the order of events: everything up to it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    xid: i64,
    id: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.xid, self.id)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (xid, id) = text.split_once('-').ok_or(())?;
        Ok(Self { xid: xid.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

#[derive(Debug, Clone)]
pub struct Event {
    pub cursor: Cursor,
    pub organization: OrganizationId,
    pub name: String,
    pub subject: String,
    pub at: Time,
    pub data: String,
}

impl Event {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            cursor: Cursor { xid: row.get("xid")?, id: row.get("id")? },
            organization: row.get("organization_id")?,
            name: row.get("name")?,
            subject: row.get("subject")?,
            at: row.get("at")?,
            data: row.get("data")?,
        })
    }
}

pub(super) async fn insert<T: Serialize + Sync>(tx: &mut Tx<'_>, event: &Announce<'_, T>) -> Result<(), DbError> {
    let data =
        serde_json::to_string(event.data).map_err(|error| DbError::Column { column: "data".to_owned(), detail: error.to_string() })?;
    let sql = sql!("INSERT INTO event (organization_id, name, subject, at, data) VALUES ($1, $2, $3, $4, $5)");
    tx.later(sql, args![event.organization, event.name, event.subject, event.at, data]).await
}

/// The events after `after`, oldest first; of one organization, or of all for the instance's own jobs.
pub async fn read(db: &Db, organization: Option<OrganizationId>, after: Cursor, limit: usize) -> Result<Vec<Event>, DbError> {
    let rows = match (db.dialect(), organization) {
        // The transaction's id is 0 throughout; with a condition on both SQLite would walk through all that was read before.
        (Dialect::Sqlite, None) => {
            let sql = sql!("SELECT xid, id, organization_id, name, subject, at, data FROM event WHERE id > $1 ORDER BY id LIMIT $2");
            db.rows(sql, args![after.id, limit]).await?
        }
        (Dialect::Sqlite, Some(organization)) => {
            let sql = sql!(
                "SELECT xid, id, organization_id, name, subject, at, data FROM event \
                 WHERE organization_id = $1 AND xid = 0 AND id > $2 ORDER BY id LIMIT $3"
            );
            db.rows(sql, args![organization, after.id, limit]).await?
        }
        (Dialect::Postgres, _) => {
            let sql = sql!(
                "SELECT xid, id, organization_id, name, subject, at, data FROM event \
                 WHERE (xid, id) > ($1, $2) AND xid < $3 AND (CAST($4 AS TEXT) IS NULL OR organization_id = $4) \
                 ORDER BY xid, id LIMIT $5"
            );
            db.rows(sql, args![after.xid, after.id, oldest_open(db).await?, organization, limit]).await?
        }
    };
    rows.iter().map(Event::from_row).collect()
}

/// The newest events of all organizations, which one job after another asks for: the first of them reads, the others are handed the same.
#[derive(Default)]
pub struct Recent {
    /// What is kept comes after this, without a gap.
    after: Cursor,
    events: VecDeque<Event>,
    /// How often [`ALL`] had been woken when it was last read on.
    woken: u64,
    hidden: Hidden,
}

/// Events that are committed and not to be read yet, because an older transaction is open. It may end without waking anybody.
#[derive(Default)]
struct Hidden {
    /// The transaction that hid them last, and how long was waited for it.
    behind: i64,
    wait: Duration,
    is_waited_for: Arc<AtomicBool>,
}

/// Events that are kept in memory.
const RECENT_MAX: usize = 2_000;

impl Recent {
    fn end(&self) -> Cursor {
        self.events.back().map_or(self.after, |event| event.cursor)
    }

    /// What is kept of what comes after a place; `None` where that begins earlier.
    fn after(&self, place: Cursor, limit: usize) -> Option<Vec<Event>> {
        let first = self.events.partition_point(|event| event.cursor <= place);
        (place >= self.after).then(|| self.events.range(first..).take(limit).cloned().collect())
    }

    /// Keeps what was read behind a place.
    fn keep(&mut self, place: Cursor, read: &[Event]) {
        if place != self.end() {
            self.events.clear();
            self.after = place;
        }
        self.events.extend(read.iter().cloned());
        while self.events.len() > RECENT_MAX
            && let Some(oldest) = self.events.pop_front()
        {
            self.after = oldest.cursor;
        }
    }
}

/// The events of all organizations after `after`, oldest first, for the instance's own jobs.
pub async fn read_all(db: &Db, after: Cursor, limit: usize) -> Result<Vec<Event>, DbError> {
    let mut recent = db.recent.lock().await;
    // A commit after this is read, or wakes again.
    let woken = db.hub().count(ALL);
    let Some(mut kept) = recent.after(after, limit) else {
        // Behind what is kept: whoever is so late catches up by itself.
        drop(recent);
        return read(db, None, after, limit).await;
    };
    if kept.len() >= limit || !kept.is_empty() && recent.woken == woken {
        return Ok(kept);
    }
    let end = if kept.is_empty() { after } else { recent.end() };
    let found = read(db, None, end, limit - kept.len()).await?;
    recent.keep(end, &found);
    recent.woken = woken;
    kept.extend(found);
    if db.dialect() == Dialect::Postgres && kept.len() < limit {
        look_again_for_hidden(db, &mut recent.hidden).await?;
    }
    Ok(kept)
}

/// How soon hidden events are looked for again; twice as long each time, while it is the same transaction that hides them.
const HIDDEN_MIN: Duration = Duration::from_millis(3);
const HIDDEN_MAX: Duration = Duration::from_millis(900);

/// Wakes who waits for events that are hidden, a moment later.
async fn look_again_for_hidden(db: &Db, hidden: &mut Hidden) -> Result<(), DbError> {
    if hidden.is_waited_for.load(Ordering::Acquire) {
        return Ok(());
    }
    let open = oldest_open(db).await?;
    let sql = sql!("SELECT organization_id FROM event WHERE xid >= $1 ORDER BY xid, id LIMIT 20");
    let rows = db.rows(sql, args![open]).await?;
    let topics = rows.iter().map(|row| row.get("organization_id").map(topic)).collect::<Result<BTreeSet<String>, DbError>>()?;
    if topics.is_empty() {
        return Ok(());
    }
    hidden.wait = if open == hidden.behind { (hidden.wait * 2).min(HIDDEN_MAX) } else { HIDDEN_MIN };
    hidden.behind = open;
    hidden.is_waited_for.store(true, Ordering::Release);
    let (hub, wait, is_waited_for) = (db.hub().clone(), hidden.wait, hidden.is_waited_for.clone());
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        is_waited_for.store(false, Ordering::Release);
        topics.iter().map(String::as_str).chain([ALL]).for_each(|topic| hub.wake(topic));
    });
    Ok(())
}

/// The place after everything that can be read now.
pub async fn now(db: &Db) -> Result<Cursor, DbError> {
    let open = oldest_open(db).await?;
    let sql = sql!("SELECT xid, id FROM event WHERE xid < $1 ORDER BY xid DESC, id DESC LIMIT 1");
    let Some(row) = db.row(sql, args![open]).await? else {
        return Ok(Cursor::default());
    };
    Ok(Cursor { xid: row.get("xid")?, id: row.get("id")? })
}

/// Transactions from this one on may still commit events; on SQLite there are none such.
async fn oldest_open(db: &Db) -> Result<i64, DbError> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(i64::MAX);
    }
    let row = db.row("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin", args![]).await?;
    row.ok_or(DbError::Aborted)?.get("xmin")
}

/// How far a job has read.
pub async fn position(db: &Db, consumer: &str) -> Result<Cursor, DbError> {
    let sql = sql!("SELECT xid, id FROM consumer WHERE name = $1");
    let Some(row) = db.row(sql, args![consumer]).await? else {
        return Ok(Cursor::default());
    };
    Ok(Cursor { xid: row.get("xid")?, id: row.get("id")? })
}

/// Stores how far a job has read.
pub async fn advance(db: &Db, consumer: &'static str, to: Cursor) -> Result<(), DbError> {
    db.write((consumer, to), |tx, (consumer, to)| {
        Box::pin(async move {
            let sql = sql!(
                "INSERT INTO consumer (name, xid, id) VALUES ($1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, id = excluded.id"
            );
            tx.execute(sql, args![*consumer, to.xid, to.id]).await.map(|_| ())
        })
    })
    .await
}

/// A job that reads all events in their order, and where it is. Most events are of no interest to it, and a commit for each would cost more
/// than reading some again after a restart: what it does must bear being done twice.
pub struct Follower {
    consumer: &'static str,
    position: Option<Cursor>,
    unstored: usize,
}

/// Events that are read again at most after a restart.
const UNSTORED_MAX: usize = 1_000;

impl Follower {
    pub fn new(consumer: &'static str) -> Self {
        Self { consumer, position: None, unstored: 0 }
    }

    /// What comes next, oldest first, at most `limit`; the same again until it was [`Follower::took`].
    pub async fn next(&mut self, db: &Db, limit: usize) -> Result<Vec<Event>, DbError> {
        let position = match self.position {
            Some(position) => position,
            None => *self.position.insert(position(db, self.consumer).await?),
        };
        read_all(db, position, limit).await
    }

    /// Goes on after `batch`; `acted`: it is not to be read again.
    pub async fn took(&mut self, db: &Db, batch: &[Event], acted: bool) -> Result<(), DbError> {
        let Some(last) = batch.last() else { return Ok(()) };
        self.position = Some(last.cursor);
        self.unstored += batch.len();
        if acted || self.unstored >= UNSTORED_MAX {
            advance(db, self.consumer, last.cursor).await?;
            self.unstored = 0;
        }
        Ok(())
    }
}
