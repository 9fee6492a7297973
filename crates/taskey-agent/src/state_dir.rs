//! The agent's state folder: where each file lies, how files are replaced, which process may use it.
//!
//! The folder has mode 0700 and its files 0600, so that what runs as another user cannot read them. A file is never seen
//! half written: it is written beside its place, flushed, and renamed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

pub const DEFAULT_STATE_DIR: &str = "/var/lib/taskey-agent";
pub const DEFAULT_POLICY_DIR: &str = "/etc/taskey/policy.d";

/// A lock on a state folder, until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock ends with the file")] Option<File>);

#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
    policy: PathBuf,
    /// Whether other processes may use it.
    is_shared: bool,
}

impl StateDir {
    /// With a folder of its own the policy lies in it; without, both are at their places in the system.
    pub fn new(named: Option<PathBuf>) -> Self {
        match named {
            Some(root) => Self { policy: root.join("policy.d"), root, is_shared: true },
            None => Self { root: DEFAULT_STATE_DIR.into(), policy: DEFAULT_POLICY_DIR.into(), is_shared: true },
        }
    }

    /// The folder of a simulated device, which no other process uses: locks are not taken, and hold no files open.
    pub fn simulated(root: PathBuf, policy: PathBuf) -> Self {
        Self { root, policy, is_shared: false }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    pub fn policy_dir(&self) -> &Path {
        &self.policy
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes the folder where it is missing, and takes everyone else's access away.
    pub fn create(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
        std::fs::set_permissions(&self.root, std::fs::Permissions::from_mode(0o700))
    }

    /// Takes the lock that one running agent holds; `None` when another holds it.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        self.try_lock("lock")
    }

    /// Takes a lock; `None` when another process holds it.
    pub fn try_lock(&self, name: &str) -> io::Result<Option<Lock>> {
        if !self.is_shared {
            return Ok(Some(Lock(None)));
        }
        let file = open_private(&self.file(name))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock(Some(file)))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Opens a file of mode 0600 for reading and writing, and makes it where it is missing.
pub fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Whether a replaced file must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Durable,
    /// For what is only of interest while the machine runs.
    Fleeting,
}

/// Replaces a file as a whole.
pub fn replace_file(path: &Path, content: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    if durability == Durability::Durable {
        file.sync_all()?;
    }
    std::fs::rename(&beside, path)?;
    if durability == Durability::Durable {
        sync_parent(path)?;
    }
    Ok(())
}

/// Makes a new or renamed entry of a folder durable.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_has_its_mode_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.json");
        replace_file(&path, b"one", 0o600, Durability::Durable).unwrap();
        replace_file(&path, b"two", 0o600, Durability::Durable).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_one_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(Some(folder.path().join("state")));
        state.create().unwrap();
        let held = state.lock().unwrap();
        assert!(held.is_some());
        assert!(state.lock().unwrap().is_none());
        drop(held);
        assert!(state.lock().unwrap().is_some());
    }
}
