//! `taskey run` and `taskey runs`: stored tasks on devices that are there, away, or gone for good.

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, succeeded};

use crate::shape::{EXECUTION, Kind, RESULT, RUN, assert_shape, items};
use crate::{ended, installation, open_folder};

const TALKS: &str = "\
name: talks
actions:
  - {type: COMMAND, command: echo, arguments: [one]}
  - {type: SCRIPT, content: \"echo two; echo trouble >&2\\n\"}
";

/// A server with a task and two devices; the agent of the first runs.
async fn world() -> (Installation, taskey_testkit::process::Running) {
    let installation = installation(Engine::Sqlite).await.unwrap();
    apply(&installation, TALKS);
    installation.enroll("web-1").unwrap();
    installation.enroll("web-2").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

fn apply(installation: &Installation, text: &str) {
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], text).unwrap()).unwrap();
}

fn start(installation: &Installation, arguments: &[&str]) -> String {
    let id = succeeded(installation.taskey(&[&["run"], arguments, &["-o", "name"]].concat()).unwrap()).unwrap();
    id.trim_end().to_owned()
}

fn show(installation: &Installation, run: &str) -> Value {
    installation.json(&["runs", "show", run]).unwrap()
}

#[tokio::test]
async fn a_task_runs_and_its_run_tells_all() {
    let (installation, _agent) = world().await;
    let waited = installation.taskey(&["run", "talks", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    ended(&waited, 0, "web-1: succeeded");
    let run: Value = serde_json::from_slice(&waited.stdout).unwrap();
    assert_shape(&run, RUN);
    assert_shape(&run["task"], &[("id", Kind::Id("tsk")), ("name", Kind::Text), ("version", Kind::Number)]);
    assert_eq!((&run["state"], &run["reason"], &run["counts"]), (&json!("succeeded"), &Value::Null, &json!({"succeeded": 1})));
    let execution = &run["executions"][0];
    assert_shape(execution, EXECUTION);
    assert_shape(&execution["device"], &[("id", Kind::Id("dev")), ("name", Kind::Text)]);
    let results = execution["actions"].as_array().unwrap();
    results.iter().for_each(|result| assert_shape(result, RESULT));
    let told = |index: usize| (results[index]["type"].as_str(), results[index]["output"].as_str(), results[index]["error"].as_str());
    assert_eq!(told(0), (Some("COMMAND"), Some("one\n"), Some("")));
    assert_eq!(told(1), (Some("SCRIPT"), Some("two\n"), Some("trouble\n")));

    let id = run["id"].as_str().unwrap();
    assert_eq!(show(&installation, id), run);
    let logs = installation.taskey(&["runs", "logs", id]).unwrap();
    assert_eq!((logs.stdout.as_slice(), logs.stderr.as_slice()), (&b"one\ntwo\n"[..], &b"trouble\n"[..]));
    let listed = installation.json(&["runs", "ls"]).unwrap();
    assert_eq!(items(&listed).iter().map(|run| run["id"].as_str()).collect::<Vec<_>>(), [Some(id)]);
    ended(&installation.taskey(&["runs", "cancel", id]).unwrap(), 1, "The run is over");
    ended(&installation.taskey(&["run", "no-such-task", "--device", "web-1"]).unwrap(), 1, "no-such-task");
    ended(&installation.taskey(&["run", "talks", "--device", "web-9"]).unwrap(), 1, "there is no device `web-9`");
    ended(&installation.taskey(&["runs", "show", "run_00000000000000000000000000"]).unwrap(), 1, "no such run");
}

#[tokio::test]
async fn what_ended_alike_is_shown_as_one_and_the_others_by_their_difference() {
    let (installation, _agent) = world().await;
    let _second = installation.agent("web-2").unwrap();
    installation.enroll("web-3").unwrap();
    installation.wait_for_presence("web-2", "online").unwrap();
    let folder = open_folder().unwrap();
    let taken = folder.path().join("taken");
    let apply_script = |name: &str, script: &str| {
        let task = json!({"name": name, "actions": [{"type": "SCRIPT", "content": script}]});
        apply(&installation, &task.to_string());
    };
    apply_script("alike", "echo the same\n");
    let alike = start(&installation, &["alike", "--device", "web-1", "--device", "web-2", "--device", "web-3"]);
    // One device finds the folder free, the other taken.
    apply_script("unlike", &format!("echo common\nmkdir {0} 2>/dev/null && echo first || echo second\n", taken.display()));
    let unlike = installation.taskey(&["run", "unlike", "--device", "web-1", "--device", "web-2", "--wait", "-o", "name"]).unwrap();
    ended(&unlike, 0, "");
    let unlike = String::from_utf8(unlike.stdout).unwrap().trim_end().to_owned();

    // This run stays open: web-3 is away.
    let told = |groups: &Value| -> Vec<_> {
        items(groups).iter().map(|group| (group["count"].as_u64(), group["sample"]["state"].as_str().unwrap().to_owned())).collect()
    };
    let mut groups = installation.json(&["runs", "groups", &alike]).unwrap();
    while told(&groups) != [(Some(2), "succeeded".to_owned()), (Some(1), "queued".to_owned())] {
        groups = installation.json(&["runs", "groups", &alike]).unwrap();
    }
    assert_eq!(items(&groups)[0]["sample"]["actions"][0]["output"], "the same\n");
    let table = succeeded(installation.taskey(&["runs", "groups", &alike]).unwrap()).unwrap();
    assert!(table.contains("2        succeeded  0      web-1        the same"), "{table}");

    let text = succeeded(installation.taskey(&["runs", "groups", &unlike, "--diff"]).unwrap()).unwrap();
    let (one, other) = if text.contains("- first") { ("first", "second") } else { ("second", "first") };
    assert!(text.starts_with("1 succeeded: web-"), "{text}");
    assert!(text.contains(&format!("  common\n  {one}\n")) && text.contains(&format!("- {one}\n  + {other}\n")), "{text}");
    let logs = installation.taskey(&["runs", "logs", &unlike, "--device", "web-2"]).unwrap();
    assert!(logs.stdout.starts_with(b"common\n") && logs.stdout.iter().filter(|byte| **byte == b'\n').count() == 2);
    ended(&installation.taskey(&["runs", "logs", &unlike, "--device", "web-3"]).unwrap(), 1, "the run has no device `web-3`");
}

#[tokio::test]
async fn an_offline_device_waits_is_skipped_or_fails_as_the_run_says() {
    let (installation, _agent) = world().await;
    let on_offline =
        |what: &str| installation.taskey(&["run", "talks", "--device", "web-2", "--when-offline", what, "--wait", "-o", "json"]).unwrap();
    let skipped = on_offline("skip");
    ended(&skipped, 3, "offline");
    assert_eq!(serde_json::from_slice::<Value>(&skipped.stdout).unwrap()["state"], "skipped");
    let failed = on_offline("fail");
    ended(&failed, 3, "offline");
    assert_eq!(serde_json::from_slice::<Value>(&failed.stdout).unwrap()["executions"][0]["reason"]["code"], "offline");

    let queued = start(&installation, &["talks", "--device", "web-1", "--device", "web-2"]);
    installation.wait_until("web-1 is done", || Ok(show(&installation, &queued)["counts"]["succeeded"] == 1)).unwrap();
    let shown = show(&installation, &queued);
    assert_eq!((&shown["state"], &shown["counts"]["queued"], &shown["finished_at"]), (&json!("running"), &json!(1), &Value::Null));
    assert_eq!(installation.json(&["devices", "show", "web-2"]).unwrap()["queued"], 1);
    let _second = installation.agent("web-2").unwrap();
    installation.wait_until("the rest is done", || Ok(show(&installation, &queued)["state"] == "succeeded")).unwrap();
    let logs = succeeded(installation.taskey(&["runs", "logs", &queued]).unwrap()).unwrap();
    let mut lines: Vec<&str> = logs.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["web-1 | one", "web-1 | two", "web-2 | one", "web-2 | two"]);
}

#[tokio::test]
async fn what_waits_longer_than_it_may_expires() {
    let (installation, _agent) = world().await;
    let waited = installation.taskey(&["run", "talks", "--device", "web-2", "--expires", "1s", "--wait", "-o", "json"]).unwrap();
    ended(&waited, 3, "expired");
    let run: Value = serde_json::from_slice(&waited.stdout).unwrap();
    assert_eq!((&run["state"], &run["counts"]), (&json!("expired"), &json!({"expired": 1})));
    assert_shape(&run["executions"][0], &[("reason", Kind::Reason)]);
    let _second = installation.agent("web-2").unwrap();
    installation.wait_for_presence("web-2", "online").unwrap();
    let next = succeeded(installation.taskey(&["exec", "--device", "web-2", "--", "echo", "next"]).unwrap()).unwrap();
    assert_eq!(next, "next\n");
    assert_eq!(show(&installation, run["id"].as_str().unwrap()), run, "it is not run late");
}

#[tokio::test]
async fn a_run_is_cancelled_whether_it_waits_or_runs() {
    let (installation, _agent) = world().await;
    let waiting = start(&installation, &["talks", "--device", "web-2"]);
    ended(&installation.taskey(&["runs", "cancel", &waiting]).unwrap(), 0, "");
    assert_eq!(show(&installation, &waiting)["state"], "cancelled");

    let folder = open_folder().unwrap();
    apply(
        &installation,
        &format!("name: long\nactions:\n  - {{type: SCRIPT, content: \"touch {}/on; exec sleep 600\"}}\n", folder.path().display()),
    );
    let running = start(&installation, &["long", "--device", "web-1"]);
    installation.wait_until("it runs", || Ok(folder.path().join("on").exists())).unwrap();
    ended(&installation.taskey(&["runs", "cancel", &running]).unwrap(), 0, "");
    installation.wait_until("it has ended", || Ok(show(&installation, &running)["state"] == "cancelled")).unwrap();
    let execution = &show(&installation, &running)["executions"][0];
    assert_eq!((&execution["state"], &execution["actions"][0]["state"]), (&json!("cancelled"), &json!("cancelled")));
}

#[tokio::test]
async fn one_failed_action_stops_the_task_unless_it_says_otherwise() {
    let (installation, _agent) = world().await;
    apply(
        &installation,
        "name: stops\nactions:\n  - {type: COMMAND, command: \"false\"}\n  - {type: COMMAND, command: echo, arguments: [after]}\n",
    );
    let stopped = installation.taskey(&["run", "stops", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    ended(&stopped, 2, "web-1: failed");
    let run: Value = serde_json::from_slice(&stopped.stdout).unwrap();
    let states =
        |run: &Value| run["executions"][0]["actions"].as_array().unwrap().iter().map(|action| action["state"].clone()).collect::<Vec<_>>();
    assert_eq!(states(&run), ["failed", "skipped"]);
    assert_eq!(run["executions"][0]["actions"][1]["code"], Value::Null, "nothing started");

    apply(
        &installation,
        "name: goes-on\non_failure: continue\nactions:\n  - {type: COMMAND, command: \"false\"}\n  - {type: COMMAND, command: echo, arguments: [after]}\n",
    );
    let went_on = installation.taskey(&["run", "goes-on", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    ended(&went_on, 2, "web-1: failed");
    assert_eq!(states(&serde_json::from_slice(&went_on.stdout).unwrap()), ["failed", "succeeded"]);
}

#[tokio::test]
async fn a_selector_says_on_which_devices_and_a_preview_says_it_before() {
    let (installation, _agent) = world().await;
    for (device, label) in [("web-1", "rack=3"), ("web-2", "rack=12")] {
        succeeded(installation.taskey(&["devices", "label", device, label, "role=web"]).unwrap()).unwrap();
    }
    let both = installation.taskey(&["targets", "role in (web, mail)"]).unwrap();
    ended(&both, 0, "2 devices, 1 of them offline");
    let table = String::from_utf8(both.stdout).unwrap();
    assert!(table.contains("web-1  online") && table.contains("web-2  offline"), "{table}");
    let names = |arguments: &[&str]| succeeded(installation.taskey(&[arguments, &["-o", "name"]].concat()).unwrap()).unwrap();
    assert_eq!(names(&["targets", "rack>=4", "device:web-1"]), "web-1\nweb-2\n");
    assert_eq!(names(&["devices", "ls", "--on", "rack<4"]), "web-1\n");
    let id = installation.json(&["devices", "show", "web-2"]).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(names(&["devices", "ls", "--on", &format!("name~*-1,device:{id}")]), "web-1\nweb-2\n");
    let preview = installation.json(&["targets", "role=web and online", "--task", "talks"]).unwrap();
    assert_eq!((&preview["count"], &preview["devices"][0]["name"], &preview["refused"]), (&json!(1), &json!("web-1"), &json!([])));

    let waited = installation.taskey(&["run", "talks", "--on", "role=web and online", "--wait", "-o", "json"]).unwrap();
    ended(&waited, 0, "web-1: succeeded");
    assert!(!String::from_utf8_lossy(&waited.stderr).contains("devices"), "one device is not worth a word: {waited:?}");
    let queued = installation.taskey(&["run", "talks", "--on", "role=web and rack>=3", "--when-offline", "skip", "-o", "json"]).unwrap();
    ended(&queued, 0, "running talks on 2 devices, 1 of them offline");
    let run: Value = serde_json::from_slice(&queued.stdout).unwrap();
    assert_eq!(run["executions"].as_array().unwrap().len(), 2);

    ended(&installation.taskey(&["run", "talks", "--on", "role=mail"]).unwrap(), 1, "no device that you may see matches this");
    ended(&installation.taskey(&["run", "talks", "--on", "role="]).unwrap(), 1, "column 6: expected a value");
    ended(&installation.taskey(&["targets", "role=mail", "device:web-9"]).unwrap(), 1, "there is no device `web-9`");
    ended(&installation.taskey(&["devices", "ls", "--on", "role=mail"]).unwrap(), 0, "no device matches");
    ended(&installation.taskey(&["run", "talks", "--on", "rack", "--expires", "soon"]).unwrap(), 1, "--expires");
    ended(&installation.taskey(&["run", "talks", "--on", "rack", "--when-offline", "never"]).unwrap(), 1, "--when-offline");
}

#[tokio::test]
async fn who_may_not_start_it_everywhere_is_told_where() {
    let (installation, _agent) = world().await;
    let key =
        |arguments: &[&str]| succeeded(installation.taskey(&[&["keys", "create"], arguments, &["-o", "name"]].concat()).unwrap()).unwrap();
    let starter = key(&["--name", "starter", "--scope", "runs.start"]);
    let mut command = installation.command(&["run", "talks", "--on", "name~web-*", "-o", "name"]);
    let started = command.env("TASKEY_API_KEY", starter.trim_end()).output().unwrap();
    ended(&started, 0, "running talks on 2 devices");
    let reader = key(&["--name", "reader", "--scope", "devices.read"]);
    let mut command = installation.command(&["targets", "name~web-*"]);
    ended(&command.env("TASKEY_API_KEY", reader.trim_end()).output().unwrap(), 4, "runs.start");
}

#[tokio::test]
async fn without_a_terminal_a_run_on_many_devices_is_not_asked_about() {
    let (installation, _agent) = world().await;
    let token = succeeded(
        installation.taskey(&["enroll-tokens", "create", "--uses", "100", "--ttl", "1h", "--label", "many=yes", "-o", "name"]).unwrap(),
    );
    let token = token.unwrap();
    let secret = token.split('.').next().unwrap();
    // Keys of nobody: these devices never come.
    let nobody = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for number in 0..100 {
        let body = json!({"token": secret, "name": format!("far-{number:03}"), "signing_key": nobody, "sealing_key": nobody,
            "facts": {}, "agent_version": "1", "protocol": 1});
        let mut curl = std::process::Command::new("curl");
        curl.args(["-sSf", "-H", "Content-Type: application/json", "--data-binary", &body.to_string()]);
        succeeded(curl.arg(format!("{}/agent/v1/enroll", installation.url)).output().unwrap()).unwrap();
    }
    let all = installation.taskey(&["targets", "many", "device:web-1", "-o", "name"]).unwrap();
    assert_eq!(all.stdout.iter().filter(|byte| **byte == b'\n').count(), 101, "also those beyond the first hundred");
    let started =
        installation.taskey(&["run", "talks", "--on", "many,device:web-1", "--when-offline", "skip", "--wait", "-o", "json"]).unwrap();
    ended(&started, 3, "running talks on 101 devices, 100 of them offline");
    let run: Value = serde_json::from_slice(&started.stdout).unwrap();
    assert_eq!(run["counts"], json!({"skipped": 100, "succeeded": 1}));
}
