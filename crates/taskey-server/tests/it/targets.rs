//! Selectors: which devices a run is for, what somebody is shown of that before it starts, and what a neighbour learns by asking.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_proto::id::{DeviceId, OrganizationId};
use taskey_proto::runs::Targets;
use taskey_server::features::devices::targets::matching;
use taskey_server::platform::db::DbError;
use taskey_server::{args, sql};
use taskey_testkit::device::FakeLine;
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{Engine, FakeDevice, TestServer, on_both};

async fn enroll(server: &TestServer, person: &Person, name: &str, labels: Value) -> FakeDevice {
    let device = FakeDevice::enroll(server, person, name).await;
    assert_eq!(person.patch(&format!("/api/v1/devices/{name}"), json!({"labels": labels})).await.status, 200);
    device
}

async fn put(person: &Person, path: &str, body: Value) {
    let request = person.request(Method::PUT, path);
    let answer = send(if body.is_null() { request } else { request.json(&body) }).await;
    assert!(answer.status < 300, "{path}: {}", answer.text);
}

async fn into_group(ann: &Person, group: &str, device: &str) {
    ann.post("/api/v1/device-groups", json!({"name": group})).await;
    put(ann, &format!("/api/v1/device-groups/{group}/devices/{device}"), Value::Null).await;
}

/// Somebody of a group with that role, and with other roles in device groups.
async fn member(ann: &Person, name: &str, role: &str, overrides: &[(&str, &str)]) -> Person {
    let group = ann.post("/api/v1/groups", json!({"name": format!("group {name}"), "role": role})).await;
    for (place, role) in overrides {
        put(ann, &format!("/api/v1/groups/{}/overrides/device-groups/{place}", group.id()), json!({"role": role})).await;
    }
    ann.add_user(name, json!({"groups": [group.id()]})).await.sign_in().await
}

/// web-1 and web-2 with the role web, db-1 with the role db; web-1 and db-1 are in the group eu. web-1 is online.
async fn world(engine: Engine) -> (TestServer, Person, FakeLine) {
    let server = TestServer::start(engine).await;
    let ann = server.set_up().await;
    let mut first = enroll(&server, &ann, "web-1", json!({"role": "web", "rack": "3"})).await;
    enroll(&server, &ann, "web-2", json!({"role": "web", "os": "bsd"})).await;
    enroll(&server, &ann, "db-1", json!({"role": "db"})).await;
    into_group(&ann, "eu", "web-1").await;
    into_group(&ann, "eu", "db-1").await;
    let line = first.connect(&server).await;
    (server, ann, line)
}

fn exec(targets: Value) -> Value {
    json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": targets})
}

fn devices_of(run: &Answer) -> Vec<&str> {
    assert_eq!(run.status, 202, "{}", run.text);
    run.body["executions"].as_array().unwrap().iter().map(|execution| execution["device"]["name"].as_str().unwrap()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

fn refusal(answer: &Answer) -> (u16, &str, &str) {
    let error = &answer.body["errors"][0];
    (answer.status, error["pointer"].as_str().unwrap_or_default(), error["detail"].as_str().unwrap_or_default())
}

async fn preview(person: &Person, targets: Value) -> Answer {
    let answer = person.post("/api/v1/targets", json!({"targets": targets})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

async fn organization(person: &Person) -> OrganizationId {
    serde_json::from_value(person.get("/api/v1/me").await.body["organization"]["id"].clone()).unwrap()
}

on_both! {
    async fn a_run_is_for_what_its_selector_matches_when_it_starts(engine: Engine) {
        let (_server, ann, _line) = world(engine).await;
        for (selector, expected) in [
            ("role=web", &["web-1", "web-2"][..]),
            ("role=web and os!=bsd", &["web-1"]),
            ("fact.os=linux and not rack", &["db-1", "web-2"]),
            ("group=eu", &["db-1", "web-1"]),
            ("group=eu and online", &["web-1"]),
            ("not online", &["db-1", "web-2"]),
            ("name~*-1 or rack>=3", &["db-1", "web-1"]),
        ] {
            let run = ann.post("/api/v1/runs", exec(json!({"selector": selector}))).await;
            assert_eq!(devices_of(&run), expected, "{selector}");
        }
        let union = json!({"devices": ["web-2", "web-1"], "groups": ["eu"], "selector": "role=web"});
        assert_eq!(devices_of(&ann.post("/api/v1/runs", exec(union)).await), ["web-2", "web-1", "db-1"], "each once");
        let run = ann.post("/api/v1/runs", exec(json!({"selector": "role=db"}))).await;
        ann.patch("/api/v1/devices/web-2", json!({"labels": {"role": "db"}})).await;
        assert_eq!(ann.get(&format!("/api/v1/runs/{}", run.id())).await.body["executions"].as_array().unwrap().len(), 1, "it stays as it began");
        assert_eq!(devices_of(&ann.post("/api/v1/runs", exec(json!({"selector": "role=db"}))).await), ["db-1", "web-2"]);
    }

    async fn a_selector_that_is_wrong_or_matches_nothing_is_refused_at_its_place(engine: Engine) {
        let (_server, ann, _line) = world(engine).await;
        for (targets, pointer, detail) in [
            (json!({"selector": "role=web and"}), "/targets/selector", "column 13: expected the name of a label or a fact, `not` or `(`, and the selector ends"),
            (json!({"selector": ""}), "/targets/selector", "column 1: expected the name of a label or a fact, `not` or `(`, and the selector ends"),
            (json!({"selector": "role=mail"}), "/targets/selector", "no device that you may see matches this"),
            (json!({"selector": "role=mail", "devices": ["web-1"]}), "/targets/selector", "no device that you may see matches this"),
            (json!({"selector": "web-1"}), "/targets/selector", "no device that you may see has a label or a fact `web-1`; a device of that name is `name=web-1`"),
            (json!({}), "/targets/devices", "name at least one device or device group, or write a selector"),
        ] {
            let started = ann.post("/api/v1/runs", exec(targets.clone())).await;
            assert_eq!(refusal(&started), (422, pointer, detail), "{targets}");
        }
        let both = ann.post("/api/v1/runs", exec(json!({"selector": "role=mail", "devices": ["web-9"]}))).await;
        assert_eq!(both.body["errors"].as_array().unwrap().len(), 2, "{}", both.text);
        let unread = ann.get("/api/v1/devices?selector=role%3D").await;
        assert_eq!(refusal(&unread), (422, "/selector", "column 6: expected a value, and the selector ends"));
    }

    async fn a_preview_counts_names_and_says_what_a_start_would_be_refused_for(engine: Engine) {
        let (_server, ann, _line) = world(engine).await;
        let seen = preview(&ann, json!({"selector": "role=web", "devices": ["db-1"]})).await;
        assert_eq!((&seen.body["count"], &seen.body["online"], names(&seen.body["devices"])), (&json!(3), &json!(1), vec!["db-1", "web-1", "web-2"]));
        assert_eq!((&seen.body["devices"][1]["online"], &seen.body["refused"], &seen.body["errors"]), (&json!(true), &json!([]), &json!([])));
        let nothing = preview(&ann, json!({"selector": "role=mail", "groups": ["nowhere"], "devices": ["web-1", "web-9"]})).await;
        assert_eq!(nothing.body["count"], 1);
        let errors: Vec<_> = nothing.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(errors, ["/targets/devices/1", "/targets/groups/0", "/targets/selector"]);
        let unread = ann.post("/api/v1/targets", json!({"targets": {"selector": "role"}, "task": "none"})).await;
        assert_eq!(refusal(&unread), (422, "/task", "there is no task `none`"));
        let unread = ann.post("/api/v1/targets", json!({"targets": {"selector": "role ="}})).await;
        assert_eq!(refusal(&unread), (422, "/targets/selector", "column 7: expected a value, and the selector ends"));
        assert_eq!(ann.get("/api/v1/runs").await.body["items"], json!([]), "nothing was started");
    }

    async fn a_preview_says_where_somebody_may_not_start_it(engine: Engine) {
        let (_server, ann, _line) = world(engine).await;
        for (name, marked) in [("marked", true), ("plain", false)] {
            let task = json!({"name": name, "self_service": marked, "actions": [{"type": "COMMAND", "command": "true"}]});
            assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        }
        let bob = member(&ann, "bob", "read-only", &[("eu", "self-service")]).await;
        let ask = async |more: Value| {
            let mut body = json!({"targets": {"selector": "role"}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            bob.post("/api/v1/targets", body).await
        };
        let marked = ask(json!({"task": "marked"})).await;
        assert_eq!((&marked.body["count"], names(&marked.body["refused"])), (&json!(3), vec!["web-2"]), "{}", marked.text);
        let why = "`runs.start` needs self-service on web-2; the group `group bob` gives read-only.";
        assert_eq!((&marked.body["refused"][0]["why"], &marked.body["refused_count"]), (&json!(why), &json!(1)));
        assert_eq!(ask(json!({})).await.body["refused"], marked.body["refused"], "without a task: where nothing can be started");
        assert_eq!(names(&ask(json!({"task": "plain"})).await.body["refused"]), ["db-1", "web-1", "web-2"]);
        let given = ask(json!({"exec": true})).await;
        assert_eq!((given.status, given.code()), (403, "not_allowed"), "bob may run commands nowhere: {}", given.text);
        let both = ask(json!({"exec": true, "task": "marked"})).await;
        assert_eq!(refusal(&both).1, "/exec");
        let start = |selector: &str| json!({"task": "marked", "targets": {"selector": selector}});
        let refused = bob.post("/api/v1/runs", start("role")).await;
        assert_eq!((refused.status, &refused.body["detail"]), (403, &json!(why)));
        assert_eq!(devices_of(&bob.post("/api/v1/runs", start("group=eu")).await), ["db-1", "web-1"]);
        let eve = member(&ann, "eve", "read-only", &[]).await;
        assert_eq!(eve.post("/api/v1/targets", json!({"targets": {"selector": "role"}})).await.status, 403);
    }

    async fn a_selector_never_reaches_what_its_author_may_not_see(engine: Engine) {
        let (server, ann, _line) = world(engine).await;
        into_group(&ann, "secret", "web-2").await;
        into_group(&ann, "secret", "web-1").await;
        let ned = server.add_organization("Umbrella").await;
        enroll(&server, &ned, "web-1", json!({"role": "web"})).await;
        into_group(&ned, "eu", "web-1").await;
        // Bob sees the group eu alone, so web-1 and db-1.
        let bob = member(&ann, "bob", "none", &[("eu", "admin")]).await;
        // Cid sees everything but what is in the group secret alone.
        let cid = member(&ann, "cid", "admin", &[("secret", "none")]).await;
        for (person, selector, expected) in [
            (&bob, "role", &["db-1", "web-1"][..]),
            (&bob, "not role=mail", &["db-1", "web-1"]),
            (&bob, "role=web", &["web-1"]),
            (&bob, "name=web-2", &[]),
            (&bob, "group=secret", &[]),
            (&bob, "group~*ecre*", &[]),
            (&bob, "not group=secret", &["db-1", "web-1"]),
            (&cid, "role", &["db-1", "web-1"]),
            (&cid, "group=secret", &[]),
            (&cid, "group!=secret and name=web-1", &["web-1"]),
            (&ned, "role", &["web-1"]),
            (&ned, "not rack and not name=x", &["web-1"]),
            (&ned, "name~db*", &[]),
            (&ann, "group=secret", &["web-1", "web-2"]),
        ] {
            let seen = preview(person, json!({"selector": selector})).await;
            assert_eq!((&seen.body["count"], names(&seen.body["devices"])), (&json!(expected.len()), expected.to_vec()), "{selector}");
            let query = selector.replace('=', "%3D").replace(' ', "%20").replace('!', "%21");
            let listed = person.get(&format!("/api/v1/devices?selector={query}")).await;
            assert_eq!(names(&listed.body["items"]), expected, "{selector}");
            let started = person.post("/api/v1/runs", exec(json!({"selector": selector}))).await;
            if expected.is_empty() {
                assert_eq!(refusal(&started), (422, "/targets/selector", "no device that you may see matches this"), "{selector}");
            } else {
                assert_eq!(devices_of(&started), expected, "{selector}");
            }
        }
        let (own, hers) = (organization(&ned).await, organization(&ann).await);
        let db = &server.server().app().db;
        let both = Targets { selector: Some("role=web".to_owned()), groups: vec!["eu".to_owned()], ..Targets::default() };
        assert_eq!(matching(&mut &*db, own, &both).await.unwrap().len(), 1);
        assert_eq!(matching(&mut &*db, hers, &both).await.unwrap().len(), 3, "for the server itself, whoever sees it");
        let theirs = ann.get("/api/v1/devices/web-1").await.id().to_owned();
        let named = Targets { devices: vec![theirs, "gone".to_owned()], groups: vec!["gone".to_owned()], ..Targets::default() };
        assert_eq!(matching(&mut &*db, own, &named).await.unwrap(), Vec::<DeviceId>::new(), "what is not there adds nothing");
        let unread = Targets { selector: Some("role=".to_owned()), ..Targets::default() };
        assert!(matching(&mut &*db, own, &unread).await.is_err());
    }

    async fn a_selector_goes_through_pages_of_devices_and_its_list_has_pages(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let first = FakeDevice::enroll(&server, &ann, "first").await;
        into_group(&ann, "odd", "first").await;
        // Copies of it, every third with a label, every second in a group.
        let copies: Vec<(DeviceId, u32)> = (0..1_203).map(|number| (DeviceId::new(server.server().app().uuid()), number)).collect();
        server.server().app().db.write((first.id, copies), |tx, (first, copies)| Box::pin(async move {
            let copy = sql!(
                "INSERT INTO device (id, organization_id, name, signing_key, sealing_key, labels, facts, agent_version, presence, since, \
                 generation, credential_counter, credential_at, revision, enrolled_at) SELECT $2, organization_id, $3, signing_key, \
                 sealing_key, $4, facts, agent_version, presence, since, 0, 0, 0, 1, enrolled_at FROM device WHERE id = $1"
            );
            let join = sql!(
                "INSERT INTO device_group_member (device_id, device_group_id) SELECT $2, device_group_id FROM device_group_member WHERE device_id = $1"
            );
            for (id, number) in copies {
                let labels = if number % 3 == 0 { "{\"third\": \"yes\"}" } else { "{}" };
                tx.execute(copy, args![*first, *id, format!("device-{number:04}"), labels]).await?;
                if number % 2 == 1 {
                    tx.execute(join, args![*first, *id]).await?;
                }
            }
            Ok::<_, DbError>(())
        })).await.unwrap();
        let seen = preview(&ann, json!({"selector": "third", "devices": ["first"]})).await;
        assert_eq!((&seen.body["count"], seen.body["devices"].as_array().unwrap().len()), (&json!(402), 100));
        assert_eq!(preview(&ann, json!({"selector": "third and group=odd"})).await.body["count"], 200);
        assert_eq!(preview(&ann, json!({"selector": "not third and name~device-*"})).await.body["count"], 802);
        let (mut listed, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ann.get(&format!("/api/v1/devices?limit=150&selector=third{cursor}")).await;
            listed.extend(page.body["items"].as_array().unwrap().iter().map(|device| device["name"].as_str().unwrap().to_owned()));
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let expected: Vec<String> = (0..1_203).step_by(3).map(|number| format!("device-{number:04}")).collect();
        assert_eq!(listed, expected);
        let bob = member(&ann, "bob", "none", &[("odd", "read-only")]).await;
        let last = bob.get("/api/v1/devices?limit=200&selector=third").await;
        assert_eq!((last.body["items"].as_array().unwrap().len(), &last.body["next"]), (200, &Value::Null), "a full page that is the last");
        assert_eq!(last.body["items"][0]["groups"], json!(["odd"]));
    }
}
