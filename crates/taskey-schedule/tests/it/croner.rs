//! croner reads the same expressions. Where it differs from Debian's rule is the reason that taskey has a reader of its own.

use croner::parser::{CronParser, Seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use taskey_schedule::Zone;

use crate::build::{at, cron};

#[test]
fn away_from_changes_of_the_clocks_croner_agrees() {
    let mut seen = 0;
    for line in include_str!("../vectors/cron.txt").lines().skip(1) {
        let [program, expression, _zone, start, _steps] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
        if program.contains("seconds") {
            continue;
        }
        let Ok(theirs) = CronParser::builder().seconds(Seconds::Disallowed).build().parse(expression) else {
            continue;
        };
        let fields: Vec<&str> = expression.split(' ').collect();
        // There croner joins by OR, as croniter does.
        if fields[2].starts_with("*/") || fields[4].starts_with("*/") {
            continue;
        }
        let start = Timestamp::from_second(start.parse().unwrap()).unwrap();
        let theirs: Vec<i64> = theirs.iter_after(start.to_zoned(TimeZone::UTC)).take(3).map(|slot| slot.timestamp().as_second()).collect();
        let timetable = cron(expression, "UTC");
        let ours: Vec<i64> = timetable.upcoming(taskey_proto::Time::from_ms(start.as_millisecond())).take(3).map(|slot| slot.at.ms() / 1_000).collect();
        assert_eq!(ours, theirs, "{line}");
        seen += 1;
    }
    assert!(seen > 8_000, "{seen}");
}

#[test]
fn croner_loses_a_fixed_job_of_several_times_in_a_gap() {
    let zone = TimeZone::tzif("Europe/Berlin", Zone::named("Europe/Berlin").unwrap().1).unwrap();
    let after = Timestamp::from_second(at("2026-03-28T12:00:00Z").ms() / 1_000).unwrap();
    let parsed = CronParser::new().parse("15,30 2 * * *").unwrap();
    let theirs = parsed.find_next_occurrence(&after.to_zoned(zone), false).unwrap();
    assert_eq!(theirs.date().to_string(), "2026-03-30");
    assert_eq!(crate::build::shown(&cron("15,30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00:00Z", 1), ["2026-03-29T03:00:00+02:00 gap"]);
}
