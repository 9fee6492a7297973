//! Errors of the API: a code, a text that says what to do, and the fields that are wrong.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use taskey_proto::id::RequestId;
use taskey_proto::problem::{Code, FieldError, Problem};

use crate::platform::db::DbError;
use crate::platform::gather::OfAll;

/// Where the help pages of the codes are.
pub const HELP: &str = "/docs/errors/";

/// What a handler or an op answers when it cannot do what was asked.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub code: Code,
    pub detail: String,
    pub errors: Vec<FieldError>,
    /// When it is worth trying again, in seconds.
    pub retry_after_secs: Option<u64>,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// The same about something that lies deeper in the request: its places begin with `pointer`.
    pub fn under(mut self, pointer: &str) -> Self {
        for error in &mut self.errors {
            error.pointer = format!("{pointer}{}", error.pointer);
        }
        self
    }

    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after_secs: None }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}, or it is not yours to see."))
    }

    /// Some fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match &errors[..] {
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields are wrong.", many.len()),
        };
        Self { errors, ..Self::new(Code::Invalid, detail) }
    }

    pub fn invalid_field(pointer: &str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, detail)])
    }

    /// Something failed on our side: logged here, once; the answer tells nothing of it.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "internal error");
        Self::new(Code::Internal, "It is written to the server's log, with this request's id.")
    }

    /// The same, saying when it is worth trying again.
    pub fn retry_after(self, secs: u64) -> Self {
        Self { retry_after_secs: Some(secs), ..self }
    }

    pub fn into_problem(self, request: RequestId) -> Problem {
        Problem {
            kind: format!("{HELP}{}", self.code.word()),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: self.detail,
            code: self.code.word().to_owned(),
            errors: self.errors,
            request_id: request.to_string(),
        }
    }
}

/// `Ok` when nothing is wrong.
pub fn check(errors: Vec<FieldError>) -> ApiResult<()> {
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        if error.is_full() {
            tracing::error!(%error, "nothing can be stored");
            let detail =
                "The disk of the server's database is full, and nothing of this was stored. Make room there; the server goes on by itself.";
            return Self::new(Code::Unavailable, detail);
        }
        if error.is_away() {
            tracing::error!(%error, "the database cannot be reached");
            return Self::new(Code::Unavailable, "The server cannot reach its database just now; try again in a moment.");
        }
        match error {
            DbError::Closed | DbError::Contention => {
                tracing::warn!(%error, "the store cannot answer");
                Self::new(Code::Unavailable, "The server is busy or stopping; try again in a moment.")
            }
            error => Self::internal(error),
        }
    }
}

impl OfAll for ApiError {
    fn of_all(&self) -> Option<Self> {
        (self.code == Code::Unavailable).then(|| self.clone())
    }
}

impl IntoResponse for ApiError {
    /// The body is written by the outermost layer, which knows the request's id.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if self.code == Code::NotSignedIn {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, secs.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The help pages of the codes, from `docs/errors`; plain text, readable without the internet.
pub async fn help(axum::extract::Path(code): axum::extract::Path<String>) -> Response {
    match Pages::get(&format!("{code}.md")) {
        Some(page) => ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], page.data.into_owned()).into_response(),
        None => ApiError::not_found("help page").into_response(),
    }
}

#[derive(rust_embed::RustEmbed)]
#[folder = "../../docs/errors"]
#[allow_missing = true]
struct Pages;
