//! Decisions about devices. Pure.

use taskey_proto::Time;

/// After a line ends, how long a device has to be back before it counts as offline.
pub(super) const GRACE_MS: i64 = 10_000;

/// The last credential that was accepted from a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastCredential {
    pub counter: u64,
    /// When its nonce was given out.
    pub asked_at: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterVerdict {
    /// Newer than the last: remember it.
    Newer,
    /// The last one once more, or an older one that is still valid.
    Known,
    /// Two holders of the same key: who asked later must count higher.
    Cloned,
}

/// Judges a credential by its counter and the time its nonce was given out. An agent counts up with each credential, and asks for
/// its nonce while nobody else may count: one that was asked for later and does not count higher comes of a second copy of the
/// device's state folder. One that counts higher and was asked for earlier comes of a server clock that was set back.
pub fn judge_counter(last: LastCredential, counter: u64, asked_at: Time) -> CounterVerdict {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match (counter.cmp(&last.counter), asked_at.cmp(&last.asked_at)) {
        (Greater, _) => CounterVerdict::Newer,
        (Equal, Equal) | (Less, Less | Equal) => CounterVerdict::Known,
        _ => CounterVerdict::Cloned,
    }
}

/// The first of `name`, `name-2`, `name-3` … that is free.
pub fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let mut number = 2u32;
    loop {
        let candidate = format!("{name}-{number}");
        if !is_taken(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_credential_counts_higher_or_comes_of_a_copy() {
        let last = LastCredential { counter: 5, asked_at: Time::from_ms(100) };
        let judge = |counter, ms| judge_counter(last, counter, Time::from_ms(ms));
        assert_eq!(judge(6, 200), CounterVerdict::Newer);
        assert_eq!(judge(5, 100), CounterVerdict::Known);
        assert_eq!(judge(4, 50), CounterVerdict::Known);
        assert_eq!(judge(5, 200), CounterVerdict::Cloned);
        assert_eq!(judge(4, 200), CounterVerdict::Cloned);
        assert_eq!(judge(6, 50), CounterVerdict::Newer, "the server's clock was set back");
    }

    #[test]
    fn a_taken_name_gets_the_next_number() {
        let taken = ["web", "web-2"];
        assert_eq!(free_name("web", |name| taken.contains(&name)), "web-3");
        assert_eq!(free_name("db", |name| taken.contains(&name)), "db");
    }
}
