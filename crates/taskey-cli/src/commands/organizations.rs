//! `taskey organizations`: all of them for operators of the server; for super users their own, to look at and to rename.

use clap::{Args, Subcommand};
use taskey_client::Client;
use taskey_proto::organizations::{
    CreateOrganization, CreatedOrganization, DELETE_GRACE_DAYS, EditOrganization, Organization, OrganizationState,
};

use super::users::{add_invitation, tell_link};
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::relative::{now, relative};
use crate::table::{Cell, Table, Tone};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum OrganizationsCommand {
    /// List the server's organizations.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Make an organization with its first super user. Without a password, print a link by which that user sets one; it is shown this once.
    Create(CreateArgs),
    /// Show one organization: your own, or for operators any.
    Show { organization: String },
    /// Give an organization another name.
    Rename { organization: String, name: String },
    /// Let nobody of an organization in any more, and no device.
    Disable {
        organization: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Let an organization in again, also one that was removed and whose 30 days are not over.
    Enable { organization: String },
    /// Disable an organization at once, and remove everything of it for good after 30 days.
    Rm {
        organization: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    name: String,
    /// The name that its first super user signs in with.
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Read a first password from stdin, instead of making a link.
    #[arg(long)]
    password_stdin: bool,
}

pub async fn run(global: &Global, command: OrganizationsCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        OrganizationsCommand::Ls { limit } => {
            let page = client.list_organizations(limit).await?;
            output.list(&page, |organization| organization.name.clone(), list_table)?;
        }
        OrganizationsCommand::Create(args) => create(&client, args, output).await?,
        OrganizationsCommand::Show { organization } => show(&client.show_organization(&organization).await?, output)?,
        OrganizationsCommand::Rename { organization, name } => {
            let edit = EditOrganization { name: Some(name), disabled: None };
            show(&client.edit_organization(&organization, &edit).await?, output)?;
        }
        OrganizationsCommand::Disable { organization, yes } => {
            secrets::confirm(&format!("Let nobody of {organization} in any more, and no device?"), yes).await?;
            show(&client.edit_organization(&organization, &disabled(true)).await?, output)?;
        }
        OrganizationsCommand::Enable { organization } => {
            show(&client.edit_organization(&organization, &disabled(false)).await?, output)?;
        }
        OrganizationsCommand::Rm { organization, yes } => {
            let question = format!("Disable {organization} now, and remove everything of it in {DELETE_GRACE_DAYS} days?");
            secrets::confirm(&question, yes).await?;
            show(&client.delete_organization(&organization).await?, output)?;
        }
    }
    Ok(Exit::Done)
}

async fn create(client: &Client, args: CreateArgs, output: Output) -> Result<(), Failure> {
    let password = if args.password_stdin { Some(secrets::password(true).await?) } else { None };
    let created = client.create_organization(&CreateOrganization { name: args.name, username: args.username, password }).await?;
    tell_link(created.invitation.as_ref(), output);
    output.thing(&created, &created.organization.name, || created_table(&created))
}

fn disabled(disabled: bool) -> EditOrganization {
    EditOrganization { name: None, disabled: Some(disabled) }
}

fn show(organization: &Organization, output: Output) -> Result<(), Failure> {
    output.thing(organization, &organization.name, || show_table(organization))
}

fn created_table(created: &CreatedOrganization) -> Table {
    let mut table = show_table(&created.organization);
    table.field("super user", created.user.username.as_str());
    if let Some(invitation) = &created.invitation {
        add_invitation(&mut table, invitation);
    }
    table
}

fn show_table(organization: &Organization) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", organization.id.to_string());
    table.field("name", organization.name.as_str());
    table.field("state", state_cell(organization));
    table.field_if("removed for good", organization.delete_at.map(|time| relative(time, now)));
    table.field("created", relative(organization.created_at, now));
    table.field("users", organization.members.to_string());
    table.field("devices", organization.devices.to_string());
    table
}

fn list_table(organizations: &[Organization]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "STATE", "USERS", "DEVICES", "CREATED", "REMOVED FOR GOOD"]);
    for organization in organizations {
        table.row([
            organization.name.as_str().into(),
            state_cell(organization),
            organization.members.to_string().into(),
            organization.devices.to_string().into(),
            relative(organization.created_at, now).into(),
            organization.delete_at.map(|time| relative(time, now)).unwrap_or_default().into(),
        ]);
    }
    table
}

fn state_cell(organization: &Organization) -> Cell {
    match organization.state {
        OrganizationState::Active => Cell::toned("active", Tone::Good),
        OrganizationState::Disabled => Cell::toned("disabled", Tone::Bad),
        OrganizationState::Deleted => Cell::toned("deleted", Tone::Bad),
    }
}
