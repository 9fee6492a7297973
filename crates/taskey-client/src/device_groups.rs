//! Groups of devices. A device group is named by its id or its name.

use taskey_proto::device_groups::{CreateDeviceGroup, DeviceGroup, EditDeviceGroup};
use taskey_proto::devices::Device;
use taskey_proto::page::Page;

use crate::{Client, ClientError, pages};

impl Client {
    /// All device groups that one may see, or the first `limit`.
    pub async fn list_device_groups(&self, limit: Option<usize>) -> Result<Page<DeviceGroup>, ClientError> {
        pages::collect(limit, || self.get(&["device-groups"])).await
    }

    pub async fn create_device_group(&self, group: &CreateDeviceGroup) -> Result<DeviceGroup, ClientError> {
        self.post(&["device-groups"]).json(group).json_answer().await
    }

    pub async fn show_device_group(&self, group: &str) -> Result<DeviceGroup, ClientError> {
        self.get(&["device-groups", group]).json_answer().await
    }

    pub async fn edit_device_group(&self, group: &str, edit: &EditDeviceGroup) -> Result<DeviceGroup, ClientError> {
        self.patch(&["device-groups", group]).json(edit).json_answer().await
    }

    /// Removes a device group with the overrides in it; its devices stay.
    pub async fn remove_device_group(&self, group: &str) -> Result<(), ClientError> {
        self.delete(&["device-groups", group]).no_answer().await
    }

    /// The devices in a group: all of them, or the first `limit`.
    pub async fn list_devices_of_group(&self, group: &str, limit: Option<usize>) -> Result<Page<Device>, ClientError> {
        pages::collect(limit, || self.get(&["device-groups", group, "devices"])).await
    }

    pub async fn add_device_to_group(&self, group: &str, device: &str) -> Result<(), ClientError> {
        self.put(&["device-groups", group, "devices", device]).no_answer().await
    }

    pub async fn take_device_out(&self, group: &str, device: &str) -> Result<(), ClientError> {
        self.delete(&["device-groups", group, "devices", device]).no_answer().await
    }
}
