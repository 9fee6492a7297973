//! Who sees items and who decides: roles, what item types override, and the groups that a type names.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both};

use crate::inbox::*;

async fn override_role(ann: &Person, group: &str, item_type: &str, role: &str) -> Answer {
    put(ann, &format!("/api/v1/groups/{group}/overrides/item-types/{item_type}"), json!({"role": role})).await
}

async fn make_group(ann: &Person, name: &str, members: &[&str]) {
    let made = ann.post("/api/v1/groups", json!({"name": name, "role": "none"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for member in members {
        let joined = send(ann.request(Method::PUT, &format!("/api/v1/groups/{name}/members/{member}"))).await;
        assert_eq!(joined.status, 204, "{}", joined.text);
    }
}

async fn key(server: &TestServer, person: &Person, scopes: &[&str]) -> Person {
    let made = person.post("/api/v1/keys", json!({"name": "narrow", "scopes": scopes})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    server.with_key(made.body["key"].as_str().unwrap())
}

/// Everything that is done to an item and takes more than to look, but to post one.
async fn attempts(person: &Person, item: &Value, other: &Value) -> Vec<(&'static str, Answer)> {
    vec![
        ("resolve", approve(person, item).await),
        ("move", act(person, item, "move", json!({"state": "open"})).await),
        ("cancel", person.post(&format!("{}/cancel", path(item)), json!({})).await),
        ("merge", act(person, item, "merge", json!({"into": other["id"]})).await),
        ("comment", person.post(&format!("{}/comments", path(item)), json!({"text": "hello"})).await),
        ("assign", assign(person, item, json!({"assignee": "me"})).await),
        ("snooze", put(person, &format!("{}/snooze", path(item)), json!({"until": null})).await),
        ("update", update(person, item, json!({"note__editable": "x"})).await),
    ]
}

fn body(order: &str) -> Value {
    json!({"type": "refund", "fields": {"order": order, "amount": 1}})
}

fn why_not(item: &Value) -> &str {
    item["sheet"]["why_not"]["detail"].as_str().unwrap_or_default()
}

on_both! {
    async fn whoever_may_only_look_sees_all_of_it_and_changes_nothing(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let eve = member(&ann, "eve", "read-only").await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 10).await);
        let seen = shown(&eve, &item).await;
        assert_eq!((&seen["title"], &seen["role"]), (&json!("Refund 10 for A1"), &json!("read-only")));
        assert!(!why_not(&seen).is_empty(), "{seen}");
        assert_eq!(shown(&ann, &item).await["sheet"]["why_not"], Value::Null);
        assert_eq!((log(&eve, &item).await.len(), listed(&eve, "").await.len()), (1, 2));
        assert_eq!(eve.get("/api/v1/items/counts").await.body["open"], 2);
        assert_eq!(eve.get("/api/v1/item-types/refund").await.body["role"], "read-only");
        for (what, refused) in attempts(&eve, &item, &other).await {
            assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{what}: {}", refused.text);
        }
        for refused in [
            eve.post("/api/v1/items", body("A3")).await,
            eve.post("/api/v1/item-types", smallest("hers")).await,
            put_type(&eve, "refund", "*", refund(json!({}))).await,
            eve.delete("/api/v1/item-types/refund").await,
            eve.post("/api/v1/item-types/refund/move-items", json!({})).await,
        ] {
            assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{}", refused.text);
        }
        let after = shown(&ann, &item).await;
        assert_eq!((&after["seq"], &after["state"]), (&json!(1), &json!("open")));
    }

    async fn self_service_works_on_items_and_an_admin_writes_types(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (bob, dan) = (member(&ann, "bob", "self-service").await, member(&ann, "dan", "admin").await);
        let item = post_refund(&bob, "A1", 10).await;
        assert_eq!(item["role"], "self-service");
        comment(&bob, &item, "hello").await;
        assert_eq!(assign(&bob, &item, json!({"assignee": "me"})).await.status, 200);
        assert_eq!(approve(&bob, &item).await.status, 200);
        assert_eq!(bob.post("/api/v1/item-types", smallest("his")).await.status, 403);
        assert_eq!(put_type(&bob, "refund", "*", refund(json!({"title": "x"}))).await.status, 403);
        make_type(&dan, smallest("his")).await;
        assert_eq!(put_type(&dan, "refund", "*", refund(json!({"title": "x"}))).await.status, 200);
        let nobody = member(&ann, "nobody", "none").await;
        for path in ["/api/v1/items", "/api/v1/item-types", "/api/v1/items/counts", &path(&item)] {
            assert_eq!(nobody.get(path).await.status, 403, "{path}");
        }
    }

    async fn an_item_type_overrides_what_a_group_gives_and_takes_it(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        make_type(&ann, refund(json!({"name": "credit"}))).await;
        let (refunds, credits) = (post_refund(&ann, "A1", 10).await, post(&ann, json!({"type": "credit", "fields": {"order": "C1", "amount": 1}})).await);
        let (bob, eve) = (member(&ann, "bob", "self-service").await, member(&ann, "eve", "none").await);
        let set = override_role(&ann, "group-bob", "refund", "none").await;
        assert_eq!(set.status, 200, "{}", set.text);
        let group = ann.get("/api/v1/groups/group-bob").await.body;
        assert_eq!(group["item_overrides"], json!([{"item_type": {"id": refunds["type"]["id"], "name": "refund"}, "role": "none"}]));
        assert_eq!(bob.get(&path(&refunds)).await.status, 404, "what is not his to see is not there");
        assert_eq!(bob.get("/api/v1/item-types/refund").await.status, 404);
        assert_eq!(texts(&listed(&bob, "").await, "id"), [credits["id"].as_str().unwrap()]);
        assert_eq!(bob.get("/api/v1/items/counts").await.body["open"], 1);
        assert_eq!(texts(&items(&bob.get("/api/v1/item-types").await), "name"), ["credit"]);
        assert_eq!(approve(&bob, &refunds).await.status, 404);

        assert_eq!(eve.get(&path(&refunds)).await.status, 403);
        assert_eq!(override_role(&ann, "group-eve", refunds["type"]["id"].as_str().unwrap(), "read-only").await.status, 200);
        assert_eq!(shown(&eve, &refunds).await["role"], "read-only", "a change bites at once");
        assert_eq!(eve.get(&path(&credits)).await.status, 404);
        assert_eq!(approve(&eve, &refunds).await.status, 403);
        assert_eq!(override_role(&ann, "group-eve", "refund", "self-service").await.status, 200);
        let posted = post_refund(&eve, "A2", 20).await;
        assert_eq!(approve(&eve, &refunds).await.status, 200);
        assert_eq!(refusal(&eve.post("/api/v1/items", json!({"type": "credit"})).await).2, ["/type"]);
        assert_eq!(eve.post("/api/v1/item-types", smallest("hers")).await.status, 403);

        assert_eq!(override_role(&ann, "group-bob", "refund", "inherit").await.status, 200);
        assert_eq!(override_role(&ann, "group-eve", "refund", "inherit").await.status, 200);
        assert_eq!(shown(&bob, &posted).await["role"], "self-service");
        assert_eq!(eve.get(&path(&posted)).await.status, 403);
        assert_eq!(ann.get("/api/v1/groups/group-bob").await.body["item_overrides"], json!([]));
        assert_eq!(override_role(&ann, "group-bob", "nothing", "admin").await.status, 404);
        assert_eq!(override_role(&ann, "super", "refund", "none").await.code(), "immutable");
        assert_eq!(override_role(&bob, "group-bob", "refund", "admin").await.status, 403, "nobody widens their own rights");
    }

    async fn of_several_groups_the_most_that_one_gives_counts(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let bob = member(&ann, "bob", "read-only").await;
        make_group(&ann, "support", &["bob"]).await;
        assert_eq!(approve(&bob, &item).await.status, 403);
        assert_eq!(override_role(&ann, "support", "refund", "self-service").await.status, 200);
        assert_eq!(override_role(&ann, "group-bob", "refund", "none").await.status, 200);
        assert_eq!(shown(&bob, &item).await["role"], "self-service");
        assert_eq!(approve(&bob, &item).await.status, 200);
        assert_eq!(ann.delete("/api/v1/groups/support").await.status, 204);
        assert_eq!(bob.get(&path(&item)).await.status, 404);
    }

    async fn what_an_item_type_overrides_says_nothing_about_devices(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let task = json!({"name": "hello", "self_service": true, "actions": [{"type": "COMMAND", "command": "true"}]});
        assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        let bob = member(&ann, "bob", "none").await;
        assert_eq!(override_role(&ann, "group-bob", "refund", "admin").await.status, 200);
        post_refund(&bob, "A1", 10).await;
        for path in ["devices", "tasks", "runs", "schedules", "calendars", "secrets", "device-groups"] {
            let list = bob.get(&format!("/api/v1/{path}")).await;
            assert!(list.status == 403 || list.body["items"] == json!([]), "{path}: {}", list.text);
        }
        for path in [format!("/api/v1/devices/{}", device.id), "/api/v1/tasks/hello".to_owned()] {
            assert!(matches!(bob.get(&path).await.status, 403 | 404), "{path}");
        }
        let run = bob.post("/api/v1/runs", json!({"task": "hello", "targets": {"devices": ["web-1"]}})).await;
        assert!(matches!(run.status, 403 | 422), "{}", run.text);
        assert_eq!(bob.post("/api/v1/enroll-tokens", json!({"uses": 1, "ttl": "1h"})).await.status, 403);
        // And the other way round.
        let cid = member(&ann, "cid", "none").await;
        assert_eq!(ann.post("/api/v1/device-groups", json!({"name": "lab"})).await.status, 201);
        assert_eq!(put(&ann, "/api/v1/groups/group-cid/overrides/device-groups/lab", json!({"role": "admin"})).await.status, 200);
        for path in ["items", "item-types"] {
            let list = cid.get(&format!("/api/v1/{path}")).await;
            assert!(list.status == 403 || list.body["items"] == json!([]), "{path}: {}", list.text);
        }
        assert!(matches!(cid.post("/api/v1/items", body("A1")).await.status, 403 | 422));
    }

    async fn a_type_for_some_groups_is_not_there_for_others(engine: Engine) {
        let (_server, ann) = world(engine, smallest("question")).await;
        let (bob, dan) = (member(&ann, "bob", "self-service").await, member(&ann, "dan", "admin").await);
        let cid = member(&ann, "cid", "self-service").await;
        make_group(&ann, "finance", &["cid"]).await;
        make_type(&ann, refund(json!({"access": {"may_see": ["finance"]}}))).await;
        let mut heard = bob.stream("/api/v1/events").await;
        let item = post_refund(&ann, "S3CRET", 10).await;
        let question = post(&ann, json!({"type": "question"})).await;
        for person in [&bob, &dan] {
            let of_item = ["", "/log", "/wait?wait=0", "/events"].map(|tail| format!("{}{tail}", path(&item)));
            let of_type = ["", "/versions", "/versions/1"].map(|tail| format!("/api/v1/item-types/refund{tail}"));
            for path in [&of_item[..], &of_type[..]].concat() {
                let answer = person.get(&path).await;
                assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}: {}", answer.text);
            }
            for (what, refused) in attempts(person, &item, &question).await {
                assert_eq!((refused.status, refused.code()), (404, "not_found"), "{what}: {}", refused.text);
            }
            let refused = person.post("/api/v1/items", body("A1")).await;
            let unknown = person.post("/api/v1/items", json!({"type": "nothing"})).await;
            assert_eq!(refusal(&refused), refusal(&unknown), "as if there were no such type");
            assert_eq!(texts(&listed(person, "state=all").await, "id"), [question["id"].as_str().unwrap()]);
            assert!(!person.get("/api/v1/items?type=refund").await.text.contains("S3CRET"));
            let counts = person.get("/api/v1/items/counts").await;
            assert_eq!((&counts.body["open"], &counts.body["unassigned"], &counts.body["needs_me"]), (&json!(1), &json!(1), &json!(1)));
            assert_eq!(texts(&items(&person.get("/api/v1/item-types").await), "name"), ["question"]);
        }
        // What was announced just before the stream was opened may come first.
        let event = loop {
            let event = heard.next_event().await.unwrap();
            assert!(!event.contains("refund"), "he hears nothing of the type: {event}");
            if event.contains("event: item.") {
                break event;
            }
        };
        assert!(event.contains(question["id"].as_str().unwrap()), "of the other one he hears nothing: {event}");
        assert_eq!(refusal(&assign(&ann, &item, json!({"assignee": "bob"})).await).2, ["/assignee"], "whoever may not see it is given nothing");
        let ann_sees = shown(&ann, &item).await;
        assert_eq!(ann_sees["sheet"]["why_not"], Value::Null, "a super user always may");
        assert_eq!((listed(&cid, "").await.len(), cid.get("/api/v1/items/counts").await.body["open"].as_u64()), (2, Some(2)));
        assert_eq!(approve(&cid, &item).await.status, 200);
        // Who joins the group sees it at once.
        let joined = send(ann.request(Method::PUT, "/api/v1/groups/finance/members/bob")).await;
        assert_eq!(joined.status, 204);
        assert_eq!(shown(&bob, &item).await["state"], "resolved");
    }

    async fn groups_that_may_see_give_nobody_a_role(engine: Engine) {
        let (_server, ann) = world(engine, smallest("question")).await;
        let eve = member(&ann, "eve", "none").await;
        let ned = member(&ann, "ned", "read-only").await;
        make_group(&ann, "finance", &["eve", "ned"]).await;
        make_type(&ann, refund(json!({"access": {"may_see": ["finance"], "may_decide": ["finance"]}}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        assert!(matches!(eve.get(&path(&item)).await.status, 403 | 404), "a group that is named gives nothing by itself");
        assert_eq!(shown(&ned, &item).await["role"], "read-only");
        assert_eq!(approve(&ned, &item).await.status, 403);
    }

    async fn only_those_whom_a_type_names_decide_and_the_others_are_told_who(engine: Engine) {
        let (_server, ann) = world(engine, smallest("question")).await;
        let (bob, cid, dan) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await, member(&ann, "dan", "admin").await);
        make_group(&ann, "finance", &["cid"]).await;
        make_type(&ann, refund(json!({"access": {"may_decide": ["finance"]}}))).await;
        let (item, other) = (post_refund(&bob, "A1", 10).await, post_refund(&bob, "A2", 20).await);
        for person in [&bob, &dan] {
            let seen = shown(person, &item).await;
            assert!(why_not(&seen).contains("finance"), "it is told who decides: {}", seen["sheet"]["why_not"]);
            for refused in [
                approve(person, &item).await,
                act(person, &item, "merge", json!({"into": other["id"]})).await,
                assign(person, &item, json!({"assignee": "me"})).await,
            ] {
                assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{}", refused.text);
                assert!(detail(&refused).contains("finance"), "{}", refused.text);
            }
            comment(person, &item, "I may say what I think").await;
        }
        assert_eq!(update(&bob, &item, json!({"amount": 11})).await.status, 200, "it is his");
        for person in [&cid, &ann] {
            assert_eq!(shown(person, &item).await["sheet"]["why_not"], Value::Null);
        }
        assert_eq!(refusal(&assign(&ann, &item, json!({"assignee": "bob"})).await), (422, "invalid", vec!["/assignee"]));
        assert_eq!(assign(&ann, &item, json!({"assignee": "cid"})).await.status, 200);
        assert_eq!(approve(&cid, &item).await.status, 200);
        assert_eq!(approve(&ann, &other).await.status, 200, "a super user always may");
    }

    async fn a_state_says_who_decides_in_it(engine: Engine) {
        let (_server, ann) = world(engine, smallest("question")).await;
        let (bob, lea) = (member(&ann, "bob", "self-service").await, member(&ann, "lea", "self-service").await);
        make_group(&ann, "support", &["bob"]).await;
        make_group(&ann, "leads", &["lea"]).await;
        make_type(&ann, refund(json!({
            "initial": "new", "states": {"new": {}, "second": {"may_decide": ["leads"]}},
            "access": {"may_decide": ["support"]},
        }))).await;
        let item = post_refund(&ann, "A1", 10).await;
        assert_eq!(item["state"], "new");
        assert_eq!(approve(&lea, &item).await.status, 403);
        assert!(why_not(&shown(&lea, &item).await).contains("support"));
        assert_eq!(shown(&bob, &item).await["sheet"]["why_not"], Value::Null);
        assert_eq!(act(&bob, &item, "move", json!({"state": "second"})).await.status, 200);
        let refused = approve(&bob, &item).await;
        assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
        assert!(detail(&refused).contains("leads"), "{}", refused.text);
        assert!(why_not(&shown(&bob, &item).await).contains("leads"), "whoever handed it up sees it and does not decide it");
        assert_eq!(shown(&lea, &item).await["sheet"]["why_not"], Value::Null);
        assert_eq!(act(&lea, &item, "resolve", json!({"resolution": "rejected", "reason": "fraud"})).await.status, 200);
        let other = post_refund(&ann, "A2", 10).await;
        assert_eq!(act(&ann, &other, "move", json!({"state": "second"})).await.status, 200);
        assert_eq!(approve(&ann, &other).await.status, 200, "a super user always may");
    }

    async fn a_group_that_a_type_names_is_known_by_its_new_name(engine: Engine) {
        let (_server, ann) = world(engine, smallest("question")).await;
        let (bob, cid) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await);
        make_group(&ann, "finance", &["cid"]).await;
        make_type(&ann, refund(json!({"access": {"may_decide": ["finance"]}}))).await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 10).await);
        assert_eq!(ann.patch("/api/v1/groups/finance", json!({"name": "money"})).await.status, 200);
        make_group(&ann, "finance", &["bob"]).await;
        assert_eq!(approve(&bob, &item).await.status, 403, "another group of the old name is another group");
        assert_eq!(approve(&cid, &item).await.status, 200);
        // When the group is gone the type is not suddenly for everybody.
        let gone = ann.delete("/api/v1/groups/money").await;
        assert!(matches!(gone.status, 204 | 409), "{}", gone.text);
        assert_eq!(approve(&bob, &other).await.status, 403);
    }

    async fn a_key_that_may_post_neither_reads_nor_decides(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 10).await);
        let poster = key(&server, &ann, &["items.create"]).await;
        let posted = post(&poster, with(body("A3"), json!({"external_id": "a-3"}))).await;
        let again = poster.post("/api/v1/items", with(body("A3"), json!({"external_id": "a-3"}))).await;
        assert_eq!((again.status, &again.body["id"]), (200, &posted["id"]));
        let request = poster.request(Method::POST, "/api/v1/items/bulk").header("content-type", "application/x-ndjson");
        assert_eq!(send(request.body(body("A4").to_string())).await.status, 200);
        for item in [&posted, &item] {
            for (what, refused) in attempts(&poster, item, &other).await {
                assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{what}: {}", refused.text);
            }
            for tail in ["", "/log", "/wait?wait=0", "/events"] {
                let refused = poster.get(&format!("{}{tail}", path(item))).await;
                assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{tail}");
            }
        }
        for path in ["/api/v1/items", "/api/v1/items/counts", "/api/v1/item-types", "/api/v1/item-types/refund", "/api/v1/item-views"] {
            assert_eq!(poster.get(path).await.status, 403, "{path}");
        }
        assert_eq!(poster.post("/api/v1/items/wait?wait=0", json!({"items": [posted["id"]]})).await.status, 403);
        let reader = key(&server, &ann, &["items.read"]).await;
        assert_eq!(shown(&reader, &posted).await["seq"], 1);
        assert_eq!(reader.post("/api/v1/items", body("A5")).await.status, 403);
        assert_eq!(approve(&reader, &posted).await.status, 403);
        let decider = key(&server, &ann, &["items.decide"]).await;
        assert_eq!(approve(&decider, &posted).await.status, 200);
        assert_eq!(decider.post(&format!("{}/comments", path(&item)), json!({"text": "hello"})).await.status, 403);
        let eve = member(&ann, "eve", "read-only").await;
        let wide = key(&server, &eve, &["items.*"]).await;
        assert_eq!((wide.get(&path(&item)).await.status, approve(&wide, &item).await.status), (200, 403), "no further than its owner");
    }

    async fn a_refusal_over_items_can_be_explained(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let eve = member(&ann, "eve", "read-only").await;
        let item = post_refund(&ann, "A1", 10).await;
        let refused = approve(&eve, &item).await;
        assert!(detail(&refused).contains("items.decide") && detail(&refused).contains("group-eve"), "{}", refused.text);
        let why = eve.get("/api/v1/access/explain?verb=items.decide").await;
        assert_eq!((&why.body["allowed"], &why.body["needs"], &why.body["has"]), (&json!(false), &json!("self-service"), &json!("read-only")));
        let read = eve.get("/api/v1/access/explain?verb=items.read").await;
        assert_eq!(read.body["allowed"], true, "{}", read.text);
        let there = eve.get("/api/v1/access/explain?verb=items.decide&item_type=refund").await;
        assert_eq!((&there.body["allowed"], &there.body["item_type"]["name"]), (&json!(false), &json!("refund")), "{}", there.text);
        override_role(&ann, "group-eve", "refund", "self-service").await;
        let why = eve.get("/api/v1/access/explain?verb=items.decide&item_type=refund").await;
        assert_eq!((&why.body["allowed"], &why.body["grants"][0]["overridden"]), (&json!(true), &json!(true)), "{}", why.text);
        assert_eq!(why.body["grants"][0]["item_type"]["name"], "refund", "{}", why.text);
        let anywhere = eve.get("/api/v1/access/explain?verb=items.decide").await;
        assert_eq!((&anywhere.body["allowed"], &anywhere.body["grants"][0]["item_type"]["name"]), (&json!(true), &json!("refund")), "{}", anywhere.text);
        for (query, words) in [
            ("verb=items.read&device=web-1", "name an item type"),
            ("verb=runs.exec&item_type=refund", "not done to items"),
        ] {
            let refused = eve.get(&format!("/api/v1/access/explain?{query}")).await;
            assert_eq!((refused.status, refused.code()), (400, "malformed_body"), "{}", refused.text);
            assert!(detail(&refused).contains(words), "{}", refused.text);
        }
        assert_eq!(eve.get("/api/v1/access/explain?verb=items.read&item_type=unknown").await.status, 404);
    }

    async fn an_explanation_knows_whom_a_type_lets_see_and_decide(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let eve = member(&ann, "eve", "self-service").await;
        make_group(&ann, "refunders", &[]).await;
        let explain = |verb: &str| format!("/api/v1/access/explain?verb={verb}&item_type=refund");
        let access = refund(json!({"access": {"may_decide": ["refunders"]}}));
        assert_eq!(put_type(&ann, "refund", "*", access).await.status, 200);
        let why = eve.get(&explain("items.decide")).await;
        assert_eq!((&why.body["allowed"], &why.body["reason"]["code"]), (&json!(false), &json!("may_decide")), "{}", why.text);
        assert!(why.text.contains("`refunders`"), "{}", why.text);
        assert_eq!(eve.get(&explain("items.read")).await.body["allowed"], true);
        let access = refund(json!({"access": {"may_see": ["refunders"]}}));
        assert_eq!(put_type(&ann, "refund", "*", access).await.status, 200);
        assert_eq!(eve.get(&explain("items.read")).await.status, 404, "not even that there is such a type");
        let of_eve = ann.get(&format!("{}&user=eve", explain("items.read"))).await;
        assert_eq!((&of_eve.body["allowed"], &of_eve.body["reason"]["code"]), (&json!(false), &json!("may_see")), "{}", of_eve.text);
        assert_eq!(ann.get(&explain("items.decide")).await.body["allowed"], true, "a super user");
    }
}
