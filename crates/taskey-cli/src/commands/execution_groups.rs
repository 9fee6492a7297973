//! `taskey runs groups`: a run on many devices, read as the few ways in which it ended.

use taskey_client::Client;
use taskey_proto::id::RunId;
use taskey_proto::runs::{Execution, ExecutionGroup};

use super::runs::{codes_text, state_cell};
use crate::diff::line_diff;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::table::Table;
use crate::terminal::visible;

/// Devices named of each group; of more their number is told.
const NAMED_MAX: usize = 10;

pub async fn show(client: &Client, run: RunId, limit: Option<usize>, diff: bool, output: Output) -> Result<(), Failure> {
    let groups = client.list_execution_groups(run, limit).await?;
    if !diff || !output.is_table() {
        return output.list(&groups, |group| group.key.clone(), table);
    }
    let mut first: Option<String> = None;
    for group in &groups.items {
        let devices = client.list_executions(run, Some(&group.key), Some(NAMED_MAX)).await?.items;
        let text = text_of(&group.sample);
        let shown = match &first {
            None => text.clone(),
            Some(first) => line_diff(first, &text),
        };
        first.get_or_insert(text);
        output::write_data(format!("{}\n{}\n", heading(group, &devices), indented(&shown)).as_bytes())?;
    }
    Ok(())
}

fn table(groups: &[ExecutionGroup]) -> Table {
    let mut table = Table::new(&["DEVICES", "STATE", "CODES", "FOR EXAMPLE", "OUTPUT"]);
    for group in groups {
        table.row([
            group.count.to_string().into(),
            state_cell(group.sample.state),
            codes_text(&group.sample).into(),
            group.sample.device.name.as_str().into(),
            first_line(&group.sample).into(),
        ]);
    }
    table
}

/// The first line that says something, or else why there is none.
fn first_line(execution: &Execution) -> String {
    const LEN_MAX: usize = 60;
    let texts = execution.actions.iter().flat_map(|action| [&action.output, &action.error]);
    let line = texts.flat_map(|text| text.lines()).find(|line| !line.trim().is_empty());
    let reason = execution.reason.as_ref().map(|reason| reason.detail.as_str());
    let line = line.or(reason).unwrap_or_default();
    if line.chars().count() > LEN_MAX { line.chars().take(LEN_MAX).chain("...".chars()).collect() } else { line.to_owned() }
}

fn heading(group: &ExecutionGroup, devices: &[Execution]) -> String {
    let names = devices.iter().map(|execution| execution.device.name.as_str()).collect::<Vec<_>>().join(", ");
    let more = group.count.saturating_sub(devices.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}: {names}{more}", group.count, group.sample.state.word().replace('_', " "))
}

/// What a person reads of an execution, in one text.
fn text_of(execution: &Execution) -> String {
    let mut text = String::new();
    for action in &execution.actions {
        for (mark, stream) in [("", &action.output), ("! ", &action.error)] {
            stream.lines().for_each(|line| text.push_str(&format!("{mark}{line}\n")));
        }
    }
    if let Some(reason) = &execution.reason {
        text.push_str(&format!("({})\n", reason.detail));
    }
    visible(&text)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
