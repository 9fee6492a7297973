//! Time as the agent believes it: what the server signed, carried on by a clock that only counts; and the clock that schedules fire by.
//!
//! The device's own date may be wrong by years and is never asked whether something is valid. [`ServerTime`] starts from the newest signed
//! time that this device has seen, moves with the machine's boot clock (which counts through suspend), and never goes back.
//!
//! Schedules fire by the device's own date, as cron does, but not blindly: [`firing_time`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use rustix::time::{ClockId, clock_gettime};
use taskey_proto::Time;
use tokio::sync::watch;

/// The machine's clocks. Tests hold hands that they move themselves.
#[derive(Debug, Clone)]
pub enum Clock {
    Machine,
    Hands(Arc<Hands>),
}

/// A clock that stands still until somebody moves it.
#[derive(Debug)]
pub struct Hands {
    boot_ms: AtomicI64,
    wall_ms: AtomicI64,
    /// How often they were moved.
    moved: watch::Sender<u64>,
    /// Up to which move the agent has done what was due.
    done: watch::Sender<u64>,
}

impl Hands {
    pub fn new(boot_ms: i64, wall: Time) -> Arc<Self> {
        let (moved, done) = (watch::Sender::new(0), watch::Sender::new(0));
        Arc::new(Self { boot_ms: boot_ms.into(), wall_ms: wall.ms().into(), moved, done })
    }

    /// Time goes by.
    pub fn advance_ms(&self, ms: i64) {
        self.boot_ms.fetch_add(ms, Ordering::SeqCst);
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.moved.send_modify(|moves| *moves += 1);
    }

    /// Somebody sets the date; no time goes by.
    pub fn set_wall(&self, wall: Time) {
        self.wall_ms.store(wall.ms(), Ordering::SeqCst);
        self.moved.send_modify(|moves| *moves += 1);
    }

    pub fn wall(&self) -> Time {
        Time::from_ms(self.wall_ms.load(Ordering::SeqCst))
    }

    pub fn moved(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// The agent has done what was due by this move.
    pub(crate) fn has_done(&self, moves: u64) {
        self.done.send_replace(moves);
    }

    /// Returns once the agent that lives by them has done what is due.
    pub async fn heeded(&self) {
        let moves = *self.moved.borrow();
        // The sender lives in self: waiting cannot fail.
        let _ = self.done.subscribe().wait_for(|done| *done >= moves).await;
    }
}

impl Clock {
    /// Milliseconds that only count up, through suspend.
    pub fn ms(&self) -> i64 {
        match self {
            Clock::Machine => {
                let now = clock_gettime(ClockId::Boottime);
                now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
            }
            Clock::Hands(hands) => hands.boot_ms.load(Ordering::SeqCst),
        }
    }

    /// The device's own date.
    pub fn wall(&self) -> Time {
        match self {
            Clock::Machine => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Hands(hands) => hands.wall(),
        }
    }
}

/// The server's time as far as this device knows it.
#[derive(Debug, Clone)]
pub struct ServerTime {
    clock: Clock,
    /// Whether the server has told the time in this life of the agent.
    is_fresh: bool,
    /// A signed time, and what the clock showed when it came.
    signed: Time,
    at_ms: i64,
}

impl ServerTime {
    /// Starts from the newest signed time of an earlier life.
    pub fn new(clock: Clock, newest: Time) -> Self {
        let at_ms = clock.ms();
        Self { clock, is_fresh: false, signed: newest, at_ms }
    }

    pub fn now(&self) -> Time {
        self.signed.plus_ms((self.clock.ms() - self.at_ms).max(0))
    }

    /// Takes a time that the server has signed; an older one than is known already changes nothing.
    pub fn saw(&mut self, signed: Time) {
        self.is_fresh = true;
        if signed > self.now() {
            self.signed = signed;
            self.at_ms = self.clock.ms();
        }
    }
}

/// The device's date and the server's time may differ by so much, in milliseconds; beyond it the date is wrong.
pub const DATE_OFF_MAX_MS: i64 = 3_600_000;

/// What schedules fire by: the device's own date, as long as it can be right.
///
/// Once the server has told the time, a date that is off by more than an hour is wrong, and the server's time counts instead. Before that a
/// date counts unless it is earlier than the newest time that the server ever signed: then the clock has not been set yet, and `None` says
/// that nothing can fire.
pub fn firing_time(server: &ServerTime, wall: Time) -> Option<Time> {
    let known = server.now();
    if server.is_fresh {
        let is_right = wall.since_ms(known).abs() <= DATE_OFF_MAX_MS;
        return Some(if is_right { wall } else { known });
    }
    (wall >= server.signed).then_some(wall)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(boot_ms: i64) -> (Clock, Arc<Hands>) {
        let hands = Hands::new(boot_ms, Time::from_ms(0));
        (Clock::Hands(hands.clone()), hands)
    }

    #[test]
    fn signed_time_is_carried_on_by_the_clock() {
        let (clock, hands) = clock(500);
        let mut time = ServerTime::new(clock, Time::from_ms(0));
        time.saw(Time::from_ms(1_000_000));
        hands.advance_ms(2_000);
        assert_eq!(time.now(), Time::from_ms(1_002_000));
    }

    #[test]
    fn time_never_goes_back() {
        let (clock, hands) = clock(10_000);
        let mut time = ServerTime::new(clock, Time::from_ms(5_000_000));
        time.saw(Time::from_ms(1_000_000));
        assert_eq!(time.now(), Time::from_ms(5_000_000));
        hands.advance_ms(-1_000);
        assert_eq!(time.now(), Time::from_ms(5_000_000));
    }

    #[test]
    fn the_machines_clock_counts_up() {
        assert!(Clock::Machine.ms() > 0);
        assert!(Clock::Machine.ms() <= Clock::Machine.ms());
        assert!(Clock::Machine.wall().ms() > 0);
    }

    #[test]
    fn before_the_server_was_heard_a_date_counts_unless_it_is_earlier_than_what_was_signed() {
        let (clock, hands) = clock(0);
        let newest = Time::from_ms(1_000_000_000);
        let mut time = ServerTime::new(clock, newest);
        assert_eq!(firing_time(&time, Time::from_ms(5)), None);
        assert_eq!(firing_time(&time, newest.plus_ms(1)), Some(newest.plus_ms(1)));
        let years_ahead = newest.plus_ms(1_000_000_000_000);
        assert_eq!(firing_time(&time, years_ahead), Some(years_ahead));

        time.saw(newest.plus_ms(60_000));
        hands.advance_ms(1_000);
        let known = newest.plus_ms(61_000);
        assert_eq!(firing_time(&time, years_ahead), Some(known));
        assert_eq!(firing_time(&time, Time::from_ms(5)), Some(known));
        assert_eq!(firing_time(&time, known.plus_ms(DATE_OFF_MAX_MS)), Some(known.plus_ms(DATE_OFF_MAX_MS)));
    }
}
