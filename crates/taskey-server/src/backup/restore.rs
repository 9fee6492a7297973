//! Restores a backup into an empty folder and an empty database.
//!
//! Everything is read and checked before the folder counts as a server's: files and SQLite database are written into a folder of their
//! own inside it and moved at the end. If it fails, what was written is taken away; if it is killed, that folder stays, and no server
//! starts where it is ([`unfinished`]).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use taskey_proto::Time;

use super::inspect::{check_totals, read_manifest};
use super::record::{self, FileHead, Record, Totals};
use super::seal::Opener;
use super::target::Target;
use super::{BackupError, Contents, Manifest, Passphrase, Progress};
use crate::config::Database;
use crate::platform::db::migrate;

const TELL_EVERY: u64 = 10_000;

/// Where a restore writes until it is whole, in the data folder.
pub const UNFINISHED: &str = ".restore";

/// A server that was restored, and is quiet.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    #[serde(flatten)]
    pub contents: Contents,
    pub data: PathBuf,
    /// The epoch of the restored server; that of the backup stands beside it as `epoch`.
    pub new_epoch: u64,
}

/// What is restored where.
pub struct Into<'a> {
    pub data: &'a Path,
    pub database: &'a Database,
    pub now: Time,
    /// Instead of the one that follows from the clock, where that is wrong.
    pub epoch: Option<u64>,
}

pub async fn restore(
    input: impl Read,
    passphrase: &Passphrase,
    into: Into<'_>,
    tell: &mut dyn FnMut(Progress),
) -> Result<Restored, BackupError> {
    let mut opener = Opener::new(input, passphrase)?;
    let manifest = read_manifest(&mut opener)?;
    if manifest.schema_version > migrate::newest() {
        let known = migrate::newest();
        return Err(BackupError::NewerSchema { found: manifest.schema_version, known, version: manifest.server_version });
    }
    let new_epoch = new_epoch(manifest.epoch, into.epoch)?;
    if let Database::Postgres(url) = into.database
        && !Target::is_empty(url).await?
    {
        return Err(BackupError::DatabaseInUse);
    }
    let folder = Folder::begin(into.data, into.database)?;
    let mut target = Target::make(&folder.temporary, into.database, manifest.schema_version).await?;
    let contents = fill(&mut opener, &mut target, &folder, manifest, tell).await?;
    opener.finish()?;
    target.complete().await?;
    make_safe(&mut target, &contents.manifest, new_epoch, into.now).await?;
    folder.sync()?;
    target.keep().await?;
    folder.put_in_place()?;
    Ok(Restored { contents, data: into.data.to_owned(), new_epoch })
}

async fn fill(
    opener: &mut Opener<impl Read>,
    target: &mut Target,
    folder: &Folder,
    manifest: Manifest,
    tell: &mut dyn FnMut(Progress),
) -> Result<Contents, BackupError> {
    let (mut totals, mut bytes, mut files) = (Totals::default(), 0, Vec::new());
    loop {
        match record::read(opener)? {
            Record::Manifest(_) => return Err(BackupError::Unreadable("two manifests".to_owned())),
            Record::File { file, content } => {
                folder.write(&file, &content)?;
                totals.files += 1;
                files.push(file.path);
            }
            Record::Table(table) => {
                target.begin_table(table).await?;
                totals.tables += 1;
            }
            Record::Row(row) => {
                bytes += row.iter().map(|value| value.size() as u64).sum::<u64>();
                target.row(row).await?;
                totals.rows += 1;
                if totals.rows.is_multiple_of(TELL_EVERY) {
                    tell(Progress { rows: totals.rows, bytes });
                }
            }
            Record::TableEnd { rows } => target.end_table(rows).await?,
            Record::End(told) => {
                check_totals(told, totals)?;
                tell(Progress { rows: totals.rows, bytes });
                return Ok(Contents { manifest, tables: totals.tables, rows: totals.rows, files });
            }
        }
    }
}

/// From 1970 until 2026: revisions of schedules stay short numbers.
const MINUTES_UNTIL_2026: i64 = 29_453_760;

/// What makes a copy of an earlier time harmless.
async fn make_safe(target: &mut Target, manifest: &Manifest, epoch: u64, now: Time) -> Result<(), BackupError> {
    let restored = "UPDATE instance SET epoch = $1, quiet_since = $2, restored_from = $3";
    target.adjust(restored, &[epoch as i64, now.ms(), manifest.made_at.ms()]).await?;
    // Transaction ids mean nothing in another database. What a job has read stays read; what it may not have read it reads again.
    let read = "UPDATE consumer SET id = COALESCE((SELECT min(e.id) - 1 FROM event e WHERE e.xid > consumer.xid \
                OR (e.xid = consumer.xid AND e.id > consumer.id)), (SELECT max(e.id) FROM event e), consumer.id)";
    target.adjust(read, &[]).await?;
    target.adjust("UPDATE consumer SET xid = 0", &[]).await?;
    target.adjust("UPDATE event SET xid = 0", &[]).await?;
    // A session that was ended since, or a token that was used up since, would be good again.
    target.adjust("DELETE FROM session", &[]).await?;
    // Devices may hold, and still tell of, revisions that were given away after the backup. Nobody edits a schedule every minute for years.
    let minutes = now.ms() / 60_000 - MINUTES_UNTIL_2026;
    target.adjust("UPDATE schedule SET revision_floor = $1", &[minutes.max(0)]).await?;
    target.adjust("DELETE FROM enroll_token", &[]).await
}

/// Above everything that devices can have seen: the microseconds since 1970, so that two restores never share one.
fn new_epoch(old: u64, wanted: Option<u64>) -> Result<u64, BackupError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = wanted.unwrap_or_else(|| (since.as_micros() as u64).max(old + 1));
    // More than 53 bits would not survive every reader of JSON.
    if epoch <= old || epoch >= 1 << 53 {
        return Err(BackupError::Epoch(epoch, old));
    }
    Ok(epoch)
}

/// The settings without another database than the one that was restored: the server would start on the wrong one, perhaps beside another.
fn settings(content: &[u8], url: Option<&str>) -> Vec<u8> {
    let text = String::from_utf8_lossy(content);
    let is_other = |line: &str| {
        let Some((name, _)) = line.split_once('=') else { return false };
        let named = toml::from_str::<toml::Table>(line).ok().and_then(|table| table.get("database_url")?.as_str().map(str::to_owned));
        name.trim().trim_matches(['"', '\'']) == "database_url" && named.as_deref() != url
    };
    let line = |line: &str| {
        if is_other(line) { "# database_url named another database than the one that was restored".to_owned() } else { line.to_owned() }
    };
    text.lines().map(|text| line(text) + "\n").collect::<String>().into_bytes()
}

/// Whether a restore into this folder was begun and never ended.
pub fn unfinished(data: &Path) -> bool {
    data.join(UNFINISHED).exists()
}

/// The data folder while it is being filled.
struct Folder {
    data: PathBuf,
    temporary: PathBuf,
    /// The database that the rows go into, where it is not in the folder.
    url: Option<String>,
    /// Whether the folder itself was made for this.
    is_new: bool,
    is_kept: bool,
}

impl Folder {
    fn begin(data: &Path, database: &Database) -> Result<Self, BackupError> {
        let is_new = !data.exists();
        DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(BackupError::file(data))?;
        let others = fs::read_dir(data).map_err(BackupError::file(data))?.flatten().map(|entry| entry.file_name());
        // Settings may lie there already; a new file system has this folder.
        if others.into_iter().any(|name| name != "taskey.toml" && name != "lost+found") {
            return Err(BackupError::FolderInUse(data.to_owned()));
        }
        let temporary = data.join(UNFINISHED);
        DirBuilder::new().mode(0o700).create(&temporary).map_err(BackupError::file(&temporary))?;
        let url = match database {
            Database::Sqlite => None,
            Database::Postgres(url) => Some(url.clone()),
        };
        Ok(Self { data: data.to_owned(), temporary, url, is_new, is_kept: false })
    }

    /// Only the settings and what lies directly in the folder of keys has a place here.
    fn write(&self, file: &FileHead, content: &[u8]) -> Result<(), BackupError> {
        let path = Path::new(&file.path);
        let parts: Vec<_> = path.components().collect();
        let is_ours = match parts[..] {
            [Component::Normal(name)] => name == "taskey.toml",
            [Component::Normal(folder), Component::Normal(_)] => folder == "keys",
            _ => false,
        };
        if !is_ours {
            return Err(BackupError::Unreadable(format!("a file where none belongs: {}", file.path)));
        }
        let path = self.temporary.join(path);
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(BackupError::file(folder))?;
        }
        let open = OpenOptions::new().write(true).create_new(true).mode(file.mode & 0o700 | 0o600).open(&path);
        let mut out = open.map_err(BackupError::file(&path))?;
        let content = if file.path == "taskey.toml" { settings(content, self.url.as_deref()) } else { content.to_vec() };
        out.write_all(&content).and_then(|()| out.sync_all()).map_err(BackupError::file(&path))
    }

    fn sync(&self) -> Result<(), BackupError> {
        let database = self.temporary.join("taskey.db");
        if database.exists() {
            fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).map_err(BackupError::file(&database))?;
        }
        let synced = |path: PathBuf| match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(BackupError::File { path, source: error }),
            Ok(file) => file.sync_all().map_err(BackupError::file(&path)),
        };
        ["taskey.db", "keys", ""].into_iter().try_for_each(|name| synced(self.temporary.join(name)))
    }

    fn put_in_place(mut self) -> Result<(), BackupError> {
        // From here on a failure leaves what there is: the rows may be in PostgreSQL already.
        self.is_kept = true;
        let settings = self.data.join("taskey.toml");
        for name in ["taskey.db", "keys", "taskey.toml"] {
            let (from, to) = (self.temporary.join(name), self.data.join(name));
            // Settings that were there first are those of this machine.
            if from.exists() && !(to == settings && to.exists()) {
                fs::rename(&from, &to).map_err(BackupError::file(&to))?;
            }
        }
        fs::remove_dir_all(&self.temporary).map_err(BackupError::file(&self.temporary))?;
        File::open(&self.data).and_then(|folder| folder.sync_all()).map_err(BackupError::file(&self.data))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let _ = fs::remove_dir_all(&self.temporary);
        if self.is_new {
            let _ = fs::remove_dir(&self.data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_never_lead_to_another_database_than_the_one_that_was_restored() {
        let content = b"listen = \"127.0.0.1:1\"\ndatabase_url = \"postgres://a/b\"\n";
        let text = |url| String::from_utf8(settings(content, url)).unwrap();
        assert_eq!(text(Some("postgres://a/b")).as_bytes(), content);
        for other in [None, Some("postgres://a/c")] {
            assert!(text(other).starts_with("listen = ") && !text(other).contains("postgres://"), "{}", text(other));
        }
    }

    #[test]
    fn an_epoch_is_above_that_of_the_backup_and_of_every_earlier_restore() {
        let first = new_epoch(1, None).unwrap();
        let second = new_epoch(1, None).unwrap();
        assert!(first > 1_700_000_000_000_000 && second >= first && first < 1 << 53);
        assert_eq!(new_epoch(first + 1_000_000_000, None).unwrap(), first + 1_000_000_001, "a clock that is behind");
        assert_eq!(new_epoch(7, Some(8)).unwrap(), 8);
        assert!(matches!(new_epoch(7, Some(7)), Err(BackupError::Epoch(7, 7))));
    }
}
