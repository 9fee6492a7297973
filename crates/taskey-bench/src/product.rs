//! taskey itself: `taskey serve` on an empty folder, and one device with `taskeyd`; both ends of it over TLS.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::http::Http;
use crate::programs::{Running, built, free_port, wait_until};
use crate::stamps::{Stamps, now};

const DEVICE: &str = "bench";

pub struct Product {
    http: Http,
    // The device ends before its server.
    _agent: Running,
    _server: Running,
}

impl Product {
    /// Starts server and device, and waits until the device is online.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut serve = Command::new(built("release", "taskey")?);
        serve.args(["serve", "--tls", "on", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(folder.join("server"));
        let server = Running::start(&mut serve, &folder.join("server.log"))?;
        let code = server.line("set-up code")?;
        let url = server.line("ready")?;

        let set_up = json!({
            "code": code, "organization": "Bench", "username": "bench", "password": "correct horse battery", "key": {"name": "bench"},
        });
        let root = folder.join("server/keys/root-1.crt");
        let made = Http::connect(port, Some(&root), None)?.post("/api/v1/setup", &set_up.to_string())?.json(201)?;
        let mut http = Http::connect(port, Some(&root), Some(text(&made["key"]["key"])?))?;
        let token = http.post("/api/v1/enroll-tokens", &json!({"uses": 1, "ttl": "1h"}).to_string())?.json(201)?;
        let (agent_program, state) = (built("agent", "taskeyd")?, folder.join("device"));
        enroll(Command::new(&agent_program).args(["enroll", "--server", &url, "--state"]).arg(&state), DEVICE, text(&token["token"])?)?;
        let agent = Running::start(Command::new(&agent_program).args(["run", "--state"]).arg(&state), &folder.join("device.log"))?;
        let path = format!("/api/v1/devices/{DEVICE}");
        wait_until("the device to be online", || Ok(http.get(&path)?.json(200)?["presence"] == "online"))?;
        Ok(Self { http, _agent: agent, _server: server })
    }

    /// One trigger: nanoseconds from the call to the command's start, and to the answer with the stored result.
    pub fn trigger(&mut self, stamps: &mut Stamps) -> anyhow::Result<(u64, u64)> {
        let stamp = stamps.stamp();
        let action = json!({"type": "COMMAND", "command": stamps.program, "arguments": stamp.arguments});
        let body = json!({"actions": [action], "targets": {"devices": [DEVICE]}}).to_string();
        let called_at = now();
        let answer = self.http.post("/api/v1/runs?wait=30", &body)?;
        let answered_at = now();
        let run = answer.json(202)?;
        ensure!(run["state"] == "succeeded", "a run did not succeed: {run}");
        Ok((stamps.started_at(&stamp)? - called_at, answered_at - called_at))
    }
}

/// Ends `taskeyd enroll --server ... --state ...` with a name and a token.
pub fn enroll(command: &mut Command, name: &str, token: &str) -> anyhow::Result<()> {
    command.args(["--name", name, "--token-file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("a standard input")?.write_all(token.as_bytes())?;
    let status = child.wait()?;
    ensure!(status.success(), "the device was not enrolled ({status})");
    Ok(())
}

pub fn text(value: &Value) -> anyhow::Result<&str> {
    value.as_str().with_context(|| format!("a text, not {value}"))
}
