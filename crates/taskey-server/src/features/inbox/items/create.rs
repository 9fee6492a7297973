//! Posting an item.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use taskey_proto::id::ItemId;
use taskey_proto::items::{CreateItem, EXTERNAL_ID_LEN_MAX, FIELDS_LEN_MAX, PersonRef};
use taskey_proto::problem::FieldError;

use super::change::{Ctx, Happened, write_change};
use super::store::{self, ItemRow};
use super::{index, model, ops, view};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::features::accounts::{Permit, Scope};
use crate::features::inbox::kind::{Kind, object};
use crate::features::inbox::{timeouts, types};
use crate::platform::db::Tx;
use crate::platform::http::ApiError;
use crate::platform::http::idempotency::{Answer, Once};
use crate::platform::http::problem::{ApiResult, check};

/// Items that one new item takes the place of, at once.
const MERGED_MAX: usize = 50;

/// An item as it will be written: everything is checked but what only the database knows.
pub struct NewItem {
    ctx: Ctx,
    permit: Permit,
    kind: Arc<Kind>,
    row: ItemRow,
    once: Option<Arc<Once>>,
}

/// Checks what is to be posted. `type_name`, where the words of the request name it.
pub async fn prepare(app: &App, permit: &Permit, create: CreateItem, once: Option<Arc<Once>>) -> ApiResult<NewItem> {
    let kind = types::named_kind(app, permit.organization(), &create.item_type).await?;
    let unknown = || ApiError::invalid_field("/type", format!("there is no item type `{}`", create.item_type));
    let kind = kind.filter(|kind| types::sees_type(permit, kind.id, &kind.spec)).ok_or_else(unknown)?;
    permit.there(&[Scope::ItemType(kind.id)], &format!("items of the type `{}`", kind.spec.name))?;
    let now = app.now();
    let mut errors = kind.field_errors("/fields", &create.fields);
    if object(&create.fields).to_string().len() > FIELDS_LEN_MAX {
        errors.push(FieldError::new("/fields", format!("at most {FIELDS_LEN_MAX} bytes as JSON")));
    }
    if let Some(id) = &create.external_id
        && (id.is_empty() || id.len() > EXTERNAL_ID_LEN_MAX)
    {
        errors.push(FieldError::new("/external_id", format!("1 to {EXTERNAL_ID_LEN_MAX} bytes")));
    }
    check(errors)?;
    let title = kind.title(&create.fields).map_err(|error| ApiError::invalid(vec![error]))?;
    let assignee = match &create.assignee {
        Some(word) => Some(ops::assignable(app, permit, &kind, word, "/assignee").await?),
        None => None,
    };
    let due_in = kind.spec.due_in.map(|span| now.plus_ms(i64::try_from(span.ms()).unwrap_or(i64::MAX / 2)));
    let due_at = create.due_at.or(due_in);
    let row = new_row(app, permit, &kind, title, create, assignee, due_at);
    let ctx = Ctx::new(Actor::from(permit), now).map_err(ApiError::internal)?;
    Ok(NewItem { ctx, permit: permit.clone(), kind, row, once })
}

fn new_row(
    app: &App,
    permit: &Permit,
    kind: &Kind,
    title: String,
    create: CreateItem,
    assignee: Option<PersonRef>,
    due_at: Option<taskey_proto::Time>,
) -> ItemRow {
    let now = app.now();
    let ends_itself = kind.spec.on_timeout == taskey_proto::item_types::OnTimeout::Deny;
    ItemRow {
        id: ItemId::new(app.uuid()),
        organization: permit.organization(),
        item_type: kind.id,
        type_name: kind.spec.name.clone(),
        type_version: kind.version,
        title,
        indexed: index::all_indexed(&kind.spec, &create.fields),
        merge_hash: index::merge_hash(&kind.spec, &create.fields),
        external_hash: create.external_id.as_deref().map(index::external_hash),
        external_id: create.external_id,
        fields: create.fields,
        state: kind.spec.first_state().to_owned(),
        is_open: true,
        resolution: None,
        reason_code: None,
        reason_detail: None,
        assignee,
        due_at,
        timeout_at: due_at.filter(|_| ends_itself),
        snoozed_until: None,
        merged_into: None,
        comment_count: 0,
        created_at: now,
        created_by: permit.principal().actor_name(),
        poster: Some(permit.principal().user),
        updated_at: now,
        closed_at: None,
        erase_at: None,
        erased_at: None,
        version: 1,
        seq: 0,
        log_hash: String::new(),
    }
}

/// Posts an item; the same again answers with the first one.
pub async fn create_item(app: &App, permit: &Permit, create: CreateItem, once: Option<Arc<Once>>) -> ApiResult<Answer> {
    let new = prepare(app, permit, create, once).await?;
    app.db.write(new, |tx, new| Box::pin(create_in(tx, new))).await
}

async fn create_in(tx: &mut Tx<'_>, new: &NewItem) -> ApiResult<Answer> {
    if let Some(once) = &new.once
        && let Some(answer) = once.recall(tx).await?
    {
        return replayed(tx, new, answer).await;
    }
    let (row, status) = match known(tx, new).await? {
        Some(row) => (row, StatusCode::OK),
        None => (insert(tx, new).await?, StatusCode::CREATED),
    };
    let answer = Answer::new(status, Some(format!("/api/v1/items/{}", row.id)), &view::shown(&row, view::role(&new.permit, &row)))?;
    if let Some(once) = &new.once {
        // Without its body: what an item holds is kept in one place, from which it can be removed.
        once.remember(tx, &Answer { body: String::new(), ..answer.clone() }, new.ctx.now).await?;
    }
    Ok(answer)
}

/// The item that was posted under the same external id.
async fn known(tx: &mut Tx<'_>, new: &NewItem) -> ApiResult<Option<ItemRow>> {
    match &new.row.external_hash {
        Some(hash) => Ok(store::item_with_external(tx, new.row.item_type, hash).await?),
        None => Ok(None),
    }
}

/// The answer to an earlier request with the same key: the item as it was then.
async fn replayed(tx: &mut Tx<'_>, new: &NewItem, answer: Answer) -> ApiResult<Answer> {
    let id = answer.location.as_deref().and_then(|place| place.rsplit('/').next()).and_then(|id| id.parse::<ItemId>().ok());
    let id = id.ok_or_else(|| ApiError::internal("a stored answer leads to no item"))?;
    let first = store::log(tx, id, 0, 1).await?.pop().and_then(|entry| entry.item);
    let mut body = match first {
        Some(item) => item,
        None => {
            let row = store::item(tx, id).await?.ok_or_else(|| ApiError::not_found("item"))?;
            view::snapshot(&row)
        }
    };
    body["role"] = serde_json::to_value(view::role(&new.permit, &new.row)).unwrap_or(Value::Null);
    Ok(Answer { body: body.to_string(), ..answer })
}

async fn insert(tx: &mut Tx<'_>, new: &NewItem) -> ApiResult<ItemRow> {
    let mut row = new.row.clone();
    if let Some(hash) = &row.merge_hash {
        for mut older in store::items_to_merge(tx, row.item_type, hash, MERGED_MAX).await? {
            row.assignee = row.assignee.or(older.assignee.clone());
            let before = older.state.clone();
            let change = model::merge(&mut older, &new.kind, row.id, new.ctx.now);
            let happened = Happened { action: "merged", event: "item.merged", prev_state: Some(before), change };
            write_change(tx, &new.ctx, &mut older, happened).await?;
        }
    }
    let change = json!({"after": {"fields": row.fields, "assignee": row.assignee}});
    write_change(tx, &new.ctx, &mut row, Happened { action: "created", event: "item.created", prev_state: None, change }).await?;
    if row.timeout_at.is_some() {
        tx.wake(timeouts::TOPIC.to_owned());
    }
    Ok(row)
}
