//! `taskey secrets`: values that tasks use and nobody reads back.

use clap::Subcommand;
use taskey_proto::secrets::{Secret, SetSecret};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::table::Table;
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Give a secret a value, making it where there is none of that name.
    Set {
        name: String,
        /// Read the value from stdin, whole but for one line end at its end; without it, it is asked for on the terminal.
        #[arg(long)]
        stdin: bool,
    },
    /// List secrets; their values are never shown.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Remove a secret; tasks that name it cannot be run until it is set again.
    Rm {
        /// Id or name.
        secret: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

pub async fn run(global: &Global, command: SecretsCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        SecretsCommand::Set { name, stdin } => {
            let value = if stdin { secrets::all_of_stdin("value").await? } else { secrets::value_typed().await? };
            let secret = client.set_secret(&name, &SetSecret { value }).await?;
            if output.is_table() {
                output::line(&format!("{} v{}", secret.name, secret.version))?;
            } else {
                output.thing(&secret, &secret.name, Table::of_fields)?;
            }
        }
        SecretsCommand::Ls { limit } => {
            let page = client.list_secrets(limit).await?;
            output.list(&page, |secret| secret.name.clone(), list_table)?;
        }
        SecretsCommand::Rm { secret, yes } => {
            secrets::confirm(&format!("Remove the secret {secret}?"), yes).await?;
            client.remove_secret(&secret).await?;
        }
    }
    Ok(Exit::Done)
}

fn list_table(secrets: &[Secret]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "VERSION", "UPDATED", "BY"]);
    for secret in secrets {
        table.row([
            secret.name.as_str().into(),
            format!("v{}", secret.version).into(),
            relative(secret.updated_at, now).into(),
            secret.updated_by.as_str().into(),
        ]);
    }
    table
}
