//! What is done on the host, with the data folder instead of an account.

use std::path::{Path, PathBuf};

use taskey_proto::id::OrganizationId;
use taskey_proto::quiet::{OldQueue, Quiet, QuietEnded};
use taskey_proto::users::Invitation;

use crate::app::App;
use crate::config::Config;
use crate::features::accounts::{create_on_host as create, recover_user};
use crate::features::quiet::{self, Who};
use crate::features::secrets::rotate;
use crate::features::webhooks::rewrap_keys;
use crate::platform::clock::Clock;
use crate::platform::keys::Keys;
use crate::platform::tls;
use crate::wiring::open_app;

/// Makes an organization with its first super user. A server may be running on the same data.
pub async fn create_organization(config: Config, name: &str, username: &str, password: &str) -> anyhow::Result<OrganizationId> {
    let app = open(&config).await?;
    let created = create(&app, name, username, password).await;
    app.db.close().await;
    created.map_err(|error| {
        let fields: Vec<_> = error.errors.iter().map(|field| format!("{}: {}", field.pointer, field.detail)).collect();
        anyhow::anyhow!(if fields.is_empty() { error.detail } else { fields.join("; ") })
    })
}

/// A link by which somebody gets in again.
#[derive(Debug, serde::Serialize)]
pub struct Recovered {
    pub organization: String,
    pub username: String,
    #[serde(flatten)]
    pub invitation: Invitation,
}

/// Makes a link by which a user sets a new password, who is then enabled and a super user; where no operator is left, that too. Without
/// a user name it is the first operator, else the first super user. A server may be running on the same data.
pub async fn recover(config: Config, organization: Option<&str>, username: Option<&str>) -> anyhow::Result<Recovered> {
    let app = open(&config).await?;
    let recovered = recover_user(&app, organization, username).await;
    app.db.close().await;
    let recovered = recovered.map_err(|error| anyhow::anyhow!(error.detail))?;
    let invitation = recovered.link.invitation(&app);
    Ok(Recovered { organization: recovered.organization, username: recovered.username, invitation })
}

/// Makes a new master key for the vault and wraps every secret and every key of webhooks with it: the key's file, and how many those are. A server may be
/// running on the same data.
pub async fn rotate_vault(config: Config) -> anyhow::Result<(PathBuf, u64)> {
    let app = open(&config).await?;
    let rotated = async {
        let (key, secrets) = rotate(&app.db, &app.vault).await?;
        let keys = rewrap_keys(&app.db, &app.vault).await?;
        anyhow::Ok((key, secrets + keys))
    };
    let rotated = rotated.await;
    app.db.close().await;
    let (key, count) = rotated?;
    Ok((app.vault.file(key), count))
}

/// One of taskey's own roots, for people.
#[derive(Debug, serde::Serialize)]
pub struct RootInfo {
    pub number: u32,
    pub fingerprint: String,
    /// Whether servers show certificates under it; the others are announced to devices.
    pub shown: bool,
    pub certificate: PathBuf,
}

/// The roots that are not retired, the oldest first.
pub fn list_roots(data: &Path) -> anyhow::Result<Vec<RootInfo>> {
    check_data(data)?;
    let info = |(index, root): (usize, tls::Root)| RootInfo {
        number: root.number,
        fingerprint: root.fingerprint(),
        shown: index == 0,
        certificate: data.join("keys").join(format!("root-{}.crt", root.number)),
    };
    Ok(tls::open_roots(data)?.into_iter().enumerate().map(info).collect())
}

/// Makes a further root, which devices learn of with their next challenge.
pub fn add_root(data: &Path) -> anyhow::Result<Vec<RootInfo>> {
    check_data(data)?;
    tls::open_roots(data)?;
    tls::add_root(data)?;
    list_roots(data)
}

/// Takes a root out of use for good.
pub fn retire_root(data: &Path, number: u32) -> anyhow::Result<Vec<RootInfo>> {
    check_data(data)?;
    tls::retire_root(data, number)?;
    list_roots(data)
}

async fn open(config: &Config) -> anyhow::Result<App> {
    check_data(&config.data)?;
    // The port is what a server on the same folder would listen on: links begin with it.
    Ok(open_app(config, Clock::System, config.listen.port()).await?)
}

fn check_data(data: &Path) -> anyhow::Result<()> {
    if !Keys::exist(data) {
        anyhow::bail!("{} is not the data folder of a taskey server; name the one that `taskey serve --data` was given", data.display());
    }
    Ok(())
}

/// Whether a restored server is quiet, and what there is to look at. A server may be running on the same data.
pub async fn show_quiet(config: Config) -> anyhow::Result<Quiet> {
    let app = open(&config).await?;
    let shown = quiet::show(&app, &Who::Host).await;
    app.db.close().await;
    Ok(shown?)
}

/// Lets a restored server go on. A server may be running on the same data; it hears of it at once, or within a second.
pub async fn end_quiet(config: Config, queued: OldQueue) -> anyhow::Result<QuietEnded> {
    let app = open(&config).await?;
    let ended = quiet::end(&app, &Who::Host, queued).await;
    app.db.close().await;
    ended.map_err(|error| anyhow::anyhow!(error.detail))
}
