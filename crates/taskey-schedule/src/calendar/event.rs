//! One event: when it begins, how long it lasts, and how it comes back.

use taskey_proto::Time;
use taskey_proto::schedules::document::Period;

use super::PERIODS_MAX;
use super::lines::{Line, read_duration, unescape, unfold};
use crate::civil::DAY;
use crate::rrule::{Moment, Parts, Recurrence, Text, read_moments};
use crate::zone::{Zone, wall};

/// An event as it was written, with the zone that its times are in.
#[derive(Debug, Clone)]
pub struct Event {
    name: String,
    /// `None`: at the time of whoever reads it.
    zone: Option<Zone>,
    text: Text,
    comes_back: bool,
    /// In seconds: of the wall clock for whole days, else real ones.
    length: i64,
    /// For one that takes the place of another's repetition.
    uid: String,
    replaces: Option<Moment>,
}

/// The longest that an event blocks.
const LENGTH_MAX: i64 = 3_660 * DAY;
const NAME_LEN_MAX: usize = 200;

pub(super) fn read_calendar(text: &str) -> Result<Vec<Event>, Vec<String>> {
    let mut errors = Vec::new();
    let mut events: Vec<(Event, bool)> = Vec::new();
    let mut inside: Option<Vec<Line>> = None;
    // Alarms and the like within an event.
    let mut depth = 0;
    for line in unfold(text) {
        let what = line.value.to_ascii_uppercase();
        match (line.name.as_str(), &mut inside) {
            ("BEGIN", None) if what == "VEVENT" => inside = Some(Vec::new()),
            ("BEGIN", Some(_)) => depth += 1,
            ("END", Some(_)) if depth > 0 => depth -= 1,
            ("END", Some(lines)) => {
                match Event::read(lines, line.number) {
                    Ok(event) => events.push(event),
                    Err(error) => errors.push(error),
                }
                inside = None;
            }
            (_, Some(lines)) if depth == 0 => lines.push(line),
            _ => {}
        }
    }
    if inside.is_some() {
        errors.push("the file ends within an event".to_owned());
    }
    if errors.is_empty() { Ok(settle(events)) } else { Err(errors) }
}

/// Repetitions that were moved or cancelled leave their series; what is cancelled is no event.
fn settle(events: Vec<(Event, bool)>) -> Vec<Event> {
    let replaced: Vec<(String, Moment)> =
        events.iter().filter_map(|(event, _)| Some((event.uid.clone(), event.replaces.clone()?))).collect();
    let lasting = events.into_iter().filter(|(_, cancelled)| !cancelled).map(|(event, _)| event);
    lasting
        .map(|mut event| {
            if event.comes_back {
                let gone = replaced.iter().filter(|(uid, _)| !uid.is_empty() && *uid == event.uid).map(|(_, moment)| moment.clone());
                event.text.excluded.extend(gone);
            }
            event
        })
        .collect()
}

impl Event {
    /// One that lasts so many seconds of whole days.
    pub(super) fn whole_days(name: &str, day: Moment, length: i64) -> Self {
        let text = Text { start: Some(day), ..Text::default() };
        Self { name: short(name), zone: None, text, comes_back: false, length, uid: String::new(), replaces: None }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// With it whether it is cancelled.
    fn read(lines: &[Line], end_line: usize) -> Result<(Self, bool), String> {
        let mut text = Text::default();
        let (mut end, mut length, mut replaces) = (None, None, None);
        let (mut name, mut uid, mut cancelled) = ("busy".to_owned(), String::new(), false);
        for line in lines {
            let wrong = |detail: String| format!("line {}: {detail}", line.number);
            let moments = || read_moments(&line.head, &line.value).map_err(wrong);
            match line.name.as_str() {
                "SUMMARY" if !line.value.is_empty() => name = unescape(&line.value),
                "UID" => uid.clone_from(&line.value),
                "STATUS" => cancelled = line.value.eq_ignore_ascii_case("CANCELLED"),
                "DTSTART" => text.start = moments()?.pop(),
                "DTEND" => end = moments()?.pop(),
                "DURATION" => {
                    length = Some(
                        read_duration(&line.value)
                            .ok_or_else(|| wrong(format!("DURATION: `{}` is not one; write PT1H30M or P1D", line.value)))?,
                    );
                }
                "RRULE" => text.rules.push(Parts::read(&line.value).map_err(|detail| wrong(format!("RRULE: {detail}")))?),
                "RDATE" => text.dates.extend(moments()?),
                "EXDATE" => text.excluded.extend(moments()?),
                "RECURRENCE-ID" => replaces = moments()?.pop(),
                _ => {}
            }
        }
        let first_line = lines.first().map_or(end_line, |line| line.number);
        let wrong = |detail: String| format!("line {first_line}: event `{}`: {detail}", short(&name));
        let start = text.start.clone().ok_or_else(|| wrong("it has no DTSTART".to_owned()))?;
        let zone = match &start {
            Moment::Day(_) | Moment::Floating(_) => None,
            Moment::Instant(_) => Some(Zone::utc()),
            Moment::Zoned { zone, .. } => Some(zone_of(zone).ok_or_else(|| wrong(format!("there is no time zone `{zone}`")))?),
        };
        let reader = zone.clone().unwrap_or_else(Zone::utc);
        for moment in text.moments() {
            named_by(moment, &reader).map_err(wrong)?;
        }
        if let Some(moment) = &mut replaces {
            named_by(moment, &reader).map_err(wrong)?;
        }
        let length = match (end, length) {
            (Some(mut end), _) => {
                let ends = instant_of(&mut end, &reader).map_err(wrong)?;
                let mut start = start.clone();
                ends - instant_of(&mut start, &reader).map_err(wrong)?
            }
            (None, Some(length)) => length,
            (None, None) if start.is_day() => DAY,
            (None, None) => 0,
        };
        if !(0..=LENGTH_MAX).contains(&length) {
            return Err(wrong("it ends before it begins, or lasts more than ten years".to_owned()));
        }
        let comes_back = !text.rules.is_empty() || !text.dates.is_empty();
        if comes_back {
            // In a calendar an event is at its start, whatever its rule says.
            text.dates.extend(text.start.clone());
        }
        // Binding it once says whether it can be expanded.
        Recurrence::bind(&text, Time::from_ms(0), &reader).map_err(wrong)?;
        Ok((Self { name: short(&name), zone, text, comes_back, length, uid, replaces }, cancelled))
    }

    pub(super) fn expand(&self, from: Time, until: Time, max: usize, periods: &mut Vec<Period>) {
        if self.length == 0 {
            return;
        }
        let reader = self.zone.clone().unwrap_or_else(Zone::utc);
        // A time on the wall clock may be up to a day from that of UTC.
        let slack = if self.zone.is_none() { DAY * 1_000 } else { 0 };
        let (from, until) = (from.plus_ms(-slack), until.plus_ms(slack));
        let Ok(recurrence) = Recurrence::bind(&self.text, Time::from_ms(0), &reader) else {
            return;
        };
        let start = self.text.start.as_ref().and_then(|start| start.on_the_wall(&reader).ok()).map(|local| reader.instant_of(local));
        if !self.comes_back {
            let start = start.map(|at| Time::from_ms(at * 1_000));
            periods.extend(start.filter(|at| *at < until && at.plus_ms(self.length * 1_000) > from).map(|at| self.period(at)));
            return;
        }
        let mut after = from.plus_ms(-self.length * 1_000 - 1);
        while periods.len() < max.min(PERIODS_MAX) {
            let Some(next) = recurrence.next(&reader, after).filter(|next| next.at < until) else {
                return;
            };
            periods.push(self.period(next.at));
            after = next.at;
        }
    }

    fn period(&self, at: Time) -> Period {
        let begin = at.ms().div_euclid(1_000);
        let end = begin + self.length;
        let write = |at: i64| match self.zone {
            Some(_) => format!("{}Z", wall(at).strftime("%Y-%m-%dT%H:%M:%S")),
            None => wall(at).strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        };
        Period { from: write(begin), until: write(end), name: self.name.clone() }
    }
}

/// A time in another zone than its event's becomes an instant.
fn named_by(moment: &mut Moment, zone: &Zone) -> Result<(), String> {
    if let Moment::Zoned { zone: named, local } = moment {
        let own = zone_of(named).ok_or_else(|| format!("there is no time zone `{named}`"))?;
        *moment = if own.name() == zone.name() {
            Moment::Zoned { zone: own.name().to_owned(), local: *local }
        } else {
            Moment::Instant(own.instant_of(*local))
        };
    }
    Ok(())
}

fn instant_of(moment: &mut Moment, zone: &Zone) -> Result<i64, String> {
    named_by(moment, zone)?;
    Ok(zone.instant_of(moment.on_the_wall(zone)?))
}

/// A zone by the name that a calendar gives it: IANA's, one with a vendor's prefix, or Windows'.
fn zone_of(name: &str) -> Option<Zone> {
    let name = name.trim_matches('"').trim();
    if name.eq_ignore_ascii_case("GMT") || name.eq_ignore_ascii_case("Z") {
        return Some(Zone::utc());
    }
    let mut rest = name;
    loop {
        if let Some((zone, _)) = Zone::named(rest) {
            return Some(zone);
        }
        match rest.split_once('/') {
            Some((_, after)) if after.contains('/') => rest = after,
            _ => break,
        }
    }
    let (_, iana) = WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name))?;
    Zone::named(iana).map(|(zone, _)| zone)
}

/// The zones that Outlook writes most, after Unicode's table.
const WINDOWS: [(&str, &str); 34] = [
    ("UTC", "UTC"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("India Standard Time", "Asia/Kolkata"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Eastern Standard Time", "America/New_York"),
    ("Central Standard Time", "America/Chicago"),
    ("Mountain Standard Time", "America/Denver"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
];

fn short(name: &str) -> String {
    let line: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(NAME_LEN_MAX).collect()
}
