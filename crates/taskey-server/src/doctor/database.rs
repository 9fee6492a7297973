//! The database: whether it opens, holds together, and goes with the keys and the clock.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection, query_as, query_scalar};
use taskey_proto::Time;
use taskey_proto::crypto::SigningKey;
use taskey_proto::doctor::Finding;
use taskey_proto::document::DISPATCH_CONTEXT;

use crate::config::{Config, Database};
use crate::platform::db::migrate;

/// A log of this size says that nothing has been able to fold it back, in bytes.
const WAL_LARGE: u64 = 1 << 30;
const CLOCK_OFF_MS: i64 = 60_000;

enum Connection {
    Lite(SqliteConnection),
    Pg(PgConnection),
}

/// Asks either database the same.
macro_rules! ask {
    ($connection:expr, $query:expr, $fetch:ident) => {
        match $connection {
            Connection::Lite(connection) => $query.$fetch(connection).await,
            Connection::Pg(connection) => $query.$fetch(connection).await,
        }
    };
}

pub async fn examine(config: &Config, signing: Option<&SigningKey>, now: Time) -> Vec<Finding> {
    let (mut connection, found) = match open(config).await {
        Ok(opened) => opened,
        Err(finding) => return vec![*finding],
    };
    let mut findings = vec![found];
    match look(&mut connection, &config.data, signing, now).await {
        Ok(more) => findings.extend(more),
        Err(error) => findings.push(Finding::problem("schema", error.to_string(), "check that this is taskey's database")),
    }
    if matches!(config.database, Database::Sqlite) {
        let wal = std::fs::metadata(config.data.join("taskey.db-wal")).map_or(0, |file| file.len());
        findings.push(match wal {
            WAL_LARGE.. => Finding::warning(
                "log",
                format!("{} MiB", wal >> 20),
                "something reads for very long, such as a backup; it shrinks with the next start",
            ),
            _ => Finding::ok("log", format!("{} KiB", wal >> 10)),
        });
    }
    let _ = match connection {
        Connection::Lite(connection) => connection.close().await,
        Connection::Pg(connection) => connection.close().await,
    };
    findings
}

async fn open(config: &Config) -> Result<(Connection, Finding), Box<Finding>> {
    let problem = |detail: String, advice: &str| Box::new(Finding::problem("database", detail, advice));
    match &config.database {
        Database::Sqlite => {
            let path = config.data.join("taskey.db");
            if !path.exists() {
                return Err(problem(
                    format!("{} is not there", path.display()),
                    "a server that starts here makes a new one; to have the old one, restore a backup",
                ));
            }
            let broken = |error: sqlx::Error| {
                problem(error.to_string(), "stop the server, keep this folder, and restore the last backup into another one")
            };
            let mut connection = SqliteConnectOptions::new().filename(&path).read_only(true).connect().await.map_err(broken)?;
            let version: String = query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.map_err(broken)?;
            let found: String = query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await.map_err(broken)?;
            if found != "ok" {
                return Err(problem(found, "stop the server, keep this folder, and restore the last backup into another one"));
            }
            Ok((Connection::Lite(connection), Finding::ok("database", format!("SQLite {version}, sound"))))
        }
        Database::Postgres(url) => {
            let unreachable = |error: sqlx::Error| problem(error.to_string(), "check that PostgreSQL runs, and the database URL");
            let options = PgConnectOptions::from_str(url).map_err(unreachable)?;
            let mut connection = options.application_name("taskey doctor").connect().await.map_err(unreachable)?;
            let sql = "SELECT current_setting('server_version'), current_setting('default_transaction_read_only')";
            let (version, read_only): (String, String) = query_as(sql).fetch_one(&mut connection).await.map_err(unreachable)?;
            if read_only == "on" {
                return Err(problem(format!("PostgreSQL {version} is read-only"), "name the primary, not a replica"));
            }
            // What every write of the server needs.
            sqlx::raw_sql("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; COMMIT").execute(&mut connection).await.map_err(unreachable)?;
            Ok((Connection::Pg(connection), Finding::ok("database", format!("PostgreSQL {version}, serializable"))))
        }
    }
}

async fn look(connection: &mut Connection, data: &Path, signing: Option<&SigningKey>, now: Time) -> Result<Vec<Finding>, sqlx::Error> {
    let version: i64 = ask!(&mut *connection, query_scalar("SELECT COALESCE(MAX(version), 0) FROM migration"), fetch_one)?;
    let newest = migrate::newest();
    if version > newest {
        let detail = format!("{version}, and this program knows {newest}");
        return Ok(vec![Finding::problem("schema", detail, "use the newer taskey that made it")]);
    }
    if version < newest {
        let detail = format!("{version}; the next start of this program migrates it to {newest}");
        return Ok(vec![Finding::warning("schema", detail, "make a backup before")]);
    }
    let mut findings = vec![Finding::ok("schema", version.to_string())];
    findings.push(quiet(connection).await?);
    findings.push(clock(connection, now).await?);
    findings.push(vault(connection, data).await?);
    if let Some(signing) = signing {
        findings.push(signatures(connection, signing).await?);
    }
    Ok(findings)
}

async fn quiet(connection: &mut Connection) -> Result<Finding, sqlx::Error> {
    let found: Option<(i64, Option<i64>)> = ask!(connection, query_as("SELECT epoch, quiet_since FROM instance LIMIT 1"), fetch_optional)?;
    Ok(match found {
        None => Finding::warning("instance", "no server has started on this database yet", "start it"),
        Some((_, Some(since))) => Finding::warning(
            "quiet",
            format!("restored {}, and starts nothing until that is ended", Time::from_ms(since)),
            "look at `taskey quiet show`, then `taskey quiet end`",
        ),
        Some((epoch, None)) => Finding::ok("quiet", format!("no; epoch {epoch}")),
    })
}

async fn clock(connection: &mut Connection, now: Time) -> Result<Finding, sqlx::Error> {
    let newest: Option<i64> = ask!(connection, query_scalar("SELECT max(at) FROM event"), fetch_one)?;
    let Some(newest) = newest.map(Time::from_ms) else { return Ok(Finding::ok("clock", "nothing here to hold it against")) };
    if newest.since_ms(now) > CLOCK_OFF_MS {
        let detail = format!("it says {now}, but something was noted here at {newest}");
        return Ok(Finding::problem("clock", detail, "set this machine's clock: credentials, expiry and what is shown go by it"));
    }
    Ok(Finding::ok("clock", "not behind its own history"))
}

async fn vault(connection: &mut Connection, data: &Path) -> Result<Finding, sqlx::Error> {
    let sql = "SELECT master_key, count(*) FROM (SELECT master_key FROM secret UNION ALL SELECT master_key FROM webhook_key) sealed \
               GROUP BY master_key ORDER BY master_key";
    let used: Vec<(i64, i64)> = ask!(connection, query_as(sql), fetch_all)?;
    for (number, secrets) in &used {
        let file = data.join("keys").join(format!("vault-{number}.key"));
        let is_whole = crate::platform::keys::read_key(&file).ok().flatten().is_some_and(|key| key.len() == 32);
        if !is_whole {
            let detail = format!("{secrets} secrets and keys of webhooks are locked with {}, which is missing or damaged", file.display());
            return Ok(Finding::problem("vault", detail, "put the file back from a backup, or set those secrets anew"));
        }
    }
    Ok(Finding::ok(
        "vault",
        format!("{} secrets and keys of webhooks, each with its key", used.iter().map(|(_, secrets)| secrets).sum::<i64>()),
    ))
}

/// Whether the newest order is signed by the key that lies here.
async fn signatures(connection: &mut Connection, signing: &SigningKey) -> Result<Finding, sqlx::Error> {
    let sql = "SELECT dispatch_bytes, dispatch_signature FROM run_document ORDER BY run_id DESC LIMIT 1";
    let newest: Option<(Vec<u8>, Vec<u8>)> = ask!(connection, query_as(sql), fetch_optional)?;
    Ok(match newest {
        None => Finding::ok("signatures", "nothing was signed yet"),
        Some((bytes, signature)) if signing.public_key().verify(DISPATCH_CONTEXT, &bytes, &signature).is_ok() => {
            Finding::ok("signatures", "the newest order is signed by this key")
        }
        Some(_) => Finding::problem(
            "signatures",
            "the newest order is not signed by signing.key: keys and database do not belong together, or the row was altered",
            "restore database and keys from the same backup",
        ),
    })
}
