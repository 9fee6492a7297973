//! Organizations over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use taskey_proto::access::{NamedDevice, UserRef};
use taskey_proto::organizations::{CreateOrganization, CreatedOrganization, EditOrganization, Organization};
use taskey_proto::page::Page;
use utoipa_axum::routes;

use super::{ops, store};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ManageOrganizations, routes!(list_organizations))
        .route(Verb::ManageOrganizations, routes!(create_organization))
        .route(Verb::ReadOrganizations, routes!(show_organization))
        .route(Verb::ReadOrganizations, routes!(list_organization_members))
        .route(Verb::ReadOrganizations, routes!(list_organization_devices))
        .route(Verb::WriteOrganizations, routes!(edit_organization))
        .route(Verb::ManageOrganizations, routes!(delete_organization))
}

/// Every organization of this server, for its operators.
#[utoipa::path(get, path = "/api/v1/organizations", tag = "organizations", params(Paging),
    responses((status = 200, description = "Organizations by name", body = Page<Organization>)))]
async fn list_organizations(State(app): State<App>, _permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Organization>> {
    let organizations = store::organizations_of_instance(&app.db, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(organizations, |organization| organization.name.clone()))
}

/// Makes an organization with its first super user. Without a password the answer has a link by which that user sets one.
#[utoipa::path(post, path = "/api/v1/organizations", tag = "organizations", request_body = CreateOrganization,
    responses((status = 201, description = "The organization", body = CreatedOrganization)))]
async fn create_organization(
    State(app): State<App>,
    permit: Permit,
    body: Body<CreateOrganization>,
) -> ApiResult<(StatusCode, Json<CreatedOrganization>)> {
    Ok((StatusCode::CREATED, Json(ops::create_organization(&app, &permit, body.content).await?)))
}

/// One organization: the own, or for operators any.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}", tag = "organizations",
    params(("organization" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The organization", body = Organization)))]
async fn show_organization(State(app): State<App>, permit: Permit, Path(organization): Path<String>) -> ApiResult<Json<Organization>> {
    Ok(Json(ops::show_organization(&app, &permit, &organization).await?))
}

/// Who is in an organization.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/members", tag = "organizations",
    params(("organization" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Users, oldest first", body = Page<UserRef>)))]
async fn list_organization_members(
    State(app): State<App>,
    permit: Permit,
    Path(organization): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<UserRef>> {
    let id = ops::show_organization(&app, &permit, &organization).await?.id;
    let members = store::members(&app.db, id, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(members, |member| member.id))
}

/// Which devices an organization has.
#[utoipa::path(get, path = "/api/v1/organizations/{organization}/devices", tag = "organizations",
    params(("organization" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Devices, oldest first", body = Page<NamedDevice>)))]
async fn list_organization_devices(
    State(app): State<App>,
    permit: Permit,
    Path(organization): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<NamedDevice>> {
    let id = ops::show_organization(&app, &permit, &organization).await?.id;
    let devices = store::devices(&app.db, id, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(devices, |device| device.id))
}

/// Renames an organization; for operators also disables or enables one, which takes a deletion back.
#[utoipa::path(patch, path = "/api/v1/organizations/{organization}", tag = "organizations", request_body = EditOrganization,
    params(("organization" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The organization as it is now", body = Organization)))]
async fn edit_organization(
    State(app): State<App>,
    permit: Permit,
    Path(organization): Path<String>,
    body: Body<EditOrganization>,
) -> ApiResult<Json<Organization>> {
    Ok(Json(ops::edit_organization(&app, &permit, &organization, body.content).await?))
}

/// Disables an organization at once, and removes everything of it after 30 days. Until then it can be enabled again.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization}", tag = "organizations",
    params(("organization" = String, Path, description = "Id or name")),
    responses((status = 202, description = "The organization, with when it is removed", body = Organization)))]
async fn delete_organization(
    State(app): State<App>,
    permit: Permit,
    Path(organization): Path<String>,
) -> ApiResult<(StatusCode, Json<Organization>)> {
    Ok((StatusCode::ACCEPTED, Json(ops::delete_organization(&app, &permit, &organization).await?)))
}
