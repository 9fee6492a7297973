//! The server as its users see it, in process, on both databases.

mod access_guide;
mod accounts;
mod architecture;
mod backup;
mod devices;
mod line;
mod live;
mod openapi;
mod output;
mod permissions;
mod poll;
mod quiet;
mod runs;
mod secrets;
mod store;
mod tasks;
