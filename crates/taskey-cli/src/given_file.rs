//! A file that was named on the command line; `-` is stdin.

use std::io::Read;
use std::path::Path;

use taskey_cli::definitions::Fault;

use crate::failure::Failure;

pub struct GivenFile {
    /// Its name, for errors.
    pub place: String,
    pub text: String,
    /// Whether its name says so.
    pub is_json: bool,
}

impl GivenFile {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let is_stdin = path == Path::new("-");
        let place = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
        let text = if is_stdin { read_stdin() } else { std::fs::read_to_string(path) };
        let text = text.map_err(|error| Failure::File(place.clone(), error))?;
        Ok(Self { place, text, is_json: path.extension().is_some_and(|ending| ending == "json") })
    }

    pub fn wrong(&self, fault: Fault) -> Failure {
        Failure::usage(format!("{}: line {} column {}: {}", self.place, fault.line, fault.column, fault.text))
    }
}

fn read_stdin() -> std::io::Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
}
