//! From what happened to items to the deliveries that tell of it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use taskey_proto::Time;
use taskey_proto::id::{DeliveryId, ItemId, ItemTypeId, OrganizationId, WebhookId};
use taskey_proto::webhooks::EVENTS;

use super::filter::{hears, passes};
use super::sender::{CLAIMED_MS, Slot, make_ready, send_now};
use super::store::{self, DeliveryRow, NewDelivery, WebhookRow};
use crate::app::App;
use crate::features::inbox;
use crate::platform::db::events::{self, Event, Follower};
use crate::platform::db::{DbError, Tx};
use crate::platform::http::problem::ApiResult;

const CONSUMER: &str = "webhooks";
const EVENTS_AT_ONCE: usize = 200;
/// Webhooks of an organization that hear of items.
pub const WEBHOOKS_MAX: usize = 200;

/// Of an item's event what webhooks ask for.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct About {
    pub seq: u64,
    #[serde(rename = "type")]
    pub item_type: ItemTypeId,
    pub type_version: u32,
}

/// Writes deliveries of what happens to items, and wakes their senders.
pub async fn follow_events(app: App) {
    let mut waker = app.db.hub().subscribe(events::ALL);
    let mut follower = Follower::new(CONSUMER);
    if let Err(error) = app.senders.begin_all(&app).await {
        tracing::error!(%error, "webhooks with something to deliver were not found");
    }
    loop {
        if let Err(error) = react(&app, &mut follower).await {
            tracing::error!(%error, "what happened to items was not taken in");
        }
        waker.woken().await;
    }
}

async fn react(app: &App, follower: &mut Follower) -> Result<(), DbError> {
    loop {
        let batch = follower.next(&app.db, EVENTS_AT_ONCE).await?;
        let acted = react_to(app, &batch).await?;
        follower.took(&app.db, &batch, acted).await?;
        if batch.len() < EVENTS_AT_ONCE {
            return Ok(());
        }
    }
}

async fn react_to(app: &App, batch: &[Event]) -> Result<bool, DbError> {
    let mut known = Known::default();
    let mut new = Vec::new();
    for event in batch {
        if event.name == "item.erased"
            && let Ok(item) = event.subject.parse::<ItemId>()
        {
            forget(app, item).await?;
        }
        if event.name == "webhook.given_up" {
            tracing::warn!(webhook = %event.subject, "a webhook was given up: nothing is delivered to it until somebody enables it");
            metrics::counter!("taskey_webhooks_given_up_total").increment(1);
        }
        if !EVENTS.contains(&event.name.as_str()) {
            continue;
        }
        let (Ok(item), Ok(about)) = (event.subject.parse::<ItemId>(), serde_json::from_str::<About>(&event.data)) else { continue };
        for webhook in known.hearing(app, event.organization, &event.name, item, about).await? {
            let id = DeliveryId::new(app.uuid());
            new.push(NewDelivery { id, webhook, organization: event.organization, item, seq: about.seq, event: event.name.clone() });
        }
    }
    if new.is_empty() {
        return Ok(false);
    }
    // Nothing is sent while a server that was restored waits for its operator.
    let may_send = !app.quiet.is_on(&app.db).await?;
    let now = app.now();
    let mut waiting = BTreeSet::new();
    let mut at_once: HashMap<WebhookId, (Vec<DeliveryRow>, Vec<Slot>)> = HashMap::new();
    let mut claimed = Vec::with_capacity(new.len());
    for new in new {
        let slot = app.senders.slot(new.webhook).filter(|_| may_send);
        claimed.push((new.clone(), slot.is_some().then(|| now.plus_ms(CLAIMED_MS))));
        match slot {
            Some(slot) => {
                let (rows, slots) = at_once.entry(new.webhook).or_default();
                rows.push(DeliveryRow::new(&new, now));
                slots.push(slot);
            }
            None => drop(waiting.insert(new.webhook)),
        }
    }
    // What they are sent with is read while they are stored.
    let ready = join_all(at_once.into_iter().filter_map(|(id, (rows, slots))| {
        let webhook = known.webhook(id)?.clone();
        Some(async move { (id, make_ready(app, webhook, rows).await, slots) })
    }));
    let written = app.db.write((claimed, now), |tx, (claimed, now)| Box::pin(store::insert_deliveries(tx, claimed, *now)));
    let (written, ready) = tokio::join!(written, ready);
    let written = written?;
    for (webhook, ready, slots) in ready {
        match ready {
            Ok(ready) => {
                for (ready, slot) in ready.into_iter().zip(slots) {
                    if written.contains(&ready.delivery()) {
                        tokio::spawn(send_now(app.clone(), ready, slot));
                    } else {
                        // Somebody's already: this event was read before.
                        waiting.insert(webhook);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%webhook, error = %error.detail, "deliveries are sent later, for what they are sent with was not read");
                waiting.insert(webhook);
            }
        }
    }
    for webhook in waiting {
        app.senders.wake(app, webhook);
    }
    Ok(true)
}

/// Removes what receivers answered about an item; where one may be answering yet, once more when that is over.
async fn forget(app: &App, item: ItemId) -> Result<(), DbError> {
    if forget_now(app, item).await? {
        let app = app.clone();
        tokio::spawn(async move {
            app.clock.sleep(Duration::from_millis(CLAIMED_MS.unsigned_abs())).await;
            if let Err(error) = forget_now(&app, item).await {
                tracing::error!(%item, %error, "what a receiver answered about an item was not removed with its content");
            }
        });
    }
    Ok(())
}

async fn forget_now(app: &App, item: ItemId) -> Result<bool, DbError> {
    app.db.write((item, app.now()), |tx, (item, now)| Box::pin(store::forget_item(tx, *item, *now))).await
}

/// What was looked up for a batch of events.
#[derive(Default)]
pub struct Known {
    webhooks: HashMap<OrganizationId, Vec<WebhookRow>>,
    only: HashMap<(ItemTypeId, u32), Option<WebhookId>>,
}

impl Known {
    fn webhook(&self, id: WebhookId) -> Option<&WebhookRow> {
        self.webhooks.values().flatten().find(|webhook| webhook.id == id)
    }

    /// The webhooks that hear of an event.
    pub async fn hearing(
        &mut self,
        app: &App,
        organization: OrganizationId,
        event: &str,
        item: ItemId,
        about: About,
    ) -> Result<Vec<WebhookId>, DbError> {
        let webhooks = match self.webhooks.entry(organization) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(store::webhooks_of_organization(&app.db, organization, None, WEBHOOKS_MAX).await?),
        };
        if webhooks.is_empty() {
            return Ok(Vec::new());
        }
        let only = match self.only.entry((about.item_type, about.type_version)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                // A type that cannot be read any more names nobody.
                *place.insert(inbox::webhook_of_type(app, about.item_type, about.type_version).await.ok().flatten())
            }
        };
        let mut hearing = Vec::new();
        let mut snapshot = None;
        for webhook in webhooks.iter().filter(|webhook| hears(webhook, event, about.item_type, only)) {
            if let Some(filter) = &webhook.spec.filter {
                if snapshot.is_none() {
                    snapshot = Some(inbox::entry(&app.db, item, about.seq).await?.and_then(|(_, item)| item));
                }
                let is_passed = snapshot.as_ref().is_some_and(|item| item.as_ref().is_some_and(|item| passes(filter, item)));
                if !is_passed {
                    continue;
                }
            }
            hearing.push(webhook.id);
        }
        Ok(hearing)
    }
}

/// Writes again the deliveries of what happened between two moments that one webhook hears of; how many.
pub async fn recover(app: &App, webhook: &WebhookRow, since: Time, until: Time, all: bool) -> ApiResult<u64> {
    let mut known = Known::default();
    let mut after = None;
    let mut count = 0;
    loop {
        let entries = inbox::entries_between(&app.db, webhook.organization, since, until, after, EVENTS_AT_ONCE).await?;
        let Some(last) = entries.last() else { break };
        after = Some((last.at, last.item, last.seq));
        let mut new = Vec::new();
        for entry in &entries {
            let event = format!("item.{}", entry.action);
            let Some(item_type) = entry.item_type.filter(|_| EVENTS.contains(&event.as_str())) else { continue };
            let about = About { seq: entry.seq, item_type, type_version: entry.type_version };
            if known.hearing(app, webhook.organization, &event, entry.item, about).await?.contains(&webhook.id) {
                let id = DeliveryId::new(app.uuid());
                let (organization, item, seq) = (webhook.organization, entry.item, entry.seq);
                new.push(NewDelivery { id, webhook: webhook.id, organization, item, seq, event });
            }
        }
        count += app.db.write((new, all, app.now()), |tx, (new, all, now)| Box::pin(begin_anew(tx, new, *all, *now))).await?;
    }
    app.senders.wake(app, webhook.id);
    Ok(count)
}

async fn begin_anew(tx: &mut Tx<'_>, new: &[NewDelivery], all: bool, now: Time) -> Result<u64, DbError> {
    let mut count = 0;
    for delivery in new {
        count += store::recover_delivery(tx, delivery, all, now).await?;
    }
    Ok(count)
}
