//! What executions write: in pieces while it comes, stored once afterwards, in groups of what ended alike.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{ActionReport, CHUNK_LEN_MAX, Chunk, Down, Finished, Up};
use taskey_proto::runs::{State, Stream, Truncated};
use taskey_server::args;
use taskey_testkit::device::FakeLine;
use taskey_testkit::server::Person;
use taskey_testkit::{FakeDevice, TestServer, on_both};

struct Web {
    device: FakeDevice,
    line: FakeLine,
}

impl Web {
    async fn enroll(server: &TestServer, person: &Person, name: &str) -> Self {
        let mut device = FakeDevice::enroll(server, person, name).await;
        let line = device.connect(server).await;
        Self { device, line }
    }

    /// The execution of the next order.
    async fn ordered(&mut self) -> ExecutionId {
        match self.line.down().await.unwrap() {
            Down::Execute(order) => order.execution,
            other => panic!("not an order: {other:?}"),
        }
    }

    async fn write(&mut self, execution: ExecutionId, chunks: Vec<Chunk>) {
        self.line.report(self.device.id, &Up::Output { execution, chunks }).await;
    }

    async fn finish(&mut self, server: &TestServer, execution: ExecutionId, state: State, chunks: Vec<Chunk>) {
        let at = server.clock.now();
        let code = Some(i64::from(state != State::Succeeded));
        let action = ActionReport {
            kind: "COMMAND".to_owned(),
            state,
            code,
            reason: None,
            started_at: Some(at),
            finished_at: Some(at),
            truncated: Truncated::default(),
        };
        let finished = Finished {
            execution,
            state,
            reason: None,
            started_at: Some(at),
            finished_at: at,
            isolation: None,
            actions: vec![action],
            chunks,
            slot: None,
        };
        self.line.report(self.device.id, &Up::Finished(Box::new(finished))).await;
    }
}

fn chunk(seq: u64, stream: Stream, data: &[u8]) -> Chunk {
    Chunk { seq, action: 0, stream, data: data.to_vec() }
}

async fn count(server: &TestServer, sql: &'static str) -> i64 {
    server.server().app().db.row(sql, args![]).await.unwrap().unwrap().get("count").unwrap()
}

/// The numbers and bytes of the pieces that a stream of events tells of.
async fn pieces(person: &Person, execution: ExecutionId, after: u64) -> Vec<(u64, String)> {
    let text = person.get(&format!("/api/v1/executions/{execution}/output?follow=false&after={after}")).await.text;
    let events = text.split("\n\n").filter(|event| event.contains("event: output"));
    events
        .map(|event| {
            let data: Value = serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap();
            (data["seq"].as_u64().unwrap(), format!("{}:{}", data["stream"].as_str().unwrap(), data["data"].as_str().unwrap()))
        })
        .collect()
}

async fn run_on(person: &Person, devices: &[&str]) -> String {
    let body = json!({"actions": [{"type": "COMMAND", "command": "true"}], "targets": {"devices": devices}});
    person.post("/api/v1/runs", body).await.id().to_owned()
}

on_both! {
    async fn the_same_output_is_stored_once_and_reads_as_it_came(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let (mut one, mut two) = (Web::enroll(&server, &ann, "web-1").await, Web::enroll(&server, &ann, "web-2").await);
        run_on(&ann, &["web-1", "web-2"]).await;
        let (first, second) = (one.ordered().await, two.ordered().await);
        // One tells it piece by piece, the other all at the end, in another order of its streams.
        one.write(first, vec![chunk(1, Stream::Output, b"he"), chunk(2, Stream::Error, b"bad")]).await;
        let seen = pieces(&ann, first, 0).await;
        assert_eq!(seen, [(1, "output:aGU=".to_owned()), (2, "error:YmFk".to_owned())]);
        one.finish(&server, first, State::Succeeded, vec![chunk(3, Stream::Output, b"llo")]).await;
        two.finish(&server, second, State::Succeeded, vec![chunk(1, Stream::Error, b"bad"), chunk(2, Stream::Output, b"hello")]).await;

        assert_eq!(count(&server, "SELECT count(*) AS count FROM output_chunk").await, 0);
        assert_eq!(count(&server, "SELECT count(*) AS count FROM output_content").await, 2);
        for execution in [first, second] {
            let shown = ann.get(&format!("/api/v1/executions/{execution}")).await;
            let action = &shown.body["actions"][0];
            assert_eq!((action["output"].as_str(), action["error"].as_str()), (Some("hello"), Some("bad")));
        }
        let all = pieces(&ann, first, 0).await;
        assert_eq!(all[..2], seen[..]);
        assert_eq!(all[2..], [(3, "output:bGxv".to_owned())]);
        assert_eq!(pieces(&ann, first, 2).await, all[2..], "a reader goes on where it was");
        assert_eq!(pieces(&ann, first, 3).await, []);

        // What comes again after the end changes nothing.
        one.write(first, vec![chunk(1, Stream::Output, b"he"), chunk(2, Stream::Error, b"bad")]).await;
        assert_eq!(count(&server, "SELECT count(*) AS count FROM output_chunk").await, 0);
        assert_eq!(pieces(&ann, first, 0).await, all);
    }

    async fn the_same_output_of_two_organizations_is_not_shared(engine: Engine) {
        let server = TestServer::start(engine).await;
        let (ann, mallory) = (server.set_up().await, server.add_organization("Umbrella").await);
        for person in [&ann, &mallory] {
            let mut web = Web::enroll(&server, person, "web-1").await;
            run_on(person, &["web-1"]).await;
            let execution = web.ordered().await;
            web.finish(&server, execution, State::Succeeded, vec![chunk(1, Stream::Output, b"same")]).await;
        }
        assert_eq!(count(&server, "SELECT count(*) AS count FROM output_content").await, 2);
    }

    async fn much_output_is_folded_after_the_end(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut web = Web::enroll(&server, &ann, "web-1").await;
        let run = run_on(&ann, &["web-1"]).await;
        let execution = web.ordered().await;
        let piece = |seq: u64| chunk(seq, if seq.is_multiple_of(3) { Stream::Error } else { Stream::Output }, &vec![b'a' + (seq % 26) as u8; CHUNK_LEN_MAX]);
        for batch in 0..6 {
            web.write(execution, (batch * 4 + 1..=batch * 4 + 4).map(piece).collect()).await;
        }
        web.finish(&server, execution, State::Succeeded, vec![chunk(25, Stream::Output, b"end")]).await;
        let before = pieces(&ann, execution, 0).await;
        while count(&server, "SELECT count(*) AS count FROM execution WHERE fold <> 'done'").await > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(count(&server, "SELECT count(*) AS count FROM output_chunk").await, 0);
        let after = pieces(&ann, execution, 0).await;
        assert_eq!(after.len(), 25);
        assert!(before == after, "folding changes nothing that a reader sees");
        assert_eq!(pieces(&ann, execution, 20).await, after[20..]);
        let groups = ann.get(&format!("/api/v1/runs/{run}/groups")).await;
        assert_eq!((groups.body["items"][0]["compared"].as_bool(), groups.body["items"][0]["count"].as_u64()), (Some(true), Some(1)));
        let output = groups.body["items"][0]["sample"]["actions"][0]["output"].as_str().unwrap();
        assert_eq!(output.len(), 16 * CHUNK_LEN_MAX + 3);
        assert!(output.starts_with("bb") && output.ends_with("xxend"));
    }

    async fn a_run_is_told_by_groups_of_what_ended_alike(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut webs = Vec::new();
        for name in ["web-1", "web-2", "web-3", "web-4", "web-5"] {
            webs.push(Web::enroll(&server, &ann, name).await);
        }
        FakeDevice::enroll(&server, &ann, "away").await;
        let run = run_on(&ann, &["web-1", "web-2", "web-3", "web-4", "web-5", "away"]).await;
        let outputs: [(&[u8], State); 4] =
            [(b"6.1", State::Succeeded), (b"5.10", State::Succeeded), (b"6.1", State::Succeeded), (b"6.1", State::Failed)];
        for (web, (output, state)) in webs.iter_mut().zip(outputs) {
            let execution = web.ordered().await;
            web.finish(&server, execution, state, vec![chunk(1, Stream::Output, output)]).await;
        }
        let groups = ann.get(&format!("/api/v1/runs/{run}/groups")).await;
        assert_eq!(groups.status, 200);
        let told: Vec<_> = groups.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| {
                let sample = &group["sample"];
                let text = sample["actions"][0]["output"].as_str().unwrap_or_default().to_owned();
                (group["count"].as_u64().unwrap(), sample["state"].as_str().unwrap().to_owned(), text, group["compared"].as_bool().unwrap())
            })
            .collect();
        let expected = [(2, "succeeded", "6.1", true), (1, "succeeded", "5.10", true), (1, "failed", "6.1", true), (1, "dispatched", "", false), (1, "queued", "", false)];
        assert_eq!(told, expected.map(|(count, state, text, compared)| (count, state.to_owned(), text.to_owned(), compared)));

        for (index, names) in [(0, vec!["web-1", "web-3"]), (1, vec!["web-2"]), (4, vec!["away"])] {
            let key = groups.body["items"][index]["key"].as_str().unwrap();
            let of_group = ann.get(&format!("/api/v1/runs/{run}/executions?group={key}")).await;
            let found: Vec<_> = of_group.body["items"].as_array().unwrap().iter().map(|item| item["device"]["name"].as_str().unwrap()).collect();
            assert_eq!(found, names);
        }
        let page = ann.get(&format!("/api/v1/runs/{run}/groups?limit=2")).await;
        let next = page.body["next"].as_str().unwrap();
        let rest = ann.get(&format!("/api/v1/runs/{run}/groups?limit=3&cursor={next}")).await;
        assert_eq!((rest.body["items"].as_array().unwrap().len(), rest.body["next"].is_null()), (3, true));
        let wrong = ann.get(&format!("/api/v1/runs/{run}/executions?group=nonsense")).await;
        assert_eq!((wrong.status, wrong.code()), (400, "malformed_body"));
    }

    async fn a_stream_is_downloaded_byte_for_byte_and_a_broken_download_goes_on(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mut web = Web::enroll(&server, &ann, "web-1").await;
        run_on(&ann, &["web-1"]).await;
        let execution = web.ordered().await;
        let path = format!("/api/v1/executions/{execution}/actions/0/output");
        assert_eq!(ann.get(&path).await.text, "");
        web.write(execution, vec![chunk(1, Stream::Output, b"\xff\x00so "), chunk(2, Stream::Error, b"not this")]).await;
        let so_far = ann.request(Method::GET, &path).send().await.unwrap();
        assert!(so_far.headers().get("etag").is_none());
        assert_eq!(so_far.bytes().await.unwrap().as_ref(), b"\xff\x00so ");
        web.finish(&server, execution, State::Succeeded, vec![chunk(3, Stream::Output, b"far\n")]).await;

        let whole = ann.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(whole.headers()["content-disposition"], "attachment; filename=\"web-1-1.output\"");
        assert_eq!(whole.headers()["content-type"], "application/octet-stream");
        assert!(whole.headers()["etag"].to_str().unwrap().len() == 66);
        assert_eq!(whole.bytes().await.unwrap().as_ref(), b"\xff\x00so far\n");
        let rest = ann.request(Method::GET, &path).header("range", "bytes=5-").send().await.unwrap();
        assert_eq!((rest.status().as_u16(), rest.headers()["content-range"].to_str().unwrap()), (206, "bytes 5-8/9"));
        assert_eq!(rest.bytes().await.unwrap().as_ref(), b"far\n");
        let beyond = ann.request(Method::GET, &path).header("range", "bytes=9-").send().await.unwrap();
        assert_eq!((beyond.status().as_u16(), beyond.headers()["content-range"].to_str().unwrap()), (416, "bytes */9"));
        assert_eq!(ann.get(&path.replace("output", "error")).await.text, "not this");
        assert_eq!(ann.get(&path.replace("actions/0", "actions/1")).await.status, 404);
        assert_eq!(ann.get(&path.replace("output", "else")).await.status, 400);
    }

    async fn a_device_tells_much_output_over_http_and_goes_on_where_it_was(engine: Engine) {
        let server = TestServer::start(engine).await;
        let (ann, mallory) = (server.set_up().await, server.add_organization("Umbrella").await);
        let mut web = Web::enroll(&server, &ann, "web-1").await;
        run_on(&ann, &["web-1"]).await;
        let execution = web.ordered().await;
        let path = format!("/agent/v1/executions/{execution}/output");
        let device = server.with_key(&web.device.credential(&server).await);
        let send = async |chunks: Vec<Chunk>| device.post(&path, json!({"chunks": chunks})).await;
        assert_eq!(device.get(&path).await.body["next"], 1);
        assert_eq!(send(vec![chunk(5, Stream::Output, b" five")]).await.body["next"], 1, "what lies behind a gap fills none");
        web.write(execution, vec![chunk(1, Stream::Output, b"one ")]).await;
        assert_eq!(device.get(&path).await.body["next"], 2);
        let two = chunk(2, Stream::Output, &vec![b'x'; CHUNK_LEN_MAX]);
        assert_eq!(send(vec![two.clone(), chunk(3, Stream::Output, b" three"), chunk(4, Stream::Output, b" four")]).await.body["next"], 6);
        assert_eq!(send(vec![two.clone()]).await.body["next"], 6, "again is harmless");
        let long = send(vec![chunk(6, Stream::Output, &vec![b'x'; CHUNK_LEN_MAX + 1])]).await;
        assert_eq!((long.status, long.code()), (422, "invalid"));
        web.finish(&server, execution, State::Succeeded, vec![]).await;
        let output = ann.get(&format!("/api/v1/executions/{execution}/actions/0/output")).await.text;
        assert!(output.starts_with("one x") && output.ends_with("x three four five") && output.len() == CHUNK_LEN_MAX + 20);
        assert_eq!(send(vec![two]).await.status, 200, "what comes after the end is left alone");
        assert_eq!(ann.get(&format!("/api/v1/executions/{execution}/actions/0/output")).await.text, output);

        let mut his = FakeDevice::enroll(&server, &mallory, "web-1").await;
        let foreign = server.with_key(&his.credential(&server).await);
        assert_eq!(foreign.get(&path).await.status, 404);
        assert_eq!(foreign.post(&path, json!({"chunks": []})).await.status, 404);
        assert_eq!(ann.get(&path).await.status, 401, "an API key is no credential of a device");
    }
}
