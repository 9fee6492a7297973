//! What can be done with devices, one function a verb.

use taskey_proto::Time;
use taskey_proto::agent::{Enroll, Enrolled};
use taskey_proto::crypto::{self, base64url, hex, sha256};
use taskey_proto::devices::{CreateEnrollToken, CreatedEnrollToken, Device, EditDevice, Labels, check_labels};
use taskey_proto::id::{DeviceId, EnrollTokenId, OrganizationId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::tasks::name_problem;
use taskey_proto::{PROTOCOL, Span};

use super::model::free_name;
use super::store;
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Verb};
use crate::install;
use crate::platform::db::Tx;
use crate::platform::db::events::Announce;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};
use crate::platform::tls::AgentTrust;

const TOKEN_USES_MAX: u32 = 10_000;
const REKEY_TTL: Span = Span::from_secs(3_600);
const TOKEN_TTL_MAX: Span = Span::from_secs(30 * 86_400);
const FACTS_LEN_MAX: usize = 64 * 1024;

pub(super) async fn create_enroll_token(app: &App, permit: &Permit, create: CreateEnrollToken) -> ApiResult<CreatedEnrollToken> {
    let mut errors = check_labels("/labels", &create.labels);
    if create.uses == 0 || create.uses > TOKEN_USES_MAX {
        errors.push(FieldError::new("/uses", format!("1 to {TOKEN_USES_MAX}")));
    }
    if create.ttl.ms() == 0 || create.ttl > TOKEN_TTL_MAX {
        errors.push(FieldError::new("/ttl", format!("more than 0s and at most {TOKEN_TTL_MAX}")));
    }
    check(errors)?;
    let made = make_token(app, permit, create.uses, create.ttl, create.labels, None).await?;
    let command = format!(
        "printf %s '{}' | sudo taskeyd enroll --server {} --token-file - --state /var/lib/taskey-agent\n\
         sudo taskeyd run --state /var/lib/taskey-agent",
        made.token, app.public_url
    );
    Ok(CreatedEnrollToken { command, install: install::command(app), ..made })
}

/// A token that gives one device new keys.
pub(super) async fn rekey_device(app: &App, permit: &Permit, word: &str) -> ApiResult<CreatedEnrollToken> {
    // Whoever gets the keys is the device, with its secrets and its runs: that is more than to let another one in.
    permit.also(Verb::WriteDevices)?;
    let device = store::device_of_organization(&mut &app.db, permit.organization(), word).await?.ok_or_else(no_device)?.device;
    let made = make_token(app, permit, 1, REKEY_TTL, Labels::new(), Some(device.id)).await?;
    let command = format!(
        "printf %s '{}' | sudo taskeyd enroll --rekey --server {} --token-file - --state /var/lib/taskey-agent",
        made.token, app.public_url
    );
    Ok(CreatedEnrollToken { command, ..made })
}

async fn make_token(
    app: &App,
    permit: &Permit,
    uses: u32,
    ttl: Span,
    labels: Labels,
    device: Option<DeviceId>,
) -> ApiResult<CreatedEnrollToken> {
    let now = app.now();
    let secret = format!("enr_{}", base64url(&crypto::random::<24>().map_err(ApiError::internal)?));
    let trust = match &app.agent_trust {
        AgentTrust::SigningKey => app.keys.signing.public_key().fingerprint(),
        AgentTrust::Roots(certificates) => certificates.fingerprints().into_iter().next().unwrap_or_default(),
        AgentTrust::WebPki => "webpki".to_owned(),
    };
    let token = format!("{secret}.{trust}");
    let expires_at = now.plus_ms(ttl.ms() as i64);
    let new = store::NewToken { id: EnrollTokenId::new(app.uuid()), token_hash: hash(&secret), uses, labels, device, expires_at };
    let id = new.id;
    let input = (Actor::from(permit), new, now);
    app.db
        .write(input, |tx, (actor, new, now)| {
            Box::pin(async move {
                store::insert_token(tx, actor.organization, new, *now).await?;
                let detail =
                    serde_json::json!({"uses": new.uses, "expires_at": new.expires_at, "labels": new.labels, "device": new.device});
                record(tx, actor, *now, "enroll_token.created", &new.id.to_string(), &detail).await
            })
        })
        .await
        .map_err(ApiError::from)?;
    Ok(CreatedEnrollToken { id, token, expires_at, command: String::new(), install: None })
}

fn hash(secret: &str) -> String {
    hex(&sha256(secret.as_bytes()))
}

struct EnrollInput {
    token_hash: String,
    wanted: String,
    device: store::NewDevice,
    /// The device that the agent says it is, where it asks for new keys.
    claimed: Option<DeviceId>,
    address: String,
    request: String,
    now: Time,
}

impl EnrollInput {
    /// The device itself, which acts by the token that it holds.
    fn actor(&self, organization: OrganizationId, id: &str, name: &str) -> Actor {
        Actor {
            organization,
            kind: "device",
            id: id.to_owned(),
            name: name.to_owned(),
            address: self.address.clone(),
            request: self.request.clone(),
        }
    }
}

/// Lets a device in that holds a valid token.
pub(super) async fn enroll(app: &App, address: &str, request: &str, enroll: Enroll) -> ApiResult<Enrolled> {
    let now = app.now();
    if let Some(closed) = app.sign_in_throttle.tokens_closed(address, now) {
        let refused = ApiError::new(Code::TooManyAttempts, "Ten wrong tokens from here; try again in five minutes.");
        return Err(refused.retry_after(closed.retry_after_secs(now)));
    }
    let mut errors = Vec::new();
    if let Some(detail) = name_problem(&enroll.name) {
        errors.push(FieldError::new("/name", detail));
    }
    if enroll.facts.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > FACTS_LEN_MAX {
        errors.push(FieldError::new("/facts", format!("at most {FACTS_LEN_MAX} bytes")));
    }
    if enroll.protocol == 0 || enroll.protocol > PROTOCOL {
        errors.push(FieldError::new("/protocol", format!("this server speaks protocol {PROTOCOL}; update it, or take an older agent")));
    }
    check(errors)?;
    let device = store::NewDevice {
        id: DeviceId::new(app.uuid()),
        signing_key: enroll.signing_key,
        sealing_key: enroll.sealing_key,
        facts: enroll.facts,
        agent_version: enroll.agent_version,
    };
    let input = EnrollInput {
        token_hash: hash(&enroll.token),
        wanted: enroll.name,
        device,
        claimed: enroll.device,
        address: address.to_owned(),
        request: request.to_owned(),
        now,
    };
    let joined = app
        .db
        .write(input, |tx, input| {
            Box::pin(async move {
                let Some(token) = store::use_token(tx, &input.token_hash, input.now).await? else {
                    return Err(ApiError::new(Code::InvalidEnrollToken, "Make a new one with `taskey enroll-tokens create`."));
                };
                match (token.device, input.claimed) {
                    (None, None) => {}
                    (Some(device), claimed) if claimed.is_none_or(|claimed| claimed == device) => {
                        return rekey(tx, input, &token, device).await;
                    }
                    _ => return Err(ApiError::new(Code::InvalidEnrollToken, "Make one for this device with `taskey devices rekey`.")),
                }
                let taken = store::names_like(tx, token.organization, &input.wanted).await?;
                let name = free_name(&input.wanted, |name| taken.iter().any(|taken| taken == name));
                store::insert_device(tx, token.organization, &input.device, &name, &token.labels, input.now).await?;
                let subject = input.device.id.to_string();
                let actor = input.actor(token.organization, &subject, &name);
                let data = serde_json::json!({"name": name, "token": token.id, "key": input.device.signing_key.fingerprint()});
                record(tx, &actor, input.now, "device.enrolled", &subject, &data).await?;
                let event =
                    Announce { organization: token.organization, name: "device.enrolled", subject: &subject, at: input.now, data: &data };
                tx.announce(event).await?;
                Ok((input.device.id, name, token.organization_name))
            })
        })
        .await;
    match joined {
        Ok((device, name, organization)) => {
            // A line under earlier keys ends; a new device has none.
            app.lines.cut(device);
            Ok(Enrolled { device, name, organization, server: app.instance, epoch: app.epoch })
        }
        Err(refused) => {
            if refused.code == Code::InvalidEnrollToken {
                app.sign_in_throttle.token_failed(address, now);
            }
            Err(refused)
        }
    }
}

/// The device of a token gets the keys that came with it.
async fn rekey(tx: &mut Tx<'_>, input: &EnrollInput, token: &store::TokenUse, id: DeviceId) -> ApiResult<(DeviceId, String, String)> {
    let name = store::give_keys(tx, id, &input.device).await?.ok_or_else(no_device)?;
    let subject = id.to_string();
    let actor = input.actor(token.organization, &subject, &name);
    let data = serde_json::json!({"name": name, "token": token.id, "key": input.device.signing_key.fingerprint()});
    record(tx, &actor, input.now, "device.rekeyed", &subject, &data).await?;
    tx.announce(Announce { organization: token.organization, name: "device.changed", subject: &subject, at: input.now, data: &data })
        .await?;
    Ok((id, name, token.organization_name.clone()))
}

struct EditInput {
    actor: Actor,
    word: String,
    edit: EditDevice,
    if_match: Option<u64>,
    now: Time,
}

/// Renames a device or changes its labels.
pub(super) async fn edit_device(
    app: &App,
    permit: &Permit,
    word: String,
    edit: EditDevice,
    if_match: Option<u64>,
) -> ApiResult<store::DeviceRow> {
    let mut errors: Vec<FieldError> = edit.labels.iter().flat_map(|labels| check_labels("/labels", labels)).collect();
    errors.extend(edit.name.as_deref().and_then(name_problem).map(|detail| FieldError::new("/name", detail)));
    check(errors)?;
    let input = EditInput { actor: Actor::from(permit), word, edit, if_match, now: app.now() };
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                let organization = input.actor.organization;
                let before = store::device_of_organization(tx, organization, &input.word).await?.ok_or_else(no_device)?;
                if input.if_match.is_some_and(|revision| revision != before.revision) {
                    return Err(ApiError::new(Code::PreconditionFailed, "Read the device again and decide anew."));
                }
                let id = before.device.id;
                let name = input.edit.name.as_ref().unwrap_or(&before.device.name);
                let labels = input.edit.labels.as_ref().unwrap_or(&before.device.labels);
                if store::name_taken(tx, organization, name, id).await? {
                    return Err(ApiError::new(Code::NameTaken, format!("Another device is called `{name}`.")));
                }
                store::update_device(tx, id, name, labels).await?;
                let subject = id.to_string();
                let summary = |device: &Device| serde_json::json!({"name": device.name, "labels": device.labels});
                let after = store::device_of_organization(tx, organization, &subject).await?.ok_or_else(no_device)?;
                let data = serde_json::json!({"before": summary(&before.device), "after": summary(&after.device)});
                record(tx, &input.actor, input.now, "device.changed", &subject, &data).await?;
                tx.announce(Announce { organization, name: "device.changed", subject: &subject, at: input.now, data: &data }).await?;
                Ok(after)
            })
        })
        .await
}

/// Removes a device: its line is cut, its credential refused, its id never used again.
pub(super) async fn remove_device(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), word, app.now());
    let id = app
        .db
        .write(input, |tx, (actor, word, now)| {
            Box::pin(async move {
                let organization = actor.organization;
                let device = store::device_of_organization(tx, organization, word).await?.ok_or_else(no_device)?.device;
                store::remove_device(tx, device.id, *now).await?;
                let subject = device.id.to_string();
                let data = serde_json::json!({"name": device.name});
                record(tx, actor, *now, "device.removed", &subject, &data).await?;
                tx.announce(Announce { organization, name: "device.removed", subject: &subject, at: *now, data: &data }).await?;
                Ok::<_, ApiError>(device.id)
            })
        })
        .await?;
    app.lines.cut(id);
    Ok(())
}

pub(super) fn no_device() -> ApiError {
    ApiError::not_found("device")
}
