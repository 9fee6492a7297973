//! What items are searched by: words in small letters and without accents, each once, behind a mark of their organization, so that what
//! one organization has costs no other anything.

use std::collections::BTreeSet;

use serde_json::Value;
use taskey_proto::crypto::{hex, sha256};
use taskey_proto::id::OrganizationId;
use taskey_proto::items::Fields;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Bytes of an item's words; what comes behind is not found.
const WORDS_LEN_MAX: usize = 16_000;
/// Characters of a word that count.
const WORD_CHARS_MAX: usize = 40;

/// The words of an item but its comments.
pub fn words_of(organization: OrganizationId, title: &str, external_id: Option<&str>, fields: &Fields) -> String {
    let mut words = Words::of(organization);
    words.add(title);
    words.add(external_id.unwrap_or_default());
    fields.values().for_each(|value| words.add_value(value));
    words.text()
}

/// The words of a text.
pub fn words(organization: OrganizationId, text: &str) -> String {
    let mut words = Words::of(organization);
    words.add(text);
    words.text()
}

/// What is asked of `item_text`: that every word of `text` is the beginning of one of the item's; `None` where there is no word in it.
pub fn query(organization: OrganizationId, text: &str) -> Option<String> {
    let words = words(organization, text);
    let begins: Vec<String> = words.split(' ').filter(|word| !word.is_empty()).map(|word| format!("{word}*")).collect();
    if begins.is_empty() { None } else { Some(begins.join(" AND ")) }
}

struct Words {
    /// Letters and digits; that two organizations have the same does no harm.
    mark: String,
    found: BTreeSet<String>,
    len: usize,
}

impl Words {
    fn of(organization: OrganizationId) -> Self {
        let mark = hex(&sha256(organization.to_string().as_bytes())[..3]);
        Self { mark, found: BTreeSet::new(), len: 0 }
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Array(values) => values.iter().for_each(|value| self.add_value(value)),
            Value::Object(fields) => fields.values().for_each(|value| self.add_value(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn add(&mut self, text: &str) {
        let mut word = String::new();
        for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
            if !letter.is_alphanumeric() {
                self.push(std::mem::take(&mut word));
            } else if is_written_without_spaces(letter) {
                self.push(std::mem::take(&mut word));
                self.push(letter.to_string());
            } else {
                word.push(letter);
            }
            if self.len >= WORDS_LEN_MAX {
                return;
            }
        }
        self.push(word);
    }

    fn push(&mut self, word: String) {
        if word.is_empty() {
            return;
        }
        let end = word.char_indices().nth(WORD_CHARS_MAX).map_or(word.len(), |(end, _)| end);
        let word = format!("{}{}", self.mark, &word[..end]);
        let len = word.len() + 1;
        if self.len + len <= WORDS_LEN_MAX && self.found.insert(word) {
            self.len += len;
        }
    }

    fn text(self) -> String {
        self.found.into_iter().collect::<Vec<_>>().join(" ")
    }
}

/// Chinese and Japanese: each letter is a word.
fn is_written_without_spaces(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn organization() -> OrganizationId {
        OrganizationId::new(uuid::Uuid::nil())
    }

    /// Without the mark.
    fn plain(words: &str) -> String {
        let mark = Words::of(organization()).mark;
        words.split(' ').map(|word| word.strip_prefix(&mark).unwrap_or(word)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_small_without_accents_and_once() {
        let words = |text| plain(&words(organization(), text));
        assert_eq!(words("Müller, MULLER & Søn: ﬁnde É-Mail_x 東京"), "e finde mail muller søn x 京 東");
        assert_eq!(words(" \u{0}\n'*\":()&|! "), "");
        assert_eq!(words(&"a".repeat(100)), "a".repeat(WORD_CHARS_MAX));
    }

    #[test]
    fn an_item_is_searched_by_title_external_id_and_what_stands_in_its_fields() {
        let Value::Object(fields) = json!({"order": "A1", "amount": 24.5, "to": {"names": ["Ann", null, true]}}) else { unreachable!() };
        let fields = fields.into_iter().collect();
        let words = words_of(organization(), "Refund for A1", Some("shop/7"), &fields);
        assert_eq!(plain(&words), "24 5 7 a1 ann for refund shop");
    }

    #[test]
    fn there_are_no_more_words_than_an_index_should_have() {
        let many: String = (0..10_000).map(|number| format!("{number} ")).collect();
        let kept = words(organization(), &many);
        assert!(kept.len() <= WORDS_LEN_MAX && kept.len() > WORDS_LEN_MAX - 20, "{}", kept.len());
    }

    #[test]
    fn every_word_that_is_asked_for_is_a_beginning() {
        let query = |text| query(organization(), text).map(|query| plain(&query));
        assert_eq!(query("Ban trans").as_deref(), Some("ban* AND trans*"));
        assert_eq!(query("AND* OR \"x").as_deref(), Some("and* AND or* AND x*"));
        assert_eq!(query(" -- "), None);
    }

    #[test]
    fn organizations_share_no_words() {
        let other = OrganizationId::new(uuid::Uuid::max());
        let (own, others) = (words(organization(), "refund"), words(other, "refund"));
        assert!(own != others && own.ends_with("refund") && own.chars().all(char::is_alphanumeric), "{own} {others}");
    }
}
