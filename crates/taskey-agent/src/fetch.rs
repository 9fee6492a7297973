//! Orders that are too large for the line, and schedules to be kept, fetched over HTTP with a credential of their own.
//!
//! Each fetch is a task, so that a large answer holds up nothing else. One that fails in the end is given up: the server
//! names the order again at the next sync.

use std::sync::Arc;

use taskey_proto::document::Order;
use taskey_proto::id::ExecutionId;
use taskey_proto::schedules::document::{FetchAssignment, FetchedAssignment};
use tokio::sync::mpsc;

use crate::credential::{self, CredentialError};
use crate::http;
use crate::identity::{Identity, Keys};
use crate::patience::patiently;
use crate::server_url::ServerUrl;
use crate::state_dir::StateDir;

#[derive(Clone)]
pub struct Fetcher {
    pub state: StateDir,
    pub keys: Arc<Keys>,
    pub server: ServerUrl,
    pub fetched: mpsc::UnboundedSender<Fetched>,
    pub schedules: mpsc::UnboundedSender<FetchedSchedules>,
}

#[derive(Debug)]
pub struct Fetched {
    pub execution: ExecutionId,
    pub order: Result<Box<Order>, CredentialError>,
}

/// What the server says is to be kept of schedules.
#[derive(Debug)]
pub struct FetchedSchedules(pub Result<Box<FetchedAssignment>, CredentialError>);

impl Fetcher {
    pub fn fetch(&self, execution: ExecutionId, identity: Identity) {
        let fetcher = self.clone();
        tokio::spawn(async move {
            let order = patiently(|| fetcher.try_once(execution, &identity)).await;
            let _ = fetcher.fetched.send(Fetched { execution, order });
        });
    }

    async fn try_once(&self, execution: ExecutionId, identity: &Identity) -> Result<Box<Order>, CredentialError> {
        let credential = credential::obtain(&self.state, identity, &self.keys.signing, &self.server).await?;
        Ok(http::get(&self.server, &format!("/agent/v1/orders/{execution}"), Some(&credential.text)).await?)
    }

    pub fn fetch_schedules(&self, request: FetchAssignment, identity: Identity) {
        let fetcher = self.clone();
        tokio::spawn(async move {
            let fetched = patiently(|| fetcher.try_schedules(&request, &identity)).await;
            let _ = fetcher.schedules.send(FetchedSchedules(fetched));
        });
    }

    async fn try_schedules(&self, request: &FetchAssignment, identity: &Identity) -> Result<Box<FetchedAssignment>, CredentialError> {
        let credential = credential::obtain(&self.state, identity, &self.keys.signing, &self.server).await?;
        Ok(http::post(&self.server, "/agent/v1/assignment", Some(&credential.text), request).await?)
    }
}
