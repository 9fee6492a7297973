//! Item types over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use taskey_proto::item_types::{CheckItemType, CheckedItemType, ItemType, ItemTypeSpec, ItemTypeVersion, MoveItems, MovedItems};
use taskey_proto::page::Page;
use utoipa_axum::routes;

use super::{moving, ops};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::etag::{etag, if_match_required};
use crate::platform::http::idempotency::Answer;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

/// The JSON Schema of the file that describes an item type, for editors.
const SCHEMA: &str = include_str!("../../../../../../api/item-type.schema.json");

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadItemTypes, routes!(list_item_types))
        .route(Verb::WriteItemTypes, routes!(create_item_type))
        .route(Verb::WriteItemTypes, routes!(check_item_type))
        .route(Verb::ReadItemTypes, routes!(show_item_type))
        .route(Verb::WriteItemTypes, routes!(replace_item_type))
        .route(Verb::WriteItemTypes, routes!(remove_item_type))
        .route(Verb::ReadItemTypes, routes!(list_item_type_versions))
        .route(Verb::ReadItemTypes, routes!(show_item_type_version))
        .route(Verb::WriteItemTypes, routes!(move_items))
        .public(routes!(item_type_schema))
}

/// The item types that you may see.
#[utoipa::path(get, path = "/api/v1/item-types", tag = "item types", params(Paging),
    responses((status = 200, description = "Item types by name", body = Page<ItemType>)))]
async fn list_item_types(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<ItemType>> {
    let types = ops::list_item_types(&app, &permit, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(types, |item_type| item_type.name.clone()))
}

/// Makes an item type, version 1.
#[utoipa::path(post, path = "/api/v1/item-types", tag = "item types", request_body = ItemTypeSpec,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    responses((status = 201, description = "The item type", body = ItemType, headers(("Location" = String)))))]
async fn create_item_type(State(app): State<App>, permit: Permit, headers: HeaderMap, body: Body<ItemTypeSpec>) -> ApiResult<Answer> {
    let once = app.in_flight.begin(permit.organization(), &permit.caller(), &headers, body.hash)?;
    ops::create_item_type(&app, &permit, body.content, once).await
}

/// What storing an item type would do, and how an item with certain fields would read. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/item-types/check", tag = "item types", request_body = CheckItemType,
    responses((status = 200, description = "What it would do", body = CheckedItemType)))]
async fn check_item_type(State(app): State<App>, permit: Permit, body: Body<CheckItemType>) -> ApiResult<Json<CheckedItemType>> {
    ops::check_type(&app, &permit, body.content).await.map(Json)
}

/// One item type.
#[utoipa::path(get, path = "/api/v1/item-types/{item_type}", tag = "item types",
    params(("item_type" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The item type", body = ItemType, headers(("ETag" = String)))))]
async fn show_item_type(State(app): State<App>, permit: Permit, Path(item_type): Path<String>) -> ApiResult<Response> {
    Ok(answer(ops::show_item_type(&app, &permit, &item_type).await?))
}

/// Replaces an item type by its next version; the same again changes nothing. Items keep their version until they are moved.
#[utoipa::path(put, path = "/api/v1/item-types/{item_type}", tag = "item types", request_body = ItemTypeSpec,
    params(("item_type" = String, Path, description = "Id or name"), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The item type as it is now", body = ItemType, headers(("ETag" = String)))))]
async fn replace_item_type(
    State(app): State<App>,
    permit: Permit,
    Path(item_type): Path<String>,
    headers: HeaderMap,
    body: Body<ItemTypeSpec>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::replace_item_type(&app, &permit, item_type, body.content, if_match).await?))
}

/// Removes an item type; refused while items of it are open.
#[utoipa::path(delete, path = "/api/v1/item-types/{item_type}", tag = "item types",
    params(("item_type" = String, Path, description = "Id or name")), responses((status = 204, description = "Removed")))]
async fn remove_item_type(State(app): State<App>, permit: Permit, Path(item_type): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_item_type(&app, &permit, item_type).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The versions of an item type, newest first.
#[utoipa::path(get, path = "/api/v1/item-types/{item_type}/versions", tag = "item types",
    params(("item_type" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Its versions", body = Page<ItemTypeVersion>)))]
async fn list_item_type_versions(
    State(app): State<App>,
    permit: Permit,
    Path(item_type): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<ItemTypeVersion>> {
    let versions = ops::list_versions(&app, &permit, &item_type, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(versions, |version| version.version))
}

/// One version of an item type, as it was written.
#[utoipa::path(get, path = "/api/v1/item-types/{item_type}/versions/{version}", tag = "item types",
    params(("item_type" = String, Path, description = "Id or name"), ("version" = u32, Path)),
    responses((status = 200, description = "The version", body = ItemTypeVersion)))]
async fn show_item_type_version(
    State(app): State<App>,
    permit: Permit,
    Path((item_type, version)): Path<(String, u32)>,
) -> ApiResult<Json<ItemTypeVersion>> {
    ops::show_version(&app, &permit, &item_type, version).await.map(Json)
}

/// Moves the open items of earlier versions to the newest one. Those that do not fit it are told and stay.
#[utoipa::path(post, path = "/api/v1/item-types/{item_type}/move-items", tag = "item types", request_body = MoveItems,
    params(("item_type" = String, Path, description = "Id or name")),
    responses((status = 200, description = "What became of them", body = MovedItems)))]
async fn move_items(
    State(app): State<App>,
    permit: Permit,
    Path(item_type): Path<String>,
    body: Body<MoveItems>,
) -> ApiResult<Json<MovedItems>> {
    moving::move_items(&app, &permit, &item_type, body.content).await.map(Json)
}

/// The JSON Schema of the file that describes an item type.
#[utoipa::path(get, path = "/schemas/item-type.json", tag = "item types",
    responses((status = 200, description = "JSON Schema 2020-12", body = Object, content_type = "application/schema+json")))]
async fn item_type_schema() -> Response {
    ([(header::CONTENT_TYPE, "application/schema+json")], SCHEMA).into_response()
}

fn answer(item_type: ItemType) -> Response {
    ([(header::ETAG, etag(u64::from(item_type.version)))], Json(item_type)).into_response()
}
