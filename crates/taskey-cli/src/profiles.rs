//! The file of stored sign-ins, `$XDG_CONFIG_HOME/taskey/config.toml`: readable by its owner alone, replaced as a whole.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::output;

const DEFAULT_NAME: &str = "default";

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profiles {
    /// The one that the last sign-in made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// One sign-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub server: String,
    pub organization: String,
    pub username: String,
    pub key: String,
    /// The roots that the server is trusted by, in PEM; without them, those of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Profile({}, {}, {})", self.server, self.organization, self.username)
    }
}

impl Profiles {
    /// Reads the file; one that does not exist holds nothing.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(path, error)),
        };
        if fs::metadata(path).is_ok_and(|file| file.mode() & 0o077 != 0) {
            output::note(&format!("warning: others can read the keys in {0}; run: chmod 600 {0}", path.display()));
        }
        toml::from_str(&text).map_err(|error| Failure::usage(format!("{}: {}", path.display(), error.to_string().trim_end())))
    }

    /// Replaces the file in one step: whoever reads meanwhile sees the old one or the new one.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string(self).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        // A link stays a link: what it points to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, error))?;
        let temporary = folder.join(format!(".config.{}.tmp", std::process::id()));
        write_private(&temporary, text.as_bytes()).and_then(|()| fs::rename(&temporary, &path)).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed(&path, error)
        })
    }

    /// The name to use where `wanted` says nothing: the newest sign-in.
    pub fn name<'a>(&'a self, wanted: Option<&'a str>) -> &'a str {
        wanted.or(self.current.as_deref()).unwrap_or(DEFAULT_NAME)
    }
}

/// Where the file is.
pub fn path() -> Result<PathBuf, Failure> {
    path_from(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
}

fn path_from(environment: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(path) = environment("TASKEY_CONFIG") {
        return Ok(path);
    }
    // The base directory specification ignores a relative path.
    let configs = environment("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let configs = configs.or_else(|| environment("HOME").map(|home| home.join(".config")));
    let configs = configs.ok_or_else(|| Failure::usage("there is no HOME; say with TASKEY_CONFIG where the profiles are"))?;
    Ok(configs.join("taskey").join("config.toml"))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::File(path.display().to_string(), error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn profiles() -> Profiles {
        let profile = Profile {
            server: "http://127.0.0.1:8080".to_owned(),
            organization: "acme".to_owned(),
            username: "ada".to_owned(),
            key: "tky_1".to_owned(),
            ca: None,
        };
        Profiles { current: Some("work".to_owned()), profiles: BTreeMap::from([("work".to_owned(), profile)]) }
    }

    #[test]
    fn what_is_saved_is_loaded_and_only_the_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/taskey/config.toml");
        profiles().save(&path).unwrap();
        profiles().save(&path).unwrap();
        assert_eq!(Profiles::load(&path).unwrap(), profiles());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn no_file_is_no_profile_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(Profiles::load(&path).unwrap(), Profiles::default());
        fs::write(&path, "profiles = 1").unwrap();
        assert!(Profiles::load(&path).unwrap_err().to_string().contains("config.toml"));
    }

    #[test]
    fn a_linked_file_stays_linked() {
        let folder = tempfile::tempdir().unwrap();
        let (link, file) = (folder.path().join("config.toml"), folder.path().join("elsewhere.toml"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        profiles().save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Profiles::load(&file).unwrap(), profiles());
    }

    #[test]
    fn the_file_is_where_the_environment_says() {
        let environment = |set: &'static [(&str, &str)]| {
            move |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        };
        let path = |set| path_from(environment(set)).unwrap().display().to_string();
        assert_eq!(path(&[("TASKEY_CONFIG", "x.toml"), ("HOME", "/h")]), "x.toml");
        assert_eq!(path(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")]), "/c/taskey/config.toml");
        assert_eq!(path(&[("XDG_CONFIG_HOME", "c"), ("HOME", "/h")]), "/h/.config/taskey/config.toml");
        assert!(path_from(environment(&[])).is_err());
    }
}
