//! Cron expressions, as Debian's cron reads them, with `L`, `W` and `#` for days and a field for seconds where asked for.
//!
//! Each field is a set of bits, so that the next time of a pattern is a matter of shifts: the days of one month fit one word.

mod read;
mod words;

use crate::civil::{DAY, HOUR, MINUTE, YEAR_MAX, date_of, days_of, month_len, weekday_of};
use crate::walk::Pattern;

pub(crate) use read::NICKNAMES;

/// A date such as Monday, 29 February comes back after 28 years, across 2100 after 40.
const YEARS_SEARCHED: i32 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    seconds: u64,
    minutes: u64,
    hours: u32,
    days: Days,
    /// Bit 1 is January.
    months: u16,
    weekdays: Weekdays,
    keeps_interval: bool,
}

/// Days of the month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Days {
    starred: bool,
    bits: u32,
    last: bool,
    last_workday: bool,
    /// The working day nearest to each of these.
    nearest_workday: u32,
}

/// Days of the week, bit 0 being Sunday.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Weekdays {
    starred: bool,
    bits: u8,
    /// The first to fifth of the month, one set of weekdays each.
    nth: [u8; 5],
    last: u8,
}

impl Pattern for Cron {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        let day = local.div_euclid(DAY);
        let mut second = local.rem_euclid(DAY);
        let (mut year, mut month, mut from) = date_of(day);
        let year_max = YEAR_MAX.min(year + YEARS_SEARCHED);
        while year <= year_max {
            if self.months & (1 << month) != 0 {
                let mut days = self.days_in(year, month) >> from << from;
                while days != 0 {
                    let this = days.trailing_zeros();
                    // The search begins within the first day only.
                    let earliest = if this == from { second } else { 0 };
                    if let Some(second) = self.time_from(earliest) {
                        return Some(days_of(year, month, this) * DAY + second);
                    }
                    days &= days - 1;
                }
            }
            (second, from) = (0, 1);
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        }
        None
    }

    fn keeps_interval(&self) -> bool {
        self.keeps_interval
    }
}

impl Cron {
    /// The days of a month, bit 1 the first.
    fn days_in(&self, year: i32, month: u32) -> u32 {
        let len = month_len(year, month);
        let first = weekday_of(days_of(year, month, 1));
        let by_date = self.days.in_month(len, first);
        let by_weekday = self.weekdays.in_month(len, first);
        // POSIX: where both say something, either is enough.
        if self.days.starred || self.weekdays.starred { by_date & by_weekday } else { by_date | by_weekday }
    }

    /// The first second of a day, from `earliest` on.
    fn time_from(&self, earliest: i64) -> Option<i64> {
        let (hour, minute, second) = ((earliest / HOUR) as u32, (earliest % HOUR / MINUTE) as u32, (earliest % MINUTE) as u32);
        if self.hours & (1 << hour) != 0 {
            if self.minutes & (1 << minute) != 0
                && let Some(second) = lowest(self.seconds, second)
            {
                return Some(time(hour, minute, second));
            }
            if let Some(minute) = lowest(self.minutes, minute + 1) {
                return Some(time(hour, minute, self.seconds.trailing_zeros()));
            }
        }
        let hour = lowest(u64::from(self.hours), hour + 1)?;
        Some(time(hour, self.minutes.trailing_zeros(), self.seconds.trailing_zeros()))
    }
}

fn time(hour: u32, minute: u32, second: u32) -> i64 {
    i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second)
}

/// The lowest bit from `from` on.
fn lowest(bits: u64, from: u32) -> Option<u32> {
    let rest = bits.checked_shr(from)?;
    (rest != 0).then(|| from + rest.trailing_zeros())
}

impl Days {
    fn in_month(&self, len: u32, first: u32) -> u32 {
        let mut days = self.bits & within(len);
        if self.last {
            days |= 1 << len;
        }
        if self.last_workday {
            days |= 1 << workday_near(len, len, first);
        }
        let mut near = self.nearest_workday & within(len);
        while near != 0 {
            days |= 1 << workday_near(near.trailing_zeros(), len, first);
            near &= near - 1;
        }
        days
    }
}

/// Every day of a month of so many.
fn within(len: u32) -> u32 {
    (u32::MAX >> (31 - len)) & !1
}

/// Monday to Friday nearest to a day, never in another month.
fn workday_near(day: u32, len: u32, first: u32) -> u32 {
    match (first + day - 1) % 7 {
        6 if day == 1 => 3,
        6 => day - 1,
        0 if day == len => day - 2,
        0 => day + 1,
        _ => day,
    }
}

impl Weekdays {
    fn in_month(&self, len: u32, first: u32) -> u32 {
        let mut days = 0;
        for weekday in 0..7 {
            // 1 to 7.
            let earliest = 1 + (weekday + 7 - first) % 7;
            let bit = 1 << weekday;
            for nth in 0..5 {
                if (self.bits | self.nth[nth as usize]) & bit != 0 {
                    days |= 1u64 << (earliest + 7 * nth);
                }
            }
            if self.last & bit != 0 {
                days |= 1 << (earliest + (len - earliest) / 7 * 7);
            }
        }
        days as u32 & within(len)
    }
}
