//! `taskey devices`: the machines that have joined.

use clap::Subcommand;
use taskey_client::Client;
use taskey_proto::devices::{Device, EditDevice, Labels, Presence};
use taskey_proto::problem::Code;

use super::{device_queue, enroll_tokens};
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::labels::{self, Change};
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::table::{Cell, Table, Tone};
use crate::targets::{self, Several};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// List devices.
    Ls {
        /// Only these: a selector as 'role=web and os!=alpine', group:NAME or device:NAME; several by comma, or repeated.
        #[arg(long, value_name = "TARGETS", value_parser = targets::parse_targets)]
        on: Vec<Several>,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one device: its labels, its facts, and the policy in force on it.
    Show { device: String },
    /// Give a device another name.
    Rename { device: String, name: String },
    /// Set labels with KEY=VALUE, remove them with KEY-.
    Label {
        device: String,
        #[arg(required = true, value_name = "KEY=VALUE|KEY-", value_parser = labels::parse_change)]
        changes: Vec<Change>,
    },
    /// Show what waits for a device, in the order in which it will be sent.
    Queue {
        device: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Cancel everything that waits for a device; what was sent already goes on.
    Purge {
        device: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Make a token by which a device gets new keys (`-o name` prints the token alone); that ends its quarantine.
    Rekey { device: String },
    /// Remove a device and cut its line; it must enrol again to come back.
    Rm {
        device: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

pub async fn run(global: &Global, command: DevicesCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        DevicesCommand::Ls { on, limit } => list(&client, &on, limit, output).await?,
        DevicesCommand::Show { device } => show(&client.show_device(&device).await?.value, output)?,
        DevicesCommand::Rename { device, name } => {
            let edit = EditDevice { name: Some(name), labels: None };
            let edited = client.edit_device(&device, &edit, None).await?;
            tell(&edited, || format!("{device} is {} now", edited.name), output)?;
        }
        DevicesCommand::Label { device, changes } => {
            let edited = relabel(&client, &device, &changes).await?;
            tell(&edited, || format!("{}: {}", edited.name, pairs(&edited.labels)), output)?;
        }
        DevicesCommand::Queue { device, limit } => device_queue::show(&client, &device, limit, output).await?,
        DevicesCommand::Purge { device, yes } => device_queue::purge(&client, &device, yes, output).await?,
        DevicesCommand::Rekey { device } => {
            let token = client.rekey_device(&device).await?;
            enroll_tokens::show(&token, output)?;
        }
        DevicesCommand::Rm { device, yes } => {
            secrets::confirm(&format!("Remove {device} and cut its line?"), yes).await?;
            client.remove_device(&device).await?;
        }
    }
    Ok(Exit::Done)
}

async fn list(client: &Client, on: &[Several], limit: Option<usize>, output: Output) -> Result<(), Failure> {
    let selector = targets::as_selector(client, on).await?.map(|selector| selector.to_string());
    let page = client.list_devices(selector.as_deref(), limit).await?;
    if page.items.is_empty() && output.is_table() {
        output::note(match selector {
            None => "no devices yet; `taskey enroll-tokens create` makes a token that lets one in",
            Some(_) => "no device matches",
        });
        return Ok(());
    }
    output.list(&page, |device| device.name.clone(), list_table)
}

/// How often labels are read and written again when somebody else changes the device meanwhile.
const RELABEL_ATTEMPTS: usize = 3;

async fn relabel(client: &Client, device: &str, changes: &[Change]) -> Result<Device, Failure> {
    let mut attempt = 1;
    loop {
        let read = client.show_device(device).await?;
        let edit = EditDevice { name: None, labels: Some(labels::apply(&read.value.labels, changes)?) };
        // By id: the name may have moved to another device since.
        match client.edit_device(&read.value.id.to_string(), &edit, read.etag.as_deref()).await {
            Err(error) if error.has_code(Code::PreconditionFailed) && attempt < RELABEL_ATTEMPTS => attempt += 1,
            outcome => return Ok(outcome?),
        }
    }
}

/// People get a line about what changed, programs the device.
fn tell(device: &Device, line: impl FnOnce() -> String, output: Output) -> Result<(), Failure> {
    if output.is_table() {
        return output::line(&line());
    }
    show(device, output)
}

fn show(device: &Device, output: Output) -> Result<(), Failure> {
    output.thing(device, &device.name, || show_table(device))
}

pub fn list_table(devices: &[Device]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "PRESENCE", "SINCE", "QUEUED", "LABELS", "AGENT"]);
    for device in devices {
        table.row([
            device.name.as_str().into(),
            presence_cell(device),
            relative(device.since, now).into(),
            device.queued.to_string().into(),
            pairs(&device.labels).into(),
            device.agent_version.as_str().into(),
        ]);
    }
    table
}

fn show_table(device: &Device) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", device.id.to_string());
    table.field("name", device.name.as_str());
    table.field("presence", presence_cell(device));
    table.field_if("quarantine", device.quarantine.as_ref().map(|quarantine| quarantine.reason.detail.clone()));
    table.field("since", relative(device.since, now));
    table.field("queued", device.queued.to_string());
    table.field("labels", pairs(&device.labels));
    table.field_if("groups", (!device.groups.is_empty()).then(|| device.groups.join(", ")));
    table.field("agent", device.agent_version.as_str());
    table.field("enrolled", relative(device.enrolled_at, now));
    for (name, value) in &device.facts {
        table.field(&format!("fact {name}"), value.as_str());
    }
    match &device.policy {
        Some(serde_json::Value::Object(policy)) => {
            policy.iter().for_each(|(name, value)| table.field(&format!("policy {name}"), value.to_string()));
        }
        Some(policy) => table.field("policy", policy.to_string()),
        None => table.field("policy", "not known until the agent has connected"),
    }
    table
}

fn presence_cell(device: &Device) -> Cell {
    match device.presence {
        _ if device.quarantine.is_some() => Cell::toned("quarantine", Tone::Bad),
        Presence::Online => Cell::toned("online", Tone::Good),
        Presence::Offline => Cell::toned("offline", Tone::Bad),
    }
}

fn pairs(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}
