//! Floor B's server, a process of its own: a route, a table, a broker.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Order, Report, topics};
use crate::mqtt::{self, Inbox, Publisher};

/// The argument by which the bench starts itself as this.
pub const COMMAND: &str = "floor-server";

/// Serves until it is killed.
pub fn run(broker_port: u16, name: &str, database: &Path) -> anyhow::Result<()> {
    let (orders, reports) = topics(name);
    let (publisher, inbox) = mqtt::connect(broker_port, &format!("server-{name}"), &reports)?;
    let floor = Arc::new(Floor { db: Mutex::new(open(database)?), waiting: Mutex::default(), publisher, orders });
    let for_reports = floor.clone();
    thread::spawn(move || take_reports(&for_reports, inbox));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(floor))
}

struct Floor {
    db: Mutex<Connection>,
    waiting: Mutex<HashMap<i64, oneshot::Sender<Report>>>,
    publisher: Publisher,
    orders: String,
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE run (id INTEGER PRIMARY KEY, command TEXT NOT NULL, code INTEGER)",
    )?;
    Ok(db)
}

async fn serve(floor: Arc<Floor>) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "ready: {}", listener.local_addr()?.port())?;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, Router::new().route("/", post(trigger)).with_state(floor)).await?)
}

async fn trigger(State(floor): State<Arc<Floor>>, Json(order): Json<Order>) -> Result<Json<Report>, (StatusCode, String)> {
    let reported = floor.begin(order).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    reported.await.map(Json).map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "no report".to_owned()))
}

impl Floor {
    /// Stores the order, then sends it. It blocks the server's one thread, which is the quickest while one asks at a time.
    fn begin(&self, mut order: Order) -> anyhow::Result<oneshot::Receiver<Report>> {
        let db = lock(&self.db);
        db.prepare_cached("INSERT INTO run (command) VALUES (?1)")?.execute([&order.arguments.join(" ")])?;
        order.id = db.last_insert_rowid();
        drop(db);
        let (sender, reported) = oneshot::channel();
        lock(&self.waiting).insert(order.id, sender);
        self.publisher.publish(&self.orders, &serde_json::to_vec(&order)?)?;
        Ok(reported)
    }

    /// Stores a report, then answers.
    fn end(&self, report: Report) -> anyhow::Result<()> {
        lock(&self.db).prepare_cached("UPDATE run SET code = ?2 WHERE id = ?1")?.execute((report.id, report.code))?;
        if let Some(sender) = lock(&self.waiting).remove(&report.id) {
            let _ = sender.send(report);
        }
        Ok(())
    }
}

fn take_reports(floor: &Floor, mut inbox: Inbox) {
    let mut take_one = || floor.end(serde_json::from_slice(&inbox.receive()?)?);
    while let Ok(()) = take_one() {}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
