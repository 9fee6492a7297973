//! What can be done with organizations.

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{GroupId, OrganizationId, UserId};
use taskey_proto::organizations::{
    CreateOrganization, CreatedOrganization, DELETE_GRACE_DAYS, EditOrganization, Organization, OrganizationState,
};
use taskey_proto::problem::{Code, FieldError};

use super::store;
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::groups::{SUPER, insert_group, join};
use crate::features::accounts::users::{
    Link, NewUser, Token, insert_user, name_errors, no_user, password_error, user_of_organization, username_error,
};
use crate::features::accounts::{Permit, Verb, password};
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

const DELETE_GRACE_MS: i64 = DELETE_GRACE_DAYS as i64 * 86_400_000;

/// What is wrong with an organization and its first user as they are asked for.
pub(crate) fn organization_errors(name: &str, username: &str, password: Option<&str>, name_at: &str) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = name_errors(name_at, Some(name)).into_iter().collect();
    if name.parse::<OrganizationId>().is_ok() {
        errors.push(FieldError::new(name_at, "this is an id"));
    }
    errors.extend(username_error(username));
    let problem = password.and_then(|password| password_error(password, username, name));
    errors.extend(problem.map(|detail| FieldError::new("/password", detail)));
    errors
}

/// An organization with its first super user, ready to be inserted.
#[derive(Clone)]
pub struct NewOrganization {
    pub id: OrganizationId,
    pub user: UserId,
    name: String,
    group: GroupId,
    username: String,
    password_hash: String,
    token: Option<Token>,
    first: First,
}

/// Whether the first user of an organization runs the server too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    Operator,
    SuperUser,
}

impl NewOrganization {
    /// Without a password there will be a link by which the user sets one.
    pub async fn prepare(app: &App, name: String, username: String, password: Option<String>, first: First) -> ApiResult<Self> {
        let (password_hash, token) = match password {
            Some(password) => (password::hash(&app.hasher, password).await?, None),
            None => (String::new(), Some(Token::new()?)),
        };
        Ok(Self {
            id: OrganizationId::new(app.uuid()),
            user: UserId::new(app.uuid()),
            group: GroupId::new(app.uuid()),
            name,
            username,
            password_hash,
            token,
            first,
        })
    }

    /// The first user, as whoever did it, where nobody was there before.
    pub fn actor(&self, address: &str, request: &str) -> Actor {
        Actor {
            organization: self.id,
            kind: "user",
            id: self.user.to_string(),
            name: self.username.clone(),
            user: Some(self.user),
            address: address.to_owned(),
            request: request.to_owned(),
        }
    }

    /// Writes it, with the group of its super users and the first of them. `actor` is who makes it; the row is the new organization's.
    pub async fn insert(&self, tx: &mut Tx<'_>, actor: Actor, now: Time) -> ApiResult<Option<Link>> {
        if store::find_organization(tx, &self.name).await?.is_some() {
            return Err(name_taken(&self.name));
        }
        store::insert_organization(tx, self.id, &self.name, now).await?;
        let user = NewUser {
            id: self.user,
            organization: self.id,
            username: &self.username,
            name: &self.username,
            password_hash: &self.password_hash,
            operator: self.first == First::Operator,
            time_zone: "",
            language: "",
        };
        insert_user(tx, &user, now).await?;
        insert_group(tx, self.id, self.group, SUPER, Role::Admin, now).await?;
        join(tx, self.group, self.user).await?;
        let link = match &self.token {
            Some(token) => Some(token.store(tx, self.id, self.user, false, now).await?),
            None => None,
        };
        let data = serde_json::json!({"name": self.name, "user": self.user, "username": self.username});
        let actor = Actor { organization: self.id, ..actor };
        record(tx, &actor, now, "organization.created", &self.id.to_string(), &data).await?;
        Ok(link)
    }
}

/// Makes a further organization, on the host.
pub async fn create_on_host(app: &App, name: &str, username: &str, password: &str) -> ApiResult<OrganizationId> {
    check(organization_errors(name, username, Some(password), "/organization"))?;
    let new = NewOrganization::prepare(app, name.to_owned(), username.to_owned(), Some(password.to_owned()), First::SuperUser).await?;
    let id = new.id;
    app.db
        .write((new, app.now()), |tx, (new, now)| Box::pin(async move { new.insert(tx, new.actor("host", ""), *now).await.map(|_| ()) }))
        .await?;
    Ok(id)
}

pub(super) async fn create_organization(app: &App, permit: &Permit, create: CreateOrganization) -> ApiResult<CreatedOrganization> {
    check(organization_errors(&create.name, &create.username, create.password.as_deref(), "/name"))?;
    let new = NewOrganization::prepare(app, create.name, create.username, create.password, First::SuperUser).await?;
    let input = (new, Actor::from(permit), app.now());
    let (organization, user, link) = app
        .db
        .write(input, |tx, (new, actor, now)| {
            Box::pin(async move {
                let link = new.insert(tx, actor.clone(), *now).await?;
                // Also where whoever made it can read it.
                record(tx, actor, *now, "organization.created", &new.id.to_string(), &serde_json::json!({"name": new.name})).await?;
                let organization = store::find_organization(tx, &new.id.to_string()).await?.ok_or_else(no_organization)?;
                let user = user_of_organization(tx, new.id, &new.user.to_string()).await?.ok_or_else(no_user)?.user;
                Ok::<_, ApiError>((organization, user, link))
            })
        })
        .await?;
    Ok(CreatedOrganization { organization, user, invitation: link.map(|link| link.invitation(app)) })
}

/// An organization that this permit may look at: the own one, or any for an operator.
pub(super) async fn show_organization(app: &App, permit: &Permit, word: &str) -> ApiResult<Organization> {
    let found = store::find_organization(&mut &app.db, word).await?.ok_or_else(no_organization)?;
    if found.id != permit.organization() && permit.also(Verb::ManageOrganizations).is_err() {
        return Err(no_organization());
    }
    Ok(found)
}

struct EditInput {
    actor: Actor,
    id: OrganizationId,
    name: Option<String>,
    /// `Some(None)`: enabled; `Some(Some(_))`: disabled, and with a time deleted then.
    fate: Option<Fate>,
    now: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Enabled,
    Disabled,
    Deleted,
}

pub(super) async fn edit_organization(app: &App, permit: &Permit, word: &str, edit: EditOrganization) -> ApiResult<Organization> {
    check(name_errors("/name", edit.name.as_deref()).into_iter().collect())?;
    let fate = edit.disabled.map(|disabled| if disabled { Fate::Disabled } else { Fate::Enabled });
    change(app, permit, word, edit.name, fate).await
}

/// Disables an organization, and has it removed when its grace is over.
pub(super) async fn delete_organization(app: &App, permit: &Permit, word: &str) -> ApiResult<Organization> {
    change(app, permit, word, None, Some(Fate::Deleted)).await
}

async fn change(app: &App, permit: &Permit, word: &str, name: Option<String>, fate: Option<Fate>) -> ApiResult<Organization> {
    let found = show_organization(app, permit, word).await?;
    if fate.is_some() {
        permit.also(Verb::ManageOrganizations)?;
    }
    if found.id == permit.organization() && matches!(fate, Some(Fate::Disabled | Fate::Deleted)) {
        return Err(ApiError::new(Code::Immutable, "This is your own organization: you would lock yourself out."));
    }
    let input = EditInput { actor: Actor::from(permit), id: found.id, name, fate, now: app.now() };
    app.db.write(input, |tx, input| Box::pin(change_in(tx, input))).await
}

async fn change_in(tx: &mut Tx<'_>, input: &EditInput) -> ApiResult<Organization> {
    let EditInput { actor, id, now, .. } = input;
    let word = id.to_string();
    let before = store::find_organization(tx, &word).await?.ok_or_else(no_organization)?;
    let name = input.name.as_ref().unwrap_or(&before.name);
    if store::find_organization(tx, name).await?.is_some_and(|other| other.id != *id) {
        return Err(name_taken(name));
    }
    let (disabled_at, delete_at) = match input.fate {
        None if before.state == OrganizationState::Active => (None, None),
        None => (Some(*now), before.delete_at),
        Some(Fate::Enabled) => (None, None),
        Some(Fate::Disabled) => (Some(*now), None),
        Some(Fate::Deleted) => (Some(*now), before.delete_at.or(Some(now.plus_ms(DELETE_GRACE_MS)))),
    };
    store::update_organization(tx, *id, name, disabled_at, delete_at).await?;
    let after = store::find_organization(tx, &word).await?.ok_or_else(no_organization)?;
    let summary = |organization: &Organization| serde_json::json!({"name": organization.name, "state": organization.state, "delete_at": organization.delete_at});
    let data = serde_json::json!({"before": summary(&before), "after": summary(&after)});
    // In its own log, and in that of whoever did it.
    record(tx, &Actor { organization: *id, ..actor.clone() }, *now, "organization.changed", &word, &data).await?;
    if actor.organization != *id {
        record(tx, actor, *now, "organization.changed", &word, &data).await?;
    }
    tx.announce(Announce { organization: *id, name: "organization.changed", subject: &word, at: *now, data: &data }).await?;
    Ok(after)
}

fn name_taken(name: &str) -> ApiError {
    ApiError::new(Code::NameTaken, format!("There is an organization `{name}` already."))
}

pub(super) fn no_organization() -> ApiError {
    ApiError::not_found("organization")
}
