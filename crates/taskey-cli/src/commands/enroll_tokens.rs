//! `taskey enroll-tokens`: tokens that let new devices in; `taskey install-script`: what brings the agent onto them.

use clap::Subcommand;
use taskey_proto::Span;
use taskey_proto::devices::{CreateEnrollToken, CreatedEnrollToken};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::table::Table;
use crate::{labels, session};

#[derive(Debug, Subcommand)]
pub enum EnrollTokensCommand {
    /// Make a token; it is shown this once (`-o name` prints the token alone).
    Create {
        /// How many devices may join with it.
        #[arg(long, default_value_t = 1, value_name = "N")]
        uses: u32,
        /// How long it is valid, as in 1h or 7d.
        #[arg(long, default_value = "1h", value_name = "SPAN")]
        ttl: Span,
        /// Given to every device that joins with it; may be repeated.
        #[arg(long = "label", value_name = "KEY=VALUE", value_parser = labels::parse_pair)]
        labels: Vec<(String, String)>,
        /// A device group that every device that joins with it is put into; may be repeated.
        #[arg(long = "group", value_name = "DEVICE_GROUP")]
        groups: Vec<String>,
    },
}

pub async fn run(global: &Global, command: EnrollTokensCommand, output: Output) -> Result<Exit, Failure> {
    let EnrollTokensCommand::Create { uses, ttl, labels, groups } = command;
    let client = session::client(global)?;
    let token = client.create_enroll_token(&CreateEnrollToken { uses, ttl, labels: labels.into_iter().collect(), groups }).await?;
    show(&token, output)?;
    Ok(Exit::Done)
}

/// The script trusts the server by the root that it holds; whoever prints it here has trusted that server already.
pub async fn print_install_script(global: &Global) -> Result<Exit, Failure> {
    let script = session::anonymous_client(global)?.install_script().await?;
    output::write_data(script.as_bytes())?;
    Ok(Exit::Done)
}

/// A token that was just made.
pub fn show(token: &CreatedEnrollToken, output: Output) -> Result<(), Failure> {
    output.thing(token, &token.token, || {
        let mut table = Table::of_fields();
        table.field("token", token.token.as_str());
        table.field("expires", relative(token.expires_at, now()));
        if let Some(install) = &token.install {
            table.field("to install", install.as_str());
        }
        table.field("on the device", token.command.as_str());
        table
    })
}
