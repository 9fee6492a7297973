//! The conformance suite of the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use taskey_proto::Time;
use taskey_proto::id::OrganizationId;
use taskey_server::platform::db::events::{self, Announce, Cursor};
use taskey_server::platform::db::{Db, DbError, STATEMENTS, Source as _, Tx};
use taskey_testkit::{Engine, on_both};
use tokio::sync::{Notify, Semaphore};

const ORGANIZATION: OrganizationId = OrganizationId::new(uuid::Uuid::nil());

async fn announce(tx: &mut Tx<'_>, subject: &str) -> Result<(), DbError> {
    let event = Announce { organization: ORGANIZATION, name: "test.happened", subject, at: Time::from_ms(0), data: &() };
    tx.announce(event).await
}

async fn subjects_after(db: &Db, cursor: Cursor) -> Vec<String> {
    events::read(db, None, cursor, 1_000).await.unwrap().into_iter().map(|event| event.subject).collect()
}

/// All events, once there are `count`: on PostgreSQL, transactions of other databases of the cluster, those of other tests, may
/// hold events back for a moment.
async fn subjects(db: &Db, count: usize) -> Vec<String> {
    loop {
        let subjects = subjects_after(db, Cursor::default()).await;
        if subjects.len() >= count {
            return subjects;
        }
    }
}

async fn insert_consumer(tx: &mut Tx<'_>, name: &str, id: i64) -> Result<(), DbError> {
    let values = taskey_server::args![name, 0i64, id];
    tx.execute("INSERT INTO consumer (name, xid, id) VALUES ($1, $2, $3)", values).await.map(|_| ())
}

async fn counter(db: &Db, name: &str) -> Option<i64> {
    let row = db.row("SELECT id FROM consumer WHERE name = $1", taskey_server::args![name]).await.unwrap();
    row.map(|row| row.get("id").unwrap())
}

/// Adds one, the way a careless op would: it reads, then writes what it read plus one.
async fn add_one(tx: &mut Tx<'_>, name: &str) -> Result<i64, DbError> {
    let row = tx.row("SELECT id FROM consumer WHERE name = $1", taskey_server::args![name]).await?.ok_or(DbError::Aborted)?;
    let next = row.get::<i64>("id")? + 1;
    tx.execute("UPDATE consumer SET id = $2 WHERE name = $1", taskey_server::args![name, next]).await?;
    Ok(next)
}

on_both! {
    async fn events_of_one_op_keep_their_order(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        let made = |count: usize| (0..count).map(|number| format!("{count}/{number}")).collect::<Vec<_>>();
        for count in [3, 20, 77] {
            let before = subjects(&db, 0).await.len();
            db.write(made(count), |tx, subjects| {
                Box::pin(async move {
                    let announced = |subject: &String| {
                        Announce { organization: ORGANIZATION, name: "test.happened", subject, at: Time::from_ms(0), data: &() }.made()
                    };
                    let events = subjects.iter().map(announced).collect::<Result<Vec<_>, DbError>>()?;
                    tx.announce_all(&events.iter().collect::<Vec<_>>()).await
                })
            })
            .await
            .unwrap();
            assert_eq!(subjects(&db, before + count).await[before..], made(count));
        }
    }

    async fn every_registered_statement_can_be_prepared(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        assert!(STATEMENTS.len() > 50, "the registry is empty: {}", STATEMENTS.len());
        for statement in STATEMENTS {
            let prepared = db.prepare(statement.sql).await;
            assert!(prepared.is_ok(), "{}: {}\n{}", statement.place, prepared.unwrap_err(), statement.sql);
        }
    }

    async fn ops_that_read_and_then_write_the_same_row_lose_nothing(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        db.write((), |tx, ()| Box::pin(async move { insert_consumer(tx, "hot", 0).await })).await.unwrap();
        let adders = (0..64).map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.write((), |tx, ()| Box::pin(async move { add_one(tx, "hot").await })).await })
        });
        let mut seen = Vec::new();
        for adder in adders.collect::<Vec<_>>() {
            seen.push(adder.await.unwrap().unwrap());
        }
        seen.sort();
        assert_eq!(seen, (1..=64).collect::<Vec<i64>>());
        assert_eq!(counter(&db, "hot").await, Some(64));
    }

    async fn of_two_ops_that_insert_the_same_key_one_sees_the_other(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        let inserters = (0..16).map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                db.write(number, |tx, number| {
                    Box::pin(async move {
                        if tx.row("SELECT 1 AS one FROM consumer WHERE name = 'one'", vec![]).await?.is_some() {
                            return Ok::<_, DbError>(false);
                        }
                        insert_consumer(tx, "one", *number).await.map(|()| true)
                    })
                })
                .await
            })
        });
        let mut made = 0;
        for inserter in inserters.collect::<Vec<_>>() {
            made += i32::from(inserter.await.unwrap().unwrap());
        }
        assert_eq!(made, 1);
    }

    async fn an_op_that_fails_takes_back_its_own_and_nothing_else(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        let writers = (0..40i64).map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                db.write(number, |tx, number| {
                    Box::pin(async move {
                        insert_consumer(tx, &format!("c{number}"), *number).await?;
                        announce(tx, &format!("c{number}")).await?;
                        if number % 2 == 1 { Err(DbError::Closed) } else { Ok(()) }
                    })
                })
                .await
            })
        });
        for (number, writer) in writers.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(writer.await.unwrap().is_ok(), number % 2 == 0);
        }
        for number in 0..40i64 {
            assert_eq!(counter(&db, &format!("c{number}")).await.is_some(), number % 2 == 0, "{number}");
        }
        assert_eq!(subjects(&db, 20).await.len(), 20);
    }

    async fn an_op_that_panics_is_answered_and_the_store_goes_on(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        let panicked: Result<(), DbError> = db
            .write((), |tx, ()| {
                Box::pin(async move {
                    insert_consumer(tx, "gone", 1).await?;
                    panic!("a bug in an op");
                })
            })
            .await;
        assert!(matches!(panicked, Err(DbError::Panicked)));
        assert_eq!(counter(&db, "gone").await, None);
        db.write((), |tx, ()| Box::pin(async move { insert_consumer(tx, "after", 1).await })).await.unwrap();
        assert_eq!(counter(&db, "after").await, Some(1));
    }

    async fn a_statement_that_fails_inside_an_op_does_not_spoil_its_neighbours(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        db.write((), |tx, ()| Box::pin(async move { insert_consumer(tx, "taken", 1).await })).await.unwrap();
        let writers = (0..20i64).map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                db.write(number, |tx, number| {
                    Box::pin(async move {
                        let name = if number % 5 == 0 { "taken".to_owned() } else { format!("free{number}") };
                        insert_consumer(tx, &name, *number).await
                    })
                })
                .await
            })
        });
        for (number, writer) in writers.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(writer.await.unwrap().is_ok(), number % 5 != 0, "{number}");
        }
        assert_eq!(counter(&db, "taken").await, Some(1));
    }

    async fn events_of_one_organization_come_in_order_and_once_while_many_are_written(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        let writers: Vec<_> = (0..100)
            .map(|number| {
                let db = db.clone();
                tokio::spawn(async move {
                    db.write(number, |tx, number| Box::pin(async move { announce(tx, &number.to_string()).await })).await.unwrap();
                })
            })
            .collect();
        let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
        while seen.len() < 100 {
            let mut waker = db.hub().subscribe(events::ALL);
            for event in events::read(&db, Some(ORGANIZATION), cursor, 7).await.unwrap() {
                assert!(event.cursor > cursor);
                cursor = event.cursor;
                seen.push(event.subject);
            }
            if writers.iter().any(|writer| !writer.is_finished()) {
                waker.woken().await;
            }
        }
        seen.sort_by_key(|subject| subject.parse::<u32>().unwrap());
        assert_eq!(seen, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    async fn a_cursor_survives_being_stored(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let db = engine.open(folder.path()).await;
        assert_eq!(events::position(&db, "reader").await.unwrap(), Cursor::default());
        db.write((), |tx, ()| Box::pin(async move { announce(tx, "a").await })).await.unwrap();
        assert_eq!(subjects(&db, 1).await, ["a"]);
        let now = events::now(&db).await.unwrap();
        events::advance(&db, "reader", now).await.unwrap();
        assert_eq!(events::position(&db, "reader").await.unwrap(), now);
        assert_eq!(now.to_string().parse(), Ok(now));
        assert_eq!(subjects_after(&db, now).await, Vec::<String>::new());
    }
}

/// What holds an op open until the test lets it go.
struct Gate {
    inside: Arc<Semaphore>,
    go: Arc<Notify>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_commits_late_is_not_skipped_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let db = Engine::Postgres.open(folder.path()).await;
    let (inside, go) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let gate = Gate { inside: inside.clone(), go: go.clone() };
    let late = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(gate, |tx, gate| {
                Box::pin(async move {
                    announce(tx, "early id, late commit").await?;
                    // What waits goes before what is asked.
                    tx.row("SELECT 1 AS one", vec![]).await?;
                    gate.inside.add_permits(1);
                    gate.go.notified().await;
                    Ok::<_, DbError>(())
                })
            })
            .await
        }
    });
    let _ = inside.acquire().await.unwrap();
    db.write((), |tx, ()| Box::pin(async move { announce(tx, "late id, early commit").await })).await.unwrap();
    // The later transaction is committed, but a reader that took it now would never see the earlier one.
    assert_eq!(subjects_after(&db, Cursor::default()).await, Vec::<String>::new());
    assert_eq!(events::now(&db).await.unwrap(), Cursor::default());
    go.notify_one();
    late.await.unwrap().unwrap();
    assert_eq!(subjects(&db, 2).await, ["early id, late commit", "late id, early commit"]);
}

/// Makes a mistake and goes on as if it were none.
async fn overlooks_a_refusal(tx: &mut Tx<'_>) -> Result<(), DbError> {
    insert_consumer(tx, "kept", 1).await?;
    let _ = tx.row("SELECT id FROM nowhere", vec![]).await;
    Ok(())
}

#[tokio::test]
async fn an_op_that_overlooks_a_refusal_is_not_taken_for_done_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let db = Engine::Postgres.open(folder.path()).await;
    let outcome = db.write((), |tx, ()| Box::pin(overlooks_a_refusal(tx))).await;
    assert!(matches!(outcome, Err(DbError::Aborted)), "{outcome:?}");
    assert_eq!(counter(&db, "kept").await, None);
}

#[tokio::test]
async fn connections_that_postgres_has_ended_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let db = Engine::Postgres.open(folder.path()).await;
    let one = || db.row("SELECT CAST(pg_backend_pid() AS BIGINT) AS pid", vec![]);
    let answers = futures_util::future::join_all((0..4).map(|_| one())).await;
    let pids: BTreeSet<i64> = answers.into_iter().map(|answer| answer.unwrap().unwrap().get("pid").unwrap()).collect();
    // One of them ends the others.
    let all_others = "SELECT CAST(pg_terminate_backend(pid) AS INT) AS ended FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = db.rows(all_others, vec![]).await.unwrap().len();
    assert!(ended < pids.len(), "{ended} of {pids:?}");
    // Whoever is handed one of them may be told so; nobody is told it of the same one again.
    let mut refused = 0;
    for _ in 0..20 {
        let asked = futures_util::future::join_all((0..4).map(|_| one())).await;
        refused += asked.iter().filter(|answer| answer.is_err()).count();
    }
    assert!(refused <= ended, "{refused} of 80 failed");
    db.write((), |tx, ()| Box::pin(async move { announce(tx, "written").await })).await.unwrap();
    assert_eq!(subjects(&db, 1).await, ["written"]);
}

/// Fills the database: SQLite is told how many pages it may have, and answers as on a full disk.
async fn limit_pages(db: &Db, spare: i64) {
    db.write(spare, |tx, spare| {
        Box::pin(async move {
            let pages: i64 = tx.row("PRAGMA page_count", vec![]).await?.ok_or(DbError::Aborted)?.get("page_count")?;
            let limit = if *spare < 0 { 1_000_000_000 } else { pages + spare };
            let sql: &'static str = Box::leak(format!("PRAGMA max_page_count = {limit}").into_boxed_str());
            tx.rows(sql, vec![]).await.map(|_| ())
        })
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_inside_a_group_fails_what_does_not_fit_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let db = Engine::Sqlite.open(folder.path()).await;
    limit_pages(&db, 40).await;
    // The first op holds the writer, so that the others wait together and become one group.
    let (inside, go) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let gate = Gate { inside: inside.clone(), go: go.clone() };
    let holder = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(gate, |_tx, gate| {
                Box::pin(async move {
                    gate.inside.add_permits(1);
                    gate.go.notified().await;
                    Ok::<_, DbError>(())
                })
            })
            .await
        }
    });
    let _ = inside.acquire().await.unwrap();
    let writers: Vec<_> = (0..30i64)
        .map(|number| {
            let db = db.clone();
            let size = if number % 10 == 5 { 1_000_000 } else { 10 };
            tokio::spawn(async move {
                db.write((number, size), |tx, (number, size)| {
                    Box::pin(async move {
                        insert_consumer(tx, &format!("w{number}"), *number).await?;
                        announce(tx, &"x".repeat(*size)).await
                    })
                })
                .await
            })
        })
        .collect();
    go.notify_one();
    holder.await.unwrap().unwrap();
    let mut outcomes = Vec::new();
    for writer in writers {
        outcomes.push(writer.await.unwrap().is_ok());
    }
    for (number, succeeded) in outcomes.iter().enumerate() {
        assert_eq!(*succeeded, number % 10 != 5, "{number}");
        assert_eq!(counter(&db, &format!("w{number}")).await.is_some(), *succeeded, "answered as it was stored: {number}");
    }
    limit_pages(&db, -1).await;
    db.write((), |tx, ()| Box::pin(async move { announce(tx, &"x".repeat(1_000_000)).await })).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let db = Engine::Sqlite.open(folder.path()).await;
    db.write((), |tx, ()| Box::pin(async move { tx.execute("INSERT INTO migration (version) VALUES (999)", vec![]).await })).await.unwrap();
    db.close().await;
    let again = Db::open_sqlite(&folder.path().join("test.db"), Default::default()).await;
    assert!(matches!(again, Err(DbError::Migration(text)) if text.contains("newer")));
}
