//! A restored server: quiet until its operator ends that, and right about what happened in the time that was lost.

use std::str::FromStr as _;
use std::time::Duration;

use serde_json::json;
use taskey_proto::Time;
use taskey_proto::document::{DISPATCH_CONTEXT, Dispatch, Judge};
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{Down, Finished, Up};
use taskey_proto::runs::State;
use taskey_testkit::server::Person;
use taskey_testkit::{FakeDevice, TestServer, on_both, wait_for};

use crate::backup::{back_up, restored};

fn finished(execution: &str, at: Time) -> Up {
    Up::Finished(Box::new(Finished {
        execution: ExecutionId::from_str(execution).unwrap(),
        state: State::Succeeded,
        reason: None,
        started_at: Some(at),
        finished_at: at,
        isolation: None,
        actions: vec![],
        chunks: vec![],
        slot: None,
    }))
}

fn id(execution: &str) -> ExecutionId {
    ExecutionId::from_str(execution).unwrap()
}

/// State and reason of an execution.
async fn state(person: &Person, execution: &str) -> (String, String) {
    let shown = person.get(&format!("/api/v1/executions/{execution}")).await.body;
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (word(&shown["state"]), word(&shown["reason"]["code"]))
}

fn is(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}

on_both! {
    async fn a_restored_server_does_not_fire_again_what_it_may_have_fired_and_gives_no_revision_twice(engine: Engine) {
        let old = TestServer::start(engine).await;
        let ann = old.set_up().await;
        FakeDevice::enroll(&old, &ann, "one").await;
        let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
        assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
        let spec = |place: &str, every: &str| {
            json!({"name": place, "task": "hello", "every": every, "missed": "last", "where": place, "overlap": "allow",
                "targets": {"devices": ["one"]}})
        };
        for place in ["server", "device"] {
            assert_eq!(ann.post("/api/v1/schedules", spec(place, "1h")).await.status, 201);
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(&old, &file).await;
        old.stop().await;

        let beginning = TestServer::start(engine).await;
        let (config, _) = restored(&beginning, &file, "restored", engine).await;
        let server = beginning.start_restored(config).await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        server.clock.advance(Duration::from_secs(3 * 3_600 + 60));
        assert_eq!(ann.post("/api/v1/quiet/end", json!({})).await.body["ended"], true);
        let slots = ann.get("/api/v1/schedules/server/slots").await.body;
        let slot = &slots["items"][0];
        assert_eq!((&slot["state"], &slot["count"], &slot["reason"]["code"]), (&json!("missed"), &json!(3), &json!("before_restore")), "{slots}");
        assert_eq!(ann.get("/api/v1/runs").await.body["items"], json!([]));
        wait_for(async || {
            server.clock.advance(Duration::from_secs(300));
            ann.get("/api/v1/schedules/server/slots").await.body["items"][0]["state"] == "fired"
        })
        .await;
        let request = ann.request(reqwest::Method::PUT, "/api/v1/schedules/device").header("if-match", "*").json(&spec("device", "2h"));
        let changed = taskey_testkit::server::send(request).await;
        assert_eq!(changed.body["version"], 2, "{}", changed.body);
        assert!(changed.body["revision"].as_u64() > Some(100_000), "numbers that were given away after the backup do not come again");
        server.stop().await;
    }

    async fn a_restored_server_sends_nothing_starts_nothing_and_takes_in_what_devices_held(engine: Engine) {
        let old = TestServer::start(engine).await;
        let ann = old.set_up().await;
        let mut one = FakeDevice::enroll(&old, &ann, "one").await;
        let mut two = FakeDevice::enroll(&old, &ann, "two").await;
        let mut line = one.connect(&old).await;
        let (_, told) = ann.exec("one", &["true"]).await;
        let (_, held) = ann.exec("one", &["true"]).await;
        let (_, delivered) = ann.exec("two", &["true"]).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(&old, &file).await;
        // The gap: one is told and acknowledged, one is held, what waited is delivered, and one is new.
        line.report(one.id, &finished(&told, old.clock.now())).await;
        let mut second_line = two.connect(&old).await;
        assert!(matches!(second_line.down().await.unwrap(), Down::Execute(order) if order.execution == id(&delivered)));
        let (_, unknown) = ann.exec("one", &["true"]).await;
        let mallory_key = ann.post("/api/v1/keys", json!({"name": "narrow", "scopes": ["quiet.read"]})).await;
        drop((line, second_line));
        old.stop().await;

        let beginning = TestServer::start(engine).await;
        let (config, outcome) = restored(&beginning, &file, "restored", engine).await;
        let server = beginning.start_restored(config).await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        let umbrella = server.add_organization("Umbrella").await;
        let mut line = one.connect_holding(&server, vec![id(&held), id(&unknown)]).await;
        let mut second_line = two.connect_holding(&server, vec![id(&delivered)]).await;
        let refused = ann.post("/api/v1/runs", json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": {"devices": ["one"]}})).await;
        assert_eq!((refused.status, refused.code()), (409, "quiet"));
        line.report(one.id, &finished(&held, server.clock.now())).await;
        for _ in 0..2 {
            line.report(one.id, &finished(&unknown, server.clock.now())).await;
        }
        let fetched = server.with_key(&one.credential(&server).await).get(&format!("/agent/v1/orders/{told}")).await;
        assert_eq!(fetched.status, 404, "an order of an earlier epoch is not handed out");
        assert_eq!(state(&ann, &held).await, is("succeeded", ""));
        assert_eq!(state(&ann, &told).await, is("dispatched", ""), "it is left as it is until the operator has looked");
        assert_eq!(state(&ann, &delivered).await.0, "dispatched", "the device holds it, so it does not wait");
        let quiet = ann.get("/api/v1/quiet").await.body;
        let counts = json!({"queued": 0, "unreported": 2, "unknown_executions": 1, "devices": 2, "users": 2, "keys": 2, "secrets": 0});
        assert_eq!((&quiet["quiet"], &quiet["may_end"], &quiet["scope"], &quiet["counts"]), (&json!(true), &json!(true), &json!("instance"), &counts));
        let theirs = umbrella.get("/api/v1/quiet").await.body;
        assert_eq!((&theirs["scope"], &theirs["counts"]["devices"], &theirs["may_end"]), (&json!("organization"), &json!(0), &json!(false)));
        assert_eq!(umbrella.post("/api/v1/quiet/end", json!({})).await.code(), "not_allowed");
        assert_eq!(server.with_key(mallory_key.body["key"].as_str().unwrap()).get("/api/v1/me").await.status, 401, "a key of the gap is unknown");
        assert_eq!((line.waiting(), second_line.waiting()), (0, 0), "nothing was sent to a device");

        let ended = ann.post("/api/v1/quiet/end", json!({"queued": "cancel"})).await;
        assert_eq!(ended.body, json!({"ended": true, "cancelled": 0, "kept": 0}));
        assert_eq!(ann.post("/api/v1/quiet/end", json!({})).await.body["ended"], false);
        assert_eq!(ann.get("/api/v1/quiet").await.body["quiet"], false);
        line.sync(one.id, vec![]).await;
        while state(&ann, &told).await != is("lost", "not_held") {}
        assert_eq!(line.waiting(), 0, "it is never sent a second time");
        second_line.report(two.id, &finished(&delivered, server.clock.now())).await;
        assert_eq!(state(&ann, &delivered).await, is("succeeded", ""));
        let (_, new) = ann.exec("one", &["true"]).await;
        let Down::Execute(order) = line.down().await.unwrap() else { panic!("no order") };
        assert_eq!(order.execution, id(&new));
        let judge = Judge { server_key: &one.server_key, device: one.id, epoch: outcome.new_epoch, now: server.clock.now() };
        judge.verify(&order).unwrap();
        server.stop().await;
    }

    async fn what_waited_is_cancelled_unless_it_is_kept_and_a_late_report_corrects_once(engine: Engine) {
        let old = TestServer::start(engine).await;
        let ann = old.set_up().await;
        let mut device = FakeDevice::enroll(&old, &ann, "one").await;
        let (run, execution) = ann.exec("one", &["true"]).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(&old, &file).await;
        let key = ann.key.clone().unwrap();

        let (config, _) = restored(&old, &file, "cancelled", engine).await;
        let server = old.start_restored(config).await;
        let ann = server.with_key(&key);
        assert_eq!(ann.get("/api/v1/quiet").await.body["counts"]["queued"], 1);
        server.clock.advance(std::time::Duration::from_secs(3 * 86_400));
        let mut line = device.connect(&server).await;
        assert_eq!(state(&ann, &execution).await.0, "queued", "nothing expires while it is quiet");
        assert_eq!(ann.post("/api/v1/quiet/end", json!({})).await.body, json!({"ended": true, "cancelled": 1, "kept": 0}));
        assert_eq!(state(&ann, &execution).await, is("cancelled", "restored"));
        line.sync(device.id, vec![]).await;
        assert_eq!(line.waiting(), 0);
        line.report(device.id, &finished(&execution, server.clock.now())).await;
        assert_eq!(state(&ann, &execution).await, is("succeeded", "late_report"), "it ran in the gap");
        assert_eq!(ann.get(&format!("/api/v1/runs/{run}")).await.body["state"], "succeeded");
        let audit = server.server().app().db.row("SELECT count(*) AS count FROM audit WHERE action = 'quiet.ended'", vec![]).await.unwrap().unwrap();
        assert_eq!(audit.get::<i64>("count").unwrap(), 1);
        server.stop().await;
        old.stop().await;
    }

    async fn what_is_kept_is_signed_for_the_new_epoch_and_what_is_over_is_not(engine: Engine) {
        let old = TestServer::start(engine).await;
        let ann = old.set_up().await;
        let mut device = FakeDevice::enroll(&old, &ann, "one").await;
        let (_, execution) = ann.exec("one", &["true"]).await;
        let action = json!({"type": "COMMAND", "command": "true"});
        let short = ann.post("/api/v1/runs", json!({"actions": [action], "targets": {"devices": ["one"]}, "expires_in": "1h"})).await;
        let short = short.body["executions"][0]["id"].as_str().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(&old, &file).await;
        let (config, outcome) = restored(&old, &file, "kept", engine).await;
        let server = old.start_restored(config).await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        server.clock.advance(std::time::Duration::from_secs(2 * 3_600));
        let mut line = device.connect(&server).await;
        assert_eq!(line.waiting(), 0);
        let ended = ann.post("/api/v1/quiet/end", json!({"queued": "keep"})).await;
        assert_eq!(ended.body, json!({"ended": true, "cancelled": 1, "kept": 1}));
        let Down::Execute(order) = line.down().await.unwrap() else { panic!("no order") };
        assert_eq!(order.execution, id(&execution));
        Judge { server_key: &device.server_key, device: device.id, epoch: outcome.new_epoch, now: server.clock.now() }.verify(&order).unwrap();
        assert_eq!(state(&ann, &short).await, is("cancelled", "restored"));
        server.stop().await;
        old.stop().await;
    }

    async fn a_dispatch_that_somebody_else_signed_is_not_signed_anew(engine: Engine) {
        let old = TestServer::start(engine).await;
        let ann = old.set_up().await;
        FakeDevice::enroll(&old, &ann, "one").await;
        let (run, execution) = ann.exec("one", &["true"]).await;
        let forge = (run.clone(), {
            let (key, _) = taskey_proto::crypto::SigningKey::generate().unwrap();
            let row = old.server().app().db.row("SELECT dispatch_bytes FROM run_document", vec![]).await.unwrap().unwrap();
            let bytes: Vec<u8> = row.get("dispatch_bytes").unwrap();
            let dispatch: Dispatch = serde_json::from_slice(&bytes).unwrap();
            taskey_proto::document::SignedDocument::sign(&key, DISPATCH_CONTEXT, &dispatch).unwrap().signature
        });
        let forged: Result<u64, taskey_server::platform::db::DbError> = old.server().app().db.write(forge, |tx, (run, signature)| Box::pin(async move {
            let args = taskey_server::args![run, signature];
            tx.execute("UPDATE run_document SET dispatch_signature = $2 WHERE run_id = $1", args).await
        })).await;
        assert_eq!(forged.unwrap(), 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(&old, &file).await;
        let (config, _) = restored(&old, &file, "forged", engine).await;
        let server = old.start_restored(config).await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        assert_eq!(ann.post("/api/v1/quiet/end", json!({"queued": "keep"})).await.status, 500);
        assert_eq!(ann.get("/api/v1/quiet").await.body["quiet"], true);
        assert_eq!(ann.post("/api/v1/quiet/end", json!({})).await.body["cancelled"], 1);
        assert_eq!(state(&ann, &execution).await, is("cancelled", "restored"));
        server.stop().await;
        old.stop().await;
    }
}
