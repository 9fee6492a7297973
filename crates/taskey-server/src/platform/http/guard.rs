//! The outermost layer: request ids, the log line, security headers, who is asked for, and the bodies of problems.

use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use taskey_proto::id::RequestId;
use taskey_proto::problem::Code;

use super::ApiError;
use crate::app::App;
use crate::platform::listener::Peer;

/// What the guard found out about a request; handlers get it as an extension.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub id: RequestId,
    /// Address of the peer, without its port.
    pub address: String,
    /// What the client says it is (`User-Agent`), in at most 200 characters that can be shown.
    pub client: String,
}

const CLIENT_LEN_MAX: usize = 200;

const HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::new(app.uuid());
    let address = client_address(&app, &request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let client = client_name(request.headers());
    request.extensions_mut().insert(RequestContext { id, address: address.clone(), client });
    let mut response = match check_host(&app, request.headers(), request.uri().host()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    write_problem(&mut response, id);
    for (name, value) in HEADERS {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    let status = response.status().as_u16();
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    metrics::counter!("taskey_http_requests_total", "status" => status.to_string()).increment(1);
    metrics::histogram!("taskey_http_request_seconds").record(started.elapsed().as_secs_f64());
    tracing::debug!(request = %id, %method, path, status, ms, address, "request");
    response
}

/// Axum's own refusals and ours get the same kind of body.
fn write_problem(response: &mut Response, id: RequestId) {
    let own = response.extensions_mut().remove::<ApiError>();
    let foreign = || match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::new(Code::MethodNotAllowed, "See `Allow` for the methods of this address.")),
        StatusCode::BAD_REQUEST if is_plain(response) => {
            Some(ApiError::new(Code::MalformedBody, "A parameter of the address cannot be read."))
        }
        StatusCode::INTERNAL_SERVER_ERROR if is_plain(response) => Some(ApiError::internal("a handler failed without a reason")),
        _ => None,
    };
    let Some(error) = own.or_else(foreign) else { return };
    let problem = serde_json::to_vec(&error.into_problem(id)).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = problem.into();
}

fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

fn client_address(app: &App, request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    peer.map(|peer| app.proxies.client(peer.0.0.ip(), request.headers()).to_string()).unwrap_or_default()
}

fn client_name(headers: &HeaderMap) -> String {
    let said = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    said.chars().filter(|c| !c.is_control()).take(CLIENT_LEN_MAX).collect::<String>().trim().to_owned()
}

/// An unknown `Host` is how a foreign page reaches a server on loopback (DNS rebinding).
fn check_host(app: &App, headers: &HeaderMap, in_uri: Option<&str>) -> Result<(), ApiError> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).or(in_uri).unwrap_or_default();
    if app.hosts.knows(host) {
        return Ok(());
    }
    Err(ApiError::new(Code::UnknownHost, "Ask by the address that the server was started with, or set its --public-url."))
}

/// Whether a cookie may count: the request must come from our own pages.
pub fn check_same_origin(app: &App, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let refused = || Err(ApiError::new(Code::ForeignOrigin, "A signed-in browser may ask only from this server's own pages."));
    let word = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match word(HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => {}
        Some(_) => return refused(),
        None if method.is_safe() => {}
        None if word(header::ORIGIN).is_none() => return refused(),
        None => {}
    }
    if has_foreign_origin(app, headers) { refused() } else { Ok(()) }
}

/// Whether the request names an origin, and it is not this server.
pub fn has_foreign_origin(app: &App, headers: &HeaderMap) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| !origin.to_str().is_ok_and(|origin| app.hosts.is_own_origin(origin)))
}

/// The names by which this server may be asked for.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// `host[:port]` of the public URL and of the address listened on.
    names: Vec<String>,
    origins: Vec<String>,
}

impl Hosts {
    /// `scheme` and `port` are those listened on; loopback has several names.
    pub fn new(public_url: &str, scheme: &str, port: u16) -> Self {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")).into();
        let mut origins: Vec<String> = names.iter().map(|name| format!("{scheme}://{name}")).collect();
        if let Some((_, authority)) = public_url.split_once("://") {
            names.push(authority.to_ascii_lowercase());
            origins.push(public_url.to_ascii_lowercase());
        }
        Self { names, origins }
    }

    fn knows(&self, host: &str) -> bool {
        self.names.contains(&host.to_ascii_lowercase())
    }

    fn is_own_origin(&self, origin: &str) -> bool {
        self.origins.contains(&origin.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_it_is_can_be_shown() {
        let name = |bytes: &[u8]| {
            let value = HeaderValue::from_maybe_shared(bytes::Bytes::copy_from_slice(bytes)).unwrap();
            client_name(&HeaderMap::from_iter([(header::USER_AGENT, value)]))
        };
        assert_eq!(name(b" curl/8.5\t(x)  "), "curl/8.5(x)");
        assert_eq!(name("Mozilla \u{9b}31m".as_bytes()), "Mozilla 31m", "a control character of two bytes");
        assert_eq!(name(&[b'x'; 1_000]).len(), CLIENT_LEN_MAX);
        assert_eq!(client_name(&HeaderMap::new()), "");
    }

    #[test]
    fn loopback_and_the_public_name_are_known_and_nothing_else() {
        let hosts = Hosts::new("https://Tasks.example.org", "http", 8080);
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "tasks.example.org", "TASKS.example.org"] {
            assert!(hosts.knows(host), "{host}");
        }
        for host in ["", "localhost", "evil.example", "tasks.example.org.evil.example", "127.0.0.1:80"] {
            assert!(!hosts.knows(host), "{host}");
        }
        assert!(hosts.is_own_origin("https://tasks.example.org"));
        assert!(!hosts.is_own_origin("http://tasks.example.org"));
        assert!(!hosts.is_own_origin("null"));
    }
}
