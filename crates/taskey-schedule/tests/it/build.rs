//! Schedules as tests write them.

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::schedules::document::Period;
use taskey_proto::schedules::{Dst, Firing, ScheduleSpec};
use taskey_schedule::{Timetable, Zone, timing_of};

/// A schedule with these fields; the rest is filled in.
pub fn spec(fields: Value) -> ScheduleSpec {
    let mut all = json!({"name": "nightly", "task": "hello", "targets": {"devices": ["web-1"]}});
    for (field, value) in fields.as_object().unwrap() {
        all[field] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

/// The timetable of such a schedule, counted from 2026-01-01.
pub fn timetable(fields: Value) -> Timetable {
    timetable_with(fields, Vec::new())
}

pub fn timetable_with(fields: Value, blocked: Vec<Period>) -> Timetable {
    let timing = timing_of(&spec(fields), at("2026-01-01T00:00:00Z"), blocked).unwrap();
    Timetable::new(&timing, &Zone::utc()).unwrap()
}

pub fn cron(expression: &str, zone: &str) -> Timetable {
    timetable(json!({"cron": expression, "timezone": zone}))
}

pub fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// The next slots as the clocks of the zone show them, with a mark where a change of the clocks moved one.
pub fn shown(timetable: &Timetable, after: &str, count: usize) -> Vec<String> {
    timetable.upcoming(at(after)).take(count).map(|firing| show(timetable, firing)).collect()
}

pub fn show(timetable: &Timetable, firing: Firing) -> String {
    let mark = match firing.dst {
        None => "",
        Some(Dst::Gap) => " gap",
        Some(Dst::Overlap) => " overlap",
    };
    format!("{}{mark}", timetable.zone().local(firing.at))
}
