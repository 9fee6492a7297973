//! A schedule in plain English.

use taskey_proto::Span;
use taskey_proto::schedules::{OnBlock, ScheduleSpec, TIMEZONE_DEVICE, When, Window};

use crate::cron::Cron;
use crate::english::{and, weekdays};
use crate::gate::number_of;
use crate::rrule::Text;

/// What a schedule does, in one sentence: `At 02:30 every day, in Europe/Berlin; spread over 10m; skipped outside Monday to Friday 08:00-18:00.`
pub fn describe(spec: &ScheduleSpec) -> String {
    let rules = spec.rules();
    let mut text = rules.iter().map(rule_words).collect::<Vec<_>>().join(", and ");
    if rules.iter().any(is_of_the_wall) {
        let zone = if spec.timezone == TIMEZONE_DEVICE { "each device's time zone" } else { &spec.timezone };
        text.push_str(&format!(", in {zone}"));
    }
    let mut parts = vec![text];
    if let Some(starts_at) = spec.starts_at {
        parts.push(format!("not before {starts_at}"));
    }
    if let Some(ends_at) = spec.ends_at {
        parts.push(format!("until {ends_at}"));
    }
    if spec.run_once {
        parts.push("done after one completed execution".to_owned());
    }
    if let Some(splay) = spec.splay.filter(|splay| *splay > Span::from_ms(0)) {
        parts.push(format!("spread over {splay}"));
    }
    let blocked = match spec.on_block {
        OnBlock::Skip => "skipped",
        OnBlock::Defer => "put off",
    };
    if !spec.windows.is_empty() {
        let windows: Vec<String> = spec.windows.iter().map(window_words).collect();
        parts.push(format!("{blocked} outside {}", and(&windows)));
    }
    if !spec.calendars.is_empty() {
        let many = if spec.calendars.len() == 1 { "calendar" } else { "calendars" };
        parts.push(format!("{blocked} during events of the {many} {}", and(&spec.calendars)));
    }
    let text = parts.join("; ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
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
    if let Some(text) = &when.rrule {
        return Text::read(text).map_or_else(|_| format!("recurrence rule `{text}`"), |text| text.words());
    }
    if when.boot {
        return "each time a device starts".to_owned();
    }
    if when.enroll {
        return "once on each device, when it first holds the schedule".to_owned();
    }
    "never".to_owned()
}

/// Whether a rule's times are those of a wall clock.
fn is_of_the_wall(when: &When) -> bool {
    when.cron.is_some() || when.rrule.is_some()
}

fn window_words(window: &Window) -> String {
    let days = window.days.iter().fold(0, |bits, day| bits | 1u64 << number_of(*day));
    let days = if days == 0 || days == 0x7f { "every day".to_owned() } else { weekdays(days) };
    format!("{days} {}-{}", window.from, window.until)
}
