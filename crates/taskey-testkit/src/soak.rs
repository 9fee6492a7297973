//! Faults at random, from a seed: agents, the server and both are killed with `kill -9` while runs begin, go on and end and schedules fire,
//! and afterwards everything must add up.
//!
//! A seed decides what is done and in which order. When exactly a process dies is the machine's business, so a seed is a
//! place to look at again, not a replay.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use taskey_proto::Time;

use crate::clockwork::keeps_no_schedule;
use crate::process::{Installation, Running, succeeded};
use crate::{Engine, PATIENCE, postgres};

const DEVICES: [&str; 2] = ["web-1", "web-2"];
const STEPS: usize = 14;
/// Each task: its name, what it does after it has noted that it began, its code, and the output that is expected of it.
const TASKS: [(&str, &str, i64, &str); 5] = [
    ("quick", "echo done", 0, "done\n"),
    ("fails", "echo oh no; exit 3", 3, "oh no\n"),
    ("chatters", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done", 0, "1\n2\n3\n4\n5\n6\n"),
    ("writes-much", "head -c 400000 /dev/zero | tr '\\0' x", 0, ""),
    ("leaves-a-child", "(sleep 600) & echo parent", 0, "parent\n"),
];
const MUCH: usize = 400_000;
/// Each schedule: its name, where it fires, and every how many milliseconds.
const SCHEDULES: [(&str, &str, i64); 2] = [("on-devices", "device", 1_000), ("on-the-server", "server", 2_000)];

/// What a seed did.
#[derive(Debug, Default)]
pub struct Report {
    pub runs: usize,
    /// Executions by their state.
    pub states: BTreeMap<String, usize>,
    pub agents_killed: usize,
    pub servers_killed: usize,
    /// Slots of schedules by their state.
    pub slots: BTreeMap<String, u64>,
}

/// A sequence of numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

struct World {
    installation: Installation,
    agents: BTreeMap<&'static str, Running>,
    folder: tempfile::TempDir,
    dice: Dice,
    /// Runs that the server has answered with their id.
    acknowledged: Vec<String>,
    report: Report,
}

/// Does what the seed says, waits until everything is over, and checks it.
pub async fn run_seed(engine: Engine, seed: u64) -> anyhow::Result<Report> {
    let url = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(postgres::new_database().await?),
    };
    let mut world = World::start(url, seed)?;
    let done = world.act().and_then(|()| world.settle()).and_then(|runs| world.check(&runs));
    done.with_context(|| format!("seed {seed} on {engine:?}; look at it again with `cargo x soak --seed {seed}`"))?;
    Ok(world.report)
}

impl World {
    fn start(url: Option<String>, seed: u64) -> anyhow::Result<Self> {
        let installation = Installation::start(url)?;
        installation.set_up()?;
        let folder = tempfile::Builder::new().prefix("taskey-soak").tempdir_in("/tmp")?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))?;
        std::fs::write(folder.path().join("began"), "")?;
        std::fs::set_permissions(folder.path().join("began"), std::fs::Permissions::from_mode(0o666))?;
        for (name, work, _, _) in TASKS {
            let script = format!("echo $TASKEY_EXECUTION_ID >> {}\n{work}\n", folder.path().join("began").display());
            let task = json!({"name": name, "actions": [{"type": "SCRIPT", "content": script}]}).to_string();
            succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task)?)?;
        }
        let mut agents = BTreeMap::new();
        for name in DEVICES {
            installation.enroll(name)?;
            agents.insert(name, installation.agent(name)?);
        }
        for name in DEVICES {
            installation.wait_for_presence(name, "online")?;
        }
        for (name, place, every_ms) in SCHEDULES {
            let schedule = json!({"name": name, "task": "quick", "every": format!("{}s", every_ms / 1_000), "where": place, "overlap": "allow",
                "targets": {"devices": DEVICES}});
            succeeded(installation.taskey_with(&["schedules", "apply", "-f", "-"], &schedule.to_string())?)?;
        }
        Ok(Self { installation, agents, folder, dice: Dice(seed), acknowledged: Vec::new(), report: Report::default() })
    }

    fn act(&mut self) -> anyhow::Result<()> {
        for _ in 0..STEPS {
            match self.dice.below(10) {
                0..=5 => self.start_a_run()?,
                6 | 7 => {
                    let name = DEVICES[self.dice.below(DEVICES.len())];
                    self.kill_agent(name);
                    self.linger()?;
                    self.revive_agent(name)?;
                }
                8 => {
                    self.kill_server();
                    self.linger()?;
                    self.installation.start_server()?;
                }
                _ => {
                    let name = DEVICES[self.dice.below(DEVICES.len())];
                    self.kill_server();
                    self.kill_agent(name);
                    self.linger()?;
                    if self.dice.below(2) == 0 {
                        self.revive_agent(name)?;
                        self.installation.start_server()?;
                    } else {
                        self.installation.start_server()?;
                        self.revive_agent(name)?;
                    }
                }
            }
            self.linger()?;
        }
        Ok(())
    }

    fn start_a_run(&mut self) -> anyhow::Result<()> {
        let task = TASKS[self.dice.below(TASKS.len())].0;
        let both = self.dice.below(2) == 0;
        let first = DEVICES[self.dice.below(DEVICES.len())];
        let devices = if both { DEVICES.to_vec() } else { vec![first] };
        let mut arguments = vec!["run", task, "-o", "name"];
        devices.iter().for_each(|device| arguments.extend(["--device", *device]));
        self.acknowledged.push(succeeded(self.installation.taskey(&arguments)?)?.trim().to_owned());
        Ok(())
    }

    fn kill_agent(&mut self, name: &'static str) {
        if let Some(agent) = self.agents.remove(name) {
            agent.kill_9();
            self.report.agents_killed += 1;
        }
    }

    fn revive_agent(&mut self, name: &'static str) -> anyhow::Result<()> {
        self.agents.insert(name, self.installation.agent(name)?);
        Ok(())
    }

    fn kill_server(&mut self) {
        if let Some(server) = self.installation.server.take() {
            server.kill_9();
            self.report.servers_killed += 1;
        }
    }

    /// Lets a little time pass, by doing something that takes some.
    fn linger(&mut self) -> anyhow::Result<()> {
        for _ in 0..self.dice.below(4) {
            succeeded(self.installation.taskey(&["version"])?)?;
        }
        Ok(())
    }

    /// Pauses the schedules and waits until every run is over; answers the runs with their executions.
    fn settle(&mut self) -> anyhow::Result<Vec<Value>> {
        for (name, ..) in SCHEDULES {
            succeeded(self.installation.taskey(&["schedules", "pause", name])?)?;
        }
        self.installation
            .wait_until("no device keeps a schedule", || Ok(DEVICES.iter().all(|name| keeps_no_schedule(&self.installation.path(name)))))?;
        let began = self.began()?;
        let started = Instant::now();
        loop {
            let listed = self.installation.json(&["runs", "ls"])?;
            let runs = listed["items"].as_array().context("a list")?;
            let open: Vec<&Value> = runs.iter().filter(|run| run["finished_at"].is_null()).collect();
            if open.is_empty() {
                let ids = runs.iter().filter_map(|run| run["id"].as_str());
                let runs = ids.map(|id| self.installation.json(&["runs", "show", id])).collect::<anyhow::Result<Vec<Value>>>()?;
                // What a schedule began on a device comes to be known when its agent has told it.
                if began.iter().all(|id| executions(&runs).any(|execution| execution["id"] == id.as_str())) {
                    return Ok(runs);
                }
            }
            ensure!(started.elapsed() < PATIENCE, "runs do not end, or are not told: {open:?}");
        }
    }

    /// The executions that began, as often as they did.
    fn began(&self) -> anyhow::Result<Vec<String>> {
        Ok(std::fs::read_to_string(self.folder.path().join("began"))?.lines().map(str::to_owned).collect())
    }

    fn check(&mut self, runs: &[Value]) -> anyhow::Result<()> {
        for id in &self.acknowledged {
            ensure!(runs.iter().any(|run| run["id"] == id.as_str()), "{id} was answered with its id, and is not there");
        }
        let began = self.began()?;
        let mut ids = Vec::new();
        for run in runs {
            let executions = run["executions"].as_array().context("executions")?;
            let counted: u64 = run["counts"].as_object().context("counts")?.values().filter_map(Value::as_u64).sum();
            ensure!(counted == executions.len() as u64, "the counts of {} are not those of its executions", run["id"]);
            for execution in executions {
                let id = execution["id"].as_str().context("an id")?;
                let times = began.iter().filter(|line| *line == id).count();
                check_execution(run, execution, times)
                    .with_context(|| format!("{id}, which began {times} times: {}", without_output(execution)))?;
                *self.report.states.entry(execution["state"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
                ids.push(id.to_owned());
            }
        }
        self.report.runs = runs.len();
        for line in &began {
            ensure!(ids.contains(line), "{line} ran, and no run has it");
        }
        for (name, _, every_ms) in SCHEDULES {
            let slots = self.installation.json(&["schedules", "slots", name])?;
            let slots = slots["items"].as_array().context("a list")?;
            for device in DEVICES.iter().map(Some).chain([None]) {
                let of_device = |slot: &&Value| slot["device"]["name"].as_str() == device.copied();
                let slots: Vec<&Value> = slots.iter().rev().filter(of_device).collect();
                check_slots(&slots, every_ms, &ids).with_context(|| format!("{name} on {device:?}"))?;
                for slot in slots {
                    *self.report.slots.entry(slot["state"].as_str().unwrap_or_default().to_owned()).or_default() +=
                        slot["count"].as_u64().unwrap_or(0);
                }
            }
        }
        self.installation.wait_until("nothing of an execution is left running", || Ok(left_running(&ids)?.is_empty()))?;
        for (name, agent) in std::mem::take(&mut self.agents) {
            ensure!(agent.stop()?.success(), "the agent of {name} did not stop well");
        }
        let server = self.installation.server.take().context("a server")?;
        ensure!(server.stop()?.success(), "the server did not stop well");
        Ok(())
    }
}

/// Each moment is in exactly one slot, and what a slot says to have begun is there.
fn check_slots(slots: &[&Value], every_ms: i64, executions: &[String]) -> anyhow::Result<()> {
    let ms = |value: &Value| anyhow::Ok(value.as_str().context("a time")?.parse::<Time>()?.ms());
    let mut expected = None;
    for slot in slots {
        let (at, until, count) = (ms(&slot["at"])?, ms(&slot["until"])?, slot["count"].as_i64().context("a count")?);
        ensure!(expected.is_none_or(|expected| expected == at), "slots are missing or settled twice before {slot}");
        ensure!(until - at == (count - 1) * every_ms, "it does not count what it spans: {slot}");
        expected = Some(until + every_ms);
        if let Some(execution) = slot["execution"].as_str() {
            ensure!(executions.iter().any(|id| id == execution), "it began what no run has: {slot}");
        }
    }
    Ok(())
}

fn executions(runs: &[Value]) -> impl Iterator<Item = &Value> {
    runs.iter().filter_map(|run| run["executions"].as_array()).flatten()
}

fn check_execution(run: &Value, execution: &Value, times: usize) -> anyhow::Result<()> {
    let task = run["task"]["name"].as_str().unwrap_or_default();
    let (_, _, code, output) = TASKS.iter().find(|(name, ..)| *name == task).context("a task of ours")?;
    let result = &execution["actions"][0];
    match execution["state"].as_str().unwrap_or_default() {
        state @ ("succeeded" | "failed") => {
            ensure!(times == 1, "it ended, and did not begin once");
            ensure!((state == "succeeded") == (*code == 0) && result["code"] == *code, "it ended in another way than it had to");
            let told = result["output"].as_str().unwrap_or_default();
            let whole = if task == "writes-much" { told.len() == MUCH && told.bytes().all(|byte| byte == b'x') } else { told == *output };
            ensure!(whole, "its output is not whole");
        }
        "lost" => {
            ensure!(times <= 1, "it ran twice");
            ensure!(execution["reason"]["code"] == "agent_restart", "it was lost for no reason that there was");
        }
        other => bail!("nobody asked for it to be {other}"),
    }
    Ok(())
}

/// An execution for a message: of its output the length alone.
fn without_output(execution: &Value) -> Value {
    let mut short = execution.clone();
    for action in short["actions"].as_array_mut().into_iter().flatten() {
        let len = action["output"].as_str().map_or(0, str::len);
        action["output"] = json!(format!("{len} bytes"));
    }
    short
}

/// Processes that carry the mark of one of these executions.
fn left_running(ids: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit())) && is_marked(&entry.path(), ids) {
            left.push(entry.path());
        }
    }
    Ok(left)
}

fn is_marked(process: &Path, ids: &[String]) -> bool {
    let environment = std::fs::read(process.join("environ")).unwrap_or_default();
    let mark = environment.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(b"TASKEY_EXECUTION_ID="));
    mark.is_some_and(|mark| ids.iter().any(|id| id.as_bytes() == mark))
}
