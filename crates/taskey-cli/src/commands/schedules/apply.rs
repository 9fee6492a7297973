//! `taskey schedules apply`: what a file says becomes what is.

use std::path::PathBuf;

use clap::Args;
use taskey_cli::places::Places;
use taskey_cli::schedule_file;
use taskey_client::{Client, ClientError, Tagged};
use taskey_proto::problem::Code;
use taskey_proto::schedules::{Schedule, ScheduleSpec, ScheduleState, SimulateSchedule, Simulation, check_schedule};
use taskey_schedule::check_timing;

use super::tables;
use crate::cli::Global;
use crate::diff::line_diff;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::{self, Output};
use crate::relative::now;
use crate::session;
use crate::table::Table;

/// Slots to come that a dry run shows.
const NEXT_SHOWN: usize = 5;
/// Devices that a dry run names.
const NAMED_MAX: usize = 5;

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// YAML or JSON; `-` reads stdin. Several schedules are divided by `---`.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: PathBuf,
    /// Show what would change, when it would fire and on what, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(global: &Global, args: &ApplyArgs, output: Output) -> Result<(), Failure> {
    let file = GivenFile::read(&args.file)?;
    let specs = read(&file)?;
    let places = Places::of(&file.text);
    let client = session::client(global)?;
    for (index, spec) in specs.iter().enumerate() {
        let existing = find(&client, &spec.name).await?;
        let done = if args.dry_run {
            preview(&client, existing.map(|tagged| tagged.value), spec, output).await
        } else {
            store(&client, existing, spec, output).await
        };
        done.map_err(|failure| failure.located(&places, index))?;
    }
    Ok(())
}

/// The schedules of a file, none of them wrong as far as can be told without the server.
pub(super) fn read(file: &GivenFile) -> Result<Vec<ScheduleSpec>, Failure> {
    let specs = schedule_file::parse(&file.text, file.is_json).map_err(|fault| file.wrong(fault))?;
    if specs.is_empty() {
        return Err(Failure::usage(format!("{}: there is no schedule in it", file.place)));
    }
    let places = Places::of(&file.text);
    for (index, spec) in specs.iter().enumerate() {
        let mut errors = check_schedule(spec);
        if errors.is_empty() {
            errors = check_timing(spec);
        }
        if !errors.is_empty() {
            let errors = errors.into_iter().map(|error| places.with_line(index, error)).collect();
            return Err(Failure::Fields { place: format!("{}: schedule `{}`", file.place, spec.name), errors });
        }
    }
    Ok(specs)
}

async fn find(client: &Client, name: &str) -> Result<Option<Tagged<Schedule>>, ClientError> {
    match client.show_schedule(name).await {
        Ok(schedule) => Ok(Some(schedule)),
        Err(error) if error.has_code(Code::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn store(client: &Client, existing: Option<Tagged<Schedule>>, spec: &ScheduleSpec, output: Output) -> Result<(), Failure> {
    let (done, schedule) = match existing {
        None => ("created".to_owned(), client.create_schedule(spec).await?),
        Some(existing) => {
            let before = existing.value;
            let etag = existing.etag.ok_or_else(|| Failure::usage("the server did not say which version this is (no ETag)"))?;
            // The server knows best whether anything changes: its task may be newer than what devices hold.
            let schedule = client.replace_schedule(&before.id.to_string(), spec, &etag).await?;
            let changed = schedule.version != before.version;
            (if changed { format!("changed to version {}", schedule.version) } else { "unchanged".to_owned() }, schedule)
        }
    };
    if !output.is_table() {
        return output.thing(&schedule, &schedule.name, Table::of_fields);
    }
    output::line(&format!("{}: {done}", schedule.name))?;
    if schedule.state == ScheduleState::Paused {
        output::note(&format!("{0} is paused; `taskey schedules resume {0}` lets it fire", schedule.name));
    }
    Ok(())
}

async fn preview(client: &Client, existing: Option<Schedule>, spec: &ScheduleSpec, output: Output) -> Result<(), Failure> {
    let simulation = client.simulate_schedule(&SimulateSchedule { spec: spec.clone(), count: Some(NEXT_SHOWN), from: None }).await?;
    output.thing(&simulation, &spec.name, || preview_table(existing.as_ref(), spec, &simulation))?;
    let before = existing.map(|schedule| tables::canonical(&schedule.spec)).unwrap_or_default();
    if output.is_table() {
        output::write_data(line_diff(&before, &tables::canonical(spec)).as_bytes())?;
    }
    Ok(())
}

fn preview_table(existing: Option<&Schedule>, spec: &ScheduleSpec, simulation: &Simulation) -> Table {
    let mut table = Table::of_fields();
    table.field(&spec.name, would(existing, spec));
    table.field("when", simulation.words.as_str());
    table.field_if("zone", tables::zone_note(spec, "UTC"));
    table.field("devices", devices(simulation));
    simulation.warnings.iter().for_each(|warning| table.field("warning", warning.as_str()));
    let anchor = existing.map_or_else(now, |schedule| schedule.created_at);
    match tables::timetable(spec, anchor, "UTC", Vec::new()) {
        Some(timetable) if !simulation.next.is_empty() => table.then(tables::firings(&simulation.next, &timetable)),
        _ => table,
    }
}

fn would(existing: Option<&Schedule>, spec: &ScheduleSpec) -> String {
    match existing {
        None => "would be created".to_owned(),
        Some(schedule) if schedule.spec == *spec && schedule.task.newer.is_none() => "unchanged".to_owned(),
        Some(schedule) => format!("would be changed to version {}", schedule.version + 1),
    }
}

fn devices(simulation: &Simulation) -> String {
    let named: Vec<&str> = simulation.devices.iter().take(NAMED_MAX).map(|device| device.name.as_str()).collect();
    match (simulation.device_count, simulation.device_count.saturating_sub(named.len() as u64)) {
        (0, _) => "none now".to_owned(),
        (count, 0) => format!("{count}: {}", named.join(", ")),
        (count, more) => format!("{count}: {} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(text: &str) -> String {
        let file = GivenFile { place: "nightly.yaml".to_owned(), text: text.to_owned(), is_json: false };
        match read(&file) {
            Err(Failure::Fields { place, errors }) => {
                let lines = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail));
                format!("{place}\n{}", lines.collect::<Vec<_>>().join("\n"))
            }
            Err(failure) => failure.to_string(),
            Ok(_) => panic!("{text} is right"),
        }
    }

    #[test]
    fn what_can_be_told_without_a_server_is_told_by_line_and_key() {
        let text = "name: nightly\ntask: hello\ntargets: {devices: [web-1]}\ncron: 30 25 * * *\ntimezone: Europe/Belrin\n";
        let told = fault_of(text);
        assert!(told.starts_with("nightly.yaml: schedule `nightly`\nline 5: /timezone: there is no time zone `Europe/Belrin`"), "{told}");
        assert!(told.contains("did you mean Europe/Berlin") && told.contains("\nline 4: /cron: "), "{told}");
        let told = fault_of("name: a\ntask: b\ntargets: {}\n---\nname: c\ntask: d\ntargets: {}\nevery: 1s\nat: 2030-01-01T00:00:00Z\n");
        assert!(told.contains("line 1: /cron: say when"), "{told}");
        assert_eq!(fault_of(""), "nightly.yaml: there is no schedule in it");
    }
}
