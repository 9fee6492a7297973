//! What can go wrong between asking and having the answer.

use std::error::Error;
use std::fmt;
use std::io;

use taskey_proto::problem::{Code, Problem};

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server understood, and says why it did not do it.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// No answer came, or it broke off.
    #[error("cannot reach {server}: {trouble}")]
    Unreachable {
        server: String,
        trouble: Trouble,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// An answer came that is not one of taskey's.
    #[error("{server} answered with status {status}, but not as a taskey server does: {detail}")]
    Unexpected { server: String, status: u16, detail: String },
    #[error("`{0}` cannot be the name or id of anything")]
    InvalidName(String),
    #[error("`{0}` is not the address of a server; write it as https://HOST or http://HOST:PORT")]
    InvalidServer(String),
    #[error("the API key holds characters that no key has")]
    InvalidKey,
    #[error("the roots to trust cannot be used: {0}")]
    InvalidRoots(String),
}

impl ClientError {
    /// Whether the server answered with a problem of this code.
    pub fn has_code(&self, code: Code) -> bool {
        matches!(self, ClientError::Problem(problem) if problem.code == code.word())
    }
}

/// Why a server could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing listens at that address.
    Refused,
    /// The host name has no address.
    UnknownName,
    Timeout,
    /// The certificate, or TLS itself, is not in order.
    Tls,
    /// The connection ended before the answer did.
    Broken,
}

impl Trouble {
    pub(crate) fn of(error: &reqwest::Error) -> Trouble {
        if error.is_timeout() {
            return Trouble::Timeout;
        }
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                if io.kind() == io::ErrorKind::ConnectionRefused {
                    return Trouble::Refused;
                }
                if holds_tls_error(io) {
                    return Trouble::Tls;
                }
            }
            // The connector keeps its kinds to itself; its text is all there is.
            if error.to_string() == "dns error" {
                return Trouble::UnknownName;
            }
            cause = error.source();
        }
        Trouble::Broken
    }
}

/// The connectors wrap one `io::Error` in another, which its `source` then skips.
fn holds_tls_error(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>() || inner.downcast_ref().is_some_and(holds_tls_error))
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::Refused => "nothing listens there",
            Trouble::UnknownName => "the host name is not known",
            Trouble::Timeout => "it did not answer in time",
            Trouble::Tls => "its certificate cannot be trusted, or it does not speak TLS",
            Trouble::Broken => "the connection broke",
        })
    }
}
