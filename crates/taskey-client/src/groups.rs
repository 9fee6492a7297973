//! Groups of users. A group is named by its id or its name.

use taskey_proto::access::Override;
use taskey_proto::groups::{CreateGroup, EditGroup, Group, SetOverride};
use taskey_proto::page::Page;
use taskey_proto::users::User;

use crate::{Client, ClientError, pages};

impl Client {
    /// All groups, or the first `limit`.
    pub async fn list_groups(&self, limit: Option<usize>) -> Result<Page<Group>, ClientError> {
        pages::collect(limit, || self.get(&["groups"])).await
    }

    pub async fn create_group(&self, group: &CreateGroup) -> Result<Group, ClientError> {
        self.post(&["groups"]).json(group).json_answer().await
    }

    pub async fn show_group(&self, group: &str) -> Result<Group, ClientError> {
        self.get(&["groups", group]).json_answer().await
    }

    pub async fn edit_group(&self, group: &str, edit: &EditGroup) -> Result<Group, ClientError> {
        self.patch(&["groups", group]).json(edit).json_answer().await
    }

    /// Removes a group; its members keep what their other groups give.
    pub async fn remove_group(&self, group: &str) -> Result<(), ClientError> {
        self.delete(&["groups", group]).no_answer().await
    }

    /// The users in a group: all of them, or the first `limit`.
    pub async fn list_members(&self, group: &str, limit: Option<usize>) -> Result<Page<User>, ClientError> {
        pages::collect(limit, || self.get(&["groups", group, "members"])).await
    }

    pub async fn add_member(&self, group: &str, user: &str) -> Result<(), ClientError> {
        self.put(&["groups", group, "members", user]).no_answer().await
    }

    pub async fn remove_member(&self, group: &str, user: &str) -> Result<(), ClientError> {
        self.delete(&["groups", group, "members", user]).no_answer().await
    }

    /// Gives a group another role in a device group, or takes that back.
    pub async fn set_override(&self, group: &str, device_group: &str, role: Override) -> Result<Group, ClientError> {
        self.put(&["groups", group, "overrides", "device-groups", device_group]).json(&SetOverride { role }).json_answer().await
    }

    /// Gives a group another role over the items of a type, or takes that back.
    pub async fn set_item_type_override(&self, group: &str, item_type: &str, role: Override) -> Result<Group, ClientError> {
        self.put(&["groups", group, "overrides", "item-types", item_type]).json(&SetOverride { role }).json_answer().await
    }
}
