//! Executors: how each type of action is carried out.
//!
//! A new type of action is one definition in `taskey_proto::tasks` and one executor here: a module, and its line in the one
//! `match` of [`run`]. An executor gets the [`Scene`], tells its output as it comes, and returns an [`Outcome`]; order,
//! policy, journal and report are none of its business.

mod command;
mod errand;
mod process;
mod script;

use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use taskey_proto::Time;
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{State, Stream, Truncated};
use taskey_proto::tasks::Action;
use tokio::sync::watch;

use crate::clock::ServerTime;
use crate::errand::hosts::HostRules;
use crate::errand::paths::PathRules;
use crate::group::Warden;
use crate::journal::ProcessMark;
use crate::secrets::Secrets;
use crate::users::User;

/// Carries out one action as `user`.
pub async fn run(action: &Action, user: &User, scene: &Scene<'_>) -> Outcome {
    match action {
        Action::Command(command) => command::run(command, action.common(), user, scene).await,
        Action::Script(script) => script::run(script, action.common(), user, scene).await,
        Action::HttpRequest(request) => errand::http_request(request, action.common(), user, scene).await,
        Action::ReadFile(file) => errand::read_file(file, action.common(), user, scene).await,
    }
}

/// Carries out an action in another way than [`run`]: for devices that are simulated.
pub type CarryOut = for<'a> fn(&'a Action, &'a User, &'a Scene<'a>) -> BoxFuture<'a, Outcome>;

/// What an executor has around it.
pub struct Scene<'a> {
    pub execution: ExecutionId,
    pub run: RunId,
    pub warden: &'a Warden,
    pub time: &'a ServerTime,
    /// From the polite request to end until SIGKILL.
    pub kill_grace: Duration,
    /// Whether the agent can take on other users.
    pub switch_user: bool,
    /// The program that errands are run by.
    pub own_program: &'a Path,
    pub rules: &'a Rules,
    pub secrets: &'a Secrets,
    /// Turns to something when the action is to end early.
    pub stop: watch::Receiver<Option<Stop>>,
    pub tell: &'a (dyn Fn(News<'_>) + Send + Sync),
}

/// What the policy allows within an action, for those who find out only while they work.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub paths: PathRules,
    pub hosts: HostRules,
}

/// What an executor tells while it works.
#[derive(Debug)]
pub enum News<'a> {
    /// A process was started.
    Process(ProcessMark),
    Started(Time),
    Output(Stream, &'a [u8]),
}

/// Why an execution is to end before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    Cancelled { by: String },
    AgentStopped,
}

/// How one action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub state: State,
    /// The exit code, or 128 + signal; the HTTP status; 0 for a file that was read; `None` where there is none of these.
    pub code: Option<i64>,
    pub reason: Option<Reason>,
    pub truncated: Truncated,
    pub started_at: Option<Time>,
}

impl Stop {
    pub fn reason(&self) -> Reason {
        match self {
            Stop::Cancelled { by } => Reason::new("cancelled", format!("cancelled by {by}")),
            Stop::AgentStopped => Reason::new("agent_stopped", "the agent was stopped on its device"),
        }
    }
}

impl Outcome {
    /// Nothing was started.
    pub fn not_started(state: State, reason: Reason) -> Self {
        Self { state, code: None, reason: Some(reason), truncated: Truncated::default(), started_at: None }
    }
}
