//! Dates and times as a clock on the wall shows them, counted in seconds: no zone, no gaps, every day of 86,400 seconds.

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;

/// The last year that is looked at: every zone can still write it.
pub const YEAR_MAX: i32 = 9_998;

/// Days since 1970-01-01, after Howard Hinnant's `days_from_civil`.
pub const fn days_of(year: i32, month: u32, day: u32) -> i64 {
    let y = year as i64 - (month <= 2) as i64;
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month as i64 + 9) % 12) + 2) / 5 + day as i64 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
pub const fn date_of(days: i64) -> (i32, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted + 2) / 5 + 1) as u32;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
    ((year_of_era + era * 400 + (month <= 2) as i64) as i32, month, day)
}

/// 0 is Sunday, as cron counts.
pub const fn weekday_of(days: i64) -> u32 {
    (days + 4).rem_euclid(7) as u32
}

pub const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub const fn month_len(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_is_counted_and_read_back() {
        let mut days = days_of(1900, 1, 1);
        assert_eq!(days, -25_567);
        for year in 1900..2300 {
            for month in 1..=12 {
                for day in 1..=month_len(year, month) {
                    assert_eq!((days_of(year, month, day), date_of(days)), (days, (year, month, day)));
                    days += 1;
                }
            }
        }
        assert_eq!(weekday_of(days_of(2026, 3, 29)), 0);
    }
}
