//! Calendars in the format of RFC 5545 (iCalendar), read for the times at which nothing is to begin, and plain lists of holidays.
//!
//! An event is kept as it was written; [`expand`] says when it is, within bounds. A time with a zone of its own becomes an instant. An event
//! without one, or for whole days, stays a time on the wall clock, and is at each schedule's own.

mod event;
mod lines;

use taskey_proto::Time;
use taskey_proto::schedules::document::Period;

pub use event::Event;

use crate::civil::DAY;
use crate::gate::moment;
use crate::rrule::Moment;
use crate::zone::Zone;

/// Events of one calendar.
pub const EVENTS_MAX: usize = 5_000;
/// Periods that one expansion gives.
pub const PERIODS_MAX: usize = 20_000;
const TEXT_LEN_MAX: usize = 4 << 20;

/// Reads a calendar's events: iCalendar, or a list of holidays with one `2026-12-25 Christmas` a line. On failure everything that is wrong, each
/// with its line.
pub fn parse(text: &str) -> Result<Vec<Event>, Vec<String>> {
    if text.len() > TEXT_LEN_MAX {
        return Err(vec![format!("the calendar is larger than {} MiB", TEXT_LEN_MAX >> 20)]);
    }
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    let events = if begins.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        event::read_calendar(begins)
    } else {
        read_holidays(begins)
    }?;
    if events.len() > EVENTS_MAX {
        return Err(vec![format!("{} events; at most {EVENTS_MAX}", events.len())]);
    }
    Ok(events)
}

/// When the events are, from `from` until `until`, by their beginning; at most [`PERIODS_MAX`].
pub fn expand(events: &[Event], from: Time, until: Time) -> Vec<Period> {
    let mut periods = Vec::new();
    for event in events {
        event.expand(from, until, PERIODS_MAX, &mut periods);
    }
    periods.sort_by(|a, b| (&a.from, &a.until, &a.name).cmp(&(&b.from, &b.until, &b.name)));
    periods.dedup();
    periods.truncate(PERIODS_MAX);
    periods
}

/// Periods, by their beginning, and the moment up to which none of them is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoned {
    pub periods: Vec<Period>,
    pub until: Time,
}

/// When the events of several calendars are, from `from` until `until`, or until earlier where that would be more than `max`. Events of a
/// calendar that is given with its name are called `NAME: EVENT`.
pub fn reckon<'a>(calendars: impl IntoIterator<Item = (Option<&'a str>, &'a [Event])>, from: Time, until: Time, max: usize) -> Reckoned {
    let mut whole_until = until;
    let mut periods: Vec<(Time, Period)> = Vec::new();
    for (calendar, events) in calendars {
        let own;
        (own, whole_until) = expand_whole(events, from, whole_until);
        periods.extend(own.into_iter().map(|period| {
            let name = calendar.map_or_else(|| period.name.clone(), |calendar| format!("{calendar}: {}", period.name));
            (begins(&period), Period { name, ..period })
        }));
    }
    // A time on the wall clock may be up to a day from what it would be in UTC.
    let slack = DAY * 1_000;
    periods.retain(|(begins, _)| *begins < whole_until.plus_ms(slack));
    periods.sort_by(|(a, one), (b, two)| (a, &one.until, &one.name).cmp(&(b, &two.until, &two.name)));
    if let Some((left_out, _)) = periods.get(max) {
        whole_until = whole_until.min(left_out.plus_ms(-slack));
        periods.truncate(max);
    }
    Reckoned { periods: periods.into_iter().map(|(_, period)| period).collect(), until: whole_until }
}

/// As [`expand`], with nothing left out: where that is too much, up to an earlier end.
fn expand_whole(events: &[Event], from: Time, until: Time) -> (Vec<Period>, Time) {
    let mut until = until;
    loop {
        let mut periods = Vec::new();
        for event in events {
            event.expand(from, until, PERIODS_MAX, &mut periods);
        }
        let span = until.since_ms(from);
        if periods.len() < PERIODS_MAX || span < 1_000 {
            return (periods, until);
        }
        until = from.plus_ms(span / 2);
    }
}

/// When a period begins and ends; on the wall clock, as if that were of UTC.
pub fn bounds(period: &Period) -> (Time, Time) {
    let utc = Zone::utc();
    let at = |text: &str| moment(text, &utc).unwrap_or(Time::from_ms(0));
    (at(&period.from), at(&period.until))
}

fn begins(period: &Period) -> Time {
    bounds(period).0
}

/// `2026-12-25 Christmas`; what follows a `#` and empty lines say nothing.
fn read_holidays(text: &str) -> Result<Vec<Event>, Vec<String>> {
    let mut events = Vec::new();
    let mut errors = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let (date, name) = line.split_once(|c: char| c.is_whitespace() || c == ',').unwrap_or((line, ""));
        match Moment::read(&date.replace('-', ""), None) {
            Some(day @ Moment::Day(_)) if date.len() == 10 => {
                let name = if name.trim().is_empty() { date } else { name.trim() };
                events.push(Event::whole_days(name, day, DAY));
            }
            _ => errors.push(format!("line {}: `{date}` is not a date; write 2026-12-25 and a name, or give an iCalendar file", index + 1)),
        }
    }
    if events.is_empty() && errors.is_empty() {
        errors.push("there are no events in it".to_owned());
    }
    if errors.is_empty() { Ok(events) } else { Err(errors) }
}
