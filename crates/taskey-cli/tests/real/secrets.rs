//! Secrets on a real agent: used by commands and requests, hidden in what they write, and found nowhere else.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use taskey_proto::crypto::{base64, base64url};
use taskey_testkit::echo::EchoServer;
use taskey_testkit::process::{Installation, Running, binary, run, succeeded};
use taskey_testkit::{Engine, on_both};

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation};

const CANARY: &str = "c4n4ry/sw0rd+fish \u{e4}?";

async fn world(engine: Engine) -> (Installation, Running) {
    let installation = installation(engine).await.unwrap();
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

fn set(installation: &Installation, name: &str, value: &str) -> std::process::Output {
    installation.taskey_with(&["secrets", "set", name, "--stdin"], value).unwrap()
}

/// Runs actions as a task; the run.
fn run_task(installation: &Installation, actions: Value) -> Value {
    let task = json!({"name": "t", "on_failure": "continue", "actions": actions}).to_string();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task).unwrap()).unwrap();
    let output = installation.taskey(&["run", "t", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn outputs(run: &Value) -> Vec<(&str, &str)> {
    let text = |result: &'_ Value, name: &str| result[name].as_str().unwrap_or_default().to_owned().leak() as &str;
    run["executions"][0]["actions"].as_array().unwrap().iter().map(|result| (text(result, "output"), text(result, "error"))).collect()
}

/// Every form in which the canary could lie somewhere.
fn forms() -> Vec<Vec<u8>> {
    let url = "c4n4ry%2Fsw0rd%2Bfish%20%C3%A4%3F";
    let texts = [CANARY.to_owned(), base64(CANARY.as_bytes()), base64url(CANARY.as_bytes()), url.to_owned(), url.replace("%20", "+")];
    texts.map(String::into_bytes).to_vec()
}

/// The files below a folder that hold the canary, in whatever form.
fn holders(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holders(&path));
        } else if let Ok(bytes) = std::fs::read(&path)
            && forms().iter().any(|form| bytes.windows(form.len()).any(|window| window == form.as_slice()))
        {
            found.push(path.display().to_string());
        }
    }
    found
}

on_both! {
    async fn a_secret_is_used_hidden_and_found_nowhere(engine: Engine) {
        let (mut installation, agent) = world(engine).await;
        let echo = EchoServer::start().unwrap();
        ended(&set(&installation, "canary", CANARY), 0, "");
        let environment = json!([{"key": "TOKEN", "secret": "canary"}, {"key": "PLAIN", "value": "plain"}]);
        let script = "printf '%s|%s|' \"$TOKEN\" \"$PLAIN\"; printf %s \"$TOKEN\" | base64; printf %s \"$TOKEN\" >&2; tr '\\0' ' ' < /proc/$$/cmdline";
        let request = |more: Value| {
            let mut action = json!({"type": "HTTP_REQUEST", "request_method": "POST", "request_url": echo.url("/echo")});
            action.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            action
        };
        let run = run_task(&installation, json!([
            {"type": "SCRIPT", "content": script, "environment": environment},
            {"type": "COMMAND", "command": "printenv", "arguments": ["TOKEN"], "environment": environment},
            request(json!({"form": [{"key": "token", "secret": "canary"}]})),
            {"type": "SCRIPT", "content": "test \"$TOKEN\" = \"$EXPECTED\" || echo \"it is $(printf %s \"$TOKEN\" | wc -c) bytes long\"", "environment": environment},
        ]));
        let outputs = outputs(&run);
        assert!(outputs[0].0.starts_with("[masked]|plain|[masked]"), "{outputs:?}");
        assert_eq!(outputs[0].1, "[masked]");
        assert_eq!(outputs[1].0, "[masked]\n");
        assert!(outputs[2].0.ends_with("\r\n\r\ntoken=[masked]"), "{outputs:?}");
        assert_eq!(outputs[3].0, format!("it is {} bytes long\n", CANARY.len()), "the process has the value itself");
        assert_eq!(run["state"], "succeeded", "{run:#}");

        let listed = installation.json(&["secrets", "ls"]).unwrap();
        let shape = [("id", Kind::Id("sec")), ("name", Kind::Text), ("version", Kind::Number), ("updated_at", Kind::Time), ("updated_by", Kind::Text)];
        assert_shape(&items(&listed)[0], &shape);
        agent.stop().unwrap();
        if let Some(url) = &installation.database_url {
            let dump = Command::new("pg_dump").arg(url).output().unwrap();
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            std::fs::write(installation.path("dump.sql"), dump.stdout).unwrap();
        }
        installation.server.take().map(Running::stop).unwrap().unwrap();
        assert_eq!(holders(installation.folder.path()), Vec::<String>::new(), "neither the database, a log, the journal nor a profile holds it");
    }

    async fn a_rotated_master_key_loses_nothing_and_a_running_server_goes_on(engine: Engine) {
        let (installation, _agent) = world(engine).await;
        ended(&set(&installation, "canary", CANARY), 0, "");
        ended(&set(&installation, "other", "another value"), 0, "");
        let data = installation.path("data");
        let mut rotate = installation.command(&["admin", "vault", "rotate", "-o", "json", "--data"]);
        rotate.arg(&data);
        if let Some(url) = &installation.database_url {
            rotate.env("TASKEY_DATABASE_URL", url);
        }
        let rotated: Value = serde_json::from_str(&succeeded(run(&mut rotate, "").unwrap()).unwrap()).unwrap();
        assert_eq!(rotated["secrets"], 2);
        // What is wrapped by the new key alone needs the old one no more.
        std::fs::remove_file(data.join("keys/vault-1.key")).unwrap();
        let check = |name: &str| json!({"type": "SCRIPT", "content": "printf %s \"$V\" | wc -c", "environment": [{"key": "V", "secret": name}]});
        let run = run_task(&installation, json!([check("canary"), check("other")]));
        let lengths: Vec<&str> = outputs(&run).into_iter().map(|(output, _)| output.trim()).collect();
        assert_eq!(lengths, [CANARY.len().to_string(), "13".to_owned()]);
    }
}

#[tokio::test]
async fn a_task_whose_secret_is_not_there_does_not_start_and_a_new_value_is_used_at_once() {
    let (installation, _agent) = world(Engine::Sqlite).await;
    let task = json!({"name": "t", "actions": [{"type": "COMMAND", "command": "sh", "arguments": ["-c", "printf %s \"$V\" | wc -c"], "environment": [{"key": "V", "secret": "late"}]}]});
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task.to_string()).unwrap()).unwrap();
    let wait = || installation.taskey(&["run", "t", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    ended(&wait(), 1, "taskey secrets set late --stdin");
    ended(&set(&installation, "late", "1234"), 0, "");
    let length = |output: &std::process::Output| outputs(&serde_json::from_slice(&output.stdout).unwrap())[0].0.trim().to_owned();
    assert_eq!(length(&wait()), "4");
    ended(&set(&installation, "late", "12345\n"), 0, "");
    assert_eq!(length(&wait()), "5", "one line end at the end is not part of it");
    assert_eq!(items(&installation.json(&["secrets", "ls"]).unwrap())[0]["version"], 2);
    ended(&set(&installation, "late", "abc"), 1, "/value: 4 to 32768 bytes");
    ended(&set(&installation, "two words", "abcd"), 1, "/name");
    ended(&installation.taskey(&["secrets", "rm", "late"]).unwrap(), 0, "");
    ended(&wait(), 1, "there is no secret `late`");
    ended(&run(Command::new(binary("taskey")).args(["secrets", "set", "a", "--value", "x"]), "").unwrap(), 1, "--value");
}
