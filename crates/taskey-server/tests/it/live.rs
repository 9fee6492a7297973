//! The organization's events as a stream, and what machines ask of the process.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use taskey_testkit::server::Person;
use taskey_testkit::{FakeDevice, PATIENCE, TestServer, on_both};

/// Reads a stream until `enough` says so or it ends.
async fn read_until(person: &Person, path: &str, enough: impl Fn(&str) -> bool, opened: impl AsyncFnOnce()) -> String {
    let mut response = person.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    let mut opened = Some(opened);
    while let Some(bytes) = tokio::time::timeout(PATIENCE, response.chunk()).await.expect("something comes").unwrap_or_default() {
        text.push_str(&String::from_utf8_lossy(&bytes));
        if let Some(opened) = opened.take() {
            opened().await;
        }
        if enough(&text) {
            break;
        }
    }
    text
}

on_both! {
    async fn an_organization_sees_its_own_events_as_they_happen(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        let text = read_until(&ann, "/api/v1/events", |text| text.contains("event: device.removed"), async || {
            FakeDevice::enroll(&server, &mallory, "secret-of-others").await;
            FakeDevice::enroll(&server, &ann, "web-1").await;
            ann.delete("/api/v1/devices/web-1").await;
        })
        .await;
        assert!(text.contains("event: device.enrolled"), "{text}");
        assert!(!text.contains("secret-of-others"));
        let first = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
        let again = read_until(&ann, &format!("/api/v1/events?after={first}"), |text| text.contains("device.removed"), async || {}).await;
        assert!(!again.contains("event: device.enrolled"));
    }

    async fn an_open_stream_ends_with_the_key_that_opened_it(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let made = ann.post("/api/v1/keys", json!({"name": "watcher"})).await;
        let watcher = server.with_key(made.body["key"].as_str().unwrap());
        let text = read_until(&watcher, "/api/v1/events", |_| false, async || {
            assert_eq!(ann.delete(&format!("/api/v1/keys/{}", made.id())).await.status, 204);
            server.clock.advance(Duration::from_secs(1));
        })
        .await;
        assert!(!text.contains("event: device"));
    }

    async fn health_and_metrics_are_answered_without_a_key(engine: Engine) {
        let server = TestServer::start(engine).await;
        let anonymous = server.anonymous();
        assert_eq!(anonymous.get("/healthz").await.text, "ok\n");
        assert_eq!(anonymous.get("/readyz").await.text, "ready\n");
        anonymous.get("/api/v1/instance").await;
        assert!(anonymous.get("/metrics").await.text.contains("taskey_http_requests_total"));
        assert_eq!(anonymous.get("/api/v1/openapi.json").await.body["info"]["title"], "taskey");
        let page = anonymous.get("/docs/errors/invalid").await;
        assert!(page.text.starts_with("# invalid"));
        let missing = anonymous.get("/api/v1/nothing").await;
        assert_eq!((missing.status, missing.code()), (404, "not_found"));
        assert!(missing.body["request_id"].as_str().unwrap().starts_with("req_"));
        assert_eq!(missing.header("x-request-id"), missing.body["request_id"].as_str().unwrap());
    }
}
