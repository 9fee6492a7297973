//! What the contract says of JSON: which fields a thing has, and of what kind each is.

use serde_json::Value;

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// An id with this prefix.
    Id(&'static str),
    Text,
    Number,
    Bool,
    /// RFC 3339 in UTC with milliseconds.
    Time,
    Map,
    List,
    /// `{"code": WORD, "detail": TEXT}`
    Reason,
    Null,
    One(&'static [&'static str]),
}

/// Whether `value` has each of the fields, of its kind. Further fields may come with later versions.
pub fn assert_shape(value: &Value, fields: &[(&str, Kind)]) {
    for (name, kind) in fields {
        let field = value.get(name).unwrap_or_else(|| panic!("there is no `{name}` in {value:#}"));
        assert!(is(field, *kind), "`{name}` is not {kind:?} but {field}");
    }
}

/// The items of a list that is not continued.
pub fn items(list: &Value) -> &[Value] {
    assert_shape(list, &[("items", Kind::List), ("next", Kind::Null)]);
    list["items"].as_array().unwrap()
}

fn is(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Id(prefix) => value.as_str().and_then(|text| text.split_once('_')).is_some_and(|(before, id)| {
            before == prefix && id.len() == 26 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        }),
        Kind::Text => value.is_string(),
        Kind::Number => value.is_u64() || value.is_i64(),
        Kind::Bool => value.is_boolean(),
        Kind::Time => value.as_str().is_some_and(is_time),
        Kind::Map => value.is_object(),
        Kind::List => value.is_array(),
        Kind::Reason => value["code"].is_string() && value["detail"].is_string(),
        Kind::Null => value.is_null(),
        Kind::One(words) => value.as_str().is_some_and(|word| words.contains(&word)),
    }
}

fn is_time(text: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted })
}

pub const DEVICE: &[(&str, Kind)] = &[
    ("id", Kind::Id("dev")),
    ("name", Kind::Text),
    ("presence", Kind::One(&["online", "offline"])),
    ("since", Kind::Time),
    ("labels", Kind::Map),
    ("facts", Kind::Map),
    ("groups", Kind::List),
    ("agent_version", Kind::Text),
    ("policy", Kind::Map),
    ("enrolled_at", Kind::Time),
    ("queued", Kind::Number),
];

/// A run that is over.
pub const RUN: &[(&str, Kind)] = &[
    ("id", Kind::Id("run")),
    ("task", Kind::Map),
    ("cause", Kind::Map),
    ("state", Kind::Text),
    ("created_at", Kind::Time),
    ("finished_at", Kind::Time),
    ("counts", Kind::Map),
    ("executions", Kind::List),
];

/// An execution that began and is over.
pub const EXECUTION: &[(&str, Kind)] = &[
    ("id", Kind::Id("exe")),
    ("run", Kind::Id("run")),
    ("device", Kind::Map),
    ("state", Kind::Text),
    ("started_at", Kind::Time),
    ("finished_at", Kind::Time),
    ("actions", Kind::List),
];

/// The result of an action that began.
pub const RESULT: &[(&str, Kind)] = &[
    ("type", Kind::One(&["COMMAND", "SCRIPT"])),
    ("state", Kind::Text),
    ("output", Kind::Text),
    ("error", Kind::Text),
    ("truncated", Kind::Map),
    ("started_at", Kind::Time),
    ("finished_at", Kind::Time),
];
