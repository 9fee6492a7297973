//! What a field's name says about it: `photo__preview__webhook` is the field `photo` that is shown as a picture and sent in webhooks.

/// A word behind a field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// People who may decide may change it.
    Editable,
    /// Open items of the type with the same values in all fields of this mark become one: the newest.
    Merge,
    /// It is a link; what it leads to is previewed where that is an image.
    Preview,
    /// Of a type that marks any field so, webhooks carry those alone.
    Webhook,
}

/// Every mark, with its word.
pub const MARKS: [(Mark, &str); 4] =
    [(Mark::Editable, "editable"), (Mark::Merge, "merge"), (Mark::Preview, "preview"), (Mark::Webhook, "webhook")];

/// The name of a field, read. The marks stand in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key<'a> {
    /// As people call it.
    pub name: &'a str,
    marks: Vec<Mark>,
    /// Words that are no marks.
    pub unknown: Vec<&'a str>,
}

impl<'a> Key<'a> {
    /// Reads a name. What stands before the first `__` is what people call it, unless there is nothing.
    pub fn parse(key: &'a str) -> Self {
        let mut parts = key.split("__");
        let name = parts.next().unwrap_or_default();
        if name.is_empty() {
            return Self { name: key, marks: Vec::new(), unknown: Vec::new() };
        }
        let (mut marks, mut unknown) = (Vec::new(), Vec::new());
        for word in parts {
            match MARKS.iter().find(|(_, known)| *known == word) {
                Some((mark, _)) => marks.push(*mark),
                None => unknown.push(word),
            }
        }
        Self { name, marks, unknown }
    }

    pub fn has(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_marks_stand_in_any_order() {
        for key in ["photo__preview__editable__webhook", "photo__webhook__editable__preview", "photo__editable__preview__webhook"] {
            let key = Key::parse(key);
            assert_eq!(key.name, "photo");
            assert!(key.has(Mark::Preview) && key.has(Mark::Editable) && key.has(Mark::Webhook) && !key.has(Mark::Merge));
            assert!(key.unknown.is_empty());
        }
    }

    #[test]
    fn other_words_are_told_and_plain_names_have_none() {
        assert_eq!(Key::parse("photo__preveiw").unknown, ["preveiw"]);
        assert_eq!(Key::parse("a_b"), Key { name: "a_b", marks: Vec::new(), unknown: Vec::new() });
        assert_eq!(Key::parse("__merge").name, "__merge");
        assert_eq!(Key::parse("a__").unknown, [""]);
    }
}
