//! `taskey doctor`: what is wrong with this server, and what to do about it.
//!
//! It looks with the settings that a server on the same folder would have, from the disk to how others reach it, whether a server runs
//! there or not. Nothing is changed: what a server would make at its start, such as keys, is only looked for.

mod database;
mod folder;
mod reach;
mod validity;

use taskey_proto::Time;
use taskey_proto::doctor::Finding;

use crate::config::{ConfigError, Settings};

/// Looks at everything that can be looked at.
pub async fn examine(settings: Settings, now: Time) -> Vec<Finding> {
    let mut findings = vec![folder::mode(&settings.data), folder::disk(&settings.data)];
    let config = match settings.load() {
        Ok(config) => config,
        Err(error) => {
            let advice = match error {
                ConfigError::File { .. } => "mend taskey.toml",
                _ => "mend the setting; docs/reference/configuration.md lists them all",
            };
            findings.push(Finding::problem("settings", error.to_string(), advice));
            return findings;
        }
    };
    findings.push(folder::settings(&config));
    let (keys, signing) = folder::keys(&config.data);
    findings.extend(keys);
    findings.extend(database::examine(&config, signing.as_ref(), now).await);
    findings.push(folder::last_backup(&config.data, now));
    findings.extend(folder::certificates(&config, now));
    findings.extend(reach::examine(&config, signing.as_ref(), now).await);
    findings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use taskey_proto::doctor::Verdict;

    use super::*;
    use crate::platform::clock::Clock;
    use crate::wiring::open_app;

    async fn findings(data: &Path) -> Vec<Finding> {
        let settings = Settings { data: data.to_owned(), listen: Some("127.0.0.1:1".to_owned()), ..Settings::default() };
        examine(settings, Clock::System.now()).await
    }

    fn of<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
        findings.iter().find(|finding| finding.check == check).unwrap_or_else(|| panic!("nothing on {check}: {findings:?}"))
    }

    #[tokio::test]
    async fn a_folder_that_is_no_servers_is_told_so_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let found = findings(folder.path()).await;
        assert_eq!(of(&found, "keys").verdict, Verdict::Problem);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    }

    #[tokio::test]
    async fn a_sound_server_has_no_problem_and_each_harm_is_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let settings = Settings { data: data.clone(), ..Settings::default() };
        let app = open_app(&settings.load().unwrap(), Clock::System, 0).await.unwrap();
        let found = findings(&data).await;
        assert!(found.iter().all(|finding| finding.verdict != Verdict::Problem), "{found:?}");
        assert_eq!(of(&found, "backup").verdict, Verdict::Warning);
        assert_eq!(of(&found, "server").verdict, Verdict::Warning, "none runs");
        app.db.close().await;
        assert_eq!(of(&findings(&data).await, "database").verdict, Verdict::Ok, "also while no server runs");
        std::fs::set_permissions(data.join("keys/master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(of(&findings(&data).await, "keys").detail.contains("readable for others"));
        std::fs::set_permissions(data.join("keys/master.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
        for file in ["taskey.db", "taskey.db-wal"] {
            std::fs::write(data.join(file), "this is no database, and it is longer than the head of one: ".repeat(10)).unwrap();
        }
        assert_eq!(of(&findings(&data).await, "database").verdict, Verdict::Problem);
        std::fs::write(data.join("taskey.toml"), "lisen = 1").unwrap();
        assert_eq!(of(&findings(&data).await, "settings").verdict, Verdict::Problem);
    }
}
