//! From what a pattern names on the wall clock to instants: how a change of the clocks is dealt with, the same for every kind of rule.
//!
//! A pattern of *fixed times* is due the first moment at which the clocks show a time of it, or a later one. So what the clocks skip is due
//! right after, and what they show twice is due the first time. A day that is left out altogether has no slots.
//!
//! A pattern that *keeps its interval* is due whenever the clocks show a time of it, twice where they show it twice, not at all where they
//! skip it: every ten minutes stays every ten minutes.
//!
//! Either way a slot is later than the one before, and two times that fall on one instant are one slot.

use taskey_proto::Time;
use taskey_proto::schedules::{Dst, Firing};

use crate::zone::{Due, Zone};

/// Times on the wall clock.
pub(crate) trait Pattern {
    /// The first time of the pattern that is not before `local`.
    fn at_or_after(&self, local: i64) -> Option<i64>;

    fn keeps_interval(&self) -> bool;
}

/// The first slot later than `after`.
pub(crate) fn next(pattern: &impl Pattern, zone: &Zone, after: Time) -> Option<Firing> {
    let after = after.ms().div_euclid(1_000);
    if pattern.keeps_interval() { next_shown(pattern, zone, after) } else { next_due(pattern, zone, after) }
}

/// The earlier of two slots; of the same, the one that no change of the clocks moved.
pub(crate) fn earlier(a: Firing, b: Firing) -> Firing {
    if (b.at, b.dst.is_some()) < (a.at, a.dst.is_some()) { b } else { a }
}

fn next_due(pattern: &impl Pattern, zone: &Zone, after: i64) -> Option<Firing> {
    let mut from = zone.reached(after) + 1;
    loop {
        let local = pattern.at_or_after(from)?;
        return match zone.due(local) {
            Due::Once(at) => firing(at, None),
            Due::Twice(at) => firing(at, Some(Dst::Overlap)),
            Due::NoSuchDay(change) => {
                from = zone.shown(change);
                continue;
            }
            Due::Skipped(change) => {
                let shown = zone.shown(change);
                // Also named at the very time that the clocks go on with: nothing was moved.
                let moved = pattern.at_or_after(shown) != Some(shown);
                firing(change, moved.then_some(Dst::Gap))
            }
        };
    }
}

fn next_shown(pattern: &impl Pattern, zone: &Zone, after: i64) -> Option<Firing> {
    let mut from = after + 1;
    loop {
        let offset = zone.offset_at(from);
        let at = pattern.at_or_after(from + offset)? - offset;
        match zone.change_after(from) {
            Some(change) if change <= at => from = change,
            _ => return firing(at, None),
        }
    }
}

fn firing(at: i64, dst: Option<Dst>) -> Option<Firing> {
    let ms = at.checked_mul(1_000)?;
    let at = Time::from_ms(ms);
    (at.ms() == ms).then_some(Firing { at, dst })
}
