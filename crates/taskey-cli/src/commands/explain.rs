//! `taskey runs explain`: why a run or an execution waits, did not run, or ended as it did.

use std::str::FromStr;

use taskey_client::Client;
use taskey_proto::Time;
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::runs::explain::{ExecutionExplanation, ExplanationNext, ExplanationStep, RunExplanation};

use super::runs::state_cell;
use crate::failure::Failure;
use crate::output::Output;
use crate::relative::{now, relative};
use crate::table::Table;

/// What a word on the command line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOrExecution {
    Run(RunId),
    Execution(ExecutionId),
}

impl FromStr for RunOrExecution {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let run = word.parse().map(RunOrExecution::Run);
        let execution = || word.parse().map(RunOrExecution::Execution);
        run.or_else(|_| execution()).map_err(|_| "give the id of a run, run_…, or of an execution, exe_…")
    }
}

pub async fn show(client: &Client, what: RunOrExecution, output: Output) -> Result<(), Failure> {
    match what {
        RunOrExecution::Run(run) => {
            let told = client.explain_run(run).await?;
            output.thing(&told, &told.run.to_string(), || of_run(&told))
        }
        RunOrExecution::Execution(execution) => {
            let told = client.explain_execution(execution).await?;
            output.thing(&told, &told.execution.to_string(), || of_execution(&told))
        }
    }
}

fn of_execution(told: &ExecutionExplanation) -> Table {
    let mut table = Table::of_fields();
    table.field("execution", told.execution.to_string());
    table.field("run", told.run.to_string());
    table.field("device", told.device.name.as_str());
    table.field("state", state_cell(told.state));
    table.field("answer", told.answer.as_str());
    next_fields(&mut table, told.next.as_ref());
    table.then(steps_table(&told.steps))
}

fn of_run(told: &RunExplanation) -> Table {
    let mut table = Table::of_fields();
    table.field("run", told.run.to_string());
    table.field("state", state_cell(told.state));
    table.field("answer", told.answer.as_str());
    next_fields(&mut table, told.next.as_ref());
    let steps = steps_table(&told.steps);
    match told.parts.as_slice() {
        [] => table.then(steps),
        // The answer above is its own.
        [only] if only.count == 1 => table.then(steps),
        _ => table.then(steps.then(parts_table(told))),
    }
}

fn next_fields(table: &mut Table, next: Option<&ExplanationNext>) {
    table.field_if("next", next.map(|next| next.detail.as_str()));
    table.field_if("then", next.map(|next| moment(next.at)));
}

fn steps_table(steps: &[ExplanationStep]) -> Table {
    let mut table = Table::new(&["AT", "STEP"]);
    for step in steps {
        table.row([moment(step.at).into(), step.detail.as_str().into()]);
    }
    table
}

fn parts_table(told: &RunExplanation) -> Table {
    let mut table = Table::new(&["DEVICES", "STATE", "FOR EXAMPLE", "WHY"]);
    for part in &told.parts {
        table.row([part.count.to_string().into(), state_cell(part.state), part.sample.to_string().into(), part.answer.as_str().into()]);
    }
    table
}

/// Exact, since logs are looked at beside it, and how long ago, since people think so.
fn moment(at: Time) -> String {
    format!("{at} ({})", relative(at, now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_and_an_execution_are_told_apart_by_their_ids() {
        let run: RunOrExecution = "run_00000000000000000000000000".parse().unwrap();
        let execution: RunOrExecution = "exe_00000000000000000000000000".parse().unwrap();
        assert!(matches!((run, execution), (RunOrExecution::Run(_), RunOrExecution::Execution(_))));
        for wrong in ["web-1", "dev_00000000000000000000000000", "run_", ""] {
            assert!(wrong.parse::<RunOrExecution>().is_err(), "{wrong}");
        }
    }
}
