//! MQTT 3.1.1 and 5 behind one small vocabulary, over the sans-I/O protocol library.
//!
//! Automatic publish responses stay off: a publish is acknowledged after its commit. Packets over the limit are refused before
//! anything is allocated for them. Packets are read one at a time, so that what a client sends in one go costs no more than its bytes.

use bytes::{Buf as _, Bytes};
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, Event};
use mqtt_protocol_core::mqtt::packet::prelude::*;
use mqtt_protocol_core::mqtt::packet::{
    MaximumQos, RetainAvailable, ServerKeepAlive, SessionExpiryInterval, SharedSubscriptionAvailable, SubscriptionIdentifierAvailable,
    WildcardSubscriptionAvailable,
};
use mqtt_protocol_core::mqtt::packet::{Packet, Property, Qos, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, ConnectReturnCode, DisconnectReasonCode, MqttError, PubackReasonCode, SubackReasonCode, SubackReturnCode,
    UnsubackReasonCode,
};
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use taskey_proto::line::{self, KEEP_ALIVE_SECS, MESSAGE_LEN_MAX};

/// Publishes that may be open towards us.
pub const OPEN_MAX: usize = line::OPEN_MAX as usize;
/// What a client of 3.1, or of what comes after 5, gets: CONNACK of 3.1.1 with "unacceptable protocol version".
const UNSUPPORTED_VERSION: [u8; 4] = [0x20, 0x02, 0x00, 0x01];
/// A packet: the largest message, its topic and its header.
const PACKET_LEN_MAX: u32 = MESSAGE_LEN_MAX as u32 + 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    Connect {
        client_id: String,
        username: String,
        password: String,
        keep_alive_secs: u16,
        /// It asks for what there is not.
        fault: Option<Refused>,
    },
    Publish {
        packet_id: Option<u16>,
        topic: String,
        payload: Bytes,
        /// It is of a kind that is not for devices.
        fault: Option<Goodbye>,
    },
    Subscribe {
        packet_id: u16,
        filters: Vec<String>,
        fault: Option<Goodbye>,
    },
    Unsubscribe {
        packet_id: u16,
        filters: Vec<String>,
    },
    /// Answered already.
    Ping,
    Disconnect,
    /// Not MQTT as we speak it: the line cannot go on.
    Broken(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Credential,
    Unavailable,
    /// A device has a client id; none is made up for it.
    NoClientId,
    AuthenticationMethod,
    RetainedWill,
    WillQos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goodbye {
    NotAuthorized,
    ProtocolError,
    RetainNotSupported,
    QosNotSupported,
    SubscriptionIdNotSupported,
    TakenOver,
    ShuttingDown,
    KeepAliveTimeout,
    ServerBusy,
}

pub struct Wire {
    connection: Connection<role::Server>,
    output: Vec<u8>,
}

impl Default for Wire {
    fn default() -> Self {
        let options = ConnectionOptions::new().maximum_packet_size_recv(PACKET_LEN_MAX).receive_maximum(OPEN_MAX as u16);
        let mut connection = Connection::<role::Server>::with_options(Version::Undetermined, options);
        connection.set_auto_pub_response(false);
        connection.set_auto_ping_response(true);
        Self { connection, output: Vec::new() }
    }
}

impl Wire {
    /// What is to be written to the client.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The next packet; `bytes` keeps what follows it. `None` when they are all taken and more are needed.
    pub fn receive(&mut self, bytes: &mut Bytes) -> Option<Incoming> {
        while !bytes.is_empty() {
            let mut cursor = Cursor::new(&bytes[..]);
            let events = self.connection.recv(&mut cursor);
            let taken = cursor.position() as usize;
            bytes.advance(taken);
            if let Some(incoming) = self.take_events(events) {
                return Some(incoming);
            }
        }
        None
    }

    pub fn accept(&mut self, keep_alive_secs: u16) {
        let packet: Option<Packet> = match self.version() {
            Version::V5_0 => {
                let mut properties: Vec<Property> = Vec::new();
                properties.extend(MaximumQos::new(1).map(Property::from));
                // No session outlives its line, whatever was asked for.
                properties.extend(SessionExpiryInterval::new(0).map(Property::from));
                properties.extend(RetainAvailable::new(0).map(Property::from));
                properties.extend(WildcardSubscriptionAvailable::new(0).map(Property::from));
                properties.extend(SubscriptionIdentifierAvailable::new(0).map(Property::from));
                properties.extend(SharedSubscriptionAvailable::new(0).map(Property::from));
                if keep_alive_secs == 0 {
                    properties.extend(ServerKeepAlive::new(KEEP_ALIVE_SECS).map(Property::from));
                }
                let connack = v5_0::Connack::builder().session_present(false).reason_code(ConnectReasonCode::Success).props(properties);
                connack.build().ok().map(Packet::from)
            }
            _ => {
                let connack = v3_1_1::Connack::builder().session_present(false).return_code(ConnectReturnCode::Accepted);
                connack.build().ok().map(Packet::from)
            }
        };
        self.send(packet);
    }

    pub fn refuse(&mut self, refused: Refused) {
        let packet: Option<Packet> = match self.version() {
            Version::V5_0 => {
                let code = match refused {
                    Refused::Credential => ConnectReasonCode::BadUserNameOrPassword,
                    Refused::Unavailable => ConnectReasonCode::ServerUnavailable,
                    Refused::NoClientId => ConnectReasonCode::ClientIdentifierNotValid,
                    Refused::AuthenticationMethod => ConnectReasonCode::BadAuthenticationMethod,
                    Refused::RetainedWill => ConnectReasonCode::RetainNotSupported,
                    Refused::WillQos => ConnectReasonCode::QosNotSupported,
                };
                v5_0::Connack::builder().session_present(false).reason_code(code).build().ok().map(Packet::from)
            }
            _ => {
                let code = match refused {
                    Refused::Credential => ConnectReturnCode::BadUserNameOrPassword,
                    Refused::Unavailable => ConnectReturnCode::ServerUnavailable,
                    Refused::NoClientId => ConnectReturnCode::IdentifierRejected,
                    Refused::AuthenticationMethod | Refused::RetainedWill | Refused::WillQos => ConnectReturnCode::NotAuthorized,
                };
                v3_1_1::Connack::builder().session_present(false).return_code(code).build().ok().map(Packet::from)
            }
        };
        self.send(packet);
    }

    /// Acknowledges a publish that was committed.
    pub fn acknowledge(&mut self, packet_id: u16) {
        let packet: Option<Packet> = match self.version() {
            Version::V5_0 => v5_0::Puback::builder().packet_id(packet_id).build().ok().map(Packet::from),
            _ => v3_1_1::Puback::builder().packet_id(packet_id).build().ok().map(Packet::from),
        };
        self.send(packet);
    }

    /// Refuses a publish where the protocol has a word for it.
    pub fn refuse_publish(&mut self, packet_id: u16) {
        if self.version() == Version::V5_0 {
            let puback = v5_0::Puback::builder().packet_id(packet_id).reason_code(PubackReasonCode::NotAuthorized);
            self.send(puback.build().ok().map(Packet::from));
        }
    }

    /// Answers a subscription, one verdict for each filter.
    pub fn answer_subscribe(&mut self, packet_id: u16, allowed: &[bool]) {
        let packet: Option<Packet> = match self.version() {
            Version::V5_0 => {
                let code = |allowed: &bool| if *allowed { SubackReasonCode::GrantedQos0 } else { SubackReasonCode::NotAuthorized };
                let codes = allowed.iter().map(code).collect();
                v5_0::Suback::builder().packet_id(packet_id).reason_codes(codes).build().ok().map(Packet::from)
            }
            _ => {
                let code = |allowed: &bool| if *allowed { SubackReturnCode::SuccessMaximumQos0 } else { SubackReturnCode::Failure };
                let codes = allowed.iter().map(code).collect();
                v3_1_1::Suback::builder().packet_id(packet_id).return_codes(codes).build().ok().map(Packet::from)
            }
        };
        self.send(packet);
    }

    /// Answers the end of subscriptions: for each filter, whether there was one.
    pub fn answer_unsubscribe(&mut self, packet_id: u16, existed: &[bool]) {
        let packet: Option<Packet> = match self.version() {
            Version::V5_0 => {
                let code = |existed: &bool| if *existed { UnsubackReasonCode::Success } else { UnsubackReasonCode::NoSubscriptionExisted };
                let codes = existed.iter().map(code).collect();
                v5_0::Unsuback::builder().packet_id(packet_id).reason_codes(codes).build().ok().map(Packet::from)
            }
            _ => v3_1_1::Unsuback::builder().packet_id(packet_id).build().ok().map(Packet::from),
        };
        self.send(packet);
    }

    pub fn publish(&mut self, topic: &str, payload: &[u8]) {
        let packet: Option<Packet> = match self.version() {
            Version::V5_0 => {
                let publish = v5_0::Publish::builder().topic_name(topic).ok().map(|publish| publish.qos(Qos::AtMostOnce).payload(payload));
                publish.and_then(|publish| publish.build().ok()).map(Packet::from)
            }
            _ => {
                let publish =
                    v3_1_1::Publish::builder().topic_name(topic).ok().map(|publish| publish.qos(Qos::AtMostOnce).payload(payload));
                publish.and_then(|publish| publish.build().ok()).map(Packet::from)
            }
        };
        self.send(packet);
    }

    /// Says why the line ends, where the protocol has a word for it.
    pub fn say_goodbye(&mut self, goodbye: Goodbye) {
        if self.version() != Version::V5_0 {
            return;
        }
        let code = match goodbye {
            Goodbye::NotAuthorized => DisconnectReasonCode::NotAuthorized,
            Goodbye::ProtocolError => DisconnectReasonCode::ProtocolError,
            Goodbye::RetainNotSupported => DisconnectReasonCode::RetainNotSupported,
            Goodbye::QosNotSupported => DisconnectReasonCode::QosNotSupported,
            Goodbye::SubscriptionIdNotSupported => DisconnectReasonCode::SubscriptionIdentifiersNotSupported,
            Goodbye::TakenOver => DisconnectReasonCode::SessionTakenOver,
            Goodbye::ShuttingDown => DisconnectReasonCode::ServerShuttingDown,
            Goodbye::KeepAliveTimeout => DisconnectReasonCode::KeepAliveTimeout,
            Goodbye::ServerBusy => DisconnectReasonCode::ServerBusy,
        };
        self.send(v5_0::Disconnect::builder().reason_code(code).build().ok().map(Packet::from));
    }

    fn version(&self) -> Version {
        self.connection.get_protocol_version()
    }

    fn send(&mut self, packet: Option<Packet>) {
        let Some(packet) = packet else {
            tracing::error!("a packet of ours could not be built");
            return;
        };
        let events = self.connection.send(packet);
        self.take_events(events);
    }

    /// What came in; an error weighs more than the packet that it is about.
    fn take_events(&mut self, events: Vec<Event>) -> Option<Incoming> {
        let (mut received, mut broken, mut closing) = (None, None, None);
        for event in events {
            match event {
                Event::NotifyPacketReceived(packet) => received = Some(read_packet(packet)),
                Event::RequestSendPacket { packet, .. } => self.output.extend_from_slice(&packet.to_continuous_buffer()),
                Event::NotifyError(error) => {
                    if error == MqttError::UnsupportedProtocolVersion && self.version() == Version::Undetermined {
                        self.output.extend_from_slice(&UNSUPPORTED_VERSION);
                    }
                    broken = Some(Incoming::Broken(format!("{error:?}")));
                }
                Event::RequestClose => closing = Some(Incoming::Disconnect),
                // The line keeps its own time limits.
                Event::NotifyPacketIdReleased(_) | Event::RequestTimerReset { .. } | Event::RequestTimerCancel(_) => {}
            }
        }
        broken.or(received).or(closing)
    }
}

fn read_packet(packet: Packet) -> Incoming {
    match packet {
        Packet::V3_1_1Connect(connect) => Incoming::Connect {
            client_id: connect.client_id().to_owned(),
            username: connect.user_name().unwrap_or_default().to_owned(),
            password: text(connect.password()),
            keep_alive_secs: connect.keep_alive(),
            fault: connect.client_id().is_empty().then_some(Refused::NoClientId),
        },
        Packet::V5_0Connect(connect) => Incoming::Connect {
            client_id: connect.client_id().to_owned(),
            username: connect.user_name().unwrap_or_default().to_owned(),
            password: text(connect.password()),
            keep_alive_secs: connect.keep_alive(),
            fault: fault_of_connect(&connect),
        },
        Packet::V3_1_1Publish(publish) => {
            let fault = fault_of_publish(publish.qos(), publish.retain(), publish.packet_id());
            let payload = Bytes::copy_from_slice(publish.payload().as_slice());
            Incoming::Publish { packet_id: publish.packet_id(), topic: publish.topic_name().to_owned(), payload, fault }
        }
        Packet::V5_0Publish(publish) => {
            let fault = fault_of_publish(publish.qos(), publish.retain(), publish.packet_id());
            let payload = Bytes::copy_from_slice(publish.payload().as_slice());
            Incoming::Publish { packet_id: publish.packet_id(), topic: publish.topic_name().to_owned(), payload, fault }
        }
        Packet::V3_1_1Subscribe(subscribe) => Incoming::Subscribe {
            packet_id: subscribe.packet_id(),
            filters: subscribe.entries().iter().map(|entry| entry.topic_filter().to_owned()).collect(),
            fault: None,
        },
        Packet::V5_0Subscribe(subscribe) => Incoming::Subscribe {
            packet_id: subscribe.packet_id(),
            filters: subscribe.entries().iter().map(|entry| entry.topic_filter().to_owned()).collect(),
            fault: (subscribe.props().iter())
                .any(|property| matches!(property, Property::SubscriptionIdentifier(_)))
                .then_some(Goodbye::SubscriptionIdNotSupported),
        },
        Packet::V3_1_1Unsubscribe(unsubscribe) => Incoming::Unsubscribe {
            packet_id: unsubscribe.packet_id(),
            filters: unsubscribe.entries().iter().map(|entry| entry.as_str().to_owned()).collect(),
        },
        Packet::V5_0Unsubscribe(unsubscribe) => Incoming::Unsubscribe {
            packet_id: unsubscribe.packet_id(),
            filters: unsubscribe.entries().iter().map(|entry| entry.as_str().to_owned()).collect(),
        },
        Packet::V3_1_1Disconnect(_) | Packet::V5_0Disconnect(_) => Incoming::Disconnect,
        Packet::V3_1_1Pingreq(_) | Packet::V5_0Pingreq(_) => Incoming::Ping,
        other => Incoming::Broken(format!("a packet that devices do not send: {}", other.packet_type())),
    }
}

/// A server of MQTT 5 that has no retained messages, no QoS 2 and no such authentication must say so at CONNECT.
fn fault_of_connect(connect: &v5_0::Connect) -> Option<Refused> {
    if connect.props().iter().any(|property| matches!(property, Property::AuthenticationMethod(_))) {
        return Some(Refused::AuthenticationMethod);
    }
    if connect.client_id().is_empty() {
        return Some(Refused::NoClientId);
    }
    if connect.will_flag() && connect.will_retain() {
        return Some(Refused::RetainedWill);
    }
    (connect.will_flag() && connect.will_qos() == Qos::ExactlyOnce).then_some(Refused::WillQos)
}

/// QoS 2, retained messages and the packet id 0 are not for devices.
fn fault_of_publish(qos: Qos, retain: bool, packet_id: Option<u16>) -> Option<Goodbye> {
    if packet_id == Some(0) {
        return Some(Goodbye::ProtocolError);
    }
    if retain {
        return Some(Goodbye::RetainNotSupported);
    }
    (qos == Qos::ExactlyOnce).then_some(Goodbye::QosNotSupported)
}

fn text(bytes: Option<&[u8]>) -> String {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}
