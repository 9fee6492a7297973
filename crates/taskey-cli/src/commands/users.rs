//! `taskey users`: the people of an organization, for its super users.

use clap::{ArgGroup, Args, Subcommand};
use taskey_client::Client;
use taskey_proto::id::SessionId;
use taskey_proto::users::{CreateUser, CreatedUser, EditUser, Invitation, User, UserState};

use super::sessions;
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::table::{Cell, Table, Tone};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// Make a user. Without a password, print a link by which the user sets one; it is shown this once.
    Create(CreateArgs),
    /// List users.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one user.
    Show { user: String },
    /// Change a user's names, groups or rights.
    Edit(EditArgs),
    /// Let a user in nowhere any more: browsers and command lines are signed out at once, keys do nothing.
    Disable {
        user: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Let a disabled user in again.
    Enable { user: String },
    /// Remove a user with their keys and sessions. What the user did stays, under the name.
    Rm {
        user: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Print a new link by which a user sets a password, once (`-o name` prints the link alone). It voids the one before.
    Invite { user: String },
    /// List the browsers that a user is signed in with.
    Sessions {
        user: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Sign a user out of every browser, or of one. Keys stay: those of a user who must not be let in any more end with `disable`.
    SignOut {
        user: String,
        /// This browser alone.
        #[arg(long, value_name = "SESSION")]
        session: Option<SessionId>,
    },
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The name to sign in with.
    #[arg(long, value_name = "NAME")]
    username: String,
    /// The full name; without it, the user name.
    #[arg(long, value_name = "FULLNAME")]
    name: Option<String>,
    /// Make a super user, who may do everything in the organization.
    #[arg(long = "super")]
    is_super: bool,
    /// A group to be in, by id or name; may be repeated. Without any, the user may do nothing yet.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Read a first password from stdin, instead of making a link.
    #[arg(long)]
    password_stdin: bool,
    /// Such as Europe/Berlin; without it, that of the browser.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ZONE")]
    time_zone: String,
    /// Such as de or en-GB, by which dates and numbers are written; without it, that of the browser.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "LANGUAGE")]
    language: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["username", "name", "is_super", "no_super", "groups", "time_zone", "language"]))]
pub struct EditArgs {
    user: String,
    /// The name to sign in with.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The full name.
    #[arg(long, value_name = "FULLNAME")]
    name: Option<String>,
    /// Make the user a super user.
    #[arg(long = "super")]
    is_super: bool,
    /// Make the user none any more.
    #[arg(long, conflicts_with = "is_super")]
    no_super: bool,
    /// A group to be in, by id or name; may be repeated. These replace all that the user is in, but not `super`.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Such as Europe/Berlin; empty: that of the browser.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Such as de or en-GB; empty: that of the browser.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
}

pub async fn run(global: &Global, command: UsersCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        UsersCommand::Create(args) => create(&client, args, output).await?,
        UsersCommand::Ls { limit } => {
            let page = client.list_users(limit).await?;
            output.list(&page, |user| user.username.clone(), list_table)?;
        }
        UsersCommand::Show { user } => show(&client.show_user(&user).await?, output)?,
        UsersCommand::Edit(args) => {
            let (user, edit) = edit_of(args);
            show(&client.edit_user(&user, &edit).await?, output)?;
        }
        UsersCommand::Disable { user, yes } => {
            secrets::confirm(&format!("Sign {user} out everywhere, and let them in no more?"), yes).await?;
            show(&client.edit_user(&user, &EditUser { disabled: Some(true), ..EditUser::default() }).await?, output)?;
        }
        UsersCommand::Enable { user } => {
            show(&client.edit_user(&user, &EditUser { disabled: Some(false), ..EditUser::default() }).await?, output)?;
        }
        UsersCommand::Rm { user, yes } => {
            secrets::confirm(&format!("Remove {user} with their keys?"), yes).await?;
            client.remove_user(&user).await?;
        }
        UsersCommand::Invite { user } => {
            let invitation = client.invite_user(&user).await?;
            output.thing(&invitation, &invitation.link, || {
                let mut table = Table::of_fields();
                add_invitation(&mut table, &invitation);
                table
            })?;
        }
        UsersCommand::Sessions { user, limit } => sessions::show(&client.list_user_sessions(&user, limit).await?, output)?,
        UsersCommand::SignOut { user, session } => client.end_user_sessions(&user, session).await?,
    }
    Ok(Exit::Done)
}

async fn create(client: &Client, args: CreateArgs, output: Output) -> Result<(), Failure> {
    let password = if args.password_stdin { Some(secrets::password(true).await?) } else { None };
    let create = CreateUser {
        username: args.username,
        name: args.name,
        password,
        is_super: args.is_super,
        groups: args.groups,
        time_zone: args.time_zone,
        language: args.language,
    };
    let created = client.create_user(&create).await?;
    tell_link(created.invitation.as_ref(), output);
    output.thing(&created, &created.user.id.to_string(), || created_table(&created))
}

/// Where only a name goes to stdout, the link must not be lost: nothing shows it again.
pub fn tell_link(invitation: Option<&Invitation>, output: Output) {
    if let Some(invitation) = invitation.filter(|_| output.is_name()) {
        output::note(&invitation.link);
    }
}

fn edit_of(args: EditArgs) -> (String, EditUser) {
    let edit = EditUser {
        username: args.username,
        name: args.name,
        disabled: None,
        is_super: (args.is_super || args.no_super).then_some(args.is_super),
        groups: (!args.groups.is_empty()).then_some(args.groups),
        time_zone: args.time_zone,
        language: args.language,
    };
    (args.user, edit)
}

pub fn show(user: &User, output: Output) -> Result<(), Failure> {
    output.thing(user, &user.username, || show_table(user))
}

pub fn add_invitation(table: &mut Table, invitation: &Invitation) {
    table.field("link", invitation.link.as_str());
    table.field("expires", relative(invitation.expires_at, now()));
}

fn created_table(created: &CreatedUser) -> Table {
    let mut table = show_table(&created.user);
    if let Some(invitation) = &created.invitation {
        add_invitation(&mut table, invitation);
    }
    table
}

fn show_table(user: &User) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", user.id.to_string());
    table.field("username", user.username.as_str());
    table.field("name", user.name.as_str());
    table.field("state", state_cell(user));
    table.field_if("rights", rights(user));
    table.field("groups", group_names(user));
    table.field_if("time zone", Some(user.time_zone.as_str()).filter(|zone| !zone.is_empty()));
    table.field_if("language", Some(user.language.as_str()).filter(|language| !language.is_empty()));
    table.field("created", relative(user.created_at, now));
    table.field("signed in", user.signed_in_at.map_or_else(|| "never".to_owned(), |time| relative(time, now)));
    table
}

pub fn list_table(users: &[User]) -> Table {
    let now = now();
    let mut table = Table::new(&["USERNAME", "NAME", "STATE", "RIGHTS", "GROUPS", "SIGNED IN"]);
    for user in users {
        table.row([
            user.username.as_str().into(),
            user.name.as_str().into(),
            state_cell(user),
            rights(user).unwrap_or_default().into(),
            group_names(user).into(),
            user.signed_in_at.map_or_else(|| "never".to_owned(), |time| relative(time, now)).into(),
        ]);
    }
    table
}

fn state_cell(user: &User) -> Cell {
    match user.state {
        UserState::Active => Cell::toned("active", Tone::Good),
        UserState::Invited => Cell::toned("invited", Tone::Busy),
        UserState::Disabled => Cell::toned("disabled", Tone::Bad),
    }
}

/// What a user may do beyond what groups give.
pub fn rights(user: &User) -> Option<String> {
    let rights = [("super user", user.is_super), ("operator", user.operator)];
    let rights: Vec<&str> = rights.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    (!rights.is_empty()).then(|| rights.join(", "))
}

pub fn group_names(user: &User) -> String {
    user.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn edited(arguments: &[&str]) -> Result<EditUser, clap::Error> {
        let cli = Cli::try_parse_from([&["taskey", "users", "edit", "bob"], arguments].concat())?;
        let Command::Users(UsersCommand::Edit(args)) = cli.command else { panic!("not an edit") };
        Ok(edit_of(args).1)
    }

    #[test]
    fn an_edit_says_only_what_was_typed() {
        let edit = edited(&["--name", "Bob Smith"]).unwrap();
        assert_eq!((edit.name.as_deref(), edit.is_super, edit.groups, edit.time_zone), (Some("Bob Smith"), None, None, None));
        assert_eq!(edited(&["--super"]).unwrap().is_super, Some(true));
        assert_eq!(edited(&["--no-super"]).unwrap().is_super, Some(false));
        assert_eq!(edited(&["--group", "ops", "--group", "web"]).unwrap().groups, Some(vec!["ops".to_owned(), "web".to_owned()]));
        assert_eq!(edited(&["--time-zone", ""]).unwrap().time_zone.as_deref(), Some(""), "taken back");
    }

    #[test]
    fn an_edit_of_nothing_or_of_two_minds_is_refused() {
        assert!(edited(&[]).is_err());
        assert!(edited(&["--super", "--no-super"]).is_err());
    }
}
