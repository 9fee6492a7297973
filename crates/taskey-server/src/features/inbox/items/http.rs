//! Items over HTTP.

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use taskey_proto::id::{ItemId, ItemViewId};
use taskey_proto::items::{
    AddComment, AssignItem, BulkLine, CancelItem, CreateItem, Item, ItemCounts, ItemView, LogEntry, MergeItem, MoveItem, ResolveItem,
    SaveView, SnoozeItem, UpdateItem, WAITED_MAX, WaitForItems,
};
use taskey_proto::page::Page;
use taskey_proto::problem::Code;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::filter::{self, Filter};
use super::{bulk, create, listing, ops, store, view, views, wait};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::features::inbox::types;
use crate::platform::http::body::BODY_LEN_MAX;
use crate::platform::http::etag::{etag, if_match_required};
use crate::platform::http::idempotency::Answer;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;
use crate::platform::http::{ApiError, Body, sse};

/// Items that became one with another and are shown beside it.
const DUPLICATES_SHOWN: usize = 20;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadItems, routes!(list_items))
        .route(Verb::CreateItems, routes!(create_item))
        .route(Verb::CreateItems, routes!(create_items))
        .route(Verb::ReadItems, routes!(count_items))
        .route(Verb::ReadItems, routes!(wait_for_items))
        .route(Verb::ReadItems, routes!(show_item))
        .route(Verb::UpdateItems, routes!(update_item))
        .route(Verb::DecideItems, routes!(resolve_item))
        .route(Verb::UpdateItems, routes!(cancel_item))
        .route(Verb::DecideItems, routes!(move_item))
        .route(Verb::CommentItems, routes!(comment_item))
        .route(Verb::DecideItems, routes!(assign_item))
        .route(Verb::DecideItems, routes!(snooze_item))
        .route(Verb::DecideItems, routes!(merge_item))
        .route(Verb::ReadItems, routes!(list_item_log))
        .route(Verb::ReadItems, routes!(stream_item_log))
        .route(Verb::ReadItems, routes!(wait_for_item))
        .route(Verb::ReadItems, routes!(look_at_item))
        .route(Verb::ReadItems, routes!(list_item_views))
        .route(Verb::ReadItems, routes!(save_item_view))
        .route(Verb::ReadItems, routes!(remove_item_view))
}

/// The items that you may see, without what is only told of one.
#[utoipa::path(get, path = "/api/v1/items", tag = "items", params(Filter),
    responses((status = 200, description = "Items", body = Page<Item>)))]
async fn list_items(State(app): State<App>, permit: Permit, Query(filter): Query<Filter>) -> ApiResult<PageAnswer<Item>> {
    filter::list_items(&app, &permit, filter).await
}

/// Posts an item. A known external id answers with the first item and 200.
#[utoipa::path(post, path = "/api/v1/items", tag = "items", request_body = CreateItem,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    responses((status = 201, description = "The item", body = Item, headers(("Location" = String))),
        (status = 200, description = "The item that was posted before under this external id", body = Item, headers(("Location" = String)))))]
async fn create_item(State(app): State<App>, permit: Permit, headers: HeaderMap, body: Body<CreateItem>) -> ApiResult<Answer> {
    let once = app.in_flight.begin(permit.organization(), &permit.caller(), &headers, body.hash)?;
    create::create_item(&app, &permit, body.content, once).await
}

/// Posts many items, a JSON object a line; tells of each line what became of it. External ids make it safe to send again.
#[utoipa::path(post, path = "/api/v1/items/bulk", tag = "items",
    request_body(content = String, content_type = "application/x-ndjson", description = "One `CreateItem` a line, at most 1000"),
    responses((status = 200, description = "One line for each, in order", body = BulkLine, content_type = "application/x-ndjson")))]
async fn create_items(State(app): State<App>, permit: Permit, request: Request) -> ApiResult<Response> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.split(';').next().unwrap_or_default().trim() != "application/x-ndjson" {
        return Err(ApiError::new(Code::UnsupportedMediaType, "Send the body as application/x-ndjson, a JSON object a line."));
    }
    let too_large = |_| ApiError::new(Code::BodyTooLarge, format!("A body has at most {BODY_LEN_MAX} bytes."));
    let bytes = Limited::new(request.into_body(), BODY_LEN_MAX).collect().await.map_err(too_large)?.to_bytes();
    let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::new(Code::MalformedBody, "The body is not UTF-8."))?;
    let lines = bulk::create_items(&app, &permit, text).await?;
    let mut answer = String::new();
    for line in lines {
        answer.push_str(&serde_json::to_string(&line).map_err(ApiError::internal)?);
        answer.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], answer).into_response())
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfType {
    /// Id or name of an item type.
    #[serde(rename = "type")]
    item_type: Option<String>,
}

/// How many items are open, of those that you may see.
#[utoipa::path(get, path = "/api/v1/items/counts", tag = "items", params(OfType),
    responses((status = 200, description = "Counts", body = ItemCounts)))]
async fn count_items(State(app): State<App>, permit: Permit, Query(of): Query<OfType>) -> ApiResult<Json<ItemCounts>> {
    let kind = match &of.item_type {
        Some(word) => Some(types::visible_kind(&app, &permit, word).await?.id),
        None => None,
    };
    Ok(Json(listing::counts(&app.db, permit.item_sight(), permit.principal().user, kind, app.now()).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// Seconds to wait, at most 55.
    #[param(minimum = 0, maximum = 55)]
    wait: Option<u64>,
    /// Answer as soon as the item's log is longer than this `seq`, and not only when it is over.
    after: Option<u64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WaitOnly {
    /// Seconds to wait, at most 55.
    #[param(minimum = 0, maximum = 55)]
    wait: Option<u64>,
}

/// Answers with the first of several items that is over; with 204 when the time is up.
#[utoipa::path(post, path = "/api/v1/items/wait", tag = "items", request_body = WaitForItems, params(WaitOnly),
    responses((status = 200, description = "An item that is over", body = Item), (status = 204, description = "None is over yet")))]
async fn wait_for_items(
    State(app): State<App>,
    permit: Permit,
    Query(query): Query<WaitOnly>,
    body: Body<WaitForItems>,
) -> ApiResult<Response> {
    let ids = body.content.items;
    if ids.is_empty() || ids.len() > WAITED_MAX {
        return Err(ApiError::invalid_field("/items", format!("1 to {WAITED_MAX} items")));
    }
    Ok(waited(wait::wait_for_any(&app, &permit, &ids, query.wait).await?))
}

/// One item, with what a person needs to decide.
#[utoipa::path(get, path = "/api/v1/items/{item}", tag = "items", params(("item" = ItemId, Path)),
    responses((status = 200, description = "The item", body = Item, headers(("ETag" = String)))))]
async fn show_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>) -> ApiResult<Response> {
    let row = ops::find(&app, &permit, item).await?;
    let kind = types::kind_of(&app, row.item_type, row.type_version).await?;
    let newest = types::newest_version(&app.db, permit.organization(), &row.item_type.to_string()).await?;
    let beside = view::Beside {
        newest_version: newest.map_or(row.type_version, |(_, version)| version),
        viewers: store::viewers(&app.db, row.id, permit.principal().user, app.now()).await?,
        duplicates: store::duplicates(&app.db, permit.item_sight(), row.id, DUPLICATES_SHOWN).await?,
    };
    let mut item = view::shown(&row, view::role(&permit, &row));
    item.sheet = Some(view::sheet(&permit, &row, &kind, beside));
    Ok(answer(item))
}

/// Changes fields: all of them for who posted it and for admins, those marked `__editable` for who may decide.
#[utoipa::path(patch, path = "/api/v1/items/{item}", tag = "items", request_body = UpdateItem,
    params(("item" = ItemId, Path), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The item as it is now", body = Item, headers(("ETag" = String)))))]
async fn update_item(
    State(app): State<App>,
    permit: Permit,
    Path(item): Path<ItemId>,
    headers: HeaderMap,
    body: Body<UpdateItem>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::update_item(&app, &permit, item, body.content, if_match).await?))
}

/// Resolves an item. Of two who decide at once one wins; the other gets 409 with who that was.
#[utoipa::path(post, path = "/api/v1/items/{item}/resolve", tag = "items", request_body = ResolveItem,
    params(("item" = ItemId, Path), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The item as it is now", body = Item, headers(("ETag" = String)))))]
async fn resolve_item(
    State(app): State<App>,
    permit: Permit,
    Path(item): Path<ItemId>,
    headers: HeaderMap,
    body: Body<ResolveItem>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::resolve_item(&app, &permit, item, body.content, if_match).await?))
}

/// Takes an item back: for who posted it, and for admins.
#[utoipa::path(post, path = "/api/v1/items/{item}/cancel", tag = "items", request_body = CancelItem, params(("item" = ItemId, Path)),
    responses((status = 200, description = "The item as it is now", body = Item, headers(("ETag" = String)))))]
async fn cancel_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>, body: Body<CancelItem>) -> ApiResult<Response> {
    Ok(answer(ops::cancel_item(&app, &permit, item, body.content).await?))
}

/// Moves an open item to another of its type's states.
#[utoipa::path(post, path = "/api/v1/items/{item}/move", tag = "items", request_body = MoveItem,
    params(("item" = ItemId, Path), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The item as it is now", body = Item, headers(("ETag" = String)))))]
async fn move_item(
    State(app): State<App>,
    permit: Permit,
    Path(item): Path<ItemId>,
    headers: HeaderMap,
    body: Body<MoveItem>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::move_item(&app, &permit, item, body.content, if_match).await?))
}

/// Says something about an item.
#[utoipa::path(post, path = "/api/v1/items/{item}/comments", tag = "items", request_body = AddComment, params(("item" = ItemId, Path)),
    responses((status = 201, description = "The comment, as it stands in the item's log", body = LogEntry)))]
async fn comment_item(
    State(app): State<App>,
    permit: Permit,
    Path(item): Path<ItemId>,
    body: Body<AddComment>,
) -> ApiResult<(StatusCode, Json<LogEntry>)> {
    let entry = ops::comment_item(&app, &permit, item, body.content).await?;
    Ok((StatusCode::CREATED, Json(entry)))
}

/// Gives an item to somebody, or to nobody. With `instead_of` it is a claim: 409 where it is somebody else's by now.
#[utoipa::path(put, path = "/api/v1/items/{item}/assignee", tag = "items", request_body = AssignItem, params(("item" = ItemId, Path)),
    responses((status = 200, description = "The item as it is now", body = Item, headers(("ETag" = String)))))]
async fn assign_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>, body: Body<AssignItem>) -> ApiResult<Response> {
    Ok(answer(ops::assign_item(&app, &permit, item, body.content).await?))
}

/// Puts an item out of the way until a moment, or until something happens to it.
#[utoipa::path(put, path = "/api/v1/items/{item}/snooze", tag = "items", request_body = SnoozeItem, params(("item" = ItemId, Path)),
    responses((status = 200, description = "The item as it is now", body = Item, headers(("ETag" = String)))))]
async fn snooze_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>, body: Body<SnoozeItem>) -> ApiResult<Response> {
    Ok(answer(ops::snooze_item(&app, &permit, item, body.content).await?))
}

/// Ends an item as the same as another one, which stays.
#[utoipa::path(post, path = "/api/v1/items/{item}/merge", tag = "items", request_body = MergeItem, params(("item" = ItemId, Path)),
    responses((status = 200, description = "The item that ended", body = Item, headers(("ETag" = String)))))]
async fn merge_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>, body: Body<MergeItem>) -> ApiResult<Response> {
    Ok(answer(ops::merge_item(&app, &permit, item, body.content.into).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// The `seq` of the last entry that was read.
    after: Option<u64>,
}

/// Everything that happened to an item, in its order.
#[utoipa::path(get, path = "/api/v1/items/{item}/log", tag = "items", params(("item" = ItemId, Path), After, Paging),
    responses((status = 200, description = "Entries by `seq`", body = Page<LogEntry>)))]
async fn list_item_log(
    State(app): State<App>,
    permit: Permit,
    Path(item): Path<ItemId>,
    Query(query): Query<After>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<LogEntry>> {
    ops::find(&app, &permit, item).await?;
    let after = paging.after()?.or(query.after).unwrap_or(0);
    let entries = store::log(&mut &app.db, item, after, paging.limit() + 1).await?;
    Ok(paging.page(entries.into_iter().map(|entry| entry.shown).collect(), |entry| entry.seq))
}

/// An item's log, live; the id of an event is its `seq`.
#[utoipa::path(get, path = "/api/v1/items/{item}/events", tag = "items",
    params(("item" = ItemId, Path), After, ("Last-Event-ID" = Option<String>, Header, description = "The `seq` of the last entry seen")),
    responses((status = 200, description = "Server-sent events", body = LogEntry, content_type = "text/event-stream")))]
async fn stream_item_log(
    State(app): State<App>,
    permit: Permit,
    Path(item): Path<ItemId>,
    Query(query): Query<After>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    ops::find(&app, &permit, item).await?;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let after = seen.or(query.after).unwrap_or(0);
    Ok(sse::stream(|frames| wait::write_log(app, permit, item, after, frames)))
}

/// Answers with an item as soon as it is over, or as soon as something happened to it; with 204 when the time is up.
#[utoipa::path(get, path = "/api/v1/items/{item}/wait", tag = "items", params(("item" = ItemId, Path), Wait),
    responses((status = 200, description = "The item", body = Item, headers(("ETag" = String))), (status = 204, description = "Nothing yet")))]
async fn wait_for_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>, Query(query): Query<Wait>) -> ApiResult<Response> {
    Ok(waited(wait::wait_for_item(&app, &permit, item, query.after, query.wait).await?))
}

/// Says that you are looking at an item; good for 45 seconds.
#[utoipa::path(put, path = "/api/v1/items/{item}/viewers/me", tag = "items", params(("item" = ItemId, Path)),
    responses((status = 204, description = "Noted")))]
async fn look_at_item(State(app): State<App>, permit: Permit, Path(item): Path<ItemId>) -> ApiResult<StatusCode> {
    ops::look_at_item(&app, &permit, item).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Saved lists: your own, and those that others share.
#[utoipa::path(get, path = "/api/v1/item-views", tag = "items", responses((status = 200, description = "Views by name", body = Page<ItemView>)))]
async fn list_item_views(State(app): State<App>, permit: Permit) -> ApiResult<Json<Page<ItemView>>> {
    Ok(Json(Page { items: views::list_views(&app, &permit).await?, next: None }))
}

/// Saves a list under a name; your own of that name is replaced.
#[utoipa::path(post, path = "/api/v1/item-views", tag = "items", request_body = SaveView,
    responses((status = 201, description = "The view", body = ItemView)))]
async fn save_item_view(State(app): State<App>, permit: Permit, body: Body<SaveView>) -> ApiResult<(StatusCode, Json<ItemView>)> {
    Ok((StatusCode::CREATED, Json(views::save_view(&app, &permit, body.content).await?)))
}

/// Removes a saved list of yours.
#[utoipa::path(delete, path = "/api/v1/item-views/{view}", tag = "items", params(("view" = ItemViewId, Path)),
    responses((status = 204, description = "Removed")))]
async fn remove_item_view(State(app): State<App>, permit: Permit, Path(view): Path<ItemViewId>) -> ApiResult<StatusCode> {
    views::remove_view(&app, &permit, view).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(item: Item) -> Response {
    ([(header::ETAG, etag(u64::from(item.version)))], Json(item)).into_response()
}

fn waited(item: Option<Item>) -> Response {
    item.map_or_else(|| StatusCode::NO_CONTENT.into_response(), answer)
}
