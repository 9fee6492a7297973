//! Which days a rule names: those of its BY parts, or the one of its start.

use super::read::{Frequency, Nth, Parts};
use crate::civil::{DAY, date_of, days_of, is_leap, month_len, weekday_of};

#[derive(Debug, Clone)]
pub(super) struct Days {
    frequency: Frequency,
    /// Bit 1 is January; 0: every month.
    months: u16,
    week_numbers: Vec<i32>,
    year_days: Vec<i32>,
    month_days: Vec<i32>,
    /// Bit 0 is Sunday.
    weekdays: u8,
    numbered: Vec<Nth>,
    week_start: u32,
}

impl Days {
    pub(super) fn new(parts: &Parts, start: i64) -> Self {
        let mut days = Self {
            frequency: parts.frequency,
            months: parts.months.iter().fold(0, |bits, month| bits | 1 << month),
            week_numbers: parts.week_numbers.clone(),
            year_days: parts.year_days.clone(),
            month_days: parts.month_days.clone(),
            weekdays: parts.weekdays.iter().filter(|day| day.nth == 0).fold(0, |bits, day| bits | 1 << day.weekday),
            numbered: parts.weekdays.iter().copied().filter(|day| day.nth != 0).collect(),
            week_start: parts.week_start,
        };
        let says_nothing =
            parts.week_numbers.is_empty() && parts.year_days.is_empty() && parts.month_days.is_empty() && parts.weekdays.is_empty();
        if says_nothing {
            let today = start.div_euclid(DAY);
            let (_, month, day) = date_of(today);
            match parts.frequency {
                Frequency::Yearly => {
                    days.month_days.push(day as i32);
                    if days.months == 0 {
                        days.months = 1 << month;
                    }
                }
                Frequency::Monthly => days.month_days.push(day as i32),
                Frequency::Weekly => days.weekdays = 1 << weekday_of(today),
                _ => {}
            }
        }
        days
    }

    /// The days of the period of that number, in order: a year, a month, a week or a day.
    pub(super) fn of_period(&self, period: i64) -> Vec<i64> {
        let mut found = Vec::new();
        match self.frequency {
            Frequency::Yearly => {
                for month in 1..=12 {
                    self.add_month(period as i32, month, &mut found);
                }
            }
            Frequency::Monthly => self.add_month(period.div_euclid(12) as i32, period.rem_euclid(12) as u32 + 1, &mut found),
            Frequency::Weekly => {
                let first = period * 7 - 4 + i64::from(self.week_start);
                found.extend((first..first + 7).filter(|day| self.names(*day)));
            }
            _ if self.names(period) => found.push(period),
            _ => {}
        }
        found
    }

    fn add_month(&self, year: i32, month: u32, found: &mut Vec<i64>) {
        if self.months != 0 && self.months & (1 << month) == 0 {
            return;
        }
        let first = days_of(year, month, 1);
        let len = month_len(year, month);
        found.extend(
            (1..=len).filter(|day| self.names_date(first + i64::from(*day) - 1, year, month, *day)).map(|day| first + i64::from(day) - 1),
        );
    }

    pub(super) fn names(&self, day: i64) -> bool {
        let (year, month, date) = date_of(day);
        self.names_date(day, year, month, date)
    }

    fn names_date(&self, day: i64, year: i32, month: u32, date: u32) -> bool {
        (self.months == 0 || self.months & (1 << month) != 0)
            && (self.month_days.is_empty() || counted(&self.month_days, date as i32, month_len(year, month) as i32))
            && (self.year_days.is_empty() || counted(&self.year_days, year_day(day, year), year_len(year)))
            && (self.week_numbers.is_empty() || self.is_in_week(day, year))
            && self.is_on_weekday(day, year, month, date)
    }

    fn is_on_weekday(&self, day: i64, year: i32, month: u32, date: u32) -> bool {
        if self.weekdays == 0 && self.numbered.is_empty() {
            return true;
        }
        let weekday = weekday_of(day);
        if self.weekdays & (1 << weekday) != 0 {
            return true;
        }
        self.numbered.iter().filter(|numbered| numbered.weekday == weekday).any(|numbered| {
            // Of the month, but of the year where the rule is yearly and names no months.
            let (from_start, len) = if self.frequency == Frequency::Yearly && self.months == 0 {
                (year_day(day, year), year_len(year))
            } else {
                (date as i32, month_len(year, month) as i32)
            };
            let nth = if numbered.nth > 0 { (from_start - 1) / 7 + 1 } else { -((len - from_start) / 7 + 1) };
            nth == numbered.nth
        })
    }

    /// Week 1 is the first with at least four days in its year; a day in January may lie in the last week of the year before.
    fn is_in_week(&self, day: i64, year: i32) -> bool {
        let of_year = |year| first_week(year, self.week_start);
        let (first, len) = if day < of_year(year) {
            (of_year(year - 1), of_year(year) - of_year(year - 1))
        } else if day >= of_year(year + 1) {
            (of_year(year + 1), of_year(year + 2) - of_year(year + 1))
        } else {
            (of_year(year), of_year(year + 1) - of_year(year))
        };
        counted(&self.week_numbers, ((day - first) / 7 + 1) as i32, (len / 7) as i32)
    }
}

/// Whether a number of so many is listed, from the start or from the end.
fn counted(list: &[i32], number: i32, len: i32) -> bool {
    list.iter().any(|listed| *listed == number || *listed == number - len - 1)
}

fn year_day(day: i64, year: i32) -> i32 {
    (day - days_of(year, 1, 1)) as i32 + 1
}

fn year_len(year: i32) -> i32 {
    if is_leap(year) { 366 } else { 365 }
}

/// The first day of week 1.
fn first_week(year: i32, week_start: u32) -> i64 {
    let fourth = days_of(year, 1, 4);
    fourth - i64::from((weekday_of(fourth) + 7 - week_start) % 7)
}
