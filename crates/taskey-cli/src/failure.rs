//! Why a command did not do what was asked: which number it ends with, and what stands on stderr.

use taskey_cli::places::Places;
use taskey_client::{ClientError, Trouble};
use taskey_proto::problem::{Code, FieldError};

use crate::exit::Exit;
use crate::output;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0}")]
    Usage(String),
    /// A file that was given is wrong in some fields.
    #[error("{place}: some fields are wrong")]
    Fields { place: String, errors: Vec<FieldError> },
    #[error("{0}")]
    NotSignedIn(String),
    /// The command worked; what it started did not. The text says what became of it.
    #[error("{1}")]
    Ended(Exit, String),
    #[error("{0}: {1}")]
    File(String, #[source] std::io::Error),
    #[error("{0:#}")]
    Server(anyhow::Error),
}

impl Failure {
    pub fn usage(text: impl Into<String>) -> Self {
        Failure::Usage(text.into())
    }

    pub fn exit(&self) -> Exit {
        match self {
            Failure::NotSignedIn(_) => Exit::NotAllowed,
            Failure::Client(ClientError::Problem(problem)) if matches!(problem.status, 401 | 403) => Exit::NotAllowed,
            Failure::Ended(exit, _) => *exit,
            _ => Exit::Error,
        }
    }

    /// What the server finds wrong with a definition of a file, with the lines where that stands.
    pub fn located(self, places: &Places, document: usize) -> Self {
        match self {
            Failure::Client(ClientError::Problem(mut problem)) => {
                let errors = std::mem::take(&mut problem.errors);
                problem.errors = errors.into_iter().map(|error| places.with_line(document, error)).collect();
                Failure::Client(ClientError::Problem(problem))
            }
            failure => failure,
        }
    }

    /// Writes it to stderr and says how the command ends.
    pub fn report(&self) -> Exit {
        output::note(&self.text());
        self.exit()
    }

    fn text(&self) -> String {
        let mut lines = vec![match self {
            // What it is stands in the title, what to do in the detail; fields say both themselves.
            Failure::Client(ClientError::Problem(problem)) if problem.errors.is_empty() => {
                format!("error: {}: {}", problem.title, problem.detail)
            }
            Failure::Client(ClientError::Problem(problem)) => format!("error: {}", problem.title),
            _ => format!("error: {self}"),
        }];
        lines.extend(self.field_errors().iter().map(|error| format!("  {}: {}", error.pointer, error.detail)));
        lines.extend(self.advice().map(|advice| format!("  {advice}")));
        if let Failure::Client(ClientError::Problem(problem)) = self {
            if problem.code == Code::NotAllowed.word() {
                lines.extend(why(&problem.detail).map(|command| format!("  why: {command}")));
            }
            lines.push(format!("  help: {} (request {})", problem.kind, problem.request_id));
        }
        lines.join("\n")
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Failure::Client(ClientError::Problem(problem)) => &problem.errors,
            Failure::Fields { errors, .. } => errors,
            _ => &[],
        }
    }

    fn advice(&self) -> Option<&'static str> {
        match self {
            Failure::Client(ClientError::Unreachable { trouble, .. }) => Some(match trouble {
                Trouble::Refused => "check the address, and that `taskey serve` runs there",
                Trouble::UnknownName => "check the address for a slip, and that this machine can look up names",
                Trouble::Timeout => "check the address, and that no firewall stands between",
                Trouble::Tls => {
                    "check that it speaks https, and that this machine trusts its certificate; a server's own root is named with --ca-file (DATA/keys/root-1.crt there)"
                }
                Trouble::Broken => "check that a taskey server is at that address, and whether it wants https",
            }),
            Failure::Client(ClientError::Problem(problem)) if problem.code == Code::NotSignedIn.word() => {
                Some("sign in with `taskey login`, or look at TASKEY_API_KEY where it is set")
            }
            _ => None,
        }
    }
}

/// The command that explains a refusal, where its detail names the verb: "`runs.exec` needs admin on web-1; the group ...".
fn why(detail: &str) -> Option<String> {
    // Between backquotes stand names of keys and groups too, which may look like a verb.
    let pieces: Vec<&str> = detail.split('`').collect();
    let quoted = pieces.windows(3).step_by(2).map(|around| (around[0], around[1], around[2]));
    let named = |before: &str| ["key ", "group "].iter().any(|noun| before.ends_with(noun));
    let (_, verb, after) = quoted.into_iter().find(|(before, word, _)| !named(before) && is_verb(word))?;
    let needs = after.split(';').next().filter(|text| text.starts_with(" needs "));
    let device = needs.and_then(|text| text.rsplit_once(" on ")).map(|(_, device)| device).filter(|device| !device.contains(' '));
    let device = device.map(|device| format!(" --device {device}")).unwrap_or_default();
    Some(format!("taskey access explain {verb}{device}"))
}

/// Such as `device-groups.read`.
fn is_verb(word: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    word.split_once('.').is_some_and(|(noun, verb)| letters(noun) && letters(verb))
}

#[cfg(test)]
mod tests {
    use taskey_proto::problem::Problem;

    use super::*;

    fn problem(code: Code, errors: Vec<FieldError>) -> Failure {
        Failure::Client(ClientError::Problem(Box::new(Problem {
            kind: format!("https://taskey.example/errors/{}", code.word()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: "It does not work.".to_owned(),
            code: code.word().to_owned(),
            errors,
            request_id: "req_1".to_owned(),
        })))
    }

    #[test]
    fn who_is_not_signed_in_or_not_allowed_gets_4_and_every_other_problem_1() {
        for &code in Code::ALL {
            let expected = if matches!(code.status(), 401 | 403) { Exit::NotAllowed } else { Exit::Error };
            assert_eq!(problem(code, Vec::new()).exit(), expected, "{}", code.word());
        }
    }

    #[test]
    fn a_problem_shows_what_is_wrong_and_where_to_read_on() {
        assert_eq!(
            problem(Code::NameTaken, Vec::new()).text(),
            "error: The name is taken: It does not work.\n  help: https://taskey.example/errors/name_taken (request req_1)"
        );
        assert_eq!(
            problem(Code::Invalid, vec![FieldError::new("/name", "give it a name")]).text(),
            "error: Some fields are wrong\n  /name: give it a name\n  help: https://taskey.example/errors/invalid (request req_1)"
        );
    }

    #[test]
    fn a_refusal_says_how_to_ask_why() {
        let told = [
            ("`runs.exec` needs admin on web-1; the group `ops` gives self-service.", Some("runs.exec --device web-1")),
            ("`runs.start` needs self-service; no group gives anything.", Some("runs.start")),
            ("`runs.cancel` needs admin on its devices; the group `on x` gives read-only.", Some("runs.cancel")),
            ("`device-groups.write` is for super users.", Some("device-groups.write")),
            ("The key `devices.read` has no scope for `runs.start`.", Some("runs.start")),
            ("Something else was refused.", None),
        ];
        for (detail, command) in told {
            assert_eq!(why(detail), command.map(|command| format!("taskey access explain {command}")), "{detail}");
        }
        let Failure::Client(ClientError::Problem(mut refused)) = problem(Code::NotAllowed, Vec::new()) else { panic!("no problem") };
        refused.detail = told[0].0.to_owned();
        let text = Failure::Client(ClientError::Problem(refused)).text();
        assert!(text.contains("\n  why: taskey access explain runs.exec --device web-1\n"), "{text}");
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_1_and_says_what_to_check() {
        let failure = Failure::Client(ClientError::Unreachable {
            server: "http://127.0.0.1:1".to_owned(),
            trouble: Trouble::Refused,
            source: "refused".into(),
        });
        assert_eq!(failure.exit(), Exit::Error);
        assert_eq!(
            failure.text(),
            "error: cannot reach http://127.0.0.1:1: nothing listens there\n  check the address, and that `taskey serve` runs there"
        );
    }
}
