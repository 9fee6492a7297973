//! MQTT on the line's bytes, without the socket: what came in, what is to go out, which timers run.
//!
//! Packets are read one at a time, so that what a server sends in one go costs no more than its bytes.

use std::collections::HashMap;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::{MaximumPacketSize, Qos, SubEntry, SubOpts, v5_0};
use mqtt_protocol_core::mqtt::prelude::*;
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, MqttError, SubackReasonCode};
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use taskey_proto::id::DeviceId;
use taskey_proto::line::{KEEP_ALIVE_SECS, MESSAGE_LEN_MAX, cmd_topic, evt_topic};
use tokio::time::Instant;

use super::{Ended, OPEN_MAX};
use crate::outbox::Message;

pub use mqtt_protocol_core::mqtt::packet::Packet;

const PINGRESP_TIME_MAX: Duration = Duration::from_secs(10);
/// A message and what MQTT puts around it.
const PACKET_LEN_MAX: u32 = MESSAGE_LEN_MAX as u32 + 1024;

/// What a packet means to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Message(Vec<u8>),
    /// The server has committed the message of that number.
    Acknowledged(u64),
}

pub struct Wire {
    mqtt: Connection<role::Client>,
    device: DeviceId,
    topic: String,
    window: u16,
    /// Packet ids of open messages, with our numbers.
    open: HashMap<u16, u64>,
    output: Vec<u8>,
    ping_at: Option<Instant>,
    pingresp_by: Option<Instant>,
}

impl Wire {
    pub fn new(device: DeviceId) -> Self {
        let mut mqtt = Connection::<role::Client>::new(Version::V5_0);
        mqtt.set_auto_pub_response(false);
        mqtt.set_pingresp_recv_timeout(PINGRESP_TIME_MAX.as_millis() as u64);
        Self {
            mqtt,
            device,
            topic: evt_topic(device),
            window: OPEN_MAX,
            open: HashMap::new(),
            output: Vec::new(),
            ping_at: None,
            pingresp_by: None,
        }
    }

    /// How many messages may be open.
    pub fn window(&self) -> u16 {
        self.window
    }

    /// What is to be written to the server.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// When [`Wire::fire_timers`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.ping_at.into_iter().chain(self.pingresp_by).min()
    }

    /// The next packet; `bytes` keeps what follows it. `None` when they are all taken and more are needed.
    pub fn receive(&mut self, bytes: &mut Bytes) -> Result<Option<Packet>, Ended> {
        while !bytes.is_empty() {
            let mut cursor = Cursor::new(&bytes[..]);
            let events = self.mqtt.recv(&mut cursor);
            let taken = cursor.position() as usize;
            bytes.advance(taken);
            if let Some(packet) = self.take_events(events)? {
                return Ok(Some(packet));
            }
        }
        Ok(None)
    }

    pub fn connect(&mut self, credential: &str) -> Result<(), Ended> {
        let device = self.device.to_string();
        let connect = v5_0::Connect::builder()
            .client_id(&device)?
            .clean_start(true)
            .keep_alive(KEEP_ALIVE_SECS)
            .user_name(&device)?
            .password(credential.as_bytes().to_vec())?
            .props(vec![MaximumPacketSize::new(PACKET_LEN_MAX)?.into()])
            .build()?;
        self.send(connect)
    }

    pub fn take_connack(&mut self, packet: &Packet) -> Result<(), Ended> {
        let Packet::V5_0Connack(connack) = packet else {
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

    pub fn subscribe(&mut self) -> Result<(), Ended> {
        let entry = SubEntry::new(cmd_topic(self.device), SubOpts::new().set_qos(Qos::AtLeastOnce))?;
        let subscribe = v5_0::Subscribe::builder().packet_id(self.mqtt.acquire_packet_id()?).entries(vec![entry]).build()?;
        self.send(subscribe)
    }

    pub fn take_suback(&self, packet: &Packet) -> Result<(), Ended> {
        let Packet::V5_0Suback(suback) = packet else {
            return Err(Ended::Broken("the server did not answer with SUBACK".to_owned()));
        };
        match suback.reason_codes()[..] {
            [SubackReasonCode::GrantedQos0 | SubackReasonCode::GrantedQos1 | SubackReasonCode::GrantedQos2] => Ok(()),
            [code] => Err(Ended::Answered(format!("the subscription was answered with {code}"))),
            _ => Err(Ended::Broken("the subscription was not answered".to_owned())),
        }
    }

    /// Takes a packet of a line that is up.
    pub fn take(&mut self, packet: Packet) -> Result<Option<News>, Ended> {
        match packet {
            Packet::V5_0Publish(publish) => {
                // Losing an order harms nothing, the server brings it again at the next sync: it need not run first.
                match publish.packet_id() {
                    Some(0) => return Err(Ended::Broken("the server sent a message with the id 0".to_owned())),
                    Some(id) => self.send(v5_0::Puback::builder().packet_id(id).build()?)?,
                    None => {}
                }
                Ok(Some(News::Message(publish.payload().as_slice().to_vec())))
            }
            Packet::V5_0Puback(puback) => {
                if let Some(code) = puback.reason_code().filter(|code| *code as u8 >= 0x80) {
                    return Err(Ended::Answered(format!("a message was answered with {code}")));
                }
                Ok(self.open.remove(&puback.packet_id()).map(News::Acknowledged))
            }
            Packet::V5_0Disconnect(disconnect) => {
                let why = disconnect.reason_code().map_or_else(|| "no reason".to_owned(), |code| code.to_string());
                Err(Ended::Answered(format!("the server ended the line with {why}")))
            }
            _ => Ok(None),
        }
    }

    pub fn publish(&mut self, message: Message) -> Result<(), Ended> {
        let id = self.mqtt.acquire_packet_id()?;
        self.open.insert(id, message.number);
        let publish =
            v5_0::Publish::builder().topic_name(&self.topic)?.qos(Qos::AtLeastOnce).packet_id(id).payload(message.payload).build()?;
        self.send(publish)
    }

    pub fn disconnect(&mut self) -> Result<(), Ended> {
        self.send(v5_0::Disconnect::builder().build()?)
    }

    pub fn fire_timers(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        if self.pingresp_by.is_some_and(|by| by <= now) {
            return Err(Ended::Broken("the server does not answer".to_owned()));
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping_at = None;
            let events = self.mqtt.notify_timer_fired(TimerKind::PingreqSend);
            self.take_events(events)?;
        }
        Ok(())
    }

    fn send(&mut self, packet: impl Into<Packet>) -> Result<(), Ended> {
        let events = self.mqtt.send(packet.into());
        self.take_events(events)?;
        Ok(())
    }

    fn take_events(&mut self, events: Vec<Event>) -> Result<Option<Packet>, Ended> {
        let mut received = None;
        let mut ended = Ok(());
        for event in events {
            match event {
                Event::NotifyPacketReceived(packet) => received = Some(packet),
                Event::RequestSendPacket { packet, .. } => self.output.extend_from_slice(&packet.to_continuous_buffer()),
                Event::RequestTimerReset { kind, duration_ms } => {
                    self.set_timer(kind, Some(Instant::now() + Duration::from_millis(duration_ms)));
                }
                Event::RequestTimerCancel(kind) => self.set_timer(kind, None),
                Event::NotifyError(error) => ended = Err(error.into()),
                Event::RequestClose if ended.is_ok() => ended = Err(Ended::Broken("the protocol asks to close".to_owned())),
                Event::RequestClose | Event::NotifyPacketIdReleased(_) => {}
            }
        }
        ended.map(|()| received)
    }

    fn set_timer(&mut self, kind: TimerKind, at: Option<Instant>) {
        match kind {
            TimerKind::PingreqSend => self.ping_at = at,
            TimerKind::PingrespRecv => self.pingresp_by = at,
            TimerKind::PingreqRecv => {}
        }
    }
}

impl From<MqttError> for Ended {
    fn from(error: MqttError) -> Self {
        Ended::Broken(format!("MQTT: {error}"))
    }
}
