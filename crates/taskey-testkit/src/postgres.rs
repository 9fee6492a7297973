//! A private PostgreSQL: one server, a database of its own for each test.
//!
//! `cargo x test` starts one server for all test processes and names it in `TASKEY_TEST_POSTGRES`; without that, each process
//! starts its own. The server is held by a shell that waits for its standard input to close, so that it ends with whoever
//! started it, however that ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Where the shared server is, as a URL without a database.
pub const SERVER_VARIABLE: &str = "TASKEY_TEST_POSTGRES";

/// A running private server; it ends when this is dropped.
pub struct PostgresServer {
    shell: Child,
    _folder: tempfile::TempDir,
    pub url: String,
}

impl PostgresServer {
    /// Starts a server on a Unix socket in a folder of its own. `initdb` refuses root: then it runs as `postgres`.
    pub fn start() -> anyhow::Result<Self> {
        let bin = binaries()?;
        let folder = tempfile::Builder::new().prefix("taskey-pg").tempdir_in("/tmp")?;
        let path = folder.path().display().to_string();
        let user = if rustix::process::geteuid().is_root() {
            let (uid, gid) = postgres_user()?;
            chown(folder.path(), Some(uid), Some(gid))?;
            format!("setpriv --reuid={uid} --regid={gid} --clear-groups ")
        } else {
            String::new()
        };
        let bin = bin.display();
        // fsync is off: these tests are about what is written, not about what survives a power cut.
        let script = format!(
            "set -e; cd /; {user}{bin}/initdb -D {path}/data -U taskey --auth=trust --locale=C --encoding=UTF8 >{path}/initdb.log 2>&1; \
             {user}{bin}/postgres -D {path}/data -k {path} -c listen_addresses= -c fsync=off -c synchronous_commit=off \
             -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB -c max_pred_locks_per_transaction=256 \
             >{path}/postgres.log 2>&1 & pid=$!; \
             for turn in $(seq 300); do {bin}/pg_isready -q -h {path} -U taskey && break; sleep 0.1; done; \
             echo ready; read end || true; kill -INT $pid; wait $pid || true"
        );
        let mut shell = Command::new("bash").args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(shell.stdout.take().context("the shell has an output")?).read_line(&mut line)?;
        if line.trim() != "ready" {
            let log = std::fs::read_to_string(folder.path().join("initdb.log")).unwrap_or_default();
            bail!("PostgreSQL did not start: {log}");
        }
        Ok(Self { shell, url: format!("postgres://taskey@localhost/?host={path}"), _folder: folder })
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn binaries() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is not installed: sudo apt-get install postgresql")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().context("PostgreSQL's server is not installed: sudo apt-get install postgresql")
}

fn postgres_user() -> anyhow::Result<(u32, u32)> {
    let users = std::fs::read_to_string(Path::new("/etc/passwd"))?;
    let line = users.lines().find(|line| line.starts_with("postgres:")).context("there is no user `postgres`")?;
    let mut fields = line.split(':').skip(2);
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    Ok((number().context("a uid")?, number().context("a gid")?))
}

/// A new, empty database; its URL.
pub async fn new_database() -> anyhow::Result<String> {
    let server = match std::env::var(SERVER_VARIABLE) {
        Ok(url) => url,
        Err(_) => own_server()?.to_owned(),
    };
    let name = format!("t{}", uuid::Uuid::now_v7().simple());
    let in_database = |database: &str| server.replacen("localhost/", &format!("localhost/{database}"), 1);
    let mut connection = PgConnection::connect(&in_database("postgres")).await.context("the private PostgreSQL answers")?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    connection.close().await?;
    Ok(in_database(&name))
}

fn own_server() -> anyhow::Result<&'static str> {
    static SERVER: OnceLock<Result<PostgresServer, String>> = OnceLock::new();
    match SERVER.get_or_init(|| PostgresServer::start().map_err(|error| format!("{error:#}"))) {
        Ok(server) => Ok(&server.url),
        Err(error) => bail!("{error}"),
    }
}
