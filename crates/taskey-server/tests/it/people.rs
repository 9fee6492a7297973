//! Users, groups and roles, device groups: what can be done with them, and what somebody tries who may not.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};
use taskey_server::{args, sql};
use taskey_testkit::server::{Answer, PASSWORD, Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both, wait_for};

async fn put(person: &Person, path: &str, body: Value) -> Answer {
    let request = person.request(Method::PUT, path);
    send(if body.is_null() { request } else { request.json(&body) }).await
}

fn names(list: &Answer, field: &str) -> Vec<String> {
    list.body["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

/// A group of that role with one member, signed in with a key.
async fn member(ann: &Person, name: &str, role: &str) -> Person {
    let group = ann.post("/api/v1/groups", json!({"name": format!("group {name}"), "role": role})).await;
    assert_eq!(group.status, 201, "{}", group.text);
    ann.add_user(name, json!({"groups": [group.id()]})).await.sign_in().await
}

async fn into_group(ann: &Person, group: &str, device: &str) {
    let made = ann.post("/api/v1/device-groups", json!({"name": group})).await;
    assert!(matches!(made.status, 201 | 409), "{}", made.text);
    assert_eq!(put(ann, &format!("/api/v1/device-groups/{group}/devices/{device}"), Value::Null).await.status, 204);
}

async fn override_role(ann: &Person, group: &str, device_group: &str, role: &str) {
    let path = format!("/api/v1/groups/{group}/overrides/device-groups/{device_group}");
    let answer = put(ann, &path, json!({"role": role})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

on_both! {
    async fn a_fresh_server_has_one_group_and_nobody_can_change_it(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let groups = ann.get("/api/v1/groups").await;
        assert_eq!(names(&groups, "name"), ["super"]);
        assert_eq!(groups.body["items"][0]["super"], true);
        assert_eq!(groups.body["items"][0]["members"], 1);
        assert!(groups.body["items"][0].get("parent").is_none(), "groups are flat");
        for refused in [
            ann.patch("/api/v1/groups/super", json!({"name": "gods"})).await,
            ann.patch("/api/v1/groups/super", json!({"role": "none"})).await,
            ann.delete("/api/v1/groups/super").await,
        ] {
            assert_eq!((refused.status, refused.code()), (409, "immutable"));
        }
        ann.post("/api/v1/device-groups", json!({"name": "lab"})).await;
        let refused = put(&ann, "/api/v1/groups/super/overrides/device-groups/lab", json!({"role": "none"})).await;
        assert_eq!((refused.status, refused.code()), (409, "immutable"));
        assert_eq!(ann.post("/api/v1/groups", json!({"name": "super"})).await.code(), "name_taken");
        for role in ["super", "operator", "owner", ""] {
            let refused = ann.post("/api/v1/groups", json!({"name": "gods", "role": role})).await;
            assert_eq!(refused.status, 422, "no group can be given {role}: {}", refused.text);
        }
        let unknown = ann.post("/api/v1/groups", json!({"name": "gods", "super": true})).await;
        assert_eq!((unknown.status, unknown.code()), (422, "invalid"));
        assert_eq!(ann.post("/api/v1/groups", json!({"name": "staff"})).await.body["role"], "admin", "the default role");
    }

    async fn an_invited_user_sets_a_first_password_once(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let created = ann.post("/api/v1/users", json!({"username": "bob", "name": "Bob B.", "time_zone": "Europe/Berlin"})).await;
        assert_eq!((created.status, &created.body["state"]), (201, &json!("invited")));
        let link = created.body["invitation"]["link"].as_str().unwrap();
        let (address, token) = link.split_once('#').unwrap();
        assert_eq!(address, format!("{}/invite", server.url()), "the secret is behind the #, where no server sees it");
        let opened = server.anonymous().post("/api/v1/invitations/open", json!({"token": token})).await;
        assert_eq!((opened.status, &opened.body["username"], &opened.body["has_password"]), (200, &json!("bob"), &json!(false)));
        let accept = async |token: &str, password: &str| {
            server.anonymous().post("/api/v1/invitations/accept", json!({"token": token, "password": password})).await
        };
        assert_eq!(accept(token, "short").await.body["errors"][0]["pointer"], "/password");
        let accepted = accept(token, "a first password of bob's own").await;
        assert_eq!((accepted.status, &accepted.body["me"]["user"]["state"]), (201, &json!("active")));
        assert!(accepted.header("set-cookie").starts_with("taskey_session="));
        for used in [accept(token, "a second one").await, server.anonymous().post("/api/v1/invitations/open", json!({"token": token})).await] {
            assert_eq!((used.status, used.code()), (403, "invalid_invitation"));
        }
        let entered = server.anonymous().post("/api/v1/sessions", json!({"username": "bob", "password": "a first password of bob's own"})).await;
        assert_eq!(entered.status, 201);

        // A link that replaces a password ends what the old one opened, and only the newest link counts.
        let bob = server.with_session(&entered);
        let first = ann.post("/api/v1/users/bob/invitations", json!({})).await;
        let second = ann.post("/api/v1/users/bob/invitations", json!({})).await;
        let token = |answer: &Answer| answer.body["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        assert_eq!(accept(&token(&first), "another password").await.code(), "invalid_invitation");
        assert_eq!(bob.get("/api/v1/me").await.status, 200, "until the link is used the old password counts");
        assert_eq!(accept(&token(&second), "another password of bob's").await.status, 201);
        assert_eq!(bob.get("/api/v1/me").await.status, 401);

        let late = ann.post("/api/v1/users/bob/invitations", json!({})).await;
        server.clock.advance(std::time::Duration::from_secs(86_400));
        assert_eq!(accept(&token(&late), "too late for this one").await.code(), "invalid_invitation");
    }

    async fn a_password_is_changed_by_its_owner_and_everything_else_of_theirs_is_signed_out(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let bob = ann.add_user("bob", json!({})).await;
        let (here, there, profile) = (bob.session().await, bob.session().await, bob.sign_in().await);
        let script = here.post("/api/v1/keys", json!({"name": "script"})).await;
        let script = server.with_key(script.body["key"].as_str().unwrap());
        let wrong = here.post("/api/v1/me/password", json!({"current": "wrong", "new": "the new password of bob"})).await;
        assert_eq!((wrong.status, &wrong.body["errors"][0]["pointer"]), (422, &json!("/current")));
        let weak = here.post("/api/v1/me/password", json!({"current": PASSWORD, "new": "short"})).await;
        assert_eq!(weak.body["errors"][0]["pointer"], "/new");
        let changed = here.post("/api/v1/me/password", json!({"current": PASSWORD, "new": "the new password of bob"})).await;
        assert_eq!(changed.status, 204, "{}", changed.text);
        assert_eq!(here.get("/api/v1/me").await.status, 200);
        assert_eq!(there.get("/api/v1/me").await.status, 401);
        assert_eq!(profile.get("/api/v1/me").await.status, 401, "a command line that had signed in with the old one");
        assert_eq!(script.get("/api/v1/me").await.status, 200, "a key of its own stays");
        assert_eq!(server.anonymous().post("/api/v1/sessions", json!({"username": "bob", "password": PASSWORD})).await.status, 401);
        for _ in 0..10 {
            here.post("/api/v1/me/password", json!({"current": "wrong", "new": "the newest password"})).await;
        }
        let closed = here.post("/api/v1/me/password", json!({"current": "the new password of bob", "new": "the newest password"})).await;
        assert_eq!((closed.status, closed.code()), (429, "too_many_attempts"), "whoever finds an open browser cannot go on guessing");
    }

    async fn users_are_listed_changed_and_removed_and_their_history_keeps_the_name(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for name in ["bob", "cid", "dan"] {
            ann.add_user(name, json!({})).await;
        }
        let first = ann.get("/api/v1/users?limit=2").await;
        assert_eq!(names(&first, "username"), ["ann", "bob"]);
        let rest = ann.get(&format!("/api/v1/users?cursor={}", first.body["next"].as_str().unwrap())).await;
        assert_eq!(names(&rest, "username"), ["cid", "dan"]);
        ann.post("/api/v1/groups", json!({"name": "Web team", "role": "read-only"})).await;
        let shown = ann.get("/api/v1/users/bob").await;
        let stale = shown.header("etag").to_owned();
        let edited = ann.patch("/api/v1/users/bob", json!({"name": "Bob B.", "groups": ["Web team"], "language": "de"})).await;
        assert_eq!(edited.body["groups"][0]["name"], "Web team");
        let refused = send(ann.request(Method::PATCH, "/api/v1/users/bob").header("if-match", stale).json(&json!({"name": "x"}))).await;
        assert_eq!((refused.status, refused.code()), (412, "precondition_failed"));
        assert_eq!(ann.patch("/api/v1/users/bob", json!({"username": "cid"})).await.code(), "name_taken");
        let wrong = json!({"username": "a b", "name": "", "time_zone": "Mars/Olympus", "language": "x", "groups": ["nobody"]});
        let wrong = ann.patch("/api/v1/users/bob", wrong).await;
        let pointers: HashSet<_> = wrong.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, HashSet::from(["/username", "/name", "/time_zone", "/language"]), "{}", wrong.text);
        assert_eq!(ann.patch("/api/v1/users/bob", json!({"groups": ["nobody"]})).await.body["errors"][0]["pointer"], "/groups/0");
        assert_eq!(ann.get("/api/v1/users/bob").await.body["groups"].as_array().unwrap().len(), 1, "nothing of it was done");

        let device = FakeDevice::enroll(&server, &ann, "web-1").await;
        ann.patch("/api/v1/users/bob", json!({"super": true})).await;
        let bob = server.anonymous().post("/api/v1/sessions", json!({"username": "bob", "password": PASSWORD, "key": {"name": "cli"}})).await;
        let bob = server.with_key(bob.body["key"]["key"].as_str().unwrap());
        let (run, _) = bob.exec("web-1", &["true"]).await;
        assert_eq!(ann.delete("/api/v1/users/bob").await.status, 204);
        assert_eq!(bob.get("/api/v1/me").await.status, 401);
        assert_eq!(ann.get("/api/v1/users/bob").await.status, 404);
        assert_eq!(ann.get(&format!("/api/v1/runs/{run}")).await.body["cause"]["by"], "bob (cli)");
        assert_eq!(ann.post("/api/v1/users", json!({"username": "bob"})).await.status, 201, "the name is free again");
        drop(device);
    }

    async fn nobody_widens_their_own_rights(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        let mallory = member(&ann, "mallory", "admin").await;
        let me = mallory.get("/api/v1/me").await;
        let own = me.body["user"]["id"].as_str().unwrap().to_owned();
        let ann_id = ann.get("/api/v1/me").await.body["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(me.body["role"], "admin");
        for refused in [
            mallory.patch(&format!("/api/v1/users/{own}"), json!({"super": true})).await,
            mallory.patch(&format!("/api/v1/users/{ann_id}"), json!({"disabled": true})).await,
            mallory.patch(&format!("/api/v1/users/{ann_id}"), json!({"name": "Mallory's"})).await,
            mallory.post(&format!("/api/v1/users/{ann_id}/invitations"), json!({})).await,
            mallory.delete(&format!("/api/v1/users/{ann_id}")).await,
            mallory.post("/api/v1/users", json!({"username": "helper", "super": true})).await,
            put(&mallory, &format!("/api/v1/groups/super/members/{own}"), Value::Null).await,
            mallory.post("/api/v1/groups", json!({"name": "mine", "role": "admin"})).await,
            mallory.patch("/api/v1/groups/group mallory", json!({"role": "admin"})).await,
            mallory.post("/api/v1/device-groups", json!({"name": "mine"})).await,
            mallory.post("/api/v1/organizations", json!({"name": "Mine", "username": "mallory"})).await,
        ] {
            assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{}", refused.text);
        }
        // What is one's own to change has no field for rights.
        for field in ["super", "operator", "groups", "role", "username", "disabled"] {
            let refused = mallory.patch("/api/v1/me", json!({field: true})).await;
            assert_eq!((refused.status, refused.code()), (422, "invalid"), "{field}");
        }
        // A key reaches no further than the one that made it, and nobody else's key is touched.
        let narrow = mallory.post("/api/v1/keys", json!({"name": "narrow", "scopes": ["keys.*", "devices.read"]})).await;
        let narrow = server.with_key(narrow.body["key"].as_str().unwrap());
        for scopes in [json!([]), json!(["runs.exec"]), json!(["devices.*"])] {
            let refused = narrow.post("/api/v1/keys", json!({"name": "wide", "scopes": scopes})).await;
            assert_eq!((refused.status, refused.code()), (422, "invalid"), "{scopes}");
        }
        let hers = ann.post("/api/v1/keys", json!({"name": "hers"})).await;
        assert_eq!(mallory.delete(&format!("/api/v1/keys/{}", hers.id())).await.status, 404);
        assert!(!mallory.get("/api/v1/keys").await.text.contains(hers.id()), "one's own keys alone");
        assert!(ann.get("/api/v1/keys").await.text.contains("narrow"), "super users see all");
        assert_eq!(mallory.get("/api/v1/audit").await.status, 403);
        // A super user's key that was given one scope does nothing else.
        let scoped = ann.post("/api/v1/keys", json!({"name": "reader", "scopes": ["users.read"]})).await;
        let scoped = server.with_key(scoped.body["key"].as_str().unwrap());
        assert_eq!(scoped.get("/api/v1/users").await.status, 200);
        assert_eq!(put(&scoped, &format!("/api/v1/groups/super/members/{own}"), Value::Null).await.status, 403);
        let refused = sql!("SELECT detail FROM audit WHERE action = 'access.refused' AND actor_name = $1");
        wait_for(async || {
            let rows = server.server().app().db.rows(refused, args!["mallory (test)"]).await.unwrap();
            let tried: Vec<Value> = rows.iter().map(|row| row.json("detail").unwrap()).collect();
            tried.iter().any(|detail| detail["verb"] == "groups.write" && detail["tried"].as_str().unwrap().starts_with("PUT /api"))
        })
        .await;
    }

    async fn an_admin_of_one_device_group_reaches_nothing_beyond_it(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for device in ["web-1", "web-2", "db-1"] {
            FakeDevice::enroll(&server, &ann, device).await;
        }
        into_group(&ann, "web", "web-1").await;
        into_group(&ann, "web", "web-2").await;
        into_group(&ann, "db", "db-1").await;
        send(ann.request(Method::PUT, "/api/v1/secrets/token").json(&json!({"value": "a value"}))).await;
        let bob = member(&ann, "bob", "none").await;
        override_role(&ann, "group bob", "web", "admin").await;
        assert_eq!(names(&bob.get("/api/v1/devices").await, "name"), ["web-1", "web-2"]);
        assert_eq!(names(&bob.get("/api/v1/device-groups").await, "name"), ["web"]);
        assert_eq!(bob.get("/api/v1/devices/db-1").await.status, 404);
        let exec = |devices: Value| json!({"actions": [{"type": "COMMAND", "command": "id"}], "targets": {"devices": devices}});
        assert_eq!(bob.post("/api/v1/runs", exec(json!(["web-1"]))).await.status, 202);
        let beyond = bob.post("/api/v1/runs", exec(json!(["web-1", "db-1"]))).await;
        assert_eq!((beyond.status, &beyond.body["errors"][0]["detail"]), (422, &json!("there is no device `db-1`")));
        let all = bob.post("/api/v1/runs", json!({"actions": [{"type": "COMMAND", "command": "id"}], "targets": {"groups": ["web"]}})).await;
        assert_eq!((all.status, all.body["executions"].as_array().unwrap().len()), (202, 2));
        assert_eq!(bob.post("/api/v1/runs", json!({"task": "x", "targets": {"groups": ["db"]}})).await.status, 422);

        // A command that is given a secret could tell it: that takes an admin of the whole organization.
        let action = json!({"type": "COMMAND", "command": "env", "environment": [{"key": "TOKEN", "secret": "token"}]});
        let leak = bob.post("/api/v1/runs", json!({"actions": [action], "targets": {"devices": ["web-1"]}})).await;
        assert_eq!((leak.status, leak.code()), (403, "not_allowed"), "{}", leak.text);
        let action = json!({"type": "COMMAND", "command": "env", "environment": [{"key": "TOKEN", "secret": "is-there-one"}]});
        let probe = bob.post("/api/v1/runs", json!({"actions": [action], "targets": {"devices": ["web-1"]}})).await;
        assert_eq!((probe.status, &probe.body["detail"]), (403, &leak.body["detail"]), "nor does it tell which secrets there are");
        assert_eq!(bob.get("/api/v1/secrets").await.status, 403);
        assert_eq!(bob.post("/api/v1/tasks", json!({"name": "x", "actions": []})).await.status, 403);
        assert_eq!(bob.post("/api/v1/enroll-tokens", json!({"uses": 1, "ttl": "1h", "groups": ["web"]})).await.status, 403);
        assert_eq!(put(&bob, "/api/v1/device-groups/web/devices/db-1", Value::Null).await.status, 403);
        assert_eq!(bob.post("/api/v1/devices/web-1/rekey", json!({})).await.status, 403, "new keys are for who may enrol");

        // Of a run on several devices one sees one's own part.
        let (run, _) = {
            let body = json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": {"devices": ["web-1", "db-1"]}});
            let run = ann.post("/api/v1/runs", body).await;
            (run.id().to_owned(), ())
        };
        let seen = bob.get(&format!("/api/v1/runs/{run}")).await;
        assert_eq!(seen.body["executions"].as_array().unwrap().len(), 1);
        assert_eq!(seen.body["counts"], json!({"queued": 1}));
        let listed = bob.get("/api/v1/runs").await;
        let counts: Vec<_> = listed.body["items"].as_array().unwrap().iter().map(|run| run["counts"]["queued"].clone()).collect();
        assert_eq!(counts, [1, 2, 1], "the run on both, on the group, on one");
        let group = bob.get(&format!("/api/v1/runs/{run}/groups")).await;
        assert_eq!(group.body["items"][0]["count"], 1);
        let cancel = bob.post(&format!("/api/v1/runs/{run}/cancel"), json!({})).await;
        assert_eq!(cancel.status, 403, "it would end what bob cannot see: {}", cancel.text);
        let only = ann.post("/api/v1/runs", exec(json!(["db-1"]))).await;
        assert_eq!(bob.get(&format!("/api/v1/runs/{}", only.id())).await.status, 404);
        let execution = only.body["executions"][0]["id"].as_str().unwrap();
        assert_eq!(bob.get(&format!("/api/v1/executions/{execution}")).await.status, 404);
    }

    async fn self_service_starts_what_is_marked_and_cancels_its_own(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        for (name, marked) in [("marked", true), ("plain", false)] {
            let task = json!({"name": name, "self_service": marked, "actions": [{"type": "COMMAND", "command": "true"}]});
            assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        }
        let bob = member(&ann, "bob", "self-service").await;
        let eve = member(&ann, "eve", "read-only").await;
        let start = |task: &str| json!({"task": task, "targets": {"devices": ["web-1"]}});
        let run = bob.post("/api/v1/runs", start("marked")).await;
        assert_eq!(run.status, 202, "{}", run.text);
        let refused = bob.post("/api/v1/runs", start("plain")).await;
        assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
        let detail = "`runs.start` needs admin on web-1; the group `group bob` gives self-service.";
        assert_eq!(refused.body["detail"], detail);
        let exec = json!({"actions": [{"type": "COMMAND", "command": "id"}], "targets": {"devices": ["web-1"]}});
        assert_eq!(bob.post("/api/v1/runs", exec).await.status, 403);
        assert_eq!(eve.post("/api/v1/runs", start("marked")).await.status, 403);
        let hers = ann.post("/api/v1/runs", start("marked")).await;
        assert_eq!(bob.post(&format!("/api/v1/runs/{}/cancel", hers.id()), json!({})).await.status, 403, "another one's");
        assert_eq!(eve.post(&format!("/api/v1/runs/{}/cancel", run.id()), json!({})).await.status, 403);
        assert_eq!(bob.post(&format!("/api/v1/runs/{}/cancel", run.id()), json!({})).await.status, 202, "one's own");
        let edit = bob.request(Method::PUT, "/api/v1/tasks/marked").header("if-match", "*");
        let edit = send(edit.json(&json!({"name": "marked", "actions": [{"type": "COMMAND", "command": "id"}]}))).await;
        assert_eq!(edit.status, 403, "who may run may not edit");
    }

    async fn the_last_super_user_stays_one_also_when_two_remove_each_other(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let ann_id = ann.get("/api/v1/me").await.body["user"]["id"].as_str().unwrap().to_owned();
        for refused in [
            ann.delete(&format!("/api/v1/users/{ann_id}")).await,
            ann.patch(&format!("/api/v1/users/{ann_id}"), json!({"disabled": true})).await,
            ann.patch(&format!("/api/v1/users/{ann_id}"), json!({"super": false})).await,
            ann.delete(&format!("/api/v1/groups/super/members/{ann_id}")).await,
        ] {
            assert_eq!((refused.status, refused.code()), (409, "last_super"), "{}", refused.text);
        }
        ann.post("/api/v1/users", json!({"username": "invited", "super": true})).await;
        let refused = ann.patch(&format!("/api/v1/users/{ann_id}"), json!({"super": false})).await;
        assert_eq!(refused.code(), "last_super", "one who has no password yet cannot help");
        for round in 0..8 {
            let bob = ann.add_user(&format!("bob-{round}"), json!({"super": true})).await;
            let cid = ann.add_user(&format!("cid-{round}"), json!({"super": true})).await;
            let (by_bob, by_cid) = (bob.sign_in().await, cid.sign_in().await);
            // Only the two are left; then each takes the other out at the same time.
            for other in names(&ann.get("/api/v1/groups/super/members?limit=200").await, "id") {
                if ![&bob.id, &cid.id].contains(&&other) {
                    assert_eq!(by_bob.delete(&format!("/api/v1/groups/super/members/{other}")).await.status, 204);
                }
            }
            let (one, two) = (format!("/api/v1/groups/super/members/{}", cid.id), format!("/api/v1/users/{}", bob.id));
            let (first, second) = tokio::join!(by_bob.delete(&one), by_cid.patch(&two, json!({"disabled": true})));
            let left: Vec<&Person> = [(&first, &by_cid), (&second, &by_bob)]
                .into_iter()
                .filter_map(|(answer, person)| (answer.status >= 400).then_some(person))
                .collect();
            assert_eq!(left.len(), 1, "one of them won: {} {}", first.text, second.text);
            let members = left[0].get("/api/v1/groups/super/members").await;
            assert_eq!(members.status, 200, "and still is a super user: {}", members.text);
            assert_eq!(put(left[0], &format!("/api/v1/groups/super/members/{ann_id}"), Value::Null).await.status, 204);
        }
    }

    async fn a_super_user_does_not_take_the_place_of_an_operator(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let bob = ann.add_user("bob", json!({"super": true})).await.sign_in().await;
        for refused in [
            bob.post("/api/v1/users/ann/invitations", json!({})).await,
            bob.patch("/api/v1/users/ann", json!({"disabled": true})).await,
            bob.patch("/api/v1/users/ann", json!({"username": "former"})).await,
            bob.patch("/api/v1/users/ann", json!({"super": false})).await,
            bob.delete("/api/v1/users/ann").await,
        ] {
            assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{}", refused.text);
        }
        assert_eq!(bob.patch("/api/v1/users/ann", json!({"name": "Ann A."})).await.status, 200);
        let passed_on = ann.post("/api/v1/users", json!({"username": "cid", "operator": true})).await;
        assert_eq!((passed_on.status, passed_on.code()), (422, "invalid"), "operators are made on the host");
    }

    async fn a_change_of_rights_bites_at_once_also_on_open_streams(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        into_group(&ann, "web", "web-1").await;
        let bob = member(&ann, "bob", "admin").await;
        let bob_id = bob.get("/api/v1/me").await.body["user"]["id"].as_str().unwrap().to_owned();
        let (_, execution) = bob.exec("web-1", &["true"]).await;
        let mut events = bob.stream("/api/v1/events").await;
        let mut output = bob.stream(&format!("/api/v1/executions/{execution}/output")).await;
        assert!(output.next_event().await.unwrap().contains("event: execution"));
        override_role(&ann, "group bob", "web", "none").await;
        assert_eq!(bob.get("/api/v1/devices/web-1").await.status, 404, "the very next request");
        assert_eq!(output.next_event().await, None, "the stream of an output that is not his any more ends");
        // What happens to the device now is not told; what happens to himself is.
        ann.patch("/api/v1/devices/web-1", json!({"labels": {"secret": "news"}})).await;
        ann.patch(&format!("/api/v1/users/{bob_id}"), json!({"name": "Bob"})).await;
        // What happened before, and was hidden by an open transaction when the stream began, may come first.
        loop {
            let told = events.next_event().await.unwrap();
            assert!(!told.contains("device.changed"), "{told}");
            if told.contains("event: user.changed") {
                break;
            }
        }
        let patched = ann.patch(&format!("/api/v1/users/{bob_id}"), json!({"disabled": true})).await;
        assert_eq!(patched.status, 200);
        while let Some(event) = events.next_event().await {
            assert!(!event.contains("device.changed"), "{event}");
        }
    }

    async fn every_refusal_can_be_explained(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        into_group(&ann, "production", "web-1").await;
        let bob = member(&ann, "bob", "admin").await;
        ann.post("/api/v1/groups", json!({"name": "Support", "role": "none"})).await;
        assert_eq!(put(&ann, "/api/v1/groups/Support/members/bob", Value::Null).await.status, 204);
        override_role(&ann, "group bob", "production", "none").await;
        override_role(&ann, "Support", "production", "read-only").await;
        let exec = json!({"actions": [{"type": "COMMAND", "command": "id"}], "targets": {"devices": ["web-1"]}});
        let refused = bob.post("/api/v1/runs", exec).await;
        let detail = "`runs.exec` needs admin on web-1; the group `Support` gives read-only there, by an override.";
        assert_eq!((refused.status, refused.body["detail"].as_str().unwrap()), (403, detail));
        let why = bob.get("/api/v1/access/explain?verb=runs.exec&device=web-1").await;
        assert_eq!(why.body["allowed"], false);
        assert_eq!((&why.body["needs"], &why.body["has"]), (&json!("admin"), &json!("read-only")));
        assert_eq!(why.body["reason"], json!({"code": "override", "detail": detail}));
        let grants = why.body["grants"].as_array().unwrap();
        assert_eq!((&grants[0]["group"]["name"], &grants[0]["counts"], &grants[0]["overridden"]), (&json!("Support"), &json!(true), &json!(true)));
        assert_eq!((&grants[1]["group"]["name"], &grants[1]["role"]), (&json!("group bob"), &json!("none")));
        assert_eq!(grants[0]["device_group"]["name"], "production");
        assert_eq!(ann.get("/api/v1/access/explain?verb=runs.exec&device=web-1&user=bob").await.body, why.body, "as a super user sees it of him");
        assert_eq!(bob.get("/api/v1/access/explain?verb=runs.exec&user=ann").await.status, 403);
        assert_eq!(bob.get("/api/v1/access/explain?verb=tasks.write").await.body["allowed"], true);
        let super_why = ann.get("/api/v1/access/explain?verb=runs.exec&device=web-1").await;
        assert_eq!((&super_why.body["allowed"], &super_why.body["has"]), (&json!(true), &json!("super")));
        let unknown = bob.get("/api/v1/access/explain?verb=everything").await;
        assert_eq!((unknown.status, unknown.code()), (400, "malformed_body"));
        let scoped = bob.post("/api/v1/keys", json!({"name": "reader", "scopes": ["devices.read"]})).await;
        let scoped = server.with_key(scoped.body["key"].as_str().unwrap());
        let why = scoped.get("/api/v1/access/explain?verb=tasks.write").await;
        assert_eq!((&why.body["allowed"], &why.body["reason"]["code"]), (&json!(false), &json!("key_scope")));
        let user = ann.get("/api/v1/users/bob").await.id().to_owned();
        ann.patch(&format!("/api/v1/users/{user}"), json!({"disabled": true})).await;
        let why = ann.get("/api/v1/access/explain?verb=me.read&user=bob").await;
        assert_eq!((&why.body["allowed"], &why.body["reason"]["code"]), (&json!(false), &json!("disabled")));
    }

    async fn device_groups_are_kept_and_shown_with_their_devices(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let device = FakeDevice::enroll(&server, &ann, "web-1").await;
        FakeDevice::enroll(&server, &ann, "web-2").await;
        for group in ["eu", "web"] {
            into_group(&ann, group, "web-1").await;
        }
        into_group(&ann, "web", "web-1").await;
        assert_eq!(ann.get("/api/v1/devices/web-1").await.body["groups"], json!(["eu", "web"]));
        let listed = ann.get("/api/v1/devices").await;
        assert_eq!((&listed.body["items"][0]["groups"], &listed.body["items"][1]["groups"]), (&json!(["eu", "web"]), &json!([])));
        let groups = ann.get("/api/v1/device-groups").await;
        assert_eq!((names(&groups, "name"), &groups.body["items"][1]["devices"]), (vec!["eu".to_owned(), "web".to_owned()], &json!(1)));
        assert_eq!(names(&ann.get("/api/v1/device-groups/web/devices").await, "name"), ["web-1"]);
        assert_eq!(ann.patch("/api/v1/device-groups/web", json!({"name": "eu"})).await.code(), "name_taken");
        assert_eq!(ann.patch("/api/v1/device-groups/web", json!({"name": "www", "description": "Fronts"})).await.body["name"], "www");
        assert_eq!(ann.post("/api/v1/device-groups", json!({"name": "with space"})).await.code(), "invalid");
        assert_eq!(ann.delete(&format!("/api/v1/device-groups/www/devices/{}", device.id)).await.status, 204);
        assert_eq!(ann.delete(&format!("/api/v1/device-groups/www/devices/{}", device.id)).await.status, 404);
        assert_eq!(ann.delete("/api/v1/device-groups/eu").await.status, 204);
        assert_eq!(ann.get("/api/v1/devices/web-1").await.body["groups"], json!([]));

        let token = ann.post("/api/v1/enroll-tokens", json!({"uses": 1, "ttl": "1h", "groups": ["www"]})).await;
        FakeDevice::enroll_with(&server, token.body["token"].as_str().unwrap(), "web-3").await.unwrap();
        assert_eq!(ann.get("/api/v1/devices/web-3").await.body["groups"], json!(["www"]));
    }

    async fn removing_a_device_group_takes_its_overrides_with_it(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        into_group(&ann, "web", "web-1").await;
        let bob = member(&ann, "bob", "none").await;
        override_role(&ann, "group bob", "web", "admin").await;
        assert_eq!(bob.get("/api/v1/devices/web-1").await.body["role"], "admin");
        assert_eq!(ann.delete("/api/v1/device-groups/web").await.status, 204);
        assert_eq!(bob.get("/api/v1/devices/web-1").await.status, 403);
        assert_eq!(ann.get("/api/v1/groups/group bob").await.body["overrides"], json!([]));
        assert_eq!(ann.delete("/api/v1/groups/group bob").await.status, 204);
        assert_eq!(bob.get("/api/v1/me").await.body["role"], "none");
    }
}
