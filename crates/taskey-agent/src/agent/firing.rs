//! Fires the schedules that this device keeps, with or without a server.
//!
//! A slot is settled once: by the record of the execution that it begins, by a record that it waits, or by one that says why it begins
//! nothing. What is settled never fires again, whatever the clock does. All decisions about time are [`taskey_schedule::due`]'s.

use taskey_proto::Time;
use taskey_proto::id::ScheduleId;
use taskey_proto::line::{Assigned, FiredSlot, Held, Unfired};
use taskey_proto::problem::Reason;
use taskey_proto::schedules::document::{Assignment, FetchedAssignment};
use taskey_proto::schedules::{Overlap, SlotState, execution_of_slot};
use taskey_schedule::due::{Standing, Unmet, Verdict, judge, unmet};
use taskey_schedule::splay;

use super::{Agent, Waiting, What};
use crate::alarm::Ring;
use crate::clock::{DATE_OFF_MAX_MS, firing_time};
use crate::executor::Stop;
use crate::journal::slots::{Progress, WaitingSlot};
use crate::schedules::{Scheduled, Taken};
use crate::{info, warning};

/// Slots that wait at a time; a device that is slower than its schedules does not collect them for ever.
const WAITING_SLOTS_MAX: usize = 2_000;

/// What the clock showed when it was read last, to notice when somebody sets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastReading {
    time: Time,
    /// Milliseconds of the clock that only counts.
    at_ms: i64,
}

impl Agent {
    /// At the start: what waited in an earlier life waits again.
    pub(super) fn restore_waiting_slots(&mut self) {
        for WaitingSlot { slot, valid_until } in self.journal.waiting_slots() {
            let is_kept = self.schedules.kept.get(&slot.schedule).is_some_and(|kept| kept.document.revision == slot.revision);
            if is_kept {
                self.waiting.push_back(Waiting { what: What::Slot(slot), valid_until });
            } else {
                self.unfired(&slot, one(&slot, SlotState::Skipped, changed()));
            }
        }
    }

    /// Fires what is due and sets the alarm for what is next.
    pub(super) fn fire_due(&mut self) {
        if self.schedules.kept.is_empty() {
            return self.set_alarm(None);
        }
        let Some(now) = firing_time(&self.time, self.config.clock.wall()) else {
            // Somebody sets the date, or the server is heard: both wake us.
            return self.set_alarm(None);
        };
        let jump = self.read_jump(now);
        if self.has_lapsed() {
            return self.set_alarm(None);
        }
        let due: Vec<ScheduleId> = match jump {
            Some(_) => self.schedules.kept.keys().copied().collect(),
            None => self.due_by(now),
        };
        for schedule in due {
            self.fire_schedule(schedule, now, jump);
        }
        let next = self.schedules.kept.values().filter_map(|kept| kept.due).min();
        self.set_alarm(next.map(|next| self.ring_at(next, now)));
    }

    fn due_by(&self, now: Time) -> Vec<ScheduleId> {
        let due = |kept: &Scheduled| kept.due.is_some_and(|due| due <= now);
        self.schedules.kept.iter().filter(|(_, kept)| due(kept)).map(|(schedule, _)| *schedule).collect()
    }

    fn ring_at(&self, next: Time, now: Time) -> Ring {
        // Where the date is wrong, only the other clock can tell when that is.
        if now == self.config.clock.wall() { Ring::At(next) } else { Ring::After(next.since_ms(now)) }
    }

    fn set_alarm(&mut self, ring: Option<Ring>) {
        if let Err(error) = self.alarm.set(ring) {
            warning!("the alarm for schedules cannot be set: {error}");
        }
    }

    /// What the clock would show if nobody had set it forward by more than an hour since it was read last.
    fn read_jump(&mut self, now: Time) -> Option<Time> {
        let at_ms = self.config.clock.ms();
        let last = self.last_reading.replace(LastReading { time: now, at_ms })?;
        let expected = last.time.plus_ms(at_ms - last.at_ms);
        let jumped_ms = now.since_ms(expected);
        if jumped_ms.abs() > DATE_OFF_MAX_MS {
            info!("the clock was set by {} s", jumped_ms / 1_000);
        }
        (jumped_ms > DATE_OFF_MAX_MS).then_some(expected)
    }

    /// Whether too long has passed without a word from the server.
    pub(super) fn has_lapsed(&self) -> bool {
        self.schedules.assignment.as_ref().is_some_and(|assignment| assignment.valid_until <= self.time.now())
    }

    fn fire_schedule(&mut self, schedule: ScheduleId, now: Time, before_jump: Option<Time>) {
        let Some(kept) = self.schedules.kept.get(&schedule) else { return };
        let Some(progress) = self.journal.progress(schedule) else { return };
        if kept.document.run_once && progress.completed {
            return self.set_due(schedule, None);
        }
        let standing = Standing {
            settled: progress.settled,
            splay_ms: splay(schedule, self.identity.device, kept.document.timing.splay_ms),
            missed: kept.document.missed,
            on_block: kept.document.timing.on_block,
            now,
            before_jump,
        };
        let revision = kept.document.revision;
        let (verdicts, next) = judge(&kept.timetable, &standing);
        for verdict in verdicts {
            match verdict {
                Verdict::Run { at, state, late_ms } => self.fire(FiredSlot { schedule, revision, at, state, late_ms }),
                Verdict::Not(unmet) => self.note_unmet(schedule, revision, unmet),
            }
        }
        self.set_due(schedule, next);
    }

    fn set_due(&mut self, schedule: ScheduleId, due: Option<Time>) {
        if let Some(kept) = self.schedules.kept.get_mut(&schedule) {
            kept.due = due;
        }
    }

    /// A slot's time has come: it begins, waits, or gives way to one that still runs.
    fn fire(&mut self, slot: FiredSlot) {
        let execution = execution_of_slot(slot.schedule, slot.revision, slot.at, self.identity.device);
        if self.is_known(execution) {
            let reason = Reason::new("cancelled", "It was cancelled before it was due.");
            return self.unfired(&slot, one(&slot, SlotState::Skipped, reason));
        }
        let Some(kept) = self.schedules.kept.get(&slot.schedule) else { return };
        let overlap = if kept.document.run_once { Overlap::Forbid } else { kept.document.overlap };
        let expires_in_ms = kept.document.expires_in_ms;
        let name = kept.document.name.clone();
        let running = self.running.values().filter(|running| running.schedule == Some(slot.schedule)).count();
        let waiting = self.waiting.iter().filter(|waiting| waiting.schedule() == Some(slot.schedule)).count();
        let skip = |code: &str, detail: String| one(&slot, SlotState::Skipped, Reason::new(code, detail));
        match overlap {
            Overlap::Forbid if running + waiting > 0 => {
                return self.unfired(&slot, skip("overlap", "An earlier one of this schedule was still running.".to_owned()));
            }
            Overlap::Queue(max) if waiting >= max as usize => {
                return self.unfired(&slot, skip("queue_full", format!("{waiting} of this schedule waited already.")));
            }
            Overlap::Replace => self.give_way(slot.schedule, &name),
            Overlap::Allow | Overlap::Forbid | Overlap::Queue(_) => {}
        }
        if self.waiting.len() >= WAITING_SLOTS_MAX {
            return self.unfired(&slot, skip("queue_full", format!("{WAITING_SLOTS_MAX} executions waited on this device already.")));
        }
        let valid_until = self.time.now().plus_ms(expires_in_ms as i64);
        if let Err(error) = self.journal.waits(WaitingSlot { slot, valid_until }) {
            // Without a journal nothing runs; it says so itself when it is begun.
            warning!("a slot cannot be noted, the journal cannot be written: {error}");
        }
        self.waiting.push_back(Waiting { what: What::Slot(slot), valid_until });
    }

    /// Asks what runs of a schedule to end; what waits of it will not run.
    fn give_way(&mut self, schedule: ScheduleId, name: &str) {
        for running in self.running.values().filter(|running| running.schedule == Some(schedule)) {
            let stop = Stop::Cancelled { by: format!("the next slot of the schedule {name}") };
            running.stop.send_if_modified(|asked| asked.is_none() && asked.replace(stop).is_none());
        }
        self.drop_waiting(schedule, &Reason::new("replaced", "The next slot of the schedule took its place before it began."));
    }

    fn drop_waiting(&mut self, schedule: ScheduleId, reason: &Reason) {
        let is_dropped = |waiting: &Waiting| waiting.schedule() == Some(schedule);
        let (dropped, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().partition(is_dropped);
        self.waiting = kept.into();
        for waiting in dropped {
            if let What::Slot(slot) = waiting.what {
                self.unfired(&slot, one(&slot, SlotState::Skipped, reason.clone()));
            }
        }
    }

    fn unfired(&mut self, slot: &FiredSlot, unmet: Unmet) {
        self.note_unmet(slot.schedule, slot.revision, unmet);
    }

    pub(super) fn note_unmet(&mut self, schedule: ScheduleId, revision: u32, unmet: Unmet) {
        let Unmet { at, until, count, state, reason } = unmet;
        let slots = Unfired { schedule, revision, at, until, count, state, reason };
        if let Err(error) = self.journal.unfired(&slots, self.outbox.unfired_sent()) {
            warning!("a slot that did not fire cannot be noted, the journal cannot be written: {error}");
        }
        self.journal_is_ahead = true;
    }

    /// Takes what the server says is to be kept from now on. Slots up to now belong to what was kept before.
    pub(super) fn take_assignment(&mut self, fetched: FetchedAssignment) {
        let assignment = match self.schedules.judge(&self.identity, &fetched) {
            Ok(assignment) => assignment,
            Err(error) => return warning!("the schedules that the server sent are not taken: {error}"),
        };
        let had_lapsed = self.has_lapsed();
        if !had_lapsed {
            self.fire_due();
        }
        let given_up = self.given_up_by(&assignment);
        match self.schedules.take(&self.identity, fetched) {
            Ok(Taken::Whole) => {}
            Ok(Taken::Partly) => return self.ask_for_assignment(),
            Err(error) => return warning!("the schedules that the server sent are not taken: {error}"),
        }
        self.time.saw(assignment.issued_at);
        let now = firing_time(&self.time, self.config.clock.wall()).unwrap_or_else(|| self.time.now());
        for (schedule, revision, unmet) in given_up {
            self.note_unmet(schedule, revision, unmet);
        }
        if let Err(error) = self.settle_into(now, had_lapsed) {
            warning!("the journal cannot be written, schedules may miss slots: {error}");
        }
        self.journal_is_ahead = true;
        info!("{} schedules are kept (assignment {})", self.schedules.kept.len(), assignment.number);
        self.tell_assigned(now);
        self.fire_all(now);
    }

    /// Slots whose nominal time has come and that wait for their splay or their window, of revisions that an assignment ends.
    fn given_up_by(&self, assignment: &Assignment) -> Vec<(ScheduleId, u32, Unmet)> {
        let Some(now) = firing_time(&self.time, self.config.clock.wall()).filter(|_| !self.has_lapsed()) else { return Vec::new() };
        let stays = |kept: &Scheduled| assignment.schedules.iter().any(|assigned| assigned.digest == kept.digest);
        let ended = self.schedules.kept.iter().filter(|(_, kept)| !stays(kept));
        let given_up = ended.filter_map(|(schedule, kept)| {
            let settled = self.journal.progress(*schedule)?.settled;
            let unmet = unmet(&kept.timetable, settled, now, SlotState::Skipped, changed())?;
            Some((*schedule, kept.document.revision, unmet))
        });
        given_up.collect()
    }

    /// Closes what is not kept any more, and begins what is new.
    fn settle_into(&mut self, now: Time, had_lapsed: bool) -> std::io::Result<()> {
        let before: Vec<(ScheduleId, Progress)> =
            self.journal.all_progress().map(|(schedule, progress)| (*schedule, progress.clone())).collect();
        for (schedule, progress) in &before {
            let same = self.schedules.kept.get(schedule).is_some_and(|kept| kept.document.revision == progress.revision);
            if !same {
                self.drop_waiting(*schedule, &changed());
            }
            if same && had_lapsed {
                let lapsed = Reason::new("lease_lapsed", "The device had not heard of the server for so long that it stopped.");
                let kept = &self.schedules.kept[schedule];
                let slots = unmet(&kept.timetable, progress.settled, now, SlotState::Missed, lapsed);
                if let Some(slots) = slots {
                    self.note_unmet(*schedule, progress.revision, slots);
                }
            }
            if !self.schedules.kept.contains_key(schedule) {
                self.journal.set_progress(*schedule, None)?;
            }
        }
        let kept: Vec<(ScheduleId, u32)> = self.schedules.kept.iter().map(|(schedule, kept)| (*schedule, kept.document.revision)).collect();
        for (schedule, revision) in kept {
            let earlier = before.iter().find(|(known, _)| *known == schedule).map(|(_, progress)| progress);
            if earlier.is_some_and(|earlier| earlier.revision == revision) {
                continue;
            }
            let progress = Progress {
                revision,
                since: now,
                settled: now,
                // A `boot` rule waits for the next start of the machine, unless it was kept before this one.
                boot_id: earlier.map_or_else(|| Some(self.boot_id.clone()), |earlier| earlier.boot_id.clone()),
                enrolled: earlier.is_some_and(|earlier| earlier.enrolled),
                completed: false,
            };
            self.journal.set_progress(schedule, Some(progress))?;
        }
        Ok(())
    }

    /// Tells the server which revisions are kept, and since when.
    pub(super) fn tell_assigned(&mut self, at: Time) {
        let Some(assignment) = &self.schedules.assignment else { return };
        let holdings = assignment.schedules.iter().filter_map(|assigned| {
            let progress = self.journal.progress(assigned.schedule)?;
            Some(Held { schedule: assigned.schedule, revision: progress.revision, since: progress.since })
        });
        self.outbox.assigned(Assigned {
            number: assignment.number,
            at,
            lease_until: assignment.valid_until,
            timezone: self.schedules.timezone().to_owned(),
            holdings: holdings.collect(),
        });
    }

    /// Looks at every schedule anew: at the start, and after a change.
    pub(super) fn fire_all(&mut self, now: Time) {
        for schedule in self.schedules.kept.keys().copied().collect::<Vec<_>>() {
            self.fire_events(schedule, now);
            self.set_due(schedule, Some(now));
        }
        self.fire_due();
    }

    /// Rules that no clock can tell: the machine was started, the schedule is new here.
    fn fire_events(&mut self, schedule: ScheduleId, now: Time) {
        let Some(kept) = self.schedules.kept.get(&schedule) else { return };
        let Some(progress) = self.journal.progress(schedule).cloned() else { return };
        let has_booted = kept.timetable.has_boot() && progress.boot_id.as_deref() != Some(&self.boot_id);
        let has_enrolled = kept.timetable.has_enroll() && !progress.enrolled;
        let is_spent = kept.document.run_once && progress.completed;
        if !(has_booted || has_enrolled) || is_spent || self.has_lapsed() {
            return;
        }
        let revision = kept.document.revision;
        // What was missed until now comes first: slots are settled in their order.
        self.fire_schedule(schedule, now, None);
        let settled = self.journal.progress(schedule).map_or(now, |progress| progress.settled);
        let at = now.max(settled.plus_ms(1));
        let progress = Progress { boot_id: Some(self.boot_id.clone()), enrolled: progress.enrolled || has_enrolled, settled, ..progress };
        if let Err(error) = self.journal.set_progress(schedule, Some(progress)) {
            return warning!("a schedule cannot fire, the journal cannot be written: {error}");
        }
        self.fire(FiredSlot { schedule, revision, at, state: SlotState::Fired, late_ms: 0 });
    }
}

fn one(slot: &FiredSlot, state: SlotState, reason: Reason) -> Unmet {
    Unmet { at: slot.at, until: slot.at, count: 1, state, reason }
}

fn changed() -> Reason {
    Reason::new("schedule_changed", "The schedule was changed, paused or taken away before it began.")
}
