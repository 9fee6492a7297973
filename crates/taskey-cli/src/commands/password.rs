//! `taskey password`: another password for oneself.

use clap::Args;
use taskey_proto::accounts::ChangePassword;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, secrets, session};

#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// Read two lines from stdin, the current password and the new one; without it, they are asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,
}

pub async fn run(global: &Global, args: PasswordArgs) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    let (current, new) = secrets::password_change(args.password_stdin).await?;
    client.change_password(&ChangePassword { current, new }).await?;
    output::note("the password is changed; your other browsers and command lines are signed out");
    Ok(Exit::Done)
}
