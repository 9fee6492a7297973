//! What is to become of the slots whose time has come. One function, for devices and for the server.

use taskey_proto::Time;
use taskey_proto::problem::Reason;
use taskey_proto::schedules::{GRACE_MS, Missed, OnBlock, SlotState};

use crate::{Gate, Timetable};

/// Where a schedule stands, and what time it is.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Slots up to here are settled.
    pub settled: Time,
    /// Slots fire so many milliseconds after their nominal time.
    pub splay_ms: u64,
    pub missed: Missed,
    pub on_block: OnBlock,
    pub now: Time,
    /// Where the clock was set forward: what it would show without that. Slots between fell out of time.
    pub before_jump: Option<Time>,
}

/// What becomes of a slot, or of several in a row. In the order of their slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It begins now.
    Run { at: Time, state: SlotState, late_ms: u64 },
    /// They begin nothing.
    Not(Unmet),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    pub at: Time,
    pub until: Time,
    pub count: u64,
    pub state: SlotState,
    pub reason: Reason,
}

/// Judges every slot that is due and not settled, and says when to look again.
///
/// The newest slot fires if it is less than a minute late. Whatever is older was missed, and `missed` says what becomes of it. A slot that
/// windows or calendars forbid is skipped, or waits; while one waits, those before it are skipped.
pub fn judge(timetable: &Timetable, standing: &Standing) -> (Vec<Verdict>, Option<Time>) {
    let mut verdicts = Vec::new();
    let mut settled = standing.settled;
    let due_until = standing.now.plus_ms(-(standing.splay_ms as i64));
    if let Some(before) = standing.before_jump {
        let due_before = before.plus_ms(-(standing.splay_ms as i64));
        settled = judge_due(timetable, standing, settled, due_before, before, &mut verdicts).0;
        let jumped = unmet(timetable, settled, due_until, SlotState::Missed, clock_jumped());
        settled = settled.max(jumped.as_ref().map_or(settled, |jumped| jumped.until));
        verdicts.extend(jumped.map(Verdict::Not));
        return (verdicts, next_due(timetable, standing, settled));
    }
    let (settled, waits_until) = judge_due(timetable, standing, settled, due_until, standing.now, &mut verdicts);
    let next = match waits_until {
        // What waits for its window is looked at again when that opens, or when a newer slot takes its place.
        Some(until) => [Some(until), next_due(timetable, standing, due_until)].into_iter().flatten().min(),
        None => next_due(timetable, standing, settled),
    };
    (verdicts, next)
}

/// All slots after `settled` that are due by `until`, as having begun nothing for one reason.
pub fn unmet(timetable: &Timetable, settled: Time, until: Time, state: SlotState, reason: Reason) -> Option<Unmet> {
    let first = timetable.next(settled).filter(|first| first.at <= until)?;
    let last = timetable.newest(settled, until, 1).pop().unwrap_or(first);
    let count = timetable.count(settled, until, COUNT_MAX);
    Some(Unmet { at: first.at, until: last.at, count, state, reason })
}

/// Slots are counted up to here; what a wrong clock may bring beyond says nothing to anyone.
pub const COUNT_MAX: u64 = 1_000_000;

fn judge_due(
    timetable: &Timetable,
    standing: &Standing,
    settled: Time,
    until: Time,
    now: Time,
    verdicts: &mut Vec<Verdict>,
) -> (Time, Option<Time>) {
    let wanted = match standing.missed {
        Missed::Skip | Missed::Last => 1,
        Missed::All(all) => all.max as usize + 1,
    };
    let newest = timetable.newest(settled, until, wanted);
    let Some(last) = newest.last().copied() else { return (settled, None) };
    let late = |at: Time| now.since_ms(at.plus_ms(standing.splay_ms as i64)).max(0) as u64;
    let fires = late(last.at) as i64 <= GRACE_MS;
    let caught_up: Vec<Time> = match standing.missed {
        Missed::Skip => Vec::new(),
        Missed::Last if fires => Vec::new(),
        Missed::Last => vec![last.at],
        Missed::All(all) => {
            let older = newest.iter().map(|slot| slot.at).filter(|at| !(fires && *at == last.at));
            let young: Vec<Time> = older.filter(|at| late(*at) <= all.age.ms()).collect();
            young[young.len().saturating_sub(all.max as usize)..].to_vec()
        }
    };
    let runs: Vec<(Time, SlotState)> =
        caught_up.into_iter().map(|at| (at, SlotState::CaughtUp)).chain(fires.then_some((last.at, SlotState::Fired))).collect();
    // What waits for its window has waited on purpose and is not late.
    if standing.on_block == OnBlock::Defer && !timetable.is_always_open() {
        return judge_deferred(timetable, standing, settled, until, last.at, now, verdicts);
    }
    let missed_until = runs.first().map_or(until, |(at, _)| at.plus_ms(-1));
    let missed = unmet(timetable, settled, missed_until, SlotState::Missed, missed_reason());
    verdicts.extend(missed.map(Verdict::Not));
    for (at, state) in runs {
        verdicts.push(match timetable.gate(at.plus_ms(standing.splay_ms as i64)) {
            Gate::Open => Verdict::Run { at, state, late_ms: late(at) },
            Gate::Blocked { by, .. } => Verdict::Not(Unmet { at, until: at, count: 1, state: SlotState::Skipped, reason: blocked(&by) }),
        });
    }
    (last.at, None)
}

/// Of the slots that are due only the newest is left; it runs once it may.
fn judge_deferred(
    timetable: &Timetable,
    standing: &Standing,
    settled: Time,
    until: Time,
    newest: Time,
    now: Time,
    verdicts: &mut Vec<Verdict>,
) -> (Time, Option<Time>) {
    let superseded = Reason::new("superseded", "It waited for its window, and a newer slot took its place.");
    verdicts.extend(unmet(timetable, settled, newest.plus_ms(-1), SlotState::Skipped, superseded).map(Verdict::Not));
    let due = newest.plus_ms(standing.splay_ms as i64);
    match timetable.gate(now) {
        Gate::Open => {
            let opened = match timetable.gate(due) {
                Gate::Open => due,
                Gate::Blocked { until, .. } => until.unwrap_or(due),
            };
            let late_ms = now.since_ms(opened).max(0) as u64;
            if late_ms as i64 <= GRACE_MS {
                verdicts.push(Verdict::Run { at: newest, state: SlotState::Fired, late_ms });
            } else if standing.missed == Missed::Skip {
                verdicts.extend(unmet(timetable, newest.plus_ms(-1), until, SlotState::Missed, missed_reason()).map(Verdict::Not));
            } else {
                verdicts.push(Verdict::Run { at: newest, state: SlotState::CaughtUp, late_ms });
            }
            (newest, None)
        }
        Gate::Blocked { until: Some(opens), .. } => (newest.plus_ms(-1), Some(opens)),
        Gate::Blocked { by, until: None } => {
            verdicts.push(Verdict::Not(Unmet { at: newest, until: newest, count: 1, state: SlotState::Skipped, reason: blocked(&by) }));
            (newest, None)
        }
    }
}

fn next_due(timetable: &Timetable, standing: &Standing, settled: Time) -> Option<Time> {
    timetable.next(settled).map(|next| next.at.plus_ms(standing.splay_ms as i64))
}

fn missed_reason() -> Reason {
    Reason::new("missed", "Nobody was there when it was due: the device was off, asleep or its clock not set, or the agent did not run.")
}

fn clock_jumped() -> Reason {
    Reason::new("clock_jumped", "The clock was set forward by more than an hour, over the time of these.")
}

fn blocked(by: &str) -> Reason {
    Reason::new("blocked", format!("It may not run at that time: {by}."))
}
