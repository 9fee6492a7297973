//! The owner's policy: what this device runs, as whom, and how much at once. It has the last word, above every signature.
//!
//! All `*.toml` files of the policy folder are read at each order and merged in the order of their names; a key in a later
//! file replaces the same key of an earlier one. With no file, or one that cannot be read or understood, nothing runs.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use taskey_proto::problem::Reason;
use taskey_proto::tasks::Action;

use crate::errand::hosts::HostRules;
use crate::errand::http::Url;
use crate::errand::paths::{NEVER_READ, PathRules};
use crate::executor::Rules;
use crate::state_dir::StateDir;
use crate::users::{User, Users};

/// The policy in force. A key that no file has allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Policy {
    pub allow_actions: Vec<String>,
    pub run_as: Vec<String>,
    pub read_paths: Vec<String>,
    pub deny_paths: Vec<String>,
    pub http_hosts: Vec<String>,
    pub max_concurrent: usize,
    pub signers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("there is no policy in {0}; write one, or nothing runs here")]
    Missing(String),
    #[error("{file}: {why}")]
    Invalid { file: String, why: String },
}

/// Why the policy does not allow something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this device's policy does not allow {0}")]
    Action(String),
    #[error("this device's policy does not let anything run as {0}")]
    User(String),
    #[error("the agent runs as {own} and cannot run anything as {asked}")]
    NotRoot { own: String, asked: String },
    #[error("this device's policy does not accept orders that the server has signed")]
    Signer,
}

impl PolicyError {
    pub fn reason(&self) -> Reason {
        let code = match self {
            PolicyError::Missing(_) => "policy_missing",
            PolicyError::Invalid { .. } => "policy_invalid",
        };
        Reason::new(code, self.to_string())
    }
}

impl Refusal {
    pub fn reason(&self) -> Reason {
        let code = match self {
            Refusal::Action(_) => "policy_action",
            Refusal::User(_) | Refusal::NotRoot { .. } => "policy_user",
            Refusal::Signer => "policy_signer",
        };
        Reason::new(code, self.to_string())
    }
}

/// Reads the policy in force.
pub fn load(folder: &Path) -> Result<Policy, PolicyError> {
    let missing = || PolicyError::Missing(folder.display().to_string());
    let paths = match files(folder) {
        Ok(paths) if paths.is_empty() => return Err(missing()),
        Ok(paths) => paths,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(invalid(folder, error)),
    };
    let texts = paths.iter().map(|path| Ok((path.as_path(), std::fs::read_to_string(path).map_err(|error| invalid(path, error))?)));
    merge(texts)
}

/// The policy of files that are read, in their order.
pub fn merge<'a>(texts: impl Iterator<Item = Result<(&'a Path, String), PolicyError>>) -> Result<Policy, PolicyError> {
    let mut merged = PolicyFile::default();
    for read in texts {
        let (path, text) = read?;
        let file = toml::from_str(&text).map_err(|error| invalid(path, error.to_string().trim_end()))?;
        merged.replace_with(file);
    }
    Ok(merged.into_policy())
}

/// The policy's files, in the order in which they are merged.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Policy {
    /// Decides whether an action may run, and under which name.
    pub fn judge(&self, action: &Action, rules: &Rules, own: &User, users: &Users) -> Result<String, Reason> {
        self.check_action(action.type_word()).map_err(|refusal| refusal.reason())?;
        let user = self.choose_user(action.common().user, own, users).map_err(|refusal| refusal.reason())?;
        match action {
            Action::Command(_) | Action::Script(_) => {}
            Action::ReadFile(file) => rules.paths.check(Path::new(&file.path))?,
            Action::HttpRequest(request) => {
                let url = Url::parse(&request.request_url).map_err(|why| Reason::new("bad_url", why))?;
                rules.hosts.check(&url.host, url.port)?;
            }
        }
        Ok(user)
    }

    /// What it says of paths and hosts. The agent's own folders, and what only looks like files, are never read.
    pub fn rules(&self, state: &StateDir) -> Rules {
        let own = [state.path(), state.policy_dir()].map(|path| path.canonicalize().unwrap_or_else(|_| path.to_owned()));
        let denied = self.deny_paths.iter().map(PathBuf::from).chain(NEVER_READ.map(PathBuf::from)).chain(own);
        Rules {
            paths: PathRules { allowed: self.read_paths.iter().map(PathBuf::from).collect(), denied: denied.collect() },
            hosts: HostRules(self.http_hosts.clone()),
        }
    }

    pub fn check_signer(&self) -> Result<(), Refusal> {
        if self.signers.iter().any(|signer| signer == "server") { Ok(()) } else { Err(Refusal::Signer) }
    }

    pub fn check_action(&self, type_word: &str) -> Result<(), Refusal> {
        if self.allow_actions.iter().any(|allowed| allowed == type_word) { Ok(()) } else { Err(Refusal::Action(type_word.to_owned())) }
    }

    /// Decides under which name an action runs: the one it asks for, else `taskey`, else `nobody`, else the agent's own where
    /// the agent is not root.
    pub fn choose_user(&self, asked: Option<&str>, own: &User, users: &Users) -> Result<String, Refusal> {
        if !own.is_root() {
            return match asked {
                Some(asked) if asked != own.name => Err(Refusal::NotRoot { own: own.name.clone(), asked: asked.to_owned() }),
                _ => Ok(own.name.clone()),
            };
        }
        let chosen = match asked {
            Some(asked) => asked,
            None if users.by_name("taskey").is_some() => "taskey",
            None => "nobody",
        };
        let allowed = |name: &str| self.run_as.iter().any(|allowed| allowed == name);
        // Another name for uid 0 is root all the same.
        let is_root = users.by_name(chosen).is_some_and(|user| user.is_root());
        if !allowed(chosen) || is_root && !allowed("root") {
            return Err(Refusal::User(chosen.to_owned()));
        }
        Ok(chosen.to_owned())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    allow_actions: Option<Vec<String>>,
    run_as: Option<Vec<String>>,
    read_paths: Option<Vec<String>>,
    deny_paths: Option<Vec<String>>,
    http_hosts: Option<Vec<String>>,
    max_concurrent: Option<usize>,
    signers: Option<Vec<String>>,
}

impl PolicyFile {
    fn replace_with(&mut self, later: PolicyFile) {
        fn replace<T>(earlier: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *earlier = later;
            }
        }
        replace(&mut self.allow_actions, later.allow_actions);
        replace(&mut self.run_as, later.run_as);
        replace(&mut self.read_paths, later.read_paths);
        replace(&mut self.deny_paths, later.deny_paths);
        replace(&mut self.http_hosts, later.http_hosts);
        replace(&mut self.max_concurrent, later.max_concurrent);
        replace(&mut self.signers, later.signers);
    }

    fn into_policy(self) -> Policy {
        Policy {
            allow_actions: self.allow_actions.unwrap_or_default(),
            run_as: self.run_as.unwrap_or_default(),
            read_paths: self.read_paths.unwrap_or_default(),
            deny_paths: self.deny_paths.unwrap_or_default(),
            http_hosts: self.http_hosts.unwrap_or_default(),
            // An execution that could never begin would wait in silence; one at a time is the least there is.
            max_concurrent: self.max_concurrent.unwrap_or(1).max(1),
            signers: self.signers.unwrap_or_default(),
        }
    }
}

fn invalid(path: &Path, why: impl std::fmt::Display) -> PolicyError {
    PolicyError::Invalid { file: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Gid, Uid};

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn user(name: &str, uid: u32) -> User {
        User { name: name.to_owned(), uid: Uid::from_raw(uid), gid: Gid::from_raw(uid), groups: vec![], home: "/".into() }
    }

    #[test]
    fn the_shipped_policy_allows_commands_as_nobody_and_not_as_root() {
        let folder = folder(&[("10-default.toml", crate::enroll::SHIPPED_POLICY)]);
        let policy = load(folder.path()).unwrap();
        assert_eq!(policy.max_concurrent, 16);
        assert_eq!(policy.check_action("COMMAND"), Ok(()));
        assert_eq!(policy.check_signer(), Ok(()));
        let root = user("root", 0);
        assert_eq!(policy.choose_user(Some("nobody"), &root, &Users::default()), Ok("nobody".to_owned()));
        assert_eq!(policy.choose_user(Some("root"), &root, &Users::default()), Err(Refusal::User("root".to_owned())));
        assert_eq!(policy.choose_user(Some("daemon"), &root, &Users::default()).unwrap_err().reason().code, "policy_user");
    }

    #[test]
    fn a_later_file_replaces_the_keys_it_has() {
        let folder = folder(&[
            ("20-own.toml", "run_as = [\"root\"]\nmax_concurrent = 2"),
            ("10-default.toml", "allow_actions = [\"COMMAND\"]\nrun_as = [\"nobody\"]"),
            ("notes.txt", "not read"),
            (".30-hidden.toml", "not read either"),
        ]);
        let policy = load(folder.path()).unwrap();
        assert_eq!(policy.run_as, ["root"]);
        assert_eq!(policy.allow_actions, ["COMMAND"]);
        assert_eq!(policy.max_concurrent, 2);
        assert_eq!(policy.choose_user(Some("root"), &user("root", 0), &Users::default()), Ok("root".to_owned()));
    }

    #[test]
    fn without_a_file_or_with_one_that_is_wrong_there_is_no_policy() {
        let empty = folder(&[]);
        assert_eq!(load(empty.path()).unwrap_err().reason().code, "policy_missing");
        assert_eq!(load(&empty.path().join("absent")).unwrap_err().reason().code, "policy_missing");
        for text in ["run_as = \"nobody\"", "run_us = []", "max_concurrent = -1", "allow_actions = ["] {
            let folder = folder(&[("10-a.toml", "run_as = []"), ("20-b.toml", text)]);
            let reason = load(folder.path()).unwrap_err().reason();
            assert_eq!(reason.code, "policy_invalid", "{text}");
            assert!(reason.detail.contains("20-b.toml"), "{}", reason.detail);
        }
    }

    #[test]
    fn a_key_that_no_file_has_allows_nothing() {
        let folder = folder(&[("10.toml", "max_concurrent = 4")]);
        let policy = load(folder.path()).unwrap();
        assert_eq!(policy.check_action("COMMAND").unwrap_err().reason().code, "policy_action");
        assert_eq!(policy.check_signer().unwrap_err().reason().code, "policy_signer");
    }

    #[test]
    fn an_agent_that_is_not_root_runs_as_itself_alone() {
        let policy = Policy::default();
        let own = user("alice", 1000);
        assert_eq!(policy.choose_user(None, &own, &Users::default()), Ok("alice".to_owned()));
        assert_eq!(policy.choose_user(Some("alice"), &own, &Users::default()), Ok("alice".to_owned()));
        assert_eq!(policy.choose_user(Some("nobody"), &own, &Users::default()).unwrap_err().reason().code, "policy_user");
    }
}
