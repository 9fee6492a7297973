//! Waiting for what a person says: `taskey ask` and `taskey items wait`.

use std::time::{Duration, Instant};

use taskey_client::{Client, ClientError};
use taskey_proto::Span;
use taskey_proto::id::ItemId;
use taskey_proto::items::Item;
use taskey_proto::problem::Code;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::output::{self, Output};
use crate::terminal;

/// How long a server that cannot be reached is left alone before it is asked again. It may be starting.
const UNREACHABLE_PAUSE: Duration = Duration::from_secs(2);

/// Waits for an item, prints the resolution's name, and says how the command ends. Whatever ends the waiting, the item stays as it is.
pub async fn wait(
    client: &Client,
    item: ItemId,
    timeout: Option<Span>,
    output: Output,
    interrupts: &mut Interrupts,
) -> Result<Exit, Failure> {
    let mut waited = item;
    let timeout = timeout.map_or(Duration::MAX, Span::as_duration);
    let over = tokio::select! {
        over = until_over(client, &mut waited, timeout) => over?,
        () = interrupts.next() => {
            still_open(waited);
            return Ok(Exit::Interrupted);
        }
    };
    match over {
        Some(over) => tell(&over, output),
        None => {
            still_open(waited);
            Ok(Exit::Late)
        }
    }
}

fn still_open(item: ItemId) {
    output::note(&format!("{item} is still open; wait on with `taskey items wait {item}`"));
}

/// The item once it is over; one that became one with another goes on as that one.
async fn until_over(client: &Client, item: &mut ItemId, timeout: Duration) -> Result<Option<Item>, ClientError> {
    let started = Instant::now();
    let mut was_away = false;
    loop {
        let left = timeout.saturating_sub(started.elapsed());
        match client.wait_item(*item, left).await {
            Ok(Some(Item { merged_into: Some(into), .. })) => {
                output::note(&format!("{item} became one with {into}, which is waited for now"));
                *item = into;
            }
            Ok(over) => return Ok(over),
            Err(error) if is_away(&error) && !left.is_zero() => {
                if !std::mem::replace(&mut was_away, true) {
                    output::note(&format!("{error}; trying again"));
                }
                tokio::time::sleep(UNREACHABLE_PAUSE.min(left)).await;
            }
            Err(error) if is_away(&error) && was_away => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Whether the server is likely to be back while a person makes up their mind.
fn is_away(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => true,
        ClientError::Unexpected { status, .. } => matches!(status, 502..=504),
        error => error.has_code(Code::Unavailable),
    }
}

/// Prints what became of an item, and says how a command ends that waited for it.
fn tell(item: &Item, output: Output) -> Result<Exit, Failure> {
    match &item.resolution {
        Some(resolution) if output.is_table() || output.is_name() => output::line(&terminal::one_line(&resolution.name))?,
        None if output.is_table() || output.is_name() => {}
        _ => output.thing(item, &item.state, crate::table::Table::of_fields)?,
    }
    let exit = verdict(item);
    if exit != Exit::Done {
        output::note(&sentence(item));
    }
    Ok(exit)
}

/// Nobody asked twice: a no and a cancelled item are one number, a time that ran out is another.
pub fn verdict(item: &Item) -> Exit {
    match (&item.resolution, item.state.as_str()) {
        (Some(resolution), _) if resolution.refusal => Exit::Failed,
        (Some(_), _) | (None, "resolved") => Exit::Done,
        (None, "timed_out") => Exit::Late,
        (None, _) if item.is_open => Exit::Late,
        (None, _) => Exit::Failed,
    }
}

/// `itm_…: rejected by Ann: fraud`.
fn sentence(item: &Item) -> String {
    let end = match &item.resolution {
        Some(resolution) => {
            let reason = resolution.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} by {}{reason}", resolution.name, resolution.by)
        }
        None => {
            let reason = item.reason.as_ref().map(|reason| format!(": {}", reason.detail)).unwrap_or_default();
            format!("{}{reason}", item.state.replace('_', " "))
        }
    };
    terminal::one_line(&format!("{}: {end}", item.id))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn item(state: &str, resolution: Value, reason: Value) -> Item {
        let at = "2026-01-01T00:00:00.000Z";
        serde_json::from_value(json!({
            "id": "itm_00000000000000000000000001", "type": {"id": "ity_00000000000000000000000000", "name": "refund", "version": 1},
            "title": "Refund", "state": state, "is_open": state == "open", "resolution": resolution, "reason": reason, "fields": {},
            "external_id": null, "assignee": null, "due_at": null, "snoozed_until": null, "merged_into": null, "comment_count": 0,
            "created_at": at, "created_by": "shop", "updated_at": at, "closed_at": null, "erased_at": null, "version": 1, "seq": 1,
            "role": "admin",
        }))
        .unwrap()
    }

    fn resolved(refusal: bool, reason: Value) -> Item {
        let name = if refusal { "rejected" } else { "approved" };
        let resolution = json!({
            "name": name, "label": name, "refusal": refusal, "reason": reason, "answers": {}, "by": "Ann", "at": "2026-01-01T00:00:00.000Z",
        });
        item("resolved", resolution, Value::Null)
    }

    #[test]
    fn every_end_has_its_exit() {
        assert_eq!(verdict(&resolved(false, Value::Null)), Exit::Done);
        assert_eq!(verdict(&resolved(true, Value::Null)), Exit::Failed);
        for (state, exit) in [
            ("cancelled", Exit::Failed),
            ("merged", Exit::Failed),
            ("timed_out", Exit::Late),
            ("open", Exit::Late),
            ("resolved", Exit::Done),
        ] {
            assert_eq!(verdict(&item(state, Value::Null, Value::Null)), exit, "{state}");
        }
    }

    #[test]
    fn who_said_no_and_why_is_told_in_a_line() {
        let id = "itm_00000000000000000000000001";
        assert_eq!(sentence(&resolved(true, json!("fraud\n"))), format!("{id}: rejected by Ann: fraud "));
        let cancelled = item("cancelled", Value::Null, json!({"code": "cancelled", "detail": "The order was taken back."}));
        assert_eq!(sentence(&cancelled), format!("{id}: cancelled: The order was taken back."));
        assert_eq!(sentence(&item("timed_out", Value::Null, Value::Null)), format!("{id}: timed out"));
    }

    #[test]
    fn a_server_that_starts_again_is_waited_for_and_a_refusal_is_not() {
        let unexpected = |status| ClientError::Unexpected { server: String::new(), status, detail: String::new() };
        assert!(is_away(&unexpected(502)) && is_away(&unexpected(503)) && !is_away(&unexpected(404)));
        assert!(!is_away(&ClientError::InvalidKey));
    }
}
