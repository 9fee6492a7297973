//! What was measured, for people and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    /// `ms`, `s`, `KiB`, `MiB`, `%`, `/s` or `x`.
    pub unit: &'static str,
    /// How the value was made, where there is more to say: a median's least and greatest, a floor's conditions.
    pub detail: String,
    /// What it must not exceed; `None` where nothing is asked.
    pub must: Option<f64>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub devices: usize,
    pub conditions: String,
    pub figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn note(&mut self, name: &str, value: f64, unit: &'static str, detail: impl Into<String>) -> &mut Figure {
        self.figures.push(Figure { name: name.to_owned(), value, unit, detail: detail.into(), must: None });
        let last = self.figures.len() - 1;
        &mut self.figures[last]
    }

    /// One line a figure.
    pub fn table(&self) -> String {
        let mut text = format!("{}\n\n", self.conditions);
        for figure in &self.figures {
            let value = format!("{} {}", rounded(figure.value), figure.unit);
            let verdict = match figure.must {
                Some(must) if figure.value <= must => format!("must {}: holds", rounded(must)),
                Some(must) => format!("must {}: does not hold", rounded(must)),
                None => String::new(),
            };
            let rest =
                [figure.detail.as_str(), verdict.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
            let _ = writeln!(text, "{:<44}{value:>14}  {rest}", figure.name);
        }
        text
    }
}

impl Figure {
    pub(crate) fn must(&mut self, must: f64) {
        self.must = Some(must);
    }
}

fn rounded(value: f64) -> String {
    match value {
        value if value >= 1_000.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// Sorted samples of a time.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self(samples)
    }

    /// The sample below or at which `percent` of all lie, in milliseconds; 0 where there is none.
    pub fn ms(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(0.0, |sample| sample.as_secs_f64() * 1e3)
    }

    pub fn spread(&self) -> String {
        format!("{} to {} ms, {} rounds", rounded(self.ms(0)), rounded(self.ms(100)), self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_was_taken() {
        let samples = Samples::new((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!([0, 50, 99, 100].map(|percent| samples.ms(percent)), [1.0, 100.0, 198.0, 200.0]);
        assert_eq!(Samples::new(Vec::new()).ms(50), 0.0);
    }

    #[test]
    fn a_figure_at_its_budget_holds_and_one_above_does_not() {
        let mut report = Report::default();
        report.note("at", 6.0, "x", "").must(6.0);
        report.note("above", 6.1, "x", "median").must(6.0);
        let table = report.table();
        assert!(table.lines().any(|line| line.starts_with("at ") && line.ends_with("must 6.00: holds")), "{table}");
        assert!(table.lines().any(|line| line.starts_with("above ") && line.ends_with("median; must 6.00: does not hold")), "{table}");
    }
}
