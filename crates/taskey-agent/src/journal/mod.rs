//! The journal: what this device has begun, how it ended, and what the server has acknowledged.
//!
//! Before a process starts there is a durable record of it, and one when it has ended. An end is forgotten only after the
//! server's acknowledgement, and even then its report, without the output, is kept until the order is no longer valid: an
//! order that comes a second time is answered with it and never run again. At most [`DONE_MAX`] such reports are kept.
//!
//! What schedules here have settled is in the same file; see [`slots`].
//!
//! A record that says "acknowledged" need not be durable: if it is lost, the report is sent once more.

mod log;
pub mod slots;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::id::{ExecutionId, RunId, ScheduleId};
use taskey_proto::line::{Chunk, Finished, FiredSlot, Unfired};
use taskey_proto::runs::{State, Stream};

use self::log::{Log, Place};
use self::slots::{Progress, Slots, WaitingSlot};
use crate::state_dir::sync_parent;

pub const JOURNAL_FILE: &str = "journal.log";
/// Acknowledged ends that are remembered; beyond it the oldest are forgotten.
pub const DONE_MAX: usize = 10_000;
/// What waits for the server's acknowledgement takes this much at most, in bytes; beyond it the oldest output is dropped.
pub const SPOOL_LEN_MAX: u64 = 64 * 1024 * 1024;
/// Stands where output was dropped.
pub const DROPPED: &str = "\n[output dropped on the device: too much was waiting for the server]\n";
/// Output of an execution that is not worth dropping, in bytes.
const SHORTENED_LEN_MIN: usize = 4 * 1024;
/// The file is not rewritten while it is smaller than this, in bytes.
const COMPACT_LEN_MIN: u64 = 1024 * 1024;

/// What is known before the first process of an execution starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    pub execution: ExecutionId,
    pub run: RunId,
    pub valid_until: Time,
    pub boot_id: String,
    pub started_at: Time,
    /// The `type` of each action.
    pub kinds: Vec<String>,
    /// Of an execution that a schedule began here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<FiredSlot>,
}

/// A process that was started: its id is also that of its session and group. `born` tells it from a later one of the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessMark {
    pub pid: i32,
    /// Clock ticks after the start of the machine.
    pub born: u64,
}

/// An execution that has begun and not ended.
#[derive(Debug, Clone)]
pub struct Unfinished {
    pub begun: Begun,
    pub processes: Vec<ProcessMark>,
}

/// What the journal knows of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Begun,
    /// Ended, and not yet acknowledged.
    Finished,
    /// Ended and acknowledged.
    Done,
}

#[derive(Debug)]
pub struct Journal {
    /// `None` of one in memory.
    path: Option<PathBuf>,
    log: Log,
    index: Index,
    compact_at: u64,
}

#[derive(Debug, Default)]
struct Index {
    unfinished: BTreeMap<ExecutionId, Unfinished>,
    finished: BTreeMap<ExecutionId, End>,
    done: BTreeMap<ExecutionId, End>,
    /// Acknowledged, though their end could not be written; remembered so that they are not run again.
    unwritten: BTreeSet<ExecutionId>,
    slots: Slots,
}

#[derive(Debug, Clone, Copy)]
struct End {
    place: Place,
    valid_until: Time,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Record<'a> {
    Begun(&'a Begun),
    Process {
        execution: ExecutionId,
        process: ProcessMark,
    },
    Finished {
        valid_until: Time,
        report: &'a Finished,
    },
    Acknowledged {
        execution: ExecutionId,
    },
    /// Finished and acknowledged; written when the file is rewritten.
    Done {
        valid_until: Time,
        report: &'a Finished,
    },
    /// How far a schedule is; `None`: it is not kept any more.
    Progress {
        schedule: ScheduleId,
        progress: Option<&'a Progress>,
    },
    Waits(&'a WaitingSlot),
    /// The same number again replaces what it said.
    Unfired {
        number: u64,
        slots: &'a Unfired,
    },
    UnfiredAcknowledged {
        number: u64,
    },
    /// Written when the file is rewritten, so that no number is used twice.
    UnfiredNumber {
        number: u64,
    },
}

/// A record as far as the index needs it: output is skipped, not copied.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Begun(Begun),
    Process { execution: ExecutionId, process: ProcessMark },
    Finished { valid_until: Time, report: ReportId },
    Acknowledged { execution: ExecutionId },
    Done { valid_until: Time, report: ReportId },
    Progress { schedule: ScheduleId, progress: Option<Progress> },
    Waits(WaitingSlot),
    Unfired { number: u64, slots: Unfired },
    UnfiredAcknowledged { number: u64 },
    UnfiredNumber { number: u64 },
}

#[derive(Deserialize)]
struct ReportId {
    execution: ExecutionId,
    state: State,
    #[serde(default)]
    slot: Option<FiredSlot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndRecord {
    Finished { report: Finished },
    Done { report: Finished },
}

impl Journal {
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut index = Index::default();
        let log = Log::open(path, |place, payload| index.read(place, payload))?;
        sync_parent(path)?;
        let compact_at = COMPACT_LEN_MIN.max(log.len() * 2);
        Ok(Self { path: Some(path.to_owned()), log, index, compact_at })
    }

    /// The journal of a simulated device: it does what another does, and nothing of it is on a disk.
    pub fn in_memory() -> Self {
        Self { path: None, log: Log::in_memory(), index: Index::default(), compact_at: COMPACT_LEN_MIN }
    }

    /// The executions that are held in a journal which another process may be writing.
    pub fn peek_held(path: &Path) -> io::Result<Vec<ExecutionId>> {
        let mut index = Index::default();
        match Log::peek(path, |place, payload| index.read(place, payload)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            result => result.map(|()| index.held()),
        }
    }

    /// Writes that an execution begins. Durable when this returns; after an error the execution must not start.
    pub fn begin(&mut self, begun: Begun) -> io::Result<()> {
        let place = self.append(&Record::Begun(&begun))?;
        if let Err(error) = self.log.sync() {
            self.log.retract(place);
            return Err(error);
        }
        if let Some(slot) = begun.slot {
            self.index.slots.settle(slot.schedule, slot.revision, slot.at);
            self.index.slots.waits_no_more(slot.schedule, slot.at);
        }
        self.index.unfinished.insert(begun.execution, Unfinished { begun, processes: Vec::new() });
        Ok(())
    }

    /// Writes which process was started. It helps to clean up after an end of the agent alone, so it need not be durable.
    pub fn note_process(&mut self, execution: ExecutionId, process: ProcessMark) -> io::Result<()> {
        self.append(&Record::Process { execution, process })?;
        if let Some(unfinished) = self.index.unfinished.get_mut(&execution) {
            unfinished.processes.push(process);
        }
        Ok(())
    }

    /// Writes the end of an execution, with all output that is not yet acknowledged. Durable after [`Journal::sync`].
    pub fn finish(&mut self, report: &Finished, valid_until: Time) -> io::Result<()> {
        let place = self.append(&Record::Finished { valid_until, report })?;
        self.index.unfinished.remove(&report.execution);
        self.index.finished.insert(report.execution, End { place, valid_until });
        self.index.ended(report.slot, report.state);
        Ok(())
    }

    /// How far a schedule is here, if it is kept here.
    pub fn progress(&self, schedule: ScheduleId) -> Option<&Progress> {
        self.index.slots.progress(schedule)
    }

    /// Every schedule that is kept, with how far it is.
    pub fn all_progress(&self) -> impl Iterator<Item = (&ScheduleId, &Progress)> {
        self.index.slots.all_progress()
    }

    /// Durable after [`Journal::sync`], or with the next begin.
    pub fn set_progress(&mut self, schedule: ScheduleId, progress: Option<Progress>) -> io::Result<()> {
        self.append(&Record::Progress { schedule, progress: progress.as_ref() })?;
        self.index.slots.set_progress(schedule, progress);
        Ok(())
    }

    /// Writes that slots began nothing; they are settled with that. Records up to `sent` may have reached the server and stay as they are. It
    /// need not be durable: forgotten, it would be found out again.
    pub fn unfired(&mut self, slots: &Unfired, sent: u64) -> io::Result<()> {
        let (number, slots) = self.index.slots.place(slots, sent);
        self.append(&Record::Unfired { number, slots: &slots })?;
        self.index.slots.insert_unfired(number, slots);
        if self.log.len() > self.compact_at {
            self.compact()?;
        }
        Ok(())
    }

    /// Writes that a slot is due and waits. It need not be durable: forgotten, it would be found due again.
    pub fn waits(&mut self, waiting: WaitingSlot) -> io::Result<()> {
        self.append(&Record::Waits(&waiting))?;
        self.index.slots.waits(waiting);
        Ok(())
    }

    /// Slots that wait, those of one schedule in their order.
    pub fn waiting_slots(&self) -> Vec<WaitingSlot> {
        self.index.slots.waiting().copied().collect()
    }

    /// Slots that began nothing and are not acknowledged, oldest first.
    pub fn unfired_waiting(&self) -> impl Iterator<Item = (u64, &Unfired)> {
        self.index.slots.unfired()
    }

    /// The number of the newest record of slots that began nothing.
    pub fn unfired_number(&self) -> u64 {
        self.index.slots.number()
    }

    pub fn acknowledge_unfired(&mut self, number: u64) -> io::Result<()> {
        self.append(&Record::UnfiredAcknowledged { number })?;
        self.index.slots.acknowledge(number);
        Ok(())
    }

    pub fn sync(&self) -> io::Result<()> {
        self.log.sync()
    }

    /// The server has the end: from here on only a duplicate of the order can ask for it.
    pub fn acknowledge(&mut self, execution: ExecutionId, now: Time) -> io::Result<()> {
        if !self.index.finished.contains_key(&execution) && !self.index.done.contains_key(&execution) {
            self.index.unwritten.insert(execution);
        }
        let appended = self.append(&Record::Acknowledged { execution }).map(|_| ());
        self.index.acknowledge(execution);
        self.index.forget_old(now);
        if self.log.len() > self.compact_at {
            self.compact()?;
        }
        appended
    }

    /// Drops the output of the oldest ends that wait for their acknowledgement, until all of them take no more than `limit` bytes.
    /// The ends themselves stay; each says what it lacks. Returns how many were shortened.
    pub fn shorten(&mut self, limit: u64) -> io::Result<usize> {
        let mut len: u64 = self.index.finished.values().map(|end| u64::from(end.place.len())).sum();
        let mut shortened = 0;
        for execution in self.unacknowledged() {
            if len <= limit {
                break;
            }
            let Some(end) = self.index.finished.get(&execution).copied() else { continue };
            let Some(mut report) = self.report(execution)?.filter(|report| output_len(report) > SHORTENED_LEN_MIN) else { continue };
            drop_output(&mut report);
            self.finish(&report, end.valid_until)?;
            len -= u64::from(end.place.len());
            len += self.index.finished.get(&execution).map_or(0, |end| u64::from(end.place.len()));
            shortened += 1;
        }
        if shortened > 0 && self.log.len() > self.compact_at {
            self.compact()?;
        }
        Ok(shortened)
    }

    pub fn knows(&self, execution: ExecutionId) -> Option<Known> {
        if self.index.unfinished.contains_key(&execution) || self.index.unwritten.contains(&execution) {
            return Some(Known::Begun);
        }
        if self.index.finished.contains_key(&execution) {
            return Some(Known::Finished);
        }
        self.index.done.contains_key(&execution).then_some(Known::Done)
    }

    /// The report of an execution that has ended: with the output that was not acknowledged, or without any once it is done.
    pub fn report(&self, execution: ExecutionId) -> io::Result<Option<Finished>> {
        let (end, done) = match (self.index.finished.get(&execution), self.index.done.get(&execution)) {
            (Some(end), _) => (end, false),
            (None, Some(end)) => (end, true),
            (None, None) => return Ok(None),
        };
        let record = serde_json::from_slice(&self.log.read(end.place)?)?;
        let (EndRecord::Finished { mut report } | EndRecord::Done { mut report }) = record;
        if done {
            report.chunks.clear();
        }
        Ok(Some(report))
    }

    pub fn unfinished(&self) -> Vec<Unfinished> {
        self.index.unfinished.values().cloned().collect()
    }

    /// Ended, and not yet acknowledged, oldest first.
    pub fn unacknowledged(&self) -> Vec<ExecutionId> {
        self.index.finished.keys().copied().collect()
    }

    fn append(&mut self, record: &Record<'_>) -> io::Result<Place> {
        self.log.append(&serde_json::to_vec(record)?)
    }

    /// Writes what is still of use into a new file, and puts that in the place of the old one.
    fn compact(&mut self) -> io::Result<()> {
        let beside = self.path.as_ref().map(|path| path.with_extension("new"));
        let mut index = Index::default();
        let mut log = match &beside {
            Some(beside) => open_empty(beside)?,
            None => Log::in_memory(),
        };
        let mut keep = |payload: &[u8]| log.append(payload).map(|place| index.read(place, payload));
        for unfinished in self.index.unfinished.values() {
            keep(&serde_json::to_vec(&Record::Begun(&unfinished.begun))?)?;
            for process in &unfinished.processes {
                keep(&serde_json::to_vec(&Record::Process { execution: unfinished.begun.execution, process: *process })?)?;
            }
        }
        for end in self.index.finished.values() {
            keep(&self.log.read(end.place)?)?;
        }
        for (execution, end) in &self.index.done {
            if let Some(report) = self.report(*execution)? {
                keep(&serde_json::to_vec(&Record::Done { valid_until: end.valid_until, report: &report })?)?;
            }
        }
        for (schedule, progress) in self.index.slots.all_progress() {
            keep(&serde_json::to_vec(&Record::Progress { schedule: *schedule, progress: Some(progress) })?)?;
        }
        for waiting in self.index.slots.waiting() {
            keep(&serde_json::to_vec(&Record::Waits(waiting))?)?;
        }
        for (number, slots) in self.index.slots.unfired() {
            keep(&serde_json::to_vec(&Record::Unfired { number, slots })?)?;
        }
        keep(&serde_json::to_vec(&Record::UnfiredNumber { number: self.index.slots.number() })?)?;
        log.sync()?;
        if let (Some(beside), Some(path)) = (&beside, &self.path) {
            std::fs::rename(beside, path)?;
            sync_parent(path)?;
        }
        self.compact_at = COMPACT_LEN_MIN.max(log.len() * 2);
        index.unwritten = std::mem::take(&mut self.index.unwritten);
        self.log = log;
        self.index = index;
        Ok(())
    }
}

fn output_len(report: &Finished) -> usize {
    report.chunks.iter().map(|chunk| chunk.data.len()).sum()
}

/// Leaves one piece of each stream: a line that says what happened to it.
fn drop_output(report: &mut Finished) {
    let mut seq = report.chunks.first().map_or(1, |chunk| chunk.seq);
    let mut said = BTreeSet::new();
    let mut chunks = Vec::new();
    for chunk in std::mem::take(&mut report.chunks) {
        if !said.insert((chunk.action, chunk.stream == Stream::Error)) {
            continue;
        }
        if let Some(action) = report.actions.get_mut(chunk.action as usize) {
            match chunk.stream {
                Stream::Output => action.truncated.output = true,
                Stream::Error => action.truncated.error = true,
            }
        }
        chunks.push(Chunk { seq, action: chunk.action, stream: chunk.stream, data: DROPPED.as_bytes().to_vec() });
        seq += 1;
    }
    report.chunks = chunks;
}

fn open_empty(path: &Path) -> io::Result<Log> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Log::open(path, |_, _| ())
}

impl Index {
    fn read(&mut self, place: Place, payload: &[u8]) {
        // A record of a later version is not understood and not in the way.
        let Ok(entry) = serde_json::from_slice::<Entry>(payload) else { return };
        match entry {
            Entry::Begun(begun) => {
                if let Some(slot) = begun.slot {
                    self.slots.settle(slot.schedule, slot.revision, slot.at);
                    self.slots.waits_no_more(slot.schedule, slot.at);
                }
                self.unfinished.insert(begun.execution, Unfinished { begun, processes: Vec::new() });
            }
            Entry::Process { execution, process } => {
                if let Some(unfinished) = self.unfinished.get_mut(&execution) {
                    unfinished.processes.push(process);
                }
            }
            Entry::Finished { valid_until, report } => {
                self.unfinished.remove(&report.execution);
                self.finished.insert(report.execution, End { place, valid_until });
                self.ended(report.slot, report.state);
            }
            Entry::Acknowledged { execution } => self.acknowledge(execution),
            Entry::Done { valid_until, report } => {
                self.done.insert(report.execution, End { place, valid_until });
            }
            Entry::Progress { schedule, progress } => self.slots.set_progress(schedule, progress),
            Entry::Waits(waiting) => self.slots.waits(waiting),
            Entry::Unfired { number, slots } => self.slots.insert_unfired(number, slots),
            Entry::UnfiredAcknowledged { number } => self.slots.acknowledge(number),
            Entry::UnfiredNumber { number } => self.slots.go_on_from(number),
        }
    }

    fn ended(&mut self, slot: Option<FiredSlot>, state: State) {
        if let Some(slot) = slot {
            // A slot that never began anything, for a policy refused it, is settled by its end alone.
            self.slots.settle(slot.schedule, slot.revision, slot.at);
            self.slots.waits_no_more(slot.schedule, slot.at);
            self.slots.ended(slot, state);
        }
    }

    fn acknowledge(&mut self, execution: ExecutionId) {
        // An end that could not be written, on a full disk, is acknowledged as well.
        self.unfinished.remove(&execution);
        if let Some(end) = self.finished.remove(&execution) {
            self.done.insert(execution, end);
        }
    }

    fn forget_old(&mut self, now: Time) {
        self.done.retain(|_, end| end.valid_until > now);
        while self.done.len() > DONE_MAX {
            self.done.pop_first();
        }
        while self.unwritten.len() > DONE_MAX {
            self.unwritten.pop_first();
        }
    }

    fn held(&self) -> Vec<ExecutionId> {
        self.unfinished.keys().chain(self.finished.keys()).copied().collect()
    }
}

#[cfg(test)]
mod tests;
