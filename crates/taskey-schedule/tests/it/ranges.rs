//! Counting slots and finding the newest ones, whatever the rules.

use proptest::prelude::*;
use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_schedule::Timetable;

use crate::build::{at, timetable};

fn rules() -> impl Strategy<Value = Value> {
    prop_oneof![
        (1u64..100_000).prop_map(|seconds| json!({"every": format!("{seconds}s")})),
        (0u32..60, 0u32..24).prop_map(|(minute, hour)| json!({"cron": format!("{minute} {hour} * * *")})),
        (1u32..30).prop_map(|step| json!({"cron": format!("*/{step} * * * *")})),
        (1u32..30, 1u32..13).prop_map(|(day, month)| json!({"cron": format!("*/20 3 {day} {month} 1")})),
        (1u32..28).prop_map(|day| json!({"rrule": format!("FREQ=MONTHLY;BYMONTHDAY={day},-1;BYHOUR=2,3;BYMINUTE=30")})),
        (1u32..50).prop_map(|step| json!({"rrule": format!("FREQ=MINUTELY;INTERVAL={step};BYHOUR=1,2,3")})),
        (0i64..400).prop_map(|day| json!({"at": Time::from_ms(1_767_225_600_000 + day * 86_400_000)})),
        Just(json!({"cron": "* 30 2 * * *", "seconds": true})),
    ]
}

fn timetables() -> impl Strategy<Value = Timetable> {
    let zones = prop_oneof![Just("Europe/Berlin"), Just("Australia/Lord_Howe"), Just("UTC"), Just("America/Santiago")];
    (proptest::collection::vec(rules(), 1..4), zones, any::<bool>())
        .prop_map(|(rules, zone, bounded)| {
            let mut fields = json!({"when": rules, "timezone": zone});
            if bounded {
                fields["starts_at"] = json!("2026-02-01T00:00:00Z");
                fields["ends_at"] = json!("2027-02-01T00:00:00Z");
            }
            // A single moment may lie outside; then there is nothing to compare.
            fields
        })
        .prop_filter_map("it never fires", |fields| {
            let timing = taskey_schedule::timing_of(&crate::build::spec(fields), at("2026-01-01T00:00:00Z"), Vec::new()).ok()?;
            Timetable::new(&timing, &taskey_schedule::Zone::utc()).ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_count_and_the_newest_are_those_that_come_one_after_the_other(
        timetable in timetables(),
        from in 0i64..500 * 86_400,
        length in 0i64..20 * 86_400,
        max in 0usize..40,
    ) {
        let after = Time::from_ms(1_765_000_000_000 + from * 1_000);
        let until = after.plus_ms(length * 1_000);
        let all: Vec<_> = timetable.upcoming(after).take_while(|slot| slot.at <= until).collect();
        prop_assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at));
        prop_assert_eq!(timetable.newest(after, until, max), &all[all.len() - max.min(all.len())..]);
        prop_assert_eq!(timetable.count(after, until, u64::MAX), all.len() as u64);
        prop_assert_eq!(timetable.count(after, until, max as u64), all.len().min(max) as u64);
        // One by one is as asking anew each time.
        let mut at = after;
        for slot in all.iter().take(50) {
            prop_assert_eq!(timetable.next(at), Some(*slot));
            at = slot.at;
        }
    }
}

#[test]
fn the_newest_of_ten_years_of_every_second_are_found_at_once() {
    let (after, until) = (at("2026-01-01T00:00:00Z"), at("2036-01-01T00:00:00.500Z"));
    for fields in [json!({"every": "1s"}), json!({"cron": "* * * * * *", "seconds": true, "timezone": "Europe/Berlin"})] {
        let timetable = timetable(fields);
        let newest: Vec<String> = timetable.newest(after, until, 3).iter().map(|slot| slot.at.to_string()).collect();
        assert_eq!(newest, ["2035-12-31T23:59:58.000Z", "2035-12-31T23:59:59.000Z", "2036-01-01T00:00:00.000Z"]);
    }
    assert_eq!(timetable(json!({"every": "1s"})).count(after, until, u64::MAX), 315_532_800);
}
