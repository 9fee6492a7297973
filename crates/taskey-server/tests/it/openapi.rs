//! The OpenAPI document: committed as it is generated, and whole.

use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&taskey_server::openapi()).unwrap()
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../api/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == taskey_server::openapi(), "api/openapi.json is not what the code says; run `cargo x gen` and commit it");
}

#[test]
fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.push(reference.clone());
            }
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[test]
fn every_operation_has_an_id_a_summary_and_described_answers() {
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "{method} {path} {status}");
            }
        }
    }
}

#[test]
fn every_route_stands_in_the_document() {
    let document = document();
    let routes = taskey_server::routes();
    assert!(routes.len() > 20);
    for route in routes {
        assert!(document["paths"][&route.path][route.method.to_lowercase()].is_object(), "{} {}", route.method, route.path);
    }
}
