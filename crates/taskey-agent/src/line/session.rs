//! One connection of the line: MQTT on a socket, each step within its time.

use std::time::Duration;

use bytes::Bytes;
use taskey_proto::id::DeviceId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::socket::Socket;
use super::wire::{News, Packet, Wire};
use super::{Ended, FromLine, ToLine};
use crate::server_url::ServerUrl;

/// For CONNACK and for SUBACK, each.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
const LEAVE_TIME_MAX: Duration = Duration::from_millis(200);

pub struct Session {
    socket: Socket,
    wire: Wire,
    /// What has come and is not looked at.
    unread: Bytes,
}

impl Session {
    /// Connects, signs in and subscribes.
    pub async fn open(server: &ServerUrl, device: DeviceId, credential: &str) -> Result<Self, Ended> {
        let socket = Socket::open(server).await?;
        let mut session = Self { socket, wire: Wire::new(device), unread: Bytes::new() };
        session.sign_in(credential).await?;
        session.subscribe().await?;
        Ok(session)
    }

    pub fn is_websocket(&self) -> bool {
        matches!(self.socket, Socket::WebSocket(_))
    }

    /// How many messages may be open.
    pub fn window(&self) -> u16 {
        self.wire.window()
    }

    /// Carries messages both ways until the line ends.
    pub async fn carry(&mut self, generation: u64, orders: &mut mpsc::UnboundedReceiver<ToLine>, events: &mpsc::Sender<FromLine>) -> Ended {
        match self.carry_on(generation, orders, events).await {
            Ok(()) => Ended::Left,
            Err(ended) => {
                // The protocol may have a word for the server about why.
                let _ = timeout(LEAVE_TIME_MAX, self.flush()).await;
                ended
            }
        }
    }

    async fn carry_on(
        &mut self,
        generation: u64,
        orders: &mut mpsc::UnboundedReceiver<ToLine>,
        events: &mpsc::Sender<FromLine>,
    ) -> Result<(), Ended> {
        loop {
            while let Some(packet) = self.wire.receive(&mut self.unread)? {
                if let Some(news) = self.wire.take(packet)? {
                    // The agent takes its time: what comes faster waits on the socket.
                    let _ = events.send(FromLine::from(news)).await;
                }
            }
            self.flush().await?;
            let due = self.wire.due();
            tokio::select! {
                bytes = self.socket.receive() => self.unread = bytes?,
                order = orders.recv() => {
                    let mut next = order;
                    loop {
                        match next {
                            Some(ToLine::Publish { generation: meant, message }) if meant == generation => self.publish(message).await?,
                            Some(ToLine::Publish { .. }) => {}
                            Some(ToLine::Disconnect) | None => return self.leave().await,
                        }
                        let Ok(further) = orders.try_recv() else { break };
                        next = Some(further);
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.wire.fire_timers()?,
            }
        }
    }

    async fn sign_in(&mut self, credential: &str) -> Result<(), Ended> {
        self.wire.connect(credential)?;
        self.flush().await?;
        let answer = within(ANSWER_TIME_MAX, "CONNACK", self.next_packet()).await??;
        self.wire.take_connack(&answer)
    }

    async fn subscribe(&mut self) -> Result<(), Ended> {
        self.wire.subscribe()?;
        self.flush().await?;
        let answer = within(ANSWER_TIME_MAX, "SUBACK", self.next_packet()).await??;
        self.wire.take_suback(&answer)
    }

    /// The next packet while the line is being set up.
    async fn next_packet(&mut self) -> Result<Packet, Ended> {
        loop {
            if let Some(packet) = self.wire.receive(&mut self.unread)? {
                return Ok(packet);
            }
            self.unread = self.socket.receive().await?;
        }
    }

    async fn publish(&mut self, message: crate::outbox::Message) -> Result<(), Ended> {
        self.wire.publish(message)?;
        self.feed().await
    }

    async fn leave(&mut self) -> Result<(), Ended> {
        // After DISCONNECT the protocol asks to close, which is no fault here; nor is a server that is gone by now.
        let _ = self.wire.disconnect();
        let _ = self.feed().await;
        let _ = timeout(LEAVE_TIME_MAX, self.socket.close()).await;
        Ok(())
    }

    async fn feed(&mut self) -> Result<(), Ended> {
        let bytes = self.wire.take_output();
        if bytes.is_empty() {
            return Ok(());
        }
        within(WRITE_TIME_MAX, "writing", self.socket.feed(bytes)).await?
    }

    async fn flush(&mut self) -> Result<(), Ended> {
        self.feed().await?;
        within(WRITE_TIME_MAX, "writing", self.socket.flush()).await?
    }
}

impl From<News> for FromLine {
    fn from(news: News) -> Self {
        match news {
            News::Message(payload) => FromLine::Message(payload),
            News::Acknowledged(number) => FromLine::Acknowledged(number),
        }
    }
}

pub(super) async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = T>) -> Result<T, Ended> {
    timeout(limit, work).await.map_err(|_| Ended::Broken(format!("{what} took longer than {} s", limit.as_secs())))
}
