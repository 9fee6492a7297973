//! Calendars in iCalendar format and lists of holidays.

use taskey_proto::schedules::document::Period;
use taskey_schedule::calendar::{expand, parse};

use crate::build::at;

fn calendar(events: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", events.trim().replace('\n', "\r\n"))
}

fn shown(text: &str, from: &str, until: &str) -> Vec<String> {
    let events = parse(text).unwrap();
    expand(&events, at(from), at(until)).into_iter().map(|Period { from, until, name }| format!("{from} {until} {name}")).collect()
}

#[test]
fn an_event_in_a_zone_is_an_instant_and_comes_back_at_the_same_time_of_day() {
    let text = calendar(
        "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:1\nSUMMARY:Board\\, weekly and\n  long\nDTSTART;TZID=\"W. Europe Standard Time\":20260316T100000\nDURATION:PT1H30M\n\
         RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260330T100000\nBEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT5M\nEND:VALARM\nEND:VEVENT",
    );
    assert_eq!(
        shown(&text, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        [
            "2026-03-16T09:00:00Z 2026-03-16T10:30:00Z Board, weekly and long",
            "2026-03-23T09:00:00Z 2026-03-23T10:30:00Z Board, weekly and long",
            "2026-04-06T08:00:00Z 2026-04-06T09:30:00Z Board, weekly and long",
        ]
    );
}

#[test]
fn whole_days_and_floating_times_stay_on_the_wall_clock() {
    let text = calendar(
        "BEGIN:VEVENT\nSUMMARY:Christmas\nDTSTART;VALUE=DATE:20251225\nDTEND;VALUE=DATE:20251227\nRRULE:FREQ=YEARLY\nEND:VEVENT\n\
         BEGIN:VEVENT\nSUMMARY:Lunch\nDTSTART:20261231T120000\nDTEND:20261231T130000\nEND:VEVENT",
    );
    assert_eq!(
        shown(&text, "2026-12-01T00:00:00Z", "2027-06-01T00:00:00Z"),
        ["2026-12-25T00:00:00 2026-12-27T00:00:00 Christmas", "2026-12-31T12:00:00 2026-12-31T13:00:00 Lunch"]
    );
}

#[test]
fn a_moved_repetition_leaves_its_series_and_a_cancelled_one_is_gone() {
    let text = calendar(
        "BEGIN:VEVENT\nUID:a\nSUMMARY:Freeze\nDTSTART:20260101T100000Z\nDTEND:20260101T110000Z\nRRULE:FREQ=DAILY;COUNT=3\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nSUMMARY:Freeze later\nRECURRENCE-ID:20260102T100000Z\nDTSTART:20260102T150000Z\nDTEND:20260102T160000Z\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nSTATUS:CANCELLED\nRECURRENCE-ID:20260103T100000Z\nDTSTART:20260103T100000Z\nDTEND:20260103T110000Z\nEND:VEVENT",
    );
    assert_eq!(
        shown(&text, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ["2026-01-01T10:00:00Z 2026-01-01T11:00:00Z Freeze", "2026-01-02T15:00:00Z 2026-01-02T16:00:00Z Freeze later"]
    );
}

#[test]
fn an_event_that_has_begun_before_still_blocks_and_its_start_counts_whatever_its_rule_says() {
    let text =
        calendar("BEGIN:VEVENT\nSUMMARY:Shift\nDTSTART:20260101T220000Z\nDTEND:20260102T060000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO\nEND:VEVENT");
    assert_eq!(
        shown(&text, "2026-01-02T00:00:00Z", "2026-01-06T00:00:00Z"),
        ["2026-01-01T22:00:00Z 2026-01-02T06:00:00Z Shift", "2026-01-05T22:00:00Z 2026-01-06T06:00:00Z Shift"]
    );
}

#[test]
fn an_endless_event_gives_no_more_than_the_bound() {
    let text = calendar("BEGIN:VEVENT\nSUMMARY:Flood\nDTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\nEND:VEVENT");
    assert_eq!(shown(&text, "2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z").len(), taskey_schedule::calendar::PERIODS_MAX);
}

#[test]
fn holidays_are_a_date_and_a_name_a_line() {
    let text = "# Berlin\n2026-03-08 Women's Day\n\n2026-12-25,Christmas # again\n2026-12-26\n";
    assert_eq!(
        shown(text, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        [
            "2026-03-08T00:00:00 2026-03-09T00:00:00 Women's Day",
            "2026-12-25T00:00:00 2026-12-26T00:00:00 Christmas",
            "2026-12-26T00:00:00 2026-12-27T00:00:00 2026-12-26",
        ]
    );
}

#[test]
fn everything_that_cannot_be_read_is_said_with_its_line() {
    assert_eq!(parse("").unwrap_err(), ["there are no events in it"]);
    assert_eq!(
        parse("25.12.2026 Christmas").unwrap_err(),
        ["line 1: `25.12.2026` is not a date; write 2026-12-25 and a name, or give an iCalendar file"]
    );
    let text = calendar(
        "BEGIN:VEVENT\nSUMMARY:One\nDTSTART;TZID=Mars/Olympus:20260101T000000\nEND:VEVENT\n\
         BEGIN:VEVENT\nSUMMARY:Two\nDTSTART:20260101T000000Z\nRRULE:FREQ=SOMETIMES\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Three",
    );
    assert_eq!(
        parse(&text.replace("END:VCALENDAR", "")).unwrap_err(),
        [
            "line 4: event `One`: there is no time zone `Mars/Olympus`",
            "line 10: RRULE: FREQ: `SOMETIMES` is not YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY",
            "the file ends within an event",
        ]
    );
}
