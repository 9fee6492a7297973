//! What becomes of slots when the clocks change.

use crate::build::{cron, shown};

#[test]
fn a_fixed_time_that_the_clocks_skip_fires_once_right_after() {
    let nightly = cron("30 2 * * *", "Europe/Berlin");
    assert_eq!(
        shown(&nightly, "2026-03-28T00:00:00Z", 3),
        ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00 gap", "2026-03-30T02:30:00+02:00"]
    );
}

#[test]
fn a_fixed_time_that_the_clocks_show_twice_fires_the_first_time_only() {
    let nightly = cron("30 2 * * *", "Europe/Berlin");
    assert_eq!(shown(&nightly, "2026-10-24T12:00:00Z", 2), ["2026-10-25T02:30:00+02:00 overlap", "2026-10-26T02:30:00+01:00"]);
}

#[test]
fn several_times_within_one_gap_are_one_slot() {
    let twice = cron("0,30 2 * * *", "Europe/Berlin");
    assert_eq!(shown(&twice, "2026-03-28T12:00:00Z", 2), ["2026-03-29T03:00:00+02:00 gap", "2026-03-30T02:00:00+02:00"]);
    let with_three = cron("0 2,3 * * *", "Europe/Berlin");
    assert_eq!(shown(&with_three, "2026-03-28T12:00:00Z", 2), ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"]);
}

#[test]
fn a_wildcard_keeps_its_interval_through_gap_and_overlap() {
    let often = cron("*/30 * * * *", "Europe/Berlin");
    assert_eq!(
        shown(&often, "2026-03-29T00:15:00Z", 3),
        ["2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"]
    );
    assert_eq!(
        shown(&often, "2026-10-24T23:45:00Z", 6),
        [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:00:00+01:00",
            "2026-10-25T03:30:00+01:00"
        ]
    );
}

#[test]
fn the_table_in_the_documentation_is_right() {
    let day = |expression: &str, day: &str, from: &str, count: usize| -> String {
        let times: Vec<String> =
            shown(&cron(expression, "Europe/Berlin"), from, count).iter().map(|slot| slot.replace(&format!("{day}T"), "")).collect();
        times.join(", ")
    };
    let march = |expression, count| day(expression, "2026-03-29", "2026-03-28T22:59:59Z", count);
    let october = |expression, count| day(expression, "2026-10-25", "2026-10-24T21:59:59Z", count);
    assert_eq!(march("30 2 * * *", 1), "03:00:00+02:00 gap");
    assert_eq!(october("30 2 * * *", 1), "02:30:00+02:00 overlap");
    assert_eq!(march("0,30 2 * * *", 1), "03:00:00+02:00 gap");
    assert_eq!(october("0,30 2 * * *", 2), "02:00:00+02:00 overlap, 02:30:00+02:00 overlap");
    assert_eq!(march("0 2,3 * * *", 1), "03:00:00+02:00");
    assert_eq!(october("0 2,3 * * *", 2), "02:00:00+02:00 overlap, 03:00:00+01:00");
    assert_eq!(march("30 1-3 * * *", 3), "01:30:00+01:00, 03:00:00+02:00 gap, 03:30:00+02:00");
    assert_eq!(october("30 1-3 * * *", 3), "01:30:00+02:00, 02:30:00+02:00 overlap, 03:30:00+01:00");
    assert_eq!(march("*/30 1-3 * * *", 4), "01:00:00+01:00, 01:30:00+01:00, 03:00:00+02:00, 03:30:00+02:00");
    assert_eq!(
        october("*/30 1-3 * * *", 8),
        "01:00:00+02:00, 01:30:00+02:00, 02:00:00+02:00, 02:30:00+02:00, 02:00:00+01:00, 02:30:00+01:00, 03:00:00+01:00, 03:30:00+01:00"
    );
    assert_eq!(march("0 * * * *", 4), "00:00:00+01:00, 01:00:00+01:00, 03:00:00+02:00, 04:00:00+02:00");
    assert_eq!(october("0 * * * *", 5), "00:00:00+02:00, 01:00:00+02:00, 02:00:00+02:00, 02:00:00+01:00, 03:00:00+01:00");
    assert_eq!(march("0 */2 * * *", 2), "00:00:00+01:00, 04:00:00+02:00");
    assert_eq!(october("0 */2 * * *", 4), "00:00:00+02:00, 02:00:00+02:00, 02:00:00+01:00, 04:00:00+01:00");
}
