//! Time and chance, as values of the app: ops and pure code get `now` and ids as arguments.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use taskey_proto::Time;
use tokio::sync::watch;

/// The clock of the app. A test holds a [`ManualClock`] and moves it by hand; nothing sleeps.
#[derive(Clone)]
pub enum Clock {
    System,
    Manual(ManualClock),
}

impl Clock {
    pub fn now(&self) -> Time {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time::from_ms(since.as_millis() as i64)
            }
            Clock::Manual(manual) => manual.now(),
        }
    }

    /// Returns when `span` has passed on this clock.
    pub async fn sleep(&self, span: Duration) {
        match self {
            Clock::System => tokio::time::sleep(span).await,
            Clock::Manual(manual) => manual.reaches(manual.now().plus_ms(span.as_millis() as i64)).await,
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct ManualClock(Arc<watch::Sender<Time>>);

impl ManualClock {
    pub fn at(start: Time) -> Self {
        Self(Arc::new(watch::Sender::new(start)))
    }

    pub fn now(&self) -> Time {
        *self.0.borrow()
    }

    pub fn advance(&self, span: Duration) {
        self.0.send_modify(|now| *now = now.plus_ms(span.as_millis() as i64));
    }

    async fn reaches(&self, due: Time) {
        let mut receiver = self.0.subscribe();
        // The sender lives in self: waiting cannot fail.
        let _ = receiver.wait_for(|now| *now >= due).await;
    }
}

/// Makes UUIDv7s that never go backwards within one process.
#[derive(Default)]
pub struct IdSource(Mutex<Last>);

#[derive(Default)]
struct Last {
    ms: u64,
    counter: u64,
}

impl IdSource {
    /// A UUIDv7 at `now`, larger than all before it from this source.
    pub fn uuid(&self, now: Time) -> uuid::Uuid {
        let random: [u8; 10] = taskey_proto::crypto::random().expect("the system has a random source");
        let mut last = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let ms = (now.ms() as u64).max(last.ms);
        // 12 bits of counter: past 4,096 ids in one millisecond the next one is borrowed from the following millisecond.
        last.counter = if ms == last.ms { last.counter + 1 } else { 0 };
        last.ms = if last.counter > 0xfff { ms + 1 } else { ms };
        if last.counter > 0xfff {
            last.counter = 0;
        }
        let mut bytes = [0u8; 10];
        bytes.copy_from_slice(&random);
        bytes[0] = (last.counter >> 8) as u8;
        bytes[1] = last.counter as u8;
        uuid::Builder::from_unix_timestamp_millis(last.ms, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_and_of_a_clock_that_goes_back_still_ascend() {
        let source = IdSource::default();
        let mut last = source.uuid(Time::from_ms(1_000));
        for turn in 0..10_000 {
            let next = source.uuid(Time::from_ms(if turn % 2 == 0 { 1_000 } else { 900 }));
            assert!(next > last);
            last = next;
        }
    }
}
