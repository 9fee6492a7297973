//! What can be done with accounts, one function a verb.

use taskey_proto::Time;
use taskey_proto::accounts::{CreateKey, CreatedKey, Setup, SignIn};
use taskey_proto::crypto::{self, base64url, hex, sha256};
use taskey_proto::id::{KeyId, OrganizationId, SessionId, UserId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::tasks::name_problem;

use super::audit::{Actor, record};
use super::model::{Permit, Principal, Via, check_scopes};
use super::{password, sign_in, store};
use crate::app::App;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::guard::RequestContext;
use crate::platform::http::problem::{ApiResult, check};

const SESSION_VALID_MS: i64 = 14 * 86_400_000;
const KEY_TTL_MAX_MS: u64 = 3_650 * 86_400_000;

/// A new session or key. The secret is told to the caller once; the database gets its hash.
#[derive(Clone)]
pub(super) enum Entry {
    Session { id: SessionId, token: String, expires_at: Time },
    Key(NewKey),
}

#[derive(Clone)]
pub(super) struct NewKey {
    pub created: CreatedKey,
    scopes: Vec<String>,
    signed_in: bool,
}

pub(super) fn token_hash(token: &str) -> String {
    hex(&sha256(token.as_bytes()))
}

/// Makes the first organization and user.
pub(super) async fn set_up(app: &App, context: &RequestContext, setup: Setup) -> ApiResult<Entry> {
    let now = app.now();
    if store::has_users(&mut &app.db).await? {
        return Err(already_set_up());
    }
    if !app.setup_code.is_right(&setup.code, now) {
        return Err(ApiError::new(
            Code::InvalidSetupCode,
            "Read the set-up code that `taskey serve` printed; it is valid for an hour, and a restart prints a new one.",
        ));
    }
    let mut errors = account_errors(&setup.organization, &setup.username, &setup.password);
    errors.extend(setup.key.iter().flat_map(|key| key_errors("/key", key)));
    check(errors)?;
    let organization =
        NewOrganization::prepare(app, setup.organization, setup.username, Some(setup.password), OperatorFlag::Operator).await?;
    let entry = new_entry(app, setup.key, now)?;
    let input = SetUpInput { organization, entry: entry.clone(), context: context.clone(), now };
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                if store::has_users(tx).await? {
                    return Err(already_set_up());
                }
                let maker = input.organization.maker(&input.context.address, &input.context.id.to_string());
                insert_organization(tx, &input.organization, &maker, input.now).await?;
                insert_entry(tx, input.organization.id, input.organization.user, &input.entry, input.now).await?;
                Ok(())
            })
        })
        .await?;
    app.setup_code.void();
    Ok(entry)
}

struct SetUpInput {
    organization: NewOrganization,
    entry: Entry,
    context: RequestContext,
    now: Time,
}

fn already_set_up() -> ApiError {
    ApiError::new(Code::AlreadySetUp, "Sign in; a lost password is reset on the host.")
}

/// An organization with its first super user, ready to be inserted.
pub struct NewOrganization {
    pub id: OrganizationId,
    name: String,
    user: UserId,
    username: String,
    password_hash: String,
    operator: bool,
}

pub(super) enum OperatorFlag {
    Operator,
    Plain,
}

impl NewOrganization {
    /// Without a password the user has none, and nothing is one.
    pub(super) async fn prepare(
        app: &App,
        name: String,
        username: String,
        password: Option<String>,
        flag: OperatorFlag,
    ) -> ApiResult<Self> {
        let password_hash = match password {
            Some(password) => password::hash(&app.hasher, password).await?,
            None => String::new(),
        };
        Ok(Self {
            id: OrganizationId::new(app.uuid()),
            name,
            user: UserId::new(app.uuid()),
            username,
            password_hash,
            operator: matches!(flag, OperatorFlag::Operator),
        })
    }

    /// Its user, who makes it.
    fn maker(&self, address: &str, request: &str) -> Actor {
        Actor {
            organization: self.id,
            kind: "user",
            id: self.user.to_string(),
            name: self.username.clone(),
            address: address.to_owned(),
            request: request.to_owned(),
        }
    }
}

/// Makes a further organization, on the host.
pub async fn create_organization(app: &App, name: &str, username: &str, password: &str) -> ApiResult<OrganizationId> {
    check(account_errors(name, username, password))?;
    let new = NewOrganization::prepare(app, name.to_owned(), username.to_owned(), Some(password.to_owned()), OperatorFlag::Plain).await?;
    let id = new.id;
    let input = (new, app.now());
    app.db.write(input, |tx, (new, now)| Box::pin(async move { insert_organization(tx, new, &new.maker("host", ""), *now).await })).await?;
    Ok(id)
}

pub(super) async fn insert_organization(tx: &mut Tx<'_>, new: &NewOrganization, actor: &Actor, now: Time) -> ApiResult<()> {
    if store::organization_name_taken(tx, &new.name).await? {
        return Err(ApiError::new(Code::NameTaken, format!("There is an organization `{}` already.", new.name)));
    }
    store::insert_organization(tx, new.id, &new.name, now).await?;
    let user = store::NewUser {
        id: new.user,
        organization: new.id,
        username: &new.username,
        password_hash: &new.password_hash,
        is_super: true,
        operator: new.operator,
    };
    store::insert_user(tx, &user, now).await?;
    record(tx, actor, now, "organization.created", &new.id.to_string(), &serde_json::json!({"name": new.name})).await?;
    Ok(())
}

fn account_errors(organization: &str, username: &str, password: &str) -> Vec<FieldError> {
    let mut errors = name_errors(organization, username);
    if let Some(detail) = password::problem(password, &[username, organization]) {
        errors.push(FieldError::new("/password", detail));
    }
    errors
}

pub(super) fn name_errors(organization: &str, username: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let trimmed = organization.trim();
    if trimmed.is_empty() || trimmed != organization || organization.chars().count() > 100 || organization.chars().any(char::is_control) {
        errors.push(FieldError::new("/organization", "1 to 100 characters, without spaces around them"));
    }
    if let Some(detail) = username_problem(username) {
        errors.push(FieldError::new("/username", detail));
    }
    errors
}

fn username_problem(username: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let fits = (1..=100).contains(&username.chars().count()) && username.chars().all(allowed);
    (!fits).then(|| "1 to 100 letters, digits, `.`, `_`, `-`, `@` or `+`".to_owned())
}

/// Signs in by name and password. The answer never tells whether the name exists.
pub(super) async fn sign_in(app: &App, context: &RequestContext, body: SignIn) -> ApiResult<Entry> {
    let now = app.now();
    check(body.key.iter().flat_map(|key| key_errors("/key", key)).collect())?;
    let candidate = sign_in::prove(app, context, &body, now).await?;
    let entry = new_entry(app, body.key, now)?;
    let actor = Actor {
        organization: candidate.organization,
        kind: "user",
        id: candidate.user.to_string(),
        name: body.username,
        address: context.address.clone(),
        request: context.id.to_string(),
    };
    let input = (actor, candidate.user, entry.clone(), now);
    app.db
        .write(input, |tx, (actor, user, entry, now)| {
            Box::pin(async move {
                insert_entry(tx, actor.organization, *user, entry, *now).await?;
                record(tx, actor, *now, "user.signed_in", &user.to_string(), &serde_json::json!({"with": entry.word()})).await
            })
        })
        .await
        .map_err(ApiError::from)?;
    Ok(entry)
}

/// Ends the session, or removes the key, that asks.
pub(super) async fn sign_out(app: &App, permit: &Permit) -> ApiResult<()> {
    match permit.principal().via {
        Via::Session { id, .. } => {
            let input = (Actor::from(permit), id, app.now());
            app.db
                .write(input, |tx, (actor, id, now)| {
                    Box::pin(async move {
                        store::delete_session(tx, *id).await?;
                        record(tx, actor, *now, "session.removed", &id.to_string(), &serde_json::json!({})).await
                    })
                })
                .await
                .map_err(ApiError::from)
        }
        Via::Key { id, .. } => remove_key(app, permit, id).await,
    }
}

pub(super) async fn create_key(app: &App, permit: &Permit, create: CreateKey) -> ApiResult<CreatedKey> {
    let mut errors = key_errors("", &create);
    errors.extend(check_scopes(&create.scopes, &permit.principal().via));
    check(errors)?;
    let now = app.now();
    let new = new_key(app, create, false, now)?;
    let created = new.created.clone();
    let user = permit.principal().user;
    let input = (Actor::from(permit), new, user, now);
    app.db
        .write(input, |tx, (actor, new, user, now)| {
            Box::pin(async move {
                insert_entry(tx, actor.organization, *user, &Entry::Key(new.clone()), *now).await?;
                let id = new.created.id.to_string();
                let data = serde_json::json!({"name": new.created.name, "scopes": new.scopes});
                record(tx, actor, *now, "key.created", &id, &data).await?;
                tx.announce(Announce { organization: actor.organization, name: "key.created", subject: &id, at: *now, data: &data }).await
            })
        })
        .await
        .map_err(ApiError::from)?;
    Ok(created)
}

pub(super) async fn remove_key(app: &App, permit: &Permit, id: KeyId) -> ApiResult<()> {
    let input = (Actor::from(permit), id, app.now());
    app.db
        .write(input, |tx, (actor, id, now)| {
            Box::pin(async move {
                let Some(name) = store::delete_key(tx, actor.organization, *id).await? else {
                    return Err(ApiError::not_found("key"));
                };
                let subject = id.to_string();
                let data = serde_json::json!({"name": name});
                record(tx, actor, *now, "key.removed", &subject, &data).await?;
                let event = Announce { organization: actor.organization, name: "key.removed", subject: &subject, at: *now, data: &data };
                Ok(tx.announce(event).await?)
            })
        })
        .await
}

/// Whether what let someone in still stands; open streams ask this again and again.
pub async fn still_allowed(app: &App, principal: &Principal) -> bool {
    let now = app.now();
    let exists = match &principal.via {
        Via::Session { id, .. } => store::session_exists(&app.db, *id, now).await,
        Via::Key { id, .. } => store::key_exists(&app.db, *id, now).await,
    };
    exists.unwrap_or(false)
}

fn new_key(app: &App, create: CreateKey, signed_in: bool, now: Time) -> ApiResult<NewKey> {
    let secret: [u8; 32] = crypto::random().map_err(ApiError::internal)?;
    let key = format!("tky_{}", base64url(&secret));
    let expires_at = create.ttl.map(|ttl| now.plus_ms(ttl.ms() as i64));
    let created = CreatedKey { id: KeyId::new(app.uuid()), name: create.name, key, expires_at };
    Ok(NewKey { created, scopes: create.scopes, signed_in })
}

fn key_errors(at: &str, create: &CreateKey) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(detail) = name_problem(&create.name) {
        errors.push(FieldError::new(format!("{at}/name"), detail));
    }
    if create.ttl.is_some_and(|ttl| ttl.ms() == 0 || ttl.ms() > KEY_TTL_MAX_MS) {
        errors.push(FieldError::new(format!("{at}/ttl"), "more than 0s and at most 3650d; leave it out for a key without an end"));
    }
    errors
}

fn new_entry(app: &App, key: Option<CreateKey>, now: Time) -> ApiResult<Entry> {
    if let Some(create) = key {
        return new_key(app, create, true, now).map(Entry::Key);
    }
    let secret: [u8; 32] = crypto::random().map_err(ApiError::internal)?;
    Ok(Entry::Session { id: SessionId::new(app.uuid()), token: base64url(&secret), expires_at: now.plus_ms(SESSION_VALID_MS) })
}

impl Entry {
    fn word(&self) -> &'static str {
        match self {
            Entry::Session { .. } => "session",
            Entry::Key(_) => "key",
        }
    }

    /// What the session or key lets in with.
    pub fn token(&self) -> &str {
        match self {
            Entry::Session { token, .. } => token,
            Entry::Key(key) => &key.created.key,
        }
    }
}

async fn insert_entry(tx: &mut Tx<'_>, organization: OrganizationId, user: UserId, entry: &Entry, now: Time) -> Result<(), DbError> {
    let hash = token_hash(entry.token());
    match entry {
        Entry::Session { id, expires_at, .. } => {
            let session = store::NewSession { id: *id, organization, user, token_hash: hash, expires_at: *expires_at };
            store::insert_session(tx, &session, now).await
        }
        Entry::Key(key) => {
            let created = &key.created;
            let row = store::NewKey {
                id: created.id,
                organization,
                user,
                name: &created.name,
                key_hash: hash,
                scopes: &key.scopes,
                signed_in: key.signed_in,
                expires_at: created.expires_at,
            };
            store::insert_key(tx, &row, now).await
        }
    }
}
