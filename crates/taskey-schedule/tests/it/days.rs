//! `L`, `W` and `#`, against a naive reader, day by day.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::build::{at, cron};
use crate::oracle::Naive;

#[test]
fn last_days_working_days_and_numbered_weekdays_are_those_of_a_naive_reader() {
    let mut expressions =
        vec!["0 0 L * *".to_owned(), "0 0 LW * *".to_owned(), "0 0 1,LW,20W * 3#1".to_owned(), "0 0 L 2,6 FRI#L,MON".to_owned()];
    expressions.extend((1..=31).map(|day| format!("0 0 {day}W * *")));
    for weekday in 0..=7 {
        expressions.extend(["1", "2", "3", "4", "5", "L"].iter().map(|nth| format!("0 0 * * {weekday}#{nth}")));
    }
    expressions.extend(
        ["0 0 */2 * 1", "0 0 13 * FRI", "0 0 1-7 * */2", "0 0 29 2 *", "0 0 * * 5-7", "0 0 * * SAT-SUN", "0 0 31 * 0"].map(str::to_owned),
    );
    let utc = TimeZone::UTC;
    let (from, until) = (at("2023-12-31T00:00:00Z"), at("2031-01-01T00:00:00Z"));
    for expression in expressions {
        let ours: Vec<i64> =
            cron(&expression, "UTC").upcoming(from).take_while(|slot| slot.at < until).map(|slot| slot.at.ms() / 1_000).collect();
        // `SAT-SUN` is `6-7` for who cannot count on.
        let read = expression.replace("SAT-SUN", "6-7");
        let read = Naive::read(&read);
        let days = (from.ms() / 1_000 + 86_400..until.ms() / 1_000).step_by(86_400);
        let naive: Vec<i64> = days.filter(|at| read.names(utc.to_datetime(Timestamp::from_second(*at).unwrap()))).collect();
        assert_eq!(ours, naive, "{expression}");
    }
}
