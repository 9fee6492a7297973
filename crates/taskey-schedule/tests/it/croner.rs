//! croner reads the same expressions, with `W` too, which no other program at hand knows. Where it differs from Debian's rule is the reason that
//! taskey has a reader of its own.

use croner::parser::CronParser;
use jiff::Timestamp;
use serde_json::json;
use taskey_proto::schedules::Firing;

use crate::build::{at, cron, timetable};
use crate::vectors::{CRON, Tally, cron_class, from_secs, split, zone_rules};

#[test]
fn croner_says_the_same_or_differs_as_documented() {
    let mut seen = Tally::default();
    let mut total = 0;
    // Every fourth: without optimisation croner takes its time.
    for line in CRON.lines().skip(1).step_by(4) {
        let [_, expression, zone, start, _] = split(line);
        let Ok(theirs) = CronParser::new().parse(expression) else {
            continue;
        };
        total += 1;
        let start: i64 = start.parse().unwrap();
        let begin = Timestamp::from_second(start).unwrap().to_zoned(zone_rules(zone));
        let theirs: Vec<i64> = theirs.iter_after(begin).take(3).map(|slot| slot.timestamp().as_second()).collect();
        let seconds = expression.split(' ').count() == 6;
        let timetable = timetable(json!({"cron": expression, "seconds": seconds, "timezone": zone}));
        let ours: Vec<Firing> = timetable.upcoming(from_secs(start)).take(3).collect();
        seen.compare(line, "croner", &ours, &theirs, |ours| cron_class(expression, zone, start, ours, &theirs));
    }
    let known = [("croner: a step over all days with a day of the other kind", 69), ("croner: a fixed time while the clocks change", 1)];
    assert_eq!(total, 2_625);
    seen.assert(total, &known);
}

#[test]
fn the_nearest_working_day_is_croners() {
    for day in 1..=31 {
        let expression = format!("0 0 {day}W * *");
        let theirs = CronParser::new().parse(&expression).unwrap();
        let begin = Timestamp::from_second(1_700_000_000).unwrap();
        let theirs: Vec<i64> =
            theirs.iter_after(begin.to_zoned(jiff::tz::TimeZone::UTC)).take(100).map(|slot| slot.timestamp().as_second()).collect();
        let ours: Vec<i64> =
            cron(&expression, "UTC").upcoming(from_secs(1_700_000_000)).take(100).map(|slot| slot.at.ms() / 1_000).collect();
        assert_eq!(ours, theirs, "{expression}");
    }
}

#[test]
fn croner_loses_a_fixed_job_of_several_times_in_a_gap() {
    let after = Timestamp::from_second(at("2026-03-28T12:00:00Z").ms() / 1_000).unwrap();
    let parsed = CronParser::new().parse("15,30 2 * * *").unwrap();
    let theirs = parsed.find_next_occurrence(&after.to_zoned(zone_rules("Europe/Berlin")), false).unwrap();
    assert_eq!(theirs.date().to_string(), "2026-03-30");
    assert_eq!(crate::build::shown(&cron("15,30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00:00Z", 1), ["2026-03-29T03:00:00+02:00 gap"]);
}
