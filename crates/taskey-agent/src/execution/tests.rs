//! Executions with real processes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::clock::Clock;
use serde_json::json;
use uuid::Uuid;

/// What an execution told and how it ended.
struct Told {
    finished: Finished,
    streams: HashMap<(u32, Stream), Vec<u8>>,
    started_count: usize,
}

impl Told {
    fn output(&self) -> String {
        self.text(0, Stream::Output)
    }

    fn error(&self) -> String {
        self.text(0, Stream::Error)
    }

    fn text(&self, action: u32, stream: Stream) -> String {
        String::from_utf8_lossy(self.streams.get(&(action, stream)).map_or(&[][..], Vec::as_slice)).into_owned()
    }

    fn states(&self) -> Vec<State> {
        self.finished.actions.iter().map(|action| action.state).collect()
    }

    fn reason(&self) -> &Reason {
        self.finished.actions[0].reason.as_ref().unwrap()
    }
}

struct Going {
    execution: ExecutionId,
    stop: watch::Sender<Option<Stop>>,
    events: mpsc::UnboundedReceiver<Event>,
    told: Told,
}

impl Going {
    /// Waits until the output of the first action holds `text`.
    async fn until_output(&mut self, text: &str) {
        while !self.told.output().contains(text) {
            self.take_one().await;
        }
    }

    async fn end(mut self) -> Told {
        while !self.told.finished.state.is_final() {
            self.take_one().await;
        }
        self.told
    }

    async fn take_one(&mut self) {
        let event = tokio::time::timeout(Duration::from_secs(30), self.events.recv()).await.expect("an event within 30 s");
        match event.expect("the execution goes on") {
            Event::Process { .. } => {}
            Event::Started { .. } => self.told.started_count += 1,
            Event::Output { action, stream, data, .. } => self.told.streams.entry((action, stream)).or_default().extend(data),
            Event::Finished(finished) => self.told.finished = *finished,
        }
    }
}

fn begin(actions: Value, user: &str) -> Going {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(std::process::id()) << 64 | u128::from(NUMBER.fetch_add(1, Ordering::SeqCst));
    let execution = ExecutionId::new(Uuid::from_u128(number));
    let steps = actions.as_array().unwrap().iter();
    let steps = steps
        .map(|action| Step::read(action).map_or_else(|step| step, |action| Step::Run { action: Box::new(action), user: user.to_owned() }));
    let plan = Plan {
        execution,
        run: RunId::new(Uuid::from_u128(7)),
        valid_until: Time::from_ms(i64::MAX),
        on_failure: OnFailure::Stop,
        steps: steps.collect(),
        rules: Rules::default(),
        secrets: Secrets::default(),
        slot: None,
    };
    let ground = Ground {
        warden: Warden::default(),
        users: Users::default(),
        own: Users::default().own(),
        time: ServerTime::new(Clock::Machine, Time::from_ms(1_000_000)),
        kill_grace: Duration::from_millis(300),
        own_program: "/nonexistent".into(),
        simulated: None,
    };
    let (stop, stopped) = watch::channel(None);
    let (tell, events) = mpsc::unbounded_channel();
    tokio::spawn(run(plan, ground, stopped, tell));
    let nothing_yet = Finished {
        execution,
        state: State::Running,
        reason: None,
        started_at: None,
        finished_at: Time::from_ms(0),
        isolation: None,
        actions: vec![],
        chunks: vec![],
        slot: None,
    };
    Going { execution, stop, events, told: Told { finished: nothing_yet, streams: HashMap::new(), started_count: 0 } }
}

async fn told_of(actions: Value) -> Told {
    begin(actions, &own()).end().await
}

fn own() -> String {
    Users::default().own().name
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn script(content: &str) -> Value {
    json!([{"type": "SCRIPT", "content": content}])
}

#[tokio::test]
async fn stdout_and_stderr_are_kept_apart() {
    let told = told_of(script("echo hello; echo trouble >&2")).await;
    assert_eq!((told.output().as_str(), told.error().as_str()), ("hello\n", "trouble\n"));
    assert_eq!((told.finished.state, told.finished.reason), (State::Succeeded, None));
    assert_eq!(told.finished.actions[0].code, Some(0));
    assert_eq!(told.finished.isolation.as_deref(), Some("process_group"));
    assert!(told.finished.started_at.is_some());
}

#[tokio::test]
async fn arguments_with_spaces_quotes_and_newlines_arrive_as_they_are() {
    let arguments = ["%s|", "a b", "'", "\"", "$(id)", "line\nline", "", "*", "ü"];
    let told = told_of(json!([{"type": "COMMAND", "command": "printf", "arguments": arguments}])).await;
    assert_eq!(told.output(), "a b|'|\"|$(id)|line\nline||*|ü|");
}

#[tokio::test]
async fn the_environment_is_clean_and_the_actions_own() {
    let environment = json!([{"key": "LANG", "value": "C"}, {"key": "A", "value": "1"}, {"key": "A", "value": "2 3"}, {"key": "TASKEY_RUN_ID", "value": "forged"}]);
    let going = begin(json!([{"type": "COMMAND", "command": "env", "environment": environment}]), &own());
    let execution = going.execution;
    let told = going.end().await;
    let output = told.output();
    let mut names: Vec<_> = output.lines().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["A", "HOME", "LANG", "LOGNAME", "PATH", "TASKEY_EXECUTION_ID", "TASKEY_RUN_ID", "USER"]);
    assert!(output.contains("\nA=2 3\n") || output.starts_with("A=2 3\n"));
    assert!(output.contains("LANG=C\n") && !output.contains("forged"));
    assert!(output.contains(&format!("TASKEY_EXECUTION_ID={execution}\n")));
}

#[tokio::test]
async fn a_process_inherits_nothing_but_its_streams_and_reads_nothing() {
    crate::spawn::close_inherited().unwrap();
    let told = told_of(json!([{"type": "COMMAND", "command": "ls", "arguments": ["/proc/self/fd"]}])).await;
    // The fourth is the folder that ls itself reads.
    assert_eq!(told.output(), "0\n1\n2\n3\n");
    let told = told_of(json!([{"type": "COMMAND", "command": "cat"}])).await;
    assert_eq!((told.finished.state, told.output().as_str()), (State::Succeeded, ""));
}

#[tokio::test]
async fn a_process_leads_its_own_session_in_the_directory_it_was_given() {
    let told = told_of(json!([{"type": "SCRIPT", "content": "pwd; umask; ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat; echo $$", "working_directory": "/tmp"}])).await;
    let output = told.output();
    let lines: Vec<_> = output.lines().map(str::trim).collect();
    assert_eq!(lines[..2], ["/tmp", "0022"]);
    assert_eq!(lines[2], lines[3]);
}

#[tokio::test]
async fn a_script_goes_to_the_interpreter_it_names() {
    let told = told_of(json!([{"type": "SCRIPT", "interpreter": "/bin/cat", "content": "as it is\n$HOME"}])).await;
    assert_eq!(told.output(), "as it is\n$HOME");
}

#[tokio::test]
async fn another_user_runs_without_privileges_and_can_read_the_script() {
    if !is_root() {
        return;
    }
    let content = "id -un; id -G; grep NoNewPrivs /proc/self/status; grep CapEff /proc/self/status; echo $HOME; pwd";
    let told = begin(script(content), "nobody").end().await;
    assert_eq!(told.error(), "");
    let output = told.output();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines, ["nobody", "65534", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "/nonexistent", "/"]);
}

#[tokio::test]
async fn a_directory_that_only_root_may_enter_is_closed_to_another_user() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let told = begin(json!([{"type": "COMMAND", "command": "true", "working_directory": folder.path()}]), "nobody").end().await;
    assert_eq!(told.reason().code, "start_failed");
    assert!(told.reason().detail.contains("Permission denied"), "{}", told.reason().detail);
}

#[tokio::test]
async fn what_cannot_start_is_a_result_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "no program").unwrap();
    let cases = [
        (json!({"type": "COMMAND", "command": "no-such-program"}), "no-such-program was not found in PATH"),
        (json!({"type": "COMMAND", "command": "/no/such/program"}), "No such file"),
        (json!({"type": "COMMAND", "command": plain}), "Permission denied"),
        (json!({"type": "COMMAND", "command": "true", "working_directory": "/no/such/folder"}), "/no/such/folder"),
        (json!({"type": "SCRIPT", "content": "true", "interpreter": "/no/shell"}), "/no/shell"),
        (json!({"type": "COMMAND", "command": "true", "arguments": ["x".repeat(3_000_000)]}), "Argument list too long"),
    ];
    for (action, why) in cases {
        let told = told_of(json!([action])).await;
        let result = &told.finished.actions[0];
        assert_eq!((result.state, result.code, result.started_at), (State::Failed, None, None), "{why}");
        assert_eq!(told.reason().code, "start_failed", "{why}");
        assert!(told.reason().detail.contains(why), "{why}: {}", told.reason().detail);
        assert_eq!((told.started_count, told.finished.started_at), (0, None));
    }
    let told = begin(script("true"), "no-such-user").end().await;
    assert!(told.reason().detail.contains("no-such-user"));
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    let told = told_of(script("exit 3")).await;
    assert_eq!((told.finished.actions[0].code, told.reason().code.as_str()), (Some(3), "exit_code"));
    assert_eq!(told.finished.reason.unwrap(), Reason::new("exit_code", "action 1: exited with 3"));
    let told = told_of(script("kill -9 $$")).await;
    assert_eq!((told.finished.actions[0].code, told.reason().code.as_str()), (Some(137), "signal"));
}

#[tokio::test]
async fn a_timeout_ends_the_whole_tree_even_a_daemon_in_a_session_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let content = format!(
        "setsid sh -c 'echo $$ > {path}/daemon; exec sleep 600' &\n(trap '' TERM; sleep 600 & echo $! > {path}/child; wait) &\n\
         while [ ! -s {path}/daemon ] || [ ! -s {path}/child ]; do sleep 0.01; done; echo ready; sleep 600"
    );
    let told = told_of(json!([{"type": "SCRIPT", "content": content, "timeout": "2s"}, {"type": "COMMAND", "command": "true"}])).await;
    assert_eq!(told.output(), "ready\n");
    assert_eq!(told.states(), [State::TimedOut, State::Skipped]);
    assert_eq!((told.reason().code.as_str(), told.finished.actions[0].code), ("timeout", Some(143)));
    for name in ["daemon", "child"] {
        let pid = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(!lives(&pid), "{name}");
    }
}

#[tokio::test]
async fn a_process_that_ignores_the_request_to_end_is_killed_after_the_grace() {
    let mut going = begin(script("trap '' TERM; echo ready; while :; do sleep 1; done"), &own());
    going.until_output("ready").await;
    going.stop.send_replace(Some(Stop::Cancelled { by: "ann".to_owned() }));
    let told = going.end().await;
    assert_eq!((told.finished.state, told.finished.actions[0].code), (State::Cancelled, Some(137)));
    assert_eq!(*told.reason(), Reason::new("cancelled", "cancelled by ann"));
}

#[tokio::test]
async fn what_a_process_leaves_behind_ends_with_it_and_does_not_hold_up_the_result() {
    let mut going = begin(script("sleep 600 & echo $!; exit 0"), &own());
    going.until_output("\n").await;
    let pid = going.told.output();
    let told = going.end().await;
    assert_eq!(told.finished.state, State::Succeeded);
    assert!(!lives(&pid));
}

#[tokio::test]
async fn endless_output_is_cut_and_does_not_stop_the_process() {
    let told = told_of(script("echo begin; head -c 3000000 /dev/zero | tr '\\0' x; echo end; echo end >&2")).await;
    assert_eq!(told.finished.state, State::Succeeded);
    let output = told.output();
    assert!(output.starts_with("begin\nx") && output.ends_with("xend\n") && output.contains("\n[1951434 bytes left out]\n"));
    assert_eq!(told.finished.actions[0].truncated, Truncated { output: true, error: false });
    assert_eq!(told.error(), "end\n");
}

#[tokio::test]
async fn a_failed_action_stops_the_rest_unless_it_says_otherwise() {
    let failing = |on_failure: Option<&str>| match on_failure {
        Some(on_failure) => json!({"type": "COMMAND", "command": "false", "on_failure": on_failure}),
        None => json!({"type": "COMMAND", "command": "false"}),
    };
    let last = json!({"type": "COMMAND", "command": "echo", "arguments": ["last"]});
    let told = told_of(json!([failing(None), last])).await;
    assert_eq!(told.states(), [State::Failed, State::Skipped]);
    assert_eq!(told.finished.actions[1].reason.as_ref().unwrap().code, "previous_failed");

    let told = told_of(json!([failing(Some("continue")), last])).await;
    assert_eq!(told.states(), [State::Failed, State::Succeeded]);
    assert_eq!(told.text(1, Stream::Output), "last\n");
    assert_eq!(told.finished.state, State::Failed);
}

#[tokio::test]
async fn an_unknown_action_is_rejected_in_its_turn() {
    let told = told_of(json!([{"type": "COMMAND", "command": "true"}, {"type": "REBOOT"}, {"type": "COMMAND", "command": "true"}])).await;
    assert_eq!(told.states(), [State::Succeeded, State::Rejected, State::Skipped]);
    assert_eq!(told.finished.state, State::Rejected);
    let reason = told.finished.reason.unwrap();
    assert_eq!(reason.code, "unsupported");
    assert!(reason.detail.starts_with("action 2: "));
    assert_eq!(told.finished.actions[1].kind, "REBOOT");
}

#[test]
fn a_long_detail_is_cut_between_characters() {
    let reason = bounded(Reason::new("x", "ü".repeat(DETAIL_LEN_MAX)));
    assert_eq!(reason.detail.len(), DETAIL_LEN_MAX);
}
