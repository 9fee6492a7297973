//! Schedule files: YAML or JSON, one schedule or several divided by `---`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;
use taskey_proto::problem::{located, pointer};
use taskey_proto::schedules::ScheduleSpec;

use crate::definitions::{self, Fault};

/// Reads the schedules of a file; `is_json` where its name says so.
pub fn parse(text: &str, is_json: bool) -> Result<Vec<ScheduleSpec>, Fault> {
    definitions::parse(text, is_json, |text, fault| unquoted(text).or_else(|| blamed_field(text)).unwrap_or(fault))
}

/// The first wrong field of the first wrong schedule.
fn blamed_field(text: &str) -> Option<Fault> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).ok()?;
    let places = Places::of(text);
    documents.into_iter().enumerate().find_map(|(index, document)| {
        let error = serde_path_to_error::deserialize::<_, ScheduleSpec>(document).err()?;
        let (pointer, detail) = located(&pointer(error.path()), &error.inner().to_string());
        let (line, column) = places.find(index, &pointer)?;
        let key = pointer.trim_start_matches('/');
        let text = if key.is_empty() { detail } else { format!("{key}: {detail}") };
        Some(Fault { line, column, text })
    })
}

/// A cron expression that begins with a sign that means something else in YAML, in a file that cannot be read for it.
fn unquoted(text: &str) -> Option<Fault> {
    if serde_saphyr::from_multiple::<IgnoredAny>(text).is_ok() {
        return None;
    }
    text.lines().enumerate().find_map(|(index, line)| {
        let value = line.trim_start_matches([' ', '-']).strip_prefix("cron:")?.trim();
        let expression = value.split(" #").next().unwrap_or(value).trim_end();
        let text = format!("cron: put it in quotes, as in cron: \"{expression}\"");
        let column = (line.len() - line.trim_start_matches([' ', '-']).len() + 1) as u64;
        value.starts_with(['*', '@']).then_some(Fault { line: index as u64 + 1, column, text })
    })
}

/// Where each value of a file stands, by document and JSON pointer.
pub struct Places(Vec<Spanned<Node>>);

impl Places {
    /// Of a file that cannot be read, nothing.
    pub fn of(text: &str) -> Self {
        Self(serde_saphyr::from_multiple(text).unwrap_or_default())
    }

    /// Line and column of a value, or of the nearest thing around it that is there.
    pub fn find(&self, document: usize, pointer: &str) -> Option<(u64, u64)> {
        let mut node = self.0.get(document)?;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let inner = match &node.value {
                Node::Map(fields) => fields.get(&segment),
                Node::List(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
                Node::Leaf => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        Some((node.referenced.line(), node.referenced.column()))
    }
}

/// The shape of a document.
enum Node {
    Map(BTreeMap<String, Spanned<Node>>),
    List(Vec<Spanned<Node>>),
    Leaf,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            fields.insert(key, value);
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name: nightly\ntask: hello\ntargets: {devices: [web-1]}\n";

    fn fault_of(rest: &str) -> Fault {
        parse(&format!("{HEAD}{rest}"), false).unwrap_err()
    }

    #[test]
    fn a_file_may_hold_several_schedules_in_yaml_or_one_in_json() {
        let two = format!("{HEAD}cron: 30 2 * * *\n---\n{HEAD}every: 10s\n");
        assert_eq!(parse(&two, false).unwrap().len(), 2);
        let json = r#"{"name": "nightly", "task": "hello", "at": "2030-01-01T00:00:00Z", "targets": {"groups": ["eu"]}}"#;
        for is_json in [true, false] {
            assert_eq!(parse(json, is_json).unwrap()[0].targets.groups, ["eu"]);
        }
    }

    #[test]
    fn all_of_a_schedule_is_read_as_the_guide_writes_it() {
        let text = format!(
            "{HEAD}timezone: Europe/Berlin\nwhere: device\nrun_once: false\nmissed: {{all: {{max: 10, age: 2h}}}}\noverlap: {{queue: 3}}\n\
             when_offline: queue\nsplay: 10m\nwindows: [{{days: [mon, fri], from: \"22:00\", until: \"04:00\"}}]\non_block: defer\n\
             when:\n  - cron: \"*/5 * * * *\"\n  - {{boot: true}}\n"
        );
        let spec = &parse(&text, false).unwrap()[0];
        assert_eq!((spec.rules().len(), spec.windows.len()), (2, 1));
    }

    #[test]
    fn a_wrong_field_is_told_by_line_and_key() {
        for (rest, line, text) in [
            ("every: soon\n", 4, "every: not a length of time"),
            ("every: 10s\nmissd: skip\n", 5, "missd: there is no such field"),
            ("every: 10s\nwhere: moon\n", 5, "where: unknown variant `moon`"),
            ("every: 10s\nmissed: {all: {max: many, age: 2h}}\n", 5, "missed/all/max: invalid type"),
            ("when:\n  - every: 10s\n  - at: tomorrow\n", 6, "when/1/at: not a time"),
            ("every: 10s\n---\nname: b\ntask: c\ntargets: {devices: a}\nevery: 1s\n", 8, "targets/devices: invalid type"),
        ] {
            let fault = fault_of(rest);
            assert!(fault.line == line && fault.text.starts_with(text), "{rest}: {fault:?}");
        }
        let fault = parse("name: a\ntargets: {}\nevery: 1s\n", false).unwrap_err();
        assert!(fault.line == 1 && fault.text == "task: this field is needed", "{fault:?}");
    }

    #[test]
    fn an_expression_that_needs_quotes_is_told_so() {
        for (rest, quoted) in [
            ("cron: */5 * * * *   # often\n", "\"*/5 * * * *\""),
            ("cron: * * * * *\n", "\"* * * * *\""),
            ("cron: @daily\n", "\"@daily\""),
            ("when:\n  - cron: @hourly\n", "\"@hourly\""),
        ] {
            let fault = fault_of(rest);
            let line = if rest.starts_with("when") { 5 } else { 4 };
            assert!(fault.line == line && fault.text == format!("cron: put it in quotes, as in cron: {quoted}"), "{fault:?}");
        }
        assert_eq!(fault_of("cron: \"*/5 * * * *\"\nwindows: [x\n").line, 5);
    }

    #[test]
    fn a_json_file_is_told_by_line_and_key_too() {
        let fault = parse("{\n \"name\": \"a\", \"task\": \"b\", \"targets\": {},\n \"every\": \"soon\"\n}", true).unwrap_err();
        assert!(fault.line == 3 && fault.text.starts_with("every: "), "{fault:?}");
    }

    #[test]
    fn places_are_found_by_pointer_and_what_is_missing_by_what_is_around_it() {
        let places = Places::of("name: a\ntargets:\n  devices:\n    - web-1\n    - web-2\n---\nname: b\n");
        assert_eq!(places.find(0, "/targets/devices/1"), Some((5, 7)));
        assert_eq!(places.find(0, "/cron"), Some((1, 1)));
        assert_eq!(places.find(1, "/name").map(|(line, _)| line), Some(7));
        assert_eq!(places.find(2, "/name"), None);
    }
}
