//! Makes a backup, beside a running server or without one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use taskey_proto::Time;
use taskey_proto::crypto::hex;

use super::record::{FileHead, Records};
use super::seal::{Sealed, Sealer};
use super::source::Source;
use super::{BackupError, Contents, Made, Manifest, Passphrase, Progress};
use crate::config::Config;
use crate::platform::keys::Keys;

/// How many rows pass between two words on how far it is.
const TELL_EVERY: u64 = 10_000;

/// Writes a backup to `file`, or to standard output where that is `-`. A file is there whole or not at all.
pub async fn make(
    config: &Config,
    file: &Path,
    passphrase: &Passphrase,
    now: Time,
    tell: &mut dyn FnMut(Progress),
) -> Result<Made, BackupError> {
    if !Keys::exist(&config.data) {
        return Err(BackupError::NoData(config.data.clone()));
    }
    if file == Path::new("-") {
        let (sealed, contents) = write(config, BufWriter::new(io::stdout()), passphrase, now, tell).await?;
        return Ok(made("-", &sealed, contents));
    }
    let beside = Beside::create(file)?;
    let out = BufWriter::new(beside.file.try_clone().map_err(BackupError::file(&beside.path))?);
    let (sealed, contents) = write(config, out, passphrase, now, tell).await?;
    beside.put_in_place(file)?;
    Ok(made(&file.display().to_string(), &sealed, contents))
}

fn made<W>(file: &str, sealed: &Sealed<W>, contents: Contents) -> Made {
    Made { file: file.to_owned(), bytes: sealed.bytes, sha256: hex(&sealed.sha256), contents }
}

async fn write<W: Write>(
    config: &Config,
    out: W,
    passphrase: &Passphrase,
    now: Time,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Sealed<W>, Contents), BackupError> {
    let mut source = Source::open(&config.data, &config.database).await?;
    let schema_version = source.schema_version().await?;
    let (instance, epoch) = source.instance().await?;
    let manifest = Manifest {
        made_at: now,
        instance,
        epoch,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version,
        engine: source.engine().to_owned(),
    };
    let mut records = Records::new(Sealer::new(out, passphrase)?);
    records.manifest(&manifest)?;
    for table in source.tables().await? {
        records.table(&table)?;
        let mut rows = source.rows(&table);
        let mut count = 0;
        while let Some(row) = rows.next().await {
            records.row(&row?)?;
            count += 1;
            if records.totals.rows.is_multiple_of(TELL_EVERY) {
                tell(Progress { rows: records.totals.rows, bytes: records.bytes });
            }
        }
        records.table_end(count)?;
    }
    source.close().await?;
    // After the rows: a master key that was made meanwhile is there, and one too many does no harm.
    let mut files = Vec::new();
    for path in files_of(&config.data)? {
        let (head, content) = read_file(&config.data, &path)?;
        records.file(&head, &content)?;
        files.push(head.path);
    }
    tell(Progress { rows: records.totals.rows, bytes: records.bytes });
    let (sealer, totals) = records.end()?;
    Ok((sealer.finish()?, Contents { manifest, tables: totals.tables, rows: totals.rows, files }))
}

/// The settings, and everything in the folder of keys.
fn files_of(data: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut paths = Vec::new();
    if data.join("taskey.toml").is_file() {
        paths.push(PathBuf::from("taskey.toml"));
    }
    let keys = data.join("keys");
    for entry in fs::read_dir(&keys).map_err(BackupError::file(&keys))? {
        let entry = entry.map_err(BackupError::file(&keys))?;
        let name = entry.file_name();
        // What is being written at this moment is not there yet.
        if entry.path().is_file() && entry.path().extension().is_none_or(|ending| ending != "new") {
            paths.push(Path::new("keys").join(name));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_file(data: &Path, path: &Path) -> Result<(FileHead, Vec<u8>), BackupError> {
    let whole = data.join(path);
    let content = fs::read(&whole).map_err(BackupError::file(&whole))?;
    let mode = fs::metadata(&whole).map_err(BackupError::file(&whole))?.permissions().mode() & 0o777;
    let path = path.to_str().ok_or_else(|| BackupError::Unreadable(format!("{} is not UTF-8", path.display())))?;
    Ok((FileHead { path: path.to_owned(), mode }, content))
}

/// The file under another name for as long as it is not whole; taken away again if it never is.
struct Beside {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl Beside {
    fn create(file: &Path) -> Result<Self, BackupError> {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = file.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        Ok(Self { file: open.map_err(BackupError::file(&path))?, path, is_kept: false })
    }

    fn put_in_place(mut self, file: &Path) -> Result<(), BackupError> {
        self.file.sync_all().map_err(BackupError::file(&self.path))?;
        fs::rename(&self.path, file).map_err(BackupError::file(file))?;
        self.is_kept = true;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::file(folder))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}
