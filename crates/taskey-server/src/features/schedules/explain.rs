//! Why a schedule fires when it does, and what became of a slot.

use taskey_proto::Time;
use taskey_proto::id::DeviceId;
use taskey_proto::schedules::{Holding, OnBlock, ScheduleExplanation, Slot, SlotState, Upcoming};
use taskey_schedule::{Gate, Timetable};

use super::store::{self, ScheduleRow};
use super::{blocked, view};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::platform::http::problem::ApiResult;

const NEXT_DEFAULT: usize = 10;
const NEXT_MAX: usize = 100;
/// Devices whose standing is looked at.
const DEVICES_MAX: usize = 200;

/// What is asked.
pub(super) struct Question {
    /// About this instant; `None`: about now.
    pub at: Option<Time>,
    pub device: Option<DeviceId>,
    pub next: Option<usize>,
}

pub(super) async fn explain(app: &App, permit: &Permit, mut row: ScheduleRow, question: Question) -> ApiResult<ScheduleExplanation> {
    let now = app.now();
    row.spec.calendars = blocked::words_now(&row, &blocked::calendars_of(app, &row).await?);
    let next = view::upcoming(app, &row, now, question.next.unwrap_or(NEXT_DEFAULT).min(NEXT_MAX)).await?;
    let mut steps = vec![view::words(&row), standing(&row)];
    let mut holdings = store::holdings(&app.db, permit.sight(), row.id, question.device, None, DEVICES_MAX).await?;
    view::complete_holdings(&row, &mut holdings, now)?;
    let waiting = store::waiting_slots(&mut &app.db, row.id).await?;
    if let Some(first) = waiting.first() {
        let count = waiting.len();
        steps.push(format!("Of its slots {count} wait until an earlier run is over, the first since {}.", first.at));
    }
    let (answer, slot) = match question.at {
        Some(at) => {
            let timetable = blocked::timetable(app, &row, at, at).await?;
            steps.extend(about_instant(&timetable, at));
            let slot = store::slot_at(&app.db, permit.sight(), row.id, question.device, at).await?;
            let waits = waiting.iter().position(|waiting| waiting.at == at).filter(|_| slot.is_none());
            (waits.map_or_else(|| answer_at(&row, &timetable, at, now, slot.as_ref(), &holdings), answer_waiting), slot)
        }
        None => {
            let soonest = view::upcoming(app, &row, now, 1).await?.pop();
            (answer_now(&row, soonest.as_ref(), &holdings, question.device.is_some()), None)
        }
    };
    steps.extend(holdings.iter().filter_map(about_holding).take(20));
    Ok(ScheduleExplanation { answer, steps, next, slot })
}

fn standing(row: &ScheduleRow) -> String {
    let place = if row.on_server { "the server fires it" } else { "each device fires it by itself, also without the server" };
    let version =
        format!("It runs version {} of its task and is at revision {}, written by {}.", row.task_version, row.revision, row.updated_by);
    match &row.reason {
        Some(reason) => format!("It is {}: {} {version}", row.state.word(), reason.detail),
        None => format!("It is {}; {place}. {version}", row.state.word()),
    }
}

fn about_instant(timetable: &Timetable, at: Time) -> Vec<String> {
    let explained = timetable.explain(at);
    let mut steps = Vec::new();
    steps.push(match explained.firing {
        Some(_) => format!("{at} is {} in {}: a slot. {}", explained.local, explained.zone, explained.words),
        None => format!("{at} is {} in {}: no slot of this schedule.", explained.local, explained.zone),
    });
    steps.extend(explained.note);
    if let Gate::Blocked { by, until } = explained.gate {
        let until = until.map(|until| format!(" It may again from {until}.")).unwrap_or_default();
        steps.push(format!("It may not run at that time: {by}.{until}"));
    }
    steps
}

fn about_holding(holding: &Holding) -> Option<String> {
    let reason = holding.reason.as_ref()?;
    Some(format!("{}: {}", holding.device.name, reason.detail))
}

fn answer_now(row: &ScheduleRow, next: Option<&Upcoming>, holdings: &[Holding], asked: bool) -> String {
    if let Some(reason) = &row.reason {
        return format!("It does not fire, since it is {}: {}", row.state.word(), reason.detail);
    }
    let Some(next) = next else { return "It has no more slots.".to_owned() };
    let but = next.blocked.as_ref().map(|by| format!(" {}", forbidden(row, by))).unwrap_or_default();
    if row.on_server {
        return format!("It waits for its next slot, {}.{but}", next.at);
    }
    match holdings {
        [] if asked => "It is not for that device: none of its targets is that one.".to_owned(),
        [] => "None of its targets is enrolled, or you may see none of them.".to_owned(),
        [holding] if holding.reason.is_some() => about_holding(holding).unwrap_or_default(),
        _ => {
            let behind = holdings.iter().filter(|holding| holding.reason.is_some()).count();
            let behind = if behind > 0 { format!(" {behind} of its devices stand apart; see below.") } else { String::new() };
            format!("It waits for its next slot, {}.{but}{behind}", next.at)
        }
    }
}

/// What becomes of a slot that may not begin when it is due.
fn forbidden(row: &ScheduleRow, by: &str) -> String {
    match row.spec.on_block {
        OnBlock::Skip => format!("It may not begin then and is skipped: {by}."),
        OnBlock::Defer => format!("It may not begin then and waits until it may: {by}."),
    }
}

fn answer_at(row: &ScheduleRow, timetable: &Timetable, at: Time, now: Time, slot: Option<&Slot>, holdings: &[Holding]) -> String {
    if let Some(slot) = slot {
        return answer_slot(slot);
    }
    if timetable.next(at.plus_ms(-1)).is_none_or(|next| next.at != at) {
        return "Its rules name no slot at that instant.".to_owned();
    }
    if at > now {
        return match &row.reason {
            Some(reason) => format!("It will not fire then as things stand, since it is {}: {}", row.state.word(), reason.detail),
            None => match view::blocked_by(timetable, at) {
                Some(by) => format!("It is a slot to come. {}", forbidden(row, &by)),
                None => "It is a slot to come.".to_owned(),
            },
        };
    }
    if row.on_server {
        return "It was before the schedule began to watch, or in a time when it was paused or written anew.".to_owned();
    }
    match holdings {
        [holding] if holding.since.is_none_or(|since| since >= at) => {
            format!("{} did not keep this revision of the schedule yet: it begins with slots later than it took it.", holding.device.name)
        }
        [holding] if !holding.online => {
            format!("{} has not been heard of since. What it did then it tells when it is back.", holding.device.name)
        }
        [holding] => format!("{} has not told yet.", holding.device.name),
        _ => "No device has told of it: ask about one device to learn more.".to_owned(),
    }
}

/// Of a slot with so many before it.
fn answer_waiting(before: usize) -> String {
    match before {
        0 => "It was due, and begins as soon as the run that is open is over.".to_owned(),
        before => format!("It was due, and waits for its turn; {before} of this schedule wait before it."),
    }
}

fn answer_slot(slot: &Slot) -> String {
    let place = slot.device.as_ref().map_or_else(|| "on the server".to_owned(), |device| format!("on {}", device.name));
    let reason = slot.reason.as_ref().map(|reason| format!(" {}", reason.detail)).unwrap_or_default();
    let outcome = slot.outcome.map(|state| format!(" Its execution: {}.", state.word().replace('_', " "))).unwrap_or_default();
    match slot.state {
        SlotState::Fired if slot.late_ms.unwrap_or_default() > 1_000 => {
            format!("It fired {place}, {} ms late.{outcome}", slot.late_ms.unwrap_or_default())
        }
        SlotState::Fired => format!("It fired {place}, in time.{outcome}"),
        SlotState::CaughtUp => {
            format!("It was missed and caught up {place} {} ms later, as the schedule asks.{outcome}", slot.late_ms.unwrap_or_default())
        }
        SlotState::Skipped => format!("It was due {place} and skipped.{reason}"),
        SlotState::Missed => format!("It was missed {place}.{reason}"),
    }
}
