//! The types of action and their fields.

use serde::{Deserialize, Serialize};

use super::OnFailure;
use crate::Span;
use crate::runs::STREAM_LEN_KEPT;
use crate::size::Size;

pub const TIMEOUT_DEFAULT: Span = Span::from_secs(3_600);
pub const READ_TIMEOUT_DEFAULT: Span = Span::from_secs(60);
pub const HTTP_TIMEOUT_DEFAULT: Span = Span::from_secs(60);

/// One step of a task. `type` says which. How it is read from JSON stands in `read.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum Action {
    #[serde(rename = "COMMAND")]
    Command(Command),
    #[serde(rename = "SCRIPT")]
    Script(Script),
    #[serde(rename = "HTTP_REQUEST")]
    HttpRequest(HttpRequest),
    #[serde(rename = "READ_FILE")]
    ReadFile(ReadFile),
}

pub const ACTION_TYPES: &[&str] = &["COMMAND", "SCRIPT", "HTTP_REQUEST", "READ_FILE"];

/// A program with its arguments, started without a shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Command {
    /// A path, or a name to be found in PATH.
    pub command: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<KeyValue>,
    /// A user of the device; default: `taskey`, else `nobody`, else the agent's own when that is not root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Default: the user's home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Default: 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// A device that cannot keep a limit refuses the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// A script, given to its interpreter as a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Script {
    pub content: String,
    /// Default: `/bin/sh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<KeyValue>,
    /// As for `COMMAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Default: the user's home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Default: 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// A device that cannot keep a limit refuses the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// A request that the device sends. `code` of its result is the HTTP status, `output` the body of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HttpRequest {
    pub request_method: Method,
    /// `http://` or `https://`, without user and password.
    pub request_url: String,
    /// Sent as given: order, repetition and letter case are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// Sent as `application/x-www-form-urlencoded`, in order, repeated keys too. Not beside `body`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form: Vec<KeyValue>,
    /// Sent unchanged. Not beside `form`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The statuses that count as success; without any: all below 400.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect_status: Vec<u16>,
    /// Whether redirections are followed, up to 10; the result is then that of the last one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow_redirects: bool,
    /// As for `COMMAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// For everything together; default: 1m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
    Patch,
    Head,
}

impl Method {
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Patch => "PATCH",
            Method::Head => "HEAD",
        }
    }
}

/// A header: `Name: value`, or a key with its value or secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Header {
    Line(String),
    Pair(KeyValue),
}

/// The content of a file, by the rights of `user`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadFile {
    /// A whole path, from `/`.
    pub path: String,
    /// What is beyond is cut off and marked as truncated. Default, and at most: 1048576.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// As for `COMMAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Default: 1m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

impl ReadFile {
    pub fn len_max(&self) -> u64 {
        self.max_bytes.unwrap_or(STREAM_LEN_KEPT)
    }
}

/// What an action's processes may use together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// Memory without swap; who needs more is killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// 100 is one core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<u32>,
    /// Processes and threads at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u32>,
}

/// A name with its value: one of `value` and `secret`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyValue {
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The name of a secret of the organization, whose value the device gets sealed and masks in all output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What an action has in common with every other.
pub struct ActionCommon<'a> {
    /// A repeated key: the last one counts.
    pub environment: &'a [KeyValue],
    pub user: Option<&'a str>,
    pub working_directory: Option<&'a str>,
    pub timeout: Span,
    pub limits: Limits,
    pub on_failure: Option<OnFailure>,
}

impl Action {
    /// The word in `type`.
    pub fn type_word(&self) -> &'static str {
        match self {
            Action::Command(_) => "COMMAND",
            Action::Script(_) => "SCRIPT",
            Action::HttpRequest(_) => "HTTP_REQUEST",
            Action::ReadFile(_) => "READ_FILE",
        }
    }

    pub fn common(&self) -> ActionCommon<'_> {
        match self {
            Action::Command(command) => ActionCommon {
                environment: &command.environment,
                user: command.user.as_deref(),
                working_directory: command.working_directory.as_deref(),
                timeout: command.timeout.unwrap_or(TIMEOUT_DEFAULT),
                limits: command.limits.unwrap_or_default(),
                on_failure: command.on_failure,
            },
            Action::Script(script) => ActionCommon {
                environment: &script.environment,
                user: script.user.as_deref(),
                working_directory: script.working_directory.as_deref(),
                timeout: script.timeout.unwrap_or(TIMEOUT_DEFAULT),
                limits: script.limits.unwrap_or_default(),
                on_failure: script.on_failure,
            },
            Action::HttpRequest(request) => ActionCommon {
                environment: &[],
                user: request.user.as_deref(),
                working_directory: None,
                timeout: request.timeout.unwrap_or(HTTP_TIMEOUT_DEFAULT),
                limits: Limits::default(),
                on_failure: request.on_failure,
            },
            Action::ReadFile(file) => ActionCommon {
                environment: &[],
                user: file.user.as_deref(),
                working_directory: None,
                timeout: file.timeout.unwrap_or(READ_TIMEOUT_DEFAULT),
                limits: Limits::default(),
                on_failure: file.on_failure,
            },
        }
    }

    /// The names of the secrets that it needs, each with the place that names it, relative to the action.
    pub fn secrets(&self) -> Vec<(String, &str)> {
        fn named<'a>(list: &str, pairs: impl Iterator<Item = Option<&'a KeyValue>>) -> Vec<(String, &'a str)> {
            let secrets = pairs.enumerate().filter_map(|(index, pair)| Some((index, pair?.secret.as_deref()?)));
            secrets.map(|(index, secret)| (format!("/{list}/{index}/secret"), secret)).collect()
        }
        match self {
            Action::Command(command) => named("environment", command.environment.iter().map(Some)),
            Action::Script(script) => named("environment", script.environment.iter().map(Some)),
            Action::HttpRequest(request) => {
                let headers = request.headers.iter().map(|header| match header {
                    Header::Line(_) => None,
                    Header::Pair(pair) => Some(pair),
                });
                [named("headers", headers), named("form", request.form.iter().map(Some))].concat()
            }
            Action::ReadFile(_) => Vec::new(),
        }
    }
}

/// Each type's own fields with `type` among them: an action has no others, and a reference to its fields beside `type` would
/// forbid that one.
#[cfg(feature = "openapi")]
mod schema {
    use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
    use utoipa::openapi::{Ref, RefOr};
    use utoipa::{PartialSchema, ToSchema};

    use super::{ACTION_TYPES, Action, Command, HttpRequest, ReadFile, Script};

    impl PartialSchema for Action {
        fn schema() -> RefOr<Schema> {
            let fields = [Command::schema(), Script::schema(), HttpRequest::schema(), ReadFile::schema()];
            let variants = ACTION_TYPES.iter().zip(fields).map(|(word, fields)| with_type(word, fields));
            variants.fold(OneOfBuilder::new(), OneOfBuilder::item).description(Some("One step of a task. `type` says which.")).into()
        }
    }

    impl ToSchema for Action {
        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            let own = [
                (Command::name(), Command::schema()),
                (Script::name(), Script::schema()),
                (HttpRequest::name(), HttpRequest::schema()),
                (ReadFile::name(), ReadFile::schema()),
            ];
            schemas.extend(own.map(|(name, schema)| (name.into_owned(), schema)));
            Command::schemas(schemas);
            Script::schemas(schemas);
            HttpRequest::schemas(schemas);
            ReadFile::schemas(schemas);
        }
    }

    fn with_type(word: &str, fields: RefOr<Schema>) -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = fields else { return Ref::from_schema_name(word).into() };
        let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([word])).build();
        object.properties.insert("type".to_owned(), kind.into());
        object.required.insert(0, "type".to_owned());
        Schema::Object(object).into()
    }
}
