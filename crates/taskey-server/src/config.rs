//! The server's settings: flag over environment over `DATA/taskey.toml`. Unknown keys of the file are refused.

mod bootstrap;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::platform::egress::Allowed;
use crate::platform::http::proxies::Proxies;
use crate::platform::tls::PublicFiles;

pub use bootstrap::{Bootstrap, BootstrapKey};

const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// What was said on the command line; what is `None` may come from the environment or the file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub data: PathBuf,
    pub listen: Option<String>,
    pub mqtt_listen: Option<String>,
    pub mqtts_listen: Option<String>,
    pub tls: Option<String>,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub trusted_proxies: Vec<String>,
    pub database_url: Option<String>,
    pub public_url: Option<String>,
    pub agents: Option<PathBuf>,
    pub egress_allow: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Whether `listen` speaks TLS.
    pub tls: bool,
    /// What is shown to everyone but agents; without it a certificate under taskey's own root.
    pub public_certificate: Option<PublicFiles>,
    pub proxies: Proxies,
    /// A plain MQTT port, only if asked for.
    pub mqtt_listen: Option<SocketAddr>,
    /// A port for MQTT over TLS, only if asked for.
    pub mqtts_listen: Option<SocketAddr>,
    pub database: Database,
    /// Scheme, host and port by which people and devices reach the server, without a trailing slash; `None`: the address listened on.
    pub public_url: Option<String>,
    /// The folder of the agents that `/install.sh` gives; `None`: `DATA/agents`, then where the package puts them.
    pub agents: Option<PathBuf>,
    /// The networks, besides the public ones, that the server may call.
    pub egress_allow: Allowed,
    /// What the server begins with, where there is nobody yet, and its keys.
    pub bootstrap: Option<Bootstrap>,
}

#[derive(Clone)]
pub enum Database {
    /// `DATA/taskey.db`
    Sqlite,
    Postgres(String),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Database::Sqlite => "sqlite",
            Database::Postgres(_) => "postgres",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {detail}", path = path.display())]
    File { path: PathBuf, detail: String },
    #[error("{name}: `{value}` is not an address to listen on; write it as 127.0.0.1:8080")]
    Address { name: &'static str, value: String },
    #[error(
        "a password in --database-url can be read by everyone on this machine; put the URL into TASKEY_DATABASE_URL or {0}/taskey.toml"
    )]
    PasswordInFlag(String),
    #[error("database_url: only postgres:// URLs are known; leave it out for the embedded SQLite database")]
    DatabaseUrl,
    #[error("public_url: `{0}` is not http(s)://HOST[:PORT]")]
    PublicUrl(String),
    #[error("public_url: https is needed here, since this server speaks TLS or is reached through a proxy that does")]
    NotHttps,
    #[error(
        "{0} could be reached by others without TLS; leave `--tls off` out, or name the TLS proxy that stands in front with --trusted-proxy ADDRESS"
    )]
    Exposed(SocketAddr),
    #[error("{0}: MQTT without TLS is for loopback addresses alone; use --mqtts-listen")]
    ExposedMqtt(SocketAddr),
    #[error("{0} is reached from elsewhere, so say by which address: --public-url https://HOST[:PORT]")]
    NoPublicUrl(SocketAddr),
    #[error("tls: `{0}` is none of auto, on and off")]
    Tls(String),
    #[error("a certificate needs its key and a key its certificate: give both --tls-cert and --tls-key")]
    HalfCertificate,
    #[error("a certificate is given, but TLS is off at this address; add --tls on")]
    UnusedCertificate,
    #[error("trusted_proxies: `{0}` is no address or network, such as 10.0.0.2 or 10.0.0.0/8")]
    Proxy(String),
    #[error("egress_allow: `{0}` is no address or network that can be allowed, such as 10.0.0.5 or 10.0.0.0/8; all at once cannot be")]
    EgressAllow(String),
    #[error("bootstrap: {0}")]
    Bootstrap(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<String>,
    mqtt_listen: Option<String>,
    mqtts_listen: Option<String>,
    tls: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    trusted_proxies: Vec<String>,
    database_url: Option<String>,
    public_url: Option<String>,
    agents: Option<PathBuf>,
    egress_allow: Vec<String>,
    bootstrap: Option<bootstrap::Section>,
}

impl Settings {
    /// Merges the flags with the environment and the file, and checks the outcome.
    pub fn load(self) -> Result<Config, ConfigError> {
        self.load_from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn load_from(self, environment: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        if self.database_url.as_deref().is_some_and(has_password) {
            return Err(ConfigError::PasswordInFlag(self.data.display().to_string()));
        }
        let file = read_file(&self.data.join("taskey.toml"))?;
        let listen = self.listen.or_else(|| environment("TASKEY_LISTEN")).or(file.listen).unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
        let mqtt_listen = self.mqtt_listen.or_else(|| environment("TASKEY_MQTT_LISTEN")).or(file.mqtt_listen);
        let mqtts_listen = self.mqtts_listen.or_else(|| environment("TASKEY_MQTTS_LISTEN")).or(file.mqtts_listen);
        let tls = self.tls.or_else(|| environment("TASKEY_TLS")).or(file.tls);
        let path = |name: &str| environment(name).map(PathBuf::from);
        let certificate = self.tls_certificate.or_else(|| path("TASKEY_TLS_CERT")).or(file.tls_cert);
        let key = self.tls_key.or_else(|| path("TASKEY_TLS_KEY")).or(file.tls_key);
        let from_environment =
            || environment("TASKEY_TRUSTED_PROXIES").map(|text| text.split(',').map(|word| word.trim().to_owned()).collect());
        let proxies = match self.trusted_proxies {
            given if !given.is_empty() => given,
            _ => from_environment().unwrap_or(file.trusted_proxies),
        };
        let database_url = self.database_url.or_else(|| environment("TASKEY_DATABASE_URL")).or(file.database_url);
        let public_url = self.public_url.or_else(|| environment("TASKEY_PUBLIC_URL")).or(file.public_url);
        let agents = self.agents.or_else(|| path("TASKEY_AGENTS")).or(file.agents);
        let egress_allow = match self.egress_allow {
            given if !given.is_empty() => given,
            _ => environment("TASKEY_EGRESS_ALLOW").map_or(file.egress_allow, |list| vec![list]),
        };
        let config = Config {
            data: self.data,
            listen: address("listen", &listen)?,
            tls: false,
            public_certificate: public_certificate(certificate, key)?,
            proxies: Proxies(
                proxies.iter().map(|text| text.parse().map_err(|()| ConfigError::Proxy(text.clone()))).collect::<Result<_, _>>()?,
            ),
            mqtt_listen: mqtt_listen.map(|value| address("mqtt_listen", &value)).transpose()?,
            mqtts_listen: mqtts_listen.map(|value| address("mqtts_listen", &value)).transpose()?,
            database: database(database_url)?,
            public_url: public_url.map(|url| check_public_url(&url)).transpose()?,
            agents,
            egress_allow: Allowed::read(&egress_allow).map_err(ConfigError::EgressAllow)?,
            bootstrap: bootstrap::Section::merge(file.bootstrap, &environment)?,
        };
        config.with_tls(tls.as_deref().unwrap_or("auto"))
    }
}

impl Config {
    /// TLS is on wherever others could listen in: off on loopback, and where a trusted proxy does it.
    fn with_tls(self, wanted: &str) -> Result<Self, ConfigError> {
        let is_loopback = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        let has_proxy = !self.proxies.0.is_empty();
        let tls = match wanted {
            "on" => true,
            "off" => false,
            "auto" => !is_loopback(self.listen) && !has_proxy,
            other => return Err(ConfigError::Tls(other.to_owned())),
        };
        if !tls && !is_loopback(self.listen) && !has_proxy {
            return Err(ConfigError::Exposed(self.listen));
        }
        if let Some(address) = self.mqtt_listen.filter(|address| !is_loopback(*address)) {
            return Err(ConfigError::ExposedMqtt(address));
        }
        let outside = [Some(self.listen), self.mqtts_listen].into_iter().flatten().find(|address| !is_loopback(*address));
        match (&self.public_url, outside) {
            (None, Some(address)) => return Err(ConfigError::NoPublicUrl(address)),
            (Some(url), _) if (tls || outside.is_some()) && !url.starts_with("https://") => return Err(ConfigError::NotHttps),
            _ => {}
        }
        if self.public_certificate.is_some() && !tls && self.mqtts_listen.is_none() {
            return Err(ConfigError::UnusedCertificate);
        }
        Ok(Self { tls, ..self })
    }
}

fn public_certificate(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<PublicFiles>, ConfigError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(PublicFiles { certificate, key })),
        _ => Err(ConfigError::HalfCertificate),
    }
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let failed = |detail| ConfigError::File { path: path.to_owned(), detail };
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(failed(error.to_string())),
        Ok(text) => toml::from_str(&text).map_err(|error| failed(told(&text, &error))),
    }
}

/// What is wrong on which line, without showing it: what somebody took for a setting may be a secret.
fn told(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let line = at.map(|line| format!("line {line}: ")).unwrap_or_default();
    format!("{line}{}", error.message().lines().collect::<Vec<_>>().join(" "))
}

fn address(name: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    let text = value.replacen("localhost", "127.0.0.1", 1);
    text.parse().map_err(|_| ConfigError::Address { name, value: value.to_owned() })
}

fn database(url: Option<String>) -> Result<Database, ConfigError> {
    match url {
        None => Ok(Database::Sqlite),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(Database::Postgres(url)),
        Some(_) => Err(ConfigError::DatabaseUrl),
    }
}

fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let in_authority = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    in_authority || rest.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with("password=")))
}

fn check_public_url(url: &str) -> Result<String, ConfigError> {
    let refused = || ConfigError::PublicUrl(url.to_owned());
    let parsed: http::Uri = url.parse().map_err(|_| refused())?;
    let known = matches!(parsed.scheme_str(), Some("http" | "https"));
    let bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none();
    let authority = parsed.authority().filter(|authority| !authority.as_str().contains('@'));
    match (known && bare, parsed.scheme_str(), authority) {
        (true, Some(scheme), Some(authority)) => Ok(format!("{scheme}://{authority}")),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(data: &Path) -> Settings {
        Settings { data: data.to_owned(), ..Settings::default() }
    }

    #[test]
    fn a_flag_beats_the_environment_and_that_beats_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("taskey.toml"), "listen = \"127.0.0.1:1\"\nmqtt_listen = \"127.0.0.1:9\"").unwrap();
        let environment = |name: &str| (name == "TASKEY_LISTEN").then(|| "127.0.0.1:2".to_owned());
        let flagged = Settings { listen: Some("localhost:3".to_owned()), ..settings(folder.path()) };
        assert_eq!(flagged.load_from(environment).unwrap().listen.port(), 3);
        assert_eq!(settings(folder.path()).load_from(environment).unwrap().listen.port(), 2);
        let config = settings(folder.path()).load_from(|_| None).unwrap();
        assert_eq!((config.listen.port(), config.mqtt_listen.unwrap().port()), (1, 9));
    }

    #[test]
    fn an_unknown_key_of_the_file_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("taskey.toml"), "lisen = \"127.0.0.1:1\"").unwrap();
        let error = settings(folder.path()).load_from(|_| None).unwrap_err();
        assert!(error.to_string().contains("lisen"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told_by_its_line_without_showing_what_may_be_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        for wrong in ["password = \"correct horse\"", "password = correct horse", "tls = [\"correct horse\"]"] {
            std::fs::write(folder.path().join("taskey.toml"), format!("listen = \"127.0.0.1:1\"\n[bootstrap]\n{wrong}\n")).unwrap();
            let error = settings(folder.path()).load_from(|_| None).unwrap_err().to_string();
            assert!(error.contains("taskey.toml: line 3: ") && !error.contains("horse") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_database_password_may_stand_in_the_environment_but_not_in_the_flag() {
        let folder = tempfile::tempdir().unwrap();
        for url in ["postgres://me:secret@localhost/taskey", "postgres://localhost/taskey?user=me&password=secret"] {
            let flagged = Settings { database_url: Some(url.to_owned()), ..settings(folder.path()) };
            assert!(matches!(flagged.load_from(|_| None), Err(ConfigError::PasswordInFlag(_))));
            let config = settings(folder.path()).load_from(|name| (name == "TASKEY_DATABASE_URL").then(|| url.to_owned())).unwrap();
            assert!(matches!(config.database, Database::Postgres(_)));
            assert!(!format!("{config:?}").contains("secret"));
        }
    }

    #[test]
    fn tls_is_on_wherever_others_could_listen_in() {
        let folder = tempfile::tempdir().unwrap();
        let load = |listen: &str, tls: Option<&str>, proxies: &[&str], public: Option<&str>| {
            let flags = Settings {
                listen: Some(listen.to_owned()),
                tls: tls.map(str::to_owned),
                trusted_proxies: proxies.iter().map(|text| (*text).to_owned()).collect(),
                public_url: public.map(str::to_owned),
                ..settings(folder.path())
            };
            flags.load_from(|_| None)
        };
        let url = Some("https://tasks.example.org");
        assert!(!load("127.0.0.1:0", None, &[], None).unwrap().tls);
        assert!(load("127.0.0.1:0", Some("on"), &[], None).unwrap().tls);
        assert!(load("0.0.0.0:443", None, &[], url).unwrap().tls);
        assert!(!load("0.0.0.0:80", None, &["10.0.0.2"], url).unwrap().tls);
        assert!(load("0.0.0.0:443", Some("on"), &["10.0.0.2"], url).unwrap().tls);
        for exposed in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:8080"] {
            assert!(matches!(load(exposed, Some("off"), &[], url), Err(ConfigError::Exposed(_))), "{exposed}");
            assert!(matches!(load(exposed, None, &[], None), Err(ConfigError::NoPublicUrl(_))), "{exposed}");
            assert!(matches!(load(exposed, None, &[], Some("http://tasks.example.org")), Err(ConfigError::NotHttps)), "{exposed}");
        }
        assert!(matches!(load("127.0.0.1:0", Some("perhaps"), &[], None), Err(ConfigError::Tls(_))));
        assert!(matches!(load("127.0.0.1:0", None, &["everyone"], None), Err(ConfigError::Proxy(_))));
    }

    #[test]
    fn mqtt_without_tls_stays_on_the_machine_and_a_certificate_comes_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let mqtt = Settings { mqtt_listen: Some("0.0.0.0:1883".to_owned()), ..settings(folder.path()) };
        assert!(matches!(mqtt.load_from(|_| None), Err(ConfigError::ExposedMqtt(_))));
        let mqtts = Settings { mqtts_listen: Some("0.0.0.0:8883".to_owned()), ..settings(folder.path()) };
        assert!(matches!(mqtts.load_from(|_| None), Err(ConfigError::NoPublicUrl(_))));
        let half = Settings { tls_certificate: Some("a.crt".into()), ..settings(folder.path()) };
        assert!(matches!(half.load_from(|_| None), Err(ConfigError::HalfCertificate)));
        let unused = Settings { tls_certificate: Some("a.crt".into()), tls_key: Some("a.key".into()), ..settings(folder.path()) };
        assert!(matches!(unused.load_from(|_| None), Err(ConfigError::UnusedCertificate)));
    }

    #[test]
    fn networks_that_may_be_called_are_listed_and_never_everything() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("taskey.toml"), "egress_allow = [\"10.0.0.0/8\", \"fd00::/8\"]").unwrap();
        let allowed = |list: &str| Allowed::read(&[list.to_owned()]).unwrap();
        assert_eq!(settings(folder.path()).load_from(|_| None).unwrap().egress_allow, allowed("10.0.0.0/8,fd00::/8"));
        let environment = |name: &str| (name == "TASKEY_EGRESS_ALLOW").then(|| "10.1.0.0/16, 192.168.7.5".to_owned());
        assert_eq!(settings(folder.path()).load_from(environment).unwrap().egress_allow, allowed("10.1.0.0/16,192.168.7.5"));
        let flagged = |list: &str| Settings { egress_allow: vec![list.to_owned()], ..settings(folder.path()) }.load_from(environment);
        assert_eq!(flagged("10.2.0.0/16").unwrap().egress_allow, allowed("10.2.0.0/16"));
        for wrong in ["lan", "0.0.0.0/0", "10.0.0.0/8,::/0"] {
            assert!(matches!(flagged(wrong), Err(ConfigError::EgressAllow(_))), "{wrong}");
        }
    }

    #[test]
    fn a_public_url_is_scheme_host_and_port_alone() {
        assert_eq!(check_public_url("https://tasks.example.org/").unwrap(), "https://tasks.example.org");
        for url in ["tasks.example.org", "ftp://x", "https://x/path", "https://me@x", ""] {
            assert!(check_public_url(url).is_err(), "{url}");
        }
    }
}
