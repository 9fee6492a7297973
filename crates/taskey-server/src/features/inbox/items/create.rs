//! Posting an item.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{ItemId, OrganizationId};
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

/// Who posts an item.
#[derive(Clone)]
enum Poster {
    /// Somebody who is signed in, or a program with somebody's key.
    User(Permit),
    /// An application that has signed what it posts.
    Signed(Actor),
}

impl Poster {
    fn organization(&self) -> OrganizationId {
        match self {
            Poster::User(permit) => permit.organization(),
            Poster::Signed(actor) => actor.organization,
        }
    }

    fn actor(&self) -> Actor {
        match self {
            Poster::User(permit) => Actor::from(permit),
            Poster::Signed(actor) => actor.clone(),
        }
    }

    /// Refuses a type that the poster may not post items of; one that it may not see is as if it were not there.
    fn check(&self, kind: &Kind) -> ApiResult<bool> {
        let Poster::User(permit) = self else { return Ok(true) };
        if !types::sees_type(permit, kind) {
            return Ok(false);
        }
        permit.there(&[Scope::ItemType(kind.id)], &format!("items of the type `{}`", kind.spec.name))?;
        Ok(true)
    }

    fn role(&self, row: &ItemRow) -> Role {
        match self {
            Poster::User(permit) => view::role(permit, row),
            Poster::Signed(_) => Role::None,
        }
    }

    async fn assignee(&self, app: &App, kind: &Kind, word: Option<&str>) -> ApiResult<Option<PersonRef>> {
        match (self, word) {
            (Poster::User(permit), Some(word)) => ops::assignable(app, permit, kind, word, "/assignee").await.map(Some),
            _ => Ok(None),
        }
    }
}

/// An item as it will be written: everything is checked but what only the database knows.
struct NewItem {
    ctx: Ctx,
    poster: Poster,
    kind: Arc<Kind>,
    row: ItemRow,
    once: Option<Arc<Once>>,
}

/// The type that somebody names, of which they may post items.
async fn kind_to_post(app: &App, poster: &Poster, word: &str) -> ApiResult<Arc<Kind>> {
    let unknown = || ApiError::invalid_field("/type", format!("there is no item type `{word}`"));
    let kind = types::named_kind(app, poster.organization(), word).await?.ok_or_else(unknown)?;
    if poster.check(&kind)? { Ok(kind) } else { Err(unknown()) }
}

/// Checks what is to be posted.
async fn prepare(app: &App, poster: Poster, kind: Arc<Kind>, create: CreateItem, once: Option<Arc<Once>>) -> ApiResult<NewItem> {
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
    let assignee = poster.assignee(app, &kind, create.assignee.as_deref()).await?;
    let due_in = kind.spec.due_in.map(|span| now.plus_ms(i64::try_from(span.ms()).unwrap_or(i64::MAX / 2)));
    let due_at = create.due_at.or(due_in);
    let ctx = Ctx::new(poster.actor(), now).map_err(ApiError::internal)?;
    let row = new_row(ItemId::new(app.uuid()), &ctx, &kind, title, create, assignee, due_at);
    Ok(NewItem { ctx, poster, kind, row, once })
}

fn new_row(
    id: ItemId,
    ctx: &Ctx,
    kind: &Kind,
    title: String,
    create: CreateItem,
    assignee: Option<PersonRef>,
    due_at: Option<Time>,
) -> ItemRow {
    let now = ctx.now;
    let ends_itself = kind.spec.on_timeout == taskey_proto::item_types::OnTimeout::Deny;
    ItemRow {
        id,
        organization: ctx.actor.organization,
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
        created_by: ctx.actor.name.clone(),
        poster: ctx.actor.user,
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
    let poster = Poster::User(permit.clone());
    let kind = kind_to_post(app, &poster, &create.item_type).await?;
    let new = prepare(app, poster, kind, create, once).await?;
    app.db.write(new, |tx, new| Box::pin(create_in(tx, new))).await
}

/// Posts items in their order, those that are right together; how each went.
pub async fn create_items(app: &App, permit: &Permit, creates: Vec<ApiResult<CreateItem>>) -> Vec<ApiResult<(ItemId, StatusCode)>> {
    let mut ready = Vec::with_capacity(creates.len());
    let mut outcomes = Vec::with_capacity(creates.len());
    let poster = Poster::User(permit.clone());
    let mut kinds: HashMap<String, Arc<Kind>> = HashMap::new();
    for create in creates {
        let new = async {
            let create = create?;
            let kind = match kinds.get(&create.item_type) {
                Some(kind) => kind.clone(),
                None => {
                    let kind = kind_to_post(app, &poster, &create.item_type).await?;
                    kinds.entry(create.item_type.clone()).or_insert(kind).clone()
                }
            };
            prepare(app, poster.clone(), kind, create, None).await
        };
        outcomes.push(new.await.map(|new| ready.push(Arc::new(new))));
    }
    let written = app.db.write(ready.clone(), |tx, ready| Box::pin(write_all(tx, ready))).await;
    let mut written = match written {
        Ok(written) => written.into_iter().map(Ok).collect(),
        // One of them could not be written: each by itself.
        Err(error) => {
            tracing::debug!(error = %error.detail, "items were not written together");
            let mut each = Vec::with_capacity(ready.len());
            for new in ready {
                each.push(app.db.write(new, |tx, new| Box::pin(write_one(tx, new))).await);
            }
            each
        }
    }
    .into_iter();
    let missing = || Err(ApiError::internal("an item of a bulk has no outcome"));
    outcomes.into_iter().map(|outcome: ApiResult<()>| outcome.and_then(|()| written.next().unwrap_or_else(missing))).collect()
}

async fn write_all(tx: &mut Tx<'_>, ready: &[Arc<NewItem>]) -> ApiResult<Vec<(ItemId, StatusCode)>> {
    let mut written = Vec::with_capacity(ready.len());
    for new in ready {
        written.push(write_one(tx, new).await?);
    }
    Ok(written)
}

/// Writes an item, unless there is one already that its application calls so.
async fn write_one(tx: &mut Tx<'_>, new: &NewItem) -> ApiResult<(ItemId, StatusCode)> {
    Ok(match known(tx, new).await? {
        Some(row) => (row.id, StatusCode::OK),
        None => (insert(tx, new).await?.id, StatusCode::CREATED),
    })
}

/// Posts an item for an application that has signed it.
pub async fn post_signed(app: &App, actor: Actor, create: CreateItem) -> ApiResult<()> {
    let poster = Poster::Signed(actor);
    let kind = kind_to_post(app, &poster, &create.item_type).await?;
    let new = prepare(app, poster, kind, create, None).await?;
    app.db.write(new, |tx, new| Box::pin(create_in(tx, new))).await.map(drop)
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
    let answer = Answer::new(status, Some(format!("/api/v1/items/{}", row.id)), &view::shown(&row, new.poster.role(&row)))?;
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
    body["role"] = serde_json::to_value(new.poster.role(&new.row)).unwrap_or(Value::Null);
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
