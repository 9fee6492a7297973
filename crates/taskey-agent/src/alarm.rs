//! Wakes the agent at a date, without looking at the clock in between.
//!
//! Two timers of the kernel: one on the date, which also wakes when somebody sets the date, and one on the clock that counts through suspend.
//! They are made when they are first needed: a device without schedules has none.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
use taskey_proto::Time;
use tokio::io::unix::AsyncFd;

use crate::clock::{Clock, Hands};

/// When to wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// At this date, by the device's own clock.
    At(Time),
    /// After so many milliseconds, whatever the date does.
    After(i64),
}

#[derive(Debug)]
pub enum Alarm {
    Machine(Timers),
    Hands(Arc<Hands>, tokio::sync::watch::Receiver<u64>),
}

#[derive(Debug, Default)]
pub struct Timers {
    date: Option<AsyncFd<OwnedFd>>,
    count: Option<AsyncFd<OwnedFd>>,
    set: Option<Ring>,
}

/// Far enough: the timer on the date is armed even if nothing is due, so that a change of the date is heard.
const FAR_SECS: i64 = 253_402_207_199;

impl Alarm {
    pub fn of(clock: &Clock) -> Self {
        match clock {
            Clock::Machine => Alarm::Machine(Timers::default()),
            Clock::Hands(hands) => Alarm::Hands(hands.clone(), hands.moved()),
        }
    }

    /// Sets the next ring; `None`: only when the date is changed. What was set before does not count any more.
    pub fn set(&mut self, ring: Option<Ring>) -> io::Result<()> {
        match self {
            Alarm::Machine(timers) if timers.set != ring || ring.is_none() => timers.arm(ring),
            Alarm::Machine(_) => Ok(()),
            // A test's hands ring whenever they move.
            Alarm::Hands(hands, moved) => {
                hands.has_done(*moved.borrow());
                Ok(())
            }
        }
    }

    /// Returns when it rings, or the date was changed.
    pub async fn rung(&mut self) {
        match self {
            Alarm::Machine(timers) => timers.rung().await,
            Alarm::Hands(_, moved) => {
                if moved.changed().await.is_err() {
                    std::future::pending().await
                }
            }
        }
    }
}

impl Timers {
    fn arm(&mut self, ring: Option<Ring>) -> io::Result<()> {
        if ring.is_none() && self.date.is_none() {
            return Ok(());
        }
        let date = match &mut self.date {
            Some(date) => date,
            none => none.insert(timer(TimerfdClockId::Realtime)?),
        };
        let at = match ring {
            Some(Ring::At(at)) => spec(at.ms()),
            _ => Timespec { tv_sec: FAR_SECS, tv_nsec: 0 },
        };
        let when = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(date.get_ref(), when, &Itimerspec { it_interval: spec(0), it_value: at })?;
        if let Some(Ring::After(ms)) = ring {
            let count = match &mut self.count {
                Some(count) => count,
                none => none.insert(timer(TimerfdClockId::Boottime)?),
            };
            // Zero would mean never.
            timerfd_settime(count.get_ref(), TimerfdTimerFlags::empty(), &Itimerspec { it_interval: spec(0), it_value: spec(ms.max(1)) })?;
        }
        self.set = ring;
        Ok(())
    }

    async fn rung(&mut self) {
        tokio::select! {
            () = drained(self.date.as_ref()) => {}
            () = drained(self.count.as_ref()), if matches!(self.set, Some(Ring::After(_))) => {}
        }
        self.set = None;
    }
}

fn timer(clock: TimerfdClockId) -> io::Result<AsyncFd<OwnedFd>> {
    let descriptor = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    // SAFETY: `OwnedFd` owns its descriptor and gives the same one as long as it lives, and nothing takes it out of the `AsyncFd`.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

fn spec(ms: i64) -> Timespec {
    Timespec { tv_sec: ms / 1_000, tv_nsec: (ms % 1_000) * 1_000_000 }
}

/// Waits until a timer has rung or, by an error that says so, the date was changed.
async fn drained(timer: Option<&AsyncFd<OwnedFd>>) {
    let Some(timer) = timer else { return std::future::pending().await };
    loop {
        let Ok(mut ready) = timer.readable().await else { return std::future::pending().await };
        let mut count = [0; 8];
        match rustix::io::read(timer.get_ref(), &mut count) {
            Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
            Ok(_) | Err(_) => {
                ready.clear_ready();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_rings_at_a_date_and_after_a_time() {
        let clock = Clock::Machine;
        let mut alarm = Alarm::of(&clock);
        let at = clock.wall().plus_ms(30);
        alarm.set(Some(Ring::At(at))).unwrap();
        alarm.rung().await;
        assert!(clock.wall() >= at);

        let before = clock.ms();
        alarm.set(Some(Ring::After(30))).unwrap();
        alarm.rung().await;
        assert!(clock.ms() >= before + 29);
    }

    #[tokio::test]
    async fn a_date_that_has_passed_rings_at_once_and_one_that_was_replaced_does_not() {
        let mut alarm = Alarm::of(&Clock::Machine);
        alarm.set(Some(Ring::At(Time::from_ms(5)))).unwrap();
        alarm.rung().await;
        alarm.set(Some(Ring::At(Time::from_ms(5)))).unwrap();
        alarm.set(Some(Ring::At(Clock::Machine.wall().plus_ms(3_600_000)))).unwrap();
        let rung = std::pin::pin!(alarm.rung());
        assert!(futures_util::future::poll_immediate(rung).await.is_none());
    }

    #[tokio::test]
    async fn moved_hands_ring() {
        let hands = Hands::new(0, Time::from_ms(1_000));
        let mut alarm = Alarm::of(&Clock::Hands(hands.clone()));
        hands.advance_ms(5);
        alarm.rung().await;
        assert_eq!(hands.wall(), Time::from_ms(1_005));
    }
}
