//! The inbox: what applications ask, what people decide, and what is kept of it.

mod deciding;
mod ending;
mod items;
mod lists;
mod people;
mod types;
mod waiting;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use taskey_server::backup::source::Source;
use taskey_server::backup::table;
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{Engine, TestServer, wait_for};

pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3_600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// What `more` says besides, or instead.
pub fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

/// The least that a type can say.
pub fn smallest(name: &str) -> Value {
    json!({"name": name, "title": "A question", "fields": {"type": "object"}, "resolutions": {"done": {}}})
}

/// A type as an application has it.
pub fn refund(more: Value) -> Value {
    let fields = json!({
        "type": "object",
        "required": ["order", "amount"],
        "additionalProperties": false,
        "properties": {
            "order": {"type": "string"},
            "amount": {"type": "number"},
            "customer": {"type": "string"},
            "note__editable": {"type": "string"},
        },
    });
    let partly = json!({"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number", "minimum": 1}}});
    let spec = json!({
        "name": "refund",
        "title": "Refund {{ amount }} for {{ order }}",
        "fields": fields,
        "resolutions": {
            "approved": {"label": "Refund {{ amount }}"},
            "partly": {"label": "Refund a part", "form": partly},
            "rejected": {"label": "Decline", "refusal": true, "reasons": ["fraud", "too late"], "reason_required": true},
        },
        "indexed": ["order", "amount"],
    });
    with(spec, more)
}

pub async fn make_type(person: &Person, spec: Value) -> Value {
    let made = person.post("/api/v1/item-types", spec).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body
}

pub async fn put_type(person: &Person, word: &str, if_match: &str, spec: Value) -> Answer {
    put_if(person, &format!("/api/v1/item-types/{word}"), if_match, spec).await
}

/// A server with one item type, and whoever set it up.
pub async fn world(engine: Engine, spec: Value) -> (TestServer, Person) {
    let server = TestServer::start(engine).await;
    let ann = server.set_up().await;
    make_type(&ann, spec).await;
    (server, ann)
}

/// A group of that role with one member, signed in with a key.
pub async fn member(ann: &Person, name: &str, role: &str) -> Person {
    let group = ann.post("/api/v1/groups", json!({"name": format!("group-{name}"), "role": role})).await;
    assert_eq!(group.status, 201, "{}", group.text);
    ann.add_user(name, json!({"groups": [group.id()]})).await.sign_in().await
}

pub async fn post(person: &Person, body: Value) -> Value {
    let made = person.post("/api/v1/items", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body
}

pub async fn post_refund(person: &Person, order: &str, amount: u64) -> Value {
    post(person, json!({"type": "refund", "fields": {"order": order, "amount": amount}})).await
}

pub fn path(item: &Value) -> String {
    format!("/api/v1/items/{}", item["id"].as_str().unwrap())
}

pub async fn shown(person: &Person, item: &Value) -> Value {
    let shown = person.get(&path(item)).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    shown.body
}

pub async fn put(person: &Person, path: &str, body: Value) -> Answer {
    send(person.request(Method::PUT, path).json(&body)).await
}

pub async fn put_if(person: &Person, path: &str, if_match: &str, body: Value) -> Answer {
    send(person.request(Method::PUT, path).header("if-match", if_match).json(&body)).await
}

/// Does something to an item, whatever its version.
pub async fn act(person: &Person, item: &Value, what: &str, body: Value) -> Answer {
    act_if(person, item, what, "*", body).await
}

pub async fn act_if(person: &Person, item: &Value, what: &str, if_match: &str, body: Value) -> Answer {
    let path = format!("{}/{what}", path(item));
    send(person.request(Method::POST, &path).header("if-match", if_match).json(&body)).await
}

pub async fn approve(person: &Person, item: &Value) -> Answer {
    act(person, item, "resolve", json!({"resolution": "approved"})).await
}

pub async fn update(person: &Person, item: &Value, fields: Value) -> Answer {
    let request = person.request(Method::PATCH, &path(item)).header("if-match", "*");
    send(request.json(&json!({"fields": fields}))).await
}

pub async fn comment(person: &Person, item: &Value, text: &str) -> Answer {
    let made = person.post(&format!("{}/comments", path(item)), json!({"text": text})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made
}

pub async fn assign(person: &Person, item: &Value, body: Value) -> Answer {
    put(person, &format!("{}/assignee", path(item)), body).await
}

pub async fn log(person: &Person, item: &Value) -> Vec<Value> {
    let log = person.get(&format!("{}/log?limit=200", path(item))).await;
    assert_eq!(log.status, 200, "{}", log.text);
    items(&log)
}

pub fn actions(log: &[Value]) -> Vec<&str> {
    log.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

/// What a list shows on one page.
pub async fn listed(person: &Person, query: &str) -> Vec<Value> {
    let list = person.get(&format!("/api/v1/items?limit=200&{query}")).await;
    assert_eq!(list.status, 200, "{query}: {}", list.text);
    assert!(list.body["next"].is_null(), "{query}: {}", list.text);
    items(&list)
}

pub fn items(list: &Answer) -> Vec<Value> {
    list.body["items"].as_array().unwrap_or_else(|| panic!("no list: {}", list.text)).clone()
}

pub fn texts(list: &[Value], field: &str) -> Vec<String> {
    list.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

/// Status and code of a refusal, and what it points at.
pub fn refusal(answer: &Answer) -> (u16, &str, Vec<&str>) {
    let errors = answer.body["errors"].as_array().into_iter().flatten();
    (answer.status, answer.code(), errors.filter_map(|error| error["pointer"].as_str()).collect())
}

pub fn detail(answer: &Answer) -> &str {
    answer.body["detail"].as_str().unwrap_or_default()
}

/// Looks until it is so, while the seconds pass.
pub async fn in_time(server: &TestServer, mut is_so: impl AsyncFnMut() -> bool) {
    wait_for(async || {
        server.clock.advance(SECOND);
        is_so().await
    })
    .await;
}

/// The tables of the database in which something stands.
pub async fn tables_with(server: &TestServer, wanted: &[u8]) -> Vec<String> {
    use futures_util::StreamExt as _;
    let is_in = |bytes: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    let holds = |value: &table::Value| match value {
        table::Value::Text(text) => is_in(text.as_bytes()),
        table::Value::Bytes(bytes) => is_in(bytes),
        _ => false,
    };
    let mut source = Source::open(&server.config().data, &server.config().database).await.unwrap();
    let mut found = Vec::new();
    for table in source.tables().await.unwrap() {
        let rows: Vec<_> = source.rows(&table).collect().await;
        if rows.into_iter().any(|row| row.unwrap().iter().any(holds)) {
            found.push(table.name);
        }
    }
    source.close().await.unwrap();
    found
}
