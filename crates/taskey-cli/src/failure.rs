//! Why a command did not do what was asked: which number it ends with, and what stands on stderr.

use taskey_client::{ClientError, Trouble};
use taskey_proto::problem::FieldError;

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
            Failure::Client(ClientError::Problem(problem)) if problem.code == "not_signed_in" => {
                Some("sign in with `taskey login`, or look at TASKEY_API_KEY where it is set")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use taskey_proto::problem::{Code, Problem};

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
