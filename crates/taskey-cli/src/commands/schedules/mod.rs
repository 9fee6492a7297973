//! `taskey schedules`: tasks at certain times, kept in files and applied; what is to come, and what became of it.

mod apply;
mod explain;
pub mod next;
mod tables;

use clap::Subcommand;
use serde::Serialize;
use taskey_client::Client;
use taskey_proto::page::Page;
use taskey_proto::schedules::{Holding, PauseSchedule, Schedule, Slot};

use super::runs::device_id;
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum SchedulesCommand {
    /// Create the schedules of a file, or give those that exist a new version where they differ.
    #[command(after_help = "Example: taskey schedules apply -f nightly.yaml --dry-run")]
    Apply(apply::ApplyArgs),
    /// List schedules.
    #[command(after_help = "Example: taskey schedules ls --task backup")]
    Ls {
        /// Only those of this task, by id or name.
        #[arg(long, value_name = "TASK")]
        task: Option<String>,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one schedule.
    #[command(after_help = "Example: taskey schedules show nightly --devices --slots")]
    Show {
        schedule: String,
        /// And which of its devices holds what of it.
        #[arg(long)]
        devices: bool,
        /// And what became of its last 20 slots.
        #[arg(long)]
        slots: bool,
    },
    /// Remove schedules; their runs and slots stay.
    #[command(after_help = "Example: taskey schedules rm nightly weekly --yes")]
    Rm {
        #[arg(required = true)]
        schedules: Vec<String>,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Let a schedule fire no more until it is resumed; what runs goes on.
    #[command(after_help = "Example: taskey schedules pause nightly --reason \"moving to the new disks\"")]
    Pause {
        schedule: String,
        /// Shown to whoever wonders.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Let a paused schedule fire again, or one that is done begin anew; nothing of the time in between is caught up.
    #[command(after_help = "Example: taskey schedules resume nightly")]
    Resume { schedule: String },
    /// List what became of each moment at which a schedule should have fired, newest first.
    #[command(after_help = "Example: taskey schedules slots nightly --device web-1 --limit 20")]
    Slots {
        schedule: String,
        /// Only on this device, by id or name.
        #[arg(long, short = 'd', value_name = "DEVICE")]
        device: Option<String>,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// List the devices of a schedule, with what each holds of it and when it fires next there.
    #[command(after_help = "Example: taskey schedules devices nightly")]
    Devices {
        schedule: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// List the versions of a schedule, newest first.
    #[command(after_help = "Example: taskey schedules versions nightly")]
    Versions {
        schedule: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show when an expression or a schedule file fires; no server is asked.
    #[command(
        after_help = "Examples: taskey schedules next \"30 2 * * *\" --timezone Europe/Berlin --from 2026-03-27T00:00:00Z -n 5\n          \
        taskey schedules next -f nightly.yaml --calendar holidays=holidays.txt"
    )]
    Next(next::NextArgs),
    /// Say why a schedule fires or does not: its state, where it fires, what is to come, what hinders it, what became of its last slots.
    #[command(after_help = "Example: taskey schedules explain nightly --device web-1 --at 2026-03-29T01:00:00Z")]
    Explain(explain::ExplainArgs),
}

pub async fn run(global: &Global, command: SchedulesCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        SchedulesCommand::Next(args) => return next::run(&args, output),
        SchedulesCommand::Apply(args) => apply::run(global, &args, output).await?,
        SchedulesCommand::Ls { task, limit } => {
            let page = session::client(global)?.list_schedules(task.as_deref(), limit).await?;
            list(&page, output)?;
        }
        SchedulesCommand::Show { schedule, devices, slots } => {
            show(&session::client(global)?, &schedule, devices, slots, output).await?;
        }
        SchedulesCommand::Rm { schedules, yes } => {
            let client = session::client(global)?;
            secrets::confirm(&format!("Remove {}?", schedules.join(", ")), yes).await?;
            for schedule in &schedules {
                client.remove_schedule(schedule).await?;
            }
        }
        SchedulesCommand::Pause { schedule, reason } => {
            let paused = session::client(global)?.pause_schedule(&schedule, &PauseSchedule { reason }).await?;
            tell(&paused, "paused", output)?;
        }
        SchedulesCommand::Resume { schedule } => {
            let resumed = session::client(global)?.resume_schedule(&schedule).await?;
            let next = resumed.next_at.map(|next| format!(", next at {}", crate::relative::instant(next)));
            tell(&resumed, &format!("active{}", next.unwrap_or_default()), output)?;
        }
        SchedulesCommand::Slots { schedule, device, limit } => {
            let client = session::client(global)?;
            let device = match device {
                Some(device) => Some(device_id(&client, &device).await?),
                None => None,
            };
            let page = client.list_slots(&schedule, device, limit).await?;
            output.list(&page, |slot| slot.at.to_string(), tables::slots)?;
        }
        SchedulesCommand::Devices { schedule, limit } => {
            let page = session::client(global)?.list_holdings(&schedule, limit).await?;
            output.list(&page, |holding| holding.device.name.clone(), tables::holdings)?;
        }
        SchedulesCommand::Versions { schedule, limit } => {
            let page = session::client(global)?.list_schedule_versions(&schedule, limit).await?;
            output.list(&page, |version| version.version.to_string(), tables::versions)?;
        }
        SchedulesCommand::Explain(args) => explain::run(global, &args, output).await?,
    }
    Ok(Exit::Done)
}

fn list(page: &Page<Schedule>, output: Output) -> Result<(), Failure> {
    if page.items.is_empty() && output.is_table() {
        output::note("no schedules; `taskey schedules apply -f FILE` makes one");
        return Ok(());
    }
    output.list(page, |schedule| schedule.name.clone(), tables::list)
}

/// The newest slots that are shown beside a schedule.
const SLOTS_SHOWN: usize = 20;

/// A schedule with what was asked for beside it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    schedule: &'a Schedule,
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<&'a Page<Holding>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<&'a Page<Slot>>,
}

async fn show(client: &Client, word: &str, devices: bool, slots: bool, output: Output) -> Result<(), Failure> {
    let schedule = client.show_schedule(word).await?.value;
    let id = schedule.id.to_string();
    let devices = if devices { Some(client.list_holdings(&id, None).await?) } else { None };
    let slots = if slots { Some(client.list_slots(&id, None, Some(SLOTS_SHOWN)).await?) } else { None };
    let shown = Shown { schedule: &schedule, devices: devices.as_ref(), slots: slots.as_ref() };
    output.thing(&shown, &schedule.name, || {
        // A table holds one below it, so that they are joined from the last to the first.
        let slots = slots.as_ref().map(|page| tables::slots(&page.items));
        let below = match (devices.as_ref().map(|page| tables::holdings(&page.items)), slots) {
            (Some(devices), Some(slots)) => Some(devices.then(slots)),
            (devices, slots) => devices.or(slots),
        };
        let table = tables::show(&schedule);
        match below {
            Some(below) => table.then(below),
            None => table,
        }
    })
}

/// People get a line about what changed, programs the schedule.
fn tell(schedule: &Schedule, what: &str, output: Output) -> Result<(), Failure> {
    if output.is_table() {
        return output::line(&format!("{}: {what}", schedule.name));
    }
    output.thing(schedule, &schedule.name, || tables::show(schedule))
}
