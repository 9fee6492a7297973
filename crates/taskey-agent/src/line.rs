//! The line to the server, held for as long as the agent runs: MQTT 5, over TLS at once where the server's end of it offers that, else over
//! a WebSocket; and where neither gets through, calls over HTTP.
//!
//! One task. It signs in, subscribes, says [`FromLine::Up`], and carries messages both ways until the line breaks; then it
//! waits a growing, jittered while and begins again. Each step has its own time limit. What a broken line had not got
//! acknowledged is not its business: the outbox tells it again. By which way a line is held, the agent does not notice.
//!
//! A refused device keeps trying, slowly: only its owner can know whether it was removed for good.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::crypto::random;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::credential::CredentialError;
use crate::http::HttpError;
use crate::identity::{Identity, Keys};
use crate::outbox::Message;
use crate::server_url::ServerUrl;
use crate::state_dir::StateDir;
use crate::{info, warning};

mod poll;
mod session;
mod socket;
mod ways;
// What a hostile server reaches first, and without a socket: the fuzzer feeds it bytes.
#[doc(hidden)]
pub mod wire;

pub use ways::{Way, Ways};

/// Messages that may be open at once, if the server does not say fewer.
pub use taskey_proto::line::OPEN_MAX;
/// News that may wait for the agent; beyond that the line reads nothing more.
pub const NEWS_MAX: usize = 64;

const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// A line that held this long makes the next pause the shortest again.
const STABLE: Duration = Duration::from_secs(10);

/// From the agent to the line.
#[derive(Debug)]
pub enum ToLine {
    /// Meant for the line of that generation; for a later one it is stale and dropped.
    Publish {
        generation: u64,
        message: Message,
    },
    Disconnect,
}

/// From the line to the agent.
#[derive(Debug)]
pub enum FromLine {
    /// A line is up and subscribed.
    Up {
        generation: u64,
        window: u16,
        server_time: Time,
        epoch: u64,
    },
    Message(Vec<u8>),
    /// The server has committed the message of that number.
    Acknowledged(u64),
    Down,
    State(LineState),
}

/// How the line stands, for `taskeyd status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", content = "detail", rename_all = "snake_case")]
pub enum LineState {
    Connecting(String),
    Connected(Way),
    Refused(String),
}

pub struct Line {
    pub state: StateDir,
    pub identity: Identity,
    pub keys: Arc<Keys>,
    pub server: ServerUrl,
    pub ways: Ways,
}

/// Why a line is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// We wanted it.
    Left,
    /// It is time to try MQTT again.
    Due,
    /// Nobody said why.
    Broken(String),
    /// The server's own word, by MQTT: that gets through.
    Answered(String),
    Refused(String),
}

impl Line {
    /// Holds the line until the agent disconnects or is gone.
    pub async fn hold(mut self, mut orders: mpsc::UnboundedReceiver<ToLine>, events: mpsc::Sender<FromLine>) {
        let mut pause = PAUSE_MIN;
        let mut generation = 0;
        loop {
            generation += 1;
            let (ended, held) = self.hold_once(generation, &mut orders, &events).await;
            let _ = events.send(FromLine::Down).await;
            if held > STABLE {
                pause = PAUSE_MIN;
            }
            let wait = match ended {
                Ended::Left => return,
                Ended::Due => continue,
                Ended::Broken(why) | Ended::Answered(why) => {
                    let wait = jittered(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                    info!("no line to {}: {why}; next try in {} ms", self.server, wait.as_millis());
                    let _ = events.send(FromLine::State(LineState::Connecting(why))).await;
                    wait
                }
                Ended::Refused(why) => {
                    let wait = REFUSED_PAUSE + jittered(REFUSED_PAUSE);
                    warning!(
                        "{} refuses this device: {why}; next try in {} s. If it was removed there, enroll it anew; \
                         if it is in quarantine, give it new keys (`taskey devices rekey`)",
                        self.server,
                        wait.as_secs()
                    );
                    let _ = events.send(FromLine::State(LineState::Refused(why))).await;
                    wait
                }
            };
            if left_during(wait, &mut orders).await {
                return;
            }
        }
    }

    /// One line from its connection to its end, and how long it was up.
    async fn hold_once(
        &mut self,
        generation: u64,
        orders: &mut mpsc::UnboundedReceiver<ToLine>,
        events: &mpsc::Sender<FromLine>,
    ) -> (Ended, Duration) {
        let connected = tokio::select! {
            connected = self.connect() => connected,
            // Messages for an earlier line are of no use any more.
            () = until_disconnect(orders) => return (Ended::Left, Duration::ZERO),
        };
        let (mut session, credential) = match connected {
            Ok(connected) => connected,
            Err(ended) => return (ended, Duration::ZERO),
        };
        let up = FromLine::Up { generation, window: session.window(), server_time: credential.server_time, epoch: credential.epoch };
        let _ = events.send(FromLine::State(LineState::Connected(session.way()))).await;
        let _ = events.send(up).await;
        info!("the line to {} is up, by {}", self.server, session.way().word());
        let since = Instant::now();
        let ended = session.carry(generation, orders, events).await;
        let held = since.elapsed();
        self.ways.learn(session.way(), &ended, held);
        (ended, held)
    }
}

impl From<CredentialError> for Ended {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Http(HttpError::Refused { .. }) | CredentialError::OldEpoch { .. } => Ended::Refused(error.to_string()),
            error => Ended::Broken(error.to_string()),
        }
    }
}

impl From<HttpError> for Ended {
    fn from(error: HttpError) -> Self {
        Ended::Broken(error.to_string())
    }
}

/// Whether the agent disconnected, or went away, while nothing was to be done.
async fn left_during(wait: Duration, orders: &mut mpsc::UnboundedReceiver<ToLine>) -> bool {
    tokio::select! {
        () = sleep(wait) => false,
        () = until_disconnect(orders) => true,
    }
}

async fn until_disconnect(orders: &mut mpsc::UnboundedReceiver<ToLine>) {
    while let Some(ToLine::Publish { .. }) = orders.recv().await {}
}

/// Between half and the whole of `pause`, so that devices do not come back all at once.
fn jittered(pause: Duration) -> Duration {
    let share = random::<1>().map_or(128, |[byte]| u32::from(byte));
    pause / 2 + pause * share / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_between_half_and_whole() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&pause), "{pause:?}");
        }
    }
}
