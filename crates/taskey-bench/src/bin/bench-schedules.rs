//! `cargo x bench schedules`: what schedules cost when there are many: 100,000 on a server, half of which it fires itself, and 1,000 on one
//! device. The same is asked of a server with a page of them and of a device without, which are the floors.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::Parser;
use serde_json::{Value, json};
use taskey_bench::figures::{Ratio, percentile, ratios};
use taskey_bench::http::Http;
use taskey_bench::product::{enroll, text};
use taskey_bench::programs::{Running, built, folder, free_port, wait_until};

const KEY: &str = "bench-key-0123456789abcdef0123456789";
/// 32 bytes; these devices never connect.
const NO_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// The device whose agent runs.
const REAL: &str = "bench";
/// Connections that write schedules at a time.
const WRITERS: usize = 4;
/// Schedules that fire every two seconds, in each place.
const FIRING: usize = 5;
/// A list of 50 may take so long: median and 99th percentile, in nanoseconds.
const LIST_MUST: (u64, u64) = (5_000_000, 15_000_000);

#[derive(Parser)]
#[command(name = "bench-schedules", about = "Measures pages, the due check and lateness with many schedules, and an agent that keeps many")]
struct Cli {
    #[arg(long, default_value_t = 100_000)]
    schedules: usize,
    /// Devices that share those which devices fire
    #[arg(long, default_value_t = 1_000)]
    devices: usize,
    /// Schedules that one agent keeps
    #[arg(long, default_value_t = 1_000)]
    kept: usize,
    /// Requests of each kind
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// Seconds of each look at idle processes, and of firing
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The server to measure, by the folder of its cargo profile
    #[arg(long, default_value = "release")]
    profile: String,
    /// The agent to measure, the same way
    #[arg(long, default_value = "agent")]
    agent_profile: String,
}

struct World {
    agent: Running,
    server: Running,
    port: u16,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let folder = folder()?;
    let mut out = io::stdout();
    writeln!(out, "{}", conditions(&cli))?;
    let small = World::build(&folder.path().join("small"), &cli, 50, 50)?;
    let begun = Instant::now();
    let large = World::build(&folder.path().join("large"), &cli, cli.schedules, cli.devices)?;
    let rate = cli.schedules as f64 / begun.elapsed().as_secs_f64();
    writeln!(out, "{} schedules were written in {:.0} s, {rate:.0} a second\n", cli.schedules, begun.elapsed().as_secs_f64())?;

    let lists = pages(&mut out, &cli, &large, &small)?;
    let pause = Duration::from_secs(cli.seconds);
    writeln!(out, "\nidle for {} s, each after 10 s of rest", cli.seconds)?;
    thread::sleep(Duration::from_secs(10));
    let (many, few) = (Usage::over(large.server.pid(), pause)?, Usage::over(small.server.pid(), pause)?);
    writeln!(out, "  server with {} schedules: {many}\n  server with 50 schedules: {few}", cli.schedules)?;
    let without = Usage::over(small.agent.pid(), pause)?;
    small.write(&kept(&cli))?;
    small.is_held(cli.kept)?;
    thread::sleep(Duration::from_secs(10));
    let with = Usage::over(small.agent.pid(), pause)?;
    writeln!(out, "  agent without schedules: {without}\n  agent with {} schedules: {with}\n", cli.kept)?;

    for (what, world) in [("50", &small), ("many", &large)] {
        for place in ["server", "device"] {
            let late = world.lateness(place, pause)?;
            let (p50, p99) = (percentile(&late, 50), percentile(&late, 99));
            writeln!(out, "late, fired by the {place}, {what} schedules beside it: p50 {p50} ms, p99 {p99} ms of {} slots", late.len())?;
        }
    }
    let worst = |index: fn(&(u64, u64)) -> u64| lists.iter().map(index).max().unwrap_or_default();
    let held = [
        Ratio::new("the slowest p50", worst(|one| one.0), LIST_MUST.0, 1.0),
        Ratio::new("the slowest p99", worst(|one| one.1), LIST_MUST.1, 1.0),
    ];
    writeln!(out, "\n{}", ratios("pages against 5 ms and 15 ms", &held))?;
    let wake_ups = Ratio::new("times that the agent wakes up, with and without schedules", with.wake_ups + 1, without.wake_ups + 1, 1.5);
    writeln!(out, "{}", ratios("an idle agent against one without schedules", &[wake_ups]))?;
    Ok(())
}

fn conditions(cli: &Cli) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} schedules, half of them fired by the server, for {} devices; {} requests of each kind, one at a time;\n\
         server of the profile {}; SQLite, WAL, FULL; loopback without TLS; {cores} cores, load {}\n",
        cli.schedules,
        cli.devices,
        cli.requests,
        cli.profile,
        load.split(' ').next().unwrap_or_default(),
    )
}

/// How long the pages of schedules take, on a large server beside a small one.
fn pages(out: &mut impl io::Write, cli: &Cli, large: &World, small: &World) -> anyhow::Result<Vec<(u64, u64)>> {
    let simulated = json!({"spec": spec(3, "device", "device-00003"), "count": 50}).to_string();
    let requests = [
        ("list 50 schedules", "/api/v1/schedules?limit=50", None),
        ("list the schedules of a device", "/api/v1/schedules?limit=50&device={device}", None),
        ("list 50 schedules of the task", "/api/v1/schedules?limit=50&task={task}", None),
        ("one schedule", "/api/v1/schedules/s-000007", None),
        ("its slots", "/api/v1/schedules/s-000007/slots?limit=50", None),
        ("its devices", "/api/v1/schedules/s-000007/devices", None),
        ("why it fires then", "/api/v1/schedules/s-000007/explain", None),
        ("simulate one before it is written", "/api/v1/schedules/simulate", Some(simulated.as_str())),
    ];
    writeln!(out, "{:<44}{:>18}{:>18}{:>8}", "ms, p50 / p99", "many", "50", "ratio")?;
    let mut held = Vec::new();
    for (what, path, body) in requests {
        let (many, floor) = (large.ask(path, body, cli.requests)?, small.ask(path, body, cli.requests)?);
        let ms = |samples: &[u64]| format!("{:.2} / {:.2}", percentile(samples, 50) as f64 / 1e6, percentile(samples, 99) as f64 / 1e6);
        let ratio = percentile(&many, 50) as f64 / percentile(&floor, 50).max(1) as f64;
        writeln!(out, "{what:<44}{:>18}{:>18}{ratio:>7.1}x", ms(&many), ms(&floor))?;
        held.push((percentile(&many, 50), percentile(&many, 99)));
    }
    Ok(held)
}

impl World {
    /// A server with so many schedules for so many devices, and one device beside them whose agent runs.
    fn build(folder: &Path, cli: &Cli, schedules: usize, devices: usize) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
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
        let url = server.line("ready")?;
        let mut http = Http::connect(port, None, Some(KEY))?;
        let token = http.post("/api/v1/enroll-tokens", &json!({"uses": devices + 1, "ttl": "1h"}).to_string())?.json(201)?;
        let token = text(&token["token"])?;
        for number in 0..devices {
            let body = json!({
                "token": token.split('.').next().unwrap_or(token), "name": format!("device-{number:05}"), "signing_key": NO_KEY,
                "sealing_key": NO_KEY, "facts": {"os": "linux"}, "agent_version": "bench", "protocol": 1,
            });
            http.post("/agent/v1/enroll", &body.to_string())?.json(201)?;
        }
        let (program, state) = (built(&cli.agent_profile, "taskeyd")?, folder.join("device"));
        enroll(Command::new(&program).args(["enroll", "--server", &url, "--state"]).arg(&state), REAL, token)?;
        let agent = Running::start(Command::new(&program).args(["run", "--state"]).arg(&state), &folder.join("device.log"))?;
        let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
        http.post("/api/v1/tasks", &task.to_string())?.json(201)?;
        let world = Self { agent, server, port };
        let places = ["device", "server"];
        let specs = (0..schedules).map(|number| spec(number, places[number % 2], &format!("device-{:05}", number % devices)).to_string());
        world.write(&specs.collect::<Vec<_>>())?;
        Ok(world)
    }

    fn http(&self) -> anyhow::Result<Http> {
        Http::connect(self.port, None, Some(KEY))
    }

    /// Writes schedules, several at a time.
    fn write(&self, specs: &[String]) -> anyhow::Result<()> {
        let port = self.port;
        let write = |specs: &[String]| -> anyhow::Result<()> {
            let mut http = Http::connect(port, None, Some(KEY))?;
            specs.iter().try_for_each(|spec| http.post("/api/v1/schedules", spec)?.json(201).map(drop))
        };
        thread::scope(|scope| {
            let part = specs.len().div_ceil(WRITERS).max(1);
            let writers: Vec<_> = specs.chunks(part).map(|specs| scope.spawn(move || write(specs))).collect();
            writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| anyhow::anyhow!("a writer gave up"))?)
        })
    }

    /// Waits until the agent keeps so many schedules.
    fn is_held(&self, count: usize) -> anyhow::Result<()> {
        let mut http = self.http()?;
        wait_until("the device to keep its schedules", || {
            let newest = format!("/api/v1/schedules/kept-{:05}", count - 1);
            let (first, last) = (http.get("/api/v1/schedules/kept-00000")?.json(200)?, http.get(&newest)?.json(200)?);
            Ok(first["holding_count"] == 1 && last["holding_count"] == 1)
        })
    }

    /// How long each request took, in nanoseconds. `{device}` and `{task}` stand for ids.
    fn ask(&self, path: &str, body: Option<&str>, requests: usize) -> anyhow::Result<Vec<u64>> {
        let mut http = self.http()?;
        let mut id = |path: &str| anyhow::Ok(text(&http.get(path)?.json(200)?["id"])?.to_owned());
        let (device, task) = (id("/api/v1/devices/device-00007")?, id("/api/v1/tasks/hello")?);
        let path = path.replace("{device}", &device).replace("{task}", &task);
        let mut once = || match body {
            None => http.get(&path)?.json(200),
            Some(body) => http.post(&path, body)?.json(200),
        };
        once()?;
        let mut took = Vec::with_capacity(requests);
        for _ in 0..requests {
            let begun = Instant::now();
            once()?;
            took.push(begun.elapsed().as_nanos() as u64);
        }
        Ok(took)
    }

    /// How late each slot began, in milliseconds, of a few schedules that fire every two seconds.
    fn lateness(&self, place: &str, span: Duration) -> anyhow::Result<Vec<u64>> {
        let mut http = self.http()?;
        let names: Vec<String> = (0..FIRING).map(|number| format!("{place}-{number}")).collect();
        for name in &names {
            let body =
                json!({"name": name, "task": "hello", "every": "2s", "where": place, "overlap": "allow", "targets": {"devices": [REAL]}});
            http.post("/api/v1/schedules", &body.to_string())?.json(201)?;
        }
        thread::sleep(span);
        let mut late = Vec::new();
        for name in &names {
            http.post(&format!("/api/v1/schedules/{name}/pause"), "{}")?.json(200)?;
            let slots = http.get(&format!("/api/v1/schedules/{name}/slots?limit=200"))?.json(200)?;
            late.extend(slots["items"].as_array().context("a list")?.iter().filter_map(|slot| slot["late_ms"].as_u64()));
        }
        Ok(late)
    }
}

/// A schedule that does not fire while this runs: half a year from now.
fn spec(number: usize, place: &str, device: &str) -> Value {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400;
    let month = (days * 12 / 365 + 6) % 12 + 1;
    let cron = format!("{} {} {} {month} *", number % 60, number / 60 % 24, number % 28 + 1);
    json!({"name": format!("s-{number:06}"), "task": "hello", "cron": cron, "timezone": "Europe/Berlin", "where": place,
        "targets": {"devices": [device]}})
}

/// The schedules of the device whose agent runs.
fn kept(cli: &Cli) -> Vec<String> {
    let named = |number: usize| {
        let mut spec = spec(number, "device", REAL);
        spec["name"] = json!(format!("kept-{number:05}"));
        spec.to_string()
    };
    (0..cli.kept).map(named).collect()
}

/// What a process needed in a time.
struct Usage {
    seconds: f64,
    cpu_ms: u64,
    /// How often one of its threads went to sleep of its own accord, and so was woken.
    wake_ups: u64,
    resident_kib: u64,
}

impl Usage {
    fn over(pid: u32, span: Duration) -> anyhow::Result<Self> {
        let before = (cpu_ms(pid)?, wake_ups(pid)?);
        thread::sleep(span);
        let (cpu, wakes) = (cpu_ms(pid)?, wake_ups(pid)?);
        let resident_kib = status(&format!("/proc/{pid}/status"), "VmRSS:")?;
        Ok(Self { seconds: span.as_secs_f64(), cpu_ms: cpu - before.0, wake_ups: wakes.saturating_sub(before.1), resident_kib })
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = self.cpu_ms as f64 / self.seconds / 10.0;
        let mib = self.resident_kib as f64 / 1_024.0;
        write!(f, "{} ms of processor time ({part:.2} % of a core), woken {} times, {mib:.1} MiB resident", self.cpu_ms, self.wake_ups)
    }
}

fn cpu_ms(pid: u32) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat[stat.rfind(')').context("a name")? + 1..].split_ascii_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).context("processor time");
    // A tick is 10 ms on every Linux that there is.
    Ok((ticks(11)? + ticks(12)?) * 10)
}

fn wake_ups(pid: u32) -> anyhow::Result<u64> {
    let mut sum = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end meanwhile.
        sum += status(&format!("{}/status", thread?.path().display()), "voluntary_ctxt_switches:").unwrap_or_default();
    }
    Ok(sum)
}

fn status(path: &str, name: &str) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("a line of the status")?;
    Ok(line.split_ascii_whitespace().next().context("a number")?.parse()?)
}
