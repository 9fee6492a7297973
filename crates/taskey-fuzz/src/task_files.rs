//! Task files, as `taskey tasks apply` and `taskeyd policy test` read them, and schedule files: YAML and JSON.
//!
//! They never panic, nor grow beyond what was written. An error has a place and says something. What is accepted is written, as YAML
//! and as JSON, and read again as the same.

use serde::Serialize;
use serde::de::DeserializeOwned;
use taskey_cli::definitions::Fault;
use taskey_cli::{schedule_file, task_file};
use taskey_proto::problem::FieldError;
use taskey_proto::schedules::check_schedule;
use taskey_proto::tasks::check_task;

use crate::golden;

/// The first byte says whether the name ends with `.json`.
pub fn run(input: &[u8]) {
    let Some((&kind, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    judge(text, kind % 2 == 1, task_file::parse, check_task);
    judge(text, kind % 2 == 1, schedule_file::parse, check_schedule);
}

type Parse<T> = fn(&str, bool) -> Result<Vec<T>, Fault>;

fn judge<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    text: &str,
    is_json: bool,
    parse: Parse<T>,
    check: fn(&T) -> Vec<FieldError>,
) {
    match parse(text, is_json) {
        Ok(specs) => specs.iter().for_each(|spec| accept(spec, parse, &check(spec))),
        Err(fault) => {
            assert!(!fault.text.is_empty() && fault.line >= 1, "{fault:?}");
            assert!(fault.line <= 2 + text.matches(['\n', '\r']).count() as u64, "{fault:?}");
        }
    }
}

fn accept<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(spec: &T, parse: Parse<T>, errors: &[FieldError]) {
    let json = serde_json::to_value(spec).unwrap();
    for error in errors {
        assert!(!error.detail.is_empty());
        // What is to blame may be what is not there: then its parent is.
        let parent = error.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        assert!(error.pointer.starts_with('/') && json.pointer(parent).is_some(), "{} leads nowhere", error.pointer);
    }
    assert_eq!(serde_json::from_value::<T>(json).unwrap(), *spec);
    if errors.is_empty() {
        let text = serde_saphyr::to_string(spec).unwrap();
        let again = parse(&text, false).unwrap_or_else(|fault| panic!("{fault:?} in {text}"));
        assert_eq!(again.as_slice(), std::slice::from_ref(spec), "{text}");
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let example = |name: &str| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/").to_owned() + name;
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let mut texts = vec![golden("task.json"), example("hello.yaml"), example("disk-space.yaml")];
    texts.extend(
        [
            "name: a\nactions: [{type: COMMAND, command: x}]\n---\nname: b\nactions: []\n",
            "{\"name\": \"a\",\n\t\"description\": \"\\ud83d\\ude00\", \"actions\": []}",
            "name: a\nactons: []\n",
            "name: a\nactions:\n  - type: COMMAND\n    command: ok\n    timeout: 30x\n",
            "name: a\nactions:\n  - type: SCRIPT\n    content: |\n      echo one\n\n      echo two\n",
            "name: a\nactions:\n  - type: SCRIPT\n    content: >-\n      echo\n      one\n    limits: {memory: 64K, tasks: 3}\n",
            "name: a\nactions:\n  - {type: READ_FILE, path: /etc/hostname, max_bytes: 9, timeout: 1h30m, on_failure: continue}\n",
            "name: a\nactions:\n  - {type: HTTP_REQUEST, request_method: GET, request_url: \"http://a/\", headers: [\"A: b\", {key: C, secret: d}]}\n",
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nname: [*c, *c]\n",
            "name: &n a\ndescription: *n\nactions: [{<<: {type: COMMAND}, command: !!str 1}]\n",
            "name: a\nactions:\n  - [x\n",
            "name: a\ntask: b\ntargets: {devices: [c]}\ncron: \"30 2 * * *\"\n---\nname: d\ntask: e\ntargets: {}\nevery: soon\n",
            "name: a\ntask: b\ntargets: {groups: [c]}\nwhen:\n  - {cron: \"* * * * * *\", seconds: true}\n  - at: 2030-01-01T00:00:00Z\nmissed: {all: {max: 0, age: 2h}}\noverlap: {queue: 3}\n",
            "name: a\ntask: b\ntargets: {}\nboot: true\nwindows: [{days: [mon], from: \"22:00\", until: \"24:00\"}]\nstarts_at: 2030-01-01T00:00:00Z\nsplay: 1m\n",
            "name: a\ntask: b\ntargets: {}\ncron: */5 * * * *\n",
            "{\"name\": \"a\", \"task\": \"b\", \"targets\": {\"devices\": 1}}",
            "name: \"yes\"\nself_service: yes\non_failure: continue\nactions: [{type: COMMAND, command: \"1e3\", arguments: [\"~\", \"0x1\", \" a\", \"#\"]}]\n",
        ]
        .map(|text| text.as_bytes().to_vec()),
    );
    texts.iter().flat_map(|text| [0, 1].map(|kind| [&[kind][..], text].concat())).collect()
}
