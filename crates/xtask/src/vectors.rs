//! What other programs say about cron expressions and recurrence rules, written down anew for the tests of taskey-schedule.

use std::process::Command;

use crate::step::{self, Outcome};
use crate::workspace;

/// Installs the pinned programs into a virtual environment of their own and runs `make.py`, which takes about half a minute.
pub fn run() -> Outcome {
    let folder = workspace::root().join("crates/taskey-schedule/tests/vectors");
    let environment = workspace::root().join("target/schedule-vectors");
    step::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join("bin/python");
    step::run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(folder.join("requirements.txt")),
    )?;
    step::run(Command::new(&python).arg(folder.join("make.py")))
}
