//! Webhooks and deliveries as people read them.

use taskey_proto::webhooks::{BodyKind, Delivery, DeliveryAttempt, DeliveryState, Recovered, Signing, Webhook, WebhookKey, WebhookState};

use crate::relative::{length, now, relative};
use crate::table::{Cell, Table, Tone};

pub fn webhooks(webhooks: &[Webhook]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "STATE", "URL", "TYPES", "WAITING", "LAST SUCCESS"]);
    for webhook in webhooks {
        table.row([
            webhook.name.as_str().into(),
            state(webhook),
            webhook.spec.url.as_deref().unwrap_or("takes in alone").into(),
            all_or(&webhook.spec.types).into(),
            webhook.waiting_count.to_string().into(),
            webhook.last_success_at.map_or_else(|| "never".to_owned(), |at| relative(at, now)).into(),
        ]);
    }
    table
}

pub fn webhook(webhook: &Webhook) -> Table {
    let now = now();
    let spec = &webhook.spec;
    let mut table = Table::of_fields();
    table.field("id", webhook.id.to_string());
    table.field("name", webhook.name.as_str());
    table.field_if("secret", webhook.secret.as_deref());
    table.field("state", state(webhook));
    table.field_if("reason", webhook.reason.as_ref().map(|reason| reason.detail.as_str()));
    table.field_if("url", spec.url.as_deref());
    if spec.url.is_some() {
        table.field("types", all_or(&spec.types));
        table.field("events", all_or(&spec.events));
        table.field_if("filter", spec.filter.as_deref());
        table.field("body", body(spec.body));
        table.field("waiting", webhook.waiting_count.to_string());
        table.field_if("failing", webhook.failing_since.map(|since| format!("since {}", relative(since, now))));
        table.field("last success", webhook.last_success_at.map_or_else(|| "never".to_owned(), |at| relative(at, now)));
    }
    table.field_if("takes in", spec.inbound.as_ref().map(|rule| format!("items of type {}", rule.item_type)));
    table.field_if("at", webhook.inbound_url.as_deref());
    table.field("version", format!("v{}, {} by {}", webhook.version, relative(webhook.updated_at, now), webhook.updated_by));
    table.field("created", relative(webhook.created_at, now));
    if webhook.secret.is_some() {
        table.field("note", "the secret is not shown again");
    }
    table.then(keys(&webhook.keys))
}

fn keys(keys: &[WebhookKey]) -> Table {
    let now = now();
    let mut table = Table::new(&["KEY", "SIGNS WITH", "PUBLIC KEY", "MADE", "SIGNS UNTIL"]);
    for key in keys {
        table.row([
            key.number.to_string().into(),
            signing(key.signing).into(),
            key.public_key.as_deref().unwrap_or_default().into(),
            format!("{}{}", relative(key.created_at, now), if key.imported { ", imported" } else { "" }).into(),
            key.expires_at.map_or_else(|| "a newer one is made".to_owned(), |at| relative(at, now)).into(),
        ]);
    }
    table
}

pub fn deliveries(deliveries: &[Delivery]) -> Table {
    let now = now();
    let mut table = Table::new(&["ID", "EVENT", "ITEM", "SEQ", "STATE", "TRIES", "CREATED", "NEXT", "REASON"]);
    for delivery in deliveries {
        table.row([
            delivery.id.to_string().into(),
            delivery.event.as_str().into(),
            delivery.item.to_string().into(),
            delivery.seq.to_string().into(),
            delivery_state(delivery.state),
            delivery.attempt_count.to_string().into(),
            relative(delivery.created_at, now).into(),
            delivery.next_at.map(|at| relative(at, now)).unwrap_or_default().into(),
            delivery.reason.as_ref().map(|reason| reason.detail.as_str()).unwrap_or_default().into(),
        ]);
    }
    table
}

pub fn delivery(delivery: &Delivery) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", delivery.id.to_string());
    table.field("event", delivery.event.as_str());
    table.field("item", format!("{}, seq {}", delivery.item, delivery.seq));
    table.field("state", delivery_state(delivery.state));
    table.field_if("reason", delivery.reason.as_ref().map(|reason| reason.detail.as_str()));
    table.field("tries", delivery.attempt_count.to_string());
    table.field_if("next", delivery.next_at.map(|at| relative(at, now)));
    table.field("created", relative(delivery.created_at, now));
    table.field_if("finished", delivery.finished_at.map(|at| relative(at, now)));
    let tried = delivery.attempts.as_deref().filter(|attempts| !attempts.is_empty()).map(attempts);
    let posted = delivery.body.as_ref().map(posted);
    match (tried, posted) {
        (Some(tried), Some(posted)) => table.then(tried.then(posted)),
        (Some(below), None) | (None, Some(below)) => table.then(below),
        (None, None) => table,
    }
}

fn attempts(attempts: &[DeliveryAttempt]) -> Table {
    let mut table = Table::new(&["TRY", "AT", "STATUS", "TOOK", "KEYS", "ANSWER"]);
    for attempt in attempts {
        let is_success = attempt.status.is_some_and(|status| (200..300).contains(&status));
        let status = attempt.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let keys: Vec<String> = attempt.keys.iter().map(u32::to_string).collect();
        table.row([
            attempt.number.to_string().into(),
            attempt.at.to_string().into(),
            Cell::toned(status, if is_success { Tone::Good } else { Tone::Bad }),
            length(i64::try_from(attempt.duration_ms).unwrap_or(i64::MAX)).into(),
            keys.join(",").into(),
            attempt.error.as_deref().or(attempt.response.as_deref()).unwrap_or_default().into(),
        ]);
    }
    table
}

fn posted(body: &serde_json::Value) -> Table {
    let mut table = Table::of_fields();
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    // A cell turns a tab into a blank and leaves blanks at the beginning.
    text.lines().for_each(|line| table.row([line.into()]));
    table
}

pub fn recovered(recovered: &Recovered) -> Table {
    let mut table = Table::of_fields();
    table.field("deliveries", recovered.delivery_count.to_string());
    table
}

fn state(webhook: &Webhook) -> Cell {
    match webhook.state {
        WebhookState::Active if webhook.failing_since.is_some() => Cell::toned("failing", Tone::Bad),
        WebhookState::Active => Cell::toned("active", Tone::Good),
        WebhookState::Disabled => Cell::toned("disabled", Tone::Faint),
        WebhookState::GivenUp => Cell::toned("given up", Tone::Bad),
    }
}

fn delivery_state(state: DeliveryState) -> Cell {
    match state {
        DeliveryState::Waiting => Cell::toned("waiting", Tone::Busy),
        DeliveryState::Delivered => Cell::toned("delivered", Tone::Good),
        DeliveryState::Failed => Cell::toned("failed", Tone::Bad),
        DeliveryState::Dropped => Cell::toned("dropped", Tone::Faint),
    }
}

fn all_or(names: &[String]) -> String {
    if names.is_empty() { "all".to_owned() } else { names.join(", ") }
}

const fn body(kind: BodyKind) -> &'static str {
    match kind {
        BodyKind::Full => "full",
        BodyKind::Thin => "thin",
        BodyKind::Template => "template",
    }
}

const fn signing(signing: Signing) -> &'static str {
    match signing {
        Signing::Hmac => "hmac",
        Signing::Ed25519 => "ed25519",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn made(more: Value) -> Webhook {
        let at = "2026-01-01T00:00:00.000Z";
        let mut webhook = json!({
            "id": "whk_00000000000000000000000000", "name": "shop.example", "spec": {"url": "https://shop.example/hooks", "types": ["refund"]},
            "state": "active", "reason": null, "keys": [{"number": 1, "signing": "hmac", "public_key": null, "imported": false, "created_at": at, "expires_at": null}],
            "inbound_url": null, "waiting_count": 0, "failing_since": null, "last_success_at": null, "created_at": at, "updated_at": at,
            "updated_by": "ann", "version": 1,
        });
        webhook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(webhook).unwrap()
    }

    #[test]
    fn a_secret_is_shown_where_there_is_one_and_said_to_be_shown_once() {
        let shown = webhook(&made(json!({"secret": "whsec_abc"}))).render(false);
        assert!(shown.contains("whsec_abc") && shown.contains("not shown again"), "{shown}");
        assert!(!webhook(&made(json!({}))).render(false).contains("secret"));
    }

    #[test]
    fn a_webhook_that_fails_is_not_called_active() {
        let failing = made(json!({"failing_since": "2026-01-01T00:00:00.000Z"}));
        assert!(webhooks(&[failing]).render(false).contains("shop.example  failing  https://shop.example/hooks  refund  0        never"));
    }

    #[test]
    fn a_delivery_shows_its_tries_and_its_body() {
        let at = "2026-01-01T00:00:00.000Z";
        let tried = serde_json::from_value(json!({
            "id": "msg_00000000000000000000000000", "webhook": "whk_00000000000000000000000000", "item": "itm_00000000000000000000000001",
            "event": "item.resolved", "seq": 3, "state": "waiting", "reason": {"code": "status", "detail": "It answered 500."},
            "attempt_count": 1, "next_at": null, "created_at": at, "finished_at": null,
            "attempts": [{"number": 1, "at": at, "url": "https://shop.example/hooks", "keys": [2, 1], "status": 500, "error": null,
                          "duration_ms": 12, "response": "oops"}],
            "body": {"type": "item.resolved"},
        }))
        .unwrap();
        let shown = delivery(&tried).render(false);
        assert!(shown.contains("1    2026-01-01T00:00:00.000Z  500     12ms  2,1   oops\n"), "{shown}");
        assert!(shown.contains("\n{\n  \"type\": \"item.resolved\"\n}\n"), "{shown}");
    }
}
