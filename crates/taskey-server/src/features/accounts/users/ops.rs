//! What can be done with users.

use taskey_proto::Time;
use taskey_proto::accounts::Session;
use taskey_proto::id::{OrganizationId, SessionId, UserId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::users::{CreateUser, CreatedUser, EditUser, User, UserState};

use super::invitations::{Link, Token};
use super::store::{self, NewUser, UserRow};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::groups::{group_of_organization, join, leave_all, super_group};
use crate::features::accounts::store::{delete_session_of_user, delete_sessions_of_user, delete_signed_in_keys, raise_revision};
use crate::features::accounts::{Permit, USER_REMOVED, Verb, password};
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

const GROUPS_MAX: usize = 100;

struct CreateInput {
    actor: Actor,
    id: UserId,
    create: CreateUser,
    password_hash: String,
    token: Option<Token>,
    now: Time,
}

pub(super) async fn create_user(app: &App, permit: &Permit, create: CreateUser) -> ApiResult<CreatedUser> {
    let mut errors: Vec<FieldError> = username_error(&create.username).into_iter().collect();
    errors.extend(name_errors("/name", create.name.as_deref()));
    errors.extend(profile_errors(Some(&create.time_zone), Some(&create.language)));
    if create.groups.len() > GROUPS_MAX {
        errors.push(FieldError::new("/groups", format!("at most {GROUPS_MAX}")));
    }
    let problem = |password: &str| password_error(password, &create.username, &permit.principal().organization_name);
    errors.extend(create.password.as_deref().and_then(problem).map(|detail| FieldError::new("/password", detail)));
    check(errors)?;
    let (password_hash, token) = match &create.password {
        Some(password) => (password::hash(&app.hasher, password.clone()).await?, None),
        None => (String::new(), Some(Token::new()?)),
    };
    let input = CreateInput { actor: Actor::from(permit), id: UserId::new(app.uuid()), create, password_hash, token, now: app.now() };
    let (user, link) = app.db.write(input, |tx, input| Box::pin(create_in(tx, input))).await?;
    Ok(CreatedUser { user, invitation: link.map(|link| link.invitation(app)) })
}

async fn create_in(tx: &mut Tx<'_>, input: &CreateInput) -> ApiResult<(User, Option<Link>)> {
    let CreateInput { actor, id, create, now, .. } = input;
    let organization = actor.organization;
    if store::username_taken(tx, organization, &create.username, None).await? {
        return Err(username_taken(&create.username));
    }
    let new = NewUser {
        id: *id,
        organization,
        username: &create.username,
        name: create.name.as_deref().unwrap_or(&create.username),
        password_hash: &input.password_hash,
        operator: false,
        time_zone: &create.time_zone,
        language: &create.language,
    };
    store::insert_user(tx, &new, *now).await?;
    join_all(tx, organization, *id, &create.groups).await?;
    if create.is_super {
        let group = super_group(tx, organization).await?;
        join(tx, group, *id).await?;
    }
    let link = match &input.token {
        Some(token) => Some(token.store(tx, organization, *id, false, *now).await?),
        None => None,
    };
    let after = load(tx, organization, *id).await?;
    let subject = id.to_string();
    let data = serde_json::json!({"username": after.username, "after": summary(&after)});
    announce(tx, actor, *now, "user.created", &subject, &data).await?;
    Ok((after, link))
}

/// Puts a user into groups, by their ids or names.
async fn join_all(tx: &mut Tx<'_>, organization: OrganizationId, user: UserId, words: &[String]) -> ApiResult<()> {
    let mut errors = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match group_of_organization(tx, organization, word).await? {
            Some(group) => join(tx, group.group.id, user).await?,
            None => errors.push(FieldError::new(format!("/groups/{index}"), format!("there is no group `{word}`"))),
        }
    }
    check(errors)
}

struct EditInput {
    actor: Actor,
    permit: Permit,
    word: String,
    edit: EditUser,
    if_match: Option<u64>,
    now: Time,
}

pub(super) async fn edit_user(app: &App, permit: &Permit, word: String, edit: EditUser, if_match: Option<u64>) -> ApiResult<UserRow> {
    let mut errors: Vec<FieldError> = edit.username.as_deref().and_then(username_error).into_iter().collect();
    errors.extend(name_errors("/name", edit.name.as_deref()));
    errors.extend(profile_errors(edit.time_zone.as_deref(), edit.language.as_deref()));
    if edit.groups.as_ref().is_some_and(|groups| groups.len() > GROUPS_MAX) {
        errors.push(FieldError::new("/groups", format!("at most {GROUPS_MAX}")));
    }
    check(errors)?;
    let input = EditInput { actor: Actor::from(permit), permit: permit.clone(), word, edit, if_match, now: app.now() };
    app.db.write(input, |tx, input| Box::pin(edit_in(tx, input))).await
}

async fn edit_in(tx: &mut Tx<'_>, input: &EditInput) -> ApiResult<UserRow> {
    let EditInput { actor, edit, now, .. } = input;
    let organization = actor.organization;
    let before = store::user_of_organization(tx, organization, &input.word).await?.ok_or_else(no_user)?;
    if input.if_match.is_some_and(|revision| revision != before.revision) {
        return Err(ApiError::new(Code::PreconditionFailed, "Read the user again and decide anew."));
    }
    if edit.username.is_some() || edit.disabled.is_some() || edit.is_super.is_some() {
        spare_operator(&input.permit, &before.user)?;
    }
    let id = before.user.id;
    let mut changed = before.user.clone();
    let set = |field: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            field.clone_from(value);
        }
    };
    set(&mut changed.username, &edit.username);
    set(&mut changed.name, &edit.name);
    set(&mut changed.time_zone, &edit.time_zone);
    set(&mut changed.language, &edit.language);
    if store::username_taken(tx, organization, &changed.username, Some(id)).await? {
        return Err(username_taken(&changed.username));
    }
    store::set_profile(tx, &changed).await?;
    let was_super = before.user.is_super;
    let named_super = |groups: &Vec<String>| groups.iter().any(|word| word == "super");
    let is_super = edit.is_super.unwrap_or_else(|| was_super || edit.groups.as_ref().is_some_and(named_super));
    if let Some(groups) = &edit.groups {
        leave_all(tx, id).await?;
        join_all(tx, organization, id, groups).await?;
    }
    let super_group = super_group(tx, organization).await?;
    if is_super {
        join(tx, super_group, id).await?;
    } else {
        crate::features::accounts::groups::leave(tx, super_group, id).await?;
    }
    let was_disabled = before.user.state == UserState::Disabled;
    let is_disabled = edit.disabled.unwrap_or(was_disabled);
    if is_disabled != was_disabled {
        store::set_disabled(tx, id, is_disabled.then_some(*now)).await?;
    }
    if is_disabled {
        delete_sessions_of_user(tx, id, None).await?;
        delete_signed_in_keys(tx, id, None).await?;
        store::delete_invitation(tx, id).await?;
    }
    if was_super && (!is_super || is_disabled) {
        keep_a_super(tx, organization).await?;
    }
    let after = store::user_of_organization(tx, organization, &id.to_string()).await?.ok_or_else(no_user)?;
    let data = serde_json::json!({"username": after.user.username, "before": summary(&before.user), "after": summary(&after.user)});
    announce(tx, actor, *now, "user.changed", &id.to_string(), &data).await?;
    Ok(after)
}

/// Removes a user. What the user did keeps the name.
pub(super) async fn remove_user(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (permit.clone(), word, app.now());
    app.db
        .write(input, |tx, (permit, word, now)| {
            Box::pin(async move {
                let actor = &Actor::from(&*permit);
                let organization = actor.organization;
                let before = store::user_of_organization(tx, organization, word).await?.ok_or_else(no_user)?.user;
                spare_operator(permit, &before)?;
                store::delete_user(tx, before.id).await?;
                if before.is_super {
                    keep_a_super(tx, organization).await?;
                }
                let data = serde_json::json!({"username": before.username, "before": summary(&before)});
                tx.wake(USER_REMOVED.to_owned());
                announce(tx, actor, *now, "user.removed", &before.id.to_string(), &data).await
            })
        })
        .await
}

/// Who runs the server is not in the hands of an organization's super users: they do not take an operator's place, nor remove one.
pub(super) fn spare_operator(permit: &Permit, user: &User) -> ApiResult<()> {
    if user.operator {
        permit.also(Verb::ManageOrganizations)?;
    }
    Ok(())
}

/// Refuses what would leave nobody who can manage the organization's users.
pub(crate) async fn keep_a_super(tx: &mut Tx<'_>, organization: OrganizationId) -> ApiResult<()> {
    if store::count_supers(tx, organization).await? > 0 {
        return Ok(());
    }
    let detail = "This is the last super user who can sign in. Make another one first: `taskey groups add super USER`.";
    Err(ApiError::new(Code::LastSuper, detail))
}

/// Ends one session of a user, or all.
pub(super) async fn end_sessions(app: &App, permit: &Permit, word: String, session: Option<SessionId>) -> ApiResult<()> {
    let input = (Actor::from(permit), word, session, app.now());
    app.db
        .write(input, |tx, (actor, word, session, now)| {
            Box::pin(async move {
                let user = store::user_of_organization(tx, actor.organization, word).await?.ok_or_else(no_user)?.user;
                match session {
                    Some(session) if !delete_session_of_user(tx, user.id, *session).await? => return Err(ApiError::not_found("session")),
                    Some(_) => {}
                    None => drop(delete_sessions_of_user(tx, user.id, None).await?),
                }
                let subject = session.map_or_else(|| user.id.to_string(), |session| session.to_string());
                let detail = serde_json::json!({"username": user.username, "all": session.is_none()});
                Ok(record(tx, actor, *now, "session.removed", &subject, &detail).await?)
            })
        })
        .await
}

/// A user's sessions after `after`.
pub(super) async fn sessions(app: &App, permit: &Permit, word: &str, after: Option<SessionId>, limit: usize) -> ApiResult<Vec<Session>> {
    let user = store::user_of_organization(&mut &app.db, permit.organization(), word).await?.ok_or_else(no_user)?.user;
    Ok(crate::features::accounts::store::sessions_of_user(&app.db, user.id, app.now(), after, limit).await?)
}

async fn load(tx: &mut Tx<'_>, organization: OrganizationId, id: UserId) -> ApiResult<User> {
    Ok(store::user_of_organization(tx, organization, &id.to_string()).await?.ok_or_else(no_user)?.user)
}

/// Writes the audit row and the event of a change that concerns who may do what.
async fn announce(tx: &mut Tx<'_>, actor: &Actor, now: Time, name: &'static str, subject: &str, data: &serde_json::Value) -> ApiResult<()> {
    raise_revision(tx, actor.organization).await?;
    record(tx, actor, now, name, subject, data).await?;
    Ok(tx.announce(Announce { organization: actor.organization, name, subject, at: now, data }).await?)
}

/// What the audit log tells of a user.
fn summary(user: &User) -> serde_json::Value {
    let groups: Vec<&str> = user.groups.iter().map(|group| group.name.as_str()).collect();
    serde_json::json!({
        "username": user.username, "name": user.name, "state": user.state, "super": user.is_super, "groups": groups,
        "time_zone": user.time_zone, "language": user.language,
    })
}

/// Why a password is not taken from this user.
pub(crate) fn password_error(password: &str, username: &str, organization: &str) -> Option<String> {
    password::problem(password, &[username, organization])
}

pub(crate) fn username_error(username: &str) -> Option<FieldError> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let fits = (1..=100).contains(&username.chars().count()) && username.chars().all(allowed) && username.parse::<UserId>().is_err();
    (!fits).then(|| FieldError::new("/username", "1 to 100 letters, digits, `.`, `_`, `-`, `@` or `+`, and not an id"))
}

/// What is wrong with a name for people to read.
pub(crate) fn name_errors(pointer: &str, name: Option<&str>) -> Option<FieldError> {
    let name = name?;
    let fits = !name.is_empty() && name.trim() == name && name.chars().count() <= 100 && !name.chars().any(char::is_control);
    (!fits).then(|| FieldError::new(pointer, "1 to 100 characters, without spaces around them"))
}

pub(crate) fn profile_errors(time_zone: Option<&str>, language: Option<&str>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if time_zone.is_some_and(|zone| !zone.is_empty() && jiff::tz::TimeZone::get(zone).is_err()) {
        errors.push(FieldError::new("/time_zone", "an IANA name such as Europe/Berlin, or empty for that of the browser"));
    }
    if language.is_some_and(|tag| !tag.is_empty() && !is_language_tag(tag)) {
        errors.push(FieldError::new("/language", "a language tag such as de or en-GB, or empty for that of the browser"));
    }
    errors
}

/// Whether a text is built as BCP 47 wants it: a language of two or three letters, then parts of up to eight.
fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_language = |part: &str| (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= 35 && parts.next().is_some_and(is_language) && parts.all(is_part)
}

fn username_taken(username: &str) -> ApiError {
    ApiError::new(Code::NameTaken, format!("Another user is called `{username}`."))
}

pub(crate) fn no_user() -> ApiError {
    ApiError::not_found("user")
}
