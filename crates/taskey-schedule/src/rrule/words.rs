//! A recurrence rule in English.

use super::read::Text;

impl Text {
    pub(crate) fn words(&self) -> String {
        String::new()
    }
}
