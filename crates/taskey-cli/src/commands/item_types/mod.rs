//! `taskey item-types`: what kinds of items there are, kept in files and applied.

mod apply;
mod tables;

use clap::Subcommand;
use taskey_proto::item_types::{MoveItems, MovedItems};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum ItemTypesCommand {
    /// Create the item types of a file, or give those that exist a new version where they differ.
    #[command(after_help = "Example: taskey item-types apply -f examples/item-types/refund.yaml --dry-run")]
    Apply(apply::ApplyArgs),
    /// List item types.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one item type as it is written.
    #[command(after_help = "Example: taskey item-types show refund --version 1")]
    Show {
        #[arg(value_name = "TYPE")]
        item_type: String,
        /// An older version.
        #[arg(long, value_name = "N")]
        version: Option<u32>,
    },
    /// List the versions of an item type, newest first, with how many open items keep each.
    Versions {
        #[arg(value_name = "TYPE")]
        item_type: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Move the open items of earlier versions to the newest one; those that do not fit it stay and are told.
    #[command(after_help = "Example: taskey item-types move refund --state checking=new --dry-run")]
    Move {
        #[arg(value_name = "TYPE")]
        item_type: String,
        /// What a state that is no more becomes; may be repeated.
        #[arg(long = "state", value_name = "OLD=NEW", value_parser = parse_states)]
        states: Vec<(String, String)>,
        /// Only tell what would become of them.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove an item type; refused while items of it are open.
    Rm {
        #[arg(value_name = "TYPE")]
        item_type: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

pub async fn run(global: &Global, command: ItemTypesCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        ItemTypesCommand::Apply(args) => apply::run(global, &args, output).await?,
        ItemTypesCommand::Ls { limit } => {
            let page = session::client(global)?.list_item_types(limit).await?;
            if page.items.is_empty() && output.is_table() {
                output::note("no item types; `taskey item-types apply -f FILE` makes one");
            } else {
                output.list(&page, |item_type| item_type.name.clone(), tables::types)?;
            }
        }
        ItemTypesCommand::Show { item_type, version: Some(version) } => {
            let version = session::client(global)?.show_item_type_version(&item_type, version).await?;
            output.thing(&version, &version.spec.name, || tables::version(&version))?;
        }
        ItemTypesCommand::Show { item_type, version: None } => {
            let item_type = session::client(global)?.show_item_type(&item_type).await?.value;
            output.thing(&item_type, &item_type.name, || tables::item_type(&item_type))?;
        }
        ItemTypesCommand::Versions { item_type, limit } => {
            let page = session::client(global)?.list_item_type_versions(&item_type, limit).await?;
            output.list(&page, |version| version.version.to_string(), tables::versions)?;
        }
        ItemTypesCommand::Move { item_type, states, dry_run } => {
            let moved = MoveItems { states: states.into_iter().collect(), dry_run };
            let moved = session::client(global)?.move_items(&item_type, &moved).await?;
            tell_moved(&item_type, &moved, output)?;
        }
        ItemTypesCommand::Rm { item_type, yes } => {
            let client = session::client(global)?;
            secrets::confirm(&format!("Remove the item type {item_type}?"), yes).await?;
            client.remove_item_type(&item_type).await?;
        }
    }
    Ok(Exit::Done)
}

fn tell_moved(item_type: &str, moved: &MovedItems, output: Output) -> Result<(), Failure> {
    if !output.is_table() {
        return output.thing(moved, item_type, || tables::left(&moved.left));
    }
    output::line(&moved_text(item_type, moved))?;
    if moved.left.is_empty() {
        return Ok(());
    }
    output.thing(moved, item_type, || tables::left(&moved.left))
}

fn moved_text(item_type: &str, moved: &MovedItems) -> String {
    let items = |count: u64| if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    let (verb, kept) = if moved.dry_run { ("would be moved", "would stay") } else { ("moved", "stayed") };
    let left = if moved.left_count == 0 { String::new() } else { format!(", {} {kept} as they are", items(moved.left_count)) };
    format!("{item_type}: {} {verb} to v{}{left}", items(moved.moved_count), moved.version)
}

/// Reads `old=new`.
fn parse_states(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok((old.to_owned(), new.to_owned())),
        _ => Err("write the state that is no more, and what it becomes, as OLD=NEW".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_and_what_it_becomes_are_parted_by_an_equals_sign() {
        assert_eq!(parse_states("checking=new"), Ok(("checking".to_owned(), "new".to_owned())));
        for text in ["checking", "=new", "checking="] {
            assert!(parse_states(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_was_moved_and_what_would_be_read_differently() {
        let moved = |dry_run, left_count| MovedItems { version: 3, dry_run, moved_count: 1, left: Vec::new(), left_count };
        assert_eq!(moved_text("refund", &moved(false, 0)), "refund: 1 item moved to v3");
        assert_eq!(moved_text("refund", &moved(true, 2)), "refund: 1 item would be moved to v3, 2 items would stay as they are");
    }
}
