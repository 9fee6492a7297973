//! The product, slice by slice, in this order. A slice may call those before it; it reaches those after it only through events
//! and the uplink that the wiring fills. A test holds the order.

pub mod accounts;
pub mod calendars;
pub mod devices;
pub mod inbox;
pub mod quiet;
pub mod runs;
pub mod schedules;
pub mod secrets;
pub mod tasks;
pub mod webhooks;
