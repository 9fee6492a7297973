//! `taskey access`: why somebody may or may not do something.

use clap::Subcommand;
use taskey_client::AccessQuestion;
use taskey_proto::access::{Explanation, Grant};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::session;
use crate::table::{Cell, Table, Tone};

#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Tell whether something is allowed, and which group and which override decide. Ends with 0 where it is, with 4 where it is not.
    Explain {
        /// What is to be done, such as runs.exec; every verb is in the guide.
        verb: String,
        /// The device that it is to be done to, by id or name.
        #[arg(long, short = 'd', value_name = "DEVICE")]
        device: Option<String>,
        /// The item type whose items it is to be done to, by id or name.
        #[arg(long, short = 't', value_name = "TYPE", conflicts_with = "device")]
        item_type: Option<String>,
        /// Somebody else, by id or user name; for super users.
        #[arg(long, value_name = "USER")]
        user: Option<String>,
    },
}

pub async fn run(global: &Global, command: AccessCommand, output: Output) -> Result<Exit, Failure> {
    let AccessCommand::Explain { verb, device, item_type, user } = command;
    let client = session::client(global)?;
    let question = AccessQuestion { verb: &verb, device: device.as_deref(), item_type: item_type.as_deref(), user: user.as_deref() };
    let explanation = client.explain_access(question).await?;
    output.thing(&explanation, if explanation.allowed { "allowed" } else { "not allowed" }, || table(&explanation))?;
    Ok(if explanation.allowed { Exit::Done } else { Exit::NotAllowed })
}

fn table(explanation: &Explanation) -> Table {
    let mut table = Table::of_fields();
    table.field("allowed", if explanation.allowed { Cell::toned("yes", Tone::Good) } else { Cell::toned("no", Tone::Bad) });
    table.field("verb", explanation.verb.as_str());
    table.field("user", explanation.user.username.as_str());
    table.field_if("device", explanation.device.as_ref().map(|device| device.name.as_str()));
    table.field_if("item type", explanation.item_type.as_ref().map(|item_type| item_type.name.as_str()));
    table.field("needs", explanation.needs.as_str());
    table.field("has", explanation.has.as_str());
    table.field("reason", explanation.reason.detail.as_str());
    if explanation.grants.is_empty() {
        return table;
    }
    table.then(grants_table(explanation))
}

fn grants_table(explanation: &Explanation) -> Table {
    let mut table = Table::new(&["GROUP", "WHERE", "GIVES", "BY", "COUNTS"]);
    for grant in &explanation.grants {
        table.row([
            grant.group.name.as_str().into(),
            place_of(grant).unwrap_or("-").into(),
            grant.role.title().into(),
            if grant.overridden { "override" } else { "its own role" }.into(),
            if grant.counts { "yes" } else { "" }.into(),
        ]);
    }
    table
}

/// The device group or the item type that a grant is about.
fn place_of(grant: &Grant) -> Option<&str> {
    let device_group = grant.device_group.as_ref().map(|group| group.name.as_str());
    device_group.or_else(|| grant.item_type.as_ref().map(|item_type| item_type.name.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_explanation_reads_from_the_answer_down_to_what_decided() {
        let group = |name: &str| json!({"id": "grp_00000000000000000000000000", "name": name});
        let explanation = serde_json::from_value(json!({
            "allowed": false, "verb": "runs.exec", "user": {"id": "usr_00000000000000000000000000", "username": "bob"},
            "device": {"id": "dev_00000000000000000000000000", "name": "web-1"}, "needs": "admin", "has": "read-only",
            "reason": {"code": "override", "detail": "`runs.exec` needs admin on web-1."},
            "grants": [
                {"group": group("ops"), "device_group": {"id": "dgr_00000000000000000000000000", "name": "shop"}, "role": "read-only",
                 "overridden": true, "counts": true},
                {"group": group("guests"), "device_group": null, "role": "none", "overridden": false, "counts": false},
            ],
        }));
        let expected = "allowed  no\nverb     runs.exec\nuser     bob\ndevice   web-1\nneeds    admin\nhas      read-only\n\
            reason   `runs.exec` needs admin on web-1.\n\n\
            GROUP   WHERE  GIVES      BY            COUNTS\n\
            ops     shop   read-only  override      yes\n\
            guests  -      no access  its own role\n";
        assert_eq!(table(&explanation.unwrap()).render(false), expected);
    }
}
