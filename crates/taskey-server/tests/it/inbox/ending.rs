//! Items that nobody decides in time, and what is kept of those that are over.

use serde_json::{Value, json};
use taskey_testkit::{eventually, on_both};

use super::*;

on_both! {
    async fn what_nobody_decides_in_time_is_over_as_timed_out_where_the_type_says_so(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"due_in": "1h", "on_timeout": "deny"}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let later = post(&ann, json!({
            "type": "refund", "fields": {"order": "A2", "amount": 1}, "due_at": server.clock.now().plus_ms(86_400_000),
        })).await;
        let decided = post_refund(&ann, "A3", 10).await;
        assert_eq!(approve(&ann, &decided).await.status, 200);
        server.clock.advance(HOUR - SECOND);
        assert_eq!(shown(&ann, &item).await["state"], "open");
        let wait = format!("{}/wait?wait=25", path(&item));
        let passing = in_time(&server, async || shown(&ann, &item).await["state"] == "timed_out");
        let (waited, ()) = tokio::join!(ann.get(&wait), passing);
        assert_eq!((waited.status, &waited.body["state"]), (200, &json!("timed_out")), "whoever asked is answered: {}", waited.text);
        let over = shown(&ann, &item).await;
        assert_eq!((&over["is_open"], &over["resolution"]), (&json!(false), &Value::Null));
        assert!(over["closed_at"].is_string() && over["reason"]["code"].is_string() && over["reason"]["detail"].is_string(), "{over}");
        let log = log(&ann, &item).await;
        assert_eq!(actions(&log), ["created", "timed_out"]);
        assert_eq!((&log[1]["actor"]["kind"], &log[1]["prev_state"], &log[1]["state"]), (&json!("system"), &json!("open"), &json!("timed_out")));
        let late = approve(&ann, &item).await;
        assert_eq!((late.status, late.code()), (409, "item_over"));
        assert_eq!((&shown(&ann, &later).await["state"], &shown(&ann, &decided).await["state"]), (&json!("open"), &json!("resolved")));
        assert_eq!(texts(&listed(&ann, "state=timed_out").await, "id"), [item["id"].as_str().unwrap()]);
    }

    async fn an_item_that_is_due_later_than_it_was_is_not_over_at_its_first_time(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"due_in": "1h", "on_timeout": "deny"}))).await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 10).await);
        let later = server.clock.now().plus_ms(10_800_000);
        let request = ann.request(Method::PATCH, &path(&item)).header("if-match", "*").json(&json!({"due_at": later}));
        assert_eq!(send(request).await.status, 200);
        server.clock.advance(HOUR);
        in_time(&server, async || shown(&ann, &other).await["state"] == "timed_out").await;
        assert_eq!(shown(&ann, &item).await["state"], "open");
        server.clock.advance(3 * HOUR);
        in_time(&server, async || shown(&ann, &item).await["state"] == "timed_out").await;
    }

    async fn an_item_is_over_by_itself_when_it_gets_a_due_time_and_no_longer_when_that_is_taken_away(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"on_timeout": "deny"}))).await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 10).await);
        let due = async |item: &Value, at: Value| {
            let request = ann.request(Method::PATCH, &path(item)).header("if-match", "*").json(&json!({"due_at": at}));
            send(request).await
        };
        let soon = json!(server.clock.now().plus_ms(3_600_000));
        for item in [&item, &other] {
            assert_eq!(due(item, soon.clone()).await.body["due_at"], soon);
        }
        let without = due(&other, Value::Null).await;
        assert_eq!((without.status, &without.body["due_at"]), (200, &Value::Null), "{}", without.text);
        server.clock.advance(2 * HOUR);
        in_time(&server, async || shown(&ann, &item).await["state"] == "timed_out").await;
        assert_eq!(shown(&ann, &other).await["state"], "open");
    }

    async fn a_newer_version_says_what_becomes_of_items_that_nobody_decides(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"due_in": "1h"}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let newer = refund(json!({"due_in": "1h", "on_timeout": "deny"}));
        let request = ann.request(Method::PUT, "/api/v1/item-types/refund").header("if-match", "*").json(&newer);
        assert_eq!(send(request).await.status, 200);
        assert_eq!(ann.post("/api/v1/item-types/refund/move-items", json!({})).await.body["moved_count"], 1);
        server.clock.advance(2 * HOUR);
        in_time(&server, async || shown(&ann, &item).await["state"] == "timed_out").await;
    }

    async fn what_is_to_be_kept_stays_open_and_is_overdue(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"due_in": "1h"}))).await;
        make_type(&ann, refund(json!({"name": "brief", "due_in": "1h", "on_timeout": "deny"}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let brief = post(&ann, json!({"type": "brief", "fields": {"order": "A2", "amount": 1}})).await;
        assert!(listed(&ann, "queue=overdue").await.is_empty());
        server.clock.advance(2 * HOUR);
        in_time(&server, async || shown(&ann, &brief).await["state"] == "timed_out").await;
        assert_eq!((&shown(&ann, &item).await["state"], &shown(&ann, &item).await["seq"]), (&json!("open"), &json!(1)));
        assert_eq!(texts(&listed(&ann, "queue=overdue").await, "id"), [item["id"].as_str().unwrap()]);
        assert_eq!(approve(&ann, &item).await.status, 200, "it is never too late");
    }

    async fn after_its_time_nothing_of_an_item_is_left_but_that_it_was(engine: Engine) {
        let spec = json!({
            "name": "leave",
            "title": "{{ who }} is ill",
            "text": "{{ why }}",
            "fields": {"type": "object", "required": ["who__merge"], "properties": {"who__merge": {}, "why": {}, "more": {}}},
            "indexed": ["who__merge", "why"],
            "initial": "new", "states": {"new": {}, "checking": {}},
            "resolutions": {"granted": {"label": "Let {{ who }} rest", "form": {"type": "object", "properties": {"days": {}}}}},
            "retention": "1h",
        });
        let (mut server, ann) = world(engine, spec).await;
        let canary = "c4n4ry";
        let say = |what: &str| format!("{canary}-{what}");
        let body = json!({"type": "leave", "fields": {"who__merge": say("who"), "why": say("why"), "more": {"deep": [say("more")]}}});
        let posted = send(ann.request(Method::POST, "/api/v1/items").header("idempotency-key", "k").json(&body)).await;
        assert_eq!(posted.status, 201, "{}", posted.text);
        let item = posted.body;
        assert_eq!(update(&ann, &item, json!({"why": say("changed")})).await.status, 200);
        comment(&ann, &item, &say("comment")).await;
        assert_eq!(assign(&ann, &item, json!({"assignee": "me", "note": say("note")})).await.status, 200);
        assert_eq!(act(&ann, &item, "move", json!({"state": "checking", "reason": say("move")})).await.status, 200);
        let decision = json!({"resolution": "granted", "reason": say("reason"), "answers": {"days": say("days")}});
        assert_eq!(act(&ann, &item, "resolve", decision).await.status, 200);
        let open = post(&ann, json!({"type": "leave", "fields": {"who__merge": "still open"}})).await;
        let before = log(&ann, &item).await;
        assert!(!tables_with(&server, canary.as_bytes()).await.is_empty(), "it can be found where it is");
        let searched = format!("state=all&q={canary}%20comment");
        assert_eq!(listed(&ann, &searched).await.len(), 1);
        server.clock.advance(HOUR / 2);
        assert_eq!(shown(&ann, &item).await["erased_at"], Value::Null, "not before its time");

        // The answer to a post is kept for a day, for whoever posts again.
        server.clock.advance(2 * DAY);
        in_time(&server, async || shown(&ann, &item).await["erased_at"].is_string()).await;
        let after = ann.get(&path(&item)).await;
        for (field, value) in [("title", json!("")), ("fields", json!({})), ("state", json!("resolved")), ("is_open", json!(false))] {
            assert_eq!(after.body[field], value, "{field}");
        }
        let log = log(&ann, &item).await;
        assert_eq!(log.last().unwrap()["action"], "erased");
        assert_eq!(texts(&log[..before.len()], "hash"), texts(&before, "hash"));
        for (entry, was) in log.iter().zip(&before) {
            assert_eq!(entry["change"], Value::Null, "{entry}");
            assert_eq!((&entry["action"], &entry["at"], &entry["seq"]), (&was["action"], &was["at"], &was["seq"]));
        }
        eventually(async || {
            server.clock.advance(SECOND);
            let found = tables_with(&server, canary.as_bytes()).await;
            if found.is_empty() { Ok(()) } else { Err(format!("it stands in {found:?} still")) }
        })
        .await;
        for path in [path(&item), format!("{}/log", path(&item)), "/api/v1/items?state=all".to_owned(), "/api/v1/audit?limit=200".to_owned()] {
            let told = ann.get(&path).await;
            assert!(told.status == 200 && !told.text.contains(canary), "{path}: {}", told.text);
        }
        assert_eq!(shown(&ann, &open).await["title"], "still open is ill", "what is open is kept, however old");
        let late = act(&ann, &item, "resolve", json!({"resolution": "granted"})).await;
        assert_eq!((late.status, late.code()), (409, "item_over"));
        assert!(listed(&ann, &searched).await.is_empty());
        // Neither in what the database no longer counts, nor in the index of the search.
        server.pause().await;
        for file in std::fs::read_dir(&server.config().data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "it stands in {}", file.display());
        }
    }

    async fn an_item_that_is_erased_is_still_known_by_what_its_application_calls_it(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"retention": "1h"}))).await;
        let body = json!({"type": "refund", "fields": {"order": "A1", "amount": 1}, "external_id": "a-1"});
        let item = post(&ann, body.clone()).await;
        assert_eq!(approve(&ann, &item).await.status, 200);
        server.clock.advance(2 * HOUR);
        in_time(&server, async || shown(&ann, &item).await["erased_at"].is_string()).await;
        let again = ann.post("/api/v1/items", body).await;
        assert_eq!((again.status, &again.body["id"], &again.body["state"]), (200, &item["id"], &json!("resolved")), "{}", again.text);
    }

    async fn what_was_due_while_the_server_was_away_is_over_when_it_is_back(engine: Engine) {
        let (mut server, ann) = world(engine, refund(json!({"due_in": "1h", "on_timeout": "deny"}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        server.pause().await;
        server.clock.advance(2 * HOUR);
        server.resume().await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        in_time(&server, async || shown(&ann, &item).await["state"] == "timed_out").await;
        assert_eq!(actions(&log(&ann, &item).await), ["created", "timed_out"]);
    }
}
