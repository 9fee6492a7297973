//! `taskey exec`: one command on one device, as if it ran here.
//!
//! stdout and stderr of the device go to ours, byte for byte. Ctrl-C cancels the run; whatever else happens, the run has an end that
//! the exit code tells.

use std::pin::pin;
use std::time::Duration;

use clap::Args;
use taskey_client::{Client, ClientError, StartOptions};
use taskey_proto::Span;
use taskey_proto::id::RunId;
use taskey_proto::problem::Code;
use taskey_proto::runs::{Execution, Run, StartRun, Targets, WhenOffline};
use taskey_proto::tasks::{Action, Command};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::live::{self, LiveOutput};
use crate::{output, secrets, session, verdict};

/// Nobody waits longer for a device that was online and then did not take the command.
const EXPIRES_IN: Span = Span::from_secs(60);
/// After Ctrl-C, how long the last output and the end are waited for.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub struct ExecArgs {
    /// Id or name of the device.
    #[arg(long, short = 'd', value_name = "DEVICE")]
    device: String,
    /// The command is killed after this long; the device's default is 1h.
    #[arg(long, value_name = "SPAN")]
    timeout: Option<Span>,
    /// The device's user to run it as, where its policy allows that.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// The program and its arguments; no shell stands between.
    #[arg(last = true, required = true, value_name = "ARGV")]
    pub argv: Vec<String>,
}

pub async fn run(global: &Global, args: ExecArgs, interrupts: &mut Interrupts) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    let start = start_of(args);
    let options = StartOptions { wait: None, idempotency_key: Some(secrets::random_word()?) };
    let mut starting = pin!(client.start_run(&start, &options));
    let run = tokio::select! {
        run = &mut starting => run?,
        () = interrupts.next() => {
            // It may be running already: only the answer says how to cancel it.
            if let Ok(Ok(run)) = tokio::time::timeout(CANCEL_PATIENCE, starting).await {
                cancel(&client, run.id).await?;
            }
            return Ok(Exit::Interrupted);
        }
    };
    let execution = only_execution(run)?;
    let mut live = LiveOutput::default();
    let ended = follow_or_cancel(&client, &execution, &mut live, interrupts).await?;
    live.end_line();
    match ended {
        Some(ended) => tell(&ended),
        None => Ok(Exit::Interrupted),
    }
}

/// The execution as it ended; `None` when somebody had it cancelled here.
async fn follow_or_cancel(
    client: &Client,
    execution: &Execution,
    live: &mut LiveOutput,
    interrupts: &mut Interrupts,
) -> Result<Option<Execution>, Failure> {
    let mut following = pin!(live::follow(client, execution.id, live));
    tokio::select! {
        ended = &mut following => return Ok(Some(ended?)),
        () = interrupts.next() => {}
    }
    cancel(client, execution.run).await?;
    tokio::select! {
        _ = tokio::time::timeout(CANCEL_PATIENCE, following) => {}
        () = interrupts.next() => {}
    }
    Ok(None)
}

fn start_of(args: ExecArgs) -> StartRun {
    let mut argv = args.argv.into_iter();
    let command = Command {
        command: argv.next().unwrap_or_default(),
        arguments: argv.collect(),
        user: args.user,
        timeout: args.timeout,
        ..Command::default()
    };
    StartRun {
        task: None,
        actions: Some(vec![Action::Command(command)]),
        targets: Targets { devices: vec![args.device], ..Targets::default() },
        when_offline: WhenOffline::Fail,
        expires_in: Some(EXPIRES_IN),
    }
}

fn only_execution(run: Run) -> Result<Execution, Failure> {
    let reason = run.reason.map(|reason| reason.detail);
    run.executions.into_iter().flatten().next().ok_or_else(|| {
        let why = reason.unwrap_or_else(|| "the run has no execution".to_owned());
        Failure::Ended(Exit::Failed, why)
    })
}

/// Success is silent; anything else is said on stderr, after what the device wrote there.
fn tell(execution: &Execution) -> Result<Exit, Failure> {
    if execution.actions.iter().any(|action| action.truncated.output || action.truncated.error) {
        output::note("note: it wrote more than is kept; its beginning and its end are here");
    }
    match verdict::of_execution(execution) {
        Exit::Done => Ok(Exit::Done),
        exit => Err(Failure::Ended(exit, verdict::sentence(execution))),
    }
}

async fn cancel(client: &Client, run: RunId) -> Result<(), ClientError> {
    output::note("cancelling");
    match client.cancel_run(run).await {
        Err(error) if !error.has_code(Code::RunOver) => Err(error),
        _ => Ok(()),
    }
}
