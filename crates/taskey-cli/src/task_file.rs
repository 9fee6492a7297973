//! Task files: YAML or JSON, one task or several divided by `---`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use taskey_proto::problem::located;
use taskey_proto::tasks::{Action, TaskSpec};

use crate::definitions;
pub use crate::definitions::Fault;

/// Reads the tasks of a file; `is_json` where its name says so.
pub fn parse(text: &str, is_json: bool) -> Result<Vec<TaskSpec>, Fault> {
    definitions::parse(text, is_json, |text, fault| blamed_field(text).unwrap_or(fault))
}

#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    actions: Vec<BTreeMap<String, Spanned<Value>>>,
}

/// The first wrong field of the first wrong action, where that field is there at all.
///
/// Which fields an action has depends on its `type`, so actions are read whole before they are understood, and every error in one is
/// reported where the action begins. The error names the field; where that stands is looked up.
fn blamed_field(text: &str) -> Option<Fault> {
    let outlines: Vec<Outline> = serde_saphyr::from_multiple(text).ok()?;
    outlines.iter().flat_map(|outline| &outline.actions).find_map(|fields| {
        let object = fields.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect();
        let error = serde_json::from_value::<Action>(Value::Object(object)).err()?.to_string();
        let (pointer, detail) = located("", &error);
        let location = fields.get(pointer.trim_start_matches('/').split('/').next()?)?.referenced;
        Some(Fault { line: location.line(), column: location.column(), text: format!("{}: {detail}", &pointer[1..]) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(text: &str) -> Fault {
        parse(text, false).unwrap_err()
    }

    #[test]
    fn a_file_may_hold_several_tasks() {
        let specs = parse("name: a\nactions: [{type: COMMAND, command: x}]\n---\nname: b\nactions: []\n", false).unwrap();
        assert_eq!(specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn json_is_read_as_well_by_its_name_or_by_its_looks() {
        let text = "{\"name\": \"a\",\n\t\"description\": \"\\ud83d\\ude00\", \"actions\": []}";
        for is_json in [true, false] {
            assert_eq!(parse(text, is_json).unwrap()[0].description, "\u{1f600}");
        }
        assert_eq!(parse("{name: a, actions: []}", false).unwrap()[0].name, "a");
        assert_eq!(parse("{\"name\": 1}", true).unwrap_err().line, 1);
    }

    #[test]
    fn an_unknown_field_is_found_by_line_and_column() {
        let fault = fault_of("name: a\nactons: []\n");
        assert_eq!((fault.line, fault.column), (2, 1));
        assert!(fault.text.starts_with("unknown field `actons`"), "{}", fault.text);
    }

    #[test]
    fn a_wrong_field_of_an_action_is_found_and_not_just_the_action() {
        let head = "name: a\nactions:\n  - type: COMMAND\n    command: ok\n  - type: COMMAND\n";
        for (line, word) in [("    comand: uname\n", "comand"), ("    arguments: [1]\n", "arguments"), ("    timeout: 30x\n", "timeout")] {
            let fault = fault_of(&format!("{head}    user: me\n{line}    command: x\n"));
            assert_eq!(fault.line, 7, "{fault:?}");
            assert!(fault.text.starts_with(word), "{fault:?}");
        }
        assert_eq!(fault_of("name: a\nactions:\n  - command: x\n    type: COMAND\n").line, 4);
    }

    #[test]
    fn a_missing_field_is_told_at_its_action() {
        let fault = fault_of("name: a\nactions:\n  - type: SCRIPT\n    user: me\n");
        assert_eq!(fault.line, 3, "{fault:?}");
        assert!(fault.text.contains("content"), "{fault:?}");
    }

    #[test]
    fn broken_yaml_is_found_too() {
        assert_eq!(fault_of("name: a\nactions:\n  - [x\n").line, 3);
    }
}
