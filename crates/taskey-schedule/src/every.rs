//! Slots at one distance from the next, in real time.

use taskey_proto::{Span, Time};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Every {
    anchor_ms: i64,
    span_ms: i64,
}

impl Every {
    /// `None` for a span of nothing.
    pub(crate) fn new(anchor: Time, span: Span) -> Option<Self> {
        let span_ms = i64::try_from(span.ms()).ok().filter(|ms| *ms > 0)?;
        Some(Self { anchor_ms: anchor.ms(), span_ms })
    }

    pub(crate) fn next(self, after: Time) -> Option<Time> {
        let slot = self.number_until(after) + 1;
        let ms = slot.checked_mul(self.span_ms)?.checked_add(self.anchor_ms)?;
        let at = Time::from_ms(ms);
        (at.ms() == ms).then_some(at)
    }

    pub(crate) fn count(self, after: Time, until: Time) -> u64 {
        (self.number_until(until) - self.number_until(after)).max(0) as u64
    }

    /// The number of the newest slot not later than `at`, the anchor's being 0; -1 before it.
    fn number_until(self, at: Time) -> i64 {
        (at.ms() - self.anchor_ms).div_euclid(self.span_ms).max(-1)
    }
}
