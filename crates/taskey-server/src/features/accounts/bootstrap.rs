//! What the settings say that a server begins with: an organization with its super user, where there is nobody yet, and keys.
//!
//! The keys of the settings are brought into line at each start: made, replaced where their file or their rights have changed, removed
//! where they are gone from the settings. They are marked as such in the database; keys that people made are not touched.

use std::path::Path;

use taskey_proto::Time;
use taskey_proto::id::{KeyId, OrganizationId, UserId};
use taskey_proto::problem::FieldError;
use taskey_proto::tasks::name_problem;

use super::addresses::check_addresses;
use super::audit::{Actor, record};
use super::model::{Via, check_scopes};
use super::ops::token_hash;
use super::organizations::{First, NewOrganization, organization_errors};
use super::store;
use crate::app::App;
use crate::config::{Bootstrap, BootstrapKey};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Source as _, Tx};
use crate::platform::http::ApiError;
use crate::{args, sql};

const KEY_LEN_MIN: usize = 32;
const KEY_LEN_MAX: usize = 200;

#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error("bootstrap: {0}")]
    Refused(String),
    #[error("bootstrap: {0}")]
    Db(#[from] DbError),
}

impl From<ApiError> for BootstrapError {
    fn from(error: ApiError) -> Self {
        BootstrapError::Refused(error.detail)
    }
}

/// Brings accounts and keys into line with the settings. The same settings twice, on one node or on several at once, change nothing.
pub async fn bring_into_line(app: &App, settings: Option<&Bootstrap>) -> Result<(), BootstrapError> {
    let mut keys = Vec::new();
    for key in settings.iter().flat_map(|settings| &settings.keys) {
        keys.push(WantedKey::read(key, KeyId::new(app.uuid()))?);
    }
    for (index, key) in keys.iter().enumerate() {
        if let Some(other) = keys[..index].iter().find(|other| other.hash == key.hash) {
            return Err(BootstrapError::Refused(format!(
                "the keys `{}` and `{}` are the same; make each of its own",
                other.name, key.name
            )));
        }
    }
    let owner = match settings {
        Some(settings) => Some(WantedOwner::read(app, settings).await?),
        None => None,
    };
    app.db.write(Wanted { owner, keys, now: app.now() }, |tx, wanted| Box::pin(apply(tx, wanted))).await
}

struct Wanted {
    owner: Option<WantedOwner>,
    keys: Vec<WantedKey>,
    now: Time,
}

/// Whose keys they are.
struct WantedOwner {
    organization: String,
    username: String,
    /// What is made where there is nobody yet.
    new: Option<NewOrganization>,
}

#[derive(Clone)]
struct WantedKey {
    id: KeyId,
    name: String,
    hash: String,
    scopes: Vec<String>,
    addresses: Vec<String>,
}

/// A key of earlier settings, as it is in the database.
struct ConfiguredKey {
    id: KeyId,
    organization: OrganizationId,
    user: UserId,
    name: String,
    hash: String,
    scopes: Vec<String>,
    addresses: Vec<String>,
}

impl WantedOwner {
    async fn read(app: &App, settings: &Bootstrap) -> Result<Self, BootstrapError> {
        let (organization, username) = (settings.organization.clone(), settings.username.clone());
        // The file may be gone once the user is there: the password is theirs from then on.
        if store::has_users(&mut &app.db).await? {
            return Ok(Self { organization, username, new: None });
        }
        let password = settings.password_file.as_deref().map(|path| read(path, "the password")).transpose()?;
        let password = password.map(|text| text.trim_end_matches(['\n', '\r']).to_owned());
        refuse(organization_errors(&organization, &username, password.as_deref(), "/organization"), "")?;
        let new = NewOrganization::prepare(app, organization.clone(), username.clone(), password, First::Operator).await?;
        Ok(Self { organization, username, new: Some(new) })
    }
}

impl WantedKey {
    fn read(key: &BootstrapKey, id: KeyId) -> Result<Self, BootstrapError> {
        let mut errors = Vec::new();
        errors.extend(name_problem(&key.name).map(|detail| FieldError::new("/name", detail)));
        // The host may give away every right: there is no key or session whose rights would be the limit.
        let host = Via::Key { id, name: String::new(), scopes: Vec::new(), addresses: Vec::new(), signed_in: false, expires_at: None };
        errors.extend(check_scopes(&key.scopes, &host));
        errors.extend(check_addresses(&key.addresses));
        refuse(errors, &format!("the key `{}`: ", key.name))?;
        let text = read(&key.key_file, &format!("the key `{}`", key.name))?;
        let secret = text.trim();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        if !(KEY_LEN_MIN..=KEY_LEN_MAX).contains(&secret.len()) || !secret.chars().all(allowed) {
            let file = key.key_file.display();
            return Err(BootstrapError::Refused(format!(
                "{file} holds no key of {KEY_LEN_MIN} to {KEY_LEN_MAX} letters, digits, `-`, `_`, `.` and `~`; make one with `openssl rand -hex 32`"
            )));
        }
        let (scopes, addresses) = (key.scopes.clone(), key.addresses.clone());
        Ok(Self { id, name: key.name.clone(), hash: token_hash(secret), scopes, addresses })
    }

    fn is(&self, there: &ConfiguredKey, (organization, user): (OrganizationId, UserId)) -> bool {
        (there.organization, there.user) == (organization, user)
            && (&there.name, &there.hash) == (&self.name, &self.hash)
            && (&there.scopes, &there.addresses) == (&self.scopes, &self.addresses)
    }
}

async fn apply(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<(), BootstrapError> {
    let owner = match &wanted.owner {
        Some(owner) => Some(ensure_owner(tx, owner, wanted.now).await?),
        None => None,
    };
    let there = configured_keys(tx).await?;
    let is_wanted = |there: &ConfiguredKey| owner.is_some_and(|owner| wanted.keys.iter().any(|key| key.is(there, owner)));
    for key in there.iter().filter(|key| !is_wanted(key)) {
        store::delete_key(tx, key.id).await?;
        say(tx, key.organization, "key.removed", key.id, &serde_json::json!({"name": key.name, "configured": true}), wanted.now).await?;
        tracing::info!(key = key.name, "a key of earlier settings was removed");
    }
    let Some(owner) = owner else { return Ok(()) };
    for key in wanted.keys.iter().filter(|key| !there.iter().any(|there| key.is(there, owner))) {
        if tx.row(sql!("SELECT 1 AS one FROM api_key WHERE key_hash = $1"), args![&key.hash]).await?.is_some() {
            return Err(BootstrapError::Refused(format!("the key `{}` is in use already, as somebody's own; make another", key.name)));
        }
        insert_key(tx, key, owner, wanted.now).await?;
        let detail = serde_json::json!({"name": key.name, "scopes": key.scopes, "addresses": key.addresses, "configured": true});
        say(tx, owner.0, "key.created", key.id, &detail, wanted.now).await?;
        tracing::info!(key = key.name, "a key of the settings was made");
    }
    Ok(())
}

/// The organization and the user of the settings; made where there is nobody at all.
async fn ensure_owner(tx: &mut Tx<'_>, owner: &WantedOwner, now: Time) -> Result<(OrganizationId, UserId), BootstrapError> {
    if let Some(new) = &owner.new
        && !store::has_users(tx).await?
    {
        new.insert(tx, host(new.id), now).await?;
    }
    let sql = sql!(
        "SELECT o.id AS organization_id, u.id AS user_id FROM user_account u JOIN organization o ON o.id = u.organization_id \
         WHERE o.name = $1 AND u.username = $2"
    );
    match tx.row(sql, args![&owner.organization, &owner.username]).await? {
        Some(row) => Ok((row.get("organization_id")?, row.get("user_id")?)),
        None => Err(BootstrapError::Refused(format!(
            "this server is set up, and has no user `{}` in an organization `{}`; name one that it has, or take the settings away",
            owner.username, owner.organization
        ))),
    }
}

async fn configured_keys(tx: &mut Tx<'_>) -> Result<Vec<ConfiguredKey>, DbError> {
    let sql = sql!("SELECT id, organization_id, user_id, name, key_hash, scopes, addresses FROM api_key WHERE configured = 1 ORDER BY id");
    let rows = tx.rows(sql, args![]).await?;
    rows.iter()
        .map(|row| {
            Ok(ConfiguredKey {
                id: row.get("id")?,
                organization: row.get("organization_id")?,
                user: row.get("user_id")?,
                name: row.get("name")?,
                hash: row.get("key_hash")?,
                scopes: row.json("scopes")?,
                addresses: row.json("addresses")?,
            })
        })
        .collect()
}

async fn insert_key(tx: &mut Tx<'_>, key: &WantedKey, owner: (OrganizationId, UserId), now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO api_key (id, organization_id, user_id, name, key_hash, scopes, addresses, signed_in, created_at, configured) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 1)"
    );
    let [scopes, addresses] = [&key.scopes, &key.addresses].map(|list| serde_json::json!(list).to_string());
    tx.execute(sql, args![key.id, owner.0, owner.1, &key.name, &key.hash, scopes, addresses, now]).await.map(|_| ())
}

/// Writes what the host did into the log, and tells who follows.
async fn say(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    name: &'static str,
    key: KeyId,
    detail: &serde_json::Value,
    now: Time,
) -> Result<(), DbError> {
    let subject = key.to_string();
    record(tx, &host(organization), now, name, &subject, detail).await?;
    tx.announce(Announce { organization, name, subject: &subject, at: now, data: detail }).await
}

fn host(organization: OrganizationId) -> Actor {
    Actor::without_request(organization, "host", String::new(), "settings".to_owned(), String::new())
}

fn read(path: &Path, what: &str) -> Result<String, BootstrapError> {
    std::fs::read_to_string(path)
        .map_err(|error| BootstrapError::Refused(format!("{what} cannot be read from {}: {error}", path.display())))
}

/// One line for everything that is wrong.
fn refuse(errors: Vec<FieldError>, of: &str) -> Result<(), BootstrapError> {
    if errors.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.pointer.trim_start_matches('/'), error.detail)).collect();
    Err(BootstrapError::Refused(format!("{of}{}", texts.join("; "))))
}
