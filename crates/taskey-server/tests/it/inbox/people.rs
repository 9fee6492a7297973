//! Items as people work on them together: comments, the log, whose an item is, what is put out of the way, what is one.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::on_both;
use taskey_testkit::server::{Answer, Person, send};

use super::*;

async fn snooze(person: &Person, item: &Value, until: Value) -> Answer {
    put(person, &format!("{}/snooze", path(item)), json!({"until": until})).await
}

async fn is_in(person: &Person, queue: &str, item: &Value) -> bool {
    listed(person, &format!("queue={queue}")).await.iter().any(|listed| listed["id"] == item["id"])
}

/// A type whose open items are one where they are about the same order.
fn report() -> Value {
    let fields =
        json!({"type": "object", "required": ["post__merge"], "properties": {"post__merge": {"type": "string"}, "by": {"type": "string"}}});
    with(smallest("report"), json!({"title": "{{ post }} by {{ by }}", "fields": fields}))
}

on_both! {
    async fn comments_are_counted_and_told_in_the_log(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let item = post_refund(&ann, "A1", 10).await;
        let said = comment(&bob, &item, "The parcel came back <b>").await;
        assert_eq!((&said.body["seq"], &said.body["action"], &said.body["state"]), (&json!(2), &json!("commented"), &json!("open")));
        assert!(said.body["change"].to_string().contains("The parcel came back <b>"), "{}", said.text);
        let public = bob.post(&format!("{}/comments", path(&item)), json!({"text": "We look into it", "public": true})).await;
        assert_eq!((public.status, &public.body["change"]["public"]), (201, &json!(true)), "{}", public.text);
        let after = shown(&ann, &item).await;
        assert_eq!((&after["comment_count"], &after["seq"], &after["version"]), (&json!(2), &json!(3), &json!(1)));
        for (wrong, pointer) in [
            (json!({"text": ""}), "/text"),
            (json!({"text": " \n"}), "/text"),
            (json!({"text": "x".repeat(20_001)}), "/text"),
            (json!({}), "/text"),
        ] {
            let refused = bob.post(&format!("{}/comments", path(&item)), wrong).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec![pointer]), "{}", refused.text);
        }
        assert_eq!(approve(&ann, &item).await.status, 200);
        let late = comment(&bob, &item, "What came of it is known too").await;
        assert_eq!((&late.body["seq"], &late.body["state"]), (&json!(5), &json!("resolved")));
    }

    async fn the_log_has_no_gaps_names_who_it_was_and_is_chained(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({"initial": "new", "states": {"new": {}, "checking": {}}}))).await;
        let bob = ann.add_user("bob", json!({"super": true, "name": "Bob Smith"})).await;
        let key = ann.post("/api/v1/keys", json!({"name": "shop", "scopes": ["items.create"]})).await;
        let shop = server.with_key(key.body["key"].as_str().unwrap());
        let by_browser = bob.session().await;
        let item = post_refund(&shop, "A1", 10).await;
        for text in ["the same", "the same"] {
            comment(&by_browser, &item, text).await;
        }
        assert_eq!(act(&by_browser, &item, "move", json!({"state": "checking"})).await.status, 200);
        assert_eq!(approve(&by_browser, &item).await.status, 200);
        let log = log(&ann, &item).await;
        let seqs: Vec<_> = log.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5]);
        assert_eq!(actions(&log), ["created", "commented", "commented", "moved", "resolved"]);
        let states: Vec<_> = log.iter().map(|entry| (entry["prev_state"].as_str(), entry["state"].as_str().unwrap())).collect();
        let expected = [(None, "new"), (Some("new"), "new"), (Some("new"), "new"), (Some("new"), "checking"), (Some("checking"), "resolved")];
        assert_eq!(states, expected);
        let hashes: HashSet<&str> = log.iter().map(|entry| entry["hash"].as_str().unwrap()).collect();
        assert_eq!(hashes.len(), 5, "the same words have another hash in another place");
        assert!(hashes.iter().all(|hash| hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit())));
        assert_eq!((&log[0]["actor"]["kind"], &log[0]["actor"]["id"]), (&json!("key"), &json!(key.id())), "{}", log[0]);
        assert!(log[0]["actor"]["name"].as_str().unwrap().contains("shop"), "{}", log[0]);
        assert_eq!((&log[1]["actor"]["kind"], &log[1]["actor"]["id"]), (&json!("user"), &json!(bob.id)), "{}", log[1]);
        assert!(log[1]["actor"]["name"].as_str().unwrap().to_lowercase().contains("bob"), "{}", log[1]);

        let page = ann.get(&format!("{}/log?after=1&limit=2", path(&item))).await;
        assert_eq!(items(&page), log[1..3]);
        let rest = ann.get(&format!("{}/log?after=3", path(&item))).await;
        assert_eq!((items(&rest), rest.body["next"].is_null()), (log[3..].to_vec(), true));
        assert_eq!(items(&ann.get(&format!("{}/log?after=5", path(&item))).await), Vec::<Value>::new());
    }

    async fn a_log_that_many_write_to_at_once_has_no_gaps(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let texts: Vec<String> = (0..30).map(|number| format!("comment {number}")).collect();
        join_all(texts.iter().map(|text| comment(&ann, &item, text))).await;
        let log = log(&ann, &item).await;
        let seqs: Vec<_> = log.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=31).collect::<Vec<u64>>());
        let hashes: HashSet<&str> = log.iter().map(|entry| entry["hash"].as_str().unwrap()).collect();
        assert_eq!(hashes.len(), 31);
        let after = shown(&ann, &item).await;
        assert_eq!((&after["comment_count"], &after["seq"]), (&json!(30), &json!(31)));
    }

    async fn of_two_who_claim_an_item_one_has_it_and_the_other_is_told_who(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (bob, cid) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await);
        for round in 0..8 {
            let item = post_refund(&ann, "A1", round).await;
            let claim = json!({"assignee": "me", "instead_of": "nobody"});
            let (first, second) = tokio::join!(assign(&bob, &item, claim.clone()), assign(&cid, &item, claim));
            let (winner, lost) = if first.status == 200 { ("bob", second) } else { ("cid", first) };
            assert_eq!((lost.status, lost.code()), (409, "item_taken"), "{}", lost.text);
            assert!(detail(&lost).contains(winner), "{}", lost.text);
            assert_eq!(shown(&ann, &item).await["assignee"]["name"], winner);
            assert_eq!(actions(&log(&ann, &item).await), ["created", "assigned"]);
        }
    }

    async fn an_item_is_given_to_somebody_with_a_note_and_back_to_nobody(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (bob, cid) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await);
        member(&ann, "eve", "read-only").await;
        let bob_id = bob.get("/api/v1/me").await.body["user"]["id"].clone();
        let item = post_refund(&ann, "A1", 10).await;
        let given = assign(&ann, &item, json!({"assignee": "bob", "note": "She has called twice"})).await;
        assert_eq!((given.status, &given.body["assignee"]), (200, &json!({"id": bob_id, "name": "bob"})), "{}", given.text);
        assert_eq!((&given.body["comment_count"], &given.body["version"]), (&json!(1), &json!(1)));
        assert!(log(&bob, &item).await.iter().any(|entry| entry["change"].to_string().contains("She has called twice")));
        for (assignee, instead_of) in [("cid", "nobody"), ("cid", "cid"), ("me", "nobody")] {
            let late = assign(&cid, &item, json!({"assignee": assignee, "instead_of": instead_of})).await;
            assert_eq!((late.status, late.code()), (409, "item_taken"));
            assert!(detail(&late).contains("bob"), "{}", late.text);
        }
        let over = assign(&cid, &item, json!({"assignee": "me", "instead_of": bob_id})).await;
        assert_eq!(over.body["assignee"]["name"], "cid", "whoever knows whose it was may take it over: {}", over.text);
        for nobody in ["eve", "nobody-knows", ""] {
            let refused = assign(&ann, &item, json!({"assignee": nobody})).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/assignee"]), "{nobody}: {}", refused.text);
        }
        let free = assign(&ann, &item, json!({"assignee": null})).await;
        assert_eq!((free.status, &free.body["assignee"]), (200, &Value::Null));
        assert!(is_in(&cid, "unassigned", &item).await && !is_in(&cid, "mine", &item).await);
        assert_eq!(assign(&cid, &item, json!({"assignee": bob_id, "instead_of": "nobody"})).await.status, 200);
        assert!(is_in(&bob, "mine", &item).await && is_in(&bob, "needs_me", &item).await && !is_in(&cid, "needs_me", &item).await);
        assert_eq!(approve(&ann, &item).await.status, 200);
        assert_eq!(assign(&bob, &item, json!({"assignee": null})).await.code(), "item_over");
    }

    async fn the_items_of_a_user_who_was_removed_are_nobodys(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let bob_id = bob.get("/api/v1/me").await.body["user"]["id"].clone();
        let item = post_refund(&ann, "A1", 10).await;
        let over = post_refund(&ann, "A2", 10).await;
        for item in [&item, &over] {
            assert_eq!(assign(&ann, item, json!({"assignee": "bob"})).await.status, 200);
        }
        assert_eq!(approve(&bob, &over).await.status, 200);
        assert_eq!(send(ann.request(Method::DELETE, "/api/v1/users/bob")).await.status, 204);
        in_time(&server, async || is_in(&ann, "unassigned", &item).await).await;
        let log = log(&ann, &item).await;
        assert_eq!((actions(&log), &log[2]["actor"]["kind"]), (vec!["created", "assigned", "assigned"], &json!("system")));
        assert_eq!((&log[2]["change"]["before"]["assignee"]["id"], &log[2]["change"]["after"]["assignee"]), (&bob_id, &Value::Null));
        assert_eq!(listed(&ann, "assignee=nobody").await.len(), 1);
        assert_eq!(shown(&ann, &over).await["seq"], 3, "what is over stays as it was");
    }

    async fn a_snoozed_item_is_out_of_the_way_until_its_time_or_until_something_happens(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 20).await);
        let until = json!(server.clock.now().plus_ms(3_600_000));
        for item in [&item, &other] {
            let snoozed = snooze(&ann, item, until.clone()).await;
            assert_eq!((snoozed.status, &snoozed.body["snoozed_until"], &snoozed.body["state"]), (200, &until, &json!("open")), "{}", snoozed.text);
            assert!(!is_in(&ann, "needs_me", item).await && is_in(&ann, "snoozed", item).await);
            assert!(!is_in(&bob, "needs_me", item).await, "it is out of everybody's way");
        }
        assert_eq!(ann.get("/api/v1/items/counts").await.body["snoozed"], 2);
        let past = snooze(&ann, &item, json!(server.clock.now())).await;
        assert_eq!(refusal(&past), (422, "invalid", vec!["/until"]), "{}", past.text);

        comment(&bob, &other, "The customer asks again").await;
        let back = shown(&ann, &other).await;
        assert_eq!(back["snoozed_until"], Value::Null, "something happened");
        assert!(is_in(&ann, "needs_me", &other).await && !is_in(&ann, "snoozed", &other).await);
        assert!(is_in(&ann, "snoozed", &item).await);
        server.clock.advance(HOUR);
        in_time(&server, async || is_in(&ann, "needs_me", &item).await).await;
        assert!(!is_in(&ann, "snoozed", &item).await);

        let later = json!(server.clock.now().plus_ms(3_600_000));
        assert_eq!(snooze(&ann, &other, later.clone()).await.status, 200);
        let handed = assign(&ann, &other, json!({"assignee": "bob"})).await;
        assert_eq!((handed.status, &handed.body["snoozed_until"]), (200, &Value::Null), "{}", handed.text);
        assert!(is_in(&bob, "needs_me", &other).await, "whoever it is given to sees it");
        assert_eq!(snooze(&ann, &item, later).await.status, 200);
        assert_eq!(snooze(&ann, &item, Value::Null).await.body["snoozed_until"], Value::Null, "taken back");
        assert!(is_in(&ann, "needs_me", &item).await);
        assert!(actions(&log(&ann, &item).await).contains(&"snoozed"));
        assert_eq!(approve(&ann, &item).await.status, 200);
        assert_eq!(snooze(&ann, &item, until).await.code(), "item_over");
    }

    async fn two_items_about_the_same_become_one(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (item, other, third) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A1", 11).await, post_refund(&ann, "A1", 12).await);
        let merged = act(&ann, &item, "merge", json!({"into": other["id"]})).await;
        assert_eq!(merged.status, 200, "{}", merged.text);
        for (field, value) in [("id", &item["id"]), ("state", &json!("merged")), ("is_open", &json!(false)), ("merged_into", &other["id"])] {
            assert_eq!(&merged.body[field], value, "{field}");
        }
        assert!(merged.body["closed_at"].is_string());
        assert_eq!(shown(&ann, &other).await["state"], "open");
        let log = log(&ann, &item).await;
        assert_eq!((&log[1]["action"], &log[1]["prev_state"], &log[1]["state"]), (&json!("merged"), &json!("open"), &json!("merged")));
        for late in [approve(&ann, &item).await, act(&ann, &item, "merge", json!({"into": other["id"]})).await] {
            assert_eq!((late.status, late.code()), (409, "item_over"), "{}", late.text);
        }
        let itself = act(&ann, &third, "merge", json!({"into": third["id"]})).await;
        assert_eq!(refusal(&itself), (422, "invalid", vec!["/into"]), "{}", itself.text);
        assert_eq!(shown(&ann, &other).await["sheet"]["duplicates"][0]["id"], item["id"]);
        let over = post_refund(&ann, "A9", 1).await;
        assert_eq!(approve(&ann, &over).await.status, 200);
        let late = act(&ann, &third, "merge", json!({"into": over["id"]})).await;
        assert_eq!(refusal(&late), (422, "invalid", vec!["/into"]), "{}", late.text);
        for gone in [&item["id"], &json!("itm_00000000000000000000000000")] {
            let refused = act(&ann, &third, "merge", json!({"into": gone})).await;
            assert!(matches!(refused.status, 404 | 409 | 422), "nothing becomes one with {gone}: {}", refused.text);
        }
        assert_eq!(shown(&ann, &third).await["state"], "open");
        // Each into the other at the same time: one of them stays.
        let one = act(&ann, &other, "merge", json!({"into": third["id"]}));
        let two = act(&ann, &third, "merge", json!({"into": other["id"]}));
        let (one, two) = tokio::join!(one, two);
        assert!((one.status == 200) != (two.status == 200), "{} {}", one.text, two.text);
        assert_eq!(listed(&ann, "").await.len(), 1);
    }

    async fn of_items_that_are_to_be_one_the_newest_stays(engine: Engine) {
        let (server, ann) = world(engine, report()).await;
        let tell = async |of: &str, by: &str| {
            server.clock.advance(SECOND);
            post(&ann, json!({"type": "report", "fields": {"post__merge": of, "by": by}})).await
        };
        let (first, other) = (tell("p1", "bob").await, tell("p2", "bob").await);
        let second = tell("p1", "cid").await;
        assert_eq!((&second["state"], &second["title"]), (&json!("open"), &json!("p1 by cid")));
        in_time(&server, async || shown(&ann, &first).await["state"] == "merged").await;
        let merged = shown(&ann, &first).await;
        assert_eq!((&merged["merged_into"], &merged["is_open"]), (&second["id"], &json!(false)));
        assert_eq!(log(&ann, &first).await.last().unwrap()["action"], "merged");
        assert_eq!(shown(&ann, &other).await["state"], "open", "another one");
        let newest = tell("p1", "eve").await;
        let duplicates = shown(&ann, &newest).await["sheet"]["duplicates"].as_array().unwrap().clone();
        assert_eq!(texts(&duplicates, "title"), ["p1 by cid", "p1 by bob"], "what came to be one with it, one after another");
        assert_eq!((&duplicates[1]["id"], &duplicates[1]["comment_count"]), (&first["id"], &json!(0)));
        assert_eq!(shown(&ann, &other).await["sheet"]["duplicates"], json!([]));
        let second = newest;
        assert_eq!(act(&ann, &second, "resolve", json!({"resolution": "done"})).await.status, 200);
        let third = tell("p1", "dan").await;
        assert_eq!(shown(&ann, &third).await["state"], "open", "what is over is not opened again");
        assert_eq!(shown(&ann, &second).await["state"], "resolved");
    }

    async fn twenty_items_that_are_to_be_one_and_are_posted_at_once_leave_one_open(engine: Engine) {
        let (server, ann) = world(engine, report()).await;
        let bodies: Vec<Value> = (0..20).map(|by| json!({"type": "report", "fields": {"post__merge": "p1", "by": by.to_string()}})).collect();
        let posted = join_all(bodies.into_iter().map(|body| ann.post("/api/v1/items", body))).await;
        assert!(posted.iter().all(|answer| answer.status == 201), "{:?}", posted.iter().map(|answer| answer.status).collect::<Vec<_>>());
        in_time(&server, async || listed(&ann, "").await.len() == 1).await;
        let open = listed(&ann, "").await[0]["id"].clone();
        let merged = listed(&ann, "state=merged").await;
        assert_eq!(merged.len(), 19);
        let into = |id: &Value| merged.iter().find(|item| item["id"] == *id).map(|item| item["merged_into"].clone());
        for item in &merged {
            let (mut end, mut steps) = (item["id"].clone(), 0);
            while let Some(next) = into(&end) {
                (end, steps) = (next, steps + 1);
                assert!(steps <= 19, "they lead round and round");
            }
            assert_eq!(end, open);
        }
    }

    async fn whoever_looks_at_an_item_is_seen_by_the_others_for_a_while(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "read-only").await;
        let item = post_refund(&ann, "A1", 10).await;
        let looked = send(bob.request(Method::PUT, &format!("{}/viewers/me", path(&item)))).await;
        assert_eq!(looked.status, 204, "{}", looked.text);
        let viewers = async |person: &Person| texts(shown(person, &item).await["sheet"]["viewers"].as_array().unwrap(), "name");
        assert_eq!(viewers(&ann).await, ["bob"]);
        assert!(viewers(&bob).await.is_empty(), "not oneself");
        assert_eq!(shown(&ann, &item).await["seq"], 1, "looking is no event of the item");
        server.clock.advance(46 * SECOND);
        assert!(viewers(&ann).await.is_empty());
    }

    async fn views_are_saved_by_name_shared_and_removed_by_whoever_made_them(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "read-only").await;
        let save = async |person: &Person, name: &str, query: &str, shared: bool| {
            person.post("/api/v1/item-views", json!({"name": name, "query": query, "shared": shared})).await
        };
        let views = async |person: &Person| items(&person.get("/api/v1/item-views").await);
        let mine = save(&ann, "mine", "queue=mine", false).await;
        assert!(matches!(mine.status, 200 | 201), "{}", mine.text);
        for (field, value) in [("name", json!("mine")), ("query", json!("queue=mine")), ("shared", json!(false)), ("own", json!(true))] {
            assert_eq!(mine.body[field], value, "{field}");
        }
        assert!(views(&bob).await.is_empty());
        let again = save(&ann, "mine", "queue=mine&order=due", true).await;
        assert_eq!((again.id(), &again.body["query"]), (mine.id(), &json!("queue=mine&order=due")), "{}", again.text);
        assert_eq!(views(&ann).await, std::slice::from_ref(&again.body));
        let seen = views(&bob).await;
        assert_eq!((&seen[0]["id"], &seen[0]["own"], &seen[0]["query"]), (&again.body["id"], &json!(false), &again.body["query"]));
        let own = save(&bob, "mine", "type=refund", false).await;
        assert_ne!(own.id(), mine.id(), "everybody has names of their own");
        assert_eq!((views(&bob).await.len(), views(&ann).await.len()), (2, 1));
        for (person, view) in [(&bob, &mine), (&ann, &own)] {
            let refused = person.delete(&format!("/api/v1/item-views/{}", view.id())).await;
            assert!(matches!(refused.status, 403 | 404), "{} {}", refused.status, refused.text);
        }
        assert_eq!(refusal(&save(&ann, "", "queue=mine", false).await), (422, "invalid", vec!["/name"]));
        assert_eq!(ann.delete(&format!("/api/v1/item-views/{}", mine.id())).await.status, 204);
        assert_eq!(texts(&views(&bob).await, "id"), [own.id()]);
        assert!(views(&ann).await.is_empty());
    }
}
