//! `taskey targets`: what a run would be for, and which of it one may not start it on. Nothing is started.

use clap::Args;
use taskey_client::Client;
use taskey_proto::page::Page;
use taskey_proto::runs::Targets;
use taskey_proto::targets::{PreviewTargets, TargetDevice, TargetsPreview};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::session;
use crate::table::{Cell, Table, Tone};
use crate::targets::{self, Several};

/// So many refusals are told one by one.
const REFUSED_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub struct TargetsArgs {
    /// device:NAME, group:NAME for every device of a device group, or a selector as 'role=web and os!=alpine'; several by comma, or repeated.
    #[arg(required = true, value_name = "TARGETS", value_parser = targets::parse_targets)]
    on: Vec<Several>,
    /// The task that would run: who may start it depends on whether it is marked for self-service.
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
}

pub async fn run(global: &Global, args: TargetsArgs, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    let selector = targets::as_selector(&client, &args.on).await?;
    let asked = PreviewTargets { targets: targets::join(Vec::new(), args.on), task: args.task, exec: false };
    let preview = client.preview_targets(&asked).await?;
    if output.is_table() {
        output::note(&sentence(&preview));
    }
    if output.is_name() && preview.count > preview.devices.len() as u64 {
        // The answer names the first of them; a script wants all.
        let selector = selector.map(|selector| selector.to_string());
        output.list(&client.list_devices(selector.as_deref(), None).await?, |device| device.name.clone(), super::devices::list_table)?;
    } else if output.is_table() || output.is_name() {
        output.list(&Page { items: preview.devices.clone(), next: None }, |device| device.name.clone(), table)?;
    } else {
        output.thing(&preview, "", Table::of_fields)?;
    }
    verdict(preview, output)
}

/// Asks what a run would be for, and says on how many devices that is; `None` where the start will say better what is wrong.
pub async fn count(client: &Client, targets: &Targets, task: &str) -> Result<Option<u64>, Failure> {
    let asked = PreviewTargets { targets: targets.clone(), task: Some(task.to_owned()), exec: false };
    let preview = client.preview_targets(&asked).await?;
    if !preview.errors.is_empty() || preview.refused_count > 0 {
        return Ok(None);
    }
    if preview.count > 1 {
        output::note(&format!("running {task} on {}", sentence(&preview)));
    }
    Ok(Some(preview.count))
}

/// `12 devices, 3 of them offline`.
fn sentence(preview: &TargetsPreview) -> String {
    let devices = if preview.count == 1 { "1 device".to_owned() } else { format!("{} devices", preview.count) };
    match (preview.count, preview.count - preview.online) {
        (_, 0) => devices,
        (1, _) => format!("{devices}, offline"),
        (all, offline) if all == offline => format!("{devices}, all of them offline"),
        (_, offline) => format!("{devices}, {offline} of them offline"),
    }
}

fn table(devices: &[TargetDevice]) -> Table {
    let mut table = Table::new(&["NAME", "PRESENCE", "ID"]);
    for device in devices {
        let presence = if device.online { Cell::toned("online", Tone::Good) } else { Cell::toned("offline", Tone::Bad) };
        table.row([device.name.as_str().into(), presence, device.id.to_string().into()]);
    }
    table
}

/// What stands in the way of a start.
fn verdict(preview: TargetsPreview, output: Output) -> Result<Exit, Failure> {
    let named = preview.devices.len() as u64;
    if output.is_table() && preview.count > named {
        output::note(&format!("and {} more; -o name lists all", preview.count - named));
    }
    for refused in preview.refused.iter().take(REFUSED_SHOWN) {
        output::note(&format!("refused on {}: {}", refused.name, refused.why));
    }
    let shown = preview.refused.len().min(REFUSED_SHOWN) as u64;
    if preview.refused_count > shown {
        output::note(&format!("refused on {} more", preview.refused_count - shown));
    }
    if !preview.errors.is_empty() {
        return Err(Failure::Fields { place: "a run could not start".to_owned(), errors: preview.errors });
    }
    Ok(if preview.refused_count > 0 { Exit::NotAllowed } else { Exit::Done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_and_how_many_of_them_are_away_is_one_sentence() {
        let told = |count, online| {
            let (devices, refused, errors) = (Vec::new(), Vec::new(), Vec::new());
            sentence(&TargetsPreview { count, online, devices, refused_count: 0, refused, errors })
        };
        assert_eq!(told(12, 9), "12 devices, 3 of them offline");
        assert_eq!(told(12, 12), "12 devices");
        assert_eq!(told(2, 0), "2 devices, all of them offline");
        assert_eq!((told(1, 1), told(1, 0)), ("1 device".to_owned(), "1 device, offline".to_owned()));
        assert_eq!(told(0, 0), "0 devices");
    }
}
