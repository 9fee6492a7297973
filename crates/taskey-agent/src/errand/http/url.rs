//! The few parts of a URL that a request needs.

use std::fmt;
use std::net::Ipv6Addr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub is_https: bool,
    /// An IPv6 address is without its brackets.
    pub host: String,
    pub port: u16,
    /// Path and query, as they go into the request.
    pub target: String,
}

impl Url {
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: http::Uri = text.parse().map_err(|error| format!("{text} is not a URL: {error}"))?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("only http:// and https:// can be requested".to_owned()),
        };
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("user and password do not belong in a URL".to_owned());
        }
        let (host, port) = authority.as_str().split_at(authority.host().len());
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) if host.parse::<Ipv6Addr>().is_err() => return Err(format!("[{host}] is not an IPv6 address")),
            Some(host) => host,
            None if host.is_empty() || !host.bytes().all(is_of_a_name) => return Err(format!("`{host}` is not the name of a host")),
            None => host,
        };
        // The library leaves out what it does not take for a port.
        let port = match port.strip_prefix(':').unwrap_or(port) {
            "" => {
                if is_https {
                    443
                } else {
                    80
                }
            }
            digits => digits.parse().map_err(|_| format!("{digits} is not a port"))?,
        };
        let host = host.to_owned();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let target = if target.starts_with('?') { format!("/{target}") } else { target.to_owned() };
        Ok(Self { is_https, host, port, target })
    }

    /// Where a `Location` leads from here (RFC 3986, section 5.2; servers take `..` apart themselves).
    pub fn join(&self, location: &str) -> Result<Self, String> {
        let location = location.split('#').next().unwrap_or_default();
        let scheme = if self.is_https { "https" } else { "http" };
        if location.contains("://") {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let target = match location.as_bytes().first() {
            None => self.target.clone(),
            Some(b'/') => location.to_owned(),
            Some(b'?') => format!("{path}{location}"),
            Some(_) => format!("{}/{location}", path.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Self::parse(&format!("{scheme}://{}{target}", self.authority()))
    }

    /// Whether what is meant for one may be told the other: the same host and port, and never from https to http.
    pub fn same_host(&self, other: &Url) -> bool {
        self.is_https == other.is_https && self.host.eq_ignore_ascii_case(&other.host) && self.port == other.port
    }

    /// Host and port, the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.parse::<Ipv6Addr>().is_ok() { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.is_https { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }
}

/// Whether it may stand in a host's name. The library lets much more pass, down to a bracket in its midst.
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.is_https { "https" } else { "http" }, self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_put_together() {
        for (text, shown) in [
            ("http://example.org", "http://example.org/"),
            ("http://example.org:80/a?b=c", "http://example.org/a?b=c"),
            ("https://[::1]:8443/?x", "https://[::1]:8443/?x"),
            ("https://example.org?x=1", "https://example.org/?x=1"),
        ] {
            assert_eq!(Url::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "ftp://a/",
            "http://me:secret@a/",
            "/path",
            "http://",
            "http://[v1.a:80]/",
            "http://[a]/",
            "http://f[f:2]/",
            "http://*2/",
            "http://a:99999/",
            "http://a:1:2/",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_location_is_followed_from_where_one_is() {
        let here = Url::parse("https://a.example:8443/x/y?q=1").unwrap();
        for (location, expected) in [
            ("/z", "https://a.example:8443/z"),
            ("z?w=2", "https://a.example:8443/x/z?w=2"),
            ("?w=2", "https://a.example:8443/x/y?w=2"),
            ("//b.example/z", "https://b.example/z"),
            ("http://c.example/z#part", "http://c.example/z"),
            ("", "https://a.example:8443/x/y?q=1"),
        ] {
            assert_eq!(here.join(location).unwrap().to_string(), expected, "{location}");
        }
        assert!(here.join("ftp://a/").is_err());
        assert!(!here.same_host(&Url::parse("http://a.example:8443/").unwrap()));
        assert!(here.same_host(&Url::parse("https://A.example:8443/other").unwrap()));
    }
}
