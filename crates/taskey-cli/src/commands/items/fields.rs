//! Fields and answers as they are typed: what `amount=240` means is said by the schema of what it is for.

use clap::Args;
use serde_json::Value;
use taskey_proto::item_types::{FieldsSchema, Key};
use taskey_proto::items::Fields;

use crate::failure::Failure;

#[derive(Debug, Clone, Default, Args)]
pub struct FieldArgs {
    /// A field; whether 240 is a number or a text is said by the item type. May be repeated.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = parse_text)]
    pub texts: Vec<(String, String)>,
    /// A field as JSON, for lists and objects; may be repeated.
    #[arg(long = "field-json", value_name = "NAME=JSON", value_parser = parse_json)]
    pub values: Vec<(String, Value)>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct AnswerArgs {
    /// What the resolution's form asks; may be repeated.
    #[arg(long = "answer", value_name = "NAME=VALUE", value_parser = parse_text)]
    pub texts: Vec<(String, String)>,
    /// An answer as JSON, for lists and objects; may be repeated.
    #[arg(long = "answer-json", value_name = "NAME=JSON", value_parser = parse_json)]
    pub values: Vec<(String, Value)>,
}

/// The values by the names that the schema has for them. A field may be called by its name without its marks.
pub fn read(texts: &[(String, String)], values: &[(String, Value)], schema: &FieldsSchema) -> Result<Fields, Failure> {
    let mut fields = Fields::new();
    let texts = texts.iter().map(|(name, text)| {
        let key = key_of(schema, name);
        let value = typed(schema.properties.get(key), text).map_err(|told| Failure::usage(format!("{name}: {told}")))?;
        Ok::<_, Failure>((key, value))
    });
    let values = values.iter().map(|(name, value)| Ok((key_of(schema, name), value.clone())));
    for field in texts.chain(values) {
        let (key, value) = field?;
        if fields.insert(key.to_owned(), value).is_some() {
            return Err(Failure::usage(format!("{key}: it is given twice")));
        }
    }
    Ok(fields)
}

/// What a field is called in an item: `receipt` is `receipt__preview` where the type marks it so.
pub fn key_of<'a>(schema: &'a FieldsSchema, typed: &'a str) -> &'a str {
    if schema.properties.get(typed).is_some() {
        return typed;
    }
    schema.properties.names().find(|full| Key::parse(full).name == typed).unwrap_or(typed)
}

/// What a text means where a value of that schema is wanted.
fn typed(schema: Option<&Value>, text: &str) -> Result<Value, String> {
    let Some(schema) = schema else { return Ok(text.into()) };
    let kinds = kinds(schema);
    if kinds.is_empty() {
        return Ok(listed(schema, text).unwrap_or_else(|| text.into()));
    }
    if kinds.contains(&"string") {
        return Ok(text.into());
    }
    let read = kinds.iter().find_map(|kind| value_of(kind, text));
    read.ok_or_else(|| format!("`{text}` is not {}", kinds.iter().map(|kind| as_people_say(kind)).collect::<Vec<_>>().join(" or ")))
}

fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The one of the values that a schema lists that is written so.
fn listed(schema: &Value, text: &str) -> Option<Value> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
    let written = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    listed.into_iter().find(|value| written(value) == text).cloned()
}

fn value_of(kind: &str, text: &str) -> Option<Value> {
    let value = serde_json::from_str::<Value>(text).ok()?;
    let fits = match kind {
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    fits.then_some(value)
}

fn as_people_say(kind: &str) -> &str {
    match kind {
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list, as in [\"a\", \"b\"]",
        "object" => "an object, as in {\"a\": 1}",
        other => other,
    }
}

fn parse_text(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

fn parse_json(text: &str) -> Result<(String, Value), String> {
    let (name, json) = parse_text(text).map_err(|_| "write it as NAME=JSON".to_owned())?;
    let value = serde_json::from_str(&json).map_err(|error| format!("what follows `{name}=` is not JSON: {error}"))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> FieldsSchema {
        serde_json::from_value(json!({"type": "object", "properties": {
            "order": {"type": "string"}, "amount": {"type": "number"}, "count": {"type": "integer"}, "urgent": {"type": "boolean"},
            "note": {"type": ["string", "null"]}, "score": {"type": ["null", "number"]}, "tags": {"type": "array"},
            "level": {"enum": [1, 2, "high"]}, "any": {}, "receipt__preview": {"type": "string"},
        }}))
        .unwrap()
    }

    fn field(text: &str) -> Result<Value, String> {
        let fields = read(&[parse_text(text).unwrap()], &[], &schema()).map_err(|failure| failure.to_string())?;
        Ok(serde_json::to_value(fields).unwrap())
    }

    #[test]
    fn the_schema_says_whether_240_is_a_number_or_a_text() {
        for (text, expected) in [
            ("order=240", json!({"order": "240"})),
            ("amount=240", json!({"amount": 240})),
            ("amount=240.5", json!({"amount": 240.5})),
            ("count=-3", json!({"count": -3})),
            ("urgent=true", json!({"urgent": true})),
            ("note=null", json!({"note": "null"})),
            ("score=null", json!({"score": null})),
            ("score=1e3", json!({"score": 1000.0})),
            ("tags=[\"a\",2]", json!({"tags": ["a", 2]})),
            ("level=2", json!({"level": 2})),
            ("level=high", json!({"level": "high"})),
            ("level=9", json!({"level": "9"})),
            ("any=240", json!({"any": "240"})),
            ("new=a=b", json!({"new": "a=b"})),
            ("order=", json!({"order": ""})),
        ] {
            assert_eq!(field(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_name() {
        for (text, told) in [
            ("amount=a lot", "amount: `a lot` is not a number"),
            ("count=1.5", "count: `1.5` is not a whole number"),
            ("urgent=yes", "urgent: `yes` is not true or false"),
            ("score=x", "score: `x` is not null or a number"),
            ("tags=a", "tags: `a` is not a list, as in [\"a\", \"b\"]"),
        ] {
            assert_eq!(field(text), Err(told.to_owned()));
        }
    }

    #[test]
    fn a_field_may_be_called_without_its_marks_and_is_given_once() {
        assert_eq!(field("receipt=https://a.example/1"), Ok(json!({"receipt__preview": "https://a.example/1"})));
        let twice = ["receipt=a", "receipt__preview=b"].map(|text| parse_text(text).unwrap());
        assert_eq!(read(&twice, &[], &schema()).unwrap_err().to_string(), "receipt__preview: it is given twice");
    }

    #[test]
    fn json_is_taken_as_it_is() {
        let values = [parse_json("order={\"a\": [1]}").unwrap()];
        assert_eq!(read(&[], &values, &schema()).unwrap()["order"], json!({"a": [1]}));
        assert!(parse_json("order=x").unwrap_err().starts_with("what follows `order=` is not JSON"));
        for text in ["order", "=1"] {
            assert!(parse_text(text).is_err() && parse_json(text).is_err(), "{text}");
        }
    }
}
