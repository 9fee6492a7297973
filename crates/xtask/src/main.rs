//! Every developer command, as `cargo x COMMAND`: one way to build, check, test and try taskey, on a laptop and in CI.
//!
//! A command is a list of steps; a step is a program that is run, and what it prints is shown as it comes. What is missing on the
//! machine is said in one line with the command that installs it.

#![allow(clippy::print_stdout, reason = "this program's output is for people")]

mod actions_page;
mod check;
mod fuzz;
mod generate;
mod missing;
mod package;
mod step;
mod test;
mod up;
mod vectors;
mod web;
mod workspace;

use std::process::ExitCode;

use crate::step::{Failure, Outcome};

const USAGE: &str = "\
cargo x up [--data DIR] [--exit]   builds everything, starts server and agent, and shows what to try
cargo x test [ARGS]                builds and runs all tests; ARGS go to the Rust test runner
cargo x check                      formatting, lints, types, licences
cargo x browsers                   the browser tests, on desktop and phone
cargo x fuzz [api]                 schemathesis against the API of a running server
cargo x fuzz bytes [--seconds N]   libFuzzer against every reader of strangers' bytes, N seconds together; 60 by default
cargo x soak [COUNT] [--seed SEED] agents and servers killed at random, on both databases; 100 seeds by default
cargo x ci                         check, test, browsers, fuzz
cargo x gen                        api/openapi.json and the web's client, from the code
cargo x web                        builds the web UI, if it is stale
cargo x package [agent|server|all] static agent, server and Debian packages, in target/packages
cargo x schedule-vectors           asks other cron programs anew when expressions fire, for the tests of schedules; needs PyPI
cargo x bench [trigger|login|access|schedules|inbox] [ARGS]  measures a trigger beside its floors, the API while many people sign in, rights with many
                                           users, many schedules, and the inbox with many items";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "up" => up::run(rest),
        "test" => test::run(rest),
        "check" => check::run(),
        "browsers" => test::run_browser_tests(),
        "fuzz" => fuzz::run(rest),
        "soak" => test::run_soak(rest),
        "ci" => run_ci(rest),
        "gen" => generate::run(),
        "web" => web::ensure_built(),
        "package" => package::run(rest),
        "schedule-vectors" => vectors::run(),
        "bench" => run_bench(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::new(format!("there is no command `{other}`\n\n{USAGE}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ncargo x: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// Everything that must be green; what takes longest to tell little else comes last.
fn run_ci(arguments: &[String]) -> Outcome {
    check::run()?;
    test::run(arguments)?;
    test::run_browser_tests()?;
    fuzz::run(&[])
}

fn run_bench(arguments: &[String]) -> Outcome {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) if !name.starts_with('-') => (name.as_str(), rest),
        _ => ("trigger", arguments),
    };
    web::ensure_built()?;
    let bin = format!("bench-{name}");
    // The bench finds the programs that it measures in the target folder, as users get them: the agent has a profile of its own.
    step::run(workspace::cargo().args(["build", "--release", "--workspace", "--bin", "taskey", "--bin", &bin]))?;
    if ["trigger", "schedules"].contains(&name) {
        step::run(workspace::cargo().args(["build", "--profile", "agent", "--package", "taskey-agent"]))?;
    }
    step::run(workspace::cargo().args(["run", "--release", "--quiet", "--bin", &bin, "--"]).args(rest))
}
