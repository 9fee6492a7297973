//! A server of one device, as small as it can be: challenges, orders to fetch, and the line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::Event;
use mqtt_protocol_core::mqtt::packet::{Packet, Qos, v5_0};
use mqtt_protocol_core::mqtt::prelude::*;
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, SubackReasonCode};
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use taskey_proto::Time;
use taskey_proto::agent::{CHALLENGE_CONTEXT, Challenge, ParsedCredential};
use taskey_proto::crypto::{PublicKey, SigningKey};
use taskey_proto::document::SignedDocument;
use taskey_proto::id::{DeviceId, InstanceId};
use taskey_proto::line::{Down, Up, cmd_topic};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// Where the server's clock stands still.
pub fn now() -> Time {
    Time::from_ms(1_800_000_000_000)
}

pub struct Server {
    pub url: String,
    pub key: SigningKey,
    pub id: InstanceId,
    pub device: DeviceId,
    ups: mpsc::UnboundedReceiver<Up>,
    /// Paths of orders, as they were asked for.
    asked: mpsc::UnboundedReceiver<String>,
    shared: Arc<Shared>,
}

struct Shared {
    challenge: Mutex<SignedDocument>,
    device: DeviceId,
    device_key: PublicKey,
    offers: Mutex<HashMap<String, String>>,
    line: Mutex<Option<mpsc::UnboundedSender<Act>>>,
    /// Bodies that were posted.
    posted: Mutex<Vec<(String, String)>>,
    acknowledges: Mutex<bool>,
    /// Whoever asks for an order waits while this holds.
    keeps_waiting: watch::Sender<bool>,
    told: mpsc::UnboundedSender<Up>,
    asked: mpsc::UnboundedSender<String>,
}

enum Act {
    Send(Vec<u8>),
    Break,
}

impl Server {
    pub async fn start(device: DeviceId, device_key: PublicKey) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (key, _) = SigningKey::generate().unwrap();
        let id = server_id();
        let (told, ups) = mpsc::unbounded_channel();
        let (asks, asked) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            challenge: Mutex::new(challenge(&key, device, now(), 1)),
            device,
            device_key,
            offers: Mutex::default(),
            line: Mutex::default(),
            posted: Mutex::default(),
            acknowledges: Mutex::new(true),
            keeps_waiting: watch::Sender::new(false),
            told,
            asked: asks,
        });
        let served = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, served.clone()));
            }
        });
        Self { url, key, id, device, ups, asked, shared }
    }

    /// The next message of the device.
    pub async fn told(&mut self) -> Up {
        tokio::time::timeout(std::time::Duration::from_secs(30), self.ups.recv()).await.expect("a message within 30 s").unwrap()
    }

    /// The next message that is not a sync.
    pub async fn told_of_work(&mut self) -> Up {
        loop {
            match self.told().await {
                Up::Sync(_) => {}
                up => return up,
            }
        }
    }

    pub fn send(&self, down: &Down) {
        self.act(Act::Send(serde_json::to_vec(down).unwrap()));
    }

    pub fn break_line(&self) {
        self.act(Act::Break);
    }

    /// What the server signs from the next challenge on.
    pub fn set_clock(&self, time: Time, epoch: u64) {
        *self.shared.challenge.lock().unwrap() = challenge(&self.key, self.device, time, epoch);
    }

    /// Whether messages are acknowledged.
    pub fn acknowledge(&self, acknowledges: bool) {
        *self.shared.acknowledges.lock().unwrap() = acknowledges;
    }

    /// Whether whoever asks for an order waits for the answer.
    pub fn keep_waiting(&self, keeps_waiting: bool) {
        self.shared.keeps_waiting.send_replace(keeps_waiting);
    }

    /// How many orders were asked for so far.
    pub fn asked_count(&self) -> usize {
        self.asked.len()
    }

    /// Has an answer ready for whoever asks at that path.
    pub fn offer(&self, path: String, answer: String) {
        self.shared.offers.lock().unwrap().insert(path, answer);
    }

    /// What was posted to a path so far.
    pub fn posted(&self, path: &str) -> Vec<String> {
        self.shared.posted.lock().unwrap().iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }

    fn act(&self, act: Act) {
        let line = self.shared.line.lock().unwrap();
        assert!(line.as_ref().expect("a line").send(act).is_ok());
    }
}

fn challenge(key: &SigningKey, device: DeviceId, time: Time, epoch: u64) -> SignedDocument {
    let challenge = Challenge { device, server: server_id(), epoch, nonce: "nonce".to_owned(), time, roots: Vec::new() };
    SignedDocument::sign(key, CHALLENGE_CONTEXT, &challenge).unwrap()
}

fn server_id() -> InstanceId {
    InstanceId::new(uuid::Uuid::from_u128(2))
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).unwrap();
    let mut start = [0; 64];
    let len = stream.peek(&mut start).await.unwrap();
    if start[..len].starts_with(b"GET /mqtt ") {
        let socket = tokio_tungstenite::accept_hdr_async(stream, speak_mqtt).await.unwrap();
        return serve_line(socket, shared).await;
    }
    answer(stream, &shared).await;
}

#[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
fn speak_mqtt(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    response.headers_mut().insert("sec-websocket-protocol", "mqtt".parse().unwrap());
    Ok(response)
}

async fn answer(mut stream: TcpStream, shared: &Shared) {
    let Some((request, posted)) = read_request(&mut stream).await else { return };
    let path = request.split(' ').nth(1).unwrap().to_owned();
    if path.starts_with("/agent/v1/orders/") {
        let _ = shared.asked.send(path.clone());
        let mut waits = shared.keeps_waiting.subscribe();
        waits.wait_for(|waits| !waits).await.unwrap();
    }
    let body = if path == "/agent/v1/challenge" {
        Some(serde_json::json!({"challenge": *shared.challenge.lock().unwrap()}).to_string())
    } else {
        let bearer = request.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap_or_default();
        shared.is_true(bearer).then(|| shared.offers.lock().unwrap().get(&path).cloned()).flatten()
    };
    if body.is_some() && request.starts_with("POST ") {
        shared.posted.lock().unwrap().push((path, posted));
    }
    let (status, body) = body.map_or(("500 No", String::new()), |body| ("200 OK", body));
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Head and body of a request.
async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |len| len.parse().unwrap());
            if bytes.len() >= end + 4 + len {
                return Some((head, String::from_utf8_lossy(&bytes[end + 4..]).into_owned()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

impl Shared {
    fn is_true(&self, credential: &str) -> bool {
        ParsedCredential::parse(credential)
            .is_some_and(|parsed| parsed.claim.device == self.device && parsed.is_signed_by(&self.device_key))
    }
}

async fn serve_line(mut socket: WebSocketStream<TcpStream>, shared: Arc<Shared>) {
    let mut mqtt = Connection::<role::Server>::new(Version::V5_0);
    let (line, mut acts) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            frame = socket.next() => {
                let Some(Ok(tungstenite::Message::Binary(bytes))) = frame else { return };
                let mut cursor = Cursor::new(&bytes[..]);
                while cursor.position() < bytes.len() as u64 {
                    let events = mqtt.recv(&mut cursor);
                    for packet in carry_out(&mut socket, events).await {
                        let answer = take(&shared, &line, packet);
                        let events = answer.map(|answer| mqtt.send(answer)).unwrap_or_default();
                        carry_out(&mut socket, events).await;
                    }
                }
            }
            Some(act) = acts.recv() => match act {
                Act::Break => return,
                Act::Send(payload) => {
                    let id = mqtt.acquire_packet_id().unwrap();
                    let publish = v5_0::Publish::builder().topic_name(cmd_topic(shared.device)).unwrap();
                    let publish = publish.qos(Qos::AtLeastOnce).packet_id(id).payload(payload).build().unwrap();
                    let events = mqtt.send(publish.into());
                    carry_out(&mut socket, events).await;
                }
            },
        }
    }
}

/// Writes what is to be written and returns what was received.
async fn carry_out(socket: &mut WebSocketStream<TcpStream>, events: Vec<Event>) -> Vec<Packet> {
    let mut received = Vec::new();
    for event in events {
        match event {
            Event::NotifyPacketReceived(packet) => received.push(packet),
            Event::RequestSendPacket { packet, .. } => {
                let _ = socket.send(tungstenite::Message::binary(packet.to_continuous_buffer())).await;
            }
            _ => {}
        }
    }
    received
}

fn take(shared: &Shared, line: &mpsc::UnboundedSender<Act>, packet: Packet) -> Option<Packet> {
    match packet {
        Packet::V5_0Connect(connect) => {
            let password = String::from_utf8_lossy(connect.password().unwrap_or_default()).into_owned();
            let code = if shared.is_true(&password) { ConnectReasonCode::Success } else { ConnectReasonCode::NotAuthorized };
            Some(v5_0::Connack::builder().session_present(false).reason_code(code).build().unwrap().into())
        }
        Packet::V5_0Subscribe(subscribe) => {
            *shared.line.lock().unwrap() = Some(line.clone());
            let suback = v5_0::Suback::builder().packet_id(subscribe.packet_id());
            Some(suback.reason_codes(vec![SubackReasonCode::GrantedQos1]).build().unwrap().into())
        }
        Packet::V5_0Publish(publish) => {
            let up = serde_json::from_slice(publish.payload().as_slice()).unwrap();
            let acknowledged = *shared.acknowledges.lock().unwrap();
            shared.told.send(up).unwrap();
            acknowledged.then(|| v5_0::Puback::builder().packet_id(publish.packet_id().unwrap()).build().unwrap().into())
        }
        _ => None,
    }
}
