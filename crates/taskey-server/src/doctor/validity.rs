//! From when to when a certificate is valid, read from its DER: no crate that we have tells it.

use taskey_proto::Time;

/// `None` where it cannot be read.
pub fn validity(der: &[u8]) -> Option<(Time, Time)> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    // A version, if there is one, then serial number, algorithm and issuer stand before it.
    if let Some((0xa0, _, later)) = element(rest) {
        rest = later;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, dates, _) = element(rest)?;
    let (from_tag, from, rest) = element(dates)?;
    let (until_tag, until, _) = element(rest)?;
    Some((time(from_tag, from)?, time(until_tag, until)?))
}

/// The first element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        len if len & 0x80 == 0 => (usize::from(*len), rest),
        count => {
            let (bytes, rest) = rest.split_at_checked(usize::from(count & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}

/// UTCTime (two digits of the year, from 1950) or GeneralizedTime, always in UTC.
fn time(tag: u8, text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?;
    let text = match (tag, text.get(..2)?) {
        (0x17, year) if year < "50" => format!("20{text}"),
        (0x17, _) => format!("19{text}"),
        _ => text.to_owned(),
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let rfc3339 = format!("{}-{}-{}T{}:{}:{}Z", part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?);
    rfc3339.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_are_those_that_the_certificate_was_made_with() {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(1999, 3, 1);
        params.not_after = rcgen::date_time_ymd(2061, 12, 31);
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let (from, until) = validity(made.der()).unwrap();
        assert_eq!((from.to_string().as_str(), until.to_string().as_str()), ("1999-03-01T00:00:00.000Z", "2061-12-31T00:00:00.000Z"));
        assert_eq!(validity(&made.der()[..40]), None);
        assert_eq!(validity(b""), None);
    }
}
