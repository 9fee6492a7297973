//! Puts the slices together: their routes, their jobs, and what devices' messages reach. Nothing else knows them all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use taskey_proto::id::{InstanceId, NodeId};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::{App, Inner};
use crate::config::{Config, Database};
use crate::features::accounts::bootstrap::BootstrapError;
use crate::features::accounts::hasher::Hasher;
use crate::features::accounts::{Api, Route};
use crate::features::{accounts, calendars, devices, inbox, quiet, runs, schedules, secrets, tasks, webhooks};
use crate::install::{self, Agents};
use crate::platform::clock::{Clock, IdSource};
use crate::platform::db::{Db, DbError, Dialect, Source as _};
use crate::platform::egress::Egress;
use crate::platform::http::guard::{Hosts, guard};
use crate::platform::http::{openapi, problem};
use crate::platform::keys::{KeyError, Keys};
use crate::platform::listener::{Listener, Peer};
use crate::platform::quiet::Quiet;
use crate::platform::tls::{AgentTrust, Certificates, TlsError};
use crate::platform::vault::{Vault, VaultError};
use crate::platform::{assets, hub::Hub, mqtt, retention, telemetry};
use crate::{args, sql};
use crate::{explain, live, purge};

/// How long requests that are being answered have when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data folder {path}: {source}", path = path.display())]
    Data { path: std::path::PathBuf, source: std::io::Error },
    #[error("a restore into {path} did not come to its end; empty the folder (and the database, where that is PostgreSQL) and restore again", path = .0.display())]
    Unfinished(std::path::PathBuf),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("cannot listen on {address}: {source}; choose another address with --listen, or port 0 for a free one")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    #[error("the threads that hash passwords cannot be started: {0}")]
    Threads(std::io::Error),
    #[error("the system's random source failed")]
    Random(#[from] taskey_proto::crypto::CryptoError),
}

/// A running server.
pub struct Server {
    app: App,
    url: String,
    mqtt_address: Option<SocketAddr>,
    mqtts_address: Option<SocketAddr>,
    setup_code: Option<String>,
    http: JoinHandle<()>,
    jobs: JoinSet<()>,
}

impl Server {
    /// Opens the data, begins to listen and starts the jobs.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let listener = listen(config.listen).await?;
        let port = listener.local_addr().map_or(config.listen.port(), |address| address.port());
        let app = open_app(&config, clock, port).await?;
        let certificates = match &app.agent_trust {
            AgentTrust::Roots(certificates) => Some(certificates.clone()),
            _ if config.mqtts_listen.is_some() => Some(open_certificates(&config, &app.public_url)?),
            _ => None,
        };
        accounts::bootstrap::bring_into_line(&app, config.bootstrap.as_ref()).await?;
        devices::jobs::start_lease(&app).await?;
        let needs_setup = !accounts::has_users(&mut &app.db).await?;
        let setup_code = if needs_setup { Some(app.setup_code.renew(app.now())?) } else { None };
        let mut jobs = JoinSet::new();
        let mqtt_address = match config.mqtt_listen {
            None => None,
            Some(address) => Some(serve_mqtt(&app, &mut jobs, address, None).await?),
        };
        let mqtts_address = match (config.mqtts_listen, &certificates) {
            (Some(address), Some(certificates)) => Some(serve_mqtt(&app, &mut jobs, address, Some(certificates.mqtts()?)).await?),
            _ => None,
        };
        let tls = match &app.agent_trust {
            AgentTrust::Roots(certificates) => Some(certificates.https()?),
            AgentTrust::SigningKey | AgentTrust::WebPki => None,
        };
        if let Some(certificates) = certificates {
            jobs.spawn(certificates.keep_fresh(app.clock.clone()));
        }
        jobs.spawn(telemetry::sum_up(app.clone()));
        jobs.spawn(retention::clean(app.clone()));
        jobs.spawn(accounts::jobs::clean_sessions(app.clone()));
        jobs.spawn(purge::purge_deleted(app.clone()));
        jobs.spawn(accounts::audit::seal::seal_audit(app.clone()));
        jobs.spawn(devices::jobs::keep_lease(app.clone()));
        jobs.spawn(devices::jobs::follow_events(app.clone()));
        jobs.spawn(runs::jobs::end_overdue(app.clone()));
        jobs.spawn(runs::jobs::follow_events(app.clone()));
        jobs.spawn(runs::output::fold::fold_what_is_due(app.clone()));
        jobs.spawn(schedules::jobs::follow_events(app.clone()));
        jobs.spawn(schedules::jobs::renew_calendars(app.clone()));
        jobs.spawn(schedules::firing::fire_due(app.clone()));
        jobs.spawn(inbox::jobs::end_overdue(app.clone()));
        jobs.spawn(inbox::jobs::erase_old(app.clone()));
        jobs.spawn(inbox::jobs::index_posted(app.clone()));
        jobs.spawn(inbox::jobs::free_items_of_removed(app.clone()));
        jobs.spawn(webhooks::jobs::follow_events(app.clone()));
        jobs.spawn(webhooks::jobs::remove_old(app.clone()));
        let listener = Listener::start(listener, tls).map_err(|source| StartError::Listen { address: config.listen, source })?;
        let http = tokio::spawn(serve_http(app.clone(), listener));
        let url = app.public_url.clone();
        Ok(Self { app, url, mqtt_address, mqtts_address, setup_code, http, jobs })
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the plain MQTT port is, if there is one.
    pub fn mqtt_address(&self) -> Option<SocketAddr> {
        self.mqtt_address
    }

    /// Where the port for MQTT over TLS is, if there is one.
    pub fn mqtts_address(&self) -> Option<SocketAddr> {
        self.mqtts_address
    }

    pub fn setup_code(&self) -> Option<&str> {
        self.setup_code.as_deref()
    }

    /// Ends streams and lines, lets requests finish, closes the database.
    pub async fn stop(mut self) {
        self.app.stopping.send_replace(true);
        if tokio::time::timeout(STOP_WITHIN, &mut self.http).await.is_err() {
            tracing::warn!("some requests did not end in time");
            self.http.abort();
        }
        self.jobs.shutdown().await;
        self.app.hasher.stop().await;
        self.app.db.close().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

/// Begins to serve MQTT at an address of its own; tells where.
async fn serve_mqtt(
    app: &App,
    jobs: &mut JoinSet<()>,
    address: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> Result<SocketAddr, StartError> {
    let listener = Listener::start(listen(address).await?, tls).map_err(|source| StartError::Listen { address, source })?;
    let bound = listener.address();
    jobs.spawn(mqtt::listen(app.clone(), listener));
    Ok(bound)
}

async fn serve_http(app: App, listener: Listener) {
    let stopped = app.clone();
    let mqtt = app.clone();
    let listener = listener.without_mqtt(move |stream, peer| mqtt::take(&mqtt, stream, peer));
    let service = router(app).into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move { stopped.stopped().await }).await;
    if let Err(error) = served {
        tracing::error!(%error, "the HTTP server ended");
    }
}

fn open_certificates(config: &Config, public_url: &str) -> Result<Arc<Certificates>, StartError> {
    let host: Option<String> = public_url.parse::<http::Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.extend(host.map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned()));
    names.sort();
    names.dedup();
    Ok(Arc::new(Certificates::open(&config.data, config.public_certificate.clone(), names)?))
}

/// Opens keys and database and reads who this instance is, making it at the first start.
pub async fn open_app(config: &Config, clock: Clock, port: u16) -> Result<App, StartError> {
    make_data_folder(&config.data)?;
    if crate::backup::unfinished(&config.data) {
        return Err(StartError::Unfinished(config.data.clone()));
    }
    let keys = Keys::open(&config.data)?;
    let vault = Vault::open(&config.data)?;
    let hub = Hub::default();
    let db = match &config.database {
        Database::Sqlite => Db::open_sqlite(&config.data.join("taskey.db"), hub).await?,
        Database::Postgres(url) => Db::open_postgres(url, hub).await?,
    };
    let ids = IdSource::default();
    // SQLite writes one batch after another anyway; the longer ones cost less.
    let posting = match db.dialect() {
        Dialect::Sqlite => inbox::Posting::of(1),
        Dialect::Postgres => inbox::Posting::default(),
    };
    let (instance, epoch, is_quiet) = open_instance(&db, InstanceId::new(ids.uuid(clock.now())), &clock).await?;
    if is_quiet {
        tracing::warn!("restored from a backup: nothing is started and nothing from before is sent until `taskey quiet end`");
    }
    let scheme = if config.tls { "https" } else { "http" };
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", with_port(config.listen, port)));
    let agent_trust = match config.tls {
        true => AgentTrust::Roots(open_certificates(config, &public_url)?),
        false if public_url.starts_with("https://") => AgentTrust::WebPki,
        false => AgentTrust::SigningKey,
    };
    Ok(App::new(Inner {
        data: config.data.clone(),
        db,
        node: NodeId::new(ids.uuid(clock.now())),
        clock,
        ids,
        keys,
        vault,
        hosts: Hosts::new(&public_url, scheme, port),
        public_url,
        proxies: config.proxies.clone(),
        agent_trust,
        agents: Agents::new(config.agents.as_deref(), &config.data),
        egress: Egress::new(config.egress_allow.clone()),
        instance,
        epoch,
        quiet: Quiet::new(is_quiet),
        lines: mqtt::Lines::default(),
        polls: Default::default(),
        uplink: Arc::new(devices::DeviceLine::new(schedules::intake::take_in, schedules::delivery::deliver)),
        in_flight: Default::default(),
        setup_code: Default::default(),
        sign_in_throttle: Default::default(),
        access: Default::default(),
        refusals: Default::default(),
        calendars: Default::default(),
        keys_asked: Default::default(),
        kinds: Default::default(),
        posting,
        senders: Default::default(),
        hasher: Hasher::start().map_err(StartError::Threads)?,
        metrics: telemetry::Metrics::install(),
        stopping: watch::Sender::new(false),
    }))
}

fn with_port(address: SocketAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address.ip(), port)
}

fn make_data_folder(path: &std::path::Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StartError::Data { path: path.to_owned(), source })
}

async fn open_instance(db: &Db, fresh: InstanceId, clock: &Clock) -> Result<(InstanceId, u64, bool), DbError> {
    db.write((fresh, clock.now()), |tx, (fresh, now)| {
        Box::pin(async move {
            if let Some(row) = tx.row(sql!("SELECT id, epoch, quiet_since FROM instance"), args![]).await? {
                return Ok((row.get("id")?, row.get("epoch")?, row.get::<Option<i64>>("quiet_since")?.is_some()));
            }
            tx.execute(sql!("INSERT INTO instance (id, epoch, created_at) VALUES ($1, 1, $2)"), args![*fresh, *now]).await?;
            Ok((*fresh, 1, false))
        })
    })
    .await
}

fn api() -> Api {
    Api::default()
        .merge(accounts::http::api())
        .merge(accounts::audit::http::api())
        .merge(devices::http::api())
        .merge(secrets::http::api())
        .merge(tasks::http::api())
        .merge(runs::http::api())
        .merge(calendars::http::api())
        .merge(schedules::http::api())
        .merge(inbox::http::api())
        .merge(webhooks::http::api())
        .merge(quiet::http::api())
        .merge(live::api())
        .merge(explain::api())
}

/// Every route of the API with who may use it; the test that walks them all begins here.
pub fn routes() -> Vec<Route> {
    api().into_parts().2
}

/// The OpenAPI document, as JSON.
pub fn openapi() -> String {
    let document = openapi::complete(api().into_parts().1);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn router(app: App) -> Router {
    let (api, _, _) = api().into_parts();
    Router::new()
        .merge(api)
        .merge(live::health())
        .merge(install::routes())
        .route("/mqtt", get(mqtt::websocket))
        .route("/docs/errors/{code}", get(problem::help))
        .fallback(get(assets::serve))
        .layer(axum::middleware::from_fn_with_state(app.clone(), accounts::gate::carry_app))
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}
