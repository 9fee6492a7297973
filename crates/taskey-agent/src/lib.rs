//! The agent of taskey: `taskeyd` holds a line to its server, believes nothing that is not signed, runs what its owner's
//! policy allows, and reports every end exactly until it was acknowledged.
//!
//! The road of an order, and the module that has each step:
//!
//! ```text
//! line ──▶ agent ──▶ verify (taskey-proto) ──▶ policy ──▶ journal ──▶ execution ──▶ executor ──▶ spawn
//!   ▲                                                                    │ raw output, end
//!   └──────────────────────────── outbox ◀───────────────────────────────┘
//! ```
//!
//! Everything runs on one thread. [`agent`] owns all state; the line and each execution are tasks that send it events.
//! What may never happen: an order runs without a durable journal record, an order runs twice, an end is forgotten before
//! the server has acknowledged it, the device's own date decides about validity.

pub mod agent;
pub mod alarm;
pub mod audit_head;
pub mod cell;
pub mod cli;
pub mod clock;
pub mod connect;
pub mod credential;
pub mod doctor;
pub mod enroll;
pub mod errand;
pub mod execution;
pub mod executor;
pub mod facts;
pub mod fetch;
pub mod group;
pub mod http;
pub mod identity;
pub mod journal;
pub mod kept;
pub mod line;
pub mod log;
pub mod orders;
pub mod outbox;
pub mod output;
pub mod patience;
pub mod policy;
pub mod policy_test;
pub mod proxy;
pub mod recovery;
pub mod schedules;
pub mod secrets;
pub mod server_url;
pub mod spawn;
pub mod state_dir;
pub mod status;
pub mod stream;
pub mod timezone;
pub mod tls;
pub mod upload;
pub mod users;

pub use agent::{Config, RunError, run};

/// The version that the agent names to its server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
