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
use crate::rrule::Moment;

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
