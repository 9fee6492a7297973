//! A schedule in plain English.

use taskey_proto::schedules::{ScheduleSpec, When};

use crate::cron::Cron;

/// What a schedule does, in one sentence.
pub fn describe(spec: &ScheduleSpec) -> String {
    let rules: Vec<String> = spec.rules().iter().map(rule_words).collect();
    format!("{}, in {}.", rules.join("; "), spec.timezone)
}

/// One rule, without its zone.
pub(crate) fn rule_words(when: &When) -> String {
    if let Some(text) = &when.cron {
        let cron = if when.seconds { Cron::read_with_seconds(text) } else { Cron::read(text) };
        return cron.map_or_else(|_| format!("cron `{text}`"), |cron| cron.words());
    }
    if let Some(every) = when.every {
        return format!("every {every}");
    }
    if let Some(at) = when.at {
        return format!("once, at {at}");
    }
    if when.boot {
        return "each time a device starts".to_owned();
    }
    if when.enroll {
        return "once on each device, when it first holds the schedule".to_owned();
    }
    when.rrule.clone().unwrap_or_default()
}
