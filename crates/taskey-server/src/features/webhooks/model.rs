//! When a delivery is tried again, and when a webhook is given up. Pure.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::crypto::sha256;
use taskey_proto::id::DeliveryId;

/// Seconds between a try that failed and the next one.
const STEPS: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// A webhook is given up when every try failed for so long.
const GIVEN_UP_AFTER_MS: i64 = 120 * 3_600_000;

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// The receiver wants nothing more.
    Gone,
    Failed {
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// Of an answer: only 2xx is success, a redirection is not followed and no success.
    pub fn of_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            200..300 => Outcome::Delivered,
            410 => Outcome::Gone,
            _ => Outcome::Failed { retry_after },
        }
    }
}

/// How long after its `tries`-th failed try a delivery is tried again; `None`: never. What the receiver asks for counts up to twice the step.
pub fn next_try(delivery: DeliveryId, tries: u64, retry_after: Option<Duration>) -> Option<Duration> {
    let step = *STEPS.get(usize::try_from(tries.checked_sub(1)?).ok()?)?;
    let step_ms = step * 1_000;
    // Up to a fifth more or less, so that what failed together does not come back together.
    let digest = sha256(format!("{delivery}/{tries}").as_bytes());
    let spread = u64::from(u16::from_be_bytes([digest[0], digest[1]]));
    let wait_ms = step_ms * 4 / 5 + step_ms * 2 / 5 * spread / u64::from(u16::MAX);
    let asked_ms = retry_after.map_or(0, |asked| u64::try_from(asked.as_millis()).unwrap_or(u64::MAX)).min(step_ms * 2);
    Some(Duration::from_millis(wait_ms.max(asked_ms)))
}

/// Whether a webhook is given up that fails now, since then.
pub fn is_given_up(failing_since: Option<Time>, now: Time) -> bool {
    failing_since.is_some_and(|since| now.ms() - since.ms() >= GIVEN_UP_AFTER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(number: u128) -> DeliveryId {
        DeliveryId::new(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn tries_are_spaced_as_the_standard_says_within_a_fifth() {
        for (index, step) in STEPS.iter().enumerate() {
            for number in 0..200 {
                let wait = next_try(delivery(number), index as u64 + 1, None).unwrap().as_secs_f64();
                let step = *step as f64;
                assert!((step * 0.8 - 0.001..=step * 1.2 + 0.001).contains(&wait), "{wait} for {step}");
            }
        }
        assert_eq!(next_try(delivery(1), STEPS.len() as u64 + 1, None), None, "after ten tries it is over");
        assert_ne!(next_try(delivery(1), 3, None), next_try(delivery(2), 3, None), "not all at once");
    }

    #[test]
    fn what_the_receiver_asks_for_counts_up_to_twice_the_step() {
        let after = |secs| next_try(delivery(1), 2, Some(Duration::from_secs(secs))).unwrap();
        assert_eq!(after(400), Duration::from_secs(400));
        assert_eq!(after(86_400), Duration::from_secs(600));
        assert!(after(1) >= Duration::from_secs(240));
    }

    #[test]
    fn only_an_answer_of_success_is_one() {
        assert_eq!(Outcome::of_status(204, None), Outcome::Delivered);
        assert_eq!(Outcome::of_status(410, None), Outcome::Gone);
        for status in [301, 302, 400, 404, 429, 500, 503] {
            assert_eq!(Outcome::of_status(status, None), Outcome::Failed { retry_after: None });
        }
    }

    #[test]
    fn days_of_failures_alone_end_a_webhook() {
        let now = Time::from_ms(1_000_000_000_000);
        assert!(!is_given_up(None, now));
        assert!(!is_given_up(Some(now.plus_ms(-119 * 3_600_000)), now));
        assert!(is_given_up(Some(now.plus_ms(-120 * 3_600_000)), now));
    }
}
