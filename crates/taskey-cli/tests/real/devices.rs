//! Enrolment, the agent's own commands, and devices as `taskey` shows and changes them.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, binary, run, succeeded};

use crate::shape::{DEVICE, Kind, assert_shape, items};
use crate::{ended, id, installation};

fn taskeyd(installation: &Installation, arguments: &[&str], state: &str, input: &str) -> Output {
    let mut command = Command::new(binary("taskeyd"));
    command.args(arguments).arg("--state").arg(installation.path(state));
    run(&mut command, input).unwrap()
}

fn enroll(installation: &Installation, token: &str, state: &str) -> Output {
    taskeyd(installation, &["enroll", "--server", &installation.url, "--token-file", "-", "--name", state], state, token)
}

#[tokio::test]
async fn a_token_lets_in_as_many_as_it_says_with_its_labels() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let create = ["enroll-tokens", "create", "--uses", "1", "--ttl", "1h", "--label", "role=web", "--label", "zone=eu"];
    let token = installation.json(&create).unwrap();
    assert_shape(&token, &[("id", Kind::Id("etk")), ("token", Kind::Text), ("expires_at", Kind::Time), ("command", Kind::Text)]);
    let token = token["token"].as_str().unwrap();
    ended(&enroll(&installation, "enr_nonsense", "web-1"), 1, "token");
    let first = enroll(&installation, &format!("{token}\n"), "web-1");
    ended(&first, 0, "");
    assert!(String::from_utf8_lossy(&first.stdout).starts_with("enrolled: dev_"), "{first:?}");
    ended(&enroll(&installation, token, "web-1"), 1, "is enrolled already, as web-1");
    ended(&enroll(&installation, token, "web-2"), 4, "enrolment token");
    let listed = installation.json(&["devices", "ls"]).unwrap();
    let [device] = items(&listed) else { panic!("{listed}") };
    assert_eq!((&device["name"], &device["labels"]), (&json!("web-1"), &json!({"role": "web", "zone": "eu"})));
    assert_eq!(device["presence"], "offline");
    ended(&installation.taskey(&["enroll-tokens", "create", "--uses", "0"]).unwrap(), 1, "/uses");
}

#[tokio::test]
async fn an_agent_tells_its_facts_and_its_policy_and_shows_its_own_status() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let state = installation.path("web-1");
    for (name, mode) in [("signing.key", 0o600), ("sealing.key", 0o600), ("identity.json", 0o600), ("policy.d", 0o700)] {
        assert_eq!(std::fs::metadata(state.join(name)).unwrap().permissions().mode() & 0o777, mode, "{name}");
    }
    let status = |installation: &Installation| -> Value {
        serde_json::from_str(&succeeded(taskeyd(installation, &["status", "-o", "json"], "web-1", "")).unwrap()).unwrap()
    };
    assert_eq!(status(&installation)["running"], false);
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    installation.wait_until("the agent notes its line", || Ok(status(&installation)["connected"] == true)).unwrap();
    let device = installation.json(&["devices", "show", "web-1"]).unwrap();
    assert_shape(&device, DEVICE);
    assert_eq!(device["facts"]["os"], "linux");
    assert_eq!(device["policy"]["run_as"], json!(["taskey", "nobody"]), "as it is shipped");
    assert_eq!(status(&installation)["policy"], device["policy"]);
    assert_eq!(status(&installation)["device"], device["id"]);
    ended(&taskeyd(&installation, &["run"], "web-1", ""), 1, "another taskeyd runs on");
    agent.stop().unwrap();
    installation.wait_for_presence("web-1", "offline").unwrap();
    ended(&taskeyd(&installation, &["status"], "no-such-folder", ""), 1, "enroll");
}

#[tokio::test]
async fn a_credential_is_two_lines_that_nobody_else_can_read() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let file = installation.path("credential");
    let written = taskeyd(&installation, &["credential", "--out", &file.display().to_string()], "web-1", "");
    ended(&written, 0, "");
    assert!(written.stdout.is_empty());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let device = id(&installation.json(&["devices", "show", "web-1"]).unwrap()).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!((text.lines().count(), text.lines().next()), (2, Some(device.as_str())));
}

#[tokio::test]
async fn a_device_is_renamed_labelled_and_removed() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    installation.enroll("web-2").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();

    let renamed = installation.json(&["devices", "rename", "web-1", "shop"]).unwrap();
    assert_eq!(renamed["name"], "shop");
    ended(&installation.taskey(&["devices", "rename", "shop", "web-2"]).unwrap(), 1, "name is taken");
    ended(&installation.taskey(&["devices", "rename", "shop", "no spaces"]).unwrap(), 1, "/name");
    let by_id = installation.json(&["devices", "show", &id(&renamed).unwrap()]).unwrap();
    assert_eq!(by_id["name"], "shop");

    installation.json(&["devices", "label", "shop", "role=web", "zone=eu"]).unwrap();
    let labelled = installation.json(&["devices", "label", "shop", "role-", "tier=1"]).unwrap();
    assert_eq!(labelled["labels"], json!({"zone": "eu", "tier": "1"}));
    ended(&installation.taskey(&["devices", "label", "shop", "nonsense"]).unwrap(), 1, "KEY=VALUE");

    ended(&installation.taskey(&["devices", "rm", "shop"]).unwrap(), 0, "");
    ended(&installation.taskey(&["devices", "show", "shop"]).unwrap(), 1, "no such");
    let log = installation.path("web-1.log");
    installation
        .wait_until("the agent hears that it is not known any more", || Ok(std::fs::read_to_string(&log)?.contains("refuses this device")))
        .unwrap();
    drop(agent);
    let names = succeeded(installation.taskey(&["devices", "ls", "-o", "name"]).unwrap()).unwrap();
    assert_eq!(names, "web-2\n");
}

#[tokio::test]
async fn a_copied_state_folder_is_found_and_new_keys_tell_the_device_from_its_copy() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(installation.path("web-1")).arg(installation.path("copy"));
    succeeded(run(&mut copy, "").unwrap()).unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    let copied = installation.agent("copy").unwrap();
    let quarantined = || Ok(installation.json(&["devices", "show", "web-1"])?["quarantine"]["reason"]["code"] == "cloned");
    installation.wait_until("the copy is found", quarantined).unwrap();
    let table = succeeded(installation.taskey(&["devices", "ls"]).unwrap()).unwrap();
    assert!(table.contains("quarantine"), "{table}");
    let refused = || Ok(std::fs::read_to_string(installation.path("web-1.log"))?.contains("give it new keys"));
    installation.wait_until("the device's owner is told", refused).unwrap();

    let token = succeeded(installation.taskey(&["devices", "rekey", "web-1", "-o", "name"]).unwrap()).unwrap();
    let rekey = || taskeyd(&installation, &["enroll", "--rekey", "--server", &installation.url, "--token-file", "-"], "web-1", &token);
    ended(&rekey(), 1, "stop it first");
    assert!(agent.stop().unwrap().success());
    ended(&rekey(), 0, "");
    ended(&rekey(), 4, "token");
    let _agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    assert_eq!(installation.json(&["devices", "show", "web-1"]).unwrap()["quarantine"], Value::Null);
    let hello = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "hello"]).unwrap();
    assert_eq!(succeeded(hello).unwrap(), "hello\n");
    drop(copied);
}

/// What `taskeyd doctor` finds, by the name of the check: its verdict, what it says and what it advises.
fn diagnosis(installation: &Installation, state: &str, code: i32) -> Value {
    let told = taskeyd(installation, &["doctor", "-o", "json"], state, "");
    assert_eq!(told.status.code(), Some(code), "{told:?}");
    let report: Value = serde_json::from_slice(&told.stdout).unwrap();
    let by_check = items(&report).iter().map(|finding| (finding["check"].as_str().unwrap().to_owned(), finding.clone()));
    Value::Object(by_check.collect())
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let mut installation = installation(Engine::Sqlite).await.unwrap();
    let found = diagnosis(&installation, "web-1", 2);
    assert!(found["enrolled"]["advice"].as_str().unwrap().contains("taskeyd enroll"), "{found}");
    installation.enroll("web-1").unwrap();
    let found = diagnosis(&installation, "web-1", 0);
    assert_eq!((&found["agent"]["verdict"], &found["sign-in"]["verdict"]), (&json!("warning"), &json!("ok")), "{found}");
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    let well = || Ok(diagnosis(&installation, "web-1", 0)["agent"]["detail"] == "runs, and its line is up, by websocket");
    installation.wait_until("the agent is well", well).unwrap();
    for check in ["disk", "policy", "user", "enrolled", "server", "answer", "clock", "sign-in"] {
        assert_eq!(diagnosis(&installation, "web-1", 0)[check]["verdict"], "ok", "{check}");
    }
    assert_eq!(installation.json(&["devices", "show", "web-1"]).unwrap()["quarantine"], Value::Null, "asking is no copy");

    std::fs::write(installation.path("web-1/policy.d/20.toml"), "signers = 1").unwrap();
    let found = diagnosis(&installation, "web-1", 2);
    assert!(found["policy"]["detail"].as_str().unwrap().contains("20.toml"), "{found}");
    std::fs::remove_file(installation.path("web-1/policy.d/20.toml")).unwrap();
    succeeded(installation.taskey(&["devices", "rm", "web-1", "--yes"]).unwrap()).unwrap();
    let found = diagnosis(&installation, "web-1", 2);
    assert_eq!((&found["server"]["verdict"], &found["sign-in"]["verdict"]), (&json!("ok"), &json!("problem")), "{found}");
    installation.server.take().unwrap().stop().unwrap();
    let found = diagnosis(&installation, "web-1", 2);
    assert!(found["server"]["detail"].as_str().unwrap().contains("Connection refused"), "{found}");
    let table = taskeyd(&installation, &["doctor"], "web-1", "");
    assert!(String::from_utf8_lossy(&table.stdout).contains("-> check its name, that it runs"), "{table:?}");
    drop(agent);
}
