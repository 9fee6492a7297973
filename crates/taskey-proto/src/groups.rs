//! Groups of users, their roles, and what device groups and item types override.

use serde::{Deserialize, Serialize};

use crate::access::{DeviceGroupRef, Override, Role};
use crate::id::{GroupId, ItemTypeId};

/// A group of users. Groups are flat: none is in another.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// Whether it is the group of the super users, which every organization has once, and which only its members' list can change.
    #[serde(rename = "super")]
    pub is_super: bool,
    /// What its members may do where nothing overrides it.
    pub role: Role,
    /// How many users are in it.
    pub members: u64,
    /// By the device group's name; what is not listed inherits.
    pub overrides: Vec<GroupOverride>,
    /// By the item type's name; what is not listed inherits.
    #[serde(default)]
    pub item_overrides: Vec<ItemTypeOverride>,
}

/// Another role of a group in one device group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupOverride {
    pub device_group: DeviceGroupRef,
    pub role: Role,
}

/// Another role of a group with items of one type.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemTypeOverride {
    pub item_type: NamedItemType,
    pub role: Role,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedItemType {
    pub id: ItemTypeId,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateGroup {
    pub name: String,
    #[serde(default)]
    pub role: Role,
}

/// Changes a group; what is left out stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditGroup {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetOverride {
    pub role: Override,
}
