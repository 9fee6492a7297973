//! `taskey admin recover`: a way back in for whoever has the host.

use clap::Args;
use taskey_server::admin::Recovered;

use super::users;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::serve::StoreArgs;
use crate::table::Table;

#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The organization, where the user name exists in several; without a user name, the one whose first super user is meant.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Who is to get in again; without it, the first operator, else the first super user.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// How people reach the server, where that is not what its settings say; the link begins with it.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

pub async fn run(args: RecoverArgs, output: Output) -> Result<Exit, Failure> {
    let guessed = args.public_url.is_none();
    let mut settings = args.store.settings();
    settings.public_url = args.public_url;
    let config = settings.load().map_err(|error| Failure::Server(error.into()))?;
    let recovered = taskey_server::admin::recover(config, args.organization.as_deref(), args.username.as_deref()).await;
    let recovered = recovered.map_err(Failure::Server)?;
    output.thing(&recovered, &recovered.invitation.link, || table(&recovered))?;
    if guessed {
        output::note(
            "note: the beginning of the link is the address in the server's settings (public_url, else where it listens); \
             what the server was told by a flag is not known here. For another beginning: --public-url URL",
        );
    }
    Ok(Exit::Done)
}

fn table(recovered: &Recovered) -> Table {
    let mut table = Table::of_fields();
    table.field("user", recovered.username.as_str());
    table.field("organization", recovered.organization.as_str());
    users::add_invitation(&mut table, &recovered.invitation);
    table
}
