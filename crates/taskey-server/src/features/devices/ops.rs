//! What can be done with devices, one function a verb.

use taskey_proto::Time;
use taskey_proto::agent::{Enroll, Enrolled};
use taskey_proto::crypto::{self, base64url, hex, sha256};
use taskey_proto::devices::{CreateEnrollToken, CreatedEnrollToken, Device, EditDevice, Labels, check_labels};
use taskey_proto::id::{DeviceGroupId, DeviceId, EnrollTokenId, OrganizationId};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::selector::Selector;
use taskey_proto::tasks::name_problem;
use taskey_proto::{PROTOCOL, Span};

use super::groups::{groups_named, join_groups};
use super::model::free_name;
use super::store;
use super::targets::{Looker, select};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::accounts::{Permit, Scope, Verb};
use crate::install;
use crate::platform::db::events::Announce;
use crate::platform::db::{Source, Tx};
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
    let groups = groups_named(app, permit, &create.groups).await?;
    let made = make_token(app, permit, create.uses, create.ttl, Joins { labels: create.labels, groups, device: None }).await?;
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
    let permit = &permit.also(Verb::WriteDevices)?;
    let found = find_device(&mut &app.db, permit, word).await?;
    permit.there(&found.scopes(), &found.device.name)?;
    let device = found.device;
    let made = make_token(app, permit, 1, REKEY_TTL, Joins { device: Some(device.id), ..Joins::default() }).await?;
    let command = format!(
        "printf %s '{}' | sudo taskeyd enroll --rekey --server {} --token-file - --state /var/lib/taskey-agent",
        made.token, app.public_url
    );
    Ok(CreatedEnrollToken { command, ..made })
}

/// What a token does for whoever joins with it.
#[derive(Default)]
struct Joins {
    labels: Labels,
    groups: Vec<DeviceGroupId>,
    /// The device that it gives new keys to.
    device: Option<DeviceId>,
}

async fn make_token(app: &App, permit: &Permit, uses: u32, ttl: Span, joins: Joins) -> ApiResult<CreatedEnrollToken> {
    let now = app.now();
    let secret = format!("enr_{}", base64url(&crypto::random::<24>().map_err(ApiError::internal)?));
    let trust = match &app.agent_trust {
        AgentTrust::SigningKey => app.keys.signing.public_key().fingerprint(),
        AgentTrust::Roots(certificates) => certificates.fingerprints().into_iter().next().unwrap_or_default(),
        AgentTrust::WebPki => "webpki".to_owned(),
    };
    let token = format!("{secret}.{trust}");
    let expires_at = now.plus_ms(ttl.ms() as i64);
    let Joins { labels, groups, device } = joins;
    let new = store::NewToken { id: EnrollTokenId::new(app.uuid()), token_hash: hash(&secret), uses, labels, groups, device, expires_at };
    let id = new.id;
    let input = (Actor::from(permit), new, now);
    app.db
        .write(input, |tx, (actor, new, now)| {
            Box::pin(async move {
                store::insert_token(tx, actor.organization, new, *now).await?;
                let detail =
                    serde_json::json!({"uses": new.uses, "expires_at": new.expires_at, "labels": new.labels, "groups": new.groups, "device": new.device});
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
            user: None,
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
                join_groups(tx, input.device.id, &token.groups).await?;
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
    permit: Permit,
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
    let input = EditInput { actor: Actor::from(permit), permit: permit.clone(), word, edit, if_match, now: app.now() };
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                let organization = input.actor.organization;
                let before = find_device(tx, &input.permit, &input.word).await?;
                input.permit.there(&before.scopes(), &before.device.name)?;
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
    let input = (Actor::from(permit), permit.clone(), word, app.now());
    let id = app
        .db
        .write(input, |tx, (actor, permit, word, now)| {
            Box::pin(async move {
                let organization = actor.organization;
                let found = find_device(tx, permit, word).await?;
                permit.there(&found.scopes(), &found.device.name)?;
                let device = found.device;
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

/// The devices that this permit may see after `after`, by name, at most `limit`; with a selector those that match it.
pub(super) async fn list_devices(
    app: &App,
    permit: &Permit,
    selector: Option<&Selector>,
    after: Option<String>,
    limit: usize,
) -> ApiResult<Vec<Device>> {
    let rows = match selector {
        None => store::devices_of_organization(&app.db, permit.sight(), None, after, limit).await?,
        Some(selector) => {
            let looker = Looker { sight: permit.sight(), sees_group: |group| permit.sees(&[Scope::DeviceGroup(group)]) };
            let selected = select(&mut &app.db, &looker, selector, after, limit).await?;
            let ids: Vec<DeviceId> = selected.iter().map(|target| target.id).collect();
            store::devices_of_ids(&app.db, permit.organization(), &ids).await?
        }
    };
    Ok(rows.into_iter().map(|row| shown(row, permit)).collect())
}

/// A device that this permit may see, by its id or name.
pub async fn find_device(source: &mut impl Source, permit: &Permit, word: &str) -> ApiResult<store::DeviceRow> {
    let found = store::device_of_organization(source, permit.organization(), word).await?;
    found.filter(|found| permit.sees(&found.scopes())).ok_or_else(no_device)
}

/// A device as this permit may see it: with those of its groups, and what may be done.
pub(super) fn shown(row: store::DeviceRow, permit: &Permit) -> Device {
    let role = permit.role_in(&row.scopes());
    let seen = row.groups.into_iter().filter(|group| permit.sees(&[Scope::DeviceGroup(group.id)]));
    Device { groups: seen.map(|group| group.name).collect(), role, ..row.device }
}

pub(super) fn no_device() -> ApiError {
    ApiError::not_found("device")
}
