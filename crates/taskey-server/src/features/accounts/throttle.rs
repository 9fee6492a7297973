//! Slows down guessing: so many failures for one word within a window, then a pause.

use std::collections::HashMap;
use std::sync::Mutex;

use taskey_proto::Time;

const FAILURES_MAX: u32 = 10;
const WINDOW_MS: i64 = 300_000;
/// Words remembered; beyond that the oldest windows go first.
const WORDS_MAX: usize = 10_000;

#[derive(Default)]
pub struct Throttle(Mutex<HashMap<String, Window>>);

struct Window {
    started_at: Time,
    failures: u32,
}

impl Throttle {
    pub fn is_open(&self, word: &str, now: Time) -> bool {
        let windows = self.lock();
        windows.get(word).is_none_or(|window| now.since_ms(window.started_at) >= WINDOW_MS || window.failures < FAILURES_MAX)
    }

    pub fn failed(&self, word: &str, now: Time) {
        let mut windows = self.lock();
        if windows.len() >= WORDS_MAX {
            windows.retain(|_, window| now.since_ms(window.started_at) < WINDOW_MS);
        }
        if windows.len() >= WORDS_MAX {
            windows.clear();
        }
        let window = windows.entry(word.to_owned()).or_insert(Window { started_at: now, failures: 0 });
        if now.since_ms(window.started_at) >= WINDOW_MS {
            *window = Window { started_at: now, failures: 0 };
        }
        window.failures += 1;
    }

    pub fn succeeded(&self, word: &str) {
        self.lock().remove(word);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Window>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_close_for_the_rest_of_five_minutes() {
        let throttle = Throttle::default();
        let start = Time::from_ms(0);
        for _ in 0..FAILURES_MAX {
            assert!(throttle.is_open("ann", start));
            throttle.failed("ann", start);
        }
        assert!(!throttle.is_open("ann", start.plus_ms(WINDOW_MS - 1)));
        assert!(throttle.is_open("bob", start));
        assert!(throttle.is_open("ann", start.plus_ms(WINDOW_MS)));
    }
}
