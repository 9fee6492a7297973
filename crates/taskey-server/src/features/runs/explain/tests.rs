//! Every state, every reason that the code can write, and every way to wait.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use taskey_proto::devices::Presence;
use taskey_proto::id::{DeviceId, ExecutionId, RunId};
use taskey_proto::runs::explain::StepCode as Code;
use uuid::Uuid;

use super::meanings::MEANINGS;
use super::*;

const HOUR_MS: i64 = 3_600_000;

fn at(ms: i64) -> Time {
    Time::from_ms(1_790_000_000_000 + ms)
}

/// Asked for at 0, while the device was offline since an hour.
fn queued() -> Facts {
    Facts {
        execution: ExecutionId::new(Uuid::from_u128(1)),
        run: RunId::new(Uuid::from_u128(2)),
        device: DeviceRef { id: DeviceId::new(Uuid::from_u128(3)), name: "web-1".to_owned() },
        state: State::Queued,
        reason: Some(Reason::new("offline", "The device is offline; it gets this when it is back.")),
        created_at: at(0),
        expires_at: at(24 * HOUR_MS),
        report_by: at(200 * HOUR_MS),
        dispatched_at: None,
        started_at: None,
        finished_at: None,
        cancelled_by: None,
        cause: Cause { kind: "manual".to_owned(), by: "ann".to_owned(), slot: None },
        task: "backup".to_owned(),
        target_count: 1,
        standing: Standing { presence: Presence::Offline, since: at(-HOUR_MS), is_quarantined: false, is_removed: false },
        before: 0,
        is_quiet: false,
    }
}

fn online() -> Standing {
    Standing { presence: Presence::Online, ..queued().standing }
}

fn dispatched() -> Facts {
    Facts { state: State::Dispatched, reason: None, dispatched_at: Some(at(0)), standing: online(), ..queued() }
}

fn running() -> Facts {
    Facts { state: State::Running, started_at: Some(at(20)), ..dispatched() }
}

fn ended(state: State, code: &str, detail: &str) -> Facts {
    let reason = (!code.is_empty()).then(|| Reason::new(code, detail));
    Facts { state, reason, finished_at: Some(at(500)), ..running() }
}

fn codes(facts: &Facts) -> Vec<Code> {
    explain_execution(facts).steps.iter().map(|step| step.code).collect()
}

#[test]
fn what_waits_says_for_what_and_until_when() {
    let told = explain_execution(&queued());
    assert_eq!(told.answer, "It waits for web-1, which is offline.");
    let steps: Vec<_> = told.steps.iter().map(|step| (step.at, step.code, step.detail.as_str())).collect();
    assert_eq!(
        steps,
        [
            (at(-HOUR_MS), Code::DeviceOffline, "Since then web-1 is offline."),
            (at(0), Code::Asked, "ann started backup."),
            (at(0), Code::Resolved, "It was for one device, web-1."),
            (at(0), Code::Queued, "web-1 was offline, so it was kept until the device is back."),
        ]
    );
    let next = told.next.unwrap();
    assert_eq!((next.at, next.code), (at(24 * HOUR_MS), NextCode::Expires));
}

#[test]
fn each_way_to_wait_has_its_answer() {
    let standing = queued().standing;
    let cases = [
        (Facts { before: 1, ..queued() }, "It waits for web-1, which is offline. One other is sent before it."),
        (Facts { before: 7, ..queued() }, "It waits for web-1, which is offline. 7 others are sent before it."),
        (Facts { standing: online(), ..queued() }, "web-1 is online, and gets it as soon as it has room for it."),
        (
            Facts { standing: online(), before: 130, ..queued() },
            "web-1 is online, and gets it as soon as it has room for it. 130 others are sent before it.",
        ),
        (
            Facts { is_quiet: true, ..queued() },
            "This server was restored from a backup and sends nothing until its operator ends that: `taskey quiet end`.",
        ),
        (
            Facts { standing: Standing { is_quarantined: true, ..standing }, ..queued() },
            "It waits for web-1, which is in quarantine and let in only with new keys: `taskey devices rekey web-1`.",
        ),
        (
            Facts { standing: Standing { is_removed: true, ..standing }, ..queued() },
            "web-1 was removed; what waited for it is being cancelled.",
        ),
        (
            Facts { state: State::Pending, reason: Some(Reason::new("approval", "it waits for an approval")), ..queued() },
            "It waits. It waits for an approval.",
        ),
        (dispatched(), "Its order was sent to web-1, which has not said yet that it began."),
        (
            Facts { standing: Standing { since: at(30), ..standing }, ..dispatched() },
            "Its order was sent to web-1, which went offline without a word of it: it may run there, or the order is sent again when the device is back.",
        ),
        (Facts { is_quiet: true, ..dispatched() }, "Its order was sent to web-1 before this server was restored, and is not sent again."),
        (
            Facts { cancelled_by: Some("bob".to_owned()), ..dispatched() },
            "Its order was sent to web-1, which has not said yet that it began. bob has cancelled it, and web-1 is asked to end it.",
        ),
        (running(), "It runs on web-1."),
        (
            Facts { cancelled_by: Some("bob".to_owned()), ..running() },
            "It runs on web-1. bob has cancelled it, and web-1 is asked to end it.",
        ),
        (
            Facts { standing: Standing { since: at(30), ..standing }, ..running() },
            "It began on web-1, which is offline now. It goes on there, and is reported when the device is back.",
        ),
    ];
    for (facts, expected) in cases {
        let told = explain_execution(&facts);
        assert_eq!(told.answer, expected);
        assert!(told.next.is_some(), "{expected}");
    }
}

#[test]
fn the_road_is_told_step_by_step() {
    let waited = Facts { dispatched_at: Some(at(5)), ..ended(State::Succeeded, "", "") };
    let cases = [
        (dispatched(), vec![Code::Asked, Code::Resolved, Code::Sent]),
        (running(), vec![Code::Asked, Code::Resolved, Code::Sent, Code::Started]),
        (ended(State::Succeeded, "", ""), vec![Code::Asked, Code::Resolved, Code::Sent, Code::Started, Code::Succeeded]),
        (waited, vec![Code::Asked, Code::Resolved, Code::Queued, Code::Sent, Code::Started, Code::Succeeded]),
        // Begun by a device on its own: there was no order to send.
        (Facts { dispatched_at: None, ..running() }, vec![Code::Asked, Code::Resolved, Code::Started]),
        (
            Facts { state: State::Expired, finished_at: Some(at(24 * HOUR_MS)), ..queued() },
            vec![Code::DeviceOffline, Code::Asked, Code::Resolved, Code::Queued, Code::Expired],
        ),
        (
            Facts { state: State::Skipped, finished_at: Some(at(0)), ..queued() },
            vec![Code::DeviceOffline, Code::Asked, Code::Resolved, Code::Skipped],
        ),
        (
            Facts { state: State::Failed, finished_at: Some(at(0)), standing: online(), ..queued() },
            vec![Code::Asked, Code::Resolved, Code::Failed],
        ),
        // It came, went, and nobody knows since when it was away then.
        (Facts { standing: Standing { since: at(100), ..queued().standing }, ..queued() }, vec![Code::Asked, Code::Resolved, Code::Queued]),
    ];
    for (facts, expected) in cases {
        assert_eq!(codes(&facts), expected);
    }
}

#[test]
fn a_device_whose_clock_is_behind_is_named() {
    let told = explain_execution(&Facts { started_at: Some(at(-10)), ..running() });
    assert_eq!(told.steps.last().unwrap().detail, "web-1 began. By the device's clock, which is behind the server's.");
}

#[test]
fn whoever_asked_is_named() {
    let asked_by = |kind: &str, by: &str| {
        let facts = Facts { cause: Cause { kind: kind.to_owned(), by: by.to_owned(), slot: None }, ..dispatched() };
        explain_execution(&facts).steps[0].detail.clone()
    };
    assert_eq!(asked_by("manual", "ann"), "ann started backup.");
    assert_eq!(asked_by("api", "ann (ci)"), "ann (ci) started backup with an API key.");
    assert_eq!(asked_by("schedule", "nightly"), "The schedule nightly started backup.");
    assert_eq!(asked_by("link", "door"), "link door started backup.");
}

#[test]
fn every_end_says_what_happened_and_nothing_comes_after_it() {
    let never = |facts: Facts| Facts { dispatched_at: None, started_at: None, ..facts };
    let unbegun = |facts: Facts| Facts { started_at: None, ..facts };
    let cases = [
        (ended(State::Succeeded, "", ""), "It ran on web-1 and succeeded."),
        (
            ended(State::Succeeded, "late_report", "Reported late: it had been given up (no_report)."),
            "It ran on web-1 and succeeded. Reported late: it had been given up (no_report).",
        ),
        (ended(State::Failed, "exit_code", "action 1: exited with 3"), "It failed on web-1. Action 1: exited with 3. The program itself"),
        (
            never(ended(State::Failed, "offline", "The device was offline, and the run was not to wait.")),
            "It never ran on web-1. The device was",
        ),
        (
            never(ended(State::Skipped, "offline", "The device was offline")),
            "It never ran on web-1. The device was offline. `when_offline`",
        ),
        (ended(State::TimedOut, "timeout", "did not end within 10s"), "It took too long on web-1 and was ended. Did not end within 10s."),
        (ended(State::Cancelled, "cancelled", "cancelled by bob"), "It was cancelled while it ran on web-1. Cancelled by bob."),
        (
            never(ended(State::Cancelled, "purged", "Purged by bob with everything else that waited for web-1.")),
            "It was cancelled before it began on web-1. Purged by bob",
        ),
        (
            never(ended(State::Expired, "offline", "The device did not come online in time.")),
            "It never ran on web-1: it waited until it expired.",
        ),
        (
            unbegun(ended(State::Rejected, "policy_user", "not as root")),
            "web-1 refused it, and nothing ran. Not as root. The device's owner",
        ),
        (ended(State::Lost, "agent_restart", "the agent ended"), "It began on web-1, and how it ended is not known. The agent ended."),
        (unbegun(ended(State::Lost, "no_report", "No report.")), "It was sent to web-1, and what became of it is not known. No report."),
    ];
    let mut told_of = BTreeSet::new();
    for (facts, expected) in cases {
        let told = explain_execution(&facts);
        assert!(told.answer.starts_with(expected), "{}\n{expected}", told.answer);
        assert_eq!(told.next, None, "{expected}");
        assert_eq!(told.steps.last().map(|step| step.code), end_code(facts.state));
        told_of.insert(facts.state);
    }
    assert!(State::ALL.into_iter().filter(|state| state.is_final()).all(|state| told_of.contains(&state)), "a state is missing");
}

#[test]
fn every_known_reason_is_told_whole_in_every_end() {
    for (code, meaning) in MEANINGS {
        assert!(meaning.ends_with('.'), "{code}");
        for state in [State::Failed, State::TimedOut, State::Cancelled, State::Expired, State::Rejected, State::Skipped, State::Lost] {
            let told = explain_execution(&ended(state, code, "what the device told")).answer;
            assert!(told.contains("What the device told.") && told.ends_with(meaning), "{code}: {told}");
        }
    }
    let of_a_newer_agent = explain_execution(&ended(State::Failed, "quantum_flux", "it wobbled")).answer;
    assert_eq!(of_a_newer_agent, "It failed on web-1. It wobbled.");
    let bare = explain_execution(&ended(State::Failed, "quantum_flux", "")).answer;
    assert_eq!(bare, "It failed on web-1.");
}

/// What server and agent write as a reason, from their sources: the words after `Reason::new(` and its kin, and those that a `match` gives.
#[test]
fn no_reason_is_written_that_is_not_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["taskey-server/src/features/runs", "taskey-agent/src"];
    let mut written = BTreeSet::from(["late_report".to_owned()]);
    for path in folders.iter().flat_map(|folder| sources(&root.join(folder))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for call in ["Reason::new(", "Verdict::failed(", "Outcome::failed("] {
            written.extend(text.split(call).skip(1).filter_map(|rest| literal(rest.trim_start())));
        }
    }
    for path in ["taskey-proto/src/document.rs", "taskey-agent/src/policy.rs"] {
        let text = std::fs::read_to_string(root.join(path)).unwrap();
        let codes = text.lines().filter(|line| line.contains("Error::") || line.contains("Refusal::"));
        written.extend(codes.filter_map(|line| line.split_once("=> ")).filter_map(|(_, rest)| literal(rest)));
    }
    written.extend(super::super::model::LOST_BY_SERVER.map(str::to_owned));
    written.extend([super::super::model::PURGED, super::super::model::RESTORED].map(str::to_owned));
    assert!(written.len() > 40, "the search finds too little: {written:?}");
    let known: BTreeSet<String> = MEANINGS.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(known.len(), MEANINGS.len(), "a code stands there twice");
    assert_eq!(written.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "give these a meaning");
    assert_eq!(known.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "nobody writes these any more");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && !name.ends_with("_test.rs") {
            found.push(path);
        }
    }
    found
}

/// The word at the beginning of `text`, if it is one in quotes.
fn literal(text: &str) -> Option<String> {
    let word = text.strip_prefix('"')?.split('"').next()?;
    word.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| word.to_owned())
}

fn part(state: State, count: u64, sample: Facts) -> Part {
    let sent = sample.dispatched_at;
    Part { state, count, first_sent_at: sent, last_sent_at: sent, expires_at: sample.expires_at, report_by: sample.report_by, sample }
}

fn run(state: State, parts: Vec<Part>) -> RunFacts {
    let finished_at = state.is_final().then(|| at(900));
    RunFacts { run: queued().run, state, cause: queued().cause, task: "backup".to_owned(), created_at: at(0), finished_at, parts }
}

#[test]
fn a_run_says_what_its_devices_have_in_common_and_what_comes_first() {
    let told = explain_run(&run(State::Running, vec![part(State::Queued, 40, queued()), part(State::Running, 2, running())]));
    assert_eq!(told.answer, "It goes on until its last device is done: 40 queued, 2 running.");
    assert_eq!(told.next.map(|next| (next.at, next.code)), Some((queued().expires_at, NextCode::Expires)));
    let parts: Vec<_> = told.parts.iter().map(|part| (part.state, part.count, part.answer.as_str())).collect();
    assert_eq!(parts, [(State::Queued, 40, "It waits for web-1, which is offline."), (State::Running, 2, "It runs on web-1.")]);
    assert_eq!(told.steps[1].detail, "It was for 42 devices.");

    let failed = ended(State::Failed, "exit_code", "exited with 1");
    let told =
        explain_run(&run(State::Failed, vec![part(State::Succeeded, 3, ended(State::Succeeded, "", "")), part(State::Failed, 1, failed)]));
    assert_eq!(told.answer, "It ended as failed, the worst of what its devices had: 3 succeeded, 1 failed.");
    assert_eq!((told.next, told.steps.last().unwrap().code), (None, Code::Failed));
}

#[test]
fn a_run_on_one_device_is_told_as_its_execution() {
    let told = explain_run(&run(State::Queued, vec![part(State::Queued, 1, queued())]));
    let execution = explain_execution(&queued());
    assert_eq!((told.answer, told.steps, told.next), (execution.answer, execution.steps, execution.next));
}
