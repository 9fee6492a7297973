//! The one way in which an item changes: its row, the next entry of its log, and the event, in one transaction.

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::crypto::{CryptoError, hex, random, sha256};
use taskey_proto::id::ItemId;
use taskey_proto::items::ItemActor;

use super::store::{self, ItemRow, NewEntry};
use super::{view, words};
use crate::features::accounts::audit::Actor;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};

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
    row.seq += 1;
    row.updated_at = ctx.now;
    let content = json!({"change": happened.change, "item": view::snapshot(row)});
    let content =
        serde_json::to_string(&content).map_err(|error| DbError::Column { column: "content".to_owned(), detail: error.to_string() })?;
    write_entry(tx, ctx, row, &happened, Some(&content)).await?;
    match happened.change.get("text").and_then(Value::as_str).filter(|_| happened.action == "commented") {
        Some(text) => store::add_said(tx, row.id, &words::words(text)).await,
        None => Ok(()),
    }
}

/// The same of an item whose content is gone: the entry has none either.
pub async fn write_bare(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut ItemRow, happened: Happened) -> Result<(), DbError> {
    row.seq += 1;
    row.updated_at = ctx.now;
    write_entry(tx, ctx, row, &happened, None).await
}

async fn write_entry(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut ItemRow, happened: &Happened, content: Option<&str>) -> Result<(), DbError> {
    let actor = ctx.item_actor();
    let salt = ctx.salt(row.id, row.seq);
    let content_hash = hex(&sha256(&[&salt[..], content.unwrap_or_default().as_bytes()].concat()));
    let facts = json!([row.log_hash, row.id, row.seq, ctx.now, actor, happened.action, happened.prev_state, row.state, content_hash,]);
    row.log_hash = hex(&sha256(facts.to_string().as_bytes()));
    if row.seq == 1 {
        store::insert_item(tx, row).await?
    } else {
        store::update_item(tx, row).await?
    }
    let entry = NewEntry {
        item: row.id,
        seq: row.seq,
        organization: row.organization,
        at: ctx.now,
        actor: &actor,
        action: happened.action,
        prev_state: happened.prev_state.as_deref(),
        state: &row.state,
        content,
        salt: content.map(|_| &salt[..]),
        content_hash: &content_hash,
        hash: &row.log_hash,
    };
    store::insert_entry(tx, &entry).await?;
    let data = json!({
        "seq": row.seq, "type": row.item_type, "type_name": row.type_name, "type_version": row.type_version, "state": row.state, "prev_state": happened.prev_state,
        "is_open": row.is_open,
    });
    let subject = row.id.to_string();
    tx.announce(Announce { organization: row.organization, name: happened.event, subject: &subject, at: ctx.now, data: &data }).await
}
