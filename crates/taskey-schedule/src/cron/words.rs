//! A cron expression in English.

use super::{Cron, Days, Weekdays};
use crate::english::{WEEKDAYS, and, list, members, months, ordinal, place, runs, times, weekdays};

const EVERY_DATE: u32 = !1;
const EVERY_WEEKDAY: u8 = 0x7f;

impl Cron {
    /// `at 02:30 every day`
    pub(crate) fn words(&self) -> String {
        let times = times(u64::from(self.hours), self.minutes, self.seconds);
        let months = (self.months != 0x1ffe).then(|| months(u64::from(self.months)));
        let dates = self.days.words(months.is_none());
        let weekdays = self.weekdays.words();
        let either = !self.days.starred && !self.weekdays.starred;
        let days = match (dates, weekdays) {
            // Either is every day, or the other one is all that counts.
            (None, None) => None,
            (None, Some(_)) | (Some(_), None) if either => None,
            (Some(dates), None) => Some(dates),
            (None, Some(weekdays)) => Some(weekdays),
            (Some(dates), Some(weekdays)) if either => Some(format!("{dates} or {weekdays}")),
            (Some(dates), Some(weekdays)) => Some(format!("{dates} that is also {weekdays}")),
        };
        match (days, months) {
            (None, None) if times.starts_with("every") => times,
            (None, None) => format!("{times} every day"),
            (None, Some(months)) => format!("{times} every day in {months}"),
            (Some(days), None) => format!("{times} on {days}"),
            (Some(days), Some(months)) => format!("{times} on {days} in {months}"),
        }
    }
}

impl Days {
    /// `the 1st and the last day of the month`; `None` for every day.
    fn words(&self, of_the_month: bool) -> Option<String> {
        if self.bits == EVERY_DATE {
            return None;
        }
        let mut items = runs(u64::from(self.bits), ordinal);
        items.extend(members(u64::from(self.nearest_workday)).map(|day| format!("the working day nearest to the {}", ordinal(day))));
        if self.last {
            items.push("the last day".to_owned());
        }
        if self.last_workday {
            items.push("the last working day".to_owned());
        }
        let article = if items[0].starts_with("the ") { "" } else { "the " };
        Some(format!("{article}{}{}", and(&items), if of_the_month { " of the month" } else { "" }))
    }
}

impl Weekdays {
    fn words(&self) -> Option<String> {
        if self.bits == EVERY_WEEKDAY {
            return None;
        }
        let mut items = Vec::new();
        if self.bits != 0 {
            items.push(weekdays(u64::from(self.bits)));
        }
        let numbered = self.nth.iter().zip(1..).chain([(&self.last, -1)]);
        for (bits, number) in numbered {
            items.extend(members(u64::from(*bits)).map(|day| format!("the {} {} of the month", place(number), WEEKDAYS[day as usize])));
        }
        Some(list(&items, "and"))
    }
}
