//! `cargo x check`: everything that needs no test run. All of it is run, so that one round shows all there is to mend.

use crate::step::{self, Failure, Outcome};
use crate::{web, workspace};

pub fn run() -> Outcome {
    let mut red = Vec::new();
    let mut keep = |name: &str, outcome: Outcome| {
        if let Err(failure) = outcome {
            eprintln!("{failure}");
            red.push(name.to_owned());
        }
    };
    keep("formatting (cargo fmt)", step::run(workspace::cargo().args(["fmt", "--all", "--check"])));
    // The server takes the UI in when it is compiled.
    keep("web build", web::ensure_built());
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    keep("lints (clippy)", step::run(workspace::cargo().args(clippy)));
    // By itself it has fewer features of its dependencies than among the others.
    keep("the agent alone", step::run(workspace::cargo().args(["check", "--package", "taskey-agent"])));
    keep("web (biome, tsc)", check_scripts("web"));
    keep("browser tests (tsc)", check_scripts("e2e"));
    keep("dependencies (cargo deny)", check_dependencies());
    if red.is_empty() {
        step::say("all checks passed");
        return Ok(());
    }
    Err(Failure::new(format!("not in order: {}", red.join(", "))))
}

fn check_scripts(name: &str) -> Outcome {
    let folder = workspace::root().join(name);
    if !folder.join("package.json").is_file() {
        return Ok(());
    }
    web::ensure_packages(&folder)?;
    step::run(web::npm(&folder).args(["run", "--silent", "check"]))
}

/// Bans, licences and sources. Advisories need a database that is not within every CI's reach.
fn check_dependencies() -> Outcome {
    let there = workspace::cargo().args(["deny", "--version"]).output().is_ok_and(|output| output.status.success());
    if !there {
        step::say("SKIPPED: cargo deny is not installed, so bans and licences were not checked (cargo install --locked cargo-deny)");
        return Ok(());
    }
    step::run(workspace::cargo().args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]))
}
