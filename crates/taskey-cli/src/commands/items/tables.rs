//! Items as people read them.

use serde_json::{Map, Value};
use taskey_proto::Time;
use taskey_proto::item_types::Key;
use taskey_proto::items::{Choice, Item, LogEntry, Sheet};

use crate::relative::{now, relative};
use crate::table::{Cell, Table, Tone};

pub fn list(items: &[Item]) -> Table {
    let now = now();
    let mut table = Table::new(&["ID", "TYPE", "TITLE", "STATE", "ASSIGNEE", "DUE", "CREATED"]);
    for item in items {
        table.row([
            item.id.to_string().into(),
            item.item_type.name.as_str().into(),
            item.title.as_str().into(),
            state(item),
            item.assignee.as_ref().map(|user| user.name.as_str()).unwrap_or_default().into(),
            item.due_at.filter(|_| item.is_open).map(|due| due_cell(due, now)).unwrap_or_default(),
            relative(item.created_at, now).into(),
        ]);
    }
    table
}

pub fn item(item: &Item) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", item.id.to_string());
    table.field("type", format!("{} v{}", item.item_type.name, item.item_type.version));
    table.field("title", item.title.as_str());
    table.field("state", state(item));
    if let Some(resolution) = &item.resolution {
        table.field("by", format!("{}, {}", resolution.by, relative(resolution.at, now)));
        table.field_if("because", resolution.reason.as_deref());
        resolution.answers.iter().for_each(|(name, value)| table.field(&format!("answer {name}"), plain(value)));
    }
    table.field_if("reason", item.reason.as_ref().map(|reason| reason.detail.as_str()));
    table.field_if("merged into", item.merged_into.map(|into| into.to_string()));
    table.field_if("external id", item.external_id.as_deref());
    table.field_if("assignee", item.assignee.as_ref().map(|user| user.name.as_str()));
    table.field_if("due", item.due_at.filter(|_| item.is_open).map(|due| due_cell(due, now)));
    table.field_if("snoozed", item.snoozed_until.map(|until| format!("until {until}, or until something happens")));
    table.field("posted", format!("{} by {}", relative(item.created_at, now), item.created_by));
    table.field_if("erased", item.erased_at.map(|at| relative(at, now)));
    if item.comment_count > 0 {
        table.field("comments", format!("{}; `taskey items log {}` has them", item.comment_count, item.id));
    }
    match &item.sheet {
        None => table.then(fields(item)),
        Some(sheet) => with_sheet(table, item, sheet),
    }
}

fn with_sheet(mut table: Table, item: &Item, sheet: &Sheet) -> Table {
    let others: Vec<&str> = sheet.viewers.iter().map(|user| user.name.as_str()).collect();
    table.field_if("looked at by", Some(others.join(", ")).filter(|names| !names.is_empty()));
    let duplicates: Vec<String> = sheet.duplicates.iter().map(|duplicate| duplicate.id.to_string()).collect();
    table.field_if("same as it", Some(duplicates.join(", ")).filter(|ids| !ids.is_empty()));
    if sheet.newest_version > item.item_type.version {
        table.field("note", format!("its type is at v{} by now", sheet.newest_version));
    }
    table.field_if("you may not", sheet.why_not.as_ref().map(|reason| reason.detail.as_str()));
    let mut below = match &sheet.text {
        Some(text) => lines(text),
        None => fields(item),
    };
    if !sheet.choices.is_empty() {
        below = below.then(choices(&sheet.choices));
    }
    table.then(below)
}

fn lines(text: &str) -> Table {
    let mut table = Table::of_fields();
    text.lines().for_each(|line| table.row([line.into()]));
    table
}

/// In the order of the schema where there is one; what it does not know comes last.
fn fields(item: &Item) -> Table {
    let mut table = Table::new(&["FIELD", "VALUE"]);
    let known: Vec<&str> = item.sheet.iter().flat_map(|sheet| sheet.schema.properties.names()).collect();
    let first = known.iter().filter_map(|name| item.fields.get_key_value(*name));
    let rest = item.fields.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    for (name, value) in first.chain(rest) {
        table.row([Key::parse(name).name.into(), plain(value).into()]);
    }
    table
}

fn choices(choices: &[Choice]) -> Table {
    let mut table = Table::new(&["RESOLVE AS", "WHICH MEANS", "ASKS FOR"]);
    for choice in choices {
        let tone = if choice.refusal { Tone::Bad } else { Tone::Good };
        table.row([Cell::toned(&choice.name, tone), choice.label.as_str().into(), asked(choice).into()]);
    }
    table
}

/// What whoever decides is asked.
fn asked(choice: &Choice) -> String {
    let mut asked = Vec::new();
    if choice.reason_required {
        asked.push("a reason".to_owned());
    }
    if !choice.reasons.is_empty() {
        asked.push(format!("reasons: {}", choice.reasons.join(", ")));
    }
    if let Some(form) = &choice.form {
        let required: Vec<&str> = form.required().collect();
        asked.extend(form.properties.names().map(|name| if required.contains(&name) { name.to_owned() } else { format!("[{name}]") }));
    }
    asked.join("; ")
}

pub fn log(entries: &[LogEntry]) -> Table {
    let now = now();
    let mut table = Table::new(&["SEQ", "WHEN", "WHO", "WHAT", "STATE", "CHANGE"]);
    for entry in entries {
        let state = match &entry.prev_state {
            Some(before) if *before != entry.state => format!("{before} -> {}", entry.state),
            _ => entry.state.clone(),
        };
        table.row([
            entry.seq.to_string().into(),
            relative(entry.at, now).into(),
            entry.actor.name.as_str().into(),
            entry.action.replace('_', " ").into(),
            state.into(),
            entry.change.as_ref().map(change).unwrap_or_default().into(),
        ]);
    }
    table
}

/// `amount: 240 -> 250, note: nothing -> late`, or what was said.
fn change(change: &Value) -> String {
    let Value::Object(change) = change else { return plain(change) };
    let mut told = differences(change);
    let says_nothing = |value: &Value| matches!(value, Value::Null | Value::Bool(false));
    let rest = change.iter().filter(|(name, value)| !matches!(name.as_str(), "before" | "after") && !says_nothing(value));
    told.extend(rest.map(|(name, value)| match (value.get("before"), value.get("after")) {
        (Some(before), Some(after)) => format!("{name}: {} -> {}", plain(before), plain(after)),
        _ if name == "text" => plain(value),
        _ => format!("{name}: {}", plain(value)),
    }));
    told.join(", ")
}

/// What was before and is after, by name; of what is new, what there is.
fn differences(change: &Map<String, Value>) -> Vec<String> {
    let side = |name: &str| change.get(name).and_then(Value::as_object);
    match (side("before"), side("after")) {
        (None, None) => Vec::new(),
        (None, Some(after)) => {
            let there = after.iter().filter(|(_, value)| !value.is_null());
            there.map(|(name, value)| format!("{name}: {}", plain(value))).collect()
        }
        (Some(before), after) => {
            let nothing = Map::new();
            let after = after.unwrap_or(&nothing);
            let gone = before.keys().filter(|name| !after.contains_key(*name));
            let value = |side: &Map<String, Value>, name: &str| plain(side.get(name).unwrap_or(&Value::Null));
            let names = after.keys().chain(gone);
            names.map(|name| format!("{name}: {} -> {}", value(before, name), value(after, name))).collect()
        }
    }
}

/// `itm_…: open, Ann's, due in 2h`: what a change has come to.
pub fn in_a_line(item: &Item) -> String {
    let now = now();
    let mut text = format!("{}: {}", item.id, state_text(item));
    if let Some(into) = item.merged_into {
        text.push_str(&format!(" into {into}"));
    }
    if !item.is_open {
        return text;
    }
    if let Some(user) = &item.assignee {
        text.push_str(&format!(", {} has it", user.name));
    }
    if let Some(until) = item.snoozed_until {
        text.push_str(&format!(", snoozed until {until}"));
    }
    if let Some(due) = item.due_at {
        text.push_str(&format!(", due {}", relative(due, now)));
    }
    text
}

/// What it was resolved as, or its state.
fn state_text(item: &Item) -> String {
    match &item.resolution {
        Some(resolution) => format!("resolved as {}", resolution.name),
        None => item.state.replace('_', " "),
    }
}

fn state(item: &Item) -> Cell {
    let tone = match &item.resolution {
        Some(resolution) if resolution.refusal => Tone::Bad,
        Some(_) => Tone::Good,
        None if item.is_open => Tone::Busy,
        None => Tone::Faint,
    };
    Cell::toned(state_text(item), tone)
}

fn due_cell(due: Time, now: Time) -> Cell {
    Cell::toned(relative(due, now), if due < now { Tone::Bad } else { Tone::Plain })
}

/// A text as it is, somebody by their name, a reason by its words, anything else as JSON.
fn plain(value: &Value) -> String {
    let word = |name: &str| value.get(name).and_then(Value::as_str);
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => match (word("name").or(word("detail")), word("reason")) {
            (Some(name), Some(reason)) => format!("{name} ({reason})"),
            (Some(name), None) => name.to_owned(),
            (None, _) => value.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(more: Value) -> Item {
        let at = "2026-01-01T00:00:00.000Z";
        let mut item = json!({
            "id": "itm_00000000000000000000000001", "type": {"id": "ity_00000000000000000000000000", "name": "refund", "version": 1},
            "title": "Refund 240 for A1", "state": "open", "is_open": true, "resolution": null, "reason": null,
            "fields": {"amount": 240, "order": "A1", "receipt__preview": "https://a.example/1"},
            "external_id": null, "assignee": null, "due_at": null, "snoozed_until": null, "merged_into": null, "comment_count": 0,
            "created_at": at, "created_by": "shop", "updated_at": at, "closed_at": null, "erased_at": null, "version": 1, "seq": 1,
            "role": "admin",
        });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(item).unwrap()
    }

    fn sheet() -> Value {
        json!({
            "text": null, "schema": {"properties": {"order": {}, "amount": {}}}, "moves": [], "why_not": null, "may_change": true, "newest_version": 1,
            "viewers": [], "duplicates": [],
            "choices": [
                {"name": "approved", "label": "Refund 240", "refusal": false, "reasons": [], "reason_required": false, "confirm": null,
                 "form": {"required": ["account"], "properties": {"account": {}, "note": {}}}},
                {"name": "rejected", "label": "Decline", "refusal": true, "reasons": ["fraud", "too late"], "reason_required": true,
                 "form": null, "confirm": null},
            ],
        })
    }

    #[test]
    fn an_item_is_shown_with_its_fields_in_the_order_of_the_type_and_with_its_buttons() {
        let mut posted = shown(json!({"sheet": sheet()}));
        // Only a text keeps the order in which names stand.
        posted.sheet.as_mut().unwrap().schema = serde_json::from_str(r#"{"properties": {"order": {}, "amount": {}}}"#).unwrap();
        let text = item(&posted).render(false);
        assert!(text.contains("FIELD    VALUE\norder    A1\namount   240\nreceipt  https://a.example/1\n"), "{text}");
        assert!(text.contains("approved    Refund 240   account; [note]\n"), "{text}");
        assert!(text.contains("rejected    Decline      a reason; reasons: fraud, too late\n"), "{text}");
    }

    #[test]
    fn a_text_of_the_type_stands_instead_of_the_fields() {
        let mut sheet = sheet();
        sheet["text"] = json!("The customer wants 240 back.\nSince Monday.");
        let text = item(&shown(json!({"sheet": sheet}))).render(false);
        assert!(text.contains("\nThe customer wants 240 back.\nSince Monday.\n") && !text.contains("FIELD"), "{text}");
    }

    #[test]
    fn a_change_is_told_in_a_line() {
        for (value, told) in [
            (
                json!({"before": {"amount": 240, "note": "x"}, "after": {"amount": 250, "tag": "a"}}),
                "amount: 240 -> 250, tag: nothing -> a, note: x -> nothing",
            ),
            (
                json!({"before": {}, "after": {}, "due_at": {"before": null, "after": "2030-01-01T00:00:00.000Z"}}),
                "due_at: nothing -> 2030-01-01T00:00:00.000Z",
            ),
            (json!({"after": {"fields": {"amount": 240}, "assignee": null}}), "fields: {\"amount\":240}"),
            (
                json!({"before": {"assignee": null}, "after": {"assignee": {"id": "usr_1", "name": "Ann"}}, "note": null}),
                "assignee: nothing -> Ann",
            ),
            (json!({"resolution": {"name": "rejected", "reason": "fraud", "by": "Ann"}}), "resolution: rejected (fraud)"),
            (json!({"reason": {"code": "cancelled", "detail": "Taken back."}}), "reason: Taken back."),
            (json!({"text": "Looks fine.", "public": true}), "public: true, Looks fine."),
            (json!({"text": "Looks fine.", "public": false}), "Looks fine."),
            (json!("said"), "said"),
        ] {
            assert_eq!(change(&value), told);
        }
    }

    #[test]
    fn what_a_change_came_to_is_told_in_a_line() {
        let id = "itm_00000000000000000000000001";
        let user = json!({"id": "usr_00000000000000000000000000", "name": "Ann"});
        assert_eq!(in_a_line(&shown(json!({"assignee": user}))), format!("{id}: open, Ann has it"));
        let over = json!({"state": "merged", "is_open": false, "merged_into": "itm_00000000000000000000000002"});
        assert_eq!(in_a_line(&shown(over)), format!("{id}: merged into itm_00000000000000000000000002"));
    }
}
