//! Recurrence rules of RFC 5545: `RRULE`, `RDATE` and `EXDATE` with a `DTSTART`.
//!
//! They are reckoned on the wall clock of the schedule's zone and become instants as every pattern does. Those from `DAILY` up name fixed
//! times; `HOURLY` and shorter keep their interval. `DTSTART` is a slot only where the rule names it.

mod days;
mod read;
mod rule;
mod words;

use std::sync::Arc;

use taskey_proto::Time;
use taskey_proto::schedules::Firing;

use crate::walk::{self, Pattern};
use crate::zone::{Zone, unwall};

pub(crate) use read::{Moment, Text};
#[cfg(feature = "zones")]
pub(crate) use read::{Parts, read_moments};
use rule::Rule;

/// A rule with `COUNT` is walked through to its end when it is read.
pub(crate) const COUNT_MAX: u32 = 10_000;

/// Rules and dates, bound to a start and a zone.
#[derive(Debug, Clone)]
pub(crate) struct Recurrence {
    rules: Vec<Part<Rule>>,
    dates: Option<Part<Dates>>,
}

#[derive(Debug, Clone)]
struct Part<P> {
    pattern: P,
    /// The last moment at which it may be due.
    last: Option<Time>,
    excluded: Arc<Excluded>,
}

/// Single times on the wall clock, in order.
#[derive(Debug, Clone, Default)]
struct Dates(Vec<i64>);

/// Times and whole days on the wall clock, in order.
#[derive(Debug, Clone, Default)]
struct Excluded {
    times: Vec<i64>,
    days: Vec<i64>,
}

impl Recurrence {
    /// `anchor` stands in for a missing `DTSTART`.
    pub(crate) fn bind(text: &Text, anchor: Time, zone: &Zone) -> Result<Self, String> {
        let start = match &text.start {
            Some(start) => start.on_the_wall(zone)?,
            None => zone.shown(anchor.ms().div_euclid(1_000)),
        };
        let mut excluded = Excluded::default();
        for moment in &text.excluded {
            let local = moment.on_the_wall(zone)?;
            if moment.is_day() { excluded.days.push(local) } else { excluded.times.push(local) }
        }
        excluded.times.sort_unstable();
        excluded.days.sort_unstable();
        let excluded = Arc::new(excluded);

        let mut rules = Vec::with_capacity(text.rules.len());
        for parts in &text.rules {
            let rule = Rule::new(parts, start, text.start.is_some());
            let last = match (&parts.until, parts.count) {
                (Some(until), _) => Some(until.last_instant(zone)?),
                (None, Some(count)) => Some(last_of(&rule, zone, start, count)),
                (None, None) => None,
            };
            rules.push(Part { pattern: rule, last, excluded: Arc::clone(&excluded) });
        }
        let mut dates = Vec::with_capacity(text.dates.len());
        for moment in &text.dates {
            let local = moment.on_the_wall(zone)?;
            // A date alone is at the time of day of the start.
            dates.push(if moment.is_day() { local + start.rem_euclid(crate::civil::DAY) } else { local });
        }
        dates.sort_unstable();
        let dates = (!dates.is_empty()).then_some(Part { pattern: Dates(dates), last: None, excluded });
        Ok(Self { rules, dates })
    }

    pub(crate) fn next(&self, zone: &Zone, after: Time) -> Option<Firing> {
        let rules = self.rules.iter().filter_map(|part| part.next(zone, after));
        let dates = self.dates.iter().filter_map(|part| part.next(zone, after));
        rules.chain(dates).reduce(walk::earlier)
    }
}

/// When the slot of that number is due, or long ago where there are not so many.
fn last_of(rule: &Rule, zone: &Zone, start: i64, count: u32) -> Time {
    let mut last = Time::from_ms((zone.instant_of(start) - 1).saturating_mul(1_000));
    for _ in 0..count {
        let Some(next) = walk::next(rule, zone, last) else {
            break;
        };
        last = next.at;
    }
    last
}

impl<P: Pattern> Part<P> {
    fn next(&self, zone: &Zone, after: Time) -> Option<Firing> {
        if self.last.is_some_and(|last| last <= after) {
            return None;
        }
        walk::next(self, zone, after).filter(|firing| self.last.is_none_or(|last| firing.at <= last))
    }
}

impl<P: Pattern> Pattern for Part<P> {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        let mut local = self.pattern.at_or_after(local)?;
        while let Some(resume) = self.excluded.resume_after(local) {
            local = self.pattern.at_or_after(resume)?;
        }
        Some(local)
    }

    fn keeps_interval(&self) -> bool {
        self.pattern.keeps_interval()
    }
}

impl Excluded {
    /// From when the search goes on where `local` is excluded.
    fn resume_after(&self, local: i64) -> Option<i64> {
        let day = local - local.rem_euclid(crate::civil::DAY);
        if self.days.binary_search(&day).is_ok() {
            return Some(day + crate::civil::DAY);
        }
        self.times.binary_search(&local).is_ok().then_some(local + 1)
    }
}

impl Pattern for Dates {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        self.0.get(self.0.partition_point(|date| *date < local)).copied()
    }

    fn keeps_interval(&self) -> bool {
        false
    }
}

impl Moment {
    pub(crate) fn is_day(&self) -> bool {
        matches!(self, Moment::Day(_))
    }

    /// The time on the wall clock of the zone. A zone of its own has to be that one.
    pub(crate) fn on_the_wall(&self, zone: &Zone) -> Result<i64, String> {
        match self {
            Moment::Day(local) | Moment::Floating(local) => Ok(*local),
            Moment::Instant(at) => Ok(zone.shown(*at)),
            Moment::Zoned { zone: named, local } if named.eq_ignore_ascii_case(zone.name()) => Ok(*local),
            Moment::Zoned { zone: named, .. } => Err(format!(
                "`TZID={named}` is not the schedule's time zone {}: leave it away, or write the same under `timezone`",
                zone.name()
            )),
        }
    }

    /// Up to when this is, as an end: a day to its end.
    fn last_instant(&self, zone: &Zone) -> Result<Time, String> {
        let at = match self {
            Moment::Day(local) => zone.instant_of(local + crate::civil::DAY) - 1,
            Moment::Instant(at) => *at,
            Moment::Floating(_) | Moment::Zoned { .. } => zone.instant_of(self.on_the_wall(zone)?),
        };
        Ok(Time::from_ms(at.saturating_mul(1_000)))
    }

    /// `20260131T090000`, with `Z` or without, or `20260131`.
    pub(crate) fn read(text: &str, tzid: Option<&str>) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok())?
        };
        let date = jiff::civil::Date::new(digits(0..4)?, digits(4..6)? as i8, digits(6..8)? as i8).ok()?;
        // Time begins in 1970 here; what began earlier goes on as well.
        if date.year() < 1900 || i32::from(date.year()) > crate::civil::YEAR_MAX {
            return None;
        }
        if text.len() == 8 {
            return Some(Moment::Day(unwall(date.at(0, 0, 0, 0))?));
        }
        let utc = match text.len() {
            15 => false,
            16 if text.ends_with(['Z', 'z']) => true,
            _ => return None,
        };
        if !matches!(text.as_bytes()[8], b'T' | b't') {
            return None;
        }
        let (hour, minute, second) = (digits(9..11)? as i8, digits(11..13)? as i8, digits(13..15)? as i8);
        let local = unwall(jiff::civil::DateTime::new(date.year(), date.month(), date.day(), hour, minute, second.min(59), 0).ok()?)?;
        Some(match tzid {
            _ if utc => Moment::Instant(local),
            Some(zone) => Moment::Zoned { zone: zone.to_owned(), local },
            None => Moment::Floating(local),
        })
    }
}
