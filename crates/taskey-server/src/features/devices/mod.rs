//! Devices: enrolment, identity, presence, labels and facts, and the owner of the MQTT line.
//!
//! It owns the tables `device`, `device_group`, `device_group_member`, `enroll_token`, `node` and `rejected_message`, and the events that
//! begin with `device.` and `device_group.`.
//!
//! *Who is who.* A device proves itself by signing a nonce of ours with its own key ([`credential`]); the server stores public
//! keys only. *Presence* is written by the newest line alone: each CONNECT counts the device's generation up, and a line that
//! ends may say "offline" only while its generation is the newest, ten seconds later. A server that dies says nothing: its
//! node's lease lapses, and whoever runs then marks what was left on it.
//!
//! What may never happen: a removed device let in again, an id used twice, a row of one organization seen by another, a message
//! acknowledged before its commit.

pub mod credential;
pub mod groups;
pub mod http;
pub mod jobs;
pub mod line;
mod model;
mod ops;
mod store;
pub mod targets;

pub use line::{DeviceLine, Intake, IntakeContext, IntakeError};
pub use ops::find_device;
pub use store::{DeviceRow, Standing, Target, find_targets, first_removed, scopes_of, sealing_key, sees_device, standing, targets_by_id};
