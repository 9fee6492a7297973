//! `taskeyd` as a process: its command line, and what a crash leaves behind.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use taskey_proto::line::Up;
use taskey_proto::runs::State;

use crate::{World, world};

fn taskeyd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taskeyd"));
    command.args(arguments).env_remove("TASKEY_ENROLL_TOKEN").stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> Output {
    taskeyd(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running `taskeyd`, killed with the test.
struct Running(Child);

impl Running {
    async fn start(world: &mut World) -> (Self, taskey_proto::line::Sync) {
        let child = taskeyd(&["run", "--state", world.state.path().to_str().unwrap()]).stderr(Stdio::null()).spawn().unwrap();
        let running = Self(child);
        let Up::Sync(sync) = world.server.told().await else { panic!("the first message is a sync") };
        (running, sync)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

fn pid_in(path: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.ends_with('\n') {
            return text;
        }
        assert!(Instant::now() < deadline, "{}", path.display());
        std::thread::yield_now();
    }
}

#[test]
fn a_wrong_command_line_and_a_machine_that_is_not_enrolled_end_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    assert_eq!(output(&["--help"]).status.code(), Some(0));
    assert_eq!(output(&["dance"]).status.code(), Some(1));
    for arguments in [vec!["run", "--state", state], vec!["status", "--state", state], vec!["credential", "--state", state, "--out", "-"]] {
        let output = output(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(said(&output).contains("not enrolled"), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
    let no_token = output(&["enroll", "--server", "http://127.0.0.1:9", "--state", state]);
    assert_eq!(no_token.status.code(), Some(1));
    assert!(said(&no_token).contains("TASKEY_ENROLL_TOKEN"));
}

#[test]
fn a_server_that_cannot_be_reached_ends_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "enr_secret.00112233445566778899aabbccddeeff\n").unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arguments = ["enroll", "--token-file", token.to_str().unwrap(), "--state", "unused", "--server"];
    assert_eq!(output(&[&arguments[..], &[&format!("http://{free}")]].concat()).status.code(), Some(3));
    let far = output(&[&arguments[..], &["http://taskey.example"]].concat());
    assert_eq!(far.status.code(), Some(1));
    assert!(said(&far).contains("in the clear"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_is_two_lines_in_a_private_file() {
    let world = world().await;
    let out = world.path("credential");
    let arguments = ["credential", "--state", world.state.path().to_str().unwrap(), "--out", out.to_str().unwrap()];
    assert_eq!(output(&arguments).status.code(), Some(0));
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], world.server.device.to_string());
    assert!(taskey_proto::agent::ParsedCredential::parse(lines[1]).is_some());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_9_what_ran_is_ended_and_reported_as_lost() {
    let mut world = world().await;
    let (mut agent, _) = Running::start(&mut world).await;
    let folder = world.path("").display().to_string();
    let order = world.script(&format!("setsid sleep 600 & echo $! > {folder}/daemon; echo $$ > {folder}/main; sleep 600"));
    world.execute(&order);
    let pids = [pid_in(&world.path("daemon")), pid_in(&world.path("main"))];
    agent.0.kill().unwrap();
    agent.0.wait().unwrap();
    assert!(pids.iter().all(|pid| !is_gone(pid)));

    let (_agent, sync) = Running::start(&mut world).await;
    assert_eq!(sync.held, [order.execution]);
    let (finished, _) = world.end().await;
    assert_eq!((finished.execution, finished.state), (order.execution, State::Lost));
    assert_eq!(finished.reason.unwrap().code, "agent_restart");
    assert!(pids.iter().all(|pid| is_gone(pid)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_shed_its_marks_ends_with_its_execution_and_is_reaped() {
    let mut world = world().await;
    let (agent, _) = Running::start(&mut world).await;
    let path = world.path("daemon");
    let daemon = format!("sh -c 'echo $$ > {}; exec sleep 600'", path.display());
    let order = world.script(&format!("(env -i setsid {daemon} &) ; while [ ! -s {} ]; do sleep 0.01; done", path.display()));
    world.execute(&order);
    let (finished, _) = world.end().await;
    assert_eq!(finished.state, State::Succeeded);
    let pid = pid_in(&path);
    assert!(is_gone(&pid));
    let deadline = Instant::now() + Duration::from_secs(20);
    while Path::new(&format!("/proc/{}", pid.trim())).exists() {
        assert!(Instant::now() < deadline, "the daemon is a zombie of {}", agent.0.id());
        std::thread::yield_now();
    }
}
