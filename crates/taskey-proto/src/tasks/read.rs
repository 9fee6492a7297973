//! Reading an action so that every error names its field.
//!
//! Which fields an action has depends on its `type`, so an action is read whole before it is understood, and the reader loses
//! its place. The errors made here begin with the place, as a JSON pointer from the action: `/timeout: not a length of time`.
//! [`crate::problem::located`] takes both apart again.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::action::{ACTION_TYPES, Action, Header};
use crate::problem::{located, pointer};

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(line) => Ok(Header::Line(line)),
            Value::Object(fields) => understand(fields).map(Header::Pair).map_err(D::Error::custom),
            _ => Err(D::Error::custom("a header is `Name: value`, or a key with a value or a secret")),
        }
    }
}

fn read(mut fields: Map<String, Value>) -> Result<Action, String> {
    let types = || ACTION_TYPES.join(", ");
    let kind = match fields.remove("type") {
        Some(Value::String(kind)) => kind,
        Some(other) => return Err(format!("/type: one of {} is expected, not {other}", types())),
        None => return Err(format!("/type: say of which type it is: {}", types())),
    };
    match kind.as_str() {
        "COMMAND" => understand(fields).map(Action::Command),
        "SCRIPT" => understand(fields).map(Action::Script),
        "HTTP_REQUEST" => understand(fields).map(Action::HttpRequest),
        "READ_FILE" => understand(fields).map(Action::ReadFile),
        _ => Err(format!("/type: there is no action type `{kind}`; there are {}", types())),
    }
}

fn understand<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, String> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let (pointer, detail) = located(&pointer(error.path()), &error.inner().to_string());
        format!("{pointer}: {detail}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(action: Value) -> String {
        serde_json::from_value::<Action>(action).unwrap_err().to_string()
    }

    #[test]
    fn every_error_names_its_field() {
        let cases = [
            (serde_json::json!({}), "/type: say of which type it is"),
            (serde_json::json!({"type": 1}), "/type: one of COMMAND"),
            (serde_json::json!({"type": "REBOOT"}), "/type: there is no action type `REBOOT`; there are COMMAND, SCRIPT"),
            (serde_json::json!({"type": "COMMAND"}), "/command: this field is needed"),
            (serde_json::json!({"type": "COMMAND", "command": "a", "arguments": ["x", 1]}), "/arguments/1: invalid type: integer `1`"),
            (serde_json::json!({"type": "COMMAND", "command": "a", "shell": true}), "/shell: there is no such field; there are command, "),
            (serde_json::json!({"type": "COMMAND", "command": "a", "timeout": "soon"}), "/timeout: not a length of time"),
            (
                serde_json::json!({"type": "COMMAND", "command": "a", "environment": [{"key": "A", "valu": ""}]}),
                "/environment/0/valu: there is no such field; there are key, value, secret",
            ),
            (serde_json::json!({"type": "HTTP_REQUEST", "request_url": "http://a"}), "/request_method: this field is needed"),
            (serde_json::json!({"type": "HTTP_REQUEST", "request_method": "GET"}), "/request_url: this field is needed"),
            (
                serde_json::json!({"type": "HTTP_REQUEST", "request_method": "TRACE", "request_url": "http://a"}),
                "/request_method: unknown variant `TRACE`",
            ),
            (
                serde_json::json!({"type": "HTTP_REQUEST", "request_method": "GET", "request_url": "http://a", "headers": ["A: b", 1]}),
                "/headers/1: a header is",
            ),
            (
                serde_json::json!({"type": "HTTP_REQUEST", "request_method": "GET", "request_url": "http://a", "headers": [{"key": "A", "vlue": ""}]}),
                "/headers/0/vlue: there is no such field; there are key, value, secret",
            ),
            (serde_json::json!({"type": "READ_FILE"}), "/path: this field is needed"),
            (serde_json::json!({"type": "READ_FILE", "path": "/a", "max_bytes": -1}), "/max_bytes: invalid value"),
        ];
        for (action, expected) in cases {
            let told = error(action.clone());
            assert!(told.starts_with(expected), "{action}: {told}");
        }
    }
}
