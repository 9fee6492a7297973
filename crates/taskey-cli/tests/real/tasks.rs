//! `taskey tasks`: files in, definitions out, and every output format.

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, succeeded};

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation};

const HELLO: &str = "\
name: hello
description: Says hello
actions:
  - type: COMMAND
    command: uname
    arguments: [-a]
    environment: [{key: LANG, value: C}]
    timeout: 30s
";

fn apply(installation: &Installation, text: &str, more: &[&str]) -> std::process::Output {
    installation.taskey_with(&[&["tasks", "apply", "-f", "-"], more].concat(), text).unwrap()
}

#[tokio::test]
async fn a_file_is_applied_once_for_each_difference() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let dry = apply(&installation, HELLO, &["--dry-run"]);
    ended(&dry, 0, "");
    assert!(String::from_utf8_lossy(&dry.stdout).starts_with("would create hello\n"), "{dry:?}");
    assert!(items(&installation.json(&["tasks", "ls"]).unwrap()).is_empty(), "a dry run changes nothing");

    assert_eq!(succeeded(apply(&installation, HELLO, &[])).unwrap(), "created hello v1\n");
    assert_eq!(succeeded(apply(&installation, HELLO, &[])).unwrap(), "unchanged hello v1\n");
    let changed = HELLO.replace("[-a]", "[-r]");
    let dry = succeeded(apply(&installation, &changed, &["--dry-run"])).unwrap();
    assert!(dry.contains("would update hello v1 to v2\n") && dry.contains("-   - -a\n+   - -r\n"), "{dry}");
    assert_eq!(succeeded(apply(&installation, &changed, &[])).unwrap(), "updated hello v2\n");

    let task = installation.json(&["tasks", "show", "hello"]).unwrap();
    let shape =
        [("id", Kind::Id("tsk")), ("name", Kind::Text), ("version", Kind::Number), ("created_at", Kind::Time), ("updated_at", Kind::Time)];
    assert_shape(&task, &shape);
    let action = json!({"type": "COMMAND", "command": "uname", "arguments": ["-r"], "environment": [{"key": "LANG", "value": "C"}], "timeout": "30s"});
    assert_eq!(task["actions"], json!([action]));

    let versions = installation.json(&["tasks", "versions", "hello"]).unwrap();
    let shape = [("version", Kind::Number), ("created_at", Kind::Time), ("created_by", Kind::Text), ("spec", Kind::Map)];
    items(&versions).iter().for_each(|version| assert_shape(version, &shape));
    let first = installation.json(&["tasks", "show", "hello", "--version", "1"]).unwrap();
    assert_eq!(first["spec"]["actions"][0]["arguments"], json!(["-a"]));
    let table = succeeded(installation.taskey(&["tasks", "versions", "hello"]).unwrap()).unwrap();
    assert!(table.contains("+1 -1"), "{table}");

    ended(&installation.taskey(&["tasks", "rm", "hello"]).unwrap(), 0, "");
    ended(&installation.taskey(&["tasks", "rm", "hello"]).unwrap(), 1, "no such");
}

#[tokio::test]
async fn a_wrong_file_is_refused_with_the_place_and_changes_nothing() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    ended(&apply(&installation, &HELLO.replace("command: uname", "comand: uname"), &[]), 1, "comand");
    ended(&apply(&installation, &HELLO.replace("30s", "soon"), &[]), 1, "line 8 column 14: timeout");
    ended(&apply(&installation, &HELLO.replace("COMMAND", "COMAND"), &[]), 1, "COMAND");
    ended(&apply(&installation, "name: [", &[]), 1, "line 1");
    ended(&apply(&installation, "name: hello\nactions: []\n", &[]), 1, "/actions");
    ended(&apply(&installation, &HELLO.replace("name: hello", "name: two words"), &[]), 1, "/name");
    ended(&installation.taskey(&["tasks", "apply", "-f", "/no/such/file"]).unwrap(), 1, "/no/such/file");
    assert!(items(&installation.json(&["tasks", "ls"]).unwrap()).is_empty());
}

#[tokio::test]
async fn every_format_says_the_same() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    succeeded(apply(&installation, HELLO, &[])).unwrap();
    let printed = |format: &str| succeeded(installation.taskey(&["tasks", "ls", "-o", format]).unwrap()).unwrap();
    let json: Value = serde_json::from_str(&printed("json")).unwrap();
    let yaml: Value = serde_saphyr::from_str(&printed("yaml")).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(printed("name"), "hello\n");
    let table = printed("table");
    assert!(table.starts_with("NAME") && table.contains("hello") && !table.contains('\u{1b}'), "no colour without a terminal: {table}");
    ended(&installation.taskey(&["tasks", "ls", "-o", "xml"]).unwrap(), 1, "xml");
}
