//! The server's address, and how it may be spoken to.
//!
//! Plain HTTP is for the machine itself; every other address is spoken to by TLS, or not at all.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use tokio_rustls::rustls;

use crate::proxy::{self, Proxy, ProxyUrlError};
use crate::tls::{Tls, Trust};

#[derive(Debug, Clone)]
pub struct ServerUrl {
    scheme: &'static str,
    host: String,
    port: u16,
    /// What stands before every path; empty or `/...` without a slash at its end.
    prefix: String,
    tls: Option<Tls>,
    /// On the way there.
    proxy: Option<Proxy>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServerUrlError {
    #[error("{0} is not an address of a server; write it as https://taskey.example.org")]
    Unreadable(String),
    #[error("{0} would be spoken to in the clear; use its https:// address. http:// is for 127.0.0.1, [::1] and localhost alone")]
    NeedsTls(String),
    #[error("{0} speaks TLS, but this device was not told whom to trust there; enroll it anew with a token of that server")]
    NoTrust(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Proxy(#[from] ProxyUrlError),
}

impl ServerUrl {
    /// `trust` matters where the address is spoken to by TLS.
    pub fn parse(text: &str, trust: &Trust) -> Result<Self, ServerUrlError> {
        let unreadable = || ServerUrlError::Unreadable(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| unreadable())?;
        let host = uri.host().ok_or_else(unreadable)?.to_owned();
        if uri.query().is_some() || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(unreadable());
        }
        let (scheme, port) = match uri.scheme_str() {
            Some("http") if loopback_addresses(&host).is_some() => ("http", 80),
            Some("http") => return Err(ServerUrlError::NeedsTls(text.to_owned())),
            Some("https") => ("https", 443),
            _ => return Err(unreadable()),
        };
        let tls = if scheme == "https" { Tls::new(trust)? } else { None };
        if scheme == "https" && tls.is_none() {
            return Err(ServerUrlError::NoTrust(text.to_owned()));
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme, host, port: uri.port_u16().unwrap_or(port), prefix, tls, proxy: None })
    }

    /// The same, reached through the proxy that the environment names for it, if any.
    pub fn by_environment(self) -> Result<Self, ServerUrlError> {
        let proxy = proxy::find(self.scheme, &self.host, proxy::environment)?;
        Ok(Self { proxy, ..self })
    }

    /// Host and port as they stand in the `Host` header: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        match (self.scheme, self.port) {
            ("http", 80) | ("https", 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Host and port, for a proxy.
    pub fn target(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Trusts these roots from now on, where it trusts by roots.
    pub fn trust_roots(&self, fingerprints: &[String]) {
        if let Some(tls) = &self.tls {
            tls.trust_roots(fingerprints);
        }
    }

    /// Where to connect, to be tried in this order.
    pub async fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        addresses_of(&self.host, self.port).await
    }

    /// The whole path of one that begins with `/`.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// The address of the line as a WebSocket.
    pub fn line(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{}/mqtt", self.authority(), self.prefix)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority(), self.prefix)
    }
}

/// Whether an address is spoken to by TLS.
pub fn is_https(text: &str) -> bool {
    text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// The addresses of a host, to be tried in this order.
pub(crate) async fn addresses_of(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    if let Some(addresses) = loopback_addresses(host) {
        return Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

/// The name `localhost` is not looked up: an answer from elsewhere must not lead plain HTTP off the machine.
pub(crate) fn loopback_addresses(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    address.is_loopback().then(|| vec![address])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ServerUrl, ServerUrlError> {
        ServerUrl::parse(text, &Trust::Roots(vec!["00".to_owned()]))
    }

    #[tokio::test]
    async fn loopback_is_spoken_to_in_the_clear() {
        let url = parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!((url.to_string().as_str(), url.tls().is_none()), ("http://127.0.0.1:8080", true));
        assert_eq!(url.line(), "ws://127.0.0.1:8080/mqtt");
        let url = parse("http://[::1]:9/taskey/").unwrap();
        assert_eq!(url.path("/agent/v1/server"), "/taskey/agent/v1/server");
        assert_eq!(url.addresses().await.unwrap(), ["[::1]:9".parse().unwrap()]);
        assert_eq!(parse("http://localhost").unwrap().authority(), "localhost");
    }

    #[test]
    fn every_other_address_is_spoken_to_by_tls() {
        let url = parse("https://taskey.example.org").unwrap();
        assert_eq!((url.authority().as_str(), url.line().as_str()), ("taskey.example.org", "wss://taskey.example.org/mqtt"));
        assert!(url.tls().is_some());
        for text in ["http://taskey.example", "http://192.0.2.1:80", "http://127.evil.example"] {
            assert!(matches!(parse(text), Err(ServerUrlError::NeedsTls(_))), "{text}");
        }
        assert!(matches!(ServerUrl::parse("https://a.example", &Trust::Loopback), Err(ServerUrlError::NoTrust(_))));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://u:p@127.0.0.1", "http://127.0.0.1/?a=b"] {
            assert!(matches!(parse(text), Err(ServerUrlError::Unreadable(_))), "{text}");
        }
    }
}
