//! What somebody writes to schedule a task: the file of `taskey schedules apply`, the body of the API.

use serde::{Deserialize, Serialize};

use crate::runs::{Targets, WhenOffline};
use crate::{Span, Time};

/// Stands in `timezone` for the zone of each device.
pub const TIMEZONE_DEVICE: &str = "device";

/// A schedule as it is written. Exactly one rule stands at the top (`cron`, `every`, `at`, `rrule`, `boot`, `enroll`), or several under `when`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleSpec {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Id or name of a task.
    pub task: String,
    /// Five fields: minute, hour, day of month, month, day of week; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. Where both days
    /// are given, either is enough. `L`, `W` and `#` are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// `cron` has a sixth field in front: the second.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seconds: bool,
    /// Every so often, counted from when the schedule was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Once, then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// RFC 5545: `FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18`, with `DTSTART`, `RDATE` and `EXDATE` lines before and after it where wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
    /// Each time a device starts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub boot: bool,
    /// Once on each device, when it first holds the schedule.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enroll: bool,
    /// Several rules; a moment that several of them name is one slot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<When>,
    /// An IANA name as `Europe/Berlin`, or `device` for the zone of each device. Default: `UTC`.
    #[serde(default = "utc", skip_serializing_if = "is_utc")]
    pub timezone: String,
    pub targets: Targets,
    #[serde(default)]
    pub r#where: Where,
    /// After one completed execution it is done; see `state`.
    #[serde(default)]
    pub run_once: bool,
    #[serde(default)]
    pub missed: Missed,
    #[serde(default)]
    pub overlap: Overlap,
    #[serde(default)]
    pub when_offline: WhenOffline,
    /// How long a slot may wait to begin: for its device where the server fires it, for its turn. Default: 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<Span>,
    /// Spreads devices over this time, each always by the same part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splay: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
    /// It fires only inside one of these, where any are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Names of calendars: it does not fire during their events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<String>,
    #[serde(default)]
    pub on_block: OnBlock,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn is_utc(zone: &str) -> bool {
    zone == "UTC"
}

impl ScheduleSpec {
    /// Its rules, wherever they were written.
    pub fn rules(&self) -> Vec<When> {
        let top = self.top();
        if top == When::default() { self.when.clone() } else { vec![top] }
    }

    /// The rule that stands at the top, if there is one.
    pub(super) fn top(&self) -> When {
        When {
            cron: self.cron.clone(),
            seconds: self.seconds,
            every: self.every,
            at: self.at,
            rrule: self.rrule.clone(),
            boot: self.boot,
            enroll: self.enroll,
        }
    }
}

/// One rule: one of its fields is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct When {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seconds: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub boot: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enroll: bool,
}

/// Who watches the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Where {
    /// The device: it fires with the server down.
    #[default]
    Device,
    Server,
}

/// What becomes of slots at whose time nobody was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Missed {
    /// They stay missed.
    #[default]
    Skip,
    /// The newest is caught up.
    Last,
    /// The newest `max` of those not older than `age` are caught up, oldest first.
    All(MissedAll),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissedAll {
    /// 1 to 100.
    pub max: u32,
    pub age: Span,
}

/// What a slot does while an execution of the same schedule is still running on its device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Overlap {
    Allow,
    /// The new one is skipped.
    #[default]
    Forbid,
    /// Up to so many wait their turn, 1 to 100.
    Queue(u32),
    /// The running one is cancelled.
    Replace,
}

/// What a slot does that falls outside the windows or into an event of a calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OnBlock {
    #[default]
    Skip,
    /// It waits until it may; of several that wait, the newest fires.
    Defer,
}

/// A time of day on some days of the week, in the schedule's time zone. One that ends before it begins goes on past midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    /// Empty: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`, exclusive; `24:00` is the end of the day.
    pub until: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}
