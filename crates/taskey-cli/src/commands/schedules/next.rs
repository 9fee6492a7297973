//! `taskey schedules next`: when an expression or a schedule file fires, reckoned here.

use std::path::PathBuf;

use clap::Args;
use taskey_proto::Time;
use taskey_proto::page::Page;
use taskey_proto::runs::Targets;
use taskey_proto::schedules::document::Period;
use taskey_proto::schedules::{ScheduleSpec, TIMEZONE_DEVICE, When};
use taskey_schedule::calendar::{Event, PERIODS_MAX, parse, reckon};
use taskey_schedule::{Timetable, Zone, parse_expression, timing_of};

use super::{apply, tables};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::{self, Output};
use crate::relative::now;

/// How far beyond the last slot that is shown events are looked at, to say when one is over.
const BEYOND_MS: i64 = 60 * 86_400_000;

#[derive(Debug, Args)]
pub struct NextArgs {
    /// A cron expression in quotes, such as "30 2 * * *"; "@daily"; "@every 10s"; "@at 2030-01-01T00:00:00Z"; or a recurrence rule.
    #[arg(value_name = "EXPR", required_unless_present = "file")]
    expression: Option<String>,
    /// A schedule instead, as `taskey schedules apply` takes it: its rules, its time zone, its windows and calendars.
    #[arg(short = 'f', long = "file", value_name = "FILE", conflicts_with_all = ["expression", "timezone", "seconds"])]
    file: Option<PathBuf>,
    /// Whose clocks count, by the IANA name.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// A calendar during whose events nothing is to begin, iCalendar or a list of holidays; may be given several times.
    #[arg(long = "calendar", value_name = "NAME=FILE", value_parser = read_calendar_argument)]
    calendars: Vec<(String, PathBuf)>,
    /// After when; without it, now.
    #[arg(long, value_name = "TIME")]
    from: Option<Time>,
    /// How many.
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// The cron expression has a sixth field in front: the second.
    #[arg(long)]
    seconds: bool,
}

fn read_calendar_argument(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("write NAME=FILE, as in holidays=holidays.txt".to_owned()),
    }
}

pub fn run(args: &NextArgs, output: Output) -> Result<Exit, Failure> {
    let spec = spec(args)?;
    let calendars = read_calendars(args, &spec)?;
    let from = args.from.unwrap_or_else(now);
    let is_event = spec.rules().iter().all(|rule| rule.boot || rule.enroll);
    let timetable = |blocked: Vec<Period>| {
        let timing = timing_of(&spec, from, blocked).map_err(|errors| told(&errors))?;
        Timetable::new(&timing, &Zone::utc()).map_err(|error| Failure::usage(error.to_string()))
    };
    let mut reckoned = timetable(Vec::new())?;
    let last = reckoned.upcoming(from).take(args.count as usize).last();
    if let Some(last) = last {
        let events = calendars.iter().map(|(name, events)| (Some(name.as_str()), events.as_slice()));
        reckoned = timetable(reckon(events, from, last.at.plus_ms(BEYOND_MS), PERIODS_MAX).periods)?;
    }
    let items = tables::upcoming(&reckoned, from, args.count as usize);
    if is_event {
        output::note("no clock tells when that is: it fires on its event, not at a time");
    } else if items.len() < args.count as usize {
        output::note(if items.is_empty() { "it does not fire after that" } else { "after that it fires no more" });
    }
    output.list(&Page { items, next: None }, |firing| firing.at.to_string(), |items| tables::firings(items, &reckoned))?;
    Ok(Exit::Done)
}

/// What was typed, or the one schedule of the file.
fn spec(args: &NextArgs) -> Result<ScheduleSpec, Failure> {
    let spec = match (&args.file, &args.expression) {
        (Some(path), _) => {
            let file = GivenFile::read(path)?;
            let mut specs = apply::read(&file)?;
            match (specs.pop(), specs.is_empty()) {
                (Some(spec), true) => spec,
                _ => return Err(Failure::usage(format!("{}: there are several schedules in it; give one", file.place))),
            }
        }
        (None, Some(expression)) => {
            let when = parse_expression(expression, args.seconds).map_err(Failure::usage)?;
            spec_of(when, &args.timezone, args.calendars.iter().map(|(name, _)| name.clone()).collect())
        }
        (None, None) => return Err(Failure::usage("give an expression, or a schedule with -f")),
    };
    if spec.timezone == TIMEZONE_DEVICE {
        let option = if args.file.is_some() { "timezone" } else { "--timezone" };
        return Err(Failure::usage(format!("{option}: `device` stands for each device's own zone, which only the device knows; name one")));
    }
    Ok(spec)
}

/// The calendars that a spec names, from the files that were given.
fn read_calendars(args: &NextArgs, spec: &ScheduleSpec) -> Result<Vec<(String, Vec<Event>)>, Failure> {
    if let Some((name, _)) = args.calendars.iter().find(|(name, _)| !spec.calendars.contains(name)) {
        return Err(Failure::usage(format!("--calendar {name}: the schedule does not name it")));
    }
    let mut calendars = Vec::with_capacity(spec.calendars.len());
    for name in &spec.calendars {
        let given = args.calendars.iter().find(|(given, _)| given == name);
        let (_, path) = given
            .ok_or_else(|| Failure::usage(format!("the schedule names the calendar `{name}`; give it with --calendar {name}=FILE")))?;
        let file = GivenFile::read(path)?;
        let events = parse(&file.text).map_err(|lines| Failure::usage(format!("{}: {}", file.place, lines.join("\n  "))))?;
        calendars.push((name.clone(), events));
    }
    Ok(calendars)
}

/// A schedule of that one rule; nothing else of it is looked at.
fn spec_of(when: When, timezone: &str, calendars: Vec<String>) -> ScheduleSpec {
    let defaults = serde_json::json!({"name": "next", "task": "next", "targets": Targets::default()});
    match serde_json::from_value::<ScheduleSpec>(defaults) {
        Ok(spec) => ScheduleSpec { when: vec![when], timezone: timezone.to_owned(), calendars, ..spec },
        Err(error) => unreachable!("the least schedule cannot be read: {error}"),
    }
}

/// What is wrong, in its sentence; only of the zone is said that it is the zone.
fn told(errors: &[taskey_proto::problem::FieldError]) -> Failure {
    let line = |error: &taskey_proto::problem::FieldError| match error.pointer.as_str() {
        "/timezone" => format!("--timezone: {}", error.detail),
        _ => error.detail.clone(),
    };
    Failure::usage(errors.iter().map(line).collect::<Vec<_>>().join("\n  "))
}
