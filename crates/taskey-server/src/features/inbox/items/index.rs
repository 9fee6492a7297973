//! Indexed fields as texts whose order is that of their values, and the hashes by which items are found.

use serde_json::Value;
use taskey_proto::crypto::{hex, sha256};
use taskey_proto::item_types::{INDEXED_MAX, ItemTypeSpec, Mark};
use taskey_proto::items::Fields;

/// Characters of a text that are indexed.
const TEXT_LEN_MAX: usize = 200;

/// A value as it stands in an index; `None` for what is not indexed: lists, objects and nothing.
pub fn indexed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("s{}", text.chars().take(TEXT_LEN_MAX).collect::<String>().replace('\0', ""))),
        Value::Number(number) => Some(number_text(number.as_f64()?)),
        Value::Bool(flag) => Some(format!("b{flag}")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The bits of a number such that texts of them are ordered as the numbers are.
fn number_text(number: f64) -> String {
    let bits = (if number == 0.0 { 0.0 } else { number }).to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    format!("n{ordered:016x}")
}

/// What a word of a filter may stand for in an index: a text, and a number or a flag where it reads like one.
pub fn readings(word: &str) -> Vec<String> {
    let mut readings = vec![format!("s{}", word.chars().take(TEXT_LEN_MAX).collect::<String>())];
    readings.extend(word.parse::<f64>().ok().filter(|number| number.is_finite()).map(number_text));
    if word == "true" || word == "false" {
        readings.push(format!("b{word}"));
    }
    readings
}

pub fn all_indexed(spec: &ItemTypeSpec, fields: &Fields) -> [Option<String>; INDEXED_MAX] {
    let mut all = [const { None }; INDEXED_MAX];
    for (place, name) in spec.indexed.iter().take(INDEXED_MAX).enumerate() {
        all[place] = fields.get(name).and_then(indexed);
    }
    all
}

/// What items are the same in that are to become one; `None` of a type that merges none.
pub fn merge_hash(spec: &ItemTypeSpec, fields: &Fields) -> Option<String> {
    let mut names: Vec<&str> = spec.marked(Mark::Merge).collect();
    if names.is_empty() {
        return None;
    }
    names.sort_unstable();
    let values: Vec<(&str, Option<&Value>)> = names.into_iter().map(|name| (name, fields.get(name))).collect();
    Some(hex(&sha256(serde_json::to_string(&values).unwrap_or_default().as_bytes())))
}

pub fn external_hash(external_id: &str) -> String {
    hex(&sha256(external_id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_ordered_as_their_texts_are() {
        let numbers = [f64::MIN, -1e9, -240.5, -1.0, -0.0, 0.25, 1.0, 2.0, 10.0, 240.0, 1e18, f64::MAX];
        let texts: Vec<String> = numbers.iter().map(|number| number_text(*number)).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(number_text(-0.0), number_text(0.0));
        assert_eq!(indexed(&json!(240)), indexed(&json!(240.0)));
    }

    #[test]
    fn a_word_is_found_as_text_and_as_number() {
        assert!(readings("240").contains(&indexed(&json!(240)).unwrap()));
        assert!(readings("240").contains(&indexed(&json!("240")).unwrap()));
        assert!(readings("true").contains(&indexed(&json!(true)).unwrap()));
        assert_eq!(indexed(&json!(["a"])), None);
    }
}
