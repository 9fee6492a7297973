//! JSON Schema of fields and forms: compiled once for each version of a type, with errors that point at the field.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Draft, Validator};
use serde_json::Value;
use taskey_proto::item_types::FieldsSchema;
use taskey_proto::problem::FieldError;

/// Mistakes that are told at once.
const ERRORS_MAX: usize = 50;

/// A compiled schema.
pub struct Schema(Validator);

impl Schema {
    /// Compiles a schema, or says what is wrong with it. Nothing is fetched: references lead into the schema itself.
    pub fn compile(schema: &FieldsSchema) -> Result<Self, FieldError> {
        let mut value = schema.to_value();
        if let Some(object) = value.as_object_mut() {
            object.entry("type").or_insert_with(|| Value::from("object"));
        }
        let draft = Draft::Draft202012;
        let validator = jsonschema::options().with_draft(draft).should_validate_formats(true).build(&value);
        validator.map(Self).map_err(|error| FieldError::new(error.instance_path().to_string(), error.to_string()))
    }

    /// What is wrong with a value; places begin with `at`.
    pub fn errors(&self, at: &str, value: &Value) -> Vec<FieldError> {
        self.0.iter_errors(value).take(ERRORS_MAX).map(|error| told(at, &error)).collect()
    }
}

fn told(at: &str, error: &jsonschema::ValidationError<'_>) -> FieldError {
    let place = format!("{at}{}", error.instance_path());
    match error.kind() {
        Kind::Required { property } => {
            FieldError::new(format!("{place}/{}", property.as_str().unwrap_or_default()), "this field is needed")
        }
        Kind::AdditionalProperties { unexpected } => {
            let name = unexpected.first().map(String::as_str).unwrap_or_default();
            FieldError::new(format!("{place}/{name}"), "the type has no such field")
        }
        _ => FieldError::new(place, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(json: Value) -> Result<Schema, FieldError> {
        Schema::compile(&serde_json::from_value(json).unwrap())
    }

    #[test]
    fn mistakes_point_at_their_field() {
        let schema = schema(json!({"type": "object", "required": ["order", "amount"], "additionalProperties": false,
            "properties": {"order": {"type": "string"}, "amount": {"type": "number", "minimum": 1}, "day": {"type": "string", "format": "date"}}}))
        .unwrap();
        assert!(schema.errors("/fields", &json!({"order": "A1", "amount": 240})).is_empty());
        let mut places: Vec<String> =
            schema.errors("/fields", &json!({"amount": 0, "day": "soon", "x": 1})).into_iter().map(|error| error.pointer).collect();
        places.sort();
        assert_eq!(places, ["/fields/amount", "/fields/day", "/fields/order", "/fields/x"]);
    }

    #[test]
    fn a_schema_that_is_none_is_refused_and_nothing_is_fetched() {
        assert!(schema(json!({"properties": {"a": {"type": "wrong"}}})).is_err());
        assert!(schema(json!({"properties": {"a": {"$ref": "http://127.0.0.1:1/x.json"}}})).is_err());
        assert!(schema(json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}})).is_err());
    }
}
