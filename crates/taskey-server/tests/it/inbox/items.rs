//! Items as applications post, change and take them back.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::on_both;
use taskey_testkit::server::{Answer, Person, send};

use super::*;

async fn post_once(person: &Person, key: &str, body: &Value) -> Answer {
    send(person.request(Method::POST, "/api/v1/items").header("idempotency-key", key).json(body)).await
}

async fn bulk(person: &Person, lines: &[String]) -> Vec<Value> {
    let request = person.request(Method::POST, "/api/v1/items/bulk").header("content-type", "application/x-ndjson");
    let answer = send(request.body(lines.join("\n"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn body(order: &str, more: Value) -> Value {
    with(json!({"type": "refund", "fields": {"order": order, "amount": 1}}), more)
}

on_both! {
    async fn an_item_is_posted_and_shown_as_it_was_posted(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"due_in": "2h"}))).await;
        let bob = ann.add_user("bob", json!({"super": true})).await;
        let made = ann.post("/api/v1/items", body("A1", json!({"assignee": "bob"}))).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert!(made.id().starts_with("itm_"));
        assert_eq!(made.header("location"), format!("/api/v1/items/{}", made.id()));
        let item = ann.get(made.header("location")).await;
        assert_eq!((item.status, item.header("etag")), (200, "\"1\""));
        for (field, value) in [
            ("title", json!("Refund 1 for A1")),
            ("state", json!("open")),
            ("is_open", json!(true)),
            ("fields", json!({"order": "A1", "amount": 1})),
            ("assignee", json!({"id": bob.id, "name": "bob"})),
            ("due_at", json!(server.clock.now().plus_ms(7_200_000))),
            ("created_at", json!(server.clock.now())),
            ("created_by", json!("ann (test)")),
            ("comment_count", json!(0)),
            ("version", json!(1)),
            ("seq", json!(1)),
            ("role", json!("admin")),
        ] {
            assert_eq!(item.body[field], value, "{field}");
            assert_eq!(made.body[field], value, "{field}");
        }
        for field in ["resolution", "reason", "external_id", "snoozed_until", "merged_into", "closed_at", "erased_at"] {
            assert_eq!(item.body[field], Value::Null, "{field}");
        }
        let sheet = &item.body["sheet"];
        assert_eq!((&sheet["text"], &sheet["why_not"], &sheet["newest_version"]), (&Value::Null, &Value::Null, &json!(1)));
        assert_eq!((&sheet["viewers"], &sheet["moves"]), (&json!([]), &json!([])));
        assert_eq!(sheet["schema"]["properties"]["amount"], json!({"type": "number"}));
        let choice = &sheet["choices"][2];
        assert_eq!((&choice["label"], &choice["refusal"], &choice["reason_required"]), (&json!("Decline"), &json!(true), &json!(true)));
        assert_eq!((&choice["reasons"], &choice["form"]), (&json!(["fraud", "too late"]), &Value::Null));
        assert_eq!(listed(&ann, "").await[0].get("sheet"), None, "lists tell less");
        let due = server.clock.now().plus_ms(60_000);
        assert_eq!(post(&ann, body("A2", json!({"due_at": due}))).await["due_at"], json!(due), "the poster knows better");
    }

    async fn what_is_wrong_in_an_item_is_pointed_at(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        for (wrong, pointer) in [
            (body("A1", json!({"fields": {"order": "A1"}})), "/fields/amount"),
            (body("A1", json!({"fields": {"order": 1, "amount": 1}})), "/fields/order"),
            (body("A1", json!({"fields": {"order": "A1", "amount": 1, "color": "red"}})), "/fields/color"),
            (body("A1", json!({"fields": []})), "/fields"),
            (body("A1", json!({"type": "nothing"})), "/type"),
            (body("A1", json!({"assignee": "nobody-knows"})), "/assignee"),
            (body("A1", json!({"due_at": "tomorrow"})), "/due_at"),
            (body("A1", json!({"external_id": ""})), "/external_id"),
            (body("A1", json!({"external_id": "x".repeat(201)})), "/external_id"),
            (body("A1", json!({"state": "resolved"})), "/state"),
            (json!({"fields": {}}), "/type"),
        ] {
            let refused = ann.post("/api/v1/items", wrong.clone()).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec![pointer]), "{wrong}: {}", refused.text);
        }
        let none = ann.post("/api/v1/items", json!({"type": "refund"})).await;
        let (_, _, mut pointers) = refusal(&none);
        pointers.sort();
        assert_eq!(pointers, ["/fields/amount", "/fields/order"], "all of it is told at once");
        let huge = ann.post("/api/v1/items", body("A1", json!({"fields": {"order": "x".repeat(300 * 1024), "amount": 1}}))).await;
        assert_eq!((huge.status, refusal(&huge).2[0]), (422, "/fields"), "{}", huge.text);
        assert_eq!(listed(&ann, "state=all").await, Vec::<Value>::new());
    }

    async fn what_an_application_posts_again_is_the_same_item_for_ever(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        make_type(&ann, smallest("question")).await;
        let first = post(&ann, body("A1", json!({"external_id": "a-1"}))).await;
        assert_eq!(first["external_id"], "a-1");
        let again = ann.post("/api/v1/items", body("A1", json!({"external_id": "a-1"}))).await;
        assert_eq!((again.status, &again.body["id"], &again.body["seq"]), (200, &first["id"], &json!(1)));
        let other = ann.post("/api/v1/items", body("A9", json!({"external_id": "a-1"}))).await;
        assert_eq!((other.status, &other.body["id"], &other.body["fields"]["order"]), (200, &first["id"], &json!("A1")));
        assert_eq!(approve(&ann, &first).await.status, 200);
        let over = ann.post("/api/v1/items", body("A1", json!({"external_id": "a-1"}))).await;
        assert_eq!((over.status, &over.body["id"], &over.body["state"]), (200, &first["id"], &json!("resolved")));
        assert_eq!(over.body["resolution"]["name"], "approved", "whoever was cut off reads the decision");
        let question = ann.post("/api/v1/items", json!({"type": "question", "external_id": "a-1"})).await;
        assert_eq!(question.status, 201, "another type has names of its own");
        assert_eq!(listed(&ann, "state=all").await.len(), 2);
        assert_eq!(listed(&ann, "state=all&type=refund&external_id=a-1").await[0]["id"], first["id"]);
    }

    async fn a_post_with_the_same_idempotency_key_is_answered_as_the_first_one_was(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let first = post_once(&ann, "k", &body("A1", json!({}))).await;
        assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""), "{}", first.text);
        assert_eq!(comment(&ann, &first.body, "changed since").await.status, 201);
        assert_eq!(approve(&ann, &first.body).await.status, 200);
        let again = post_once(&ann, "k", &body("A1", json!({}))).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
        assert_eq!(again.body, first.body, "word for word");
        assert_eq!(again.header("location"), first.header("location"));
        let reused = post_once(&ann, "k", &body("A2", json!({}))).await;
        assert_eq!((reused.status, reused.code()), (422, "idempotency_key_reused"));
        assert_eq!(post_once(&ann, "\"k\"", &body("A1", json!({}))).await.body, first.body, "as a structured field");
        assert_eq!(listed(&ann, "state=all").await.len(), 1);
        let bob = member(&ann, "bob", "admin").await;
        let others = post_once(&bob, "k", &body("A2", json!({}))).await;
        assert_eq!((others.status, others.header("idempotency-replayed")), (201, ""), "another's key: {}", others.text);
    }

    async fn fifty_posts_at_once_with_one_idempotency_key_make_one_item(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let body = body("A1", json!({}));
        let answers = join_all((0..50).map(|_| post_once(&ann, "together", &body))).await;
        let mut ids = BTreeSet::new();
        for answer in answers {
            match answer.status {
                201 => drop(ids.insert(answer.id().to_owned())),
                409 => assert_eq!(answer.code(), "in_flight"),
                other => panic!("{other}: {}", answer.text),
            }
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(listed(&ann, "state=all").await.len(), 1);
    }

    async fn fifty_posts_at_once_with_one_external_id_make_one_item(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let answers = join_all((0..50).map(|_| ann.post("/api/v1/items", body("A1", json!({"external_id": "a-1"}))))).await;
        let ids: BTreeSet<&str> = answers.iter().map(Answer::id).collect();
        assert_eq!(ids.len(), 1);
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort();
        assert_eq!(statuses, [vec![200; 49], vec![201]].concat());
        assert_eq!(listed(&ann, "state=all").await.len(), 1);
    }

    async fn a_bulk_makes_what_is_good_and_tells_what_is_not_by_its_line(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let lines = [
            body("A1", json!({"external_id": "a-1"})).to_string(),
            "{\"type\": \"refund\", ".to_owned(),
            body("A3", json!({"fields": {"order": "A3"}})).to_string(),
            body("A4", json!({"external_id": "a-1"})).to_string(),
            body("A5", json!({"type": "nothing"})).to_string(),
            body("A6", json!({})).to_string(),
        ];
        let told = bulk(&ann, &lines).await;
        let numbers: Vec<_> = told.iter().map(|line| line["line"].as_u64().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        let status = |line: usize| told[line - 1]["status"].as_u64().unwrap();
        assert_eq!([status(1), status(3), status(4), status(5), status(6)], [201, 422, 200, 422, 201], "{told:?}");
        assert!(matches!(status(2), 400 | 422) && told[1]["code"].is_string() && told[1]["detail"].is_string(), "{}", told[1]);
        assert_eq!((&told[2]["code"], &told[2]["errors"][0]["pointer"]), (&json!("invalid"), &json!("/fields/amount")));
        assert_eq!(told[4]["errors"][0]["pointer"], "/type");
        assert_eq!((&told[3]["id"], &told[2]["id"]), (&told[0]["id"], &Value::Null));
        let made = texts(&listed(&ann, "order=oldest").await, "title");
        assert_eq!(made, ["Refund 1 for A1", "Refund 1 for A6"]);
        let again = bulk(&ann, &lines[..1]).await;
        assert_eq!((&again[0]["status"], &again[0]["id"]), (&json!(200), &told[0]["id"]), "a bulk is sent again without harm");
    }

    async fn a_bulk_keeps_the_order_of_its_lines_and_has_an_end(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let lines: Vec<String> = (0..300).map(|number| body(&format!("{number:03}"), json!({})).to_string()).collect();
        let told = bulk(&ann, &lines).await;
        assert!(told.iter().all(|line| line["status"] == 201));
        for number in [0, 137, 299] {
            let item = ann.get(&format!("/api/v1/items/{}", told[number]["id"].as_str().unwrap())).await;
            assert_eq!(item.body["fields"]["order"], format!("{number:03}"));
        }
        let request = ann.request(Method::POST, "/api/v1/items/bulk").header("content-type", "application/x-ndjson");
        let too_many = send(request.body(vec![lines[0].as_str(); 1_001].join("\n"))).await;
        assert!(matches!(too_many.status, 413 | 422), "{}", too_many.status);
        assert_eq!(ann.get("/api/v1/items/counts").await.body["open"], 300, "nothing of it was made");
    }

    async fn its_poster_changes_any_field_and_the_log_tells_what_it_was(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let item = post(&bob, body("A1", json!({"fields": {"order": "A1", "amount": 1, "customer": "Eve"}}))).await;
        let patch = |if_match: Option<&str>, body: Value| {
            let request = bob.request(Method::PATCH, &path(&item)).json(&body);
            send(match if_match { Some(tag) => request.header("if-match", tag), None => request })
        };
        assert_eq!(patch(None, json!({"fields": {"amount": 2}})).await.code(), "precondition_required");
        server.clock.advance(SECOND);
        let changed = patch(Some("\"1\""), json!({"fields": {"amount": 2, "customer": null}})).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.text);
        assert_eq!(changed.body["fields"], json!({"order": "A1", "amount": 2}), "what is not named stays, null removes");
        assert_eq!((&changed.body["title"], &changed.body["version"], &changed.body["seq"]), (&json!("Refund 2 for A1"), &json!(2), &json!(2)));
        assert_eq!(changed.body["updated_at"], json!(server.clock.now()));
        let late = patch(Some("\"1\""), json!({"fields": {"amount": 3}})).await;
        assert_eq!((late.status, late.code()), (412, "precondition_failed"));
        for (fields, pointer) in [
            (json!({"order": null}), "/fields/order"),
            (json!({"amount": "much"}), "/fields/amount"),
            (json!({"color": "red"}), "/fields/color"),
        ] {
            let refused = patch(Some("*"), json!({"fields": fields})).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec![pointer]), "{}", refused.text);
        }
        let due = server.clock.now().plus_ms(60_000);
        assert_eq!(patch(Some("*"), json!({"due_at": due})).await.body["due_at"], json!(due));
        let log = log(&bob, &item).await;
        assert_eq!(actions(&log), ["created", "updated", "updated"]);
        let change = &log[1]["change"];
        assert_eq!((&change["before"]["amount"], &change["after"]["amount"]), (&json!(1), &json!(2)), "{change}");
        assert_eq!((&change["before"]["customer"], &change["after"]["customer"]), (&json!("Eve"), &Value::Null), "{change}");
        assert_eq!(approve(&ann, &item).await.status, 200);
        let over = patch(Some("*"), json!({"fields": {"amount": 3}})).await;
        assert_eq!((over.status, over.code()), (409, "item_over"));
    }

    async fn whoever_did_not_post_it_changes_only_what_the_type_lets_people_edit(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (bob, cid) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await);
        let eve = member(&ann, "eve", "read-only").await;
        let item = post_refund(&bob, "A1", 10).await;
        let noted = update(&cid, &item, json!({"note__editable": "looks fine"})).await;
        assert_eq!((noted.status, &noted.body["fields"]["note__editable"]), (200, &json!("looks fine")), "{}", noted.text);
        assert_eq!(noted.body["version"], 2);
        for fields in [json!({"amount": 1}), json!({"note__editable": "x", "amount": 1}), json!({"order": null})] {
            let refused = update(&cid, &item, fields).await;
            assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{}", refused.text);
        }
        assert_eq!(update(&eve, &item, json!({"note__editable": "x"})).await.status, 403);
        let dan = member(&ann, "dan", "admin").await;
        assert_eq!(update(&dan, &item, json!({"amount": 11})).await.body["title"], "Refund 11 for A1", "an admin of the type may");
        assert_eq!(shown(&ann, &item).await["fields"], json!({"order": "A1", "amount": 11, "note__editable": "looks fine"}));
    }

    async fn its_poster_takes_an_item_back_and_nobody_decides_it_any_more(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (bob, cid) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await);
        let item = post_refund(&bob, "A1", 10).await;
        for (person, may) in [(&bob, true), (&cid, false), (&ann, true)] {
            assert_eq!(shown(person, &item).await["sheet"]["may_change"], may);
        }
        let refused = cid.post(&format!("{}/cancel", path(&item)), json!({})).await;
        assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "another one's");
        let cancelled = bob.post(&format!("{}/cancel", path(&item)), json!({"reason": "paid in the shop"})).await;
        assert_eq!((cancelled.status, &cancelled.body["state"], &cancelled.body["is_open"]), (200, &json!("cancelled"), &json!(false)));
        assert!(cancelled.body["closed_at"].is_string() && cancelled.body["resolution"].is_null(), "{}", cancelled.text);
        assert!(cancelled.body["reason"]["detail"].as_str().unwrap().contains("paid in the shop"), "{}", cancelled.text);
        let log = log(&cid, &item).await;
        assert_eq!((&log[1]["action"], &log[1]["prev_state"], &log[1]["state"]), (&json!("cancelled"), &json!("open"), &json!("cancelled")));
        assert!(log[1]["change"].to_string().contains("paid in the shop"));
        let late = approve(&cid, &item).await;
        assert_eq!((late.status, late.code()), (409, "item_over"));
        assert!(detail(&late).contains("bob"), "{}", late.text);
        assert_eq!(bob.post(&format!("{}/cancel", path(&item)), json!({})).await.code(), "item_over");
        let other = post_refund(&bob, "A2", 10).await;
        let dan = member(&ann, "dan", "admin").await;
        assert_eq!(dan.post(&format!("{}/cancel", path(&other)), json!({})).await.body["state"], "cancelled", "an admin may");
    }

    async fn nothing_of_one_organization_is_seen_by_another(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let mallory = server.add_organization("Umbrella").await;
        make_type(&mallory, smallest("question")).await;
        let mut heard = mallory.stream("/api/v1/events").await;
        let hers = post(&ann, body("S3CRET", json!({"external_id": "a-1"}))).await;
        let type_id = hers["type"]["id"].as_str().unwrap();
        for (method, path, body) in [
            (Method::GET, path(&hers), Value::Null),
            (Method::GET, format!("{}/log", path(&hers)), Value::Null),
            (Method::GET, format!("{}/wait?wait=0", path(&hers)), Value::Null),
            (Method::GET, format!("{}/events", path(&hers)), Value::Null),
            (Method::PATCH, path(&hers), json!({"fields": {"amount": 2}})),
            (Method::POST, format!("{}/resolve", path(&hers)), json!({"resolution": "approved"})),
            (Method::POST, format!("{}/cancel", path(&hers)), json!({})),
            (Method::POST, format!("{}/move", path(&hers)), json!({"state": "open"})),
            (Method::POST, format!("{}/comments", path(&hers)), json!({"text": "hello"})),
            (Method::PUT, format!("{}/assignee", path(&hers)), json!({"assignee": "me"})),
            (Method::PUT, format!("{}/snooze", path(&hers)), json!({"until": null})),
            (Method::PUT, format!("{}/viewers/me", path(&hers)), Value::Null),
            (Method::GET, format!("/api/v1/item-types/{type_id}"), Value::Null),
            (Method::GET, "/api/v1/item-types/refund".to_owned(), Value::Null),
            (Method::GET, "/api/v1/item-types/refund/versions/1".to_owned(), Value::Null),
            (Method::DELETE, format!("/api/v1/item-types/{type_id}"), Value::Null),
        ] {
            let request = mallory.request(method.clone(), &path).header("if-match", "*");
            let answer = send(if body.is_null() { request } else { request.json(&body) }).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{method} {path}: {}", answer.text);
        }
        for word in ["refund", type_id] {
            let refused = mallory.post("/api/v1/items", body("A1", json!({"type": word, "external_id": "a-1"}))).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/type"]));
        }
        let his = post(&mallory, json!({"type": "question", "external_id": "a-1"})).await;
        let waited = mallory.post("/api/v1/items/wait?wait=0", json!({"items": [his["id"], hers["id"]]})).await;
        assert!(matches!(waited.status, 404 | 422), "{} {}", waited.status, waited.text);
        let merged = act(&mallory, &his, "merge", json!({"into": hers["id"]})).await;
        assert!(matches!(merged.status, 404 | 422), "{} {}", merged.status, merged.text);
        let ann_id = ann.get("/api/v1/me").await.body["user"]["id"].clone();
        let refused = assign(&mallory, &his, json!({"assignee": ann_id})).await;
        assert_eq!(refusal(&refused).2, ["/assignee"]);
        assert_eq!(texts(&listed(&mallory, "state=all").await, "id"), [his["id"].as_str().unwrap()]);
        assert_eq!(mallory.get("/api/v1/items/counts").await.body["open"], 1);
        assert_eq!(texts(&items(&mallory.get("/api/v1/item-types").await), "name"), ["question"]);
        // What was announced just before the stream was opened may come first.
        let event = loop {
            let event = heard.next_event().await.unwrap();
            if event.contains("event: item.") {
                break event;
            }
        };
        assert!(event.contains("item.created") && event.contains(his["id"].as_str().unwrap()) && !event.contains("S3CRET"), "{event}");
        assert_eq!(shown(&ann, &hers).await["seq"], 1);
    }
}
