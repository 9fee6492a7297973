//! The JSON Schema of an object, with its properties in the order in which they were written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Ordered;

/// JSON Schema 2020-12 of an object; the order of `properties` is that in which fields are shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldsSchema {
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    pub properties: Ordered<Value>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

impl FieldsSchema {
    /// The schema as one value.
    pub fn to_value(&self) -> Value {
        let properties = self.properties.iter().map(|(name, schema)| (name.to_owned(), schema.clone()));
        let mut all: serde_json::Map<String, Value> = self.rest.clone().into_iter().collect();
        all.insert("properties".to_owned(), Value::Object(properties.collect()));
        Value::Object(all)
    }

    /// Fields that every item has.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.rest.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for FieldsSchema {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .description(Some("JSON Schema 2020-12 of an object; the order of `properties` is that in which fields are shown"))
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(true)))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for FieldsSchema {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_properties_survives_and_the_rest_stays() {
        let text = r#"{"properties":{"z":{"type":"string"},"a":{}},"required":["z"],"type":"object"}"#;
        let schema: FieldsSchema = serde_json::from_str(text).unwrap();
        assert_eq!(schema.properties.names().collect::<Vec<_>>(), ["z", "a"]);
        assert_eq!(schema.required().collect::<Vec<_>>(), ["z"]);
        assert_eq!(serde_json::to_string(&schema).unwrap(), text);
    }
}
