//! What stands against guessing passwords: which are taken, how often one may fail, and what of it is written down.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use taskey_proto::crypto::PublicKey;
use taskey_server::{args, sql};
use taskey_testkit::server::{Answer, PASSWORD, send};
use taskey_testkit::{Engine, TestServer, on_both};

/// A server behind a proxy on this machine, so that a test can come from any address.
async fn behind_proxy(engine: Engine) -> TestServer {
    TestServer::start_with(engine, |config| config.proxies.0.push("127.0.0.1".parse().unwrap())).await
}

async fn sign_in(server: &TestServer, address: &str, username: &str, password: &str) -> Answer {
    let request = server.anonymous().request(Method::POST, "/api/v1/sessions").header("x-forwarded-for", address);
    send(request.json(&json!({"username": username, "password": password}))).await
}

/// Signs in from `count` addresses, which differ in their last number, with a wrong password.
async fn fail_from_many(server: &TestServer, username: &str, count: usize) -> Vec<u16> {
    let tries =
        (0..count).map(|number| async move { sign_in(server, &format!("198.51.100.{number}"), username, "wrong password").await.status });
    join_all(tries).await
}

/// Action, address and detail of what the audit log holds with that beginning, once there are as many rows.
async fn audited(server: &TestServer, action: &str, count: usize) -> Vec<(String, String, serde_json::Value)> {
    let db = &server.server().app().db;
    let mut waker = db.hub().subscribe("none");
    loop {
        let sql = sql!("SELECT action, address, actor_kind, actor_name, detail FROM audit WHERE action LIKE $1 ORDER BY id");
        let rows = db.rows(sql, args![action]).await.unwrap();
        if rows.len() >= count {
            let text = |row: &taskey_server::platform::db::Row, column: &str| row.get::<String>(column).unwrap();
            assert!(rows.iter().all(|row| text(row, "actor_kind") == "system" && text(row, "actor_name").is_empty()));
            return rows.iter().map(|row| (text(row, "action"), text(row, "address"), row.json("detail").unwrap())).collect();
        }
        waker.woken().await;
    }
}

on_both! {
    async fn passwords_that_everybody_tries_are_not_taken(engine: Engine) {
        let server = TestServer::start(engine).await;
        let code = server.server().setup_code().unwrap().to_owned();
        let set_up = |password: &str| {
            let body = json!({"code": code, "organization": "Acme", "username": "annabel", "password": password});
            let anonymous = server.anonymous();
            async move { anonymous.post("/api/v1/setup", body).await }
        };
        for (password, saying) in [("P@ssw0rd1!", "tried first"), ("1qaz2wsx", "row"), ("abcabcabc", "again and again"), ("Annabel-1", "name"), ("acme2026", "name")] {
            let refused = set_up(password).await;
            let error = &refused.body["errors"][0];
            assert_eq!((refused.status, error["pointer"].as_str()), (422, Some("/password")), "{password}");
            assert!(error["detail"].as_str().unwrap().contains(saying), "{password}: {error}");
        }
        assert_eq!(set_up(PASSWORD).await.status, 201);
    }

    async fn one_password_on_many_names_closes_the_address(engine: Engine) {
        let server = behind_proxy(engine).await;
        server.set_up().await;
        let spray = (0..50).map(|number| {
            let server = &server;
            async move { sign_in(server, "192.0.2.1", &format!("name-{number}"), "wrong password").await.status }
        });
        assert!(join_all(spray).await.iter().all(|status| *status == 401));
        let closed = sign_in(&server, "192.0.2.1", "ann", PASSWORD).await;
        assert_eq!((closed.status, closed.code(), closed.header("retry-after")), (429, "too_many_attempts", "300"));
        assert!(closed.body["detail"].as_str().unwrap().ends_with("try again in 5 minutes."), "{}", closed.body);
        assert_eq!(sign_in(&server, "::ffff:192.0.2.1", "ann", PASSWORD).await.status, 429, "the same address, written otherwise");
        assert_eq!(sign_in(&server, "192.0.2.2", "ann", PASSWORD).await.status, 201);
        server.clock.advance(Duration::from_secs(240));
        assert_eq!(sign_in(&server, "192.0.2.1", "ann", PASSWORD).await.header("retry-after"), "60");
        server.clock.advance(Duration::from_secs(60));
        assert_eq!(sign_in(&server, "192.0.2.1", "ann", PASSWORD).await.status, 201);
    }

    async fn a_stranger_with_many_addresses_closes_a_name_but_does_not_lock_its_owner_out(engine: Engine) {
        let server = behind_proxy(engine).await;
        server.set_up().await;
        assert_eq!(sign_in(&server, "203.0.113.9", "ann", PASSWORD).await.status, 201);
        for name in ["ann", "nobody"] {
            assert!(fail_from_many(&server, name, 100).await.iter().all(|status| *status == 401));
        }
        let (known, unknown) = (sign_in(&server, "192.0.2.1", "ann", PASSWORD).await, sign_in(&server, "192.0.2.1", "nobody", PASSWORD).await);
        assert_eq!((known.status, known.header("retry-after"), &known.body["detail"]), (429, "3600", &unknown.body["detail"]));
        assert_eq!((unknown.status, unknown.header("retry-after")), (429, "3600"));
        assert_eq!(sign_in(&server, "203.0.113.9", "ann", PASSWORD).await.status, 201, "she has signed in from there before");
        let locked = audited(&server, "user.locked", 1).await;
        assert_eq!(locked.len(), 1);
        assert_eq!((&locked[0].2["from"], &locked[0].2["username"]), (&json!("everywhere"), &json!("ann")));
        server.clock.advance(Duration::from_secs(3_600));
        assert_eq!(sign_in(&server, "192.0.2.1", "ann", PASSWORD).await.status, 201);
    }

    async fn guesses_that_are_sent_all_at_once_are_counted_one_by_one(engine: Engine) {
        let server = TestServer::start(engine).await;
        server.set_up().await;
        let guess = || async { server.anonymous().post("/api/v1/sessions", json!({"username": "ann", "password": "wrong password"})).await.status };
        let statuses = join_all((0..40).map(|_| guess())).await;
        let looked_at = statuses.iter().filter(|status| **status == 401).count();
        // As many as there are threads may be looked at at the same time.
        assert!((10..=13).contains(&looked_at), "{looked_at} passwords were looked at");
        assert!(statuses.iter().all(|status| matches!(status, 401 | 429)));
    }

    async fn refusals_are_written_down_for_those_who_exist_and_what_was_typed_for_nobody(engine: Engine) {
        let server = behind_proxy(engine).await;
        server.set_up().await;
        let other = server.add_organization("Umbrella").await;
        assert_eq!(sign_in(&server, "192.0.2.7", "hunter2-typed-as-name", "wrong password").await.status, 401);
        for _ in 0..12 {
            let body = json!({"username": "ann", "password": "wrong password", "organization": "Acme"});
            send(server.anonymous().request(Method::POST, "/api/v1/sessions").header("x-forwarded-for", "192.0.2.1").json(&body)).await;
        }
        let refused = audited(&server, "user.sign_in_refused", 10).await;
        assert_eq!(refused.len(), 10, "what was refused without a look at the password is told by one row: that it is locked");
        assert!(refused.iter().all(|(_, address, detail)| address == "192.0.2.1" && *detail == json!({"username": "ann"})));
        let locked = audited(&server, "user.locked", 1).await;
        assert_eq!((locked.len(), locked[0].1.as_str(), &locked[0].2["from"]), (1, "192.0.2.1", &json!("here")));
        let rows = server.server().app().db.rows(sql!("SELECT detail, subject, organization_id FROM audit"), args![]).await.unwrap();
        for row in &rows {
            let text = row.get::<String>("detail").unwrap() + &row.get::<String>("subject").unwrap();
            assert!(!text.contains("hunter2") && !text.contains("wrong password"), "{text}");
        }
        let umbrella = other.get("/api/v1/me").await.body["organization"]["id"].as_str().unwrap().to_owned();
        let sql = sql!("SELECT 1 AS one FROM audit WHERE organization_id = $1 AND action IN ('user.locked', 'user.sign_in_refused')");
        let rows = server.server().app().db.rows(sql, args![umbrella.as_str()]).await.unwrap();
        assert!(rows.is_empty(), "another organization hears nothing of what was tried here");
    }

    async fn a_token_that_is_wrong_ten_times_closes_enrolment_for_the_address_alone(engine: Engine) {
        let server = behind_proxy(engine).await;
        server.set_up().await;
        let enroll = |address: &'static str| {
            let key = PublicKey([9; 32]);
            let body = json!({
                "token": "enr_wrong", "name": "web-1", "protocol": 1, "agent_version": "0", "facts": {}, "signing_key": key, "sealing_key": key,
            });
            let request = server.anonymous().request(Method::POST, "/agent/v1/enroll").header("x-forwarded-for", address).json(&body);
            async move { send(request).await }
        };
        for _ in 0..10 {
            let refused = enroll("192.0.2.1").await;
            assert_eq!(refused.code(), "invalid_enroll_token", "{}", refused.body);
        }
        let closed = enroll("192.0.2.1").await;
        assert_eq!((closed.status, closed.header("retry-after")), (429, "300"));
        assert_eq!(enroll("192.0.2.2").await.code(), "invalid_enroll_token");
        assert_eq!(sign_in(&server, "192.0.2.1", "ann", PASSWORD).await.status, 201);
    }
}
