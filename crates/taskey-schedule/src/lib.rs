//! When a schedule fires: cron expressions, intervals, recurrence rules, time zones and calendars, as pure arithmetic.
//!
//! Nothing here reads a clock or a file. The server forecasts with it, a device fires with it, and both get the same instants, because the
//! document that says when carries the zone's changes of the clocks with it.
//!
//! A rule is read into a pattern: the times of day and dates that it names, as a clock on the wall would show them (`cron`, `rrule`). A walk
//! turns those into instants, by one rule for every pattern, which [`walk`] explains. A [`Timetable`] joins the rules of a schedule.
//! [`Timetable::gate`] says whether windows and calendars let a slot begin; they never move one.

#[cfg(feature = "zones")]
pub mod calendar;
#[cfg(feature = "zones")]
mod check;
mod civil;
mod cron;
pub mod due;
mod english;
mod error;
mod every;
mod explain;
mod expression;
mod gate;
mod rrule;
mod splay;
mod timetable;
mod walk;
mod words;
mod zone;

#[cfg(feature = "zones")]
pub use check::{check_timing, timing_of};
pub use error::TimingError;
pub use explain::Explanation;
pub use expression::parse_expression;
pub use gate::Gate;
pub use splay::splay;
pub use timetable::Timetable;
pub use words::describe;
pub use zone::Zone;
