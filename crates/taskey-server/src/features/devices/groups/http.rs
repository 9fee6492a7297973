//! Device groups over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use taskey_proto::device_groups::{CreateDeviceGroup, DeviceGroup, EditDeviceGroup};
use taskey_proto::devices::Device;
use taskey_proto::page::Page;
use utoipa_axum::routes;

use super::super::ops::shown as shown_device;
use super::super::store::devices_of_organization;
use super::ops::{self, find_device_group, shown};
use super::store::{self, DeviceGroupRow};
use crate::app::App;
use crate::features::accounts::groups::Member;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::etag::{etag, if_match};
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadDeviceGroups, routes!(list_device_groups))
        .route(Verb::WriteDeviceGroups, routes!(create_device_group))
        .route(Verb::ReadDeviceGroups, routes!(show_device_group))
        .route(Verb::WriteDeviceGroups, routes!(edit_device_group))
        .route(Verb::WriteDeviceGroups, routes!(remove_device_group))
        .route(Verb::ReadDeviceGroups, routes!(list_devices_of_group))
        .route(Verb::WriteDeviceGroups, routes!(add_device))
        .route(Verb::WriteDeviceGroups, routes!(take_device_out))
}

/// The device groups that one may see.
#[utoipa::path(get, path = "/api/v1/device-groups", tag = "device groups", params(Paging),
    responses((status = 200, description = "Device groups by name", body = Page<DeviceGroup>)))]
async fn list_device_groups(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<DeviceGroup>> {
    let rows = store::device_groups_of_organization(&app.db, permit.sight(), paging.after()?, paging.limit() + 1).await?;
    let groups = rows.into_iter().map(|row| shown(row.group, &permit)).collect();
    Ok(paging.page(groups, |group: &DeviceGroup| group.name.clone()))
}

/// Makes a device group.
#[utoipa::path(post, path = "/api/v1/device-groups", tag = "device groups", request_body = CreateDeviceGroup,
    responses((status = 201, description = "The device group", body = DeviceGroup, headers(("ETag" = String)))))]
async fn create_device_group(State(app): State<App>, permit: Permit, body: Body<CreateDeviceGroup>) -> ApiResult<(StatusCode, Response)> {
    Ok((StatusCode::CREATED, answer(ops::create_device_group(&app, &permit, body.content).await?, &permit)))
}

/// One device group.
#[utoipa::path(get, path = "/api/v1/device-groups/{device_group}", tag = "device groups",
    params(("device_group" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The device group", body = DeviceGroup, headers(("ETag" = String)))))]
async fn show_device_group(State(app): State<App>, permit: Permit, Path(group): Path<String>) -> ApiResult<Response> {
    Ok(answer(find_device_group(&mut &app.db, &permit, &group).await?, &permit))
}

/// Renames a device group or describes it otherwise.
#[utoipa::path(patch, path = "/api/v1/device-groups/{device_group}", tag = "device groups", request_body = EditDeviceGroup,
    params(("device_group" = String, Path, description = "Id or name"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The device group as it is now", body = DeviceGroup, headers(("ETag" = String)))))]
async fn edit_device_group(
    State(app): State<App>,
    permit: Permit,
    Path(group): Path<String>,
    headers: HeaderMap,
    body: Body<EditDeviceGroup>,
) -> ApiResult<Response> {
    Ok(answer(ops::edit_device_group(&app, &permit, group, body.content, if_match(&headers)?).await?, &permit))
}

/// Removes a device group, and what groups of users may do in it. Its devices stay.
#[utoipa::path(delete, path = "/api/v1/device-groups/{device_group}", tag = "device groups",
    params(("device_group" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Removed")))]
async fn remove_device_group(State(app): State<App>, permit: Permit, Path(group): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_device_group(&app, &permit, group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The devices in a group.
#[utoipa::path(get, path = "/api/v1/device-groups/{device_group}/devices", tag = "device groups",
    params(("device_group" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Devices by name", body = Page<Device>)))]
async fn list_devices_of_group(
    State(app): State<App>,
    permit: Permit,
    Path(group): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<Device>> {
    let group = find_device_group(&mut &app.db, &permit, &group).await?.group.id;
    let rows = devices_of_organization(&app.db, permit.sight(), Some(group), paging.after()?, paging.limit() + 1).await?;
    let devices = rows.into_iter().map(|row| shown_device(row, &permit)).collect();
    Ok(paging.page(devices, |device: &Device| device.name.clone()))
}

/// Puts a device into a group; one that is in it already stays.
#[utoipa::path(put, path = "/api/v1/device-groups/{device_group}/devices/{device}", tag = "device groups",
    params(("device_group" = String, Path, description = "Id or name"), ("device" = String, Path, description = "Id or name")),
    responses((status = 204, description = "The device is in the group")))]
async fn add_device(State(app): State<App>, permit: Permit, Path((group, device)): Path<(String, String)>) -> ApiResult<StatusCode> {
    ops::set_member(&app, &permit, group, device, Member::In).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a device out of a group.
#[utoipa::path(delete, path = "/api/v1/device-groups/{device_group}/devices/{device}", tag = "device groups",
    params(("device_group" = String, Path, description = "Id or name"), ("device" = String, Path, description = "Id or name")),
    responses((status = 204, description = "The device is not in the group any more")))]
async fn take_device_out(State(app): State<App>, permit: Permit, Path((group, device)): Path<(String, String)>) -> ApiResult<StatusCode> {
    ops::set_member(&app, &permit, group, device, Member::Out).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(row: DeviceGroupRow, permit: &Permit) -> Response {
    ([(header::ETAG, etag(row.revision))], Json(shown(row.group, permit))).into_response()
}
