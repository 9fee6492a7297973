//! What no slice owns: clock, store, wake-ups, HTTP conventions, the MQTT endpoint and its stand-in by long-poll, requests to others,
//! the web UI's files. It knows no slice.

pub mod assets;
pub mod clock;
pub mod db;
pub mod egress;
pub mod gather;
pub mod http;
pub mod hub;
pub mod keys;
pub mod listener;
pub mod mqtt;
pub mod network;
pub mod poll;
pub mod quiet;
pub mod retention;
pub mod telemetry;
pub mod template;
pub mod tls;
pub mod vault;
