//! `taskey keys`: API keys for scripts and machines.

use clap::{Args, Subcommand};
use taskey_client::Client;
use taskey_proto::Span;
use taskey_proto::accounts::{ApiKey, CreateKey, CreatedKey};
use taskey_proto::id::KeyId;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::relative::{now, relative};
use crate::table::Table;
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key; it is shown this once (`-o name` prints the key alone).
    Create(CreateArgs),
    /// List your keys; a super user sees those of everybody.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Remove a key; whatever uses it is signed out at once.
    Rm {
        /// Id, or name if only one key has it.
        #[arg(value_name = "KEY")]
        key: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    #[arg(long)]
    name: String,
    /// How long it is valid, as in 1h or 30d; without it, until it is removed.
    #[arg(long, value_name = "SPAN")]
    ttl: Option<Span>,
    /// What it may do, such as devices.read or runs.*; may be repeated. Without any: all that you may.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Where it may be used from, an address or a network such as 10.0.0.0/8; may be repeated. Without any: everywhere.
    #[arg(long = "address", value_name = "NETWORK")]
    addresses: Vec<String>,
}

pub async fn run(global: &Global, command: KeysCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        KeysCommand::Create(args) => {
            let key =
                client.create_key(&CreateKey { name: args.name, ttl: args.ttl, scopes: args.scopes, addresses: args.addresses }).await?;
            output.thing(&key, &key.key, || created_table(&key))?;
        }
        KeysCommand::Ls { limit } => {
            let page = client.list_keys(limit).await?;
            output.list(&page, |key| key.id.to_string(), list_table)?;
        }
        KeysCommand::Rm { key, yes } => {
            let id = find(&client, &key).await?;
            secrets::confirm(&format!("Remove the key {key}?"), yes).await?;
            client.remove_key(id).await?;
        }
    }
    Ok(Exit::Done)
}

/// The id of the key; a name will do where it is not ambiguous.
async fn find(client: &Client, key: &str) -> Result<KeyId, Failure> {
    if let Ok(id) = key.parse() {
        return Ok(id);
    }
    let keys = client.list_keys(None).await?.items;
    let named: Vec<KeyId> = keys.iter().filter(|candidate| candidate.name == key).map(|candidate| candidate.id).collect();
    match named.as_slice() {
        [id] => Ok(*id),
        [] => Err(Failure::usage(format!("there is no key `{key}`"))),
        _ => Err(Failure::usage(format!("{} keys are named `{key}`; give the id", named.len()))),
    }
}

fn created_table(key: &CreatedKey) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", key.id.to_string());
    table.field("name", key.name.as_str());
    table.field("key", key.key.as_str());
    table.field("expires", key.expires_at.map_or_else(|| "never".to_owned(), |time| relative(time, now)));
    table
}

fn list_table(keys: &[ApiKey]) -> Table {
    let now = now();
    let mut table = Table::new(&["ID", "NAME", "OWNER", "SCOPES", "ADDRESSES", "CREATED", "LAST USED", "EXPIRES"]);
    for key in keys {
        table.row([
            key.id.to_string().into(),
            key.name.as_str().into(),
            key.owner.as_str().into(),
            if key.scopes.is_empty() { "all".to_owned() } else { key.scopes.join(",") }.into(),
            if key.addresses.is_empty() { "all".to_owned() } else { key.addresses.join(",") }.into(),
            if key.configured { "from settings".to_owned() } else { relative(key.created_at, now) }.into(),
            key.last_used_at.map_or_else(|| "never".to_owned(), |time| relative(time, now)).into(),
            key.expires_at.map_or_else(|| "never".to_owned(), |time| relative(time, now)).into(),
        ]);
    }
    table
}
