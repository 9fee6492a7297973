//! What is done on the host, with the data folder instead of an account.

use std::path::PathBuf;

use taskey_proto::id::OrganizationId;

use crate::app::App;
use crate::config::Config;
use crate::features::accounts::create_organization as create;
use crate::features::secrets::rotate;
use crate::platform::clock::Clock;
use crate::platform::keys::Keys;
use crate::wiring::open_app;

/// Makes an organization with its first super user. A server may be running on the same data.
pub async fn create_organization(config: Config, name: &str, username: &str, password: &str) -> anyhow::Result<OrganizationId> {
    if !Keys::exist(&config.data) {
        anyhow::bail!(
            "{} is not the data folder of a taskey server; name the one that `taskey serve --data` was given",
            config.data.display()
        );
    }
    let app = open_app(&config, Clock::System, 0).await?;
    let created = create(&app, name, username, password).await;
    app.db.close().await;
    created.map_err(|error| {
        let fields: Vec<_> = error.errors.iter().map(|field| format!("{}: {}", field.pointer, field.detail)).collect();
        anyhow::anyhow!(if fields.is_empty() { error.detail } else { fields.join("; ") })
    })
}

/// Makes a new master key for the vault and wraps every secret with it: the key's file, and how many secrets there are. A server may be
/// running on the same data.
pub async fn rotate_vault(config: Config) -> anyhow::Result<(PathBuf, u64)> {
    let app = open(&config).await?;
    let rotated = rotate(&app.db, &app.vault).await;
    app.db.close().await;
    let (key, count) = rotated?;
    Ok((app.vault.file(key), count))
}

async fn open(config: &Config) -> anyhow::Result<App> {
    if !Keys::exist(&config.data) {
        anyhow::bail!(
            "{} is not the data folder of a taskey server; name the one that `taskey serve --data` was given",
            config.data.display()
        );
    }
    Ok(open_app(config, Clock::System, 0).await?)
}
