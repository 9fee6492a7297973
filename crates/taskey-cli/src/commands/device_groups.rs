//! `taskey device-groups`: groups of devices, in which groups of users may have another role.

use clap::{ArgGroup, Subcommand};
use taskey_proto::device_groups::{CreateDeviceGroup, DeviceGroup, EditDeviceGroup};

use super::devices;
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum DeviceGroupsCommand {
    /// Make a device group.
    Create {
        name: String,
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        description: String,
    },
    /// List the device groups that you may see, with your role in each.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one device group.
    Show { device_group: String },
    /// Rename a device group, or describe it otherwise.
    #[command(group = ArgGroup::new("change").args(["name", "description"]).required(true).multiple(true))]
    Edit {
        device_group: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Remove a device group, and what groups of users have of their own in it. Its devices stay.
    Rm {
        device_group: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Put devices into a group.
    Add {
        device_group: String,
        /// Id or name.
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<String>,
    },
    /// Take devices out of a group.
    Remove {
        device_group: String,
        /// Id or name.
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<String>,
    },
    /// List the devices in a group.
    Devices {
        device_group: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
}

pub async fn run(global: &Global, command: DeviceGroupsCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        DeviceGroupsCommand::Create { name, description } => {
            show(&client.create_device_group(&CreateDeviceGroup { name, description }).await?, output)?;
        }
        DeviceGroupsCommand::Ls { limit } => {
            let page = client.list_device_groups(limit).await?;
            output.list(&page, |group| group.name.clone(), list_table)?;
        }
        DeviceGroupsCommand::Show { device_group } => show(&client.show_device_group(&device_group).await?, output)?,
        DeviceGroupsCommand::Edit { device_group, name, description } => {
            show(&client.edit_device_group(&device_group, &EditDeviceGroup { name, description }).await?, output)?;
        }
        DeviceGroupsCommand::Rm { device_group, yes } => {
            secrets::confirm(&format!("Remove the device group {device_group}, with its overrides?"), yes).await?;
            client.remove_device_group(&device_group).await?;
        }
        DeviceGroupsCommand::Add { device_group, devices } => {
            for device in &devices {
                client.add_device_to_group(&device_group, device).await?;
            }
        }
        DeviceGroupsCommand::Remove { device_group, devices } => {
            for device in &devices {
                client.take_device_out(&device_group, device).await?;
            }
        }
        DeviceGroupsCommand::Devices { device_group, limit } => {
            let page = client.list_devices_of_group(&device_group, limit).await?;
            output.list(&page, |device| device.name.clone(), devices::list_table)?;
        }
    }
    Ok(Exit::Done)
}

fn show(group: &DeviceGroup, output: Output) -> Result<(), Failure> {
    output.thing(group, &group.name, || show_table(group))
}

fn show_table(group: &DeviceGroup) -> Table {
    let mut table = Table::of_fields();
    table.field("id", group.id.to_string());
    table.field("name", group.name.as_str());
    table.field_if("description", Some(group.description.as_str()).filter(|text| !text.is_empty()));
    table.field("devices", group.devices.to_string());
    table.field("your role", group.role.title());
    table
}

fn list_table(groups: &[DeviceGroup]) -> Table {
    let mut table = Table::new(&["NAME", "DEVICES", "YOUR ROLE", "DESCRIPTION"]);
    for group in groups {
        table.row([
            group.name.as_str().into(),
            group.devices.to_string().into(),
            group.role.title().into(),
            group.description.as_str().into(),
        ]);
    }
    table
}
