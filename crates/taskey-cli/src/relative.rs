//! Times as people say them, seen from now.

use taskey_proto::Time;

const UNITS: [(&str, i64); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

/// `3m ago`, `in 2h`, `just now`.
pub fn relative(time: Time, now: Time) -> String {
    let ms = now.since_ms(time);
    if ms.abs() < 1_000 {
        return "just now".to_owned();
    }
    let (unit, size) = UNITS.into_iter().find(|(_, size)| ms.abs() >= *size).unwrap_or(("s", 1_000));
    let number = ms.abs() / size;
    if ms > 0 { format!("{number}{unit} ago") } else { format!("in {number}{unit}") }
}

/// `850ms`, `2.4s`, `3m05s`, `2h01m`: how long something took.
pub fn length(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// `2026-03-29T01:30Z`: an instant in UTC as short as it can be written.
pub fn instant(time: Time) -> String {
    let text = time.to_string();
    let text = text.strip_suffix(".000Z").map_or(text.clone(), |text| format!("{text}Z"));
    text.strip_suffix(":00Z").map_or(text.clone(), |text| format!("{text}Z"))
}

/// The wall clock.
pub fn now() -> Time {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        let now = Time::from_ms(1_000_000_000_000);
        let told = [(0, "just now"), (-999, "just now"), (-59_999, "59s ago"), (-61_000, "1m ago"), (-7_200_000, "2h ago")];
        for (ms, text) in told {
            assert_eq!(relative(now.plus_ms(ms), now), text);
        }
        assert_eq!(relative(now.plus_ms(-400 * 86_400_000), now), "400d ago");
        assert_eq!(relative(now.plus_ms(3_599_000), now), "in 59m");
    }

    #[test]
    fn an_instant_leaves_out_what_is_nothing() {
        for (text, short) in [
            ("2026-03-29T01:30:00.000Z", "2026-03-29T01:30Z"),
            ("2026-03-29T01:30:07.000Z", "2026-03-29T01:30:07Z"),
            ("2026-03-29T01:00:00.120Z", "2026-03-29T01:00:00.120Z"),
        ] {
            assert_eq!(instant(text.parse().unwrap()), short);
        }
    }

    #[test]
    fn a_length_has_two_places_that_matter() {
        for (ms, text) in [(-5, "0ms"), (850, "850ms"), (2_449, "2.4s"), (185_000, "3m05s"), (7_260_000, "2h01m")] {
            assert_eq!(length(ms), text);
        }
    }
}
