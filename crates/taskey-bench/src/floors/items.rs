//! The floor of posting items, a process of its own: a route that stores what it is sent, in one transaction with all that comes
//! meanwhile. It knows nobody, checks nothing but that it is JSON, and keeps one table without an index.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use rusqlite::Connection;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::{mpsc, oneshot};

use crate::programs::Running;

/// The argument by which the bench starts itself as this.
pub const COMMAND: &str = "floor-items";
/// From which it learns of a database on PostgreSQL, if it is to use one.
const DATABASE_URL: &str = "TASKEY_FLOOR_DATABASE_URL";

const TABLE: &str = "CREATE TABLE item (id BIGINT PRIMARY KEY, body TEXT NOT NULL)";
const GROUP_MAX: usize = 256;

/// What was posted, and who waits until it is stored.
struct Posted {
    id: i64,
    body: String,
    stored: oneshot::Sender<()>,
}

/// Starts it; its port.
pub fn start(folder: &Path, database_url: Option<&str>) -> anyhow::Result<(Running, u16)> {
    std::fs::create_dir_all(folder)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(COMMAND).arg(folder.join("floor.db")).env_remove(DATABASE_URL);
    if let Some(url) = database_url {
        command.env(DATABASE_URL, url);
    }
    let running = Running::start(&mut command, &folder.join("floor.log"))?;
    let port = running.line("ready")?.parse()?;
    Ok((running, port))
}

/// Serves until it is killed.
pub fn run(file: PathBuf) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let (queue, posted) = mpsc::channel(GROUP_MAX * 4);
        match std::env::var(DATABASE_URL) {
            Ok(url) => {
                let mut db = PgConnection::connect(&url).await?;
                sqlx::raw_sql(TABLE).execute(&mut db).await?;
                tokio::spawn(store_in_postgres(db, posted));
            }
            Err(_) => {
                let db = Connection::open(file)?;
                db.execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {TABLE}"))?;
                thread::spawn(move || store_in_sqlite(db, posted));
            }
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "ready: {}", listener.local_addr()?.port())?;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let counter = Arc::new(AtomicI64::new(1));
        Ok(axum::serve(listener, Router::new().route("/", post(take)).with_state((queue, counter))).await?)
    })
}

type Queue = (mpsc::Sender<Posted>, Arc<AtomicI64>);

async fn take(State((queue, counter)): State<Queue>, Json(body): Json<Value>) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let id = counter.fetch_add(1, Ordering::Relaxed);
    let (stored, is_stored) = oneshot::channel();
    let posted = Posted { id, body: body.to_string(), stored };
    queue.send(posted).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    is_stored.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::CREATED, Json(serde_json::json!({"id": id}))))
}

fn rest_of_group(first: Posted, posted: &mut mpsc::Receiver<Posted>) -> Vec<Posted> {
    let mut group = vec![first];
    while group.len() < GROUP_MAX
        && let Ok(next) = posted.try_recv()
    {
        group.push(next);
    }
    group
}

fn answer(group: Vec<Posted>) {
    for one in group {
        // Whoever posted it may have gone away.
        let _ = one.stored.send(());
    }
}

fn store_in_sqlite(mut db: Connection, mut posted: mpsc::Receiver<Posted>) -> rusqlite::Result<()> {
    while let Some(first) = posted.blocking_recv() {
        let group = rest_of_group(first, &mut posted);
        let tx = db.transaction()?;
        for one in &group {
            tx.prepare_cached("INSERT INTO item (id, body) VALUES (?1, ?2)")?.execute((one.id, &one.body))?;
        }
        tx.commit()?;
        answer(group);
    }
    Ok(())
}

async fn store_in_postgres(mut db: PgConnection, mut posted: mpsc::Receiver<Posted>) -> sqlx::Result<()> {
    while let Some(first) = posted.recv().await {
        let group = rest_of_group(first, &mut posted);
        let (ids, bodies): (Vec<i64>, Vec<&str>) = group.iter().map(|one| (one.id, one.body.as_str())).unzip();
        let insert = sqlx::query("INSERT INTO item (id, body) SELECT * FROM UNNEST($1::bigint[], $2::text[])");
        insert.bind(ids).bind(bodies).execute(&mut db).await?;
        answer(group);
    }
    Ok(())
}
