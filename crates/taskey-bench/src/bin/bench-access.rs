//! `cargo x bench access`: what people and rights cost when there are many: 1,000 users, 200 groups with overrides, 10,000 devices in
//! 100 groups. The same requests go to a server with one page of everything, which is the floor.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use serde_json::{Value, json};
use taskey_bench::figures::{Ratio, percentile, ratios};
use taskey_bench::http::Http;
use taskey_bench::programs::{Running, built, folder, free_port};

const KEY: &str = "bench-key-0123456789abcdef0123456789";
const PASSWORD: &str = "correct horse battery";
/// 32 bytes; these devices never connect.
const NO_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const OVERRIDES_OF_GROUP: usize = 5;
/// A list of 50 may take so long: median and 99th percentile, in nanoseconds.
const LIST_MUST: (u64, u64) = (3_000_000, 15_000_000);

/// A selector that goes through every device may take so long.
const SELECTOR_MUST: (u64, u64) = (50_000_000, 100_000_000);
/// It takes long enough for fewer requests to tell.
const SELECTOR_REQUESTS_PART: usize = 10;

#[derive(Parser)]
#[command(name = "bench-access", about = "Measures lists and single things for people with different rights, on a large organization")]
struct Cli {
    #[arg(long, default_value_t = 1_000)]
    users: usize,
    #[arg(long, default_value_t = 200)]
    groups: usize,
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    #[arg(long, default_value_t = 100)]
    device_groups: usize,
    /// Requests of each kind
    #[arg(long, default_value_t = 400)]
    requests: usize,
    /// The server to measure, by the folder of its cargo profile
    #[arg(long, default_value = "release")]
    profile: String,
}

struct Size {
    users: usize,
    groups: usize,
    devices: usize,
    device_groups: usize,
}

/// Who asks, on one server.
struct World {
    _server: Running,
    port: u16,
    /// Sees everything: a super user.
    all: String,
    /// Sees all but what three device groups take away.
    most: String,
    /// Sees the devices of five device groups.
    few: String,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let folder = folder()?;
    let large = Size { users: cli.users, groups: cli.groups, devices: cli.devices, device_groups: cli.device_groups };
    let small = Size { users: 50, groups: 10, devices: 50, device_groups: 10 };
    let large = build(&folder.path().join("large"), &cli, &large)?;
    let small = build(&folder.path().join("small"), &cli, &small)?;
    let requests = [
        ("who am I", "/api/v1/me"),
        ("list 50 devices", "/api/v1/devices?limit=50"),
        ("one device", "/api/v1/devices/device-00007"),
        ("list 50 device groups", "/api/v1/device-groups?limit=50"),
        ("explain", "/api/v1/access/explain?verb=runs.exec&device=device-00007"),
    ];
    let for_super = [("list 50 users", "/api/v1/users?limit=50"), ("list 50 groups", "/api/v1/groups?limit=50")];
    // The first matches nothing and the second few, so that each goes through everything that may be seen.
    let selectors = [
        ("a selector over facts and labels", "/api/v1/devices?limit=50&selector=distribution%3Ddebian%20and%20role%3Dmail"),
        ("a selector over groups", "/api/v1/devices?limit=200&selector=group%3Dplace-007%20and%20not%20online%20and%20cpus%3E4"),
    ];
    let mut out = io::stdout();
    writeln!(out, "{}", conditions(&cli))?;
    writeln!(out, "{:<44}{:>18}{:>18}{:>8}", "ms, p50 / p99", "large", "small", "ratio")?;
    let (mut held, mut held_by_selectors) = (Vec::new(), Vec::new());
    for (who, large_key, small_key) in
        [("sees all", &large.all, &small.all), ("sees most", &large.most, &small.most), ("sees few", &large.few, &small.few)]
    {
        let mut measure = |what: &str, path: &str, requests: usize| -> anyhow::Result<(u64, u64)> {
            let (many, floor) = (ask(large.port, large_key, path, requests)?, ask(small.port, small_key, path, requests)?);
            let ms = |samples: &[u64]| format!("{:.2} / {:.2}", percentile(samples, 50) as f64 / 1e6, percentile(samples, 99) as f64 / 1e6);
            let (p50, p99) = (percentile(&many, 50), percentile(&many, 99));
            let ratio = p50 as f64 / percentile(&floor, 50).max(1) as f64;
            writeln!(out, "{:<44}{:>18}{:>18}{ratio:>7.1}x", format!("{who}: {what}"), ms(&many), ms(&floor))?;
            Ok((p50, p99))
        };
        for (what, path) in requests.iter().chain(for_super.iter().filter(|_| who == "sees all")) {
            held.push(measure(what, path, cli.requests)?);
        }
        for (what, path) in selectors {
            held_by_selectors.push(measure(what, path, (cli.requests / SELECTOR_REQUESTS_PART).max(1))?);
        }
    }
    let against = |held: &[(u64, u64)], must: (u64, u64)| {
        let worst = |index: fn(&(u64, u64)) -> u64| held.iter().map(index).max().unwrap_or_default();
        let p50 = Ratio::new("the slowest p50", worst(|one| one.0), must.0, 1.0);
        [p50, Ratio::new("the slowest p99", worst(|one| one.1), must.1, 1.0)]
    };
    writeln!(out, "\n{}", ratios("lists against 3 ms and 15 ms", &against(&held, LIST_MUST)))?;
    writeln!(out, "{}", ratios("selectors against 50 ms and 100 ms", &against(&held_by_selectors, SELECTOR_MUST)))?;
    Ok(())
}

fn conditions(cli: &Cli) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} users, {} groups with {OVERRIDES_OF_GROUP} overrides each, {} devices in {} groups; {} requests of each kind, one at a time;\n\
         server of the profile {}; SQLite, WAL, FULL; loopback without TLS; {cores} cores, load {}\n",
        cli.users,
        cli.groups,
        cli.devices,
        cli.device_groups,
        cli.requests,
        cli.profile,
        load.split(' ').next().unwrap_or_default(),
    )
}

/// How long each request took, in nanoseconds.
fn ask(port: u16, key: &str, path: &str, requests: usize) -> anyhow::Result<Vec<u64>> {
    let mut http = Http::connect(port, None, Some(key))?;
    http.get(path)?;
    let mut took = Vec::with_capacity(requests);
    for _ in 0..requests {
        let begun = Instant::now();
        http.get(path)?;
        took.push(begun.elapsed().as_nanos() as u64);
    }
    Ok(took)
}

/// A server with an organization of that size.
fn build(folder: &Path, cli: &Cli, size: &Size) -> anyhow::Result<World> {
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
    server.line("ready")?;
    let mut http = Http::connect(port, None, Some(KEY))?;
    for number in 0..size.device_groups {
        let body = json!({"name": format!("place-{number:03}"), "description": "A place"});
        http.post("/api/v1/device-groups", &body.to_string())?.json(201)?;
    }
    for number in 0..size.groups {
        let roles = ["none", "read-only", "self-service", "admin"];
        add_group(&mut http, &format!("group-{number:03}"), roles[number % 4], size, number, "admin")?;
    }
    for number in 0..size.users {
        let groups: Vec<_> = (0..3).map(|step| format!("group-{:03}", (number + step * 7) % size.groups)).collect();
        let body = json!({"username": format!("user-{number:04}"), "groups": groups});
        http.post("/api/v1/users", &body.to_string())?.json(201)?;
    }
    add_devices(&mut http, size)?;
    add_group(&mut http, "few", "none", size, 0, "admin")?;
    add_group(&mut http, "most", "admin", size, 1, "none")?;
    let mut someone = |group: &str| -> anyhow::Result<String> {
        let body = json!({"username": group, "password": PASSWORD, "groups": [group]});
        http.post("/api/v1/users", &body.to_string())?.json(201)?;
        let body = json!({"username": group, "password": PASSWORD, "key": {"name": "bench"}});
        let entered = http.post("/api/v1/sessions", &body.to_string())?.json(201)?;
        Ok(entered["key"]["key"].as_str().context("a key")?.to_owned())
    };
    let (most, few) = (someone("most")?, someone("few")?);
    Ok(World { _server: server, port, all: KEY.to_owned(), most, few })
}

/// A group with some overrides, in other places than its neighbours.
fn add_group(http: &mut Http, name: &str, role: &str, size: &Size, number: usize, there: &str) -> anyhow::Result<()> {
    http.post("/api/v1/groups", &json!({"name": name, "role": role}).to_string())?.json(201)?;
    for step in 0..OVERRIDES_OF_GROUP {
        let place = (number * OVERRIDES_OF_GROUP + step) % size.device_groups;
        let path = format!("/api/v1/groups/{name}/overrides/device-groups/place-{place:03}");
        http.put(&path, &json!({"role": there}).to_string())?.json(200)?;
    }
    Ok(())
}

/// Devices, each in two groups, which its token puts it into.
fn add_devices(http: &mut Http, size: &Size) -> anyhow::Result<()> {
    for place in 0..size.device_groups {
        let numbers: Vec<usize> = (0..size.devices).filter(|number| number % size.device_groups == place).collect();
        let other = (place + size.device_groups / 2) % size.device_groups;
        let groups = [format!("place-{place:03}"), format!("place-{other:03}")];
        let body =
            json!({"uses": numbers.len().max(1), "ttl": "1h", "groups": groups, "labels": {"role": "web", "rack": place.to_string()}});
        let made: Value = http.post("/api/v1/enroll-tokens", &body.to_string())?.json(201)?;
        let token = made["token"].as_str().context("a token")?;
        let secret = token.split('.').next().unwrap_or(token);
        for number in numbers {
            let body = json!({
                "token": secret, "name": format!("device-{number:05}"), "signing_key": NO_KEY, "sealing_key": NO_KEY,
                "facts": {
                    "os": "linux", "kernel": "6.1.0-18-amd64", "arch": "x86_64", "hostname": format!("host-{number}"), "distribution": "debian",
                    "distribution_version": "12", "cpus": format!("{}", number % 16 + 1), "memory_bytes": "8589934592", "agent_user": "root",
                },
                "agent_version": "bench", "protocol": 1,
            });
            http.post("/agent/v1/enroll", &body.to_string())?.json(201)?;
        }
    }
    Ok(())
}
