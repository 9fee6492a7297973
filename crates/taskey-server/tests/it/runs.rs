//! The road of an execution, with a device that the test plays by hand.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use taskey_proto::Time;
use taskey_proto::document::{CANCEL_CONTEXT, Cancel, Judge, Order};
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{ActionReport, Chunk, Down, Finished, Up};
use taskey_proto::runs::{State, Stream, Truncated};
use taskey_testkit::server::send;
use taskey_testkit::{Engine, FakeDevice, TestServer, on_both};

fn now(server: &TestServer) -> Time {
    server.clock.now()
}

fn finished(execution: ExecutionId, state: State, code: Option<i64>, chunks: Vec<Chunk>, at: Time) -> Up {
    let action = ActionReport {
        kind: "COMMAND".to_owned(),
        state,
        code,
        reason: None,
        started_at: Some(at),
        finished_at: Some(at),
        truncated: Truncated::default(),
    };
    Up::Finished(Box::new(Finished {
        execution,
        state,
        reason: None,
        started_at: Some(at),
        finished_at: at,
        isolation: Some("process_group".to_owned()),
        actions: vec![action],
        chunks,
        slot: None,
    }))
}

fn chunk(seq: u64, stream: Stream, data: &[u8]) -> Chunk {
    Chunk { seq, action: 0, stream, data: data.to_vec() }
}

fn order(down: Down) -> Order {
    match down {
        Down::Execute(order) => *order,
        other => panic!("not an order: {other:?}"),
    }
}

on_both! {
    async fn an_order_reaches_the_device_signed_and_its_result_is_read(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = device.connect(&server).await;
        let (run, execution) = ann.exec("web-1", &["uname", "-a"]).await;
        let order = order(line.down().await.unwrap());
        assert_eq!(order.execution.to_string(), execution);
        let judge = Judge { server_key: &device.server_key, device: device.id, epoch: 1, now: now(&server) };
        let verified = judge.verify(&order).unwrap();
        assert_eq!((verified.run.to_string(), verified.task.actions[0]["arguments"][0].as_str()), (run.clone(), Some("-a")));

        let started = Up::Started { execution: order.execution, started_at: now(&server), isolation: "process_group".to_owned(), slot: None };
        line.report(device.id, &started).await;
        assert_eq!(ann.get(&format!("/api/v1/runs/{run}")).await.body["state"], "running");
        let output = Up::Output { execution: order.execution, chunks: vec![chunk(1, Stream::Output, b"Linux ")] };
        line.report(device.id, &output).await;
        line.report(device.id, &output).await;
        let end = finished(order.execution, State::Succeeded, Some(0), vec![chunk(2, Stream::Output, b"6.1\n"), chunk(3, Stream::Error, b"warned\xff")], now(&server));
        line.report(device.id, &end).await;
        line.report(device.id, &end).await;

        let run = ann.get(&format!("/api/v1/runs/{run}?wait=30")).await;
        assert_eq!((run.body["state"].as_str(), &run.body["counts"]), (Some("succeeded"), &json!({"succeeded": 1})));
        let result = &run.body["executions"][0]["actions"][0];
        assert_eq!((result["type"].as_str(), result["code"].as_i64()), (Some("COMMAND"), Some(0)));
        assert_eq!((result["output"].as_str(), result["error"].as_str()), (Some("Linux 6.1\n"), Some("warned\u{fffd}")));
        assert_eq!((result["encoding"].as_str(), &result["truncated"]), (Some("binary"), &json!({"output": false, "error": false})));
        assert_eq!(run.body["executions"][0]["isolation"], "process_group");
        assert_eq!(run.body["cause"], json!({"kind": "manual", "by": "ann (test)"}));
    }

    async fn an_offline_device_gets_it_later_or_never_as_the_run_says(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let start = |extra: serde_json::Value| {
            let mut body = json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": {"devices": ["web-1"]}});
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let ann = ann.clone();
            async move { ann.post("/api/v1/runs", body).await }
        };
        let failed = start(json!({"when_offline": "fail"})).await;
        assert_eq!((failed.body["state"].as_str(), failed.body["executions"][0]["reason"]["code"].as_str()), (Some("failed"), Some("offline")));
        assert_eq!(start(json!({"when_offline": "skip"})).await.body["state"], "skipped");
        let brief = start(json!({"expires_in": "1m"})).await;
        let queued = start(json!({})).await;
        assert_eq!((queued.body["state"].as_str(), queued.body["executions"][0]["reason"]["code"].as_str()), (Some("queued"), Some("offline")));
        assert_eq!(ann.get("/api/v1/devices/web-1").await.body["queued"], 2);
        server.clock.advance(Duration::from_secs(61));
        let expired = ann.get(&format!("/api/v1/runs/{}?wait=30", brief.id())).await;
        assert_eq!(expired.body["state"], "expired");
        let mut line = device.connect(&server).await;
        assert_eq!(order(line.down().await.unwrap()).execution.to_string(), queued.body["executions"][0]["id"].as_str().unwrap());
        assert_eq!(ann.get(&format!("/api/v1/runs/{}", queued.id())).await.body["state"], "dispatched");
    }

    async fn what_was_lost_on_the_way_is_sent_again_and_what_is_held_is_not(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = device.connect(&server).await;
        let (_, execution) = ann.exec("web-1", &["true"]).await;
        let first = order(line.down().await.unwrap());
        drop(line);
        let mut line = device.connect(&server).await;
        assert_eq!(order(line.down().await.unwrap()), first, "not held: sent again, the same bytes");
        line.sync(device.id, vec![first.execution]).await;
        let (_, second) = ann.exec("web-1", &["true"]).await;
        assert_eq!(order(line.down().await.unwrap()).execution.to_string(), second, "held: not sent again");
        let end = finished(first.execution, State::Succeeded, Some(0), vec![], now(&server));
        line.report(device.id, &end).await;
        assert_eq!(ann.get(&format!("/api/v1/executions/{execution}")).await.body["state"], "succeeded");
    }

    async fn what_ran_and_is_held_no_longer_is_lost_and_a_late_report_corrects_that_once(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = device.connect(&server).await;
        let (run, _) = ann.exec("web-1", &["true"]).await;
        let id = order(line.down().await.unwrap()).execution;
        line.report(device.id, &Up::Started { execution: id, started_at: now(&server), isolation: "process_group".to_owned(), slot: None }).await;
        line.sync(device.id, vec![]).await;
        let lost = ann.get(&format!("/api/v1/runs/{run}?wait=30")).await;
        assert_eq!((lost.body["state"].as_str(), lost.body["executions"][0]["reason"]["code"].as_str()), (Some("lost"), Some("not_held")));
        line.report(device.id, &finished(id, State::Succeeded, Some(0), vec![], now(&server))).await;
        let corrected = ann.get(&format!("/api/v1/runs/{run}")).await;
        assert_eq!((corrected.body["state"].as_str(), corrected.body["executions"][0]["reason"]["code"].as_str()), (Some("succeeded"), Some("late_report")));
        line.report(device.id, &finished(id, State::Failed, Some(1), vec![], now(&server))).await;
        assert_eq!(ann.get(&format!("/api/v1/runs/{run}")).await.body["state"], "succeeded");
    }

    async fn a_cancelled_run_ends_what_waits_and_asks_the_device_for_the_rest(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        FakeDevice::enroll(&server, &ann, "web-2").await;
        let mut line = device.connect(&server).await;
        let body = json!({"actions": [{"type": "COMMAND", "command": "sleep"}], "targets": {"devices": ["web-1", "web-2", "web-1"]}});
        let run = ann.post("/api/v1/runs", body).await;
        assert_eq!(run.body["counts"], json!({"dispatched": 1, "queued": 1}), "a device named twice is one target");
        let id = order(line.down().await.unwrap()).execution;
        let cancelled = ann.post(&format!("/api/v1/runs/{}/cancel", run.id()), json!({})).await;
        assert_eq!((cancelled.status, &cancelled.body["counts"]), (202, &json!({"cancelled": 1, "dispatched": 1})));
        let Down::Cancel { document } = line.down().await.unwrap() else { panic!("a cancellation") };
        let cancel: Cancel = document.open(&device.server_key, CANCEL_CONTEXT, "cancel").unwrap();
        assert_eq!((cancel.execution, cancel.device, cancel.by.as_str()), (id, device.id, "ann (test)"));
        line.report(device.id, &finished(id, State::Cancelled, Some(143), vec![], now(&server))).await;
        assert_eq!(ann.get(&format!("/api/v1/runs/{}", run.id())).await.body["state"], "cancelled");
        assert_eq!(ann.post(&format!("/api/v1/runs/{}/cancel", run.id()), json!({})).await.code(), "run_over");
    }

    async fn a_run_sent_twice_with_one_key_is_one_run(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        let body = json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": {"devices": ["web-1"]}});
        let start = || send(ann.request(Method::POST, "/api/v1/runs").header("idempotency-key", "once").json(&body));
        let (first, second) = (start().await, start().await);
        assert_eq!((first.status, second.status, first.id()), (202, 202, second.id()));
        assert_eq!(second.header("idempotency-replayed"), "true");
        let together: Vec<_> = (0..6)
            .map(|_| {
                let request = ann.request(Method::POST, "/api/v1/runs").header("idempotency-key", "together").json(&body);
                tokio::spawn(async move { send(request).await })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        for answer in together {
            let answer = answer.await.unwrap();
            match answer.status {
                202 => drop(ids.insert(answer.id().to_owned())),
                409 => assert_eq!(answer.code(), "in_flight"),
                other => panic!("{other}: {}", answer.body),
            }
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(ann.get("/api/v1/runs").await.body["items"].as_array().unwrap().len(), 2);
    }

    async fn an_order_too_large_for_the_line_is_fetched(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = device.connect(&server).await;
        let script = format!("echo hi\n#{}", "x".repeat(200_000));
        let body = json!({"actions": [{"type": "SCRIPT", "content": script}], "targets": {"devices": ["web-1"]}});
        assert_eq!(ann.post("/api/v1/runs", body).await.status, 202);
        let Down::Fetch { execution } = line.down().await.unwrap() else { panic!("a word to fetch it") };
        let credential = server.with_key(&device.credential(&server).await);
        let fetched = credential.get(&format!("/agent/v1/orders/{execution}")).await;
        let order: Order = serde_json::from_value(fetched.body).unwrap();
        let judge = Judge { server_key: &device.server_key, device: device.id, epoch: 1, now: now(&server) };
        assert_eq!(judge.verify(&order).unwrap().task.actions[0]["content"].as_str().unwrap().len(), script.len());
    }

    async fn output_is_streamed_from_any_place_to_its_end(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut line = device.connect(&server).await;
        let (_, execution) = ann.exec("web-1", &["true"]).await;
        let id = order(line.down().await.unwrap()).execution;
        let path = format!("/api/v1/executions/{execution}/output");
        let live = tokio::spawn({
            let request = ann.request(Method::GET, &path);
            async move { send(request).await.text }
        });
        let chunks = |from: u64| (from..from + 3).map(|seq| chunk(seq, Stream::Output, format!("line {seq}\n").as_bytes())).collect();
        line.report(device.id, &Up::Output { execution: id, chunks: chunks(1) }).await;
        line.report(device.id, &finished(id, State::Succeeded, Some(0), chunks(4), now(&server))).await;
        let live = live.await.unwrap();
        let ids: Vec<&str> = live.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
        assert_eq!(ids, ["1", "2", "3", "4", "5", "6"]);
        assert!(live.trim_end().ends_with("event: end\ndata: {}"));
        let resumed = send(ann.request(Method::GET, &path).header("last-event-id", "4")).await.text;
        let ids: Vec<&str> = resumed.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
        assert_eq!(ids, ["5", "6"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_one_node_starts_and_cancels_reaches_a_device_on_another() {
    let server = TestServer::start(Engine::Postgres).await;
    let other = server.start_beside().await;
    let ann = server.set_up().await;
    let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
    let mut line = device.connect(&other).await;
    let (run, execution) = ann.exec("web-1", &["true"]).await;
    let order = order(line.down().await.unwrap());
    assert_eq!(order.execution.to_string(), execution);
    assert_eq!(ann.post(&format!("/api/v1/runs/{run}/cancel"), json!({})).await.status, 202);
    assert!(matches!(line.down().await.unwrap(), Down::Cancel { .. }), "and so does its cancellation");
    line.report(device.id, &finished(order.execution, State::Cancelled, None, vec![], now(&server))).await;
    assert_eq!(ann.get(&format!("/api/v1/runs/{run}?wait=30")).await.body["state"], "cancelled");
}
