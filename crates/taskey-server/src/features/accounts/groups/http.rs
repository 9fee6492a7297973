//! Groups over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use taskey_proto::groups::{CreateGroup, EditGroup, Group, SetOverride};
use taskey_proto::page::Page;
use taskey_proto::users::User;
use utoipa_axum::routes;

use super::ops::{self, Member, Place, no_group};
use super::store::{self, GroupRow};
use crate::app::App;
use crate::features::accounts::users::users_of_organization;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::etag::{etag, if_match};
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadGroups, routes!(list_user_groups))
        .route(Verb::WriteGroups, routes!(create_group))
        .route(Verb::ReadGroups, routes!(show_group))
        .route(Verb::WriteGroups, routes!(edit_group))
        .route(Verb::WriteGroups, routes!(remove_group))
        .route(Verb::ReadGroups, routes!(list_members))
        .route(Verb::WriteGroups, routes!(add_member))
        .route(Verb::WriteGroups, routes!(remove_member))
        .route(Verb::WriteGroups, routes!(set_override))
        .route(Verb::WriteGroups, routes!(set_item_type_override))
}

/// The organization's groups of users; at first there is only `super`.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", params(Paging),
    responses((status = 200, description = "Groups by name", body = Page<Group>)))]
async fn list_user_groups(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Group>> {
    let groups = store::groups_of_organization(&app.db, permit.organization(), paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(groups, |group| group.name.clone()))
}

/// Makes a group of users.
#[utoipa::path(post, path = "/api/v1/groups", tag = "groups", request_body = CreateGroup,
    responses((status = 201, description = "The group", body = Group, headers(("ETag" = String)))))]
async fn create_group(State(app): State<App>, permit: Permit, body: Body<CreateGroup>) -> ApiResult<(StatusCode, Response)> {
    Ok((StatusCode::CREATED, answer(ops::create_group(&app, &permit, body.content).await?)))
}

/// One group.
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The group", body = Group, headers(("ETag" = String)))))]
async fn show_group(State(app): State<App>, permit: Permit, Path(group): Path<String>) -> ApiResult<Response> {
    let found = store::group_of_organization(&mut &app.db, permit.organization(), &group).await?;
    Ok(answer(found.ok_or_else(no_group)?))
}

/// Renames a group or gives it another role; what its members may do changes at once.
#[utoipa::path(patch, path = "/api/v1/groups/{group}", tag = "groups", request_body = EditGroup,
    params(("group" = String, Path, description = "Id or name"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The group as it is now", body = Group, headers(("ETag" = String)))))]
async fn edit_group(
    State(app): State<App>,
    permit: Permit,
    Path(group): Path<String>,
    headers: HeaderMap,
    body: Body<EditGroup>,
) -> ApiResult<Response> {
    Ok(answer(ops::edit_group(&app, &permit, group, body.content, if_match(&headers)?).await?))
}

/// Removes a group; its members keep what their other groups give.
#[utoipa::path(delete, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Removed")))]
async fn remove_group(State(app): State<App>, permit: Permit, Path(group): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_group(&app, &permit, group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The users in a group.
#[utoipa::path(get, path = "/api/v1/groups/{group}/members", tag = "groups",
    params(("group" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Users by user name", body = Page<User>)))]
async fn list_members(
    State(app): State<App>,
    permit: Permit,
    Path(group): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<User>> {
    let organization = permit.organization();
    let group = store::group_of_organization(&mut &app.db, organization, &group).await?.ok_or_else(no_group)?.group.id.to_string();
    let users = users_of_organization(&app.db, organization, Some(&group), paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(users, |user| user.username.clone()))
}

/// Puts a user into a group; one who is in it already stays.
#[utoipa::path(put, path = "/api/v1/groups/{group}/members/{user}", tag = "groups",
    params(("group" = String, Path, description = "Id or name"), ("user" = String, Path, description = "Id or user name")),
    responses((status = 204, description = "The user is in the group")))]
async fn add_member(State(app): State<App>, permit: Permit, Path((group, user)): Path<(String, String)>) -> ApiResult<StatusCode> {
    ops::set_member(&app, &permit, group, user, Member::In).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a user out of a group.
#[utoipa::path(delete, path = "/api/v1/groups/{group}/members/{user}", tag = "groups",
    params(("group" = String, Path, description = "Id or name"), ("user" = String, Path, description = "Id or user name")),
    responses((status = 204, description = "The user is not in the group any more")))]
async fn remove_member(State(app): State<App>, permit: Permit, Path((group, user)): Path<(String, String)>) -> ApiResult<StatusCode> {
    ops::set_member(&app, &permit, group, user, Member::Out).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a group another role in a device group; `inherit` takes that back.
#[utoipa::path(put, path = "/api/v1/groups/{group}/overrides/device-groups/{device_group}", tag = "groups", request_body = SetOverride,
    params(("group" = String, Path, description = "Id or name"), ("device_group" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The group as it is now", body = Group, headers(("ETag" = String)))))]
async fn set_override(
    State(app): State<App>,
    permit: Permit,
    Path((group, device_group)): Path<(String, String)>,
    body: Body<SetOverride>,
) -> ApiResult<Response> {
    Ok(answer(ops::set_override(&app, &permit, group, Place::DeviceGroup(device_group), body.content.role).await?))
}

/// Gives a group another role with items of a type; `inherit` takes that back.
#[utoipa::path(put, path = "/api/v1/groups/{group}/overrides/item-types/{item_type}", tag = "groups", request_body = SetOverride,
    params(("group" = String, Path, description = "Id or name"), ("item_type" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The group as it is now", body = Group, headers(("ETag" = String)))))]
async fn set_item_type_override(
    State(app): State<App>,
    permit: Permit,
    Path((group, item_type)): Path<(String, String)>,
    body: Body<SetOverride>,
) -> ApiResult<Response> {
    Ok(answer(ops::set_override(&app, &permit, group, Place::ItemType(item_type), body.content.role).await?))
}

fn answer(row: GroupRow) -> Response {
    ([(header::ETAG, etag(row.revision))], Json(row.group)).into_response()
}
