//! How many refusals of one user go into the audit log: someone who tries in a loop shall not fill it.

use std::collections::HashMap;
use std::sync::Mutex;

use taskey_proto::Time;
use taskey_proto::id::UserId;

const WINDOW_MS: i64 = 60_000;
const ROWS_MAX: u64 = 30;
/// Users counted; beyond that those whose minute is over go first.
const USERS_MAX: usize = 10_000;

#[derive(Default)]
pub struct Refusals(Mutex<HashMap<UserId, Window>>);

struct Window {
    started_at: Time,
    count: u64,
}

impl Refusals {
    /// Whether this refusal is written, and then how many before it were not.
    pub(super) fn count(&self, user: UserId, now: Time) -> Option<u64> {
        let mut windows = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if windows.len() >= USERS_MAX {
            windows.retain(|_, window| now.since_ms(window.started_at) < WINDOW_MS);
        }
        let window = windows.entry(user).or_insert(Window { started_at: now, count: 0 });
        let mut left_out = 0;
        if now.since_ms(window.started_at) >= WINDOW_MS {
            left_out = window.count.saturating_sub(ROWS_MAX);
            *window = Window { started_at: now, count: 0 };
        }
        window.count += 1;
        (window.count <= ROWS_MAX).then_some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_a_minute_are_written_and_the_next_one_says_how_many_were_not() {
        let refusals = Refusals::default();
        let (user, start) = (UserId::new(uuid::Uuid::nil()), Time::from_ms(0));
        let written = (0..100).filter(|_| refusals.count(user, start).is_some()).count();
        assert_eq!(written, 30);
        assert_eq!(refusals.count(user, start.plus_ms(WINDOW_MS)), Some(70));
        assert_eq!(refusals.count(user, start.plus_ms(WINDOW_MS)), Some(0));
    }
}
