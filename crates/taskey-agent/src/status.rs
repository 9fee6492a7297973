//! What `taskeyd status` shows, read from the state folder alone, so that it works beside a running agent and without one.

use std::io;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::id::{DeviceId, ExecutionId, InstanceId};
use taskey_proto::problem::Reason;

use crate::VERSION;
use crate::audit_head;
use crate::identity::{Identity, IdentityError};
use crate::journal::{JOURNAL_FILE, Journal};
use crate::line::{LineState, Way};
use crate::policy::{self, Policy};
use crate::state_dir::{Durability, StateDir, replace_file};

const STATUS_FILE: &str = "status.json";

#[derive(Debug, Serialize)]
pub struct Status {
    pub device: DeviceId,
    pub name: String,
    pub organization: String,
    pub server: String,
    pub server_id: InstanceId,
    pub server_fingerprint: String,
    pub epoch: u64,
    pub agent_version: &'static str,
    pub running: bool,
    pub connected: bool,
    /// `connected`, `connecting`, `refused`, or `stopped`.
    pub line: &'static str,
    /// By which way the line is held.
    pub way: Option<Way>,
    /// The proxy on the way to the server, without credentials, as the running agent has it.
    pub proxy: Option<String>,
    /// Why it is not connected, as far as the agent knows.
    pub detail: Option<String>,
    /// Executions that are running, or that have ended and are not acknowledged.
    pub open_executions: Vec<ExecutionId>,
    /// The newest head of the organization's audit log that the server has signed and told.
    pub audit_head: Option<KnownHead>,
    pub policy: Option<Policy>,
    pub policy_problem: Option<Reason>,
}

/// As `taskey audit verify --head SEQ:HASH` takes it.
#[derive(Debug, Serialize)]
pub struct KnownHead {
    pub seq: u64,
    pub hash: String,
    pub at: Time,
}

#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("{0} cannot be read: {1}")]
    State(String, io::Error),
}

/// What the agent leaves for [`Status::read`].
#[derive(Debug, Serialize, Deserialize)]
pub struct LineNote {
    #[serde(flatten)]
    pub line: LineState,
    pub proxy: Option<String>,
}

pub fn note_line(state: &StateDir, note: &LineNote) -> io::Result<()> {
    replace_file(&state.file(STATUS_FILE), &serde_json::to_vec(note)?, 0o600, Durability::Fleeting)
}

impl Status {
    pub fn read(state: &StateDir) -> Result<Self, StatusError> {
        let identity = Identity::load(state)?;
        let failed = |error| StatusError::State(state.path().display().to_string(), error);
        // The agent holds the lock as long as it lives; whoever gets it here knows that none does.
        let running = state.lock().map_err(failed)?.is_none();
        let note = running.then(|| read_note(state)).flatten();
        let (line, proxy) = note.map(|note| (note.line, note.proxy)).unzip();
        let (line, way, detail) = match line {
            Some(LineState::Connected(way)) => ("connected", Some(way), None),
            Some(LineState::Connecting(why)) => ("connecting", None, Some(why).filter(|why| !why.is_empty())),
            Some(LineState::Refused(why)) => ("refused", None, Some(why)),
            None if running => ("connecting", None, None),
            None => ("stopped", None, None),
        };
        let (policy, policy_problem) = match policy::load(state.policy_dir()) {
            Ok(policy) => (Some(policy), None),
            Err(error) => (None, Some(error.reason())),
        };
        Ok(Self {
            device: identity.device,
            name: identity.name,
            organization: identity.organization,
            server: identity.server_url,
            server_id: identity.server,
            server_fingerprint: identity.server_key.fingerprint(),
            epoch: identity.epoch,
            agent_version: VERSION,
            running,
            connected: line == "connected",
            line,
            way,
            proxy: proxy.flatten(),
            detail,
            audit_head: audit_head::load(state).map(|head| KnownHead { seq: head.seq, hash: head.hash, at: head.at }),
            open_executions: Journal::peek_held(&state.file(JOURNAL_FILE)).map_err(failed)?,
            policy,
            policy_problem,
        })
    }

    /// For people: one line a fact.
    pub fn table(&self) -> String {
        let policy = match (&self.policy, &self.policy_problem) {
            (Some(policy), _) => {
                let actions = policy.allow_actions.join(" ");
                format!("{actions} as {}, {} at a time", policy.run_as.join(" "), policy.max_concurrent)
            }
            (None, Some(problem)) => format!("nothing runs: {}", problem.detail),
            (None, None) => String::new(),
        };
        let line = match (&self.detail, self.way) {
            (Some(detail), _) => format!("{} ({detail})", self.line),
            (None, Some(way)) => format!("{} by {}", self.line, way.word()),
            (None, None) => self.line.to_owned(),
        };
        let open = self.open_executions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let rows = [
            ("device", self.device.to_string()),
            ("name", self.name.clone()),
            ("organization", self.organization.clone()),
            ("server", self.server.clone()),
            ("fingerprint", self.server_fingerprint.clone()),
            ("version", self.agent_version.to_owned()),
            ("running", if self.running { "yes" } else { "no" }.to_owned()),
            ("line", line),
            ("proxy", self.proxy.clone().unwrap_or_else(|| "none".to_owned())),
            ("executions", if open.is_empty() { "none open".to_owned() } else { open }),
            ("audit log", self.audit_head.as_ref().map_or_else(|| "no head yet".to_owned(), |head| format!("{}:{}", head.seq, head.hash))),
            ("policy", policy),
        ];
        rows.map(|(key, value)| format!("{key:<14}{value}\n")).concat()
    }
}

fn read_note(state: &StateDir) -> Option<LineNote> {
    serde_json::from_slice(&std::fs::read(state.file(STATUS_FILE)).ok()?).ok()
}
