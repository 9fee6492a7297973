//! Slots that the server fires and that wait until an earlier run of their schedule is over.

use std::time::Duration;

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::document::Order;
use taskey_proto::line::{Down, Finished, Up};
use taskey_proto::runs::State;
use taskey_testkit::device::FakeLine;
use taskey_testkit::server::Person;
use taskey_testkit::{Engine, FakeDevice, TestServer, eventually, on_both};

const MINUTE: Duration = Duration::from_secs(60);

struct World {
    server: TestServer,
    ann: Person,
    device: FakeDevice,
    line: FakeLine,
}

/// A schedule `s` that the server fires every minute on one device that is online, with two places to wait.
async fn world(engine: Engine) -> World {
    let server = TestServer::start(engine).await;
    let ann = server.set_up().await;
    let mut device = FakeDevice::enroll(&server, &ann, "web-1").await;
    let line = device.connect(&server).await;
    let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
    assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
    let spec = json!({"name": "s", "task": "hello", "every": "1m", "where": "server", "overlap": {"queue": 2}, "expires_in": "30m",
        "targets": {"devices": ["web-1"]}});
    let made = ann.post("/api/v1/schedules", spec).await;
    assert_eq!(made.status, 201, "{}", made.body);
    World { server, ann, device, line }
}

impl World {
    async fn order(&mut self) -> Order {
        loop {
            if let Down::Execute(order) = self.line.down().await.expect("an order") {
                return *order;
            }
        }
    }

    async fn ends(&mut self, order: &Order) {
        let at = self.server.clock.now();
        let finished = Finished {
            execution: order.execution,
            state: State::Succeeded,
            reason: None,
            started_at: Some(at),
            finished_at: at,
            isolation: None,
            actions: vec![],
            chunks: vec![],
            slot: None,
        };
        self.line.report(self.device.id, &Up::Finished(Box::new(finished))).await;
    }

    /// States of settled slots, oldest first.
    async fn slots(&self) -> Vec<String> {
        let slots = self.ann.get("/api/v1/schedules/s/slots").await.body;
        let word = |slot: &Value| format!("{} {}", slot["state"].as_str().unwrap(), slot["reason"]["code"].as_str().unwrap_or_default());
        slots["items"].as_array().unwrap().iter().rev().map(word).collect()
    }

    async fn explained(&self, at: Time) -> String {
        let explained = self.ann.get(&format!("/api/v1/schedules/s/explain?at={at}")).await.body;
        explained["answer"].as_str().unwrap().to_owned()
    }

    /// Waits, while the clock moves by little, until this is what became of slots.
    async fn come_to(&self, expected: &[&str]) {
        eventually(async || {
            let slots = self.slots().await;
            (slots == expected).then_some(()).ok_or_else(|| format!("{slots:?}"))
        })
        .await;
    }
}

on_both! {
    async fn slots_wait_for_the_run_before_them_in_their_order(engine: Engine) {
        let mut world = world(engine).await;
        let since = world.server.clock.now();
        let at = |number: i64| since.plus_ms(number * 60_000);
        world.server.clock.advance(MINUTE);
        let first = world.order().await;
        world.come_to(&["fired "]).await;
        for number in 2..=3 {
            world.server.clock.advance(MINUTE);
            let expected = if number == 2 { "begins as soon as the run that is open is over" } else { "1 of this schedule wait before it" };
            eventually(async || {
                let answer = world.explained(at(number)).await;
                answer.contains(expected).then_some(()).ok_or(answer)
            })
            .await;
        }
        world.server.clock.advance(MINUTE);
        world.come_to(&["fired ", "skipped queue_full"]).await;

        world.ends(&first).await;
        let second = world.order().await;
        assert_ne!(second.execution, first.execution);
        world.come_to(&["fired ", "fired ", "skipped queue_full"]).await;
        let slots = world.ann.get("/api/v1/schedules/s/slots").await.body;
        assert_eq!((&slots["items"][1]["at"], &slots["items"][1]["late_ms"]), (&json!(at(2)), &json!(120_000)), "{slots}");
        assert_eq!(world.line.waiting(), 0, "one at a time");
        world.ends(&second).await;
        world.order().await;
        world.come_to(&["fired ", "fired ", "fired ", "skipped queue_full"]).await;
    }

    async fn what_waits_when_a_schedule_is_paused_or_waits_too_long_begins_nothing(engine: Engine) {
        let mut world = world(engine).await;
        world.server.clock.advance(MINUTE);
        let first = world.order().await;
        world.come_to(&["fired "]).await;
        world.server.clock.advance(MINUTE);
        eventually(async || {
            let steps = world.ann.get("/api/v1/schedules/s/explain").await.body["steps"].to_string();
            steps.contains("Of its slots 1 wait until an earlier run is over").then_some(()).ok_or(steps)
        })
        .await;
        assert_eq!(world.ann.post("/api/v1/schedules/s/pause", json!({})).await.status, 200);
        assert_eq!(world.slots().await, ["fired ", "skipped schedule_changed"]);
        world.ends(&first).await;
        assert_eq!(world.ann.post("/api/v1/schedules/s/resume", json!({})).await.status, 200);

        world.server.clock.advance(MINUTE);
        world.order().await;
        world.come_to(&["fired ", "skipped schedule_changed", "fired "]).await;
        for _ in 0..40 {
            world.server.clock.advance(MINUTE);
            eventually(async || {
                let next = world.ann.get("/api/v1/schedules/s").await.body["next_at"].clone();
                let is_later = next.as_str().unwrap().parse::<Time>().unwrap() > world.server.clock.now();
                is_later.then_some(()).ok_or(next.to_string())
            })
            .await;
        }
        let expired = world.slots().await.into_iter().filter(|slot| slot == "skipped expired").count();
        assert!(expired >= 2, "{:?}", world.slots().await);
        assert_eq!(world.line.waiting(), 0);
    }
}
