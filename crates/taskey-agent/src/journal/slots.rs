//! What the journal knows of schedules: how far each is settled, and which slots began nothing.
//!
//! A slot that is settled never fires again. Slots that began something stand in the record of their execution; those that did not stand
//! here, several in a row for the same reason as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::id::ScheduleId;
use taskey_proto::line::{FiredSlot, Unfired};
use taskey_proto::runs::State;

/// How far one schedule is on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub revision: u32,
    /// This revision is there for slots later than this.
    pub since: Time,
    /// Slots up to here are settled.
    pub settled: Time,
    /// In which run of the machine a `boot` rule has fired last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Whether an `enroll` rule has fired, under any revision.
    #[serde(default)]
    pub enrolled: bool,
    /// Whether an execution of this revision ran to its end.
    #[serde(default)]
    pub completed: bool,
}

/// A slot that is due and waits to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSlot {
    pub slot: FiredSlot,
    /// By the server's time.
    pub valid_until: Time,
}

#[derive(Debug, Default)]
pub(super) struct Slots {
    progress: BTreeMap<ScheduleId, Progress>,
    /// Due, and waiting for a place or their turn.
    waiting: BTreeMap<(ScheduleId, Time), WaitingSlot>,
    /// Not yet acknowledged, by number.
    unfired: BTreeMap<u64, Unfired>,
    number: u64,
}

impl Slots {
    pub fn progress(&self, schedule: ScheduleId) -> Option<&Progress> {
        self.progress.get(&schedule)
    }

    pub fn all_progress(&self) -> impl Iterator<Item = (&ScheduleId, &Progress)> {
        self.progress.iter()
    }

    pub fn unfired(&self) -> impl Iterator<Item = (u64, &Unfired)> {
        self.unfired.iter().map(|(number, unfired)| (*number, unfired))
    }

    pub fn set_progress(&mut self, schedule: ScheduleId, progress: Option<Progress>) {
        match progress {
            Some(progress) => self.progress.insert(schedule, progress),
            None => self.progress.remove(&schedule),
        };
    }

    pub fn settle(&mut self, schedule: ScheduleId, revision: u32, until: Time) {
        if let Some(progress) = self.progress.get_mut(&schedule).filter(|progress| progress.revision == revision) {
            progress.settled = progress.settled.max(until);
        }
    }

    pub fn ended(&mut self, slot: FiredSlot, state: State) {
        if let Some(progress) = self.progress.get_mut(&slot.schedule).filter(|progress| progress.revision == slot.revision) {
            progress.completed |= is_complete(state);
        }
    }

    /// The record that these slots belong to: the newest one, where they go on from it and the server cannot know it yet (records up to
    /// `sent` may have reached it), else a new one.
    pub fn place(&self, slots: &Unfired, sent: u64) -> (u64, Unfired) {
        // Nothing else was settled since: a range holds no slot that fired.
        let settled = self.progress.get(&slots.schedule).map(|progress| progress.settled);
        let goes_on = |last: &Unfired| {
            settled == Some(last.until)
                && (last.schedule, last.revision, last.state, &last.reason) == (slots.schedule, slots.revision, slots.state, &slots.reason)
        };
        // Several schedules take turns, so the newest of this one is looked for among the last few.
        let newest = self.unfired.iter().rev().take(16).find(|(_, last)| last.schedule == slots.schedule);
        match newest {
            Some((number, last)) if goes_on(last) && *number > sent => {
                (*number, Unfired { until: slots.until, count: last.count + slots.count, ..last.clone() })
            }
            _ => (self.number + 1, slots.clone()),
        }
    }

    pub fn waits(&mut self, waiting: WaitingSlot) {
        self.settle(waiting.slot.schedule, waiting.slot.revision, waiting.slot.at);
        self.waiting.insert((waiting.slot.schedule, waiting.slot.at), waiting);
    }

    pub fn waiting(&self) -> impl Iterator<Item = &WaitingSlot> {
        self.waiting.values()
    }

    /// It has begun, or will not.
    pub fn waits_no_more(&mut self, schedule: ScheduleId, at: Time) {
        self.waiting.remove(&(schedule, at));
    }

    pub fn insert_unfired(&mut self, number: u64, slots: Unfired) {
        self.settle(slots.schedule, slots.revision, slots.until);
        self.waits_no_more(slots.schedule, slots.until);
        self.number = self.number.max(number);
        self.unfired.insert(number, slots);
    }

    pub fn acknowledge(&mut self, number: u64) {
        self.unfired.remove(&number);
    }

    /// Numbers are never used again, also after the file was rewritten.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn go_on_from(&mut self, number: u64) {
        self.number = self.number.max(number);
    }
}

/// Whether an execution ran to its end, however that was: then one that is to run once has run.
pub fn is_complete(state: State) -> bool {
    matches!(state, State::Succeeded | State::Failed | State::TimedOut | State::Cancelled)
}
