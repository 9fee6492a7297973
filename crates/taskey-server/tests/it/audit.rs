//! The audit log: what is in it, how it is found, and that it is sealed once, in order, by however many nodes.

use std::time::Duration;

use serde_json::{Value, json};
use taskey_proto::audit::{AuditChain, AuditEntry, AuditReport, Verifier};
use taskey_testkit::server::Person;
use taskey_testkit::{FakeDevice, TestServer, on_both};

use crate::backup::{back_up, restored};

/// Moves the clock until everything of this person's organization is sealed.
async fn sealed(server: &TestServer, person: &Person) -> AuditChain {
    loop {
        server.clock.advance(Duration::from_millis(500));
        let chain: AuditChain = serde_json::from_value(person.get("/api/v1/audit/chain").await.body).unwrap();
        if chain.unsealed == 0 {
            return chain;
        }
    }
}

/// The whole chain in pieces of that length, verified.
async fn verified(server: &TestServer, person: &Person, limit: usize) -> AuditReport {
    let key = server.server().app().keys.signing.public_key();
    let mut verifier: Option<Verifier> = None;
    loop {
        let after = verifier.as_ref().map_or(0, Verifier::last_seq);
        let answer = person.get(&format!("/api/v1/audit/chain?after={after}&limit={limit}")).await;
        let chain: AuditChain = serde_json::from_value(answer.body).unwrap();
        assert!(chain.items.len() <= limit);
        let current = verifier.get_or_insert_with(|| Verifier::new(chain.organization, key));
        chain.items.iter().for_each(|entry| current.take(entry));
        if chain.items.is_empty() {
            return verifier.unwrap().finish(chain.head, chain.unsealed);
        }
    }
}

fn actions(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

async fn make_keys(person: &Person, from: usize, count: usize) {
    let names = (from..from + count).map(|number| json!({"name": format!("key-{number}")}));
    futures_util::future::join_all(names.map(|body| person.post("/api/v1/keys", body))).await;
}

on_both! {
    async fn what_is_done_is_sealed_and_its_head_is_signed(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let before: AuditChain = serde_json::from_value(ann.get("/api/v1/audit/chain").await.body).unwrap();
        assert_eq!((before.items.len(), before.head.is_none(), before.unsealed), (0, true, 1));
        assert_eq!(before.tail[0].action, "organization.created");
        let chain = sealed(&server, &ann).await;
        let head = chain.head.unwrap();
        assert_eq!((chain.items[0].seq, Some(&head.hash)), (Some(1), chain.items[0].hash.as_ref()));
        assert!(head.verify(&server.server().app().keys.signing.public_key()).is_ok());
        ann.post("/api/v1/keys", json!({"name": "next"})).await;
        let next = sealed(&server, &ann).await;
        assert_eq!(next.head.unwrap().seq, 2);
        let report = verified(&server, &ann, 1).await;
        assert!(report.ok && report.entries == 2, "{report:?}");
        server.stop().await;
    }

    async fn however_many_write_at_once_the_chain_has_no_gaps(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let umbrella = server.add_organization("Umbrella").await;
        let writing = async {
            for round in 0..5 {
                futures_util::future::join(make_keys(&ann, round * 30, 30), make_keys(&umbrella, round * 30, 30)).await;
            }
        };
        let moving = async {
            loop {
                server.clock.advance(Duration::from_millis(250));
                ann.get("/api/v1/me").await;
            }
        };
        tokio::select! {
            () = writing => {}
            () = moving => {}
        }
        for person in [&ann, &umbrella] {
            sealed(&server, person).await;
            let report = verified(&server, person, 40).await;
            assert!(report.ok, "{report:?}");
            assert!(report.entries > 150 && report.head.unwrap().seq == report.entries);
        }
        server.stop().await;
    }

    async fn rows_from_before_there_was_a_chain_are_sealed_at_the_next_start(engine: Engine) {
        let mut server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        make_keys(&ann, 0, 3).await;
        let organization: AuditChain = serde_json::from_value(ann.get("/api/v1/audit/chain").await.body).unwrap();
        // As an earlier version has written them: fields in any order, blanks, no user.
        let input = organization.organization;
        let app = server.server().app().clone();
        let written: Result<u64, taskey_server::platform::db::DbError> = app
            .db
            .write(input, |tx, organization| {
                Box::pin(async move {
                    let sql = "INSERT INTO audit (organization_id, at, actor_kind, actor_id, actor_name, address, request_id, action, subject, detail) \
                               VALUES ($1, 5, 'system', '', '', '', '', 'old.one', '', '{\"b\": 1, \"a\": [ ]}')";
                    tx.execute(sql, taskey_server::args![*organization]).await
                })
            })
            .await;
        assert_eq!(written.unwrap(), 1);
        drop(app);
        server.restart().await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        let chain = loop {
            // At the start, without the clock moving.
            let chain: AuditChain = serde_json::from_value(ann.get("/api/v1/audit/chain").await.body).unwrap();
            if chain.unsealed == 0 {
                break chain;
            }
        };
        assert_eq!(chain.items.len(), 5);
        assert!(verified(&server, &ann, 1_000).await.ok);
        server.stop().await;
    }

    async fn a_log_is_searched_by_who_what_and_when(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let started = server.clock.now();
        server.clock.advance(Duration::from_secs(60));
        let device = FakeDevice::enroll(&server, &ann, "web-1").await;
        server.clock.advance(Duration::from_secs(60));
        let spare = ann.post("/api/v1/keys", json!({"name": "spare"})).await;
        let bot = server.with_key(spare.body["key"].as_str().unwrap());
        let (run, _) = bot.exec("web-1", &["true"]).await;
        let get = async |query: &str| ann.get(&format!("/api/v1/audit?{query}")).await.body;

        let all = get("").await;
        assert_eq!(actions(&all), ["run.started", "key.created", "device.enrolled", "enroll_token.created", "organization.created"]);
        assert_eq!(all["next"], Value::Null);
        let entry: AuditEntry = serde_json::from_value(all["items"][0].clone()).unwrap();
        assert_eq!((entry.actor.kind.as_str(), entry.actor.id.as_str(), entry.actor.name.as_str()), ("key", spare.id(), "ann (spare)"));
        assert_eq!(entry.subject, run);
        let user = ann.get("/api/v1/me").await.body["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(entry.actor.user.unwrap().to_string(), user);
        assert!(!entry.request.is_empty() && !entry.address.is_empty());

        let by_person = ["run.started", "key.created", "enroll_token.created", "organization.created"];
        assert_eq!(actions(&get(&format!("actor={user}")).await), by_person, "with their keys");
        assert_eq!(actions(&get("actor=ann").await), by_person);
        assert_eq!(actions(&get(&format!("actor={}", spare.id())).await), ["run.started"]);
        assert_eq!(actions(&get("actor=ann%20(spare)").await), ["run.started"]);
        assert_eq!(actions(&get(&format!("actor={}", device.id)).await), ["device.enrolled"]);
        assert_eq!(actions(&get("actor=web-1").await), ["device.enrolled"]);
        assert_eq!(actions(&get("actor=nobody").await), [""; 0]);
        assert_eq!(actions(&get("action=key.created").await), ["key.created"]);
        for prefix in ["device.", "device.*"] {
            assert_eq!(actions(&get(&format!("action={prefix}")).await), ["device.enrolled"]);
        }
        assert_eq!(actions(&get("action=device").await), [""; 0]);
        assert_eq!(actions(&get("action=run.*&actor=ann").await), ["run.started"]);
        assert_eq!(actions(&get(&format!("action=run.*&actor={}", device.id)).await), [""; 0]);
        assert_eq!(actions(&get(&format!("subject={run}")).await), ["run.started"]);
        assert_eq!(actions(&get(&format!("until={started}")).await), ["organization.created"]);
        let (from, to) = (started.plus_ms(1), started.plus_ms(60_000));
        assert_eq!(actions(&get(&format!("since={from}&until={to}")).await), ["device.enrolled", "enroll_token.created"]);
        let wrong = ann.get("/api/v1/audit?since=yesterday").await;
        assert_eq!((wrong.status, wrong.code()), (422, "invalid"));
        server.stop().await;
    }

    async fn a_long_log_is_read_page_by_page_newest_first(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for number in 0..9 {
            ann.post("/api/v1/keys", json!({"name": format!("key-{number}")})).await;
            if number % 3 == 0 {
                server.clock.advance(Duration::from_secs(1));
            }
        }
        let mut names = Vec::new();
        let mut query = "action=key.*&limit=2".to_owned();
        loop {
            let page = ann.get(&format!("/api/v1/audit?{query}")).await.body;
            assert!(page["items"].as_array().unwrap().len() <= 2);
            names.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["detail"]["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            query = format!("action=key.*&limit=2&cursor={next}");
        }
        let expected: Vec<String> = (0..9).rev().map(|number| format!("key-{number}")).collect();
        assert_eq!(names, expected);
        assert_eq!(ann.get("/api/v1/audit?cursor=x").await.code(), "invalid_cursor");
        server.stop().await;
    }

    async fn another_organization_sees_nothing_of_the_log(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        FakeDevice::enroll(&server, &ann, "web-1").await;
        sealed(&server, &ann).await;
        let chain = sealed(&server, &mallory).await;
        assert_eq!(chain.items.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["organization.created", "user.signed_in"]);
        let hers = ann.get("/api/v1/me").await.body["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(actions(&mallory.get("/api/v1/audit").await.body), ["user.signed_in", "organization.created"]);
        assert_eq!(actions(&mallory.get(&format!("/api/v1/audit?actor={hers}")).await.body), [""; 0]);
        assert_eq!(actions(&mallory.get("/api/v1/audit?actor=web-1").await.body), [""; 0]);
        server.stop().await;
    }

    async fn a_device_is_told_the_head_of_its_own_organization_with_each_sync(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let mallory = server.add_organization("Umbrella").await;
        let mut hers = FakeDevice::enroll(&server, &ann, "web-1").await;
        let mut his = FakeDevice::enroll(&server, &mallory, "web-1").await;
        let chain = sealed(&server, &ann).await;
        let other = sealed(&server, &mallory).await;
        let mut line = hers.connect(&server).await;
        let head = line.audit_head().await.unwrap();
        assert_eq!(Some(&head), chain.head.as_ref());
        assert!(head.verify(&hers.server_key).is_ok());
        assert_eq!(his.connect(&server).await.audit_head().await.unwrap().organization, other.organization);
        ann.post("/api/v1/keys", json!({"name": "next"})).await;
        let next = sealed(&server, &ann).await;
        line.sync(hers.id, vec![]).await;
        assert_eq!(Some(line.audit_head().await.unwrap()), next.head);
        server.stop().await;
    }

    async fn a_restored_server_goes_on_with_the_chain_of_its_backup(engine: Engine) {
        let old = TestServer::start(engine).await;
        let ann = old.set_up().await;
        make_keys(&ann, 0, 3).await;
        let before = sealed(&old, &ann).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(&old, &file).await;
        let (config, _) = restored(&old, &file, "restored", engine).await;
        let server = old.start_restored(config).await;
        let ann = server.with_key(ann.key.as_deref().unwrap());
        assert_eq!(ann.get("/api/v1/audit/chain").await.body["head"], serde_json::to_value(&before.head).unwrap());
        make_keys(&ann, 3, 2).await;
        let after = sealed(&server, &ann).await;
        let report = verified(&server, &ann, 1_000).await;
        assert!(report.ok && report.entries > before.head.unwrap().seq, "{report:?}");
        assert_eq!(after.items[..before.items.len()], before.items);
        server.stop().await;
        old.stop().await;
    }

    async fn a_log_that_somebody_else_has_made_is_not_sealed_on(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        make_keys(&ann, 0, 3).await;
        let first = sealed(&server, &ann).await;
        let tamper = async |sql: &'static str| {
            let app = server.server().app();
            let done: Result<u64, taskey_server::platform::db::DbError> =
                app.db.write(sql, |tx, sql| Box::pin(async move { tx.execute(sql, vec![]).await })).await;
            assert!(done.unwrap() > 0, "{sql}");
        };
        // Everything is to be sealed anew, as if the log began now.
        tamper("UPDATE audit SET seq = NULL, hash = NULL").await;
        tamper("DELETE FROM audit_head").await;
        for round in 0..6 {
            server.clock.advance(Duration::from_secs(1));
            ann.post("/api/v1/keys", json!({"name": format!("after-{round}")})).await;
        }
        let chain: AuditChain = serde_json::from_value(ann.get("/api/v1/audit/chain").await.body).unwrap();
        assert_eq!((chain.items.len(), chain.head.is_none(), chain.unsealed), (0, true, 10));
        let remembered = chain.remembered.unwrap();
        assert_eq!(remembered.seq, first.head.unwrap().seq);
        let mut verifier = Verifier::new(chain.organization, server.server().app().keys.signing.public_key());
        verifier.expect_head(&remembered, "what the server remembers");
        assert!(!verifier.finish(None, chain.unsealed).ok);
        server.stop().await;
    }
}

#[tokio::test]
async fn nodes_that_seal_at_the_same_time_seal_each_row_once() {
    let first = TestServer::start(taskey_testkit::Engine::Postgres).await;
    let ann = first.set_up().await;
    let second = first.start_beside().await;
    let there = second.with_key(ann.key.as_deref().unwrap());
    let writing = async {
        for round in 0..6 {
            futures_util::future::join(make_keys(&ann, round * 40, 20), make_keys(&there, round * 40 + 20, 20)).await;
        }
    };
    let moving = async {
        loop {
            first.clock.advance(Duration::from_millis(250));
            ann.get("/api/v1/me").await;
        }
    };
    tokio::select! {
        () = writing => {}
        () = moving => {}
    }
    sealed(&first, &ann).await;
    for (server, person) in [(&first, &ann), (&second, &there)] {
        let report = verified(server, person, 100).await;
        assert!(report.ok && report.entries == 241, "{report:?}");
    }
    second.stop().await;
    first.stop().await;
}
