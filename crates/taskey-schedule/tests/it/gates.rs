//! Windows and calendars.

use serde_json::{Value, json};
use taskey_proto::schedules::document::Period;
use taskey_schedule::{Gate, Timetable};

use crate::build::{at, timetable, timetable_with};

fn windows(zone: &str, windows: Value) -> Timetable {
    timetable(json!({"cron": "* * * * *", "timezone": zone, "windows": windows}))
}

/// `None` where it is open, else why not and until when.
fn blocked(timetable: &Timetable, time: &str) -> Option<(String, Option<String>)> {
    match timetable.gate(at(time)) {
        Gate::Open => None,
        Gate::Blocked { by, until } => Some((by, until.map(|until| timetable.zone().local(until)))),
    }
}

fn outside(until: &str) -> Option<(String, Option<String>)> {
    Some(("outside its windows".to_owned(), Some(until.to_owned())))
}

#[test]
fn without_windows_and_calendars_it_is_always_open() {
    assert_eq!(blocked(&timetable(json!({"cron": "@daily"})), "2026-01-01T00:00:00Z"), None);
}

#[test]
fn a_window_is_open_from_its_first_moment_to_before_its_last() {
    let office = windows("Europe/Berlin", json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "until": "18:00"}]));
    assert_eq!(blocked(&office, "2026-01-05T07:00:00+01:00"), outside("2026-01-05T08:00:00+01:00"));
    assert_eq!(blocked(&office, "2026-01-05T08:00:00+01:00"), None);
    assert_eq!(blocked(&office, "2026-01-05T17:59:59.999+01:00"), None);
    assert_eq!(blocked(&office, "2026-01-05T18:00:00+01:00"), outside("2026-01-06T08:00:00+01:00"));
    assert_eq!(blocked(&office, "2026-01-09T18:00:00+01:00"), outside("2026-01-12T08:00:00+01:00"));
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_it_begins_on() {
    let night = windows("UTC", json!([{"days": ["fri"], "from": "22:00", "until": "04:00"}]));
    assert_eq!(blocked(&night, "2026-01-10T03:59:00Z"), None);
    assert_eq!(blocked(&night, "2026-01-09T03:00:00Z"), outside("2026-01-09T22:00:00+00:00"));
    assert_eq!(blocked(&night, "2026-01-10T04:00:00Z"), outside("2026-01-16T22:00:00+00:00"));
}

#[test]
fn a_window_is_open_both_times_that_the_clocks_show_it() {
    let early = windows("Europe/Berlin", json!([{"from": "02:00", "until": "02:30"}]));
    assert_eq!(blocked(&early, "2026-10-25T02:15:00+02:00"), None);
    assert_eq!(blocked(&early, "2026-10-25T02:45:00+02:00"), outside("2026-10-25T02:00:00+01:00"));
    assert_eq!(blocked(&early, "2026-10-25T02:15:00+01:00"), None);
    assert_eq!(blocked(&early, "2026-10-25T02:45:00+01:00"), outside("2026-10-26T02:00:00+01:00"));
}

#[test]
fn what_the_clocks_leap_over_finds_its_window_open_right_after() {
    for (from, until) in [("02:00", "03:00"), ("02:15", "02:45"), ("01:00", "02:31"), ("02:30", "06:00")] {
        let nightly = timetable(json!({"cron": "30 2 * * *", "timezone": "Europe/Berlin", "windows": [{"from": from, "until": until}]}));
        let slot = nightly.next(at("2026-03-28T12:00:00Z")).unwrap();
        assert_eq!(nightly.zone().local(slot.at), "2026-03-29T03:00:00+02:00");
        assert_eq!(nightly.gate(slot.at), Gate::Open, "{from}-{until}");
    }
    let before = windows("Europe/Berlin", json!([{"from": "01:00", "until": "02:00"}]));
    assert_eq!(blocked(&before, "2026-03-29T03:00:00+02:00"), outside("2026-03-30T01:00:00+02:00"));
}

#[test]
fn a_calendar_blocks_and_says_which_event_it_is() {
    let period = |from: &str, until: &str, name: &str| Period { from: from.to_owned(), until: until.to_owned(), name: name.to_owned() };
    let events = vec![
        period("2026-12-25", "2026-12-26", "holidays: Christmas"),
        period("2026-12-26T00:00:00", "2026-12-27T00:00:00", "holidays: Boxing Day"),
        period("2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z", "trade: freeze"),
    ];
    let fields = json!({"cron": "@hourly", "timezone": "Europe/Berlin", "windows": [{"from": "08:00", "until": "18:00"}]});
    let timetable = timetable_with(fields, events);
    let christmas = |by: &str| Some((by.to_owned(), Some("2026-12-27T08:00:00+01:00".to_owned())));
    assert_eq!(blocked(&timetable, "2026-12-25T00:00:00+01:00"), christmas("calendar holidays: Christmas"));
    assert_eq!(blocked(&timetable, "2026-12-26T12:00:00+01:00"), christmas("calendar holidays: Boxing Day"));
    assert_eq!(
        blocked(&timetable, "2026-12-24T23:59:00+01:00"),
        Some(("outside its windows".to_owned(), Some("2026-12-27T08:00:00+01:00".to_owned())))
    );
    assert_eq!(blocked(&timetable, "2026-11-01T11:00:00+01:00").unwrap().0, "calendar trade: freeze");
    assert_eq!(blocked(&timetable, "2026-11-01T12:00:00+01:00"), None);
}
