//! Which server, and as whom: flags before the environment before the profile.

use std::path::PathBuf;

use taskey_client::{Client, ClientError};
use taskey_proto::accounts::{CreateKey, SignedIn};
use taskey_proto::tasks::NAME_LEN_MAX;

use crate::cli::Global;
use crate::failure::Failure;
use crate::profiles::{self, Profile, Profiles};

/// A client that is signed in.
pub fn client(global: &Global) -> Result<Client, Failure> {
    let chosen = Chosen::read(global)?;
    let server = chosen.server.as_deref().or(chosen.profile.as_ref().map(|profile| profile.server.as_str()));
    let server = server.ok_or_else(|| Failure::NotSignedIn("not signed in; do so with `taskey login --server URL`".to_owned()))?;
    let client = client_of(server, chosen.ca.as_deref())?;
    let stored = chosen.profile.as_ref().filter(|profile| profile.server == client.server());
    let key = environment("TASKEY_API_KEY").or_else(|| stored.map(|profile| profile.key.clone()));
    // A profile's key is for the server that made it and is never shown to another.
    let key =
        key.ok_or_else(|| Failure::NotSignedIn(format!("not signed in at {0}; do so with `taskey login --server {0}`", client.server())))?;
    Ok(client.with_key(&key)?)
}

/// A client of the server alone, for signing in.
pub fn anonymous_client(global: &Global) -> Result<Client, Failure> {
    let chosen = Chosen::read(global)?;
    let server = chosen.server.or(chosen.profile.map(|profile| profile.server));
    let server = server.ok_or_else(|| Failure::usage("say which server: --server URL, or TASKEY_SERVER"))?;
    Ok(client_of(&server, chosen.ca.as_deref())?)
}

fn client_of(server: &str, ca: Option<&str>) -> Result<Client, ClientError> {
    match ca {
        Some(ca) => Client::trusting(server, ca.as_bytes()),
        None => Client::new(server),
    }
}

/// The profile in use, whatever the environment says of keys, with a client that is signed in by it.
pub fn stored(global: &Global) -> Result<(String, Profile, Client), Failure> {
    let chosen = Chosen::read(global)?;
    let profile = chosen.profile.ok_or_else(|| Failure::NotSignedIn(format!("there is no profile `{}`", chosen.name)))?;
    let client = client_of(&profile.server, chosen.ca.as_deref())?.with_key(&profile.key)?;
    Ok((chosen.name, profile, client))
}

/// Keeps a sign-in under the name that was asked for, and makes it the current one.
pub fn store(global: &Global, client: &Client, signed_in: &SignedIn) -> Result<String, Failure> {
    let key = signed_in.key.as_ref().ok_or_else(|| Failure::usage("the server signed in but gave no key"))?;
    let path = profiles::path()?;
    let mut profiles = Profiles::load(&path)?;
    let name = wanted_profile(global).unwrap_or_else(|| profiles.name(None).to_owned());
    let profile = Profile {
        server: client.server().to_owned(),
        organization: signed_in.me.organization.name.clone(),
        username: signed_in.me.user.username.clone(),
        key: key.key.clone(),
        ca: Chosen::read(global)?.ca,
    };
    profiles.profiles.insert(name.clone(), profile);
    profiles.current = Some(name.clone());
    profiles.save(&path)?;
    Ok(name)
}

/// Forgets a profile; which one is current then is the next sign-in's business.
pub fn forget(name: &str) -> Result<(), Failure> {
    let path = profiles::path()?;
    let mut profiles = Profiles::load(&path)?;
    profiles.profiles.remove(name);
    if profiles.current.as_deref() == Some(name) {
        profiles.current = profiles.profiles.keys().next().cloned();
    }
    profiles.save(&path)
}

/// The key that signing in asks for: named after this machine, so that its owner knows which one to revoke.
pub fn key_for_this_machine() -> CreateKey {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    CreateKey { name: key_name(&host), ttl: None, scopes: Vec::new(), addresses: Vec::new() }
}

fn key_name(host: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    format!("taskey-on-{host}").chars().map(allowed).take(NAME_LEN_MAX).collect()
}

/// What the flags, the environment and the file say.
struct Chosen {
    server: Option<String>,
    name: String,
    profile: Option<Profile>,
    /// The roots to trust, in PEM: those that were named, else those of the profile where its server is asked.
    ca: Option<String>,
}

impl Chosen {
    fn read(global: &Global) -> Result<Self, Failure> {
        let server = global.server.clone().or_else(|| environment("TASKEY_SERVER"));
        let wanted = wanted_profile(global);
        let path = match profiles::path() {
            Ok(path) => path,
            // With everything in the environment no file is needed.
            Err(_) if server.is_some() => PathBuf::from("/dev/null"),
            Err(failure) => return Err(failure),
        };
        let mut profiles = Profiles::load(&path)?;
        let name = profiles.name(wanted.as_deref()).to_owned();
        let profile = profiles.profiles.remove(&name);
        let of_profile =
            profile.as_ref().filter(|profile| server.as_ref().is_none_or(|server| server.trim_end_matches('/') == profile.server));
        let ca = match global.ca_file.clone().or_else(|| environment("TASKEY_CA_FILE").map(PathBuf::from)) {
            Some(path) => Some(std::fs::read_to_string(&path).map_err(|error| Failure::File(path.display().to_string(), error))?),
            None => of_profile.and_then(|profile| profile.ca.clone()),
        };
        Ok(Self { server, profile, name, ca })
    }
}

fn wanted_profile(global: &Global) -> Option<String> {
    global.profile.clone().or_else(|| environment("TASKEY_PROFILE"))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_name_is_allowed_whatever_the_machine_is_called() {
        for host in ["web-1.example.org", "M\u{fc}ller's Laptop", "", &"x".repeat(300)] {
            let name = key_name(host);
            assert_eq!(taskey_proto::tasks::name_problem(&name), None, "{name}");
        }
    }
}
