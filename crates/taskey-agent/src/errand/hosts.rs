//! Which hosts may be asked: by name, by ending, each with or without a port.

use serde::{Deserialize, Serialize};
use taskey_proto::problem::Reason;

/// The patterns of a policy: `*`, `example.org`, `*.example.org` (which is not `example.org` itself), `example.org:8443`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRules(pub Vec<String>);

impl HostRules {
    /// `host` as in a URL, an IPv6 address without its brackets.
    pub fn check(&self, host: &str, port: u16) -> Result<(), Reason> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if self.0.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &host, port)) {
            return Ok(());
        }
        Err(Reason::new("policy_host", format!("this device's policy does not let {host} be asked on port {port}")))
    }
}

fn matches(pattern: &str, host: &str, port: u16) -> bool {
    let (name, wanted) = match pattern.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, port)) => (name, port.strip_prefix(':')),
        // More than one colon is an IPv6 address without brackets, and so without a port.
        None if pattern.matches(':').count() == 1 => pattern.split_once(':').map_or((pattern, None), |(name, port)| (name, Some(port))),
        None => (pattern, None),
    };
    if wanted.is_some_and(|wanted| wanted.parse() != Ok(port)) {
        return false;
    }
    match name.strip_prefix('*') {
        Some("") => true,
        Some(ending) => ending.starts_with('.') && host.ends_with(ending) && host.len() > ending.len(),
        None => name == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_an_ending_or_everything_with_or_without_a_port() {
        let cases = [
            ("*", "example.org", 80, true),
            ("example.org", "EXAMPLE.org.", 80, true),
            ("example.org", "www.example.org", 80, false),
            ("*.example.org", "www.example.org", 443, true),
            ("*.example.org", "example.org", 443, false),
            ("*.example.org", "badexample.org", 443, false),
            ("*example.org", "badexample.org", 443, false),
            ("example.org:8443", "example.org", 8443, true),
            ("example.org:8443", "example.org", 443, false),
            ("*:443", "example.org", 80, false),
            ("127.0.0.1", "127.0.0.1", 9, true),
            ("::1", "::1", 80, true),
            ("[::1]:80", "::1", 81, false),
        ];
        for (pattern, host, port, expected) in cases {
            assert_eq!(HostRules(vec![pattern.to_owned()]).check(host, port).is_ok(), expected, "{pattern} {host}:{port}");
        }
        assert_eq!(HostRules::default().check("a", 80).unwrap_err().code, "policy_host");
    }
}
