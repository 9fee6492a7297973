//! Programs that wait for an item: by one call after another, or on a stream; and what all of the organization hears.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use taskey_testkit::{PATIENCE, on_both};

use super::*;

/// What a stream says until that is enough.
async fn read_until(request: RequestBuilder, enough: impl Fn(&str) -> bool) -> String {
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    while !enough(&text) {
        let piece = tokio::time::timeout(PATIENCE, response.chunk()).await.expect("something comes").unwrap();
        text.push_str(&String::from_utf8_lossy(&piece.unwrap_or_else(|| panic!("the stream ends after: {text}"))));
    }
    text
}

fn told<'a>(text: &'a str, field: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim).collect()
}

/// The numbers of entries that have come whole.
fn ids(text: &str) -> Vec<&str> {
    told(text.rfind("\n\n").map_or("", |end| &text[..end]), "id")
}

on_both! {
    async fn who_waits_is_answered_at_once_where_it_is_over_and_with_nothing_where_time_is(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        for wait in ["wait=0", "wait=0&after=1"] {
            let answer = ann.get(&format!("{}/wait?{wait}", path(&item))).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{wait}");
        }
        let longer = ann.get(&format!("{}/wait?wait=20&after=0", path(&item))).await;
        assert_eq!((longer.status, &longer.body["id"], &longer.body["seq"]), (200, &item["id"], &json!(1)), "its log is longer");
        assert_eq!(approve(&ann, &item).await.status, 200);
        for wait in ["wait=0", "wait=20", "wait=20&after=1"] {
            let answer = ann.get(&format!("{}/wait?{wait}", path(&item))).await;
            assert_eq!((answer.status, &answer.body["id"], &answer.body["state"]), (200, &item["id"], &json!("resolved")), "{wait}");
        }
        assert_eq!(ann.get("/api/v1/items/itm_00000000000000000000000000/wait?wait=0").await.status, 404);
    }

    async fn who_waits_is_answered_as_soon_as_somebody_decides(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let item = post_refund(&ann, "A1", 10).await;
        let wait = format!("{}/wait?wait=25", path(&item));
        let decide = async {
            comment(&bob, &item, "this alone lets nobody go").await;
            assert_eq!(act(&bob, &item, "resolve", json!({"resolution": "partly", "answers": {"amount": 4}})).await.status, 200);
        };
        let (waited, again, ()) = tokio::join!(ann.get(&wait), ann.get(&wait), decide);
        for answer in [waited, again] {
            assert_eq!((answer.status, &answer.body["state"]), (200, &json!("resolved")), "{}", answer.text);
            assert_eq!(answer.body["resolution"]["answers"], json!({"amount": 4}));
        }
    }

    async fn who_waits_for_anything_is_answered_when_the_log_is_longer(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let item = post_refund(&ann, "A1", 10).await;
        let wait = format!("{}/wait?wait=25&after=1", path(&item));
        let (waited, _) = tokio::join!(ann.get(&wait), comment(&bob, &item, "hello"));
        assert_eq!((waited.status, &waited.body["seq"], &waited.body["state"]), (200, &json!(2), &json!("open")), "{}", waited.text);
        assert_eq!(ann.get(&format!("{}/wait?wait=0&after=2", path(&item))).await.status, 204);
    }

    async fn who_waits_for_one_of_several_hears_of_the_first(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let (first, second, third) = (post_refund(&ann, "A1", 1).await, post_refund(&ann, "A2", 2).await, post_refund(&ann, "A3", 3).await);
        let all = json!({"items": [first["id"], second["id"], third["id"]]});
        let none = ann.post("/api/v1/items/wait?wait=0", all.clone()).await;
        assert_eq!((none.status, none.text.as_str()), (204, ""));
        let (waited, decided) = tokio::join!(ann.post("/api/v1/items/wait?wait=25", all.clone()), approve(&bob, &second));
        assert_eq!(decided.status, 200);
        assert_eq!((waited.status, &waited.body["id"], &waited.body["state"]), (200, &second["id"], &json!("resolved")), "{}", waited.text);
        let at_once = ann.post("/api/v1/items/wait?wait=25", all).await;
        assert_eq!((at_once.status, &at_once.body["id"]), (200, &second["id"]));
        let rest = json!({"items": [first["id"], third["id"]]});
        let cancel = async { ann.post(&format!("{}/cancel", path(&third)), json!({})).await };
        let (waited, _) = tokio::join!(ann.post("/api/v1/items/wait?wait=25", rest), cancel);
        assert_eq!((&waited.body["id"], &waited.body["state"]), (&third["id"], &json!("cancelled")), "it is over too: {}", waited.text);
        for wrong in [json!({"items": vec![first["id"].clone(); 101]}), json!({"items": ["run_1"]})] {
            let refused = ann.post("/api/v1/items/wait?wait=0", wrong).await;
            assert_eq!((refused.status, refused.code()), (422, "invalid"), "{}", refused.text);
            assert!(refusal(&refused).2[0].starts_with("/items"), "{}", refused.text);
        }
    }

    async fn a_stream_of_an_item_goes_on_where_it_broke_off(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        for text in ["one", "two"] {
            comment(&ann, &item, text).await;
        }
        let stream = |seen: &str| ann.request(Method::GET, &format!("{}/events", path(&item))).header("last-event-id", seen);
        let text = read_until(stream("1"), |text| ids(text).len() >= 2).await;
        assert_eq!(ids(&text), ["2", "3"]);
        let entries: Vec<Value> = told(&text, "data").iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        assert_eq!(entries, log(&ann, &item).await[1..], "an event is an entry of the log");
        let listen = read_until(stream("3"), |text| ids(text).len() >= 2);
        let happen = async {
            comment(&ann, &item, "three").await;
            approve(&ann, &item).await
        };
        let (text, decided) = tokio::join!(listen, happen);
        assert_eq!(decided.status, 200);
        assert_eq!(ids(&text), ["4", "5"]);
        let last: Value = serde_json::from_str(told(&text, "data")[1]).unwrap();
        assert_eq!((&last["action"], &last["prev_state"], &last["state"]), (&json!("resolved"), &json!("open"), &json!("resolved")));
    }

    async fn whatever_happens_to_an_item_is_heard_by_all_who_may_see_it(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({"initial": "new", "states": {"new": {}, "checking": {}}}))).await;
        let bob = member(&ann, "bob", "read-only").await;
        let mut stream = bob.stream("/api/v1/events").await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 10).await);
        assert_eq!(update(&ann, &item, json!({"amount": 20})).await.status, 200);
        comment(&ann, &item, "hello").await;
        assert_eq!(assign(&ann, &item, json!({"assignee": "me"})).await.status, 200);
        assert_eq!(act(&ann, &item, "move", json!({"state": "checking"})).await.status, 200);
        assert_eq!(approve(&ann, &item).await.status, 200);
        assert_eq!(ann.post(&format!("{}/cancel", path(&other)), json!({})).await.status, 200);
        let mut heard = Vec::new();
        while heard.len() < 6 {
            let event = stream.next_event().await.unwrap();
            if event.contains(item["id"].as_str().unwrap()) {
                heard.push(event);
            }
        }
        let names: Vec<&str> = heard.iter().map(|event| told(event, "event")[0]).collect();
        assert_eq!(names, ["item.created", "item.updated", "item.commented", "item.assigned", "item.moved", "item.resolved"]);
        assert!(heard[5].contains("\"prev_state\":\"checking\"") && heard[5].contains("\"seq\":6"), "{}", heard[5]);
        assert!(heard.iter().all(|event| !event.contains("hello")), "what was said stands in the log alone");
        while !stream.next_event().await.unwrap().contains("item.cancelled") {}
        make_type(&ann, smallest("question")).await;
        assert_eq!(put_type(&ann, "question", "*", with(smallest("question"), json!({"title": "Another"}))).await.status, 200);
        assert_eq!(ann.delete("/api/v1/item-types/question").await.status, 204);
        for name in ["item_type.created", "item_type.changed", "item_type.removed"] {
            let event = stream.next_event().await.unwrap();
            assert_eq!(told(&event, "event"), [name], "{event}");
        }
    }
}
