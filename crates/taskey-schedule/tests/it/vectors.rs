//! What other programs say, case by case: `tests/vectors/make.py` wrote it down. Where taskey says something else it has to be for a reason that
//! docs/reference/schedules.md names, and exactly as often as it says there.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::json;
use taskey_proto::Time;
use taskey_proto::schedules::{Firing, When};
use taskey_schedule::{Timetable, Zone, timing_of};

use crate::build::spec;
use crate::oracle;

pub const CRON: &str = include_str!("../vectors/cron.txt");
const RRULE: &str = include_str!("../vectors/rrule.txt");

#[test]
fn ten_thousand_cron_expressions_fire_as_other_programs_say_or_differ_as_documented() {
    let mut seen = Tally::default();
    for line in CRON.lines().skip(1) {
        let [program, expression, zone, start, steps] = split(line);
        let start = start.parse().unwrap();
        let theirs = instants(start, steps);
        let seconds = program.ends_with("+seconds");
        let fields = json!({"cron": expression, "seconds": seconds, "timezone": zone});
        let timing = timing_of(&spec(fields), from_secs(0), Vec::new()).unwrap_or_else(|wrong| panic!("{line}: {wrong:?}"));
        let timetable = Timetable::new(&timing, &Zone::utc()).unwrap();
        let ours: Vec<Firing> = timetable.upcoming(from_secs(start)).take(theirs.len()).collect();
        seen.compare(line, program, &ours, &theirs, |ours| cron_class(expression, zone, start, ours, &theirs));
    }
    let known = [
        ("cronsim: a wildcard while the clocks change", 5),
        ("croniter: a step over all days with a day of the other kind", 106),
        ("croniter: a fixed time while the clocks change", 9),
        ("croniter: a wildcard while the clocks change", 14),
        ("croniter+seconds: a step over all days with a day of the other kind", 25),
        ("systemd: a fixed time while the clocks change", 7),
        ("systemd: a wildcard while the clocks change", 5),
    ];
    seen.assert(CRON.lines().count() - 1, &known);
}

#[test]
fn thousands_of_recurrence_rules_fire_as_dateutil_says_or_differ_as_documented() {
    let mut seen = Tally::default();
    for line in RRULE.lines().skip(1) {
        let [start, rule, moment, steps] = split(line);
        let moment = moment.parse().unwrap();
        let theirs = instants(moment, steps);
        // Not through the check, which refuses what ends before it begins.
        let mut timing = timing_of(&spec(json!({"cron": "@daily"})), from_secs(0), Vec::new()).unwrap();
        timing.rules = vec![When { rrule: Some(format!("DTSTART:{start}\nRRULE:{rule}")), ..When::default() }];
        let timetable = Timetable::new(&timing, &Zone::utc()).unwrap_or_else(|wrong| panic!("{line}: {wrong}"));
        let ours: Vec<Firing> = timetable.upcoming(from_secs(moment)).take(4).collect();
        seen.compare(line, "dateutil", &ours, &theirs, |_| rrule_class(rule));
    }
    let known = [
        ("dateutil: BYSETPOS in the week that the rule begins in", 15),
        ("dateutil: BYDAY with and without a number", 8),
        ("dateutil: the last week but 51 of a year, which began in the year before", 1),
    ];
    seen.assert(RRULE.lines().count() - 1, &known);
}

/// Why another program may differ. While the clocks change a naive reader has to see the slots that taskey sees.
pub fn cron_class(expression: &str, zone: &str, start: i64, ours: &[Firing], theirs: &[i64]) -> Option<&'static str> {
    let mut fields: Vec<&str> = expression.split(' ').collect();
    if fields.len() == 6 {
        fields.remove(0);
    }
    let is_step = |field: &str| field.starts_with("*/");
    if (is_step(fields[2]) && fields[4] != "*") || (is_step(fields[4]) && fields[2] != "*") {
        return Some("a step over all days with a day of the other kind");
    }
    let rules = zone_rules(zone);
    let at: Vec<i64> = ours.iter().map(|firing| firing.at.ms() / 1_000).collect();
    if oracle::slots(expression, &rules, start, theirs.len()) != at {
        return None;
    }
    let last = at.iter().chain(theirs).copied().max().unwrap_or(start);
    let offset = |at: i64| rules.to_offset(jiff::Timestamp::from_second(at).unwrap());
    let mut changes = (start - 86_400..last + 86_400).step_by(3_600);
    if !changes.any(|at| offset(at) != offset(at + 3_600)) {
        return None;
    }
    let wildcard = fields[0].starts_with('*') || fields[1].starts_with('*');
    Some(if wildcard { "a wildcard while the clocks change" } else { "a fixed time while the clocks change" })
}

pub fn zone_rules(zone: &str) -> TimeZone {
    TimeZone::tzif(zone, Zone::named(zone).unwrap().1).unwrap()
}

/// Why dateutil may differ.
fn rrule_class(rule: &str) -> Option<&'static str> {
    let part = |name: &str| rule.split(';').find_map(|part| part.strip_prefix(name));
    if rule.contains("FREQ=WEEKLY") && part("BYSETPOS=").is_some() {
        return Some("BYSETPOS in the week that the rule begins in");
    }
    if part("BYWEEKNO=").is_some_and(|weeks| weeks.contains("-52") || weeks.contains("-53")) {
        return Some("the last week but 51 of a year, which began in the year before");
    }
    let days: Vec<&str> = part("BYDAY=")?.split(',').collect();
    let plain = days.iter().filter(|day| day.len() == 2).count();
    (plain > 0 && plain < days.len()).then_some("BYDAY with and without a number")
}

/// How often each known difference was seen.
#[derive(Default)]
pub struct Tally {
    same: usize,
    differ: BTreeMap<String, usize>,
    unknown: Vec<String>,
}

impl Tally {
    pub fn compare(
        &mut self,
        line: &str,
        program: &str,
        ours: &[Firing],
        theirs: &[i64],
        class: impl Fn(&[Firing]) -> Option<&'static str>,
    ) {
        let at: Vec<i64> = ours.iter().map(|firing| firing.at.ms() / 1_000).collect();
        if at == theirs {
            self.same += 1;
        } else if let Some(class) = class(ours) {
            *self.differ.entry(format!("{program}: {class}")).or_default() += 1;
        } else {
            self.unknown
                .push(format!("{line}\n  taskey {ours:?}\n  theirs {:?}", theirs.iter().map(|at| from_secs(*at)).collect::<Vec<_>>()));
        }
    }

    pub fn assert(&self, total: usize, known: &[(&str, usize)]) {
        assert!(
            self.unknown.is_empty(),
            "{} of {total} differ for no known reason, the first:\n{}",
            self.unknown.len(),
            self.unknown[..self.unknown.len().min(12)].join("\n")
        );
        let known: BTreeMap<String, usize> = known.iter().map(|(class, count)| ((*class).to_owned(), *count)).collect();
        assert_eq!(self.differ, known);
        assert_eq!(self.same + known.values().sum::<usize>(), total);
    }
}

pub fn split<const N: usize>(line: &str) -> [&str; N] {
    line.split('|').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"))
}

fn instants(start: i64, steps: &str) -> Vec<i64> {
    let steps = steps.split(',').filter(|step| !step.is_empty()).map(|step| step.parse::<i64>().unwrap());
    steps
        .scan(start, |at, step| {
            *at += step;
            Some(*at)
        })
        .collect()
}

pub fn from_secs(secs: i64) -> Time {
    Time::from_ms(secs * 1_000)
}
