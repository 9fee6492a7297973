//! `cargo x check`: everything that needs no test run. All of it is run, so that one round shows all there is to mend.

use std::process::Command;

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
    keep("scripts (shellcheck)", check_shell());
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

/// The scripts of `deploy/`. What they say to each other by `.` it is not told, so it is asked for errors and warnings that need no such knowledge.
fn check_shell() -> Outcome {
    if !workspace::has_program("shellcheck") {
        step::say("SKIPPED: shellcheck is not installed, so the scripts of deploy/ were not checked (sudo apt-get install shellcheck)");
        return Ok(());
    }
    let scripts = ["install/install.sh", "deb/build.sh", "deb/test.sh", "deb/test/lib.sh", "deb/test/systemd.sh", "deb/test/packages.sh"];
    let more = ["deb/test/booted.sh", "deb/test/script.sh", "deb/test/bare.sh", "deb/test/init.sh"];
    let mut shellcheck = Command::new("shellcheck");
    shellcheck.current_dir(workspace::root().join("deploy")).args(["--severity=warning", "--exclude=SC2154"]);
    step::run(shellcheck.args(scripts).args(more))
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
