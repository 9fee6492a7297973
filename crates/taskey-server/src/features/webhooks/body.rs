//! What a delivery's body holds, made of one entry of an item's log.

use serde_json::{Map, Value, json};
use taskey_proto::item_types::{Key, Mark};
use taskey_proto::items::LogEntry;
use taskey_proto::webhooks::BodyKind;

use crate::platform::template::Template;

/// The fields of an item that say nothing that anybody wrote.
const THIN: [&str; 13] = [
    "id",
    "type",
    "state",
    "is_open",
    "due_at",
    "snoozed_until",
    "merged_into",
    "comment_count",
    "created_at",
    "updated_at",
    "closed_at",
    "version",
    "seq",
];

/// What happened to an item, as the log has it.
pub struct Told<'a> {
    /// As `item.resolved`.
    pub event: &'a str,
    pub entry: &'a LogEntry,
    /// The item as it was after that.
    pub item: &'a Value,
}

/// The body of a delivery, or why its template makes none.
pub fn body(told: &Told<'_>, kind: BodyKind, template: Option<&str>) -> Result<Value, String> {
    let full = full(told);
    match kind {
        BodyKind::Full => Ok(full),
        BodyKind::Thin => Ok(thin(told)),
        BodyKind::Template => {
            let text = Template::read(template.unwrap_or_default())?.render(&full)?;
            serde_json::from_str(&text).map_err(|error| format!("what the template makes is not JSON: {error}"))
        }
    }
}

fn full(told: &Told<'_>) -> Value {
    let entry = told.entry;
    let mut item = told.item.clone();
    let mut change = entry.change.clone().unwrap_or_default();
    if let Some(fields) = item.get_mut("fields").and_then(Value::as_object_mut)
        && fields.keys().any(|name| Key::parse(name).has(Mark::Webhook))
    {
        only_marked(fields);
        only_marked_change(&mut change);
    }
    json!({
        "type": told.event,
        "timestamp": entry.at,
        "data": {
            "item": item,
            "seq": entry.seq,
            "prev_state": entry.prev_state,
            "state": entry.state,
            "actor": entry.actor,
            "change": change,
        },
    })
}

/// Of a type that marks fields for webhooks, those alone.
fn only_marked(fields: &mut Map<String, Value>) {
    fields.retain(|name, _| Key::parse(name).has(Mark::Webhook));
}

fn only_marked_change(change: &mut Value) {
    for side in ["before", "after"] {
        let Some(values) = change.get_mut(side).and_then(Value::as_object_mut) else { continue };
        match values.get_mut("fields").and_then(Value::as_object_mut) {
            Some(fields) => only_marked(fields),
            // An update tells fields by their names; what else changes is named in words of our own.
            None => values.retain(|name, _| Key::parse(name).has(Mark::Webhook) || OURS.contains(&name.as_str())),
        }
    }
}

/// What else than fields an entry tells as changed.
const OURS: [&str; 4] = ["state", "assignee", "snoozed_until", "version"];

fn thin(told: &Told<'_>) -> Value {
    let entry = told.entry;
    let mut item: Map<String, Value> = THIN.iter().filter_map(|name| Some(((*name).to_owned(), told.item.get(*name)?.clone()))).collect();
    if let Some(resolution) = told.item.get("resolution").filter(|resolution| resolution.is_object()) {
        item.insert("resolution".to_owned(), json!({"name": resolution["name"], "refusal": resolution["refusal"], "at": resolution["at"]}));
    }
    json!({
        "type": told.event,
        "timestamp": entry.at,
        "data": {
            "item": item,
            "seq": entry.seq,
            "prev_state": entry.prev_state,
            "state": entry.state,
            "actor": {"kind": entry.actor.kind, "id": entry.actor.id},
        },
    })
}

#[cfg(test)]
mod tests {
    use taskey_proto::Time;
    use taskey_proto::items::ItemActor;

    use super::*;

    fn entry(change: Value) -> LogEntry {
        LogEntry {
            seq: 4,
            at: Time::from_ms(0),
            actor: ItemActor { kind: "user".to_owned(), id: "usr_1".to_owned(), name: "Ana".to_owned() },
            action: "resolved".to_owned(),
            prev_state: Some("open".to_owned()),
            state: "resolved".to_owned(),
            change: Some(change),
            hash: String::new(),
        }
    }

    fn told(fields: Value, change: Value, kind: BodyKind, template: Option<&str>) -> Result<Value, String> {
        let item = json!({"id": "itm_1", "title": "Refund 240", "state": "resolved", "fields": fields,
            "resolution": {"name": "approved", "label": "Refund 240", "refusal": false, "reason": "ok", "at": "T"}});
        body(&Told { event: "item.resolved", entry: &entry(change), item: &item }, kind, template)
    }

    #[test]
    fn the_full_body_is_what_the_contract_says() {
        let body = told(json!({"amount": 240}), json!({}), BodyKind::Full, None).unwrap();
        assert_eq!(body["type"], "item.resolved");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(body["data"]["seq"], 4);
        assert_eq!(body["data"]["prev_state"], "open");
        assert_eq!(body["data"]["item"]["fields"]["amount"], 240);
        assert_eq!(body["data"]["actor"]["name"], "Ana");
    }

    #[test]
    fn where_fields_are_marked_only_those_are_sent() {
        let fields = json!({"amount__webhook": 240, "card": "4411"});
        let change = json!({"before": {"card": "1"}, "after": {"card": "4411", "amount__webhook": 240, "state": "open"}});
        let body = told(fields, change, BodyKind::Full, None).unwrap();
        assert_eq!(body["data"]["item"]["fields"], json!({"amount__webhook": 240}));
        assert_eq!(body["data"]["change"], json!({"before": {}, "after": {"amount__webhook": 240, "state": "open"}}));
        assert!(!body.to_string().contains("4411"));
    }

    #[test]
    fn the_thin_body_holds_nothing_that_anybody_wrote() {
        let body = told(json!({"amount": 240}), json!({"text": "secret"}), BodyKind::Thin, None).unwrap().to_string();
        for word in ["240", "secret", "Ana", "reason", "title"] {
            assert!(!body.contains(word), "{word} in {body}");
        }
        assert!(body.contains("\"approved\""));
    }

    #[test]
    fn a_template_makes_json_or_says_why_not() {
        let template = r#"{"id": {{ data.item.id | tojson }}, "ok": {{ "true" if data.item.resolution.name == "approved" else "false" }}}"#;
        assert_eq!(told(json!({}), json!({}), BodyKind::Template, Some(template)).unwrap(), json!({"id": "itm_1", "ok": true}));
        assert!(told(json!({}), json!({}), BodyKind::Template, Some("{{ data.seq")).is_err());
        assert!(told(json!({}), json!({}), BodyKind::Template, Some("nothing")).unwrap_err().contains("not JSON"));
    }
}
