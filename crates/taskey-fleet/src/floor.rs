//! The floor: bare clients at Mosquitto over TLS. Each gets one message at QoS 1 and answers with one; nothing is signed, stored or
//! decided.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail, ensure};
use futures_util::FutureExt as _;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::Event;
use mqtt_protocol_core::mqtt::packet::prelude::*;
use mqtt_protocol_core::mqtt::packet::{Packet, Qos, SubEntry, SubOpts, v5_0};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::process::resident;

/// As long as what the budgets were set by.
const ASKED: [u8; 92] = [b'a'; 92];
const REPLY: [u8; 31] = [b'r'; 31];
const REPLIES: &str = "replies";
const CONNECTING_MAX: usize = 64;
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
const READ_LEN: usize = 16 * 1024;

pub struct Floor {
    /// From the first message asked to the last one answered, each round.
    pub rounds: Vec<Duration>,
    /// Bytes of the broker for each connected client.
    pub connection_bytes: u64,
}

/// Measures the floor; `None` where Mosquitto is not installed.
pub async fn measure(folder: &Path, clients: usize, rounds: usize) -> anyhow::Result<Option<Floor>> {
    let Some(program) = installed("mosquitto") else { return Ok(None) };
    let broker = Broker::start(&program, folder).await?;
    let before = resident(broker.pid())?;
    let mut controller = broker.client("controller", REPLIES).await?;
    let mut bystanders = JoinSet::new();
    for first in (0..clients).step_by(CONNECTING_MAX) {
        let connecting = (first..clients.min(first + CONNECTING_MAX)).map(|number| broker.client_of(number));
        for client in futures_util::future::try_join_all(connecting).await? {
            bystanders.spawn(client.answer());
        }
    }
    let connection_bytes = resident(broker.pid())?.saturating_sub(before) / clients.max(1) as u64;
    let mut measured = Vec::with_capacity(rounds);
    // The first round is for warming up.
    for round in 0..=rounds {
        let asked_at = Instant::now();
        let asking = async {
            let mut answered = 0;
            for number in 0..clients {
                controller.publish(&format!("ask/{number}"), &ASKED).await?;
                if number % 64 == 0 {
                    controller.stream.flush().await?;
                    answered += controller.answers_so_far().await?;
                }
            }
            controller.stream.flush().await?;
            while answered < clients {
                controller.receive().await?;
                answered += controller.take_answers();
                controller.stream.flush().await?;
            }
            anyhow::Ok(())
        };
        timeout(ANSWERED_WITHIN, asking).await.context("the bare clients do not answer")??;
        if round > 0 {
            measured.push(asked_at.elapsed());
        }
    }
    Ok(Some(Floor { rounds: measured, connection_bytes }))
}

/// Mosquitto with nothing to remember.
struct Broker {
    child: Child,
    port: u16,
    tls: TlsConnector,
}

impl Broker {
    async fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let files = ["floor.crt", "floor.key", "floor.conf"].map(|name| folder.join(name));
        std::fs::write(&files[0], made.cert.pem())?;
        std::fs::write(&files[1], made.signing_key.serialize_pem())?;
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 0\n\
             set_tcp_nodelay true\ncertfile {}\nkeyfile {}\nlog_type none\nuser root\n",
            files[0].display(),
            files[1].display()
        );
        std::fs::write(&files[2], config)?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&files[2]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn()?;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
        let tls = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
        let broker = Self { child, port, tls };
        let up = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), up).await.context("mosquitto does not listen")?;
        Ok(broker)
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    async fn client_of(&self, number: usize) -> anyhow::Result<Client> {
        self.client(&format!("device-{number}"), &format!("ask/{number}")).await
    }

    /// Connects and subscribes to one topic.
    async fn client(&self, id: &str, topic: &str) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(ServerName::try_from("localhost")?, stream).await?;
        let mut connection = Connection::<role::Client>::new(Version::V5_0);
        connection.set_auto_pub_response(true);
        let mut client = Client { stream, connection, received: VecDeque::new(), answers: 0 };
        let connect = v5_0::Connect::builder().client_id(id).map_err(wrong)?.clean_start(true).build().map_err(wrong)?;
        client.send(connect.into()).await?;
        let Packet::V5_0Connack(connack) = client.next_packet().await? else { bail!("the broker did not answer CONNECT") };
        ensure!(connack.reason_code() as u8 == 0, "the broker refuses: {:?}", connack.reason_code());
        let id = client.connection.acquire_packet_id().map_err(wrong)?;
        let entry = SubEntry::new(topic, SubOpts::new().set_qos(Qos::AtLeastOnce)).map_err(wrong)?;
        let subscribe = v5_0::Subscribe::builder().packet_id(id).entries(vec![entry]).build().map_err(wrong)?;
        client.send(subscribe.into()).await?;
        let Packet::V5_0Suback(_) = client.next_packet().await? else { bail!("the broker did not answer SUBSCRIBE") };
        Ok(client)
    }
}

struct Client {
    stream: TlsStream<TcpStream>,
    connection: Connection<role::Client>,
    received: VecDeque<Packet>,
    /// Messages that came and were not counted yet.
    answers: usize,
}

impl Client {
    /// Answers whatever is asked, until the connection ends.
    async fn answer(mut self) -> anyhow::Result<()> {
        loop {
            if let Packet::V5_0Publish(_) = self.next_packet().await? {
                self.publish(REPLIES, &REPLY).await?;
                self.stream.flush().await?;
            }
        }
    }

    async fn publish(&mut self, topic: &str, payload: &[u8]) -> anyhow::Result<()> {
        let id = loop {
            match self.connection.acquire_packet_id() {
                Ok(id) => break id,
                Err(_) => self.receive().await?,
            }
        };
        let publish = v5_0::Publish::builder().topic_name(topic).map_err(wrong)?.qos(Qos::AtLeastOnce).packet_id(id).payload(payload);
        let events = self.connection.send(publish.build().map_err(wrong)?.into());
        self.take(events).await
    }

    async fn send(&mut self, packet: Packet) -> anyhow::Result<()> {
        let events = self.connection.send(packet);
        self.take(events).await?;
        Ok(self.stream.flush().await?)
    }

    async fn next_packet(&mut self) -> anyhow::Result<Packet> {
        loop {
            if let Some(packet) = self.received.pop_front() {
                return Ok(packet);
            }
            self.receive().await?;
            self.stream.flush().await?;
        }
    }

    /// Takes in what has come, without waiting, and counts the answers in it.
    async fn answers_so_far(&mut self) -> anyhow::Result<usize> {
        let mut buffer = [0; READ_LEN];
        while let Some(read) = self.stream.read(&mut buffer).now_or_never() {
            self.take_bytes(&buffer[..read?]).await?;
        }
        Ok(self.take_answers())
    }

    fn take_answers(&mut self) -> usize {
        self.answers += self.received.drain(..).filter(|packet| matches!(packet, Packet::V5_0Publish(_))).count();
        std::mem::take(&mut self.answers)
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        let mut buffer = [0; READ_LEN];
        let len = self.stream.read(&mut buffer).await?;
        self.take_bytes(&buffer[..len]).await
    }

    async fn take_bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        ensure!(!bytes.is_empty(), "the broker hung up");
        let mut cursor = Cursor::new(bytes);
        while cursor.position() < bytes.len() as u64 {
            let events = self.connection.recv(&mut cursor);
            self.take(events).await?;
        }
        Ok(())
    }

    async fn take(&mut self, events: Vec<Event>) -> anyhow::Result<()> {
        for event in events {
            match event {
                Event::NotifyPacketReceived(packet) => self.received.push_back(packet),
                Event::RequestSendPacket { packet, .. } => self.stream.write_all(&packet.to_continuous_buffer()).await?,
                Event::NotifyError(error) => return Err(wrong(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A program of the system; some lie where only root looks.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn wrong(error: MqttError) -> anyhow::Error {
    anyhow!("MQTT: {error:?}")
}
