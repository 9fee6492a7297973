//! `taskey runs`: what was run, and what became of it.

use clap::Subcommand;
use futures_util::{StreamExt, TryStreamExt, stream};
use taskey_client::{Client, ClientError, OutputUpdate, RunFilter};
use taskey_proto::Time;
use taskey_proto::id::{DeviceId, RunId};
use taskey_proto::problem::Reason;
use taskey_proto::runs::{ActionResult, Cause, Execution, OutputEvent, Run, State};

use super::execution_groups;
use super::explain::{self, RunOrExecution};
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::live::{self, LiveOutput};
use crate::output::Output;
use crate::relative::{instant, length, now, relative};
use crate::session;
use crate::table::{Cell, Table, Tone};

/// Executions whose output is read, or followed, at the same time.
const READ_AT_ONCE: usize = 4;
const FOLLOWED_AT_ONCE: usize = 64;

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List runs, newest first.
    Ls {
        /// Only those in this state.
        #[arg(long, value_name = "STATE", value_parser = parse_state)]
        state: Option<State>,
        /// Only those on this device, by id or name.
        #[arg(long, short = 'd', value_name = "DEVICE")]
        device: Option<String>,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one run and its executions.
    Show { run: RunId },
    /// Print what a run wrote; several devices are told apart by their names.
    Logs {
        run: RunId,
        /// Only what this device wrote, by id or name; may be given several times.
        #[arg(long, short = 'd', value_name = "DEVICE")]
        device: Vec<String>,
        /// Go on until the run is over.
        #[arg(long, short = 'f')]
        follow: bool,
    },
    /// Show what ended alike as one: how many devices, and in what the others differ.
    Groups {
        run: RunId,
        /// Name the devices, and show how each group's output differs from that of the largest.
        #[arg(long)]
        diff: bool,
        /// Show no more than this many groups.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Tell why a run, or one execution, waits, did not run, or ended as it did, and what comes next.
    Explain {
        /// The id of a run or of an execution.
        #[arg(value_name = "RUN|EXECUTION")]
        what: RunOrExecution,
    },
    /// Cancel a run, or one execution: what waits does not start, what runs is ended.
    Cancel {
        /// The id of a run or of an execution.
        #[arg(value_name = "RUN|EXECUTION")]
        what: RunOrExecution,
    },
}

pub async fn run(global: &Global, command: RunsCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        RunsCommand::Ls { state, device, limit } => {
            let device = match device {
                Some(device) => Some(device_id(&client, &device).await?),
                None => None,
            };
            let page = client.list_runs(&RunFilter { state, device }, limit).await?;
            output.list(&page, |run| run.id.to_string(), list_table)?;
        }
        RunsCommand::Show { run } => {
            let run = with_all_executions(&client, client.show_run(run, None).await?).await?;
            output.thing(&run, &run.id.to_string(), || show_table(&run))?;
        }
        RunsCommand::Logs { run, device, follow } => {
            let run = with_all_executions(&client, client.show_run(run, None).await?).await?;
            let executions = of_devices(run.executions.unwrap_or_default(), &device)?;
            if follow { follow_all(&client, executions).await? } else { print_all(&client, executions).await? }
        }
        RunsCommand::Groups { run, diff, limit } => execution_groups::show(&client, run, limit, diff, output).await?,
        RunsCommand::Explain { what } => explain::show(&client, what, output).await?,
        RunsCommand::Cancel { what: RunOrExecution::Run(run) } => {
            let run = client.cancel_run(run).await?;
            output.thing(&run, &run.id.to_string(), || show_table(&run))?;
        }
        RunsCommand::Cancel { what: RunOrExecution::Execution(execution) } => {
            let execution = client.cancel_execution(execution).await?;
            output.thing(&execution, &execution.id.to_string(), || executions_table(std::slice::from_ref(&execution)))?;
        }
    }
    Ok(Exit::Done)
}

/// The executions on the named devices, or all when none is named.
fn of_devices(executions: Vec<Execution>, devices: &[String]) -> Result<Vec<Execution>, Failure> {
    let is = |execution: &Execution, word: &str| execution.device.name == word || execution.device.id.to_string() == word;
    if let Some(word) = devices.iter().find(|word| !executions.iter().any(|execution| is(execution, word))) {
        return Err(Failure::usage(format!("the run has no device `{word}`")));
    }
    Ok(executions.into_iter().filter(|execution| devices.is_empty() || devices.iter().any(|word| is(execution, word))).collect())
}

/// The id of a device that was named by id or name.
pub async fn device_id(client: &Client, device: &str) -> Result<DeviceId, ClientError> {
    match device.parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(client.show_device(device).await?.value.id),
    }
}

/// The run with every execution, also those beyond the first page.
pub async fn with_all_executions(client: &Client, mut run: Run) -> Result<Run, ClientError> {
    let there = run.executions.as_ref().map_or(0, Vec::len) as u64;
    if there < run.counts.values().sum() {
        run.executions = Some(client.list_executions(run.id, None, None).await?.items);
    }
    Ok(run)
}

/// `3 succeeded, 1 failed`.
pub fn counts_text(run: &Run) -> String {
    let counts = run.counts.iter().filter(|(_, count)| **count > 0);
    counts.map(|(state, count)| format!("{count} {}", state.replace('_', " "))).collect::<Vec<_>>().join(", ")
}

pub fn show_table(run: &Run) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", run.id.to_string());
    table.field("task", task_text(run));
    table.field("state", state_cell(run.state));
    table.field_if("reason", reason_text(run.reason.as_ref()));
    table.field("cause", cause_text(&run.cause));
    table.field("created", relative(run.created_at, now));
    table.field_if("took", run.finished_at.map(|end| length(end.since_ms(run.created_at))));
    match run.executions.as_deref() {
        None | Some([]) => table,
        Some([execution]) if execution.actions.len() > 1 => {
            let below = executions_table(std::slice::from_ref(execution)).then(actions_table(&execution.actions));
            table.then(below)
        }
        Some(executions) => table.then(executions_table(executions)),
    }
}

fn list_table(runs: &[Run]) -> Table {
    let now = now();
    let mut table = Table::new(&["ID", "TASK", "STATE", "DEVICES", "CREATED", "BY"]);
    for run in runs {
        table.row([
            run.id.to_string().into(),
            task_text(run).into(),
            state_cell(run.state),
            counts_text(run).into(),
            relative(run.created_at, now).into(),
            by_text(&run.cause).into(),
        ]);
    }
    table
}

fn executions_table(executions: &[Execution]) -> Table {
    let mut table = Table::new(&["DEVICE", "STATE", "CODES", "TOOK", "REASON"]);
    for execution in executions {
        table.row([
            execution.device.name.as_str().into(),
            state_cell(execution.state),
            codes_text(execution).into(),
            took(execution.started_at, execution.finished_at).into(),
            reason_text(execution.reason.as_ref()).unwrap_or_default().into(),
        ]);
    }
    table
}

/// The code of each action, `-` where it has none.
pub fn codes_text(execution: &Execution) -> String {
    let codes = execution.actions.iter().map(|action| action.code.map_or_else(|| "-".to_owned(), |code| code.to_string()));
    codes.collect::<Vec<_>>().join(",")
}

fn actions_table(actions: &[ActionResult]) -> Table {
    let mut table = Table::new(&["ACTION", "TYPE", "STATE", "CODE", "TOOK", "REASON"]);
    for (index, action) in actions.iter().enumerate() {
        table.row([
            // From 1, as reasons count.
            (index + 1).to_string().into(),
            action.kind.as_str().into(),
            state_cell(action.state),
            action.code.map_or_else(|| "-".to_owned(), |code| code.to_string()).into(),
            took(action.started_at, action.finished_at).into(),
            reason_text(action.reason.as_ref()).unwrap_or_default().into(),
        ]);
    }
    table
}

fn task_text(run: &Run) -> String {
    match run.task.version {
        Some(version) => format!("{} v{version}", run.task.name),
        None => run.task.name.clone(),
    }
}

/// `manual by ann`, `schedule nightly, slot 2026-03-29T01:30Z`.
fn cause_text(cause: &Cause) -> String {
    match &cause.slot {
        Some(_) => by_text(cause),
        None => format!("{} by {}", cause.kind, cause.by),
    }
}

/// Who it was by; of a schedule, for which of its slots.
fn by_text(cause: &Cause) -> String {
    match &cause.slot {
        Some(slot) => format!("schedule {}, slot {}", cause.by, instant(slot.at)),
        None => cause.by.clone(),
    }
}

pub fn reason_text(reason: Option<&Reason>) -> Option<String> {
    reason.map(|reason| if reason.detail.is_empty() { reason.code.clone() } else { reason.detail.clone() })
}

fn took(started_at: Option<Time>, finished_at: Option<Time>) -> String {
    match (started_at, finished_at) {
        (Some(start), Some(end)) => length(end.since_ms(start)),
        (Some(start), None) => format!("{} so far", length(now().since_ms(start))),
        (None, _) => String::new(),
    }
}

pub fn state_cell(state: State) -> Cell {
    let tone = match state {
        State::Succeeded => Tone::Good,
        State::Pending | State::Queued | State::Dispatched | State::Running => Tone::Busy,
        State::Skipped => Tone::Faint,
        State::Failed | State::TimedOut | State::Cancelled | State::Expired | State::Rejected | State::Lost => Tone::Bad,
    };
    Cell::toned(state.word().replace('_', " "), tone)
}

/// What every execution has written so far, one after the other.
async fn print_all(client: &Client, executions: Vec<Execution>) -> Result<(), Failure> {
    let prefixes = prefixes(&executions);
    let read = stream::iter(executions).map(|execution| read_output(client, execution)).buffered(READ_AT_ONCE);
    let mut outputs = std::pin::pin!(read.zip(stream::iter(prefixes)));
    while let Some((pieces, prefix)) = outputs.next().await {
        let mut live = LiveOutput::with_prefix(prefix);
        for piece in pieces? {
            live.write(piece.stream, &piece.data).map_err(cannot_write)?;
        }
        live.finish().map_err(cannot_write)?;
        if live.reader_left {
            return Ok(());
        }
    }
    Ok(())
}

async fn read_output(client: &Client, execution: Execution) -> Result<Vec<OutputEvent>, ClientError> {
    let mut reader = client.read_output(execution.id);
    let mut pieces = Vec::new();
    while let Some(update) = reader.next().await? {
        if let OutputUpdate::Output(piece) = update {
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

/// What all executions write, as it comes.
async fn follow_all(client: &Client, executions: Vec<Execution>) -> Result<(), Failure> {
    let prefixes = prefixes(&executions);
    let followed = executions.into_iter().zip(prefixes).map(|(execution, prefix)| async move {
        let mut live = LiveOutput::with_prefix(prefix);
        live::follow(client, execution.id, &mut live).await.map(drop)
    });
    Ok(stream::iter(followed).buffer_unordered(FOLLOWED_AT_ONCE).try_collect::<()>().await?)
}

/// What stands before each line: the device, where there are several.
fn prefixes(executions: &[Execution]) -> Vec<Option<String>> {
    let width = executions.iter().map(|execution| execution.device.name.chars().count()).max().unwrap_or(0);
    let several = executions.len() > 1;
    executions.iter().map(|execution| several.then(|| format!("{:width$} | ", execution.device.name))).collect()
}

fn cannot_write(error: std::io::Error) -> Failure {
    Failure::File("stdout".to_owned(), error)
}

fn parse_state(word: &str) -> Result<State, String> {
    let words = || State::ALL.map(State::word).join(", ");
    State::from_word(word).ok_or_else(|| format!("the states are {}", words()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_named_by_its_word() {
        assert_eq!(parse_state("timed_out"), Ok(State::TimedOut));
        assert!(parse_state("done").unwrap_err().contains("succeeded"));
    }

    #[test]
    fn a_cause_names_who_it_was_or_which_slot_of_which_schedule() {
        let by_hand = Cause { kind: "manual".to_owned(), by: "ann".to_owned(), slot: None };
        assert_eq!((cause_text(&by_hand), by_text(&by_hand)), ("manual by ann".to_owned(), "ann".to_owned()));
        let slot = taskey_proto::runs::RunSlot {
            schedule: "sch_00000000000000000000000000".parse().unwrap(),
            revision: 1,
            at: "2026-03-29T01:30:00Z".parse().unwrap(),
        };
        let by_schedule = Cause { kind: "schedule".to_owned(), by: "nightly".to_owned(), slot: Some(slot) };
        assert_eq!(cause_text(&by_schedule), "schedule nightly, slot 2026-03-29T01:30Z");
        assert_eq!(by_text(&by_schedule), "schedule nightly, slot 2026-03-29T01:30Z");
    }
}
