//! `taskey items create`, and the first half of `taskey ask`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use taskey_cli::definitions;
use taskey_cli::places::blamed_field;
use taskey_client::{Client, PostedItem};
use taskey_proto::items::{CreateItem, Fields};
use taskey_proto::{Span, Time};

use super::fields::{self, FieldArgs};
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::relative::now;
use crate::{output, secrets};

#[derive(Debug, Args)]
pub struct PostArgs {
    /// Id or name of the item type.
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "file")]
    item_type: Option<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// An item as YAML or JSON with `type`, `fields` and the rest; what is said by options counts before it. `-` reads stdin.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// What your application calls it. Posted again, it is the same item.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Until when it should be resolved, as in 2030-01-31T09:30:00Z; without it, what the type says.
    #[arg(long, value_name = "TIME", conflicts_with = "due_in")]
    due: Option<Time>,
    /// The same, counted from now, as in 2h.
    #[arg(long, value_name = "SPAN")]
    due_in: Option<Span>,
    /// Who is to resolve it: id or user name.
    #[arg(long, value_name = "USER")]
    assignee: Option<String>,
}

/// An item as a file holds it, without what stands on the command line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemFile {
    #[serde(rename = "type")]
    item_type: Option<String>,
    #[serde(default)]
    fields: Fields,
    external_id: Option<String>,
    due_at: Option<Time>,
    assignee: Option<String>,
}

/// Posts the item, and says where it was there before.
pub async fn post(client: &Client, args: PostArgs) -> Result<PostedItem, Failure> {
    let item = item_of(client, args).await?;
    let posted = client.create_item(&item, Some(&secrets::random_word()?)).await?;
    if let (Some(external_id), false) = (&posted.item.external_id, posted.is_new) {
        output::note(&format!("`{external_id}` was posted before; this is that item"));
    }
    Ok(posted)
}

async fn item_of(client: &Client, args: PostArgs) -> Result<CreateItem, Failure> {
    let file = args.file.as_deref().map(read).transpose()?.unwrap_or_default();
    let item_type = args.item_type.or(file.item_type).ok_or_else(|| Failure::usage("say of which type it is, with --type"))?;
    let FieldArgs { texts, values } = args.fields;
    // Only the type knows what a text means; JSON says so itself.
    let schema = if texts.is_empty() { Default::default() } else { client.show_item_type(&item_type).await?.value.spec.fields };
    let mut fields = file.fields;
    fields.extend(fields::read(&texts, &values, &schema)?);
    Ok(CreateItem {
        item_type,
        fields,
        external_id: args.external_id.or(file.external_id),
        due_at: due_at(args.due, args.due_in, now()).or(file.due_at),
        assignee: args.assignee.or(file.assignee),
    })
}

/// When something is due that was said as a time or counted from now.
pub fn due_at(due: Option<Time>, due_in: Option<Span>, now: Time) -> Option<Time> {
    due.or_else(|| due_in.map(|span| now.plus_ms(i64::try_from(span.ms()).unwrap_or(i64::MAX))))
}

fn read(path: &Path) -> Result<ItemFile, Failure> {
    let file = GivenFile::read(path)?;
    let closer = |text: &str, fault| blamed_field::<ItemFile>(text).unwrap_or(fault);
    let mut items = definitions::parse::<ItemFile>(&file.text, file.is_json, closer).map_err(|fault| file.wrong(fault))?;
    match (items.pop(), items.is_empty()) {
        (Some(item), true) => Ok(item),
        (None, _) => Err(Failure::usage(format!("{}: there is no item in it", file.place))),
        (Some(_), false) => Err(Failure::usage(format!("{}: there are several items in it; `taskey items bulk` posts many", file.place))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::commands::items::ItemsCommand;

    fn typed(arguments: &[&str]) -> Result<PostArgs, clap::Error> {
        let cli = Cli::try_parse_from([&["taskey", "items", "create"], arguments].concat())?;
        let Command::Items(ItemsCommand::Create(args)) = cli.command else { panic!("not a post") };
        Ok(args)
    }

    #[test]
    fn a_type_is_named_by_option_or_file_and_a_time_is_said_once() {
        assert!(typed(&["--field", "a=1"]).unwrap_err().to_string().contains("--type"));
        assert_eq!(typed(&["-f", "item.yaml"]).unwrap().item_type, None);
        assert!(typed(&["--type", "a", "--due", "2030-01-01T00:00:00Z", "--due-in", "2h"]).is_err());
        assert!(typed(&["--type", "a", "--field", "b"]).unwrap_err().to_string().contains("NAME=VALUE"));
    }

    #[test]
    fn a_due_time_is_counted_from_now() {
        let now: Time = "2030-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(due_at(None, Some("1h30m".parse().unwrap()), now), Some(now.plus_ms(5_400_000)));
        assert_eq!(due_at(Some(now), None, now), Some(now));
        assert_eq!(due_at(None, None, now), None);
    }

    #[test]
    fn a_file_holds_one_item_and_what_is_wrong_is_told_by_line_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("item.yaml");
        let told = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map(|item| item.fields).map_err(|failure| failure.to_string().split("item.yaml: ").nth(1).unwrap().to_owned())
        };
        assert_eq!(told("type: refund\nfields: {order: A1, amount: 240}\n").unwrap()["amount"], serde_json::json!(240));
        assert_eq!(
            told("type: refund\nfield: {}\n").unwrap_err().split(';').next(),
            Some("line 2 column 8: field: there is no such field")
        );
        assert_eq!(told("").unwrap_err(), "there is no item in it");
        assert!(told("type: a\n---\ntype: b\n").unwrap_err().starts_with("there are several items in it"));
    }
}
