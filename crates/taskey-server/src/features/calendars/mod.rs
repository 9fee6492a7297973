//! Calendars: holidays and freezes, during which schedules that name them begin nothing.
//!
//! It owns the tables `calendar` and `schedule_calendar`, and the events that begin with `calendar.`. The text of a calendar is stored as it was
//! written and read when it is needed ([`reading`]); how it is reckoned with is `taskey_schedule::calendar`'s.
//!
//! A schedule is linked to its calendars by their ids, with the version of each that its newest revision reckons with: whose link is behind has
//! not followed yet. What a change means for schedules is theirs to find out; writing a calendar never waits for it and never fails for it.
//!
//! What may never happen: a calendar that goes while a schedule names it, a text in the database that cannot be read.

pub mod http;
mod links;
mod ops;
mod reading;
mod store;

pub use links::{CalendarRef, are_current, calendars_of_schedule, link, named, unlink};
pub use reading::{Parsed, reckon};
