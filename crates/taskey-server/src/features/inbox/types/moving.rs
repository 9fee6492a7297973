//! Open items follow to a newer version of their type: where their fields fit it, and their state is there or has a successor.

use std::sync::Arc;

use serde_json::json;
use taskey_proto::id::ItemId;
use taskey_proto::item_types::{ItemTypeSpec, LeftItem, MoveItems, MovedItems, Ordered};
use taskey_proto::problem::FieldError;

use super::ops;
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::features::inbox::items::store::{self, ItemRow};
use crate::features::inbox::items::{Ctx, Happened, index, write_change};
use crate::features::inbox::kind::Kind;
use crate::features::inbox::timeouts;
use crate::platform::db::Tx;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

const ITEMS_AT_ONCE: usize = 200;
/// Items that are told one by one.
const LEFT_MAX: usize = 100;

struct Move {
    ctx: Ctx,
    kind: Arc<Kind>,
    states: Ordered<String>,
    id: ItemId,
}

pub async fn move_items(app: &App, permit: &Permit, word: &str, ask: MoveItems) -> ApiResult<MovedItems> {
    let row = ops::find(&mut &app.db, permit, word).await?;
    check(state_errors(&row.spec, &ask.states))?;
    let kind = ops::kind_of(app, row.id, row.version).await?;
    let mut moved = MovedItems { version: row.version, dry_run: ask.dry_run, moved_count: 0, left: Vec::new(), left_count: 0 };
    let mut after = None;
    loop {
        let items = store::to_move(&mut &app.db, row.id, row.version, after, ITEMS_AT_ONCE).await?;
        let Some(last) = items.last() else { break };
        after = Some(last.id);
        for item in items {
            let errors = match fits(&kind, &ask.states, &item) {
                Ok(_) if ask.dry_run => Vec::new(),
                Ok(_) => move_one(app, permit, &kind, &ask.states, item.id).await?,
                Err(errors) => errors,
            };
            if errors.is_empty() {
                moved.moved_count += 1;
                continue;
            }
            moved.left_count += 1;
            if moved.left.len() < LEFT_MAX {
                moved.left.push(LeftItem { id: item.id, title: item.title, version: item.type_version, errors });
            }
        }
    }
    if !ask.dry_run && moved.moved_count > 0 {
        let input = (Actor::from(permit), row.id.to_string(), moved.version, moved.moved_count, app.now());
        app.db
            .write(input, |tx, (actor, id, version, count, now)| {
                Box::pin(async move {
                    let detail = json!({"version": version, "moved_count": count});
                    record(tx, actor, *now, "item_type.items_moved", id, &detail).await.map_err(ApiError::from)
                })
            })
            .await?;
    }
    Ok(moved)
}

fn state_errors(spec: &ItemTypeSpec, states: &Ordered<String>) -> Vec<FieldError> {
    let unknown = states.iter().filter(|(_, to)| !spec.has_state(to));
    unknown.map(|(from, to)| FieldError::new(format!("/states/{from}"), format!("the newest version has no state `{to}`"))).collect()
}

/// The state that an item would be in, or why it does not fit.
fn fits(kind: &Kind, states: &Ordered<String>, item: &ItemRow) -> Result<String, Vec<FieldError>> {
    let mut errors = kind.field_errors("/fields", &item.fields);
    let state = states.get(&item.state).unwrap_or(&item.state);
    if !kind.spec.has_state(state) {
        errors.push(FieldError::new("/state", format!("the newest version has no state `{state}`: say what it becomes")));
    }
    if errors.is_empty() { Ok(state.clone()) } else { Err(errors) }
}

/// Moves one item, as it is by now; what keeps it from that.
async fn move_one(app: &App, permit: &Permit, kind: &Arc<Kind>, states: &Ordered<String>, id: ItemId) -> ApiResult<Vec<FieldError>> {
    let ctx = Ctx::new(Actor::from(permit), app.now()).map_err(ApiError::internal)?;
    let input = Move { ctx, kind: kind.clone(), states: states.clone(), id };
    app.db.write(input, |tx, input| Box::pin(move_in(tx, input))).await
}

async fn move_in(tx: &mut Tx<'_>, input: &Move) -> ApiResult<Vec<FieldError>> {
    let Move { ctx, kind, states, id } = input;
    let Some(mut row) = store::item(tx, *id).await? else { return Ok(Vec::new()) };
    if !row.is_open || row.type_version >= kind.version {
        return Ok(Vec::new());
    }
    let state = match fits(kind, states, &row) {
        Ok(state) => state,
        Err(errors) => return Ok(errors),
    };
    let before = std::mem::replace(&mut row.state, state);
    let change = json!({"before": {"version": row.type_version, "state": before}, "after": {"version": kind.version, "state": row.state}});
    row.type_version = kind.version;
    row.title = kind.title(&row.fields).map_err(|error| ApiError::invalid(vec![error]))?;
    row.indexed = index::all_indexed(&kind.spec, &row.fields);
    row.merge_hash = index::merge_hash(&kind.spec, &row.fields);
    row.timeout_at = kind.timeout_at(row.due_at);
    row.version += 1;
    tx.wake(timeouts::TOPIC.to_owned());
    let happened = Happened { action: "type_changed", event: "item.type_changed", prev_state: Some(before), change };
    write_change(tx, ctx, &mut row, happened).await?;
    Ok(Vec::new())
}
