//! What executions write: pieces while it comes, contents afterwards.
//!
//! While an execution runs, its output is stored piece by piece, as the device sends it. Its end folds the pieces: the bytes of
//! each stream become one content, stored once for the organization however many executions wrote the same, and the order of
//! the pieces is kept as a line of text, so that a reader who comes later sees both streams as they were interleaved. Little
//! output is folded by the transaction that takes in the end, much of it right afterwards by a job.

pub mod bytes;
pub mod fold;
pub mod layout;
pub mod live;
pub mod pieces;
pub mod read;
pub mod store;
