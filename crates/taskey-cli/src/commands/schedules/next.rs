//! `taskey schedules next`: when an expression fires, reckoned here.

use clap::Args;
use taskey_proto::Time;
use taskey_proto::page::Page;
use taskey_proto::runs::Targets;
use taskey_proto::schedules::{Firing, ScheduleSpec, TIMEZONE_DEVICE, When};
use taskey_schedule::{Timetable, Zone, parse_expression, timing_of};

use super::tables;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::relative::now;

#[derive(Debug, Args)]
pub struct NextArgs {
    /// A cron expression in quotes, such as "30 2 * * *"; "@daily"; "@every 10s"; "@at 2030-01-01T00:00:00Z"; or a recurrence rule.
    #[arg(value_name = "EXPR")]
    expression: String,
    /// Whose clocks count, by the IANA name.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
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

pub fn run(args: &NextArgs, output: Output) -> Result<Exit, Failure> {
    let when = parse_expression(&args.expression, args.seconds).map_err(Failure::usage)?;
    if args.timezone == TIMEZONE_DEVICE {
        return Err(Failure::usage("--timezone: `device` stands for each device's own zone, which only the device knows; name one"));
    }
    let from = args.from.unwrap_or_else(now);
    let is_event = when.boot || when.enroll;
    let spec = spec_of(when, &args.timezone);
    let timing = timing_of(&spec, from, Vec::new()).map_err(|errors| told(&errors))?;
    let timetable = Timetable::new(&timing, &Zone::utc()).map_err(|error| Failure::usage(error.to_string()))?;
    let items: Vec<Firing> = timetable.upcoming(from).take(args.count as usize).collect();
    if is_event {
        output::note("no clock tells when that is: it fires on its event, not at a time");
    } else if items.len() < args.count as usize {
        output::note(if items.is_empty() { "it does not fire after that" } else { "after that it fires no more" });
    }
    output.list(&Page { items, next: None }, |firing| firing.at.to_string(), |items| tables::firings(items.iter().copied(), &timetable))?;
    Ok(Exit::Done)
}

/// A schedule of that one rule; nothing else of it is looked at.
fn spec_of(when: When, timezone: &str) -> ScheduleSpec {
    let defaults = serde_json::json!({"name": "next", "task": "next", "targets": Targets::default()});
    match serde_json::from_value::<ScheduleSpec>(defaults) {
        Ok(spec) => ScheduleSpec { when: vec![when], timezone: timezone.to_owned(), ..spec },
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
