//! Which schedules and slots a list shows.

use std::time::Duration;

use serde_json::{Value, json};
use taskey_testkit::server::Person;
use taskey_testkit::{FakeDevice, TestServer, on_both, wait_for};

async fn make_task(person: &Person) {
    let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
    assert_eq!(person.post("/api/v1/tasks", task).await.status, 201);
}

async fn make_schedule(person: &Person, name: &str, devices: &[&str], more: Value) {
    let mut spec = json!({"name": name, "task": "hello", "targets": {"devices": devices}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = person.post("/api/v1/schedules", spec).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

fn all(list: &Value, field: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

on_both! {
    async fn a_device_lists_the_schedules_that_it_is_to_keep(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let one = FakeDevice::enroll(&server, &ann, "web-1").await;
        let other = FakeDevice::enroll(&server, &ann, "web-2").await;
        make_task(&ann).await;
        make_schedule(&ann, "both", &["web-1", "web-2"], json!({"every": "1h"})).await;
        make_schedule(&ann, "first", &["web-1"], json!({"every": "1h"})).await;
        let of = async |device: &FakeDevice| ann.get(&format!("/api/v1/schedules?device={}", device.id)).await;
        assert_eq!(all(&of(&one).await.body, "name"), ["both", "first"]);
        assert_eq!(all(&of(&other).await.body, "name"), ["both"]);
        // Who may see only one of the devices does not learn by the filter what the other is for.
        let group = json!({"name": "lab"});
        assert_eq!(ann.post("/api/v1/device-groups", group).await.status, 201);
        let put = |path: String| taskey_testkit::server::send(ann.request(reqwest::Method::PUT, &path));
        assert_eq!(put(format!("/api/v1/device-groups/lab/devices/{}", other.id)).await.status, 204);
        assert_eq!(ann.post("/api/v1/groups", json!({"name": "guests", "role": "none"})).await.status, 201);
        let role = ann.request(reqwest::Method::PUT, "/api/v1/groups/guests/overrides/device-groups/lab").json(&json!({"role": "read-only"}));
        assert!(taskey_testkit::server::send(role).await.status < 300);
        let bob = ann.add_user("bob", json!({"groups": ["guests"]})).await.sign_in().await;
        assert_eq!(all(&bob.get("/api/v1/schedules").await.body, "name"), ["both"]);
        assert_eq!(all(&bob.get(&format!("/api/v1/schedules?device={}", one.id)).await.body, "name"), Vec::<String>::new());
    }

    async fn who_is_admin_of_some_devices_keeps_sight_of_what_is_paused_there_or_fired_by_the_server(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let one = FakeDevice::enroll(&server, &ann, "web-1").await;
        FakeDevice::enroll(&server, &ann, "web-2").await;
        make_task(&ann).await;
        let send = taskey_testkit::server::send;
        assert_eq!(ann.post("/api/v1/device-groups", json!({"name": "shop"})).await.status, 201);
        let joins = ann.request(reqwest::Method::PUT, &format!("/api/v1/device-groups/shop/devices/{}", one.id));
        assert_eq!(send(joins).await.status, 204);
        assert_eq!(ann.post("/api/v1/groups", json!({"name": "ops", "role": "none"})).await.status, 201);
        let role = ann.request(reqwest::Method::PUT, "/api/v1/groups/ops/overrides/device-groups/shop").json(&json!({"role": "admin"}));
        assert!(send(role).await.status < 300);
        let bob = ann.add_user("bob", json!({"groups": ["ops"]})).await.sign_in().await;

        make_schedule(&bob, "nightly", &["web-1"], json!({"cron": "30 2 * * *"})).await;
        make_schedule(&bob, "central", &["web-1"], json!({"cron": "30 2 * * *", "where": "server"})).await;
        make_schedule(&ann, "theirs", &["web-2"], json!({"cron": "30 2 * * *", "where": "server"})).await;
        assert_eq!(all(&bob.get("/api/v1/schedules").await.body, "name"), ["central", "nightly"]);
        for name in ["central", "nightly"] {
            let paused = bob.post(&format!("/api/v1/schedules/{name}/pause"), json!({"reason": "moving"})).await;
            assert_eq!((paused.status, &paused.body["device_count"]), (200, &json!(1)), "{}", paused.body);
            let held = bob.get(&format!("/api/v1/schedules/{name}/devices")).await.body;
            assert_eq!((&held["items"][0]["device"]["name"], &held["items"][0]["reason"]), (&json!("web-1"), &json!(null)), "{held}");
        }
        assert_eq!(all(&bob.get("/api/v1/schedules").await.body, "state"), ["paused", "paused"]);
        assert_eq!(all(&bob.get(&format!("/api/v1/schedules?device={}", one.id)).await.body, "name"), ["central", "nightly"]);
        assert_eq!(bob.post("/api/v1/schedules/central/resume", json!({})).await.status, 200);
        // What leaves the group leaves their sight.
        assert!(ann.delete("/api/v1/device-groups/shop/devices/web-1").await.status < 300);
        assert_eq!(all(&bob.get("/api/v1/schedules").await.body, "name"), Vec::<String>::new());
        // A device that was removed is counted no more.
        assert!(ann.delete("/api/v1/devices/web-1").await.status < 300);
        wait_for(async || ann.get("/api/v1/schedules/nightly").await.body["device_count"] == 0).await;
    }

    async fn slots_are_listed_by_what_became_of_them(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        make_task(&ann).await;
        make_schedule(&ann, "often", &["web-1"], json!({"every": "1m", "where": "server"})).await;
        // The second slot finds the run of the first one waiting for its device.
        wait_for(async || {
            server.clock.advance(Duration::from_secs(5));
            all(&ann.get("/api/v1/schedules/often/slots").await.body, "state").len() >= 2
        })
        .await;
        let of = async |state: &str| ann.get(&format!("/api/v1/schedules/often/slots?state={state}")).await;
        assert_eq!(all(&of("fired").await.body, "state"), ["fired"]);
        assert_eq!(all(&of("missed").await.body, "state"), Vec::<String>::new());
        assert!(all(&of("skipped").await.body, "state").iter().all(|state| state == "skipped"));
        assert_ne!(all(&of("skipped").await.body, "state"), Vec::<String>::new());
        assert_ne!(of("lost").await.status, 200);
    }

    async fn slots_to_come_are_listed_soonest_first_and_page_by_page(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        make_task(&ann).await;
        let more = json!({"cron": "30 2 * * *", "timezone": "Europe/Berlin", "starts_at": "2027-03-27T00:00:00Z"});
        make_schedule(&ann, "nightly", &["web-1"], more).await;
        let first = ann.get("/api/v1/schedules/nightly/upcoming?limit=2").await;
        assert_eq!(all(&first.body, "at"), ["2027-03-27T01:30:00.000Z", "2027-03-28T01:00:00.000Z"]);
        assert_eq!(all(&first.body, "dst"), ["", "gap"]);
        let next = first.body["next"].as_str().unwrap();
        let second = ann.get(&format!("/api/v1/schedules/nightly/upcoming?limit=1&cursor={next}")).await;
        assert_eq!(all(&second.body, "at"), ["2027-03-29T00:30:00.000Z"]);
        assert_eq!(ann.post("/api/v1/schedules/nightly/pause", json!({})).await.status, 200);
        assert_eq!(all(&ann.get("/api/v1/schedules/nightly/upcoming").await.body, "at"), Vec::<String>::new());
    }
}
