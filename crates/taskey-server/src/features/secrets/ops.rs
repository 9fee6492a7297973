//! What can be done with secrets, one function a verb, and how they reach a device.

use std::fmt::Display;
use taskey_proto::Time;
use taskey_proto::crypto::PublicKey;
use taskey_proto::id::{DeviceId, OrganizationId, SecretId};
use taskey_proto::problem::FieldError;
use taskey_proto::secrets::{SealedSecret, Secret, SetSecret};
use taskey_proto::tasks::name_problem;

use super::store;
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::features::devices::sealing_key;
use crate::platform::db::Db;
use crate::platform::db::events::Announce;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};
use crate::platform::vault::{Sealed, Vault, VaultError};

/// Whose value it is, to the vault.
fn context(organization: OrganizationId) -> String {
    format!("secret of {organization}")
}

struct SetInput {
    actor: Actor,
    word: String,
    sealed: Sealed,
    id: SecretId,
    now: Time,
}

/// Gives a secret a value, making it where there is none of that name.
pub(super) async fn set_secret(app: &App, permit: &Permit, word: String, set: SetSecret) -> ApiResult<Secret> {
    let names_an_id = word.parse::<SecretId>().is_ok();
    let mut errors = set.errors();
    if !names_an_id && let Some(detail) = name_problem(&word) {
        errors.push(FieldError::new("/name", detail));
    }
    check(errors)?;
    let sealed = app.vault.seal(&context(permit.organization()), set.value.as_bytes()).map_err(ApiError::internal)?;
    let input = SetInput { actor: Actor::from(permit), word, sealed, id: SecretId::new(app.uuid()), now: app.now() };
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                let (actor, now) = (&input.actor, input.now);
                let organization = actor.organization;
                let id = match store::secret_of_organization(tx, organization, &input.word).await? {
                    Some(before) => {
                        store::update_value(tx, before.id, &input.sealed, now, &actor.name).await?;
                        before.id
                    }
                    // An id is never a name: whoever names one means a secret that is there.
                    None if input.word.parse::<SecretId>().is_ok() => return Err(no_secret()),
                    None => {
                        let name = input.word.clone();
                        let by = actor.name.clone();
                        let secret = Secret { id: input.id, name, version: 1, created_at: now, updated_at: now, updated_by: by };
                        store::insert_secret(tx, organization, &secret, &input.sealed).await?;
                        input.id
                    }
                };
                let subject = id.to_string();
                let secret = store::secret_of_organization(tx, organization, &subject).await?.ok_or_else(no_secret)?;
                let data = serde_json::json!({"name": secret.name, "version": secret.version});
                record(tx, actor, now, "secret.changed", &subject, &data).await?;
                tx.announce(Announce { organization, name: "secret.changed", subject: &subject, at: now, data: &data }).await?;
                Ok(secret)
            })
        })
        .await
}

pub(super) async fn remove_secret(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), word, app.now());
    app.db
        .write(input, |tx, (actor, word, now)| {
            Box::pin(async move {
                let organization = actor.organization;
                let secret = store::secret_of_organization(tx, organization, word).await?.ok_or_else(no_secret)?;
                store::delete_secret(tx, secret.id).await?;
                let subject = secret.id.to_string();
                let data = serde_json::json!({"name": secret.name});
                record(tx, actor, *now, "secret.removed", &subject, &data).await?;
                tx.announce(Announce { organization, name: "secret.removed", subject: &subject, at: *now, data: &data }).await?;
                Ok(())
            })
        })
        .await
}

pub(super) fn no_secret() -> ApiError {
    ApiError::not_found("secret")
}

/// The values of secrets on one device, for one execution or schedule (`purpose` is its id). One that is gone, or cannot be opened, is left out: the device then says which one
/// it lacks, and nothing starts without it.
pub async fn seal_for(app: &App, device: DeviceId, purpose: &(dyn Display + Sync), names: &[String]) -> Vec<SealedSecret> {
    let (organization, key) = match sealing_key(&app.db, device).await {
        Ok(Some(found)) => found,
        Ok(None) => return Vec::new(),
        Err(error) => {
            tracing::error!(%error, "a device's sealing key was not read");
            return Vec::new();
        }
    };
    let mut sealed = Vec::with_capacity(names.len());
    for name in names {
        match seal_one(app, organization, &key, purpose, name).await {
            Ok(secret) => sealed.extend(secret),
            Err(error) => tracing::error!(%error, secret = name, %organization, "a secret was not sealed"),
        }
    }
    sealed
}

async fn seal_one(
    app: &App,
    organization: OrganizationId,
    device: &PublicKey,
    purpose: &(dyn Display + Sync),
    name: &str,
) -> anyhow::Result<Option<SealedSecret>> {
    let Some(stored) = store::stored_secret(&app.db, organization, name).await? else { return Ok(None) };
    let value = app.vault.open_sealed(&context(organization), &stored.sealed)?;
    Ok(Some(SealedSecret::seal(name, stored.version, &value, device, &purpose)?))
}

/// Makes a new master key and wraps every secret's data key with it; how many there were. A server may be running on the same data.
pub async fn rotate(db: &Db, vault: &Vault) -> anyhow::Result<(u32, u64)> {
    let key = vault.add_key()?;
    let mut count = 0;
    loop {
        let secrets = store::secrets_under_other_keys(db, key).await?;
        if secrets.is_empty() {
            return Ok((key, count));
        }
        for secret in secrets {
            let sealed = vault.rewrap(&context(secret.organization), &secret.sealed);
            let sealed = sealed.map_err(|error: VaultError| anyhow::anyhow!("the secret {}: {error}", secret.id))?;
            let input = (secret.id, secret.version, sealed);
            db.write(input, |tx, (id, version, sealed)| Box::pin(store::set_wrapped(tx, *id, *version, sealed))).await?;
            count += 1;
        }
    }
}
