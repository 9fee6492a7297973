//! Output and input that mean harm, or are only too much: capped, marked, and nobody's memory is filled.

use std::process::Output;

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, Running, succeeded};

use crate::{ended, installation, is_alive, memory, open_folder};

const MIB: u64 = 1024 * 1024;

async fn world() -> (Installation, Running) {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

fn exec(installation: &Installation, argv: &[&str]) -> Output {
    installation.taskey(&[&["exec", "--device", "web-1", "--"], argv].concat()).unwrap()
}

#[tokio::test]
async fn two_hundred_megabytes_are_cut_to_one_and_fill_nobodys_memory() {
    let (installation, agent) = world().await;
    let server = installation.server.as_ref().unwrap().pid();
    let before = (memory(agent.pid(), "VmHWM"), memory(server, "VmHWM"));
    let output = exec(&installation, &["sh", "-c", "echo begin; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo end"]);
    ended(&output, 0, "more than is kept");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("begin\nx") && text.ends_with("x\nend\n") && text.contains(" bytes left out]\n"));
    assert!((MIB as usize..MIB as usize + 256).contains(&text.len()), "{}", text.len());
    let grown = (memory(agent.pid(), "VmHWM") - before.0, memory(server, "VmHWM") - before.1);
    assert!(grown.0 < 8 * MIB && grown.1 < 48 * MIB, "agent and server grew by {grown:?} bytes");
}

#[tokio::test]
async fn bytes_that_drive_a_terminal_or_a_browser_are_only_bytes() {
    let (installation, _agent) = world().await;
    let hostile = "\\033]0;owned\\007\\033[2J<script>alert(1)</script>\\000\\377\\r\\n";
    let output = exec(&installation, &["printf", hostile]);
    assert_eq!(output.stdout, b"\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>\0\xff\r\n", "byte for byte where no terminal is");
    let run = installation.json(&["runs", "ls", "--limit", "1"]).unwrap()["items"][0]["id"].as_str().unwrap().to_owned();
    let shown = installation.json(&["runs", "show", &run]).unwrap();
    let result = &shown["executions"][0]["actions"][0];
    assert_eq!(result["encoding"], "binary");
    assert_eq!(result["output"], "\u{1b}]0;owned\u{7}\u{1b}[2J<script>alert(1)</script>\0\u{fffd}\r\n");
    let table = succeeded(installation.taskey(&["runs", "show", &run]).unwrap()).unwrap();
    assert!(!table.contains('\u{1b}'), "{table:?}");
}

#[tokio::test]
async fn a_script_of_a_megabyte_and_arguments_of_every_kind_arrive_whole() {
    let (installation, _agent) = world().await;
    let filler = format!("#{}\n", "x".repeat(1023)).repeat(1022);
    let script = format!("{filler}printf %s \"$0\" | wc -c\n");
    let task = json!({"name": "t", "actions": [{"type": "SCRIPT", "content": script}]}).to_string();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task).unwrap()).unwrap();
    let waited = installation.taskey(&["run", "t", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    ended(&waited, 0, "");
    let larger = json!({"name": "t", "actions": [{"type": "SCRIPT", "content": format!("{filler}{filler}")}]}).to_string();
    ended(&installation.taskey_with(&["tasks", "apply", "-f", "-"], &larger).unwrap(), 1, "/actions/0/content");

    let every: String = (1..=0x7f_u8).map(char::from).chain(['\u{e4}', '\u{20ac}', '\u{1f600}']).collect();
    assert_eq!(exec(&installation, &["printf", "%s", &every]).stdout, every.as_bytes());
    let run = installation.json(&["runs", "ls", "--limit", "1"]).unwrap();
    assert_eq!(run["items"][0]["state"], "succeeded");
}

#[tokio::test]
async fn what_goes_off_to_be_a_daemon_ends_with_its_execution() {
    let (installation, _agent) = world().await;
    let folder = open_folder().unwrap();
    let file = folder.path().join("pid");
    let script = format!(
        "setsid sh -c 'setsid sh -c \"echo \\$\\$ > {0}; exec sleep 600\" &' & while [ ! -s {0} ]; do sleep 0.01; done",
        file.display()
    );
    ended(&exec(&installation, &["sh", "-c", &script]), 0, "");
    let pid: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    assert!(!is_alive(pid));
    let execution: Value = installation.json(&["runs", "ls", "--limit", "1"]).unwrap();
    assert_eq!(execution["items"][0]["state"], "succeeded");
}

/// Runs one action as a task; its result, and how its processes were held together.
fn limited(installation: &Installation, script: &str, limits: Value) -> (Value, String) {
    let task = json!({"name": "t", "actions": [{"type": "SCRIPT", "content": script, "timeout": "20s", "limits": limits}]}).to_string();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task).unwrap()).unwrap();
    let output = installation.taskey(&["run", "t", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let execution = &run["executions"][0];
    (execution["actions"][0].clone(), execution["isolation"].as_str().unwrap_or("none").to_owned())
}

#[tokio::test]
async fn limits_are_kept_or_refused_but_never_forgotten() {
    let (installation, _agent) = world().await;
    let (plain, isolation) = limited(&installation, "echo plain", json!({}));
    assert_eq!((plain["output"].as_str(), isolation.as_str()), (Some("plain\n"), "process_group"));
    // The shell itself counts on meanwhile: under the bomb it could not even start a `sleep`.
    let bomb = "bomb() { bomb | bomb & }; bomb 2>/dev/null; i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; echo survived";
    let cases = [
        (bomb, json!({"tasks": 20})),
        ("x=x; while :; do x=$x$x; done", json!({"memory": "32M"})),
        ("while :; do :; done & sleep 1; kill $!; awk '{print $14}' /proc/$!/stat 2>/dev/null; times", json!({"cpu_percent": 10})),
    ];
    // A machine may offer some of the three, or none; what it does not keep it must refuse.
    for (limit, (script, limits)) in ["tasks", "memory", "cpu"].into_iter().zip(cases) {
        let (result, isolation) = limited(&installation, script, limits);
        let output = result["output"].as_str().unwrap_or_default();
        if result["reason"]["code"] == "limit_unsupported" {
            assert_eq!((&result["state"], &result["started_at"]), (&json!("rejected"), &Value::Null));
            continue;
        }
        assert!(["cgroup_v1", "cgroup_v2"].contains(&isolation.as_str()), "{isolation}");
        match limit {
            "tasks" => assert_eq!(output, "survived\n", "a fork bomb has no more than its share: {result}"),
            "memory" => assert_eq!(result["reason"]["code"], "out_of_memory", "{result}"),
            _ => {
                let used = output.lines().last().unwrap();
                let seconds: f64 = used.split(['m', 's', ' ']).nth(1).unwrap().parse().unwrap();
                assert!(seconds < 0.5, "a tenth of a core for a second is not {used}");
            }
        }
    }
    // Nothing is left behind: the next one runs, and the agent is well.
    assert_eq!(limited(&installation, "echo plain", json!({})).0["output"], "plain\n");
}
