//! Item types: what a kind of item holds, how it reads, and how it may be resolved.
//!
//! A type is written as YAML or JSON, has versions, and each item keeps the version that it was made with until it is moved to another.

mod check;
mod fields;
mod marks;
mod ordered;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::{DECIDERS_MAX, FIELDS_LEN_MAX, INDEXED_MAX, RESOLUTIONS_MAX, STATES_MAX, TEMPLATE_LEN_MAX, check_item_type};
pub use fields::FieldsSchema;
pub use marks::{Key, MARKS, Mark};
pub use ordered::Ordered;

use crate::access::Role;
use crate::id::{ItemId, ItemTypeId};
use crate::problem::FieldError;
use crate::{Span, Time};

/// The state of new items of a type that names none.
pub const OPEN: &str = "open";
/// The states in which an item is over. No type may call a state of its own so.
pub const CLOSED: [&str; 4] = ["resolved", "cancelled", "timed_out", "merged"];

/// An item type as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemTypeSpec {
    /// Unique within the organization: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// A template of an item's title, such as `Refund {{ amount }} for {{ order }}`.
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What an item holds: JSON Schema 2020-12 of an object.
    pub fields: FieldsSchema,
    /// A template of how an item reads, as plain text; without it its fields are shown as a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The states that an item may be in while it is open, in their order. Default: `open` alone.
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, StateSpec>))]
    pub states: Ordered<StateSpec>,
    /// The state that an item begins in. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<String>,
    /// How an item may be resolved, in the order of the buttons.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, ResolutionSpec>))]
    pub resolutions: Ordered<ResolutionSpec>,
    /// Fields by which lists may be filtered at any length, at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexed: Vec<String>,
    /// When an item is due, counted from when it was posted; unless its poster says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub due_in: Option<Span>,
    /// What becomes of an item that nobody resolved when it was due.
    #[serde(default, skip_serializing_if = "OnTimeout::is_default")]
    pub on_timeout: OnTimeout,
    /// So long after it is over an item's content is kept; then only its log's hashes are. Default: 365 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub retention: Option<Span>,
    #[serde(default, skip_serializing_if = "AccessSpec::is_empty")]
    pub access: AccessSpec,
    /// The webhook that alone hears of items of this type, by id or name. Default: every webhook that is for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// A state in which an item is open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateSpec {
    /// As people read it. Default: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The states that an item may be moved to from here. Default: every other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<String>>,
    /// The groups whose members may decide over an item in this state. Default: what `access` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_decide: Vec<String>,
}

/// One way to resolve an item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResolutionSpec {
    /// A template of what the button says will happen. Default: the resolution's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is a no: `taskey ask` exits with 2.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refusal: bool,
    /// Reasons to choose from; another may be written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Whether a reason has to be given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reason_required: bool,
    /// What whoever decides is asked: JSON Schema 2020-12 of an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<FieldsSchema>,
    /// The states from which it may be chosen. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// A question that is asked before it is done, for what cannot be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}

/// Who may see and decide over items, where not everybody with a role on them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessSpec {
    /// The groups whose members see items of this type. Default: everybody with a role on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_see: Vec<String>,
    /// The groups whose members may decide, of those who see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_decide: Vec<String>,
}

impl AccessSpec {
    pub fn is_empty(&self) -> bool {
        self.may_see.is_empty() && self.may_decide.is_empty()
    }
}

/// What becomes of an item that nobody resolved when it was due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OnTimeout {
    /// It stays open and is overdue.
    #[default]
    Keep,
    /// It is over as `timed_out`, which whoever asked takes as a no.
    Deny,
}

impl OnTimeout {
    fn is_default(&self) -> bool {
        *self == OnTimeout::Keep
    }
}

impl ItemTypeSpec {
    /// How long an item's content is kept where a type does not say.
    pub const RETENTION: Span = Span::from_secs(365 * 86_400);

    /// The state that an item begins in.
    pub fn first_state(&self) -> &str {
        self.initial.as_deref().or_else(|| self.states.names().next()).unwrap_or(OPEN)
    }

    /// Whether an item may be in this state while it is open.
    pub fn has_state(&self, state: &str) -> bool {
        if self.states.is_empty() { state == OPEN } else { self.states.get(state).is_some() }
    }

    /// The states that an item may be moved to from one in which it is open.
    pub fn moves(&self, from: &str) -> Vec<&str> {
        match self.states.get(from).and_then(|state| state.to.as_ref()) {
            Some(to) => to.iter().map(String::as_str).collect(),
            None => self.states.names().filter(|name| *name != from).collect(),
        }
    }

    /// The resolutions that may be chosen in a state, in their order.
    pub fn choices<'a>(&'a self, state: &'a str) -> impl Iterator<Item = (&'a str, &'a ResolutionSpec)> {
        self.resolutions.iter().filter(move |(_, spec)| spec.from.is_empty() || spec.from.iter().any(|from| from == state))
    }

    /// The groups whose members may decide over an item in a state; empty: everybody with the role for it.
    pub fn deciders(&self, state: &str) -> &[String] {
        let own = self.states.get(state).map_or(&[][..], |state| &state.may_decide);
        if own.is_empty() { &self.access.may_decide } else { own }
    }

    pub fn retention(&self) -> Span {
        self.retention.unwrap_or(Self::RETENTION)
    }

    /// The fields with that mark, as they are called in an item.
    pub fn marked(&self, mark: Mark) -> impl Iterator<Item = &str> {
        self.fields.properties.names().filter(move |name| Key::parse(name).has(mark))
    }
}

/// An item type as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemType {
    pub id: ItemTypeId,
    pub name: String,
    /// Counts up with every edit.
    pub version: u32,
    pub spec: ItemTypeSpec,
    /// How many items of it are open, whatever their version.
    pub open_count: u64,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
    /// What you may do with items of it.
    pub role: Role,
}

/// One version of a type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemTypeVersion {
    pub version: u32,
    pub spec: ItemTypeSpec,
    /// How many open items keep this version.
    pub open_count: u64,
    pub created_at: Time,
    pub created_by: String,
}

/// A type, or a version that it would get, with values to show how items of it would read. Nothing is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckItemType {
    pub spec: ItemTypeSpec,
    /// The fields of an item to try it on. Default: none is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub fields: Option<Value>,
}

/// What a type would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedItemType {
    /// `created`, `changed` or `unchanged`: what storing it would do.
    pub outcome: String,
    /// The title of the item that was tried.
    pub title: Option<String>,
    /// How it would read.
    pub text: Option<String>,
    /// The labels of the buttons, by resolution.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, String>))]
    pub labels: Ordered<String>,
}

/// Moves the open items of earlier versions to the newest version of their type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveItems {
    /// The states that are no more, with what they become.
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, String>))]
    pub states: Ordered<String>,
    /// Whether only to tell what would become of each.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of open items, or would become of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MovedItems {
    /// The version that they were moved to.
    pub version: u32,
    pub dry_run: bool,
    pub moved_count: u64,
    /// Items that do not fit the newest version and stay as they are, the first hundred of them.
    pub left: Vec<LeftItem>,
    pub left_count: u64,
}

/// An item that does not fit another version of its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftItem {
    pub id: ItemId,
    pub title: String,
    pub version: u32,
    pub errors: Vec<FieldError>,
}
