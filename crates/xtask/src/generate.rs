//! `cargo x gen`: what is generated from the code and committed. A test of the server compares it.

use std::fs;

use crate::step::{self, Failure, Outcome};
use crate::{web, workspace};

pub fn run() -> Outcome {
    step::run(workspace::cargo().args(["build", "--workspace"]))?;
    let document = step::read(std::process::Command::new(workspace::binary("taskey")).arg("openapi"))?;
    let path = workspace::root().join("api/openapi.json");
    if fs::read_to_string(&path).is_ok_and(|old| old == document) {
        step::say("api/openapi.json is up to date");
    } else {
        fs::write(&path, document).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        step::say("api/openapi.json is new");
    }
    let web = web::folder();
    let tools = web.join("tools");
    if !tools.join("package.json").is_file() {
        return Ok(());
    }
    web::ensure_packages(&tools)?;
    step::run(web::npm(&web).args(["run", "--silent", "gen"]))
}
