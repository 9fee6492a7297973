//! Schedules: when a task runs by itself, on which devices, and what became of every slot.
//!
//! It owns the tables `schedule`, `schedule_version`, `schedule_revision`, `schedule_device`, `device_assignment` and `slot`, and the events
//! that begin with `schedule.`.
//!
//! *On devices* ([`assign`], [`delivery`], [`intake`]): every change makes a revision, a signed document. `schedule_device` says which device
//! is to keep which revision, and follows groups, labels and facts; each change raises the number of the device's assignment, which the
//! device then fetches. It fires by itself and tells what became of each slot; the run and its executions are made when the first device
//! tells, under ids that follow from the slot.
//!
//! *On the server* ([`firing`]): a row says when to look again. The op that settles a slot starts its run; the slot's row is what makes it
//! once, whatever other nodes do.
//!
//! *Calendars* ([`blocked`]): a revision holds when they forbid the schedule to begin, up to a horizon. A changed calendar makes the next revision
//! of every schedule that names it, and so does a horizon that comes near ([`jobs`]).
//!
//! What may never happen: a slot with two ends, a slot that fires twice, a device that keeps what is not for it.

pub mod assign;
mod blocked;
pub mod delivery;
mod explain;
pub mod firing;
pub mod http;
pub mod intake;
pub mod jobs;
mod ops;
mod revision;
mod simulate;
mod store;
mod targets;
mod view;

pub use store::sees_schedule;
