//! The least that could do it, without authentication, TLS, signatures, policy, journal or output.
//!
//! - spawn: start the command and wait for it.
//! - fdatasync: append 8 KiB to a file and wait for the disk.
//! - floor A: MQTT, QoS 1, through Mosquitto; a small agent starts the command and reports its end.
//! - floor B: HTTP POST, insert into SQLite (WAL, FULL), floor A, update in SQLite, answer.
//! - posting: HTTP POST, insert into the database together with what else is posted, answer.
//!
//! What is a process of its own in the product is one here: the bench starts itself again as [`agent`], [`server`] and [`items`].

pub mod agent;
pub mod items;
pub mod server;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::http::Http;
use crate::mqtt::{self, Inbox, Publisher};
use crate::programs::{Running, free_port, installed, wait_for_port};
use crate::stamps::{Stamps, now};

pub use agent::COMMAND as AGENT;
pub use server::COMMAND as SERVER;

const APPEND_LEN: usize = 8 * 1024;

/// From whoever orders to the floor's agent.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub id: i64,
    pub program: String,
    pub arguments: Vec<String>,
}

/// And back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub id: i64,
    pub code: i32,
}

/// Topics of one agent: orders and reports.
fn topics(name: &str) -> (String, String) {
    (format!("{name}/cmd"), format!("{name}/evt"))
}

/// Nanoseconds to the command's start, and to its end.
pub fn spawn(stamps: &mut Stamps) -> anyhow::Result<(u64, u64)> {
    let stamp = stamps.stamp();
    let called_at = now();
    let status = Command::new(&stamps.program).args(&stamp.arguments).stdin(Stdio::null()).status()?;
    let ended_at = now();
    ensure!(status.success(), "the command failed ({status})");
    Ok((stamps.started_at(&stamp)? - called_at, ended_at - called_at))
}

/// Nanoseconds for one append that is on the disk.
pub fn append(file: &File) -> anyhow::Result<u64> {
    use std::io::Write as _;
    let bytes = [1; APPEND_LEN];
    let called_at = now();
    (&mut &*file).write_all(&bytes)?;
    file.sync_data()?;
    Ok(now() - called_at)
}

/// Mosquitto on a free port.
pub struct Broker {
    pub port: u16,
    _running: Running,
}

impl Broker {
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let settings = folder.join("mosquitto.conf");
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_dest stderr\n");
        std::fs::write(&settings, text)?;
        let mut command = Command::new(installed("mosquitto")?);
        let running = Running::start(command.arg("-c").arg(settings), &folder.join("mosquitto.log"))?;
        wait_for_port(port)?;
        Ok(Self { port, _running: running })
    }
}

/// Floor A.
pub struct FloorA {
    publisher: Publisher,
    inbox: Inbox,
    _agent: Running,
}

impl FloorA {
    const NAME: &str = "a";

    pub fn start(broker: &Broker, folder: &Path) -> anyhow::Result<Self> {
        let agent = start_agent(broker, Self::NAME, folder)?;
        let (publisher, inbox) = mqtt::connect(broker.port, "bench", &topics(Self::NAME).1)?;
        Ok(Self { publisher, inbox, _agent: agent })
    }

    pub fn trigger(&mut self, stamps: &mut Stamps) -> anyhow::Result<(u64, u64)> {
        let stamp = stamps.stamp();
        let program = stamps.program.display().to_string();
        let order = serde_json::to_vec(&Order { id: 1, program, arguments: stamp.arguments.to_vec() })?;
        let called_at = now();
        self.publisher.publish(&topics(Self::NAME).0, &order)?;
        let report = self.inbox.receive()?;
        let answered_at = now();
        ensure!(serde_json::from_slice::<Report>(&report)?.code == 0, "the command failed");
        Ok((stamps.started_at(&stamp)? - called_at, answered_at - called_at))
    }
}

/// Floor B.
pub struct FloorB {
    http: Http,
    _agent: Running,
    _server: Running,
}

impl FloorB {
    const NAME: &str = "b";

    pub fn start(broker: &Broker, folder: &Path) -> anyhow::Result<Self> {
        let agent = start_agent(broker, Self::NAME, folder)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([SERVER, &broker.port.to_string(), Self::NAME]).arg(folder.join("floor.db"));
        let server = Running::start(&mut command, &folder.join("floor-server.log"))?;
        let http = Http::connect(server.line("ready")?.parse()?, None, None)?;
        Ok(Self { http, _agent: agent, _server: server })
    }

    pub fn trigger(&mut self, stamps: &mut Stamps) -> anyhow::Result<(u64, u64)> {
        let stamp = stamps.stamp();
        let program = stamps.program.display().to_string();
        let body = serde_json::to_string(&Order { id: 0, program, arguments: stamp.arguments.to_vec() })?;
        let called_at = now();
        let answer = self.http.post("/", &body)?;
        let answered_at = now();
        ensure!(answer.json(200)?["code"] == 0, "the command failed");
        Ok((stamps.started_at(&stamp)? - called_at, answered_at - called_at))
    }
}

fn start_agent(broker: &Broker, name: &str, folder: &Path) -> anyhow::Result<Running> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([AGENT, &broker.port.to_string(), name]);
    let agent = Running::start(&mut command, &folder.join(format!("floor-agent-{name}.log")))?;
    agent.line("ready").context("the floor's agent")?;
    Ok(agent)
}
