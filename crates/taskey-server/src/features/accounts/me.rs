//! Oneself: profile, password, sessions.

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use taskey_proto::Time;
use taskey_proto::accounts::{ChangePassword, EditMe, Me, OrganizationRef, Session};
use taskey_proto::id::SessionId;
use taskey_proto::page::Page;
use taskey_proto::problem::{Code, FieldError};
use utoipa_axum::routes;

use super::audit::{Actor, record};
use super::model::{Permit, Principal, Verb, Via, decide};
use super::throttle::Guess;
use super::users::{name_errors, no_user, password_error, profile_errors, set_profile, update_password, user_of_organization};
use super::{Api, password, store};
use crate::app::App;
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::{ApiResult, check};
use crate::platform::http::{ApiError, Body};

pub fn api() -> Api {
    Api::default()
        .route(Verb::BeOneself, routes!(show_me))
        .route(Verb::WriteOneself, routes!(edit_me))
        .route(Verb::WriteOneself, routes!(change_password))
        .route(Verb::WriteOneself, routes!(list_sessions))
        .route(Verb::WriteOneself, routes!(end_session))
}

/// Who is asking, and what they may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", responses((status = 200, description = "You", body = Me)))]
async fn show_me(State(app): State<App>, permit: Permit) -> ApiResult<Json<Me>> {
    Ok(Json(me(&app, permit.principal()).await?))
}

/// Changes one's own name, time zone and language.
#[utoipa::path(patch, path = "/api/v1/me", tag = "accounts", request_body = EditMe,
    responses((status = 200, description = "You, as you are now", body = Me)))]
async fn edit_me(State(app): State<App>, permit: Permit, body: Body<EditMe>) -> ApiResult<Json<Me>> {
    edit_profile(&app, &permit, body.content).await?;
    Ok(Json(me(&app, permit.principal()).await?))
}

/// Changes one's own password. Every other browser and command line of one's own is signed out.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "accounts", request_body = ChangePassword,
    responses((status = 204, description = "Changed")))]
async fn change_password(State(app): State<App>, permit: Permit, body: Body<ChangePassword>) -> ApiResult<StatusCode> {
    replace_password(&app, &permit, body.content).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where one is signed in with a browser.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "accounts", params(Paging),
    responses((status = 200, description = "Sessions, oldest first", body = Page<Session>)))]
async fn list_sessions(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Session>> {
    let principal = permit.principal();
    let mut sessions = store::sessions_of_user(&app.db, principal.user, app.now(), paging.after()?, paging.limit() + 1).await?;
    for session in &mut sessions {
        session.current = matches!(principal.via, Via::Session { id, .. } if id == session.id);
    }
    Ok(paging.page(sessions, |session| session.id))
}

/// Signs oneself out of one browser.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "accounts", params(("session" = SessionId, Path)),
    responses((status = 204, description = "Ended")))]
async fn end_session(State(app): State<App>, permit: Permit, Path(session): Path<SessionId>) -> ApiResult<StatusCode> {
    let input = (Actor::from(&permit), permit.principal().user, session, app.now());
    app.db
        .write(input, |tx, (actor, user, session, now)| {
            Box::pin(async move {
                if !store::delete_session_of_user(tx, *user, *session).await? {
                    return Err(ApiError::not_found("session"));
                }
                Ok(record(tx, actor, *now, "session.removed", &session.to_string(), &serde_json::json!({})).await?)
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn me(app: &App, principal: &Principal) -> ApiResult<Me> {
    let user = user_of_organization(&mut &app.db, principal.organization, &principal.user.to_string()).await?.ok_or_else(no_user)?.user;
    let nobody = taskey_proto::id::RequestId::new(uuid::Uuid::nil());
    let can = Verb::ALL.iter().filter(|verb| decide(principal, **verb, None, nobody, "").is_ok());
    Ok(Me {
        user,
        organization: OrganizationRef { id: principal.organization, name: principal.organization_name.clone() },
        key: match &principal.via {
            Via::Session { .. } => None,
            Via::Key { name, .. } => Some(name.clone()),
        },
        role: principal.access.everywhere(),
        can: can.map(|verb| verb.word().to_owned()).collect(),
    })
}

async fn edit_profile(app: &App, permit: &Permit, edit: EditMe) -> ApiResult<()> {
    let mut errors: Vec<FieldError> = name_errors("/name", edit.name.as_deref()).into_iter().collect();
    errors.extend(profile_errors(edit.time_zone.as_deref(), edit.language.as_deref()));
    check(errors)?;
    let input = (Actor::from(permit), permit.principal().user.to_string(), edit, app.now());
    app.db
        .write(input, |tx, (actor, id, edit, now)| {
            Box::pin(async move {
                let before = user_of_organization(tx, actor.organization, id).await?.ok_or_else(no_user)?.user;
                let mut user = before.clone();
                user.name = edit.name.clone().unwrap_or(user.name);
                user.time_zone = edit.time_zone.clone().unwrap_or(user.time_zone);
                user.language = edit.language.clone().unwrap_or(user.language);
                set_profile(tx, &user).await?;
                let summary = |user: &taskey_proto::users::User| {
                    serde_json::json!({"name": user.name, "time_zone": user.time_zone, "language": user.language})
                };
                let data = serde_json::json!({"username": user.username, "before": summary(&before), "after": summary(&user)});
                record(tx, actor, *now, "user.changed", id, &data).await?;
                let event = Announce { organization: actor.organization, name: "user.changed", subject: id, at: *now, data: &data };
                Ok(tx.announce(event).await?)
            })
        })
        .await
}

struct PasswordInput {
    actor: Actor,
    principal: Principal,
    password_hash: String,
    now: Time,
}

async fn replace_password(app: &App, permit: &Permit, change: ChangePassword) -> ApiResult<()> {
    let principal = permit.principal();
    // Whoever found an open browser must not go on guessing.
    let guess = Guess::new(&principal.user.to_string(), permit.address());
    let now = app.now();
    if let Err(closed) = app.sign_in_throttle.admit(&guess, &[principal.user], now) {
        let detail = "Too many wrong passwords; no password is looked at for some minutes.";
        return Err(ApiError::new(Code::TooManyAttempts, detail).retry_after(closed.retry_after_secs(now)));
    }
    let problem = password_error(&change.new, &principal.username, &principal.organization_name);
    check(problem.into_iter().map(|detail| FieldError::new("/new", detail)).collect())?;
    let stored = store::password_hash(&app.db, principal.user).await?;
    if !password::verify(&app.hasher, change.current, stored).await? {
        app.sign_in_throttle.failed(&guess, now);
        return Err(ApiError::invalid_field("/current", "this is not your password"));
    }
    app.sign_in_throttle.succeeded(&guess, principal.user, now);
    let password_hash = password::hash(&app.hasher, change.new).await?;
    let input = PasswordInput { actor: Actor::from(permit), principal: principal.clone(), password_hash, now };
    app.db.write(input, |tx, input| Box::pin(replace_in(tx, input))).await
}

async fn replace_in(tx: &mut Tx<'_>, input: &PasswordInput) -> ApiResult<()> {
    let user = input.principal.user;
    update_password(tx, user, &input.password_hash).await?;
    let (session, key) = match &input.principal.via {
        Via::Session { id, .. } => (Some(*id), None),
        Via::Key { id, .. } => (None, Some(*id)),
    };
    store::delete_sessions_of_user(tx, user, session).await?;
    store::delete_signed_in_keys(tx, user, key).await?;
    let detail = serde_json::json!({"first": false, "by": "user"});
    Ok(record(tx, &input.actor, input.now, "user.password_set", &user.to_string(), &detail).await?)
}
