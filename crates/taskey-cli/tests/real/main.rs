//! The real programs: `taskey` and `taskeyd` as a user starts them, killed as a machine kills them, and foreign MQTT clients.

mod altered;
mod crash;
mod mqtt;

use anyhow::Context as _;
use taskey_testkit::process::Installation;
use taskey_testkit::{Engine, postgres};

/// A server that is set up, on a database of that kind.
async fn installation(engine: Engine) -> anyhow::Result<Installation> {
    let url = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(postgres::new_database().await?),
    };
    let installation = Installation::start(url)?;
    installation.set_up()?;
    Ok(installation)
}

/// A path that an unprivileged user of this machine can reach, removed with the test.
fn open_folder() -> anyhow::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::Builder::new().prefix("taskey-open").tempdir_in("/tmp")?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))?;
    Ok(folder)
}

fn id(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(value["id"].as_str().context("an id")?.to_owned())
}
