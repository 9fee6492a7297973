//! What can be done with webhooks, one function a verb.

use taskey_proto::Time;
use taskey_proto::id::{DeliveryId, ItemTypeId, WebhookId};
use taskey_proto::problem::{Code, FieldError, Reason};
use taskey_proto::selector::Selector;
use taskey_proto::tasks::name_problem;
use taskey_proto::webhooks::{
    BODY_TEMPLATE_LEN_MAX, BodyKind, Delivery, EVENTS, RecoverDeliveries, Recovered, RotateWebhookKey, URL_LEN_MAX, Webhook, WebhookSpec,
    WebhookState,
};

use super::body::{self, Told};
use super::keys::{self, NewKey};
use super::outbox::{self, WEBHOOKS_MAX};
use super::store::{self, WebhookRow};
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::features::inbox;
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Source, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};
use crate::platform::template::{Template, evaluate};

/// How long an older key signs beside a new one.
const OVERLAP_MS: i64 = 24 * 3_600_000;
const OVERLAP_MAX_MS: i64 = 90 * 86_400_000;
/// Field rules of a webhook that takes posts in.
const RULES_MAX: usize = 200;

struct Write {
    actor: Actor,
    id: WebhookId,
    name: String,
    spec: WebhookSpec,
    types: Vec<ItemTypeId>,
    now: Time,
}

/// Checks all that can be wrong with a webhook but for its name being taken; the types that it names.
async fn checked(app: &App, permit: &Permit, spec: &WebhookSpec) -> ApiResult<(String, Vec<ItemTypeId>)> {
    let mut errors = Vec::new();
    let mut add = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    if spec.url.is_none() && spec.inbound.is_none() {
        add("/url", "give it an address to deliver to, a rule for what it takes in (`inbound`), or both".to_owned());
    }
    let mut host = None;
    if let Some(url) = &spec.url {
        match app.egress.check_url(url) {
            _ if url.len() > URL_LEN_MAX => add("/url", format!("at most {URL_LEN_MAX} bytes")),
            Ok(url) => host = url.host_str().map(str::to_owned),
            Err(detail) => add("/url", detail),
        }
    }
    let name = spec.name.clone().or(host).unwrap_or_else(|| "inbound".to_owned());
    let name: String = name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' }).collect();
    let name = name.trim_start_matches(['-', '.']).to_owned();
    if let Some(detail) = spec.name.as_deref().and_then(name_problem) {
        add("/name", detail);
    }
    for (index, event) in spec.events.iter().enumerate() {
        if !EVENTS.contains(&event.as_str()) {
            add(&format!("/events/{index}"), format!("there is no event `{event}`; there are {}", EVENTS.join(", ")));
        }
    }
    if let Some(Err(error)) = spec.filter.as_deref().map(Selector::parse) {
        add("/filter", error.to_string());
    }
    match (spec.body, &spec.template) {
        (BodyKind::Template, None) => add("/template", "with `body: template` there has to be one".to_owned()),
        (BodyKind::Template, Some(text)) if text.len() > BODY_TEMPLATE_LEN_MAX => {
            add("/template", format!("at most {BODY_TEMPLATE_LEN_MAX} bytes"));
        }
        (BodyKind::Template, Some(text)) => {
            if let Err(detail) = Template::read(text).map(drop) {
                add("/template", detail);
            }
        }
        (_, Some(_)) => add("/template", "it is used with `body: template` alone".to_owned()),
        (_, None) => {}
    }
    if let Some(rule) = &spec.inbound {
        if rule.fields.len() > RULES_MAX {
            add("/inbound/fields", format!("at most {RULES_MAX} fields"));
        }
        let optional = [("external_id", &rule.external_id), ("when", &rule.when)];
        let texts = rule.fields.iter().map(|(name, text)| (format!("/inbound/fields/{name}"), text.as_str()));
        let texts = texts.chain(optional.iter().filter_map(|(name, text)| Some((format!("/inbound/{name}"), text.as_deref()?))));
        for (pointer, text) in texts {
            if let Err(detail) = evaluate(text, &serde_json::json!({"body": {}, "headers": {}})).map(drop) {
                add(&pointer, detail);
            }
        }
    }
    let mut types = Vec::new();
    for (index, word) in spec.types.iter().enumerate() {
        match inbox::type_named(app, permit.organization(), word).await? {
            Some(id) => types.push(id),
            None => errors.push(FieldError::new(format!("/types/{index}"), format!("there is no item type `{word}`"))),
        }
    }
    if let Some(rule) = &spec.inbound
        && inbox::type_named(app, permit.organization(), &rule.item_type).await?.is_none()
    {
        errors.push(FieldError::new("/inbound/type", format!("there is no item type `{}`", rule.item_type)));
    }
    check(errors)?;
    Ok((name, types))
}

pub async fn create_webhook(app: &App, permit: &Permit, spec: WebhookSpec) -> ApiResult<Webhook> {
    let (name, types) = checked(app, permit, &spec).await?;
    let id = WebhookId::new(app.uuid());
    let now = app.now();
    let NewKey { row: key, told } = keys::make(&app.vault, permit.organization(), id, spec.signing, 1, now)?;
    let write = Write { actor: Actor::from(permit), id, name, spec, types, now };
    let row = app
        .db
        .write((write, key), |tx, (write, key)| {
            Box::pin(async move {
                let organization = write.actor.organization;
                if store::count(tx, organization).await? >= WEBHOOKS_MAX {
                    return Err(ApiError::new(Code::Invalid, format!("There are {WEBHOOKS_MAX} webhooks; remove one first.")));
                }
                let name = free_name(tx, write, None).await?;
                let state = if write.spec.disabled { WebhookState::Disabled } else { WebhookState::Active };
                let row = WebhookRow {
                    id: write.id,
                    organization,
                    name,
                    spec: write.spec.clone(),
                    types: write.types.clone(),
                    state,
                    reason: None,
                    failing_since: None,
                    last_success_at: None,
                    version: 1,
                    created_at: write.now,
                    updated_at: write.now,
                    updated_by: write.actor.name.clone(),
                };
                store::insert_webhook(tx, &row).await?;
                store::insert_key(tx, row.id, key).await?;
                announce(tx, &write.actor, write.now, "webhook.created", &row).await?;
                Ok(row)
            })
        })
        .await?;
    Ok(Webhook { secret: Some(told), ..shown(app, row).await? })
}

/// The name that was asked for, or, where it comes from the address, the first one behind it that is free.
async fn free_name(tx: &mut Tx<'_>, write: &Write, except: Option<WebhookId>) -> ApiResult<String> {
    let organization = write.actor.organization;
    for number in 1..=WEBHOOKS_MAX + 1 {
        let name = if number == 1 { write.name.clone() } else { format!("{}-{number}", write.name) };
        let found = store::webhook_of_organization(tx, organization, &name).await?;
        if found.is_none_or(|found| Some(found.id) == except) {
            return Ok(name);
        }
        if write.spec.name.is_some() {
            break;
        }
    }
    Err(ApiError::new(Code::NameTaken, format!("Another webhook is called `{}`.", write.name)))
}

/// Replaces a webhook; one that was given up begins again. Its keys stay.
pub async fn replace_webhook(app: &App, permit: &Permit, word: String, spec: WebhookSpec, if_match: Option<u64>) -> ApiResult<Webhook> {
    let (name, types) = checked(app, permit, &spec).await?;
    let write = Write { actor: Actor::from(permit), id: WebhookId::new(app.uuid()), name, spec, types, now: app.now() };
    let row = app
        .db
        .write((write, word, if_match), |tx, (write, word, if_match)| {
            Box::pin(async move {
                let mut row = find_in(tx, &write.actor, word).await?;
                if if_match.is_some_and(|version| version != u64::from(row.version)) {
                    return Err(ApiError::new(Code::PreconditionFailed, "Read the webhook again and decide anew."));
                }
                if write.spec.signing != row.spec.signing {
                    let detail = "a webhook keeps its way of signing; make another one beside it";
                    return Err(ApiError::invalid_field("/signing", detail));
                }
                if write.spec.url.is_some() && signs_nothing(tx, row.id).await? {
                    let detail = "its key is the public one of an application, which signs no deliveries; make another webhook for them";
                    return Err(ApiError::invalid_field("/url", detail));
                }
                let state = if write.spec.disabled { WebhookState::Disabled } else { WebhookState::Active };
                if row.spec == write.spec && row.state == state {
                    return Ok(row);
                }
                row.name = match &write.spec.name {
                    Some(_) => free_name(tx, write, Some(row.id)).await?,
                    None => row.name,
                };
                row.spec = write.spec.clone();
                row.types.clone_from(&write.types);
                if state == WebhookState::Active && row.state != WebhookState::Active {
                    row.failing_since = None;
                }
                row.state = state;
                row.reason = None;
                row.version += 1;
                row.updated_at = write.now;
                row.updated_by.clone_from(&write.actor.name);
                store::update_webhook(tx, &row).await?;
                announce(tx, &write.actor, write.now, "webhook.changed", &row).await?;
                Ok(row)
            })
        })
        .await?;
    app.senders.wake(app, row.id);
    shown(app, row).await
}

/// Whether its newest key only verifies what others have signed.
async fn signs_nothing(tx: &mut Tx<'_>, id: WebhookId) -> Result<bool, DbError> {
    let keys = store::keys_of_webhook(tx, id).await?;
    Ok(keys.first().is_some_and(|key| key.others_public_key().is_some()))
}

/// Removes a webhook that no item type names.
pub async fn remove_webhook(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let found = find(app, permit, &word).await?;
    // A sender that is at it sees a webhook that is disabled, and ends.
    let input = (Actor::from(permit), found.id, app.now());
    app.db
        .write(input, |tx, (actor, id, now)| {
            Box::pin(async move {
                let Some(mut row) = store::webhook(tx, *id).await? else { return Ok(()) };
                let types = inbox::types_naming(tx, *id).await?;
                if !types.is_empty() {
                    let detail = format!(
                        "It alone hears of items of {}. Name another webhook there, and move what is open to that version.",
                        types.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                    );
                    return Err(ApiError::new(Code::InUse, detail));
                }
                row.state = WebhookState::Disabled;
                store::update_webhook(tx, &row).await?;
                announce(tx, actor, *now, "webhook.removed", &row).await
            })
        })
        .await?;
    // What was on its way may have been stored meanwhile: the webhook goes together with the last of its deliveries.
    while app.db.write(found.id, |tx, id| Box::pin(remove_some(tx, *id))).await? {}
    Ok(())
}

/// Removes some of a webhook's deliveries, and with the last of them the webhook; false once it is gone.
async fn remove_some(tx: &mut Tx<'_>, id: WebhookId) -> Result<bool, DbError> {
    let had_some = store::remove_deliveries(tx, id).await?;
    if !had_some {
        store::delete_webhook(tx, id).await?;
    }
    Ok(had_some)
}

/// Makes the next key. The older ones sign too until the overlap is over.
pub async fn rotate_key(app: &App, permit: &Permit, word: String, ask: RotateWebhookKey) -> ApiResult<Webhook> {
    let found = find(app, permit, &word).await?;
    let overlap_ms = ask.overlap.map_or(OVERLAP_MS, |overlap| i64::try_from(overlap.ms()).unwrap_or(i64::MAX));
    if overlap_ms > OVERLAP_MAX_MS {
        return Err(ApiError::invalid_field("/overlap", "at most 90d"));
    }
    let now = app.now();
    let newest = store::keys_of_webhook(&mut &app.db, found.id).await?.first().map_or(0, |key| key.shown.number);
    let (organization, signing, number) = (permit.organization(), found.spec.signing, newest + 1);
    let (key, told) = match &ask.secret {
        None => {
            let NewKey { row, told } = keys::make(&app.vault, organization, found.id, signing, number, now)?;
            (row, Some(told))
        }
        Some(text) => (keys::import(&app.vault, organization, found.id, signing, text.trim(), number, now)?, None),
    };
    let input = (Actor::from(permit), found.id, key, now.plus_ms(overlap_ms), now);
    let row = app
        .db
        .write(input, |tx, (actor, id, key, until, now)| {
            Box::pin(async move {
                let mut row = store::webhook(tx, *id).await?.ok_or_else(no_webhook)?;
                if row.spec.url.is_some() && key.others_public_key().is_some() {
                    let detail = "a public key signs no deliveries: make a webhook without an address for what this application posts";
                    return Err(ApiError::invalid_field("/secret", detail));
                }
                store::insert_key(tx, row.id, key).await?;
                store::expire_keys(tx, row.id, key.shown.number, *until, *now).await?;
                row.version += 1;
                row.updated_at = *now;
                row.updated_by.clone_from(&actor.name);
                store::update_webhook(tx, &row).await?;
                announce(tx, actor, *now, "webhook.key_changed", &row).await?;
                Ok::<_, ApiError>(row)
            })
        })
        .await?;
    Ok(Webhook { secret: told, ..shown(app, row).await? })
}

pub async fn list_webhooks(app: &App, permit: &Permit, after: Option<String>, limit: usize) -> ApiResult<Vec<Webhook>> {
    let mut webhooks = Vec::new();
    for row in store::webhooks_of_organization(&app.db, permit.organization(), after, limit).await? {
        webhooks.push(shown(app, row).await?);
    }
    Ok(webhooks)
}

pub async fn show_webhook(app: &App, permit: &Permit, word: &str) -> ApiResult<Webhook> {
    shown(app, find(app, permit, word).await?).await
}

/// One delivery with its tries, and what would be posted now.
pub async fn show_delivery(app: &App, permit: &Permit, word: &str, id: DeliveryId) -> ApiResult<Delivery> {
    let webhook = find(app, permit, word).await?;
    let row = store::delivery(&mut &app.db, webhook.id, id).await?.ok_or_else(no_delivery)?;
    let attempts = store::attempts_of_delivery(&app.db, id).await?;
    let body = match inbox::entry(&app.db, row.shown.item, row.shown.seq).await? {
        Some((entry, Some(item))) => {
            let told = Told { event: &row.shown.event, entry: &entry, item: &item };
            body::body(&told, webhook.spec.body, webhook.spec.template.as_deref()).ok()
        }
        _ => None,
    };
    Ok(Delivery { attempts: Some(attempts), body, ..row.shown })
}

pub async fn resend_delivery(app: &App, permit: &Permit, word: &str, id: DeliveryId) -> ApiResult<Delivery> {
    let webhook = find(app, permit, word).await?;
    refuse_inactive(&webhook)?;
    let input = (Actor::from(permit), webhook.id, id, app.now());
    let row = app
        .db
        .write(input, |tx, (actor, webhook, id, now)| {
            Box::pin(async move {
                if !store::resend(tx, *webhook, *id, *now).await? {
                    return Err(no_delivery());
                }
                let detail = serde_json::json!({"delivery": id});
                record(tx, actor, *now, "webhook.resent", &webhook.to_string(), &detail).await?;
                store::delivery(tx, *webhook, *id).await?.ok_or_else(no_delivery)
            })
        })
        .await?;
    app.senders.wake(app, webhook.id);
    Ok(row.shown)
}

/// Delivers again what happened between two moments: what failed, what was missed, and, with `all`, what was delivered too.
pub async fn recover_deliveries(app: &App, permit: &Permit, word: &str, ask: RecoverDeliveries) -> ApiResult<Recovered> {
    let webhook = find(app, permit, word).await?;
    refuse_inactive(&webhook)?;
    let until = ask.until.unwrap_or_else(|| app.now());
    if until <= ask.since {
        return Err(ApiError::invalid_field("/until", "it is not later than `since`"));
    }
    let delivery_count = outbox::recover(app, &webhook, ask.since, until, ask.all).await?;
    let input = (Actor::from(permit), webhook.id, ask.since, until, delivery_count, app.now());
    app.db
        .write(input, |tx, (actor, webhook, since, until, count, now)| {
            Box::pin(async move {
                let detail = serde_json::json!({"since": since, "until": until, "delivery_count": count});
                record(tx, actor, *now, "webhook.recovered", &webhook.to_string(), &detail).await.map_err(ApiError::from)
            })
        })
        .await?;
    Ok(Recovered { delivery_count })
}

fn refuse_inactive(webhook: &WebhookRow) -> ApiResult<()> {
    match webhook.state {
        WebhookState::Active => Ok(()),
        WebhookState::Disabled | WebhookState::GivenUp => {
            Err(ApiError::new(Code::WebhookInactive, "Nothing is delivered to it now. Enable it first: `taskey webhooks enable`."))
        }
    }
}

pub async fn find(app: &App, permit: &Permit, word: &str) -> ApiResult<WebhookRow> {
    store::webhook_of_organization(&mut &app.db, permit.organization(), word).await?.ok_or_else(no_webhook)
}

async fn find_in(source: &mut impl Source, actor: &Actor, word: &str) -> ApiResult<WebhookRow> {
    store::webhook_of_organization(source, actor.organization, word).await?.ok_or_else(no_webhook)
}

async fn announce(tx: &mut Tx<'_>, actor: &Actor, now: Time, name: &'static str, row: &WebhookRow) -> ApiResult<()> {
    let subject = row.id.to_string();
    let data = serde_json::json!({"name": row.name, "url": row.spec.url, "version": row.version});
    record(tx, actor, now, name, &subject, &data).await?;
    let data = serde_json::json!({"name": row.name, "version": row.version});
    Ok(tx.announce(Announce { organization: actor.organization, name, subject: &subject, at: now, data: &data }).await?)
}

async fn shown(app: &App, row: WebhookRow) -> ApiResult<Webhook> {
    let keys = store::keys_of_webhook(&mut &app.db, row.id).await?;
    let now = app.now();
    let keys = keys.into_iter().map(|key| key.shown).filter(|key| key.expires_at.is_none_or(|at| at > now)).collect();
    let inbound_url = row.spec.inbound.as_ref().map(|_| format!("{}/hooks/{}", app.public_url, row.id));
    let reason = match row.state {
        WebhookState::Disabled => Some(Reason::new("disabled", format!("{} disabled it.", row.updated_by))),
        WebhookState::Active | WebhookState::GivenUp => row.reason,
    };
    Ok(Webhook {
        id: row.id,
        name: row.name,
        spec: row.spec,
        state: row.state,
        reason,
        keys,
        inbound_url,
        waiting_count: store::waiting_count(&app.db, row.id).await?,
        failing_since: row.failing_since,
        last_success_at: row.last_success_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        version: row.version,
        secret: None,
    })
}

fn no_webhook() -> ApiError {
    ApiError::not_found("webhook")
}

fn no_delivery() -> ApiError {
    ApiError::not_found("delivery")
}
