//! Whose word counts on where a request came from.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

/// A network: an address, or `ADDRESS/BITS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let len = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(len);
        match (address, address.to_canonical()) {
            _ if bits > len => Err(()),
            // A network of mapped addresses is one of IPv4: clients are compared in that form.
            (IpAddr::V6(_), canonical @ IpAddr::V4(_)) if bits >= 96 => Ok(Self { address: canonical, bits: bits - 96 }),
            _ => Ok(Self { address, bits }),
        }
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.bits),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.bits),
            _ => false,
        }
    }
}

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

    #[test]
    fn a_network_is_an_address_with_its_bits() {
        for wrong in ["", "10.0.0.0/33", "host", "10.0.0.0/-1", "::1/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
    }
}
