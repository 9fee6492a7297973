//! What the server has yet to be told, in the order and at the time it may be told.
//!
//! Pure bookkeeping: the agent asks for the [`Outbox::next`] message, hands it to the line, and reports acknowledgements and
//! broken lines back. Nothing leaves while the line is down, at most a window of messages is open, and what was open when a
//! line broke is told again, chunks under their old numbers, so that the server can tell what it has.
//!
//! What is left of an execution's output at its end, and does not fit into one message, goes by HTTP, so that it holds up
//! nothing else on the line: [`Outbox::next_upload`], one at a time. Where that fails it goes by the line after all.
//!
//! A start is held back for [`START_HELD`]: an execution that ends within it is told by its end alone. Output goes at most
//! every [`OUTPUT_EVERY`]. An end that the journal holds is not kept in memory while the line is down.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{Assigned, Chunk, Finished, FiredSlot, MESSAGE_LEN_MAX, Sync, UNFIRED_MAX, Unfired, Up};
use taskey_proto::runs::Stream;
use tokio::time::Instant;

use crate::output::Unacknowledged;

pub const START_HELD: Duration = Duration::from_millis(20);
pub const OUTPUT_EVERY: Duration = Duration::from_millis(100);
/// Bytes of chunks in one message, as JSON; the rest of a message is small.
const CHUNKS_LEN_MAX: usize = MESSAGE_LEN_MAX - 16 * 1024;

/// A message for the line. Its number names it in the acknowledgement.
#[derive(Debug)]
pub struct Message {
    pub number: u64,
    pub payload: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Outbox {
    /// How many messages may be open; zero while the line is down.
    window: usize,
    open: HashMap<u64, Open>,
    number: u64,
    sync: Option<Sync>,
    /// What is kept of schedules, until the server has acknowledged it.
    assigned: Option<Pending<Assigned>>,
    /// Slots that began nothing, by their number in the journal: those that are on their way.
    unfired_open: BTreeSet<u64>,
    /// Those up to here were sent at some time, and the server may know them.
    unfired_sent: u64,
    stories: BTreeMap<ExecutionId, Story>,
    uploads: Uploads,
}

#[derive(Debug)]
struct Pending<T> {
    what: T,
    told: bool,
}

/// What an acknowledgement says that the server has.
#[derive(Debug, PartialEq, Eq)]
pub enum Has {
    /// The end of an execution, and all that came before it.
    End(ExecutionId),
    /// Slots that began nothing, by their numbers in the journal.
    Unfired(Vec<u64>),
}

/// At most one upload is wanted or under way.
#[derive(Debug, Default)]
struct Uploads {
    wanted: Option<Upload>,
    running: bool,
}

impl Uploads {
    fn is_free(&self) -> bool {
        self.wanted.is_none() && !self.running
    }
}

/// Output to be told by HTTP.
#[derive(Debug)]
pub struct Upload {
    pub execution: ExecutionId,
    pub chunks: Vec<Chunk>,
}

/// What an open message has told.
#[derive(Debug)]
enum Open {
    Sync,
    Assigned,
    Unfired(Vec<u64>),
    Started(ExecutionId),
    Output { execution: ExecutionId, first: u64, last: u64 },
    End(ExecutionId),
}

/// One execution, from its begin until the server has acknowledged its end.
#[derive(Debug, Default)]
struct Story {
    /// Of an execution that a schedule began here: the server learns of it by its start or its end.
    slot: Option<FiredSlot>,
    start: Option<Start>,
    output: Unacknowledged,
    output_due: Option<Instant>,
    /// Chunks that an earlier line did not get acknowledged.
    again: Vec<Chunk>,
    end: Option<End>,
    open_count: usize,
}

#[derive(Debug)]
struct Start {
    at: Time,
    isolation: String,
    due: Instant,
    told: bool,
    acknowledged: bool,
}

#[derive(Debug)]
struct End {
    kept: Kept,
    /// What is left to be told over this line: the chunks not yet sent, with the report last.
    rest: Option<Box<Finished>>,
    told: bool,
    acknowledged: bool,
    output: EndOutput,
    /// The server has every piece from this one on, by HTTP. Those before it went by a line, which may have broken.
    has_from: Option<u64>,
}

/// How the output goes that is left at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndOutput {
    /// With the end, or where it has to before it, by the line.
    ByLine,
    /// Not looked at yet.
    Unknown,
    /// It is too much for a message, and waits for the upload of another.
    Large,
    /// From this piece on.
    Uploading { from: u64 },
}

#[derive(Debug)]
enum Kept {
    InJournal,
    /// The journal could not take it.
    InMemory(Box<Finished>),
}

impl Outbox {
    /// A new line is up: `sync` goes first, and everything that is not acknowledged goes again.
    pub fn line_up(&mut self, window: usize, sync: Sync) {
        self.line_down();
        self.window = window;
        self.sync = Some(sync);
    }

    pub fn line_down(&mut self) {
        self.window = 0;
        self.sync = None;
        self.open.clear();
        self.unfired_open.clear();
        if let Some(assigned) = &mut self.assigned {
            assigned.told = false;
        }
        for story in self.stories.values_mut() {
            story.line_down();
        }
    }

    /// Says once more who we are and what we hold.
    pub fn send_sync(&mut self, sync: Sync) {
        self.sync = Some(sync);
    }

    /// Says which schedules are kept; an earlier list that the server does not have yet is of no use any more.
    pub fn assigned(&mut self, what: Assigned) {
        self.assigned = Some(Pending { what, told: false });
    }

    /// Up to which number slots that began nothing may have reached the server.
    pub fn unfired_sent(&self) -> u64 {
        self.unfired_sent
    }

    pub fn begin(&mut self, execution: ExecutionId, slot: Option<FiredSlot>) {
        self.stories.insert(execution, Story { slot, ..Story::default() });
    }

    pub fn started(&mut self, execution: ExecutionId, at: Time, isolation: &str, now: Instant) {
        if let Some(story) = self.stories.get_mut(&execution) {
            let due = now + START_HELD;
            story.start = Some(Start { at, isolation: isolation.to_owned(), due, told: false, acknowledged: false });
            story.output_due = Some(due);
        }
    }

    pub fn output(&mut self, execution: ExecutionId, action: u32, stream: Stream, data: &[u8]) {
        if let Some(story) = self.stories.get_mut(&execution) {
            story.output.add(action, stream, data);
        }
    }

    /// The end of an execution. What is returned belongs into the journal: the report with all output that is not yet
    /// acknowledged. If the journal cannot take it, [`Outbox::keep`] does.
    pub fn finish(&mut self, mut report: Finished) -> Finished {
        let story = self.stories.entry(report.execution).or_default();
        for (action, result) in report.actions.iter_mut().enumerate() {
            let action = action as u32;
            result.truncated.output |= story.output.has_overflowed(action, Stream::Output);
            result.truncated.error |= story.output.has_overflowed(action, Stream::Error);
        }
        let (chunks, sent_count) = std::mem::take(&mut story.output).close();
        // Chunks of a broken line that were not sent again yet are unsent, whatever `sent_count` says.
        let unsent_from = sent_count - std::mem::take(&mut story.again).len();
        let rest = Finished { chunks: chunks[unsent_from..].to_vec(), ..report.clone() };
        report.chunks = chunks;
        story.end = Some(End { rest: (self.window > 0).then(|| Box::new(rest)), ..End::in_journal() });
        report
    }

    /// Keeps an end in memory that the journal cannot take.
    pub fn keep(&mut self, report: Finished) {
        if let Some(end) = self.stories.get_mut(&report.execution).and_then(|story| story.end.as_mut()) {
            end.kept = Kept::InMemory(Box::new(report));
        }
    }

    /// An end of an earlier life, which the journal holds.
    pub fn restore(&mut self, execution: ExecutionId) {
        self.stories.entry(execution).or_default().end = Some(End::in_journal());
    }

    /// What an earlier life may have sent of slots that began nothing.
    pub fn restore_unfired(&mut self, number: u64) {
        self.unfired_sent = number;
    }

    /// The next message that may leave now. `load` fetches an end from the journal, `unfired` are the slots in it that began nothing.
    pub fn next<'a>(
        &mut self,
        now: Instant,
        mut load: impl FnMut(ExecutionId) -> Option<Finished>,
        unfired: impl Iterator<Item = (u64, &'a Unfired)>,
    ) -> Option<Message> {
        if self.open.len() >= self.window {
            return None;
        }
        if let Some(sync) = self.sync.take() {
            return Some(self.open_message(Open::Sync, &Up::Sync(sync)));
        }
        // Before what those schedules have begun.
        if let Some(assigned) = self.assigned.as_mut().filter(|assigned| !assigned.told) {
            assigned.told = true;
            let up = Up::Assigned(assigned.what.clone());
            return Some(self.open_message(Open::Assigned, &up));
        }
        let (numbers, slots): (Vec<u64>, Vec<Unfired>) = unfired
            .filter(|(number, _)| !self.unfired_open.contains(number))
            .take(UNFIRED_MAX)
            .map(|(number, slots)| (number, slots.clone()))
            .unzip();
        if !slots.is_empty() {
            self.unfired_open.extend(&numbers);
            self.unfired_sent = numbers.iter().copied().fold(self.unfired_sent, u64::max);
            return Some(self.open_message(Open::Unfired(numbers), &Up::Unfired { slots }));
        }
        let uploads = &mut self.uploads;
        let (open, up) = self.stories.iter_mut().find_map(|(execution, story)| story.next(*execution, now, uploads, &mut load))?;
        Some(self.open_message(open, &up))
    }

    /// Output that is to be told by HTTP now; its outcome goes to [`Outbox::uploaded`].
    pub fn next_upload(&mut self) -> Option<Upload> {
        let upload = self.uploads.wanted.take()?;
        self.uploads.running = true;
        Some(upload)
    }

    /// An upload is over. Where the server did not take it, the output goes by the line.
    pub fn uploaded(&mut self, execution: ExecutionId, taken: bool) {
        self.uploads.running = false;
        if let Some(end) = self.stories.get_mut(&execution).and_then(|story| story.end.as_mut()) {
            match end.output {
                EndOutput::Uploading { from } if taken => {
                    end.has_from = Some(end.has_from.map_or(from, |earlier| earlier.min(from)));
                    end.output = EndOutput::Unknown;
                }
                _ => end.output = EndOutput::ByLine,
            }
        }
    }

    /// When [`Outbox::next`] will have something that it does not have yet.
    pub fn next_due(&self) -> Option<Instant> {
        if self.open.len() >= self.window {
            return None;
        }
        self.stories.values().filter_map(Story::due).min()
    }

    /// The server has a message; returns what needs no more telling with that.
    pub fn acknowledged(&mut self, number: u64) -> Option<Has> {
        let open = self.open.remove(&number)?;
        let execution = match &open {
            Open::Sync => return None,
            Open::Assigned => {
                self.assigned.take_if(|assigned| assigned.told);
                return None;
            }
            Open::Unfired(numbers) => {
                self.unfired_open.retain(|number| !numbers.contains(number));
                return Some(Has::Unfired(numbers.clone()));
            }
            Open::Started(execution) | Open::Output { execution, .. } | Open::End(execution) => *execution,
        };
        let story = self.stories.get_mut(&execution)?;
        story.open_count -= 1;
        match open {
            Open::Output { first, last, .. } => story.output.acknowledge(first, last),
            Open::End(_) => story.end.iter_mut().for_each(|end| end.acknowledged = true),
            Open::Started(_) => story.start.iter_mut().for_each(|start| start.acknowledged = true),
            Open::Sync | Open::Assigned | Open::Unfired(_) => {}
        }
        let over = story.open_count == 0 && story.end.as_ref().is_some_and(|end| end.acknowledged);
        over.then(|| self.stories.remove(&execution)).map(|_| Has::End(execution))
    }

    /// Executions that have begun here and whose end is not acknowledged.
    pub fn held(&self) -> impl Iterator<Item = ExecutionId> + '_ {
        self.stories.keys().copied()
    }

    pub fn holds(&self, execution: ExecutionId) -> bool {
        self.stories.contains_key(&execution)
    }

    pub fn line_is_up(&self) -> bool {
        self.window > 0
    }

    pub fn is_empty(&self) -> bool {
        self.stories.is_empty()
    }

    fn open_message(&mut self, open: Open, up: &Up) -> Message {
        self.number += 1;
        self.open.insert(self.number, open);
        Message { number: self.number, payload: to_json(up) }
    }
}

impl End {
    fn in_journal() -> Self {
        Self { kept: Kept::InJournal, rest: None, told: false, acknowledged: false, output: EndOutput::Unknown, has_from: None }
    }
}

impl Story {
    fn line_down(&mut self) {
        self.open_count = 0;
        self.again = self.output.sent();
        if let Some(start) = &mut self.start {
            start.told = false;
        }
        if let Some(end) = &mut self.end {
            end.rest = None;
            end.told = false;
            end.acknowledged = false;
        }
    }

    fn next(
        &mut self,
        execution: ExecutionId,
        now: Instant,
        uploads: &mut Uploads,
        load: &mut impl FnMut(ExecutionId) -> Option<Finished>,
    ) -> Option<(Open, Up)> {
        let told = if self.end.is_some() { self.next_of_end(execution, uploads, load) } else { self.next_of_running(execution, now) };
        self.open_count += usize::from(told.is_some());
        told
    }

    fn next_of_running(&mut self, execution: ExecutionId, now: Instant) -> Option<(Open, Up)> {
        if let Some(start) = self.start.as_mut().filter(|start| !start.told && start.due <= now) {
            start.told = true;
            let up = Up::Started { execution, started_at: start.at, isolation: start.isolation.clone(), slot: self.slot };
            return Some((Open::Started(execution), up));
        }
        if !self.again.is_empty() {
            let chunks = take_fitting(&mut self.again);
            return Some(output_message(execution, chunks));
        }
        if self.output_due.is_none_or(|due| due > now) || !self.output.has_waiting() {
            return None;
        }
        let chunks = self.output.cut(CHUNKS_LEN_MAX, json_len);
        if !self.output.has_waiting() {
            self.output_due = Some(now + OUTPUT_EVERY);
        }
        Some(output_message(execution, chunks))
    }

    fn next_of_end(
        &mut self,
        execution: ExecutionId,
        uploads: &mut Uploads,
        load: &mut impl FnMut(ExecutionId) -> Option<Finished>,
    ) -> Option<(Open, Up)> {
        let end = self.end.as_mut().filter(|end| !end.told)?;
        if matches!(end.output, EndOutput::Uploading { .. }) || (end.output == EndOutput::Large && !uploads.is_free()) {
            return None;
        }
        let mut rest = match (end.rest.take(), &end.kept) {
            (Some(rest), _) => rest,
            (None, Kept::InMemory(report)) => report.clone(),
            (None, Kept::InJournal) => Box::new(load(execution)?),
        };
        let mut chunks = std::mem::take(&mut rest.chunks);
        if let Some(from) = end.has_from {
            chunks.retain(|chunk| chunk.seq < from);
        }
        let report_len = to_json(&rest).len();
        let chunks_len: usize = chunks.iter().map(|chunk| json_len(chunk.data.len())).sum();
        let fits = report_len + chunks_len <= CHUNKS_LEN_MAX;
        if !fits && let Some(start) = unheard_start(&mut self.start, rest.slot.is_some(), &rest) {
            // Its output has no place at the server before that.
            let slot = rest.slot;
            rest.chunks = chunks;
            end.rest = Some(rest);
            if std::mem::replace(&mut start.told, true) {
                return None;
            }
            let up = Up::Started { execution, started_at: start.at, isolation: start.isolation.clone(), slot };
            return Some((Open::Started(execution), up));
        }
        if !fits && end.output != EndOutput::ByLine {
            // It is read anew when its turn comes, or when it has to go by the line: no more than one is held for HTTP.
            end.output = EndOutput::Large;
            if uploads.is_free() {
                end.output = EndOutput::Uploading { from: chunks.first().map_or(0, |chunk| chunk.seq) };
                uploads.wanted = Some(Upload { execution, chunks });
            }
            return None;
        }
        rest.chunks = chunks;
        if fits {
            end.told = true;
            return Some((Open::End(execution), Up::Finished(rest)));
        }
        let chunks = take_fitting(&mut rest.chunks);
        end.rest = Some(rest);
        Some(output_message(execution, chunks))
    }

    fn due(&self) -> Option<Instant> {
        if self.end.is_some() {
            return None;
        }
        let start = self.start.as_ref().filter(|start| !start.told).map(|start| start.due);
        let output = self.output_due.filter(|_| self.output.has_waiting());
        start.into_iter().chain(output).min()
    }
}

/// The start of an execution that the server cannot know of before it has acknowledged it; `None` where it knows.
fn unheard_start<'a>(start: &'a mut Option<Start>, is_own: bool, report: &Finished) -> Option<&'a mut Start> {
    if !is_own {
        return None;
    }
    let (at, isolation) = (report.started_at.unwrap_or(report.finished_at), report.isolation.clone().unwrap_or_default());
    // One of an earlier life of the agent has no start here any more.
    let start = start.get_or_insert_with(|| Start { at, isolation, due: Instant::now(), told: false, acknowledged: false });
    (!start.acknowledged).then_some(start)
}

fn output_message(execution: ExecutionId, chunks: Vec<Chunk>) -> (Open, Up) {
    let (first, last) = (chunks.first().map_or(0, |chunk| chunk.seq), chunks.last().map_or(0, |chunk| chunk.seq));
    (Open::Output { execution, first, last }, Up::Output { execution, chunks })
}

/// The first chunks that fit into one message.
fn take_fitting(chunks: &mut Vec<Chunk>) -> Vec<Chunk> {
    let mut len = 0;
    let fitting = chunks.iter().take_while(|chunk| {
        len += json_len(chunk.data.len());
        len <= CHUNKS_LEN_MAX
    });
    let count = fitting.count().max(1);
    chunks.drain(..count.min(chunks.len())).collect()
}

/// Bytes of a chunk as JSON: base64 and the names of its fields.
fn json_len(data_len: usize) -> usize {
    data_len.div_ceil(3) * 4 + 100
}

fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    // These types have string keys and no failing serializers, so that this cannot fail.
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
