//! What taskey's programs say to each other: ids, the API's types slice by slice, the signed documents, the device line.
//!
//! No input or output happens here. The server, the agent and the client share these types, so a field is named once.

pub mod access;
pub mod accounts;
pub mod agent;
pub mod audit;
pub mod calendars;
pub mod crypto;
pub mod device_groups;
pub mod devices;
pub mod doctor;
pub mod document;
pub mod duration;
pub mod groups;
pub mod id;
pub mod item_types;
pub mod items;
pub mod line;
pub mod organizations;
pub mod page;
pub mod problem;
pub mod quiet;
pub mod runs;
pub mod schedules;
pub mod secrets;
pub mod selector;
pub mod size;
pub mod standard_webhooks;
pub mod targets;
pub mod tasks;
pub mod time;
pub mod users;
pub mod webhooks;

pub use duration::Span;
pub use time::Time;

/// The version of the agent protocol that this build speaks; both sides name theirs.
pub const PROTOCOL: u32 = 1;
