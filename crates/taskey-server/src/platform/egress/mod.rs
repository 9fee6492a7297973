//! The one door by which this server calls addresses that people give it: webhooks, attachments, push services.
//!
//! An address may be given by someone who means to reach, through the server, what only the server can reach. So only public addresses
//! are called, and networks that whoever runs the server has named ([`Allowed`], `egress_allow`). A name is looked up once for each
//! connection, every address of it is judged, and nothing but what was judged is connected to: a name that leads elsewhere a moment
//! later is judged again. Nothing is followed elsewhere, no proxy of the environment is used, no cookie is kept, and time and length of
//! an answer are bounded.

mod answer;
mod error;
mod forbidden;
mod names;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Request, Url};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::sync::OnceCell;

use self::answer::read_head;
pub use self::answer::{Answer, RetryAfter};
pub use self::error::EgressError;
pub use self::forbidden::{Allowed, is_forbidden};
use self::names::Guard;
pub use self::names::{Names, SystemNames};

/// From the lookup of a name to the end of a TLS handshake.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Others close a connection that is not used after some time; better to be first.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// What one call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For everything, from the lookup of the name to the last byte that is read.
    pub time_max: Duration,
    /// Bytes of the answer's body that are read.
    pub answer_len_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time_max: Duration::from_secs(15), answer_len_max: 20_000 }
    }
}

/// Calls others. One for the whole server: its connections are shared.
pub struct Egress {
    guard: Guard,
    http: OnceCell<Client>,
    /// Made when it is first needed: reading the machine's root certificates takes a while, and not every machine has some.
    https: OnceCell<Client>,
}

impl Egress {
    pub fn new(allowed: Allowed) -> Self {
        Self::with_names(allowed, Arc::new(SystemNames))
    }

    /// The same, with somebody else who knows the addresses of names.
    pub fn with_names(allowed: Allowed, names: Arc<dyn Names>) -> Self {
        Self { guard: Guard::new(allowed, names), http: OnceCell::new(), https: OnceCell::new() }
    }

    /// Whether an address can be called, as far as its text tells: names are judged when they are called.
    pub fn check_url(&self, text: &str) -> Result<Url, String> {
        self.read_url(text).map_err(|error| error.to_string())
    }

    /// Posts `body`. An answer of any status is an answer, a redirection too.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: impl Into<Bytes>, limits: Limits) -> Result<Answer, EgressError> {
        let body: Bytes = body.into();
        let url = self.read_url(url)?;
        let client = self.client(&url).await?;
        let host = shown_host(&url);
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let began_at = Instant::now();
        let deadline = tokio::time::sleep(limits.time_max);
        tokio::pin!(deadline);
        let response = tokio::select! {
            sent = client.execute(request) => sent.map_err(|error| EgressError::of(&error, &host))?,
            () = &mut deadline => return Err(EgressError::TimedOut { host, within: limits.time_max }),
        };
        let status = response.status().as_u16();
        let retry_after = RetryAfter::find(response.headers());
        let (head, is_whole) = read_head(response, limits.answer_len_max, deadline).await;
        Ok(Answer { status, retry_after, head, is_whole, duration: began_at.elapsed() })
    }

    /// Reads an address as the client will: what looks like a name and is a number (`0x7f.1`) is an address of IPv4 from here on.
    fn read_url(&self, text: &str) -> Result<Url, EgressError> {
        let refused = |why: &str| Err(EgressError::Url(why.to_owned()));
        let url = Url::parse(text).map_err(|error| EgressError::Url(format!("it is not written as https://HOST/PATH: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return refused("only http:// and https:// are called");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("an address holds no user name and no password; everyone who sees it would see them");
        }
        if url.port() == Some(0) {
            return refused("nothing listens at port 0");
        }
        // The client refuses what is no URI, such as spaces in a host, only when it is to send.
        if url.as_str().parse::<http::Uri>().is_err() {
            return refused("its host is not one that can be called");
        }
        let host = url.host_str().unwrap_or_default();
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            self.guard.check(host, address)?;
        }
        Ok(url)
    }

    async fn client(&self, url: &Url) -> Result<&Client, EgressError> {
        let (cell, has_tls) = if url.scheme() == "https" { (&self.https, true) } else { (&self.http, false) };
        cell.get_or_try_init(|| self.make_client(has_tls)).await
    }

    async fn make_client(&self, has_tls: bool) -> Result<Client, EgressError> {
        let config = if has_tls { tokio::task::spawn_blocking(trust_machine).await } else { Ok(trust_nobody()) };
        let config = config.map_err(|error| EgressError::NotReady(error.to_string()))?;
        let config = config.map_err(|error| EgressError::NotReady(error.to_string()))?;
        Client::builder()
            .user_agent(concat!("taskey/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(self.guard.clone())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(config)
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(IDLE_MAX)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| EgressError::NotReady(error.to_string()))
    }
}

fn trust_machine() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    Ok(builder.with_platform_verifier()?.with_no_client_auth())
}

/// For a client that speaks no TLS: without settings of its own it would look for some.
fn trust_nobody() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Host and port, without the rest of the address, which may hold a secret.
fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
