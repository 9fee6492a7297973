//! The client against a server that says exactly what a test tells it to.

mod failures;
mod inbox;
mod output;
mod requests;
mod scripted;
