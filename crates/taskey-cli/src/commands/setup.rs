//! `taskey setup`: the first account of a new server.

use std::path::PathBuf;

use clap::Args;
use taskey_proto::accounts::Setup;

use crate::cli::Global;
use crate::commands::login;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::{secrets, session};

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The code that `taskey serve` printed; `-` reads it from stdin, before the password.
    #[arg(long, required_unless_present = "code_file")]
    code: Option<String>,
    /// A file that holds the code.
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    code_file: Option<PathBuf>,
    /// The name of the first organization.
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The name that you will sign in with.
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Read the password from stdin; without it, it is asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,
}

pub async fn run(global: &Global, args: SetupArgs, output: Output) -> Result<Exit, Failure> {
    let client = session::anonymous_client(global)?;
    let code = read_code(&args).await?;
    let password = secrets::password(args.password_stdin).await?;
    let setup =
        Setup { code, organization: args.organization, username: args.username, password, key: Some(session::key_for_this_machine()) };
    let signed_in = client.setup(&setup).await?;
    login::keep(global, &client, &signed_in, output)
}

async fn read_code(args: &SetupArgs) -> Result<String, Failure> {
    let code = match (&args.code, &args.code_file) {
        (Some(code), _) if code == "-" => secrets::line_of_stdin("set-up code").await?,
        (Some(code), _) => code.clone(),
        (None, Some(path)) => std::fs::read_to_string(path).map_err(|error| Failure::File(path.display().to_string(), error))?,
        (None, None) => return Err(Failure::usage("give the set-up code with --code or --code-file")),
    };
    Ok(code.trim().to_owned())
}
