//! Items as people decide them: by a resolution, once, on what they have seen.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::on_both;
use taskey_testkit::server::send;

use super::*;

fn stages() -> Value {
    refund(json!({
        "initial": "new", "states": {"new": {"label": "Just in"}, "checking": {"label": "Being checked", "to": ["second"]}, "second": {"to": []}},
        "resolutions": {"approved": {"from": ["checking", "second"]}, "rejected": {"refusal": true}},
    }))
}

on_both! {
    async fn an_item_is_resolved_by_name_with_label_reason_and_answers(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let [first, second, third] = [post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 20).await, post_refund(&ann, "A3", 30).await];
        server.clock.advance(SECOND);
        let approved = approve(&ann, &first).await;
        assert_eq!(approved.status, 200, "{}", approved.text);
        for (field, value) in [("state", json!("resolved")), ("is_open", json!(false)), ("seq", json!(2)), ("closed_at", json!(server.clock.now()))] {
            assert_eq!(approved.body[field], value, "{field}");
        }
        let expected = json!({
            "name": "approved", "label": "Refund 10", "refusal": false, "reason": null, "answers": {}, "by": "ann", "at": server.clock.now(),
        });
        assert_eq!(approved.body["resolution"], expected);
        assert_eq!(approved.body["reason"], Value::Null, "somebody resolved it");
        let partly = act(&ann, &second, "resolve", json!({"resolution": "partly", "answers": {"amount": 5}, "reason": "one of two"})).await;
        let resolution = &partly.body["resolution"];
        assert_eq!((&resolution["answers"], &resolution["reason"]), (&json!({"amount": 5}), &json!("one of two")), "{}", partly.text);
        let rejected = act(&ann, &third, "resolve", json!({"resolution": "rejected", "reason": "a reason of my own"})).await;
        assert_eq!((rejected.status, &rejected.body["resolution"]["refusal"]), (200, &json!(true)), "{}", rejected.text);
        let over = shown(&ann, &first).await;
        assert_eq!((&over["resolution"], &over["sheet"]["choices"], &over["sheet"]["moves"]), (&expected, &json!([]), &json!([])));
        let log = log(&ann, &second).await;
        assert_eq!((&log[1]["action"], &log[1]["prev_state"], &log[1]["state"]), (&json!("resolved"), &json!("open"), &json!("resolved")));
        assert!(log[1]["change"].to_string().contains("one of two"));
        assert_eq!(listed(&ann, "").await, Vec::<Value>::new());
    }

    async fn what_is_wrong_in_a_decision_is_pointed_at_and_decides_nothing(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        for (wrong, pointer) in [
            (json!({"resolution": "maybe"}), "/resolution"),
            (json!({}), "/resolution"),
            (json!({"resolution": "partly"}), "/answers/amount"),
            (json!({"resolution": "partly", "answers": {"amount": "much"}}), "/answers/amount"),
            (json!({"resolution": "partly", "answers": {"amount": 0}}), "/answers/amount"),
            (json!({"resolution": "approved", "answers": {"amount": 1}}), "/answers/amount"),
            (json!({"resolution": "rejected"}), "/reason"),
            (json!({"resolution": "rejected", "reason": " "}), "/reason"),
            (json!({"resolution": "approved", "reason": "x".repeat(2_001)}), "/reason"),
            (json!({"resolution": "approved", "color": "red"}), "/color"),
        ] {
            let refused = act(&ann, &item, "resolve", wrong.clone()).await;
            assert_eq!((refused.status, refused.code()), (422, "invalid"), "{wrong}: {}", refused.text);
            let pointers = refusal(&refused).2;
            // Where nothing is asked, the answers as a whole may be to blame.
            assert!(pointers.contains(&pointer) || (wrong["resolution"] == "approved" && pointers.contains(&"/answers")), "{wrong}: {pointers:?}");
        }
        let kept = shown(&ann, &item).await;
        assert_eq!((&kept["state"], &kept["seq"], &kept["version"]), (&json!("open"), &json!(1), &json!(1)));
    }

    async fn a_decision_names_the_version_that_it_was_made_on(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let blind = ann.post(&format!("{}/resolve", path(&item)), json!({"resolution": "approved"})).await;
        assert_eq!((blind.status, blind.code()), (428, "precondition_required"));
        let seen = ann.get(&path(&item)).await.header("etag").to_owned();
        assert_eq!(update(&ann, &item, json!({"amount": 1_000})).await.status, 200);
        let stale = act_if(&ann, &item, "resolve", &seen, json!({"resolution": "approved"})).await;
        assert_eq!((stale.status, stale.code()), (412, "precondition_failed"), "nobody approves 1,000 who has seen 10");
        assert_eq!(comment(&ann, &item, "nothing to do with it").await.status, 201);
        assert_eq!(assign(&ann, &item, json!({"assignee": "me"})).await.status, 200);
        let seen = act_if(&ann, &item, "resolve", "\"2\"", json!({"resolution": "approved"})).await;
        assert_eq!((seen.status, &seen.body["resolution"]["label"]), (200, &json!("Refund 1000")), "comments do not get in the way: {}", seen.text);
        for tag in ["\"2\"", "*", &format!("\"{}\"", seen.body["version"])] {
            let again = act_if(&ann, &item, "resolve", tag, json!({"resolution": "rejected", "reason": "fraud"})).await;
            assert_eq!((again.status, again.code()), (409, "item_over"), "{tag}: {}", again.text);
            assert!(detail(&again).contains("ann") && detail(&again).contains("approved"), "{}", again.text);
        }
        assert_eq!(shown(&ann, &item).await["resolution"]["name"], "approved");
    }

    async fn of_two_who_decide_at_once_one_does_and_the_other_is_told_who(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let (bob, cid) = (member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await);
        for round in 0..12 {
            let item = post_refund(&ann, "A1", round).await;
            // With the version that both have seen, and with any.
            let tag = if round % 2 == 0 { "\"1\"" } else { "*" };
            let yes = act_if(&bob, &item, "resolve", tag, json!({"resolution": "approved"}));
            let no = act_if(&cid, &item, "resolve", tag, json!({"resolution": "rejected", "reason": "fraud"}));
            let (yes, no) = tokio::join!(yes, no);
            let (winner, lost, resolution) = if yes.status == 200 { ("bob", no, "approved") } else { ("cid", yes, "rejected") };
            assert_eq!((lost.status, lost.code()), (409, "item_over"), "{}", lost.text);
            assert!(detail(&lost).contains(winner) && detail(&lost).contains(resolution), "{}", lost.text);
            let over = shown(&ann, &item).await;
            assert_eq!(over["resolution"]["name"], resolution);
            assert!(over["resolution"]["by"].as_str().unwrap().starts_with(winner), "{over}");
            assert_eq!(actions(&log(&ann, &item).await), ["created", "resolved"]);
        }
    }

    async fn of_a_decision_and_a_withdrawal_at_once_one_counts(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        for round in 0..8 {
            let item = post_refund(&bob, "A1", round).await;
            let withdraw = async { bob.post(&format!("{}/cancel", path(&item)), json!({})).await };
            let (decided, withdrawn) = tokio::join!(approve(&ann, &item), withdraw);
            let mut statuses = [decided.status, withdrawn.status];
            statuses.sort();
            assert_eq!(statuses, [200, 409], "{} {}", decided.text, withdrawn.text);
            let state = if decided.status == 200 { "resolved" } else { "cancelled" };
            assert_eq!(shown(&ann, &item).await["state"], state);
            assert_eq!(log(&ann, &item).await.len(), 2);
        }
    }

    async fn a_resolution_is_chosen_only_in_the_states_that_it_is_for(engine: Engine) {
        let (_server, ann) = world(engine, stages()).await;
        let item = post_refund(&ann, "A1", 10).await;
        assert_eq!(item["state"], "new");
        let choices = async || texts(shown(&ann, &item).await["sheet"]["choices"].as_array().unwrap(), "name");
        assert_eq!(choices().await, ["rejected"]);
        let early = approve(&ann, &item).await;
        assert_eq!(refusal(&early), (422, "invalid", vec!["/resolution"]), "{}", early.text);
        let moves = shown(&ann, &item).await["sheet"]["moves"].clone();
        assert_eq!(moves, json!([{"name": "checking", "label": "Being checked"}, {"name": "second", "label": "second"}]));
        assert_eq!(act(&ann, &item, "move", json!({"state": "checking"})).await.status, 200);
        assert_eq!(choices().await, ["approved", "rejected"]);
        assert_eq!(approve(&ann, &item).await.body["state"], "resolved");
    }

    async fn an_item_is_moved_only_where_its_state_leads(engine: Engine) {
        let (_server, ann) = world(engine, stages()).await;
        let item = post_refund(&ann, "A1", 10).await;
        let request = ann.request(Method::POST, &format!("{}/move", path(&item))).json(&json!({"state": "checking"}));
        assert_eq!(send(request).await.code(), "precondition_required");
        let moved = act_if(&ann, &item, "move", "\"1\"", json!({"state": "checking", "reason": "looks odd"})).await;
        assert_eq!((moved.status, &moved.body["state"], &moved.body["version"]), (200, &json!("checking"), &json!(2)), "{}", moved.text);
        let stale = act_if(&ann, &item, "move", "\"1\"", json!({"state": "second"})).await;
        assert_eq!((stale.status, stale.code()), (412, "precondition_failed"));
        for state in ["new", "nowhere", "resolved"] {
            let refused = act(&ann, &item, "move", json!({"state": state})).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/state"]), "{state}: {}", refused.text);
        }
        assert_eq!(act(&ann, &item, "move", json!({"state": "second"})).await.status, 200);
        assert_eq!(shown(&ann, &item).await["sheet"]["moves"], json!([]));
        let log = log(&ann, &item).await;
        let steps: Vec<_> = log.iter().map(|entry| (entry["prev_state"].as_str(), entry["state"].as_str().unwrap())).collect();
        assert_eq!(steps, [(None, "new"), (Some("new"), "checking"), (Some("checking"), "second")]);
        assert!(log[1]["change"].to_string().contains("looks odd"));
        assert_eq!(approve(&ann, &item).await.status, 200);
        let late = act(&ann, &item, "move", json!({"state": "checking"})).await;
        assert_eq!((late.status, late.code()), (409, "item_over"));
    }

    async fn reading_an_item_never_decides_it(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let before = (shown(&ann, &item).await, log(&ann, &item).await);
        for tail in [
            "", "/log", "/wait?wait=0", "/wait?wait=0&after=1", "/resolve", "/resolve?resolution=approved", "/cancel", "/move", "/comments", "/assignee",
            "/snooze", "/merge", "/viewers/me",
        ] {
            for method in [Method::GET, Method::HEAD, Method::GET] {
                let answer = send(ann.request(method, &format!("{}{tail}", path(&item))).header("if-match", "*")).await;
                assert!(matches!(answer.status, 200 | 204 | 404 | 405), "{tail}: {} {}", answer.status, answer.text);
            }
        }
        for _ in 0..2 {
            drop(ann.stream(&format!("{}/events", path(&item))).await);
        }
        assert_eq!((shown(&ann, &item).await, log(&ann, &item).await), before);
        assert_eq!(before.0["seq"], 1);
    }

    async fn many_who_decide_many_items_at_once_decide_each_once(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let people = [member(&ann, "bob", "self-service").await, member(&ann, "cid", "self-service").await, member(&ann, "dan", "self-service").await];
        let posted = join_all((0..20).map(|number| post_refund(&ann, "A1", number))).await;
        let tries = people.iter().flat_map(|person| posted.iter().map(move |item| approve(person, item)));
        let answers = join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 20);
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.code() == "item_over"));
        for item in &posted {
            assert_eq!(actions(&log(&ann, item).await), ["created", "resolved"]);
        }
        assert_eq!(ann.get("/api/v1/items/counts").await.body["open"], 0);
    }
}
