//! Schedules from writing to slots, with real agents on clocks that the test moves.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_testkit::clockwork::{Clockwork, Device, START_MS, assert_settled_once, keeps_no_schedule};
use taskey_testkit::{Engine, eventually, on_both, wait_for};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// The slots of `every` in (after, until], in milliseconds.
fn every(span: Duration, after: Time, until: Time) -> Vec<i64> {
    let span = span.as_millis() as i64;
    // The anchor is when the schedule was written: the beginning of the world.
    (1..).map(|number| START_MS + number * span).skip_while(|at| *at <= after.ms()).take_while(|at| *at <= until.ms()).collect()
}

/// Waits until the server has heard of everything up to `until`.
async fn heard(world: &Clockwork, schedule: &str, device: &Device, until: i64) {
    eventually(async || {
        let slots = world.slots(schedule).await;
        let newest = slots.iter().filter(|slot| slot["device"]["id"] == device.id.as_str()).filter_map(|slot| slot["until"].as_str());
        let newest = newest.filter_map(|text| text.parse::<Time>().ok()).max();
        let has_come = newest.is_some_and(|newest| newest.ms() >= until);
        has_come.then_some(()).ok_or_else(|| format!("{} is not in {newest:?} of {slots:#?}", Time::from_ms(until)))
    })
    .await;
}

fn states(slots: &[Value]) -> BTreeMap<String, u64> {
    let mut states = BTreeMap::new();
    for slot in slots {
        *states.entry(slot["state"].as_str().unwrap_or_default().to_owned()).or_default() += slot["count"].as_u64().unwrap_or_default();
    }
    states
}

on_both! {
    async fn a_device_fires_by_itself_and_the_server_hears_of_every_slot(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "echo hello").await;
        let schedule = world.schedule(json!({"name": "often", "task": "hello", "every": "1m", "overlap": "allow", "targets": {"devices": ["web-1"]}})).await;
        assert_eq!(schedule["state"], "active");
        let id = schedule["id"].as_str().unwrap().to_owned();
        let since = world.now;

        world.pass(&[&device], 5 * MINUTE, 10 * SECOND).await;

        let expected = every(MINUTE, since, world.now);
        assert_eq!(expected.len(), 5);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &device.id, &expected);
        assert_eq!(states(&slots), BTreeMap::from([("fired".to_owned(), 5)]));
        let run = slots[0]["run"].as_str().unwrap();
        wait_for(async || world.person.get(&format!("/api/v1/runs/{run}")).await.body["state"] == "succeeded").await;
        let run = world.person.get(&format!("/api/v1/runs/{run}")).await.body;
        assert_eq!(run["cause"]["kind"], "schedule");
        assert_eq!(run["cause"]["by"], "often");
        assert_eq!(run["cause"]["slot"]["schedule"], id.as_str());
        assert_eq!(run["executions"][0]["actions"][0]["output"], "hello\n");
    }

    async fn with_the_server_down_for_days_every_slot_fires_and_is_told_once(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        let schedule = world.schedule(json!({"name": "hourly", "task": "hello", "every": "1h", "overlap": "allow", "targets": {"devices": ["web-1"]}})).await;
        let id = schedule["id"].as_str().unwrap().to_owned();
        let since = world.now;

        world.stop_server().await;
        world.pass(&[&device], 72 * HOUR, 30 * MINUTE).await;
        world.start_server().await;
        world.is_online(&device).await;

        let expected = every(HOUR, since, world.now);
        assert_eq!(expected.len(), 72);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &device.id, &expected);
        assert_eq!(states(&slots), BTreeMap::from([("fired".to_owned(), 72)]));
        assert!(slots.iter().all(|slot| slot["late_ms"] == 0), "{slots:?}");
    }

    async fn slots_of_a_device_that_was_off_are_missed_or_caught_up_as_the_schedule_asks(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let mut device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = |name: &str, missed: Value| {
            json!({"name": name, "task": "hello", "every": "10m", "missed": missed, "overlap": "allow", "targets": {"devices": ["web-1"]}})
        };
        let mut schedules = Vec::new();
        for (name, missed) in [("skip", json!("skip")), ("last", json!("last")), ("all", json!({"all": {"max": 3, "age": "2h"}}))] {
            schedules.push(world.schedule(spec(name, missed)).await["id"].as_str().unwrap().to_owned());
        }
        let since = world.now;

        device.cut().await;
        world.pass(&[&device], Duration::from_secs(6 * 3_600 + 120), 10 * MINUTE).await;
        device.start();
        world.is_online(&device).await;

        let expected = every(10 * MINUTE, since, world.now);
        assert_eq!(expected.len(), 36);
        let wanted = [(36, 0), (35, 1), (33, 3)];
        for (schedule, (missed, caught_up)) in schedules.iter().zip(wanted) {
            heard(&world, schedule, &device, *expected.last().unwrap()).await;
            let slots = world.slots(schedule).await;
            assert_settled_once(&slots, &device.id, &expected);
            let states = states(&slots);
            assert_eq!(states.get("missed").copied().unwrap_or_default(), missed, "{slots:?}");
            assert_eq!(states.get("caught_up").copied().unwrap_or_default(), caught_up, "{slots:?}");
            assert!(slots.len() <= 4, "what was missed is one range: {slots:?}");
        }
    }

    async fn a_device_that_has_said_that_it_missed_a_slot_is_not_awaited_when_another_tells_that_it_fired(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let (mut first, mut second) = (world.device("web-1").await, world.device("web-2").await);
        world.task("hello", "true").await;
        let spec = json!({"name": "both", "task": "hello", "every": "10m", "missed": "skip", "overlap": "allow", "targets": {"devices": ["web-1", "web-2"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        let since = world.now;

        second.cut().await;
        world.stop_server().await;
        world.pass(&[&first, &second], 3 * 10 * MINUTE, 10 * MINUTE).await;
        first.cut().await;
        world.start_server().await;
        let expected = every(10 * MINUTE, since, world.now);
        for device in [&mut second, &mut first] {
            device.start();
            world.is_online(device).await;
            heard(&world, &id, device, *expected.last().unwrap()).await;
        }
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &first.id, &expected);
        assert_settled_once(&slots, &second.id, &expected);
        let states = states(&slots);
        let fired = states.get("fired").copied().unwrap_or_default();
        assert!(fired > 0 && states["missed"] > 1, "{slots:?}");
        eventually(async || {
            let runs = world.person.get("/api/v1/runs").await.body;
            let are_over = |runs: &Vec<Value>| {
                let counts = runs.iter().filter_map(|run| run["counts"].as_object()).flat_map(|counts| counts.values());
                counts.filter_map(Value::as_u64).sum::<u64>() == fired && runs.iter().all(|run| run["finished_at"].is_string())
            };
            runs["items"].as_array().is_some_and(are_over).then_some(()).ok_or_else(|| runs.to_string())
        })
        .await;
    }

    async fn an_edit_reaches_a_running_agent_and_a_pause_stops_it(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = json!({"name": "s", "task": "hello", "every": "10m", "overlap": "allow", "targets": {"devices": ["web-1"]}});
        let schedule = world.schedule(spec.clone()).await;
        let id = schedule["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/schedules/{id}");
        world.pass(&[&device], 10 * MINUTE, MINUTE).await;

        let mut edited = spec.clone();
        edited["every"] = json!("1m");
        let request = world.person.request(reqwest::Method::PUT, &path).header("if-match", "*").json(&edited);
        let answer = taskey_testkit::server::send(request).await;
        assert_eq!((answer.status, &answer.body["version"], &answer.body["revision"]), (200, &json!(2), &json!(2)));
        world.is_held(&id).await;
        let edited_at = world.now;
        world.pass(&[&device], 5 * MINUTE, 30 * SECOND).await;

        let expected = every(MINUTE, edited_at, world.now);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let of_second: Vec<Value> = world.slots(&id).await.into_iter().filter(|slot| slot["revision"] == 2).collect();
        assert_settled_once(&of_second, &device.id, &expected);

        let paused = world.person.post(&format!("{path}/pause"), json!({"reason": "holidays"})).await;
        assert_eq!((paused.status, &paused.body["state"]), (200, &json!("paused")));
        assert!(paused.body["reason"]["detail"].as_str().unwrap().contains("holidays"));
        assert_eq!(paused.body["next_at"], Value::Null);
        wait_for(async || keeps_no_schedule(device.state.path())).await;
        let count = world.slots(&id).await.len();
        world.pass(&[&device], 5 * MINUTE, MINUTE).await;
        assert_eq!(world.slots(&id).await.len(), count);

        let resumed = world.person.post(&format!("{path}/resume"), json!({})).await;
        assert_eq!((resumed.status, &resumed.body["revision"]), (200, &json!(3)));
        world.is_held(&id).await;
        let resumed_at = world.now;
        world.pass(&[&device], 2 * MINUTE, 30 * SECOND).await;
        let expected = every(MINUTE, resumed_at, world.now);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let of_third: Vec<Value> = world.slots(&id).await.into_iter().filter(|slot| slot["revision"] == 3).collect();
        assert_settled_once(&of_third, &device.id, &expected);
    }

    async fn a_schedule_that_runs_once_ends_with_its_first_completed_execution(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        let marks = world.folder().join("marks");
        world.task("mark", &format!("echo x >> {}; exit 3", marks.display())).await;
        let spec = json!({"name": "once", "task": "mark", "every": "1m", "run_once": true, "targets": {"devices": ["web-1"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/schedules/{id}");

        world.pass(&[&device], MINUTE, 10 * SECOND).await;
        wait_for(async || world.person.get(&path).await.body["state"] == "done").await;
        world.pass(&[&device], 10 * MINUTE, MINUTE).await;

        let shown = world.person.get(&path).await.body;
        assert_eq!((&shown["state"], &shown["reason"]["code"]), (&json!("done"), &json!("ran_once")));
        assert_eq!(std::fs::read_to_string(&marks).unwrap(), "x\n");

        assert_eq!(world.person.post(&format!("{path}/resume"), json!({})).await.status, 200);
        world.is_held(&id).await;
        world.pass(&[&device], 5 * MINUTE, 30 * SECOND).await;
        wait_for(async || world.person.get(&path).await.body["state"] == "done").await;
        assert_eq!(std::fs::read_to_string(&marks).unwrap(), "x\nx\n");
    }

    async fn a_clock_that_is_set_neither_floods_nor_loses(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = json!({"name": "s", "task": "hello", "every": "1m", "missed": {"all": {"max": 100, "age": "35d"}}, "overlap": "allow",
            "targets": {"devices": ["web-1"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        let since = world.now;
        world.pass(&[&device], 3 * MINUTE, 30 * SECOND).await;

        // Years ahead, years back, hours ahead: the server was heard in this life, so its time goes on to count.
        for off_ms in [5 * 366 * 86_400_000, -10 * 366 * 86_400_000, 3 * 3_600_000] {
            device.hands.set_wall(world.now.plus_ms(off_ms));
            device.hands.heeded().await;
            world.pass(&[&device], 3 * MINUTE, 30 * SECOND).await;
        }
        device.hands.set_wall(world.now);
        world.pass(&[&device], 3 * MINUTE, 30 * SECOND).await;

        let expected = every(MINUTE, since, world.now);
        assert_eq!(expected.len(), 15);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &device.id, &expected);
        assert_eq!(states(&slots), BTreeMap::from([("fired".to_owned(), 15)]));
    }

    async fn an_agent_that_was_never_heard_waits_for_its_clock_and_takes_a_jump_as_one_missed_range(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let mut device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = json!({"name": "s", "task": "hello", "every": "1h", "missed": "last", "targets": {"devices": ["web-1"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        let since = world.now;
        world.stop_server().await;
        device.stop().await;

        // The device starts without a battery in its clock, and without a server.
        device.hands.set_wall(Time::from_ms(0));
        device.start();
        world.pass(&[&device], 3 * HOUR, 30 * MINUTE).await;
        // Then it is told the time, two days later.
        world.pass(&[], 45 * HOUR, 45 * HOUR).await;
        device.hands.set_wall(world.now);
        device.hands.heeded().await;
        world.pass(&[&device], 2 * HOUR, 30 * MINUTE).await;
        world.start_server().await;
        world.is_online(&device).await;

        let expected = every(HOUR, since, world.now);
        assert_eq!(expected.len(), 50);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &device.id, &expected);
        assert!(states(&slots)["missed"] >= 46, "{slots:?}");
        assert!(slots.len() <= 5, "{slots:?}");
    }

    async fn a_clock_that_ran_ahead_unheard_does_not_silence_a_schedule_once_it_is_right_again(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let mut device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = json!({"name": "s", "task": "hello", "every": "1h", "overlap": "allow", "targets": {"devices": ["web-1"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        world.stop_server().await;
        device.stop().await;
        device.hands.set_wall(world.now.plus_ms(30 * 86_400_000));
        device.start();
        world.pass(&[&device], 2 * HOUR, 10 * MINUTE).await;
        world.start_server().await;
        world.is_online(&device).await;
        let path = format!("/api/v1/schedules/{id}");
        wait_for(async || world.person.get(&path).await.body["revision"] == 2).await;
        world.is_held(&id).await;

        let since = world.now;
        world.pass(&[&device], 3 * HOUR, 10 * MINUTE).await;
        let expected = every(HOUR, since, world.now);
        assert_eq!(expected.len(), 3);
        eventually(async || {
            let slots = world.slots(&id).await;
            let anew = slots.iter().filter(|slot| slot["revision"] == 2 && slot["state"] == "fired").count();
            (anew == 3).then_some(()).ok_or_else(|| format!("{slots:#?}"))
        })
        .await;
        let ahead = world.slots(&id).await.into_iter().filter(|slot| slot["revision"] == 1 && slot["state"] == "fired").count();
        assert!(ahead >= 1, "the date of the device counted while nobody else told the time");
        assert_eq!(world.person.get(&path).await.body["revision"], 2, "it is begun anew once");
    }

    async fn what_ran_once_does_not_run_again_because_its_task_was_changed(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let one = world.device("web-1").await;
        let mut two = world.device("web-2").await;
        let marks = world.folder().join("marks");
        let action = |word: &str| json!({"type": "SCRIPT", "content": format!("echo {word} >> {}", marks.display()), "user": taskey_testkit::clockwork::user()});
        assert_eq!(world.person.post("/api/v1/tasks", json!({"name": "t", "actions": [action("old")]})).await.status, 201);
        let spec = json!({"name": "s", "task": "t", "every": "1m", "run_once": true, "targets": {"devices": ["web-1", "web-2"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        two.stop().await;
        world.pass(&[&one], 2 * MINUTE, 30 * SECOND).await;
        wait_for(async || world.person.get(&format!("/api/v1/schedules/{id}/devices")).await.body["items"][0]["completed"] == true).await;

        let request = world.person.request(reqwest::Method::PUT, "/api/v1/tasks/t").header("if-match", "*");
        let changed = taskey_testkit::server::send(request.json(&json!({"name": "t", "actions": [action("new")]}))).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let path = format!("/api/v1/schedules/{id}");
        wait_for(async || world.person.get(&path).await.body["revision"] == 2).await;
        world.pass(&[&one], 3 * MINUTE, 30 * SECOND).await;
        assert_eq!(world.person.get(&path).await.body["state"], "active", "the other device has not run it yet");
        two.start();
        world.is_online(&two).await;
        world.is_held(&id).await;
        world.pass(&[&one, &two], 3 * MINUTE, 30 * SECOND).await;
        wait_for(async || world.person.get(&path).await.body["state"] == "done").await;
        assert_eq!(std::fs::read_to_string(&marks).unwrap(), "old\nnew\n");
    }

    async fn what_fires_on_the_server_starts_a_run_for_every_device_of_a_group(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let one = world.device("web-1").await;
        let two = world.device("web-2").await;
        world.task("hello", "true").await;
        assert_eq!(world.person.post("/api/v1/device-groups", json!({"name": "eu"})).await.status, 201);
        for device in ["web-1", "web-2"] {
            let answer = world.person.request(reqwest::Method::PUT, &format!("/api/v1/device-groups/eu/devices/{device}"));
            assert!(taskey_testkit::server::send(answer).await.status < 300);
        }
        let spec = json!({"name": "s", "task": "hello", "every": "1m", "where": "server", "overlap": "allow", "targets": {"groups": ["eu"]}});
        let answer = world.person.post("/api/v1/schedules", spec).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.id().to_owned();
        for number in 1..=3 {
            world.pass(&[&one, &two], MINUTE, MINUTE).await;
            wait_for(async || world.slots(&id).await.len() == number).await;
        }
        let slots = world.slots(&id).await;
        assert_eq!(states(&slots), BTreeMap::from([("fired".to_owned(), 3)]));
        let expected = every(MINUTE, Time::from_ms(START_MS), world.now);
        let found: Vec<i64> = slots.iter().map(|slot| slot["at"].as_str().unwrap().parse::<Time>().unwrap().ms()).collect();
        assert_eq!(found, expected);
        let run = slots[0]["run"].as_str().unwrap().to_owned();
        wait_for(async || world.person.get(&format!("/api/v1/runs/{run}")).await.body["counts"] == json!({"succeeded": 2})).await;
    }
}

/// A sequence of numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Agent and server end and begin at random while schedules fire. Afterwards every slot is settled once.
async fn faults(engine: Engine, seed: u64) {
    let mut dice = Dice(seed);
    let mut world = Clockwork::start(engine).await;
    let mut device = world.device("web-1").await;
    world.task("hello", "echo $TASKEY_EXECUTION_ID").await;
    let spec = |name: &str, every: &str, missed: Value, overlap: Value| json!({"name": name, "task": "hello", "every": every, "missed": missed, "overlap": overlap, "targets": {"devices": ["web-1"]}});
    let schedules = [
        (world.schedule(spec("a", "1m", json!("skip"), json!("allow"))).await, MINUTE),
        (world.schedule(spec("b", "3m", json!({"all": {"max": 5, "age": "1h"}}), json!({"queue": 2}))).await, 3 * MINUTE),
        (world.schedule(spec("c", "2m", json!("last"), json!("replace"))).await, 2 * MINUTE),
    ];
    let since = world.now;
    for _ in 0..8 {
        match dice.below(4) {
            0 => device.cut().await,
            1 => world.stop_server().await,
            2 => {
                device.cut().await;
                world.stop_server().await;
            }
            _ => {}
        }
        let span = Duration::from_secs(1 + dice.below(600));
        world.pass(&[&device], span, Duration::from_secs(1 + dice.below(40))).await;
        if !device.is_running() {
            device.start();
        }
        if dice.below(2) == 0 {
            world.start_server().await;
        }
        world.pass(&[&device], SECOND, SECOND).await;
    }
    world.start_server().await;
    world.is_online(&device).await;
    for (schedule, span) in &schedules {
        let id = schedule["id"].as_str().unwrap();
        let expected = every(*span, since, world.now);
        heard(&world, id, &device, *expected.last().unwrap()).await;
        eventually(async || {
            let slots = world.slots(id).await;
            let count: u64 = slots.iter().map(|slot| slot["count"].as_u64().unwrap_or_default()).sum();
            let open: Vec<&Value> = slots.iter().filter(|slot| !slot["execution"].is_null() && !is_over(&slot["outcome"])).collect();
            let is_settled = count == expected.len() as u64 && open.is_empty();
            is_settled.then_some(()).ok_or_else(|| format!("{count} of {} slots are settled: {slots:#?}", expected.len()))
        })
        .await;
        assert_settled_once(&world.slots(id).await, &device.id, &expected);
    }
    device.stop().await;
    world.stop_server().await;
}

fn is_over(outcome: &Value) -> bool {
    outcome.as_str().and_then(taskey_proto::runs::State::from_word).is_some_and(taskey_proto::runs::State::is_final)
}

/// How many seeds: few in every run of the tests, a hundred with `cargo x soak`.
fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("TASKEY_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let first = std::env::var("TASKEY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    first..first + count
}

on_both! {
    async fn a_task_with_secrets_runs_with_the_server_down_and_follows_a_new_value(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        let marks = world.folder().join("marks");
        let secret = |value: &str| {
            let request = world.person.request(reqwest::Method::PUT, "/api/v1/secrets/token").json(&json!({"value": value}));
            taskey_testkit::server::send(request)
        };
        assert!(secret("first value").await.status < 300);
        let user = taskey_testkit::clockwork::user();
        let action = json!({"type": "SCRIPT", "content": format!("echo \"$TOKEN\" >> {}", marks.display()), "user": user,
            "environment": [{"key": "TOKEN", "secret": "token"}]});
        assert_eq!(world.person.post("/api/v1/tasks", json!({"name": "s", "actions": [action]})).await.status, 201);
        let spec = json!({"name": "s", "task": "s", "every": "1h", "targets": {"devices": ["web-1"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();

        assert!(secret("second value").await.status < 300);
        let kept = device.state.file("schedules").join("secrets.json");
        let before = std::fs::read(&kept).unwrap();
        wait_for(async || std::fs::read(&kept).unwrap() != before).await;
        assert!(!std::fs::read_to_string(&kept).unwrap().contains("value"), "it lies there sealed");
        world.stop_server().await;
        world.pass(&[&device], HOUR, 10 * MINUTE).await;
        wait_for(async || std::fs::read_to_string(&marks).unwrap_or_default() == "second value\n").await;
        world.start_server().await;
        heard(&world, &id, &device, world.now.ms()).await;
    }

    async fn a_newcomer_to_a_group_starts_with_the_next_slot_and_one_that_leaves_stops(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let one = world.device("web-1").await;
        let two = world.device("web-2").await;
        world.task("hello", "true").await;
        assert_eq!(world.person.post("/api/v1/device-groups", json!({"name": "eu"})).await.status, 201);
        let put = async |device: &str| {
            let request = world.person.request(reqwest::Method::PUT, &format!("/api/v1/device-groups/eu/devices/{device}"));
            assert!(taskey_testkit::server::send(request).await.status < 300);
        };
        put("web-1").await;
        let spec = json!({"name": "s", "task": "hello", "every": "10m", "overlap": "allow", "targets": {"groups": ["eu"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        let since = world.now;
        world.pass(&[&one, &two], 25 * MINUTE, MINUTE).await;

        let request = world.person.request(reqwest::Method::PUT, "/api/v1/device-groups/eu/devices/web-2");
        assert!(taskey_testkit::server::send(request).await.status < 300);
        wait_for(async || world.person.get(&format!("/api/v1/schedules/{id}")).await.body["holding_count"] == 2).await;
        let joined = world.now;
        world.pass(&[&one, &two], 20 * MINUTE, MINUTE).await;
        assert!(world.person.delete("/api/v1/device-groups/eu/devices/web-1").await.status < 300);
        wait_for(async || keeps_no_schedule(one.state.path())).await;
        let left = world.now;
        world.pass(&[&one, &two], 20 * MINUTE, MINUTE).await;

        heard(&world, &id, &two, *every(10 * MINUTE, joined, world.now).last().unwrap()).await;
        heard(&world, &id, &one, *every(10 * MINUTE, since, left).last().unwrap()).await;
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &one.id, &every(10 * MINUTE, since, left));
        assert_settled_once(&slots, &two.id, &every(10 * MINUTE, joined, world.now));
    }

    async fn a_lease_that_lapses_stops_the_schedule_and_says_so(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = json!({"name": "s", "task": "hello", "every": "1d", "overlap": "allow", "targets": {"devices": ["web-1"]}});
        let id = world.schedule(spec).await["id"].as_str().unwrap().to_owned();
        let since = world.now;
        world.stop_server().await;
        world.pass(&[&device], 40 * 24 * HOUR, 12 * HOUR).await;
        let waited = world.now;
        world.start_server().await;
        world.is_online(&device).await;
        let expected = every(24 * HOUR, since, waited);
        heard(&world, &id, &device, *expected.last().unwrap()).await;
        let slots = world.slots(&id).await;
        assert_settled_once(&slots, &device.id, &expected);
        let lapsed = slots.iter().find(|slot| slot["reason"]["code"] == "lease_lapsed").unwrap();
        assert_eq!((&lapsed["state"], lapsed["count"].as_u64()), (&json!("missed"), Some(6)), "{slots:?}");
        world.pass(&[&device], 24 * HOUR, 12 * HOUR).await;
        heard(&world, &id, &device, *every(24 * HOUR, waited, world.now).last().unwrap()).await;
    }

    async fn a_schedule_explains_itself(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        let spec = json!({"name": "s", "task": "hello", "cron": "30 2 * * *", "timezone": "Europe/Berlin", "targets": {"devices": ["web-1"]}});
        let schedule = world.schedule(spec).await;
        let ask = async |query: &str| {
            let answer = world.person.get(&format!("/api/v1/schedules/s/explain{query}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.body
        };
        let now = ask("").await;
        assert!(now["answer"].as_str().unwrap().contains("waits for its next slot"), "{now}");
        assert_eq!(now["next"].as_array().unwrap().len(), 10);
        let gap = ask("?at=2027-03-28T01:00:00Z").await;
        assert!(gap["steps"].to_string().contains("2027-03-28T03:00:00+02:00"), "{gap}");
        assert!(ask("?at=2027-03-28T01:30:00Z").await["answer"].as_str().unwrap().contains("no slot"));
        let before = schedule["next_at"].as_str().unwrap().parse::<Time>().unwrap().plus_ms(-86_400_000);
        let early = ask(&format!("?at={before}&device={}", device.id)).await;
        assert!(early["answer"].as_str().unwrap().contains("did not keep this revision"), "{early}");
        let next: Time = schedule["next_at"].as_str().unwrap().parse().unwrap();
        let until = next.since_ms(world.now) as u64;
        world.pass(&[&device], Duration::from_millis(until), HOUR).await;
        heard(&world, schedule["id"].as_str().unwrap(), &device, next.ms()).await;
        let fired = world.person.get(&format!("/api/v1/schedules/s/explain?at={next}")).await.body;
        assert!(fired["answer"].as_str().unwrap().contains("fired on web-1"), "{fired}");
    }
}

async fn every_slot_is_settled_once_whatever_ends_at_random(engine: Engine) {
    for seed in seeds() {
        eprintln!("seed {seed} (TASKEY_SEED={seed} TASKEY_SEEDS=1 runs it alone)");
        faults(engine, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_at_random_every_slot_is_settled_once_on_sqlite() {
    every_slot_is_settled_once_whatever_ends_at_random(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_at_random_every_slot_is_settled_once_on_postgres() {
    every_slot_is_settled_once_whatever_ends_at_random(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_fire_each_slot_of_the_server_once_while_one_of_them_ends() {
    use taskey_testkit::TestServer;
    let mut server = TestServer::start(Engine::Postgres).await;
    let ann = server.set_up().await;
    let device = taskey_testkit::FakeDevice::enroll(&server, &ann, "web-1").await;
    let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
    assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
    let mut ids = Vec::new();
    for number in 0..5 {
        let spec = json!({"name": format!("s{number}"), "task": "hello", "every": "10s", "where": "server", "overlap": "allow",
            "targets": {"devices": [device.id]}});
        let answer = ann.post("/api/v1/schedules", spec).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        ids.push(answer.id().to_owned());
    }
    let mut dice = Dice(7);
    let mut beside = Some(server.start_beside().await);
    for number in 1..=20_u64 {
        server.clock.advance(Duration::from_secs(10));
        match dice.below(4) {
            0 => {
                if let Some(beside) = beside.take() {
                    beside.stop().await;
                }
            }
            1 if beside.is_none() => beside = Some(server.start_beside().await),
            2 => server.restart().await,
            _ => {}
        }
        let ann = server.with_key(ann.key.as_deref().unwrap());
        for id in &ids {
            wait_for(async || settled(&ann, id).await >= number).await;
        }
    }
    let ann = server.with_key(ann.key.as_deref().unwrap());
    for id in &ids {
        assert_eq!(settled(&ann, id).await, 20);
    }
    let runs = ann.get("/api/v1/runs?limit=200").await;
    assert_eq!(runs.body["items"].as_array().unwrap().len(), 100);
}

/// How many slots of a schedule are settled.
async fn settled(person: &taskey_testkit::server::Person, schedule: &str) -> u64 {
    let slots = person.get(&format!("/api/v1/schedules/{schedule}/slots?limit=200")).await;
    slots.body["items"].as_array().unwrap().iter().map(|slot| slot["count"].as_u64().unwrap()).sum()
}
