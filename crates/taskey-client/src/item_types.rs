//! Item types. A type is named by its id or its name; who replaces one says which version is meant.

use serde_json::Value;
use taskey_proto::item_types::{CheckItemType, CheckedItemType, ItemType, ItemTypeSpec, ItemTypeVersion, MoveItems, MovedItems};
use taskey_proto::page::Page;

use crate::{Client, ClientError, Tagged, pages};

impl Client {
    /// All item types that one may see, or the first `limit`.
    pub async fn list_item_types(&self, limit: Option<usize>) -> Result<Page<ItemType>, ClientError> {
        pages::collect(limit, || self.get(&["item-types"])).await
    }

    pub async fn show_item_type(&self, item_type: &str) -> Result<Tagged<ItemType>, ClientError> {
        Tagged::read(self, self.get(&["item-types", item_type])).await
    }

    pub async fn create_item_type(&self, spec: &ItemTypeSpec) -> Result<ItemType, ClientError> {
        self.post(&["item-types"]).json(spec).json_answer().await
    }

    /// Stores a new version of a type, if `etag` is still the newest. The same again changes nothing.
    pub async fn replace_item_type(&self, item_type: &str, spec: &ItemTypeSpec, etag: &str) -> Result<ItemType, ClientError> {
        self.put(&["item-types", item_type]).if_match(etag).json(spec).json_answer().await
    }

    /// What storing a type would do, and how an item of it would read. Nothing is stored.
    pub async fn check_item_type(&self, check: &CheckItemType) -> Result<CheckedItemType, ClientError> {
        self.post(&["item-types", "check"]).json(check).json_answer().await
    }

    /// Removes a type; refused while items of it are open.
    pub async fn remove_item_type(&self, item_type: &str) -> Result<(), ClientError> {
        self.delete(&["item-types", item_type]).no_answer().await
    }

    /// All versions of a type, newest first, or the first `limit`.
    pub async fn list_item_type_versions(&self, item_type: &str, limit: Option<usize>) -> Result<Page<ItemTypeVersion>, ClientError> {
        pages::collect(limit, || self.get(&["item-types", item_type, "versions"])).await
    }

    pub async fn show_item_type_version(&self, item_type: &str, version: u32) -> Result<ItemTypeVersion, ClientError> {
        self.get(&["item-types", item_type, "versions", &version.to_string()]).json_answer().await
    }

    /// Moves the open items of earlier versions to the newest, or tells what that would do.
    pub async fn move_items(&self, item_type: &str, moved: &MoveItems) -> Result<MovedItems, ClientError> {
        self.post(&["item-types", item_type, "move-items"]).json(moved).json_answer().await
    }

    /// The JSON Schema of the file that a type is written in.
    pub async fn item_type_schema(&self) -> Result<Value, ClientError> {
        self.get_beside(&["schemas", "item-type.json"]).json_answer().await
    }
}
