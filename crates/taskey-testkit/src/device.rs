//! A device as the server sees it: keys, enrolment, credentials and an MQTT 5 line over plain TCP, driven by hand.

use std::collections::VecDeque;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::Event;
use mqtt_protocol_core::mqtt::packet::prelude::*;
use mqtt_protocol_core::mqtt::packet::{Packet, Qos, SubEntry, SubOpts, v5_0};
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use serde_json::json;
use taskey_proto::agent::{Challenge, CredentialClaim, make_credential};
use taskey_proto::audit::AuditHead;
use taskey_proto::crypto::{PublicKey, SigningKey};
use taskey_proto::document::{Order, SignedDocument};
use taskey_proto::id::{DeviceId, InstanceId};
use taskey_proto::line::{Down, Sync, Up, cmd_topic, evt_topic};
use taskey_proto::secrets::SealedSecret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::PATIENCE;
use crate::server::{Person, TestServer};

/// Every device played by hand has this one.
const SEALING_KEY: [u8; 32] = [7; 32];

pub struct FakeDevice {
    pub id: DeviceId,
    pub name: String,
    pub server: InstanceId,
    pub server_key: PublicKey,
    key: SigningKey,
    pub counter: u64,
}

impl FakeDevice {
    /// The values of the secrets that came with an order, by name.
    pub fn secrets_of(&self, order: &Order) -> Vec<(String, String)> {
        let own = x25519_dalek::StaticSecret::from(SEALING_KEY);
        let public = PublicKey(x25519_dalek::PublicKey::from(&own).to_bytes());
        let open = |secret: &SealedSecret| {
            let agree = |theirs: [u8; 32]| Some(own.diffie_hellman(&x25519_dalek::PublicKey::from(theirs)).to_bytes());
            let value = secret.open(&public, &order.execution, agree).expect("it was sealed for this device and this execution");
            (secret.name.clone(), String::from_utf8(value).expect("a text"))
        };
        order.secrets.iter().map(open).collect()
    }

    /// Enrols a device of that name for `person`.
    pub async fn enroll(server: &TestServer, person: &Person, name: &str) -> Self {
        let token = person.enroll_token().await;
        Self::join(server, &token, name, None).await.expect("the device joins")
    }

    /// Enrols a device of that name with a token.
    pub async fn enroll_with(server: &TestServer, token: &str, name: &str) -> anyhow::Result<Self> {
        Self::join(server, token, name, None).await
    }

    /// Gives the device of the token new keys; `claimed` is the one that it says it is.
    pub async fn rekey(server: &TestServer, token: &str, claimed: Option<DeviceId>) -> anyhow::Result<Self> {
        Self::join(server, token, "renewed", claimed).await
    }

    async fn join(server: &TestServer, token: &str, name: &str, claimed: Option<DeviceId>) -> anyhow::Result<Self> {
        let anonymous = server.anonymous();
        let identity = anonymous.get("/agent/v1/server").await;
        let (key, _) = SigningKey::generate()?;
        let sealing = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(SEALING_KEY));
        let mut body = json!({
            "token": token.split('.').next(), "name": name, "signing_key": key.public_key(), "sealing_key": PublicKey(sealing.to_bytes()),
            "facts": {"os": "linux"}, "agent_version": "test", "protocol": 1,
        });
        if let Some(claimed) = claimed {
            body["device"] = json!(claimed);
        }
        let answer = anonymous.post("/agent/v1/enroll", body).await;
        anyhow::ensure!(answer.status == 201, "{}", answer.body);
        Ok(Self {
            id: serde_json::from_value(answer.body["device"].clone())?,
            name: answer.body["name"].as_str().context("a name")?.to_owned(),
            server: serde_json::from_value(identity.body["server"].clone())?,
            server_key: serde_json::from_value(identity.body["key"].clone())?,
            key,
            counter: 0,
        })
    }

    /// A credential that counts one higher than the last.
    pub async fn credential(&mut self, server: &TestServer) -> String {
        self.counter += 1;
        let nonce = self.nonce(server).await;
        self.credential_with(&nonce, self.counter)
    }

    pub async fn nonce(&self, server: &TestServer) -> String {
        let answer = server.anonymous().post("/agent/v1/challenge", json!({"device": self.id})).await;
        let document: SignedDocument = serde_json::from_value(answer.body["challenge"].clone()).expect("a challenge");
        let challenge: Challenge =
            document.open(&self.server_key, taskey_proto::agent::CHALLENGE_CONTEXT, "challenge").expect("signed by the server");
        challenge.nonce
    }

    pub fn credential_with(&self, nonce: &str, counter: u64) -> String {
        let claim = CredentialClaim { device: self.id, server: self.server, nonce: nonce.to_owned(), counter };
        make_credential(&self.key, &claim).expect("a credential")
    }

    /// A line with a fresh credential, subscribed, its first sync acknowledged.
    pub async fn connect(&mut self, server: &TestServer) -> FakeLine {
        self.connect_holding(server, vec![]).await
    }

    /// Whether it is let in with a fresh credential.
    pub async fn is_let_in(&mut self, server: &TestServer) -> bool {
        let credential = self.credential(server).await;
        let id = self.id.to_string();
        FakeLine::open(server.mqtt_address(), &id, &id, &credential).await.is_ok()
    }

    /// As [`FakeDevice::connect`], with these executions in its journal.
    pub async fn connect_holding(&mut self, server: &TestServer, held: Vec<taskey_proto::id::ExecutionId>) -> FakeLine {
        let credential = self.credential(server).await;
        let id = self.id.to_string();
        let mut line = FakeLine::open(server.mqtt_address(), &id, &id, &credential).await.expect("a line");
        line.subscribe(&cmd_topic(self.id)).await.expect("its own topic");
        line.sync(self.id, held).await;
        line
    }
}

/// An MQTT 5 client over TCP.
pub struct FakeLine {
    stream: TcpStream,
    connection: Connection<role::Client>,
    received: VecDeque<Packet>,
    /// Heads of the audit log, which come after a sync and stand in no test's way.
    audit_heads: VecDeque<AuditHead>,
    next_id: u16,
}

impl FakeLine {
    /// Connects; an error names the reason code.
    pub async fn open(address: SocketAddr, client_id: &str, username: &str, password: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connection = Connection::<role::Client>::new(Version::V5_0);
        let mut line = Self { stream, connection, received: VecDeque::new(), audit_heads: VecDeque::new(), next_id: 0 };
        let connect = v5_0::Connect::builder().client_id(client_id).map_err(wrong)?.clean_start(true).keep_alive(60);
        let connect = connect.user_name(username).map_err(wrong)?.password(password).map_err(wrong)?;
        line.send(connect.build().map_err(wrong)?.into()).await?;
        match line.next_packet().await? {
            Packet::V5_0Connack(connack) if connack.reason_code() as u8 == 0 => Ok(line),
            Packet::V5_0Connack(connack) => bail!("refused: {:?}", connack.reason_code()),
            other => bail!("an unexpected packet: {}", other.packet_type()),
        }
    }

    /// Subscribes; the reason code of the answer.
    pub async fn subscribe(&mut self, topic: &str) -> anyhow::Result<u8> {
        let id = self.packet_id();
        let entry = SubEntry::new(topic, SubOpts::new().set_qos(Qos::AtLeastOnce)).map_err(wrong)?;
        self.send(v5_0::Subscribe::builder().packet_id(id).entries(vec![entry]).build().map_err(wrong)?.into()).await?;
        match self.next_packet().await? {
            Packet::V5_0Suback(suback) => Ok(suback.reason_codes()[0] as u8),
            other => bail!("an unexpected packet: {}", other.packet_type()),
        }
    }

    /// Publishes at QoS 1 without waiting for the acknowledgement; its packet id.
    pub async fn publish(&mut self, topic: &str, payload: &[u8]) -> anyhow::Result<u16> {
        let id = self.packet_id();
        let publish = v5_0::Publish::builder().topic_name(topic).map_err(wrong)?.qos(Qos::AtLeastOnce).packet_id(id).payload(payload);
        self.send(publish.build().map_err(wrong)?.into()).await?;
        Ok(id)
    }

    /// Waits for the acknowledgement of a publish; its reason code. Orders that arrive in between are kept.
    pub async fn acknowledged(&mut self, id: u16) -> anyhow::Result<u8> {
        loop {
            let packet = self.read_packet().await?;
            match packet {
                Packet::V5_0Puback(puback) if puback.packet_id() == id => {
                    return Ok(puback.reason_code().map_or(0, |code| code as u8));
                }
                other => self.received.push_back(other),
            }
        }
    }

    /// Reports and waits until it is committed.
    pub async fn report(&mut self, device: DeviceId, up: &Up) {
        let payload = serde_json::to_vec(up).expect("a message");
        let id = self.publish(&evt_topic(device), &payload).await.expect("published");
        assert_eq!(self.acknowledged(id).await.expect("an acknowledgement"), 0);
    }

    pub async fn sync(&mut self, device: DeviceId, held: Vec<taskey_proto::id::ExecutionId>) {
        let sync = Sync {
            agent_version: "test".to_owned(),
            protocol: taskey_proto::PROTOCOL,
            boot_id: "boot".to_owned(),
            facts: [("os".to_owned(), "linux".to_owned())].into(),
            policy: json!({"allow_actions": ["COMMAND"]}),
            held,
            assignment: None,
        };
        self.report(device, &Up::Sync(sync)).await;
    }

    /// The next order.
    pub async fn down(&mut self) -> anyhow::Result<Down> {
        match self.next_packet().await? {
            Packet::V5_0Publish(publish) => Ok(serde_json::from_slice(publish.payload().as_slice())?),
            other => bail!("an unexpected packet: {}", other.packet_type()),
        }
    }

    /// The next head of the audit log.
    pub async fn audit_head(&mut self) -> anyhow::Result<AuditHead> {
        loop {
            if let Some(head) = self.audit_heads.pop_front() {
                return Ok(head);
            }
            let packet = self.read_any().await?;
            match audit_head(&packet) {
                Some(head) => return Ok(head),
                None => self.received.push_back(packet),
            }
        }
    }

    /// How many packets have come that nobody has taken.
    pub fn waiting(&self) -> usize {
        self.received.len()
    }

    /// Waits until the server has closed the line.
    pub async fn closed(&mut self) -> bool {
        while self.read_packet().await.is_ok() {}
        true
    }

    async fn next_packet(&mut self) -> anyhow::Result<Packet> {
        match self.received.pop_front() {
            Some(packet) => Ok(packet),
            None => self.read_packet().await,
        }
    }

    async fn read_packet(&mut self) -> anyhow::Result<Packet> {
        loop {
            let packet = self.read_any().await?;
            match audit_head(&packet) {
                Some(head) => self.audit_heads.push_back(head),
                None => return Ok(packet),
            }
        }
    }

    async fn read_any(&mut self) -> anyhow::Result<Packet> {
        tokio::time::timeout(PATIENCE, self.read_packet_for_ever()).await.context("nothing came")?
    }

    async fn read_packet_for_ever(&mut self) -> anyhow::Result<Packet> {
        // One byte at a time keeps a packet's end from hiding the next one's beginning; tests do not mind.
        let mut byte = [0];
        loop {
            if self.stream.read(&mut byte).await? == 0 {
                bail!("closed");
            }
            let events = self.connection.recv(&mut Cursor::new(&byte[..]));
            for event in events {
                match event {
                    Event::NotifyPacketReceived(packet) => return Ok(packet),
                    Event::NotifyError(error) => bail!("{error:?}"),
                    _ => {}
                }
            }
        }
    }

    async fn send(&mut self, packet: Packet) -> anyhow::Result<()> {
        // Ids are counted here: the tests mean to send what a well-behaved client would not.
        self.connection.register_packet_id(self.next_id.max(1)).ok();
        for event in self.connection.send(packet) {
            match event {
                Event::RequestSendPacket { packet, .. } => self.stream.write_all(&packet.to_continuous_buffer()).await?,
                Event::NotifyError(error) => bail!("{error:?}"),
                _ => {}
            }
        }
        Ok(())
    }

    fn packet_id(&mut self) -> u16 {
        self.next_id += 1;
        self.next_id
    }
}

fn audit_head(packet: &Packet) -> Option<AuditHead> {
    let Packet::V5_0Publish(publish) = packet else { return None };
    match serde_json::from_slice(publish.payload().as_slice()) {
        Ok(Down::AuditHead(head)) => Some(*head),
        _ => None,
    }
}

fn wrong(error: mqtt_protocol_core::mqtt::result_code::MqttError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}
