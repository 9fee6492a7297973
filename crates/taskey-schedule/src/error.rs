//! Why a timing cannot be reckoned with.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    #[error("the time zone {0} cannot be read")]
    Zone(String),
    /// Its place among the rules, and why.
    #[error("rule {}: {detail}", index + 1)]
    Rule { index: usize, detail: String },
    #[error("window {}: {detail}", index + 1)]
    Window { index: usize, detail: String },
    #[error("the calendar event `{name}` is from `{from}` until `{until}`, which cannot be read")]
    Period { name: String, from: String, until: String },
}
