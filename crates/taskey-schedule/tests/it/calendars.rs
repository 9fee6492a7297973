//! Calendars in iCalendar format and lists of holidays.

use taskey_proto::schedules::document::Period;
use taskey_schedule::calendar::{PERIODS_MAX, expand, parse, reckon};

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

#[test]
fn calendars_as_google_and_outlook_write_them_are_understood() {
    let google = include_str!("../calendars/google.ics");
    assert_eq!(
        shown(google, "2026-10-01T00:00:00Z", "2026-11-10T00:00:00Z"),
        [
            "2026-10-05T16:00:00Z 2026-10-05T18:00:00Z Release evening",
            "2026-10-12T16:00:00Z 2026-10-12T18:00:00Z Release evening",
            "2026-10-26T20:00:00Z 2026-10-26T21:00:00Z Release evening (late)",
            "2026-11-02T17:00:00Z 2026-11-02T19:00:00Z Release evening",
            "2026-11-09T17:00:00Z 2026-11-09T19:00:00Z Release evening",
        ]
    );
    assert_eq!(
        shown(google, "2026-12-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        [
            "2026-12-24T00:00:00 2026-12-27T00:00:00 Christmas, all offices",
            "2027-12-24T00:00:00 2027-12-27T00:00:00 Christmas, all offices"
        ]
    );
    let outlook = include_str!("../calendars/outlook.ics");
    assert_eq!(
        shown(outlook, "2026-10-01T00:00:00Z", "2027-06-01T00:00:00Z"),
        [
            "2026-10-08T05:00:00Z 2026-10-08T05:30:00Z Patch day",
            "2026-12-21T00:00:00 2027-01-04T00:00:00 Year-end freeze",
            "2027-01-14T06:00:00Z 2027-01-14T06:30:00Z Patch day",
            "2027-02-11T06:00:00Z 2027-02-11T06:30:00Z Patch day",
        ]
    );
}

#[test]
fn several_calendars_are_reckoned_as_one_with_nothing_left_out_before_the_end() {
    let often =
        parse(&calendar("BEGIN:VEVENT\nSUMMARY:Backup\nDTSTART:20260101T000000Z\nDURATION:PT5M\nRRULE:FREQ=HOURLY\nEND:VEVENT")).unwrap();
    let holidays = parse("2026-01-02 Rest\n2027-06-01 Far").unwrap();
    let calendars = || [(Some("often"), often.as_slice()), (Some("days"), holidays.as_slice())];
    let all = reckon(calendars(), at("2026-01-01T00:00:00Z"), at("2026-01-03T00:00:00Z"), 4_000);
    assert_eq!(all.until, at("2026-01-03T00:00:00Z"));
    let names: Vec<&str> = all.periods.iter().map(|period| period.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "often: Backup").count(), 48);
    assert_eq!(names.iter().filter(|name| **name == "days: Rest").count(), 1);
    // No more than fits: the end comes earlier, and up to it nothing is missing.
    let some = reckon(calendars(), at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"), 100);
    assert_eq!(some.periods.len(), 100);
    assert_eq!(some.until, at("2026-01-04T03:00:00Z"));
    assert!(some.periods.iter().any(|period| period.name == "days: Rest"));
    // What an expansion would cut off comes back as an earlier end, too.
    let flood = parse(&calendar("BEGIN:VEVENT\nSUMMARY:Flood\nDTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Rest\nDTSTART:20260101T000500Z\nDURATION:PT1M\nEND:VEVENT")).unwrap();
    let flooded = reckon([(None, flood.as_slice())], at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), PERIODS_MAX);
    assert!(flooded.until > at("2026-01-01T01:00:00Z") && flooded.until < at("2026-01-01T06:00:00Z"), "{}", flooded.until);
    assert!(flooded.periods.iter().any(|period| period.name == "Rest"));
}
