//! What later slices ask of the inbox.

use std::collections::HashMap;
use std::sync::Arc;

use taskey_proto::Time;
use taskey_proto::id::{ItemId, ItemTypeId, OrganizationId, WebhookId};
use taskey_proto::items::{CreateItem, LogEntry};

use super::items::store;
use super::kind::Kind;
use super::{items, types};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::Actor;
use crate::platform::db::{Db, DbError, Source};
use crate::platform::http::problem::ApiResult;

pub use super::items::store::LoggedEntry;
pub use super::items::{field_words, shut_out};

/// An entry of an item's log, with the item as it was after it; that is `None` once the content was removed.
pub type EntryWithItem = (LogEntry, Option<serde_json::Value>);

/// The entry of that number.
pub async fn entry(db: &Db, item: ItemId, seq: u64) -> Result<Option<EntryWithItem>, DbError> {
    Ok(entries(db, &[(item, seq)]).await?.remove(&(item, seq)))
}

/// Entries by item and number, as far as there are such.
pub async fn entries(db: &Db, wanted: &[(ItemId, u64)]) -> Result<HashMap<(ItemId, u64), EntryWithItem>, DbError> {
    let found = store::entries(db, wanted).await?;
    Ok(found.into_iter().map(|(item, entry)| ((item, entry.shown.seq), (entry.shown, entry.item))).collect())
}

/// Entries of an organization's items between two moments, after one, oldest first.
pub async fn entries_between(
    db: &Db,
    organization: OrganizationId,
    since: Time,
    until: Time,
    after: Option<(Time, ItemId, u64)>,
    limit: usize,
) -> Result<Vec<LoggedEntry>, DbError> {
    store::entries_between(db, organization, since, until, after, limit).await
}

/// The webhook that alone hears of items of a type, where the type says so.
pub async fn webhook_of_type(app: &App, id: ItemTypeId, version: u32) -> ApiResult<Option<WebhookId>> {
    Ok(types::kind_of(app, id, version).await?.named.webhook)
}

/// Names of the types whose items a webhook alone hears of.
pub async fn types_naming(source: &mut impl Source, webhook: WebhookId) -> Result<Vec<String>, DbError> {
    types::types_naming(source, webhook).await
}

/// The item type of that id or name.
pub async fn type_named(app: &App, organization: OrganizationId, word: &str) -> ApiResult<Option<ItemTypeId>> {
    Ok(types::newest_version(&app.db, organization, word).await?.map(|(id, _)| id))
}

/// The newest version of a type of which somebody may see items.
pub async fn visible_type(app: &App, permit: &Permit, word: &str) -> ApiResult<Arc<Kind>> {
    types::visible_kind(app, permit, word).await
}

/// Posts an item for an application that has proven by a signature who it is.
pub async fn post_signed(app: &App, actor: Actor, create: CreateItem) -> ApiResult<()> {
    items::post_signed(app, actor, create).await
}
