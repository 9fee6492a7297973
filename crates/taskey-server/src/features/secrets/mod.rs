//! Secrets: named values for tasks, that can be set and used but never read back.
//!
//! It owns the table `secret` and the events `secret.changed` and `secret.removed`. Values lie in the vault
//! ([`crate::platform::vault`]); they leave it sealed to one device for one execution ([`seal_for`]), when the order is sent and not before.
//!
//! What may never happen: a value in an answer, a log, an event, an audit row, or in the database in clear.

pub mod http;
mod ops;
mod store;

pub use ops::{rotate, seal_for};
pub use store::missing;
