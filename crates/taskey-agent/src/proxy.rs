//! The HTTP proxy on the way to the server, where the environment names one: read as curl reads it.
//!
//! `https_proxy` or `HTTPS_PROXY` for servers by https, `http_proxy` (in lower case alone) for those by http, `all_proxy` or
//! `ALL_PROXY` for both; `no_proxy` or `NO_PROXY` names what is reached without one. Loopback is no exception by itself. One
//! thing is our own: http is spoken within this machine alone, so a proxy elsewhere is not used for it.
//!
//! Credentials in a proxy's address are for the proxy. No error, log line or `Debug` shows them.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use http::uri::Authority;
use taskey_proto::crypto::base64;

use crate::server_url::{addresses_of, loopback_addresses};

/// What curl takes where a proxy's address has no port.
const PORT_DEFAULT: u16 = 1080;

#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that names it.
    variable: &'static str,
    host: String,
    port: u16,
    /// `USER:PASSWORD` in base64, as `Proxy-Authorization: Basic` wants it.
    credentials: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    #[error(
        "the variable {0} does not hold the address of a proxy; write it as http://proxy.example.org:3128 or, with credentials, \
         http://USER:PASSWORD@proxy.example.org:3128, where characters other than letters and digits in them stand as %XX"
    )]
    Unreadable(&'static str),
    #[error("the variable {0} names a proxy by {1}://, but taskeyd speaks to proxies by http:// alone; name one that does")]
    Scheme(&'static str, String),
}

/// A variable of the environment; an empty one counts as none.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The proxy on the way to a server, if there is one.
pub fn find(scheme: &str, host: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>, ProxyUrlError> {
    let names: &[&'static str] = match scheme {
        "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        // HTTP_PROXY in capitals is what a CGI program is given of a request's `Proxy:` header.
        _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    let Some((name, url)) = names.iter().find_map(|name| Some((*name, variable(name)?))) else { return Ok(None) };
    let exceptions = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
    if is_excepted(&exceptions, host) {
        return Ok(None);
    }
    let proxy = Proxy::parse(name, &url)?;
    let leaves_the_machine = loopback_addresses(&proxy.host).is_none();
    Ok(Some(proxy).filter(|_| scheme == "https" || !leaves_the_machine))
}

impl Proxy {
    fn parse(variable: &'static str, url: &str) -> Result<Self, ProxyUrlError> {
        let unreadable = || ProxyUrlError::Unreadable(variable);
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        if !scheme.eq_ignore_ascii_case("http") {
            let is_word = scheme.chars().all(|c| c.is_ascii_alphanumeric());
            return Err(if is_word { ProxyUrlError::Scheme(variable, scheme.to_ascii_lowercase()) } else { unreadable() });
        }
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(basic(credentials).ok_or_else(unreadable)?), place),
            None => (None, rest),
        };
        let place: Authority = place.strip_suffix('/').unwrap_or(place).parse().map_err(|_| unreadable())?;
        let host = place.host();
        let port = match place.as_str().strip_prefix(host).unwrap_or_default() {
            "" => PORT_DEFAULT,
            port => port.strip_prefix(':').and_then(|port| port.parse().ok()).filter(|port| *port != 0).ok_or_else(unreadable)?,
        };
        if host.is_empty() {
            return Err(unreadable());
        }
        Ok(Self { variable, host: host.to_owned(), port, credentials })
    }

    /// The variable that names it, for who has to mend it.
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// What `Proxy-Authorization` has to say.
    pub fn authorization(&self) -> Option<String> {
        self.credentials.as_ref().map(|credentials| format!("Basic {credentials}"))
    }

    /// Where to connect, to be tried in this order.
    pub async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        addresses_of(&self.host, self.port).await
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self} of {})", self.variable)
    }
}

/// `USER[:PASSWORD]` of an address, in base64.
fn basic(credentials: &str) -> Option<String> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    Some(base64(&[decoded(user)?, b":".to_vec(), decoded(password)?].concat()))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(bytes)
}

/// Whether a list of `no_proxy` names a host: by `*`, its name or one that it ends in, its address, or a network.
fn is_excepted(list: &str, host: &str) -> bool {
    let host = without_brackets(host).trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let entries = list.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| match address {
        _ if entry == "*" => true,
        Some(address) => holds_address(entry, address),
        None => holds_name(entry, &host),
    })
}

fn holds_name(entry: &str, host: &str) -> bool {
    let entry = entry.trim_matches('.').to_ascii_lowercase();
    let Some(before) = host.strip_suffix(&entry) else { return false };
    !entry.is_empty() && (before.is_empty() || before.ends_with('.'))
}

fn holds_address(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let (Ok(network), Some(bits)) = (without_brackets(network).parse::<IpAddr>(), bits) else { return false };
    // Both shifted to the end, so that whatever lies behind the network's bits is gone.
    match (network.to_canonical(), address.to_canonical()) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let behind = 32 - bits.min(32);
            u64::from(network.to_bits()) >> behind == u64::from(address.to_bits()) >> behind
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let behind = 128 - bits.min(128);
            network.to_bits().checked_shr(behind) == address.to_bits().checked_shr(behind)
        }
        _ => false,
    }
}

fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found with these variables.
    fn found(scheme: &str, host: &str, variables: &[(&str, &str)]) -> Result<Option<String>, ProxyUrlError> {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Ok(find(scheme, host, variable)?.map(|proxy| proxy.to_string()))
    }

    #[test]
    fn no_proxy_names_hosts_suffixes_addresses_and_networks() {
        for (list, host, expected) in [
            ("", "a.example", false),
            ("*", "a.example", true),
            ("*", "192.0.2.1", true),
            ("b.example,*", "a.example", true),
            ("a.example", "a.example", true),
            ("a.example", "A.Example.", true),
            ("A.EXAMPLE.", "a.example", true),
            ("example", "a.example", true),
            (".example", "a.example", true),
            (".a.example", "a.example", true),
            ("a.example", "b.a.example", true),
            ("a.example", "ba.example", false),
            ("b.a.example", "a.example", false),
            ("*.example", "a.example", false),
            (".", "a.example", false),
            (",, ,", "a.example", false),
            ("x, y a.example", "a.example", true),
            ("localhost", "localhost", true),
            ("localhost", "127.0.0.1", false),
            ("127.0.0.1", "localhost", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.11", false),
            ("2.1", "192.0.2.1", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.77/24", "192.0.2.1", true),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.1/32", "192.0.2.1", true),
            ("192.0.2.0/x", "192.0.2.0", false),
            ("192.0.2.0/", "192.0.2.0", false),
            ("10.0.0.0/8", "10.example", false),
            ("::1", "[::1]", true),
            ("[::1]", "[::1]", true),
            ("2001:db8::/32", "[2001:db8:1::5]", true),
            ("2001:db8::/32", "[2001:db9::1]", false),
            ("::/0", "[2001:db9::1]", true),
            ("::/0", "192.0.2.1", false),
        ] {
            assert_eq!(is_excepted(list, host), expected, "no_proxy={list} and {host}");
        }
    }

    #[test]
    fn the_variables_are_those_of_curl_in_its_order() {
        let (proxy, other) = ("http://proxy.example:3128", "http://other.example:1");
        let at = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(found("https", "a.example", &[]), Ok(None));
        assert_eq!(found("https", "a.example", &[("https_proxy", proxy), ("HTTPS_PROXY", other)]), at(proxy));
        assert_eq!(found("https", "a.example", &[("HTTPS_PROXY", proxy), ("all_proxy", other)]), at(proxy));
        assert_eq!(found("https", "a.example", &[("all_proxy", proxy), ("ALL_PROXY", other)]), at(proxy));
        assert_eq!(found("https", "a.example", &[("ALL_PROXY", proxy)]), at(proxy));
        assert_eq!(found("https", "a.example", &[("http_proxy", proxy)]), Ok(None));
        assert_eq!(found("https", "a.example", &[("https_proxy", proxy), ("no_proxy", "example")]), Ok(None));
        assert_eq!(found("https", "a.example", &[("https_proxy", proxy), ("NO_PROXY", "example")]), Ok(None));
        assert_eq!(found("https", "a.example", &[("https_proxy", proxy), ("no_proxy", "x"), ("NO_PROXY", "example")]), at(proxy));
        assert_eq!(found("https", "127.0.0.1", &[("https_proxy", proxy)]), at(proxy), "loopback is no exception by itself");
    }

    #[test]
    fn http_goes_to_a_proxy_on_this_machine_alone() {
        let near = "http://127.0.0.1:3128";
        assert_eq!(found("http", "127.0.0.1", &[("http_proxy", near)]), Ok(Some(near.to_owned())));
        assert_eq!(found("http", "127.0.0.1", &[("HTTP_PROXY", near)]), Ok(None));
        assert_eq!(found("http", "127.0.0.1", &[("http_proxy", "http://proxy.example:3128")]), Ok(None));
        assert_eq!(found("http", "127.0.0.1", &[("all_proxy", "http://proxy.example:3128")]), Ok(None));
    }

    #[test]
    fn an_address_has_a_host_perhaps_a_port_and_perhaps_credentials() {
        for (url, shown, authorization) in [
            ("proxy.example:3128", "http://proxy.example:3128", None),
            ("HTTP://proxy.example/", "http://proxy.example:1080", None),
            ("http://[2001:db8::1]:80", "http://[2001:db8::1]:80", None),
            ("http://ann:secret@proxy.example:1", "http://proxy.example:1", Some("ann:secret")),
            ("http://ann:p%40s%3As@proxy.example:1", "http://proxy.example:1", Some("ann:p@s:s")),
            ("http://ann:a@b@proxy.example:1", "http://proxy.example:1", Some("ann:a@b")),
            ("http://ann@proxy.example:1", "http://proxy.example:1", Some("ann:")),
        ] {
            let proxy = Proxy::parse("https_proxy", url).unwrap();
            assert_eq!(proxy.to_string(), shown);
            assert_eq!(proxy.authorization(), authorization.map(|plain| format!("Basic {}", base64(plain.as_bytes()))), "{url}");
            assert!(!format!("{proxy:?}{proxy}").contains("secret"));
        }
        for url in
            ["http://", "http://ann:secret@", "http://a b", "http://proxy.example:0", "http://proxy.example:secret", "http://x%2:y@p"]
        {
            let error = Proxy::parse("https_proxy", url).unwrap_err();
            assert_eq!(error, ProxyUrlError::Unreadable("https_proxy"), "{url}");
            assert!(!error.to_string().contains("secret"));
        }
        let socks = Proxy::parse("ALL_PROXY", "socks5://ann:secret@proxy.example").unwrap_err().to_string();
        assert!(socks.contains("ALL_PROXY") && socks.contains("socks5://") && !socks.contains("secret"), "{socks}");
    }
}
