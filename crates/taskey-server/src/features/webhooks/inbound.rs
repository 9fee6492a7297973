//! Signed posts of applications that become items, by a small rule.

use http::HeaderMap;
use serde_json::{Value, json};
use taskey_proto::id::WebhookId;
use taskey_proto::items::{CreateItem, Fields};
use taskey_proto::problem::{Code, FieldError};
use taskey_proto::standard_webhooks::{Headers, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use taskey_proto::webhooks::{InboundRule, WebhookState};

use super::{keys, store};
use crate::app::App;
use crate::features::accounts::audit::Actor;
use crate::features::inbox;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};
use crate::platform::template::evaluate;

/// Takes a post in. Who cannot prove with a key of the webhook that it comes from its application learns nothing of it.
pub async fn take_in(app: &App, id: WebhookId, headers: &HeaderMap, body: &[u8], address: &str) -> ApiResult<()> {
    let webhook = store::webhook(&mut &app.db, id).await?.filter(|webhook| webhook.state == WebhookState::Active);
    let ready = webhook.and_then(|webhook| webhook.spec.inbound.clone().map(|rule| (webhook, rule)));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (message, timestamp, signatures) = (text(ID_HEADER), text(TIMESTAMP_HEADER), text(SIGNATURE_HEADER));
    let keys = match &ready {
        Some((webhook, _)) => keys::verifying_keys(app, webhook.organization, webhook.id).await?,
        None => Vec::new(),
    };
    let now_secs = app.now().ms().div_euclid(1_000);
    let signed = Headers { id: message, timestamp, signatures };
    // Without a key nothing matches: a webhook that is not there answers as one does that somebody else has signed for.
    verify(signed, body, &keys, now_secs).map_err(|error| ApiError::new(Code::InvalidSignature, format!("{error}.")))?;
    let Some((webhook, rule)) = ready else { return Err(ApiError::internal("a post was verified by no key")) };
    let body: Value =
        serde_json::from_slice(body).map_err(|error| ApiError::new(Code::MalformedBody, format!("The body is not JSON: {error}.")))?;
    let named: serde_json::Map<String, Value> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?)))).collect();
    let values = json!({"body": body, "headers": named});
    let Some(create) = apply(&rule, &values, message)? else { return Ok(()) };
    let actor = Actor::without_request(webhook.organization, "webhook", webhook.id.to_string(), webhook.name, address.to_owned());
    inbox::post_signed(app, actor, create).await
}

/// The item that a post becomes; `None` where the rule does not want it.
fn apply(rule: &InboundRule, values: &Value, message: &str) -> ApiResult<Option<CreateItem>> {
    let mut errors = Vec::new();
    let mut made = |pointer: String, text: &str| match evaluate(text, values) {
        Ok(value) => value,
        Err(detail) => {
            errors.push(FieldError::new(pointer, detail));
            Value::Null
        }
    };
    if let Some(when) = &rule.when
        && !is_true(&made("/inbound/when".to_owned(), when))
    {
        check(errors)?;
        return Ok(None);
    }
    let fields: Fields = rule
        .fields
        .iter()
        .map(|(name, text)| (name.to_owned(), made(format!("/inbound/fields/{name}"), text)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let external_id = match &rule.external_id {
        None => Some(message.to_owned()),
        Some(text) => match made("/inbound/external_id".to_owned(), text) {
            Value::Null => None,
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        },
    };
    check(errors)?;
    let item_type = rule.item_type.clone();
    Ok(Some(CreateItem { item_type, fields, external_id, due_at: None, assignee: None }))
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => !matches!(text.trim(), "" | "false" | "False" | "0"),
        Value::Null => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: Value) -> InboundRule {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_post_becomes_an_item_as_the_rule_says() {
        let rule = rule(json!({"type": "flag", "when": "{{ body.type == 'flag.raised' }}", "external_id": "flag-{{ body.id }}",
            "fields": {"level": "{{ body.level }}", "words": "{{ body.text }}", "note": "{{ body.note }}"}}));
        let values = json!({"body": {"type": "flag.raised", "id": 7, "level": 3, "text": "rude"}, "headers": {}});
        let create = apply(&rule, &values, "msg_1").unwrap().unwrap();
        assert_eq!(create.external_id.as_deref(), Some("flag-7"));
        assert_eq!(create.fields, Fields::from([("level".to_owned(), json!(3)), ("words".to_owned(), json!("rude"))]));
        let other = json!({"body": {"type": "flag.lowered"}, "headers": {}});
        assert_eq!(apply(&rule, &other, "msg_2").unwrap(), None);
    }

    #[test]
    fn without_a_word_about_it_the_same_message_is_one_item() {
        let create = apply(&rule(json!({"type": "flag", "fields": {}})), &json!({"body": {}}), "msg_9").unwrap().unwrap();
        assert_eq!(create.external_id.as_deref(), Some("msg_9"));
    }
}
