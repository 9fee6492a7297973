//! Tasks: versions, preconditions, errors that point at the field.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::server::{Person, send};
use taskey_testkit::{TestServer, on_both};

fn hello(command: &str) -> Value {
    json!({"name": "hello", "actions": [{"type": "COMMAND", "command": command}]})
}

async fn put(person: &Person, if_match: Option<&str>, body: Value) -> taskey_testkit::server::Answer {
    let request = person.request(Method::PUT, "/api/v1/tasks/hello").json(&body);
    send(match if_match {
        Some(tag) => request.header("if-match", tag),
        None => request,
    })
    .await
}

on_both! {
    async fn a_task_gets_a_version_with_every_change_and_none_without(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let made = ann.post("/api/v1/tasks", hello("true")).await;
        assert_eq!((made.status, made.body["version"].as_u64()), (201, Some(1)));
        assert_eq!(made.header("location"), format!("/api/v1/tasks/{}", made.id()));
        let read = ann.get("/api/v1/tasks/hello").await;
        assert_eq!((read.header("etag"), &read.body), ("\"1\"", &made.body));
        assert_eq!(put(&ann, None, hello("false")).await.code(), "precondition_required");
        assert_eq!(put(&ann, Some("\"7\""), hello("false")).await.code(), "precondition_failed");
        assert_eq!(put(&ann, Some("\"1\""), hello("true")).await.body["version"], 1);
        let changed = put(&ann, Some("\"1\""), hello("false")).await;
        assert_eq!((changed.status, changed.header("etag"), changed.body["version"].as_u64()), (200, "\"2\"", Some(2)));
        assert_eq!(put(&ann, Some("\"1\""), hello("true")).await.status, 412);
        let versions = ann.get("/api/v1/tasks/hello/versions?limit=1").await;
        assert_eq!((versions.body["items"][0]["version"].as_u64(), versions.body["items"][0]["created_by"].as_str()), (Some(2), Some("ann (test)")));
        let next = versions.body["next"].as_str().unwrap();
        let older = ann.get(&format!("/api/v1/tasks/hello/versions?limit=1&cursor={next}")).await;
        assert_eq!((&older.body["items"][0]["version"], &older.body["next"]), (&json!(1), &json!(null)));
        let first = ann.get("/api/v1/tasks/hello/versions/1").await;
        assert_eq!((&first.body["spec"]["actions"], &first.body), (&hello("true")["actions"], &older.body["items"][0]));
        assert_eq!(ann.get("/api/v1/tasks/hello/versions/3").await.status, 404);
        assert_eq!(ann.post("/api/v1/tasks", hello("true")).await.code(), "name_taken");
        assert_eq!(ann.delete("/api/v1/tasks/hello").await.status, 204);
        assert_eq!(ann.get("/api/v1/tasks/hello").await.status, 404);
        assert_eq!(ann.post("/api/v1/tasks", hello("true")).await.status, 201, "the name is free again");
    }

    async fn a_wrong_body_is_refused_with_the_place_of_the_mistake(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for (body, status, pointer) in [
            (json!({"name": "a b", "actions": []}), 422, "/name"),
            (json!({"name": "x"}), 422, "/actions"),
            (json!({"name": "x", "actions": [{"type": "REBOOT"}]}), 422, "/actions/0/type"),
            (json!({"name": "x", "actions": [{"type": "COMMAND", "command": "a", "timeout": "soon"}]}), 422, "/actions/0/timeout"),
            (json!({"name": "x", "actions": [{"type": "HTTP_REQUEST", "request_method": "GET"}]}), 422, "/actions/0/request_url"),
            (json!({"name": "x", "actions": [{"type": "READ_FILE", "path": "etc"}]}), 422, "/actions/0/path"),
            (json!({"name": 5, "actions": []}), 422, "/name"),
            (json!({"name": "x", "color": "red", "actions": []}), 422, "/color"),
        ] {
            let answer = ann.post("/api/v1/tasks", body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.body["errors"][0]["pointer"].as_str(), Some(pointer), "{body}: {}", answer.body);
        }
        let broken = ann.request(Method::POST, "/api/v1/tasks").header("content-type", "application/json").body("{\"name\": ");
        assert_eq!(send(broken).await.code(), "malformed_body");
        let huge = ann.request(Method::POST, "/api/v1/tasks").header("content-type", "application/json").body(vec![b' '; 5 << 20]);
        assert_eq!(send(huge).await.code(), "body_too_large");
    }

    async fn the_same_idempotency_key_makes_one_task(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let create = |key: &'static str, body: Value| {
            let request = ann.request(Method::POST, "/api/v1/tasks").header("idempotency-key", key).json(&body);
            async move { send(request).await }
        };
        let first = create("k1", hello("true")).await;
        let second = create("k1", hello("true")).await;
        assert_eq!((first.status, second.status, &first.body), (201, 201, &second.body));
        assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
        let other = create("k1", hello("false")).await;
        assert_eq!((other.status, other.code()), (422, "idempotency_key_reused"));
        assert_eq!(create("k2", hello("true")).await.code(), "name_taken");
        let db = &server.server().app().db;
        while !db.rows("SELECT 1 AS one FROM idempotency", vec![]).await.unwrap().is_empty() {
            server.clock.advance(std::time::Duration::from_secs(3_600));
        }
        assert_eq!(create("k1", hello("true")).await.code(), "name_taken", "after a day the key is free again");
    }

    async fn lists_are_paged_by_cursor(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for number in 0..7 {
            let body = json!({"name": format!("task-{number}"), "actions": [{"type": "COMMAND", "command": "true"}]});
            assert_eq!(ann.post("/api/v1/tasks", body).await.status, 201);
        }
        let (mut path, mut names) = ("/api/v1/tasks?limit=3".to_owned(), Vec::new());
        loop {
            let page = ann.get(&path).await;
            names.extend(page.body["items"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap().to_owned()));
            let Some(next) = page.body["next"].as_str() else { break };
            assert!(page.header("link").contains("rel=\"next\""));
            path = format!("/api/v1/tasks?limit=3&cursor={next}");
        }
        assert_eq!(names, (0..7).map(|number| format!("task-{number}")).collect::<Vec<_>>());
        assert_eq!(ann.get("/api/v1/runs?cursor=%00").await.code(), "invalid_cursor");
    }

    async fn a_task_that_was_altered_in_the_database_is_not_run(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        taskey_testkit::FakeDevice::enroll(&server, &ann, "web-1").await;
        ann.post("/api/v1/tasks", hello("true")).await;
        let db = &server.server().app().db;
        let document: Vec<u8> = db.row("SELECT bytes FROM task_document", vec![]).await.unwrap().unwrap().get("bytes").unwrap();
        let evil = String::from_utf8(document).unwrap().replace("true", "evil").into_bytes();
        db.write(evil, |tx, evil| {
            Box::pin(async move { tx.execute("UPDATE task_document SET bytes = $1", taskey_server::args![evil]).await })
        })
        .await
        .unwrap();
        let answer = ann.post("/api/v1/runs", json!({"task": "hello", "targets": {"devices": ["web-1"]}})).await;
        assert_eq!((answer.status, answer.code()), (409, "task_altered"));
    }
}
