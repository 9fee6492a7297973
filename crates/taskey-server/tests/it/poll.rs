//! The line by calls over HTTP: who gets in, what is bounded, who takes over from whom, presence.

use std::time::Duration;

use serde_json::{Value, json};
use taskey_testkit::device::FakeLine;
use taskey_testkit::server::{Answer, Person};
use taskey_testkit::{Engine, FakeDevice, TestServer, on_both};

const LINE: &str = "/agent/v1/line";

/// A device on a line that it holds by calls.
struct Caller {
    person: Person,
    session: u64,
    /// What came with the answers to its first calls.
    early: Vec<Value>,
}

impl Caller {
    /// Begins a line with a fresh credential, and says what the device holds.
    async fn begin(server: &TestServer, device: &mut FakeDevice) -> Self {
        let person = server.with_key(&device.credential(server).await);
        let first = person.post(LINE, json!({"session": null, "messages": [], "wait": 25})).await;
        assert_eq!(first.status, 200, "{}", first.body);
        let mut caller = Self { person, session: first.body["session"].as_u64().expect("a session"), early: Vec::new() };
        let told = caller.tell(json!([sync(&[])])).await;
        assert_eq!(told.status, 200);
        caller.early = [first, told].iter().flat_map(|answer| answer.body["messages"].as_array().unwrap().clone()).collect();
        caller
    }

    async fn tell(&self, messages: Value) -> Answer {
        self.person.post(LINE, json!({"session": self.session, "messages": messages})).await
    }

    /// Stays open for so many seconds of the server's clock.
    async fn listen(&self, wait: u64) -> Answer {
        self.person.post(LINE, json!({"session": self.session, "messages": [], "wait": wait})).await
    }

    /// What comes first for the device.
    async fn next(&self) -> Value {
        if let Some(early) = self.early.first() {
            return early.clone();
        }
        let answer = self.listen(25).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["messages"][0].clone()
    }

    /// A call beside the test, which the server may have yet to see.
    fn listening(&self) -> tokio::task::JoinHandle<Answer> {
        let (person, session) = (self.person.clone(), self.session);
        tokio::spawn(async move { person.post(LINE, json!({"session": session, "messages": [], "wait": 25})).await })
    }

    /// A call that the server holds open: it has taken the place of another one, which was answered with nothing.
    async fn surely_listening(&self) -> tokio::task::JoinHandle<Answer> {
        let (answer, _, mut rest) = futures_util::future::select_all([self.listening(), self.listening()]).await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status, &answer.body["messages"]), (200, &json!([])));
        rest.remove(0)
    }
}

fn sync(held: &[&str]) -> Value {
    json!({"type": "sync", "agent_version": "test", "protocol": 1, "boot_id": "boot", "facts": {"os": "linux"},
        "policy": {"allow_actions": ["COMMAND"]}, "held": held})
}

fn finished(execution: &str) -> Value {
    json!({"type": "finished", "execution": execution, "state": "succeeded", "reason": null, "started_at": "2026-09-21T14:13:20.000Z",
        "finished_at": "2026-09-21T14:13:20.000Z", "isolation": "process_group", "actions": [{"type": "COMMAND", "state": "succeeded", "code": 0,
        "reason": null, "started_at": null, "finished_at": null, "truncated": {"output": false, "error": false}}], "chunks": []})
}

async fn presence(person: &Person) -> String {
    person.get("/api/v1/devices/web-1").await.body["presence"].as_str().unwrap().to_owned()
}

async fn started(engine: Engine) -> (TestServer, Person, FakeDevice) {
    let server = TestServer::start(engine).await;
    let ann = server.set_up().await;
    let device = FakeDevice::enroll(&server, &ann, "web-1").await;
    (server, ann, device)
}

on_both! {
    async fn orders_come_down_reports_go_up_and_the_answer_is_after_the_commit(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let (_, queued) = ann.exec("web-1", &["true"]).await;
        let person = server.with_key(&device.credential(&server).await);
        let first = person.post(LINE, json!({})).await;
        assert_eq!(first.status, 200, "{}", first.body);
        let caller = Caller { person, session: first.body["session"].as_u64().unwrap(), early: Vec::new() };
        // What was queued comes with the first answer or the one after it.
        let order = match first.body["messages"].get(0) {
            Some(order) => order.clone(),
            None => caller.next().await,
        };
        assert_eq!((&order["type"], &order["execution"]), (&json!("execute"), &json!(queued)));
        assert_eq!(caller.tell(json!([sync(&[&queued])])).await.body["messages"], json!([]));
        assert_eq!(presence(&ann).await, "online");

        let open = caller.listening();
        let (run, execution) = ann.exec("web-1", &["true"]).await;
        let told = open.await.unwrap();
        assert_eq!((told.status, &told.body["messages"][0]["execution"]), (200, &json!(execution)));
        assert_eq!(caller.tell(json!([finished(&execution), finished(&execution)])).await.status, 200);
        let run = ann.get(&format!("/api/v1/runs/{run}")).await;
        assert_eq!((&run.body["state"], &run.body["counts"]), (&json!("succeeded"), &json!({"succeeded": 1})));
        // What can never be taken in is stored as a rejection and acknowledged.
        assert_eq!(caller.tell(json!([{"type": "nonsense"}, 7])).await.status, 200);
        let rejected = server.server().app().db.rows("SELECT id FROM rejected_message", vec![]).await.unwrap();
        assert_eq!(rejected.len(), 2);
    }

    async fn an_order_that_was_not_heard_comes_again_with_the_next_sync(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let open = caller.listening();
        let (_, execution) = ann.exec("web-1", &["true"]).await;
        // Answered, and not heard.
        assert_eq!(open.await.unwrap().body["messages"][0]["execution"], json!(execution));
        let caller = Caller::begin(&server, &mut device).await;
        assert_eq!(caller.next().await["execution"], json!(execution));
        assert_eq!(caller.tell(json!([sync(&[&execution])])).await.body["messages"], json!([]), "it is held now");
    }

    async fn a_second_open_call_takes_the_place_of_the_first(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let open = caller.surely_listening().await;
        let (_, execution) = ann.exec("web-1", &["true"]).await;
        assert_eq!(open.await.unwrap().body["messages"][0]["execution"], json!(execution));
    }

    async fn who_has_no_credential_of_an_enrolled_device_gets_no_line(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let mut other = FakeDevice::enroll(&server, &ann, "web-2").await;
        let good = device.credential(&server).await;
        let forged = format!("{}.{}", good.split_once('.').unwrap().0, other.credential(&server).await.split_once('.').unwrap().1);
        for person in [server.anonymous(), server.with_key("nonsense"), server.with_key(&forged), ann.clone()] {
            let answer = person.post(LINE, json!({})).await;
            assert_eq!((answer.status, answer.code()), (401, "not_signed_in"), "{}", answer.body);
        }
        let caller = Caller::begin(&server, &mut device).await;
        let foreign = server.with_key(&other.credential(&server).await);
        let answer = foreign.post(LINE, json!({"session": caller.session, "messages": [sync(&[])]})).await;
        assert_eq!((answer.status, answer.code()), (409, "line_over"), "a line is its own device's");
        server.clock.advance(Duration::from_millis(3_600_001));
        assert_eq!(caller.tell(json!([sync(&[])])).await.status, 401, "a credential is good for an hour");
    }

    async fn what_is_too_much_is_refused_and_nothing_of_it_is_taken_in(engine: Engine) {
        let (server, _, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let many = json!(vec![json!({"type": "nonsense"}); 33]);
        let long = json!([sync(&[]), "x".repeat(256 * 1024)]);
        for (body, pointer) in [
            (json!({"session": caller.session, "messages": many}), "/messages"),
            (json!({"session": caller.session, "messages": long}), "/messages/1"),
            (json!({"session": caller.session, "wait": 26}), "/wait"),
            (json!({"messages": many}), "/messages"),
        ] {
            let answer = caller.person.post(LINE, body).await;
            assert_eq!((answer.status, answer.body["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{}", answer.body);
        }
        let huge = json!({"session": caller.session, "messages": ["x".repeat(4 * 1024 * 1024)]});
        assert_eq!(caller.person.post(LINE, huge).await.status, 413);
        let rejected = server.server().app().db.rows("SELECT id FROM rejected_message", vec![]).await.unwrap();
        assert!(rejected.is_empty());
        assert_eq!(caller.tell(json!(vec![sync(&[]); 32])).await.status, 200, "the line is still up");
    }

    async fn mqtt_takes_over_from_calls_and_calls_from_mqtt(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let open = caller.surely_listening().await;
        let mut line = device.connect(&server).await;
        let answer = open.await.unwrap();
        assert_eq!((answer.status, answer.code()), (409, "line_over"), "{}", answer.body);
        assert_eq!(caller.tell(json!([sync(&[])])).await.code(), "line_over");
        let (_, execution) = ann.exec("web-1", &["true"]).await;
        assert!(matches!(line.down().await.unwrap(), taskey_proto::line::Down::Execute(order) if order.execution.to_string() == execution));

        let newer = Caller::begin(&server, &mut device).await;
        assert!(line.closed().await);
        assert!(newer.session > caller.session);
        assert_eq!(newer.next().await["execution"], json!(execution), "the newer line does not hold it");
        assert_eq!(server.server().app().lines.count(), 1);
        // The end of the older line says nothing.
        server.clock.advance(Duration::from_secs(20));
        assert_eq!(presence(&ann).await, "online");
    }

    async fn presence_ends_when_no_call_came_for_a_while_and_an_open_call_holds_it(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        server.clock.advance(Duration::from_secs(29));
        assert_eq!(caller.listen(0).await.status, 200, "29 seconds are no silence");
        let open = caller.surely_listening().await;
        server.clock.advance(Duration::from_secs(25));
        let answer = open.await.unwrap();
        assert_eq!((answer.status, &answer.body["messages"]), (200, &json!([])), "its time is up");
        assert_eq!(presence(&ann).await, "online");
        while presence(&ann).await == "online" {
            server.clock.advance(Duration::from_secs(5));
        }
        assert_eq!(server.server().app().lines.count(), 0);
        assert_eq!(caller.listen(0).await.code(), "line_over");
        Caller::begin(&server, &mut device).await;
        assert_eq!(presence(&ann).await, "online");
    }

    async fn goodbye_ends_the_line_after_what_is_told_with_it(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let (run, execution) = ann.exec("web-1", &["true"]).await;
        let last = json!({"session": caller.session, "messages": [finished(&execution)], "goodbye": true});
        assert_eq!(caller.person.post(LINE, last).await.status, 200);
        assert_eq!(ann.get(&format!("/api/v1/runs/{run}")).await.body["state"], "succeeded");
        assert_eq!(caller.listen(0).await.code(), "line_over");
    }

    async fn a_device_that_is_removed_or_in_quarantine_is_cut_from_its_open_call(engine: Engine) {
        let (server, ann, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let open = caller.surely_listening().await;
        // A copy of the state folder: asked for later, and counting no higher.
        server.clock.advance(Duration::from_secs(1));
        let nonce = device.nonce(&server).await;
        let copy = server.with_key(&device.credential_with(&nonce, device.counter));
        let refused = copy.post(LINE, json!({})).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains("another copy"), "{}", refused.body);
        assert_eq!(open.await.unwrap().status, 401);
        let fresh = server.with_key(&device.credential(&server).await);
        let refused = fresh.post(LINE, json!({})).await;
        assert!(refused.status == 401 && refused.body["detail"].as_str().unwrap().contains("in quarantine"), "{}", refused.body);

        let mut other = FakeDevice::enroll(&server, &ann, "web-2").await;
        let caller = Caller::begin(&server, &mut other).await;
        let open = caller.surely_listening().await;
        assert_eq!(ann.delete(&format!("/api/v1/devices/{}", other.id)).await.status, 204);
        assert_eq!(open.await.unwrap().status, 401);
        assert_eq!(caller.tell(json!([sync(&[])])).await.status, 401);
        let id = other.id.to_string();
        let credential = other.credential(&server).await;
        assert!(FakeLine::open(server.mqtt_address(), &id, &id, &credential).await.is_err());
    }

    async fn a_server_that_stops_does_not_wait_for_open_calls(engine: Engine) {
        let (mut server, _, mut device) = started(engine).await;
        let caller = Caller::begin(&server, &mut device).await;
        let open = caller.surely_listening().await;
        let begun = std::time::Instant::now();
        server.restart().await;
        assert!(begun.elapsed() < Duration::from_secs(5), "requests that are being answered have five seconds");
        let answer = open.await.unwrap();
        assert_eq!((answer.status, answer.code()), (503, "unavailable"));
    }
}
