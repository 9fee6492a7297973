//! The line by calls over HTTP, where MQTT does not get through.
//!
//! One call is always open and comes back with what the server has for this device. What the device has to tell goes by a second
//! call beside it, rather than by breaking off the first: so no order waits while a result is on its way, and the server never
//! writes an order into a call that is just being given up. Both connections are kept between calls.
//!
//! A call that fails ends the line, whatever its reason: its answer may have held an order. The next line begins with a sync, which brings
//! that order again. So no call is ever repeated here.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::{BoxFuture, OptionFuture};
use serde_json::Value;
use taskey_proto::agent::{CALL_WAIT_SECS_MAX, CallLine, CalledLine};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{Ended, FromLine, OPEN_MAX, ToLine};
use crate::http::{ANSWER_TIME_MAX, HttpError};
use crate::kept::Kept;
use crate::outbox::Message;
use crate::server_url::ServerUrl;

const PATH: &str = "/agent/v1/line";
/// Bytes of messages in one call. A single message may always go.
const TOLD_LEN_MAX: usize = 1024 * 1024;
/// A call that comes back empty before this was not left open by whoever answered it; the next one then waits as long.
const OPEN_TIME_MIN: Duration = Duration::from_secs(1);
const LEAVE_TIME_MAX: Duration = Duration::from_millis(800);

pub struct Session {
    caller: Caller,
    session: u64,
    /// When this line gives way to another try of MQTT.
    until: Instant,
    /// The connection of the first call, for the calls that stay open.
    first: Kept,
    /// What the first call brought.
    received: Vec<Value>,
}

/// What every call needs.
#[derive(Clone)]
struct Caller {
    server: ServerUrl,
    credential: String,
}

/// A call that is over, with its connection.
type Called = (Kept, Result<CalledLine, HttpError>);

impl Session {
    /// Begins a line, which takes over from an earlier one.
    pub async fn open(server: &ServerUrl, credential: &str, until: Instant) -> Result<Self, Ended> {
        let caller = Caller { server: server.clone(), credential: credential.to_owned() };
        let (first, called) = caller.clone().call(Kept::default(), CallLine::default()).await;
        let called = called.map_err(|error| match error {
            HttpError::Refused { status: 401, .. } => Ended::Refused(error.to_string()),
            error => Ended::from(error),
        })?;
        Ok(Self { caller, session: called.session, until, first, received: called.messages })
    }

    /// Carries messages both ways until the line ends.
    pub async fn carry(&mut self, generation: u64, orders: &mut mpsc::UnboundedReceiver<ToLine>, events: &mpsc::Sender<FromLine>) -> Ended {
        take_messages(std::mem::take(&mut self.received), events).await;
        let mut waiting: VecDeque<Message> = VecDeque::new();
        let first = std::mem::take(&mut self.first);
        let mut listening = self.listen(first, Duration::ZERO);
        let mut listening_since = Instant::now();
        let mut telling: Option<BoxFuture<'static, Called>> = None;
        let mut told: Vec<u64> = Vec::new();
        let mut second = Kept::default();
        loop {
            if telling.is_none() && !waiting.is_empty() {
                let (numbers, messages) = take_fitting(&mut waiting);
                told = numbers;
                let call = CallLine { session: Some(self.session), messages, ..CallLine::default() };
                telling = Some(Box::pin(self.caller.clone().call(std::mem::take(&mut second), call)));
            }
            let answered: OptionFuture<_> = telling.as_mut().into();
            tokio::select! {
                (kept, called) = &mut listening => match called {
                    Ok(called) => {
                        let is_hasty = called.messages.is_empty() && listening_since.elapsed() < OPEN_TIME_MIN;
                        take_messages(called.messages, events).await;
                        listening = self.listen(kept, if is_hasty { OPEN_TIME_MIN } else { Duration::ZERO });
                        listening_since = Instant::now();
                    }
                    Err(error) => return error.into(),
                },
                Some((kept, called)) = answered => match called {
                    Ok(called) => {
                        (second, telling) = (kept, None);
                        for number in told.drain(..) {
                            let _ = events.send(FromLine::Acknowledged(number)).await;
                        }
                        take_messages(called.messages, events).await;
                    }
                    Err(error) => return error.into(),
                },
                order = orders.recv() => match order {
                    Some(ToLine::Publish { generation: meant, message }) if meant == generation => waiting.push_back(message),
                    Some(ToLine::Publish { .. }) => {}
                    Some(ToLine::Disconnect) | None => {
                        self.leave(second).await;
                        return Ended::Left;
                    }
                },
                () = sleep_until(self.until) => return Ended::Due,
            }
        }
    }

    fn listen(&self, kept: Kept, after: Duration) -> BoxFuture<'static, Called> {
        let call = CallLine { session: Some(self.session), wait: CALL_WAIT_SECS_MAX, ..CallLine::default() };
        let caller = self.caller.clone();
        Box::pin(async move {
            if !after.is_zero() {
                sleep(after).await;
            }
            caller.call(kept, call).await
        })
    }

    /// Whoever leaves needs no answer, but the server is told, or it would wait for the next call.
    async fn leave(&self, kept: Kept) {
        let call = CallLine { session: Some(self.session), goodbye: true, ..CallLine::default() };
        let _ = timeout(LEAVE_TIME_MAX, self.caller.clone().call(kept, call)).await;
    }
}

impl Caller {
    async fn call(self, mut kept: Kept, call: CallLine) -> Called {
        let within = ANSWER_TIME_MAX + Duration::from_secs(call.wait);
        let called = kept.post(&self.server, PATH, &self.credential, &call, within).await;
        (kept, called)
    }
}

async fn take_messages(messages: Vec<Value>, events: &mpsc::Sender<FromLine>) {
    for message in messages {
        let _ = events.send(FromLine::Message(message.to_string().into_bytes())).await;
    }
}

/// The first messages, as many as one call may hold, with their numbers.
fn take_fitting(waiting: &mut VecDeque<Message>) -> (Vec<u64>, Vec<Value>) {
    let mut len = 0;
    let (mut numbers, mut messages) = (Vec::new(), Vec::new());
    while messages.len() < usize::from(OPEN_MAX)
        && let Some(next) = waiting.front()
    {
        len += next.payload.len();
        if len > TOLD_LEN_MAX && !messages.is_empty() {
            break;
        }
        let Some(message) = waiting.pop_front() else { break };
        numbers.push(message.number);
        // The outbox has just written it, so that it can be read.
        messages.push(serde_json::from_slice(&message.payload).unwrap_or_default());
    }
    (numbers, messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64, len: usize) -> Message {
        Message { number, payload: serde_json::to_vec(&"x".repeat(len)).unwrap() }
    }

    #[test]
    fn a_call_holds_as_many_messages_as_it_may_in_their_order() {
        let mut waiting: VecDeque<Message> = (1..=40).map(|number| message(number, 10)).collect();
        assert_eq!(take_fitting(&mut waiting).0, (1..=32).collect::<Vec<_>>());
        assert_eq!(take_fitting(&mut waiting).0, (33..=40).collect::<Vec<_>>());
        assert_eq!(take_fitting(&mut waiting), (vec![], vec![]));
    }

    #[test]
    fn large_messages_go_in_calls_of_their_own() {
        let mut waiting: VecDeque<Message> = [message(1, 600 * 1024), message(2, 600 * 1024), message(3, 5)].into();
        assert_eq!(take_fitting(&mut waiting).0, [1]);
        assert_eq!(take_fitting(&mut waiting).0, [2, 3]);
    }
}
