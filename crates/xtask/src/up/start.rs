//! The order in which a trial comes to life: server, account, device, tasks, one run.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::step::{self, Failure, Outcome};
use crate::up::children::Children;
use crate::up::home::{Home, Port};
use crate::workspace;

pub const USERNAME: &str = "admin";
const ORGANIZATION: &str = "demo";
const EXAMPLES: [&str; 2] = ["hello", "disk-space"];
const SHOWN_EXAMPLE: &str = "hello";
const READY_PATIENCE: Duration = Duration::from_secs(60);
const ONLINE_PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub struct Started {
    pub url: String,
    pub device: String,
    /// Present where the account was made just now.
    pub new_password: Option<String>,
    pub run_output: String,
}

/// Starts what is not there yet, and finds again what is.
pub fn everything(home: &Home, children: &mut Children, stop: &AtomicBool) -> Outcome<Started> {
    let port = home.choose_port()?;
    let ready = start_server(home, children, &port, stop)?;
    let new_password = sign_in(home, &ready, &port)?;
    let device = device_name();
    enroll(home, &ready, &port, &device)?;
    step::say("starting the agent");
    children.start("agent", home.program("taskeyd").arg("run").arg("--state").arg(home.agent_state()))?;
    let device = wait_until_online(home, children, &device, stop)?;
    for example in EXAMPLES {
        let file = workspace::root().join("examples").join(example).with_extension("yaml");
        step::run_silently(home.program("taskey").args(["tasks", "apply", "-f"]).arg(file))?;
    }
    let run_output = run_example(home, &device)?;
    Ok(Started { url: ready.url, device, new_password, run_output })
}

/// What the server said when it was up.
struct Ready {
    url: String,
    /// Present while nobody has an account.
    setup_code: Option<String>,
}

fn start_server(home: &Home, children: &mut Children, port: &Port, stop: &AtomicBool) -> Outcome<Ready> {
    step::say("starting the server");
    let listen = format!("127.0.0.1:{}", port.number);
    let mut command = home.program("taskey");
    command.arg("serve").arg("--data").arg(home.server_data()).args(["--listen", &listen]);
    let lines = children.start("server", &mut command)?;
    let mut setup_code = None;
    let deadline = Instant::now() + READY_PATIENCE;
    while Instant::now() < deadline {
        let Some(line) = next_line(&lines, children, stop)? else { continue };
        if let Some(code) = line.strip_prefix("set-up code: ") {
            setup_code = Some(code.to_owned());
        }
        if let Some(url) = line.strip_prefix("ready: ") {
            return Ok(Ready { url: url.to_owned(), setup_code });
        }
    }
    Err(Failure::new(format!("the server was not ready after {} s; see server.log", READY_PATIENCE.as_secs())))
}

fn next_line(lines: &Receiver<String>, children: &mut Children, stop: &AtomicBool) -> Outcome<Option<String>> {
    match lines.recv_timeout(LOOK_EVERY) {
        Ok(line) => Ok(Some(line)),
        Err(ended) => {
            if ended == RecvTimeoutError::Disconnected {
                thread::sleep(LOOK_EVERY);
            }
            go_on(children, stop)?;
            Ok(None)
        }
    }
}

/// Whether there is a reason to wait no longer.
fn go_on(children: &mut Children, stop: &AtomicBool) -> Outcome {
    if stop.load(Ordering::Relaxed) {
        return Err(Failure::interrupted());
    }
    children.check()
}

/// Makes the account at the first start; later only a lost or moved profile is renewed. Returns a new password.
fn sign_in(home: &Home, ready: &Ready, port: &Port) -> Outcome<Option<String>> {
    let mut command = home.program("taskey");
    command.args(["--server", &ready.url]);
    if let Some(code) = &ready.setup_code {
        step::say(&format!("making the account `{USERNAME}`"));
        let password = home.make_password()?;
        command.args(["setup", "--code", "-", "--organization", ORGANIZATION, "--username", USERNAME, "--password-stdin"]);
        run_with_input(&mut command, &format!("{code}\n{password}\n"))?;
        return Ok(Some(password));
    }
    let known = home.config_file().is_file() && !port.moved;
    if known
        && home.program("taskey").arg("whoami").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    {
        return Ok(None);
    }
    step::say("signing in again");
    let password = home.read_password()?;
    run_with_input(command.args(["login", "--username", USERNAME, "--password-stdin"]), &format!("{password}\n"))?;
    Ok(None)
}

/// Lets this machine join, unless it has joined this server already.
fn enroll(home: &Home, ready: &Ready, port: &Port, device: &str) -> Outcome {
    let joined = home.agent_state().join("identity.json").is_file();
    if joined && !port.moved && ready.setup_code.is_none() && show_device(home, device).is_some() {
        return Ok(());
    }
    step::say(&format!("enrolling this machine as `{device}`"));
    home.forget_agent()?;
    if show_device(home, device).is_some() {
        step::run_silently(home.program("taskey").args(["devices", "rm", device, "--yes"]))?;
    }
    let token = step::read(home.program("taskey").args(["enroll-tokens", "create", "-o", "name"]))?;
    let mut command = home.program("taskeyd");
    command.args(["enroll", "--server", &ready.url, "--token-file", "-", "--name", device, "--state"]).arg(home.agent_state());
    run_with_input(&mut command, &token)
}

fn wait_until_online(home: &Home, children: &mut Children, device: &str, stop: &AtomicBool) -> Outcome<String> {
    let deadline = Instant::now() + ONLINE_PATIENCE;
    while Instant::now() < deadline {
        if let Some(shown) = show_device(home, device).filter(|shown| shown["presence"] == "online") {
            return Ok(shown["name"].as_str().unwrap_or(device).to_owned());
        }
        go_on(children, stop)?;
        thread::sleep(LOOK_EVERY);
    }
    Err(Failure::new(format!("the device did not come online within {} s; see agent.log and server.log", ONLINE_PATIENCE.as_secs())))
}

/// The device as the API shows it; `None` where it is not known.
fn show_device(home: &Home, device: &str) -> Option<Value> {
    let mut command = home.program("taskey");
    let output = command.args(["devices", "show", device, "-o", "json"]).stderr(Stdio::null()).output().ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

/// Runs an example and returns what it wrote. That it fails on this machine is worth seeing and no reason to give up.
fn run_example(home: &Home, device: &str) -> Outcome<String> {
    step::say(&format!("running the task `{SHOWN_EXAMPLE}`"));
    let mut command = home.program("taskey");
    command.args(["run", SHOWN_EXAMPLE, "--device", device, "--wait", "-o", "json"]);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| Failure::new(format!("taskey: {error}")))?;
    let run: Value = serde_json::from_slice(&output.stdout).map_err(|_| Failure::new("the example task could not be run"))?;
    let (id, state) = (run["id"].as_str().unwrap_or_default(), run["state"].as_str().unwrap_or_default());
    let logs = home.program("taskey").args(["runs", "logs", id]).output().map_err(|error| Failure::new(format!("taskey: {error}")))?;
    let indent = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(|line| format!("    {line}\n")).collect::<String>();
    let (written, errors) = (indent(&logs.stdout), indent(&logs.stderr));
    Ok(format!("{SHOWN_EXAMPLE} on {device}: {state} ({id})\n  stdout\n{written}  stderr\n{errors}"))
}

fn run_with_input(command: &mut Command, input: &str) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| Failure::new(format!("{program}: {error}"));
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early says why itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{program} failed ({status})"))) }
}

/// This machine's name, as a device may be called.
fn device_name() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = host.chars().filter(|c| allowed(*c)).skip_while(|c| !c.is_ascii_alphanumeric()).take(60).collect();
    if name.is_empty() { "this-machine".to_owned() } else { name }
}
