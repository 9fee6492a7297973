//! Time as the agent believes it: what the server signed, carried on by a clock that only counts.
//!
//! The device's own date may be wrong by years and is never asked. [`ServerTime`] starts from the newest signed time that
//! this device has seen, moves with the machine's boot clock (which counts through suspend), and never goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rustix::time::{ClockId, clock_gettime};
use taskey_proto::Time;

/// Milliseconds that only count up. Tests hold a clock that they move themselves.
#[derive(Debug, Clone)]
pub enum Clock {
    Boot,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn ms(&self) -> i64 {
        match self {
            Clock::Boot => {
                let now = clock_gettime(ClockId::Boottime);
                now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
            }
            Clock::Manual(ms) => ms.load(Ordering::SeqCst),
        }
    }
}

/// The server's time as far as this device knows it.
#[derive(Debug, Clone)]
pub struct ServerTime {
    clock: Clock,
    /// A signed time, and what the clock showed when it came.
    signed: Time,
    at_ms: i64,
}

impl ServerTime {
    /// Starts from the newest signed time of an earlier life.
    pub fn new(clock: Clock, newest: Time) -> Self {
        let at_ms = clock.ms();
        Self { clock, signed: newest, at_ms }
    }

    pub fn now(&self) -> Time {
        self.signed.plus_ms((self.clock.ms() - self.at_ms).max(0))
    }

    /// Takes a time that the server has signed; an older one than is known already changes nothing.
    pub fn saw(&mut self, signed: Time) {
        if signed > self.now() {
            self.signed = signed;
            self.at_ms = self.clock.ms();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual(ms: i64) -> (Clock, Arc<AtomicI64>) {
        let hand = Arc::new(AtomicI64::new(ms));
        (Clock::Manual(hand.clone()), hand)
    }

    #[test]
    fn signed_time_is_carried_on_by_the_clock() {
        let (clock, hand) = manual(500);
        let mut time = ServerTime::new(clock, Time::from_ms(0));
        time.saw(Time::from_ms(1_000_000));
        hand.store(2_500, Ordering::SeqCst);
        assert_eq!(time.now(), Time::from_ms(1_002_000));
    }

    #[test]
    fn time_never_goes_back() {
        let (clock, hand) = manual(10_000);
        let mut time = ServerTime::new(clock, Time::from_ms(5_000_000));
        time.saw(Time::from_ms(1_000_000));
        assert_eq!(time.now(), Time::from_ms(5_000_000));
        hand.store(9_000, Ordering::SeqCst);
        assert_eq!(time.now(), Time::from_ms(5_000_000));
    }

    #[test]
    fn the_boot_clock_counts_up() {
        assert!(Clock::Boot.ms() > 0);
        assert!(Clock::Boot.ms() <= Clock::Boot.ms());
    }
}
