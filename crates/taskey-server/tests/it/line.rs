//! The MQTT line: who gets in, what is refused, presence.

use std::time::Duration;

use serde_json::json;
use taskey_proto::line::{Down, cmd_topic, evt_topic};
use taskey_testkit::device::FakeLine;
use taskey_testkit::server::Person;
use taskey_testkit::{Engine, FakeDevice, TestServer, on_both};

async fn audit_count(server: &TestServer, action: &str) -> usize {
    let rows = server.server().app().db.rows("SELECT action FROM audit", vec![]).await.unwrap();
    rows.iter().filter(|row| row.get::<String>("action").unwrap() == action).count()
}

async fn presence(person: &Person, device: &FakeDevice) -> String {
    person.get(&format!("/api/v1/devices/{}", device.id)).await.body["presence"].as_str().unwrap().to_owned()
}

/// Waits until the device's presence is as expected, woken by what the server announces.
/// Moves the clock on, step by step, until the device is offline: whoever sleeps on the clock may only just have begun.
async fn pass_until_offline(server: &TestServer, person: &Person, device: &FakeDevice) {
    while presence(person, device).await == "online" {
        server.clock.advance(Duration::from_secs(5));
    }
}

on_both! {
    async fn a_device_is_let_in_only_as_itself_with_a_credential_of_its_own(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut other = FakeDevice::enroll(&server, &ann, "web-2").await;
        let (id, other_id) = (device.id.to_string(), other.id.to_string());
        let (good, foreign) = (device.credential(&server).await, other.credential(&server).await);
        let address = server.mqtt_address();
        for (client, user, password) in [
            (id.as_str(), id.as_str(), ""),
            (&id, &id, "nonsense"),
            (&id, &id, foreign.as_str()),
            (&other_id, &other_id, good.as_str()),
            (&other_id, &id, good.as_str()),
            ("nobody", "", good.as_str()),
            (&id, "ann", ann.key.as_deref().unwrap()),
        ] {
            let refused = FakeLine::open(address, client, user, password).await;
            assert!(refused.err().unwrap().to_string().contains("BadUserNameOrPassword"), "{client} {user}");
        }
        let nameless = FakeLine::open(address, "", "", &good).await.err().unwrap().to_string();
        assert!(nameless.contains("ClientIdentifierNotValid"), "{nameless}");
        assert!(FakeLine::open(address, &id, &id, &good).await.is_ok());
        server.clock.advance(Duration::from_millis(3_600_001));
        assert!(FakeLine::open(address, &id, &id, &good).await.is_err(), "a credential is good for an hour");
    }

    async fn what_is_not_its_own_topic_is_refused_closed_and_audited(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let other = FakeDevice::enroll(&server, &ann, "web-2").await;
        let topics = [cmd_topic(other.id), "#".to_owned(), "taskey/v1/dev/+/cmd".to_owned(), "$SYS/#".to_owned(), evt_topic(device.id)];
        for (number, topic) in topics.iter().enumerate() {
            let mut line = device.connect(&server).await;
            assert_eq!(line.subscribe(topic).await.unwrap(), 0x87, "{topic}");
            assert!(line.closed().await);
            assert_eq!(audit_count(&server, "device.trespassed").await, number + 1);
        }
        let topics = [cmd_topic(device.id), cmd_topic(other.id), evt_topic(other.id), "anything".to_owned()];
        for topic in &topics {
            let mut line = device.connect(&server).await;
            let id = line.publish(topic, b"{}").await.unwrap();
            assert_eq!(line.acknowledged(id).await.unwrap(), 0x87, "{topic}");
            assert!(line.closed().await);
        }
        assert_eq!(audit_count(&server, "device.trespassed").await, 9);
    }

    async fn a_removed_device_is_cut_and_cannot_come_back(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let credential = device.credential(&server).await;
        let mut line = device.connect(&server).await;
        assert_eq!(ann.delete(&format!("/api/v1/devices/{}", device.id)).await.status, 204);
        assert!(line.closed().await);
        let id = device.id.to_string();
        assert!(FakeLine::open(server.mqtt_address(), &id, &id, &credential).await.is_err());
        let fresh = device.credential(&server).await;
        assert!(FakeLine::open(server.mqtt_address(), &id, &id, &fresh).await.is_err());
    }

    async fn presence_follows_the_newest_line_and_forgives_ten_seconds(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        assert_eq!(presence(&ann, &device).await, "offline");
        let mut first = device.connect(&server).await;
        assert_eq!(presence(&ann, &device).await, "online");
        let since = ann.get("/api/v1/devices/web-1").await.body["since"].clone();
        server.clock.advance(Duration::from_secs(60));
        let second = device.connect(&server).await;
        assert!(first.closed().await, "a newer line takes over");
        server.clock.advance(Duration::from_secs(60));
        assert_eq!(presence(&ann, &device).await, "online", "the end of the older line says nothing");
        assert_eq!(ann.get("/api/v1/devices/web-1").await.body["since"], since);
        drop(second);
        // The server sees the end of the line in its own time; from then on ten seconds are forgiven.
        let mut waker = server.server().app().db.hub().subscribe("none");
        while server.server().app().lines.count() > 0 {
            waker.woken().await;
        }
        assert_eq!(presence(&ann, &device).await, "online");
        pass_until_offline(&server, &ann, &device).await;
        device.connect(&server).await;
        assert_eq!(presence(&ann, &device).await, "online");
    }

    async fn a_restart_of_the_server_changes_no_presence_but_of_devices_that_stay_away(engine: Engine) {
        let mut server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut back = FakeDevice::enroll(&server, &ann, "back").await;
        let mut gone = FakeDevice::enroll(&server, &ann, "gone").await;
        let (line, other) = (back.connect(&server).await, gone.connect(&server).await);
        let since = ann.get("/api/v1/devices/back").await.body["since"].clone();
        server.restart().await;
        drop((line, other));
        let ann = server.with_key(ann.key.as_deref().unwrap());
        let _line = back.connect(&server).await;
        pass_until_offline(&server, &ann, &gone).await;
        let show = ann.get("/api/v1/devices/back").await;
        assert_eq!((show.body["presence"].as_str(), &show.body["since"]), (Some("online"), &since));
        let events = server.server().app().db.rows("SELECT name, subject FROM event", vec![]).await.unwrap();
        let of_back = events.iter().filter(|row| row.get::<String>("subject").unwrap() == back.id.to_string());
        let names: Vec<String> = of_back.map(|row| row.get("name").unwrap()).collect();
        // To another node, a server that starts anew is one more node.
        let told: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != "device.moved").collect();
        assert_eq!(told, ["device.enrolled", "device.online", "device.changed"]);
    }

    async fn a_copy_of_a_devices_state_puts_it_into_quarantine_until_it_has_new_keys(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = device.connect(&server).await;
        server.clock.advance(Duration::from_secs(1));
        let nonce = device.nonce(&server).await;
        let copied = device.credential_with(&nonce, device.counter);
        let id = device.id.to_string();
        let open = async |credential: &str| FakeLine::open(server.mqtt_address(), &id, &id, credential).await.is_ok();
        assert!(!open(&copied).await);
        assert!(line.closed().await, "nobody can tell which is the device");
        assert_eq!(audit_count(&server, "device.quarantined").await, 1);
        let shown = ann.get("/api/v1/devices/web-1").await;
        assert_eq!(shown.body["quarantine"]["reason"]["code"], "cloned");
        let next = device.credential(&server).await;
        assert!(!open(&next).await && !open(&copied).await);
        assert_eq!(server.with_key(&next).get("/agent/v1/orders/exe_00000000000000000000000000").await.status, 401);
        assert_eq!(audit_count(&server, "device.quarantined").await, 1);

        // To let devices in is less than to become one.
        let narrow = ann.post("/api/v1/keys", json!({"name": "enrols", "scopes": ["devices.read", "devices.enroll"]})).await;
        let narrow = server.with_key(narrow.body["key"].as_str().unwrap());
        assert_eq!(narrow.post("/api/v1/devices/web-1/rekey", json!({})).await.status, 403);
        let made = ann.post("/api/v1/devices/web-1/rekey", json!({})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let token = made.body["token"].as_str().unwrap();
        assert!(made.body["command"].as_str().unwrap().contains("enroll --rekey"));
        let mut renewed = FakeDevice::rekey(&server, token, Some(device.id)).await.unwrap();
        assert_eq!(renewed.id, device.id);
        assert!(!open(&device.credential(&server).await).await, "the old keys open nothing any more");
        let _line = renewed.connect(&server).await;
        let shown = ann.get("/api/v1/devices/web-1").await;
        assert_eq!((&shown.body["quarantine"], &shown.body["presence"]), (&json!(null), &json!("online")));
        assert_eq!(audit_count(&server, "device.rekeyed").await, 1);
        assert!(FakeDevice::rekey(&server, token, Some(device.id)).await.is_err(), "a token is good once");
        let fresh = ann.enroll_token().await;
        assert!(FakeDevice::rekey(&server, &fresh, Some(device.id)).await.is_err(), "a token for new devices gives no keys");
    }

    async fn a_line_that_flaps_and_a_clock_that_is_set_back_are_no_copies(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let early = device.nonce(&server).await;
        server.clock.advance(Duration::from_secs(60));
        for _ in 0..20 {
            drop(device.connect(&server).await);
        }
        // A nonce of before: as if the server's clock had been set back between the two.
        device.counter += 1;
        let credential = device.credential_with(&early, device.counter);
        let id = device.id.to_string();
        FakeLine::open(server.mqtt_address(), &id, &id, &credential).await.unwrap();
        let _line = device.connect(&server).await;
        assert_eq!(ann.get("/api/v1/devices/web-1").await.body["quarantine"], json!(null));
    }

    async fn what_can_never_be_taken_in_is_kept_as_a_rejection_and_acknowledged(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut other = FakeDevice::enroll(&server, &ann, "web-2").await;
        let _other = other.connect(&server).await;
        let (_, foreign) = ann.exec("web-2", &["true"]).await;
        let mut line = device.connect(&server).await;
        let finished = json!({"type": "finished", "execution": foreign, "state": "succeeded", "reason": null, "started_at": null,
            "finished_at": "2026-01-01T00:00:00.000Z", "isolation": null, "actions": [], "chunks": []});
        for payload in ["not json", "{\"type\": \"dance\"}", &finished.to_string()] {
            let id = line.publish(&evt_topic(device.id), payload.as_bytes()).await.unwrap();
            assert_eq!(line.acknowledged(id).await.unwrap(), 0);
        }
        let rejected = server.server().app().db.rows("SELECT detail FROM rejected_message", vec![]).await.unwrap();
        assert_eq!(rejected.len(), 3);
        let execution = ann.get(&format!("/api/v1/executions/{foreign}")).await;
        assert_eq!(execution.body["state"], "dispatched");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_ends_is_cut_on_every_other() {
    let server = TestServer::start(Engine::Postgres).await;
    let other = server.start_beside().await;
    let ann = server.set_up().await;
    let mut gone = FakeDevice::enroll(&server, &ann, "gone").await;
    let mut line = gone.connect(&other).await;
    ann.delete("/api/v1/devices/gone").await;
    assert!(line.closed().await);

    let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
    let mut line = device.connect(&other).await;
    server.clock.advance(Duration::from_secs(1));
    let nonce = device.nonce(&server).await;
    let copied = device.credential_with(&nonce, device.counter);
    let id = device.id.to_string();
    assert!(FakeLine::open(server.mqtt_address(), &id, &id, &copied).await.is_err());
    assert!(line.closed().await);
}

#[tokio::test]
async fn a_line_on_another_node_takes_over_and_stays() {
    let server = TestServer::start(Engine::Postgres).await;
    let other = server.start_beside().await;
    let ann = server.set_up().await;
    let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
    let mut older = device.connect(&other).await;
    let mut newer = device.connect(&server).await;
    assert!(older.closed().await);
    let (_, execution) = ann.exec("web-1", &["true"]).await;
    let Down::Execute(order) = newer.down().await.unwrap() else { panic!("no order") };
    assert_eq!(order.execution.to_string(), execution);
}
