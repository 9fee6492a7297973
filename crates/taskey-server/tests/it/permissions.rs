//! Every route as everyone: anonymous, another organization, a key with too small a scope, a revoked key, an expired one.
//!
//! The walk begins with the list of routes, so a new route is in it without a word here; a new kind of id in a path is not,
//! and fails the test until it is given.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_server::features::accounts::{Route, RouteKind, Verb};
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both};

/// One of everything, in one organization. Both organizations get the same names.
struct Things {
    device: String,
    task: String,
    run: String,
    execution: String,
    key: String,
    secret: String,
}

async fn make_things(server: &TestServer, person: &Person) -> Things {
    let device = FakeDevice::enroll(server, person, "web-1").await;
    let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
    let task = person.post("/api/v1/tasks", task).await;
    let (run, execution) = person.exec("web-1", &["true"]).await;
    let key = person.post("/api/v1/keys", json!({"name": "spare"})).await;
    let secret = person.request(Method::PUT, "/api/v1/secrets/token").json(&json!({"value": "a value"}));
    let secret = send(secret).await;
    Things {
        device: device.id.to_string(),
        task: task.id().to_owned(),
        run,
        execution,
        key: key.id().to_owned(),
        secret: secret.id().to_owned(),
    }
}

impl Things {
    fn path(&self, route: &Route) -> String {
        let ids = [
            ("{device}", &self.device),
            ("{task}", &self.task),
            ("{run}", &self.run),
            ("{execution}", &self.execution),
            ("{key}", &self.key),
            ("{secret}", &self.secret),
            ("{version}", &"1".to_owned()),
            ("{action}", &"0".to_owned()),
            ("{stream}", &"output".to_owned()),
        ];
        let path = ids.iter().fold(route.path.clone(), |path, (place, id)| path.replace(place, id));
        assert!(!path.contains('{'), "the walk does not know what to put into {path}");
        path
    }
}

fn permitted() -> Vec<(Route, Verb)> {
    let routes: Vec<_> = taskey_server::routes()
        .into_iter()
        .filter_map(|route| match route.kind {
            RouteKind::Permitted(verb) => Some((route, verb)),
            RouteKind::Public | RouteKind::Device => None,
        })
        .collect();
    assert!(routes.len() > 15);
    routes
}

async fn call(person: &Person, route: &Route, path: &str, body: &Value) -> Answer {
    let request = person.request(Method::from_bytes(route.method.as_bytes()).unwrap(), path).header("if-match", "*");
    let has_body = matches!(route.method.as_str(), "POST" | "PUT" | "PATCH");
    send(if has_body { request.json(body) } else { request }).await
}

on_both! {
    async fn without_a_valid_key_nothing_is_answered(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        let revoked = ann.post("/api/v1/keys", json!({"name": "revoked"})).await;
        let expired = ann.post("/api/v1/keys", json!({"name": "expired", "ttl": "1h"})).await;
        let people = [
            server.anonymous(),
            server.with_key("tky_nonsense"),
            server.with_key(revoked.body["key"].as_str().unwrap()),
            server.with_key(expired.body["key"].as_str().unwrap()),
        ];
        assert_eq!(people[2].get("/api/v1/me").await.status, 200);
        assert_eq!(people[3].get("/api/v1/me").await.status, 200);
        assert_eq!(ann.delete(&format!("/api/v1/keys/{}", revoked.id())).await.status, 204);
        server.clock.advance(std::time::Duration::from_secs(3_600));
        for (route, _) in permitted() {
            for (number, person) in people.iter().enumerate() {
                let answer = call(person, &route, &things.path(&route), &json!({})).await;
                assert_eq!((answer.status, answer.code()), (401, "not_signed_in"), "{number}: {} {}", route.method, route.path);
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
        }
    }

    async fn a_key_does_only_what_its_scopes_cover(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        for (route, verb) in permitted() {
            if verb == Verb::BeOneself {
                continue;
            }
            let others: Vec<&str> = Verb::ALL.iter().filter(|other| **other != verb).map(|other| other.word()).collect();
            let narrow = ann.post("/api/v1/keys", json!({"name": "narrow", "scopes": others})).await;
            let narrow = server.with_key(narrow.body["key"].as_str().unwrap());
            let answer = call(&narrow, &route, &things.path(&route), &json!({})).await;
            assert_eq!((answer.status, answer.code()), (403, "not_allowed"), "{} {}", route.method, route.path);
        }
    }

    async fn a_key_that_may_start_tasks_may_not_run_any_command(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        make_things(&server, &ann).await;
        let starter = ann.post("/api/v1/keys", json!({"name": "starter", "scopes": ["runs.start"]})).await;
        let starter = server.with_key(starter.body["key"].as_str().unwrap());
        let stored = json!({"task": "hello", "targets": {"devices": ["web-1"]}});
        assert_eq!(starter.post("/api/v1/runs", stored).await.status, 202);
        let given = json!({"actions": [{"type": "COMMAND", "command": "id"}], "targets": {"devices": ["web-1"]}});
        assert_eq!(starter.post("/api/v1/runs", given).await.status, 403);
    }

    async fn the_ids_of_another_organization_lead_nowhere(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        let hers = make_things(&server, &ann).await;
        let his = make_things(&server, &mallory).await;
        let spec = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "false"}]});
        for (route, _) in permitted().into_iter().filter(|(route, _)| route.path.contains('{')) {
            let body = match route.path.as_str() {
                path if path.contains("{task}") => &spec,
                path if path.contains("{secret}") => &json!({"value": "stolen"}),
                _ => &json!({"name": "stolen"}),
            };
            let answer = call(&mallory, &route, &hers.path(&route), body).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{} {}", route.method, route.path);
        }
        for body in [
            json!({"task": hers.task, "targets": {"devices": [his.device]}}),
            json!({"task": his.task, "targets": {"devices": [hers.device]}}),
            json!({"task": "hello", "targets": {"devices": ["web-1", hers.device]}}),
        ] {
            let answer = mallory.post("/api/v1/runs", body).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
        }
        let filtered = mallory.get(&format!("/api/v1/runs?device={}", hers.device)).await;
        assert_eq!(filtered.body["items"], json!([]));
        for (path, own) in [("devices", &his.device), ("tasks", &his.task), ("runs", &his.run)] {
            let list = mallory.get(&format!("/api/v1/{path}")).await;
            let ids: Vec<&str> = list.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
            assert_eq!(ids, [own], "{path}");
        }
        let keys = mallory.get("/api/v1/keys").await;
        assert!(!keys.text.contains(&hers.key));
        for path in ["devices/web-1", "tasks/hello"] {
            assert_ne!(ann.get(&format!("/api/v1/{path}")).await.id(), mallory.get(&format!("/api/v1/{path}")).await.id());
        }
        assert_eq!(ann.get(&format!("/api/v1/devices/{}", hers.device)).await.body["name"], "web-1");
        assert_eq!(ann.get("/api/v1/tasks/hello").await.body["version"], 1);
    }

    async fn what_is_for_devices_takes_nothing_but_a_credential_of_a_device(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        let things = make_things(&server, &ann).await;
        let mut his = FakeDevice::enroll(&server, &mallory, "his").await;
        let foreign = server.with_key(&his.credential(&server).await);
        let routes: Vec<Route> = taskey_server::routes().into_iter().filter(|route| route.kind == RouteKind::Device).collect();
        assert!(routes.iter().any(|route| route.path == "/agent/v1/line") && routes.len() >= 4);
        for route in routes {
            // A line that the other device might have: its first.
            let body = if route.path == "/agent/v1/line" { json!({"session": 1}) } else { json!({"chunks": []}) };
            for person in [&server.anonymous(), &server.with_key("tky_nonsense"), &ann] {
                let answer = call(person, &route, &things.path(&route), &body).await;
                assert_eq!((answer.status, answer.code()), (401, "not_signed_in"), "{} {}", route.method, route.path);
            }
            let answer = call(&foreign, &route, &things.path(&route), &body).await;
            let expected = if route.path == "/agent/v1/line" { (409, "line_over") } else { (404, "not_found") };
            assert_eq!((answer.status, answer.code()), expected, "{} {}", route.method, route.path);
        }
    }

    async fn a_device_fetches_only_its_own_orders(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        let mut hers = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut his = FakeDevice::enroll(&server, &mallory, "web-1").await;
        let (_, execution) = ann.exec("web-1", &["true"]).await;
        let path = format!("/agent/v1/orders/{execution}");
        assert_eq!(server.anonymous().get(&path).await.status, 401);
        assert_eq!(ann.get(&path).await.status, 401, "an API key is no credential of a device");
        let own = server.with_key(&hers.credential(&server).await);
        assert_eq!(own.get(&path).await.status, 200);
        assert_eq!(own.get("/api/v1/me").await.status, 401, "a credential of a device is no API key");
        let foreign = server.with_key(&his.credential(&server).await);
        assert_eq!(foreign.get(&path).await.status, 404);
    }
}
