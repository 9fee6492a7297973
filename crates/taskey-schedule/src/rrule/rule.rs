//! One rule on the wall clock. The search begins in the period of the moment that is asked for, not at the rule's start.

use super::days::Days;
use super::read::{Frequency, Parts};
use crate::civil::{DAY, HOUR, MINUTE, YEAR_MAX, date_of, days_of};
use crate::walk::Pattern;

/// So many periods without a slot, and there is none: days of a human life, and every rule that can ever match does so much sooner.
const PERIODS_MAX: u32 = 30_000;

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    frequency: Frequency,
    interval: i64,
    start: i64,
    week_start: u32,
    days: Days,
    /// Bits; all of them for what is shorter than the frequency and not named.
    hours: u64,
    minutes: u64,
    seconds: u64,
    positions: Vec<i32>,
}

impl Rule {
    /// Where there was no `DTSTART` written, `start` is only a moment to count from: its seconds say nothing, nor do its minutes beside `BYHOUR`.
    pub(crate) fn new(parts: &Parts, start: i64, start_is_written: bool) -> Self {
        let bits = |list: &[i32]| list.iter().fold(0u64, |bits, number| bits | 1 << number);
        let second_of_day = start.rem_euclid(DAY);
        let (hour, minute, second) = (second_of_day / HOUR, second_of_day % HOUR / MINUTE, second_of_day % MINUTE);
        let pick = |list: &[i32], unit: Frequency, of_start: i64| match list {
            [] if parts.frequency <= unit => u64::MAX,
            [] => 1 << of_start,
            list => bits(list),
        };
        let (minute, second) = if start_is_written { (minute, second) } else { (if parts.hours.is_empty() { minute } else { 0 }, 0) };
        Self {
            frequency: parts.frequency,
            interval: parts.interval,
            start,
            week_start: parts.week_start,
            days: Days::new(parts, start),
            hours: pick(&parts.hours, Frequency::Hourly, hour) & ((1 << 24) - 1),
            minutes: pick(&parts.minutes, Frequency::Minutely, minute) & ((1 << 60) - 1),
            seconds: pick(&parts.seconds, Frequency::Secondly, second) & ((1 << 60) - 1),
            positions: parts.positions.clone(),
        }
    }

    /// The first period from that of `local` on that the interval hits.
    fn aligned(&self, period: i64) -> i64 {
        let first = self.period_of(self.start);
        period + (first - period).rem_euclid(self.interval)
    }

    fn period_of(&self, local: i64) -> i64 {
        let day = local.div_euclid(DAY);
        match self.frequency {
            Frequency::Yearly => i64::from(date_of(day).0),
            Frequency::Monthly => {
                let (year, month, _) = date_of(day);
                i64::from(year) * 12 + i64::from(month) - 1
            }
            Frequency::Weekly => (day + 4 - i64::from(self.week_start)).div_euclid(7),
            Frequency::Daily => day,
            _ => local.div_euclid(self.unit()),
        }
    }

    /// Seconds of a period shorter than a day.
    fn unit(&self) -> i64 {
        match self.frequency {
            Frequency::Secondly => 1,
            Frequency::Minutely => MINUTE,
            _ => HOUR,
        }
    }

    fn by_days(&self, from: i64) -> Option<i64> {
        let mut period = self.aligned(self.period_of(from));
        for _ in 0..PERIODS_MAX {
            if self.year_of(period) > i64::from(YEAR_MAX) {
                return None;
            }
            let days = self.days.of_period(period);
            let found = if self.positions.is_empty() { self.first_of(&days, from) } else { self.chosen_of(&days, from) };
            if found.is_some() {
                return found;
            }
            period += self.interval;
        }
        None
    }

    fn year_of(&self, period: i64) -> i64 {
        match self.frequency {
            Frequency::Yearly => period,
            Frequency::Monthly => period.div_euclid(12),
            Frequency::Weekly => 1970 + period / 53,
            _ => 1970 + period / 366,
        }
    }

    fn first_of(&self, days: &[i64], from: i64) -> Option<i64> {
        let today = from.div_euclid(DAY);
        let later = days.iter().filter(|day| **day >= today);
        later.copied().find_map(|day| {
            let earliest = if day == today { from.rem_euclid(DAY) } else { 0 };
            self.time_from(earliest).map(|time| day * DAY + time)
        })
    }

    /// BYSETPOS counts the times of all days of the period.
    fn chosen_of(&self, days: &[i64], from: i64) -> Option<i64> {
        let times = i64::from(self.hours.count_ones() * self.minutes.count_ones() * self.seconds.count_ones());
        let all = days.len() as i64 * times;
        let chosen = self.positions.iter().filter_map(|position| {
            let index = indexed(*position, all)?;
            Some(days[(index / times) as usize] * DAY + self.time_at(index % times))
        });
        chosen.filter(|local| *local >= from).min()
    }

    /// The time of day of that number.
    fn time_at(&self, index: i64) -> i64 {
        let (minutes, seconds) = (i64::from(self.minutes.count_ones()), i64::from(self.seconds.count_ones()));
        let hour = nth_bit(self.hours, index / (minutes * seconds));
        hour * HOUR + nth_bit(self.minutes, index / seconds % minutes) * MINUTE + nth_bit(self.seconds, index % seconds)
    }

    fn time_from(&self, earliest: i64) -> Option<i64> {
        let (hour, minute, second) = (earliest / HOUR, earliest % HOUR / MINUTE, earliest % MINUTE);
        if self.hours & (1 << hour) != 0
            && let Some(rest) = self.within_hour_from(minute, second)
        {
            return Some(hour * HOUR + rest);
        }
        let hour = lowest(self.hours, hour + 1)?;
        Some(hour * HOUR + self.within_hour_from(0, 0)?)
    }

    fn within_hour_from(&self, minute: i64, second: i64) -> Option<i64> {
        if self.minutes & (1 << minute) != 0
            && let Some(second) = lowest(self.seconds, second)
        {
            return Some(minute * MINUTE + second);
        }
        let minute = lowest(self.minutes, minute + 1)?;
        Some(minute * MINUTE + lowest(self.seconds, 0)?)
    }

    /// Periods shorter than a day: what is not named is leapt over.
    fn by_times(&self, from: i64) -> Option<i64> {
        let unit = self.unit();
        let end = days_of(YEAR_MAX, 12, 31) * DAY;
        let mut period = self.aligned(from.div_euclid(unit));
        for _ in 0..PERIODS_MAX {
            let local = period * unit;
            if local > end {
                return None;
            }
            match self.leap_over(local) {
                Some(resume) => period = self.aligned(-(-resume).div_euclid(unit)),
                None => match self.within_period(local, from) {
                    Some(found) => return Some(found),
                    None => period += self.interval,
                },
            }
        }
        None
    }

    /// Where to go on when the period that begins at `local` is not named.
    fn leap_over(&self, local: i64) -> Option<i64> {
        let day = local.div_euclid(DAY);
        if !self.days.names(day) {
            return Some((day + 1) * DAY);
        }
        let (hour, minute, second) = (local.rem_euclid(DAY) / HOUR, local.rem_euclid(HOUR) / MINUTE, local.rem_euclid(MINUTE));
        if self.hours & (1 << hour) == 0 {
            return Some(day * DAY + lowest(self.hours, hour).map_or(DAY, |hour| hour * HOUR));
        }
        if self.frequency <= Frequency::Minutely && self.minutes & (1 << minute) == 0 {
            return Some(day * DAY + hour * HOUR + lowest(self.minutes, minute).map_or(HOUR, |minute| minute * MINUTE));
        }
        if self.frequency == Frequency::Secondly && self.seconds & (1 << second) == 0 {
            return Some(local - second + lowest(self.seconds, second).unwrap_or(MINUTE));
        }
        None
    }

    /// The first time of the period that begins at `local`, from `from` on.
    fn within_period(&self, local: i64, from: i64) -> Option<i64> {
        // A minute has one minute, a second one second.
        let minutes = if self.frequency == Frequency::Hourly { self.minutes } else { 1 };
        let seconds = if self.frequency == Frequency::Secondly { 1 } else { self.seconds };
        let (minute_count, second_count) = (i64::from(minutes.count_ones()), i64::from(seconds.count_ones()));
        let at = |index: i64| local + nth_bit(minutes, index / second_count) * MINUTE + nth_bit(seconds, index % second_count);
        let all = minute_count * second_count;
        if self.positions.is_empty() {
            let late = partition(all, |index| at(index) < from);
            return (late < all).then(|| at(late));
        }
        self.positions.iter().filter_map(|position| indexed(*position, all)).map(at).filter(|found| *found >= from).min()
    }
}

impl Pattern for Rule {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        let from = local.max(self.start);
        if self.frequency >= Frequency::Daily { self.by_days(from) } else { self.by_times(from) }
    }

    fn keeps_interval(&self) -> bool {
        self.frequency < Frequency::Daily
    }
}

/// The index of a position, which counts from 1 or, negative, from the end.
fn indexed(position: i32, len: i64) -> Option<i64> {
    let position = i64::from(position);
    let index = if position > 0 { position - 1 } else { len + position };
    (0..len).contains(&index).then_some(index)
}

fn nth_bit(bits: u64, nth: i64) -> i64 {
    let mut bits = bits;
    for _ in 0..nth {
        bits &= bits.wrapping_sub(1);
    }
    i64::from(bits.trailing_zeros())
}

fn lowest(bits: u64, from: i64) -> Option<i64> {
    let rest = bits.checked_shr(from as u32)?;
    (rest != 0).then(|| from + i64::from(rest.trailing_zeros()))
}

/// How many of the first indexes the predicate holds for.
fn partition(len: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = (low + high) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
