//! Calendars: when nothing is to begin. Schedules name them, and do not fire during their events.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::access::Role;
use crate::id::CalendarId;
use crate::problem::FieldError;
use crate::schedules::document::Period;
use crate::tasks::{DESCRIPTION_LEN_MAX, name_problem};

/// Wrong lines of a calendar that are told at once.
pub const ERRORS_MAX: usize = 20;

/// A calendar as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarSpec {
    /// Unique within the organization: letters, digits, `.`, `_` and `-`.
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// iCalendar (RFC 5545), or a list of holidays with one `2026-12-25 Christmas` a line.
    pub content: String,
}

impl CalendarSpec {
    /// What is wrong with it but for its content, which the arithmetic reads.
    pub fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Some(detail) = name_problem(&self.name) {
            errors.push(FieldError::new("/name", detail));
        }
        if self.description.len() > DESCRIPTION_LEN_MAX {
            errors.push(FieldError::new("/description", format!("at most {DESCRIPTION_LEN_MAX} bytes")));
        }
        errors
    }
}

/// A calendar as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Calendar {
    pub id: CalendarId,
    pub name: String,
    pub description: String,
    /// Counts up with every edit.
    pub version: u32,
    /// How many events are written in it; one that comes back counts once.
    pub event_count: u64,
    /// How many schedules name it.
    pub schedule_count: u64,
    /// The event that is on, or the next one within 400 days.
    pub next: Option<CalendarEvent>,
    /// As it was written; null in lists.
    pub content: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
    /// What you may do with it.
    pub role: Role,
}

/// One time of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarEvent {
    pub name: String,
    /// An instant with `Z`; or, without a zone, a time on the wall clock, which is in each schedule's own zone.
    pub from: String,
    /// Exclusive; written as `from` is.
    pub until: String,
    /// Whether it is for whole days, in each schedule's own zone.
    pub all_day: bool,
}

impl From<Period> for CalendarEvent {
    fn from(period: Period) -> Self {
        let all_day = period.from.ends_with("T00:00:00") && period.until.ends_with("T00:00:00");
        Self { name: period.name, from: period.from, until: period.until, all_day }
    }
}

/// Events of a calendar, by their beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarEvents {
    /// At most 1,000.
    pub items: Vec<CalendarEvent>,
    /// Whether there are more of them; ask again from where these end.
    pub more: bool,
}

/// Asks what a calendar says, before it is saved.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewCalendar {
    /// Not looked at: a whole spec may be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// As in a spec.
    pub content: String,
}

/// What a calendar says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarPreview {
    pub event_count: u64,
    /// The next 50 within 400 days.
    pub events: Vec<CalendarEvent>,
}
