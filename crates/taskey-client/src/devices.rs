//! Devices and the tokens that let new ones in. A device is named by its id or its name.

use taskey_proto::devices::{CreateEnrollToken, CreatedEnrollToken, Device, EditDevice};
use taskey_proto::page::Page;
use taskey_proto::runs::queue::{Purged, QueuedExecution};

use crate::tasks::Tagged;
use crate::{Client, ClientError, pages};

impl Client {
    pub async fn create_enroll_token(&self, token: &CreateEnrollToken) -> Result<CreatedEnrollToken, ClientError> {
        self.post(&["enroll-tokens"]).json(token).json_answer().await
    }

    /// The script that installs the agent on a machine and enrols it.
    pub async fn install_script(&self) -> Result<String, ClientError> {
        self.get_beside(&["install.sh"]).text_answer("text/x-shellscript").await
    }

    /// All devices, or the first `limit`; with a selector those that match it.
    pub async fn list_devices(&self, selector: Option<&str>, limit: Option<usize>) -> Result<Page<Device>, ClientError> {
        pages::collect(limit, || self.get(&["devices"]).query_opt("selector", selector)).await
    }

    pub async fn show_device(&self, device: &str) -> Result<Tagged<Device>, ClientError> {
        Tagged::read(self, self.get(&["devices", device])).await
    }

    /// Changes a device; with `etag` only if nobody else has since.
    pub async fn edit_device(&self, device: &str, edit: &EditDevice, etag: Option<&str>) -> Result<Device, ClientError> {
        let call = self.patch(&["devices", device]).json(edit);
        let call = match etag {
            Some(etag) => call.if_match(etag),
            None => call,
        };
        call.json_answer().await
    }

    /// A token by which the device gets new keys, and leaves its quarantine.
    pub async fn rekey_device(&self, device: &str) -> Result<CreatedEnrollToken, ClientError> {
        self.post(&["devices", device, "rekey"]).json_answer().await
    }

    /// What waits for a device, as it will be sent: everything, or the first `limit`.
    pub async fn show_queue(&self, device: &str, limit: Option<usize>) -> Result<Page<QueuedExecution>, ClientError> {
        pages::collect(limit, || self.get(&["devices", device, "queue"])).await
    }

    /// Cancels everything that waits for a device.
    pub async fn purge_queue(&self, device: &str) -> Result<Purged, ClientError> {
        self.delete(&["devices", device, "queue"]).json_answer().await
    }

    /// Removes a device and cuts its line.
    pub async fn remove_device(&self, device: &str) -> Result<(), ClientError> {
        self.delete(&["devices", device]).no_answer().await
    }
}
