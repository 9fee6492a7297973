//! The real programs: `taskey` and `taskeyd` as a user starts them, killed as a machine kills them, and foreign MQTT clients.

mod accounts;
mod actions;
mod altered;
mod audit;
mod away;
mod bootstrap;
mod calendars;
mod crash;
mod devices;
mod exec;
mod full_disk;
mod hostile;
mod inbox;
mod install;
mod mqtt;
mod organizations;
mod paho;
mod people;
mod poll;
mod proxy;
mod queue;
mod receiver;
mod restore;
mod roles;
mod runs;
mod schedules;
mod secrets;
mod serve;
mod shape;
mod soak;
mod tasks;
mod tls;
mod webhooks;
mod webhooks_recovery;

use anyhow::Context as _;
use taskey_testkit::process::Installation;
use taskey_testkit::{Engine, postgres};

/// A server that is set up, on a database of that kind.
async fn installation(engine: Engine) -> anyhow::Result<Installation> {
    let installation = Installation::start(database_url(engine).await?)?;
    installation.set_up()?;
    Ok(installation)
}

/// Where a new database of that kind is; SQLite's lies in the server's own folder.
async fn database_url(engine: Engine) -> anyhow::Result<Option<String>> {
    Ok(match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(postgres::new_database().await?),
    })
}

/// A path that an unprivileged user of this machine can reach, removed with the test.
fn open_folder() -> anyhow::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::Builder::new().prefix("taskey-open").tempdir_in("/tmp")?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))?;
    Ok(folder)
}

/// Memory of a process in bytes, by its line in `/proc/PID/status`: `VmRSS` now, `VmHWM` the most it ever had.
fn memory(pid: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')).unwrap();
    kib.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Whether a program ended with that code, saying this on stderr among what else it said.
#[track_caller]
fn ended(output: &std::process::Output, code: i32, saying: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(errors.contains(saying), "`{saying}` is not said in: {errors}");
}

fn id(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(value["id"].as_str().context("an id")?.to_owned())
}
