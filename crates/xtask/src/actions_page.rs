//! `docs/reference/actions.md`: every field of every action, from the OpenAPI document, so from the code.

use std::fmt::Write as _;

use serde_json::Value;

const HEAD: &str = "\
# Actions

Every field of every type of action. This page is made from the code by `cargo x gen`; how they are used stands in [tasks and runs](../guide/runs.md).

An action names its `type`; the fields below stand beside it. A field that is not listed is refused, with its place.
";

/// The actions by their word in `type`, and what they share.
const PARTS: [(&str, &str); 6] = [
    ("COMMAND", "Command"),
    ("SCRIPT", "Script"),
    ("HTTP_REQUEST", "HttpRequest"),
    ("READ_FILE", "ReadFile"),
    ("A header", "Header"),
    ("A key with its value", "KeyValue"),
];

/// The page, or the name of what the document lacks.
pub fn page(document: &Value) -> Result<String, String> {
    let schemas = &document["components"]["schemas"];
    let mut page = HEAD.to_owned();
    for (title, name) in PARTS {
        let schema = schemas.get(name).ok_or_else(|| format!("the OpenAPI document has no schema {name}"))?;
        let description = schema["description"].as_str().unwrap_or_default();
        let _ = writeln!(page, "\n## {title}\n\n{description}");
        let Some(fields) = schema["properties"].as_object() else { continue };
        let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        page.push_str("\n| field | type | |\n|---|---|---|\n");
        let (first, rest): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| needed.contains(&name.as_str()));
        for (name, field) in first.iter().chain(&rest) {
            let text = described(field).replace('\n', " ").replace('|', "\\|");
            let text = if needed.contains(&name.as_str()) { format!("**needed** {text}") } else { text };
            let _ = writeln!(page, "| `{name}` | {} | {} |", kind(field, schemas), text.trim());
        }
    }
    Ok(page)
}

/// What a field is for; of one that may be missing it stands a step deeper.
fn described(field: &Value) -> &str {
    let deeper = || field["oneOf"].as_array().into_iter().flatten().find_map(|one| one["description"].as_str());
    field["description"].as_str().or_else(deeper).unwrap_or_default()
}

fn kind(field: &Value, schemas: &Value) -> String {
    if let Some(name) = field["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return named(name, schemas);
    }
    for several in ["oneOf", "anyOf"] {
        let kinds = field[several].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
        if let Some(one) = kinds.into_iter().next() {
            return kind(one, schemas);
        }
    }
    let word = match &field["type"] {
        Value::Array(words) => words.iter().filter_map(Value::as_str).find(|word| *word != "null").unwrap_or_default(),
        word => word.as_str().unwrap_or_default(),
    };
    match word {
        "array" => format!("list of {}", kind(&field["items"], schemas)),
        "integer" => "number".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        word => word.to_owned(),
    }
}

/// A schema by its name: its words where it is one of a few, else what people call it.
fn named(name: &str, schemas: &Value) -> String {
    let words: Vec<String> =
        schemas[name]["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
    match (words.is_empty(), name) {
        (false, _) => words.join(" "),
        (true, "Span") => "length of time, as `30s`, `5m`, `1h30m`".to_owned(),
        (true, "KeyValue") => "keys with values".to_owned(),
        (true, "Header") => "headers".to_owned(),
        (true, name) => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_the_generated_one() {
        let root = crate::workspace::root();
        let document = std::fs::read_to_string(root.join("api/openapi.json")).unwrap();
        let page = page(&serde_json::from_str(&document).unwrap()).unwrap();
        let committed = std::fs::read_to_string(root.join("docs/reference/actions.md")).unwrap_or_default();
        assert!(page == committed, "docs/reference/actions.md is not what the code says; run `cargo x gen` and commit it");
        for word in ["COMMAND", "SCRIPT", "HTTP_REQUEST", "READ_FILE", "| `request_url` | text | **needed**"] {
            assert!(page.contains(word), "{word}");
        }
    }
}
