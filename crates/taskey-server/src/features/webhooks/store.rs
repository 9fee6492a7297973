//! Queries on webhooks, their keys, deliveries and attempts.

use std::collections::HashSet;
use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::id::{DeliveryId, ItemId, ItemTypeId, OrganizationId, WebhookId};
use taskey_proto::problem::Reason;
use taskey_proto::webhooks::{Delivery, DeliveryAttempt, DeliveryState, Signing, WebhookKey, WebhookSpec, WebhookState};

use super::keys::KeyRow;
use crate::app::App;
use crate::platform::db::{Db, DbError, Row, Source, Tx};
use crate::platform::vault::Sealed;
use crate::{args, sql};

/// Deliveries that are over are kept so long.
const KEPT_MS: i64 = 30 * 86_400_000;
const CLEAN_EVERY: Duration = Duration::from_secs(3_600);
const ROWS_AT_ONCE: usize = 500;

/// A webhook as it is stored.
#[derive(Debug, Clone)]
pub struct WebhookRow {
    pub id: WebhookId,
    pub organization: OrganizationId,
    pub name: String,
    pub spec: WebhookSpec,
    /// The item types that it names.
    pub types: Vec<ItemTypeId>,
    pub state: WebhookState,
    pub reason: Option<Reason>,
    pub failing_since: Option<Time>,
    pub last_success_at: Option<Time>,
    pub version: u32,
    pub created_at: Time,
    pub updated_at: Time,
    pub updated_by: String,
}

const fn state_word(state: WebhookState) -> &'static str {
    match state {
        WebhookState::Active => "active",
        WebhookState::Disabled => "disabled",
        WebhookState::GivenUp => "given_up",
    }
}

fn read_state(word: &str) -> Result<WebhookState, DbError> {
    let states = [WebhookState::Active, WebhookState::Disabled, WebhookState::GivenUp];
    states.into_iter().find(|state| state_word(*state) == word).ok_or_else(|| unknown("state", word))
}

fn unknown(column: &str, word: &str) -> DbError {
    DbError::Column { column: column.to_owned(), detail: format!("`{word}` is not known") }
}

fn reason(row: &Row) -> Result<Option<Reason>, DbError> {
    let code: Option<String> = row.get("reason_code")?;
    let detail: Option<String> = row.get("reason_detail")?;
    Ok(code.map(|code| Reason { code, detail: detail.unwrap_or_default() }))
}

fn webhook_row(row: &Row) -> Result<WebhookRow, DbError> {
    Ok(WebhookRow {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        name: row.get("name")?,
        spec: row.json("spec")?,
        types: row.json("types")?,
        state: read_state(&row.get::<String>("state")?)?,
        reason: reason(row)?,
        failing_since: row.get("failing_since")?,
        last_success_at: row.get("last_success_at")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.get("updated_by")?,
    })
}

pub async fn webhooks_of_organization(
    db: &Db,
    organization: OrganizationId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<WebhookRow>, DbError> {
    let sql = sql!("SELECT * FROM webhook WHERE organization_id = $1 AND (CAST($2 AS TEXT) IS NULL OR name > $2) ORDER BY name LIMIT $3");
    db.rows(sql, args![organization, after, limit]).await?.iter().map(webhook_row).collect()
}

/// A webhook by id or name.
pub async fn webhook_of_organization(
    source: &mut impl Source,
    organization: OrganizationId,
    word: &str,
) -> Result<Option<WebhookRow>, DbError> {
    let sql = sql!(
        "SELECT * FROM webhook WHERE organization_id = $1 AND (id = $2 OR name = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    source.row(sql, args![organization, word]).await?.as_ref().map(webhook_row).transpose()
}

/// A webhook, for what the server does itself.
pub async fn webhook(source: &mut impl Source, id: WebhookId) -> Result<Option<WebhookRow>, DbError> {
    source.row(sql!("SELECT * FROM webhook WHERE id = $1"), args![id]).await?.as_ref().map(webhook_row).transpose()
}

pub async fn count(source: &mut impl Source, organization: OrganizationId) -> Result<usize, DbError> {
    let sql = sql!("SELECT count(*) AS count FROM webhook WHERE organization_id = $1");
    let count: u64 = source.row(sql, args![organization]).await?.ok_or(DbError::Aborted)?.get("count")?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

pub async fn insert_webhook(tx: &mut Tx<'_>, row: &WebhookRow) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO webhook (id, organization_id, name, spec, types, state, version, created_at, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let head = args![row.id, row.organization, &row.name, json(&row.spec)?, json(&row.types)?, state_word(row.state)];
    tx.execute(sql, [head, args![row.version, row.created_at, row.updated_at, &row.updated_by]].concat()).await.map(|_| ())
}

pub async fn update_webhook(tx: &mut Tx<'_>, row: &WebhookRow) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE webhook SET name = $2, spec = $3, types = $4, state = $5, reason_code = $6, reason_detail = $7, failing_since = $8, \
         last_success_at = $9, version = $10, updated_at = $11, updated_by = $12 WHERE id = $1"
    );
    let head = args![row.id, &row.name, json(&row.spec)?, json(&row.types)?, state_word(row.state)];
    let reason = args![row.reason.as_ref().map(|reason| reason.code.clone()), row.reason.as_ref().map(|reason| reason.detail.clone())];
    let rest = args![row.failing_since, row.last_success_at, row.version, row.updated_at, &row.updated_by];
    tx.execute(sql, [head, reason, rest].concat()).await.map(|_| ())
}

/// Removes some of a webhook's deliveries; false once there are none.
pub async fn remove_deliveries(tx: &mut Tx<'_>, webhook: WebhookId) -> Result<bool, DbError> {
    let attempts =
        sql!("DELETE FROM delivery_attempt WHERE delivery_id IN (SELECT id FROM delivery WHERE webhook_id = $1 ORDER BY id LIMIT 200)");
    tx.execute(attempts, args![webhook]).await?;
    let sql = sql!("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE webhook_id = $1 ORDER BY id LIMIT 200)");
    Ok(tx.execute(sql, args![webhook]).await? > 0)
}

pub async fn delete_webhook(tx: &mut Tx<'_>, webhook: WebhookId) -> Result<(), DbError> {
    tx.execute(sql!("DELETE FROM webhook_key WHERE webhook_id = $1"), args![webhook]).await?;
    tx.execute(sql!("DELETE FROM webhook WHERE id = $1"), args![webhook]).await.map(|_| ())
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Column { column: "webhook".to_owned(), detail: error.to_string() })
}

fn key_row(row: &Row) -> Result<KeyRow, DbError> {
    let signing = match row.get::<String>("signing")?.as_str() {
        "hmac" => Signing::Hmac,
        "ed25519" => Signing::Ed25519,
        other => return Err(unknown("signing", other)),
    };
    Ok(KeyRow {
        shown: WebhookKey {
            number: row.get("number")?,
            signing,
            public_key: row.get("public_key")?,
            imported: row.get("imported")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
        },
        sealed: Sealed { key: row.get("master_key")?, wrapped: row.get("wrapped_key")?, value: row.get("value")? },
    })
}

/// The newest first.
pub async fn keys_of_webhook(source: &mut impl Source, webhook: WebhookId) -> Result<Vec<KeyRow>, DbError> {
    let sql = sql!("SELECT * FROM webhook_key WHERE webhook_id = $1 ORDER BY number DESC LIMIT 20");
    source.rows(sql, args![webhook]).await?.iter().map(key_row).collect()
}

pub async fn insert_key(tx: &mut Tx<'_>, webhook: WebhookId, key: &KeyRow) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO webhook_key (webhook_id, number, signing, master_key, wrapped_key, value, public_key, imported, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let signing = match key.shown.signing {
        Signing::Hmac => "hmac",
        Signing::Ed25519 => "ed25519",
    };
    let sealed = args![key.sealed.key, &key.sealed.wrapped, &key.sealed.value];
    let rest = args![key.shown.public_key.clone(), key.shown.imported, key.shown.created_at, key.shown.expires_at];
    tx.execute(sql, [args![webhook, key.shown.number, signing], sealed, rest].concat()).await.map(|_| ())
}

/// Lets the keys before `number` sign no longer than until `at`, and forgets those that expired before `now`.
pub async fn expire_keys(tx: &mut Tx<'_>, webhook: WebhookId, number: u32, at: Time, now: Time) -> Result<(), DbError> {
    let old = sql!("DELETE FROM webhook_key WHERE webhook_id = $1 AND expires_at IS NOT NULL AND expires_at <= $2");
    tx.execute(old, args![webhook, now]).await?;
    let sql =
        sql!("UPDATE webhook_key SET expires_at = $3 WHERE webhook_id = $1 AND number < $2 AND (expires_at IS NULL OR expires_at > $3)");
    tx.execute(sql, args![webhook, number, at]).await.map(|_| ())
}

/// Some keys that are wrapped under another master key than this one, with whose they are.
pub async fn keys_under_others(db: &Db, master_key: u32) -> Result<Vec<(OrganizationId, WebhookId, KeyRow)>, DbError> {
    let sql = sql!(
        "SELECT w.organization_id, k.* FROM webhook_key k JOIN webhook w ON w.id = k.webhook_id WHERE k.master_key <> $1 \
         ORDER BY k.webhook_id, k.number LIMIT 100"
    );
    let rows = db.rows(sql, args![master_key]).await?;
    rows.iter().map(|row| Ok((row.get("organization_id")?, row.get("webhook_id")?, key_row(row)?))).collect()
}

pub async fn replace_wrapping(db: &Db, webhook: WebhookId, number: u32, sealed: Sealed) -> Result<(), DbError> {
    db.write((webhook, number, sealed), |tx, (webhook, number, sealed)| {
        Box::pin(async move {
            let sql = sql!("UPDATE webhook_key SET master_key = $3, wrapped_key = $4 WHERE webhook_id = $1 AND number = $2");
            tx.execute(sql, args![*webhook, *number, sealed.key, &sealed.wrapped]).await.map(|_| ())
        })
    })
    .await
}

/// A message for one webhook, as it is written first.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    pub organization: OrganizationId,
    pub item: ItemId,
    pub seq: u64,
    pub event: String,
}

/// Writes deliveries that wait, claimed until then or not, unless there is one of the same entry already; those that are new.
pub async fn insert_deliveries(tx: &mut Tx<'_>, new: &[(NewDelivery, Option<Time>)], now: Time) -> Result<HashSet<DeliveryId>, DbError> {
    let sql = sql!(
        "INSERT INTO delivery (id, webhook_id, organization_id, item_id, seq, event, state, next_at, created_at, claimed_until) \
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7, $8) ON CONFLICT (webhook_id, item_id, seq) DO NOTHING RETURNING id"
    );
    let values = |(new, until): &(NewDelivery, Option<Time>)| {
        args![new.id, new.webhook, new.organization, new.item, new.seq, &new.event, now, *until]
    };
    let rows = tx.write_rows_returning(sql, new.iter().map(values).collect()).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Writes a delivery, or begins the one that there is anew; `all`: also one that was delivered. How many that were.
pub async fn recover_delivery(tx: &mut Tx<'_>, new: &NewDelivery, all: bool, now: Time) -> Result<u64, DbError> {
    let sql = sql!(
        "INSERT INTO delivery (id, webhook_id, organization_id, item_id, seq, event, state, next_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7) ON CONFLICT (webhook_id, item_id, seq) DO UPDATE SET state = 'waiting', \
         next_at = excluded.next_at, try_count = 0, finished_at = NULL, reason_code = NULL, reason_detail = NULL \
         WHERE delivery.state <> 'waiting' AND ($8 = 1 OR delivery.state <> 'delivered')"
    );
    tx.execute(sql, args![new.id, new.webhook, new.organization, new.item, new.seq, &new.event, now, all]).await
}

/// Begins a delivery anew. False where there is none of that webhook.
pub async fn resend(tx: &mut Tx<'_>, webhook: WebhookId, delivery: DeliveryId, now: Time) -> Result<bool, DbError> {
    let sql = sql!(
        "UPDATE delivery SET state = 'waiting', next_at = $3, try_count = 0, finished_at = NULL, reason_code = NULL, reason_detail = NULL, \
         claimed_until = NULL WHERE webhook_id = $1 AND id = $2"
    );
    Ok(tx.execute(sql, args![webhook, delivery, now]).await? > 0)
}

/// A delivery as it is stored.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub shown: Delivery,
    pub try_count: u64,
}

impl DeliveryRow {
    /// As it is written first.
    pub fn new(new: &NewDelivery, now: Time) -> Self {
        let shown = Delivery {
            id: new.id,
            webhook: new.webhook,
            item: new.item,
            event: new.event.clone(),
            seq: new.seq,
            state: DeliveryState::Waiting,
            reason: None,
            attempt_count: 0,
            next_at: Some(now),
            created_at: now,
            finished_at: None,
            attempts: None,
            body: None,
        };
        Self { shown, try_count: 0 }
    }
}

const fn delivery_word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "failed",
        DeliveryState::Dropped => "dropped",
    }
}

pub fn read_delivery_state(word: &str) -> Option<DeliveryState> {
    let states = [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::Failed, DeliveryState::Dropped];
    states.into_iter().find(|state| delivery_word(*state) == word)
}

fn delivery_row(row: &Row) -> Result<DeliveryRow, DbError> {
    let state: String = row.get("state")?;
    Ok(DeliveryRow {
        shown: Delivery {
            id: row.get("id")?,
            webhook: row.get("webhook_id")?,
            item: row.get("item_id")?,
            event: row.get("event")?,
            seq: row.get("seq")?,
            state: read_delivery_state(&state).ok_or_else(|| unknown("state", &state))?,
            reason: reason(row)?,
            attempt_count: row.get("attempt_count")?,
            next_at: row.get("next_at")?,
            created_at: row.get("created_at")?,
            finished_at: row.get("finished_at")?,
            attempts: None,
            body: None,
        },
        try_count: row.get("try_count")?,
    })
}

/// Deliveries of a webhook, the newest first.
pub async fn deliveries_of_webhook(
    db: &Db,
    webhook: WebhookId,
    state: Option<DeliveryState>,
    before: Option<DeliveryId>,
    limit: usize,
) -> Result<Vec<Delivery>, DbError> {
    let sql = sql!(
        "SELECT * FROM delivery WHERE webhook_id = $1 AND (CAST($2 AS TEXT) IS NULL OR state = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    );
    let rows = db.rows(sql, args![webhook, state.map(delivery_word), before, limit]).await?;
    rows.iter().map(|row| delivery_row(row).map(|row| row.shown)).collect()
}

pub async fn delivery(source: &mut impl Source, webhook: WebhookId, id: DeliveryId) -> Result<Option<DeliveryRow>, DbError> {
    let sql = sql!("SELECT * FROM delivery WHERE webhook_id = $1 AND id = $2");
    source.row(sql, args![webhook, id]).await?.as_ref().map(delivery_row).transpose()
}

pub async fn attempts_of_delivery(db: &Db, id: DeliveryId) -> Result<Vec<DeliveryAttempt>, DbError> {
    let sql = sql!("SELECT * FROM delivery_attempt WHERE delivery_id = $1 ORDER BY number DESC LIMIT 100");
    let attempt = |row: &Row| {
        Ok(DeliveryAttempt {
            number: row.get("number")?,
            at: row.get("at")?,
            url: row.get("url")?,
            keys: row.json("keys")?,
            status: row.get::<Option<i64>>("status")?.and_then(|status| u16::try_from(status).ok()),
            error: row.get("error")?,
            duration_ms: row.get("duration_ms")?,
            response: row.get("response")?,
        })
    };
    db.rows(sql, args![id]).await?.iter().map(attempt).collect()
}

pub async fn waiting_count(db: &Db, webhook: WebhookId) -> Result<u64, DbError> {
    let sql = sql!("SELECT count(*) AS count FROM delivery WHERE webhook_id = $1 AND state = 'waiting'");
    db.row(sql, args![webhook]).await?.ok_or(DbError::Aborted)?.get("count")
}

/// Webhooks for which something waits.
pub async fn webhooks_with_work(db: &Db) -> Result<Vec<WebhookId>, DbError> {
    let sql = sql!("SELECT w.id FROM webhook w WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.webhook_id = w.id AND d.state = 'waiting')");
    db.rows(sql, args![]).await?.iter().map(|row| row.get("id")).collect()
}

/// When the next delivery of a webhook is due that nobody sends; `None`: none waits.
pub async fn next_due(db: &Db, webhook: WebhookId, now: Time) -> Result<Option<Time>, DbError> {
    let sql = sql!(
        "SELECT next_at FROM delivery WHERE webhook_id = $1 AND state = 'waiting' AND (claimed_until IS NULL OR claimed_until <= $2) \
         ORDER BY next_at LIMIT 1"
    );
    db.row(sql, args![webhook, now]).await?.map(|row| row.get("next_at")).transpose()
}

/// Whether a delivery of a webhook waits, or is on its way.
pub async fn has_work(db: &Db, webhook: WebhookId) -> Result<bool, DbError> {
    let sql = sql!("SELECT 1 AS one FROM delivery WHERE webhook_id = $1 AND state = 'waiting' LIMIT 1");
    Ok(db.row(sql, args![webhook]).await?.is_some())
}

/// Makes everything due again that was on its way, where no other node can be sending it.
pub async fn release_claims(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let sql = sql!("UPDATE delivery SET claimed_until = NULL WHERE state = 'waiting' AND claimed_until IS NOT NULL");
    tx.execute(sql, args![]).await.map(|_| ())
}

/// Takes deliveries of a webhook that are due and that nobody sends, until `until`.
pub async fn claim(tx: &mut Tx<'_>, webhook: WebhookId, limit: usize, until: Time, now: Time) -> Result<Vec<DeliveryRow>, DbError> {
    let sql = sql!(
        "UPDATE delivery SET claimed_until = $4 WHERE id IN (SELECT id FROM delivery WHERE webhook_id = $1 AND state = 'waiting' \
         AND next_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2) ORDER BY next_at, id LIMIT $3) RETURNING *"
    );
    let rows = tx.rows(sql, args![webhook, now, limit, until]).await?;
    rows.iter().map(delivery_row).collect()
}

/// What a try came to.
#[derive(Debug, Clone)]
pub struct Tried {
    pub delivery: DeliveryId,
    pub attempt: DeliveryAttempt,
    pub state: DeliveryState,
    pub reason: Option<Reason>,
    pub try_count: u64,
    /// The next try.
    pub next_at: Option<Time>,
}

pub async fn record_tries<'t>(tx: &mut Tx<'_>, tries: impl Iterator<Item = (&'t Tried, Time)> + Clone) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO delivery_attempt (delivery_id, number, at, url, keys, status, error, duration_ms, response) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (delivery_id, number) DO NOTHING"
    );
    let attempt = |(tried, _): (&Tried, Time)| {
        let attempt = &tried.attempt;
        let head = args![tried.delivery, attempt.number, attempt.at, &attempt.url, json(&attempt.keys)?];
        let how = args![attempt.status.map(i64::from), attempt.error.clone(), attempt.duration_ms, attempt.response.clone()];
        Ok([head, how].concat())
    };
    tx.write_rows(sql, tries.clone().map(attempt).collect::<Result<_, DbError>>()?).await?;
    let sql = sql!(
        "WITH tried (id, number, count, state, next_at, reason_code, reason_detail, finished_at) AS (VALUES (CAST($1 AS TEXT), \
         CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS BIGINT))) \
         UPDATE delivery SET attempt_count = t.number, try_count = t.count, state = t.state, next_at = t.next_at, claimed_until = NULL, \
         reason_code = t.reason_code, reason_detail = t.reason_detail, finished_at = t.finished_at FROM tried t WHERE delivery.id = t.id"
    );
    let outcome = |(tried, now): (&Tried, Time)| {
        let finished_at = (tried.state != DeliveryState::Waiting).then_some(now);
        let (code, detail) = tried.reason.clone().map(|reason| (reason.code, reason.detail)).unzip();
        let head = args![tried.delivery, tried.attempt.number, tried.try_count, delivery_word(tried.state), tried.next_at];
        [head, args![code, detail, finished_at]].concat()
    };
    tx.write_rows(sql, tries.map(outcome).collect()).await
}

/// Ends a delivery that cannot be made.
pub async fn drop_delivery(tx: &mut Tx<'_>, id: DeliveryId, reason: &Reason, now: Time) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE delivery SET state = 'dropped', next_at = NULL, claimed_until = NULL, reason_code = $2, reason_detail = $3, finished_at = $4 \
         WHERE id = $1"
    );
    tx.later(sql, args![id, &reason.code, &reason.detail, now]).await
}

/// Removes what receivers answered about an item whose content is gone. Whether one of them may be answering yet.
pub async fn forget_item(tx: &mut Tx<'_>, item: ItemId, now: Time) -> Result<bool, DbError> {
    let sql =
        sql!("UPDATE delivery_attempt SET response = NULL, error = NULL WHERE delivery_id IN (SELECT id FROM delivery WHERE item_id = $1)");
    tx.execute(sql, args![item]).await?;
    let on_its_way = sql!("SELECT 1 AS one FROM delivery WHERE item_id = $1 AND claimed_until > $2 LIMIT 1");
    Ok(tx.row(on_its_way, args![item, now]).await?.is_some())
}

/// Removes deliveries that are long over, every hour.
pub async fn remove_old(app: App) {
    loop {
        let is_quiet = app.quiet.is_on(&app.db).await.unwrap_or(true);
        let before = app.now().plus_ms(-KEPT_MS);
        match is_quiet {
            true => {}
            false => match app.db.write(before, |tx, before| Box::pin(remove_some(tx, *before))).await {
                Ok(removed) if removed >= ROWS_AT_ONCE => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "old deliveries were not removed"),
            },
        }
        app.clock.sleep(CLEAN_EVERY).await;
    }
}

async fn remove_some(tx: &mut Tx<'_>, before: Time) -> Result<usize, DbError> {
    let sql = sql!("SELECT id FROM delivery WHERE finished_at IS NOT NULL AND finished_at <= $1 ORDER BY finished_at LIMIT $2");
    let rows = tx.rows(sql, args![before, ROWS_AT_ONCE]).await?;
    for row in &rows {
        let id: DeliveryId = row.get("id")?;
        tx.later(sql!("DELETE FROM delivery_attempt WHERE delivery_id = $1"), args![id]).await?;
        tx.later(sql!("DELETE FROM delivery WHERE id = $1"), args![id]).await?;
    }
    Ok(rows.len())
}
