//! The taskey server: vertical slices in a fixed order ([`features`]) over what none of them owns ([`platform`]).
//!
//! [`serve`] runs it until it is asked to stop. Tests drive it in process with a clock of their own ([`Server`]).

pub mod admin;
pub mod app;
pub mod backup;
pub mod config;
pub mod doctor;
mod explain;
pub mod features;
pub mod install;
mod live;
pub mod platform;
mod purge;
mod wiring;

use std::future::Future;

pub use wiring::{Server, StartError, openapi, routes};

use config::Config;
use platform::clock::Clock;

/// What the server tells whoever started it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// While nobody has an account: what proves the right to set the server up, valid for an hour.
    SetupCode(String),
    /// It answers at this address.
    Ready { url: String },
}

/// Runs a server until `shutdown` completes.
pub async fn serve(config: Config, mut announce: impl FnMut(Announcement), shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let server = Server::start(config, Clock::System).await?;
    if let Some(code) = server.setup_code() {
        announce(Announcement::SetupCode(code.to_owned()));
    }
    announce(Announcement::Ready { url: server.url().to_owned() });
    shutdown.await;
    tracing::info!("stopping");
    server.stop().await;
    Ok(())
}
