//! Every zone, every change of its clocks from 2020 to 2035.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use taskey_proto::Time;
use taskey_proto::schedules::Firing;
use taskey_schedule::{Timetable, Zone};

use crate::build::{at, cron, shown, timetable};
use crate::oracle::Naive;

const FIXED: [&str; 6] = ["0 0 * * *", "30 0 * * *", "15 1 * * *", "30 2 * * *", "59 23 * * *", "0 3 * * *"];
const WILDCARD: [&str; 5] = ["* * * * *", "*/15 * * * *", "*/30 1-3 * * *", "0 * * * *", "7 */2 * * *"];

/// The zones with a change of the clocks, and the changes. Zones that are others by another name are left out.
fn changes() -> Vec<(&'static str, TimeZone, Vec<i64>)> {
    let mut seen = BTreeMap::new();
    for name in Zone::names() {
        let (_, tzif) = Zone::named(name).unwrap();
        seen.entry(tzif).or_insert(name);
    }
    let (from, until) = (at("2020-01-01T00:00:00Z").ms() / 1_000, at("2035-12-31T00:00:00Z").ms() / 1_000);
    seen.into_iter()
        .map(|(tzif, name)| {
            let rules = TimeZone::tzif(name, tzif).unwrap();
            let mut changes = Vec::new();
            let mut before = rules.to_offset(Timestamp::from_second(from).unwrap());
            for change in rules.following(Timestamp::from_second(from).unwrap()) {
                let change_at = change.timestamp().as_second();
                if change_at > until {
                    break;
                }
                if change.offset() != before {
                    changes.push(change_at);
                }
                before = change.offset();
            }
            (name, rules, changes)
        })
        .filter(|(_, _, changes)| !changes.is_empty())
        .collect()
}

#[test]
fn a_fixed_time_fires_exactly_once_on_every_day_whatever_the_clocks_do() {
    let mut seen = 0;
    for (name, rules, changes) in changes() {
        for expression in FIXED {
            let timetable = cron(expression, name);
            for change in &changes {
                let days: Vec<Date> = around(&timetable, *change)
                    .iter()
                    .map(|firing| {
                        let shown = rules.to_datetime(Timestamp::from_millisecond(firing.at.ms()).unwrap());
                        // What the clocks leapt over is due right after, which may be tomorrow's first moment.
                        if expression == "59 23 * * *" && firing.dst.is_some() && shown.hour() < 12 {
                            shown.date() - 1.day()
                        } else {
                            shown.date()
                        }
                    })
                    .collect();
                let first = *days.first().unwrap();
                let expected: Vec<Date> = (0..days.len() as i64).map(|day| first + day.days()).collect();
                assert_eq!(days, expected, "{expression} in {name} around {change}");
                assert!(days.len() >= 5, "{expression} in {name} around {change}");
                seen += 1;
            }
        }
    }
    assert!(seen > 10_000, "{seen}");
}

#[test]
fn a_wildcard_fires_whenever_the_clocks_show_it_and_at_no_other_time() {
    for (name, rules, changes) in changes() {
        for change in changes.iter().step_by(7) {
            for expression in WILDCARD {
                let (timetable, naive) = (cron(expression, name), Naive::read(expression));
                let (from, until) = (change - 4 * 3_600, change + 4 * 3_600);
                let ours: Vec<i64> = between(&timetable, from, until).iter().map(|firing| firing.at.ms() / 1_000).collect();
                let clocks = |at: i64| rules.to_datetime(Timestamp::from_second(at).unwrap());
                let minutes = (from.div_euclid(60) + 1..=until.div_euclid(60)).map(|minute| minute * 60);
                let naive: Vec<i64> = minutes.filter(|at| naive.names(clocks(*at))).collect();
                assert_eq!(ours, naive, "{expression} in {name} around {change}");
            }
        }
    }
}

#[test]
fn slots_are_later_one_by_one_and_never_a_flood_around_any_change() {
    for (name, _, changes) in changes() {
        for expression in FIXED.iter().chain(&WILDCARD) {
            let timetable = cron(expression, name);
            for change in changes.iter().step_by(11) {
                let slots = between(&timetable, change - 7_200, change + 7_200);
                assert!(slots.windows(2).all(|pair| pair[1].at.ms() - pair[0].at.ms() >= 60_000), "{expression} in {name} around {change}");
            }
        }
    }
}

#[test]
fn a_day_that_a_country_left_out_has_no_slots() {
    // On 30 December 2011 Samoa went to the other side of the date line.
    let noon = cron("0 12 * * *", "Pacific/Apia");
    assert_eq!(
        shown(&noon, "2011-12-29T00:00:00Z", 3),
        ["2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00", "2012-01-01T12:00:00+14:00"]
    );
    let hourly = cron("0 * * * *", "Pacific/Apia");
    assert_eq!(
        shown(&hourly, "2011-12-30T08:30:00Z", 3),
        ["2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T01:00:00+14:00"]
    );
}

#[test]
fn unusual_clocks_are_dealt_with_alike() {
    let cases = [
        // Half an hour.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-04T02:30:00+11:00 gap"),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T10:00:00Z", "2026-04-05T01:45:00+11:00 overlap"),
        // At midnight.
        ("30 0 * * *", "Atlantic/Azores", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00+00:00 gap"),
        ("30 0 * * *", "Atlantic/Azores", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00+00:00 overlap"),
        ("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T01:00:00-03:00 gap"),
        // Two hours.
        ("30 1 * * *", "Antarctica/Troll", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00+02:00 gap"),
        ("30 2 * * *", "Antarctica/Troll", "2026-10-24T12:00:00Z", "2026-10-25T02:30:00+02:00 overlap"),
        // Around Ramadan.
        ("30 2 * * *", "Africa/Casablanca", "2026-02-14T12:00:00Z", "2026-02-15T02:30:00+01:00 overlap"),
        ("30 2 * * *", "Africa/Casablanca", "2026-03-21T12:00:00Z", "2026-03-22T03:00:00+01:00 gap"),
    ];
    for (expression, zone, after, expected) in cases {
        assert_eq!(shown(&cron(expression, zone), after, 1), [expected], "{expression} in {zone}");
    }
}

#[test]
fn a_recurrence_rule_meets_the_clocks_as_cron_does() {
    for (name, _, changes) in changes() {
        let pairs = [
            ("30 2 * * *", "DTSTART:20190101T023000\nRRULE:FREQ=DAILY"),
            ("0 0 * * *", "FREQ=DAILY;BYHOUR=0"),
            ("*/15 * * * *", "DTSTART:20190101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=15"),
        ];
        for (expression, rule) in pairs {
            let (cron, rrule) =
                (cron(expression, name), timetable(json!({"rrule": rule, "timezone": name, "starts_at": "2019-12-01T00:00:00Z"})));
            for change in changes.iter().filter(|change| **change > 1_770_000_000).step_by(6) {
                assert_eq!(around(&cron, *change), around(&rrule, *change), "{rule} in {name} around {change}");
            }
        }
    }
}

/// Three days before and after.
fn around(timetable: &Timetable, change: i64) -> Vec<Firing> {
    between(timetable, change - 3 * 86_400, change + 3 * 86_400)
}

fn between(timetable: &Timetable, from: i64, until: i64) -> Vec<Firing> {
    let until = Time::from_ms(until * 1_000);
    timetable.upcoming(Time::from_ms(from * 1_000)).take_while(|firing| firing.at <= until).collect()
}
