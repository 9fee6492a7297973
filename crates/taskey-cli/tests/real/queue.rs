//! What waits for a device that is away, with the real programs: seen, explained, thrown away, or run when the device is back.

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, succeeded};

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation, open_folder};

const QUEUED: &[(&str, Kind)] = &[
    ("position", Kind::Number),
    ("execution", Kind::Id("exe")),
    ("run", Kind::Id("run")),
    ("task", Kind::Map),
    ("cause", Kind::Map),
    ("since", Kind::Time),
    ("expires_at", Kind::Time),
    ("reason", Kind::Map),
];

/// More than are given out at once, and than may wait for a line.
const MANY: usize = 70;

/// Asks for a script on web-1; the run's id.
fn ask(installation: &Installation, script: &str, more: &[&str]) -> String {
    let apply = json!({"name": "notes", "actions": [{"type": "SCRIPT", "content": script}]}).to_string();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &apply).unwrap()).unwrap();
    let start = [&["run", "notes", "--device", "web-1", "-o", "name"], more].concat();
    succeeded(installation.taskey(&start).unwrap()).unwrap().trim().to_owned()
}

fn explain(installation: &Installation, what: &str) -> Value {
    installation.json(&["runs", "explain", what]).unwrap()
}

#[tokio::test]
async fn what_waited_runs_in_its_order_when_the_device_is_back_and_what_expired_never_does() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let policy = installation.path("web-1/policy.d/10-default.toml");
    let shipped = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, shipped.replace("max_concurrent = 16", "max_concurrent = 1")).unwrap();
    let folder = open_folder().unwrap();
    let notes = folder.path().join("notes");
    let note = |word: &str| format!("echo {word} >> {}", notes.display());

    let brief = ask(&installation, &note("too-late"), &["--expires", "1s"]);
    for number in 0..MANY {
        ask(&installation, &note(&number.to_string()), &[]);
    }
    installation.wait_until("the first expires", || Ok(explain(&installation, &brief)["state"] == "expired")).unwrap();
    let queue = installation.json(&["devices", "queue", "web-1"]).unwrap();
    assert_eq!(items(&queue).len(), MANY);
    assert_shape(&items(&queue)[MANY - 1], QUEUED);
    assert_eq!(items(&queue)[MANY - 1]["position"], json!(MANY));
    let last = items(&queue)[MANY - 1]["execution"].as_str().unwrap().to_owned();

    let _agent = installation.agent("web-1").unwrap();
    installation.wait_until("all has run", || Ok(explain(&installation, &last)["state"] == "succeeded")).unwrap();
    let written = std::fs::read_to_string(&notes).unwrap();
    let expected: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    assert_eq!(written.lines().collect::<Vec<_>>(), expected);
    let told = explain(&installation, &brief);
    assert!(told["answer"].as_str().unwrap().starts_with("It never ran on web-1: it waited until it expired."), "{told}");
    let told = explain(&installation, &last);
    let codes: Vec<_> = told["steps"].as_array().unwrap().iter().map(|step| step["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["asked", "resolved", "queued", "sent", "started", "succeeded"]);
}

#[tokio::test]
async fn a_queue_is_shown_explained_and_purged_at_the_command_line() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    ended(&installation.taskey(&["devices", "queue", "web-1"]).unwrap(), 0, "nothing waits for web-1");
    let runs: Vec<String> = (0..3).map(|_| ask(&installation, "true", &[])).collect();
    let table = succeeded(installation.taskey(&["devices", "queue", "web-1"]).unwrap()).unwrap();
    assert!(table.starts_with("POSITION") && table.contains("notes") && table.contains("in 23h"), "{table}");

    let table = succeeded(installation.taskey(&["runs", "explain", &runs[1]]).unwrap()).unwrap();
    for part in ["It waits for web-1, which is offline. One other is sent before it.", "started notes.", "expires and never runs"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let queue = installation.json(&["devices", "queue", "web-1"]).unwrap();
    let execution = items(&queue)[0]["execution"].as_str().unwrap();
    ended(&installation.taskey(&["runs", "cancel", execution]).unwrap(), 0, "");
    assert_eq!(explain(&installation, execution)["reason"]["code"], "cancelled");
    ended(&installation.taskey(&["runs", "cancel", execution]).unwrap(), 1, "nothing left to cancel");

    let purged = installation.taskey(&["devices", "purge", "web-1", "--yes"]).unwrap();
    ended(&purged, 0, "");
    assert_eq!(String::from_utf8_lossy(&purged.stdout), "web-1: 2 cancelled\n");
    assert_eq!(installation.json(&["devices", "purge", "web-1", "--yes"]).unwrap(), json!({"cancelled": 0}));
    assert_eq!(explain(&installation, &runs[2])["parts"][0]["reason"]["code"], "purged");
    ended(&installation.taskey(&["devices", "purge", "nowhere", "--yes"]).unwrap(), 1, "device");
    ended(&installation.taskey(&["runs", "explain", "web-1"]).unwrap(), 1, "run_");
}
