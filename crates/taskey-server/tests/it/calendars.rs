//! Calendars, and schedules that begin nothing during their events.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_testkit::clockwork::{Clockwork, START_MS};
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{FakeDevice, TestServer, on_both, wait_for};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

const GOOGLE: &str = include_str!("../../../taskey-schedule/tests/calendars/google.ics");
const OUTLOOK: &str = include_str!("../../../taskey-schedule/tests/calendars/outlook.ics");

async fn put(person: &Person, word: &str, if_match: &str, body: Value) -> Answer {
    send(person.request(Method::PUT, &format!("/api/v1/calendars/{word}")).header("if-match", if_match).json(&body)).await
}

async fn make(person: &Person, name: &str, content: &str) -> Answer {
    let made = person.post("/api/v1/calendars", json!({"name": name, "content": content})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made
}

/// A calendar with one event between two moments, in seconds after the beginning of the world.
fn event(name: &str, from: i64, until: i64) -> String {
    let at = |secs: i64| Time::from_ms(START_MS + secs * 1_000).to_string().replace(['-', ':'], "").replace(".000", "");
    vcalendar(&format!("DTSTART:{}\r\nDTEND:{}\r\nSUMMARY:{name}", at(from), at(until)))
}

fn vcalendar(event: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

fn fields<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap_or_default()).collect()
}

/// A server with a task, a device that is never there, and whoever set it up.
async fn world(engine: taskey_testkit::Engine) -> (TestServer, Person) {
    let server = TestServer::start(engine).await;
    let ann = server.set_up().await;
    FakeDevice::enroll(&server, &ann, "web-1").await;
    let task = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
    assert_eq!(ann.post("/api/v1/tasks", task).await.status, 201);
    (server, ann)
}

fn spec(name: &str, more: Value) -> Value {
    let mut spec = json!({"name": name, "task": "hello", "targets": {"devices": ["web-1"]}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

/// Every settled slot as minutes after the beginning, what became of it and why; ranges one by one are not made here.
async fn told(world: &Clockwork, schedule: &str) -> Vec<(i64, String, String)> {
    let slots = world.slots(schedule).await;
    let minute = |slot: &Value| (slot["at"].as_str().unwrap().parse::<Time>().unwrap().ms() - START_MS) / 60_000;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    slots.iter().map(|slot| (minute(slot), word(&slot["state"]), word(&slot["reason"]["detail"]))).collect()
}

fn skipped_for(by: &str) -> (String, String) {
    ("skipped".to_owned(), format!("It may not run at that time: {by}."))
}

fn fired() -> (String, String) {
    ("fired".to_owned(), String::new())
}

fn of(told: &[(i64, String, String)], minute: i64) -> Option<(String, String)> {
    told.iter().find(|(at, ..)| *at == minute).map(|(_, state, detail)| (state.clone(), detail.clone()))
}

on_both! {
    async fn a_calendar_is_made_changed_and_removed_and_every_step_is_told(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let body = json!({"name": "holidays", "description": "of Berlin", "content": "2026-12-25 Christmas\n2026-12-26 Boxing Day\n2026-01-01 Long ago"});
        let create = async || send(ann.request(Method::POST, "/api/v1/calendars").header("idempotency-key", "k").json(&body)).await;
        let made = create().await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(made.id().starts_with("cal_"));
        assert_eq!(made.header("location"), format!("/api/v1/calendars/{}", made.id()));
        let again = create().await;
        assert_eq!((again.status, again.id(), again.header("idempotency-replayed")), (201, made.id(), "true"));
        let shown = ann.get("/api/v1/calendars/holidays").await;
        assert_eq!(shown.body, made.body);
        assert_eq!(shown.header("etag"), "\"1\"");
        for (field, value) in [
            ("version", json!(1)),
            ("event_count", json!(3)),
            ("schedule_count", json!(0)),
            ("description", json!("of Berlin")),
            ("content", body["content"].clone()),
            ("updated_by", json!("ann (test)")),
            ("role", json!("admin")),
            ("next", json!({"name": "Christmas", "from": "2026-12-25T00:00:00", "until": "2026-12-26T00:00:00", "all_day": true})),
        ] {
            assert_eq!(shown.body[field], value, "{field}");
        }
        let list = ann.get("/api/v1/calendars").await;
        assert_eq!((fields(&list.body, "name"), &list.body["items"][0]["content"]), (vec!["holidays"], &Value::Null));
        let taken = ann.post("/api/v1/calendars", body.clone()).await;
        assert_eq!((taken.status, taken.code()), (409, "name_taken"));

        // The same again is no version; anything else is, for whoever has seen the newest.
        let same = put(&ann, "holidays", "\"1\"", body.clone()).await;
        assert_eq!((same.status, &same.body["version"]), (200, &json!(1)));
        let mut changed = body.clone();
        changed["content"] = json!("2026-12-24 Eve");
        let changed_to = put(&ann, made.id(), "\"1\"", changed.clone()).await;
        assert_eq!((changed_to.status, &changed_to.body["version"], changed_to.header("etag")), (200, &json!(2), "\"2\""));
        assert_eq!((&changed_to.body["next"]["name"], &changed_to.body["event_count"]), (&json!("Eve"), &json!(1)));
        let late = put(&ann, "holidays", "\"1\"", body.clone()).await;
        assert_eq!((late.status, late.code()), (412, "precondition_failed"));
        let blind = send(ann.request(Method::PUT, "/api/v1/calendars/holidays").json(&body)).await;
        assert_eq!((blind.status, blind.code()), (428, "precondition_required"));

        assert_eq!(ann.delete("/api/v1/calendars/holidays").await.status, 204);
        assert_eq!(ann.get("/api/v1/calendars/holidays").await.code(), "not_found");
        assert_eq!(put(&ann, "holidays", "*", body).await.code(), "not_found");
        let audit = ann.get("/api/v1/audit?limit=200").await;
        let actions: Vec<&str> = fields(&audit.body, "action").into_iter().filter(|action| action.starts_with("calendar.")).collect();
        assert_eq!(actions, ["calendar.removed", "calendar.changed", "calendar.created"]);
    }

    async fn whoever_may_read_calendars_hears_of_them_live(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        assert_eq!(ann.post("/api/v1/groups", json!({"name": "readers", "role": "read-only"})).await.status, 201);
        let bob = ann.add_user("bob", json!({"groups": ["readers"]})).await.sign_in().await;
        let mut stream = bob.stream("/api/v1/events").await;
        let id = make(&ann, "holidays", "2026-12-25 Christmas").await.id().to_owned();
        let mut heard = Vec::new();
        put(&ann, "holidays", "*", json!({"name": "holidays", "content": "2026-12-24 Eve"})).await;
        ann.delete("/api/v1/calendars/holidays").await;
        while heard.len() < 3 {
            let event = stream.next_event().await.unwrap();
            if event.contains(&id) {
                heard.push(event);
            }
        }
        for (event, name) in heard.iter().zip(["calendar.created", "calendar.changed", "calendar.removed"]) {
            assert!(event.contains(name), "{event}");
        }
        assert_eq!(ann.get("/api/v1/calendars/holidays").await.status, 404);
        make(&ann, "holidays", "2026-12-25 Christmas").await;
        assert_eq!(bob.get("/api/v1/calendars/holidays").await.body["role"], "read-only");
        let refused = bob.post("/api/v1/calendars", json!({"name": "x", "content": "2026-12-25 Christmas"})).await;
        assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
    }

    async fn what_is_wrong_in_a_calendar_is_told_line_by_line(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let refused = ann.post("/api/v1/calendars", json!({"name": "of Berlin", "content": "2026-12-25 Christmas\n26.12.2026 Boxing Day\n2026-02-30 Never"})).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid"));
        let errors = refused.body["errors"].as_array().unwrap();
        let places: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/name", "/content", "/content"]);
        assert!(errors[1]["detail"].as_str().unwrap().starts_with("line 2: `26.12.2026` is not a date"), "{}", refused.body);
        assert!(errors[2]["detail"].as_str().unwrap().starts_with("line 3: `2026-02-30`"), "{}", refused.body);
        for content in ["", "# nothing\n", "2026-12-25 Christ\u{0}mas"] {
            let refused = ann.post("/api/v1/calendars/preview", json!({"content": content})).await;
            assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/content")), "{content:?}");
        }
        let all_wrong = "wrong\n".repeat(50);
        let refused = ann.post("/api/v1/calendars/preview", json!({"name": "x", "content": all_wrong})).await;
        let errors = refused.body["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[19]["detail"]), (20, &json!("and 31 more lines")));
        assert_eq!(ann.get("/api/v1/calendars").await.body["items"], json!([]));
    }

    async fn a_calendar_as_other_programs_write_it_is_previewed_stored_and_listed(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let preview = ann.post("/api/v1/calendars/preview", json!({"content": GOOGLE})).await;
        assert_eq!((preview.status, &preview.body["event_count"]), (200, &json!(3)), "{}", preview.body);
        let first = json!({"name": "Release evening", "from": "2026-10-05T16:00:00Z", "until": "2026-10-05T18:00:00Z", "all_day": false});
        assert_eq!(preview.body["events"][0], first);
        make(&ann, "outlook", OUTLOOK).await;
        let events = ann.get("/api/v1/calendars/outlook/events?from=2026-12-30T12:00:00Z&until=2027-02-01T00:00:00Z").await;
        assert_eq!(events.body["more"], false);
        let freeze = json!({"name": "Year-end freeze", "from": "2026-12-21T00:00:00", "until": "2027-01-04T00:00:00", "all_day": true});
        assert_eq!(events.body["items"][0], freeze, "what is on already counts");
        assert_eq!(fields(&events.body, "name"), ["Year-end freeze", "Patch day"]);
        let backwards = ann.get("/api/v1/calendars/outlook/events?from=2027-12-30T12:00:00Z&until=2027-02-01T00:00:00Z").await;
        assert_eq!((backwards.status, &backwards.body["errors"][0]["pointer"]), (422, &json!("/until")));
        make(&ann, "often", &vcalendar("DTSTART:20260101T000000Z\r\nDURATION:PT5M\r\nRRULE:FREQ=MINUTELY\r\nSUMMARY:Busy")).await;
        let many = ann.get("/api/v1/calendars/often/events").await;
        assert_eq!((many.body["items"].as_array().unwrap().len(), &many.body["more"]), (1_000, &json!(true)));
    }

    async fn a_calendar_that_schedules_name_stays_and_a_renamed_one_is_still_theirs(engine: Engine) {
        let (_server, ann) = world(engine).await;
        let id = make(&ann, "holidays", "2026-12-25 Christmas").await.id().to_owned();
        let unknown = ann.post("/api/v1/schedules", spec("a", json!({"every": "1h", "calendars": ["holidays", "freeze"]}))).await;
        assert_eq!((unknown.status, &unknown.body["errors"]), (422, &json!([{"pointer": "/calendars/1", "detail": "there is no calendar `freeze`"}])));
        let tried = ann.post("/api/v1/schedules/simulate", json!({"spec": spec("a", json!({"every": "1h", "calendars": ["freeze"]}))})).await;
        assert_eq!((tried.status, &tried.body["errors"][0]["pointer"]), (422, &json!("/spec/calendars/0")));
        for (name, word) in [("a", "holidays"), ("b", id.as_str())] {
            let made = ann.post("/api/v1/schedules", spec(name, json!({"every": "1h", "calendars": [word]}))).await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
        assert_eq!(ann.post("/api/v1/schedules", spec("c", json!({"every": "1h"}))).await.status, 201);
        assert_eq!(ann.get("/api/v1/calendars/holidays").await.body["schedule_count"], 2);
        assert_eq!(fields(&ann.get("/api/v1/schedules?calendar=holidays").await.body, "name"), ["a", "b"]);
        assert_eq!(ann.get("/api/v1/schedules?calendar=nothing").await.body["items"], json!([]));
        let kept = ann.delete("/api/v1/calendars/holidays").await;
        assert_eq!((kept.status, kept.code()), (409, "in_use"));
        assert!(kept.body["detail"].as_str().unwrap().contains("`a`, `b` name it"), "{}", kept.body);

        let renamed = put(&ann, "holidays", "*", json!({"name": "days-off", "content": "2026-12-25 Christmas"})).await;
        assert_eq!((renamed.status, &renamed.body["schedule_count"]), (200, &json!(2)));
        wait_for(async || ann.get("/api/v1/schedules/a").await.body["revision"] == 2).await;
        let explained = ann.get("/api/v1/schedules/a/explain?at=2026-12-25T12:00:00Z").await;
        assert!(explained.text.contains("calendar days-off: Christmas"), "{}", explained.text);
        // It is shown by its new name, and written by that it is the same; a name that is gone is refused.
        let shown = ann.get("/api/v1/schedules/a").await;
        assert_eq!(shown.body["spec"]["calendars"], json!(["days-off"]));
        assert!(shown.body["words"].as_str().unwrap().contains("the calendar days-off"), "{}", shown.body);
        assert_eq!(ann.get("/api/v1/schedules/b").await.body["spec"]["calendars"], json!([id]));
        let write = async |word: &str| {
            let body = spec("a", json!({"every": "1h", "calendars": [word]}));
            send(ann.request(Method::PUT, "/api/v1/schedules/a").header("if-match", "*").json(&body)).await
        };
        assert_eq!(write("days-off").await.body["version"], 1);
        assert_eq!(write("holidays").await.status, 422);
        // What a description says changes nothing for devices.
        let described = put(&ann, "days-off", "*", json!({"name": "days-off", "description": "x", "content": "2026-12-25 Christmas"})).await;
        assert_eq!(described.body["version"], 3);
        assert_eq!(put(&ann, "days-off", "*", json!({"name": "days-off", "content": "2026-12-24 Eve"})).await.body["version"], 4);
        wait_for(async || ann.get("/api/v1/schedules/a").await.body["revision"] == 3).await;
        let audit = ann.get("/api/v1/audit?limit=200").await;
        let followed: Vec<&Value> = audit.body["items"].as_array().unwrap().iter().filter(|row| row["action"] == "schedule.changed").collect();
        assert!(!followed.is_empty() && followed.iter().all(|row| row["actor"]["name"] == "ann (test)"), "{followed:?}");

        assert_eq!(ann.delete("/api/v1/schedules/a").await.status, 204);
        let without = spec("b", json!({"every": "1h"}));
        assert_eq!(send(ann.request(Method::PUT, "/api/v1/schedules/b").header("if-match", "*").json(&without)).await.status, 200);
        assert_eq!(ann.delete("/api/v1/calendars/days-off").await.status, 204);
    }

    async fn what_is_to_come_says_which_event_forbids_it(engine: Engine) {
        let (_server, ann) = world(engine).await;
        make(&ann, "holidays", "2026-12-25 Christmas\n2026-12-26 Boxing Day").await;
        let body = spec("nightly", json!({"cron": "30 2 * * *", "timezone": "Europe/Berlin", "calendars": ["holidays"], "starts_at": "2026-12-24T00:00:00Z"}));
        let expected = [
            ("2026-12-24T01:30:00.000Z", Value::Null),
            ("2026-12-25T01:30:00.000Z", json!("calendar holidays: Christmas")),
            ("2026-12-26T01:30:00.000Z", json!("calendar holidays: Boxing Day")),
            ("2026-12-27T01:30:00.000Z", Value::Null),
        ];
        let assert_expected = |items: &Value| {
            for (item, (at, blocked)) in items.as_array().unwrap().iter().zip(&expected) {
                assert_eq!((&item["at"], &item["blocked"]), (&json!(at), blocked), "{items}");
            }
        };
        let simulated = ann.post("/api/v1/schedules/simulate", json!({"spec": body, "count": 4})).await;
        assert_eq!(simulated.status, 200, "{}", simulated.body);
        assert_expected(&simulated.body["next"]);
        assert_eq!(simulated.body["warnings"], json!([]));
        let mut later = body.clone();
        (later["task"], later["starts_at"]) = (json!(""), json!("2026-12-25T00:00:00Z"));
        let simulated = ann.post("/api/v1/schedules/simulate", json!({"spec": later, "count": 2})).await;
        let warning = "None of the next 2 slots may begin; the first for this: calendar holidays: Christmas.";
        assert_eq!(simulated.body["warnings"], json!([warning]), "{}", simulated.body);
        assert_eq!(ann.post("/api/v1/schedules", body).await.status, 201);
        assert_expected(&ann.get("/api/v1/schedules/nightly/upcoming?limit=4").await.body["items"]);
        let explained = ann.get("/api/v1/schedules/nightly/explain?at=2026-12-25T01:30:00Z").await;
        let answer = "It is a slot to come. It may not begin then and is skipped: calendar holidays: Christmas.";
        assert_eq!(explained.body["answer"], answer, "{}", explained.body);
        assert!(explained.text.contains("It may again from 2026-12-26T23:00:00"), "{}", explained.text);
    }

    async fn more_events_than_devices_keep_are_refused_to_whoever_schedules_but_not_to_whoever_writes_the_calendar(engine: Engine) {
        let (_server, ann) = world(engine).await;
        let every = |rule: &str| vcalendar(&format!("DTSTART:20260101T000000Z\r\nDURATION:PT5M\r\nRRULE:FREQ={rule}\r\nSUMMARY:Busy"));
        make(&ann, "hourly", &every("HOURLY")).await;
        make(&ann, "flood", &every("MINUTELY;INTERVAL=10")).await;
        let refused = ann.post("/api/v1/schedules", spec("s", json!({"every": "1h", "calendars": ["flood"]}))).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/calendars")), "{}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains("more than 4000 events within 70 days"), "{}", refused.body);
        assert_eq!(ann.post("/api/v1/schedules", spec("s", json!({"every": "1h", "calendars": ["hourly"]}))).await.status, 201);
        assert_eq!(put(&ann, "hourly", "*", json!({"name": "hourly", "content": every("SECONDLY")})).await.status, 200);
        wait_for(async || ann.get("/api/v1/schedules/s").await.body["revision"] == 2).await;
    }

    async fn a_device_skips_what_falls_into_an_event_and_says_which_and_follows_when_the_calendar_is_changed(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        make(&world.person, "freeze", &event("Moving house", 110, 230)).await;
        let schedule = spec("s", json!({"every": "1m", "overlap": "allow", "calendars": ["freeze"]}));
        let id = world.schedule(schedule).await["id"].as_str().unwrap().to_owned();
        world.pass(&[&device], 5 * MINUTE, 10 * SECOND).await;
        wait_for(async || of(&told(&world, &id).await, 5).is_some()).await;
        let slots = told(&world, &id).await;
        let skipped = Some(skipped_for("calendar freeze: Moving house"));
        let expected = [(1, Some(fired())), (2, skipped.clone()), (3, skipped), (4, Some(fired())), (5, Some(fired()))];
        for (minute, expected) in expected {
            assert_eq!(of(&slots, minute), expected, "minute {minute}: {slots:?}");
        }
        let at = Time::from_ms(START_MS + 120_000);
        let explained = world.person.get(&format!("/api/v1/schedules/{id}/explain?device={}&at={at}", device.id)).await;
        assert!(explained.body["answer"].as_str().unwrap().contains("calendar freeze: Moving house"), "{}", explained.body);

        // The calendar says something else: the running agent hears of it.
        let content = event("Audit", 300, 480);
        assert_eq!(put(&world.person, "freeze", "*", json!({"name": "freeze", "content": content})).await.status, 200);
        wait_for(async || world.person.get(&format!("/api/v1/schedules/{id}")).await.body["revision"] == 2).await;
        world.is_held(&id).await;
        world.pass(&[&device], 4 * MINUTE, 10 * SECOND).await;
        wait_for(async || of(&told(&world, &id).await, 9).is_some()).await;
        let slots = told(&world, &id).await;
        let skipped = Some(skipped_for("calendar freeze: Audit"));
        for (minute, expected) in [(6, skipped.clone()), (7, skipped), (8, Some(fired())), (9, Some(fired()))] {
            assert_eq!(of(&slots, minute), expected, "minute {minute}: {slots:?}");
        }
    }

    async fn a_slot_that_is_deferred_fires_once_the_event_is_over(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        make(&world.person, "freeze", &event("Freeze", 9 * 60, 15 * 60)).await;
        let schedule = spec("s", json!({"every": "10m", "on_block": "defer", "calendars": ["freeze"]}));
        let id = world.schedule(schedule).await["id"].as_str().unwrap().to_owned();
        world.pass(&[&device], 14 * MINUTE, 20 * SECOND).await;
        assert_eq!(told(&world, &id).await, []);
        world.pass(&[&device], 90 * SECOND, 10 * SECOND).await;
        wait_for(async || of(&told(&world, &id).await, 10).is_some()).await;
        let slots = world.slots(&id).await;
        assert_eq!((&slots[0]["state"], slots[0]["late_ms"].as_u64().unwrap() < 30_000), (&json!("fired"), true), "{slots:?}");
        let run = slots[0]["run"].as_str().unwrap().to_owned();
        wait_for(async || world.person.get(&format!("/api/v1/runs/{run}")).await.body["state"] == "succeeded").await;
    }

    async fn what_fires_on_the_server_keeps_to_the_calendar_as_it_is_now(engine: Engine) {
        let mut world = Clockwork::start(engine).await;
        let device = world.device("web-1").await;
        world.task("hello", "true").await;
        make(&world.person, "freeze", &event("Freeze", 110, 24 * 3_600)).await;
        let create = async |body: Value| {
            let made = world.person.post("/api/v1/schedules", body).await;
            assert_eq!(made.status, 201, "{}", made.body);
            made.id().to_owned()
        };
        let skips = create(spec("skips", json!({"every": "1m", "where": "server", "overlap": "allow", "calendars": ["freeze"]}))).await;
        let waits = create(spec("waits", json!({"every": "2m", "where": "server", "on_block": "defer", "calendars": ["freeze"]}))).await;
        for minute in 1..=3 {
            world.pass(&[&device], MINUTE, MINUTE).await;
            wait_for(async || of(&told(&world, &skips).await, minute).is_some()).await;
        }
        let slots = told(&world, &skips).await;
        let skipped = Some(skipped_for("calendar freeze: Freeze"));
        assert_eq!([of(&slots, 1), of(&slots, 2), of(&slots, 3)], [Some(fired()), skipped.clone(), skipped], "{slots:?}");
        assert_eq!(told(&world, &waits).await, []);
        // The freeze ends early: what waited for its end begins at once.
        assert_eq!(put(&world.person, "freeze", "*", json!({"name": "freeze", "content": event("Freeze", 110, 170)})).await.status, 200);
        wait_for(async || of(&told(&world, &waits).await, 2) == Some(fired())).await;
        world.pass(&[&device], MINUTE, MINUTE).await;
        wait_for(async || of(&told(&world, &skips).await, 4) == Some(fired())).await;
    }

    async fn later_events_wait_for_the_end_of_one_for_which_something_may_be_deferred(engine: Engine) {
        let (server, ann) = world(engine).await;
        make(&ann, "works", "2027-07-18 Works\n2027-07-19 Works\n2027-07-20 Works").await;
        for (name, on_block) in [("waits", "defer"), ("skips", "skip")] {
            let body = spec(name, json!({"cron": "0 4 * * 1", "calendars": ["works"], "on_block": on_block}));
            assert_eq!(ann.post("/api/v1/schedules", body).await.status, 201);
        }
        let is_at = async |name: &str, revision: u64| {
            wait_for(async || {
                server.clock.advance(MINUTE);
                ann.get(&format!("/api/v1/schedules/{name}")).await.body["revision"] == revision
            })
            .await;
        };
        // Three hundred days after the beginning it is the 18th of July.
        server.clock.advance(DAY * 301);
        is_at("skips", 2).await;
        assert_eq!(ann.get("/api/v1/schedules/waits").await.body["revision"], 1);
        server.clock.advance(DAY * 2);
        is_at("waits", 2).await;
        assert_eq!(ann.get("/api/v1/schedules/skips").await.body["revision"], 2);
    }

    async fn devices_are_told_of_later_events_as_the_months_pass(engine: Engine) {
        let (server, ann) = world(engine).await;
        make(&ann, "holidays", &vcalendar("DTSTART;VALUE=DATE:20250101\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:New Year")).await;
        let made = ann.post("/api/v1/schedules", spec("s", json!({"cron": "0 4 * * 1", "calendars": ["holidays"]}))).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let held = async |revision: i64| {
            let sql = taskey_server::sql!("SELECT document FROM schedule_revision WHERE revision = $1");
            let rows = server.server().app().db.rows(sql, taskey_server::args![revision]).await.unwrap();
            let document: Value = serde_json::from_slice(&rows[0].get::<Vec<u8>>("document").unwrap()).unwrap();
            let blocked = document["timing"]["blocked"].as_array().unwrap().clone();
            blocked.iter().map(|period| format!("{} {}", period["from"].as_str().unwrap(), period["name"].as_str().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(held(1).await, ["2027-01-01T00:00:00 holidays: New Year"]);
        let revision = async || ann.get("/api/v1/schedules/s").await.body["revision"].as_u64().unwrap();
        // The beginning is in September: up to 400 days from then is known, and 100 days before its end it is made anew.
        server.clock.advance(298 * DAY);
        assert_eq!(revision().await, 1);
        wait_for(async || {
            server.clock.advance(DAY / 4);
            revision().await == 2
        })
        .await;
        let passed = (server.clock.now().ms() - START_MS) / 86_400_000;
        assert!((300..=340).contains(&passed), "{passed} days");
        assert_eq!(held(2).await, ["2028-01-01T00:00:00 holidays: New Year"]);
        // And what has no calendar is left alone.
        assert_eq!(ann.post("/api/v1/schedules", spec("plain", json!({"cron": "0 4 * * 1"}))).await.status, 201);
        server.clock.advance(400 * DAY);
        wait_for(async || {
            server.clock.advance(DAY / 4);
            revision().await == 3
        })
        .await;
        assert_eq!(ann.get("/api/v1/schedules/plain").await.body["revision"], 1);
    }
}
