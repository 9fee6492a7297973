//! `taskey exec`: one command, its streams, its ends.

use std::path::Path;
use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, Running, run, succeeded};

use crate::shape::{EXECUTION, Kind, RESULT, RUN, assert_shape, items};
use crate::{ended, installation, is_alive, open_folder};

/// A server with a device whose agent runs.
async fn world() -> (Installation, Running) {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

fn exec(installation: &Installation, options: &[&str], argv: &[&str]) -> Output {
    installation.taskey(&[&["exec", "--device", "web-1"], options, &["--"], argv].concat()).unwrap()
}

/// The newest run, once it is over.
fn newest(installation: &Installation) -> Value {
    let listed = installation.json(&["runs", "ls", "--limit", "1"]).unwrap();
    let run = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let mut shown = Value::Null;
    let over = || {
        shown = installation.json(&["runs", "show", &run])?;
        Ok(shown["finished_at"].is_string())
    };
    installation.wait_until("the run is over", over).unwrap();
    shown
}

fn pids(file: &Path) -> Vec<i32> {
    std::fs::read_to_string(file).unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect()
}

#[tokio::test]
async fn both_streams_come_apart_byte_for_byte_with_the_commands_own_end() {
    let (installation, _agent) = world().await;
    let output = exec(&installation, &[], &["sh", "-c", "printf 'a\\377b'; printf trouble >&2"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"a\xffb"[..]));
    assert!(output.stderr.starts_with(b"trouble"), "{output:?}");
    let arguments = ["printf", "%s|", "two words", "", "-o", "json", "*", "$HOME", "\u{e4}"];
    assert_eq!(succeeded(exec(&installation, &[], &arguments)).unwrap(), "two words||-o|json|*|$HOME|\u{e4}|", "no shell stands between");

    let failed = exec(&installation, &[], &["sh", "-c", "echo out; echo err >&2; exit 3"]);
    assert_eq!((failed.status.code(), failed.stdout.as_slice()), (Some(2), &b"out\n"[..]));
    ended(&failed, 2, "exited with 3");
    let run = newest(&installation);
    assert_shape(&run, RUN);
    assert_eq!(run["task"], json!({"id": null, "name": "exec sh", "version": null}));
    assert_eq!((&run["state"], &run["reason"], &run["counts"]), (&json!("failed"), &Value::Null, &json!({"failed": 1})));
    assert_eq!(run["cause"]["kind"], "manual");
    let execution = &run["executions"][0];
    assert_shape(execution, EXECUTION);
    assert_shape(execution, &[("reason", Kind::Reason)]);
    assert_eq!(execution["run"], run["id"]);
    let result = &execution["actions"][0];
    assert_shape(result, RESULT);
    assert_eq!((&result["code"], &result["output"], &result["error"]), (&json!(3), &json!("out\n"), &json!("err\n")));
    assert_eq!(result["truncated"], json!({"output": false, "error": false}));
}

#[tokio::test]
async fn output_is_shown_while_the_command_runs() {
    let (installation, _agent) = world().await;
    let folder = open_folder().unwrap();
    let script = format!("echo first; while [ ! -e {}/go ]; do sleep 0.02; done; echo second", folder.path().display());
    let mut command = installation.command(&["exec", "--device", "web-1", "--", "sh", "-c", &script]);
    let running = Running::start(&mut command, &installation.path("exec.log")).unwrap();
    assert_eq!(running.line().unwrap(), "first");
    std::fs::write(folder.path().join("go"), "").unwrap();
    assert_eq!(running.line().unwrap(), "second");
    assert_eq!(running.end().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_timeout_ends_everything_that_the_command_has_started() {
    let (installation, _agent) = world().await;
    let folder = open_folder().unwrap();
    let file = folder.path().join("pids");
    let at = file.display();
    let daemon = format!("(setsid sh -c 'echo $$ >> {at}; (sleep 600 & echo $! >> {at}); exec sleep 600' &)");
    let script = format!("echo $$ >> {at}; {daemon}; trap '' TERM; sleep 600 & echo $! >> {at}; wait; wait; sleep 600");
    ended(&exec(&installation, &["--timeout", "1s"], &["sh", "-c", &script]), 2, "did not end within 1s");
    let started = pids(&file);
    assert_eq!(started.len(), 4, "{started:?}");
    for pid in started {
        assert!(!is_alive(pid), "{pid} outlived its execution");
    }
    let run = newest(&installation);
    let execution = &run["executions"][0];
    assert_eq!((&run["state"], &execution["state"]), (&json!("timed_out"), &json!("timed_out")));
    assert_eq!(execution["actions"][0]["state"], "timed_out");
}

#[tokio::test]
async fn an_interrupt_cancels_the_run() {
    let (installation, _agent) = world().await;
    let mut command = installation.command(&["exec", "--device", "web-1", "--", "sh", "-c", "echo $$; exec sleep 600"]);
    let running = Running::start(&mut command, &installation.path("exec.log")).unwrap();
    let pid: i32 = running.line().unwrap().parse().unwrap();
    running.signal(Signal::INT).unwrap();
    assert_eq!(running.end().unwrap().code(), Some(130));
    assert_eq!(newest(&installation)["state"], "cancelled");
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn what_cannot_begin_or_is_not_allowed_is_a_result_and_not_silence() {
    let (installation, _agent) = world().await;
    ended(&exec(&installation, &[], &["/no/such/program"]), 2, "/no/such/program cannot be started");
    let run = newest(&installation);
    let result = &run["executions"][0]["actions"][0];
    assert_eq!((&run["state"], &result["code"], &result["reason"]["code"]), (&json!("failed"), &Value::Null, &json!("start_failed")));

    ended(&exec(&installation, &["--user", "root"], &["id"]), 2, "policy does not let anything run as root");
    let run = newest(&installation);
    assert_eq!((&run["state"], &run["executions"][0]["reason"]["code"]), (&json!("rejected"), &json!("policy_user")));
    ended(&exec(&installation, &["--user", "nobody-at-all"], &["id"]), 2, "nobody-at-all");
    let user = succeeded(exec(&installation, &["--user", "nobody"], &["id", "-un"])).unwrap();
    assert_eq!(user, "nobody\n");

    let own = installation.path("web-1").join("policy.d/20-own.toml");
    std::fs::write(&own, "allow_actions = []\n").unwrap();
    ended(&exec(&installation, &[], &["id"]), 2, "policy does not allow COMMAND");
    std::fs::write(&own, "allow_actions = \n").unwrap();
    ended(&exec(&installation, &[], &["id"]), 2, "20-own.toml");
    std::fs::remove_file(own).unwrap();
    ended(&exec(&installation, &[], &["id"]), 0, "");
}

#[tokio::test]
async fn a_slip_a_missing_device_and_a_missing_server_have_their_own_ends() {
    let (mut installation, agent) = world().await;
    let on = |device: &str| installation.taskey(&["exec", "--device", device, "--", "true"]).unwrap();
    ended(&on("web-9"), 1, "there is no device `web-9`");
    ended(&installation.taskey(&["exec", "--device", "web-1"]).unwrap(), 1, "ARGV");
    ended(&installation.taskey(&["exec", "--device", "web-1", "--timeout", "soon", "--", "true"]).unwrap(), 1, "soon");
    let mut anonymous = installation.command(&["exec", "--server", &installation.url, "--device", "web-1", "--", "true"]);
    ended(&run(anonymous.env("TASKEY_CONFIG", "/nonexistent"), "").unwrap(), 4, "not signed in");
    agent.stop().unwrap();
    installation.wait_for_presence("web-1", "offline").unwrap();
    ended(&on("web-1"), 3, "offline");
    let listed = installation.json(&["runs", "ls"]).unwrap();
    assert_eq!(items(&listed).len(), 1, "only what was allowed to start is a run: {listed}");
    installation.server.take().unwrap().kill_9();
    ended(&installation.taskey(&["exec", "--device", "web-1", "--", "true"]).unwrap(), 1, "cannot reach");
}
