//! Enrolment, names, labels, removal.

use reqwest::Method;
use serde_json::json;
use taskey_testkit::server::send;
use taskey_testkit::{FakeDevice, TestServer, on_both};

on_both! {
    async fn a_token_lets_in_as_many_as_it_says_and_no_longer_than_it_says(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let made = ann.post("/api/v1/enroll-tokens", json!({"uses": 2, "ttl": "1h", "labels": {"role": "web"}})).await;
        let token = made.body["token"].as_str().unwrap().to_owned();
        let key = ann.get("/agent/v1/server").await.body["key"].clone();
        let key: taskey_proto::crypto::PublicKey = serde_json::from_value(key).unwrap();
        assert_eq!(token.split_once('.').unwrap().1, key.fingerprint());
        assert!(made.body["command"].as_str().unwrap().contains(&token));
        let join = |token: &str, name: &str| {
            let anonymous = server.anonymous();
            let secret = token.split('.').next().unwrap().to_owned();
            let body = json!({"token": secret, "name": name, "signing_key": key, "sealing_key": key, "facts": {}, "agent_version": "1", "protocol": 1});
            async move { anonymous.post("/agent/v1/enroll", body).await }
        };
        let first = join(&token, "web").await;
        let second = join(&token, "web").await;
        assert_eq!((first.body["name"].as_str(), second.body["name"].as_str()), (Some("web"), Some("web-2")));
        assert_eq!(join(&token, "web").await.code(), "invalid_enroll_token");
        let show = ann.get("/api/v1/devices/web-2").await;
        assert_eq!((show.body["labels"]["role"].as_str(), show.body["presence"].as_str()), (Some("web"), Some("offline")));
        assert_eq!(show.body["policy"], json!(null));
        let short = ann.post("/api/v1/enroll-tokens", json!({"uses": 1, "ttl": "1m"})).await;
        server.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(join(short.body["token"].as_str().unwrap(), "late").await.code(), "invalid_enroll_token");
        assert_eq!(ann.post("/api/v1/enroll-tokens", json!({"uses": 0, "ttl": "365d"})).await.body["errors"].as_array().unwrap().len(), 2);
    }

    async fn a_token_for_one_lets_in_one_of_many_at_once(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let token = ann.enroll_token().await;
        let secret = token.split('.').next().unwrap().to_owned();
        let key = ann.get("/agent/v1/server").await.body["key"].clone();
        let joins: Vec<_> = (0..8)
            .map(|number| {
                let anonymous = server.anonymous();
                let body = json!({"token": secret, "name": format!("d{number}"), "signing_key": key, "sealing_key": key, "facts": {}, "agent_version": "1", "protocol": 1});
                tokio::spawn(async move { anonymous.post("/agent/v1/enroll", body).await.status })
            })
            .collect();
        let mut joined = 0;
        for join in joins {
            joined += usize::from(join.await.unwrap() == 201);
        }
        assert_eq!(joined, 1);
        assert_eq!(ann.get("/api/v1/devices").await.body["items"].as_array().unwrap().len(), 1);
    }

    async fn a_device_is_renamed_and_labelled_without_losing_its_id(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let device = FakeDevice::enroll(&server, &ann, "web-1").await;
        FakeDevice::enroll(&server, &ann, "web-2").await;
        let renamed = ann.patch("/api/v1/devices/web-1", json!({"name": "front", "labels": {"role": "web"}})).await;
        assert_eq!((renamed.status, renamed.id(), renamed.header("etag")), (200, device.id.to_string().as_str(), "\"2\""));
        assert_eq!(ann.get("/api/v1/devices/front").await.body["labels"]["role"], "web");
        assert_eq!(ann.get("/api/v1/devices/web-1").await.status, 404);
        assert_eq!(ann.patch("/api/v1/devices/front", json!({"name": "web-2"})).await.code(), "name_taken");
        assert_eq!(ann.patch("/api/v1/devices/front", json!({"labels": {"a b": "x\n"}})).await.status, 422);
        let stale = ann.request(Method::PATCH, "/api/v1/devices/front").header("if-match", "\"1\"").json(&json!({"name": "x"}));
        assert_eq!(send(stale).await.code(), "precondition_failed");
    }

    async fn the_executions_of_a_removed_device_end(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let (queued, _) = ann.exec("web-1", &["true"]).await;
        let mut line = device.connect(&server).await;
        let (dispatched, _) = ann.exec("web-1", &["true"]).await;
        assert_eq!(ann.delete("/api/v1/devices/web-1").await.status, 204);
        assert!(line.closed().await);
        let run = ann.get(&format!("/api/v1/runs/{dispatched}?wait=30")).await;
        assert_eq!((run.body["state"].as_str(), run.body["executions"][0]["reason"]["code"].as_str()), (Some("lost"), Some("device_removed")));
        assert!(ann.get(&format!("/api/v1/runs/{queued}?wait=30")).await.body["finished_at"].is_string());
        assert_eq!(ann.get("/api/v1/devices").await.body["items"], json!([]));
        FakeDevice::enroll(&server, &ann, "web-1").await;
        assert_ne!(ann.get("/api/v1/devices/web-1").await.id(), device.id.to_string());
    }
}
