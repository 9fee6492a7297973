//! What is refused, with its place and what to write instead; expressions of one line; why at an instant.

use serde_json::{Value, json};
use taskey_proto::Span;
use taskey_proto::id::{DeviceId, ScheduleId};
use taskey_proto::schedules::When;
use taskey_schedule::{Zone, check_timing, parse_expression, splay};

use crate::build::{at, cron, spec, timetable};

fn wrong(fields: Value) -> Vec<(String, String)> {
    check_timing(&spec(fields)).into_iter().map(|error| (error.pointer, error.detail)).collect()
}

fn detail(fields: Value) -> String {
    let errors = wrong(fields);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].1.clone()
}

#[test]
fn a_wrong_field_of_a_cron_expression_is_named_with_what_is_allowed() {
    let cases = [
        ("60 * * * *", "minute: `60`: allowed are 0 to 59"),
        ("0 24 * * *", "hour: `24`: allowed are 0 to 23"),
        (
            "0 0 32 * *",
            "day of month: `32`: allowed are 1 to 31, L (the last), LW (the last working day) and 15W (the working day nearest to the 15th)",
        ),
        ("0 0 * foo *", "month: `foo`: allowed are 1 to 12 and JAN to DEC"),
        (
            "0 0 * * 8",
            "day of week: `8`: allowed are 0 to 7 (0 and 7 are Sunday), SUN to SAT, FRI#2 (the second Friday) and FRI#L (the last)",
        ),
        ("0 0 * * FRI#6", "day of week: `FRI#6`: after `#` comes 1 to 5, or L for the last of the month"),
        ("5/15 * * * *", "minute: `5/15`: a step needs a range: `5-59/15`"),
        ("*/0 * * * *", "minute: `*/0`: a step is a number from 1 on"),
        ("10-5 * * * *", "minute: `10-5`: it ends before it begins; write it as two ranges with a comma"),
        ("0 0 ? * *", "day of month: `?`: write `*`"),
        ("0,, * * * *", "minute: nothing: allowed are 0 to 59"),
        ("0 0 * *", "4 fields; five are needed: minute, hour, day of month, month, day of week"),
        ("0 0 0 * * *", "these are six fields; where the first is meant for seconds, add `seconds: true`"),
        ("@often", "there is no `@often`; there are @hourly, @daily, @weekly, @monthly and @yearly"),
        ("0 0 30 2 *", "it never fires: there is no such date"),
    ];
    for (expression, expected) in cases {
        assert_eq!(wrong(json!({"cron": expression})), [("/cron".to_owned(), expected.to_owned())], "{expression}");
    }
}

#[test]
fn every_rule_window_and_zone_that_is_wrong_is_pointed_at() {
    let errors = wrong(json!({
        "when": [{"cron": "@daily"}, {"rrule": "FREQ=MONTHLY;BYDAY=XX"}, {"cron": "* * * * * *", "seconds": true}, {"rrule": "FREQ=DAILY;COUNT=2;UNTIL=20300101"}],
        "timezone": "Europe/Berlim",
        "windows": [{"from": "8:00", "until": "18:00"}, {"from": "08:00", "until": "25:00"}, {"from": "08:00", "until": "08:00"}],
    }));
    let places: Vec<&str> = errors.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["/timezone", "/when/1/rrule", "/when/3/rrule", "/windows/0/from", "/windows/1/until", "/windows/2/until"]);
}

#[test]
fn a_zone_that_is_not_known_comes_with_the_nearest_names() {
    let hint = |zone: &str| detail(json!({"cron": "@daily", "timezone": zone})).split("; did you mean ").nth(1).map(str::to_owned);
    assert_eq!(hint("Berlin").unwrap(), "Europe/Berlin?");
    assert_eq!(hint("Europe/Berlim").unwrap(), "Europe/Berlin?");
    assert_eq!(hint("America/NewYork").unwrap(), "America/New_York?");
    assert_eq!(hint("Middle/Earth/Mordor"), None);
    assert_eq!(wrong(json!({"cron": "@daily", "timezone": "europe/berlin"})), []);
    assert_eq!(Zone::named("europe/berlin").unwrap().0.name(), "Europe/Berlin");
}

#[test]
fn what_never_fires_is_refused() {
    assert_eq!(detail(json!({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"})), "it never fires: there is no such date");
    assert_eq!(
        detail(json!({"rrule": "DTSTART:20300101T000000\nRRULE:FREQ=DAILY;UNTIL=20200101"})),
        "it never fires: there is no such date"
    );
    assert_eq!(
        wrong(json!({"cron": "@yearly", "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"})),
        [("/ends_at".to_owned(), "it never fires: no slot lies before this".to_owned())]
    );
    assert_eq!(wrong(json!({"boot": true, "ends_at": "2026-03-01T00:00:00Z"})), []);
}

#[test]
fn starts_at_is_the_first_moment_and_ends_at_is_past_the_last() {
    let timetable = timetable(json!({"every": "1h", "starts_at": "2026-01-01T02:00:00Z", "ends_at": "2026-01-01T04:00:00Z"}));
    let slots: Vec<String> = timetable.upcoming(at("2025-01-01T00:00:00Z")).map(|slot| slot.at.to_string()).collect();
    assert_eq!(slots, ["2026-01-01T02:00:00.000Z", "2026-01-01T03:00:00.000Z"]);
    assert_eq!(timetable.count(at("2025-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), 10), 2);
}

#[test]
fn every_is_counted_from_the_anchor_through_any_change_of_the_clocks() {
    let timetable = timetable(json!({"every": "90m", "timezone": "Europe/Berlin"}));
    assert_eq!(timetable.next(at("2025-06-01T00:00:00Z")).unwrap().at, at("2026-01-01T00:00:00Z"));
    assert_eq!(timetable.next(at("2026-01-01T00:00:00Z")).unwrap().at, at("2026-01-01T01:30:00Z"));
    assert_eq!(timetable.next(at("2026-01-01T01:29:59.999Z")).unwrap().at, at("2026-01-01T01:30:00Z"));
}

#[test]
fn an_expression_of_one_line_is_a_rule() {
    let cron = |text: &str, seconds| When { cron: Some(text.to_owned()), seconds, ..When::default() };
    assert_eq!(parse_expression(" 30 2 * * * ", false), Ok(cron("30 2 * * *", false)));
    assert_eq!(parse_expression("0 30 2 * * *", true), Ok(cron("0 30 2 * * *", true)));
    assert_eq!(parse_expression("@daily", false), Ok(cron("@daily", false)));
    assert_eq!(parse_expression("@every 10s", false), Ok(When { every: Some(Span::from_secs(10)), ..When::default() }));
    assert_eq!(parse_expression("@at 2030-01-01T00:00:00Z", false), Ok(When { at: Some(at("2030-01-01T00:00:00Z")), ..When::default() }));
    for word in ["@boot", "@reboot"] {
        assert_eq!(parse_expression(word, false), Ok(When { boot: true, ..When::default() }));
    }
    for word in ["@enroll", "@enrol"] {
        assert_eq!(parse_expression(word, false), Ok(When { enroll: true, ..When::default() }));
    }
    for text in ["FREQ=DAILY", "RRULE:FREQ=DAILY", "DTSTART:20260101T000000 RRULE:FREQ=DAILY"] {
        assert_eq!(parse_expression(text, false), Ok(When { rrule: Some(text.to_owned()), ..When::default() }));
    }
    let refused = |text: &str| parse_expression(text, false).unwrap_err();
    assert_eq!(refused("@every soon"), "@every: not a length of time; write it as 500ms, 30s, 5m, 1h30m or 2d");
    assert_eq!(refused("@every 10ms"), "@every: 1s is the least");
    assert!(refused("@sometimes").starts_with("there is no `@sometimes`; there are @hourly"));
    assert_eq!(refused("0 30 2 * * *"), "these are six fields; where the first is meant for seconds, add `seconds: true`");
}

#[test]
fn a_slot_is_explained_by_its_rule_its_clocks_and_its_windows() {
    let nightly = cron("30 2 * * *", "Europe/Berlin");
    let moved = nightly.explain(at("2026-03-29T01:00:00Z"));
    assert_eq!((moved.rule, moved.words.as_str(), moved.zone.as_str()), (Some(0), "at 02:30 every day", "Europe/Berlin"));
    assert_eq!(moved.local, "2026-03-29T03:00:00+02:00");
    assert_eq!(
        moved.note.unwrap(),
        "The clocks went from 02:00 to 03:00, so that the time it is due at did not exist; it fires right after."
    );
    let twice = nightly.explain(at("2026-10-25T00:30:00Z"));
    assert_eq!(twice.note.unwrap(), "The clocks show 02:30 twice that day; it fires the first time only.");
    let none = nightly.explain(at("2026-10-25T01:30:00Z"));
    assert_eq!((none.rule, none.firing, none.words.as_str()), (None, None, "No rule names this instant."));
}

#[test]
fn devices_are_spread_evenly_and_each_stays_where_it_is() {
    let schedule = ScheduleId::new(id(7));
    let delays: Vec<u64> = (0..10_000).map(|device| splay(schedule, DeviceId::new(id(device)), 600_000)).collect();
    let mut tenths = [0; 10];
    delays.iter().for_each(|delay| tenths[(*delay / 60_000) as usize] += 1);
    assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    assert_eq!(splay(schedule, DeviceId::new(id(3)), 600_000), delays[3]);
    assert_ne!(splay(ScheduleId::new(id(8)), DeviceId::new(id(3)), 600_000), delays[3]);
    assert_eq!(splay(schedule, DeviceId::new(id(3)), 0), 0);
}

fn id(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}
