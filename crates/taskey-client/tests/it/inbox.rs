//! What leaves the client for the inbox, and what it makes of the answers.

use std::time::Duration;

use serde_json::json;
use taskey_client::{ItemFilter, ItemOrder};
use taskey_proto::id::ItemId;
use taskey_proto::items::{CreateItem, ResolveItem};

use crate::scripted::{self, Reply, Scripted};

const ITEM: &str = "itm_00000000000000000000000001";

fn id() -> ItemId {
    ITEM.parse().unwrap()
}

fn item(state: &str) -> serde_json::Value {
    let at = "2026-01-01T00:00:00.000Z";
    json!({
        "id": ITEM, "type": {"id": "ity_00000000000000000000000000", "name": "refund", "version": 1}, "title": "Refund 240", "state": state,
        "is_open": state == "open", "resolution": null, "reason": null, "fields": {"amount": 240}, "external_id": null, "assignee": null,
        "due_at": null, "snoozed_until": null, "merged_into": null, "comment_count": 0, "created_at": at, "created_by": "shop",
        "updated_at": at, "closed_at": null, "erased_at": null, "version": 1, "seq": 1, "role": "admin",
    })
}

fn entry(seq: u64) -> serde_json::Value {
    json!({
        "seq": seq, "at": "2026-01-01T00:00:00.000Z", "actor": {"kind": "user", "id": "usr_1", "name": "ann"}, "action": "commented",
        "prev_state": "open", "state": "open", "change": null, "hash": "00",
    })
}

fn nothing() -> Reply {
    Reply::Answer(204, "", String::new())
}

fn refund() -> CreateItem {
    serde_json::from_value(json!({"type": "refund", "fields": {"amount": 240}, "external_id": "order-1"})).unwrap()
}

fn first_lines(server: &Scripted) -> Vec<String> {
    server.requests().iter().map(|request| request.lines().next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_post_whose_answer_got_lost_is_sent_again_and_tells_whether_the_item_is_new() {
    let server = Scripted::start([Reply::HangUp, scripted::json(201, item("open")), scripted::json(200, item("resolved"))]).await;
    assert!(server.client.create_item(&refund(), Some("k1")).await.unwrap().is_new);
    assert!(!server.client.create_item(&refund(), Some("k2")).await.unwrap().is_new);
    let requests = server.requests();
    assert_eq!(requests[0], requests[1]);
    assert!(requests[0].contains("\r\nidempotency-key: k1\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with(r#"{"type":"refund","fields":{"amount":240},"external_id":"order-1"}"#), "{}", requests[0]);
}

#[tokio::test]
async fn a_list_says_only_what_was_asked_for() {
    let page = || scripted::json(200, json!({"items": [item("open")], "next": null}));
    let server = Scripted::start([page(), page()]).await;
    server.client.list_items(&ItemFilter::default(), None).await.unwrap();
    let filter = ItemFilter {
        item_type: Some("refund".to_owned()),
        state: Some("all".to_owned()),
        tests: Some("amount>100 and order=A1".to_owned()),
        order: ItemOrder::Due,
        ..ItemFilter::default()
    };
    server.client.list_items(&filter, Some(3)).await.unwrap();
    let asked = [
        "GET /api/v1/items?order=newest&limit=200 HTTP/1.1",
        "GET /api/v1/items?type=refund&state=all&where=amount%3E100+and+order%3DA1&order=due&limit=3 HTTP/1.1",
    ];
    assert_eq!(first_lines(&server), asked);
}

#[tokio::test]
async fn a_bulk_is_lines_in_and_lines_out() {
    let answer = "{\"line\":1,\"status\":201,\"id\":\"itm_00000000000000000000000001\",\"code\":null,\"detail\":null}\n\
                  {\"line\":2,\"status\":422,\"id\":null,\"code\":\"invalid\",\"detail\":\"Some fields are wrong.\",\"errors\":[{\"pointer\":\"/type\",\"detail\":\"no\"}]}\n";
    let server = Scripted::start([Reply::Answer(200, "content-type: application/x-ndjson\r\n", answer.to_owned())]).await;
    let lines = server.client.create_items("{\"type\":\"refund\"}\n{}\n").await.unwrap();
    assert_eq!(lines.iter().map(|line| (line.line, line.status, line.id)).collect::<Vec<_>>(), [(1, 201, Some(id())), (2, 422, None)]);
    let request = &server.requests()[0];
    assert!(request.starts_with("POST /api/v1/items/bulk ") && request.contains("\r\ncontent-type: application/x-ndjson\r\n"), "{request}");
    assert!(request.ends_with("{\"type\":\"refund\"}\n{}\n"), "{request}");
}

#[tokio::test]
async fn waiting_goes_on_in_calls_that_no_proxy_cuts_until_the_item_is_over() {
    let server = Scripted::start([nothing(), nothing(), scripted::json(200, item("resolved"))]).await;
    let over = server.client.wait_item(id(), Duration::from_secs(1_800)).await.unwrap();
    assert_eq!(over.unwrap().state, "resolved");
    assert_eq!(first_lines(&server), vec![format!("GET /api/v1/items/{ITEM}/wait?wait=50 HTTP/1.1"); 3]);
}

#[tokio::test]
async fn waiting_for_no_time_asks_once_and_does_not_wait() {
    let server = Scripted::start([nothing()]).await;
    assert!(server.client.wait_item(id(), Duration::ZERO).await.unwrap().is_none());
    assert_eq!(first_lines(&server), [format!("GET /api/v1/items/{ITEM}/wait?wait=0 HTTP/1.1")]);
}

#[tokio::test]
async fn a_log_is_read_page_by_page_by_the_numbers_of_its_entries() {
    let pages = || {
        [
            scripted::json(200, json!({"items": [entry(1), entry(2)], "next": "more"})),
            scripted::json(200, json!({"items": [entry(3)], "next": null})),
        ]
    };
    let server = Scripted::start(pages()).await;
    let log = server.client.list_item_log(id(), None, None).await.unwrap();
    assert_eq!(log.items.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let log = format!("GET /api/v1/items/{ITEM}/log");
    assert_eq!(first_lines(&server), [format!("{log}?limit=200 HTTP/1.1"), format!("{log}?after=2&limit=200 HTTP/1.1")]);
    let server = Scripted::start(pages()).await;
    assert_eq!(server.client.list_item_log(id(), Some(7), Some(2)).await.unwrap().items.len(), 2);
    assert_eq!(first_lines(&server), [format!("{log}?after=7&limit=2 HTTP/1.1")]);
}

#[tokio::test]
async fn a_decision_names_the_version_that_it_was_made_on() {
    let server = Scripted::start([scripted::json(200, item("resolved"))]).await;
    let resolve: ResolveItem = serde_json::from_value(json!({"resolution": "approved"})).unwrap();
    server.client.resolve_item(id(), &resolve, "\"3\"").await.unwrap();
    let request = &server.requests()[0];
    assert!(
        request.starts_with(&format!("POST /api/v1/items/{ITEM}/resolve ")) && request.contains("\r\nif-match: \"3\"\r\n"),
        "{request}"
    );
    assert!(request.ends_with("{\"resolution\":\"approved\"}"), "{request}");
}

#[tokio::test]
async fn types_webhooks_and_deliveries_are_asked_for_below_their_names() {
    let page = || scripted::json(200, json!({"items": [], "next": null}));
    let schema = scripted::json(200, json!({"type": "object"}));
    let server = Scripted::start([page(), schema, nothing(), page(), page(), scripted::json(202, json!({"delivery_count": 3}))]).await;
    let client = &server.client;
    client.list_item_type_versions("refund", None).await.unwrap();
    client.item_type_schema().await.unwrap();
    client.remove_item_type("refund").await.unwrap();
    client.list_webhooks(None).await.unwrap();
    let failed = Some(taskey_proto::webhooks::DeliveryState::Failed);
    client.list_deliveries("shop", failed, Some(5)).await.unwrap();
    let recover = serde_json::from_value(json!({"since": "2026-01-01T00:00:00Z"})).unwrap();
    assert_eq!(client.recover_deliveries("shop", &recover).await.unwrap().delivery_count, 3);
    let asked = [
        "GET /api/v1/item-types/refund/versions?limit=200 HTTP/1.1",
        "GET /schemas/item-type.json HTTP/1.1",
        "DELETE /api/v1/item-types/refund HTTP/1.1",
        "GET /api/v1/webhooks?limit=200 HTTP/1.1",
        "GET /api/v1/webhooks/shop/deliveries?state=failed&limit=5 HTTP/1.1",
        "POST /api/v1/webhooks/shop/recover HTTP/1.1",
    ];
    assert_eq!(first_lines(&server), asked);
}
