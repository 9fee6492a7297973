//! What a server on an empty folder is to begin with: `[bootstrap]` of the file, and `TASKEY_BOOTSTRAP_…`. Secrets are named by their
//! files alone: a value in the environment or an argument can be read by others, and one in `taskey.toml` goes where that goes.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;

/// The key that `TASKEY_BOOTSTRAP_KEY_FILE` makes.
const KEY_OF_ENVIRONMENT: &str = "bootstrap";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    pub organization: String,
    /// Its super user, and the operator of the server.
    pub username: String,
    /// Without one the user has no password and does not sign in; keys work all the same.
    pub password_file: Option<PathBuf>,
    pub keys: Vec<BootstrapKey>,
}

/// A key of that user, with what it is made of in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapKey {
    pub name: String,
    pub key_file: PathBuf,
    /// As of any key; empty: all that its owner may.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// From where it may be used; empty: from everywhere.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// `[bootstrap]` as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    organization: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    keys: Vec<BootstrapKey>,
}

impl Section {
    /// With what the environment says, which goes before the file; its key comes beside those of the file.
    pub(super) fn merge(section: Option<Self>, environment: impl Fn(&str) -> Option<String>) -> Result<Option<Bootstrap>, ConfigError> {
        let said = |name: &str| environment(&format!("TASKEY_BOOTSTRAP_{name}"));
        let (organization, username) = (said("ORGANIZATION"), said("USERNAME"));
        let (password_file, key_file) = (said("PASSWORD_FILE").map(PathBuf::from), said("KEY_FILE").map(PathBuf::from));
        let is_said = organization.is_some() || username.is_some() || password_file.is_some() || key_file.is_some();
        if section.is_none() && !is_said {
            return Ok(None);
        }
        let section = section.unwrap_or_default();
        let mut keys = section.keys;
        if let Some(key_file) = key_file {
            keys.retain(|key| key.name != KEY_OF_ENVIRONMENT);
            keys.push(BootstrapKey { name: KEY_OF_ENVIRONMENT.to_owned(), key_file, scopes: Vec::new(), addresses: Vec::new() });
        }
        for (index, key) in keys.iter().enumerate() {
            if keys[..index].iter().any(|other| other.name == key.name) {
                return Err(ConfigError::Bootstrap(format!("two keys are called `{}`; give each a name of its own", key.name)));
            }
        }
        let missing = |what: &str, name: &str| {
            ConfigError::Bootstrap(format!("{what} is missing; say it in [bootstrap] of taskey.toml, or in TASKEY_BOOTSTRAP_{name}"))
        };
        Ok(Some(Bootstrap {
            organization: organization.or(section.organization).ok_or_else(|| missing("organization", "ORGANIZATION"))?,
            username: username.or(section.username).ok_or_else(|| missing("username", "USERNAME"))?,
            password_file: password_file.or(section.password_file),
            keys,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(file: &str, environment: &[(&str, &str)]) -> Result<Option<Bootstrap>, String> {
        let section = (!file.is_empty()).then(|| toml::from_str(file).unwrap());
        let said = |name: &str| environment.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        Section::merge(section, said).map_err(|error| error.to_string())
    }

    const FILE: &str = r#"
        organization = "Acme"
        username = "ann"
        [[keys]]
        name = "app"
        key_file = "/run/secrets/app-key"
        scopes = ["runs.start"]
        addresses = ["10.0.0.0/8"]
    "#;

    #[test]
    fn nothing_that_is_said_is_nothing_to_begin_with() {
        assert_eq!(merged("", &[]), Ok(None));
    }

    #[test]
    fn the_environment_alone_is_enough_and_goes_before_the_file() {
        let said = [
            ("TASKEY_BOOTSTRAP_ORGANIZATION", "Umbrella"),
            ("TASKEY_BOOTSTRAP_USERNAME", "bob"),
            ("TASKEY_BOOTSTRAP_PASSWORD_FILE", "/p"),
            ("TASKEY_BOOTSTRAP_KEY_FILE", "/k"),
        ];
        let alone = merged("", &said).unwrap().unwrap();
        assert_eq!((alone.organization.as_str(), alone.username.as_str()), ("Umbrella", "bob"));
        assert_eq!((alone.password_file, alone.keys.len()), (Some("/p".into()), 1));
        let both = merged(FILE, &said).unwrap().unwrap();
        assert_eq!(both.organization, "Umbrella");
        let names: Vec<_> = both.keys.iter().map(|key| (key.name.as_str(), key.scopes.len(), key.addresses.len())).collect();
        assert_eq!(names, [("app", 1, 1), ("bootstrap", 0, 0)]);
    }

    #[test]
    fn half_of_it_two_keys_of_one_name_and_a_secret_in_the_file_are_refused() {
        assert!(merged("username = \"ann\"", &[]).unwrap_err().contains("organization is missing"));
        assert!(merged("", &[("TASKEY_BOOTSTRAP_KEY_FILE", "/k")]).unwrap_err().contains("TASKEY_BOOTSTRAP_ORGANIZATION"));
        let twice = format!("{FILE}\n[[keys]]\nname = \"app\"\nkey_file = \"/other\"");
        assert!(merged(&twice, &[]).unwrap_err().contains("two keys are called `app`"));
        assert!(toml::from_str::<Section>("password = \"correct horse\"").is_err());
        assert!(toml::from_str::<Section>("[[keys]]\nname = \"app\"\nkey = \"0123\"").is_err());
    }
}
