//! `with-postgres COMMAND…`: starts a private PostgreSQL, runs a command that finds it in `TASKEY_TEST_POSTGRES`, stops it.

use std::process::{Command, ExitCode};

use anyhow::Context as _;
use taskey_testkit::postgres::{PostgresServer, SERVER_VARIABLE};

fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().context("with-postgres COMMAND…")?;
    let server = PostgresServer::start()?;
    let status = Command::new(program).args(words).env(SERVER_VARIABLE, &server.url).status()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
