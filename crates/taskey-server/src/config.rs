//! The server's settings: flag over environment over `DATA/taskey.toml`. Unknown keys of the file are refused.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// What was said on the command line; what is `None` may come from the environment or the file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub data: PathBuf,
    pub listen: Option<String>,
    pub mqtt_listen: Option<String>,
    pub mqtts_listen: Option<String>,
    pub tls: Option<String>,
    pub database_url: Option<String>,
    pub public_url: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// A plain MQTT port, only if asked for.
    pub mqtt_listen: Option<SocketAddr>,
    pub database: Database,
    /// Scheme, host and port by which people and devices reach the server, without a trailing slash; `None`: the address listened on.
    pub public_url: Option<String>,
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
    #[error(
        "{0}: taskey's own TLS is not built yet, so it listens on loopback addresses alone; put a TLS proxy of this machine in front of it and name it with --public-url https://…"
    )]
    NotLoopback(SocketAddr),
    #[error("{0} needs taskey's own TLS, which is not built yet; leave it out, or say --tls off")]
    NoTls(&'static str),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    mqtt_listen: Option<String>,
    database_url: Option<String>,
    public_url: Option<String>,
}

impl Settings {
    /// Merges the flags with the environment and the file, and checks the outcome.
    pub fn load(self) -> Result<Config, ConfigError> {
        self.load_from(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn load_from(self, environment: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        if self.mqtts_listen.is_some() {
            return Err(ConfigError::NoTls("--mqtts-listen"));
        }
        if self.tls.as_deref() == Some("on") {
            return Err(ConfigError::NoTls("--tls on"));
        }
        if self.database_url.as_deref().is_some_and(has_password) {
            return Err(ConfigError::PasswordInFlag(self.data.display().to_string()));
        }
        let file = read_file(&self.data.join("taskey.toml"))?;
        let listen = self.listen.or_else(|| environment("TASKEY_LISTEN")).or(file.listen).unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
        let mqtt_listen = self.mqtt_listen.or_else(|| environment("TASKEY_MQTT_LISTEN")).or(file.mqtt_listen);
        let database_url = self.database_url.or_else(|| environment("TASKEY_DATABASE_URL")).or(file.database_url);
        let public_url = self.public_url.or_else(|| environment("TASKEY_PUBLIC_URL")).or(file.public_url);
        Ok(Config {
            data: self.data,
            listen: loopback("listen", &listen)?,
            mqtt_listen: mqtt_listen.map(|value| loopback("mqtt_listen", &value)).transpose()?,
            database: database(database_url)?,
            public_url: public_url.map(|url| check_public_url(&url)).transpose()?,
        })
    }
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let failed = |detail| ConfigError::File { path: path.to_owned(), detail };
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(failed(error.to_string())),
        Ok(text) => toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().to_owned())),
    }
}

fn loopback(name: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    let text = value.replacen("localhost", "127.0.0.1", 1);
    let address: SocketAddr = text.parse().map_err(|_| ConfigError::Address { name, value: value.to_owned() })?;
    if !is_loopback(address.ip()) {
        return Err(ConfigError::NotLoopback(address));
    }
    Ok(address)
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
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
    fn what_would_be_reachable_without_tls_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for address in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:8080"] {
            let flagged = Settings { listen: Some(address.to_owned()), ..settings(folder.path()) };
            assert!(matches!(flagged.load_from(|_| None), Err(ConfigError::NotLoopback(_))), "{address}");
        }
        assert!(settings(folder.path()).load_from(|_| None).is_ok());
    }

    #[test]
    fn a_public_url_is_scheme_host_and_port_alone() {
        assert_eq!(check_public_url("https://tasks.example.org/").unwrap(), "https://tasks.example.org");
        for url in ["tasks.example.org", "ftp://x", "https://x/path", "https://me@x", ""] {
            assert!(check_public_url(url).is_err(), "{url}");
        }
    }
}
