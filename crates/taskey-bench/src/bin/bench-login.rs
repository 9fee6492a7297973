//! `cargo x bench login`: what the API feels of many people who sign in at once.
//!
//! Hashing a password takes a core for tens of milliseconds. Here requests come at a steady rate, alone and then while fifty people
//! sign in without a pause, in turns, so that what else happens on the machine happens to both.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use serde_json::json;
use taskey_bench::figures::{Ratio, Samples, percentile, ratios, table};
use taskey_bench::http::Http;
use taskey_bench::programs::{Running, built, folder, free_port};

const PATH: &str = "/api/v1/devices";
const KEY: &str = "bench-key-0123456789abcdef0123456789";
const PASSWORD: &str = "correct horse battery";

#[derive(Parser)]
#[command(name = "bench-login", about = "Measures the API alone and while many people sign in")]
struct Cli {
    /// People who sign in again and again, each with an account and a connection
    #[arg(long, default_value_t = 50)]
    people: usize,
    /// Connections of the API's load
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Requests a second of all of them together; 0: as fast as answers come
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Turns of quiet and of signing in
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Seconds of each
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The server to measure, by the folder of its cargo profile
    #[arg(long, default_value = "release")]
    profile: String,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let folder = folder()?;
    let (_server, port) = start(folder.path(), &cli)?;
    for person in 0..cli.people {
        add_person(folder.path(), &cli, person)?;
    }
    let span = Duration::from_secs(cli.seconds);
    load(port, &cli, Duration::from_secs(2))?;
    let (mut quiet, mut busy) = (Samples::new("quiet"), Samples::new("while people sign in"));
    let mut signing_in = Samples::new("signing in");
    for _ in 0..cli.turns {
        quiet.result.extend(load(port, &cli, span)?);
        let (during, signed_in) = load_while_people_sign_in(port, &cli, span)?;
        busy.result.extend(during);
        signing_in.result.extend(signed_in);
    }
    let sign_ins = signing_in.result.len() as f64 / (span.as_secs_f64() * cli.turns as f64);
    let against_quiet = |name, percent, must| Ratio::new(name, percentile(&busy.result, percent), percentile(&quiet.result, percent), must);
    let held = ratios("against the quiet server", &[against_quiet("p50", 50, 2.0), against_quiet("p99", 99, 5.0)]);
    write!(io::stdout(), "{}\n{}\n{held}\n{sign_ins:.1} sign-ins a second\n", conditions(&cli), table(&[&quiet, &busy, &signing_in]))?;
    Ok(())
}

fn conditions(cli: &Cli) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let rate = if cli.rate == 0 { "as fast as answers come".to_owned() } else { format!("{} a second", cli.rate) };
    format!(
        "GET {PATH} on {} connections, {rate}; {} people sign in; {} turns of {} s each; server of the profile {}\n\
         SQLite, WAL, FULL; loopback without TLS; {cores} cores, which the load takes its part of, load {load}\n",
        cli.connections, cli.people, cli.turns, cli.seconds, cli.profile,
    )
}

/// A server on an empty folder that begins with a key.
fn start(folder: &Path, cli: &Cli) -> anyhow::Result<(Running, u16)> {
    let port = free_port()?;
    let key_file = folder.join("key");
    std::fs::write(&key_file, KEY)?;
    let mut serve = Command::new(built(&cli.profile, "taskey")?);
    serve.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(folder.join("server"));
    serve
        .env("TASKEY_BOOTSTRAP_ORGANIZATION", "Bench")
        .env("TASKEY_BOOTSTRAP_USERNAME", "bench")
        .env("TASKEY_BOOTSTRAP_KEY_FILE", key_file);
    let server = Running::start(&mut serve, &folder.join("server.log"))?;
    server.line("ready")?;
    Ok((server, port))
}

/// Each person has an organization of their own, which the host can make without a person.
fn add_person(folder: &Path, cli: &Cli, person: usize) -> anyhow::Result<()> {
    let mut create = Command::new(built(&cli.profile, "taskey")?);
    create.args([
        "admin",
        "organizations",
        "create",
        &format!("Bench {person}"),
        "--username",
        &name(person),
        "--password-stdin",
        "--data",
    ]);
    let mut child = create.arg(folder.join("server")).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("a standard input")?.write_all(PASSWORD.as_bytes())?;
    let status = child.wait()?;
    ensure!(status.success(), "a person was not made ({status})");
    Ok(())
}

fn name(person: usize) -> String {
    format!("person-{person}")
}

/// How long each request took, in nanoseconds.
fn load(port: u16, cli: &Cli, span: Duration) -> anyhow::Result<Vec<u64>> {
    let ends_at = Instant::now() + span;
    thread::scope(|scope| {
        let connections: Vec<_> = (0..cli.connections).map(|number| scope.spawn(move || ask(port, cli, number, ends_at))).collect();
        collect(connections)
    })
}

/// The same while people sign in; and how long each of those took.
fn load_while_people_sign_in(port: u16, cli: &Cli, span: Duration) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let people: Vec<_> = (0..cli.people).map(|person| scope.spawn(move || sign_in(port, person, over))).collect();
        let during = load(port, cli, span);
        over.store(true, Ordering::Relaxed);
        Ok((during?, collect(people)?))
    })
}

fn ask(port: u16, cli: &Cli, number: usize, ends_at: Instant) -> anyhow::Result<Vec<u64>> {
    let mut http = Http::connect(port, None, Some(KEY))?;
    let every = Duration::from_secs(1).checked_div(cli.rate).unwrap_or_default();
    let mut due = Instant::now() + every * number as u32;
    let mut took = Vec::new();
    while due.max(Instant::now()) < ends_at {
        // A request that had to wait for the answer before it counts from when it was due.
        let begun = match due.checked_duration_since(Instant::now()) {
            Some(pause) => {
                thread::sleep(pause);
                Instant::now()
            }
            None if cli.rate > 0 => due,
            None => Instant::now(),
        };
        http.get(PATH)?.json(200)?;
        took.push(begun.elapsed().as_nanos() as u64);
        due += every * cli.connections as u32;
    }
    Ok(took)
}

fn sign_in(port: u16, person: usize, over: &AtomicBool) -> anyhow::Result<Vec<u64>> {
    let mut http = Http::connect(port, None, None)?;
    let body = json!({"username": name(person), "password": PASSWORD}).to_string();
    let mut took = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        http.post("/api/v1/sessions", &body)?.json(201)?;
        took.push(begun.elapsed().as_nanos() as u64);
    }
    Ok(took)
}

fn collect(threads: Vec<thread::ScopedJoinHandle<'_, anyhow::Result<Vec<u64>>>>) -> anyhow::Result<Vec<u64>> {
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().map_err(|_| anyhow::anyhow!("a part of the load panicked"))??);
    }
    Ok(all)
}
