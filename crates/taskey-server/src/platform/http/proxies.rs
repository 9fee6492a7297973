//! Whose word counts on where a request came from.

use std::net::IpAddr;

use http::HeaderMap;

use crate::platform::network::Network;

/// The proxies in front of this server; a request of anyone else is from whom it comes from.
#[derive(Debug, Clone, Default)]
pub struct Proxies(pub Vec<Network>);

impl Proxies {
    /// Where a request came from: the peer, or where that is a trusted proxy, the last address of `X-Forwarded-For` that is none.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let words = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        let mut client = peer;
        for word in words.collect::<Vec<_>>().into_iter().rev() {
            // What stands before something that is no address was not written by a proxy of ours.
            let Ok(address) = word.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.trust(client) {
                break;
            }
        }
        client
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = Proxies(proxies.iter().map(|text| text.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_as_far_as_it_can_know() {
        assert_eq!(client(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client(&["192.0.2.1"], "192.0.2.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client(&["192.0.2.0/24"], "::ffff:192.0.2.1", &["198.51.100.1, 203.0.113.9"]), "203.0.113.9", "the first was made up");
        assert_eq!(client(&["192.0.2.0/24"], "192.0.2.1", &["203.0.113.9", "192.0.2.7"]), "203.0.113.9");
        assert_eq!(client(&["192.0.2.1"], "192.0.2.1", &["nonsense"]), "192.0.2.1");
        assert_eq!(client(&["192.0.2.1"], "192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(client(&["2001:db8::/32"], "2001:db8::1", &["2001:db9::5"]), "2001:db9::5");
    }
}
