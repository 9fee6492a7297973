//! Slows down guessing. Pure: the time is an argument, and what it knows is this process's memory.
//!
//! A password is not checked any more after 10 failures for a user name from an address, 50 from an address for all names together
//! (5 minutes each), or 100 for a user name from everywhere (an hour). The last of these spares the addresses from which that user has
//! signed in before: a stranger who fails on purpose does not lock the owner out.
//!
//! What counts is the name as it is typed, whether or not there is such a user: nothing here tells whether a name exists.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use taskey_proto::Time;
use taskey_proto::crypto::sha256;
use taskey_proto::id::UserId;

const MINUTE_MS: i64 = 60_000;
const PROVEN_MS: i64 = 30 * 24 * 60 * MINUTE_MS;
/// Names, addresses and pairs of them that are remembered, of each kind; some 3 MB each when full.
const ENTRIES_MAX: usize = 50_000;

/// What the app remembers of failures.
#[derive(Clone, Default)]
pub struct Throttle(Arc<Mutex<Memory>>);

struct Memory {
    /// By user name and address.
    pairs: Failures,
    /// By address.
    addresses: Failures,
    /// By user name.
    names: Failures,
    /// By address, of enrolment tokens.
    tokens: Failures,
    /// When a user last signed in from an address.
    proven: HashMap<(UserId, Key), Time>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            pairs: Failures::new(10, 5 * MINUTE_MS),
            addresses: Failures::new(50, 5 * MINUTE_MS),
            names: Failures::new(100, 60 * MINUTE_MS),
            tokens: Failures::new(10, 5 * MINUTE_MS),
            proven: HashMap::new(),
        }
    }
}

/// A user name that somebody typed at an address.
#[derive(Clone)]
pub struct Guess {
    name: Key,
    address: Key,
    pair: Key,
}

impl Guess {
    pub fn new(username: &str, address: &str) -> Self {
        let address = network(address);
        Self { name: key(&[username]), address: key(&[&address]), pair: key(&[username, &address]) }
    }
}

/// No password is looked at until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    pub until: Time,
}

impl Closed {
    pub fn retry_after_secs(self, now: Time) -> u64 {
        (self.until.since_ms(now).max(1) as u64).div_ceil(1_000)
    }
}

/// What a failure has closed just now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JustClosed {
    /// For this name from this address.
    pub here: Option<Closed>,
    /// For this name from everywhere.
    pub everywhere: Option<Closed>,
    /// For this address, whatever the name.
    pub address: Option<Closed>,
}

impl Throttle {
    /// Whose password may be looked at, of those who are called so: all of them, or while the name is closed those who have signed in
    /// from this address before.
    pub fn admit(&self, guess: &Guess, candidates: &[UserId], now: Time) -> Result<Vec<UserId>, Closed> {
        let memory = self.lock();
        let closed = [memory.pairs.closed(guess.pair, now), memory.addresses.closed(guess.address, now)];
        if let Some(closed) = closed.into_iter().flatten().max_by_key(|closed| closed.until) {
            return Err(closed);
        }
        let Some(closed) = memory.names.closed(guess.name, now) else { return Ok(candidates.to_vec()) };
        let is_proven = |user: &&UserId| memory.proven.get(&(**user, guess.address)).is_some_and(|at| now.since_ms(*at) < PROVEN_MS);
        let spared: Vec<UserId> = candidates.iter().filter(is_proven).copied().collect();
        if spared.is_empty() { Err(closed) } else { Ok(spared) }
    }

    pub fn failed(&self, guess: &Guess, now: Time) -> JustClosed {
        let mut memory = self.lock();
        JustClosed {
            here: memory.pairs.add(guess.pair, now),
            everywhere: memory.names.add(guess.name, now),
            address: memory.addresses.add(guess.address, now),
        }
    }

    /// Failures are not forgotten: another organization may have a user of that name, and whoever can sign in as the one could go on
    /// guessing at the other.
    pub fn succeeded(&self, guess: &Guess, user: UserId, now: Time) {
        let proven = &mut self.lock().proven;
        if proven.len() >= ENTRIES_MAX {
            proven.retain(|_, at| now.since_ms(*at) < PROVEN_MS);
        }
        if proven.len() >= ENTRIES_MAX {
            let oldest = proven.iter().min_by_key(|(_, at)| **at).map(|(pair, _)| *pair);
            oldest.map(|pair| proven.remove(&pair));
        }
        proven.insert((user, guess.address), now);
    }

    /// Whether enrolment tokens from an address are not looked at.
    pub fn tokens_closed(&self, address: &str, now: Time) -> Option<Closed> {
        self.lock().tokens.closed(key(&[&network(address)]), now)
    }

    pub fn token_failed(&self, address: &str, now: Time) {
        self.lock().tokens.add(key(&[&network(address)]), now);
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names are as long as somebody likes; their digests are not.
type Key = [u8; 16];

fn key(parts: &[&str]) -> Key {
    let digest = sha256(parts.join("\0").as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}

/// What one person can have many addresses of counts as one: with IPv6 a /64.
fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Failures of one kind, each within a window that begins with the first.
struct Failures {
    max: u32,
    window_ms: i64,
    windows: HashMap<Key, Window>,
}

#[derive(Clone, Copy)]
struct Window {
    started_at: Time,
    count: u32,
}

impl Failures {
    fn new(max: u32, window_ms: i64) -> Self {
        Self { max, window_ms, windows: HashMap::new() }
    }

    fn closed(&self, key: Key, now: Time) -> Option<Closed> {
        let window = self.windows.get(&key)?;
        let until = window.started_at.plus_ms(self.window_ms);
        (window.count >= self.max && until > now).then_some(Closed { until })
    }

    /// Counts a failure; tells when it is the one that closes.
    fn add(&mut self, key: Key, now: Time) -> Option<Closed> {
        if self.windows.len() >= ENTRIES_MAX && !self.windows.contains_key(&key) {
            self.make_room(now);
        }
        let fresh = Window { started_at: now, count: 0 };
        let window = self.windows.entry(key).or_insert(fresh);
        if now.since_ms(window.started_at) >= self.window_ms {
            *window = fresh;
        }
        window.count += 1;
        (window.count == self.max).then(|| Closed { until: window.started_at.plus_ms(self.window_ms) })
    }

    /// What is over goes first, then what has fewest failures: a flood of made-up names pushes itself out, not what is under attack.
    fn make_room(&mut self, now: Time) {
        self.windows.retain(|_, window| now.since_ms(window.started_at) < self.window_ms);
        let mut few = 1;
        while self.windows.len() >= ENTRIES_MAX {
            self.windows.retain(|_, window| window.count > few);
            few += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Time {
        Time::from_ms(100 * 86_400_000)
    }

    fn user(number: u128) -> UserId {
        UserId::new(uuid::Uuid::from_u128(number))
    }

    fn is_open(throttle: &Throttle, name: &str, address: &str, now: Time) -> bool {
        throttle.admit(&Guess::new(name, address), &[], now).is_ok()
    }

    fn fail(throttle: &Throttle, name: &str, address: &str, times: usize) -> Vec<JustClosed> {
        (0..times).map(|_| throttle.failed(&Guess::new(name, address), start())).collect()
    }

    #[test]
    fn ten_failures_for_a_name_at_an_address_close_it_there_for_the_rest_of_five_minutes() {
        let throttle = Throttle::default();
        let said = fail(&throttle, "ann", "192.0.2.1", 9);
        assert!(is_open(&throttle, "ann", "192.0.2.1", start()));
        assert!(said.iter().all(|closed| *closed == JustClosed::default()));
        let closed = fail(&throttle, "ann", "192.0.2.1", 1)[0].here.unwrap();
        assert_eq!(closed.until, start().plus_ms(300_000));
        assert_eq!(closed.retry_after_secs(start().plus_ms(1_500)), 299);
        assert_eq!(throttle.admit(&Guess::new("ann", "192.0.2.1"), &[user(1)], start()), Err(closed));
        assert!(is_open(&throttle, "ann", "192.0.2.2", start()) && is_open(&throttle, "bob", "192.0.2.1", start()));
        assert!(!is_open(&throttle, "ann", "192.0.2.1", start().plus_ms(299_999)));
        assert!(is_open(&throttle, "ann", "192.0.2.1", start().plus_ms(300_000)));
        assert_eq!(fail(&throttle, "ann", "192.0.2.1", 1)[0].here, None, "it is said once");
    }

    #[test]
    fn fifty_failures_at_an_address_over_all_names_close_it_for_every_name() {
        let throttle = Throttle::default();
        for number in 0..49 {
            assert_eq!(fail(&throttle, &format!("name-{number}"), "192.0.2.1", 1)[0].address, None);
        }
        assert!(is_open(&throttle, "ann", "192.0.2.1", start()));
        assert!(fail(&throttle, "one more", "192.0.2.1", 1)[0].address.is_some());
        assert!(!is_open(&throttle, "ann", "192.0.2.1", start()));
        assert!(is_open(&throttle, "ann", "198.51.100.1", start()));
        assert!(is_open(&throttle, "ann", "192.0.2.1", start().plus_ms(300_000)));
    }

    #[test]
    fn a_hundred_failures_for_a_name_close_it_but_not_where_its_user_has_signed_in() {
        let throttle = Throttle::default();
        let (ann, other) = (user(1), user(2));
        let home = Guess::new("ann", "203.0.113.9");
        throttle.succeeded(&home, ann, start());
        let mut closed = None;
        for number in 0..100 {
            closed = fail(&throttle, "ann", &format!("198.51.100.{number}"), 1)[0].everywhere;
        }
        let closed = closed.expect("the hundredth closes");
        assert_eq!(closed.until, start().plus_ms(3_600_000));
        assert_eq!(throttle.admit(&Guess::new("ann", "192.0.2.1"), &[ann, other], start()), Err(closed));
        assert_eq!(throttle.admit(&home, &[ann, other], start()), Ok(vec![ann]), "the other of that name has never been here");
        assert_eq!(throttle.admit(&home, &[], start()), Err(closed), "a name that nobody has is closed in the same way");
        assert_eq!(throttle.admit(&home, &[ann], closed.until), Ok(vec![ann]));
        fail(&throttle, "ann", "203.0.113.9", 10);
        assert!(throttle.admit(&home, &[ann], start()).is_err(), "ten failures count there, too");
    }

    #[test]
    fn an_address_is_forgotten_after_thirty_days() {
        let throttle = Throttle::default();
        let home = Guess::new("ann", "203.0.113.9");
        throttle.succeeded(&home, user(1), start().plus_ms(-PROVEN_MS));
        for number in 0..100 {
            fail(&throttle, "ann", &format!("198.51.100.{number}"), 1);
        }
        assert!(throttle.admit(&home, &[user(1)], start()).is_err());
        throttle.succeeded(&home, user(1), start().plus_ms(1 - PROVEN_MS));
        assert!(throttle.admit(&home, &[user(1)], start()).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_and_a_mapped_address_count_as_one() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network(""), "");
        let throttle = Throttle::default();
        for number in 0..10 {
            fail(&throttle, "ann", &format!("2001:db8:1:2::{number:x}"), 1);
        }
        assert!(!is_open(&throttle, "ann", "2001:db8:1:2:ffff::1", start()));
        assert!(is_open(&throttle, "ann", "2001:db8:1:3::1", start()));
    }

    #[test]
    fn a_flood_of_made_up_names_takes_bounded_memory_and_frees_nobody() {
        let mut failures = Failures::new(10, 300_000);
        let attacked = key(&["ann"]);
        for _ in 0..10 {
            failures.add(attacked, start());
        }
        for number in 0..2 * ENTRIES_MAX {
            failures.add(key(&[&number.to_string()]), start());
            assert!(failures.windows.len() <= ENTRIES_MAX);
        }
        assert!(failures.closed(attacked, start()).is_some());
    }

    #[test]
    fn ten_wrong_tokens_from_an_address_close_enrolment_there() {
        let throttle = Throttle::default();
        for _ in 0..10 {
            assert_eq!(throttle.tokens_closed("192.0.2.1", start()), None);
            throttle.token_failed("192.0.2.1", start());
        }
        assert!(throttle.tokens_closed("192.0.2.1", start()).is_some());
        assert_eq!(throttle.tokens_closed("192.0.2.2", start()), None);
        assert!(is_open(&throttle, "ann", "192.0.2.1", start()), "tokens are not passwords");
    }
}
