//! A full disk, on the device and on the server: clear errors, nothing false is stored, and when there is room again all goes on by itself.

use std::path::Path;

use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, Running, succeeded};

use crate::{ended, installation, open_folder};

/// A server and a device that can be given a full disk.
async fn world() -> (Installation, Running) {
    let mut installation = installation(Engine::Sqlite).await.unwrap();
    installation.outlives_full_disk = true;
    installation.server.take().unwrap().stop().unwrap();
    installation.start_server().unwrap();
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

/// Starts a script that notes that it began, waits for `go`, and says a word; the run's id, once it has begun.
fn start_waiting(installation: &Installation, folder: &Path, word: &str) -> String {
    let (began, go) = (folder.join("began"), folder.join("go"));
    let script = format!("touch {}; while [ ! -e {} ]; do sleep 0.02; done; echo {word}", began.display(), go.display());
    let spec = serde_json::json!({"name": "waits", "actions": [{"type": "SCRIPT", "content": script}]});
    let file = installation.path("waits.json");
    std::fs::write(&file, spec.to_string()).unwrap();
    succeeded(installation.taskey(&["tasks", "apply", "-f", &file.display().to_string()]).unwrap()).unwrap();
    let run = succeeded(installation.taskey(&["run", "waits", "--device", "web-1", "-o", "name"]).unwrap()).unwrap();
    installation.wait_until("it begins", || Ok(began.exists())).unwrap();
    run.trim().to_owned()
}

/// Waits until a run is over, and checks that it ended well with this output.
fn told(installation: &Installation, run: &str, output: &str) {
    let shown = || installation.json(&["runs", "show", run]).unwrap();
    installation.wait_until("it is told", || Ok(shown()["finished_at"].is_string())).unwrap();
    assert_eq!((&shown()["state"], &shown()["executions"][0]["actions"][0]["output"]), (&"succeeded".into(), &output.into()));
}

fn exec(installation: &Installation, argv: &[&str]) -> std::process::Output {
    installation.taskey(&[&["exec", "--device", "web-1", "--"], argv].concat()).unwrap()
}

#[tokio::test]
async fn a_device_whose_disk_is_full_runs_nothing_says_so_and_goes_on_when_there_is_room() {
    let (installation, agent) = world().await;
    let folder = open_folder().unwrap();
    let mark = folder.path().join("ran");
    agent.fill_disk(Some(1)).unwrap();
    let output = exec(&installation, &["touch", mark.to_str().unwrap()]);
    ended(&output, 2, "the journal cannot be written, and without it nothing runs");
    assert!(!mark.exists(), "what has no record does not start");
    agent.fill_disk(None).unwrap();
    assert_eq!(succeeded(exec(&installation, &["echo", "room again"])).unwrap(), "room again\n");
}

#[tokio::test]
async fn an_execution_that_ends_on_a_full_disk_is_told_all_the_same() {
    let (installation, agent) = world().await;
    let folder = open_folder().unwrap();
    let run = start_waiting(&installation, folder.path(), "told");
    agent.fill_disk(Some(1)).unwrap();
    std::fs::write(folder.path().join("go"), "").unwrap();
    told(&installation, &run, "told\n");
}

#[tokio::test]
async fn a_server_whose_disk_is_full_stores_nothing_says_so_and_takes_what_waits_when_there_is_room() {
    let (installation, agent) = world().await;
    let folder = open_folder().unwrap();
    let run = start_waiting(&installation, folder.path(), "kept");
    let stored = || installation.json(&["runs", "ls"]).unwrap();
    installation.wait_until("its start is stored", || Ok(stored()["items"][0]["state"] == "running")).unwrap();
    let before = stored();

    let server = installation.server.as_ref().unwrap();
    server.fill_disk(Some(1)).unwrap();
    let refused = installation.taskey(&["run", "waits", "--device", "web-1"]).unwrap();
    ended(&refused, 1, "is full, and nothing of this was stored");
    std::fs::write(folder.path().join("go"), "").unwrap();
    // The server's own log lies on the full disk; the device says that its report was not acknowledged.
    let log = || std::fs::read_to_string(&agent.log).unwrap();
    installation.wait_until("the device's report is refused", || Ok(log().contains("the server ended the line"))).unwrap();
    assert_eq!(stored(), before, "it can be read, and nothing false is in it");

    server.fill_disk(None).unwrap();
    told(&installation, &run, "kept\n");
    assert_eq!(succeeded(exec(&installation, &["echo", "room again"])).unwrap(), "room again\n");
}
