//! Secrets over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use taskey_proto::page::Page;
use taskey_proto::secrets::{Secret, SetSecret};
use utoipa_axum::routes;

use super::ops::{self, no_secret};
use super::store;
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadSecrets, routes!(list_secrets))
        .route(Verb::ReadSecrets, routes!(show_secret))
        .route(Verb::WriteSecrets, routes!(set_secret))
        .route(Verb::WriteSecrets, routes!(remove_secret))
}

/// The organization's secrets, without their values.
#[utoipa::path(get, path = "/api/v1/secrets", tag = "secrets", params(Paging),
    responses((status = 200, description = "Secrets by name", body = Page<Secret>)))]
async fn list_secrets(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Secret>> {
    let secrets = store::secrets_of_organization(&app.db, permit.organization(), paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(secrets, |secret| secret.name.clone()))
}

/// One secret, without its value.
#[utoipa::path(get, path = "/api/v1/secrets/{secret}", tag = "secrets", params(("secret" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The secret", body = Secret)))]
async fn show_secret(State(app): State<App>, permit: Permit, Path(secret): Path<String>) -> ApiResult<Json<Secret>> {
    let found = store::secret_of_organization(&mut &app.db, permit.organization(), &secret).await?;
    Ok(Json(found.ok_or_else(no_secret)?))
}

/// Gives a secret a value; a name that is not there yet makes one.
#[utoipa::path(put, path = "/api/v1/secrets/{secret}", tag = "secrets", request_body = SetSecret,
    params(("secret" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The secret", body = Secret)))]
async fn set_secret(State(app): State<App>, permit: Permit, Path(secret): Path<String>, body: Body<SetSecret>) -> ApiResult<Json<Secret>> {
    Ok(Json(ops::set_secret(&app, &permit, secret, body.content).await?))
}

/// Removes a secret; tasks that name it cannot be run until it is set again.
#[utoipa::path(delete, path = "/api/v1/secrets/{secret}", tag = "secrets", params(("secret" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Removed")))]
async fn remove_secret(State(app): State<App>, permit: Permit, Path(secret): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_secret(&app, &permit, secret).await?;
    Ok(StatusCode::NO_CONTENT)
}
