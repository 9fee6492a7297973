//! Every route as everyone: anonymous, another organization, each role, a key with too small a scope, a revoked key, an expired one, a
//! disabled user, a session that is over.
//!
//! The walk begins with the list of routes, so a new route is in it without a word here; a new kind of id in a path is not,
//! and fails the test until it is given.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use taskey_proto::access::Role;
use taskey_server::features::accounts::{Need, Route, RouteKind, Verb};
use taskey_testkit::server::{Answer, PASSWORD, Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both};

/// One of everything, in one organization. Both organizations get the same names.
struct Things {
    device: String,
    task: String,
    run: String,
    execution: String,
    key: String,
    secret: String,
    organization: String,
    user: String,
    session: String,
    group: String,
    device_group: String,
    schedule: String,
    calendar: String,
    item_type: String,
    item: String,
    view: String,
    webhook: String,
    delivery: String,
}

async fn make_things(server: &TestServer, person: &Person) -> Things {
    let device = FakeDevice::enroll(server, person, "web-1").await;
    let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
    let task = person.post("/api/v1/tasks", task).await;
    let (run, execution) = person.exec("web-1", &["true"]).await;
    let key = person.post("/api/v1/keys", json!({"name": "spare"})).await;
    let secret = person.request(Method::PUT, "/api/v1/secrets/token").json(&json!({"value": "a value"}));
    let secret = send(secret).await;
    let me = person.get("/api/v1/me").await;
    let user = person.add_user("things", json!({})).await;
    let session = user.session().await.get("/api/v1/me/sessions").await;
    let group = person.post("/api/v1/groups", json!({"name": "staff", "role": "none"})).await;
    let device_group = person.post("/api/v1/device-groups", json!({"name": "lab"})).await;
    let put = |path: String| send(person.request(Method::PUT, &path));
    assert_eq!(put(format!("/api/v1/device-groups/lab/devices/{}", device.id)).await.status, 204);
    assert_eq!(put("/api/v1/groups/staff/members/things".to_owned()).await.status, 204);
    let calendar = person.post("/api/v1/calendars", json!({"name": "holidays", "content": "2026-12-25 Christmas"})).await;
    assert_eq!(calendar.status, 201, "{}", calendar.body);
    let schedule =
        json!({"name": "nightly", "task": "hello", "cron": "30 2 * * *", "targets": {"devices": ["web-1"]}, "calendars": ["holidays"]});
    let schedule = person.post("/api/v1/schedules", schedule).await;
    assert_eq!(schedule.status, 201, "{}", schedule.body);
    let smallest = json!({"name": "refund", "title": "Refund", "fields": {"type": "object"}, "resolutions": {"approved": {}}});
    let item_type = person.post("/api/v1/item-types", smallest).await;
    assert_eq!(item_type.status, 201, "{}", item_type.body);
    let item = person.post("/api/v1/items", json!({"type": "refund"})).await;
    let view = person.post("/api/v1/item-views", json!({"name": "mine", "query": "queue=mine"})).await;
    // Loopback is not among the addresses that this server may call: the delivery waits for ever.
    let webhook = person.post("/api/v1/webhooks", json!({"url": "http://receiver.invalid/", "name": "app"})).await;
    assert_eq!(webhook.status, 201, "{}", webhook.body);
    let commented = person.post(&format!("/api/v1/items/{}/comments", item.id()), json!({"text": "hello"})).await;
    assert_eq!(commented.status, 201, "{}", commented.body);
    let delivery = taskey_testkit::eventually(async || {
        let list = person.get("/api/v1/webhooks/app/deliveries").await;
        list.body["items"][0]["id"].as_str().map(str::to_owned).ok_or(list.text)
    })
    .await;
    Things {
        device: device.id.to_string(),
        task: task.id().to_owned(),
        run,
        execution,
        key: key.id().to_owned(),
        secret: secret.id().to_owned(),
        organization: me.body["organization"]["id"].as_str().unwrap().to_owned(),
        user: user.id,
        session: session.body["items"][0]["id"].as_str().unwrap().to_owned(),
        group: group.id().to_owned(),
        device_group: device_group.id().to_owned(),
        schedule: schedule.id().to_owned(),
        calendar: calendar.id().to_owned(),
        item_type: item_type.id().to_owned(),
        item: item.id().to_owned(),
        view: view.id().to_owned(),
        webhook: webhook.id().to_owned(),
        delivery,
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
            ("{organization}", &self.organization),
            ("{user}", &self.user),
            ("{session}", &self.session),
            ("{group}", &self.group),
            ("{device_group}", &self.device_group),
            ("{schedule}", &self.schedule),
            ("{calendar}", &self.calendar),
            ("{item_type}", &self.item_type),
            ("{item}", &self.item),
            ("{view}", &self.view),
            ("{webhook}", &self.webhook),
            ("{delivery}", &self.delivery),
            ("{version}", &"1".to_owned()),
            ("{action}", &"0".to_owned()),
            ("{stream}", &"output".to_owned()),
        ];
        let path = ids.iter().fold(route.path.clone(), |path, (place, id)| path.replace(place, id));
        assert!(!path.contains('{'), "the walk does not know what to put into {path}");
        path
    }

    /// A body that is right for a route with an id in its path.
    fn body(&self, route: &Route) -> Value {
        match route.path.as_str() {
            path if path.contains("{task}") => json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "false"}]}),
            path if path.contains("{secret}") => json!({"value": "stolen"}),
            path if path.ends_with("/pause") || path.ends_with("/resume") => json!({}),
            path if path.contains("{schedule}") => {
                json!({"name": "mine", "task": "hello", "every": "1h", "targets": {"devices": ["web-1"]}})
            }
            path if path.contains("{calendar}") => json!({"name": "stolen", "content": "2026-12-25 Christmas"}),
            path if path.contains("/overrides/") => json!({"role": "admin"}),
            path if path.ends_with("/move-items") || path.ends_with("/rotate") => json!({}),
            path if path.ends_with("/recover") => json!({"since": "2026-01-01T00:00:00Z"}),
            path if path.contains("{webhook}") => json!({"url": "http://receiver.invalid/"}),
            path if path.contains("{item_type}") => {
                json!({"name": "stolen", "title": "Stolen", "fields": {"type": "object"}, "resolutions": {"done": {}}})
            }
            path if path.ends_with("/resolve") => json!({"resolution": "approved"}),
            path if path.ends_with("/cancel") => json!({}),
            path if path.ends_with("/move") => json!({"state": "open"}),
            path if path.ends_with("/comments") => json!({"text": "stolen"}),
            path if path.ends_with("/assignee") => json!({"assignee": "me"}),
            path if path.ends_with("/snooze") => json!({"until": null}),
            path if path.ends_with("/merge") => json!({"into": self.item}),
            path if path.contains("{item}") => json!({"fields": {}}),
            _ => json!({"name": "stolen"}),
        }
    }

    /// The same with ids of nothing.
    fn nowhere(&self) -> Things {
        let other = |id: &str| format!("{}0000000000000000000000000{}", &id[..4], &id[id.len() - 1..]);
        Things {
            device: other(&self.device),
            task: other(&self.task),
            run: other(&self.run),
            execution: other(&self.execution),
            key: other(&self.key),
            secret: other(&self.secret),
            organization: other(&self.organization),
            user: other(&self.user),
            session: other(&self.session),
            group: other(&self.group),
            device_group: other(&self.device_group),
            schedule: other(&self.schedule),
            calendar: other(&self.calendar),
            item_type: other(&self.item_type),
            item: other(&self.item),
            view: other(&self.view),
            webhook: other(&self.webhook),
            delivery: other(&self.delivery),
        }
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

/// The routes to an item or its type, with the role on its type that each needs.
fn of_items() -> impl Iterator<Item = (Route, Role)> {
    let needed = |(route, verb): (Route, Verb)| match verb.need() {
        Need::OnItem(needed) | Need::OnSomeItem(needed) => Some((route, needed)),
        _ => None,
    };
    permitted().into_iter().filter(|(route, _)| route.path.contains("{item}") || route.path.contains("{item_type}")).filter_map(needed)
}

async fn call(person: &Person, route: &Route, path: &str, body: &Value) -> Answer {
    send(request(person, route, path, body)).await
}

fn request(person: &Person, route: &Route, path: &str, body: &Value) -> RequestBuilder {
    let request = person.request(Method::from_bytes(route.method.as_bytes()).unwrap(), path).header("if-match", "*");
    let has_body = matches!(route.method.as_str(), "POST" | "PUT" | "PATCH");
    if has_body { request.json(body) } else { request }
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

    async fn every_role_reaches_exactly_what_its_verbs_say(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        let mut people = Vec::new();
        for role in Role::ALL {
            let group = ann.post("/api/v1/groups", json!({"name": role.word(), "role": role})).await;
            let user = ann.add_user(&format!("user-{}", role.word()), json!({"groups": [group.id()]})).await;
            people.push((role.word(), Some(role), user.sign_in().await));
        }
        let boss = ann.add_user("boss", json!({"super": true})).await;
        people.push(("super", None, boss.sign_in().await));
        people.push(("operator", None, ann.clone()));
        // Whoever signs out is gone for the rest of the walk.
        let routes: Vec<_> = permitted().into_iter().filter(|(route, _)| route.path != "/api/v1/sessions/current").collect();
        for (name, role, person) in &people {
            for (route, verb) in routes.clone() {
                let allowed = match verb.need() {
                    Need::SignedIn => true,
                    Need::There(needed) | Need::Somewhere(needed) | Need::Everywhere(needed) => role.is_none_or(|role| role >= needed),
                    Need::OnItem(needed) | Need::OnSomeItem(needed) => role.is_none_or(|role| role >= needed),
                    Need::Super => role.is_none(),
                    Need::Operator => *name == "operator",
                };
                // What is allowed is tried on nothing, so that the walk leaves everything where it is.
                let path = if allowed { things.nowhere().path(&route) } else { things.path(&route) };
                if allowed {
                    // The status alone: a stream has no end.
                    let status = request(person, &route, &path, &json!({})).send().await.unwrap().status().as_u16();
                    assert!(!matches!(status, 401 | 403), "{name} {} {}: {status}", route.method, route.path);
                } else {
                    let answer = call(person, &route, &path, &json!({})).await;
                    assert_eq!((answer.status, answer.code()), (403, "not_allowed"), "{name} {} {}", route.method, route.path);
                }
            }
        }
    }

    async fn what_a_device_group_overrides_holds_for_every_route_to_its_devices(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        for everywhere in [Role::None, Role::Admin] {
            for there in Role::ALL {
                let name = format!("{}-{}", everywhere.word(), there.word());
                let group = ann.post("/api/v1/groups", json!({"name": name, "role": everywhere})).await;
                let path = format!("/api/v1/groups/{}/overrides/device-groups/lab", group.id());
                assert_eq!(send(ann.request(Method::PUT, &path).json(&json!({"role": there}))).await.status, 200);
                let person = ann.add_user(&name, json!({"groups": [group.id()]})).await.sign_in().await;
                let routes = permitted().into_iter().filter(|(route, _)| {
                    ["{device}", "{run}", "{execution}"].iter().any(|place| route.path.contains(place))
                });
                for (route, verb) in routes {
                    let Need::There(needed) = verb.need() else { continue };
                    // Cancelling a run of somebody else takes more than starting one's own.
                    let needed = if verb == Verb::CancelRuns { Role::Admin } else { needed };
                    if there >= needed && route.method != "GET" {
                        continue;
                    }
                    let answer = if route.path.ends_with("/output") {
                        call(&person, &route, &format!("{}?follow=false", things.path(&route)), &json!({})).await
                    } else {
                        call(&person, &route, &things.path(&route), &json!({"labels": {"a": "b"}})).await
                    };
                    let expected = match there {
                        Role::None if everywhere == Role::None => 403,
                        Role::None => 404,
                        there if there < needed => 403,
                        _ => answer.status.clamp(200, 299),
                    };
                    assert_eq!(answer.status, expected, "{name} {} {}: {}", route.method, route.path, answer.text);
                }
                let seen = person.get("/api/v1/devices").await;
                let count = seen.body["items"].as_array().map_or(0, Vec::len);
                assert_eq!(count, usize::from(there > Role::None), "{name}");
            }
        }
    }

    async fn what_an_item_type_overrides_holds_for_every_route_to_its_items(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        for everywhere in [Role::None, Role::Admin] {
            for there in Role::ALL {
                let name = format!("{}-{}", everywhere.word(), there.word());
                let group = ann.post("/api/v1/groups", json!({"name": name, "role": everywhere})).await;
                let path = format!("/api/v1/groups/{}/overrides/item-types/refund", group.id());
                assert_eq!(send(ann.request(Method::PUT, &path).json(&json!({"role": there}))).await.status, 200);
                let person = ann.add_user(&name, json!({"groups": [group.id()]})).await.sign_in().await;
                for (route, needed) in of_items() {
                    if there >= needed && route.method != "GET" {
                        continue;
                    }
                    let path = things.path(&route);
                    let path = if route.path.ends_with("/wait") { format!("{path}?wait=0") } else { path };
                    // The status alone: a stream has no end.
                    let answered = request(&person, &route, &path, &things.body(&route)).send().await.unwrap().status().as_u16();
                    let expected = match there {
                        Role::None if everywhere == Role::None => 403,
                        Role::None => 404,
                        there if there < needed => 403,
                        _ => answered.clamp(200, 299),
                    };
                    assert_eq!(answered, expected, "{name} {} {}", route.method, route.path);
                }
                let seen = person.get("/api/v1/items").await;
                assert_eq!(seen.body["items"].as_array().map_or(0, Vec::len), usize::from(there > Role::None), "{name}");
            }
        }
    }

    async fn those_whom_a_state_names_decide_in_it_and_nobody_else_by_any_route(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        for name in ["first", "second"] {
            let group = ann.post("/api/v1/groups", json!({"name": name, "role": Role::SelfService})).await;
            assert_eq!(group.status, 201, "{}", group.text);
        }
        let levels = json!({"name": "levels", "title": "T", "fields": {"type": "object"}, "resolutions": {"approved": {}}, "initial": "new",
            "states": {"new": {"may_decide": ["first"], "to": ["hard"]}, "hard": {"may_decide": ["second"]}}});
        let made = ann.post("/api/v1/item-types", levels).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let new = ann.post("/api/v1/items", json!({"type": "levels"})).await;
        let hard = ann.post("/api/v1/items", json!({"type": "levels"})).await;
        let moved = ann.request(Method::POST, &format!("/api/v1/items/{}/move", hard.id())).header("if-match", "*");
        assert_eq!(send(moved.json(&json!({"state": "hard"}))).await.status, 200);
        for (group, others) in [("first", &hard), ("second", &new)] {
            let person = ann.add_user(group, json!({"groups": [group]})).await.sign_in().await;
            let others = Things { item: others.id().to_owned(), ..things.nowhere() };
            for (route, verb) in permitted().into_iter().filter(|(route, _)| route.path.contains("{item}")) {
                // To put an item out of the way is no decision, nor is to say something.
                if !matches!(verb, Verb::DecideItems | Verb::UpdateItems) || route.path.ends_with("/snooze") {
                    continue;
                }
                let answer = call(&person, &route, &others.path(&route), &things.body(&route)).await;
                assert_eq!((answer.status, answer.code()), (403, "not_allowed"), "{group} {} {}", route.method, route.path);
            }
        }
    }

    async fn a_disabled_user_and_a_session_that_is_over_reach_nothing(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let things = make_things(&server, &ann).await;
        let bob = ann.add_user("bob", json!({"super": true})).await;
        let (key, session) = (bob.sign_in().await, bob.session().await);
        let over = bob.session().await;
        assert_eq!(session.get("/api/v1/me").await.status, 200);
        let sessions = key.get("/api/v1/me/sessions").await;
        let newest = sessions.body["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
        assert_eq!(key.delete(&format!("/api/v1/me/sessions/{newest}")).await.status, 204);
        let walk = async |people: &[(&str, &Person)]| {
            for (route, _) in permitted() {
                for (name, person) in people {
                    let answer = call(person, &route, &things.path(&route), &json!({})).await;
                    assert_eq!((answer.status, answer.code()), (401, "not_signed_in"), "{name}: {} {}", route.method, route.path);
                }
            }
        };
        walk(&[("ended", &over)]).await;
        assert_eq!(session.get("/api/v1/me").await.status, 200, "the other one goes on");
        assert_eq!(ann.patch(&format!("/api/v1/users/{}", bob.id), json!({"disabled": true})).await.status, 200);
        walk(&[("key", &key), ("session", &session)]).await;
        let answer = server.anonymous().post("/api/v1/sessions", json!({"username": "bob", "password": PASSWORD})).await;
        assert_eq!((answer.status, answer.code()), (401, "invalid_credentials"));
        assert_eq!(ann.patch(&format!("/api/v1/users/{}", bob.id), json!({"disabled": false})).await.status, 200);
        assert_eq!(session.get("/api/v1/me").await.status, 401, "what was ended stays ended");
        let again = bob.session().await;
        assert_eq!(again.get("/api/v1/me").await.status, 200);
        server.clock.advance(std::time::Duration::from_secs(14 * 86_400));
        walk(&[("expired", &again)]).await;
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
        for (route, verb) in permitted().into_iter().filter(|(route, _)| route.path.contains('{')) {
            let body = his.body(&route);
            let answer = call(&mallory, &route, &hers.path(&route), &body).await;
            let expected = if verb.need() == Need::Operator { (403, "not_allowed") } else { (404, "not_found") };
            assert_eq!((answer.status, answer.code()), expected, "{} {}", route.method, route.path);
        }
        // One id of theirs among one's own: members and overrides across organizations.
        for path in [
            format!("/api/v1/groups/{}/members/{}", his.group, hers.user),
            format!("/api/v1/groups/{}/members/{}", hers.group, his.user),
            format!("/api/v1/device-groups/{}/devices/{}", his.device_group, hers.device),
            format!("/api/v1/device-groups/{}/devices/{}", hers.device_group, his.device),
        ] {
            assert_eq!(send(mallory.request(Method::PUT, &path)).await.status, 404, "{path}");
        }
        for path in [
            format!("/api/v1/groups/{}/overrides/device-groups/{}", his.group, hers.device_group),
            format!("/api/v1/groups/{}/overrides/device-groups/{}", hers.group, his.device_group),
            format!("/api/v1/groups/{}/overrides/item-types/{}", his.group, hers.item_type),
            format!("/api/v1/groups/{}/overrides/item-types/{}", hers.group, his.item_type),
        ] {
            assert_eq!(send(mallory.request(Method::PUT, &path).json(&json!({"role": "admin"}))).await.status, 404, "{path}");
        }
        let session = format!("/api/v1/users/{}/sessions/{}", his.user, hers.session);
        assert_eq!(mallory.delete(&session).await.status, 404, "a session of theirs under a user of one's own");
        for body in [
            json!({"username": "spy", "groups": [hers.group]}),
            json!({"username": "spy", "password": PASSWORD, "groups": ["staff", hers.group]}),
        ] {
            assert_eq!(mallory.post("/api/v1/users", body).await.status, 422);
        }
        let edit = mallory.patch(&format!("/api/v1/users/{}", his.user), json!({"groups": [hers.group]})).await;
        assert_eq!((edit.status, edit.code()), (422, "invalid"));
        let token = mallory.post("/api/v1/enroll-tokens", json!({"uses": 1, "ttl": "1h", "groups": [hers.device_group]})).await;
        assert_eq!((token.status, token.code()), (422, "invalid"));
        for body in [
            json!({"url": "http://receiver.invalid/", "types": [hers.item_type]}),
            json!({"name": "in", "inbound": {"type": hers.item_type, "fields": {}}}),
        ] {
            let answer = mallory.post("/api/v1/webhooks", body).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
        }
        let named = json!({"name": "t", "title": "T", "fields": {"type": "object"}, "resolutions": {"done": {}}, "webhook": hers.webhook});
        let answer = mallory.post("/api/v1/item-types", named).await;
        assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
        for body in [json!({"type": hers.item_type}), json!({"type": "refund", "assignee": hers.user})] {
            let answer = mallory.post("/api/v1/items", body).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
        }
        for (verb, path, body) in [
            (Method::POST, format!("/api/v1/items/{}/merge", his.item), json!({"into": hers.item})),
            (Method::PUT, format!("/api/v1/items/{}/assignee", his.item), json!({"assignee": hers.user})),
        ] {
            let answer = send(mallory.request(verb, &path).json(&body)).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{path}: {}", answer.body);
        }
        let waited = mallory.post("/api/v1/items/wait?wait=0", json!({"items": [hers.item, his.item]})).await;
        assert_eq!(waited.status, 404, "{}", waited.text);
        for query in [format!("device={}", hers.device), format!("user={}", hers.user)] {
            let explained = mallory.get(&format!("/api/v1/access/explain?verb=runs.exec&{query}")).await;
            assert_eq!((explained.status, explained.code()), (404, "not_found"), "{query}");
        }
        assert_eq!(ann.patch("/api/v1/devices/web-1", json!({"labels": {"of": "hers"}})).await.status, 200);
        for body in [
            json!({"task": hers.task, "targets": {"devices": [his.device]}}),
            json!({"task": his.task, "targets": {"devices": [hers.device]}}),
            json!({"task": "hello", "targets": {"devices": ["web-1", hers.device]}}),
            json!({"task": "hello", "targets": {"groups": [hers.device_group]}}),
            json!({"task": "hello", "targets": {"selector": "label.of=hers"}}),
        ] {
            let answer = mallory.post("/api/v1/runs", body).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
        }
        for body in [
            json!({"name": "s", "every": "1h", "task": hers.task, "targets": {"devices": [his.device]}}),
            json!({"name": "s", "every": "1h", "task": his.task, "targets": {"devices": [hers.device]}}),
            json!({"name": "s", "every": "1h", "task": his.task, "targets": {"groups": [hers.device_group]}}),
            json!({"name": "s", "every": "1h", "task": his.task, "targets": {"devices": [his.device]}, "calendars": [hers.calendar]}),
        ] {
            let answer = mallory.post("/api/v1/schedules", body.clone()).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
            let answer = mallory.post("/api/v1/schedules/simulate", json!({"spec": body})).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{}", answer.body);
        }
        let filtered = mallory.get(&format!("/api/v1/runs?device={}", hers.device)).await;
        assert_eq!(filtered.body["items"], json!([]));
        let filtered = mallory.get(&format!("/api/v1/schedules?calendar={}", hers.calendar)).await;
        assert_eq!(filtered.body["items"], json!([]));
        for (path, own) in [
            ("devices", &his.device),
            ("tasks", &his.task),
            ("runs", &his.run),
            ("device-groups", &his.device_group),
            ("schedules", &his.schedule),
            ("calendars", &his.calendar),
            ("item-types", &his.item_type),
            ("items", &his.item),
            ("webhooks", &his.webhook),
        ] {
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
            let body = match route.path.as_str() {
                "/agent/v1/line" => json!({"session": 1}),
                "/agent/v1/assignment" => json!({"has": []}),
                _ => json!({"chunks": []}),
            };
            for person in [&server.anonymous(), &server.with_key("tky_nonsense"), &ann] {
                let answer = call(person, &route, &things.path(&route), &body).await;
                assert_eq!((answer.status, answer.code()), (401, "not_signed_in"), "{} {}", route.method, route.path);
            }
            let answer = call(&foreign, &route, &things.path(&route), &body).await;
            if route.path == "/agent/v1/assignment" {
                assert_eq!(answer.status, 200, "what it is to keep itself: {}", answer.body);
                assert_eq!(answer.body["schedules"], json!([]));
                continue;
            }
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
