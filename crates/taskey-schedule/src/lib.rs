//! When a schedule fires: cron expressions, intervals, recurrence rules, time zones and calendars, as pure arithmetic.
//!
//! Nothing here reads a clock or a file. The server forecasts with it, a device fires with it, and both get the same instants, because the
//! document that says when carries the zone's changes of the clocks with it.
