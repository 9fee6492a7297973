//! The MQTT endpoint: one task for each connection, over TCP or a WebSocket, and the list of lines that are up on this node.
//!
//! Not a general broker. A client is a device; it subscribes to its own `cmd` topic and publishes to its own `evt` topic, and
//! anything else closes the line and is audited. Nothing is retained, wills are ignored, nothing is routed between clients. What
//! a device publishes is acknowledged after the commit, in the order of receipt. What it is sent goes out at QoS 0: the truth
//! is in the database, and each sync brings what was missed.
//!
//! Who a client is and what its messages mean is decided by the [`uplink`], which the app's wiring fills.

mod line;
// What a hostile client reaches first, and without anything that waits: the fuzzer feeds it bytes.
#[doc(hidden)]
pub mod rules;
mod transport;
pub mod uplink;
#[doc(hidden)]
pub mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use taskey_proto::id::DeviceId;
use taskey_proto::line::MESSAGE_LEN_MAX;
use taskey_proto::problem::Code;
use tokio::sync::mpsc;

use crate::app::App;
use crate::platform::http::ApiError;
use crate::platform::http::guard::has_foreign_origin;
use crate::platform::listener::{Listener, Peer, Stream};
use transport::Transport;
use uplink::LineDevice;

/// Messages that may wait for a slow device; the rest reaches it with its next sync.
const MAILBOX_MAX: usize = 64;

/// The lines that are up on this node, the newest of each device.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<HashMap<DeviceId, Line>>>);

struct Line {
    generation: u64,
    mailbox: mpsc::Sender<Letter>,
}

/// What other tasks ask of a line.
pub(crate) enum Letter {
    /// A payload for the device's `cmd` topic.
    Send(Bytes),
    End(EndReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndReason {
    TakenOver,
    Removed,
}

impl Lines {
    /// Hands a payload to the device's line; false where there is none here, or it is too slow.
    pub fn send(&self, device: DeviceId, payload: Bytes) -> bool {
        self.lines().get(&device).is_some_and(|line| line.mailbox.try_send(Letter::Send(payload)).is_ok())
    }

    /// Ends the device's line: it was removed.
    pub fn cut(&self, device: DeviceId) {
        if let Some(line) = self.lines().remove(&device) {
            end(line, EndReason::Removed);
        }
    }

    /// Ends the device's line on this node where it is older than the line of that generation.
    pub fn take_over(&self, device: DeviceId, newest: u64) {
        let mut lines = self.lines();
        if lines.get(&device).is_some_and(|line| line.generation < newest)
            && let Some(older) = lines.remove(&device)
        {
            end(older, EndReason::TakenOver);
        }
    }

    /// The generation of the device's line on this node.
    pub fn generation(&self, device: DeviceId) -> Option<u64> {
        self.lines().get(&device).map(|line| line.generation)
    }

    /// Whether the device's line is on this node.
    pub fn has(&self, device: DeviceId) -> bool {
        self.lines().contains_key(&device)
    }

    /// Whose lines are on this node.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.lines().keys().copied().collect()
    }

    pub fn count(&self) -> usize {
        self.lines().len()
    }

    /// Lists a new line; an older one of the same device ends.
    fn open(&self, device: DeviceId, generation: u64) -> mpsc::Receiver<Letter> {
        let (mailbox, letters) = mpsc::channel(MAILBOX_MAX);
        let older = self.lines().insert(device, Line { generation, mailbox });
        if let Some(older) = older {
            end(older, EndReason::TakenOver);
        }
        letters
    }

    fn close(&self, device: DeviceId, generation: u64) {
        let mut lines = self.lines();
        if lines.get(&device).is_some_and(|line| line.generation == generation) {
            lines.remove(&device);
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<DeviceId, Line>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A device's line begins: it is listed, counted and logged. `by` is the way it is held.
pub(super) fn line_up(app: &App, device: &LineDevice, by: &'static str) -> mpsc::Receiver<Letter> {
    let letters = app.lines.open(device.id, device.generation);
    metrics::gauge!("taskey_lines").set(app.lines.count() as f64);
    tracing::info!(device = %device.id, generation = device.generation, address = device.address, by, "line up");
    letters
}

/// A device's line has ended.
pub(super) fn line_down(app: &App, device: &LineDevice, reason: &'static str) {
    app.lines.close(device.id, device.generation);
    metrics::gauge!("taskey_lines").set(app.lines.count() as f64);
    tracing::info!(device = %device.id, generation = device.generation, reason, "line down");
    app.uplink.closed(app, device);
}

/// A full mailbox ends as well: its sender is dropped, and the line sees that.
fn end(line: Line, reason: EndReason) {
    let _ = line.mailbox.try_send(Letter::End(reason));
}

/// Serves MQTT on a port of its own until the server stops.
pub async fn listen(app: App, mut listener: Listener) {
    loop {
        tokio::select! {
            connection = listener.next() => match connection {
                Some((stream, peer)) => take(&app, stream, peer),
                None => return,
            },
            () = app.stopped() => return,
        }
    }
}

/// Serves one connection that speaks MQTT.
pub fn take(app: &App, stream: Stream, peer: SocketAddr) {
    tokio::spawn(line::serve(app.clone(), Transport::stream(stream), peer.ip().to_canonical().to_string()));
}

/// `GET /mqtt`: MQTT over a WebSocket. Cookies mean nothing here, and a page of another site is refused. Clients other than
/// browsers name the server itself as the origin.
pub async fn websocket(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    if has_foreign_origin(&app, &headers) {
        return ApiError::new(Code::ForeignOrigin, "Devices connect here, not pages of another site.").into_response();
    }
    let Ok(upgrade) = upgrade else {
        return ApiError::new(Code::MalformedBody, "Devices connect here by WebSocket with the subprotocol `mqtt`.").into_response();
    };
    let address = app.proxies.client(peer.0.ip(), &headers).to_string();
    upgrade
        .protocols(["mqtt"])
        .max_message_size(MESSAGE_LEN_MAX * 2)
        .on_upgrade(move |socket| line::serve(app, Transport::websocket(socket), address))
}
