//! Runs and their executions.

use std::time::Duration;

use taskey_proto::id::{DeviceId, ExecutionId, RunId};
use taskey_proto::page::Page;
use taskey_proto::runs::explain::{ExecutionExplanation, RunExplanation};
use taskey_proto::runs::{Execution, ExecutionGroup, Run, StartRun, State};
use taskey_proto::targets::{PreviewTargets, TargetsPreview};

use crate::output::OutputFollower;
use crate::{Client, ClientError, pages};

/// How a run is started.
#[derive(Debug, Clone, Default)]
pub struct StartOptions {
    /// The server waits this long for the end before it answers, at most 55 seconds.
    pub wait: Option<Duration>,
    /// Chosen at random for each start. With it, a start whose answer got lost is repeated safely.
    pub idempotency_key: Option<String>,
}

/// Which runs a list holds.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub state: Option<State>,
    pub device: Option<DeviceId>,
}

impl Client {
    pub async fn start_run(&self, start: &StartRun, options: &StartOptions) -> Result<Run, ClientError> {
        let call = self.post(&["runs"]).wait(options.wait).idempotency_key(options.idempotency_key.as_deref());
        call.json(start).json_answer().await
    }

    /// What a run with these targets would be for now.
    pub async fn preview_targets(&self, preview: &PreviewTargets) -> Result<TargetsPreview, ClientError> {
        self.post(&["targets"]).json(preview).json_answer().await
    }

    /// All runs that the filter lets through, newest first, or the first `limit`; without their executions.
    pub async fn list_runs(&self, filter: &RunFilter, limit: Option<usize>) -> Result<Page<Run>, ClientError> {
        let call = || self.get(&["runs"]).query_opt("state", filter.state.map(State::word)).query_opt("device", filter.device);
        pages::collect(limit, call).await
    }

    /// The run with its first 100 executions. With `wait` the answer comes when it is over, or that much later.
    pub async fn show_run(&self, run: RunId, wait: Option<Duration>) -> Result<Run, ClientError> {
        self.get(&["runs", &run.to_string()]).wait(wait).json_answer().await
    }

    /// All executions of a run, or the first `limit`; with `group`, those of the group of that key.
    pub async fn list_executions(&self, run: RunId, group: Option<&str>, limit: Option<usize>) -> Result<Page<Execution>, ClientError> {
        pages::collect(limit, || self.get(&["runs", &run.to_string(), "executions"]).query_opt("group", group)).await
    }

    /// What ended alike of a run as groups, the largest first: all of them, or the first `limit`.
    pub async fn list_execution_groups(&self, run: RunId, limit: Option<usize>) -> Result<Page<ExecutionGroup>, ClientError> {
        pages::collect(limit, || self.get(&["runs", &run.to_string(), "groups"])).await
    }

    pub async fn cancel_run(&self, run: RunId) -> Result<Run, ClientError> {
        self.post(&["runs", &run.to_string(), "cancel"]).json_answer().await
    }

    /// Why a run waits, or ended as it did.
    pub async fn explain_run(&self, run: RunId) -> Result<RunExplanation, ClientError> {
        self.get(&["runs", &run.to_string(), "explain"]).json_answer().await
    }

    /// Why an execution waits, did not run, or ended as it did.
    pub async fn explain_execution(&self, execution: ExecutionId) -> Result<ExecutionExplanation, ClientError> {
        self.get(&["executions", &execution.to_string(), "explain"]).json_answer().await
    }

    /// Cancels one execution; its run goes on with the others.
    pub async fn cancel_execution(&self, execution: ExecutionId) -> Result<Execution, ClientError> {
        self.post(&["executions", &execution.to_string(), "cancel"]).json_answer().await
    }

    pub async fn show_execution(&self, execution: ExecutionId) -> Result<Execution, ClientError> {
        self.get(&["executions", &execution.to_string()]).json_answer().await
    }

    /// Everything that an execution has written and will write, until its end.
    pub fn follow_output(&self, execution: ExecutionId) -> OutputFollower {
        OutputFollower::new(self.clone(), execution, true)
    }

    /// Everything that an execution has written so far.
    pub fn read_output(&self, execution: ExecutionId) -> OutputFollower {
        OutputFollower::new(self.clone(), execution, false)
    }
}
