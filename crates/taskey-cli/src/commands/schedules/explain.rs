//! `taskey schedules explain`: why a schedule fires or does not, as the server tells it.

use clap::Args;
use taskey_proto::Time;
use taskey_proto::schedules::{Schedule, ScheduleExplanation, Slot, TIMEZONE_DEVICE};

use super::{device_id, tables};
use crate::cli::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::session;
use crate::table::Table;

/// The newest slots that are shown where no instant is asked about.
const SLOTS_SHOWN: usize = 5;

#[derive(Debug, Args)]
pub struct ExplainArgs {
    schedule: String,
    /// And what about this instant.
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// Only on this device, by id or name.
    #[arg(long, short = 'd', value_name = "DEVICE")]
    device: Option<String>,
    /// How many slots to come are shown.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    next: u32,
}

pub async fn run(global: &Global, args: &ExplainArgs, output: Output) -> Result<(), Failure> {
    let client = session::client(global)?;
    let schedule = client.show_schedule(&args.schedule).await?.value;
    let id = schedule.id.to_string();
    let device = match &args.device {
        Some(device) => Some(device_id(&client, device).await?),
        None => None,
    };
    let explanation = client.explain_schedule(&id, args.at, device, args.next).await?;
    let slots = match args.at {
        Some(_) => explanation.slot.iter().cloned().collect(),
        None => client.list_slots(&id, device, Some(SLOTS_SHOWN)).await?.items,
    };
    output.thing(&explanation, &schedule.name, || table(&schedule, &explanation, &slots))
}

fn table(schedule: &Schedule, explanation: &ScheduleExplanation, slots: &[Slot]) -> Table {
    let mut table = Table::of_fields();
    table.field("answer", explanation.answer.as_str());
    for (index, step) in explanation.steps.iter().enumerate() {
        table.field(if index == 0 { "since" } else { "" }, step.as_str());
    }
    // Of a zone of each device's own no one time is right for all.
    let zone = if schedule.spec.timezone == TIMEZONE_DEVICE { "UTC" } else { &schedule.spec.timezone };
    table.field_if("zone", tables::zone_note(&schedule.spec, zone));
    let timetable = tables::timetable(&schedule.spec, schedule.created_at, zone, Vec::new()).filter(|_| !explanation.next.is_empty());
    let to_come = timetable.map(|timetable| tables::firings(&explanation.next, &timetable));
    let past = (!slots.is_empty()).then(|| tables::slots(slots));
    match (to_come, past) {
        (Some(to_come), Some(past)) => table.then(to_come.then(past)),
        (Some(one), None) | (None, Some(one)) => table.then(one),
        (None, None) => table,
    }
}
