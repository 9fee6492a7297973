//! Schedules in plain English.

use serde_json::{Value, json};
use taskey_schedule::describe;

use crate::build::spec;

fn words(fields: Value) -> String {
    describe(&spec(fields))
}

#[test]
fn a_cron_expression_is_said_in_english() {
    let cases = [
        ("30 2 * * *", "At 02:30 every day, in UTC."),
        ("@hourly", "Every hour, in UTC."),
        ("* * * * *", "Every minute, in UTC."),
        ("*/10 * * * *", "Every 10 minutes, in UTC."),
        ("*/10 8-17 * * 1-5", "Every 10 minutes from 08:00 to 17:59 on Monday to Friday, in UTC."),
        ("0 8-17 * * *", "Every hour from 08:00 to 17:00, in UTC."),
        ("0 */2 * * *", "Every 2 hours, from 00:00 on, in UTC."),
        ("*/7 * * * *", "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour every day, in UTC."),
        ("5,35 * * * *", "At minutes 5 and 35 of every hour every day, in UTC."),
        ("0,30 9,17 * * 6,0", "At 09:00, 09:30, 17:00 and 17:30 on Saturday and Sunday, in UTC."),
        ("0 0 1,15 * *", "At 00:00 on the 1st and 15th of the month, in UTC."),
        ("0 0 13 * FRI", "At 00:00 on the 13th of the month or Friday, in UTC."),
        ("0 0 */10 * 1", "At 00:00 on the 1st, 11th, 21st and 31st of the month that is also Monday, in UTC."),
        ("0 0 L * *", "At 00:00 on the last day of the month, in UTC."),
        ("0 0 LW * *", "At 00:00 on the last working day of the month, in UTC."),
        ("0 0 15W 1-3,12 *", "At 00:00 on the working day nearest to the 15th in January to March and December, in UTC."),
        ("0 6 * * FRI#2,MON#L", "At 06:00 on the second Friday of the month and the last Monday of the month, in UTC."),
        ("@yearly", "At 00:00 on the 1st in January, in UTC."),
    ];
    for (expression, expected) in cases {
        assert_eq!(words(json!({"cron": expression})), expected, "{expression}");
    }
    assert_eq!(words(json!({"cron": "*/10 * * * * *", "seconds": true})), "Every 10 seconds, in UTC.");
}

#[test]
fn a_recurrence_rule_is_said_in_english() {
    let cases = [
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18", "Every month on the last Friday of the month at 18:00, in UTC."),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;BYHOUR=9,17;UNTIL=20271231",
            "Every 2 weeks on Monday and Friday at 09:00 and 17:00 until 2027-12-31, in UTC.",
        ),
        (
            "DTSTART:20260101T093000 RRULE:FREQ=DAILY;COUNT=5 EXDATE:20260102",
            "Every day at 09:30 5 times, from 2026-01-01 09:30:00, not on 2026-01-02, in UTC.",
        ),
        ("FREQ=YEARLY;BYMONTH=3,9;BYDAY=1SU", "Every year on the first Sunday of the month in March and September, in UTC."),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=8",
            "Every month on Monday to Friday at 08:00 (of these the last of each month), in UTC.",
        ),
        ("FREQ=MINUTELY;INTERVAL=10;BYHOUR=1,2", "Every 10 minutes in hour 1 and 2, in UTC."),
    ];
    for (rule, expected) in cases {
        assert_eq!(words(json!({"rrule": rule})), expected, "{rule}");
    }
}

#[test]
fn all_of_a_schedule_is_said_in_one_sentence() {
    assert_eq!(
        words(json!({
            "when": [{"cron": "30 2 * * *"}, {"every": "1h30m"}, {"boot": true}],
            "timezone": "Europe/Berlin",
            "splay": "10m",
            "ends_at": "2027-01-01T00:00:00Z",
            "run_once": true,
            "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "until": "18:00"}, {"days": ["sat"], "from": "10:00", "until": "12:00"}],
            "calendars": ["holidays", "freeze"],
            "on_block": "defer",
        })),
        "At 02:30 every day, and every 1h30m, and each time a device starts, in Europe/Berlin; until 2027-01-01T00:00:00.000Z; done after one completed \
         execution; spread over 10m; put off outside Monday to Friday 08:00-18:00 and Saturday 10:00-12:00; put off during events of the calendars \
         holidays and freeze."
    );
    assert_eq!(words(json!({"cron": "@daily", "timezone": "device"})), "At 00:00 every day, in each device's time zone.");
    assert_eq!(words(json!({"enroll": true})), "Once on each device, when it first holds the schedule.");
}
