//! A server and real agents in one process, on clocks that the test moves: days pass in seconds.
//!
//! The agents start real processes and keep real journals. Time goes on in small steps, and each step waits until every agent has done what
//! was due by then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use taskey_agent::Config;
use taskey_agent::clock::{Clock, Hands};
use taskey_agent::state_dir::StateDir;
use taskey_proto::Time;
use taskey_proto::document::SignedDocument;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::{Person, TestServer};
use crate::{Engine, PATIENCE, eventually, wait_for};

/// When the clocks begin.
pub const START_MS: i64 = 1_790_000_000_000;

pub struct Clockwork {
    pub server: Option<TestServer>,
    pub person: Person,
    /// Where the time of the whole world is.
    pub now: Time,
    folder: tempfile::TempDir,
}

/// A device: its state, its clock, and the agent while it runs.
pub struct Device {
    pub name: String,
    pub id: String,
    pub state: StateDir,
    pub hands: Arc<Hands>,
    agent: Option<Agent>,
}

struct Agent {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), taskey_agent::RunError>>,
}

/// Whom devices run everything as: whoever runs the test.
pub fn user() -> String {
    taskey_agent::users::own_name().expect("a user")
}

impl Clockwork {
    pub async fn start(engine: Engine) -> Self {
        let mut server = TestServer::start(engine).await;
        let person = server.set_up().await;
        // It comes back at the same address, as a server does.
        let address = server.server().url().trim_start_matches("http://").parse().expect("an address");
        server.set_listen(address);
        Self { server: Some(server), person, now: Time::from_ms(START_MS), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Enrols a device and starts its agent.
    pub async fn device(&self, name: &str) -> Device {
        let state = StateDir::new(Some(self.folder.path().join(name)));
        let token = self.person.enroll_token().await;
        let token = taskey_agent::enroll::Token::parse(&token).expect("a token");
        let identity = taskey_agent::enroll::enroll(&state, self.person.url(), &token, Some(name)).await.expect("the device is enrolled");
        let user = user();
        let policy = format!("allow_actions = [\"COMMAND\", \"SCRIPT\"]\nrun_as = [\"{user}\"]\nsigners = [\"server\"]\n");
        std::fs::create_dir_all(state.policy_dir()).expect("a folder");
        for entry in std::fs::read_dir(state.policy_dir()).expect("a folder").flatten() {
            std::fs::remove_file(entry.path()).expect("a file of the shipped policy");
        }
        std::fs::write(state.policy_dir().join("10.toml"), policy).expect("a policy");
        let mut device =
            Device { name: name.to_owned(), id: identity.device.to_string(), state, hands: Hands::new(0, self.now), agent: None };
        device.start();
        self.is_online(&device).await;
        device
    }

    pub async fn is_online(&self, device: &Device) {
        let path = format!("/api/v1/devices/{}", device.id);
        wait_for(async || self.person.get(&path).await.body["presence"] == "online").await;
    }

    /// Makes a task that runs a script.
    pub async fn task(&self, name: &str, script: &str) {
        let action = json!({"type": "SCRIPT", "content": script, "user": user()});
        let answer = self.person.post("/api/v1/tasks", json!({"name": name, "actions": [action]})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    /// Makes a schedule; every device that it is for holds it after this.
    pub async fn schedule(&self, spec: Value) -> Value {
        let answer = self.person.post("/api/v1/schedules", spec).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.id().to_owned();
        self.is_held(&id).await;
        self.person.get(&format!("/api/v1/schedules/{id}")).await.body
    }

    /// Waits until every device holds the newest revision of a schedule, but those that have run it and were to once.
    pub async fn is_held(&self, schedule: &str) {
        let path = format!("/api/v1/schedules/{schedule}");
        eventually(async || {
            let revision = self.person.get(&path).await.body["revision"].clone();
            let devices = self.person.get(&format!("{path}/devices")).await.body;
            let holds = |held: &Value| held["revision"] == revision || held["completed"] == true;
            let is_held = devices["items"].as_array().is_some_and(|devices| !devices.is_empty() && devices.iter().all(holds));
            is_held.then_some(()).ok_or_else(|| format!("revision {revision} of {devices:#}"))
        })
        .await;
    }

    /// Time goes by for everyone, in steps of `step`.
    pub async fn pass(&mut self, devices: &[&Device], span: Duration, step: Duration) {
        let until = self.now.plus_ms(span.as_millis() as i64);
        while self.now < until {
            let ms = (step.as_millis() as i64).min(until.since_ms(self.now));
            self.now = self.now.plus_ms(ms);
            if let Some(server) = &self.server {
                server.clock.advance(Duration::from_millis(ms as u64));
            }
            for device in devices {
                device.hands.advance_ms(ms);
                if let Some(agent) = &device.agent {
                    let heeded = tokio::time::timeout(PATIENCE, device.hands.heeded()).await;
                    assert!(heeded.is_ok(), "{} does not do what is due; has its agent ended? {}", device.name, agent.task.is_finished());
                }
            }
        }
    }

    /// The server goes away; its clock stands still.
    pub async fn stop_server(&mut self) {
        if let Some(server) = &mut self.server {
            server.pause().await;
        }
    }

    /// It is back, at the time that it is now.
    pub async fn start_server(&mut self) {
        let Some(server) = &mut self.server else { return };
        let behind = self.now.since_ms(server.clock.now()).max(0) as u64;
        server.clock.advance(Duration::from_millis(behind));
        server.resume().await;
    }

    /// All settled slots of a schedule, oldest first.
    pub async fn slots(&self, schedule: &str) -> Vec<Value> {
        let mut slots = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.person.get(&format!("/api/v1/schedules/{schedule}/slots?limit=200{cursor}")).await;
            assert_eq!(page.status, 200, "{}", page.body);
            slots.extend(page.body["items"].as_array().cloned().unwrap_or_default());
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        slots.reverse();
        slots
    }
}

impl Device {
    pub fn start(&mut self) {
        let (stop, stopped) = oneshot::channel();
        let clock = Clock::Hands(self.hands.clone());
        let config = Config { clock, kill_grace: Duration::from_millis(300), ..Config::new(self.state.clone()) };
        let task = tokio::spawn(taskey_agent::run(config, async {
            let _ = stopped.await;
        }));
        self.agent = Some(Agent { stop, task });
    }

    pub async fn stop(&mut self) {
        let Some(agent) = self.agent.take() else { return };
        let _ = agent.stop.send(());
        agent.task.await.expect("the agent ends").expect("it ends well");
    }

    /// Ends it at once, as a power cut would.
    pub async fn cut(&mut self) {
        let Some(agent) = self.agent.take() else { return };
        agent.task.abort();
        let _ = agent.task.await;
    }

    pub fn is_running(&self) -> bool {
        self.agent.is_some()
    }
}

/// Whether an agent with its state in this folder keeps no schedule.
pub fn keeps_no_schedule(state: &Path) -> bool {
    let text = std::fs::read_to_string(state.join("schedules").join("assignment.json")).unwrap_or_default();
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let Ok(signed) = serde_json::from_value::<SignedDocument>(document["assignment"].clone()) else { return false };
    let assignment: Value = serde_json::from_slice(&signed.bytes).unwrap_or_default();
    assignment["schedules"] == json!([])
}

/// Each slot of a schedule on one device as its instant in milliseconds, with its state. Ranges count as often as they say; what they span is
/// for the caller to compare.
pub fn ranges_of(slots: &[Value], device: &str) -> Vec<(i64, i64, u64, String)> {
    let ms = |value: &Value| value.as_str().and_then(|text| text.parse::<Time>().ok()).map_or(0, Time::ms);
    slots
        .iter()
        .filter(|slot| slot["device"]["id"] == device)
        .map(|slot| {
            let state = slot["state"].as_str().unwrap_or_default().to_owned();
            (ms(&slot["at"]), ms(&slot["until"]), slot["count"].as_u64().unwrap_or(0), state)
        })
        .collect()
}

/// Checks that every expected slot is in exactly one row, and no other slot is in any.
pub fn assert_settled_once(slots: &[Value], device: &str, expected: &[i64]) {
    let rows = ranges_of(slots, device);
    for at in expected {
        let count = rows.iter().filter(|(from, until, ..)| (from..=until).contains(&at)).count();
        assert_eq!(count, 1, "the slot {} is in {count} rows: {rows:?}", Time::from_ms(*at));
    }
    for (from, until, count, state) in &rows {
        let covered = expected.iter().filter(|at| (from..=until).contains(at)).count() as u64;
        assert_eq!(covered, *count, "{state} from {} to {}", Time::from_ms(*from), Time::from_ms(*until));
    }
}
