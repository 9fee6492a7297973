//! What may be in a schedule, as far as it can be said without a clock: whether a rule can be read is for the arithmetic to say.

use super::{Missed, Overlap, ScheduleSpec, When, Where};
use crate::Span;
use crate::problem::FieldError;
use crate::runs::EXPIRES_MAX;
use crate::tasks::{DESCRIPTION_LEN_MAX, name_problem};

pub const RULES_MAX: usize = 20;
pub const WINDOWS_MAX: usize = 50;
pub const CALENDARS_MAX: usize = 20;
pub const SPLAY_MAX: Span = Span::from_secs(86_400);
/// The shortest distance of two slots that `every` may name.
const EVERY_MIN: Span = Span::from_secs(1);
const EVERY_MAX: Span = Span::from_secs(366 * 86_400);
const CAUGHT_UP_MAX: u32 = 100;
const AGE_MAX: Span = Span::from_secs(35 * 86_400);
const QUEUE_MAX: u32 = 100;

/// Everything that is wrong with a schedule, each with its place. Empty when its rules can be read next.
pub fn check_schedule(spec: &ScheduleSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    if let Some(detail) = name_problem(&spec.name) {
        wrong("/name", detail);
    }
    if spec.description.len() > DESCRIPTION_LEN_MAX {
        wrong("/description", format!("at most {DESCRIPTION_LEN_MAX} bytes"));
    }
    if spec.task.is_empty() {
        wrong("/task", "name a task".to_owned());
    }
    if spec.top() != When::default() && !spec.when.is_empty() {
        wrong("/when", "give one rule at the top, or several under `when`, not both".to_owned());
    }
    if spec.when.len() > RULES_MAX {
        wrong("/when", format!("at most {RULES_MAX} rules"));
    }
    if spec.splay.is_some_and(|splay| splay > SPLAY_MAX) {
        wrong("/splay", format!("at most {SPLAY_MAX}"));
    }
    if spec.expires_in.is_some_and(|span| span.ms() == 0 || span > EXPIRES_MAX) {
        wrong("/expires_in", format!("more than 0s and at most {EXPIRES_MAX}"));
    }
    if let (Some(starts_at), Some(ends_at)) = (spec.starts_at, spec.ends_at)
        && ends_at <= starts_at
    {
        wrong("/ends_at", "it ends before it starts".to_owned());
    }
    if let Missed::All(all) = spec.missed {
        if !(1..=CAUGHT_UP_MAX).contains(&all.max) {
            wrong("/missed/all/max", format!("1 to {CAUGHT_UP_MAX}"));
        }
        if all.age.ms() == 0 || all.age > AGE_MAX {
            wrong("/missed/all/age", format!("more than 0s and at most {AGE_MAX}"));
        }
    }
    if let Overlap::Queue(count) = spec.overlap
        && !(1..=QUEUE_MAX).contains(&count)
    {
        wrong("/overlap/queue", format!("1 to {QUEUE_MAX}"));
    }
    if spec.windows.len() > WINDOWS_MAX {
        wrong("/windows", format!("at most {WINDOWS_MAX} windows"));
    }
    if spec.calendars.len() > CALENDARS_MAX {
        wrong("/calendars", format!("at most {CALENDARS_MAX} calendars"));
    }
    let rules = spec.rules();
    if rules.is_empty() {
        wrong("/cron", "say when: `cron`, `every`, `at`, `rrule`, `boot` or `enroll`".to_owned());
    }
    for (index, rule) in rules.iter().enumerate().take(RULES_MAX) {
        let at = if spec.when.is_empty() { String::new() } else { format!("/when/{index}") };
        check_rule(&at, rule, spec, &mut errors);
    }
    errors
}

fn check_rule(at: &str, rule: &When, spec: &ScheduleSpec, errors: &mut Vec<FieldError>) {
    let given = [
        ("cron", rule.cron.is_some()),
        ("every", rule.every.is_some()),
        ("at", rule.at.is_some()),
        ("rrule", rule.rrule.is_some()),
        ("boot", rule.boot),
        ("enroll", rule.enroll),
    ];
    let mut names = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
    let (first, second) = (names.next(), names.next());
    match (first, second) {
        (None, _) => errors.push(FieldError::new(format!("{at}/cron"), "say when: `cron`, `every`, `at`, `rrule`, `boot` or `enroll`")),
        (Some(first), Some(second)) => {
            errors.push(FieldError::new(format!("{at}/{second}"), format!("`{first}` is given as well; write several rules under `when`")));
        }
        (Some(_), None) => {}
    }
    if rule.seconds && rule.cron.is_none() {
        errors.push(FieldError::new(format!("{at}/seconds"), "only `cron` has a field for seconds"));
    }
    if rule.every.is_some_and(|every| !(EVERY_MIN..=EVERY_MAX).contains(&every)) {
        errors.push(FieldError::new(format!("{at}/every"), format!("{EVERY_MIN} to {EVERY_MAX}")));
    }
    if (rule.boot || rule.enroll) && spec.r#where == Where::Server {
        let name = if rule.boot { "boot" } else { "enroll" };
        errors.push(FieldError::new(format!("{at}/{name}"), "only a device can know: leave `where: device`"));
    }
}
