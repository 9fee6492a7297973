//! Items: what an application posts and a person resolves, and the log of everything that happened to each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Time;
use crate::access::Role;
use crate::id::{ItemId, ItemTypeId, UserId};
use crate::item_types::FieldsSchema;
use crate::problem::{FieldError, Reason};

/// Bytes of an item's fields, as JSON.
pub const FIELDS_LEN_MAX: usize = 256 * 1024;
/// Bytes of a comment.
pub const COMMENT_LEN_MAX: usize = 20_000;
pub const REASON_LEN_MAX: usize = 2_000;
pub const EXTERNAL_ID_LEN_MAX: usize = 200;
/// Items of one bulk.
pub const BULK_MAX: usize = 1_000;
/// Items that one call waits for.
pub const WAITED_MAX: usize = 100;

/// The values of an item's fields by name.
pub type Fields = BTreeMap<String, Value>;

/// Posts an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateItem {
    /// Id or name of the item type.
    #[serde(rename = "type")]
    pub item_type: String,
    /// What the type's schema asks for.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Fields,
    /// What your application calls it, unique within the type for ever: posting it again answers with the first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Until when it should be resolved. Default: what the type says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
    /// Who is to resolve it: id or user name. Default: nobody yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
}

/// An item as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Item {
    pub id: ItemId,
    #[serde(rename = "type")]
    pub item_type: ItemTypeRef,
    /// What the type's template makes of the fields.
    pub title: String,
    /// `open` or another state of the type; `resolved`, `cancelled`, `timed_out` or `merged` once it is over.
    pub state: String,
    pub is_open: bool,
    /// How it was resolved; null until then.
    pub resolution: Option<Resolution>,
    /// Why it is over, where nobody resolved it.
    pub reason: Option<Reason>,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Fields,
    pub external_id: Option<String>,
    pub assignee: Option<PersonRef>,
    pub due_at: Option<Time>,
    /// Until then it is out of the way; or until something happens to it.
    pub snoozed_until: Option<Time>,
    /// The item that it became one with.
    pub merged_into: Option<ItemId>,
    pub comment_count: u64,
    pub created_at: Time,
    pub created_by: String,
    pub updated_at: Time,
    pub closed_at: Option<Time>,
    /// When its content was removed, after the type's retention.
    pub erased_at: Option<Time>,
    /// Counts up with what is decided on: fields, state, the type's version. It is the ETag.
    pub version: u32,
    /// The newest entry of its log.
    pub seq: u64,
    /// What you may do with it.
    pub role: Role,
    /// What is only told of one item, not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Sheet>,
}

/// What a person needs to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sheet {
    /// How it reads, plain text; null: show the fields as a table.
    pub text: Option<String>,
    /// The schema of its fields, in the version that it keeps.
    pub schema: FieldsSchema,
    /// How it may be resolved in this state, in the order of the buttons.
    pub choices: Vec<Choice>,
    /// The states that it may be moved to.
    pub moves: Vec<StateRef>,
    /// Why you may not decide; null where you may.
    pub why_not: Option<Reason>,
    /// Whether you may take it back and change any of its fields: you have posted it, or are an admin, and it is open.
    pub may_change: bool,
    /// The newest version of its type.
    pub newest_version: u32,
    /// Who looks at it just now, but you.
    pub viewers: Vec<PersonRef>,
    /// Items that became one with it, the newest first; at most 20.
    pub duplicates: Vec<Duplicate>,
}

/// An item that became one with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Duplicate {
    pub id: ItemId,
    pub title: String,
    pub comment_count: u64,
    pub created_at: Time,
    pub created_by: String,
}

/// One button.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Choice {
    /// The resolution's name.
    pub name: String,
    /// What it says will happen.
    pub label: String,
    pub refusal: bool,
    pub reasons: Vec<String>,
    pub reason_required: bool,
    /// What is asked.
    pub form: Option<FieldsSchema>,
    /// A question to ask before it is done.
    pub confirm: Option<String>,
}

/// A state with how people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateRef {
    pub name: String,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemTypeRef {
    pub id: ItemTypeId,
    pub name: String,
    /// The version that the item keeps.
    pub version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonRef {
    pub id: UserId,
    /// The full name, or the user name where there is none.
    pub name: String,
}

/// How an item was resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resolution {
    pub name: String,
    /// What the button said.
    pub label: String,
    pub refusal: bool,
    pub reason: Option<String>,
    /// What was answered to the resolution's form.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub answers: Fields,
    pub by: String,
    pub at: Time,
}

/// Changes fields. `null` removes one; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateItem {
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Fields,
    /// Until when it should be resolved; left out: as before; null: no time any more.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Time>))]
    pub due_at: Option<Option<Time>>,
}

/// Tells null from nothing.
fn said<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<Time>>, D::Error> {
    Option::<Time>::deserialize(value).map(Some)
}

/// Decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResolveItem {
    /// The name of a resolution.
    pub resolution: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the resolution's form asks.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub answers: Fields,
}

/// Takes an item back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Moves an open item to another of its type's states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveItem {
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddComment {
    pub text: String,
    /// Whether it is for whoever the item is about too. Default: for the team alone.
    #[serde(default)]
    pub public: bool,
}

/// Gives an item to somebody, or to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignItem {
    /// Id or user name, `me`, or null for nobody.
    pub assignee: Option<String>,
    /// Only if it is still this user's: id, user name, or `nobody`. Left out: whoever's it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// What the next one should know; it becomes a comment for the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Puts an item out of the way, or back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnoozeItem {
    /// Until then, or until something happens to it; null: back at once.
    pub until: Option<Time>,
}

/// Says that an item is about the same as another one, which stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MergeItem {
    /// The one that stays.
    pub into: ItemId,
}

/// Waits for one of several items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitForItems {
    /// At most a hundred.
    pub items: Vec<ItemId>,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemActor {
    /// `user`, `key`, `webhook` or `system`.
    pub kind: String,
    pub id: String,
    pub name: String,
}

/// One entry of an item's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogEntry {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: Time,
    pub actor: ItemActor,
    /// `created`, `updated`, `commented`, `assigned`, `moved`, `snoozed`, `resolved`, `cancelled`, `timed_out`, `merged`, `type_changed` or
    /// `erased`.
    pub action: String,
    pub prev_state: Option<String>,
    pub state: String,
    /// What changed: `before` and `after` by name, or what was said. Null once the item's content is removed.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub change: Option<Value>,
    /// Over the entry before and this one, in hex. It stays when the content goes.
    pub hash: String,
}

/// So far a queue is counted.
pub const COUNTED_MAX: u64 = 1_000;

/// How many items there are, of those that you see. 1000 stands for that many and more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemCounts {
    /// Open, and neither snoozed nor somebody else's.
    pub needs_me: u64,
    pub mine: u64,
    pub unassigned: u64,
    pub overdue: u64,
    pub snoozed: u64,
    pub open: u64,
}

/// What became of one line of a bulk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkLine {
    /// From 1.
    pub line: u64,
    /// 201 made, 200 there before, 4xx refused.
    pub status: u16,
    pub id: Option<ItemId>,
    pub code: Option<String>,
    pub detail: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A list that somebody gave a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemView {
    pub id: crate::id::ItemViewId,
    pub name: String,
    /// The query of the list, as in its address: `type=refund&assignee=me`.
    pub query: String,
    /// Whether everybody in the organization sees it.
    pub shared: bool,
    pub created_by: String,
    /// Whether you may change and remove it.
    pub own: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SaveView {
    pub name: String,
    pub query: String,
    #[serde(default)]
    pub shared: bool,
}
