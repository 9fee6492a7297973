//! Who may do what: roles, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceGroupId, DeviceId, GroupId, ItemTypeId, UserId};
use crate::problem::Reason;

/// What the members of a group may do, from nothing to everything but what is for super users alone. Each includes those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// No access.
    None,
    /// To look.
    #[serde(alias = "read_only")]
    ReadOnly,
    /// And to start what is marked for it.
    #[serde(alias = "self_service")]
    SelfService,
    /// And to change and start everything.
    #[default]
    Admin,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::None, Role::ReadOnly, Role::SelfService, Role::Admin];

    pub const fn word(self) -> &'static str {
        match self {
            Role::None => "none",
            Role::ReadOnly => "read-only",
            Role::SelfService => "self-service",
            Role::Admin => "admin",
        }
    }

    /// As people say it.
    pub const fn title(self) -> &'static str {
        match self {
            Role::None => "no access",
            Role::ReadOnly => "read-only",
            Role::SelfService => "self-service",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.replace('_', "-");
        Role::ALL.into_iter().find(|role| role.word() == word).ok_or_else(|| {
            let words = Role::ALL.map(Role::word);
            format!("`{text}` is none of {}", words.join(", "))
        })
    }
}

/// What a group may do in one scope: a role of its own there, or the group's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Override {
    /// The group's own role counts.
    Inherit,
    None,
    #[serde(alias = "read_only")]
    ReadOnly,
    #[serde(alias = "self_service")]
    SelfService,
    Admin,
}

impl Override {
    /// `None` where the group's own role counts.
    pub const fn role(self) -> Option<Role> {
        match self {
            Override::Inherit => None,
            Override::None => Some(Role::None),
            Override::ReadOnly => Some(Role::ReadOnly),
            Override::SelfService => Some(Role::SelfService),
            Override::Admin => Some(Role::Admin),
        }
    }
}

impl From<Option<Role>> for Override {
    fn from(role: Option<Role>) -> Self {
        match role {
            None => Override::Inherit,
            Some(Role::None) => Override::None,
            Some(Role::ReadOnly) => Override::ReadOnly,
            Some(Role::SelfService) => Override::SelfService,
            Some(Role::Admin) => Override::Admin,
        }
    }
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "inherit" {
            return Ok(Override::Inherit);
        }
        text.parse::<Role>().map(|role| Override::from(Some(role))).map_err(|error| format!("{error}, inherit"))
    }
}

/// Why somebody may or may not do something.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explanation {
    pub allowed: bool,
    /// Such as `runs.exec`.
    pub verb: String,
    pub user: UserRef,
    /// The device that it is about, where one was named.
    pub device: Option<NamedDevice>,
    /// The item type that it is about, where one was named.
    #[serde(default)]
    pub item_type: Option<NamedItemType>,
    /// What the verb needs: `signed-in`, a role, `super` or `operator`.
    pub needs: String,
    /// What there is: a role, `super` or `operator`.
    pub has: String,
    /// Such as `role`, `override`, `no_group`, `may_see`, `may_decide`, `key_scope`, `super`; the text names the group and the override that decided.
    pub reason: Reason,
    /// What each of the user's groups gives here, the most permissive first; that one counts.
    pub grants: Vec<Grant>,
}

/// What one group gives in one place.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    pub group: GroupRef,
    /// The device group that it is about; null: devices in no group, and what belongs to no device.
    pub device_group: Option<DeviceGroupRef>,
    /// The item type that it is about; null: every other one.
    #[serde(default)]
    pub item_type: Option<NamedItemType>,
    pub role: Role,
    /// Whether the device group or item type overrides the group's own role.
    pub overridden: bool,
    /// Whether it decided.
    pub counts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedItemType {
    pub id: ItemTypeId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRef {
    pub id: UserId,
    pub username: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupRef {
    pub id: GroupId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceGroupRef {
    pub id: DeviceGroupId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedDevice {
    pub id: DeviceId,
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written_and_with_underscores() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.word()));
        }
        assert_eq!("read_only".parse(), Ok(Role::ReadOnly));
        assert_eq!(serde_json::from_str::<Role>("\"self_service\"").unwrap(), Role::SelfService);
        assert_eq!("inherit".parse(), Ok(Override::Inherit));
        assert!("super".parse::<Role>().is_err(), "nobody gives that away");
        assert!("super".parse::<Override>().is_err());
    }
}
