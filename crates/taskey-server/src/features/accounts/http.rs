//! Coming in and going, and API keys, over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use taskey_proto::accounts::{ApiKey, CreateKey, CreatedKey, Instance, Setup, SignIn, SignedIn};
use taskey_proto::id::KeyId;
use taskey_proto::page::Page;
use utoipa_axum::routes;

use super::gate::{SESSION_COOKIE, principal_of};
use super::model::{Permit, Verb};
use super::ops::Entry;
use super::{Api, groups, me, ops, organizations, store, users};
use crate::app::App;
use crate::platform::http::Body;
use crate::platform::http::guard::RequestContext;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .public(routes!(show_instance))
        .public(routes!(set_up))
        .public(routes!(sign_in))
        .route(Verb::BeOneself, routes!(sign_out))
        .route(Verb::ReadKeys, routes!(list_keys))
        .route(Verb::WriteKeys, routes!(create_key))
        .route(Verb::WriteKeys, routes!(remove_key))
        .merge(me::api())
        .merge(organizations::api())
        .merge(users::api())
        .merge(groups::api())
}

/// What anyone may know of this server.
#[utoipa::path(get, path = "/api/v1/instance", tag = "accounts", responses((status = 200, description = "The server", body = Instance)))]
async fn show_instance(State(app): State<App>) -> ApiResult<Json<Instance>> {
    let needs_setup = !store::has_users(&mut &app.db).await?;
    Ok(Json(Instance { version: env!("CARGO_PKG_VERSION").to_owned(), needs_setup, public_url: app.public_url.clone() }))
}

/// Makes the first organization and its super user, with the code that the server printed.
#[utoipa::path(post, path = "/api/v1/setup", tag = "accounts", request_body = Setup,
    responses((status = 201, description = "Set up and signed in", body = SignedIn)))]
async fn set_up(State(app): State<App>, context: RequestContext, body: Body<Setup>) -> ApiResult<Response> {
    let entry = ops::set_up(&app, &context, body.content).await?;
    answer_entry(&app, entry).await
}

/// Signs in: with a cookie, or with a new API key where one is asked for.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "accounts", request_body = SignIn,
    responses((status = 201, description = "Signed in", body = SignedIn)))]
async fn sign_in(State(app): State<App>, context: RequestContext, body: Body<SignIn>) -> ApiResult<Response> {
    let entry = ops::sign_in(&app, &context, body.content).await?;
    answer_entry(&app, entry).await
}

/// Ends the session that asks; asked with a key, removes that key.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "accounts", responses((status = 204, description = "Signed out")))]
async fn sign_out(State(app): State<App>, permit: Permit) -> ApiResult<Response> {
    ops::sign_out(&app, &permit).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app, "", 0))]).into_response())
}

/// One's own API keys; for super users those of the whole organization.
#[utoipa::path(get, path = "/api/v1/keys", tag = "accounts", params(Paging),
    responses((status = 200, description = "Keys, oldest first", body = Page<ApiKey>)))]
async fn list_keys(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<ApiKey>> {
    let own = (!permit.is_super()).then_some(permit.principal().user);
    let keys = store::keys_of_organization(&app.db, permit.organization(), own, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(keys, |key| key.id))
}

/// Makes a key for oneself. It is shown this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "accounts", request_body = CreateKey,
    responses((status = 201, description = "The key", body = CreatedKey)))]
async fn create_key(State(app): State<App>, permit: Permit, body: Body<CreateKey>) -> ApiResult<(StatusCode, Json<CreatedKey>)> {
    Ok((StatusCode::CREATED, Json(ops::create_key(&app, &permit, body.content).await?)))
}

/// Removes a key; whatever is still open with it ends.
#[utoipa::path(delete, path = "/api/v1/keys/{key}", tag = "accounts", params(("key" = KeyId, Path)),
    responses((status = 204, description = "Removed")))]
async fn remove_key(State(app): State<App>, permit: Permit, Path(key): Path<KeyId>) -> ApiResult<StatusCode> {
    ops::remove_key(&app, &permit, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn answer_entry(app: &App, entry: Entry) -> ApiResult<Response> {
    let me = me::me(app, &principal_of(app, &entry).await?).await?;
    Ok(match entry {
        Entry::Key(key) => (StatusCode::CREATED, Json(SignedIn { me, key: Some(key.created) })).into_response(),
        Entry::Session { token, expires_at, .. } => {
            let seconds = expires_at.since_ms(app.now()) / 1_000;
            let answer = Json(SignedIn { me, key: None });
            (StatusCode::CREATED, [(header::SET_COOKIE, cookie(app, &token, seconds))], answer).into_response()
        }
    })
}

fn cookie(app: &App, token: &str, seconds: i64) -> HeaderValue {
    let secure = if app.public_url.starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    // A token is base64url: every character may stand in a header.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}
