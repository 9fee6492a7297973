//! What schedules do, seen from outside.

mod build;
mod clocks;
mod oracle;
mod vectors;
