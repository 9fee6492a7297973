//! Labels as they are typed: `k=v` sets, `k-` removes.

use taskey_proto::devices::Labels;

use crate::failure::Failure;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Set(String, String),
    Remove(String),
}

/// Reads `k=v` or `k-`. The first `=` divides; a value may hold more of them, or end in `-`.
pub fn parse_change(text: &str) -> Result<Change, String> {
    if let Ok((key, value)) = parse_pair(text) {
        return Ok(Change::Set(key, value));
    }
    match text.strip_suffix('-') {
        Some(key) if !key.is_empty() && !key.contains('=') => Ok(Change::Remove(key.to_owned())),
        _ => Err("write KEY=VALUE to set a label, or KEY- to remove one".to_owned()),
    }
}

/// Reads `k=v`.
pub fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write a label as KEY=VALUE".to_owned()),
    }
}

/// The labels after the changes. Removing one that is not there is a slip worth telling.
pub fn apply(labels: &Labels, changes: &[Change]) -> Result<Labels, Failure> {
    let mut labels = labels.clone();
    for change in changes {
        match change {
            Change::Set(key, value) => {
                labels.insert(key.clone(), value.clone());
            }
            Change::Remove(key) => {
                labels.remove(key).ok_or_else(|| Failure::usage(format!("there is no label `{key}`")))?;
            }
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_set_with_an_equals_sign_and_removed_with_a_dash() {
        let set = |key: &str, value: &str| Ok(Change::Set(key.to_owned(), value.to_owned()));
        assert_eq!(parse_change("role=web"), set("role", "web"));
        assert_eq!(parse_change("note=a=b-"), set("note", "a=b-"));
        assert_eq!(parse_change("empty="), set("empty", ""));
        assert_eq!(parse_change("role-"), Ok(Change::Remove("role".to_owned())));
        for text in ["", "-", "role", "=web", "=-"] {
            assert!(parse_change(text).is_err(), "{text}");
        }
    }

    #[test]
    fn changes_apply_in_order_and_a_label_that_is_not_there_cannot_be_removed() {
        let labels = Labels::from([("role".to_owned(), "web".to_owned()), ("zone".to_owned(), "eu".to_owned())]);
        let changes = ["role=db", "zone-"].map(|text| parse_change(text).unwrap());
        assert_eq!(apply(&labels, &changes).unwrap(), Labels::from([("role".to_owned(), "db".to_owned())]));
        assert!(apply(&labels, &[Change::Remove("colour".to_owned())]).is_err());
    }
}
