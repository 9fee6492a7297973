//! Requesting a URL: one connection for each request, HTTP/1.1, the headers on the wire exactly as they were given.

mod head;
mod url;

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls_platform_verifier::BuilderVerifierExt;
use serde::{Deserialize, Serialize};
use taskey_proto::runs::State;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto::ring};

use self::head::WithHead;
pub use self::url::Url;
use super::hosts::HostRules;
use super::{Verdict, system_text};

/// Bytes of an answer that are read; whatever sends more is not stopped by patience.
const BODY_LEN_MAX: u64 = 256 * 1024 * 1024;
const HEAD_LEN_MAX: usize = 64 * 1024;
const REDIRECTS_MAX: usize = 10;
/// What is not sent to another host than the one it was meant for.
const PRIVATE_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// A request, with every secret put in its place.
#[derive(Serialize, Deserialize)]
pub struct HttpErrand {
    pub method: String,
    pub url: String,
    pub headers: Vec<HeaderLine>,
    pub body: Option<Vec<u8>>,
    pub expect_status: Vec<u16>,
    pub follow_redirects: bool,
    pub hosts: HostRules,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct HeaderLine {
    pub name: String,
    pub value: String,
    /// Never sent to another host than the one that the task names.
    pub private: bool,
}

impl std::fmt::Debug for HttpErrand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpErrand({} {})", self.method, self.url)
    }
}

/// Sends the request, follows where it is led, writes the body to standard output and what there is to tell to standard error.
pub async fn request(errand: &HttpErrand) -> Verdict {
    match follow(errand).await {
        Ok(verdict) => verdict,
        Err(verdict) => {
            if let Some(reason) = &verdict.reason {
                note(&reason.detail);
            }
            verdict
        }
    }
}

async fn follow(errand: &HttpErrand) -> Result<Verdict, Verdict> {
    let mut hop = Hop {
        method: errand.method.clone(),
        url: Url::parse(&errand.url).map_err(|why| Verdict::failed("bad_url", why))?,
        headers: errand.headers.clone(),
        body: errand.body.clone(),
    };
    for _ in 0..=REDIRECTS_MAX {
        errand.hosts.check(&hop.url.host, hop.url.port).map_err(Verdict::rejected)?;
        let answer = hop.send().await?;
        let led = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        match led {
            Some(location) if errand.follow_redirects && is_redirect(answer.status()) => {
                let next =
                    hop.url.join(&location).map_err(|why| Verdict::failed("bad_answer", format!("redirected to {location}: {why}")))?;
                note(&format!("{} {} -> {next}", answer.status().as_u16(), hop.url));
                hop = hop.led_to(next, answer.status());
            }
            _ => return take_in(answer, errand).await,
        }
    }
    Err(Verdict::failed("too_many_redirects", format!("redirected more than {REDIRECTS_MAX} times, at last to {}", hop.url)))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// One request of a chain.
struct Hop {
    method: String,
    url: Url,
    headers: Vec<HeaderLine>,
    body: Option<Vec<u8>>,
}

impl Hop {
    fn led_to(mut self, url: Url, status: StatusCode) -> Self {
        if !url.same_host(&self.url) {
            self.headers.retain(|line| !line.private && !PRIVATE_HEADERS.contains(&line.name.to_ascii_lowercase().as_str()));
        }
        // As browsers do: after 301 and 302 a POST becomes a GET, after 303 everything does.
        let becomes_get =
            status == StatusCode::SEE_OTHER && self.method != "HEAD" || matches!(status.as_u16(), 301 | 302) && self.method == "POST";
        if becomes_get {
            self.method = "GET".to_owned();
            self.body = None;
            self.headers.retain(|line| !line.name.eq_ignore_ascii_case("content-type"));
        }
        // A host that was named for the first address is not that of the next.
        self.headers.retain(|line| !line.name.eq_ignore_ascii_case("host"));
        Self { url, ..self }
    }

    async fn send(&self) -> Result<Response<Incoming>, Verdict> {
        let stream = self.connect().await?;
        if !self.url.is_https {
            return self.exchange(stream).await;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| Verdict::failed("tls_failed", format!("this device's certificates cannot be read: {error}")))?
            .with_no_client_auth();
        let name = ServerName::try_from(self.url.host.clone())
            .map_err(|_| Verdict::failed("tls_failed", format!("{} is not a name that a certificate can have", self.url.host)))?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let stream =
            stream.map_err(|error| Verdict::failed("tls_failed", format!("no trusted connection to {}: {error}", self.url.authority())))?;
        self.exchange(stream).await
    }

    async fn connect(&self) -> Result<TcpStream, Verdict> {
        let (host, port) = (self.url.host.as_str(), self.url.port);
        let addresses = tokio::net::lookup_host((host, port)).await;
        let addresses =
            addresses.map_err(|error| Verdict::failed("unreachable", format!("{host} has no address: {}", system_text(&error))))?;
        let mut why = "it has no address".to_owned();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => why = format!("{address}: {}", system_text(&error)),
            }
        }
        Err(Verdict::failed("unreachable", format!("{} cannot be reached: {why}", self.url.authority())))
    }

    async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) -> Result<Response<Incoming>, Verdict> {
        let broken = |error: hyper::Error| {
            Verdict::failed("bad_answer", format!("{} did not answer as HTTP: {}", self.url.authority(), chain(&error)))
        };
        let stream = WithHead::new(stream, self.head());
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder.max_buf_size(HEAD_LEN_MAX);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Ends with the connection, and with the process at the latest.
        tokio::spawn(connection);
        // The head that this makes is replaced by ours; hyper needs it to know how to read the answer.
        let request = Request::builder()
            .method(self.method.as_str())
            .uri(self.url.target.as_str())
            .body(Full::new(Bytes::from(self.body.clone().unwrap_or_default())))
            .map_err(|error| Verdict::failed("bad_url", error.to_string()))?;
        sender.send_request(request).await.map_err(broken)
    }

    /// The request's head: the given headers in their order, then what is missing.
    fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.url.target);
        let has = |name: &str| self.headers.iter().any(|line| line.name.eq_ignore_ascii_case(name));
        if !has("host") {
            head.push_str(&format!("Host: {}\r\n", self.url.authority()));
        }
        for line in &self.headers {
            head.push_str(&format!("{}: {}\r\n", line.name, line.value));
        }
        if !has("user-agent") {
            head.push_str(&format!("User-Agent: taskeyd/{}\r\n", crate::VERSION));
        }
        let len = self.body.as_ref().map_or(0, Vec::len);
        if self.body.is_some() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            head.push_str(&format!("Content-Length: {len}\r\n"));
        }
        head.push_str("Connection: close\r\n\r\n");
        head.into_bytes()
    }
}

/// Writes the body as it comes and judges the status.
async fn take_in(mut answer: Response<Incoming>, errand: &HttpErrand) -> Result<Verdict, Verdict> {
    let status = answer.status();
    let code = i64::from(status.as_u16());
    let with_code = |verdict: Verdict| Verdict { code: Some(code), ..verdict };
    let mut len = 0u64;
    while let Some(frame) = answer.body_mut().frame().await {
        let frame = frame.map_err(|error| with_code(Verdict::failed("bad_answer", format!("the body broke off: {}", chain(&error)))))?;
        let Ok(data) = frame.into_data() else { continue };
        len += data.len() as u64;
        if len > BODY_LEN_MAX {
            return Err(with_code(Verdict::failed("too_large", format!("the body is longer than {BODY_LEN_MAX} bytes"))));
        }
        // Whoever reads us is the agent; when it is gone, so are we.
        let mut out = std::io::stdout().lock();
        out.write_all(&data).and_then(|()| out.flush()).map_err(|error| Verdict::failed("errand_failed", error.to_string()))?;
    }
    let expected = match errand.expect_status.as_slice() {
        [] => status.as_u16() < 400,
        expected => expected.contains(&status.as_u16()),
    };
    if expected {
        return Ok(Verdict::succeeded(code));
    }
    let name = status.canonical_reason().unwrap_or_default();
    let failed = Verdict::failed("http_status", format!("answered {} {name}", status.as_u16()).trim_end());
    Ok(Verdict { state: State::Failed, ..with_code(failed) })
}

fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
