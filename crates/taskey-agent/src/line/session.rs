//! One connection of the line: the state of MQTT on a socket's bytes.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::{MaximumPacketSize, Packet, Qos, SubEntry, SubOpts, v5_0};
use mqtt_protocol_core::mqtt::prelude::*;
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, MqttError, SubackReasonCode};
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use taskey_proto::id::DeviceId;
use taskey_proto::line::{KEEP_ALIVE_SECS, MESSAGE_LEN_MAX, cmd_topic, evt_topic};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::socket::Socket;
use super::{Ended, FromLine, OPEN_MAX, ToLine};
use crate::outbox::Message;
use crate::server_url::ServerUrl;

/// For CONNACK and for SUBACK, each.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
const PINGRESP_TIME_MAX: Duration = Duration::from_secs(10);
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// A message and what MQTT puts around it.
const PACKET_LEN_MAX: u32 = MESSAGE_LEN_MAX as u32 + 1024;
const LEAVE_TIME_MAX: Duration = Duration::from_millis(200);

pub struct Session {
    socket: Socket,
    mqtt: Connection<role::Client>,
    topic: String,
    window: u16,
    /// Packet ids of open messages, with our numbers.
    open: HashMap<u16, u64>,
    received: VecDeque<Packet>,
    ping_at: Option<Instant>,
    pingresp_by: Option<Instant>,
}

impl Session {
    /// Connects, signs in and subscribes.
    pub async fn open(server: &ServerUrl, device: DeviceId, credential: &str) -> Result<Self, Ended> {
        let socket = Socket::open(server).await?;
        let mut mqtt = Connection::<role::Client>::new(Version::V5_0);
        mqtt.set_auto_pub_response(false);
        mqtt.set_pingresp_recv_timeout(PINGRESP_TIME_MAX.as_millis() as u64);
        let mut session = Self {
            socket,
            mqtt,
            topic: evt_topic(device),
            window: OPEN_MAX,
            open: HashMap::new(),
            received: VecDeque::new(),
            ping_at: None,
            pingresp_by: None,
        };
        session.sign_in(device, credential).await?;
        session.subscribe(device).await?;
        Ok(session)
    }

    pub fn is_websocket(&self) -> bool {
        matches!(self.socket, Socket::WebSocket(_))
    }

    /// How many messages may be open.
    pub fn window(&self) -> u16 {
        self.window
    }

    /// Carries messages both ways until the line ends.
    pub async fn carry(
        &mut self,
        generation: u64,
        orders: &mut mpsc::UnboundedReceiver<ToLine>,
        events: &mpsc::UnboundedSender<FromLine>,
    ) -> Ended {
        match self.carry_on(generation, orders, events).await {
            Ok(()) => Ended::Left,
            Err(ended) => ended,
        }
    }

    async fn carry_on(
        &mut self,
        generation: u64,
        orders: &mut mpsc::UnboundedReceiver<ToLine>,
        events: &mpsc::UnboundedSender<FromLine>,
    ) -> Result<(), Ended> {
        loop {
            while let Some(packet) = self.received.pop_front() {
                self.take_packet(packet, events).await?;
            }
            self.flush().await?;
            let timer_at = self.ping_at.into_iter().chain(self.pingresp_by).min();
            tokio::select! {
                bytes = self.socket.receive() => self.take_bytes(&bytes?).await?,
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
                () = sleep_until(timer_at.unwrap_or_else(Instant::now)), if timer_at.is_some() => self.fire_timers().await?,
            }
        }
    }

    async fn sign_in(&mut self, device: DeviceId, credential: &str) -> Result<(), Ended> {
        let device = device.to_string();
        let connect = v5_0::Connect::builder()
            .client_id(&device)?
            .clean_start(true)
            .keep_alive(KEEP_ALIVE_SECS)
            .user_name(&device)?
            .password(credential.as_bytes().to_vec())?
            .props(vec![MaximumPacketSize::new(PACKET_LEN_MAX)?.into()])
            .build()?;
        let events = self.mqtt.checked_send(connect);
        self.take_events(events).await?;
        self.flush().await?;
        let Packet::V5_0Connack(connack) = within(ANSWER_TIME_MAX, "CONNACK", self.next_packet()).await?? else {
            return Err(Ended::Broken("the server did not begin with CONNACK".to_owned()));
        };
        match connack.reason_code() {
            ConnectReasonCode::Success => {}
            code @ (ConnectReasonCode::BadUserNameOrPassword | ConnectReasonCode::NotAuthorized | ConnectReasonCode::Banned) => {
                return Err(Ended::Refused(format!("the line was answered with {code}")));
            }
            code => return Err(Ended::Answered(format!("the line was answered with {code}"))),
        }
        self.window = self.mqtt.get_receive_maximum_vacancy_for_send().unwrap_or(OPEN_MAX).min(OPEN_MAX);
        Ok(())
    }

    async fn subscribe(&mut self, device: DeviceId) -> Result<(), Ended> {
        let entry = SubEntry::new(cmd_topic(device), SubOpts::new().set_qos(Qos::AtLeastOnce))?;
        let subscribe = v5_0::Subscribe::builder().packet_id(self.mqtt.acquire_packet_id()?).entries(vec![entry]).build()?;
        let events = self.mqtt.checked_send(subscribe);
        self.take_events(events).await?;
        self.flush().await?;
        let Packet::V5_0Suback(suback) = within(ANSWER_TIME_MAX, "SUBACK", self.next_packet()).await?? else {
            return Err(Ended::Broken("the server did not answer with SUBACK".to_owned()));
        };
        match suback.reason_codes()[..] {
            [SubackReasonCode::GrantedQos0 | SubackReasonCode::GrantedQos1 | SubackReasonCode::GrantedQos2] => Ok(()),
            [code] => Err(Ended::Answered(format!("the subscription was answered with {code}"))),
            _ => Err(Ended::Broken("the subscription was not answered".to_owned())),
        }
    }

    /// The next packet while the line is being set up.
    async fn next_packet(&mut self) -> Result<Packet, Ended> {
        loop {
            if let Some(packet) = self.received.pop_front() {
                return Ok(packet);
            }
            let bytes = self.socket.receive().await?;
            self.take_bytes(&bytes).await?;
        }
    }

    async fn take_bytes(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let mut cursor = Cursor::new(bytes);
        while cursor.position() < bytes.len() as u64 {
            let events = self.mqtt.recv(&mut cursor);
            self.take_events(events).await?;
        }
        Ok(())
    }

    async fn take_packet(&mut self, packet: Packet, events: &mpsc::UnboundedSender<FromLine>) -> Result<(), Ended> {
        match packet {
            Packet::V5_0Publish(publish) => {
                let _ = events.send(FromLine::Message(publish.payload().as_slice().to_vec()));
                // Losing an order harms nothing, the server brings it again at the next sync: it need not run first.
                match publish.packet_id() {
                    Some(0) => return Err(Ended::Broken("the server sent a message with the id 0".to_owned())),
                    Some(id) => self.send(v5_0::Puback::builder().packet_id(id).build()?).await?,
                    None => {}
                }
            }
            Packet::V5_0Puback(puback) => {
                if let Some(code) = puback.reason_code().filter(|code| *code as u8 >= 0x80) {
                    return Err(Ended::Answered(format!("a message was answered with {code}")));
                }
                if let Some(number) = self.open.remove(&puback.packet_id()) {
                    let _ = events.send(FromLine::Acknowledged(number));
                }
            }
            Packet::V5_0Disconnect(disconnect) => {
                let why = disconnect.reason_code().map_or_else(|| "no reason".to_owned(), |code| code.to_string());
                return Err(Ended::Answered(format!("the server ended the line with {why}")));
            }
            _ => {}
        }
        Ok(())
    }

    async fn publish(&mut self, message: Message) -> Result<(), Ended> {
        let id = self.mqtt.acquire_packet_id()?;
        self.open.insert(id, message.number);
        let publish =
            v5_0::Publish::builder().topic_name(&self.topic)?.qos(Qos::AtLeastOnce).packet_id(id).payload(message.payload).build()?;
        self.send(publish).await
    }

    async fn leave(&mut self) -> Result<(), Ended> {
        // After DISCONNECT the protocol asks to close, which is no fault here; nor is a server that is gone by now.
        let _ = self.send(v5_0::Disconnect::builder().build()?).await;
        let _ = timeout(LEAVE_TIME_MAX, self.socket.close()).await;
        Ok(())
    }

    async fn send(&mut self, packet: impl Into<Packet>) -> Result<(), Ended> {
        let events = self.mqtt.send(packet.into());
        self.take_events(events).await
    }

    async fn fire_timers(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        if self.pingresp_by.is_some_and(|by| by <= now) {
            return Err(Ended::Broken("the server does not answer".to_owned()));
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping_at = None;
            let events = self.mqtt.notify_timer_fired(TimerKind::PingreqSend);
            self.take_events(events).await?;
        }
        Ok(())
    }

    async fn take_events(&mut self, events: Vec<Event>) -> Result<(), Ended> {
        let mut ended = Ok(());
        for event in events {
            match event {
                Event::NotifyPacketReceived(packet) => self.received.push_back(packet),
                Event::RequestSendPacket { packet, .. } => {
                    within(WRITE_TIME_MAX, "writing", self.socket.feed(packet.to_continuous_buffer())).await??;
                }
                Event::RequestTimerReset { kind, duration_ms } => {
                    self.set_timer(kind, Some(Instant::now() + Duration::from_millis(duration_ms)));
                }
                Event::RequestTimerCancel(kind) => self.set_timer(kind, None),
                Event::NotifyError(error) => ended = Err(error.into()),
                Event::RequestClose if ended.is_ok() => ended = Err(Ended::Broken("the protocol asks to close".to_owned())),
                Event::RequestClose | Event::NotifyPacketIdReleased(_) => {}
            }
        }
        ended
    }

    fn set_timer(&mut self, kind: TimerKind, at: Option<Instant>) {
        match kind {
            TimerKind::PingreqSend => self.ping_at = at,
            TimerKind::PingrespRecv => self.pingresp_by = at,
            TimerKind::PingreqRecv => {}
        }
    }

    async fn flush(&mut self) -> Result<(), Ended> {
        within(WRITE_TIME_MAX, "writing", self.socket.flush()).await?
    }
}

pub(super) async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = T>) -> Result<T, Ended> {
    timeout(limit, work).await.map_err(|_| Ended::Broken(format!("{what} took longer than {} s", limit.as_secs())))
}

impl From<MqttError> for Ended {
    fn from(error: MqttError) -> Self {
        Ended::Broken(format!("MQTT: {error}"))
    }
}
