//! Which addresses the server does not call, unless whoever runs it has named their network. Pure.
//!
//! An address is judged as the one that would be connected to, and where it stands for one of IPv4, as that one too: NAT64 that is
//! allowed does not open what lies behind it. `64:ff9b:1::/48` has no one form for that; who allows it allows what it leads to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use crate::platform::network::Network;

/// What is no public address of one machine, by IANA's registries of special addresses.
const FORBIDDEN: [&str; 27] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    // With 255.255.255.255.
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

static NETWORKS: LazyLock<Vec<Network>> =
    LazyLock::new(|| FORBIDDEN.iter().map(|text| text.parse().expect("a network of the list")).collect());

/// The networks of one's own that the server may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Network>);

impl Allowed {
    /// Reads lists of networks, separated by commas; what cannot be one comes back. All addresses at once cannot be allowed.
    pub fn read(lists: &[String]) -> Result<Self, String> {
        let words = lists.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|word| !word.is_empty());
        let networks = words.map(|word| match word.parse::<Network>() {
            Ok(network) if !network.is_everything() => Ok(network),
            _ => Err(word.to_owned()),
        });
        networks.collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    /// The one that would have to be allowed.
    pub address: IpAddr,
    /// The network of the list that it is in.
    pub network: Network,
}

pub fn is_forbidden(address: IpAddr, allowed: &Allowed) -> bool {
    find_forbidden(address, allowed).is_some()
}

/// What forbids the address, if anything does.
pub fn find_forbidden(address: IpAddr, allowed: &Allowed) -> Option<Forbidden> {
    let address = address.to_canonical();
    let forms = [Some(address), ipv4_behind(address)];
    forms.into_iter().flatten().filter(|form| !allowed.contains(*form)).find_map(|form| {
        let network = NETWORKS.iter().find(|network| network.contains(form))?;
        Some(Forbidden { address: form, network: *network })
    })
}

/// The address of IPv4 that one of IPv6 stands for: compatible, NAT64, 6to4. Mapped ones are IPv4 already.
fn ipv4_behind(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    if address == Ipv6Addr::UNSPECIFIED || address == Ipv6Addr::LOCALHOST {
        return None;
    }
    let bits = address.to_bits();
    let behind = match address.segments() {
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => bits as u32,
        [0x2002, ..] => (bits >> 80) as u32,
        _ => return None,
    };
    Some(IpAddr::V4(Ipv4Addr::from_bits(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(list: &str) -> Allowed {
        Allowed::read(&[list.to_owned()]).unwrap()
    }

    fn is_open(address: &str, allowed: &Allowed) -> bool {
        !is_forbidden(address.parse().unwrap(), allowed)
    }

    #[test]
    fn what_is_not_public_is_forbidden_to_its_edges() {
        for inside in [
            "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255",
            "169.254.0.1 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255",
            "198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255",
            ":: ::1 64:ff9b::1 64:ff9b:1::1 64:ff9b:1:ffff:: 100::1 2001:db8::1 2002::1 3fff::1 3fff:fff::1 5f00::1",
            "fc00::1 fdff:ffff::1 fd00:ec2::254 fe80::1 febf::1 ff02::1",
        ] {
            for address in inside.split(' ') {
                assert!(!is_open(address, &Allowed::default()), "{address}");
            }
        }
        for outside in [
            "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0",
            "172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0",
            "198.51.101.0 203.0.114.0 223.255.255.255 8.8.8.8",
            "64:ff9c::1 64:ff9b:2::1 100:0:0:1::1 2001:db9::1 2001:4860:4860::8888 2003::1 3fff:1000::1 5eff::1 5f01::1 fbff::1",
        ] {
            for address in outside.split(' ') {
                assert!(is_open(address, &Allowed::default()), "{address}");
            }
        }
    }

    #[test]
    fn an_address_of_ipv4_stays_what_it_is_in_the_dress_of_ipv6() {
        for dressed in [
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::ffff:a9fe:a9fe",
            "::127.0.0.1",
            "::a00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!is_open(dressed, &Allowed::default()), "{dressed}");
        }
        assert!(is_open("::ffff:8.8.8.8", &Allowed::default()));
        let own = allowed("10.0.0.0/8");
        assert!(is_open("::ffff:10.0.0.1", &own), "it is connected to as 10.0.0.1");
        assert!(!is_open("64:ff9b::10.0.0.1", &own) && !is_open("2002:a00:1::", &own), "another way to it, which nobody allowed");
    }

    #[test]
    fn an_allowed_way_does_not_open_what_lies_behind_it() {
        let nat64 = allowed("64:ff9b::/96");
        assert!(is_open("64:ff9b::8.8.8.8", &nat64));
        for behind in ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1"] {
            assert!(!is_open(behind, &nat64), "{behind}");
        }
        assert!(is_open("64:ff9b::10.0.0.1", &allowed("64:ff9b::/96,10.0.0.0/8")));
        let told = find_forbidden("64:ff9b::10.0.0.1".parse().unwrap(), &nat64).unwrap();
        assert_eq!((told.address.to_string(), told.network.to_string()), ("10.0.0.1".to_owned(), "10.0.0.0/8".to_owned()));
    }

    #[test]
    fn an_allowed_network_opens_itself_alone() {
        let own = allowed("10.1.0.0/16, 192.168.7.5, fd00:1::/32, ::1");
        for address in ["10.1.0.0", "10.1.255.255", "192.168.7.5", "fd00:1::5", "::1", "8.8.8.8"] {
            assert!(is_open(address, &own), "{address}");
        }
        for address in ["10.0.255.255", "10.2.0.0", "192.168.7.4", "fd00:2::5", "127.0.0.1", "::", "169.254.169.254", "::ffff:10.2.0.1"] {
            assert!(!is_open(address, &own), "{address}");
        }
    }

    #[test]
    fn the_guard_cannot_be_switched_off() {
        for everything in ["0.0.0.0/0", "::/0", "10.0.0.0/8,10.0.0.0/0", "::ffff:0:0/96"] {
            assert!(Allowed::read(&[everything.to_owned()]).is_err(), "{everything}");
        }
    }

    #[test]
    fn the_list_is_read_from_several_texts_and_what_is_wrong_is_named() {
        let lists = ["10.0.0.0/8,192.168.0.0/16".to_owned(), " fd00::/8 ,".to_owned(), String::new()];
        assert_eq!(Allowed::read(&lists), Ok(allowed("10.0.0.0/8, 192.168.0.0/16, fd00::/8")));
        assert_eq!(Allowed::read(&["10.0.0.0/8,lan".to_owned()]), Err("lan".to_owned()));
        assert_eq!(Allowed::read(&["10.0.0.0/33".to_owned()]), Err("10.0.0.0/33".to_owned()));
    }
}
