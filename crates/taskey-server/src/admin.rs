//! What is done on the host, with the data folder instead of an account.

use taskey_proto::id::OrganizationId;

use crate::config::Config;
use crate::features::accounts::create_organization as create;
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
