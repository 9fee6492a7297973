//! What leaves the client.

use serde_json::json;
use taskey_client::StartOptions;
use taskey_proto::runs::{StartRun, Targets};

use crate::scripted::{self, Reply, Scripted};

fn task(name: &str) -> serde_json::Value {
    json!({
        "id": "tsk_00000000000000000000000000", "name": name, "description": "", "self_service": false, "on_failure": "stop", "actions": [],
        "version": 1, "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
    })
}

fn run() -> serde_json::Value {
    json!({
        "id": "run_00000000000000000000000000", "task": {"id": null, "name": "uname", "version": null}, "cause": {"kind": "api", "by": "ci"},
        "state": "queued", "reason": null, "created_at": "2026-01-01T00:00:00.000Z", "finished_at": null, "counts": {"queued": 1},
    })
}

fn start() -> StartRun {
    let targets = Targets { devices: vec!["web-1".to_owned()], ..Targets::default() };
    StartRun { task: Some("hello".to_owned()), actions: None, targets, when_offline: Default::default(), expires_in: None }
}

#[tokio::test]
async fn a_name_stays_one_part_of_the_path_whatever_it_holds() {
    let server = Scripted::start([scripted::json(200, task("a"))]).await;
    server.client.show_task("../keys?x=1#y%2f").await.unwrap();
    assert!(server.requests()[0].starts_with("GET /api/v1/tasks/..%2Fkeys%3Fx=1%23y%252f HTTP/1.1\r\n"), "{}", server.requests()[0]);
}

#[tokio::test]
async fn a_name_that_would_climb_to_another_resource_is_not_sent() {
    let server = Scripted::start([]).await;
    for name in ["", ".", ".."] {
        assert!(server.client.remove_task(name).await.is_err(), "{name}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_list_is_followed_to_its_end_or_to_the_limit() {
    let pages = || [(json!(["a", "b"]), json!("c1")), (json!(["c"]), json!(null))];
    let page = |(names, next): (serde_json::Value, serde_json::Value)| {
        let items: Vec<_> = names.as_array().unwrap().iter().map(|name| task(name.as_str().unwrap())).collect();
        scripted::json(200, json!({"items": items, "next": next}))
    };
    let server = Scripted::start(pages().map(page)).await;
    let whole = server.client.list_tasks(None).await.unwrap();
    assert_eq!((whole.items.len(), whole.next), (3, None));
    assert!(server.requests()[1].starts_with("GET /api/v1/tasks?limit=200&cursor=c1 "));

    let server = Scripted::start(pages().map(page)).await;
    let capped = server.client.list_tasks(Some(2)).await.unwrap();
    assert_eq!((capped.items.len(), capped.next.as_deref()), (2, Some("c1")));
    assert!(server.requests()[0].starts_with("GET /api/v1/tasks?limit=2 "));
}

#[tokio::test]
async fn a_start_whose_answer_got_lost_is_sent_again_with_the_same_key() {
    let server = Scripted::start([Reply::HangUp, scripted::problem(409, "in_flight"), scripted::json(202, run())]).await;
    let options = StartOptions { wait: None, idempotency_key: Some("k1".to_owned()) };
    server.client.start_run(&start(), &options).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| *request == requests[0] && request.contains("\r\nidempotency-key: k1\r\n")));
}

#[tokio::test]
async fn a_start_without_a_key_is_sent_once() {
    let server = Scripted::start([Reply::HangUp, scripted::json(202, run())]).await;
    assert!(server.client.start_run(&start(), &StartOptions::default()).await.is_err());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_tag_that_was_read_is_the_one_that_is_replaced() {
    let tagged = Reply::Answer(200, "content-type: application/json\r\netag: \"7\"\r\n", task("hello").to_string());
    let server = Scripted::start([tagged, scripted::json(200, task("hello"))]).await;
    let client = server.client.clone().with_key("tky_1").unwrap();
    let read = client.show_task("hello").await.unwrap();
    let spec = serde_json::from_value(json!({"name": "hello", "actions": []})).unwrap();
    client.replace_task("hello", &spec, &read.etag.unwrap()).await.unwrap();
    let request = &server.requests()[1];
    assert!(request.contains("\r\nif-match: \"7\"\r\n") && request.contains("\r\nauthorization: Bearer tky_1\r\n"), "{request}");
}

#[tokio::test]
async fn what_lies_in_another_thing_is_asked_for_below_it() {
    let group = json!({
        "id": "grp_00000000000000000000000000", "name": "ops", "super": false, "role": "none", "members": 0, "overrides": [],
    });
    let server =
        Scripted::start([scripted::json(200, group), Reply::Answer(204, "", String::new()), Reply::Answer(204, "", String::new())]).await;
    server.client.set_override("ops", "all tills", taskey_proto::access::Override::SelfService).await.unwrap();
    server.client.add_member("ops", "ann@example.org").await.unwrap();
    let session = "ses_00000000000000000000000000";
    server.client.end_user_sessions("ann", Some(session.parse().unwrap())).await.unwrap();
    let requests = server.requests();
    assert!(requests[0].starts_with("PUT /api/v1/groups/ops/overrides/device-groups/all%20tills HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with("{\"role\":\"self-service\"}"), "{}", requests[0]);
    assert!(requests[1].starts_with("PUT /api/v1/groups/ops/members/ann@example.org HTTP/1.1\r\n"), "{}", requests[1]);
    assert!(requests[2].starts_with(&format!("DELETE /api/v1/users/ann/sessions/{session} HTTP/1.1\r\n")), "{}", requests[2]);
}

fn schedule(version: u32) -> serde_json::Value {
    json!({
        "id": "sch_00000000000000000000000000", "name": "nightly", "version": version, "revision": version, "state": "active", "reason": null,
        "spec": {"name": "nightly", "task": "hello", "cron": "30 2 * * *", "targets": {"devices": ["web-1"]}},
        "task": {"id": "tsk_00000000000000000000000000", "name": "hello", "version": 1}, "words": "at 02:30, in UTC.", "next_at": null,
        "device_count": 1, "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z", "updated_by": "ann",
        "role": "admin",
    })
}

#[tokio::test]
async fn a_schedule_is_replaced_by_the_version_that_was_read_and_asked_about_below_its_name() {
    let tagged = Reply::Answer(200, "content-type: application/json\r\netag: \"2\"\r\n", schedule(2).to_string());
    let page = || scripted::json(200, json!({"items": [], "next": null}));
    let one = || scripted::json(200, schedule(3));
    let server =
        Scripted::start([tagged, one(), page(), page(), page(), page(), one(), one(), Reply::Answer(204, "", String::new())]).await;
    let client = &server.client;
    let read = client.show_schedule("nightly").await.unwrap();
    client.replace_schedule("nightly", &read.value.spec, &read.etag.unwrap()).await.unwrap();
    let device = "dev_00000000000000000000000000";
    client.list_schedules(Some("say hello"), None).await.unwrap();
    client.list_slots("nightly", Some(device.parse().unwrap()), Some(5)).await.unwrap();
    client.list_holdings("nightly", None).await.unwrap();
    client.list_schedule_versions("nightly", None).await.unwrap();
    client.pause_schedule("nightly", &taskey_proto::schedules::PauseSchedule { reason: "stock-taking".to_owned() }).await.unwrap();
    client.resume_schedule("nightly").await.unwrap();
    client.remove_schedule("nightly").await.unwrap();
    let requests = server.requests();
    let first_lines: Vec<&str> = requests.iter().map(|request| request.lines().next().unwrap()).collect();
    assert_eq!(
        first_lines,
        [
            "GET /api/v1/schedules/nightly HTTP/1.1",
            "PUT /api/v1/schedules/nightly HTTP/1.1",
            "GET /api/v1/schedules?task=say+hello&limit=200 HTTP/1.1",
            &format!("GET /api/v1/schedules/nightly/slots?device={device}&limit=5 HTTP/1.1"),
            "GET /api/v1/schedules/nightly/devices?limit=200 HTTP/1.1",
            "GET /api/v1/schedules/nightly/versions?limit=200 HTTP/1.1",
            "POST /api/v1/schedules/nightly/pause HTTP/1.1",
            "POST /api/v1/schedules/nightly/resume HTTP/1.1",
            "DELETE /api/v1/schedules/nightly HTTP/1.1",
        ]
    );
    assert!(requests[1].contains("\r\nif-match: \"2\"\r\n"), "{}", requests[1]);
    assert!(requests[6].ends_with("{\"reason\":\"stock-taking\"}"), "{}", requests[6]);
}

#[tokio::test]
async fn a_schedule_is_simulated_and_made_as_it_is_written() {
    let simulation = json!({"words": "at 02:30, in UTC.", "next": [{"at": "2026-03-29T01:00:00.000Z", "dst": "gap"}], "devices": [], "device_count": 0, "warnings": []});
    let server = Scripted::start([scripted::json(200, simulation), scripted::json(201, schedule(1))]).await;
    let spec: taskey_proto::schedules::ScheduleSpec = serde_json::from_value(schedule(1)["spec"].clone()).unwrap();
    let simulate = taskey_proto::schedules::SimulateSchedule { spec: spec.clone(), count: Some(5), from: None };
    let told = server.client.simulate_schedule(&simulate).await.unwrap();
    assert_eq!(told.next[0].dst, Some(taskey_proto::schedules::Dst::Gap));
    assert_eq!(server.client.create_schedule(&spec).await.unwrap().version, 1);
    let requests = server.requests();
    assert!(
        requests[0].starts_with("POST /api/v1/schedules/simulate HTTP/1.1\r\n") && requests[0].contains("\"count\":5"),
        "{}",
        requests[0]
    );
    assert!(
        requests[1].starts_with("POST /api/v1/schedules HTTP/1.1\r\n") && requests[1].contains("\"cron\":\"30 2 * * *\""),
        "{}",
        requests[1]
    );
}

#[tokio::test]
async fn a_calendar_is_replaced_by_the_version_that_was_read_and_asked_for_its_events() {
    let calendar = |version: u32| {
        json!({
            "id": "cal_00000000000000000000000000", "name": "holidays", "description": "", "version": version, "event_count": 1, "schedule_count": 0,
            "next": null, "content": "2026-12-25 Christmas", "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
            "updated_by": "ann", "role": "admin",
        })
    };
    let tagged = Reply::Answer(200, "content-type: application/json\r\netag: \"2\"\r\n", calendar(2).to_string());
    let events = json!({"items": [{"name": "Christmas", "from": "2026-12-25T00:00:00", "until": "2026-12-26T00:00:00", "all_day": true}], "more": false});
    let preview = json!({"event_count": 1, "events": []});
    let gone = Reply::Answer(204, "", String::new());
    let replies = [tagged, scripted::json(200, calendar(3)), scripted::json(200, events), scripted::json(200, preview), gone];
    let server = Scripted::start(replies).await;
    let client = &server.client;
    let read = client.show_calendar("holidays").await.unwrap();
    let spec =
        taskey_proto::calendars::CalendarSpec { name: read.value.name, description: String::new(), content: "2026-12-24 Eve".to_owned() };
    assert_eq!(client.replace_calendar("holidays", &spec, &read.etag.unwrap()).await.unwrap().version, 3);
    let until = Some("2027-01-01T00:00:00Z".parse().unwrap());
    assert!(client.list_calendar_events("holidays", None, until).await.unwrap().items[0].all_day);
    let asked = taskey_proto::calendars::PreviewCalendar { content: spec.content, ..Default::default() };
    assert_eq!(client.preview_calendar(&asked).await.unwrap().event_count, 1);
    client.remove_calendar("holidays").await.unwrap();
    let requests = server.requests();
    let first_lines: Vec<&str> = requests.iter().map(|request| request.lines().next().unwrap()).collect();
    assert_eq!(
        first_lines,
        [
            "GET /api/v1/calendars/holidays HTTP/1.1",
            "PUT /api/v1/calendars/holidays HTTP/1.1",
            "GET /api/v1/calendars/holidays/events?until=2027-01-01T00%3A00%3A00.000Z HTTP/1.1",
            "POST /api/v1/calendars/preview HTTP/1.1",
            "DELETE /api/v1/calendars/holidays HTTP/1.1",
        ]
    );
    assert!(requests[1].to_lowercase().contains("if-match: \"2\""), "{}", requests[1]);
    assert!(requests[3].ends_with("{\"content\":\"2026-12-24 Eve\"}"), "{}", requests[3]);
}
