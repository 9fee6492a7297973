//! The instance's keys, files of mode 0600 in `DATA/keys`. They are made at the first start and never stored elsewhere.
//!
//! `signing.key` (Ed25519, PKCS#8) signs what devices are told; devices pin its public half. `master.key` (32 random bytes) is
//! the root of everything that is only used here: other keys are derived from it, one for each purpose.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use taskey_proto::crypto::{self, CryptoError, SigningKey};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} is readable for others; say `chmod 600 {path}` after making sure that nobody has read it", path = .0.display())]
    Exposed(PathBuf),
    #[error("{path} is damaged: {detail}", path = path.display())]
    Damaged { path: PathBuf, detail: String },
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

pub struct Keys {
    pub signing: SigningKey,
    master: [u8; 32],
}

impl Keys {
    /// Whether a server has made its keys below `data`.
    pub fn exist(data: &Path) -> bool {
        data.join("keys").join("signing.key").is_file()
    }

    /// Reads the keys below `data`, making those that are missing.
    pub fn open(data: &Path) -> Result<Self, KeyError> {
        let folder = data.join("keys");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|source| KeyError::File { path: folder.clone(), source })?;
        let signing_path = folder.join("signing.key");
        let signing = match read_key(&signing_path)? {
            Some(pkcs8) => SigningKey::from_pkcs8(&pkcs8)
                .map_err(|error| KeyError::Damaged { path: signing_path.clone(), detail: error.to_string() })?,
            None => {
                let (key, pkcs8) = SigningKey::generate()?;
                write_key(&signing_path, &pkcs8)?;
                key
            }
        };
        let master_path = folder.join("master.key");
        let master = match read_key(&master_path)? {
            Some(bytes) => bytes
                .try_into()
                .map_err(|_| KeyError::Damaged { path: master_path.clone(), detail: "it is not 32 bytes long".to_owned() })?,
            None => {
                let master = crypto::random()?;
                write_key(&master_path, &master)?;
                master
            }
        };
        Ok(Self { signing, master })
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        crypto::mac(&self.master, purpose.as_bytes())
    }
}

/// Reads a key file; one that others may read is refused.
pub(crate) fn read_key(path: &Path) -> Result<Option<Vec<u8>>, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Err(KeyError::Exposed(path.to_owned())),
        Ok(_) => fs::read(path).map(Some).map_err(failed),
    }
}

pub(crate) fn write_key(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    write_private(path, bytes).map_err(|source| KeyError::File { path: path.to_owned(), source })
}

/// Writes a file of mode 0600, or replaces it. Written beside, synced, then renamed: a crash leaves it as it was, or whole.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_private_files_that_stay_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path()).unwrap();
        let second = Keys::open(folder.path()).unwrap();
        assert_eq!(first.signing.public_key(), second.signing.public_key());
        assert_eq!(first.derive("a"), second.derive("a"));
        assert_ne!(first.derive("a"), first.derive("b"));
        for name in ["signing.key", "master.key"] {
            assert_eq!(fs::metadata(folder.path().join("keys").join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_others_can_read_and_a_damaged_one_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        Keys::open(folder.path()).unwrap();
        let path = folder.path().join("keys/master.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::open(folder.path()), Err(KeyError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        assert!(matches!(Keys::open(folder.path()), Err(KeyError::Damaged { .. })));
    }
}
