//! A tiny blocking MQTT 5 client, QoS 1 both ways, for the floors.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{anyhow, bail, ensure};
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::Event;
use mqtt_protocol_core::mqtt::packet::prelude::*;
use mqtt_protocol_core::mqtt::packet::{Packet, Qos, SubEntry, SubOpts, v5_0};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use mqtt_protocol_core::mqtt::{Connection, Version, role};

/// Connects and subscribes to one topic.
pub fn connect(port: u16, client_id: &str, topic: &str) -> anyhow::Result<(Publisher, Inbox)> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut connection = Connection::<role::Client>::new(Version::V5_0);
    connection.set_auto_pub_response(true);
    let publisher = Publisher(Arc::new(Mutex::new(Wire { connection, stream: stream.try_clone()? })));
    let mut inbox = Inbox { stream, publisher: publisher.clone(), buffer: vec![0; 16 * 1024], received: VecDeque::new() };
    let connect = v5_0::Connect::builder().client_id(client_id).map_err(wrong)?.clean_start(true).build().map_err(wrong)?;
    publisher.wire().send(connect.into())?;
    let Packet::V5_0Connack(connack) = inbox.next_packet()? else { bail!("the broker did not answer CONNECT") };
    ensure!(connack.reason_code() as u8 == 0, "the broker refuses: {:?}", connack.reason_code());
    let id = publisher.wire().connection.acquire_packet_id().map_err(wrong)?;
    let entry = SubEntry::new(topic, SubOpts::new().set_qos(Qos::AtLeastOnce)).map_err(wrong)?;
    let subscribe = v5_0::Subscribe::builder().packet_id(id).entries(vec![entry]).build().map_err(wrong)?;
    publisher.wire().send(subscribe.into())?;
    let Packet::V5_0Suback(_) = inbox.next_packet()? else { bail!("the broker did not answer SUBSCRIBE") };
    Ok((publisher, inbox))
}

#[derive(Clone)]
pub struct Publisher(Arc<Mutex<Wire>>);

pub struct Inbox {
    stream: TcpStream,
    publisher: Publisher,
    buffer: Vec<u8>,
    received: VecDeque<Packet>,
}

struct Wire {
    connection: Connection<role::Client>,
    stream: TcpStream,
}

impl Publisher {
    pub fn publish(&self, topic: &str, payload: &[u8]) -> anyhow::Result<()> {
        let mut wire = self.wire();
        let id = wire.connection.acquire_packet_id().map_err(wrong)?;
        let publish = v5_0::Publish::builder().topic_name(topic).map_err(wrong)?.qos(Qos::AtLeastOnce).packet_id(id).payload(payload);
        wire.send(publish.build().map_err(wrong)?.into())
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    /// The next message's payload; it is acknowledged.
    pub fn receive(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            if let Packet::V5_0Publish(publish) = self.next_packet()? {
                return Ok(publish.payload().as_slice().to_vec());
            }
        }
    }

    fn next_packet(&mut self) -> anyhow::Result<Packet> {
        loop {
            if let Some(packet) = self.received.pop_front() {
                return Ok(packet);
            }
            let len = self.stream.read(&mut self.buffer)?;
            ensure!(len > 0, "the broker hung up");
            let mut cursor = Cursor::new(&self.buffer[..len]);
            let mut wire = self.publisher.wire();
            while cursor.position() < len as u64 {
                let events = wire.connection.recv(&mut cursor);
                wire.take(events, &mut self.received)?;
            }
        }
    }
}

impl Wire {
    fn send(&mut self, packet: Packet) -> anyhow::Result<()> {
        let events = self.connection.send(packet);
        self.take(events, &mut VecDeque::new())
    }

    fn take(&mut self, events: Vec<Event>, received: &mut VecDeque<Packet>) -> anyhow::Result<()> {
        for event in events {
            match event {
                Event::NotifyPacketReceived(packet) => received.push_back(packet),
                Event::RequestSendPacket { packet, .. } => self.stream.write_all(&packet.to_continuous_buffer())?,
                Event::NotifyError(error) => return Err(wrong(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

fn wrong(error: MqttError) -> anyhow::Error {
    anyhow!("MQTT: {error:?}")
}
