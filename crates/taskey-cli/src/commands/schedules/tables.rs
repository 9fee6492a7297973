//! Schedules, slots and devices of schedules as people read them.

use taskey_proto::problem::Reason;
use taskey_proto::schedules::document::Period;
use taskey_proto::schedules::{
    Holding, Schedule, ScheduleSpec, ScheduleState, ScheduleVersion, Slot, SlotState, TIMEZONE_DEVICE, Upcoming, Where,
};
use taskey_schedule::{Gate, Timetable, Zone, timing_of};

use crate::commands::runs::{reason_text, state_cell};
use crate::relative::{instant, length, now, relative};
use crate::table::{Cell, Table, Tone};

pub fn list(schedules: &[Schedule]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "STATE", "TASK", "NEXT", "DEVICES", "WHEN"]);
    for schedule in schedules {
        table.row([
            schedule.name.as_str().into(),
            state(schedule.state),
            schedule.task.name.as_str().into(),
            schedule.next_at.map(|next| relative(next, now)).unwrap_or_default().into(),
            schedule.device_count.to_string().into(),
            schedule.words.as_str().into(),
        ]);
    }
    table
}

pub fn show(schedule: &Schedule) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", schedule.id.to_string());
    heading(&mut table, schedule);
    let next = schedule.next_at.map(|next| format!("{}, {}", instant(next), relative(next, now)));
    table.field_if("next", next);
    table.field_if("last", schedule.last.as_ref().map(last_slot));
    table.field("version", format!("v{}, {} by {}", schedule.version, relative(schedule.updated_at, now), schedule.updated_by));
    table.field("created", relative(schedule.created_at, now));
    for line in canonical(&schedule.spec).lines() {
        table.field("", line);
    }
    table
}

/// What a schedule is and whether it fires.
pub fn heading(table: &mut Table, schedule: &Schedule) {
    table.field("name", schedule.name.as_str());
    table.field("when", schedule.words.as_str());
    table.field("state", state(schedule.state));
    table.field_if("reason", reason_text(schedule.reason.as_ref()));
    table.field("task", format!("{} v{}", schedule.task.name, schedule.task.version));
    table.field_if("newer task", schedule.task.newer.map(newer_task));
    table.field("fired by", fired_by(schedule.spec.r#where));
    table.field("devices", devices(schedule));
}

fn newer_task(version: u32) -> String {
    format!(
        "v{version} does not run here yet: whoever wrote it may not run tasks on all of these devices; apply the schedule again to take it"
    )
}

fn fired_by(place: Where) -> &'static str {
    match place {
        Where::Device => "each device by itself, with or without the server",
        Where::Server => "the server",
    }
}

fn devices(schedule: &Schedule) -> String {
    match schedule.holding_count {
        Some(holding) => format!("{}, of which {holding} hold what is newest (revision {})", schedule.device_count, schedule.revision),
        None => schedule.device_count.to_string(),
    }
}

fn last_slot(slot: &Slot) -> String {
    let device = slot.device.as_ref().map(|device| format!(" on {}", device.name)).unwrap_or_default();
    let outcome = slot.outcome.map(|outcome| format!(": {}", outcome.word().replace('_', " "))).unwrap_or_default();
    format!("{}, {}{device}{outcome}", instant(slot.until), slot.state.word().replace('_', " "))
}

fn state(state: ScheduleState) -> Cell {
    let tone = match state {
        ScheduleState::Active => Tone::Good,
        ScheduleState::Paused => Tone::Bad,
        ScheduleState::Done => Tone::Faint,
    };
    Cell::toned(state.word(), tone)
}

pub fn slots(slots: &[Slot]) -> Table {
    let mut table = Table::new(&["SLOT", "DEVICE", "STATE", "OUTCOME", "LATE", "RUN", "REASON"]);
    for slot in slots {
        let tone = match slot.state {
            SlotState::Fired | SlotState::CaughtUp => Tone::Good,
            SlotState::Skipped => Tone::Faint,
            SlotState::Missed => Tone::Bad,
        };
        table.row([
            span(slot).into(),
            slot.device.as_ref().map_or("", |device| &device.name).into(),
            Cell::toned(slot.state.word().replace('_', " "), tone),
            slot.outcome.map(state_cell).unwrap_or_default(),
            slot.late_ms.map(|ms| length(ms as i64)).unwrap_or_default().into(),
            slot.run.map(|run| run.to_string()).unwrap_or_default().into(),
            reason_text(slot.reason.as_ref()).unwrap_or_default().into(),
        ]);
    }
    table
}

/// When it was, and for several in a row how many they were.
fn span(slot: &Slot) -> String {
    match slot.count {
        1 => instant(slot.at),
        count => format!("{} to {} ({count})", instant(slot.at), instant(slot.until)),
    }
}

pub fn holdings(holdings: &[Holding]) -> Table {
    let now = now();
    let mut table = Table::new(&["DEVICE", "PRESENCE", "HOLDS", "SINCE", "NEXT", "ZONE", "LEASE", "REASON"]);
    for holding in holdings {
        let presence = if holding.online { Cell::toned("online", Tone::Good) } else { Cell::toned("offline", Tone::Bad) };
        table.row([
            holding.device.name.as_str().into(),
            presence,
            holding.revision.map_or_else(|| "nothing".to_owned(), |revision| format!("revision {revision}")).into(),
            holding.since.map(|since| relative(since, now)).unwrap_or_default().into(),
            holding.next_at.map(instant).unwrap_or_default().into(),
            holding.timezone.as_str().into(),
            holding.lease_until.map(|until| relative(until, now)).unwrap_or_default().into(),
            reason_text(holding.reason.as_ref()).unwrap_or_default().into(),
        ]);
    }
    table
}

pub fn versions(versions: &[ScheduleVersion]) -> Table {
    let now = now();
    let mut table = Table::new(&["VERSION", "WRITTEN", "BY", "TASK", "WHEN"]);
    for version in versions {
        table.row([
            format!("v{}", version.version).into(),
            relative(version.created_at, now).into(),
            version.created_by.as_str().into(),
            version.spec.task.as_str().into(),
            taskey_schedule::describe(&version.spec).into(),
        ]);
    }
    table
}

/// Slots to come, each with what the clocks show then and what is to be known of it.
pub fn firings(firings: &[Upcoming], timetable: &Timetable) -> Table {
    let mut table = Table::new(&["UTC", "LOCAL", "NOTE"]);
    for firing in firings {
        table.row([instant(firing.at).into(), timetable.zone().local(firing.at).into(), note(firing, timetable).into()]);
    }
    table
}

fn note(firing: &Upcoming, timetable: &Timetable) -> String {
    let explanation = timetable.explain(firing.at);
    let blocked = match (explanation.gate, &firing.blocked) {
        (Gate::Blocked { by, until: Some(until) }, _) => Some(format!("It may not run then: {by}, until {}.", instant(until))),
        (Gate::Blocked { by, until: None }, _) => Some(format!("It may not run then: {by}.")),
        // What the server knows of calendars.
        (Gate::Open, Some(by)) => Some(format!("It may not run then: {by}.")),
        (Gate::Open, None) => None,
    };
    [explanation.note, blocked].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The slots after a moment, each with what forbids it.
pub fn upcoming(timetable: &Timetable, after: taskey_proto::Time, count: usize) -> Vec<Upcoming> {
    let blocked = |at| match timetable.gate(at) {
        Gate::Open => None,
        Gate::Blocked { by, .. } => Some(by),
    };
    timetable.upcoming(after).take(count).map(|firing| Upcoming { at: firing.at, dst: firing.dst, blocked: blocked(firing.at) }).collect()
}

/// The arithmetic of a spec that counts from `anchor`, with the clocks of `device_zone` where the zone is each device's own.
pub fn timetable(spec: &ScheduleSpec, anchor: taskey_proto::Time, device_zone: &str, blocked: Vec<Period>) -> Option<Timetable> {
    let timing = timing_of(spec, anchor, blocked).ok()?;
    let zone = Zone::named(device_zone).map_or_else(Zone::utc, |(zone, _)| zone);
    Timetable::new(&timing, &zone).ok()
}

/// Whose clocks are meant, where the spec leaves that to each device.
pub fn zone_note(spec: &ScheduleSpec, shown: &str) -> Option<String> {
    (spec.timezone == TIMEZONE_DEVICE).then(|| format!("each device's own; the times here are those of a device in {shown}"))
}

pub fn canonical(spec: &ScheduleSpec) -> String {
    serde_saphyr::to_string(spec).unwrap_or_else(|_| format!("{spec:#?}"))
}

/// The reasons of all that is not as it should be.
pub fn problems<'a>(holdings: impl IntoIterator<Item = &'a Holding>) -> Vec<(&'a str, &'a Reason)> {
    let reason = |holding: &'a Holding| holding.reason.as_ref().map(|reason| (holding.device.name.as_str(), reason));
    holdings.into_iter().filter_map(reason).collect()
}
