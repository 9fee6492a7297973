//! `cargo x test`: all tests of the workspace and of the web, and the runners' own closing lines at the end.

use std::process::Command;

use crate::step::{self, Failure, Outcome, Shown};
use crate::{missing, web, workspace};

pub fn run(arguments: &[String]) -> Outcome {
    missing::ensure_test_tools()?;
    web::ensure_built()?;
    // Tests start the real programs; a test runner builds only those of the package it tests.
    step::run(workspace::cargo().args(["build", "--workspace"]))?;
    let rust = run_rust_tests(arguments)?;
    let web = run_web_tests()?;
    let mut red = Vec::new();
    for suite in [Some(rust), web].into_iter().flatten() {
        println!("\n{}:", suite.name);
        suite.closing.iter().for_each(|line| println!("  {line}"));
        if let Some(why) = suite.red {
            red.push(format!("{}: {why}", suite.name));
        }
    }
    if red.is_empty() { Ok(()) } else { Err(Failure::new(red.join("; "))) }
}

/// The browser tests, against a server of their own.
pub fn run_browser_tests() -> Outcome {
    let folder = workspace::root().join("e2e");
    if !folder.join("package.json").is_file() {
        return Err(Failure::new("there are no browser tests in e2e/"));
    }
    missing::ensure_test_tools()?;
    web::ensure_built()?;
    step::run(workspace::cargo().args(["build", "--workspace"]))?;
    web::ensure_packages(&folder)?;
    step::run(web::npm(&folder).args(["run", "--silent", "test"]))
}

/// Seeded faults: processes that are killed at random, and what must hold afterwards.
pub fn run_soak(arguments: &[String]) -> Outcome {
    missing::ensure_test_tools()?;
    step::run(workspace::cargo().args(["build", "--workspace"]))?;
    step::run(Command::new(workspace::binary("with-postgres")).arg(workspace::binary("soak")).args(arguments))
}

struct Suite {
    name: &'static str,
    closing: Vec<String>,
    /// Why it is not green.
    red: Option<&'static str>,
}

impl Suite {
    fn new(name: &'static str, shown: Shown, counts: fn(&str) -> Option<u64>) -> Self {
        let lines: Vec<String> = shown.lines.iter().map(|line| without_colours(line)).collect();
        let counted: Vec<(u64, &String)> = lines.iter().filter_map(|line| counts(line).map(|count| (count, line))).collect();
        let run: u64 = counted.iter().map(|(count, _)| count).sum();
        let red = match (shown.success, run) {
            (false, _) => Some("failed"),
            (true, 0) => Some("no test ran"),
            (true, _) => None,
        };
        Self { name, closing: counted.into_iter().map(|(_, line)| line.trim().to_owned()).collect(), red }
    }
}

fn run_rust_tests(arguments: &[String]) -> Outcome<Suite> {
    let has_nextest = workspace::cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    if has_nextest {
        // Each test is a process of its own; the wrapper starts one PostgreSQL for all of them.
        let mut nextest = Command::new(workspace::binary("with-postgres"));
        nextest.arg(workspace::cargo().get_program()).args(["nextest", "run", "--workspace"]).args(arguments);
        let shown = step::run_and_keep(nextest.current_dir(workspace::root()))?;
        return Ok(Suite::new("cargo nextest", shown, nextest_count));
    }
    step::say("cargo nextest is not installed; cargo test takes its place (cargo install --locked cargo-nextest)");
    let shown = step::run_and_keep(workspace::cargo().args(["test", "--workspace", "--no-fail-fast"]).args(arguments))?;
    Ok(Suite::new("cargo test", shown, cargo_test_count))
}

fn run_web_tests() -> Outcome<Option<Suite>> {
    let folder = web::folder();
    if !folder.join("package.json").is_file() {
        return Ok(None);
    }
    web::ensure_packages(&folder)?;
    let mut vitest: Command = web::npm(&folder);
    let shown = step::run_and_keep(vitest.args(["run", "--silent", "test"]))?;
    Ok(Some(Suite::new("vitest", shown, vitest_count)))
}

/// `     Summary [   1.2s] 312 tests run: 312 passed, 1 skipped`
fn nextest_count(line: &str) -> Option<u64> {
    let (head, _) = line.trim().strip_prefix("Summary [")?.split_once(" run:")?;
    head.split_whitespace().rev().find_map(|word| word.split('/').next()?.parse().ok())
}

/// `test result: ok. 41 passed; 0 failed; 0 ignored; ...`
fn cargo_test_count(line: &str) -> Option<u64> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let numbers: Vec<u64> = counts.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    Some(numbers.first()? + numbers.get(1)?)
}

/// `      Tests  3 failed | 45 passed (48)`
fn vitest_count(line: &str) -> Option<u64> {
    let counts = line.trim().strip_prefix("Tests  ")?;
    counts.rsplit_once('(')?.1.trim_end_matches(')').parse().ok()
}

fn without_colours(line: &str) -> String {
    let mut pieces = line.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runners_closing_line_is_understood() {
        assert_eq!(nextest_count("     Summary [   1.234s] 312 tests run: 311 passed, 1 failed, 2 skipped"), Some(312));
        assert_eq!(nextest_count("     Summary [   1.234s] 1 test run: 1 passed, 0 skipped"), Some(1));
        assert_eq!(nextest_count("     Summary [   1.234s] 5/312 tests run: 4 passed, 1 failed"), Some(5));
        assert_eq!(cargo_test_count("test result: FAILED. 41 passed; 2 failed; 0 ignored; 0 measured"), Some(43));
        assert_eq!(vitest_count("      Tests  3 failed | 45 passed (48)"), Some(48));
        assert_eq!(nextest_count("     Summary of it all"), None);
    }

    #[test]
    fn colours_do_not_hide_the_closing_line() {
        assert_eq!(
            without_colours("\x1b[32;1m     Summary\x1b[0m [   1s] \x1b[1m3\x1b[0m tests run: 3"),
            "     Summary [   1s] 3 tests run: 3"
        );
    }

    #[test]
    fn a_run_without_any_test_is_red() {
        let shown = Shown { success: true, lines: vec!["test result: ok. 0 passed; 0 failed; 0 ignored".to_owned()] };
        assert_eq!(Suite::new("cargo test", shown, cargo_test_count).red, Some("no test ran"));
    }
}
