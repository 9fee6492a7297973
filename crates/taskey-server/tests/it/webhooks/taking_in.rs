//! What is kept of it, and what applications post signed.

use taskey_testkit::on_both;

use super::*;

// What is kept of it.

on_both! {
    async fn what_a_receiver_answered_about_an_item_goes_with_the_items_content(engine: Engine) {
        let shop = Shop::open(engine, json!({"retention": "1h"}), json!({})).await;
        shop.receiver.answers(Reply { text: format!("{CANARY} was taken in"), ..Reply::of(200) });
        let item = post_refund(&shop.ann, CANARY, 10).await;
        assert_eq!(approve(&shop.ann, &item).await.status, 200);
        shop.delivered(2).await;
        for delivery in shop.deliveries().await {
            let told = shop.delivery(&delivery).await.body;
            assert_eq!(told["attempts"][0]["response"], format!("{CANARY} was taken in"));
            assert!(told["body"].to_string().contains(CANARY), "{told}");
        }
        let is_kept = async || {
            let tables = tables_with(&shop.server, CANARY.as_bytes()).await;
            tables.iter().any(|table| table.starts_with("delivery"))
        };
        assert!(is_kept().await, "it can be found where it is");

        shop.server.clock.advance(2 * HOUR);
        in_time(&shop.server, async || shown(&shop.ann, &item).await["erased_at"].is_string()).await;
        wait_for(async || !is_kept().await).await;
        let kept = shop.deliveries().await;
        assert_eq!(kept.len(), 2, "that it was delivered is known");
        for delivery in kept {
            let told = shop.delivery(&delivery).await;
            let attempt = &told.body["attempts"][0];
            assert_eq!((&attempt["status"], &attempt["response"], &told.body["body"]), (&json!(200), &Value::Null, &Value::Null));
            assert!(!told.text.contains(CANARY), "{}", told.text);
        }
    }

    async fn no_secret_of_a_webhook_stands_in_the_database(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let made = flags.webhook["secret"].as_str().unwrap().to_owned();
        let own = own_secret();
        let rotated = rotate(&flags.ann, "flags", json!({"secret": own})).await;
        assert_eq!((rotated.status, rotated.body["keys"].as_array().unwrap().len()), (200, 2), "{}", rotated.text);
        let of_webhook = tables_with(&flags.server, flags.webhook["id"].as_str().unwrap().as_bytes()).await;
        assert!(of_webhook.contains(&"webhook_key".to_owned()), "what is in that table is found: {of_webhook:?}");
        for secret in [made, own] {
            let encoded = secret.strip_prefix("whsec_").unwrap();
            assert_eq!(tables_with(&flags.server, encoded.as_bytes()).await, [""; 0]);
            assert_eq!(tables_with(&flags.server, &from_base64(encoded).unwrap()).await, [""; 0]);
        }
    }
}

// What is posted signed.

on_both! {
    async fn a_signed_post_becomes_an_item_and_the_same_message_no_other(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let application = flags.application();
        assert!(flags.webhook["inbound_url"].as_str().unwrap().ends_with(&application.path), "{}", flags.webhook);
        assert_eq!(application.posts("msg_1", &raised("p1")).await.status, 202);
        let made = flags.taken_in().await;
        assert_eq!((made.len(), &made[0]["fields"]), (1, &json!({"post": "p1", "score": 3})), "a number stays a number");
        assert_eq!(made[0]["external_id"], "msg_1");
        flags.server.clock.advance(SECOND);
        assert_eq!(application.posts("msg_1", &raised("p1")).await.status, 202);
        assert_eq!(flags.taken_in().await.len(), 1, "it was tried again");
        assert_eq!(application.posts("msg_2", &raised("p2")).await.status, 202);
        assert_eq!(flags.taken_in().await.len(), 2);
    }

    async fn what_no_key_has_signed_just_now_is_not_let_in(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let (application, now) = (flags.application(), flags.server.clock.now());
        let unsigned = flags.server.anonymous().request(Method::POST, &application.path).body(raised("p1"));
        for (why, answer) in [
            ("signed by a stranger", flags.application_with(&own_secret()).posts("msg_1", &raised("p1")).await),
            ("signed long ago", application.posts_at(now.plus_ms(-301_000), "msg_2", &raised("p1")).await),
            ("signed in the future", application.posts_at(now.plus_ms(301_000), "msg_3", &raised("p1")).await),
            ("not signed", send(unsigned).await),
        ] {
            assert_not_let_in(&answer, why);
        }
        assert!(flags.taken_in().await.is_empty());
    }

    async fn a_webhook_that_takes_nothing_in_lets_nobody_in(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let application = flags.application();
        let outbound = make_webhook(&flags.ann, json!({"name": "outbound", "url": "http://127.0.0.1:9/hooks"})).await;
        let other = Application::new(&flags.server, &outbound, outbound["secret"].as_str().unwrap());
        assert_not_let_in(&other.posts("msg_1", &raised("p1")).await, "it has no rule");
        assert_eq!(put_webhook(&flags.ann, "flags", flags_spec(json!({"disabled": true}))).await.status, 200);
        assert_not_let_in(&application.posts("msg_2", &raised("p1")).await, "it is disabled");
        assert_eq!(put_webhook(&flags.ann, "flags", flags_spec(json!({}))).await.status, 200);
        assert_eq!(application.posts("msg_3", &raised("p1")).await.status, 202, "it is enabled again");
        assert_eq!(flags.ann.delete("/api/v1/webhooks/flags").await.status, 204);
        assert_not_let_in(&application.posts("msg_4", &raised("p1")).await, "it is no more");
        assert_eq!(flags.taken_in().await.len(), 1);
    }

    async fn what_the_rule_does_not_want_is_accepted_and_dropped(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let lowered = json!({"type": "flag.lowered", "post": "p1", "score": 3}).to_string();
        let answer = flags.application().posts("msg_1", &lowered).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert!(flags.taken_in().await.is_empty());
    }

    async fn what_is_wrong_in_a_signed_post_is_pointed_at(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let application = flags.application();
        for (message, body, pointers) in [
            ("msg_1", json!({"type": "flag.raised", "post": "p1", "score": "high"}), vec!["/fields/score"]),
            ("msg_2", json!({"type": "flag.raised", "score": 3}), vec!["/fields/post"]),
        ] {
            let refused = application.posts(message, &body.to_string()).await;
            assert_eq!(refusal(&refused), (422, "invalid", pointers), "{body}: {}", refused.text);
        }
        let unread = application.posts("msg_3", "{\"type\": ").await;
        assert_eq!((unread.status, unread.code()), (400, "malformed_body"), "{}", unread.text);
        assert!(flags.taken_in().await.is_empty());
    }
}

// Keys that applications have already.

on_both! {
    async fn an_application_goes_on_signing_with_the_secret_that_it_has(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let own = own_secret();
        let before = flags.application();
        let after = flags.application_with(&own);
        assert_not_let_in(&after.posts("msg_1", &raised("p1")).await, "nobody has told its secret yet");
        let rotated = rotate(&flags.ann, "flags", json!({"secret": own, "overlap": "0s"})).await;
        assert_eq!((rotated.status, rotated.body.get("secret")), (200, None), "{}", rotated.text);
        assert!(!rotated.text.contains(own.strip_prefix("whsec_").unwrap()), "{}", rotated.text);
        let newest = &rotated.body["keys"][0];
        assert_eq!((&newest["number"], &newest["imported"], &newest["public_key"]), (&json!(2), &json!(true), &Value::Null));
        assert_eq!(after.posts("msg_2", &raised("p2")).await.status, 202);
        assert_not_let_in(&before.posts("msg_3", &raised("p3")).await, "the secret before is over");
        assert_eq!(flags.taken_in().await.len(), 1);
    }

    async fn for_the_overlap_the_secret_before_is_good_too(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let own = own_secret();
        let rotated = rotate(&flags.ann, "flags", json!({"secret": own, "overlap": "1h"})).await;
        assert_eq!(rotated.body["keys"][1]["imported"], false, "{}", rotated.text);
        let (before, after) = (flags.application(), flags.application_with(&own));
        for (message, application) in [("msg_1", &before), ("msg_2", &after)] {
            assert_eq!(application.posts(message, &raised("p1")).await.status, 202, "{message}");
        }
        flags.server.clock.advance(HOUR);
        assert_not_let_in(&before.posts("msg_3", &raised("p1")).await, "the overlap is over");
        assert_eq!(after.posts("msg_4", &raised("p1")).await.status, 202);
    }

    async fn what_is_told_is_signed_with_the_secret_that_an_application_has(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        let own = own_secret();
        assert_eq!(rotate(&shop.ann, "shop", json!({"secret": own, "overlap": "0s"})).await.status, 200);
        post_refund(&shop.ann, "A1", 10).await;
        let post = shop.receiver.next().await;
        assert_eq!(post.verified(&own, shop.server.clock.now()), Ok(()));
        assert_eq!(post.verified(shop.secret(), shop.server.clock.now()), Err(VerifyError::NoMatch));
    }

    async fn of_an_application_with_a_pair_of_keys_the_public_one_is_enough(engine: Engine) {
        let flags = Flags::open(engine, json!({"signing": "ed25519"})).await;
        let pair = PrivateKey::generate().unwrap();
        let public_key = pair.public_key().to_string();
        let rotated = rotate(&flags.ann, "flags", json!({"secret": public_key, "overlap": "0s"})).await;
        assert_eq!((rotated.status, rotated.body.get("secret")), (200, None), "{}", rotated.text);
        let newest = &rotated.body["keys"][0];
        assert_eq!((&newest["imported"], &newest["public_key"]), (&json!(true), &json!(public_key)));
        assert_eq!(flags.application_with(&pair.to_string()).posts("msg_1", &raised("p1")).await.status, 202);
        let stranger = PrivateKey::generate().unwrap().to_string();
        assert_not_let_in(&flags.application_with(&stranger).posts("msg_2", &raised("p2")).await, "signed by a stranger");
        assert_eq!(flags.taken_in().await.len(), 1);
    }

    async fn a_key_that_does_not_fit_its_webhook_is_pointed_at(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        make_webhook(&flags.ann, flags_spec(json!({"name": "pair", "signing": "ed25519"}))).await;
        make_webhook(&flags.ann, json!({"name": "outbound", "url": "http://127.0.0.1:9/hooks", "signing": "ed25519"})).await;
        let public_key = PrivateKey::generate().unwrap().public_key().to_string();
        let private_key = PrivateKey::generate().unwrap().to_string();
        for (name, secret) in [
            ("flags", "secret".to_owned()),
            ("flags", "whsec_c2hvcnQ=".to_owned()),
            ("flags", "whsec_not base64".to_owned()),
            ("flags", public_key.clone()),
            ("pair", own_secret()),
            ("pair", "whpk_c2hvcnQ=".to_owned()),
            ("pair", private_key),
            ("outbound", public_key),
        ] {
            let refused = rotate(&flags.ann, name, json!({"secret": secret})).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/secret"]), "{name} {secret}: {}", refused.text);
        }
        for name in ["flags", "pair", "outbound"] {
            let keys = flags.ann.get(&format!("/api/v1/webhooks/{name}")).await.body["keys"].clone();
            assert_eq!((keys.as_array().unwrap().len(), &keys[0]["imported"]), (1, &json!(false)), "{name} keeps its key");
        }
    }

    async fn a_webhook_whose_key_signs_nothing_gets_no_address(engine: Engine) {
        let flags = Flags::open(engine, json!({"signing": "ed25519"})).await;
        let public_key = PrivateKey::generate().unwrap().public_key().to_string();
        assert_eq!(rotate(&flags.ann, "flags", json!({"secret": public_key})).await.status, 200);
        let spec = flags_spec(json!({"signing": "ed25519", "url": "http://127.0.0.1:9/hooks"}));
        let refused = put_webhook(&flags.ann, "flags", spec).await;
        assert_eq!(refusal(&refused), (422, "invalid", vec!["/url"]), "{}", refused.text);
        assert_eq!(flags.ann.get("/api/v1/webhooks/flags").await.body["spec"].get("url"), None);
    }
}
