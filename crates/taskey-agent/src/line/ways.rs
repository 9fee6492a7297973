//! The ways to the server, and which is taken.
//!
//! Each try begins with a challenge over HTTP. Where the server answers that and MQTT fails [`MQTT_TRIES`] times in a row, without a
//! word of the server's own, something on the way does not let it pass: the line is then held by calls, and MQTT is tried again
//! after [`MQTT_AGAIN`], and whenever the server could not be reached at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Ended, FromLine, Line, OPEN_MAX, ToLine, poll, session};
use crate::credential;
use crate::info;

/// One failure may be the server's restart.
const MQTT_TRIES: u32 = 2;
/// Less than a credential is valid for, so that a line by calls needs no second one.
const MQTT_AGAIN: Duration = Duration::from_secs(30 * 60);
/// A line by MQTT that ends before this without a word of the server's was cut by something on the way, perhaps.
const CUT_AT_ONCE: Duration = Duration::from_secs(3);

/// By which way a line is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// MQTT at once on a TLS connection.
    Tls,
    /// MQTT over a WebSocket.
    Websocket,
    /// Calls over HTTP.
    Poll,
}

impl Way {
    pub fn word(self) -> &'static str {
        match self {
            Way::Tls => "tls",
            Way::Websocket => "websocket",
            Way::Poll => "poll",
        }
    }
}

/// What is known of the ways to the server.
#[derive(Debug, Default)]
pub struct Ways {
    /// How often in a row MQTT did not get through although the server answered.
    mqtt_failures: u32,
    /// Until then the line is held by calls.
    mqtt_again_at: Option<Instant>,
}

impl Ways {
    /// What a line that was up tells of the way it was held by.
    pub(super) fn learn(&mut self, way: Way, ended: &Ended, held: Duration) {
        match (way, ended) {
            (Way::Poll, _) => {}
            (_, Ended::Broken(_)) if held < CUT_AT_ONCE => self.mqtt_failures = self.mqtt_failures.saturating_add(1),
            _ => self.mqtt_failures = 0,
        }
    }
}

/// A line that is up.
pub(super) enum Session {
    Mqtt(Box<session::Session>),
    Poll(Box<poll::Session>),
}

impl Session {
    pub fn window(&self) -> u16 {
        match self {
            Session::Mqtt(session) => session.window(),
            Session::Poll(_) => OPEN_MAX,
        }
    }

    pub fn way(&self) -> Way {
        match self {
            Session::Mqtt(session) if session.is_websocket() => Way::Websocket,
            Session::Mqtt(_) => Way::Tls,
            Session::Poll(_) => Way::Poll,
        }
    }

    pub async fn carry(&mut self, generation: u64, orders: &mut mpsc::UnboundedReceiver<ToLine>, events: &mpsc::Sender<FromLine>) -> Ended {
        match self {
            Session::Mqtt(session) => session.carry(generation, orders, events).await,
            Session::Poll(session) => session.carry(generation, orders, events).await,
        }
    }
}

impl Line {
    pub(super) async fn connect(&mut self) -> Result<(Session, credential::Credential), Ended> {
        let credential = credential::obtain(&self.state, &self.identity, &self.keys.signing, &self.server).await;
        // Where the server does not answer at all, nothing is known of the ways to it.
        let credential = credential.inspect_err(|_| self.ways = Ways::default())?;
        self.identity.epoch = credential.epoch;
        let until = match self.ways.mqtt_again_at.filter(|at| *at > Instant::now()) {
            Some(at) => at,
            None => match self.connect_by_mqtt(&credential.text).await? {
                Ok(session) => {
                    self.ways.mqtt_again_at = None;
                    return Ok((Session::Mqtt(Box::new(session)), credential));
                }
                Err(why) => {
                    let minutes = MQTT_AGAIN.as_secs() / 60;
                    info!(
                        "MQTT does not get through to {} ({why}): the line is held by HTTP, and MQTT tried in {minutes} min",
                        self.server
                    );
                    Instant::now() + MQTT_AGAIN
                }
            },
        };
        match poll::Session::open(&self.server, &credential.text, until).await {
            Ok(session) => {
                self.ways.mqtt_again_at = Some(until);
                Ok((Session::Poll(Box::new(session)), credential))
            }
            Err(ended) => {
                self.ways = Ways::default();
                Err(ended)
            }
        }
    }

    /// A line by MQTT, or why it is time to go another way.
    async fn connect_by_mqtt(&mut self, credential: &str) -> Result<Result<session::Session, String>, Ended> {
        if self.ways.mqtt_failures >= MQTT_TRIES && self.ways.mqtt_again_at.is_none() {
            return Ok(Err("it is cut at once".to_owned()));
        }
        match session::Session::open(&self.server, self.identity.device, credential).await {
            Ok(session) => Ok(Ok(session)),
            Err(Ended::Broken(why)) => {
                self.ways.mqtt_failures = self.ways.mqtt_failures.saturating_add(1);
                if self.ways.mqtt_failures < MQTT_TRIES { Err(Ended::Broken(why)) } else { Ok(Err(why)) }
            }
            Err(ended) => Err(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_is_cut_at_once_without_a_word_speaks_against_its_way() {
        let (short, long) = (Duration::from_millis(50), Duration::from_secs(60));
        let broken = || Ended::Broken(String::new());
        for (way, ended, held, expected) in [
            (Way::Websocket, broken(), short, 2),
            (Way::Tls, broken(), short, 2),
            (Way::Websocket, broken(), long, 0),
            (Way::Websocket, Ended::Answered(String::new()), short, 0),
            (Way::Websocket, Ended::Left, short, 0),
            (Way::Poll, broken(), short, 1),
            (Way::Poll, Ended::Due, long, 1),
        ] {
            let mut ways = Ways { mqtt_failures: 1, mqtt_again_at: None };
            ways.learn(way, &ended, held);
            assert_eq!(ways.mqtt_failures, expected, "{way:?} {held:?}");
        }
    }
}
