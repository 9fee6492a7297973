//! A recurrence rule in English. What it takes from its start is said as `as its start`, since the words know no zone.

use super::read::{Frequency, Moment, Parts, Text};
use crate::english::{WEEKDAYS, and, clock, months, ordinal, place, times, weekdays};
use crate::zone::wall;

impl Text {
    /// `every 2 weeks on Monday and Friday at 18:00, from 2026-01-05 09:00`
    pub(crate) fn words(&self) -> String {
        let mut words: Vec<String> = self.rules.iter().map(|rule| rule.words(self.start.as_ref())).collect();
        if !self.dates.is_empty() {
            words.push(format!("on {}", and(&dates(&self.dates))));
        }
        let mut text = words.join(", and ");
        if let Some(start) = &self.start {
            text.push_str(&format!(", from {}", moment(start)));
        }
        if !self.excluded.is_empty() {
            text.push_str(&format!(", not on {}", and(&dates(&self.excluded))));
        }
        text
    }
}

/// The first few, and how many more.
fn dates(moments: &[Moment]) -> Vec<String> {
    let mut named: Vec<String> = moments.iter().take(4).map(moment).collect();
    if moments.len() > 4 {
        named.push(format!("{} more", moments.len() - 4));
    }
    named
}

fn moment(moment: &Moment) -> String {
    match moment {
        Moment::Day(local) => wall(*local).date().to_string(),
        Moment::Instant(at) => format!("{} UTC", wall(*at).strftime("%Y-%m-%d %H:%M:%S")),
        Moment::Floating(local) | Moment::Zoned { local, .. } => wall(*local).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

impl Parts {
    fn words(&self, start: Option<&Moment>) -> String {
        let unit = match self.frequency {
            Frequency::Secondly => "second",
            Frequency::Minutely => "minute",
            Frequency::Hourly => "hour",
            Frequency::Daily => "day",
            Frequency::Weekly => "week",
            Frequency::Monthly => "month",
            Frequency::Yearly => "year",
        };
        let mut words = vec![if self.interval == 1 { format!("every {unit}") } else { format!("every {} {unit}s", self.interval) }];
        words.extend(self.day_words());
        words.extend(self.time_words(start));
        if !self.positions.is_empty() {
            let named: Vec<String> = self.positions.iter().map(|position| place(*position)).collect();
            words.push(format!("(of these the {} of each {unit})", and(&named)));
        }
        match (&self.until, self.count) {
            (Some(until), _) => words.push(format!("until {}", moment(until))),
            (None, Some(1)) => words.push("once".to_owned()),
            (None, Some(count)) => words.push(format!("{count} times")),
            (None, None) => {}
        }
        words.join(" ")
    }

    fn day_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if !self.month_days.is_empty() {
            words.push(format!("on the {} of the month", and(&days(&self.month_days))));
        }
        if !self.year_days.is_empty() {
            words.push(format!("on the {} day of the year", and(&days(&self.year_days))));
        }
        if !self.weekdays.is_empty() {
            let plain = self.weekdays.iter().filter(|day| day.nth == 0).fold(0, |bits, day| bits | 1 << day.weekday);
            let mut items = if plain == 0 { Vec::new() } else { vec![weekdays(plain)] };
            let period = if self.frequency == Frequency::Yearly && self.months.is_empty() { "year" } else { "month" };
            let numbered = self.weekdays.iter().filter(|day| day.nth != 0);
            items.extend(numbered.map(|day| format!("the {} {} of the {period}", place(day.nth), WEEKDAYS[day.weekday as usize])));
            words.push(format!("on {}", and(&items)));
        }
        if !self.week_numbers.is_empty() {
            let weeks: Vec<String> = self.week_numbers.iter().map(|week| if *week > 0 { week.to_string() } else { place(*week) }).collect();
            words.push(format!("in week {}", and(&weeks)));
        }
        if !self.months.is_empty() {
            words.push(format!("in {}", months(self.months.iter().fold(0, |bits, month| bits | 1 << month))));
        }
        words
    }

    /// `at 18:00`; what is not named comes from the start.
    fn time_words(&self, start: Option<&Moment>) -> Option<String> {
        let bits = |list: &[i32]| list.iter().fold(0u64, |bits, number| bits | 1 << number);
        let of_start = start.and_then(|start| match start {
            Moment::Day(_) => Some(0),
            Moment::Floating(local) | Moment::Zoned { local, .. } => Some(local.rem_euclid(86_400)),
            Moment::Instant(_) => None,
        });
        let written = of_start.map(|time| (time / 3_600, time % 3_600 / 60, time % 60));
        if self.frequency < Frequency::Daily {
            let named = [(&self.hours, "hour"), (&self.minutes, "minute"), (&self.seconds, "second")];
            let named = named.iter().filter(|(list, _)| !list.is_empty());
            let words: Vec<String> = named.map(|(list, unit)| format!("in {unit} {}", and(&numbers(list)))).collect();
            return (!words.is_empty()).then(|| words.join(" "));
        }
        if self.hours.is_empty() {
            if !self.minutes.is_empty() || !self.seconds.is_empty() {
                return Some(format!("at minute {} of the hour it started in", and(&numbers(&self.minutes))));
            }
            return written.map(|(hour, minute, second)| format!("at {}", clock(hour as u32, minute as u32, second as u32)));
        }
        let (_, minute, second) = written.unwrap_or((0, 0, 0));
        let minutes = if self.minutes.is_empty() { 1 << minute } else { bits(&self.minutes) };
        let seconds = if self.seconds.is_empty() { 1 << second } else { bits(&self.seconds) };
        Some(times(bits(&self.hours), minutes, seconds))
    }
}

fn numbers(list: &[i32]) -> Vec<String> {
    list.iter().map(i32::to_string).collect()
}

/// `1st`, `last`
fn days(list: &[i32]) -> Vec<String> {
    list.iter().map(|day| if *day > 0 { ordinal(day.unsigned_abs()) } else { place(*day) }).collect()
}
