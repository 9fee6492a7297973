//! When the last backup was made: a word beside the data, for `taskey doctor`. It is no part of a backup.

use std::path::Path;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;

use super::{BackupError, Made};
use crate::platform::keys::write_private;

const FILE: &str = "last-backup.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    pub made_at: Time,
    pub file: String,
    pub bytes: u64,
}

pub fn note(data: &Path, made: &Made) -> Result<(), BackupError> {
    let last = LastBackup { made_at: made.contents.manifest.made_at, file: made.file.clone(), bytes: made.bytes };
    let text = serde_json::to_vec(&last).map_err(|error| BackupError::Unreadable(error.to_string()))?;
    let path = data.join(FILE);
    write_private(&path, &text).map_err(BackupError::file(&path))
}

/// `None` where none was made, or the note cannot be read.
pub fn read(data: &Path) -> Option<LastBackup> {
    serde_json::from_slice(&std::fs::read(data.join(FILE)).ok()?).ok()
}
