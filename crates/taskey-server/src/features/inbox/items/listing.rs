//! Lists of items and their counts: each begins with an index of its own.

use taskey_proto::Time;
use taskey_proto::id::{ItemId, ItemTypeId, UserId};
use taskey_proto::items::{COUNTED_MAX, ItemCounts};

use super::store::{ItemRow, columns, item_row, items};
use crate::features::accounts::Sight;
use crate::platform::db::{Args, Db, DbError};
use crate::{args, sql, visible_item_types};

/// The newest items with certain words: of a word that most have, not all are looked at.
macro_rules! found_by_words {
    () => {
        "i.number IN (SELECT rowid FROM item_text($15) ORDER BY rowid DESC LIMIT 10000)"
    };
}

/// What a list asks for, beside what its first filter is.
#[derive(Debug, Clone, Default)]
pub struct Residual {
    pub state: Option<String>,
    /// Open or over; `None`: both.
    pub is_open: Option<bool>,
    /// `nobody` as the empty text.
    pub assignee: Option<String>,
    /// Not somebody else's than this user's.
    pub free_or_of: Option<UserId>,
    /// Snoozed after this moment or not.
    pub snoozed: Option<bool>,
    pub due_before: Option<Time>,
    pub external_hash: Option<String>,
    pub of_type: Option<ItemTypeId>,
}

/// What a list begins with: an index of its own each.
#[derive(Debug, Clone)]
pub enum Base {
    Organization,
    Open,
    Type,
    OpenOfType,
    Assigned(UserId),
    Unassigned,
    /// Due before that moment.
    Overdue(Time),
    /// Snoozed beyond that moment.
    Snoozed(Time),
    Closed,
    ClosedOfType,
    OpenByDue,
    ClosedByDue,
    /// Open and over.
    ByDue,
    /// An indexed field of the type: its place, and what it holds.
    Field(usize, String),
    /// A query of words.
    Words(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Newest,
    Oldest,
    Due,
}

/// Where a page begins: behind this one.
#[derive(Debug, Clone, Copy)]
pub struct After {
    pub at: i64,
    pub id: ItemId,
}

impl std::fmt::Display for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.at, self.id)
    }
}

impl std::str::FromStr for After {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('/').ok_or(())?;
        Ok(Self { at: at.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

/// A list: `$1` the organization, `$2` the user whose sight it is, `$3` to `$10` what is asked beside, `$11` and `$12` where it begins, `$13`
/// its length, `$14` the type, `$15` on what `base` needs. `|| ''` keeps SQLite, which knows nothing of how many there are, from taking an index of
/// the organization instead of the one that `base` is about.
macro_rules! list {
    ($base:expr, $order:literal, $after:literal) => {
        sql!(
            items!($base),
            " AND i.organization_id || '' = $1 AND (CAST($2 AS TEXT) IS NULL OR i.item_type_id IN ",
            visible_item_types!("$1", "$2"),
            ") AND (CAST($3 AS TEXT) IS NULL OR i.state = $3) AND (CAST($4 AS BIGINT) IS NULL OR i.is_open = $4) \
             AND (CAST($5 AS TEXT) IS NULL OR COALESCE(i.assignee_id, '') = $5) \
             AND (CAST($6 AS TEXT) IS NULL OR i.assignee_id IS NULL OR i.assignee_id = $6) \
             AND (CAST($7 AS BIGINT) IS NULL OR COALESCE(i.snoozed_until, 0) <= $7) \
             AND (CAST($8 AS BIGINT) IS NULL OR COALESCE(i.snoozed_until, 0) > $8) \
             AND (CAST($9 AS BIGINT) IS NULL OR i.due_at < $9) AND (CAST($10 AS TEXT) IS NULL OR i.external_hash = $10) \
             AND (CAST($14 AS TEXT) IS NULL OR i.item_type_id = $14) AND (CAST($11 AS BIGINT) IS NULL OR ",
            $after,
            ") ORDER BY ",
            $order,
            " LIMIT $13"
        )
    };
}

/// The statements of one base: newest and oldest first.
macro_rules! both_ways {
    ($base:expr, $order:expr) => {
        match $order {
            Order::Oldest | Order::Due => list!($base, "i.created_at, i.id", "(i.created_at, i.id) > ($11, $12)"),
            Order::Newest => list!($base, "i.created_at DESC, i.id DESC", "(i.created_at, i.id) < ($11, $12)"),
        }
    };
}

/// The statement of one base with what is due first.
macro_rules! by_due {
    ($base:expr) => {
        list!($base, "COALESCE(i.due_at, 9223372036854775807), i.id", "(COALESCE(i.due_at, 9223372036854775807), i.id) > ($11, $12)")
    };
}

/// What a list shows.
#[derive(Debug, Clone)]
pub struct Listing {
    pub base: Base,
    pub residual: Residual,
    pub order: Order,
}

pub async fn list(
    db: &Db,
    sight: Sight,
    listing: &Listing,
    after: Option<After>,
    limit: usize,
    now: Time,
) -> Result<Vec<ItemRow>, DbError> {
    let Listing { base, residual, order } = listing;
    let awake = (residual.snoozed == Some(false)).then_some(now);
    let asleep = (residual.snoozed == Some(true)).then_some(now);
    let mut values: Args = args![
        sight.organization,
        sight.only,
        residual.state.clone(),
        residual.is_open.map(i64::from),
        residual.assignee.clone(),
        residual.free_or_of,
        awake,
        asleep,
        residual.due_before,
        residual.external_hash.clone(),
        after.map(|after| after.at),
        after.map(|after| after.id),
        limit,
        residual.of_type,
    ];
    let sql = match base {
        Base::Words(query) => {
            values.extend(args![query]);
            match order {
                Order::Due => by_due!(found_by_words!()),
                order => both_ways!(found_by_words!(), order),
            }
        }
        Base::Organization => both_ways!("i.organization_id = $1", order),
        Base::Open => both_ways!("i.organization_id = $1 AND i.is_open = 1", order),
        Base::Unassigned => both_ways!("i.organization_id = $1 AND i.is_open = 1 AND i.assignee_id IS NULL", order),
        Base::Overdue(at) => {
            values.extend(args![*at]);
            both_ways!("i.organization_id = $1 AND i.is_open = 1 AND COALESCE(i.due_at, 9223372036854775807) < $15", order)
        }
        Base::Snoozed(at) => {
            values.extend(args![*at]);
            both_ways!("i.organization_id = $1 AND i.is_open = 1 AND i.snoozed_until > $15", order)
        }
        Base::OpenByDue => by_due!("i.organization_id = $1 AND i.is_open = 1"),
        Base::ClosedByDue => by_due!("i.organization_id = $1 AND i.is_open = 0"),
        // Each has an index, both together have none.
        Base::ByDue => {
            let mut rows = Vec::new();
            for base in [Base::OpenByDue, Base::ClosedByDue] {
                let listing = Listing { base, ..listing.clone() };
                rows.extend(Box::pin(list(db, sight, &listing, after, limit, now)).await?);
            }
            rows.sort_by_key(|row| (row.due_at.map_or(i64::MAX, Time::ms), row.id));
            rows.truncate(limit);
            return Ok(rows);
        }
        Base::Type => both_ways!("i.item_type_id = $14", order),
        Base::Closed => both_ways!("i.organization_id = $1 AND i.is_open = 0", order),
        Base::ClosedOfType => both_ways!("i.is_open = 0 AND i.item_type_id = $14", order),
        Base::OpenOfType => both_ways!("i.is_open = 1 AND i.item_type_id = $14", order),
        Base::Assigned(user) => {
            values.extend(args![*user]);
            both_ways!("i.is_open = 1 AND i.assignee_id = $15", order)
        }
        Base::Field(place, value) => {
            values.extend(args![value]);
            match place {
                0 => both_ways!("i.item_type_id = $14 AND i.x1 = $15", order),
                1 => both_ways!("i.item_type_id = $14 AND i.x2 = $15", order),
                2 => both_ways!("i.item_type_id = $14 AND i.x3 = $15", order),
                3 => both_ways!("i.item_type_id = $14 AND i.x4 = $15", order),
                4 => both_ways!("i.item_type_id = $14 AND i.x5 = $15", order),
                5 => both_ways!("i.item_type_id = $14 AND i.x6 = $15", order),
                6 => both_ways!("i.item_type_id = $14 AND i.x7 = $15", order),
                _ => both_ways!("i.item_type_id = $14 AND i.x8 = $15", order),
            }
        }
    };
    db.rows(sql, values).await?.iter().map(item_row).collect()
}

/// Open items of those that somebody sees, as far as they are counted: `$1` the organization, `$2` the user whose sight it is, `$3` the user
/// who asks, `$4` now, `$5` the type. An order leads SQLite to the index of what has no assignee.
macro_rules! counted {
    ($where:literal) => {
        counted!($where, "")
    };
    ($where:literal, $order:literal) => {
        concat!(
            "(SELECT count(*) FROM (SELECT 1 FROM item i WHERE ",
            $where,
            " AND i.is_open = 1",
            " AND (CAST($5 AS TEXT) IS NULL OR i.item_type_id = $5) AND (CAST($2 AS TEXT) IS NULL OR i.item_type_id IN ",
            visible_item_types!("$1", "$2"),
            ")",
            $order,
            " LIMIT 1000) counted)"
        )
    };
}

/// How many open items there are, of those that somebody sees; of more than [`COUNTED_MAX`] only that.
pub async fn counts(db: &Db, sight: Sight, me: UserId, item_type: Option<ItemTypeId>, now: Time) -> Result<ItemCounts, DbError> {
    let sql = sql!(
        "SELECT ",
        counted!("i.organization_id = $1"),
        " AS open, ",
        counted!("i.organization_id = $1 AND i.assignee_id IS NULL AND COALESCE(i.snoozed_until, 0) <= $4", " ORDER BY i.created_at, i.id"),
        " AS free, ",
        counted!("i.organization_id || '' = $1 AND i.assignee_id = $3 AND COALESCE(i.snoozed_until, 0) <= $4"),
        " AS own, ",
        counted!("i.organization_id || '' = $1 AND i.assignee_id = $3"),
        " AS mine, ",
        counted!("i.organization_id = $1 AND i.assignee_id IS NULL", " ORDER BY i.created_at, i.id"),
        " AS unassigned, ",
        counted!("i.organization_id = $1 AND COALESCE(i.due_at, 9223372036854775807) < $4"),
        " AS overdue, ",
        counted!("i.organization_id = $1 AND i.snoozed_until > $4"),
        " AS snoozed"
    );
    let row = db.row(sql, args![sight.organization, sight.only, me, now, item_type]).await?.ok_or(DbError::Aborted)?;
    let needs_me = row.get::<u64>("free")? + row.get::<u64>("own")?;
    Ok(ItemCounts {
        needs_me: needs_me.min(COUNTED_MAX),
        mine: row.get("mine")?,
        unassigned: row.get("unassigned")?,
        overdue: row.get("overdue")?,
        snoozed: row.get("snoozed")?,
        open: row.get("open")?,
    })
}
