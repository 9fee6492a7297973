//! Tasks: versioned definitions with an ordered list of actions.
//!
//! It owns the tables `task`, `task_version` and `task_document`, and the events `task.changed` and `task.removed`. The exact
//! bytes that devices will run are made and signed when a task is written ([`document`]), not when it runs: an altered database
//! cannot slip other commands in, for the signature is checked before a run is authorized and again on the device.
//!
//! A version is never edited; a run keeps the one it used.

pub mod document;
pub mod http;
mod ops;
mod store;

pub use document::{SignedTask, insert_document, load_task, load_version, named_secrets, signed_task};
pub use store::task_name;
