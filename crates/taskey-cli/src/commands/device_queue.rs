//! `taskey devices queue` and `purge`: what waits for a device that is away.

use taskey_client::Client;
use taskey_proto::problem::Reason;
use taskey_proto::runs::queue::QueuedExecution;

use crate::failure::Failure;
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::secrets;
use crate::table::Table;

pub async fn show(client: &Client, device: &str, limit: Option<usize>, output: Output) -> Result<(), Failure> {
    let page = client.show_queue(device, limit).await?;
    if page.items.is_empty() && output.is_table() {
        output::note(&format!("nothing waits for {device}"));
        return Ok(());
    }
    output.list(&page, |queued| queued.execution.to_string(), table)
}

/// Asks with the number of what would be lost, where somebody is there to be asked.
pub async fn purge(client: &Client, device: &str, yes: bool, output: Output) -> Result<(), Failure> {
    let found = client.show_device(device).await?.value;
    let question = match found.queued {
        1 => format!("Cancel the one execution that waits for {}?", found.name),
        count => format!("Cancel all {count} executions that wait for {}?", found.name),
    };
    if found.queued > 0 {
        secrets::confirm(&question, yes).await?;
    }
    // By id: the name may have moved to another device since.
    let purged = client.purge_queue(&found.id.to_string()).await?;
    if output.is_table() {
        return output::line(&format!("{}: {} cancelled", found.name, purged.cancelled));
    }
    output.thing(&purged, &found.name, Table::of_fields)
}

fn table(queued: &[QueuedExecution]) -> Table {
    let now = now();
    let mut table = Table::new(&["POSITION", "EXECUTION", "RUN", "TASK", "BY", "SINCE", "EXPIRES", "REASON"]);
    for execution in queued {
        table.row([
            execution.position.to_string().into(),
            execution.execution.to_string().into(),
            execution.run.to_string().into(),
            execution.task.name.as_str().into(),
            execution.cause.by.as_str().into(),
            relative(execution.since, now).into(),
            relative(execution.expires_at, now).into(),
            execution.reason.as_ref().map_or("", |Reason { code, .. }| code.as_str()).into(),
        ]);
    }
    table
}
