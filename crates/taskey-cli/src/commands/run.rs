//! `taskey run`: a stored task on one or several devices.

use std::collections::HashMap;
use std::time::Duration;

use clap::{Args, ValueEnum};
use taskey_client::{Client, ClientError, StartOptions};
use taskey_proto::Span;
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::runs::{Run, StartRun, State, Targets, WhenOffline};

use crate::cli::Global;
use crate::commands::{runs, targets as preview};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::output::{self, Output};
use crate::targets::{self, Several};
use crate::{secrets, session, verdict};

/// The server answers at once when the run is over; until then this is how often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);
/// Up to this many devices, progress names each.
const NAMED_MAX: usize = 20;
/// A server that starts again is waited for this often, with [`PROGRESS_EVERY`] between.
const UNREACHABLE_MAX: u32 = 15;

/// On a terminal, a run on more devices than this is asked about.
const ASKED_ABOVE: u64 = 100;

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Id or name of the task.
    task: String,
    /// Id or name of a device; may be repeated.
    #[arg(long = "device", short = 'd', required_unless_present = "on", value_name = "DEVICE")]
    devices: Vec<String>,
    /// device:NAME, group:NAME for every device of a device group, or a selector as 'role=web and os!=alpine'; several by comma, or repeated.
    #[arg(long, value_name = "TARGETS", value_parser = targets::parse_targets)]
    on: Vec<Several>,
    /// Wait for the end: progress on stderr, then what became of it.
    #[arg(long)]
    wait: bool,
    /// How long it may wait for its devices; without it, 24h.
    #[arg(long, value_name = "SPAN")]
    expires: Option<Span>,
    /// What to do with a device that is offline.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    when_offline: Offline,
    /// Do not ask, however many devices it is for.
    #[arg(long, short = 'y')]
    yes: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Offline {
    #[default]
    Queue,
    Skip,
    Fail,
}

impl RunArgs {
    pub fn targets(&self) -> Targets {
        targets::join(self.devices.clone(), self.on.clone())
    }
}

pub async fn run(global: &Global, args: RunArgs, output: Output, interrupts: &mut Interrupts) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    let options = StartOptions { wait: None, idempotency_key: Some(secrets::random_word()?) };
    let (wait, yes) = (args.wait, args.yes);
    let start = start_of(args);
    tokio::select! {
        told = tell_how_many(&client, &start, yes) => told?,
        () = interrupts.next() => return Ok(Exit::Interrupted),
    }
    let run = tokio::select! {
        run = client.start_run(&start, &options) => run?,
        () = interrupts.next() => return Ok(Exit::Interrupted),
    };
    if !wait {
        return started(&run, output);
    }
    tokio::select! {
        ended = wait_for(&client, run.id) => {
            let run = ended?;
            output.thing(&run, &run.id.to_string(), || runs::show_table(&run))?;
            Ok(verdict::of_all(run.executions.iter().flatten()))
        }
        () = interrupts.next() => {
            output::note(&format!("{} goes on; see `taskey runs show {0}`, or end it with `taskey runs cancel {0}`", run.id));
            Ok(Exit::Interrupted)
        }
    }
}

/// Where it may be for more than one device, says for how many, and asks whether so many are meant.
async fn tell_how_many(client: &Client, start: &StartRun, yes: bool) -> Result<(), Failure> {
    let task = start.task.as_deref().unwrap_or_default();
    if start.targets.devices.len() == 1 && start.targets.groups.is_empty() && start.targets.selector.is_none() {
        return Ok(());
    }
    match preview::count(client, &start.targets, task).await? {
        Some(count) if is_many(count) => secrets::confirm(&format!("Run {task} on {count} devices?"), yes).await,
        _ => Ok(()),
    }
}

/// Whether a slip of a selector would be felt.
const fn is_many(count: u64) -> bool {
    count > ASKED_ABOVE
}

fn start_of(args: RunArgs) -> StartRun {
    StartRun {
        targets: args.targets(),
        task: Some(args.task),
        actions: None,
        when_offline: match args.when_offline {
            Offline::Queue => WhenOffline::Queue,
            Offline::Skip => WhenOffline::Skip,
            Offline::Fail => WhenOffline::Fail,
        },
        expires_in: args.expires,
    }
}

fn started(run: &Run, output: Output) -> Result<Exit, Failure> {
    let id = run.id.to_string();
    if output.is_table() {
        output::line(&id)?;
    } else {
        output.thing(run, &id, || runs::show_table(run))?;
    }
    Ok(Exit::Done)
}

/// The run with all its executions, when it is over.
async fn wait_for(client: &Client, id: RunId) -> Result<Run, ClientError> {
    let mut progress = Progress::default();
    let mut unreachable = 0;
    loop {
        match client.show_run(id, Some(PROGRESS_EVERY)).await {
            Ok(run) => {
                unreachable = 0;
                progress.tell(&run);
                if run.state.is_final() {
                    return runs::with_all_executions(client, run).await;
                }
            }
            Err(error @ ClientError::Unreachable { .. }) if unreachable < UNREACHABLE_MAX => {
                if unreachable == 0 {
                    output::note(&format!("{error}; trying again"));
                }
                unreachable += 1;
                tokio::time::sleep(PROGRESS_EVERY).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Says on stderr what has changed since the last time.
#[derive(Default)]
struct Progress {
    states: HashMap<ExecutionId, State>,
    counts: String,
}

impl Progress {
    fn tell(&mut self, run: &Run) {
        let executions = run.executions.as_deref().unwrap_or_default();
        if executions.len() > NAMED_MAX {
            let counts = runs::counts_text(run);
            if counts != self.counts {
                output::note(&counts);
                self.counts = counts;
            }
            return;
        }
        for execution in executions {
            if self.states.insert(execution.id, execution.state) != Some(execution.state) {
                output::note(&verdict::sentence(execution));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_devices_are_not_asked_about_and_one_more_is() {
        assert!(!is_many(100) && is_many(101));
    }
}
