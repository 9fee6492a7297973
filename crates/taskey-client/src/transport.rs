//! One road for every request: address, key, repetition after a broken connection, and what the answer means.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use taskey_proto::problem::{Code, Problem};

use crate::sse::SseStream;
use crate::{ClientError, Trouble, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For an answer that nobody asked to wait for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pauses before the second and third attempt of a request that may be repeated.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON_LINES: &str = "application/x-ndjson";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A client of one server. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    authorization: Option<HeaderValue>,
}

impl Client {
    /// A client that is not signed in.
    pub fn new(server: &str) -> Result<Self, ClientError> {
        Self::build(server, None)
    }

    /// The same, trusting the roots of a PEM file and no others.
    pub fn trusting(server: &str, roots: &[u8]) -> Result<Self, ClientError> {
        Self::build(server, Some(roots))
    }

    fn build(server: &str, roots: Option<&[u8]>) -> Result<Self, ClientError> {
        let invalid = || ClientError::InvalidServer(server.to_owned());
        let url = Url::parse(server).map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(invalid());
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("taskey/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls::config(url.scheme(), server, roots)?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true);
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|_| invalid())?;
        Ok(Self { http, server: url, authorization: None })
    }

    /// The same client, signed in with an API key.
    pub fn with_key(mut self, key: &str) -> Result<Self, ClientError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::InvalidKey)?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// The server's address, without a slash at its end.
    pub fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    pub(crate) fn get(&self, path: &[&str]) -> Call<'_> {
        Call::new(self, Method::GET, path)
    }

    /// A file that the server keeps beside its API.
    pub(crate) fn get_beside(&self, path: &[&str]) -> Call<'_> {
        let mut call = self.get(&[]);
        let mut url = self.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        call.url = Ok(url);
        call
    }

    pub(crate) fn post(&self, path: &[&str]) -> Call<'_> {
        Call::new(self, Method::POST, path)
    }

    pub(crate) fn put(&self, path: &[&str]) -> Call<'_> {
        Call::new(self, Method::PUT, path)
    }

    pub(crate) fn patch(&self, path: &[&str]) -> Call<'_> {
        Call::new(self, Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &[&str]) -> Call<'_> {
        Call::new(self, Method::DELETE, path)
    }

    /// The address under `/api/v1`; each part stays one part, whatever it holds.
    fn address(&self, path: &[&str]) -> Result<Url, ClientError> {
        let mut url = self.server.clone();
        let mut segments = url.path_segments_mut().map_err(|()| ClientError::InvalidServer(self.server().to_owned()))?;
        segments.pop_if_empty().extend(["api", "v1"]);
        for part in path {
            // These two would climb to another resource.
            if matches!(*part, "" | "." | "..") {
                return Err(ClientError::InvalidName((*part).to_owned()));
            }
            segments.push(part);
        }
        drop(segments);
        Ok(url)
    }
}

/// One request that is being put together.
pub(crate) struct Call<'a> {
    client: &'a Client,
    method: Method,
    url: Result<Url, ClientError>,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    timeout: Option<Duration>,
    repeatable: bool,
}

impl<'a> Call<'a> {
    fn new(client: &'a Client, method: Method, path: &[&str]) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let repeatable = method == Method::GET;
        Self { client, method, url: client.address(path), headers, body: None, timeout: Some(ANSWER_TIMEOUT), repeatable }
    }

    pub(crate) fn query(mut self, name: &str, value: impl ToString) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    pub(crate) fn query_opt(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Asks the server to hold the answer until the thing is over, at most this long.
    pub(crate) fn wait(mut self, wait: Option<Duration>) -> Self {
        let Some(wait) = wait else { return self };
        self.timeout = Some(ANSWER_TIMEOUT + wait);
        self.query("wait", wait.as_secs())
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        // The API's types have string keys only and cannot fail to be written.
        self.body = Some(serde_json::to_vec(body).unwrap_or_default());
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    /// Lines of JSON, one thing each.
    pub(crate) fn json_lines(mut self, lines: &str) -> Self {
        self.body = Some(lines.as_bytes().to_vec());
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_LINES));
        self.header(header::ACCEPT, JSON_LINES)
    }

    pub(crate) fn if_match(self, etag: &str) -> Self {
        self.header(header::IF_MATCH, etag)
    }

    /// Makes a repeated request count once, so that it may be repeated.
    pub(crate) fn idempotency_key(self, key: Option<&str>) -> Self {
        let Some(key) = key else { return self };
        let call = self.header(IDEMPOTENCY_KEY, key);
        Self { repeatable: true, ..call }
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers.insert(name, value);
            }
            Err(_) => self.url = Err(ClientError::InvalidName(value.to_owned())),
        }
        self
    }

    /// Sends it and reads the answer's JSON.
    pub(crate) async fn json_answer<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let server = self.client.server().to_owned();
        read_json(&server, self.send().await?).await
    }

    /// Sends it and reads the answer's JSON; `None` where there is none to give.
    pub(crate) async fn json_answer_if_any<T: DeserializeOwned>(self) -> Result<Option<T>, ClientError> {
        let server = self.client.server().to_owned();
        let response = self.send().await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        read_json(&server, response).await.map(Some)
    }

    /// Sends it and reads one thing a line.
    pub(crate) async fn json_lines_answer<T: DeserializeOwned>(self) -> Result<Vec<T>, ClientError> {
        let server = self.client.server().to_owned();
        let response = self.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|error| unreachable(&server, error))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        lines.collect::<Result<_, _>>().map_err(|error| unreadable(&server, status, &error))
    }

    /// Sends it and reads a text of that media type.
    pub(crate) async fn text_answer(self, wanted: &str) -> Result<String, ClientError> {
        let server = self.client.server().to_owned();
        let response = self.send().await?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.starts_with(wanted) {
            let detail = format!("it answers with {kind} where {wanted} should come; is it of another version?");
            return Err(ClientError::Unexpected { server, status: response.status().as_u16(), detail });
        }
        response.text().await.map_err(|error| unreachable(&server, error))
    }

    /// Sends it; the answer has no body worth reading.
    pub(crate) async fn no_answer(self) -> Result<(), ClientError> {
        self.send().await.map(drop)
    }

    /// Opens a stream of events that follows `last`. It may go on for ever, so only its beginning has a time limit.
    pub(crate) async fn events_after(self, last: Option<&str>) -> Result<SseStream, ClientError> {
        let server = self.client.server().to_owned();
        let call = self.header(header::ACCEPT, "text/event-stream");
        let call = match last {
            Some(last) => call.header(LAST_EVENT_ID, last),
            None => call,
        };
        let opening = Self { timeout: None, repeatable: false, ..call }.send();
        match tokio::time::timeout(ANSWER_TIMEOUT, opening).await {
            Ok(response) => Ok(SseStream::new(server, response?)),
            Err(silence) => Err(ClientError::Unreachable { server, trouble: Trouble::Timeout, source: Box::new(silence) }),
        }
    }

    /// Sends it, again where that is safe, and refuses every status that is not a success.
    pub(crate) async fn send(self) -> Result<Response, ClientError> {
        let server = self.client.server().to_owned();
        let request = self.request()?;
        let mut pauses = if self.repeatable { RETRY_PAUSES.iter() } else { [].iter() };
        loop {
            // Bodies here are bytes in memory, which can always be copied.
            let attempt = request.try_clone().ok_or_else(|| ClientError::InvalidServer(server.clone()))?;
            let error = match self.client.http.execute(attempt).await {
                Ok(response) => match accept(&server, response).await {
                    Err(error) if error.has_code(Code::InFlight) => error,
                    outcome => return outcome,
                },
                Err(error) => unreachable(&server, error),
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(*pause).await;
        }
    }

    fn request(&self) -> Result<reqwest::Request, ClientError> {
        let url = match &self.url {
            Ok(url) => url.clone(),
            Err(ClientError::InvalidName(name)) => return Err(ClientError::InvalidName(name.clone())),
            Err(_) => return Err(ClientError::InvalidServer(self.client.server().to_owned())),
        };
        let mut request = reqwest::Request::new(self.method.clone(), url);
        *request.headers_mut() = self.headers.clone();
        if let Some(authorization) = &self.client.authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        *request.body_mut() = self.body.clone().map(Into::into);
        *request.timeout_mut() = self.timeout;
        Ok(request)
    }
}

pub(crate) async fn read_json<T: DeserializeOwned>(server: &str, response: Response) -> Result<T, ClientError> {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.map_err(|error| unreachable(server, error))?;
    serde_json::from_slice(&bytes).map_err(|error| unreadable(server, status, &error))
}

fn unreadable(server: &str, status: u16, error: &serde_json::Error) -> ClientError {
    let detail = format!("its answer cannot be read ({error}); is it of another version?");
    ClientError::Unexpected { server: server.to_owned(), status, detail }
}

async fn accept(server: &str, response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        let place = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("elsewhere");
        let detail = format!("it points to {place}; use that server's address");
        return Err(ClientError::Unexpected { server: server.to_owned(), status: status.as_u16(), detail });
    }
    let address = response.url().clone();
    let body = response.bytes().await.map_err(|error| unreachable(server, error))?;
    if let Ok(mut problem) = serde_json::from_slice::<Problem>(&body) {
        // The help page's address may be relative to the one that was asked.
        if let Ok(help) = address.join(&problem.kind) {
            problem.kind = help.into();
        }
        return Err(ClientError::Problem(Box::new(problem)));
    }
    let detail = "no problem document came with it; check the address and what stands between".to_owned();
    Err(ClientError::Unexpected { server: server.to_owned(), status: status.as_u16(), detail })
}

fn unreachable(server: &str, error: reqwest::Error) -> ClientError {
    ClientError::Unreachable { server: server.to_owned(), trouble: Trouble::of(&error), source: Box::new(error.without_url()) }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
