//! Every field of a task, from a generator: what is right is read and kept, what is wrong is refused with its place.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Map, Value, json};
use taskey_proto::problem::{located, pointer};
use taskey_proto::tasks::{TaskSpec, check_task};

/// The task, or the places of what is wrong with it.
fn read(document: &Value) -> Result<TaskSpec, Vec<String>> {
    let text = document.to_string();
    let spec: TaskSpec = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(&text))
        .map_err(|error| vec![located(&pointer(error.path()), &error.inner().to_string()).0])?;
    let errors = check_task(&spec);
    if errors.is_empty() { Ok(spec) } else { Err(errors.into_iter().map(|error| error.pointer).collect()) }
}

/// A string, list or object of the parts that are there.
fn object(parts: Vec<(&'static str, Option<Value>)>) -> Value {
    Value::Object(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>())
}

fn maybe<T: std::fmt::Debug + Clone>(strategy: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(strategy)
}

/// Any text that may be passed to a program.
fn text() -> impl Strategy<Value = Value> {
    "[^\\x00]{0,12}".prop_map(Value::from)
}

fn word() -> impl Strategy<Value = Value> {
    "[a-z][a-z0-9._-]{0,11}".prop_map(Value::from)
}

fn path() -> impl Strategy<Value = Value> {
    "/[a-z]{1,8}(/[a-z]{1,8}){0,2}".prop_map(Value::from)
}

fn span() -> impl Strategy<Value = Value> {
    (1..600_u32, prop_oneof![Just("s"), Just("m")]).prop_map(|(count, unit)| json!(format!("{count}{unit}")))
}

fn on_failure() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("stop")), Just(json!("continue"))]
}

fn pair(key: &'static str) -> impl Strategy<Value = Value> {
    (key.prop_map(Value::from), any::<bool>(), "[ -~]{0,9}", word()).prop_map(|(key, secret, value, name)| {
        if secret { json!({"key": key, "secret": name}) } else { json!({"key": key, "value": value}) }
    })
}

fn list<T: Strategy<Value = Value>>(of: T) -> impl Strategy<Value = Value> {
    proptest::collection::vec(of, 1..4).prop_map(Value::from)
}

fn limits() -> impl Strategy<Value = Value> {
    (maybe(1..4_u32), maybe(1..400_u32), maybe(1..99_u32)).prop_map(|(memory, cpu, tasks)| {
        object(vec![
            ("memory", memory.map(|memory| json!(format!("{memory}M")))),
            ("cpu_percent", cpu.map(Value::from)),
            ("tasks", tasks.map(Value::from)),
        ])
    })
}

/// The fields that programs have in common.
fn program() -> impl Strategy<Value = Vec<(&'static str, Option<Value>)>> {
    let fields = (maybe(list(pair("[A-Z_]{1,8}"))), maybe(word()), maybe(path()), maybe(span()), maybe(limits()), maybe(on_failure()));
    fields.prop_map(|(environment, user, folder, timeout, limits, on_failure)| {
        vec![
            ("environment", environment),
            ("user", user),
            ("working_directory", folder),
            ("timeout", timeout),
            ("limits", limits),
            ("on_failure", on_failure),
        ]
    })
}

fn with(kind: &str, own: Vec<(&'static str, Option<Value>)>, others: Vec<(&'static str, Option<Value>)>) -> Value {
    object([vec![("type", Some(json!(kind)))], own, others].concat())
}

fn command() -> impl Strategy<Value = Value> {
    (word(), maybe(list(text())), program())
        .prop_map(|(command, arguments, others)| with("COMMAND", vec![("command", Some(command)), ("arguments", arguments)], others))
}

fn script() -> impl Strategy<Value = Value> {
    ("[a-z][^\\x00]{0,20}", maybe(path()), program()).prop_map(|(content, interpreter, others)| {
        with("SCRIPT", vec![("content", Some(json!(content))), ("interpreter", interpreter)], others)
    })
}

fn request() -> impl Strategy<Value = Value> {
    let method = prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("DELETE"), Just("PATCH"), Just("HEAD")];
    let url = "https?://([a-z]{1,9}|127\\.0\\.0\\.1|\\[::1\\])(:[1-9][0-9]{0,3})?(/[a-z%20]{0,9})?(\\?[a-z=&]{0,9})?";
    let header =
        prop_oneof![("X-[A-Za-z]{1,8}", "[ -~]{0,9}").prop_map(|(name, value)| json!(format!("{name}: {value}"))), pair("X-[a-z]{1,5}")];
    let body = prop_oneof![
        Just((None, None)),
        text().prop_map(|body| (None, Some(body))),
        list(pair("[a-z]{1,5}")).prop_map(|form| (Some(form), None))
    ];
    let statuses = list((200..600_u32).prop_map(Value::from));
    let common = (maybe(word()), maybe(span()), maybe(on_failure()));
    (method, url, maybe(list(header)), body, maybe(statuses), maybe(any::<bool>()), common).prop_map(
        |(method, url, headers, (form, body), statuses, follow, (user, timeout, on_failure))| {
            object(vec![
                ("type", Some(json!("HTTP_REQUEST"))),
                ("request_method", Some(json!(method))),
                ("request_url", Some(json!(url))),
                ("headers", headers),
                ("form", form),
                ("body", body),
                ("expect_status", statuses),
                ("follow_redirects", follow.map(Value::from)),
                ("user", user),
                ("timeout", timeout),
                ("on_failure", on_failure),
            ])
        },
    )
}

fn file() -> impl Strategy<Value = Value> {
    (path(), maybe(1..1_048_576_u32), maybe(word()), maybe(span()), maybe(on_failure())).prop_map(
        |(path, max, user, timeout, on_failure)| {
            object(vec![
                ("type", Some(json!("READ_FILE"))),
                ("path", Some(path)),
                ("max_bytes", max.map(Value::from)),
                ("user", user),
                ("timeout", timeout),
                ("on_failure", on_failure),
            ])
        },
    )
}

fn task() -> impl Strategy<Value = Value> {
    let actions = proptest::collection::vec(prop_oneof![command(), script(), request(), file()], 1..4);
    (word(), maybe(text()), maybe(any::<bool>()), maybe(on_failure()), actions).prop_map(|(name, description, own, on_failure, actions)| {
        object(vec![
            ("name", Some(name)),
            ("description", description),
            ("self_service", own.map(Value::from)),
            ("on_failure", on_failure),
            ("actions", Some(json!(actions))),
        ])
    })
}

/// Every place in a document, the document itself left out.
fn places(document: &Value) -> Vec<String> {
    fn walk(at: &str, value: &Value, places: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields.iter().map(|(name, value)| (format!("{at}/{name}"), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)).collect(),
            _ => Vec::new(),
        };
        for (place, value) in children {
            walk(&place, value, places);
            places.push(place);
        }
    }
    let mut found = Vec::new();
    walk("", document, &mut found);
    found
}

/// A value of a kind that nothing of this kind is read from.
fn of_other_kind(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(true),
        Value::Bool(_) => json!("perhaps"),
        Value::Number(_) => json!("many"),
        Value::Array(_) => json!("a list"),
        // Not a list: one with the fields in their order is read.
        Value::Object(_) | Value::Null => json!(1),
    }
}

/// Fields without which there is no task; `type` has its own words.
const NEEDED: [&str; 8] = ["name", "actions", "type", "command", "content", "request_method", "request_url", "path"];

fn config() -> Config {
    Config { cases: 300, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_right_is_read_and_written_again_without_a_loss(document in task()) {
        let spec = read(&document);
        prop_assert!(spec.is_ok(), "{:?}", spec);
        let written = serde_json::to_value(spec.unwrap()).unwrap();
        // Each field that was given is there again; those that were left out may stand there with their default.
        for place in places(&document) {
            let given = document.pointer(&place).unwrap();
            if matches!(given, Value::Object(_) | Value::Array(_)) || place.ends_with("/timeout") {
                continue;
            }
            let is_default = given == &json!(false) || given == &json!("");
            let again = written.pointer(&place);
            prop_assert!(again == Some(given) || (again.is_none() && is_default), "{}: {} became {:?}", place, given, again);
        }
        prop_assert_eq!(read(&written), read(&document));
    }

    #[test]
    fn a_value_of_another_kind_is_refused_at_its_place(document in task(), choice in any::<prop::sample::Index>()) {
        let places = places(&document);
        let place = choice.get(&places);
        let mut wrong = document.clone();
        let value = wrong.pointer_mut(place).unwrap();
        *value = of_other_kind(value);
        prop_assert_eq!(read(&wrong), Err(vec![place.clone()]));
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused_at_its_place(document in task(), choice in any::<prop::sample::Index>()) {
        let objects: Vec<String> = places(&document).into_iter().chain([String::new()]).filter(|place| document.pointer(place).unwrap().is_object()).collect();
        let place = choice.get(&objects);
        let mut wrong = document.clone();
        wrong.pointer_mut(place).unwrap().as_object_mut().unwrap().insert("colour".to_owned(), json!("red"));
        prop_assert_eq!(read(&wrong), Err(vec![format!("{place}/colour")]));
    }

    #[test]
    fn a_field_that_is_missing_is_named(document in task(), choice in any::<prop::sample::Index>()) {
        let named = |place: &String| place.rsplit('/').next().is_some_and(|field| NEEDED.contains(&field));
        let needed: Vec<String> = places(&document).into_iter().filter(named).collect();
        let place = choice.get(&needed);
        let (parent, field) = place.rsplit_once('/').unwrap();
        let mut wrong = document.clone();
        wrong.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        prop_assert_eq!(read(&wrong), Err(vec![place.clone()]));
    }

    #[test]
    fn a_pair_has_a_value_or_a_secret_and_a_request_a_body_or_a_form(document in task()) {
        for place in places(&document) {
            let mut wrong = document.clone();
            let fields = wrong.pointer_mut(&place).unwrap();
            let expected = if fields.get("key").is_some() {
                fields["value"] = json!("v");
                fields["secret"] = json!("s");
                format!("{place}/secret")
            } else if fields.get("request_url").is_some() {
                fields["body"] = json!("b");
                fields["form"] = json!([{"key": "k", "value": "v"}]);
                format!("{place}/body")
            } else {
                continue;
            };
            prop_assert_eq!(read(&wrong), Err(vec![expected]));
        }
    }
}
