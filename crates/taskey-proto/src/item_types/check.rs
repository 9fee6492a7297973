//! What is wrong with an item type, as far as it can be told without reading templates and schemas.

use std::collections::BTreeSet;

use super::{CLOSED, FieldsSchema, ItemTypeSpec, Key, MARKS, Mark, OPEN, Ordered};
use crate::Span;
use crate::problem::FieldError;
use crate::tasks::{DESCRIPTION_LEN_MAX, name_problem};

/// Fields that may be indexed.
pub const INDEXED_MAX: usize = 8;
pub const RESOLUTIONS_MAX: usize = 20;
pub const STATES_MAX: usize = 20;
/// Reasons of one resolution.
const REASONS_MAX: usize = 50;
const REASON_LEN_MAX: usize = 200;
/// Groups of one list.
pub const DECIDERS_MAX: usize = 50;
/// Bytes of a template.
pub const TEMPLATE_LEN_MAX: usize = 10_000;
/// Bytes of a JSON Schema.
pub const FIELDS_LEN_MAX: usize = 100_000;
const FIELDS_MAX: usize = 200;
const RETENTION_MIN: Span = Span::from_secs(60);
const DUE_IN_MIN: Span = Span::from_secs(1);
/// Ten years.
const SPAN_MAX: Span = Span::from_secs(3_653 * 86_400);

struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, detail));
    }

    fn length(&mut self, pointer: &str, text: &str, max: usize) {
        if text.len() > max {
            self.add(pointer, format!("at most {max} bytes"));
        }
    }

    fn template(&mut self, pointer: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(pointer, "it says nothing");
        }
        self.length(pointer, text, TEMPLATE_LEN_MAX);
    }

    fn span(&mut self, pointer: &str, span: Option<Span>, min: Span) {
        if span.is_some_and(|span| span < min || span > SPAN_MAX) {
            self.add(pointer, format!("from {min} to {SPAN_MAX}"));
        }
    }
}

/// What is wrong with a type. Templates, JSON Schemas and the names of groups and webhooks are the server's to check.
pub fn check_item_type(spec: &ItemTypeSpec) -> Vec<FieldError> {
    let mut errors = Errors(Vec::new());
    if let Some(detail) = name_problem(&spec.name) {
        errors.add("/name", detail);
    }
    errors.template("/title", &spec.title);
    if let Some(text) = &spec.text {
        errors.template("/text", text);
    }
    errors.length("/description", &spec.description, DESCRIPTION_LEN_MAX);
    check_fields(&mut errors, "/fields", &spec.fields);
    check_marks(&mut errors, &spec.fields);
    check_states(&mut errors, spec);
    check_resolutions(&mut errors, spec);
    check_indexed(&mut errors, spec);
    check_groups(&mut errors, "/access/may_see", &spec.access.may_see);
    check_groups(&mut errors, "/access/may_decide", &spec.access.may_decide);
    errors.span("/due_in", spec.due_in, DUE_IN_MIN);
    errors.span("/retention", spec.retention, RETENTION_MIN);
    errors.0
}

fn check_fields(errors: &mut Errors, at: &str, fields: &FieldsSchema) {
    if fields.rest.get("type").is_some_and(|kind| kind != "object") {
        errors.add(format!("{at}/type"), "it is `object`: an item has fields with names");
    }
    if fields.properties.len() > FIELDS_MAX {
        errors.add(format!("{at}/properties"), format!("at most {FIELDS_MAX} fields"));
    }
    if serde_json::to_string(fields).map_or(0, |text| text.len()) > FIELDS_LEN_MAX {
        errors.add(at, format!("at most {FIELDS_LEN_MAX} bytes"));
    }
    for (index, name) in fields.required().enumerate() {
        if fields.properties.get(name).is_none() {
            errors.add(format!("{at}/required/{index}"), format!("there is no field `{name}` under `properties`"));
        }
    }
}

fn check_marks(errors: &mut Errors, fields: &FieldsSchema) {
    let mut names = BTreeSet::new();
    for full in fields.properties.names() {
        let at = format!("/fields/properties/{}", full.replace('~', "~0").replace('/', "~1"));
        let key = Key::parse(full);
        if full.is_empty() {
            errors.add(&at, "give the field a name");
        }
        for word in &key.unknown {
            let known = MARKS.map(|(_, word)| word).join(", ");
            errors.add(&at, format!("there is no mark `__{word}`; there are {known}"));
        }
        if !names.insert(key.name) {
            errors.add(&at, format!("two fields are called `{}`", key.name));
        }
        if key.has(Mark::Merge) && !fields.required().any(|name| name == full) {
            errors.add(&at, "a field that items are merged by is one that every item has: name it under `required`");
        }
    }
}

fn check_states(errors: &mut Errors, spec: &ItemTypeSpec) {
    if spec.states.len() > STATES_MAX {
        errors.add("/states", format!("at most {STATES_MAX} states"));
    }
    if let Some(initial) = &spec.initial
        && !spec.has_state(initial)
    {
        errors.add("/initial", format!("there is no state `{initial}`"));
    }
    for (name, state) in spec.states.iter() {
        let at = format!("/states/{name}");
        if CLOSED.contains(&name) {
            errors.add(&at, format!("`{name}` is what taskey itself calls an item that is over; choose another name"));
        }
        if let Some(detail) = word_problem(name) {
            errors.add(&at, detail);
        }
        if let Some(label) = &state.label {
            errors.template(&format!("{at}/label"), label);
        }
        for (index, to) in state.to.iter().flatten().enumerate() {
            if spec.states.get(to).is_none() {
                errors.add(format!("{at}/to/{index}"), format!("there is no state `{to}`"));
            }
        }
        check_groups(errors, &format!("{at}/may_decide"), &state.may_decide);
    }
}

fn check_resolutions(errors: &mut Errors, spec: &ItemTypeSpec) {
    if spec.resolutions.is_empty() || spec.resolutions.len() > RESOLUTIONS_MAX {
        errors.add("/resolutions", format!("from 1 to {RESOLUTIONS_MAX} ways to resolve an item"));
    }
    for (name, resolution) in spec.resolutions.iter() {
        let at = format!("/resolutions/{name}");
        if let Some(detail) = word_problem(name) {
            errors.add(&at, detail);
        }
        if let Some(label) = &resolution.label {
            errors.template(&format!("{at}/label"), label);
        }
        if let Some(confirm) = &resolution.confirm {
            errors.template(&format!("{at}/confirm"), confirm);
        }
        if resolution.reasons.len() > REASONS_MAX {
            errors.add(format!("{at}/reasons"), format!("at most {REASONS_MAX} reasons"));
        }
        for (index, reason) in resolution.reasons.iter().enumerate() {
            if reason.trim().is_empty() || reason.len() > REASON_LEN_MAX {
                errors.add(format!("{at}/reasons/{index}"), format!("1 to {REASON_LEN_MAX} bytes"));
            }
        }
        for (index, from) in resolution.from.iter().enumerate() {
            if !spec.has_state(from) {
                errors.add(format!("{at}/from/{index}"), format!("there is no state `{from}`"));
            }
        }
        if let Some(form) = &resolution.form {
            check_fields(errors, &format!("{at}/form"), form);
        }
    }
    let states: Ordered<()> = match spec.states.is_empty() {
        true => [(OPEN.to_owned(), ())].into_iter().collect(),
        false => spec.states.names().map(|name| (name.to_owned(), ())).collect(),
    };
    for state in states.names() {
        let is_end = spec.choices(state).next().is_none() && spec.moves(state).is_empty();
        if is_end && !spec.resolutions.is_empty() {
            errors.add(
                format!("/states/{state}"),
                "nothing leads out of it: no resolution may be chosen there, and it leads to no other state",
            );
        }
    }
}

fn check_indexed(errors: &mut Errors, spec: &ItemTypeSpec) {
    if spec.indexed.len() > INDEXED_MAX {
        errors.add("/indexed", format!("at most {INDEXED_MAX} fields"));
    }
    for (index, name) in spec.indexed.iter().enumerate() {
        let at = format!("/indexed/{index}");
        if spec.fields.properties.get(name).is_none() {
            errors.add(&at, format!("there is no field `{name}`; write it with its marks"));
        }
        if spec.indexed[..index].contains(name) {
            errors.add(at, format!("`{name}` stands there twice"));
        }
    }
}

fn check_groups(errors: &mut Errors, at: &str, groups: &[String]) {
    if groups.len() > DECIDERS_MAX {
        errors.add(at, format!("at most {DECIDERS_MAX} groups"));
    }
}

/// What is wrong with the name of a state or a resolution: programs compare them.
fn word_problem(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_word = !name.is_empty() && name.len() <= 50 && name.chars().all(allowed);
    (!is_word).then_some("a name of 1 to 50 ASCII letters, digits, `_` and `-`; its label may say anything")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: serde_json::Value) -> ItemTypeSpec {
        serde_json::from_value(json).unwrap()
    }

    fn pointers(json: serde_json::Value) -> Vec<String> {
        check_item_type(&spec(json)).into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn the_smallest_type_is_fine_and_its_items_are_open() {
        let smallest = serde_json::json!({"name": "a", "title": "A", "fields": {"type": "object"}, "resolutions": {"done": {}}});
        assert!(pointers(smallest.clone()).is_empty());
        let spec = spec(smallest);
        assert_eq!(spec.first_state(), "open");
        assert!(spec.has_state("open") && !spec.has_state("resolved"));
        assert_eq!(spec.choices("open").map(|(name, _)| name).collect::<Vec<_>>(), ["done"]);
        assert!(spec.moves("open").is_empty());
    }

    #[test]
    fn every_mistake_is_pointed_at() {
        let pointers = pointers(serde_json::json!({
            "name": "a b", "title": " ",
            "fields": {"type": "array", "required": ["gone"], "properties": {"x__webook": {}, "y__merge": {}, "y": {}}},
            "states": {"open": {"to": ["nowhere"]}, "resolved": {}, "lost": {"to": []}},
            "resolutions": {"a b": {"from": ["open", "void"], "reasons": [""]}},
            "indexed": ["z"], "initial": "void", "due_in": "0s", "retention": "1s"
        }));
        for expected in [
            "/name",
            "/title",
            "/fields/type",
            "/fields/required/0",
            "/fields/properties/x__webook",
            "/fields/properties/y__merge",
            "/states/open/to/0",
            "/states/resolved",
            "/states/lost",
            "/resolutions/a b",
            "/resolutions/a b/from/1",
            "/resolutions/a b/reasons/0",
            "/indexed/0",
            "/initial",
            "/due_in",
            "/retention",
        ] {
            assert!(pointers.iter().any(|pointer| pointer == expected), "{expected} is missing in {pointers:?}");
        }
    }

    #[test]
    fn a_state_decides_who_decides_before_the_type_does() {
        let spec = spec(serde_json::json!({"name": "a", "title": "A", "fields": {},
            "states": {"new": {}, "escalated": {"may_decide": ["leads"], "to": []}},
            "access": {"may_decide": ["support"]}, "resolutions": {"done": {}}}));
        assert_eq!(spec.deciders("new"), ["support"]);
        assert_eq!(spec.deciders("escalated"), ["leads"]);
        assert_eq!(spec.moves("new"), ["escalated"]);
        assert!(spec.moves("escalated").is_empty());
    }
}
