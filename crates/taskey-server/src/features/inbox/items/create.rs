//! Posting an item.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;
use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{ItemId, ItemTypeId};
use taskey_proto::items::{CreateItem, EXTERNAL_ID_LEN_MAX, FIELDS_LEN_MAX, PersonRef};
use taskey_proto::problem::{Code, FieldError};

use super::change::{Ctx, Happened, New, write_change, write_new};
use super::store::{self, ItemRow};
use super::{index, model, ops, search, view};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::features::accounts::{Permit, Scope};
use crate::features::inbox::kind::{Kind, object};
use crate::features::inbox::{timeouts, types};
use crate::platform::db::Tx;
use crate::platform::gather::{Gather, together_or_alone};
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
pub struct NewItem {
    ctx: Ctx,
    poster: Poster,
    kind: Arc<Kind>,
    item: Arc<New>,
    once: Option<Arc<Once>>,
}

impl NewItem {
    /// By what others may have to know of it: hashes.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.item.row.external_hash.iter().chain(&self.item.row.merge_hash).map(String::as_str)
    }
}

/// The type that somebody names, of which they may post items.
async fn kind_to_post(app: &App, poster: &Poster, word: &str) -> ApiResult<Arc<Kind>> {
    let unknown = || ApiError::invalid_field("/type", format!("there is no item type `{word}`"));
    let kind = match poster {
        Poster::User(permit) => types::named_kind(app, permit, word).await?,
        Poster::Signed(actor) => types::kind_now(app, actor.organization, word).await?,
    };
    let kind = kind.ok_or_else(unknown)?;
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
    let item = Arc::new(New::make(&ctx, row)?);
    Ok(NewItem { ctx, poster, kind, item, once })
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
        timeout_at: kind.timeout_at(due_at),
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
    let new = Arc::new(prepare(app, poster, kind, create, once).await?);
    let made = write(app, new.clone()).await?;
    let role = |row: &ItemRow| new.poster.role(row);
    match made {
        Made::New(item) => Answer::new(StatusCode::CREATED, Some(location(item.row.id)), &view::shown(&item.row, role(&item.row))),
        Made::Known(row) => Answer::new(StatusCode::OK, Some(location(row.id)), &view::shown(&row, role(&row))),
        Made::Before(answer) => Ok(answer),
    }
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
    let mut written = write_all(app.clone(), ready).await.into_iter();
    let missing = || Err(ApiError::internal("an item of a bulk has no outcome"));
    let made = outcomes.into_iter().map(|outcome: ApiResult<()>| outcome.and_then(|()| written.next().unwrap_or_else(missing)));
    made.map(|made| match made? {
        Made::New(item) => Ok((item.row.id, StatusCode::CREATED)),
        Made::Known(row) => Ok((row.id, StatusCode::OK)),
        Made::Before(_) => Err(ApiError::internal("an item of a bulk has a key")),
    })
    .collect()
}

/// Posts an item for an application that has signed it.
pub async fn post_signed(app: &App, actor: Actor, create: CreateItem) -> ApiResult<()> {
    let poster = Poster::Signed(actor);
    let kind = kind_to_post(app, &poster, &create.item_type).await?;
    let new = prepare(app, poster, kind, create, None).await?;
    write(app, Arc::new(new)).await.map(drop)
}

fn location(id: ItemId) -> String {
    format!("/api/v1/items/{id}")
}

/// What became of an item that was posted.
pub enum Made {
    New(Arc<New>),
    /// Its application had posted it before.
    Known(Box<ItemRow>),
    /// The same request had been answered so.
    Before(Answer),
}

/// Items that are posted at the same time, to be written together.
pub type Posting = Gather<Arc<NewItem>, ApiResult<Made>>;

/// Writes an item, with those that are posted meanwhile.
async fn write(app: &App, new: Arc<NewItem>) -> ApiResult<Made> {
    let writer = app.clone();
    let made = app.posting.ask(new, move |items| write_all(writer.clone(), items)).await;
    made.unwrap_or_else(|| Err(ApiError::internal("what writes items ended")))
}

/// Writes items together; how each went, in their order.
async fn write_all(app: App, items: Vec<Arc<NewItem>>) -> Vec<ApiResult<Made>> {
    if items.is_empty() {
        return Vec::new();
    }
    let written = together_or_alone(items, |items| app.db.write(items, |tx, items| Box::pin(write_in(tx, items)))).await;
    written.into_iter().map(Result::flatten).collect()
}

/// New items that are written together, before one comes that might have to know of them.
#[derive(Default)]
struct Collected<'i> {
    items: Vec<Arc<New>>,
    /// Of each its place among those that are asked for.
    places: Vec<(usize, &'i NewItem)>,
    names: HashSet<(ItemTypeId, &'i str)>,
}

impl<'i> Collected<'i> {
    /// Whether an item of the same external id, or one that it would be merged with, is not written yet.
    fn concerns(&self, new: &NewItem) -> bool {
        new.names().any(|name| self.names.contains(&(new.item.row.item_type, name)))
    }

    fn add(&mut self, place: usize, new: &'i NewItem, item: Arc<New>) {
        self.names.extend(new.names().map(|name| (new.item.row.item_type, name)));
        self.places.push((place, new));
        self.items.push(item);
    }

    async fn write(&mut self, tx: &mut Tx<'_>, made: &mut [Option<ApiResult<Made>>]) -> ApiResult<()> {
        let Collected { items, places, .. } = std::mem::take(self);
        write_new(tx, &items).await?;
        tx.wake(search::TOPIC.to_owned());
        for (item, (place, new)) in items.into_iter().zip(places) {
            remember(tx, new, StatusCode::CREATED, item.row.id).await?;
            if item.row.timeout_at.is_some() {
                tx.wake(timeouts::TOPIC.to_owned());
            }
            made[place] = Some(Ok(Made::New(item)));
        }
        Ok(())
    }
}

async fn write_in(tx: &mut Tx<'_>, items: &[Arc<NewItem>]) -> ApiResult<Vec<ApiResult<Made>>> {
    let mut made: Vec<Option<ApiResult<Made>>> = items.iter().map(|_| None).collect();
    let mut collected = Collected::default();
    for (place, new) in items.iter().enumerate() {
        if collected.concerns(new) {
            collected.write(tx, &mut made).await?;
        }
        match made_before(tx, new).await {
            Ok(Some(before)) => made[place] = Some(Ok(before)),
            Ok(None) => collected.add(place, new, merged(tx, new).await?),
            // Its own fault; nothing was written for it.
            Err(error) if matches!(error.code, Code::IdempotencyKeyReused | Code::NotFound) => made[place] = Some(Err(error)),
            Err(error) => return Err(error),
        }
    }
    collected.write(tx, &mut made).await?;
    Ok(made.into_iter().flatten().collect())
}

/// What there is already: an answer to the same request, or the item that was posted under the same external id.
async fn made_before(tx: &mut Tx<'_>, new: &NewItem) -> ApiResult<Option<Made>> {
    if let Some(once) = &new.once
        && let Some(answer) = once.recall(tx).await?
    {
        return replayed(tx, new, answer).await.map(|answer| Some(Made::Before(answer)));
    }
    let Some(hash) = &new.item.row.external_hash else { return Ok(None) };
    let Some(row) = store::item_with_external(tx, new.item.row.item_type, hash).await? else { return Ok(None) };
    remember(tx, new, StatusCode::OK, row.id).await?;
    Ok(Some(Made::Known(Box::new(row))))
}

/// Keeps how a request was answered that may come again; without the body: what an item holds is kept in one place, from which it can
/// be removed.
async fn remember(tx: &mut Tx<'_>, new: &NewItem, status: StatusCode, id: ItemId) -> ApiResult<()> {
    let Some(once) = &new.once else { return Ok(()) };
    let answer = Answer { status: status.as_u16(), location: Some(location(id)), body: String::new(), replayed: false };
    Ok(once.remember(tx, &answer, new.ctx.now).await?)
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
    body["role"] = serde_json::to_value(new.poster.role(&new.item.row)).unwrap_or(Value::Null);
    Ok(Answer { body: body.to_string(), ..answer })
}

/// The item as it will be written, after it has taken the place of older ones of its merge key.
async fn merged(tx: &mut Tx<'_>, new: &NewItem) -> ApiResult<Arc<New>> {
    let item = &new.item.row;
    let Some(hash) = &item.merge_hash else { return Ok(new.item.clone()) };
    let mut assignee = item.assignee.clone();
    for mut older in store::items_to_merge(tx, item.item_type, hash, MERGED_MAX).await? {
        assignee = assignee.or(older.assignee.clone());
        let before = older.state.clone();
        let change = model::merge(&mut older, &new.kind, item.id, new.ctx.now);
        let happened = Happened { action: "merged", event: "item.merged", prev_state: Some(before), change };
        write_change(tx, &new.ctx, &mut older, happened).await?;
    }
    if assignee == item.assignee {
        return Ok(new.item.clone());
    }
    // As it was before its first entry.
    let row = ItemRow { assignee, seq: 0, log_hash: String::new(), ..item.clone() };
    Ok(Arc::new(New::make(&new.ctx, row)?))
}
