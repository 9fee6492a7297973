//! Webhooks: where applications are told what happens to items, and where they may post items signed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Time;
use crate::id::{DeliveryId, ItemId, WebhookId};
use crate::problem::Reason;

pub const URL_LEN_MAX: usize = 2_000;
/// Bytes of a template of a body.
pub const BODY_TEMPLATE_LEN_MAX: usize = 20_000;
/// Bytes of an answer that are kept.
pub const RESPONSE_LEN_MAX: usize = 20_000;
/// Of the events that webhooks carry.
pub const EVENTS: [&str; 11] = [
    "item.created",
    "item.updated",
    "item.commented",
    "item.assigned",
    "item.moved",
    "item.snoozed",
    "item.resolved",
    "item.cancelled",
    "item.timed_out",
    "item.merged",
    "item.type_changed",
];

/// A webhook as it is written: told of items where it has an address, asked to make items where it has a rule, or both with one secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookSpec {
    /// Unique within the organization. Default: the host of its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where deliveries are posted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Names or ids of item types. Empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Such as `item.resolved`. Empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Which items it hears of, by their fields: `amount>100 and country=DE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    #[serde(default)]
    pub body: BodyKind,
    /// With `body: template`: what is posted, a template over `type`, `timestamp` and `data` that makes JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default)]
    pub signing: Signing,
    /// What signed posts to this webhook's own address become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbound: Option<InboundRule>,
    /// Whether nothing is delivered for now; what happens meanwhile is not delivered later, but for `recover`.
    #[serde(default)]
    pub disabled: bool,
}

/// What a delivery's body holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BodyKind {
    /// The whole item.
    #[default]
    Full,
    /// Ids, states and numbers alone: nothing that anybody wrote.
    Thin,
    /// What `template` makes of it.
    Template,
}

/// How deliveries are signed, as Standard Webhooks says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Signing {
    /// `v1`: HMAC-SHA256 under a secret that both sides hold.
    #[default]
    Hmac,
    /// `v1a`: Ed25519; the receiver holds a public key alone.
    Ed25519,
}

/// How a signed post becomes an item. Every value is a template over `body`, the post's JSON, and `headers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InboundRule {
    /// Name or id of the item type.
    #[serde(rename = "type")]
    pub item_type: String,
    /// What makes a post the same as an earlier one. Default: its `webhook-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Fields by name. A value that is nothing but one `{{ … }}` keeps its kind, as `{{ body.amount }}` a number.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, String>))]
    pub fields: crate::item_types::Ordered<String>,
    /// Only posts for which this holds become items, as `{{ body.type == "flag.raised" }}`; others are accepted and dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// A webhook as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub spec: WebhookSpec,
    pub state: WebhookState,
    /// Why it is not active.
    pub reason: Option<Reason>,
    /// Its keys, the newest first: an older one signs too until it expires.
    pub keys: Vec<WebhookKey>,
    /// Where signed posts are taken in; null without a rule.
    pub inbound_url: Option<String>,
    /// Deliveries that wait for their next try.
    pub waiting_count: u64,
    /// Since when every try failed; null while they do not.
    pub failing_since: Option<Time>,
    pub last_success_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
    /// Counts up with every edit; the ETag.
    pub version: u32,
    /// Told once, when it is made or gets a new key: `whsec_…`, or the public key `whpk_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WebhookState {
    Active,
    /// Somebody said so.
    Disabled,
    /// Its receiver failed for days, or answered 410.
    GivenUp,
}

/// A key of a webhook; its secret is told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookKey {
    /// Counts up with every new one.
    pub number: u32,
    pub signing: Signing,
    /// Of `v1a`: what receivers verify with.
    pub public_key: Option<String>,
    /// Whether the application brought it: of `v1a` it verifies what is posted here then, and signs nothing.
    pub imported: bool,
    pub created_at: Time,
    /// Until then it signs beside the newer one; null: it is the newest.
    pub expires_at: Option<Time>,
}

/// Makes the next key of a webhook, or takes the one that an application has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RotateWebhookKey {
    /// How long the older one signs too. Default: 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub overlap: Option<crate::Span>,
    /// The key by which an application signs already what it posts here: `whsec_…`, or of `ed25519` its public key `whpk_…`. Default: a
    /// new key, which is told once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Delivers again what happened since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoverDeliveries {
    pub since: Time,
    /// Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Whether also what was delivered before.
    #[serde(default)]
    pub all: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recovered {
    pub delivery_count: u64,
}

/// One message for one webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// The `webhook-id` of every try.
    pub id: DeliveryId,
    pub webhook: WebhookId,
    pub item: ItemId,
    /// Such as `item.resolved`.
    pub event: String,
    pub seq: u64,
    pub state: DeliveryState,
    /// Why it is where it is.
    pub reason: Option<Reason>,
    pub attempt_count: u64,
    pub next_at: Option<Time>,
    pub created_at: Time,
    pub finished_at: Option<Time>,
    /// Left out in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<DeliveryAttempt>>,
    /// What would be posted now; left out in lists, null once the item's content is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub body: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeliveryState {
    /// It waits for its first or next try.
    Waiting,
    Delivered,
    /// Given up after the last try.
    Failed,
    /// The webhook was disabled or removed before.
    Dropped,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    /// From 1.
    pub number: u64,
    pub at: Time,
    pub url: String,
    /// The numbers of the keys that signed it.
    pub keys: Vec<u32>,
    /// The HTTP status; null where there was no answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    pub duration_ms: u64,
    /// The beginning of the answer.
    pub response: Option<String>,
}
