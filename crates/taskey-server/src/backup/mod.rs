//! Backup and restore: one encrypted file with the rows of the database, the keys and the settings.
//!
//! The rows are written in a form of our own, the same for both databases, read in one transaction: the copy is of one instant,
//! needs no program of either database, and goes back into SQLite or PostgreSQL, whichever is wanted. See ADR 0009.
//!
//! From the outside in: `seal` is the encrypted file, `record` what is in it, `source` and `target` the two databases,
//! `make`, `inspect` and `restore` what is done with them. A restore never signs anything: it raises the epoch and leaves the server
//! quiet until an operator ends that (`features/quiet`).

mod inspect;
pub mod last;
mod make;
mod record;
mod restore;
mod seal;
pub mod source;
pub mod table;
mod target;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::id::InstanceId;

use crate::platform::db::DbError;

pub use inspect::inspect;
pub use make::make;
pub use restore::{Into, Restored, restore, unfinished};
pub use seal::{PASSPHRASE_LEN_MIN, Passphrase};

/// What a backup says of itself, first of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub made_at: Time,
    pub instance: InstanceId,
    pub epoch: u64,
    /// Of the program that made it.
    pub server_version: String,
    /// The newest migration of the database.
    pub schema_version: i64,
    /// `sqlite` or `postgres`; it may be restored into either.
    pub engine: String,
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contents {
    #[serde(flatten)]
    pub manifest: Manifest,
    pub tables: u64,
    pub rows: u64,
    /// Paths below the data folder.
    pub files: Vec<String>,
}

/// A backup that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// `-` for standard output.
    pub file: String,
    pub bytes: u64,
    /// Of the file as it lies there, in hexadecimal.
    pub sha256: String,
    #[serde(flatten)]
    pub contents: Contents,
}

/// How far a backup or restore is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub rows: u64,
    /// Before encryption.
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{0}: {1}")]
    Stream(&'static str, std::io::Error),
    #[error("{path} is not the data folder of a taskey server; name the one that `taskey serve --data` was given", path = .0.display())]
    NoData(PathBuf),
    #[error("there is no server in this database: it has no instance; check --database-url")]
    NoInstance,
    #[error("this is no backup of taskey: its first bytes are others")]
    Foreign,
    #[error("the backup is in format {0}, of a newer taskey; this one reads format {known}", known = seal::FORMAT)]
    NewerFormat(u8),
    #[error("the head of the backup is damaged; take another copy of it")]
    Head,
    #[error("the passphrase is not the one that this backup was made with")]
    Passphrase,
    #[error("a passphrase has at least {PASSPHRASE_LEN_MIN} characters")]
    ShortPassphrase,
    #[error("the backup is cut off after {0} bytes; take another copy of it")]
    CutOff(u64),
    #[error("the backup was altered or is damaged in chunk {0}; take another copy of it")]
    Damaged(u64),
    #[error("the backup has chunk {found} where chunk {wanted} belongs: pieces of it are missing or in another order")]
    OutOfOrder { wanted: u64, found: u64 },
    #[error("there is something behind the end of the backup: other bytes were added to the file")]
    Trailing,
    #[error("the backup holds what cannot be read: {0}")]
    Unreadable(String),
    #[error(
        "the backup has schema {found}, this taskey knows {known}: restore it with the version that made it ({version}), or a newer one"
    )]
    NewerSchema { found: i64, known: i64, version: String },
    #[error("{path} is not empty: a restore goes into an empty folder; name another one, or move what is there away", path = .0.display())]
    FolderInUse(PathBuf),
    #[error("the database is not empty: a restore goes into an empty one; make one (`createdb taskey_restored`) and name it")]
    DatabaseInUse,
    #[error("the database that the backup would make does not hold together: {0}")]
    Inconsistent(String),
    #[error("epoch {0} is not above that of the backup, {1}; devices would not follow")]
    Epoch(u64, u64),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the system's random source failed")]
    Random(#[from] taskey_proto::crypto::CryptoError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        BackupError::Db(error.into())
    }
}

impl BackupError {
    fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    }
}
