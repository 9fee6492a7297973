//! What must hold for any bytes at all: one function for each of the fuzzer's targets.
//!
//! A function takes bytes, feeds them to the code that a stranger reaches first, and panics where a promise is broken. `fuzz/` wraps
//! each for libFuzzer; `tests/corpus.rs` runs them over the corpus on every build. How to fuzz stands in `docs/dev/fuzzing.md`.

pub mod documents;
pub mod line_agent;
pub mod line_server;
mod packets;
pub mod results;
pub mod task_files;
pub mod texts;

use taskey_proto::id::DeviceId;
use uuid::Uuid;

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Where the fuzzer begins.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: [Target; 6] = [
    Target { name: "line_server", run: line_server::run, seeds: line_server::seeds },
    Target { name: "line_agent", run: line_agent::run, seeds: line_agent::seeds },
    Target { name: "documents", run: documents::run, seeds: documents::seeds },
    Target { name: "results", run: results::run, seeds: results::seeds },
    Target { name: "task_files", run: task_files::run, seeds: task_files::seeds },
    Target { name: "texts", run: texts::run, seeds: texts::seeds },
];

/// The device whose line is fuzzed.
fn device() -> DeviceId {
    DeviceId::new(Uuid::from_u128(1))
}

/// What agents and servers of released versions said.
fn golden(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../taskey-proto/tests/golden/v1/").to_owned() + name;
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
