//! `fuzz-api`: schemathesis against a running server. No answer is a 5xx, and every answer is as the OpenAPI document says.
//!
//! It is deterministic. Streams are left out, for they do not end, and so is what would end its own sign-in.

use std::process::{Command, ExitCode};

use anyhow::Context as _;
use taskey_testkit::process::{Installation, succeeded};
use taskey_testkit::python;

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
const LEFT_OUT: [&str; 5] = [
    "/api/v1/events",
    "/api/v1/executions/{execution}/output",
    // A body of lines is nothing that it can make.
    "/api/v1/items/bulk",
    "/api/v1/sessions/current",
    "/api/v1/setup",
];

fn main() -> anyhow::Result<ExitCode> {
    let examples = std::env::args().nth(1).unwrap_or_else(|| "30".to_owned());
    let environment = python::environment(SCHEMATHESIS)?;
    let installation = Installation::start(None)?;
    installation.set_up()?;
    installation.enroll("web-1")?;
    let task = "name: hello\nactions: [{type: COMMAND, command: \"true\"}]\n";
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], task)?)?;
    succeeded(installation.taskey_with(&["secrets", "set", "token", "--stdin"], "a value")?)?;
    let run = succeeded(installation.taskey(&["run", "hello", "--device", "web-1", "-o", "name"])?)?;
    let shown = installation.json(&["runs", "show", run.trim()])?;
    let execution = shown["executions"][0]["id"].as_str().context("an execution")?;
    let key = succeeded(installation.taskey(&["keys", "create", "--name", "fuzz", "-o", "name"])?)?;

    // Things that are there, so that more than "not found" is answered.
    let known = format!(
        "[parameters]\n\"path.device\" = \"web-1\"\n\"path.task\" = \"hello\"\n\"path.secret\" = \"token\"\n\"path.version\" = 1\n\
         \"path.run\" = \"{}\"\n\"path.execution\" = \"{execution}\"\n",
        run.trim()
    );
    let config = installation.path("schemathesis.toml");
    std::fs::write(&config, known)?;
    for (what, extra) in [("what is there", Some(["--exclude-method", "DELETE"])), ("what is not there", None)] {
        let mut fuzz = Command::new(environment.join("bin/schemathesis"));
        if extra.is_some() {
            fuzz.arg("--config-file").arg(&config);
        }
        fuzz.args(["run", &format!("{}/api/v1/openapi.json", installation.url), "--url", &installation.url]);
        fuzz.args(["-H", &format!("Authorization: Bearer {}", key.trim()), "--generation-deterministic", "--workers", "1"]);
        fuzz.args(["--phases", "examples,coverage,fuzzing", "--max-examples", &examples, "--checks", CHECKS]);
        fuzz.args(["--request-timeout", "20", "--no-color"]).args(extra.into_iter().flatten());
        fuzz.args(LEFT_OUT.iter().flat_map(|path| ["--exclude-path", path]));
        let status = fuzz.current_dir(installation.folder.path()).status()?;
        if !status.success() {
            eprintln!("schemathesis found something among requests for {what}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
