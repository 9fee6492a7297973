//! What lies in the data folder: room, modes, keys, certificates, the note on the last backup.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use taskey_proto::Time;
use taskey_proto::crypto::SigningKey;
use taskey_proto::doctor::Finding;

use super::validity::validity;
use crate::backup;
use crate::config::{Config, Database};
use crate::platform::keys::read_key;
use crate::platform::tls;

/// Free space below which a warning is due, and below which writing is about to fail, in bytes.
const SPACE_LOW: u64 = 1 << 30;
const SPACE_OUT: u64 = 64 << 20;
const BACKUP_OLD_MS: i64 = 7 * 86_400_000;
const EXPIRES_SOON_MS: i64 = 14 * 86_400_000;

pub fn mode(data: &Path) -> Finding {
    let Ok(metadata) = fs::metadata(data) else {
        return Finding::problem(
            "folder",
            format!("{} is not there, or not for you to see", data.display()),
            "name the one that `taskey serve --data` was given, and look as its user",
        );
    };
    if backup::unfinished(data) {
        return Finding::problem(
            "folder",
            "a restore into it did not come to its end",
            "empty the folder, and the database where that is PostgreSQL, and restore again",
        );
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Finding::warning(
            "folder",
            format!("{} has mode {mode:03o}: others can look in", data.display()),
            format!("chmod 700 {}", data.display()),
        );
    }
    Finding::ok("folder", format!("{} has mode {mode:03o}", data.display()))
}

pub fn disk(data: &Path) -> Finding {
    let disk = match rustix::fs::statvfs(data) {
        Ok(disk) => disk,
        Err(error) => return Finding::problem("disk", format!("{}: {error}", data.display()), "mount the disk, or name another folder"),
    };
    let free = disk.f_bavail * disk.f_frsize;
    let detail = format!("{} MiB free", free >> 20);
    match free {
        ..SPACE_OUT => Finding::problem("disk", detail, "make room: soon nothing can be stored, and devices keep their results"),
        SPACE_OUT..SPACE_LOW => Finding::warning("disk", detail, "make room"),
        _ => Finding::ok("disk", detail),
    }
}

pub fn settings(config: &Config) -> Finding {
    let url = config.public_url.as_deref().unwrap_or("the address it listens on");
    if url.starts_with("https://") && !config.tls && config.proxies.0.is_empty() {
        return Finding::warning(
            "settings",
            format!("{url} is reached through a proxy that no setting names: everyone seems to come from its address"),
            "name it with `trusted_proxies`",
        );
    }
    let database = match config.database {
        Database::Sqlite => "SQLite",
        Database::Postgres(_) => "PostgreSQL",
    };
    let tls = if config.tls { "with TLS" } else { "without TLS" };
    Finding::ok("settings", format!("{database}, {} {tls}, reached by {url}", config.listen))
}

/// The keys that have to be there, and the one that signs.
pub fn keys(data: &Path) -> (Vec<Finding>, Option<SigningKey>) {
    let folder = data.join("keys");
    let read = |name: &str| match read_key(&folder.join(name)) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err((
            format!("{} is missing", folder.join(name).display()),
            "put it back from a backup; a server that starts without it makes another, which no device trusts",
        )),
        Err(error) => Err((error.to_string(), "the keys belong to the server's user, with mode 0600")),
    };
    let problem = |(detail, advice): (String, &str)| (vec![Finding::problem("keys", detail, advice)], None);
    let signing = match read("signing.key") {
        Ok(bytes) => bytes,
        Err(what) => return problem(what),
    };
    let Ok(signing) = SigningKey::from_pkcs8(&signing) else {
        return problem(("signing.key is damaged".to_owned(), "put it back from a backup"));
    };
    for name in ["master.key", "vault-1.key"] {
        // A vault whose first key was put away has later ones; those that are needed are looked for with the secrets.
        match read(name) {
            Err(what) if name == "master.key" => return problem(what),
            Err(what) if folder.join(name).exists() => return problem(what),
            _ => {}
        }
    }
    let found = Finding::ok("keys", format!("there, and for nobody else to read; devices know {}", signing.public_key().fingerprint()));
    (vec![found], Some(signing))
}

pub fn last_backup(data: &Path, now: Time) -> Finding {
    let how = "`taskey backup FILE --data DIR`, every night; docs/guide/backup.md has the line for cron";
    match backup::last::read(data) {
        None => Finding::warning("backup", "none was made here", how),
        Some(last) => {
            let days = now.since_ms(last.made_at) / 86_400_000;
            let detail = format!("the last one was made {} ({days} days ago): {}", last.made_at, last.file);
            if now.since_ms(last.made_at) > BACKUP_OLD_MS { Finding::warning("backup", detail, how) } else { Finding::ok("backup", detail) }
        }
    }
}

pub fn certificates(config: &Config, now: Time) -> Vec<Finding> {
    if !config.tls && config.mqtts_listen.is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    match tls::read_roots(&config.data) {
        Ok(roots) if roots.is_empty() => {
            findings.push(Finding::warning("roots", "there is none yet", "the server makes one at its first start with TLS"))
        }
        Ok(roots) => {
            let numbers: Vec<String> = roots.iter().map(|root| root.number.to_string()).collect();
            findings.push(Finding::ok("roots", format!("in use: {}", numbers.join(", "))));
        }
        Err(error) => {
            findings.push(Finding::problem("roots", error.to_string(), "put the file back from a backup: devices trust no other"))
        }
    }
    if let Some(files) = &config.public_certificate {
        findings.push(match files.load() {
            Err(error) => Finding::problem("certificate", error.to_string(), "give a certificate and the key that belongs to it"),
            Ok(certified) => judge(&certified.cert[0], config.public_url.as_deref(), now),
        });
    }
    findings
}

/// A certificate's dates and names. Whether browsers trust who issued it is not looked at.
pub fn judge(certificate: &rustls::pki_types::CertificateDer<'_>, public_url: Option<&str>, now: Time) -> Finding {
    let Some((from, until)) = validity(certificate) else {
        return Finding::problem("certificate", "it cannot be read", "give another one");
    };
    if now < from {
        return Finding::problem("certificate", format!("it is valid only from {from}"), "check this machine's clock, or wait");
    }
    if now >= until {
        return Finding::problem(
            "certificate",
            format!("it expired {until}"),
            "renew it; the server takes up the new file within a minute",
        );
    }
    let host = public_url.and_then(|url| url.parse::<http::Uri>().ok()).and_then(|url| url.host().map(str::to_owned));
    if let Some(host) = host {
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let fits = |name| ParsedCertificate::try_from(certificate).and_then(|parsed| verify_server_name(&parsed, &name)).is_ok();
        if !name.is_ok_and(fits) {
            return Finding::problem("certificate", format!("it is not for {host}"), "get one for the name in public_url, or change that");
        }
    }
    if until.since_ms(now) < EXPIRES_SOON_MS {
        return Finding::warning("certificate", format!("it expires {until}"), "renew it");
    }
    Finding::ok("certificate", format!("valid until {until}"))
}
