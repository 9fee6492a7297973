//! HTTP conventions that every slice shares: problems, bodies, pages, who is asked for (host and origin), live streams.

pub mod body;
pub mod etag;
pub mod guard;
pub mod idempotency;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod proxies;
pub mod sse;

pub use body::Body;
pub use problem::ApiError;
