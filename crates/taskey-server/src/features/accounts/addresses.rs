//! From where a key may be used: a list of addresses and networks. Pure.

use std::net::IpAddr;

use taskey_proto::problem::FieldError;

use crate::platform::network::Network;

const ADDRESSES_MAX: usize = 32;

/// What is wrong with a list that somebody wants to set.
pub fn check_addresses(list: &[String]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if list.len() > ADDRESSES_MAX {
        errors.push(FieldError::new("/addresses", format!("at most {ADDRESSES_MAX}; name networks instead of addresses")));
    }
    for (index, text) in list.iter().enumerate().take(ADDRESSES_MAX) {
        if text.parse::<Network>().is_err() {
            let detail = "an address such as 192.0.2.7, or a network such as 10.0.0.0/8 or 2001:db8::/32";
            errors.push(FieldError::new(format!("/addresses/{index}"), detail));
        }
    }
    errors
}

/// Whether a key with that list may be used from `address`. An empty list is no limit; what cannot be read lets nobody in.
pub fn allows(list: &[String], address: &str) -> bool {
    if list.is_empty() {
        return true;
    }
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    list.iter().filter_map(|text| text.parse::<Network>().ok()).any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn addresses_and_networks_are_taken_and_everything_else_is_named() {
        assert!(
            check_addresses(&list(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1", "0.0.0.0/0", "::ffff:10.0.0.0/104"])).is_empty()
        );
        let wrong = list(&["10.0.0.0/8", "", "10.0.0.0/33", "example.org", "10.0.0.1:80", "10.0.0.0/", " 10.0.0.1"]);
        let pointers: Vec<String> = check_addresses(&wrong).into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, (1..7).map(|index| format!("/addresses/{index}")).collect::<Vec<_>>());
        assert!(check_addresses(&list(&["::1"; ADDRESSES_MAX])).is_empty());
        assert_eq!(check_addresses(&list(&["::1"; ADDRESSES_MAX + 1]))[0].pointer, "/addresses");
    }

    #[test]
    fn a_key_is_used_from_its_addresses_and_from_nowhere_else() {
        let office = list(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
        for inside in ["10.0.0.0", "10.255.255.255", "192.0.2.7", "::ffff:192.0.2.7", "::ffff:10.1.2.3", "2001:db8::1", "2001:db8:ffff::"] {
            assert!(allows(&office, inside), "{inside}");
        }
        for outside in
            ["11.0.0.0", "9.255.255.255", "192.0.2.8", "::ffff:11.0.0.0", "2001:db9::1", "::1", "127.0.0.1", "", "office", "10.0.0.1:80"]
        {
            assert!(!allows(&office, outside), "{outside}");
        }
    }

    #[test]
    fn an_empty_list_is_no_limit_and_an_unreadable_one_lets_nobody_in() {
        assert!(allows(&[], "192.0.2.1") && allows(&[], ""));
        assert!(!allows(&list(&["nonsense"]), "192.0.2.1"));
        assert!(allows(&list(&["::ffff:10.0.0.0/104"]), "10.1.1.1"), "a network that is written as mapped is one of IPv4");
    }
}
