//! What may be in a task: every limit, and every wrong field with its place.

use super::TaskSpec;
use super::action::{Action, ActionCommon, Header, HttpRequest, KeyValue, Limits, ReadFile};
use crate::Span;
use crate::problem::FieldError;
use crate::runs::STREAM_LEN_KEPT;
use crate::size::Size;

pub const NAME_LEN_MAX: usize = 100;
pub const DESCRIPTION_LEN_MAX: usize = 2_000;
pub const ACTIONS_MAX: usize = 50;
pub const ARGUMENTS_MAX: usize = 1_000;
pub const ENVIRONMENT_MAX: usize = 200;
pub const HEADERS_MAX: usize = 100;
/// Bytes of one argument, value, path or program name.
pub const TEXT_LEN_MAX: usize = 32 * 1024;
/// Bytes of a script.
pub const SCRIPT_LEN_MAX: usize = 1024 * 1024;
/// Bytes of a request's body.
pub const BODY_LEN_MAX: usize = 1024 * 1024;
pub const TIMEOUT_MAX: Span = Span::from_secs(7 * 86_400);
const STATUSES_MAX: usize = 100;
const MEMORY_MIN: Size = Size::from_bytes(1 << 20);
const CPU_PERCENT_MAX: u32 = 100_000;
const TASKS_MAX: u32 = 1_000_000;

/// Everything that is wrong with a task, each with its place. Empty when it may be stored.
pub fn check_task(spec: &TaskSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(detail) = name_problem(&spec.name) {
        errors.push(FieldError::new("/name", detail));
    }
    if spec.description.len() > DESCRIPTION_LEN_MAX {
        errors.push(FieldError::new("/description", format!("at most {DESCRIPTION_LEN_MAX} bytes")));
    }
    errors.extend(check_actions("/actions", &spec.actions));
    errors
}

/// Everything that is wrong with a list of actions at `pointer`.
pub fn check_actions(pointer: &str, actions: &[Action]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if actions.is_empty() {
        errors.push(FieldError::new(pointer, "name at least one action"));
    }
    if actions.len() > ACTIONS_MAX {
        errors.push(FieldError::new(pointer, format!("at most {ACTIONS_MAX} actions")));
    }
    for (index, action) in actions.iter().enumerate().take(ACTIONS_MAX) {
        check_action(&format!("{pointer}/{index}"), action, &mut errors);
    }
    errors
}

/// Why `name` cannot name a task, device or key; `None` when it can.
pub fn name_problem(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        return Some("give it a name".to_owned());
    }
    if name.chars().count() > NAME_LEN_MAX {
        return Some(format!("at most {NAME_LEN_MAX} characters"));
    }
    if !name.chars().all(allowed) || name.starts_with(['-', '.']) {
        return Some("use letters, digits, `.`, `_` and `-`, and begin with a letter or digit".to_owned());
    }
    None
}

fn check_action(at: &str, action: &Action, errors: &mut Vec<FieldError>) {
    match action {
        Action::Command(command) => {
            if command.command.is_empty() {
                errors.push(FieldError::new(format!("{at}/command"), "name the program to start"));
            }
            check_text(&format!("{at}/command"), &command.command, errors);
            if command.arguments.len() > ARGUMENTS_MAX {
                errors.push(FieldError::new(format!("{at}/arguments"), format!("at most {ARGUMENTS_MAX} arguments")));
            }
            for (index, argument) in command.arguments.iter().enumerate().take(ARGUMENTS_MAX) {
                check_text(&format!("{at}/arguments/{index}"), argument, errors);
            }
        }
        Action::Script(script) => {
            if script.content.trim().is_empty() {
                errors.push(FieldError::new(format!("{at}/content"), "write the script"));
            }
            if script.content.len() > SCRIPT_LEN_MAX {
                errors.push(FieldError::new(format!("{at}/content"), format!("at most {SCRIPT_LEN_MAX} bytes")));
            }
            if script.content.contains('\0') {
                errors.push(FieldError::new(format!("{at}/content"), "a NUL character cannot be in a script"));
            }
            if let Some(interpreter) = &script.interpreter {
                check_absolute(&format!("{at}/interpreter"), interpreter, errors);
            }
        }
        Action::HttpRequest(request) => check_request(at, request, errors),
        Action::ReadFile(file) => check_file(at, file, errors),
    }
    check_common(at, &action.common(), errors);
}

fn check_request(at: &str, request: &HttpRequest, errors: &mut Vec<FieldError>) {
    if let Some(detail) = url_problem(&request.request_url) {
        errors.push(FieldError::new(format!("{at}/request_url"), detail));
    }
    if request.headers.len() > HEADERS_MAX {
        errors.push(FieldError::new(format!("{at}/headers"), format!("at most {HEADERS_MAX} headers")));
    }
    for (index, header) in request.headers.iter().enumerate().take(HEADERS_MAX) {
        check_header(&format!("{at}/headers/{index}"), header, errors);
    }
    if request.form.len() > HEADERS_MAX {
        errors.push(FieldError::new(format!("{at}/form"), format!("at most {HEADERS_MAX} fields")));
    }
    for (index, pair) in request.form.iter().enumerate().take(HEADERS_MAX) {
        check_pair(&format!("{at}/form/{index}"), pair, errors);
    }
    if request.body.is_some() && !request.form.is_empty() {
        errors.push(FieldError::new(format!("{at}/body"), "a request has a body or a form, not both"));
    }
    if request.body.as_ref().is_some_and(|body| body.len() > BODY_LEN_MAX) {
        errors.push(FieldError::new(format!("{at}/body"), format!("at most {BODY_LEN_MAX} bytes")));
    }
    if request.expect_status.len() > STATUSES_MAX {
        errors.push(FieldError::new(format!("{at}/expect_status"), format!("at most {STATUSES_MAX} statuses")));
    }
    for (index, status) in request.expect_status.iter().enumerate().take(STATUSES_MAX) {
        if !(200..=599).contains(status) {
            errors.push(FieldError::new(format!("{at}/expect_status/{index}"), "a final HTTP status, from 200 to 599"));
        }
    }
}

/// Why this cannot be requested; `None` when it can.
fn url_problem(url: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Some("write it as http://HOST/PATH or https://HOST/PATH") };
    if !matches!(scheme, "http" | "https") {
        return Some("only http:// and https:// can be requested");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if url.contains('#') {
        return Some("a fragment (#…) is never sent; leave it out");
    }
    if authority.contains('@') {
        return Some("user and password do not belong in a URL; name a secret in an Authorization header");
    }
    if url.bytes().any(|byte| !byte.is_ascii_graphic()) || url.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}']) {
        return Some("encode spaces and other special characters as %XX");
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => (host, port),
        Some(_) => return Some("the address between [ and ] is not an IPv6 address"),
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    if host.is_empty() {
        return Some("name the host");
    }
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Some("the port is a number from 1 to 65535");
    }
    (url.len() > 8 * 1024).then_some("at most 8192 bytes")
}

/// Headers that say how the request is framed; they follow from the request itself.
const FRAMING: [&str; 7] = ["connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"];

fn check_header(at: &str, header: &Header, errors: &mut Vec<FieldError>) {
    let name = match header {
        Header::Line(line) => {
            let Some((name, value)) = line.split_once(':') else {
                errors.push(FieldError::new(at, "write it as `Name: value`"));
                return;
            };
            if value.contains(|c: char| c.is_control() && c != '\t') {
                errors.push(FieldError::new(at, "a header holds no line break or other control character"));
            }
            check_text(at, line, errors);
            name
        }
        Header::Pair(pair) => {
            check_pair(at, pair, errors);
            if pair.value.as_ref().is_some_and(|value| value.contains(|c: char| c.is_control() && c != '\t')) {
                errors.push(FieldError::new(format!("{at}/value"), "a header holds no line break or other control character"));
            }
            &pair.key
        }
    };
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(in_name) {
        errors.push(FieldError::new(at, "a header's name is letters, digits and `-`"));
    }
    if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
        errors.push(FieldError::new(at, format!("`{name}` follows from the request and cannot be set")));
    }
}

fn check_file(at: &str, file: &ReadFile, errors: &mut Vec<FieldError>) {
    check_absolute(&format!("{at}/path"), &file.path, errors);
    if file.path.ends_with('/') {
        errors.push(FieldError::new(format!("{at}/path"), "name a file, not a folder"));
    }
    if !(1..=STREAM_LEN_KEPT).contains(&file.len_max()) {
        errors.push(FieldError::new(format!("{at}/max_bytes"), format!("from 1 to {STREAM_LEN_KEPT}")));
    }
}

/// A name and one of value and secret.
fn check_pair(at: &str, pair: &KeyValue, errors: &mut Vec<FieldError>) {
    check_text(&format!("{at}/key"), &pair.key, errors);
    match (&pair.value, &pair.secret) {
        (Some(value), None) => check_text(&format!("{at}/value"), value, errors),
        (None, Some(secret)) => {
            if let Some(detail) = name_problem(secret) {
                errors.push(FieldError::new(format!("{at}/secret"), detail));
            }
        }
        (Some(_), Some(_)) => errors.push(FieldError::new(format!("{at}/secret"), "give a value or name a secret, not both")),
        (None, None) => errors.push(FieldError::new(format!("{at}/value"), "give a value, or name a secret")),
    }
}

fn check_common(at: &str, common: &ActionCommon<'_>, errors: &mut Vec<FieldError>) {
    if common.environment.len() > ENVIRONMENT_MAX {
        errors.push(FieldError::new(format!("{at}/environment"), format!("at most {ENVIRONMENT_MAX} variables")));
    }
    for (index, pair) in common.environment.iter().enumerate().take(ENVIRONMENT_MAX) {
        let place = format!("{at}/environment/{index}");
        if pair.key.is_empty() || pair.key.contains(['=', '\0']) {
            errors.push(FieldError::new(format!("{place}/key"), "a variable's name is not empty and holds neither = nor NUL"));
        }
        check_pair(&place, pair, errors);
    }
    if common.user.is_some_and(|user| user.is_empty() || user.len() > 64 || user.contains(['\0', ':', '/'])) {
        errors.push(FieldError::new(format!("{at}/user"), "name a user of the device"));
    }
    if let Some(path) = common.working_directory {
        check_absolute(&format!("{at}/working_directory"), path, errors);
    }
    check_limits(&format!("{at}/limits"), &common.limits, errors);
    if common.timeout.ms() == 0 || common.timeout > TIMEOUT_MAX {
        errors.push(FieldError::new(format!("{at}/timeout"), format!("more than 0s and at most {TIMEOUT_MAX}")));
    }
}

fn check_limits(at: &str, limits: &Limits, errors: &mut Vec<FieldError>) {
    if limits.memory.is_some_and(|memory| memory < MEMORY_MIN) {
        errors.push(FieldError::new(format!("{at}/memory"), format!("at least {MEMORY_MIN}: with less no program starts")));
    }
    if limits.cpu_percent.is_some_and(|percent| !(1..=CPU_PERCENT_MAX).contains(&percent)) {
        errors.push(FieldError::new(format!("{at}/cpu_percent"), format!("from 1 to {CPU_PERCENT_MAX}; 100 is one core")));
    }
    if limits.tasks.is_some_and(|tasks| !(1..=TASKS_MAX).contains(&tasks)) {
        errors.push(FieldError::new(format!("{at}/tasks"), format!("from 1 to {TASKS_MAX}")));
    }
}

fn check_absolute(at: &str, path: &str, errors: &mut Vec<FieldError>) {
    if !path.starts_with('/') {
        errors.push(FieldError::new(at, "write the whole path, from /"));
    }
    check_text(at, path, errors);
}

fn check_text(at: &str, text: &str, errors: &mut Vec<FieldError>) {
    if text.contains('\0') {
        errors.push(FieldError::new(at, "a NUL character cannot be passed to a program"));
    }
    if text.len() > TEXT_LEN_MAX {
        errors.push(FieldError::new(at, format!("at most {TEXT_LEN_MAX} bytes")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(actions: serde_json::Value) -> TaskSpec {
        serde_json::from_value(serde_json::json!({"name": "hello", "actions": actions})).unwrap()
    }

    /// A request with some fields set otherwise.
    fn request(fields: serde_json::Value) -> serde_json::Value {
        let mut action = serde_json::json!({"type": "HTTP_REQUEST", "request_method": "POST", "request_url": "http://127.0.0.1:9/"});
        action.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::json!([action])
    }

    #[test]
    fn every_field_of_a_request_may_be_used() {
        let all = request(serde_json::json!({
            "request_url": "https://[::1]:8443/a?b=%20c", "headers": ["Accept: */*", "X-A: 1", "X-A: 2", {"key": "Authorization", "secret": "api"}],
            "form": [{"key": "a", "value": "b"}, {"key": "a", "value": ""}], "expect_status": [200, 204], "follow_redirects": true,
            "timeout": "5s", "on_failure": "continue", "user": "nobody"
        }));
        let task = spec(all);
        assert_eq!(check_task(&task), []);
        assert_eq!(task.actions[0].secrets(), [("/headers/3/secret".to_owned(), "api")]);
    }

    #[test]
    fn a_plain_task_has_nothing_wrong() {
        let task = spec(serde_json::json!([{"type": "COMMAND", "command": "uname", "arguments": ["-a"], "timeout": "30s"}]));
        assert_eq!(check_task(&task), []);
    }

    #[test]
    fn every_wrong_field_is_pointed_at() {
        let cases = [
            (serde_json::json!([]), "/actions"),
            (serde_json::json!([{"type": "COMMAND", "command": ""}]), "/actions/0/command"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "arguments": ["ok", "a\0b"]}]), "/actions/0/arguments/1"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "timeout": "0s"}]), "/actions/0/timeout"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "timeout": "8d"}]), "/actions/0/timeout"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "user": "a:b"}]), "/actions/0/user"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "working_directory": "tmp"}]), "/actions/0/working_directory"),
            (
                serde_json::json!([{"type": "COMMAND", "command": "a", "environment": [{"key": "A=B", "value": ""}]}]),
                "/actions/0/environment/0/key",
            ),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "limits": {"memory": "4K"}}]), "/actions/0/limits/memory"),
            (serde_json::json!([{"type": "COMMAND", "command": "a", "limits": {"cpu_percent": 0}}]), "/actions/0/limits/cpu_percent"),
            (serde_json::json!([{"type": "SCRIPT", "content": "x", "limits": {"tasks": 0}}]), "/actions/0/limits/tasks"),
            (serde_json::json!([{"type": "SCRIPT", "content": " "}]), "/actions/0/content"),
            (serde_json::json!([{"type": "SCRIPT", "content": "x", "interpreter": "sh"}]), "/actions/0/interpreter"),
            (request(serde_json::json!({"request_url": "ftp://a"})), "/actions/0/request_url"),
            (request(serde_json::json!({"request_url": "http://me:secret@a/"})), "/actions/0/request_url"),
            (request(serde_json::json!({"request_url": "http:///path"})), "/actions/0/request_url"),
            (request(serde_json::json!({"request_url": "http://a:0/"})), "/actions/0/request_url"),
            (request(serde_json::json!({"request_url": "http://a/b c"})), "/actions/0/request_url"),
            (request(serde_json::json!({"request_url": "http://[::zz]/"})), "/actions/0/request_url"),
            (request(serde_json::json!({"headers": ["no colon"]})), "/actions/0/headers/0"),
            (request(serde_json::json!({"headers": ["A: b", "Two words: x"]})), "/actions/0/headers/1"),
            (request(serde_json::json!({"headers": ["A: b\r\nInjected: yes"]})), "/actions/0/headers/0"),
            (request(serde_json::json!({"headers": ["content-LENGTH: 3"]})), "/actions/0/headers/0"),
            (request(serde_json::json!({"headers": [{"key": "A", "value": "x\ny"}]})), "/actions/0/headers/0/value"),
            (request(serde_json::json!({"body": "x", "form": [{"key": "a", "value": "b"}]})), "/actions/0/body"),
            (request(serde_json::json!({"expect_status": [200, 20]})), "/actions/0/expect_status/1"),
            (request(serde_json::json!({"form": [{"key": "a"}]})), "/actions/0/form/0/value"),
            (request(serde_json::json!({"form": [{"key": "a", "value": "b", "secret": "c"}]})), "/actions/0/form/0/secret"),
            (request(serde_json::json!({"form": [{"key": "a", "secret": "no spaces"}]})), "/actions/0/form/0/secret"),
            (serde_json::json!([{"type": "READ_FILE", "path": "etc/hostname"}]), "/actions/0/path"),
            (serde_json::json!([{"type": "READ_FILE", "path": "/etc/"}]), "/actions/0/path"),
            (serde_json::json!([{"type": "READ_FILE", "path": "/etc/hostname", "max_bytes": 0}]), "/actions/0/max_bytes"),
            (serde_json::json!([{"type": "READ_FILE", "path": "/etc/hostname", "max_bytes": 1048577}]), "/actions/0/max_bytes"),
        ];
        for (actions, pointer) in cases {
            let errors = check_task(&spec(actions.clone()));
            assert_eq!(errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), [pointer], "{actions}");
        }
    }

    #[test]
    fn a_name_that_reads_like_an_option_or_a_path_is_refused() {
        for name in ["", "-x", ".hidden", "a/b", "a b", "a\n"] {
            assert!(name_problem(name).is_some(), "{name:?}");
        }
        assert_eq!(name_problem("web-1.eu"), None);
    }
}
