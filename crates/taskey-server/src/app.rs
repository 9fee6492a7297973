//! What a running server holds; every handler, op and job gets it.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use taskey_proto::Time;
use taskey_proto::id::{InstanceId, NodeId};
use tokio::sync::watch;
use uuid::Uuid;

use crate::features::accounts::KeysAsked;
use crate::features::accounts::hasher::Hasher;
use crate::features::accounts::refusals::Refusals;
use crate::features::accounts::remembered::Remembered;
use crate::features::accounts::setup_code::SetupCode;
use crate::features::accounts::throttle::Throttle;
use crate::features::calendars::Parsed;
use crate::features::inbox::{Kinds, Posting};
use crate::features::webhooks::Senders;
use crate::install::Agents;
use crate::platform::clock::{Clock, IdSource};
use crate::platform::db::Db;
use crate::platform::egress::Egress;
use crate::platform::http::guard::Hosts;
use crate::platform::http::idempotency::InFlight;
use crate::platform::http::proxies::Proxies;
use crate::platform::keys::Keys;
use crate::platform::mqtt::Lines;
use crate::platform::mqtt::uplink::Uplink;
use crate::platform::poll::Polls;
use crate::platform::quiet::Quiet;
use crate::platform::tls::AgentTrust;
use crate::platform::vault::Vault;

#[derive(Clone)]
pub struct App(Arc<Inner>);

pub struct Inner {
    pub data: PathBuf,
    pub db: Db,
    pub clock: Clock,
    pub ids: IdSource,
    pub keys: Keys,
    pub vault: Vault,
    pub public_url: String,
    pub hosts: Hosts,
    pub proxies: Proxies,
    pub agent_trust: AgentTrust,
    pub agents: Agents,
    /// By which addresses that people give are called.
    pub egress: Egress,
    pub instance: InstanceId,
    /// Raised by a restore; devices refuse orders of an earlier one.
    pub epoch: u64,
    /// Whether it was restored and waits for its operator.
    pub quiet: Quiet,
    pub node: NodeId,
    pub lines: Lines,
    /// Those of them that are held by long-poll.
    pub polls: Polls,
    /// Who takes in what devices say; filled by the wiring.
    pub uplink: Uplink,
    pub in_flight: InFlight,
    pub setup_code: SetupCode,
    pub sign_in_throttle: Throttle,
    pub access: Remembered,
    /// What reads the keys of requests.
    pub keys_asked: KeysAsked,
    pub refusals: Refusals,
    /// The events of calendars that were read.
    pub calendars: Parsed,
    /// Versions of item types that were read.
    pub kinds: Kinds,
    /// What writes items that are posted.
    pub posting: Posting,
    /// What sends to webhooks.
    pub senders: Senders,
    /// The threads that hash passwords.
    pub hasher: Hasher,
    pub metrics: crate::platform::telemetry::Metrics,
    /// True once the server is asked to stop: streams and jobs end.
    pub stopping: watch::Sender<bool>,
}

impl App {
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn uuid(&self) -> Uuid {
        self.ids.uuid(self.clock.now())
    }

    /// Returns once the server is asked to stop.
    pub async fn stopped(&self) {
        // The sender lives in self: waiting cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
