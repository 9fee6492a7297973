//! Recurrence rules as RFC 5545 has them, where taskey goes its own way, and what is refused.

use serde_json::json;
use taskey_schedule::check_timing;

use crate::build::{shown, spec, timetable};

fn rule(text: &str) -> Vec<String> {
    let timetable = timetable(json!({"rrule": text, "timezone": "Europe/Berlin"}));
    shown(&timetable, "2025-12-31T00:00:00Z", 4).into_iter().map(|local| local[..19].to_owned()).collect()
}

#[test]
fn without_a_start_it_is_counted_from_when_it_was_written() {
    // Written at 2026-01-01T01:00:00 there.
    assert_eq!(rule("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;COUNT=2"), ["2026-01-30T18:00:00", "2026-02-27T18:00:00"]);
    assert_eq!(rule("FREQ=DAILY;COUNT=2"), ["2026-01-01T01:00:00", "2026-01-02T01:00:00"]);
}

#[test]
fn a_start_that_the_rule_does_not_name_is_no_slot() {
    assert_eq!(rule("DTSTART:20260102T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2"), ["2026-01-05T09:00:00", "2026-01-12T09:00:00"]);
}

#[test]
fn a_start_may_be_an_instant_or_name_the_schedules_own_zone() {
    assert_eq!(rule("DTSTART:20260102T080000Z RRULE:FREQ=DAILY;COUNT=1"), ["2026-01-02T09:00:00"]);
    assert_eq!(rule("DTSTART;TZID=Europe/Berlin:20260102T090000 RRULE:FREQ=DAILY;COUNT=1"), ["2026-01-02T09:00:00"]);
}

#[test]
fn dates_are_added_and_left_out_and_rules_are_joined() {
    assert_eq!(
        rule("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T090000\nRDATE:20260101T120000,20260110"),
        ["2026-01-01T09:00:00", "2026-01-01T12:00:00", "2026-01-03T09:00:00", "2026-01-10T09:00:00"]
    );
    assert_eq!(
        rule("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=HOURLY;INTERVAL=12;COUNT=3"),
        ["2026-01-01T09:00:00", "2026-01-01T21:00:00", "2026-01-02T09:00:00"]
    );
}

#[test]
fn an_end_or_an_exception_that_is_a_date_means_the_whole_day() {
    assert_eq!(
        rule("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260104\nEXDATE;VALUE=DATE:20260102"),
        ["2026-01-01T09:00:00", "2026-01-03T09:00:00", "2026-01-04T09:00:00"]
    );
}

#[test]
fn a_count_is_kept_through_an_hour_that_comes_twice() {
    let hourly = timetable(json!({"rrule": "DTSTART:20261025T010000\nRRULE:FREQ=HOURLY;COUNT=4", "timezone": "Europe/Berlin"}));
    assert_eq!(
        shown(&hourly, "2026-10-24T00:00:00Z", 9),
        ["2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"]
    );
}

#[test]
fn a_rule_of_long_ago_is_asked_without_walking_through_the_years() {
    let timetable = timetable(json!({"rrule": "DTSTART:19700101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=7"}));
    assert_eq!(shown(&timetable, "2026-01-01T00:00:00Z", 1), ["2026-01-01T00:00:07+00:00"]);
}

#[test]
fn what_the_standard_does_not_allow_is_refused_in_words() {
    let cases = [
        ("BYDAY=MO", "FREQ is needed: YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "COUNT and UNTIL do not go together"),
        ("FREQ=DAILY;BYWEEKNO=2", "BYWEEKNO goes with FREQ=YEARLY only"),
        ("FREQ=WEEKLY;BYMONTHDAY=2", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=2MO", "a number in BYDAY goes with FREQ=MONTHLY and YEARLY only"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs another BY part to choose from"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is given twice"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR: `24` is not a number from 0 to 23"),
        ("FREQ=DAILY;COUNT=0", "COUNT: `0` is not a number from 1 to 10000"),
        ("DTSTART:2026 RRULE:FREQ=DAILY", "DTSTART: `2026` is not a time; write 20260131T090000, with Z for UTC"),
        ("DTSTART:20260101T000000", "there is no rule; write one as FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18"),
        ("RRULE:FREQ=DAILY EXRULE:FREQ=DAILY", "EXRULE is not in RFC 5545 any more; write EXDATE, or a calendar"),
    ];
    for (text, expected) in cases {
        let errors = check_timing(&spec(json!({"rrule": text})));
        assert_eq!(
            errors.iter().map(|error| (error.pointer.as_str(), error.detail.as_str())).collect::<Vec<_>>(),
            [("/rrule", expected)],
            "{text}"
        );
    }
    let other_zone = check_timing(&spec(json!({"rrule": "DTSTART;TZID=Asia/Tokyo:20260101T000000 RRULE:FREQ=DAILY"})));
    assert_eq!(
        other_zone[0].detail,
        "`TZID=Asia/Tokyo` is not the schedule's time zone UTC: leave it away, or write the same under `timezone`"
    );
}
