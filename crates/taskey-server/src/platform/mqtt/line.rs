//! One line: from the first byte of a client to its last.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, OptionFuture};
use taskey_proto::line::cmd_topic;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::rules::{Step, judge};
use super::transport::Transport;
use super::uplink::{Claim, LineDevice, NotCommitted, Refusal};
use super::wire::{Goodbye, Incoming, OPEN_MAX, Refused, Wire};
use super::{EndReason, Letter, line_down, line_up};
use crate::app::App;

/// From the first byte to CONNECT.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// What a client that names no keep-alive gets.
const SILENCE_MAX: Duration = Duration::from_secs(3_600);
/// A peer that does not take our bytes for so long is gone.
const WRITE_WITHIN: Duration = Duration::from_secs(20);

/// Serves a client until it leaves, misbehaves, is cut, or the server stops.
pub(super) async fn serve(app: App, mut transport: Transport, address: String) {
    let mut wire = Wire::default();
    let connected = tokio::select! {
        connected = tokio::time::timeout(CONNECT_WITHIN, connect(&app, &mut transport, &mut wire, address)) => connected.ok().flatten(),
        () = app.stopped() => None,
    };
    let Some((device, silence, unread)) = connected else {
        flush(&mut transport, &mut wire).await.ok();
        transport.close().await;
        return;
    };
    let letters = line_up(&app, &device, "mqtt");
    let line =
        Line { app: &app, device: &device, wire, unread, subscribed: false, waiting: Vec::new(), in_flight: Vec::new(), writing: None };
    let end = line.run(&mut transport, letters, silence).await;
    transport.close().await;
    line_down(&app, &device, end);
}

/// Who it is, how long it may be silent, and what it has sent after CONNECT.
type Connected = (LineDevice, Duration, Bytes);

/// Waits for CONNECT and answers it; `None` when there is nothing to go on with.
async fn connect(app: &App, transport: &mut Transport, wire: &mut Wire, address: String) -> Option<Connected> {
    let mut unread = Bytes::new();
    let first = loop {
        match wire.receive(&mut unread) {
            Some(packet) => break packet,
            None => unread = transport.receive().await.ok().flatten()?,
        }
    };
    let Incoming::Connect { client_id, username, password, keep_alive_secs, fault } = first else {
        return None;
    };
    if let Some(refused) = fault {
        tracing::info!(?refused, "a client asks for what there is not");
        wire.refuse(refused);
        return None;
    }
    let claim = Claim { client_id, username, password, address };
    match app.uplink.connect(app, claim).await {
        Ok(device) => {
            wire.accept(keep_alive_secs);
            let silence = match keep_alive_secs {
                0 => SILENCE_MAX,
                secs => Duration::from_millis(u64::from(secs) * 1_500),
            };
            Some((device, silence, unread))
        }
        Err(Refusal::Credential(why)) => {
            tracing::info!(why, "a device was refused");
            wire.refuse(Refused::Credential);
            None
        }
        Err(Refusal::Unavailable) => {
            wire.refuse(Refused::Unavailable);
            None
        }
    }
}

async fn flush(transport: &mut Transport, wire: &mut Wire) -> std::io::Result<()> {
    let bytes = wire.take_output();
    tokio::time::timeout(WRITE_WITHIN, transport.send(bytes)).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

struct Line<'a> {
    app: &'a App,
    device: &'a LineDevice,
    wire: Wire,
    /// What has come and is not looked at: beyond [`OPEN_MAX`] open publishes it waits.
    unread: Bytes,
    subscribed: bool,
    /// Publishes not yet handed to the store.
    waiting: Vec<(Option<u16>, Bytes)>,
    /// Packet ids of the batch that the store is committing.
    in_flight: Vec<Option<u16>>,
    writing: Option<BoxFuture<'a, Result<(), NotCommitted>>>,
}

/// Why a line ended, for the log.
type End = &'static str;

impl<'a> Line<'a> {
    async fn run(mut self, transport: &mut Transport, mut letters: mpsc::Receiver<Letter>, silence: Duration) -> End {
        let mut heard_at = Instant::now();
        loop {
            if let Err(end) = self.take_in().await {
                flush(transport, &mut self.wire).await.ok();
                return end;
            }
            self.hand_over();
            if flush(transport, &mut self.wire).await.is_err() {
                return "the device does not read";
            }
            let room = self.has_room();
            let writing: OptionFuture<_> = self.writing.as_mut().into();
            tokio::select! {
                biased;
                Some(committed) = writing => {
                    self.writing = None;
                    if committed.is_err() {
                        self.wire.say_goodbye(Goodbye::ServerBusy);
                        flush(transport, &mut self.wire).await.ok();
                        return "a report could not be stored";
                    }
                    for packet_id in std::mem::take(&mut self.in_flight).into_iter().flatten() {
                        self.wire.acknowledge(packet_id);
                    }
                }
                letter = letters.recv() => match letter {
                    Some(Letter::Send(payload)) if self.subscribed => self.wire.publish(&cmd_topic(self.device.id), &payload),
                    Some(Letter::Send(_)) => {}
                    Some(Letter::End(reason)) => return self.end(transport, reason).await,
                    None => return self.end(transport, EndReason::TakenOver).await,
                },
                received = transport.receive(), if room => {
                    let Ok(Some(bytes)) = received else { return "the device hung up" };
                    heard_at = Instant::now();
                    // While there is room nothing is left unread.
                    self.unread = bytes;
                }
                () = tokio::time::sleep_until(heard_at + silence), if room => {
                    self.wire.say_goodbye(Goodbye::KeepAliveTimeout);
                    flush(transport, &mut self.wire).await.ok();
                    return "the device fell silent";
                }
                () = self.app.stopped() => {
                    self.wire.say_goodbye(Goodbye::ShuttingDown);
                    flush(transport, &mut self.wire).await.ok();
                    return "the server stops";
                }
            }
        }
    }

    async fn end(&mut self, transport: &mut Transport, reason: EndReason) -> End {
        let (goodbye, end) = match reason {
            EndReason::TakenOver => (Goodbye::TakenOver, "a newer line took over"),
            EndReason::Removed => (Goodbye::NotAuthorized, "the device was removed"),
        };
        self.wire.say_goodbye(goodbye);
        flush(transport, &mut self.wire).await.ok();
        end
    }

    /// Gives everything that waits to the store, as one batch, once the batch before it is committed.
    fn hand_over(&mut self) {
        if self.writing.is_some() || self.waiting.is_empty() {
            return;
        }
        let (ids, messages) = std::mem::take(&mut self.waiting).into_iter().unzip();
        self.in_flight = ids;
        self.writing = Some(self.app.uplink.receive(self.app, self.device, messages));
    }

    fn has_room(&self) -> bool {
        self.waiting.len() + self.in_flight.len() < OPEN_MAX
    }

    /// Takes what is unread, packet by packet, for as long as there is room.
    async fn take_in(&mut self) -> Result<(), End> {
        while self.has_room() {
            let Some(packet) = self.wire.receive(&mut self.unread) else { break };
            match judge(&mut self.wire, self.device.id, self.subscribed, packet) {
                Step::Nothing => {}
                Step::Store { packet_id, payload } => self.waiting.push((packet_id, payload)),
                Step::Subscribed => {
                    self.subscribed = true;
                    self.app.uplink.subscribed(self.app, self.device).await;
                }
                Step::Unsubscribed => self.subscribed = false,
                Step::Trespass(what, goodbye) => return self.trespass(what, goodbye).await,
                Step::End(end) => return Err(end),
            }
        }
        Ok(())
    }

    async fn trespass(&mut self, what: String, goodbye: Goodbye) -> Result<(), End> {
        self.app.uplink.trespassed(self.app, self.device, what).await;
        self.wire.say_goodbye(goodbye);
        Err("the device tried what it may not")
    }
}
