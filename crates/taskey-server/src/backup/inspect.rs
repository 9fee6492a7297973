//! Reads a backup to its end and says what is in it.

use std::io::Read;

use super::record::{self, Record, Totals};
use super::seal::Opener;
use super::{BackupError, Contents, Manifest, Passphrase};

/// Every byte is authenticated and every row read; nothing is written.
pub fn inspect(input: impl Read, passphrase: &Passphrase) -> Result<Contents, BackupError> {
    let mut opener = Opener::new(input, passphrase)?;
    let manifest = read_manifest(&mut opener)?;
    let (mut totals, mut files, mut rows) = (Totals::default(), Vec::new(), 0);
    loop {
        match record::read(&mut opener)? {
            Record::Manifest(_) => return Err(BackupError::Unreadable("two manifests".to_owned())),
            Record::File { file, .. } => {
                totals.files += 1;
                files.push(file.path);
            }
            Record::Table(_) => {
                totals.tables += 1;
                rows = 0;
            }
            Record::Row(_) => {
                totals.rows += 1;
                rows += 1;
            }
            Record::TableEnd { rows: told } if told == rows => {}
            Record::TableEnd { .. } => return Err(BackupError::Unreadable("a table has not the rows that it tells".to_owned())),
            Record::End(told) => {
                check_totals(told, totals)?;
                break;
            }
        }
    }
    opener.finish()?;
    Ok(Contents { manifest, tables: totals.tables, rows: totals.rows, files })
}

pub(super) fn read_manifest(opener: &mut Opener<impl Read>) -> Result<Manifest, BackupError> {
    match record::read(opener)? {
        Record::Manifest(manifest) => Ok(manifest),
        _ => Err(BackupError::Unreadable("it does not begin with its manifest".to_owned())),
    }
}

pub(super) fn check_totals(told: Totals, found: Totals) -> Result<(), BackupError> {
    if told == found {
        return Ok(());
    }
    Err(BackupError::Unreadable(format!("{} rows where {} are told", found.rows, told.rows)))
}
