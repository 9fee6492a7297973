//! What schedules do, seen from outside.

mod build;
mod calendars;
mod checks;
mod clocks;
mod croner;
mod days;
mod gates;
mod oracle;
mod ranges;
mod recurrences;
mod vectors;
mod walks;
mod words;
