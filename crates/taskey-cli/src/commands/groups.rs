//! `taskey groups`: groups of users with their roles, and what device groups and item types override.

use clap::{ArgGroup, Subcommand};
use taskey_proto::access::{Override, Role};
use taskey_proto::groups::{CreateGroup, EditGroup, Group};

use super::users;
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::{Cell, Table, Tone};
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum GroupsCommand {
    /// Make a group of users.
    Create {
        name: String,
        /// What its members may do where nothing overrides it: none, read-only, self-service or admin.
        #[arg(long, default_value = "admin", value_name = "ROLE")]
        role: Role,
    },
    /// List groups.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one group: its role, and the device groups where it is another one.
    Show { group: String },
    /// Rename a group or give it another role; what its members may do changes at once.
    #[command(group = ArgGroup::new("change").args(["name", "role"]).required(true).multiple(true))]
    Edit {
        group: String,
        #[arg(long)]
        name: Option<String>,
        /// none, read-only, self-service or admin.
        #[arg(long, value_name = "ROLE")]
        role: Option<Role>,
    },
    /// Remove a group; its members keep what their other groups give.
    Rm {
        group: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Put users into a group.
    Add {
        group: String,
        /// Id or user name.
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
    /// Take users out of a group.
    Remove {
        group: String,
        /// Id or user name.
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
    /// List the users in a group.
    Members {
        group: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Give a group another role in a device group, or over the items of a type; `inherit` takes that back.
    #[command(group = ArgGroup::new("scope").args(["device_group", "item_type"]).required(true))]
    Override {
        group: String,
        #[arg(long, value_name = "DEVICE_GROUP")]
        device_group: Option<String>,
        #[arg(long, value_name = "TYPE")]
        item_type: Option<String>,
        /// none, read-only, self-service, admin or inherit.
        #[arg(long, value_name = "ROLE|inherit")]
        role: Override,
    },
}

pub async fn run(global: &Global, command: GroupsCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        GroupsCommand::Create { name, role } => show(&client.create_group(&CreateGroup { name, role }).await?, output)?,
        GroupsCommand::Ls { limit } => {
            let page = client.list_groups(limit).await?;
            output.list(&page, |group| group.name.clone(), list_table)?;
        }
        GroupsCommand::Show { group } => show(&client.show_group(&group).await?, output)?,
        GroupsCommand::Edit { group, name, role } => show(&client.edit_group(&group, &EditGroup { name, role }).await?, output)?,
        GroupsCommand::Rm { group, yes } => {
            secrets::confirm(&format!("Remove the group {group}?"), yes).await?;
            client.remove_group(&group).await?;
        }
        GroupsCommand::Add { group, users } => {
            for user in &users {
                client.add_member(&group, user).await?;
            }
        }
        GroupsCommand::Remove { group, users } => {
            for user in &users {
                client.remove_member(&group, user).await?;
            }
        }
        GroupsCommand::Members { group, limit } => {
            let page = client.list_members(&group, limit).await?;
            output.list(&page, |user| user.username.clone(), users::list_table)?;
        }
        GroupsCommand::Override { group, device_group, item_type, role } => {
            let group = match (device_group, item_type) {
                (Some(device_group), _) => client.set_override(&group, &device_group, role).await?,
                (None, Some(item_type)) => client.set_item_type_override(&group, &item_type, role).await?,
                (None, None) => return Err(Failure::usage("say where: --device-group or --item-type")),
            };
            show(&group, output)?;
        }
    }
    Ok(Exit::Done)
}

fn show(group: &Group, output: Output) -> Result<(), Failure> {
    output.thing(group, &group.name, || show_table(group))
}

fn show_table(group: &Group) -> Table {
    let mut table = Table::of_fields();
    table.field("id", group.id.to_string());
    table.field("name", group.name.as_str());
    table.field("role", role_cell(group));
    table.field("members", group.members.to_string());
    for other in &group.overrides {
        table.field(&format!("in {}", other.device_group.name), other.role.title());
    }
    for other in &group.item_overrides {
        table.field(&format!("with {}", other.item_type.name), other.role.title());
    }
    table
}

fn list_table(groups: &[Group]) -> Table {
    let mut table = Table::new(&["NAME", "ROLE", "MEMBERS", "OVERRIDES"]);
    for group in groups {
        let overrides = group.overrides.iter().map(|other| format!("{} in {}", other.role, other.device_group.name));
        let with_items = group.item_overrides.iter().map(|other| format!("{} with {}", other.role, other.item_type.name));
        table.row([
            group.name.as_str().into(),
            role_cell(group),
            group.members.to_string().into(),
            overrides.chain(with_items).collect::<Vec<_>>().join(", ").into(),
        ]);
    }
    table
}

fn role_cell(group: &Group) -> Cell {
    match group.role {
        _ if group.is_super => "everything".into(),
        Role::None => Cell::toned(Role::None.title(), Tone::Faint),
        role => role.title().into(),
    }
}
