//! `taskey schedules explain`: why a schedule fires or does not.
//!
//! Put together here from what the server tells of the schedule, its devices and its slots; what is to come is reckoned as devices do.

use clap::Args;
use serde::Serialize;
use taskey_client::Client;
use taskey_proto::Time;
use taskey_proto::calendars::CalendarEvent;
use taskey_proto::problem::Code;
use taskey_proto::schedules::document::Period;
use taskey_proto::schedules::{Holding, Schedule, ScheduleState, Slot, TIMEZONE_DEVICE, Upcoming, Where};
use taskey_schedule::{Gate, Timetable};

use super::{device_id, tables};
use crate::cli::Global;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::relative::{instant, now};
use crate::session;
use crate::table::Table;

/// Slots that are shown, and among how many of the newest that of an instant is looked for.
const SLOTS_SHOWN: usize = 5;
const SLOTS_SEARCHED: usize = 2_000;
/// Devices with something in the way that are named.
const NAMED_MAX: usize = 10;
/// How far ahead events of calendars are looked at.
const YEAR_MS: i64 = 366 * 86_400_000;

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
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=500))]
    next: u32,
}

/// Everything that bears on whether a schedule fires.
#[derive(Serialize)]
struct Explanation {
    schedule: Schedule,
    /// Whose clocks `next` and `instant` go by.
    timezone: String,
    next: Vec<Upcoming>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instant: Option<Instant>,
    /// Devices on which something is in the way.
    problems: Vec<Holding>,
    /// The newest, newest first.
    slots: Vec<Slot>,
    #[serde(skip)]
    timetable: Timetable,
}

/// What the rules say of an instant, and what became of its slot.
#[derive(Serialize)]
struct Instant {
    at: Time,
    local: String,
    words: String,
    note: Option<String>,
    /// What forbids it to begin then.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<String>,
    is_slot: bool,
    slots: Vec<Slot>,
}

pub async fn run(global: &Global, args: &ExplainArgs, output: Output) -> Result<(), Failure> {
    let client = session::client(global)?;
    let explanation = explain(&client, args).await?;
    output.thing(&explanation, &explanation.schedule.name, || table(&explanation))
}

async fn explain(client: &Client, args: &ExplainArgs) -> Result<Explanation, Failure> {
    let schedule = client.show_schedule(&args.schedule).await?.value;
    let id = schedule.id.to_string();
    let device = match &args.device {
        Some(device) => Some(device_id(client, device).await?),
        None => None,
    };
    let on_device = schedule.spec.r#where == Where::Device;
    let mut holdings = if on_device { client.list_holdings(&id, None).await?.items } else { Vec::new() };
    holdings.retain(|holding| device.is_none_or(|device| holding.device.id == device));
    if let Some(name) = args.device.as_ref().filter(|_| on_device && holdings.is_empty()) {
        return Err(Failure::usage(format!("{} is not for the device {name}: none of its targets is that one", schedule.name)));
    }
    let searched = if args.at.is_some() { SLOTS_SEARCHED } else { SLOTS_SHOWN };
    let slots = client.list_slots(&id, device.filter(|_| on_device), Some(searched)).await?.items;
    let timezone = zone_of(&schedule, &holdings);
    let blocked = blocked(client, &schedule, args.at).await?;
    let timetable = tables::timetable(&schedule.spec, schedule.created_at, &timezone, blocked)
        .ok_or_else(|| Failure::usage("this program cannot reckon with the schedule; is the server newer?"))?;
    let is_active = schedule.state == ScheduleState::Active;
    let next = if is_active { tables::upcoming(&timetable, now(), args.next as usize) } else { Vec::new() };
    let instant = args.at.map(|at| look_at(at, &timetable, &slots));
    let problems = holdings.into_iter().filter(|holding| holding.reason.is_some()).collect();
    let slots = slots.into_iter().take(SLOTS_SHOWN).collect();
    Ok(Explanation { schedule, timezone, next, instant, problems, slots, timetable })
}

/// When the calendars of a schedule forbid it, for a year around now and the instant that was asked about.
async fn blocked(client: &Client, schedule: &Schedule, at: Option<Time>) -> Result<Vec<Period>, Failure> {
    let now = now();
    let (from, until) = at.map_or((now, now), |at| (now.min(at), now.max(at)));
    let mut blocked = Vec::new();
    for calendar in &schedule.spec.calendars {
        let events = match client.list_calendar_events(calendar, Some(from), Some(until.plus_ms(YEAR_MS))).await {
            Ok(events) => events.items,
            Err(error) if error.has_code(Code::NotFound) => {
                output::note(&format!("the calendar {calendar} was renamed since the schedule was written; its events are not shown here"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let period = |event: CalendarEvent| Period { from: event.from, until: event.until, name: format!("{calendar}: {}", event.name) };
        blocked.extend(events.into_iter().map(period));
    }
    Ok(blocked)
}

/// The zone of the schedule; where that is each device's own, that of the first device.
fn zone_of(schedule: &Schedule, holdings: &[Holding]) -> String {
    if schedule.spec.timezone != TIMEZONE_DEVICE {
        return schedule.spec.timezone.clone();
    }
    holdings.first().map_or_else(|| "UTC".to_owned(), |holding| holding.timezone.clone())
}

fn look_at(at: Time, timetable: &Timetable, slots: &[Slot]) -> Instant {
    let told = timetable.explain(at);
    let is_slot = told.firing.is_some();
    let covering = slots.iter().filter(|slot| slot.at <= at && at <= slot.until && (is_slot || slot.at == at));
    let blocked = match told.gate {
        Gate::Open => None,
        Gate::Blocked { by, .. } => Some(by),
    };
    Instant { at, local: told.local, words: told.words, note: told.note, blocked, is_slot, slots: covering.cloned().collect() }
}

fn table(explanation: &Explanation) -> Table {
    let mut table = Table::of_fields();
    tables::heading(&mut table, &explanation.schedule);
    table.field_if("zone", tables::zone_note(&explanation.schedule.spec, &explanation.timezone));
    let named = tables::problems(&explanation.problems);
    for (device, reason) in named.iter().take(NAMED_MAX) {
        table.field("in the way", format!("{device}: {}", reason.detail));
    }
    if named.len() > NAMED_MAX {
        table.field("in the way", format!("and {} more devices; see `taskey schedules devices`", named.len() - NAMED_MAX));
    }
    if let Some(at) = &explanation.instant {
        table.field("asked", format!("{}, there {}: {}", instant(at.at), at.local, at.words));
        table.field_if("clocks", at.note.as_deref());
        table.field_if("forbidden by", at.blocked.as_deref());
        table.field_if("outcome", (at.is_slot && at.slots.is_empty()).then(|| pending_outcome(at.at)));
    }
    below(table, explanation)
}

/// Of a slot of which nothing is written.
fn pending_outcome(at: Time) -> &'static str {
    if at > now() {
        "it is still to come"
    } else {
        "nothing is written of it: its devices did not hold the schedule then, have not reported yet, or it is older than what was looked through"
    }
}

/// The slots of the instant that was asked for, or the newest; and those to come.
fn below(table: Table, explanation: &Explanation) -> Table {
    let slots = explanation.instant.as_ref().map_or(&explanation.slots, |at| &at.slots);
    let past = (!slots.is_empty()).then(|| tables::slots(slots));
    let to_come = (!explanation.next.is_empty()).then(|| tables::firings(&explanation.next, &explanation.timetable));
    match (to_come, past) {
        (Some(to_come), Some(past)) => table.then(to_come.then(past)),
        (Some(one), None) | (None, Some(one)) => table.then(one),
        (None, None) => table,
    }
}
