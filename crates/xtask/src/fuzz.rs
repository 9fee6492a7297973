//! `cargo x fuzz`: requests of every shape against the API, and bytes of every shape against what reads them.

use std::process::{Command, Stdio};

use crate::step::{self, Failure, Outcome};
use crate::{missing, workspace};

const SECONDS_DEFAULT: u64 = 60;
/// No input may take longer, or more memory.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=256"];

pub fn run(arguments: &[String]) -> Outcome {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["api"] => fuzz_api(),
        ["bytes"] => fuzz_bytes(SECONDS_DEFAULT),
        ["bytes", "--seconds", text] => fuzz_bytes(text.parse().map_err(|_| Failure::new("--seconds takes a whole number"))?),
        _ => Err(Failure::new("write it as `cargo x fuzz`, `cargo x fuzz api` or `cargo x fuzz bytes --seconds 600`")),
    }
}

/// A fuzzer of APIs against a server of its own.
fn fuzz_api() -> Outcome {
    missing::ensure_test_tools()?;
    step::run(workspace::cargo().args(["build", "--workspace"]))?;
    step::run(&mut Command::new(workspace::binary("fuzz-api")))
}

/// Every target for its share of the time, from the corpus that is committed. What is found is left in `fuzz/artifacts`.
fn fuzz_bytes(seconds: u64) -> Outcome {
    if !answers(fuzz().arg("--version")) {
        return Err(Failure::new(
            "a nightly compiler and cargo-fuzz are needed; run: rustup toolchain install nightly --profile minimal && cargo install --locked cargo-fuzz@0.13.2",
        ));
    }
    let listed = step::read(fuzz().arg("list"))?;
    let targets: Vec<&str> = listed.split_whitespace().collect();
    let share = seconds / targets.len().max(1) as u64;
    step::run(fuzz().arg("build"))?;
    let mut red = Vec::new();
    for target in targets {
        let mut command = fuzz();
        // What it learns stays out of the corpus that is committed.
        let learned = workspace::root().join("fuzz/target/corpus").join(target);
        std::fs::create_dir_all(&learned).map_err(|error| Failure::new(format!("{}: {error}", learned.display())))?;
        command.args(["run", target]).arg(learned).arg(format!("corpus/{target}"));
        command.args(["--", &format!("-max_total_time={}", share.max(1)), "-print_final_stats=1"]).args(LIMITS);
        if let Err(failure) = step::run(&mut command) {
            eprintln!("{failure}");
            red.push(target);
        }
    }
    if red.is_empty() { Ok(()) } else { Err(Failure::new(format!("found something: {}; see docs/dev/fuzzing.md", red.join(", ")))) }
}

/// cargo-fuzz under the nightly compiler, whatever compiler builds the rest.
fn fuzz() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]).current_dir(workspace::root().join("fuzz"));
    // Cargo names itself, its toolchain and this package to what it runs; whatever reads that would be built again.
    let named = |name: &str| name != "CARGO_HOME" && (name.starts_with("CARGO") || name.starts_with("RUSTUP_TOOLCHAIN"));
    for (name, _) in std::env::vars().filter(|(name, _)| named(name)) {
        command.env_remove(name);
    }
    command
}

fn answers(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
