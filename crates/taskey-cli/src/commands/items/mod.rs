//! `taskey items`: what applications post and people resolve.

mod bulk;
mod fields;
mod list;
pub mod post;
mod tables;
pub mod waiting;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use taskey_client::{Client, Tagged};
use taskey_proto::id::ItemId;
use taskey_proto::item_types::FieldsSchema;
use taskey_proto::items::{AddComment, AssignItem, CancelItem, Item, MergeItem, MoveItem, ResolveItem, SnoozeItem, UpdateItem};
use taskey_proto::{Span, Time};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::output::{self, Output};
use crate::relative::now;
use crate::{secrets, session};
use fields::{AnswerArgs, FieldArgs};

#[derive(Debug, Subcommand)]
pub enum ItemsCommand {
    /// Post an item, and print its id. With an external id that is known, print the id of that item.
    #[command(after_help = "Example: taskey items create --type refund --field order=A1 --field amount=240 --external-id order-A1 -o name")]
    Create(post::PostArgs),
    /// Post many items from a file with one a line as JSON; say of each line what became of it.
    #[command(after_help = "Example: taskey items bulk -f refunds.ndjson")]
    Bulk {
        /// Lines of JSON; `-` reads stdin.
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
    },
    /// List items, those that are open unless others are asked for.
    #[command(after_help = "Example: taskey items ls --type refund --where 'amount>100' --order due")]
    Ls(list::LsArgs),
    /// Show one item, with how it may be resolved.
    Show { item: ItemId },
    /// List everything that happened to an item, in its order.
    Log {
        item: ItemId,
        /// Only what follows this number.
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Decide.
    #[command(after_help = "Example: taskey items resolve ITEM --as rejected --reason \"too late\"")]
    Resolve(ResolveArgs),
    /// Say something about an item.
    Comment {
        item: ItemId,
        text: String,
        /// It is for whoever the item is about too, not for the team alone.
        #[arg(long)]
        public: bool,
    },
    /// Take an item back: nobody has to decide any more.
    Cancel {
        item: ItemId,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Give an item to somebody, or to nobody.
    #[command(after_help = "Example: taskey items assign ITEM bob --note \"She has called twice\"")]
    Assign {
        item: ItemId,
        /// Id or user name, me, or nobody.
        user: String,
        /// What they should know; it becomes a comment.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Take an item that is nobody's yet; refused, with their name, where somebody has it.
    Claim { item: ItemId },
    /// Put an item out of the way for a while, or until something happens to it.
    #[command(group = ArgGroup::new("how_long").args(["span", "until", "off"]).required(true))]
    Snooze {
        item: ItemId,
        /// For so long, as in 2h.
        #[arg(long = "for", value_name = "SPAN")]
        span: Option<Span>,
        /// Until then, as in 2030-01-31T09:30:00Z.
        #[arg(long, value_name = "TIME")]
        until: Option<Time>,
        /// Back at once.
        #[arg(long)]
        off: bool,
    },
    /// Move an open item to another state of its type.
    Move {
        item: ItemId,
        state: String,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Say that an item is about the same as another one, which stays.
    Merge {
        item: ItemId,
        #[arg(long, value_name = "ITEM")]
        into: ItemId,
    },
    /// Change fields of an item; what is not named stays.
    #[command(after_help = "Example: taskey items edit ITEM --field amount=180 --remove note")]
    Edit(EditArgs),
    /// Wait until an item is over, and print the resolution's name. Exit code 2 for a no or a cancelled item, 3 when time ran out.
    #[command(after_help = "Example: taskey items wait ITEM --timeout 30m")]
    Wait {
        item: ItemId,
        /// No longer than this; without it, as long as it takes.
        #[arg(long, value_name = "SPAN")]
        timeout: Option<Span>,
    },
}

#[derive(Debug, Args)]
pub struct ResolveArgs {
    item: ItemId,
    /// The name of a resolution; `items show` lists them.
    #[arg(long = "as", value_name = "RESOLUTION")]
    resolution: String,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Do not ask where the type wants a question asked.
    #[arg(long, short = 'y')]
    yes: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").args(["texts", "values", "remove", "due", "due_in", "no_due"]).required(true).multiple(true))]
pub struct EditArgs {
    item: ItemId,
    #[command(flatten)]
    fields: FieldArgs,
    /// A field to take away; may be repeated.
    #[arg(long, value_name = "NAME")]
    remove: Vec<String>,
    /// Until when it should be resolved.
    #[arg(long, value_name = "TIME", conflicts_with = "due_in")]
    due: Option<Time>,
    /// The same, counted from now, as in 2h.
    #[arg(long, value_name = "SPAN")]
    due_in: Option<Span>,
    /// Until whenever.
    #[arg(long, conflicts_with_all = ["due", "due_in"])]
    no_due: bool,
}

pub async fn run(global: &Global, command: ItemsCommand, output: Output, interrupts: &mut Interrupts) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    if let ItemsCommand::Wait { item, timeout } = command {
        return waiting::wait(&client, item, timeout, output, interrupts).await;
    }
    tokio::select! {
        outcome = run_quietly(&client, command, output) => outcome,
        () = interrupts.next() => Ok(Exit::Interrupted),
    }
}

async fn run_quietly(client: &Client, command: ItemsCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        ItemsCommand::Create(args) => created(&post::post(client, args).await?.item, output)?,
        ItemsCommand::Bulk { file } => return bulk::run(client, &file, output).await,
        ItemsCommand::Ls(args) => {
            let page = client.list_items(&args.filter(), args.limit).await?;
            if page.items.is_empty() && output.is_table() {
                output::note("nothing here");
            } else {
                output.list(&page, |item| item.id.to_string(), tables::list)?;
            }
        }
        ItemsCommand::Show { item } => {
            let item = client.show_item(item).await?.value;
            output.thing(&item, &item.id.to_string(), || tables::item(&item))?;
        }
        ItemsCommand::Log { item, after, limit } => {
            let page = client.list_item_log(item, after, limit).await?;
            output.list(&page, |entry| entry.seq.to_string(), tables::log)?;
        }
        ItemsCommand::Resolve(args) => tell(&resolve(client, args).await?, output)?,
        ItemsCommand::Comment { item, text, public } => {
            let entry = client.comment_item(item, &AddComment { text, public }).await?;
            output.thing(&entry, &entry.seq.to_string(), || tables::log(std::slice::from_ref(&entry)))?;
        }
        ItemsCommand::Cancel { item, reason } => tell(&client.cancel_item(item, &CancelItem { reason }).await?, output)?,
        ItemsCommand::Assign { item, user, note } => {
            let assignee = Some(user).filter(|user| user != "nobody");
            tell(&client.assign_item(item, &AssignItem { assignee, instead_of: None, note }).await?, output)?;
        }
        ItemsCommand::Claim { item } => {
            let claim = AssignItem { assignee: Some("me".to_owned()), instead_of: Some("nobody".to_owned()), note: None };
            tell(&client.assign_item(item, &claim).await?, output)?;
        }
        // Neither a span nor a time is `--off`.
        ItemsCommand::Snooze { item, span, until, off: _ } => {
            tell(&client.snooze_item(item, &SnoozeItem { until: post::due_at(until, span, now()) }).await?, output)?;
        }
        ItemsCommand::Move { item, state, reason } => {
            let read = client.show_item(item).await?;
            tell(&client.move_item(item, &MoveItem { state, reason }, tag(&read)).await?, output)?;
        }
        ItemsCommand::Merge { item, into } => tell(&client.merge_item(item, &MergeItem { into }).await?, output)?,
        ItemsCommand::Edit(args) => tell(&edit(client, args).await?, output)?,
        ItemsCommand::Wait { .. } => return Err(Failure::usage("nobody waits here")),
    }
    Ok(Exit::Done)
}

/// The id alone where nothing else was asked for.
fn created(item: &Item, output: Output) -> Result<(), Failure> {
    let id = item.id.to_string();
    if output.is_table() {
        return output::line(&id);
    }
    output.thing(item, &id, || tables::item(item))
}

fn tell(item: &Item, output: Output) -> Result<(), Failure> {
    if output.is_table() {
        return output::line(&crate::terminal::one_line(&tables::in_a_line(item)));
    }
    output.thing(item, &item.id.to_string(), || tables::item(item))
}

/// Decides on what was read just now: where somebody is quicker, nothing is done and they are named.
async fn resolve(client: &Client, args: ResolveArgs) -> Result<Item, Failure> {
    let read = client.show_item(args.item).await?;
    let choice = read.value.sheet.iter().flat_map(|sheet| &sheet.choices).find(|choice| choice.name == args.resolution);
    let nothing = FieldsSchema::default();
    let form = choice.and_then(|choice| choice.form.as_ref()).unwrap_or(&nothing);
    let answers = fields::read(&args.answers.texts, &args.answers.values, form)?;
    if let Some(question) = choice.and_then(|choice| choice.confirm.as_deref()) {
        secrets::confirm(&crate::terminal::one_line(question), args.yes).await?;
    }
    let resolve = ResolveItem { resolution: args.resolution, reason: args.reason, answers };
    Ok(client.resolve_item(args.item, &resolve, tag(&read)).await?)
}

/// Changes fields as the version of the type reads them that the item keeps.
async fn edit(client: &Client, args: EditArgs) -> Result<Item, Failure> {
    let read = client.show_item(args.item).await?;
    let nothing = FieldsSchema::default();
    let schema = read.value.sheet.as_ref().map_or(&nothing, |sheet| &sheet.schema);
    let mut fields = fields::read(&args.fields.texts, &args.fields.values, schema)?;
    fields.extend(args.remove.iter().map(|name| (fields::key_of(schema, name).to_owned(), serde_json::Value::Null)));
    let due_at = if args.no_due { Some(None) } else { post::due_at(args.due, args.due_in, now()).map(Some) };
    let edit = UpdateItem { fields, due_at };
    Ok(client.edit_item(args.item, &edit, tag(&read)).await?)
}

/// For `If-Match`; a server that tells no version is asked to do it whatever there is.
fn tag(read: &Tagged<Item>) -> &str {
    read.etag.as_deref().unwrap_or("*")
}
