//! Organizations: made, disabled and deleted by operators, and apart from each other.

use std::time::Duration;

use serde_json::json;
use taskey_testkit::server::{PASSWORD, Person};
use taskey_testkit::{FakeDevice, TestServer, on_both, wait_for};

async fn sign_in(server: &TestServer, organization: &str) -> Person {
    let body = json!({"username": "ann", "password": PASSWORD, "organization": organization, "key": {"name": "test"}});
    let answer = server.anonymous().post("/api/v1/sessions", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    server.with_key(answer.body["key"]["key"].as_str().unwrap())
}

on_both! {
    async fn an_operator_makes_an_organization_and_its_first_user_sets_a_password(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let made = ann.post("/api/v1/organizations", json!({"name": "Umbrella", "username": "uma"})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!((&made.body["members"], &made.body["user"]["super"]), (&json!(1), &json!(true)));
        assert_eq!(made.body["user"]["operator"], false, "the server is not theirs");
        let token = made.body["invitation"]["link"].as_str().unwrap().split_once('#').unwrap().1;
        let body = json!({"token": token, "password": "the password of uma"});
        assert_eq!(server.anonymous().post("/api/v1/invitations/accept", body).await.status, 201);
        assert_eq!(ann.post("/api/v1/organizations", json!({"name": "Umbrella", "username": "uma"})).await.code(), "name_taken");
        let listed = ann.get("/api/v1/organizations").await;
        let names: Vec<_> = listed.body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Acme", "Umbrella"]);
        let members = ann.get("/api/v1/organizations/Umbrella/members").await;
        assert_eq!(members.body["items"][0]["username"], "uma");
    }

    async fn super_users_see_and_rename_their_own_organization_alone(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let uma = server.add_organization("Umbrella").await;
        FakeDevice::enroll(&server, &uma, "web-1").await;
        let own = uma.get("/api/v1/organizations/Umbrella").await;
        assert_eq!((&own.body["members"], &own.body["devices"], &own.body["state"]), (&json!(1), &json!(1), &json!("active")));
        let devices = uma.get("/api/v1/organizations/Umbrella/devices").await;
        assert_eq!(devices.body["items"][0]["name"], "web-1");
        assert_eq!(uma.get("/api/v1/organizations/Acme").await.status, 404);
        assert_eq!(uma.patch("/api/v1/organizations/Umbrella", json!({"name": "Acme"})).await.code(), "name_taken");
        assert_eq!(uma.patch("/api/v1/organizations/Umbrella", json!({"name": "Umbrella Ltd"})).await.body["name"], "Umbrella Ltd");
        assert_eq!(uma.get("/api/v1/me").await.body["organization"]["name"], "Umbrella Ltd");
        for refused in [
            uma.patch("/api/v1/organizations/Umbrella Ltd", json!({"disabled": true})).await,
            uma.delete("/api/v1/organizations/Umbrella Ltd").await,
            uma.get("/api/v1/organizations").await,
        ] {
            assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
        }
        for refused in [
            ann.patch("/api/v1/organizations/Acme", json!({"disabled": true})).await,
            ann.delete("/api/v1/organizations/Acme").await,
        ] {
            assert_eq!((refused.status, refused.code()), (409, "immutable"), "an operator does not lock themselves out");
        }
    }

    async fn a_disabled_organization_lets_nobody_in_and_no_device(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let uma = server.add_organization("Umbrella").await;
        let mut device = FakeDevice::enroll(&server, &uma, "web-1").await;
        let mut line = device.connect(&server).await;
        let mut events = uma.stream("/api/v1/events").await;
        let token = uma.enroll_token().await;
        assert_eq!(ann.patch("/api/v1/organizations/Umbrella", json!({"disabled": true})).await.body["state"], "disabled");
        assert_eq!(uma.get("/api/v1/me").await.status, 401);
        while events.next_event().await.is_some() {}
        line.closed().await;
        assert!(!device.is_let_in(&server).await);
        assert!(FakeDevice::enroll_with(&server, &token, "web-2").await.is_err());
        let body = json!({"username": "ann", "password": PASSWORD, "organization": "Umbrella"});
        assert_eq!(server.anonymous().post("/api/v1/sessions", body).await.status, 401);
        assert_eq!(ann.patch("/api/v1/organizations/Umbrella", json!({"disabled": false})).await.body["state"], "active");
        assert_eq!(uma.get("/api/v1/me").await.status, 200);
        assert!(device.is_let_in(&server).await);
    }

    async fn a_deleted_organization_can_be_brought_back_until_its_grace_is_over(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        FakeDevice::enroll(&server, &ann, "keeps").await;
        let uma = server.add_organization("Umbrella").await;
        let id = uma.get("/api/v1/me").await.body["organization"]["id"].as_str().unwrap().to_owned();
        FakeDevice::enroll(&server, &uma, "web-1").await;
        uma.exec("web-1", &["true"]).await;
        uma.post("/api/v1/tasks", json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]})).await;
        assert_eq!(uma.post("/api/v1/calendars", json!({"name": "holidays", "content": "2026-12-25 Christmas"})).await.status, 201);
        let schedule = json!({"name": "s", "task": "hello", "every": "1h", "targets": {"devices": ["web-1"]}, "calendars": ["holidays"]});
        assert_eq!(uma.post("/api/v1/schedules", schedule).await.status, 201);
        uma.post("/api/v1/device-groups", json!({"name": "lab"})).await;
        uma.post("/api/v1/groups", json!({"name": "staff"})).await;
        uma.add_user("bob", json!({"groups": ["staff"]})).await.session().await;
        let deleted = ann.delete("/api/v1/organizations/Umbrella").await;
        assert_eq!((deleted.status, &deleted.body["state"]), (202, &json!("deleted")));
        assert_eq!(uma.get("/api/v1/me").await.status, 401);
        server.clock.advance(Duration::from_secs(29 * 86_400));
        let back = ann.patch("/api/v1/organizations/Umbrella", json!({"disabled": false})).await;
        assert_eq!((&back.body["state"], &back.body["delete_at"]), (&json!("active"), &json!(null)));
        let uma = sign_in(&server, "Umbrella").await;
        assert_eq!(uma.get("/api/v1/devices").await.body["items"][0]["name"], "web-1");

        assert_eq!(ann.delete(&format!("/api/v1/organizations/{id}")).await.status, 202);
        wait_for(async || {
            server.clock.advance(Duration::from_secs(86_400));
            ann.get("/api/v1/organizations/Umbrella").await.status == 404
        })
        .await;
        let app = server.server().app();
        for table in TABLES {
            let rows = app.db.rows(table, taskey_server::args![&id]).await.unwrap();
            assert!(rows.is_empty(), "{table}");
        }
        assert_eq!(ann.get("/api/v1/devices").await.body["items"][0]["name"], "keeps");
        assert_eq!(ann.post("/api/v1/organizations", json!({"name": "Umbrella", "username": "uma"})).await.status, 201, "the name is free");
    }
}

/// Every table that names an organization; one that is added later is found missing by the foreign keys, which are on.
const TABLES: [&str; 16] = [
    "SELECT 1 AS one FROM organization WHERE id = $1",
    "SELECT 1 AS one FROM user_account WHERE organization_id = $1",
    "SELECT 1 AS one FROM user_group WHERE organization_id = $1",
    "SELECT 1 AS one FROM session WHERE organization_id = $1",
    "SELECT 1 AS one FROM api_key WHERE organization_id = $1",
    "SELECT 1 AS one FROM audit WHERE organization_id = $1",
    "SELECT 1 AS one FROM event WHERE organization_id = $1",
    "SELECT 1 AS one FROM device WHERE organization_id = $1",
    "SELECT 1 AS one FROM device_group WHERE organization_id = $1",
    "SELECT 1 AS one FROM task WHERE organization_id = $1",
    "SELECT 1 AS one FROM run WHERE organization_id = $1",
    "SELECT 1 AS one FROM execution WHERE organization_id = $1",
    "SELECT 1 AS one FROM secret WHERE organization_id = $1",
    "SELECT 1 AS one FROM schedule WHERE organization_id = $1",
    "SELECT 1 AS one FROM calendar WHERE organization_id = $1",
    "SELECT 1 AS one FROM enroll_token WHERE organization_id = $1",
];
