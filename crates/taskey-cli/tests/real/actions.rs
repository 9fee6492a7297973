//! `HTTP_REQUEST` and `READ_FILE` on a real agent: what arrives at a server, what a file gives, and everything that is refused.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::echo::EchoServer;
use taskey_testkit::process::{Installation, Running, binary, run, succeeded};

use crate::{installation, open_folder};

async fn world() -> (Installation, Running) {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

/// Runs actions as a task that goes on after failures; their results.
fn results(installation: &Installation, actions: Value) -> Vec<Value> {
    let task = json!({"name": "t", "on_failure": "continue", "actions": actions}).to_string();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task).unwrap()).unwrap();
    let output = installation.taskey(&["run", "t", "--device", "web-1", "--wait", "-o", "json"]).unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    run["executions"][0]["actions"].as_array().unwrap().clone()
}

fn request(method: &str, url: String, more: Value) -> Value {
    let mut action = json!({"type": "HTTP_REQUEST", "request_method": method, "request_url": url});
    action.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    action
}

fn output(result: &Value) -> &str {
    result["output"].as_str().unwrap()
}

fn ended(result: &Value) -> (&str, Option<i64>, &str) {
    (result["state"].as_str().unwrap(), result["code"].as_i64(), result["reason"]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_server_sees_exactly_the_method_the_headers_and_the_body_that_were_given() {
    let (installation, _agent) = world().await;
    let echo = EchoServer::start().unwrap();
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH"];
    let mut actions: Vec<Value> = methods.iter().map(|method| request(method, echo.url("/echo?a=b%20c"), json!({}))).collect();
    actions.push(request("HEAD", echo.url("/echo"), json!({})));
    actions.push(request(
        "GET",
        echo.url("/echo"),
        json!({"headers": ["Accept: */*", "X-A: 1", "x-b:  two words ", "X-A: 2", {"key": "X-C", "value": "3"}]}),
    ));
    actions.push(request(
        "POST",
        echo.url("/echo"),
        json!({"body": "raw \u{e4}\r\n\r\nbody", "headers": ["Content-Type: text/x", "Host: other"]}),
    ));
    actions.push(request("POST", echo.url("/echo"), json!({"form": [{"key": "a b", "value": "1&2"}, {"key": "a b", "value": ""}]})));
    let results = results(&installation, json!(actions));
    let host = format!("127.0.0.1:{}", echo.port);
    for (method, result) in methods.iter().zip(&results) {
        assert_eq!(ended(result), ("succeeded", Some(200), ""), "{result}");
        assert!(output(result).starts_with(&format!("{method} /echo?a=b%20c HTTP/1.1\r\nHost: {host}\r\n")), "{result}");
        assert_eq!(output(result).contains("Content-Length: 0\r\n"), ["POST", "PUT", "PATCH"].contains(method), "{result}");
    }
    assert_eq!((ended(&results[5]), output(&results[5])), (("succeeded", Some(200), ""), ""));
    let headers = format!(
        "GET /echo HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nX-A: 1\r\nx-b: two words\r\nX-A: 2\r\nX-C: 3\r\nUser-Agent: taskeyd/"
    );
    assert!(output(&results[6]).starts_with(&headers), "{}", output(&results[6]));
    let raw = output(&results[7]);
    assert!(raw.starts_with("POST /echo HTTP/1.1\r\nContent-Type: text/x\r\nHost: other\r\n"), "{raw}");
    assert!(raw.ends_with("\r\n\r\nraw \u{e4}\r\n\r\nbody") && raw.contains("Content-Length: 14\r\n"), "{raw}");
    let form = output(&results[8]);
    assert!(form.contains("Content-Type: application/x-www-form-urlencoded\r\n") && form.ends_with("\r\n\r\na+b=1%262&a+b="), "{form}");
}

#[tokio::test]
async fn a_status_fails_or_not_and_a_redirection_is_followed_where_that_was_asked() {
    let (installation, _agent) = world().await;
    let (echo, other) = (EchoServer::start().unwrap(), EchoServer::start().unwrap());
    let secret = json!({"follow_redirects": true, "headers": ["Authorization: Bearer x", "X-Other: y"]});
    let results = results(
        &installation,
        json!([
            request("GET", echo.url("/status/404"), json!({})),
            request("GET", echo.url("/status/404"), json!({"expect_status": [404]})),
            request("GET", echo.url("/status/200"), json!({"expect_status": [201, 204]})),
            request("POST", echo.url("/redirect/302/echo"), json!({"body": "b"})),
            request("POST", echo.url("/redirect/302/echo"), json!({"body": "b", "follow_redirects": true})),
            request("POST", echo.url("/redirect/307/echo"), json!({"body": "b", "follow_redirects": true})),
            request("GET", echo.url("/loop"), json!({"follow_redirects": true})),
            request("GET", echo.url(&format!("/elsewhere/{}", other.port)), secret.clone()),
            request("GET", echo.url("/redirect/301/echo"), secret),
        ]),
    );
    assert_eq!(ended(&results[0]), ("failed", Some(404), "http_status"));
    assert_eq!(output(&results[0]), "body of a status", "the body is told all the same");
    assert_eq!(ended(&results[1]), ("succeeded", Some(404), ""));
    assert_eq!(ended(&results[2]), ("failed", Some(200), "http_status"));
    assert_eq!((ended(&results[3]), output(&results[3])), (("succeeded", Some(302), ""), "moved"));
    assert!(output(&results[4]).starts_with("GET /echo ") && !output(&results[4]).ends_with('b'), "{}", results[4]);
    assert!(results[4]["error"].as_str().unwrap().contains("302 http://"), "the way is told: {}", results[4]);
    assert!(output(&results[5]).starts_with("POST /echo ") && output(&results[5]).ends_with("\r\n\r\nb"), "{}", results[5]);
    assert_eq!(ended(&results[6]), ("failed", None, "too_many_redirects"));
    assert!(!output(&results[7]).contains("Bearer") && output(&results[7]).contains("X-Other: y"), "{}", results[7]);
    assert!(output(&results[8]).contains("Authorization: Bearer x"), "{}", results[8]);
}

#[tokio::test]
async fn trouble_on_the_way_is_a_result_with_its_reason() {
    let (installation, _agent) = world().await;
    let echo = EchoServer::start().unwrap();
    let tls = EchoServer::start_tls().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let short = || json!({"timeout": "1s"});
    let results = results(
        &installation,
        json!([
            request("GET", format!("http://127.0.0.1:{free}/"), json!({})),
            request("GET", "http://no-such-host.invalid/".to_owned(), json!({})),
            request("GET", tls.url("/echo"), json!({})),
            request("GET", format!("https://127.0.0.1:{}/", echo.port), short()),
            request("GET", echo.url("/garbage"), json!({})),
            request("GET", echo.url("/silent"), short()),
            request("GET", echo.url("/slow"), short()),
            request("GET", echo.url("/endless"), short()),
            request("GET", echo.url("/gzip"), json!({})),
            request("GET", echo.url("/bytes/52428800"), json!({})),
        ]),
    );
    assert_eq!(ended(&results[0]), ("failed", None, "unreachable"));
    assert!(results[0]["error"].as_str().unwrap().contains("refused"), "{}", results[0]);
    assert_eq!(ended(&results[1]), ("failed", None, "unreachable"));
    assert_eq!(ended(&results[2]), ("failed", None, "tls_failed"));
    assert!(results[2]["error"].as_str().unwrap().to_lowercase().contains("certificate"), "{}", results[2]);
    assert!(["tls_failed", "timeout"].contains(&ended(&results[3]).2), "{}", results[3]);
    assert_eq!(ended(&results[4]), ("failed", None, "bad_answer"));
    assert_eq!(ended(&results[5]), ("timed_out", None, "timeout"));
    assert_eq!((ended(&results[6]), output(&results[6])), (("timed_out", None, "timeout"), "half"));
    assert!(ended(&results[7]).0 != "succeeded" && results[7]["truncated"]["output"] == true, "{}", ended(&results[7]).2);
    assert_eq!((ended(&results[8]), &results[8]["encoding"]), (("succeeded", Some(200), ""), &Value::Null));
    assert_eq!(output(&results[8]).len(), 20, "what was sent, never unpacked");
    assert_eq!((ended(&results[9]), &results[9]["truncated"]["output"]), (("succeeded", Some(200), ""), &json!(true)));
}

#[tokio::test]
async fn a_certificate_that_the_device_trusts_is_trusted() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let tls = EchoServer::start_tls().unwrap();
    let folder = open_folder().unwrap();
    let file = folder.path().join("root.pem");
    std::fs::write(&file, tls.certificate.as_ref().unwrap()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    installation.enroll("web-1").unwrap();
    let mut agent = Command::new(binary("taskeyd"));
    agent.args(["run", "--state"]).arg(installation.path("web-1")).env("SSL_CERT_FILE", &file);
    let _agent = Running::start(&mut agent, &installation.path("web-1.log")).unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    let results = results(&installation, json!([request("GET", tls.url("/echo"), json!({}))]));
    assert_eq!(ended(&results[0]), ("succeeded", Some(200), ""), "{}", results[0]);
}

#[tokio::test]
async fn a_file_is_told_and_what_is_no_file_or_not_allowed_is_refused() {
    let (installation, _agent) = world().await;
    let folder = open_folder().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("text"), "line one\nline two\n").unwrap();
    std::fs::write(path("bytes"), b"a\xff\0b").unwrap();
    std::fs::write(path("private"), "x").unwrap();
    std::fs::set_permissions(path("private"), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", path("link")).unwrap();
    assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    let read = |path: String, more: Value| {
        let mut action = json!({"type": "READ_FILE", "path": path});
        action.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        action
    };
    let told = results(
        &installation,
        json!([
            read(path("text"), json!({})),
            read(path("text"), json!({"max_bytes": 8})),
            read(path("bytes"), json!({})),
            read(path("absent"), json!({})),
            read(path("private"), json!({})),
            read(path("fifo"), json!({})),
            read(folder.path().display().to_string(), json!({})),
            read(path("link"), json!({})),
        ]),
    );
    assert_eq!((ended(&told[0]), output(&told[0])), (("succeeded", Some(0), ""), "line one\nline two\n"));
    assert_eq!(
        (output(&told[1]), &told[1]["truncated"]["output"], told[1]["state"].as_str()),
        ("line one", &json!(true), Some("succeeded"))
    );
    assert_eq!((output(&told[2]), &told[2]["encoding"]), ("a\u{fffd}\0b", &json!("binary")));
    let reasons: Vec<&str> = told[3..].iter().map(|result| ended(result).2).collect();
    assert_eq!(reasons, ["file_missing", "file_unreadable", "not_a_file", "not_a_file", "policy_path"]);

    let state = installation.path("web-1").join("signing.key").display().to_string();
    for refused in ["/etc/shadow", "/root/.bashrc", "/dev/zero", "/proc/self/environ", "/sys/kernel/notes", &state] {
        let results = results(&installation, json!([read(refused.to_owned(), json!({}))]));
        assert_eq!(ended(&results[0]), ("rejected", None, "policy_path"), "{refused}");
    }
}

#[tokio::test]
async fn the_devices_policy_has_the_last_word_on_hosts_and_paths() {
    let (installation, _agent) = world().await;
    let (echo, other) = (EchoServer::start().unwrap(), EchoServer::start().unwrap());
    let policy = format!("http_hosts = [\"127.0.0.1:{}\", \"*.example.org\"]\nread_paths = [\"/etc/hostname\"]\n", echo.port);
    std::fs::write(installation.path("web-1").join("policy.d/20-own.toml"), policy).unwrap();
    let one = |action: Value| results(&installation, json!([action])).remove(0);
    assert_eq!(ended(&one(request("GET", echo.url("/echo"), json!({})))).0, "succeeded");
    assert_eq!(ended(&one(request("GET", other.url("/echo"), json!({})))), ("rejected", None, "policy_host"));
    let led = request("GET", echo.url(&format!("/elsewhere/{}", other.port)), json!({"follow_redirects": true}));
    assert_eq!(ended(&one(led)), ("rejected", None, "policy_host"), "a redirection leads no further than the policy");
    assert_eq!(ended(&one(json!({"type": "READ_FILE", "path": "/etc/hostname"}))).0, "succeeded");
    assert_eq!(ended(&one(json!({"type": "READ_FILE", "path": "/etc/passwd"}))), ("rejected", None, "policy_path"));
}

/// What `taskeyd policy test` says of each action: the reason's code, or nothing where it may run.
fn predicted(installation: &Installation, actions: &[Value]) -> Vec<String> {
    let spec = json!({"name": "t", "actions": actions}).to_string();
    let mut test = Command::new(binary("taskeyd"));
    test.args(["policy", "test", "-f", "-", "-o", "json", "--state"]).arg(installation.path("web-1"));
    let told = run(&mut test, &spec).unwrap();
    let report: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    let items = report["items"].as_array().unwrap();
    assert_eq!(told.status.code(), Some(if items.iter().all(|item| item["allowed"] == true) { 0 } else { 2 }));
    let reason = |item: &Value| match item["allowed"].as_bool().unwrap() {
        true => String::new(),
        false => item["reason"]["code"].as_str().unwrap().to_owned(),
    };
    items.iter().map(reason).collect()
}

#[tokio::test]
async fn each_rule_refuses_on_the_device_with_the_reason_that_the_policy_test_predicts() {
    let (installation, _agent) = world().await;
    let (echo, other) = (EchoServer::start().unwrap(), EchoServer::start().unwrap());
    let actions = [
        json!({"type": "COMMAND", "command": "true", "user": "nobody"}),
        json!({"type": "COMMAND", "command": "true", "user": "daemon"}),
        json!({"type": "SCRIPT", "content": "true", "user": "nobody"}),
        json!({"type": "READ_FILE", "path": "/etc/hostname", "user": "nobody"}),
        json!({"type": "READ_FILE", "path": "/etc/passwd", "user": "nobody"}),
        request("GET", echo.url("/echo"), json!({"user": "nobody"})),
        request("GET", other.url("/echo"), json!({"user": "nobody"})),
    ];
    let hosts = format!("http_hosts = [\"127.0.0.1:{}\"]", echo.port);
    let (action, user, path, host) = ("policy_action", "policy_user", "policy_path", "policy_host");
    for (rule, expected) in [
        ("allow_actions = [\"COMMAND\"]", ["", user, action, action, action, action, action]),
        ("run_as = [\"nobody\", \"daemon\"]", [""; 7]),
        ("run_as = []", [user; 7]),
        ("read_paths = [\"/etc/hostname\"]", ["", user, "", "", path, "", ""]),
        ("deny_paths = [\"/etc/hostname\"]", ["", user, "", path, "", "", ""]),
        (&hosts, ["", user, "", "", "", "", host]),
        ("signers = []", ["policy_signer"; 7]),
        ("signers = 1", ["policy_invalid"; 7]),
    ] {
        std::fs::write(installation.path("web-1").join("policy.d/20-own.toml"), rule).unwrap();
        assert_eq!(predicted(&installation, &actions), expected, "{rule}");
        // One by one: a task is refused whole when one of its actions is.
        for (action, expected) in actions.iter().zip(expected) {
            let result = results(&installation, json!([action])).remove(0);
            let state = if expected.is_empty() { "succeeded" } else { "rejected" };
            assert_eq!((ended(&result).0, ended(&result).2), (state, expected), "{rule}: {action}");
        }
    }
    std::fs::write(installation.path("web-1").join("policy.d/20-own.toml"), "max_concurrent = 1").unwrap();
    let folder = open_folder().unwrap();
    let alone = format!("mkdir {0} && sleep 0.2 && rmdir {0}", folder.path().join("alone").display());
    let task = json!({"name": "alone", "actions": [{"type": "SCRIPT", "content": alone}]}).to_string();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task).unwrap()).unwrap();
    let start = || succeeded(installation.taskey(&["run", "alone", "--device", "web-1", "-o", "name"]).unwrap()).unwrap();
    let runs: Vec<String> = (0..3).map(|_| start()).collect();
    for run in runs {
        installation.wait_until("the run ends", || Ok(installation.json(&["runs", "show", run.trim()])?["state"] == "succeeded")).unwrap();
    }
}
