//! Sends what waits: each webhook with something to deliver has a sender of its own, so that one holds up no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use taskey_proto::Time;
use taskey_proto::id::{DeliveryId, ItemId, WebhookId};
use taskey_proto::problem::Reason;
use taskey_proto::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER, sign_with_all};
use taskey_proto::webhooks::{DeliveryAttempt, DeliveryState, RESPONSE_LEN_MAX, WebhookState};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::body::{self, Told};
use super::keys;
use super::model::{Outcome, is_given_up, next_try};
use super::store::{self, DeliveryRow, Tried, WebhookRow};
use crate::app::App;
use crate::features::accounts::audit::{Actor, record};
use crate::features::inbox::{self, EntryWithItem};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Dialect, Tx};
use crate::platform::egress::Limits;
use crate::platform::gather::{Gather, together_or_alone};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// Deliveries of one webhook that are on their way at once.
const AT_ONCE: usize = 16;
/// A try that its node has not ended by then is another's to make again. Longer than any try takes.
pub const CLAIMED_MS: i64 = 20_000;
const LIMITS: Limits = Limits { time_max: Duration::from_secs(15), answer_len_max: RESPONSE_LEN_MAX };
/// A sender looks again so often for what another node has left.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Room for more is waited for so long, where there is some.
const ROOM_WITHIN: Duration = Duration::from_millis(20);
/// The last success is noted so often.
const SUCCESS_NOTED_MS: i64 = 60_000;

/// The senders of this node.
#[derive(Default)]
pub struct Senders {
    by_webhook: Mutex<HashMap<WebhookId, Arc<Sender>>>,
    /// Tries that ended at the same time, to be stored together.
    ended: Gather<Arc<Ended>, ApiResult<()>>,
}

/// What sends for one webhook.
struct Sender {
    notify: Notify,
    /// Of [`AT_ONCE`] those that are free.
    slots: Arc<Semaphore>,
    /// Whether nothing that is due waits: then a new delivery overtakes none.
    is_drained: AtomicBool,
}

/// Room for one delivery that is sent without having waited.
pub struct Slot {
    sender: Arc<Sender>,
    permit: OwnedSemaphorePermit,
}

impl Senders {
    /// Wakes a webhook's sender, starting it where there is none.
    pub fn wake(&self, app: &App, webhook: WebhookId) {
        let mut senders = self.lock();
        match senders.get(&webhook) {
            Some(sender) => sender.notify.notify_one(),
            None => {
                let slots = Arc::new(Semaphore::new(AT_ONCE));
                let sender = Arc::new(Sender { notify: Notify::new(), slots, is_drained: AtomicBool::new(false) });
                senders.insert(webhook, sender.clone());
                tokio::spawn(send_all(app.clone(), webhook, sender));
            }
        }
    }

    /// Room to send a new delivery of a webhook at once, where none waits before it.
    pub fn slot(&self, webhook: WebhookId) -> Option<Slot> {
        let sender = self.lock().get(&webhook).cloned().filter(|sender| sender.is_drained.load(Ordering::Acquire))?;
        let permit = sender.slots.clone().try_acquire_owned().ok()?;
        Some(Slot { sender, permit })
    }

    /// Starts the senders of webhooks for which something waits. What a node that was cut off had on its way is sent again: at once
    /// where there is but one, otherwise when it should have ended.
    pub async fn begin_all(&self, app: &App) -> Result<(), DbError> {
        if app.db.dialect() == Dialect::Sqlite {
            app.db.write((), |tx, ()| Box::pin(store::release_claims(tx))).await?;
        }
        for webhook in store::webhooks_with_work(&app.db).await? {
            self.wake(app, webhook);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WebhookId, Arc<Sender>>> {
        self.by_webhook.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Sends what waits for one webhook until nothing does, or the server stops.
async fn send_all(app: App, webhook: WebhookId, sender: Arc<Sender>) {
    let mut sending = JoinSet::new();
    loop {
        let next = match begin_due(&app, webhook, &sender, &mut sending).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%webhook, error = %error.detail, "what waits for a webhook was not read");
                Some(app.now().plus_ms(1_000))
            }
        };
        let wait = match next {
            Some(at) => Duration::from_millis(u64::try_from(at.ms() - app.now().ms()).unwrap_or(0)).min(LOOK_EVERY),
            None => LOOK_EVERY,
        };
        let is_full = sender.slots.available_permits() == 0;
        tokio::select! {
            () = sender.notify.notified() => {}
            Some(_) = sending.join_next() => {
                // Those that end about now make room for as many at once.
                let _ = tokio::time::timeout(ROOM_WITHIN, wait_for_room(&sender, &mut sending)).await;
            }
            () = app.clock.sleep(wait.max(Duration::from_millis(1))), if !is_full && next.is_some() => {}
            () = app.stopped() => return,
        }
    }
}

/// Returns when half of the room is free.
async fn wait_for_room(sender: &Sender, sending: &mut JoinSet<()>) {
    while sender.slots.available_permits() < AT_ONCE / 2 && sending.join_next().await.is_some() {}
}

/// Begins what is due, as far as there is room; when the next delivery is due, where one waits.
async fn begin_due(app: &App, id: WebhookId, sender: &Sender, sending: &mut JoinSet<()>) -> ApiResult<Option<Time>> {
    sender.is_drained.store(false, Ordering::Release);
    // Nothing from before is told by a server that was restored and waits for its operator.
    if app.quiet.is_on(&app.db).await? {
        return Ok(Some(app.now().plus_ms(1_000)));
    }
    let mut slots: Vec<OwnedSemaphorePermit> = Vec::new();
    slots.extend(std::iter::from_fn(|| sender.slots.clone().try_acquire_owned().ok()));
    let room = slots.len();
    if room == 0 {
        return Ok(None);
    }
    let Some(webhook) = store::webhook(&mut &app.db, id).await? else { return Ok(None) };
    if webhook.state != WebhookState::Active || webhook.spec.url.is_none() {
        return Ok(None);
    }
    let now = app.now();
    let input = (id, room, now.plus_ms(CLAIMED_MS), now);
    let due = app.db.write(input, |tx, (id, room, until, now)| Box::pin(store::claim(tx, *id, *room, *until, *now))).await?;
    let is_all = due.len() < room;
    for (ready, slot) in make_ready(app, webhook, due).await?.into_iter().zip(slots) {
        let sent = send(app.clone(), ready);
        sending.spawn(async move {
            sent.await;
            drop(slot);
        });
    }
    if !is_all {
        return Ok(None);
    }
    sender.is_drained.store(true, Ordering::Release);
    match store::next_due(&app.db, id, now).await? {
        Some(at) => Ok(Some(at)),
        // What is on its way on another node may have to be sent again from here.
        None => Ok(store::has_work(&app.db, id).await?.then(|| now.plus_ms(CLAIMED_MS))),
    }
}

/// Sends a delivery that was written just now; its sender looks again where it was not taken in, or others came to wait meanwhile.
pub async fn send_now(app: App, ready: Ready, slot: Slot) {
    let Slot { sender, permit } = slot;
    let is_delivered = tokio::select! {
        is_delivered = send(app.clone(), ready) => is_delivered,
        () = app.stopped() => return,
    };
    drop(permit);
    if !is_delivered || !sender.is_drained.load(Ordering::Acquire) {
        sender.notify.notify_one();
    }
}

/// Where deliveries go, and what signs them.
struct Target {
    webhook: WebhookRow,
    /// None where the webhook was removed meanwhile.
    keys: Vec<SigningKey>,
    /// The number of each key.
    numbers: Vec<u32>,
}

/// A delivery with the bytes to post, or why there are none.
pub struct Ready {
    target: Arc<Target>,
    row: DeliveryRow,
    body: Result<Vec<u8>, Reason>,
}

impl Ready {
    pub fn delivery(&self) -> DeliveryId {
        self.row.shown.id
    }
}

/// Reads what deliveries of one webhook are sent with, for all of them together.
pub async fn make_ready(app: &App, webhook: WebhookRow, rows: Vec<DeliveryRow>) -> ApiResult<Vec<Ready>> {
    let wanted: Vec<(ItemId, u64)> = rows.iter().map(|row| (row.shown.item, row.shown.seq)).collect();
    let (keys, entries) = tokio::join!(keys::signing_keys(app, webhook.organization, webhook.id), inbox::entries(&app.db, &wanted));
    let (numbers, keys) = keys?.into_iter().unzip();
    let (target, entries) = (Arc::new(Target { webhook, keys, numbers }), entries?);
    let ready = |row: DeliveryRow| {
        let body = make_body(&target.webhook, &row, entries.get(&(row.shown.item, row.shown.seq)));
        Ready { target: target.clone(), row, body }
    };
    Ok(rows.into_iter().map(ready).collect())
}

/// The bytes to post, or why there are none.
fn make_body(webhook: &WebhookRow, row: &DeliveryRow, entry: Option<&EntryWithItem>) -> Result<Vec<u8>, Reason> {
    let Some((entry, Some(item))) = entry else {
        return Err(Reason::new("erased", "The item's content was removed, after its type's time of retention."));
    };
    let told = Told { event: &row.shown.event, entry, item };
    match body::body(&told, webhook.spec.body, webhook.spec.template.as_deref()) {
        Ok(body) => Ok(body.to_string().into_bytes()),
        Err(detail) => Err(Reason::new("template", format!("The webhook's template: {detail}"))),
    }
}

/// Makes one try; whether it was taken in.
async fn send(app: App, ready: Ready) -> bool {
    let id = ready.delivery();
    match try_once(&app, ready).await {
        Ok(outcome) => matches!(outcome, Some(Outcome::Delivered)),
        Err(error) => {
            // It is claimed still, and tried again when that ends.
            tracing::error!(delivery = %id, error = %error.detail, "a delivery was not tried, or what it came to was not stored");
            false
        }
    }
}

/// Makes one try and stores what it came to; `None`: there was nothing to send any more.
async fn try_once(app: &App, ready: Ready) -> ApiResult<Option<Outcome>> {
    let Ready { target, row, body } = ready;
    let made = match body {
        Ok(made) => made,
        Err(reason) => {
            let input = (row.shown.id, reason, app.now());
            app.db.write(input, |tx, (id, reason, now)| Box::pin(store::drop_delivery(tx, *id, reason, *now))).await?;
            return Ok(None);
        }
    };
    let Target { webhook, keys, numbers } = &*target;
    if keys.is_empty() {
        return Ok(None);
    }
    let at = app.now();
    let url = webhook.spec.url.clone().unwrap_or_default();
    let headers = signed(&row.shown.id.to_string(), at, &made, keys);
    let began = tokio::time::Instant::now();
    let answered = app.egress.post(&url, headers, made, LIMITS).await;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (outcome, status, error, response) = match answered {
        Ok(answer) => {
            let retry_after = answer.retry_after.map(|after| after.delay(app.now()));
            let head = String::from_utf8_lossy(&answer.head).replace('\0', "\u{fffd}");
            (Outcome::of_status(answer.status, retry_after), Some(answer.status), None, Some(head))
        }
        Err(error) => (Outcome::Failed { retry_after: None }, None, Some(error.to_string()), None),
    };
    let number = row.shown.attempt_count + 1;
    let attempt = DeliveryAttempt { number, at, url, keys: numbers.clone(), status, error, duration_ms, response };
    let tried = judge(&row, attempt, &outcome, app.now());
    let ended = Arc::new(Ended { target: target.clone(), tried, outcome: outcome.clone(), now: app.now() });
    let writer = app.clone();
    let stored = app.senders.ended.ask(ended, move |ended| store_all(writer.clone(), ended)).await;
    stored.unwrap_or_else(|| Err(ApiError::internal("what stores tries ended")))?;
    Ok(Some(outcome))
}

/// A try that ended.
struct Ended {
    target: Arc<Target>,
    tried: Tried,
    outcome: Outcome,
    now: Time,
}

async fn store_all(app: App, ended: Vec<Arc<Ended>>) -> Vec<ApiResult<()>> {
    let stored = together_or_alone(ended, |ended| app.db.write(ended, |tx, ended| Box::pin(store_tries(tx, ended)))).await;
    stored.into_iter().map(|stored| stored.map_err(ApiError::from)).collect()
}

fn signed(id: &str, at: Time, body: &[u8], keys: &[SigningKey]) -> HeaderMap {
    let secs = at.ms().div_euclid(1_000);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("taskey/", env!("CARGO_PKG_VERSION"))));
    let values =
        [(ID_HEADER, id.to_owned()), (TIMESTAMP_HEADER, secs.to_string()), (SIGNATURE_HEADER, sign_with_all(keys, id, secs, body))];
    for (name, value) in values {
        // Ids, numbers and base64 are all that a header may hold.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// What a try means for its delivery.
fn judge(row: &DeliveryRow, attempt: DeliveryAttempt, outcome: &Outcome, now: Time) -> Tried {
    let delivery = row.shown.id;
    let try_count = row.try_count + 1;
    let said = match (&attempt.status, &attempt.error) {
        (Some(status), _) => format!("The receiver answered {status}."),
        (None, Some(error)) => format!("{}.", error.trim_end_matches('.')),
        (None, None) => "There was no answer.".to_owned(),
    };
    let (state, reason, next_at) = match outcome {
        Outcome::Delivered => (DeliveryState::Delivered, None, None),
        Outcome::Gone => (DeliveryState::Failed, Some(Reason::new("gone", said)), None),
        Outcome::Failed { retry_after } => match next_try(delivery, try_count, *retry_after) {
            Some(wait) => {
                let next = now.plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2));
                (DeliveryState::Waiting, Some(Reason::new("failed", said)), Some(next))
            }
            None => (DeliveryState::Failed, Some(Reason::new("given_up", format!("{said} It was the last try."))), None),
        },
    };
    Tried { delivery, attempt, state, reason, try_count, next_at }
}

/// Stores tries, and what they mean for their webhooks; an answer for each.
async fn store_tries(tx: &mut Tx<'_>, ended: &[Arc<Ended>]) -> Result<Vec<()>, DbError> {
    store::record_tries(tx, ended.iter().map(|ended| (&ended.tried, ended.now))).await?;
    for Ended { target, outcome, now, .. } in ended.iter().map(|ended| &**ended) {
        if !is_noted(&target.webhook, outcome, *now) {
            note(tx, target.webhook.id, outcome, *now).await?;
        }
    }
    Ok(vec![(); ended.len()])
}

/// Whether a webhook says already what a try came to.
fn is_noted(webhook: &WebhookRow, outcome: &Outcome, now: Time) -> bool {
    match outcome {
        Outcome::Delivered => {
            webhook.failing_since.is_none() && webhook.last_success_at.is_some_and(|at| now.ms() - at.ms() < SUCCESS_NOTED_MS)
        }
        Outcome::Failed { .. } => webhook.failing_since.is_some() && !is_given_up(webhook.failing_since, now),
        Outcome::Gone => false,
    }
}

async fn note(tx: &mut Tx<'_>, id: WebhookId, outcome: &Outcome, now: Time) -> Result<(), DbError> {
    let Some(mut webhook) = store::webhook(tx, id).await?.filter(|webhook| !is_noted(webhook, outcome, now)) else { return Ok(()) };
    match outcome {
        Outcome::Delivered => {
            webhook.failing_since = None;
            webhook.last_success_at = Some(now);
        }
        Outcome::Failed { .. } => {
            webhook.failing_since = webhook.failing_since.or(Some(now));
            if is_given_up(webhook.failing_since, now) {
                let since = webhook.failing_since.unwrap_or(now);
                let detail = format!("Every try failed since {since}. Mend the receiver, enable the webhook, and recover what it missed.");
                return give_up(tx, webhook, Reason::new("failing", detail), now).await;
            }
        }
        Outcome::Gone => {
            let detail =
                "The receiver answered 410: it wants nothing more. Enable the webhook if that was a mistake, and recover what it missed.";
            return give_up(tx, webhook, Reason::new("gone", detail), now).await;
        }
    }
    store::update_webhook(tx, &webhook).await
}

/// Ends a webhook's deliveries until somebody enables it again, and says so.
async fn give_up(tx: &mut Tx<'_>, mut webhook: WebhookRow, reason: Reason, now: Time) -> Result<(), DbError> {
    if webhook.state != WebhookState::Active {
        return Ok(());
    }
    let subject = webhook.id.to_string();
    let data = serde_json::json!({"name": webhook.name, "reason": reason});
    webhook.state = WebhookState::GivenUp;
    webhook.reason = Some(reason);
    webhook.version += 1;
    webhook.updated_at = now;
    store::update_webhook(tx, &webhook).await?;
    let actor = Actor::without_request(webhook.organization, "system", String::new(), "taskey".to_owned(), String::new());
    record(tx, &actor, now, "webhook.given_up", &subject, &data).await?;
    tx.announce(Announce { organization: webhook.organization, name: "webhook.given_up", subject: &subject, at: now, data: &data }).await
}
