//! The server as its users see it, in process, on both databases.

mod access_guide;
mod accounts;
mod architecture;
mod audit;
mod backup;
mod bootstrap;
mod calendars;
mod devices;
mod line;
mod live;
mod openapi;
mod organizations;
mod output;
mod people;
mod permissions;
mod poll;
mod queue;
mod quiet;
mod runs;
mod schedule_lists;
mod schedules;
mod secrets;
mod sign_in;
mod store;
mod targets;
mod tasks;
