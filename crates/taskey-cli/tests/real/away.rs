//! A server that is away for long while its devices go on working: what the device keeps is bounded, in memory and on disk.

use serde_json::json;
use taskey_testkit::Engine;
use taskey_testkit::process::succeeded;

use crate::{installation, memory, open_folder};

const MIB: u64 = 1024 * 1024;
const RUNS: usize = 8;

#[tokio::test]
async fn while_the_server_is_away_a_chattering_task_fills_neither_memory_nor_disk_and_what_is_dropped_is_said() {
    let mut installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let policy = installation.path("web-1/policy.d/10-default.toml");
    let shipped = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, shipped.replace("max_concurrent = 16", "max_concurrent = 1")).unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();

    // As much output as one execution may hold while it cannot be sent: what days of an ordinary one come to.
    let folder = open_folder().unwrap();
    let (go, ended) = (folder.path().join("go"), folder.path().join("ended"));
    let wait = json!({"type": "SCRIPT", "content": format!("while [ ! -e {} ]; do sleep 0.02; done", go.display())});
    let chatter = json!({"type": "SCRIPT", "content": "x() { head -c 5000000 /dev/zero | tr '\\0' x; }; x; x >&2"});
    let note = json!({"type": "SCRIPT", "content": format!("echo ended >> {}; echo the end", ended.display())});
    let spec = json!({"name": "chatters", "actions": [wait, chatter, chatter, chatter, chatter, note]});
    std::fs::write(installation.path("chatters.json"), spec.to_string()).unwrap();
    succeeded(installation.taskey(&["tasks", "apply", "-f", &installation.path("chatters.json").display().to_string()]).unwrap()).unwrap();
    let start = || succeeded(installation.taskey(&["run", "chatters", "--device", "web-1", "-o", "name"]).unwrap()).unwrap();
    let runs: Vec<String> = (0..RUNS).map(|_| start().trim().to_owned()).collect();
    let held = || installation.json(&["runs", "show", &runs[RUNS - 1]]).unwrap();
    installation.wait_until("all orders are out", || Ok(held()["executions"][0]["state"] == "dispatched")).unwrap();

    installation.server.take().unwrap().kill_9();
    std::fs::write(&go, "").unwrap();
    let count = || std::fs::read_to_string(&ended).unwrap_or_default().lines().count();
    installation.wait_until("the first executions end", || Ok(count() >= 2)).unwrap();
    let early = memory(agent.pid(), "VmRSS");
    installation.wait_until("all executions end", || Ok(count() == RUNS)).unwrap();
    let late = memory(agent.pid(), "VmRSS");
    assert!(late < early + 24 * MIB, "the agent grew from {early} to {late} bytes");
    let journal = std::fs::metadata(installation.path("web-1/journal.log")).unwrap().len();
    assert!(journal < 2 * taskey_agent::journal::SPOOL_LEN_MAX + 32 * MIB, "the journal has {journal} bytes");

    installation.start_server().unwrap();
    let over = |run: &str| installation.json(&["runs", "show", run]).unwrap();
    installation.wait_until("every run is told", || Ok(runs.iter().all(|run| over(run)["finished_at"].is_string()))).unwrap();
    let results: Vec<_> = runs.iter().map(|run| over(run)["executions"][0].clone()).collect();
    assert!(results.iter().all(|execution| execution["state"] == "succeeded"), "{results:?}");
    let said = |execution: &serde_json::Value| execution["actions"][1]["output"].as_str().unwrap().to_owned();
    assert!(said(&results[0]).contains("output dropped on the device"), "the oldest gives way");
    assert_eq!(results[0]["actions"][1]["truncated"], json!({"output": true, "error": true}));
    assert_eq!(results[RUNS - 1]["actions"][5]["output"], "the end\n", "the newest is whole");
    let log = std::fs::read_to_string(&agent.log).unwrap();
    assert!(log.contains("too much waits for the server"), "{log}");
}
