//! Runs: one firing of a task over its targets, each target's execution, its results and output.
//!
//! It owns the tables `run`, `run_document`, `execution`, `action_result`, `output_chunk`, `output_stream` and `output_content`,
//! and the events `run.started`, `run.changed`, `run.finished`, `run.cancelled` and `queue.purged`.
//!
//! *The road of an execution*: `queued` → `dispatched` → `running` → a final state. The documents are signed when the run is
//! started; an execution whose device is online is written as `dispatched` in the same transaction and sent after the commit.
//! Once dispatched, only the device's journal ends it; a message that is lost on the way is sent again when the device says at
//! its next sync what it holds. A device that runs it a second time would be a bug of the agent; a server that writes a second
//! result would be one of ours: a final state is written once, and only `lost`, or what a restore cancelled unseen, is ever corrected, by
//! a late report. An order that was signed in an earlier epoch is not sent again; see `restored`.
//!
//! *Runs of schedules* that fire on devices begin there; see [`scheduled`]. Until a device has reported, its execution is `pending`.
//!
//! What may never happen: an execution without an end, an end without a reason, two ends.

mod cancel;
pub mod delivery;
mod explain;
pub mod http;
pub mod intake;
pub mod jobs;
mod model;
mod ops;
pub mod output;
mod preview;
mod queue;
pub mod restored;
pub mod scheduled;
mod store;
mod view;

pub use store::sees_run;
