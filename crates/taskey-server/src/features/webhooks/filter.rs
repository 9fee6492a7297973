//! Which webhooks hear of what happened to an item.

use serde_json::Value;
use taskey_proto::devices::Labels;
use taskey_proto::id::{ItemTypeId, WebhookId};
use taskey_proto::selector::{Selector, Subject};
use taskey_proto::webhooks::WebhookState;

use super::store::WebhookRow;
use crate::features::inbox::field_words;

/// Whether a webhook hears of an event of items of a type; its filter is asked apart.
pub fn hears(webhook: &WebhookRow, event: &str, item_type: ItemTypeId, only: Option<WebhookId>) -> bool {
    let spec = &webhook.spec;
    let is_chosen = only.is_none_or(|only| only == webhook.id);
    let is_of_type = webhook.types.is_empty() || webhook.types.contains(&item_type);
    let is_of_event = spec.events.is_empty() || spec.events.iter().any(|known| known == event);
    spec.url.is_some() && webhook.state == WebhookState::Active && is_chosen && is_of_type && is_of_event
}

/// Whether an item passes a webhook's filter; one that cannot be read any more lets everything pass.
pub fn passes(filter: &str, item: &Value) -> bool {
    let Ok(selector) = Selector::parse(filter) else { return true };
    let fields = item.get("fields").and_then(|fields| serde_json::from_value(fields.clone()).ok()).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let facts: Labels = [
        ("state".to_owned(), text(&item["state"])),
        ("type".to_owned(), text(&item["type"]["name"])),
        ("resolution".to_owned(), text(&item["resolution"]["name"])),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect();
    let title = text(&item["title"]);
    selector.matches_amounts(&Subject { name: &title, labels: &field_words(&fields), facts: &facts, groups: &[], online: false })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_asks_for_fields_by_what_people_call_them_and_for_the_outcome() {
        let item = json!({"title": "Refund", "state": "resolved", "type": {"name": "refund"}, "resolution": {"name": "approved"},
            "fields": {"amount__webhook": 240, "country": "DE"}});
        for filter in ["amount>100", "amount=240 and country=DE", "resolution=approved", "type=refund and not country=FR"] {
            assert!(passes(filter, &item), "{filter}");
        }
        for filter in ["amount>1000", "country=FR", "missing"] {
            assert!(!passes(filter, &item), "{filter}");
        }
    }
}
