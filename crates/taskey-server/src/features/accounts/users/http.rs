//! Users over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use taskey_proto::accounts::{Session, SignedIn};
use taskey_proto::id::SessionId;
use taskey_proto::page::Page;
use taskey_proto::users::{AcceptInvitation, CreateUser, CreatedUser, EditUser, Invitation, OpenInvitation, OpenedInvitation, User};
use utoipa_axum::routes;

use super::ops::no_user;
use super::store::{self, UserRow};
use super::{invitations, ops};
use crate::app::App;
use crate::features::accounts::http::answer_entry;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::etag::{etag, if_match};
use crate::platform::http::guard::RequestContext;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadUsers, routes!(list_users))
        .route(Verb::WriteUsers, routes!(create_user))
        .route(Verb::ReadUsers, routes!(show_user))
        .route(Verb::WriteUsers, routes!(edit_user))
        .route(Verb::WriteUsers, routes!(remove_user))
        .route(Verb::WriteUsers, routes!(invite_user))
        .route(Verb::ReadUsers, routes!(list_user_sessions))
        .route(Verb::WriteUsers, routes!(end_user_sessions))
        .route(Verb::WriteUsers, routes!(end_user_session))
        .public(routes!(open_invitation))
        .public(routes!(accept_invitation))
}

/// The organization's users.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(Paging),
    responses((status = 200, description = "Users by user name", body = Page<User>)))]
async fn list_users(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<User>> {
    let users = store::users_of_organization(&app.db, permit.organization(), None, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(users, |user| user.username.clone()))
}

/// Makes a user. Without a password the answer has a link by which the user sets one, shown this once.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUser,
    responses((status = 201, description = "The user", body = CreatedUser)))]
async fn create_user(State(app): State<App>, permit: Permit, body: Body<CreateUser>) -> ApiResult<(StatusCode, Json<CreatedUser>)> {
    Ok((StatusCode::CREATED, Json(ops::create_user(&app, &permit, body.content).await?)))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{user}", tag = "users", params(("user" = String, Path, description = "Id or user name")),
    responses((status = 200, description = "The user", body = User, headers(("ETag" = String)))))]
async fn show_user(State(app): State<App>, permit: Permit, Path(user): Path<String>) -> ApiResult<Response> {
    let found = store::user_of_organization(&mut &app.db, permit.organization(), &user).await?;
    Ok(answer(found.ok_or_else(no_user)?))
}

/// Changes a user: names, groups, whether the user is a super user, or is disabled.
#[utoipa::path(patch, path = "/api/v1/users/{user}", tag = "users", request_body = EditUser,
    params(("user" = String, Path, description = "Id or user name"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The user as it is now", body = User, headers(("ETag" = String)))))]
async fn edit_user(
    State(app): State<App>,
    permit: Permit,
    Path(user): Path<String>,
    headers: HeaderMap,
    body: Body<EditUser>,
) -> ApiResult<Response> {
    Ok(answer(ops::edit_user(&app, &permit, user, body.content, if_match(&headers)?).await?))
}

/// Removes a user with their keys and sessions. What the user did stays, under the name.
#[utoipa::path(delete, path = "/api/v1/users/{user}", tag = "users", params(("user" = String, Path, description = "Id or user name")),
    responses((status = 204, description = "Removed")))]
async fn remove_user(State(app): State<App>, permit: Permit, Path(user): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_user(&app, &permit, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link by which the user sets a password, once; for a first one, or in place of a lost one. It is shown this once, and
/// voids the one before.
#[utoipa::path(post, path = "/api/v1/users/{user}/invitations", tag = "users", params(("user" = String, Path, description = "Id or user name")),
    responses((status = 201, description = "The link", body = Invitation)))]
async fn invite_user(State(app): State<App>, permit: Permit, Path(user): Path<String>) -> ApiResult<(StatusCode, Json<Invitation>)> {
    Ok((StatusCode::CREATED, Json(invitations::invite_user(&app, &permit, user).await?)))
}

/// Where a user is signed in with a browser.
#[utoipa::path(get, path = "/api/v1/users/{user}/sessions", tag = "users",
    params(("user" = String, Path, description = "Id or user name"), Paging),
    responses((status = 200, description = "Sessions, oldest first", body = Page<Session>)))]
async fn list_user_sessions(
    State(app): State<App>,
    permit: Permit,
    Path(user): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<Session>> {
    let sessions = ops::sessions(&app, &permit, &user, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(sessions, |session| session.id))
}

/// Signs a user out of every browser.
#[utoipa::path(delete, path = "/api/v1/users/{user}/sessions", tag = "users", params(("user" = String, Path, description = "Id or user name")),
    responses((status = 204, description = "Ended")))]
async fn end_user_sessions(State(app): State<App>, permit: Permit, Path(user): Path<String>) -> ApiResult<StatusCode> {
    ops::end_sessions(&app, &permit, user, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs a user out of one browser.
#[utoipa::path(delete, path = "/api/v1/users/{user}/sessions/{session}", tag = "users",
    params(("user" = String, Path, description = "Id or user name"), ("session" = SessionId, Path)),
    responses((status = 204, description = "Ended")))]
async fn end_user_session(
    State(app): State<App>,
    permit: Permit,
    Path((user, session)): Path<(String, SessionId)>,
) -> ApiResult<StatusCode> {
    ops::end_sessions(&app, &permit, user, Some(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells whose password a link sets. The link's secret is in the body, so that it is in no log.
#[utoipa::path(post, path = "/api/v1/invitations/open", tag = "users", request_body = OpenInvitation,
    responses((status = 200, description = "Whose it is", body = OpenedInvitation)))]
async fn open_invitation(State(app): State<App>, body: Body<OpenInvitation>) -> ApiResult<Json<OpenedInvitation>> {
    Ok(Json(invitations::open(&app, &body.content.token).await?))
}

/// Sets the password of a link's user, and signs in with a cookie. The link is used up.
#[utoipa::path(post, path = "/api/v1/invitations/accept", tag = "users", request_body = AcceptInvitation,
    responses((status = 201, description = "Signed in", body = SignedIn)))]
async fn accept_invitation(State(app): State<App>, context: RequestContext, body: Body<AcceptInvitation>) -> ApiResult<Response> {
    let entry = invitations::accept(&app, &context, body.content).await?;
    answer_entry(&app, entry).await
}

fn answer(row: UserRow) -> Response {
    ([(header::ETAG, etag(row.revision))], Json(row.user)).into_response()
}
