//! What is wrong with a schedule's rules, by field, and the timing of one that is right.

use taskey_proto::Time;
use taskey_proto::problem::FieldError;
use taskey_proto::schedules::document::{Period, Timing, ZoneRules};
use taskey_proto::schedules::{ScheduleSpec, TIMEZONE_DEVICE, When};

use crate::gate::window_problem;
use crate::timetable::{Rule, Timetable};
use crate::zone::Zone;

/// Everything in a schedule that cannot be reckoned with, each with its place. What can be said without reckoning, `check_schedule` of
/// `taskey-proto` says.
pub fn check_timing(spec: &ScheduleSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let zone = match read_zone(&spec.timezone) {
        Ok((zone, _)) => zone,
        Err(detail) => {
            errors.push(FieldError::new("/timezone", detail));
            Zone::utc()
        }
    };
    for (index, rule) in spec.rules().iter().enumerate() {
        let place = if spec.when.is_empty() { String::new() } else { format!("/when/{index}") };
        if let Some((field, detail)) = rule_problem(rule, spec, &zone) {
            errors.push(FieldError::new(format!("{place}/{field}"), detail));
        }
    }
    for (index, window) in spec.windows.iter().enumerate() {
        if let Some((field, detail)) = window_problem(window) {
            errors.push(FieldError::new(format!("/windows/{index}/{field}"), detail));
        }
    }
    if errors.is_empty()
        && let Some(error) = never(spec)
    {
        errors.push(error);
    }
    errors
}

/// What goes into the schedule's document. `blocked` are the periods of its calendars, named as they are to be told.
pub fn timing_of(spec: &ScheduleSpec, anchor: Time, blocked: Vec<Period>) -> Result<Timing, Vec<FieldError>> {
    let errors = check_timing(spec);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (_, rules) = read_zone(&spec.timezone).map_err(|detail| vec![FieldError::new("/timezone", detail)])?;
    Ok(Timing {
        rules: spec.rules(),
        zone: rules,
        anchor,
        starts_at: spec.starts_at,
        ends_at: spec.ends_at,
        splay_ms: spec.splay.map_or(0, |splay| splay.ms()),
        windows: spec.windows.clone(),
        blocked,
        on_block: spec.on_block,
    })
}

fn rule_problem(rule: &When, spec: &ScheduleSpec, zone: &Zone) -> Option<(&'static str, String)> {
    let field = field_of(rule)?;
    let anchor = spec.starts_at.unwrap_or(Time::from_ms(0));
    match Rule::read(rule, anchor, zone) {
        Err(detail) => Some((field, detail)),
        Ok(Rule::Boot | Rule::Enroll | Rule::At(_)) => None,
        Ok(rule) => rule.next(zone, Time::from_ms(0)).is_none().then(|| (field, "it never fires: there is no such date".to_owned())),
    }
}

fn field_of(rule: &When) -> Option<&'static str> {
    [
        ("cron", rule.cron.is_some()),
        ("every", rule.every.is_some()),
        ("at", rule.at.is_some()),
        ("rrule", rule.rrule.is_some()),
        ("boot", rule.boot),
        ("enroll", rule.enroll),
    ]
    .into_iter()
    .find_map(|(field, given)| given.then_some(field))
}

/// A schedule whose every rule fires, but not between its start and its end.
fn never(spec: &ScheduleSpec) -> Option<FieldError> {
    let ends_at = spec.ends_at?;
    let starts_at = spec.starts_at.unwrap_or(Time::from_ms(0));
    let (zone, rules) = read_zone(&spec.timezone).ok()?;
    let timing = Timing {
        rules: spec.rules(),
        zone: rules,
        anchor: starts_at,
        starts_at: spec.starts_at,
        ends_at: Some(ends_at),
        splay_ms: 0,
        windows: Vec::new(),
        blocked: Vec::new(),
        on_block: spec.on_block,
    };
    let timetable = Timetable::new(&timing, &zone).ok()?;
    let fires = timetable.has_boot() || timetable.has_enroll() || timetable.next(starts_at.plus_ms(-1)).is_some();
    (!fires).then(|| FieldError::new("/ends_at", "it never fires: no slot lies before this"))
}

/// The zone that a schedule names, with its rules for the document; for `device` the rules of UTC stand in.
fn read_zone(name: &str) -> Result<(Zone, ZoneRules), String> {
    if name == TIMEZONE_DEVICE {
        return Ok((Zone::utc(), ZoneRules::Device));
    }
    match Zone::named(name) {
        Some((zone, tzif)) => {
            let rules = ZoneRules::Named { name: zone.name().to_owned(), tzif: tzif.to_vec() };
            Ok((zone, rules))
        }
        None => Err(unknown_zone(name)),
    }
}

fn unknown_zone(name: &str) -> String {
    let near = nearest_zones(name);
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", crate::english::list(&near, "or")) };
    format!("there is no time zone `{name}`; write one as Europe/Berlin, or `device` for each device's own{hint}")
}

/// At most three names that are spelt much alike, the nearest first.
fn nearest_zones(name: &str) -> Vec<String> {
    let wanted = plain(name);
    if wanted.is_empty() || name.len() > 64 {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> = Zone::names()
        .filter_map(|known| {
            let city = known.rsplit('/').next().unwrap_or(known);
            let distance = distance(&wanted, &plain(known)).min(distance(&wanted, &plain(city)));
            (distance <= wanted.len() / 4).then_some((distance, known))
        })
        .collect();
    near.sort_by_key(|(distance, known)| (*distance, known.len(), *known));
    near.into_iter().take(3).map(|(_, known)| known.to_owned()).collect()
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// How many letters have to be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
