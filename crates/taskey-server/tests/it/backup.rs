//! Backups: of one instant, refused unless whole, the same rows in either database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use serde_json::json;
use taskey_proto::Time;
use taskey_server::backup::source::Source;
use taskey_server::backup::{BackupError, Into, Made, Passphrase, Restored, inspect, make, restore};
use taskey_server::config::{Config, Database};
use taskey_testkit::server::Person;
use taskey_testkit::{Engine, FakeDevice, TestServer, on_both};

const PASSPHRASE: &str = "a long enough passphrase";

pub fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.to_owned()).unwrap()
}

pub async fn back_up(server: &TestServer, file: &Path) -> Made {
    make(server.config(), file, &passphrase(), server.clock.now(), &mut |_| ()).await.unwrap()
}

/// Restores into a new folder beside the file, and a new database of that kind.
pub async fn restored(server: &TestServer, file: &Path, name: &str, engine: Engine) -> (Config, Restored) {
    let config = Config { data: file.with_file_name(name), database: engine.new_database().await, ..server.config().clone() };
    let outcome = try_restore(file, &config, server.clock.now()).await.unwrap();
    (config, outcome)
}

async fn try_restore(file: &Path, config: &Config, now: Time) -> Result<Restored, BackupError> {
    let into = Into { data: &config.data, database: &config.database, now, epoch: None };
    restore(std::fs::File::open(file).unwrap(), &passphrase(), into, &mut |_| ()).await
}

/// An organization with something in most tables.
async fn fill(server: &TestServer, ann: &Person) {
    let mut device = FakeDevice::enroll(server, ann, "web-1").await;
    FakeDevice::enroll(server, ann, "web-2").await;
    let line = device.connect(server).await;
    let spec = json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "echo", "arguments": ["ä\u{1f600}"]}]});
    assert_eq!(ann.post("/api/v1/tasks", spec).await.status, 201);
    let set = ann.request(reqwest::Method::PUT, "/api/v1/secrets/token").json(&json!({"value": "a value"}));
    assert_eq!(taskey_testkit::server::send(set).await.status, 200);
    assert_eq!(ann.post("/api/v1/calendars", json!({"name": "holidays", "content": "2026-12-25 Christmas"})).await.status, 201);
    let schedule = json!({"name": "s", "task": "hello", "every": "1h", "targets": {"devices": ["web-2"]}, "calendars": ["holidays"]});
    assert_eq!(ann.post("/api/v1/schedules", schedule).await.status, 201);
    for device in ["web-1", "web-2"] {
        ann.exec(device, &["true"]).await;
    }
    assert_eq!(
        ann.post("/api/v1/webhooks", json!({"name": "shop", "url": "http://receiver.invalid/", "disabled": true})).await.status,
        201
    );
    let refund = json!({"name": "refund", "title": "Refund {{ order }}", "fields": {"type": "object", "properties": {"order": {"type": "string"}}},
        "resolutions": {"approved": {}}, "webhook": "shop"});
    assert_eq!(ann.post("/api/v1/item-types", refund).await.status, 201);
    for order in ["Müller", "Meier"] {
        assert_eq!(ann.post("/api/v1/items", json!({"type": "refund", "fields": {"order": order}})).await.status, 201);
    }
    drop(line);
}

/// Every row of every table, as text, without what a restore means to change.
async fn rows(config: &Config) -> BTreeMap<String, Vec<String>> {
    let mut source = Source::open(&config.data, &config.database).await.unwrap();
    let mut found = BTreeMap::new();
    for mut table in source.tables().await.unwrap() {
        if matches!(table.name.as_str(), "instance" | "session" | "enroll_token" | "consumer") {
            continue;
        }
        table.columns.retain(|column| !matches!(column.name.as_str(), "xid" | "revision_floor"));
        table.columns.sort_by(|one, other| one.name.cmp(&other.name));
        let rows: Vec<_> = source.rows(&table).collect().await;
        let mut rows: Vec<String> = rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect();
        rows.sort();
        found.insert(table.name, rows);
    }
    source.close().await.unwrap();
    found
}

/// Everything in a folder, however deep.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().flat_map(|entry| [vec![entry.path()], paths(&entry.path())].concat()).collect()
}

on_both! {
    async fn a_restore_into_either_database_has_the_same_rows_and_keys(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        fill(&server, &ann).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("taskey.backup");
        let made = back_up(&server, &file).await;
        let before = rows(server.config()).await;
        assert!(before["execution"].len() == 2 && !before["event"].is_empty() && before["secret"].len() == 1, "{before:?}");
        assert_eq!((before["calendar"].len(), before["schedule_calendar"].len()), (1, 1));
        assert_eq!((before["item"].len(), before["item_log"].len(), before["webhook_key"].len()), (2, 2, 1));
        let checked = inspect(std::fs::File::open(&file).unwrap(), &passphrase()).unwrap();
        assert_eq!((&checked, checked.manifest.epoch), (&made.contents, 1));
        assert_eq!(std::fs::metadata(&file).unwrap().len(), made.bytes);
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        let mut epochs = vec![made.contents.manifest.epoch];
        for (name, engine) in [("lite", Engine::Sqlite), ("pg", Engine::Postgres), ("again", engine)] {
            let (config, outcome) = restored(&server, &file, name, engine).await;
            let after = rows(&config).await;
            for (table, rows) in &before {
                assert_eq!(rows, &after[table], "{table} in {name}");
            }
            assert_eq!(before.len(), after.len());
            for key in ["signing.key", "master.key", "vault-1.key"] {
                let read = |data: &Path| std::fs::read(data.join("keys").join(key)).unwrap();
                assert_eq!(read(&server.config().data), read(&config.data));
            }
            epochs.push(outcome.new_epoch);
        }
        assert!(epochs.is_sorted_by(|one, other| one < other), "each restore has an epoch of its own: {epochs:?}");
        server.stop().await;
    }

    async fn a_backup_of_a_backup_that_was_restored_the_other_way_still_has_the_same_rows(engine: Engine) {
        let other = if engine == Engine::Sqlite { Engine::Postgres } else { Engine::Sqlite };
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        fill(&server, &ann).await;
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first");
        back_up(&server, &first).await;
        let before = rows(server.config()).await;
        let (there, _) = restored(&server, &first, "there", other).await;
        let second = folder.path().join("second");
        make(&there, &second, &passphrase(), server.clock.now(), &mut |_| ()).await.unwrap();
        let (back, _) = restored(&server, &second, "back", engine).await;
        assert_eq!(rows(&back).await, before);
        // What is announced from now on comes after everything that was there, for whoever reads on.
        let started = server.start_restored(back).await;
        let lou = started.with_key(ann.key.as_deref().unwrap());
        let after = taskey_server::platform::db::events::now(&started.server().app().db).await.unwrap();
        let found = lou.get("/api/v1/items?q=muller").await;
        assert_eq!(found.body["items"].as_array().unwrap().len(), 1, "the index of words was made anew: {}", found.text);
        assert_eq!(lou.delete("/api/v1/webhooks/shop").await.code(), "in_use", "it is known whose it is");
        assert_eq!(lou.post("/api/v1/quiet/end", json!({})).await.body["ended"], true);
        let db = &started.server().app().db;
        while !taskey_server::platform::db::events::read(db, None, after, 100).await.unwrap().iter().any(|event| event.name == "quiet.ended") {
            tokio::task::yield_now().await;
        }
        started.stop().await;
        server.stop().await;
    }

    async fn a_backup_made_while_runs_are_started_is_of_one_instant(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        fill(&server, &ann).await;
        let writers: Vec<_> = (0..4).map(|_| {
            let ann = ann.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    ann.exec("web-2", &["true"]).await;
                }
            })
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut whole = 0;
        for number in 0..3 {
            let file = folder.path().join(format!("{number}"));
            back_up(&server, &file).await;
            let (config, _) = restored(&server, &file, &format!("restored-{number}"), engine).await;
            let found = rows(&config).await;
            let runs = found["run"].len();
            assert_eq!((found["execution"].len(), found["run_document"].len()), (runs, runs), "each run of one execution is there with all of it");
            assert_eq!(found["event"].iter().filter(|row| row.contains("run.started")).count(), runs);
            assert!(runs >= whole);
            whole = runs;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(rows(server.config()).await["run"].len(), 102);
        server.stop().await;
    }

    async fn what_is_not_whole_not_for_here_or_not_wanted_is_refused_and_leaves_nothing(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        fill(&server, &ann).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("whole");
        back_up(&server, &file).await;
        let now = server.clock.now();
        let target = Config { data: folder.path().join("target"), database: engine.new_database().await, ..server.config().clone() };
        let whole = std::fs::read(&file).unwrap();
        let other = Passphrase::known("another long passphrase".to_owned());
        let into = Into { data: &target.data, database: &target.database, now, epoch: None };
        let wrong = restore(&whole[..], &other, into, &mut |_| ()).await.unwrap_err();
        assert_eq!(wrong.to_string(), "the passphrase is not the one that this backup was made with");
        let refused = async |bytes: &[u8]| {
            let damaged = folder.path().join("damaged");
            std::fs::write(&damaged, bytes).unwrap();
            let error = try_restore(&damaged, &target, now).await.unwrap_err().to_string();
            std::fs::remove_file(&damaged).unwrap();
            assert!(!target.data.exists(), "nothing is left: {:?}", paths(&target.data));
            error
        };
        for len in [70, 1_000, whole.len() / 2, whole.len() - 1] {
            let error = refused(&whole[..len]).await;
            assert!(error.contains("is cut off after"), "{len}: {error}");
        }
        for at in [200, 10_000, whole.len() / 2, whole.len() - 5] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            let error = refused(&flipped).await;
            assert!(error.contains("was altered or is damaged"), "{at}: {error}");
        }
        assert!(refused(&[&whole[..], b"x"].concat()).await.contains("behind the end"));
        // A folder that holds something, and a database that does.
        std::fs::create_dir(&target.data).unwrap();
        std::fs::write(target.data.join("note"), "mine").unwrap();
        assert!(matches!(try_restore(&file, &target, now).await, Err(BackupError::FolderInUse(_))));
        assert_eq!(paths(&target.data), [target.data.join("note")]);
        std::fs::remove_dir_all(&target.data).unwrap();
        if let Database::Postgres(_) = server.config().database {
            let used = Config { data: target.data.clone(), ..server.config().clone() };
            assert!(matches!(try_restore(&file, &used, now).await, Err(BackupError::DatabaseInUse)));
            assert!(!target.data.exists());
        }
        // A schema that this program does not know.
        let db = &server.server().app().db;
        let newer: Result<u64, taskey_server::platform::db::DbError> =
            db.write((), |tx, ()| Box::pin(async move { tx.execute("INSERT INTO migration (version) VALUES (9999)", vec![]).await })).await;
        newer.unwrap();
        let newer = folder.path().join("newer");
        back_up(&server, &newer).await;
        let error = try_restore(&newer, &target, now).await.unwrap_err().to_string();
        assert!(error.contains("has schema 9999, this taskey knows"), "{error}");
        assert!(!target.data.exists());
        // After all that the whole one still goes in, beside settings that were put there first.
        std::fs::create_dir(&target.data).unwrap();
        std::fs::write(target.data.join("taskey.toml"), "# this machine's\n").unwrap();
        try_restore(&file, &target, now).await.unwrap();
        assert_eq!(std::fs::read_to_string(target.data.join("taskey.toml")).unwrap(), "# this machine's\n");
        assert!(!target.data.join(".restore").exists());
        server.stop().await;
    }
}
