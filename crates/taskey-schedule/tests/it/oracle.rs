//! Cron as a naive reader would do it: minute by minute through real time, each looked up on the wall clock. Slow, and nothing to be shared with
//! what it checks.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A cron expression of five fields.
pub struct Naive {
    minutes: Vec<bool>,
    hours: Vec<bool>,
    fields: Vec<String>,
}

impl Naive {
    pub fn read(expression: &str) -> Self {
        let fields: Vec<String> = expression.split(' ').map(str::to_uppercase).collect();
        Self {
            minutes: (0..60).map(|minute| within(&fields[0], minute, 0, 59)).collect(),
            hours: (0..24).map(|hour| within(&fields[1], hour, 0, 23)).collect(),
            fields,
        }
    }

    /// Whether it names a minute.
    pub fn names(&self, at: DateTime) -> bool {
        self.minutes[at.minute() as usize] && self.hours[at.hour() as usize] && names_date(&self.fields, at.date())
    }
}

fn names_date(fields: &[String], date: Date) -> bool {
    let mut month = fields[3].clone();
    for (index, name) in ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"].iter().enumerate() {
        month = month.replace(name, &(index + 1).to_string());
    }
    let mut weekday = fields[4].clone();
    for (index, name) in ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"].iter().enumerate() {
        weekday = weekday.replace(name, &index.to_string());
    }
    let by_date = fields[2].split(',').any(|item| is_day(item, date));
    let by_weekday = weekday.split(',').any(|item| is_weekday(item, date));
    let either = !fields[2].starts_with('*') && !fields[4].starts_with('*');
    within(&month, i32::from(date.month()), 1, 12) && if either { by_date || by_weekday } else { by_date && by_weekday }
}

fn is_day(item: &str, date: Date) -> bool {
    let workday = |date: Date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    match item {
        "L" => date == date.last_of_month(),
        "LW" => {
            workday(date)
                && date.day() >= (1..=date.days_in_month()).rev().find(|day| workday(date.with().day(*day).build().unwrap())).unwrap()
        }
        _ if item.ends_with('W') => {
            let Ok(wanted) = date.with().day(item.trim_end_matches('W').parse().unwrap()).build() else {
                return false;
            };
            // The nearest one of the month; there are never two as near.
            let near = (1..=date.days_in_month()).map(|day| date.with().day(day).build().unwrap()).filter(|day| workday(*day));
            near.min_by_key(|day| (day.day() - wanted.day()).abs()) == Some(date)
        }
        _ => within(item, i32::from(date.day()), 1, 31),
    }
}

fn is_weekday(item: &str, date: Date) -> bool {
    let today = i32::from(date.weekday().to_sunday_zero_offset());
    match item.split_once('#') {
        Some((day, "L")) => day.parse::<i32>().unwrap() % 7 == today && (date + 7.days()).month() != date.month(),
        Some((day, nth)) => day.parse::<i32>().unwrap() % 7 == today && (date.day() + 6) / 7 == nth.parse::<i8>().unwrap(),
        None => within(item, today, 0, 7) || (today == 0 && within(item, 7, 0, 7) && !item.starts_with('*')),
    }
}

fn within(field: &str, number: i32, low: i32, high: i32) -> bool {
    field.split(',').any(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        (from..=to).contains(&number) && (number - from) % step.parse::<i32>().unwrap() == 0
    })
}

/// The next slots after an instant in seconds, as Debian's manual says: what has a `*` in its minute or hour fires when the clocks show it; what
/// has none fires once, as soon as the clocks show it or have leapt over it.
pub fn slots(expression: &str, zone: &TimeZone, after: i64, count: usize) -> Vec<i64> {
    let naive = Naive::read(expression);
    let wildcard = naive.fields[0].starts_with('*') || naive.fields[1].starts_with('*');
    let shown = |at: i64| zone.to_datetime(Timestamp::from_second(at).unwrap());
    let mut found = Vec::new();
    // From a day before, so as to know what the clocks have shown already.
    let mut at = after.div_euclid(60) * 60 - 86_400;
    let mut reached = shown(at);
    while found.len() < count {
        at += 60;
        let now = shown(at);
        let is_due = if wildcard {
            naive.names(now)
        } else {
            let mut due = false;
            while reached < now {
                reached += 1.minute();
                due = due || naive.names(reached);
            }
            due
        };
        if is_due && at > after {
            found.push(at);
        }
        // No slot yesterday, today or tomorrow: on by half a day.
        if now.minute() != 0 {
            continue;
        }
        let days = [now.date() - 1.day(), now.date(), now.date() + 1.day()];
        if days.iter().all(|date| !names_date(&naive.fields, *date)) {
            at += 43_200;
            reached = shown(at);
        }
    }
    found
}
