//! What is measured, in the order in which it is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use taskey_client::{Client, StartOptions};
use taskey_proto::runs::{Run, StartRun, State, Targets, WhenOffline};
use taskey_proto::tasks::{Action, Command};

use crate::figures::{Report, Samples};
use crate::fleet::Fleet;
use crate::floor::{self, Floor};
use crate::own_server::OwnServer;
use crate::process::{processor_time, resident};

/// The budgets of one server on two cores.
const FAN_OUT_MUST: f64 = 6.0;
const CONNECTION_KIB_MUST: f64 = 40.0;
const RETURN_S_MUST: f64 = 20.0;
const IDLE_PERCENT_MUST: f64 = 5.0;
/// Files that this process needs beside the devices' connections.
const OTHER_FILES: u64 = 500;
const TRIGGERS: usize = 200;
const WAIT: Duration = Duration::from_secs(55);

pub struct Options {
    pub devices: usize,
    /// Runs on all devices.
    pub rounds: usize,
    /// How long the idle server is watched.
    pub idle: Duration,
    pub subject: Subject,
    /// How many files this process may have open; each device needs one.
    pub open_files: u64,
}

/// The server that is measured.
pub enum Subject {
    /// One of the bench's own, by the program to start.
    Own(PathBuf),
    /// One that runs; the client is signed in.
    Running(Client),
}

/// Measures, and tells on the way what it is at.
pub async fn measure(options: Options, tell: &dyn Fn(&str)) -> anyhow::Result<Report> {
    let (files, most) = (options.open_files, options.open_files.saturating_sub(OTHER_FILES));
    ensure!(options.devices as u64 <= most, "{files} open files are allowed here: at most {most} devices; raise it with `ulimit -Hn`");
    taskey_agent::log::silence();
    // Small files that many devices write: on a disk they would measure the disk.
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    // The server's database lies on a real disk.
    let disk = tempfile::tempdir()?;
    let mut report = Report { devices: options.devices, conditions: conditions(options.devices), ..Report::default() };

    tell("the floor: bare clients at Mosquitto over TLS");
    let floor = floor::measure(folder.path(), options.devices, options.rounds).await?;
    match &floor {
        Some(floor) => note_floor(&mut report, floor),
        None => tell("no floor: mosquitto is not installed (sudo apt-get install mosquitto)"),
    }
    let (mut own, client) = match options.subject {
        Subject::Own(program) => {
            let (server, client) = OwnServer::start(&program, disk.path()).await?;
            (Some(server), client)
        }
        Subject::Running(client) => (None, client),
    };
    let empty = own.as_ref().map(|server| resident(server.pid())).transpose()?;

    tell(&format!("{} devices enrol and connect", options.devices));
    let began_at = Instant::now();
    let fleet = Fleet::start(&client, folder.path(), options.devices).await?;
    fleet.gather(&client).await?;
    let took = began_at.elapsed();
    report.note("enrolled and connected", options.devices as f64 / took.as_secs_f64(), "/s", format!("{:.1} s", took.as_secs_f64()));
    if let (Some(server), Some(empty)) = (&own, empty) {
        let each = resident(server.pid())?.saturating_sub(empty) as f64 / options.devices as f64 / 1024.0;
        let detail = format!("{} MiB without any", empty >> 20);
        report.note("server: memory of one connected device", each, "KiB", detail).must(CONNECTION_KIB_MUST);
    }
    let own_kib = resident(std::process::id())? as f64 / options.devices as f64 / 1024.0;
    report.note("this process: memory of one device", own_kib, "KiB", "agent, TLS and journal");

    if let Some(server) = &own {
        tell(&format!("idle for {} s", options.idle.as_secs()));
        let before = processor_time(server.pid())?;
        tokio::time::sleep(options.idle).await;
        let busy = processor_time(server.pid())?.saturating_sub(before).as_secs_f64() / options.idle.as_secs_f64() * 100.0;
        report.note("server: idle, of one core", busy, "%", "").must(IDLE_PERCENT_MUST);
    }

    tell("one device at a time");
    let triggers = trigger(&client, &fleet, TRIGGERS).await?;
    report.note("trigger, result p50", triggers.ms(50), "ms", format!("{TRIGGERS} runs, no process is started"));
    report.note("trigger, result p99", triggers.ms(99), "ms", "");

    tell("one run on all devices");
    fan_out(&client, &fleet).await?;
    let pids = [own.as_ref().map(OwnServer::pid), Some(std::process::id())];
    let before = pids.map(|pid| pid.and_then(|pid| processor_time(pid).ok()));
    let mut rounds = Vec::new();
    for _ in 0..options.rounds {
        rounds.push(fan_out(&client, &fleet).await?);
    }
    let rounds = Samples::new(rounds);
    report.note("one run on all, every result stored", rounds.ms(50), "ms", rounds.spread());
    for (whose, pid, before) in [("server", pids[0], before[0]), ("devices", pids[1], before[1])] {
        let (Some(pid), Some(before)) = (pid, before) else { continue };
        let each = processor_time(pid)?.saturating_sub(before).as_secs_f64() * 1e6 / (options.rounds * options.devices) as f64;
        report.note(&format!("processor time of one execution, {whose}"), each, "\u{b5}s", "in those runs");
    }
    if let Some(floor) = &floor {
        let ratio = rounds.ms(50) / Samples::new(floor.rounds.clone()).ms(50);
        report.note("one run on all, to the floor", ratio, "x", "median to median").must(FAN_OUT_MUST);
    }

    if let Some(server) = &mut own {
        tell("the server is started anew");
        let before = resident(server.pid())?;
        report.note("server: memory before it", before as f64 / f64::from(1 << 20), "MiB", "");
        server.restart().await?;
        fleet.gather(&client).await?;
        report.note("all devices back after a restart", server.started_at().elapsed().as_secs_f64(), "s", "").must(RETURN_S_MUST);
    }

    tell("the devices are removed");
    let devices = fleet.devices.clone();
    fleet.stop().await;
    match own {
        Some(mut server) => server.stop().await?,
        None => remove(&client, &devices).await?,
    }
    Ok(report)
}

fn note_floor(report: &mut Report, floor: &Floor) {
    let rounds = Samples::new(floor.rounds.clone());
    report.note("floor: one message to each, answered", rounds.ms(50), "ms", rounds.spread());
    report.note("floor: memory of one connection", floor.connection_bytes as f64 / 1024.0, "KiB", "Mosquitto");
}

fn conditions(devices: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{devices} simulated devices, each with its line over TLS; server and devices on the same {cores} cores; load {load} before")
}

/// One run on each of some devices, one after the other, from the call to the stored result.
async fn trigger(client: &Client, fleet: &Fleet, count: usize) -> anyhow::Result<Samples> {
    let mut samples = Vec::with_capacity(count);
    for device in fleet.devices.iter().cycle().take(count) {
        samples.push(run(client, vec![device.to_string()]).await?);
    }
    Ok(Samples::new(samples))
}

async fn fan_out(client: &Client, fleet: &Fleet) -> anyhow::Result<Duration> {
    run(client, fleet.devices.iter().map(ToString::to_string).collect()).await
}

async fn run(client: &Client, devices: Vec<String>) -> anyhow::Result<Duration> {
    let action = Action::Command(Command { command: "true".to_owned(), ..Command::default() });
    let start = StartRun {
        task: None,
        actions: Some(vec![action]),
        targets: Targets { devices, ..Targets::default() },
        when_offline: WhenOffline::Fail,
        expires_in: None,
    };
    let called_at = Instant::now();
    let run = client.start_run(&start, &StartOptions { wait: Some(WAIT), idempotency_key: None }).await?;
    let took = called_at.elapsed();
    check(&run)?;
    Ok(took)
}

fn check(run: &Run) -> anyhow::Result<()> {
    let example = run.executions.iter().flatten().find(|execution| execution.state != State::Succeeded);
    let why = example.and_then(|execution| execution.reason.as_ref()).map(|reason| reason.detail.clone()).unwrap_or_default();
    ensure!(run.state == State::Succeeded, "a run ended as {}: {:?} {why}", run.state.word(), run.counts);
    Ok(())
}

async fn remove(client: &Client, devices: &[taskey_proto::id::DeviceId]) -> anyhow::Result<()> {
    for device in devices {
        client.remove_device(&device.to_string()).await.with_context(|| format!("{device} was not removed"))?;
    }
    Ok(())
}
