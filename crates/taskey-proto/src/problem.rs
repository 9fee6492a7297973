//! What an API answers when it cannot do what was asked: RFC 9457 problems with a stable code.
//!
//! Every code has a help page, `docs/errors/<code>.md`; a test holds the two together.

use serde::{Deserialize, Serialize};

/// `application/problem+json`. `code` is for programs, `detail` for people, `errors` points at the fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The address of the code's help page.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    pub code: String,
    #[serde(default)]
    pub errors: Vec<FieldError>,
    pub request_id: String,
}

/// One field that is wrong: where (RFC 6901, into the request's body) and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    pub pointer: String,
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $title:literal;)*) => {
        /// Every code that an answer can carry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            pub const fn word(self) -> &'static str {
                match self {$(Code::$name => $word,)*}
            }

            pub const fn status(self) -> u16 {
                match self {$(Code::$name => $status,)*}
            }

            pub const fn title(self) -> &'static str {
                match self {$(Code::$name => $title,)*}
            }
        }
    };
}

codes! {
    MalformedBody = "malformed_body", 400, "The request cannot be read";
    InvalidCursor = "invalid_cursor", 400, "The cursor is not one of ours";
    NotSignedIn = "not_signed_in", 401, "Sign in first";
    InvalidSignature = "invalid_signature", 401, "The signature does not fit";
    InvalidCredentials = "invalid_credentials", 401, "User name or password is wrong";
    NotAllowed = "not_allowed", 403, "You may not do this";
    ForeignOrigin = "foreign_origin", 403, "The request comes from another site";
    InvalidSetupCode = "invalid_setup_code", 403, "The set-up code is wrong or no longer valid";
    InvalidInvitation = "invalid_invitation", 403, "The link is used, replaced or expired";
    InvalidEnrollToken = "invalid_enroll_token", 403, "The enrolment token is wrong, used up or expired";
    NotFound = "not_found", 404, "There is no such thing here";
    MethodNotAllowed = "method_not_allowed", 405, "This address does not know that method";
    AlreadySetUp = "already_set_up", 409, "This server is set up already";
    NameTaken = "name_taken", 409, "The name is taken";
    LastSuper = "last_super", 409, "Somebody has to be a super user";
    InUse = "in_use", 409, "It is in use";
    Immutable = "immutable", 409, "This cannot be changed";
    RunOver = "run_over", 409, "The run is over";
    WebhookInactive = "webhook_inactive", 409, "Nothing is delivered to the webhook";
    ItemOver = "item_over", 409, "The item is over";
    ItemTaken = "item_taken", 409, "Somebody else has the item";
    Quiet = "quiet", 409, "This server was restored and starts nothing yet";
    InFlight = "in_flight", 409, "The same request is being worked on";
    LineOver = "line_over", 409, "The line is over";
    TaskAltered = "task_altered", 409, "The stored task is not the one that was signed";
    PreconditionFailed = "precondition_failed", 412, "Someone else has changed it";
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", 415, "The body is of a type that is not read here";
    RangeNotSatisfiable = "range_not_satisfiable", 416, "There are no such bytes";
    UnknownHost = "unknown_host", 421, "This server does not answer to that host name";
    Invalid = "invalid", 422, "Some fields are wrong";
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The idempotency key was used for another request";
    PreconditionRequired = "precondition_required", 428, "Say which version you mean to change";
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts";
    Internal = "internal", 500, "Something failed on our side";
    Unavailable = "unavailable", 503, "The server cannot answer just now";
}

/// A reason beside a state: a word for programs, a text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reason {
    pub code: String,
    pub detail: String,
}

impl Reason {
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), detail: detail.into() }
    }
}

/// A path as a JSON pointer.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            // A variant with something in it is an object with one field, its name.
            Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// The pointer to what is to blame, and why, from where a reader stopped and what it said there.
pub fn located(pointer: &str, text: &str) -> (String, String) {
    // The pointer says it better than a line of text that people may never have seen.
    let text = text.rsplit_once(" at line ").map_or(text, |(words, _)| words);
    match text.split_once(": ") {
        Some((inner, detail)) if inner.starts_with('/') && !inner.contains(' ') => (format!("{pointer}{inner}"), detail.to_owned()),
        _ => blame(pointer, text),
    }
}

/// A field that is missing or not known is pointed at itself, not at what it belongs to.
fn blame(pointer: &str, text: &str) -> (String, String) {
    let named = |before: &str| text.strip_prefix(before)?.split('`').next();
    if let Some(field) = named("missing field `") {
        return (format!("{pointer}/{field}"), "this field is needed".to_owned());
    }
    if let Some(field) = named("unknown field `") {
        let known = text.split_once("expected ").map_or("none", |(_, known)| known).replace("one of ", "").replace('`', "");
        let at = if pointer.ends_with(&format!("/{field}")) { pointer.to_owned() } else { format!("{pointer}/{field}") };
        return (at, format!("there is no such field; there are {known}"));
    }
    (pointer.to_owned(), text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_within_a_place_is_put_together() {
        let told = located("/actions/2", "/timeout: not a length of time at line 1 column 7");
        assert_eq!(told, ("/actions/2/timeout".to_owned(), "not a length of time".to_owned()));
        let missing = ("/name".to_owned(), "this field is needed".to_owned());
        assert_eq!(located("", "missing field `name` at line 1 column 2"), missing);
        assert_eq!(located("/a", "no place: at all"), ("/a".to_owned(), "no place: at all".to_owned()));
    }

    #[test]
    fn what_stands_in_a_variant_is_found_below_its_name() {
        let spec = |missed: &str| {
            let text = format!(r#"{{"name": "a", "task": "b", "targets": {{}}, "missed": {missed}}}"#);
            let mut json = serde_json::Deserializer::from_str(&text);
            let error = serde_path_to_error::deserialize::<_, crate::schedules::ScheduleSpec>(&mut json).unwrap_err();
            located(&pointer(error.path()), &error.inner().to_string()).0
        };
        assert_eq!(spec(r#"{"all": {"max": "many", "age": "2h"}}"#), "/missed/all/max");
        assert_eq!(spec(r#"{"all": {"max": 3}}"#), "/missed/all/age");
        assert_eq!(spec(r#""never""#), "/missed");
    }
}
