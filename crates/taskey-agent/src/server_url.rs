//! The server's address, and which addresses an agent may speak to.
//!
//! This build speaks plain HTTP and only to the machine itself. Every other address needs TLS, which it does not have yet,
//! and is refused with a sentence that says so, never tried in the clear.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Host and port as they stand in the `Host` header.
    authority: String,
    addresses: Vec<SocketAddr>,
    /// What stands before every path; empty or `/...` without a slash at its end.
    prefix: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    #[error("{0} is not an address of a server; write it as http://127.0.0.1:8080")]
    Unreadable(String),
    #[error(
        "{0} needs TLS, which this version of taskeyd does not speak yet; until it does, only http:// on 127.0.0.1, [::1] or localhost is accepted"
    )]
    NeedsTls(String),
}

impl ServerUrl {
    pub fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let unreadable = || ServerUrlError::Unreadable(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| unreadable())?;
        let host = uri.host().ok_or_else(unreadable)?;
        if uri.query().is_some() || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(unreadable());
        }
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(ServerUrlError::NeedsTls(text.to_owned())),
            _ => return Err(unreadable()),
        }
        let hosts = loopback_addresses(host).ok_or_else(|| ServerUrlError::NeedsTls(text.to_owned()))?;
        let port = uri.port_u16().unwrap_or(80);
        Ok(Self {
            authority: format!("{host}:{port}"),
            addresses: hosts.into_iter().map(|host| SocketAddr::new(host, port)).collect(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where to connect, to be tried in this order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The whole path of one that begins with `/`.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// The address of the line.
    pub fn line(&self) -> String {
        format!("ws://{}{}/mqtt", self.authority, self.prefix)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

/// The name `localhost` is not looked up: an answer from elsewhere must not lead plain HTTP off the machine.
fn loopback_addresses(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    address.is_loopback().then(|| vec![address])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_accepted_with_its_path() {
        let url = ServerUrl::parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!(url.to_string(), "http://127.0.0.1:8080");
        assert_eq!(url.line(), "ws://127.0.0.1:8080/mqtt");
        let url = ServerUrl::parse("http://[::1]:9/taskey/").unwrap();
        assert_eq!(url.path("/agent/v1/server"), "/taskey/agent/v1/server");
        assert_eq!(url.addresses(), ["[::1]:9".parse().unwrap()]);
        assert_eq!(ServerUrl::parse("http://localhost").unwrap().authority(), "localhost:80");
    }

    #[test]
    fn everything_that_needs_tls_is_refused_with_a_sentence_that_says_so() {
        for text in
            ["https://127.0.0.1:8080", "https://taskey.example", "http://taskey.example", "http://192.0.2.1:80", "http://127.evil.example"]
        {
            let error = ServerUrl::parse(text).unwrap_err();
            assert!(error.to_string().contains("TLS"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://u:p@127.0.0.1", "http://127.0.0.1/?a=b"] {
            assert!(matches!(ServerUrl::parse(text), Err(ServerUrlError::Unreadable(_))), "{text}");
        }
    }
}
