//! The typed client of taskey's HTTP API: one method an operation, in one file a slice of the API.
//!
//! A [`Client`] holds the server's address and, once signed in, an API key. Everything it sends and gets is a type of `taskey-proto`;
//! everything that goes wrong is a [`ClientError`]. Reads, and starts that carry an idempotency key, are tried again when the
//! connection breaks; nothing else is. Redirects are not followed: a key is for the server that it was made by.
//!
//! The operations that an agent calls (`/agent/v1`) are the agent's own business and not here.

mod access;
mod accounts;
mod audit;
mod calendars;
mod device_groups;
mod devices;
mod error;
mod events;
mod groups;
mod item_log;
mod item_types;
mod items;
mod metrics;
mod organizations;
mod output;
mod pages;
mod quiet;
mod runs;
mod schedules;
mod secrets;
mod sse;
mod tasks;
mod tls;
mod transport;
mod users;
mod webhooks;

pub use access::AccessQuestion;
pub use audit::AuditFilter;
pub use error::{ClientError, Trouble};
pub use events::{Event, Events};
pub use item_log::ItemLog;
pub use items::{ItemFilter, ItemOrder, PostedItem};
pub use output::{OutputFollower, OutputUpdate};
pub use pages::PAGE_LEN_MAX;
pub use runs::{RunFilter, StartOptions};
pub use sse::{SseEvent, SseParser};
pub use tasks::Tagged;
pub use transport::Client;
