//! `taskey login`, `logout` and `whoami`.

use clap::Args;
use taskey_client::{Client, ClientError};
use taskey_proto::accounts::{Me, SignIn, SignedIn};
use taskey_proto::problem::Code;

use super::users;
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::table::Table;
use crate::{secrets, session};

#[derive(Debug, Args)]
pub struct LoginArgs {
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Needed only where the user name exists in several organizations.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Read the password from stdin; without it, it is asked for on the terminal.
    #[arg(long)]
    password_stdin: bool,
}

pub async fn run(global: &Global, args: LoginArgs, output: Output) -> Result<Exit, Failure> {
    let client = session::anonymous_client(global)?;
    let password = secrets::password(args.password_stdin).await?;
    let key = Some(session::key_for_this_machine());
    let signed_in = client.sign_in(&SignIn { username: args.username, password, organization: args.organization, key }).await?;
    keep(global, &client, &signed_in, output)
}

/// Stores what signing in gave, and says so.
pub fn keep(global: &Global, client: &Client, signed_in: &SignedIn, output: Output) -> Result<Exit, Failure> {
    let profile = session::store(global, client, signed_in)?;
    let me = &signed_in.me;
    if output.is_table() {
        let (user, organization, server) = (&me.user.username, &me.organization.name, client.server());
        output::note(&format!("signed in as {user} of {organization} at {server}, in profile `{profile}`"));
    } else {
        output.thing(me, &me.user.username, Table::of_fields)?;
    }
    Ok(Exit::Done)
}

/// Removes the profile's key from its server, then the profile.
pub async fn sign_out(global: &Global) -> Result<Exit, Failure> {
    let (name, profile, client) = session::stored(global)?;
    match client.sign_out().await {
        Ok(()) => {}
        // Revoked or expired: what signing out would do has happened.
        Err(error @ ClientError::Problem(_)) if error.has_code(Code::NotSignedIn) => {}
        Err(error) => return Err(error.into()),
    }
    session::forget(&name)?;
    output::note(&format!("signed out {} at {}; profile `{name}` is gone", profile.username, profile.server));
    Ok(Exit::Done)
}

pub async fn show(global: &Global, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    let me = client.show_me().await?;
    output.thing(&me, &me.user.username, || me_table(&me, client.server()))?;
    Ok(Exit::Done)
}

fn me_table(me: &Me, server: &str) -> Table {
    let mut table = Table::of_fields();
    table.field("user", me.user.username.as_str());
    table.field_if("name", Some(me.user.name.as_str()).filter(|name| !name.is_empty() && *name != me.user.username));
    table.field_if("rights", users::rights(&me.user));
    table.field("role", me.role.title());
    table.field_if("groups", (!me.user.groups.is_empty()).then(|| users::group_names(&me.user)));
    table.field("organization", me.organization.name.as_str());
    table.field("server", server);
    table.field_if("key", me.key.as_deref());
    table
}
