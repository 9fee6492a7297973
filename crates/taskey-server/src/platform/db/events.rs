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

use super::{Args, Db, DbError, Dialect, Row, Tx};
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

impl<T: Serialize> Announce<'_, T> {
    /// As it is written.
    pub fn made(&self) -> Result<Announced, DbError> {
        let data =
            serde_json::to_string(self.data).map_err(|error| DbError::Column { column: "data".to_owned(), detail: error.to_string() })?;
        let values = args![self.organization, self.name, self.subject, self.at, data];
        Ok(Announced { values, organization: self.organization, subject: self.subject.to_owned() })
    }
}

/// An event that is ready to be written.
pub struct Announced {
    values: Args,
    pub organization: OrganizationId,
    pub subject: String,
}

pub(super) async fn insert(tx: &mut Tx<'_>, events: &[&Announced]) -> Result<(), DbError> {
    let sql = sql!("INSERT INTO event (organization_id, name, subject, at, data) VALUES ($1, $2, $3, $4, $5)");
    tx.write_rows(sql, events.iter().map(|event| event.values.clone()).collect()).await
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
        (Dialect::Postgres, _) => return Ok(read_committed(db, organization, after, limit).await?.0),
    };
    rows.iter().map(Event::from_row).collect()
}

/// Events on PostgreSQL that can be read, and those behind them that are committed and cannot: an older transaction is open still.
async fn read_committed(
    db: &Db,
    organization: Option<OrganizationId>,
    after: Cursor,
    limit: usize,
) -> Result<(Vec<Event>, Option<Behind>), DbError> {
    let sql = "SELECT xid, id, organization_id, name, subject, at, data, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS open \
               FROM event WHERE (xid, id) > ($1, $2) AND (CAST($3 AS TEXT) IS NULL OR organization_id = $3) ORDER BY xid, id LIMIT $4";
    let rows = db.rows(sql, args![after.xid, after.id, organization, limit]).await?;
    let Some(open) = rows.first().map(|row| row.get("open")).transpose()? else { return Ok((Vec::new(), None)) };
    let mut events = rows.iter().map(Event::from_row).collect::<Result<Vec<Event>, DbError>>()?;
    let hidden = events.split_off(events.partition_point(|event| event.cursor.xid < open));
    let topics: BTreeSet<String> = hidden.iter().map(|event| topic(event.organization)).collect();
    Ok((events, (!topics.is_empty()).then_some(Behind { open, topics })))
}

/// A transaction that hides events, and the topics of these.
struct Behind {
    open: i64,
    topics: BTreeSet<String>,
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
    let found = match db.dialect() {
        Dialect::Sqlite => read(db, None, end, limit - kept.len()).await?,
        Dialect::Postgres => {
            let (found, behind) = read_committed(db, None, end, limit - kept.len()).await?;
            if let Some(behind) = behind {
                recent.hidden.look_again(db, behind);
            }
            found
        }
    };
    recent.keep(end, &found);
    recent.woken = woken;
    kept.extend(found);
    Ok(kept)
}

/// How soon hidden events are looked for again; twice as long each time, while it is the same transaction that hides them.
const HIDDEN_MIN: Duration = Duration::from_millis(3);
const HIDDEN_MAX: Duration = Duration::from_millis(900);

impl Hidden {
    /// Wakes who waits for events that are hidden, a moment later.
    fn look_again(&mut self, db: &Db, Behind { open, topics }: Behind) {
        if self.is_waited_for.load(Ordering::Acquire) {
            return;
        }
        self.wait = if open == self.behind { (self.wait * 2).min(HIDDEN_MAX) } else { HIDDEN_MIN };
        self.behind = open;
        self.is_waited_for.store(true, Ordering::Release);
        let (hub, wait, is_waited_for) = (db.hub().clone(), self.wait, self.is_waited_for.clone());
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            is_waited_for.store(false, Ordering::Release);
            topics.iter().map(String::as_str).chain([ALL]).for_each(|topic| hub.wake(topic));
        });
    }
}

/// The place after everything that can be read now.
pub async fn now(db: &Db) -> Result<Cursor, DbError> {
    let row = match db.dialect() {
        Dialect::Sqlite => db.row(sql!("SELECT xid, id FROM event ORDER BY id DESC LIMIT 1"), args![]).await?,
        Dialect::Postgres => {
            let sql = "SELECT xid, id FROM event WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
                       ORDER BY xid DESC, id DESC LIMIT 1";
            db.row(sql, args![]).await?
        }
    };
    let Some(row) = row else { return Ok(Cursor::default()) };
    Ok(Cursor { xid: row.get("xid")?, id: row.get("id")? })
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
