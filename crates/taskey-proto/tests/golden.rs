//! Messages of every released agent and server, kept as files: what was once said must be understood for ever.
//!
//! A folder is a version. A file is never edited; a version that says something else gets a folder of its own.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use taskey_proto::agent::{
    AskChallenge, AskedChallenge, CHALLENGE_CONTEXT, CallLine, CalledLine, Challenge, Enroll, Enrolled, OutputStored, ParsedCredential,
    SendOutput, ServerIdentity,
};
use taskey_proto::crypto::PublicKey;
use taskey_proto::document::{CANCEL_CONTEXT, Cancel, Judge};
use taskey_proto::line::{Down, Up};
use taskey_proto::runs::{State, Stream};
use taskey_proto::tasks::TaskSpec;

fn text(version: &str, name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read<T: DeserializeOwned>(version: &str, name: &str) -> T {
    serde_json::from_str(&text(version, name)).unwrap_or_else(|error| panic!("{version}/{name}: {error}"))
}

const VERSIONS: [&str; 1] = ["v1"];

fn server_key(version: &str) -> PublicKey {
    read::<ServerIdentity>(version, "server_identity.json").key
}

#[test]
fn what_an_agent_says_is_understood() {
    for version in VERSIONS {
        let Up::Sync(sync) = read(version, "up_sync.json") else { panic!("not a sync") };
        assert_eq!((sync.protocol, sync.held.len()), (1, 1));
        let Up::Started { isolation, .. } = read(version, "up_started.json") else { panic!("not a start") };
        assert_eq!(isolation, "process_group");
        let Up::Output { chunks, .. } = read(version, "up_output.json") else { panic!("not output") };
        assert_eq!((chunks[0].seq, chunks[0].stream, chunks[0].data.as_slice()), (1, Stream::Output, b"hello\n".as_slice()));
        let Up::Finished(finished) = read(version, "up_finished.json") else { panic!("not an end") };
        assert_eq!((finished.state, finished.actions[0].code, finished.chunks[0].seq), (State::Failed, Some(3), 2));
        let enroll: Enroll = read(version, "enroll.json");
        assert_eq!((enroll.name.as_str(), enroll.protocol), ("web-1", 1));
        read::<AskChallenge>(version, "ask_challenge.json");
        let credential = ParsedCredential::parse(text(version, "credential.txt").trim()).unwrap();
        assert_eq!(credential.claim.counter, 7);
        assert!(credential.is_signed_by(&enroll.signing_key));
        assert_eq!(read::<SendOutput>(version, "send_output.json").chunks.len(), 1);
        let first: CallLine = read(version, "call_line_first.json");
        assert_eq!((first.session, first.wait, first.goodbye), (None, 0, false));
        let call: CallLine = read(version, "call_line.json");
        assert_eq!((call.session, call.wait, call.goodbye), (Some(17), 25, false));
        assert!(matches!(serde_json::from_value(call.messages[0].clone()), Ok(Up::Started { .. })));
    }
}

#[test]
fn what_a_server_says_is_understood_and_its_signatures_hold() {
    for version in VERSIONS {
        let key = server_key(version);
        let Down::Execute(order) = read(version, "down_execute.json") else { panic!("not an order") };
        let Down::Cancel { document } = read(version, "down_cancel.json") else { panic!("not a cancellation") };
        let cancel: Cancel = document.open(&key, CANCEL_CONTEXT, "cancellation").unwrap();
        assert_eq!(cancel.execution, order.execution);
        let judge = Judge { server_key: &key, device: order.device, epoch: 1, now: cancel.issued_at };
        let verified = judge.verify(&order).unwrap();
        assert_eq!(verified.task.actions[0]["command"], "uname");
        assert!(matches!(read(version, "down_fetch.json"), Down::Fetch { .. }));
        let Down::AuditHead(head) = read(version, "down_audit_head.json") else { panic!("not a head") };
        // Signed by OpenSSL, under a key of its own.
        assert!(head.seq == 7 && head.verify(&head.key).is_ok());
        let asked: AskedChallenge = read(version, "asked_challenge.json");
        let challenge: Challenge = asked.challenge.open(&key, CHALLENGE_CONTEXT, "challenge").unwrap();
        assert_eq!(challenge.epoch, 1);
        let enrolled: Enrolled = read(version, "enrolled.json");
        assert_eq!(enrolled.device, order.device);
        assert_eq!(read::<OutputStored>(version, "output_stored.json").next, 3);
        let called: CalledLine = read(version, "called_line.json");
        assert_eq!(called.session, 17);
        assert!(matches!(serde_json::from_value(called.messages[0].clone()), Ok(Down::Fetch { .. })));
    }
}

#[test]
fn a_message_of_a_later_version_is_no_error() {
    let later = r#"{"type": "dance", "steps": 3}"#;
    assert_eq!(serde_json::from_str::<Down>(later).unwrap(), Down::Unknown);
    let more = r#"{"type": "fetch", "execution": "exe_01j8000000e008000000000002", "hurry": true}"#;
    assert!(matches!(serde_json::from_str::<Down>(more), Ok(Down::Fetch { .. })));
}

#[test]
fn a_task_file_of_the_first_version_is_understood() {
    for version in VERSIONS {
        let spec: TaskSpec = read(version, "task.json");
        assert_eq!(taskey_proto::tasks::check_task(&spec), []);
        assert_eq!(spec.actions.len(), 4);
    }
}
