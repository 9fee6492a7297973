//! What receivers are told, who hears of it, and when they are told it again.

use taskey_testkit::on_both;

use super::*;

// What is told.

on_both! {
    async fn what_happens_to_an_item_is_posted_signed_with_what_it_was_before(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        let item = post_refund(&shop.ann, "A1", 240).await;
        let created = shop.receiver.next().await;
        assert_eq!((&created.method, created.path.as_str()), (&Method::POST, "/hooks"));
        assert_eq!(created.header("content-type"), "application/json");
        assert!(created.header("user-agent").starts_with("taskey/") && created.id().starts_with("msg_"), "{:?}", created.headers);
        assert_eq!(created.timestamp_secs(), secs(shop.server.clock.now()));
        assert_eq!(created.verified(shop.secret(), shop.server.clock.now()), Ok(()));
        let told = created.told();
        assert_eq!((&told["type"], &told["data"]["item"]["id"]), (&json!("item.created"), &item["id"]));
        assert_eq!((&told["data"]["seq"], &told["data"]["prev_state"]), (&json!(1), &Value::Null));
        assert_eq!(told["data"]["item"]["fields"], json!({"order": "A1", "amount": 240}));

        assert_eq!(approve(&shop.ann, &item).await.status, 200);
        let resolved = shop.receiver.next().await;
        let told = resolved.told();
        assert_eq!((&told["type"], &told["data"]["seq"]), (&json!("item.resolved"), &json!(2)));
        assert_eq!((&told["data"]["prev_state"], &told["data"]["state"]), (&json!("open"), &json!("resolved")));
        assert_eq!(told["data"]["item"]["resolution"]["name"], "approved");
        assert_ne!(resolved.id(), created.id());
    }

    async fn a_thin_body_holds_nothing_that_anybody_wrote(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({"body": "thin"})).await;
        let item = post_refund(&shop.ann, CANARY, 10).await;
        comment(&shop.ann, &item, CANARY).await;
        let decided = act(&shop.ann, &item, "resolve", json!({"resolution": "approved", "reason": CANARY})).await;
        assert_eq!(decided.status, 200, "{}", decided.text);
        let mut seqs = Vec::new();
        for _ in 0..3 {
            let post = shop.receiver.next().await;
            assert_eq!(post.item(), item["id"]);
            assert!(!post.text().contains(CANARY), "{}", post.text());
            seqs.push(post.told()["data"]["seq"].as_u64().unwrap());
        }
        seqs.sort();
        assert_eq!(seqs, [1, 2, 3]);
    }

    async fn a_template_makes_the_body(engine: Engine) {
        let template = r#"{"text": {{ data.item.title | tojson }}, "what": {{ type | tojson }}}"#;
        let mut shop = Shop::open(engine, json!({}), json!({"body": "template", "template": template})).await;
        post_refund(&shop.ann, "A1", 10).await;
        let post = shop.receiver.next().await;
        assert_eq!(post.told(), json!({"text": "Refund 10 for A1", "what": "item.created"}));
        assert_eq!(post.verified(shop.secret(), shop.server.clock.now()), Ok(()));
    }

    async fn of_a_type_that_marks_fields_for_webhooks_those_alone_are_told(engine: Engine) {
        let fields = json!({"type": "object", "properties": {"amount__webhook": {"type": "number"}, "card": {"type": "string"}}});
        let refunds = json!({"title": "Refund", "fields": fields, "indexed": [], "resolutions": {"approved": {}}});
        let mut shop = Shop::open(engine, refunds, json!({})).await;
        let item = post(&shop.ann, json!({"type": "refund", "fields": {"amount__webhook": 240, "card": CANARY}})).await;
        let created = shop.receiver.next().await;
        assert_eq!(update(&shop.ann, &item, json!({"card": format!("{CANARY}-2")})).await.status, 200);
        let updated = shop.receiver.next().await;
        assert_eq!(updated.told()["type"], "item.updated");
        for post in [created, updated] {
            assert_eq!(post.told()["data"]["item"]["fields"], json!({"amount__webhook": 240}));
            assert!(!post.text().contains(CANARY), "{}", post.text());
        }
    }

    async fn with_ed25519_whoever_has_the_public_key_verifies_what_is_told(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({"signing": "ed25519"})).await;
        assert!(shop.secret().starts_with("whpk_"), "{}", shop.secret());
        assert_eq!(shop.webhook_now().await["keys"][0]["public_key"], shop.webhook["secret"], "it is told at any time");
        post_refund(&shop.ann, "A1", 10).await;
        let post = shop.receiver.next().await;
        assert!(post.header(SIGNATURE_HEADER).starts_with("v1a,"), "{}", post.header(SIGNATURE_HEADER));
        assert_eq!(post.verified(shop.secret(), shop.server.clock.now()), Ok(()));
        let other = PrivateKey::generate().unwrap().public_key().to_string();
        assert_eq!(post.verified(&other, shop.server.clock.now()), Err(VerifyError::NoMatch));
    }
}

// Who hears of it.

on_both! {
    async fn of_a_type_that_names_a_webhook_that_one_alone_hears_whatever_it_is_called_later(engine: Engine) {
        let (_server, ann) = start(engine).await;
        let (mut one, mut two) = (Receiver::start().await, Receiver::start().await);
        make_webhook(&ann, one.spec("one", json!({}))).await;
        make_webhook(&ann, two.spec("two", json!({}))).await;
        make_type(&ann, refund(json!({"webhook": "one"}))).await;
        make_type(&ann, smallest("question")).await;
        for (order, name) in [("A1", "one"), ("A2", "uno")] {
            let renamed = put_webhook(&ann, "one", one.spec(name, json!({}))).await;
            assert_eq!((renamed.status, &renamed.body["name"]), (200, &json!(name)), "{}", renamed.text);
            let refund = post_refund(&ann, order, 10).await;
            assert_eq!(one.next().await.item(), refund["id"]);
            let question = post(&ann, json!({"type": "question"})).await;
            assert_eq!(one.next().await.item(), question["id"]);
            assert_eq!(two.next().await.item(), question["id"], "{name}: the refund is not for it");
        }
        assert_eq!((deliveries(&ann, "uno").await.len(), deliveries(&ann, "two").await.len()), (4, 2));
    }

    async fn a_webhook_that_a_type_names_is_not_removed(engine: Engine) {
        let (_server, ann) = start(engine).await;
        for name in ["one", "two"] {
            make_webhook(&ann, json!({"name": name, "url": "http://127.0.0.1:9/hooks"})).await;
        }
        make_type(&ann, refund(json!({"webhook": "one"}))).await;
        let refused = ann.delete("/api/v1/webhooks/one").await;
        assert_eq!((refused.status, refused.code()), (409, "in_use"), "{}", refused.text);
        assert!(detail(&refused).contains("`refund`"), "{}", refused.text);
        assert_eq!(ann.get("/api/v1/webhooks/one").await.body["state"], "active");
        assert_eq!(ann.delete("/api/v1/webhooks/two").await.status, 204, "nobody names it");
        assert_eq!(put_type(&ann, "refund", "*", refund(json!({}))).await.status, 200);
        assert_eq!(ann.delete("/api/v1/webhooks/one").await.status, 204, "nobody names it any more");
    }
}

// When it is told again, and when no more.

on_both! {
    async fn a_receiver_that_says_when_to_come_again_is_called_then_with_the_same_message(engine: Engine) {
        // More than a first try waits for by itself, and no more than twice its step: that is as far as a receiver is asked.
        const RETRY_AFTER_SECS: u64 = 8;
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        shop.receiver.answers(Reply { retry_after_secs: Some(RETRY_AFTER_SECS), ..Reply::of(503) });
        post_refund(&shop.ann, "A1", 10).await;
        let first = shop.receiver.next().await;
        shop.tried(1).await;
        let due_at = shop.server.clock.now().plus_ms(RETRY_AFTER_SECS as i64 * 1_000);
        let waiting = &shop.deliveries().await[0];
        assert_eq!((&waiting["state"], &waiting["next_at"]), (&json!("waiting"), &json!(due_at)));
        assert!(waiting["reason"]["detail"].as_str().unwrap().contains("503"), "{waiting}");

        shop.receiver.answers(Reply::of(200));
        let second = shop.receiver.next_in_time(&shop.server).await;
        assert_eq!((second.id(), second.text()), (first.id(), first.text()), "it is the same message");
        assert!(second.timestamp_secs() >= secs(due_at), "{} is before {}", second.timestamp_secs(), secs(due_at));
        assert_eq!(second.verified(shop.secret(), shop.server.clock.now()), Ok(()), "it is signed anew");
        shop.delivered(1).await;
        let tries = shop.delivery(&shop.deliveries().await[0]).await.body["attempts"].clone();
        assert_eq!((&tries[0]["status"], &tries[1]["status"]), (&json!(200), &json!(503)), "newest first");
    }

    async fn a_receiver_that_is_gone_for_good_hears_nothing_until_somebody_begins_again(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        let mut other = Receiver::start().await;
        make_webhook(&shop.ann, other.spec("other", json!({}))).await;
        let mut heard = shop.ann.stream("/api/v1/events").await;
        shop.receiver.answers(Reply::of(503));
        let waiting = post_refund(&shop.ann, "A1", 1).await;
        let first = shop.receiver.next().await;
        shop.tried(1).await;
        shop.receiver.answers(Reply::of(410));
        post_refund(&shop.ann, "A2", 2).await;
        shop.receiver.next().await;
        wait_for(async || shop.webhook_now().await["state"] == "given_up").await;
        assert_eq!(shop.webhook_now().await["reason"]["code"], "gone");

        let entries = items(&shop.ann.get("/api/v1/audit?action=webhook.given_up").await);
        assert_eq!((entries.len(), &entries[0]["subject"], &entries[0]["actor"]["kind"]), (1, &shop.webhook["id"], &json!("system")));
        let event = loop {
            let event = heard.next_event().await.unwrap();
            if event.contains("event: webhook.given_up") {
                break event;
            }
        };
        assert!(event.contains(shop.webhook["id"].as_str().unwrap()), "{event}");

        // What waits is due long since, and the other one hears of what is new.
        shop.server.clock.advance(HOUR);
        let missed = post_refund(&shop.ann, "A3", 3).await;
        while other.next().await.item() != missed["id"] {}
        assert!(shop.receiver.is_left_alone());
        assert!(shop.deliveries().await.iter().all(|delivery| delivery["item"] != missed["id"]));

        shop.receiver.answers(Reply::of(204));
        let begun = put_webhook(&shop.ann, "shop", shop.receiver.spec("shop", json!({}))).await;
        assert_eq!((begun.status, &begun.body["state"], &begun.body["reason"]), (200, &json!("active"), &Value::Null), "{}", begun.text);
        let again = shop.receiver.next().await;
        assert_eq!((again.item(), again.id()), (waiting["id"].clone(), first.id()), "what waited goes out");
        let newest = post_refund(&shop.ann, "A4", 4).await;
        assert_eq!(shop.receiver.next().await.item(), newest["id"], "what was missed is for `recover`");
    }
}
