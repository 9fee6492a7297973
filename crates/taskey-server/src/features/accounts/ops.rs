//! How one comes in and goes: set-up, signing in and out, API keys.

use taskey_proto::Time;
use taskey_proto::accounts::{CreateKey, CreatedKey, Setup, SignIn};
use taskey_proto::crypto::{self, base64url, hex, sha256};
use taskey_proto::id::{KeyId, OrganizationId, SessionId, UserId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::tasks::name_problem;

use super::addresses::check_addresses;
use super::audit::{Actor, record};
use super::model::{Permit, Via, check_scopes};
use super::organizations::{First, NewOrganization, organization_errors};
use super::{sign_in, store};
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
    Session { id: SessionId, token: String, address: String, client: String, expires_at: Time },
    Key(NewKey),
}

#[derive(Clone)]
pub(super) struct NewKey {
    pub created: CreatedKey,
    scopes: Vec<String>,
    addresses: Vec<String>,
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
    let mut errors = organization_errors(&setup.organization, &setup.username, Some(&setup.password), "/organization");
    errors.extend(setup.key.iter().flat_map(|key| key_errors("/key", key)));
    check(errors)?;
    let password = Some(setup.password);
    let organization = NewOrganization::prepare(app, setup.organization, setup.username, password, First::Operator).await?;
    let entry = new_entry(app, context, setup.key, now)?;
    let input = SetUpInput { organization, entry: entry.clone(), context: context.clone(), now };
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                if store::has_users(tx).await? {
                    return Err(already_set_up());
                }
                let new = &input.organization;
                let actor = new.actor(&input.context.address, &input.context.id.to_string());
                new.insert(tx, actor, input.now).await?;
                insert_entry(tx, new.id, new.user, &input.entry, input.now).await?;
                Ok(store::set_signed_in_at(tx, new.user, input.now).await?)
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

/// Signs in by name and password. The answer never tells whether the name exists.
pub(super) async fn sign_in(app: &App, context: &RequestContext, body: SignIn) -> ApiResult<Entry> {
    let now = app.now();
    check(body.key.iter().flat_map(|key| key_errors("/key", key)).collect())?;
    let candidate = sign_in::prove(app, context, &body, now).await?;
    let entry = new_entry(app, context, body.key, now)?;
    let actor = Actor::user(candidate.organization, candidate.user, &body.username, context);
    let input = (actor, candidate.user, entry.clone(), now);
    app.db
        .write(input, |tx, (actor, user, entry, now)| {
            Box::pin(async move {
                insert_entry(tx, actor.organization, *user, entry, *now).await?;
                store::set_signed_in_at(tx, *user, *now).await?;
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
                let data = serde_json::json!({"name": new.created.name, "user": user, "scopes": new.scopes, "addresses": new.addresses});
                record(tx, actor, *now, "key.created", &id, &data).await?;
                tx.announce(Announce { organization: actor.organization, name: "key.created", subject: &id, at: *now, data: &data }).await
            })
        })
        .await
        .map_err(ApiError::from)?;
    Ok(created)
}

/// Removes a key: one's own, or for super users anyone's of the organization.
pub(super) async fn remove_key(app: &App, permit: &Permit, id: KeyId) -> ApiResult<()> {
    let own = (!permit.is_super()).then_some(permit.principal().user);
    let input = (Actor::from(permit), own, id, app.now());
    app.db
        .write(input, |tx, (actor, own, id, now)| {
            Box::pin(async move {
                let found = store::owner_of_key(tx, actor.organization, *id).await?;
                let found = found.filter(|found| own.is_none_or(|own| own == found.user)).ok_or_else(|| ApiError::not_found("key"))?;
                if found.configured {
                    return Err(ApiError::new(Code::Immutable, "This key comes from the server's settings; remove it there."));
                }
                store::delete_key(tx, *id).await?;
                let subject = id.to_string();
                let data = serde_json::json!({"name": found.name, "user": found.user});
                record(tx, actor, *now, "key.removed", &subject, &data).await?;
                let event = Announce { organization: actor.organization, name: "key.removed", subject: &subject, at: *now, data: &data };
                Ok(tx.announce(event).await?)
            })
        })
        .await
}

fn new_key(app: &App, create: CreateKey, signed_in: bool, now: Time) -> ApiResult<NewKey> {
    let secret: [u8; 32] = crypto::random().map_err(ApiError::internal)?;
    let key = format!("tky_{}", base64url(&secret));
    let expires_at = create.ttl.map(|ttl| now.plus_ms(ttl.ms() as i64));
    let created = CreatedKey { id: KeyId::new(app.uuid()), name: create.name, key, expires_at };
    Ok(NewKey { created, scopes: create.scopes, addresses: create.addresses, signed_in })
}

fn key_errors(at: &str, create: &CreateKey) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(detail) = name_problem(&create.name) {
        errors.push(FieldError::new(format!("{at}/name"), detail));
    }
    if create.ttl.is_some_and(|ttl| ttl.ms() == 0 || ttl.ms() > KEY_TTL_MAX_MS) {
        errors.push(FieldError::new(format!("{at}/ttl"), "more than 0s and at most 3650d; leave it out for a key without an end"));
    }
    errors.extend(
        check_addresses(&create.addresses).into_iter().map(|error| FieldError { pointer: format!("{at}{}", error.pointer), ..error }),
    );
    errors
}

fn new_entry(app: &App, context: &RequestContext, key: Option<CreateKey>, now: Time) -> ApiResult<Entry> {
    match key {
        Some(create) => new_key(app, create, true, now).map(Entry::Key),
        None => new_session(app, context, now),
    }
}

pub(super) fn new_session(app: &App, context: &RequestContext, now: Time) -> ApiResult<Entry> {
    let secret: [u8; 32] = crypto::random().map_err(ApiError::internal)?;
    Ok(Entry::Session {
        id: SessionId::new(app.uuid()),
        token: base64url(&secret),
        address: context.address.clone(),
        client: context.client.clone(),
        expires_at: now.plus_ms(SESSION_VALID_MS),
    })
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

pub(super) async fn insert_entry(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    user: UserId,
    entry: &Entry,
    now: Time,
) -> Result<(), DbError> {
    let hash = token_hash(entry.token());
    match entry {
        Entry::Session { id, address, client, expires_at, .. } => {
            let (address, client) = (address.clone(), client.clone());
            let session = store::NewSession { id: *id, organization, user, token_hash: hash, address, client, expires_at: *expires_at };
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
                addresses: &key.addresses,
                signed_in: key.signed_in,
                expires_at: created.expires_at,
            };
            store::insert_key(tx, &row, now).await
        }
    }
}
