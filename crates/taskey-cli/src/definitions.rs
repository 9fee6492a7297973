//! Files of definitions: YAML or JSON, one definition or several divided by `---`.

use serde::de::DeserializeOwned;

/// What is wrong with a file, and where, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: u64,
    pub column: u64,
    pub text: String,
}

/// Reads the definitions of a file; `is_json` where its name says so. `closer` may find the place of a fault more closely than the parser.
pub fn parse<T: DeserializeOwned>(text: &str, is_json: bool, closer: impl Fn(&str, Fault) -> Fault) -> Result<Vec<T>, Fault> {
    // YAML reads nearly all JSON; the rest, such as surrogate pairs, only a JSON parser gets right.
    if is_json || text.trim_start().starts_with('{') {
        match serde_json::from_str(text) {
            Ok(spec) => return Ok(vec![spec]),
            Err(error) if is_json => {
                let fault = Fault { line: error.line() as u64, column: error.column() as u64, text: error.to_string() };
                return Err(closer(text, fault));
            }
            Err(_) => {}
        }
    }
    serde_saphyr::from_multiple(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |location| (location.line(), location.column()));
        closer(text, Fault { line, column, text: without_place(&error) })
    })
}

/// A template without quotes, in a file that cannot be read for it: `{` begins a map in YAML.
pub fn unquoted_template(text: &str) -> Option<Fault> {
    text.lines().enumerate().find_map(|(index, line)| {
        let (key, value) = line.trim_start_matches([' ', '-']).split_once(": ")?;
        let template = value.split(" #").next().unwrap_or(value).trim();
        let column = (line.len() - line.trim_start_matches([' ', '-']).len() + 1) as u64;
        let text = format!("{key}: put it in quotes, as in {key}: \"{template}\"");
        template.starts_with("{{").then_some(Fault { line: index as u64 + 1, column, text })
    })
}

/// The parser's words without its place, which stands in front already.
fn without_place(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words).to_owned()
}
