//! Where what is wrong stands in a file of definitions.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;
use taskey_proto::problem::{FieldError, located, pointer};

use crate::definitions::Fault;

/// The first wrong field of the first wrong definition of a file.
pub fn blamed_field<T: DeserializeOwned>(text: &str) -> Option<Fault> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).ok()?;
    let places = Places::of(text);
    documents.into_iter().enumerate().find_map(|(index, document)| {
        let error = serde_path_to_error::deserialize::<_, T>(document).err()?;
        let (pointer, detail) = located(&pointer(error.path()), &error.inner().to_string());
        let (line, column) = places.find(index, &pointer)?;
        let key = pointer.trim_start_matches('/');
        let text = if key.is_empty() { detail } else { format!("{key}: {detail}") };
        Some(Fault { line, column, text })
    })
}

/// Where each value of a file stands, by document and JSON pointer.
pub struct Places(Vec<Spanned<Node>>);

impl Places {
    /// Of a file that cannot be read, nothing.
    pub fn of(text: &str) -> Self {
        Self(serde_saphyr::from_multiple(text).unwrap_or_default())
    }

    /// Line and column of a value, or of the nearest thing around it that is there.
    pub fn find(&self, document: usize, pointer: &str) -> Option<(u64, u64)> {
        let mut node = self.0.get(document)?;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let inner = match &node.value {
                Node::Map(fields) => fields.get(&segment),
                Node::List(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
                Node::Leaf => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        Some((node.referenced.line(), node.referenced.column()))
    }

    /// The same error with its line. A server that was given the definition as `spec` of something points below that.
    pub fn with_line(&self, document: usize, error: FieldError) -> FieldError {
        let below = error.pointer.strip_prefix("/spec").filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let pointer = below.unwrap_or(&error.pointer);
        match self.find(document, pointer) {
            Some((line, _)) => FieldError::new(format!("line {line}: {pointer}"), error.detail),
            None => FieldError::new(pointer, error.detail),
        }
    }
}

/// The shape of a document.
enum Node {
    Map(BTreeMap<String, Spanned<Node>>),
    List(Vec<Spanned<Node>>),
    Leaf,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            fields.insert(key, value);
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_pointer_and_what_is_missing_by_what_is_around_it() {
        let places = Places::of("name: a\ntargets:\n  devices:\n    - web-1\n    - web-2\n---\nname: b\n");
        assert_eq!(places.find(0, "/targets/devices/1"), Some((5, 7)));
        assert_eq!(places.find(0, "/cron"), Some((1, 1)));
        assert_eq!(places.find(1, "/name").map(|(line, _)| line), Some(7));
        assert_eq!(places.find(2, "/name"), None);
    }

    #[test]
    fn an_error_of_the_server_gets_the_line_of_what_it_is_about() {
        let places = Places::of("name: a\nspec: 1\ntargets:\n  devices: []\n");
        let told = |pointer: &str| places.with_line(0, FieldError::new(pointer, "no")).pointer;
        assert_eq!(told("/targets/devices"), "line 4: /targets/devices");
        assert_eq!(told("/spec/targets/devices/0"), "line 4: /targets/devices/0");
        assert_eq!(told("/specs"), "line 1: /specs");
        assert_eq!(Places::of("[").with_line(0, FieldError::new("/spec/name", "no")).pointer, "/name");
    }
}
