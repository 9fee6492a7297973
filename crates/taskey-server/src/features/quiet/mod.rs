//! Quiet: a restored server waits for its operator.
//!
//! A restore (`crate::backup`) marks the one row of `instance`; this slice shows that, counts what there is to look at, and ends it. The rest
//! keeps to it by asking `App::quiet`: no run is started, nothing from before is sent, nothing expires, nothing old is removed. People sign in,
//! devices connect, and results are taken in.
//!
//! It owns the columns `instance.quiet_since` and `restored_from`, and the event `quiet.ended`, one for each organization.
//!
//! What may never happen: that it ends by itself, or that something from before the restore is sent because it has ended, unless the operator
//! said so.

pub mod http;
mod ops;
mod store;

pub use ops::{Who, end, show};
