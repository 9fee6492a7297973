//! `cargo x gen`: what is generated from the code and committed. A test of the server compares it.

use std::fs;

use crate::step::{self, Failure, Outcome};
use crate::{actions_page, web, workspace};

pub fn run() -> Outcome {
    step::run(workspace::cargo().args(["build", "--workspace"]))?;
    let document = step::read(std::process::Command::new(workspace::binary("taskey")).arg("openapi"))?;
    let parsed = serde_json::from_str(&document).map_err(|error| Failure::new(format!("the OpenAPI document: {error}")))?;
    replace("docs/reference/actions.md", &actions_page::page(&parsed).map_err(Failure::new)?)?;
    replace("api/openapi.json", &document)?;
    let web = web::folder();
    let tools = web.join("tools");
    if !tools.join("package.json").is_file() {
        return Ok(());
    }
    web::ensure_packages(&tools)?;
    step::run(web::npm(&web).args(["run", "--silent", "gen"]))
}

fn replace(name: &str, text: &str) -> Outcome {
    let path = workspace::root().join(name);
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        step::say(&format!("{name} is up to date"));
        return Ok(());
    }
    fs::write(&path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    step::say(&format!("{name} is new"));
    Ok(())
}
