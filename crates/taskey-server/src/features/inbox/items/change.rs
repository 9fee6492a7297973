//! The one way in which an item changes: its row, the next entry of its log, and the event, in one transaction.

use std::sync::Arc;

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::crypto::{CryptoError, hex, random, sha256};
use taskey_proto::id::ItemId;
use taskey_proto::items::ItemActor;

use super::store::{self, ItemRow, NewEntry};
use super::{view, words};
use crate::features::accounts::audit::Actor;
use crate::platform::db::events::{Announce, Announced};
use crate::platform::db::{Args, DbError, Tx};

/// What every change needs: who makes it, when, and what its log's salts are made of.
#[derive(Debug, Clone)]
pub struct Ctx {
    pub actor: Actor,
    pub now: Time,
    seed: [u8; 32],
}

impl Ctx {
    pub fn new(actor: Actor, now: Time) -> Result<Self, CryptoError> {
        Ok(Self { actor, now, seed: random()? })
    }

    /// Random for whoever does not know the seed, and the same when the op runs again.
    fn salt(&self, item: ItemId, seq: u64) -> [u8; 16] {
        let digest = sha256(&[&self.seed[..], item.to_string().as_bytes(), &seq.to_be_bytes()].concat());
        let mut salt = [0; 16];
        salt.copy_from_slice(&digest[..16]);
        salt
    }

    fn item_actor(&self) -> ItemActor {
        ItemActor { kind: self.actor.kind.to_owned(), id: self.actor.id.clone(), name: self.actor.name.clone() }
    }
}

/// What happened to an item.
pub struct Happened {
    /// As `resolved`.
    pub action: &'static str,
    /// As `item.resolved`.
    pub event: &'static str,
    /// `None` of a new item.
    pub prev_state: Option<String>,
    pub change: Value,
}

/// Writes an item as it is now, with the next entry of its log and the event of it.
pub async fn write_change(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut ItemRow, happened: Happened) -> Result<(), DbError> {
    let said = happened.change.get("text").and_then(Value::as_str).filter(|_| happened.action == "commented");
    let said = said.map(|text| words::words(row.organization, text));
    let next = next(ctx, row, happened)?;
    store::update_item(tx, row).await?;
    next.write(tx).await?;
    match said {
        Some(words) => store::add_said(tx, row.id, &words).await,
        None => Ok(()),
    }
}

/// The same of an item whose content is gone: the entry has none either.
pub async fn write_bare(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut ItemRow, happened: Happened) -> Result<(), DbError> {
    row.seq += 1;
    row.updated_at = ctx.now;
    let next = entry(ctx, row, happened, None)?;
    store::update_item(tx, row).await?;
    next.write(tx).await
}

/// A new item with all that is written of it: made before its transaction, in which others wait.
pub struct New {
    pub row: ItemRow,
    values: Args,
    first: Next,
}

impl New {
    pub fn make(ctx: &Ctx, mut row: ItemRow) -> Result<Self, DbError> {
        let change = json!({"after": {"fields": row.fields, "assignee": row.assignee}});
        let first = next(ctx, &mut row, Happened { action: "created", event: "item.created", prev_state: None, change })?;
        Ok(Self { values: store::item_values(&row)?, first, row })
    }
}

/// Writes new items, each with the first entry of its log and its event.
pub async fn write_new(tx: &mut Tx<'_>, new: &[Arc<New>]) -> Result<(), DbError> {
    store::insert_items(tx, new.iter().map(|new| new.values.clone()).collect()).await?;
    store::insert_entries(tx, new.iter().map(|new| new.first.entry.clone()).collect()).await?;
    tx.announce_all(&new.iter().map(|new| &new.first.event).collect::<Vec<_>>()).await
}

/// What is written beside an item that changes.
struct Next {
    entry: Args,
    event: Announced,
}

impl Next {
    async fn write(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        store::insert_entries(tx, vec![self.entry]).await?;
        tx.announce_all(&[&self.event]).await
    }
}

/// Counts an item on, and says what is to be written beside it.
fn next(ctx: &Ctx, row: &mut ItemRow, mut happened: Happened) -> Result<Next, DbError> {
    row.seq += 1;
    row.updated_at = ctx.now;
    let content = json!({"change": happened.change.take(), "item": view::snapshot(row)});
    let content =
        serde_json::to_string(&content).map_err(|error| DbError::Column { column: "content".to_owned(), detail: error.to_string() })?;
    entry(ctx, row, happened, Some(content))
}

fn entry(ctx: &Ctx, row: &mut ItemRow, happened: Happened, content: Option<String>) -> Result<Next, DbError> {
    let actor = ctx.item_actor();
    let Happened { action, event, prev_state, .. } = happened;
    let salt = ctx.salt(row.id, row.seq);
    let content_hash = hex(&sha256(&[&salt[..], content.as_deref().unwrap_or_default().as_bytes()].concat()));
    let facts = json!([row.log_hash, row.id, row.seq, ctx.now, actor, action, prev_state, row.state, content_hash]);
    row.log_hash = hex(&sha256(facts.to_string().as_bytes()));
    let data = json!({
        "seq": row.seq, "type": row.item_type, "type_name": row.type_name, "type_version": row.type_version, "state": row.state,
        "prev_state": prev_state, "is_open": row.is_open,
    });
    let (subject, organization, at) = (row.id.to_string(), row.organization, ctx.now);
    let event = Announce { organization, name: event, subject: &subject, at, data: &data }.made()?;
    let entry = NewEntry {
        item: row.id,
        seq: row.seq,
        organization,
        at,
        actor,
        action,
        prev_state,
        state: row.state.clone(),
        salt: content.is_some().then_some(salt),
        content,
        content_hash,
        hash: row.log_hash.clone(),
    };
    Ok(Next { entry: entry.values(), event })
}
