//! The keys of webhooks: sealed at rest, several at a time while one takes over from another.

use taskey_proto::Time;
use taskey_proto::crypto::CryptoError;
use taskey_proto::id::{OrganizationId, WebhookId};
use taskey_proto::standard_webhooks::{KeyError, PrivateKey, PublicKey, Secret, SigningKey, VerifyingKey};
use taskey_proto::webhooks::{Signing, WebhookKey};

use super::store;
use crate::app::App;
use crate::platform::db::{Db, DbError};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;
use crate::platform::vault::{Sealed, Vault, VaultError};

/// Whose value it is, to the vault.
fn context(organization: OrganizationId, webhook: WebhookId) -> String {
    format!("webhook {webhook} of {organization}")
}

/// A key as it is stored.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub shown: WebhookKey,
    pub sealed: Sealed,
}

impl KeyRow {
    fn seal(vault: &Vault, organization: OrganizationId, webhook: WebhookId, shown: WebhookKey, text: &str) -> ApiResult<Self> {
        let sealed = vault.seal(&context(organization, webhook), text.as_bytes()).map_err(ApiError::internal)?;
        Ok(Self { shown, sealed })
    }

    /// The key of an application that signs its posts with the half that it kept: it signs nothing here.
    pub fn others_public_key(&self) -> Option<&str> {
        self.shown.public_key.as_deref().filter(|_| self.shown.imported)
    }
}

/// A new key: as it is stored, and what its receiver is told once.
pub struct NewKey {
    pub row: KeyRow,
    pub told: String,
}

pub fn make(
    vault: &Vault,
    organization: OrganizationId,
    webhook: WebhookId,
    signing: Signing,
    number: u32,
    now: Time,
) -> ApiResult<NewKey> {
    let failed = |error: CryptoError| ApiError::internal(error);
    let (text, public_key) = match signing {
        Signing::Hmac => (Secret::generate().map_err(failed)?.to_string(), None),
        Signing::Ed25519 => {
            let key = PrivateKey::generate().map_err(failed)?;
            (key.to_string(), Some(key.public_key().to_string()))
        }
    };
    let told = public_key.clone().unwrap_or_else(|| text.clone());
    let shown = WebhookKey { number, signing, public_key, imported: false, created_at: now, expires_at: None };
    Ok(NewKey { row: KeyRow::seal(vault, organization, webhook, shown, &text)?, told })
}

/// The key of an application that has one: `whsec_…`, or of `ed25519` its public half `whpk_…`.
pub fn import(
    vault: &Vault,
    organization: OrganizationId,
    webhook: WebhookId,
    signing: Signing,
    text: &str,
    number: u32,
    now: Time,
) -> ApiResult<KeyRow> {
    let wrong = |error: KeyError| ApiError::invalid_field("/secret", error.to_string());
    let public_key = match signing {
        Signing::Hmac => text.parse::<Secret>().map(|_| None).map_err(wrong)?,
        Signing::Ed25519 => Some(text.parse::<PublicKey>().map_err(wrong)?.to_string()),
    };
    let shown = WebhookKey { number, signing, public_key, imported: true, created_at: now, expires_at: None };
    KeyRow::seal(vault, organization, webhook, shown, text)
}

async fn valid_keys(app: &App, webhook: WebhookId) -> ApiResult<impl Iterator<Item = KeyRow>> {
    let now = app.now();
    let rows = store::keys_of_webhook(&mut &app.db, webhook).await?;
    Ok(rows.into_iter().filter(move |row| row.shown.expires_at.is_none_or(|at| at > now)))
}

/// The keys that sign now, the newest first, with their numbers.
pub async fn signing_keys(app: &App, organization: OrganizationId, webhook: WebhookId) -> ApiResult<Vec<(u32, SigningKey)>> {
    let keys = valid_keys(app, webhook).await?.filter(|row| row.others_public_key().is_none());
    keys.map(|row| Ok((row.shown.number, open(&app.vault, organization, webhook, &row)?))).collect()
}

/// The keys by which signed posts are verified now.
pub async fn verifying_keys(app: &App, organization: OrganizationId, webhook: WebhookId) -> ApiResult<Vec<VerifyingKey>> {
    let verifying = |row: KeyRow| match row.others_public_key() {
        Some(key) => key.parse().map(VerifyingKey::Ed25519).map_err(ApiError::internal),
        None => open(&app.vault, organization, webhook, &row).map(|key| key.verifying_key()),
    };
    valid_keys(app, webhook).await?.map(verifying).collect()
}

fn open(vault: &Vault, organization: OrganizationId, webhook: WebhookId, row: &KeyRow) -> ApiResult<SigningKey> {
    let plain = vault.open_sealed(&context(organization, webhook), &row.sealed).map_err(ApiError::internal)?;
    let text = String::from_utf8(plain).map_err(|_| ApiError::internal("a webhook's key is no text"))?;
    match row.shown.signing {
        Signing::Hmac => text.parse().map(SigningKey::Hmac).map_err(ApiError::internal),
        Signing::Ed25519 => text.parse().map(SigningKey::Ed25519).map_err(ApiError::internal),
    }
}

/// Wraps every key anew under the newest master key, as far as that is another one; how many there were.
pub async fn rewrap_keys(db: &Db, vault: &Vault) -> Result<u64, RewrapError> {
    let newest = vault.current_key().unwrap_or_default();
    let mut count = 0;
    loop {
        let rows = store::keys_under_others(db, newest).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for (organization, webhook, row) in rows {
            let sealed = vault.rewrap(&context(organization, webhook), &row.sealed)?;
            store::replace_wrapping(db, webhook, row.shown.number, sealed).await?;
            count += 1;
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
}
