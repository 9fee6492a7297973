//! The line of a device that MQTT does not reach: the same messages, by calls over HTTP.
//!
//! One task holds each line, as with MQTT: it is listed in [`Lines`](super::mqtt::Lines), taken over, cut and counted like any
//! other, and what the device says goes to the [`uplink`](super::mqtt::uplink), one batch at a time. Calls reach the task by a
//! channel. A call without messages stays open until there is a letter; a newer one takes its place. A line with no open call
//! ends when none has come for [`SILENCE_MAX`].
//!
//! A letter whose answer does not arrive is not sent again here: a device whose call failed begins a new line, and what it says of
//! itself there brings back what it missed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, OptionFuture};
use taskey_proto::agent::{CALL_WAIT_SECS_MAX, CallLine, CalledLine};
use taskey_proto::id::DeviceId;
use taskey_proto::line::{MESSAGE_LEN_MAX, OPEN_MAX};
use taskey_proto::problem::{Code, FieldError};
use tokio::sync::{mpsc, oneshot};

use super::http::ApiError;
use super::http::problem::{ApiResult, check};
use super::mqtt::uplink::{Claim, LineDevice, NotCommitted, Refusal};
use super::mqtt::{EndReason, Letter, line_down, line_up};
use crate::app::App;

/// A line without an open call ends when none has come for so long.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Letters that may wait for a call; the rest reaches the device with its next sync.
const QUEUE_MAX: usize = 64;
/// Calls that wait for the batch before them.
const CALLS_MAX: usize = 4;

/// The lines on this node that are held by long-poll, the newest of each device.
#[derive(Clone, Default)]
pub struct Polls(Arc<Mutex<HashMap<DeviceId, Held>>>);

#[derive(Clone)]
struct Held {
    generation: u64,
    calls: mpsc::Sender<Call>,
}

struct Call {
    messages: Vec<Bytes>,
    wait: Duration,
    goodbye: bool,
    answer: Answer,
}

/// Letters, or why there will be none.
type Answer = oneshot::Sender<Result<Vec<Bytes>, Ending>>;

/// Why a line ended, for whoever calls on it.
#[derive(Debug, Clone, Copy)]
enum Ending {
    TakenOver,
    Removed,
    Silent,
    NotCommitted,
    Stopping,
}

impl Polls {
    fn of(&self, device: DeviceId, session: u64) -> Option<Held> {
        self.held().get(&device).filter(|held| held.generation == session).cloned()
    }

    fn close(&self, device: DeviceId, generation: u64) {
        let mut held = self.held();
        if held.get(&device).is_some_and(|held| held.generation == generation) {
            held.remove(&device);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<DeviceId, Held>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Begins a line; what the device says with its first call is taken in, and the answer does not wait.
pub async fn begin(app: &App, claim: Claim, mut first: CallLine) -> ApiResult<CalledLine> {
    let messages = read_messages(&first)?;
    // In a task of its own: whoever hangs up just now must not leave a device online that has no line.
    let held = tokio::spawn(connect(app.clone(), claim)).await.map_err(ApiError::internal)??;
    first.wait = 0;
    ask(&held, messages, &first).await
}

async fn connect(app: App, claim: Claim) -> ApiResult<Held> {
    let device = match app.uplink.connect(&app, claim).await {
        Ok(device) => device,
        Err(Refusal::Credential(why)) => {
            tracing::info!(why, "a device was refused");
            return Err(ApiError::new(Code::NotSignedIn, format!("A device signs in with its credential: {why}.")));
        }
        Err(Refusal::Unavailable) => return Err(ApiError::new(Code::Unavailable, "Try again in a moment.")),
    };
    let (calls, received) = mpsc::channel(CALLS_MAX);
    let held = Held { generation: device.generation, calls };
    app.polls.held().insert(device.id, held.clone());
    let letters = line_up(&app, &device, "poll");
    tokio::spawn(hold(app, device, letters, received));
    Ok(held)
}

/// A further call on a line of the device.
pub async fn call(app: &App, device: DeviceId, session: u64, call: CallLine) -> ApiResult<CalledLine> {
    let messages = read_messages(&call)?;
    let held = app.polls.of(device, session).ok_or_else(|| problem(Ending::Silent))?;
    ask(&held, messages, &call).await
}

fn read_messages(call: &CallLine) -> ApiResult<Vec<Bytes>> {
    let mut errors = Vec::new();
    if call.messages.len() > usize::from(OPEN_MAX) {
        errors.push(FieldError::new("/messages", format!("at most {OPEN_MAX}")));
    }
    if call.wait > CALL_WAIT_SECS_MAX {
        errors.push(FieldError::new("/wait", format!("at most {CALL_WAIT_SECS_MAX} seconds")));
    }
    let messages: Vec<Bytes> = call.messages.iter().map(|message| message.to_string().into()).collect();
    let too_long = messages.iter().enumerate().filter(|(_, message)| message.len() > MESSAGE_LEN_MAX);
    errors.extend(too_long.map(|(at, _)| FieldError::new(format!("/messages/{at}"), format!("at most {MESSAGE_LEN_MAX} bytes"))));
    check(errors)?;
    Ok(messages)
}

async fn ask(held: &Held, messages: Vec<Bytes>, call: &CallLine) -> ApiResult<CalledLine> {
    let (answer, answered) = oneshot::channel();
    let call = Call { messages, wait: Duration::from_secs(call.wait), goodbye: call.goodbye, answer };
    held.calls.send(call).await.map_err(|_| problem(Ending::Silent))?;
    // A line that ends while calls still wait for their turn answers them by being gone.
    let letters = answered.await.unwrap_or(Err(Ending::Silent)).map_err(problem)?;
    let messages = letters.iter().map(|letter| serde_json::from_slice(letter)).collect::<Result<_, _>>();
    Ok(CalledLine { session: held.generation, messages: messages.map_err(ApiError::internal)? })
}

fn problem(ending: Ending) -> ApiError {
    match ending {
        Ending::TakenOver => ApiError::new(Code::LineOver, "A newer line of this device took over."),
        Ending::Silent => ApiError::new(Code::LineOver, "This server does not hold that line, or not any more; begin a new one."),
        Ending::Removed => {
            ApiError::new(Code::NotSignedIn, "The line was cut: the device was removed, or is in quarantine, or has new keys.")
        }
        Ending::NotCommitted => ApiError::new(Code::Unavailable, "The messages were not stored; begin a new line and tell them again."),
        Ending::Stopping => ApiError::new(Code::Unavailable, "The server is stopping; try again in a moment."),
    }
}

async fn hold(app: App, device: LineDevice, letters: mpsc::Receiver<Letter>, calls: mpsc::Receiver<Call>) {
    // It listens from its first call on.
    app.uplink.subscribed(&app, &device).await;
    let line = Line { app: &app, device: &device, letters, calls, queue: VecDeque::new(), open: None, writing: None };
    let end = line.run().await;
    app.polls.close(device.id, device.generation);
    line_down(&app, &device, end);
}

struct Line<'a> {
    app: &'a App,
    device: &'a LineDevice,
    letters: mpsc::Receiver<Letter>,
    calls: mpsc::Receiver<Call>,
    queue: VecDeque<Bytes>,
    /// The call that waits for letters, and until when.
    open: Option<(Answer, BoxFuture<'a, ()>)>,
    /// The call whose messages the store is committing.
    writing: Option<(Call, BoxFuture<'a, Result<(), NotCommitted>>)>,
}

/// Why a line ended, also for the log.
type End = (Ending, &'static str);

const GOODBYE: &str = "the device said goodbye";

impl<'a> Line<'a> {
    async fn run(mut self) -> &'static str {
        let (ending, why) = self.run_on().await;
        if let Some((answer, _)) = self.open.take() {
            let _ = answer.send(Err(ending));
        }
        if let Some((call, _)) = self.writing.take() {
            let _ = call.answer.send(Err(ending));
        }
        why
    }

    async fn run_on(&mut self) -> End {
        let mut silence = self.after(SILENCE_MAX);
        loop {
            while let Ok(letter) = self.letters.try_recv() {
                if let Err(end) = self.take_letter(letter) {
                    return end;
                }
            }
            self.answer_open();
            let is_writing = self.writing.is_some();
            let is_idle = !is_writing && self.open.is_none();
            let (closed, time_up): (OptionFuture<_>, OptionFuture<_>) = match &mut self.open {
                Some((answer, until)) => (Some(answer.closed()).into(), Some(until).into()),
                None => (None.into(), None.into()),
            };
            let writing: OptionFuture<_> = self.writing.as_mut().map(|(_, writing)| writing).into();
            tokio::select! {
                biased;
                Some(committed) = writing => {
                    if committed.is_err() {
                        return (Ending::NotCommitted, "a report could not be stored");
                    }
                    if let Some((call, _)) = self.writing.take() {
                        if call.goodbye {
                            let _ = call.answer.send(Ok(Vec::new()));
                            return (Ending::Silent, GOODBYE);
                        }
                        if let Err(end) = self.answer_now(call.answer) {
                            return end;
                        }
                    }
                    silence = self.after(SILENCE_MAX);
                }
                letter = self.letters.recv() => {
                    if let Err(end) = self.take_letter(letter.unwrap_or(Letter::End(EndReason::TakenOver))) {
                        return end;
                    }
                }
                Some(()) = closed => {
                    self.open = None;
                    silence = self.after(SILENCE_MAX);
                }
                Some(()) = time_up => {
                    if let Some((answer, _)) = self.open.take() {
                        let _ = answer.send(Ok(Vec::new()));
                    }
                    silence = self.after(SILENCE_MAX);
                }
                // One batch at a time: whoever has more to tell waits.
                Some(call) = self.calls.recv(), if !is_writing => {
                    if call.goodbye && call.messages.is_empty() {
                        let _ = call.answer.send(Ok(Vec::new()));
                        return (Ending::Silent, GOODBYE);
                    }
                    self.take_call(call);
                    silence = self.after(SILENCE_MAX);
                }
                () = &mut silence, if is_idle => return (Ending::Silent, "the device fell silent"),
                () = self.app.stopped() => return (Ending::Stopping, "the server stops"),
            }
        }
    }

    fn take_letter(&mut self, letter: Letter) -> Result<(), End> {
        match letter {
            Letter::Send(payload) if self.queue.len() < QUEUE_MAX => self.queue.push_back(payload),
            Letter::Send(_) => {}
            Letter::End(EndReason::TakenOver) => return Err((Ending::TakenOver, "a newer line took over")),
            Letter::End(EndReason::Removed) => return Err((Ending::Removed, "the device was removed")),
        }
        Ok(())
    }

    fn take_call(&mut self, mut call: Call) {
        if !call.messages.is_empty() {
            let messages = std::mem::take(&mut call.messages);
            self.writing = Some((call, self.app.uplink.receive(self.app, self.device, messages)));
            return;
        }
        let until = self.after(call.wait);
        if let Some((older, _)) = self.open.replace((call.answer, until)) {
            let _ = older.send(Ok(Vec::new()));
        }
    }

    /// Gives what waits to the open call. One that has gone meanwhile leaves it to the next.
    fn answer_open(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let Some((answer, _)) = self.open.take() else { return };
        self.give(answer);
    }

    /// Answers a call whose messages are committed. Where another one is open, that one gets the letters.
    fn answer_now(&mut self, answer: Answer) -> Result<(), End> {
        while let Ok(letter) = self.letters.try_recv() {
            self.take_letter(letter)?;
        }
        self.answer_open();
        self.give(answer);
        Ok(())
    }

    fn give(&mut self, answer: Answer) {
        let count = self.queue.len().min(usize::from(OPEN_MAX));
        let letters: Vec<Bytes> = self.queue.drain(..count).collect();
        if let Err(Ok(unheard)) = answer.send(Ok(letters)) {
            for letter in unheard.into_iter().rev() {
                self.queue.push_front(letter);
            }
        }
    }

    /// When that much time has passed on the app's clock.
    fn after(&self, span: Duration) -> BoxFuture<'a, ()> {
        let app = self.app;
        Box::pin(app.clock.sleep(span))
    }
}
