//! Task files: YAML or JSON, one task or several divided by `---`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use taskey_proto::problem::located;
use taskey_proto::tasks::{Action, TaskSpec};

/// What is wrong with a file, and where, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: u64,
    pub column: u64,
    pub text: String,
}

/// Reads the tasks of a file; `is_json` where its name says so.
pub fn parse(text: &str, is_json: bool) -> Result<Vec<TaskSpec>, Fault> {
    // YAML reads nearly all JSON; the rest, such as surrogate pairs, only a JSON parser gets right.
    if is_json || text.trim_start().starts_with('{') {
        match serde_json::from_str(text) {
            Ok(spec) => return Ok(vec![spec]),
            Err(error) if is_json => {
                return Err(Fault { line: error.line() as u64, column: error.column() as u64, text: error.to_string() });
            }
            Err(_) => {}
        }
    }
    serde_saphyr::from_multiple(text).map_err(|error| locate(text, &error))
}

/// Finds the place of an error more closely than the parser can.
///
/// Which fields an action has depends on its `type`, so actions are read whole before they are understood, and every error in one is
/// reported where the action begins. The error names the field; where that stands is looked up.
fn locate(text: &str, error: &serde_saphyr::Error) -> Fault {
    let outer = error.location().map_or((1, 1), |location| (location.line(), location.column()));
    blamed_field(text).unwrap_or_else(|| Fault { line: outer.0, column: outer.1, text: without_place(error) })
}

#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    actions: Vec<BTreeMap<String, Spanned<Value>>>,
}

/// The first wrong field of the first wrong action, where that field is there at all.
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

/// The parser's words without its place, which stands in front already.
fn without_place(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words).to_owned()
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
