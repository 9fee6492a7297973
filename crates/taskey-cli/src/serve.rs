//! The server itself, `serve`, and what is done on its data folder: `admin`. The commands for backups are in `commands/`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use taskey_proto::page::Page;
use taskey_server::Announcement;
use taskey_server::config::{Config, Settings};
use tracing_subscriber::EnvFilter;

use crate::commands::{self, recover};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::open_files;
use crate::output::{self, Output};
use crate::secrets;
use crate::table::Table;

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Address of API and UI; port 0 takes a free one. Default: 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Also speak plain MQTT to devices, here.
    #[arg(long, value_name = "ADDR")]
    mqtt_listen: Option<String>,
    /// Also speak MQTT over TLS to devices, here.
    #[arg(long, value_name = "ADDR")]
    mqtts_listen: Option<String>,
    /// auto: wherever the address is not loopback.
    #[arg(long, value_name = "auto|on|off")]
    tls: Option<String>,
    /// The certificate for browsers and the command line, PEM; without it one under taskey's own root is made.
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// A TLS proxy in front of this server, an address or a network; its X-Forwarded-For is believed. May be given several times.
    #[arg(long, value_name = "ADDR")]
    trusted_proxy: Vec<String>,
    /// How people and devices reach this server, where that is not the address it listens on.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The folder with the agents that /install.sh gives, named taskeyd-linux-x86_64 and taskeyd-linux-aarch64.
    /// Default: DATA/agents, then /usr/share/taskey/agents.
    #[arg(long, value_name = "DIR")]
    agents: Option<PathBuf>,
    /// A network of your own that the server may call, for webhooks, an address or a network such as 10.0.0.0/8; without it only public
    /// addresses are called. May be given several times.
    #[arg(long, value_name = "ADDR")]
    egress_allow: Vec<String>,
}

/// Where the truth is kept.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// The server's folder: database, keys, taskey.toml.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// PostgreSQL instead of the embedded SQLite. With a password: TASKEY_DATABASE_URL, or the file.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Organizations.
    #[command(subcommand)]
    Organizations(OrganizationsCommand),
    /// Make a link by which a user sets a new password, who is then let in and a super user. The server may be running.
    Recover(recover::RecoverArgs),
    /// The master key of the vault, in which secrets lie.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// The roots by which agents trust this server's TLS.
    #[command(subcommand)]
    Roots(RootsCommand),
    /// What a restored server waits with, and letting it go on; as `taskey quiet`, without an account.
    #[command(subcommand)]
    Quiet(AdminQuietCommand),
}

#[derive(Debug, Subcommand)]
pub enum AdminQuietCommand {
    /// Show whether it is quiet, and what there is to look at before that is ended.
    Show {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Let it go on; what waited when the backup was made is cancelled.
    End {
        /// Send what waited and is still valid, instead of cancelling it.
        #[arg(long)]
        keep_queued: bool,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum RootsCommand {
    /// List the roots in use.
    Ls {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Make a further root. Devices learn of it when they next connect; a running server takes it up within a minute.
    Add {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Take a root out of use. Devices that have not connected since its successor was made must be enrolled anew.
    Retire {
        number: u32,
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Make a new master key and wrap every secret with it; the server may be running.
    Rotate {
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum OrganizationsCommand {
    /// Make an organization with its super user.
    Create {
        name: String,
        #[arg(long, value_name = "NAME")]
        username: String,
        /// Read the password from stdin; without it, it is asked for on the terminal.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// Serves until SIGINT or SIGTERM.
pub fn run(args: ServeArgs) -> Result<Exit, Failure> {
    start_logging()?;
    open_files::raise_limit();
    let settings = Settings {
        data: args.store.data,
        listen: args.listen,
        mqtt_listen: args.mqtt_listen,
        mqtts_listen: args.mqtts_listen,
        tls: args.tls,
        tls_certificate: args.tls_cert,
        tls_key: args.tls_key,
        trusted_proxies: args.trusted_proxy,
        database_url: args.store.database_url,
        public_url: args.public_url,
        agents: args.agents,
        egress_allow: args.egress_allow,
    };
    let config = settings.load().map_err(|error| Failure::Server(error.into()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| Failure::Server(error.into()))?;
    runtime.block_on(async {
        let mut interrupts = Interrupts::catch().map_err(|error| Failure::Server(error.into()))?;
        let shutdown = async move {
            interrupts.next().await;
            // Who asks twice does not want to wait for a clean end.
            tokio::spawn(async move {
                interrupts.next().await;
                std::process::exit(Exit::Interrupted.code());
            });
        };
        taskey_server::serve(config, announce, shutdown).await.map_err(Failure::Server)
    })?;
    Ok(Exit::Done)
}

pub fn administer(command: AdminCommand, output: Output) -> Result<Exit, Failure> {
    on_host(async {
        match command {
            AdminCommand::Organizations(OrganizationsCommand::Create { name, username, password_stdin, store }) => {
                create_organization(store, name, username, password_stdin, output).await
            }
            AdminCommand::Recover(args) => recover::run(args, output).await,
            AdminCommand::Vault(VaultCommand::Rotate { store }) => rotate_vault(store, output).await,
            AdminCommand::Roots(command) => roots(command, output),
            AdminCommand::Quiet(command) => quiet(command, output).await,
        }
    })
}

/// Runs what works on the data folder; Ctrl-C ends it.
pub fn on_host(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| Failure::Server(error.into());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let outcome = runtime.block_on(async {
        let mut interrupts = Interrupts::catch().map_err(failed)?;
        tokio::select! {
            outcome = work => outcome,
            () = interrupts.next() => Ok(Exit::Interrupted),
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn quiet(command: AdminQuietCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        AdminQuietCommand::Show { store } => {
            let quiet = taskey_server::admin::show_quiet(store.config()?).await.map_err(Failure::Server)?;
            commands::quiet::show(&quiet, output)?;
        }
        AdminQuietCommand::End { keep_queued, yes, store } => {
            commands::quiet::confirm(keep_queued, yes).await?;
            let queued = commands::quiet::old_queue(keep_queued);
            let ended = taskey_server::admin::end_quiet(store.config()?, queued).await.map_err(Failure::Server)?;
            commands::quiet::show_ended(&ended, output)?;
        }
    }
    Ok(Exit::Done)
}

impl StoreArgs {
    pub fn new(data: PathBuf, database_url: Option<String>) -> Self {
        Self { data, database_url }
    }

    /// The settings, as a server on the same folder would read them.
    pub fn config(self) -> Result<Config, Failure> {
        self.settings().load().map_err(|error| Failure::Server(error.into()))
    }

    pub fn settings(self) -> Settings {
        Settings { data: self.data, database_url: self.database_url, ..Settings::default() }
    }
}

async fn rotate_vault(store: StoreArgs, output: Output) -> Result<Exit, Failure> {
    let (file, count) = taskey_server::admin::rotate_vault(store.config()?).await.map_err(Failure::Server)?;
    let file = file.display().to_string();
    output.thing(&serde_json::json!({"key": file, "secrets": count}), &file, || {
        let mut table = Table::of_fields();
        table.field("master key", file.as_str());
        table.field("secrets", format!("{count} wrapped anew"));
        table.field("next", "back it up; the older key files are needed for older backups of the database alone");
        table
    })?;
    Ok(Exit::Done)
}

fn roots(command: RootsCommand, output: Output) -> Result<Exit, Failure> {
    let roots = match command {
        RootsCommand::Ls { data } => taskey_server::admin::list_roots(&data),
        RootsCommand::Add { data } => taskey_server::admin::add_root(&data),
        RootsCommand::Retire { number, data } => taskey_server::admin::retire_root(&data, number),
    };
    let page = Page { items: roots.map_err(Failure::Server)?, next: None };
    output.list(
        &page,
        |root| root.fingerprint.clone(),
        |roots| {
            let mut table = Table::new(&["ROOT", "FINGERPRINT", "STANDS", "CERTIFICATE"]);
            for root in roots {
                let stands = if root.shown { "shown" } else { "announced" };
                table.row([
                    root.number.to_string().into(),
                    root.fingerprint.as_str().into(),
                    stands.into(),
                    root.certificate.display().to_string().into(),
                ]);
            }
            table
        },
    )?;
    Ok(Exit::Done)
}

async fn create_organization(
    store: StoreArgs,
    name: String,
    username: String,
    password_stdin: bool,
    output: Output,
) -> Result<Exit, Failure> {
    let config = store.config()?;
    let password = secrets::password(password_stdin).await?;
    let id = taskey_server::admin::create_organization(config, &name, &username, &password).await.map_err(Failure::Server)?;
    output.thing(&serde_json::json!({"id": id, "name": name}), &name, || {
        let mut table = Table::of_fields();
        table.field("organization", name.as_str());
        table.field("id", id.to_string());
        table.field("super user", username.as_str());
        table
    })?;
    Ok(Exit::Done)
}

/// The lines that scripts wait for.
fn announce(announcement: Announcement) {
    let written = match announcement {
        Announcement::SetupCode(code) => output::line(&format!("set-up code: {code}")),
        Announcement::Ready { url } => output::line(&format!("ready: {url}")),
    };
    if let Err(failure) = written {
        failure.report();
    }
}

/// Logs go to stderr: text for people, JSON for machines.
fn start_logging() -> Result<(), Failure> {
    let wanted = std::env::var("TASKEY_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| Failure::usage(format!("TASKEY_LOG: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let json = match std::env::var("TASKEY_LOG_FORMAT").as_deref() {
        Ok("json") => true,
        Ok("text") => false,
        Ok(other) => return Err(Failure::usage(format!("TASKEY_LOG_FORMAT: `{other}` is neither json nor text"))),
        Err(_) => !terminal,
    };
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // What cannot be logged, on a full disk, is no reason to fall: by default that is told by a macro that panics.
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false).with_ansi(colour);
    if json {
        logs.json().init()
    } else {
        logs.init()
    }
    Ok(())
}

/// The API's description, for the client that the UI generates from it.
pub fn print_openapi() -> Result<Exit, Failure> {
    output::write_data(taskey_server::openapi().as_bytes())?;
    Ok(Exit::Done)
}
