//! Secrets: whose they are, and to whom their values go.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_proto::document::Order;
use taskey_proto::line::Down;
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both};

async fn set(person: &Person, name: &str, value: &str) -> Answer {
    send(person.request(Method::PUT, &format!("/api/v1/secrets/{name}")).json(&json!({"value": value}))).await
}

fn order(down: Down) -> Order {
    match down {
        Down::Execute(order) => *order,
        other => panic!("{other:?} is no order"),
    }
}

fn uses(name: &str) -> Value {
    json!({"actions": [{"type": "COMMAND", "command": "true", "environment": [{"key": "T", "secret": name}]}], "targets": {"devices": ["web-1"]}})
}

on_both! {
    async fn each_organization_uses_its_own_secret_of_a_name(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        for (person, value) in [(&ann, "hers"), (&mallory, "his-")] {
            assert_eq!(set(person, "token", value).await.body["version"], 1);
            let mut device = FakeDevice::enroll(&server, person, "web-1").await;
            let mut line = device.connect(&server).await;
            assert_eq!(person.post("/api/v1/runs", uses("token")).await.status, 202);
            let order = order(line.down().await.unwrap());
            assert_eq!(device.secrets_of(&order), [("token".to_owned(), value.to_owned())]);
        }
        set(&ann, "only-hers", "value").await;
        let refused = mallory.post("/api/v1/runs", uses("only-hers")).await;
        assert_eq!((refused.status, refused.body["errors"][0]["pointer"].as_str()), (422, Some("/actions/0/environment/0/secret")));
    }

    async fn what_waited_gets_the_value_of_the_moment_it_is_sent(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        set(&ann, "token", "leaked").await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        assert_eq!(ann.post("/api/v1/runs", uses("token")).await.body["state"], "queued");
        assert_eq!(set(&ann, "token", "changed").await.body["version"], 2);
        let mut line = device.connect(&server).await;
        let order = order(line.down().await.unwrap());
        assert_eq!(device.secrets_of(&order), [("token".to_owned(), "changed".to_owned())]);
        assert_eq!(order.secrets[0].version, 2);
    }

    async fn no_answer_and_no_event_holds_a_value(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let made = set(&ann, "token", "c4n4ry-value").await;
        let shown = ann.get(&format!("/api/v1/secrets/{}", made.id())).await;
        let listed = ann.get("/api/v1/secrets").await;
        assert_eq!((shown.status, &listed.body["items"][0]), (200, &shown.body));
        let db = &server.server().app().db;
        let rows = db.rows("SELECT data AS text FROM event UNION ALL SELECT detail AS text FROM audit", vec![]).await.unwrap();
        let stored: Vec<String> = rows.iter().map(|row| row.get("text").unwrap()).collect();
        for text in [made.body.to_string(), shown.body.to_string(), listed.body.to_string(), stored.concat()] {
            assert!(!text.contains("c4n4ry"), "{text}");
        }
    }
}
