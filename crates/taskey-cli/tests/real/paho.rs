//! Eclipse paho's interoperability cases, with paho's client and a device's credential. `paho.py` walks them, `docs/reference/mqtt.md` lists them.

use std::path::Path;
use std::process::Command;

use taskey_testkit::Engine;
use taskey_testkit::process::{Running, binary, run, succeeded};

use crate::{id, installation};

/// The cases that hold, in the order in which they were walked.
async fn walked(version: &str) -> Vec<String> {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let device = id(&installation.json(&["devices", "show", "web-1"]).unwrap()).unwrap();
    let file = installation.path("credential");
    let mut credential = Command::new(binary("taskeyd"));
    credential.arg("credential").arg("--state").arg(installation.path("web-1")).arg("--out").arg(&file);
    succeeded(run(&mut credential, "").unwrap()).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let password = text.trim_end().split_once('\n').unwrap().1;

    // Nobody carries it out: the orders stay until the test is over.
    let spec = installation.path("hello.json");
    std::fs::write(&spec, r#"{"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]}"#).unwrap();
    succeeded(installation.taskey(&["tasks", "apply", "-f", &spec.display().to_string()]).unwrap()).unwrap();
    let trigger = installation.command(&["run", "hello", "--device", "web-1", "--output", "json"]);
    let words: Vec<_> = std::iter::once(trigger.get_program()).chain(trigger.get_args()).map(|word| word.to_str().unwrap()).collect();

    let mut python = Command::new(taskey_testkit::python::environment("paho-mqtt==2.1.0").unwrap().join("bin/python"));
    python.args(["-c", include_str!("paho.py"), &installation.mqtt_port.to_string(), &device, password, version]);
    python.envs(trigger.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TRIGGER", serde_json::to_string(&words).unwrap());
    let log = installation.path("paho.log");
    let python = Running::start(&mut python, &log).unwrap();
    let cases: Vec<String> = std::iter::from_fn(|| python.line().ok()).collect();
    let status = python.end().unwrap();
    assert!(status.success(), "{}", std::fs::read_to_string(log).unwrap());
    cases
}

/// The cases of a version that the table says hold.
fn promised(version: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/mqtt.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("### MQTT {version}\n")).unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | holds"));
    rows.flat_map(|(row, _)| row.rsplit_once('|').map(|(_, case)| case.trim().trim_matches('`').to_owned())).collect()
}

async fn check(version: &str, section: &str) {
    let (mut walked, mut promised) = (walked(version).await, promised(section));
    walked.sort();
    promised.sort();
    promised.dedup();
    assert!(!walked.is_empty());
    assert_eq!(walked, promised, "docs/reference/mqtt.md and paho.py name other cases");
}

#[tokio::test]
async fn pahos_cases_hold_for_a_device_that_speaks_3_1_1() {
    check("3", "3.1.1").await;
}

#[tokio::test]
async fn pahos_cases_hold_for_a_device_that_speaks_5() {
    check("5", "5").await;
}
