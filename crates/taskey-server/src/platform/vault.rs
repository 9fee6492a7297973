//! Encryption at rest: each value under a data key of its own, each data key under a master key, each master key a file.
//!
//! The master keys are `DATA/keys/vault-N.key`, 32 random bytes each, mode 0600. The one with the highest number wraps what is written;
//! the others are there to read what was written before. Rotation makes the next one and wraps every data key anew. An older file is still
//! needed for a backup of the database from its time, so none is ever removed here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use taskey_proto::crypto::{self, CryptoError};

use super::keys::{KeyError, read_key, write_key};

pub struct Vault {
    folder: PathBuf,
    keys: RwLock<BTreeMap<u32, [u8; 32]>>,
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The number of the master key.
    pub key: u32,
    pub wrapped: Vec<u8>,
    pub value: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the master key {0} is missing: put it back from a backup")]
    MissingKey(String),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Vault {
    /// Reads the master keys below `data`, making the first.
    pub fn open(data: &Path) -> Result<Self, VaultError> {
        let vault = Self { folder: data.join("keys"), keys: RwLock::default() };
        vault.reload()?;
        if vault.current_key().is_none() {
            vault.add_key()?;
        }
        Ok(vault)
    }

    /// Makes the next master key; what is sealed from now on is under it.
    pub fn add_key(&self) -> Result<u32, VaultError> {
        self.reload()?;
        let number = self.current_key().unwrap_or(0) + 1;
        write_key(&self.file(number), &crypto::random::<32>()?)?;
        self.reload()?;
        Ok(number)
    }

    /// The number of the key that wraps what is written now.
    pub fn current_key(&self) -> Option<u32> {
        self.read().keys().next_back().copied()
    }

    pub fn file(&self, number: u32) -> PathBuf {
        self.folder.join(format!("vault-{number}.key"))
    }

    /// `context` says whose value it is; nothing sealed for one opens for another.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, VaultError> {
        // Another process may have rotated since.
        self.reload()?;
        let number = self.current_key().ok_or_else(|| VaultError::MissingKey(self.file(1).display().to_string()))?;
        let data_key = crypto::random::<32>()?;
        let wrapped = crypto::encrypt(&self.key(number)?, context.as_bytes(), &data_key)?;
        Ok(Sealed { key: number, wrapped, value: crypto::encrypt(&data_key, context.as_bytes(), plain)? })
    }

    pub fn open_sealed(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, VaultError> {
        Ok(crypto::decrypt(&self.data_key(context, sealed)?, context.as_bytes(), &sealed.value)?)
    }

    /// The data key wrapped by the current master key; the value itself stays as it is.
    pub fn rewrap(&self, context: &str, sealed: &Sealed) -> Result<Sealed, VaultError> {
        let number = self.current_key().unwrap_or(sealed.key);
        let wrapped = crypto::encrypt(&self.key(number)?, context.as_bytes(), &self.data_key(context, sealed)?)?;
        Ok(Sealed { key: number, wrapped, value: sealed.value.clone() })
    }

    fn data_key(&self, context: &str, sealed: &Sealed) -> Result<[u8; 32], VaultError> {
        let data_key = crypto::decrypt(&self.key(sealed.key)?, context.as_bytes(), &sealed.wrapped)?;
        data_key.try_into().map_err(|_| CryptoError::Sealed.into())
    }

    fn key(&self, number: u32) -> Result<[u8; 32], VaultError> {
        if let Some(key) = self.read().get(&number) {
            return Ok(*key);
        }
        self.reload()?;
        self.read().get(&number).copied().ok_or_else(|| VaultError::MissingKey(self.file(number).display().to_string()))
    }

    /// Reads the key files that are not known yet. A folder that cannot be read is an error, not an empty vault.
    fn reload(&self) -> Result<(), VaultError> {
        let failed = |source| KeyError::File { path: self.folder.clone(), source };
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("vault-")?.strip_suffix(".key")?.parse().ok());
            let Some(number) = number.filter(|number| !self.read().contains_key(number)) else { continue };
            if let Some(bytes) = read_key(&self.file(number))? {
                let damaged = |_| KeyError::Damaged { path: self.file(number), detail: "it is not 32 bytes long".to_owned() };
                let key = bytes.try_into().map_err(damaged)?;
                self.keys.write().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(number, key);
            }
        }
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<u32, [u8; 32]>> {
        self.keys.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("keys")).unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        (folder, vault)
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_alone() {
        let (_folder, vault) = vault();
        let sealed = vault.seal("a", b"value").unwrap();
        assert_eq!(vault.open_sealed("a", &sealed).unwrap(), b"value");
        assert!(vault.open_sealed("b", &sealed).is_err());
        let mut changed = sealed.clone();
        changed.value[20] ^= 1;
        assert!(vault.open_sealed("a", &changed).is_err());
        assert_ne!(vault.seal("a", b"value").unwrap(), sealed);
    }

    #[test]
    fn a_new_master_key_is_seen_by_a_vault_that_is_open_and_the_old_one_still_reads() {
        let (folder, vault) = vault();
        let sealed = vault.seal("a", b"value").unwrap();
        let other = Vault::open(folder.path()).unwrap();
        assert_eq!(other.add_key().unwrap(), 2);
        let again = other.rewrap("a", &sealed).unwrap();
        assert_eq!((again.key, &again.value), (2, &sealed.value));
        assert_eq!(vault.open_sealed("a", &again).unwrap(), b"value");
        assert_eq!(vault.seal("a", b"value").unwrap().key, 2);
        assert_eq!(vault.open_sealed("a", &sealed).unwrap(), b"value");
        let first = std::fs::read(vault.file(1)).unwrap();
        std::fs::remove_file(vault.file(1)).unwrap();
        let without = Vault::open(folder.path()).unwrap();
        assert_eq!(without.open_sealed("a", &again).unwrap(), b"value");
        assert!(without.open_sealed("a", &sealed).unwrap_err().to_string().contains("vault-1.key is missing"));
        write_key(&vault.file(1), &first).unwrap();
        assert_eq!(without.open_sealed("a", &sealed).unwrap(), b"value", "a key that is put back is found without a restart");
    }
}
