//! A cron expression in English.

use super::Cron;

pub(crate) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(crate) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(crate) const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

impl Cron {
    /// `at 02:30 on every day`
    pub(crate) fn words(&self) -> String {
        self.fields.join(" ")
    }
}

/// `a, b and c`
pub(crate) fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
