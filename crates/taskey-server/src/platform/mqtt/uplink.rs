//! The seam between the endpoint and the slices: who a client is, and what becomes of its messages.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use taskey_proto::id::{DeviceId, OrganizationId};

use crate::app::App;

/// What a client says of itself in CONNECT.
#[derive(Debug)]
pub struct Claim {
    pub client_id: String,
    pub username: String,
    pub password: String,
    pub address: String,
}

/// A device on its line.
#[derive(Debug, Clone)]
pub struct LineDevice {
    pub id: DeviceId,
    pub organization: OrganizationId,
    pub name: String,
    /// Counts up with every CONNECT; only the newest may write the device's presence.
    pub generation: u64,
    pub address: String,
}

/// Why a client may not connect.
#[derive(Debug)]
pub enum Refusal {
    Credential(String),
    /// The store cannot answer just now.
    Unavailable,
}

/// Why messages were not taken in: the line is closed without acknowledging them, and the device sends them again.
#[derive(Debug)]
pub struct NotCommitted;

/// Implemented by the slice that owns devices.
pub trait LineOwner: Send + Sync {
    fn connect<'a>(&'a self, app: &'a App, claim: Claim) -> BoxFuture<'a, Result<LineDevice, Refusal>>;

    /// The device listens to its `cmd` topic from now on.
    fn subscribed<'a>(&'a self, app: &'a App, device: &'a LineDevice) -> BoxFuture<'a, ()>;

    /// Takes in a batch in one transaction; `Ok` is after its commit.
    fn receive<'a>(&'a self, app: &'a App, device: &'a LineDevice, messages: Vec<Bytes>) -> BoxFuture<'a, Result<(), NotCommitted>>;

    /// The device tried what it may not.
    fn trespassed<'a>(&'a self, app: &'a App, device: &'a LineDevice, what: String) -> BoxFuture<'a, ()>;

    fn closed(&self, app: &App, device: &LineDevice);
}

pub type Uplink = Arc<dyn LineOwner>;
