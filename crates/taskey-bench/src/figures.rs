//! Samples, and how they are shown.

use std::fmt::Write as _;

/// One contender's times.
pub struct Samples {
    pub name: &'static str,
    /// From the call to the first instruction of the command, in nanoseconds; empty where no command is started.
    pub started: Vec<u64>,
    /// From the call to its answer, in nanoseconds.
    pub result: Vec<u64>,
}

/// A ratio and what it must not exceed.
pub struct Ratio {
    pub name: &'static str,
    pub value: f64,
    pub must: f64,
}

impl Samples {
    pub fn new(name: &'static str) -> Self {
        Self { name, started: Vec::new(), result: Vec::new() }
    }
}

impl Ratio {
    /// Of two times in nanoseconds.
    pub fn new(name: &'static str, product: u64, floor: u64, must: f64) -> Self {
        Self { name, value: product as f64 / floor.max(1) as f64, must }
    }
}

/// The sample below or at which `percent` of all lie; 0 where there is none.
pub fn percentile(samples: &[u64], percent: usize) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

pub fn table(contenders: &[&Samples]) -> String {
    let mut text = format!("{:<38}{:>24}    {:>24}\n", "ms", "started p50 / p95 / p99", "result p50 / p95 / p99");
    for samples in contenders {
        let (started, result) = (three(&samples.started), three(&samples.result));
        let _ = writeln!(text, "{:<38}{started:>24}    {result:>24}", samples.name);
    }
    text
}

pub fn ratios(against: &str, ratios: &[Ratio]) -> String {
    let mut text = format!("{against:<38}{:>10}{:>10}\n", "measured", "must");
    for ratio in ratios {
        let verdict = if ratio.value <= ratio.must { "holds" } else { "does not hold" };
        let _ = writeln!(text, "{:<38}{:>9.1}x{:>9.1}x  {verdict}", ratio.name, ratio.value, ratio.must);
    }
    text
}

fn three(samples: &[u64]) -> String {
    if samples.is_empty() {
        return "-".to_owned();
    }
    let ms = |percent| percentile(samples, percent) as f64 / 1e6;
    format!("{:.2} / {:.2} / {:.2}", ms(50), ms(95), ms(99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_was_taken() {
        let samples: Vec<u64> = (1..=200).rev().collect();
        assert_eq!([50, 95, 99, 100].map(|percent| percentile(&samples, percent)), [100, 190, 198, 200]);
        assert_eq!(percentile(&[7], 99), 7);
        assert_eq!(percentile(&[], 50), 0);
    }

    #[test]
    fn a_ratio_at_its_budget_holds_and_one_above_does_not() {
        let text = ratios("against a floor", &[Ratio::new("at", 40, 10, 4.0), Ratio::new("above", 41, 10, 4.0)]);
        assert!(text.lines().any(|line| line.starts_with("at ") && line.ends_with("4.0x  holds")), "{text}");
        assert!(text.lines().any(|line| line.starts_with("above ") && line.ends_with("does not hold")), "{text}");
    }
}
