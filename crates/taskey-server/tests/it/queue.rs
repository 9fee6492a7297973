//! Devices that are away: what waits for them, what becomes of it, and how it is thrown away.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use taskey_proto::access::Role;
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{ActionReport, Down, Finished, Up};
use taskey_proto::runs::{State, Truncated};
use taskey_testkit::device::FakeLine;
use taskey_testkit::server::{Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both, wait_for};

async fn start(person: &Person, devices: &[&str], more: Value) -> Value {
    let mut body = json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": {"devices": devices}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = person.post("/api/v1/runs", body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body
}

/// Starts runs on one device that is away; their executions, in their order.
async fn queue(person: &Person, device: &str, count: usize) -> Vec<String> {
    let mut executions = Vec::new();
    for _ in 0..count {
        executions.push(execution_of(&start(person, &[device], json!({})).await));
    }
    executions
}

fn execution_of(run: &Value) -> String {
    run["executions"][0]["id"].as_str().unwrap().to_owned()
}

async fn sent(line: &mut FakeLine) -> ExecutionId {
    match line.down().await.unwrap() {
        Down::Execute(order) => order.execution,
        other => panic!("not an order: {other:?}"),
    }
}

/// The next order that has not come before: what a first sync does not hold is sent once more.
async fn sent_new(line: &mut FakeLine, before: &mut BTreeSet<ExecutionId>) -> ExecutionId {
    loop {
        let execution = sent(line).await;
        if before.insert(execution) {
            return execution;
        }
    }
}

fn finished(server: &TestServer, execution: ExecutionId) -> Up {
    let at = server.clock.now();
    let action = ActionReport {
        kind: "COMMAND".to_owned(),
        state: State::Succeeded,
        code: Some(0),
        reason: None,
        started_at: Some(at),
        finished_at: Some(at),
        truncated: Truncated::default(),
    };
    Up::Finished(Box::new(Finished {
        execution,
        state: State::Succeeded,
        reason: None,
        started_at: Some(at),
        finished_at: at,
        isolation: None,
        actions: vec![action],
        chunks: vec![],
        slot: None,
    }))
}

async fn state_of(person: &Person, execution: &str) -> (String, String) {
    let found = person.get(&format!("/api/v1/executions/{execution}")).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&found.body["state"]), text(&found.body["reason"]["code"]))
}

async fn explained(person: &Person, execution: &str) -> Value {
    let answer = person.get(&format!("/api/v1/executions/{execution}/explain")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Lets the time pass after which a device without a line is offline.
async fn is_away(server: &TestServer, person: &Person, device: &str) {
    wait_for(async || {
        server.clock.advance(Duration::from_secs(1));
        person.get(&format!("/api/v1/devices/{device}")).await.body["presence"] == "offline"
    })
    .await;
}

fn is(state: &str, code: &str) -> (String, String) {
    (state.to_owned(), code.to_owned())
}

on_both! {
    async fn what_waits_for_a_device_is_seen_in_the_order_in_which_it_is_sent(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        assert_eq!(ann.get("/api/v1/devices/web-1/queue").await.body, json!({"items": [], "next": null}));
        let waiting = queue(&ann, "web-1", 3).await;
        let seen = ann.get("/api/v1/devices/web-1/queue").await;
        let items = seen.body["items"].as_array().unwrap();
        let ids: Vec<_> = items.iter().map(|item| item["execution"].as_str().unwrap()).collect();
        assert_eq!(ids, waiting);
        assert_eq!(items.iter().map(|item| item["position"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
        let first = &items[0];
        assert_eq!((&first["task"]["name"], &first["cause"]["by"]), (&json!("exec true"), &json!("ann (test)")));
        assert_eq!(first["reason"]["code"], "offline");
        let day = Duration::from_secs(86_400).as_millis() as i64;
        assert_eq!(first["expires_at"], json!(server.clock.now().plus_ms(day)));
        assert_eq!(first["since"], json!(server.clock.now()));

        let page = ann.get("/api/v1/devices/web-1/queue?limit=2").await;
        let rest = ann.get(&format!("/api/v1/devices/web-1/queue?cursor={}", page.body["next"].as_str().unwrap())).await;
        assert_eq!((rest.body["items"][0]["position"].as_u64(), rest.body["items"].as_array().unwrap().len()), (Some(3), 1));

        let mut line = device.connect(&server).await;
        for execution in &waiting {
            assert_eq!(sent(&mut line).await.to_string(), *execution);
        }
        assert_eq!(ann.get("/api/v1/devices/web-1/queue").await.body["items"], json!([]));
    }

    async fn a_long_queue_comes_to_its_end_by_the_reports_of_what_was_sent(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let waiting = queue(&ann, "web-1", 130).await;
        let mut line = device.connect(&server).await;
        let mut before = BTreeSet::new();
        for (index, execution) in waiting.iter().enumerate() {
            let id = sent_new(&mut line, &mut before).await;
            assert_eq!(id.to_string(), *execution, "{index}");
            line.report(device.id, &finished(&server, id)).await;
        }
        assert_eq!(state_of(&ann, &waiting[129]).await, is("succeeded", ""));
        assert_eq!(ann.get("/api/v1/devices/web-1").await.body["queued"], 0);
    }

    async fn what_has_expired_is_never_sent_however_late_its_device_comes(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let brief = execution_of(&start(&ann, &["web-1"], json!({"expires_in": "1h"})).await);
        let kept = execution_of(&start(&ann, &["web-1"], json!({"expires_in": "3h"})).await);
        server.clock.advance(Duration::from_secs(3_600));
        wait_for(async || state_of(&ann, &brief).await.0 == "expired").await;
        assert_eq!(state_of(&ann, &brief).await, is("expired", "offline"));
        let mut line = device.connect(&server).await;
        let first = sent(&mut line).await;
        assert_eq!(first.to_string(), kept, "the one that still waits, and no other");
        line.report(device.id, &finished(&server, first)).await;
        // Whatever was sent before comes before this one.
        let (_, last) = ann.exec("web-1", &["true"]).await;
        let next = sent_new(&mut line, &mut BTreeSet::from([first])).await;
        assert_eq!(next.to_string(), last);
        assert_eq!(state_of(&ann, &brief).await.0, "expired");
        let told = explained(&ann, &brief).await;
        let codes: Vec<_> = told["steps"].as_array().unwrap().iter().map(|step| step["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["asked", "resolved", "queued", "expired"]);
        assert!(told["answer"].as_str().unwrap().starts_with("It never ran on web-1: it waited until it expired."));
    }

    async fn whoever_enrols_under_the_name_of_a_removed_device_inherits_nothing(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
        assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        let mut old = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = old.connect(&server).await;
        let (_, on_its_way) = ann.exec("web-1", &["true"]).await;
        sent(&mut line).await;
        drop(line);
        is_away(&server, &ann, "web-1").await;
        let waiting = queue(&ann, "web-1", 2).await;
        assert_eq!(ann.delete("/api/v1/devices/web-1").await.status, 204);

        let mut new = FakeDevice::enroll(&server, &ann, "web-1").await;
        assert_eq!((new.name.as_str(), new.id == old.id), ("web-1", false));
        let mut line = new.connect(&server).await;
        let own = ann.post("/api/v1/runs", json!({"task": "hello", "targets": {"devices": ["web-1"]}})).await;
        assert_eq!(sent(&mut line).await.to_string(), execution_of(&own.body), "its own, and nothing of its namesake");
        for execution in &waiting {
            wait_for(async || state_of(&ann, execution).await == is("cancelled", "device_removed")).await;
        }
        wait_for(async || state_of(&ann, &on_its_way).await == is("lost", "device_removed")).await;
        assert_eq!(ann.get("/api/v1/devices/web-1/queue").await.body["items"], json!([]));
        assert_eq!(ann.get(&format!("/api/v1/devices/{}/queue", old.id)).await.status, 404);
        assert!(!old.is_let_in(&server).await);
        // Neither by asking for it: an order is its own device's alone.
        let asks = server.with_key(&new.credential(&server).await);
        for execution in waiting.iter().chain([&on_its_way]) {
            assert_eq!(asks.get(&format!("/agent/v1/orders/{execution}")).await.status, 404);
        }
    }

    async fn a_purge_cancels_what_waits_and_says_who_did_it(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        FakeDevice::enroll(&server, &ann, "web-2").await;
        let both = start(&ann, &["web-1", "web-2"], json!({})).await;
        let waiting = queue(&ann, "web-1", 205).await;
        let purged = ann.delete("/api/v1/devices/web-1/queue").await;
        assert_eq!((purged.status, &purged.body), (200, &json!({"cancelled": 206})));
        assert_eq!(state_of(&ann, &waiting[204]).await, is("cancelled", "purged"));
        let told = explained(&ann, &waiting[0]).await;
        assert_eq!(told["steps"].as_array().unwrap().last().unwrap()["detail"], "Purged by ann (test) with everything else that waited for web-1.");
        let run = ann.get(&format!("/api/v1/runs/{}", both["id"].as_str().unwrap())).await;
        assert_eq!(run.body["counts"], json!({"cancelled": 1, "queued": 1}), "the other device keeps its part");
        assert_eq!(ann.delete("/api/v1/devices/web-1/queue").await.body, json!({"cancelled": 0}));

        wait_for(async || !audited(&ann, "queue.purged").await.is_empty()).await;
        let entries = audited(&ann, "queue.purged").await;
        let cancelled: u64 = entries.iter().map(|entry| entry["detail"]["cancelled"].as_u64().unwrap()).sum();
        assert_eq!((cancelled, &entries[0]["subject"], &entries[0]["detail"]["name"]), (206, &json!(device.id), &json!("web-1")));

        let later = queue(&ann, "web-1", 1).await;
        let mut line = device.connect(&server).await;
        assert_eq!(sent(&mut line).await.to_string(), later[0], "nothing that was purged comes");
    }

    async fn a_purge_while_the_device_connects_leaves_each_execution_one_fate(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let (mut ran, mut purged) = (0, 0);
        for round in 0..8 {
            let waiting = queue(&ann, "web-1", 12).await;
            let (line, answer) = tokio::join!(device.connect(&server), async {
                // Each round a little later.
                for _ in 0..round * 40 {
                    tokio::task::yield_now().await;
                }
                ann.delete("/api/v1/devices/web-1/queue").await
            });
            let mut line = line;
            let cancelled = answer.body["cancelled"].as_u64().unwrap() as usize;
            let (mut received, mut before) = (BTreeSet::new(), BTreeSet::new());
            while received.len() < waiting.len() - cancelled {
                let execution = sent_new(&mut line, &mut before).await;
                received.insert(execution.to_string());
                line.report(device.id, &finished(&server, execution)).await;
            }
            // Whatever was sent before comes before this one: nothing that was purged did.
            let (_, last) = ann.exec("web-1", &["true"]).await;
            let execution = sent_new(&mut line, &mut before).await;
            assert_eq!(execution.to_string(), last, "round {round}");
            line.report(device.id, &finished(&server, execution)).await;
            for execution in &waiting {
                let expected = if received.contains(execution) { is("succeeded", "") } else { is("cancelled", "purged") };
                assert_eq!(state_of(&ann, execution).await, expected, "round {round}");
            }
            assert_eq!(ann.get("/api/v1/devices/web-1").await.body["queued"], 0);
            ran += received.len();
            purged += cancelled;
            drop(line);
            is_away(&server, &ann, "web-1").await;
        }
        assert_eq!(ran + purged, 8 * 12);
    }

    async fn one_execution_is_cancelled_alone(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut here = FakeDevice::enroll(&server, &ann, "web-1").await;
        FakeDevice::enroll(&server, &ann, "web-2").await;
        let mut line = here.connect(&server).await;
        let run = start(&ann, &["web-1", "web-2"], json!({})).await;
        let on = |name: &str| {
            let executions = run["executions"].as_array().unwrap();
            executions.iter().find(|execution| execution["device"]["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let (sent_one, waiting) = (on("web-1"), on("web-2"));
        let cancel = async |execution: &str| ann.post(&format!("/api/v1/executions/{execution}/cancel"), json!({})).await;
        let cancelled = cancel(&waiting).await;
        assert_eq!((cancelled.status, cancelled.body["state"].as_str(), cancelled.body["id"].as_str()), (202, Some("cancelled"), Some(waiting.as_str())));
        let id = sent(&mut line).await;
        let asked = cancel(&sent_one).await;
        assert_eq!((asked.status, asked.body["state"].as_str()), (202, Some("dispatched")), "its device ends it");
        assert!(matches!(line.down().await.unwrap(), Down::Cancel { .. }));
        let told = explained(&ann, &sent_one).await;
        assert!(told["answer"].as_str().unwrap().ends_with("ann (test) has cancelled it, and web-1 is asked to end it."));
        line.report(here.id, &finished(&server, id)).await;
        let over = cancel(&sent_one).await;
        assert_eq!((over.status, over.code()), (409, "run_over"));
        wait_for(async || audited(&ann, "execution.cancelled").await.len() == 2).await;
        let entries = audited(&ann, "execution.cancelled").await;
        assert_eq!((&entries[1]["subject"], &entries[1]["detail"]["device"]["name"]), (&json!(waiting), &json!("web-2")));
    }

    async fn who_is_no_admin_there_neither_purges_nor_cancels_what_others_started(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        let task = json!({"name": "hello", "self_service": true, "actions": [{"type": "COMMAND", "command": "true"}]});
        assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        let hers = queue(&ann, "web-1", 1).await;
        let group = ann.post("/api/v1/groups", json!({"name": "staff", "role": Role::SelfService})).await;
        let bob = ann.add_user("bob", json!({"groups": [group.id()]})).await.sign_in().await;
        let purge = bob.delete("/api/v1/devices/web-1/queue").await;
        assert_eq!((purge.status, purge.code()), (403, "not_allowed"));
        assert!(purge.body["detail"].as_str().unwrap().contains("needs admin on web-1"), "{}", purge.body);
        let cancel = async |execution: &str| bob.post(&format!("/api/v1/executions/{execution}/cancel"), json!({})).await.status;
        assert_eq!(cancel(&hers[0]).await, 403);
        let own = bob.post("/api/v1/runs", json!({"task": "hello", "targets": {"devices": ["web-1"]}})).await;
        assert_eq!(cancel(&execution_of(&own.body)).await, 202, "one's own");
        assert_eq!(bob.get("/api/v1/devices/web-1/queue").await.body["items"].as_array().unwrap().len(), 1);
    }

    async fn a_purge_is_told_to_whoever_sees_the_device_and_to_nobody_else(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        for (group, role) in [("readers", "read-only"), ("others", "none")] {
            assert_eq!(ann.post("/api/v1/groups", json!({"name": group, "role": role})).await.status, 201);
        }
        let sees = ann.add_user("bob", json!({"groups": ["readers"]})).await.sign_in().await;
        let blind = ann.add_user("carl", json!({"groups": ["others"]})).await.sign_in().await;
        queue(&ann, "web-1", 1).await;
        let (mut told, mut untold) = (sees.stream("/api/v1/events").await, blind.stream("/api/v1/events").await);
        assert_eq!(ann.delete("/api/v1/devices/web-1/queue").await.body["cancelled"], 1);
        // The last thing that both are told: about themselves.
        let bob = ann.get("/api/v1/users/bob").await;
        let carl = ann.get("/api/v1/users/carl").await;
        for user in [&bob, &carl] {
            assert_eq!(ann.patch(&format!("/api/v1/users/{}", user.id()), json!({"name": "B"})).await.status, 200);
        }
        let (mut by_bob, mut by_carl) = (String::new(), String::new());
        for (heard, stream) in [(&mut by_bob, &mut told), (&mut by_carl, &mut untold)] {
            while !heard.contains("user.changed") {
                heard.push_str(&stream.next_event().await.unwrap());
            }
        }
        assert!(by_bob.contains("queue.purged"), "{by_bob}");
        assert!(!by_carl.contains("queue.purged"), "{by_carl}");
    }

    async fn what_is_asked_for_twice_waits_twice(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
        assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        let ask = async || execution_of(&ann.post("/api/v1/runs", json!({"task": "hello", "targets": {"devices": ["web-1"]}})).await.body);
        let (first, second) = (ask().await, ask().await);
        let mut line = device.connect(&server).await;
        let mut before = BTreeSet::new();
        let came = [sent_new(&mut line, &mut before).await, sent_new(&mut line, &mut before).await];
        assert_eq!(came.map(|execution| execution.to_string()), [first, second]);
    }

    async fn a_run_explains_itself_by_what_its_devices_have_in_common(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut here = FakeDevice::enroll(&server, &ann, "web-1").await;
        for name in ["web-2", "web-3"] {
            FakeDevice::enroll(&server, &ann, name).await;
        }
        let mut line = here.connect(&server).await;
        let run = start(&ann, &["web-1", "web-2", "web-3"], json!({"expires_in": "1h"})).await;
        let path = format!("/api/v1/runs/{}/explain", run["id"].as_str().unwrap());
        let told = ann.get(&path).await.body;
        assert_eq!(told["answer"], "It goes on until its last device is done: 2 queued, 1 dispatched.");
        assert_eq!(told["parts"][0]["answer"], "It waits for web-2, which is offline.");
        assert_eq!((&told["next"]["code"], &told["next"]["at"]), (&json!("expires"), &json!(server.clock.now().plus_ms(3_600_000))));
        let id = sent(&mut line).await;
        line.report(here.id, &finished(&server, id)).await;
        server.clock.advance(Duration::from_secs(3_600));
        wait_for(async || ann.get(&path).await.body["state"] == "expired").await;
        let told = ann.get(&path).await.body;
        assert_eq!(told["answer"], "It ended as expired, the worst of what its devices had: 2 expired, 1 succeeded.");
        assert_eq!(told["next"], Value::Null);
        let skipped = start(&ann, &["web-2"], json!({"when_offline": "skip"})).await;
        let failed = start(&ann, &["web-2"], json!({"when_offline": "fail"})).await;
        for (run, code) in [(skipped, "skipped"), (failed, "failed")] {
            let told = ann.get(&format!("/api/v1/runs/{}/explain", run["id"].as_str().unwrap())).await.body;
            assert_eq!(told["steps"].as_array().unwrap().last().unwrap()["code"], code);
            assert!(told["answer"].as_str().unwrap().starts_with("It never ran on web-2. The device was offline"), "{told}");
        }
    }

    async fn what_waits_for_a_device_in_quarantine_says_so(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let line = device.connect(&server).await;
        drop(line);
        // A credential that counts no higher than the last, and was made later: a copy of the keys is at work.
        server.clock.advance(Duration::from_secs(1));
        device.counter = 0;
        assert!(!device.is_let_in(&server).await);
        is_away(&server, &ann, "web-1").await;
        let waiting = queue(&ann, "web-1", 1).await;
        let told = explained(&ann, &waiting[0]).await;
        assert!(told["answer"].as_str().unwrap().contains("is in quarantine"), "{told}");
    }

    async fn the_grid_of_a_run_has_a_tile_for_each_device_in_pages(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for name in ["web-1", "web-2", "web-3"] {
            FakeDevice::enroll(&server, &ann, name).await;
        }
        let run = start(&ann, &["web-1", "web-2", "web-3"], json!({})).await;
        let path = format!("/api/v1/runs/{}/grid", run["id"].as_str().unwrap());
        let whole = ann.get(&path).await.body;
        let expected: Vec<Value> = run["executions"].as_array().unwrap().iter()
            .map(|execution| json!({"id": execution["id"], "device": execution["device"]["name"], "state": "queued"})).collect();
        assert_eq!(whole, json!({"items": expected, "next": null}));
        let page = ann.get(&format!("{path}?limit=2")).await.body;
        let rest = ann.get(&format!("{path}?limit=2&cursor={}", page["next"].as_str().unwrap())).await.body;
        assert_eq!((page["items"].as_array().unwrap().len(), &rest["items"]), (2, &json!([expected[2]])));
        assert_eq!(ann.get(&format!("{path}?cursor=nonsense")).await.code(), "invalid_cursor");
        // Who sees one of its devices sees one tile.
        let lab = ann.post("/api/v1/device-groups", json!({"name": "lab"})).await;
        assert_eq!(send(ann.request(reqwest::Method::PUT, "/api/v1/device-groups/lab/devices/web-2")).await.status, 204);
        let group = ann.post("/api/v1/groups", json!({"name": "staff", "role": "none"})).await;
        let over = format!("/api/v1/groups/{}/overrides/device-groups/{}", group.id(), lab.id());
        assert_eq!(send(ann.request(reqwest::Method::PUT, &over).json(&json!({"role": "read-only"}))).await.status, 200);
        let bob = ann.add_user("bob", json!({"groups": ["staff"]})).await.sign_in().await;
        let seen = bob.get(&path).await.body;
        assert_eq!(seen["items"].as_array().unwrap().iter().map(|tile| tile["device"].as_str().unwrap()).collect::<Vec<_>>(), ["web-2"]);
        let told = bob.get(&format!("/api/v1/runs/{}/explain", run["id"].as_str().unwrap())).await.body;
        assert_eq!(told["answer"], "It waits for web-2, which is offline.");
        assert!(!told.to_string().contains("web-1"));
        let own = seen["items"][0]["id"].as_str().unwrap();
        assert_eq!(explained(&bob, own).await["steps"][2]["detail"], "It was for one device, web-2.", "how many others there are is not told");
    }
}

async fn audited(person: &Person, action: &str) -> Vec<Value> {
    let answer = person.get(&format!("/api/v1/audit?action={action}")).await;
    answer.body["items"].as_array().unwrap().clone()
}
