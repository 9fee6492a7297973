//! Dotted numbers, as versions and amounts are: `5`, `5.10`, `2147483648`.

use std::cmp::Ordering;
use std::fmt;

/// One to eight numbers with dots between them, of any size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dotted(String);

const PARTS_MAX: usize = 8;

impl Dotted {
    pub fn parse(text: &str) -> Option<Self> {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = text.split('.').take(PARTS_MAX + 1).count() <= PARTS_MAX;
        (fits && text.split('.').all(is_number)).then(|| Self(text.to_owned()))
    }

    /// How a text is ordered against this number; `None` where it is none.
    pub fn order_of(&self, text: &str, numbers: super::Numbers) -> Option<Ordering> {
        match numbers {
            super::Numbers::Dotted => Some(Self::parse(text)?.compare(self)),
            super::Numbers::Amounts => text.parse::<f64>().ok()?.partial_cmp(&self.0.parse().ok()?),
        }
    }

    /// Number by number; what one of them lacks is 0.
    pub fn compare(&self, other: &Self) -> Ordering {
        let parts = |number: &'_ Self| -> Vec<String> {
            let mut parts: Vec<String> = number.0.split('.').map(|part| part.trim_start_matches('0').to_owned()).collect();
            parts.resize(PARTS_MAX, String::new());
            parts
        };
        let pairs = parts(self).into_iter().zip(parts(other));
        // Without leading zeros the longer number is the greater one.
        pairs.map(|(one, two)| one.len().cmp(&two.len()).then_with(|| one.cmp(&two))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_number_by_number() {
        let order = |one: &str, two: &str| Dotted::parse(one).unwrap().compare(&Dotted::parse(two).unwrap());
        for (one, two) in
            [("5.9", "5.10"), ("9", "10"), ("1.2", "1.2.1"), ("0.9.9", "1"), ("99999999999999999999", "100000000000000000000")]
        {
            assert_eq!((order(one, two), order(two, one)), (Ordering::Less, Ordering::Greater), "{one} {two}");
        }
        for (one, two) in [("12", "12.0"), ("012", "12"), ("0", "0.0.0")] {
            assert_eq!(order(one, two), Ordering::Equal, "{one} {two}");
        }
    }

    #[test]
    fn what_is_no_dotted_number_is_none() {
        for text in ["", ".", "1.", ".1", "1..2", "-1", "1e3", "5.10.0-21", "v1", " 1", "1.2.3.4.5.6.7.8.9"] {
            assert_eq!(Dotted::parse(text), None, "{text}");
        }
    }
}
