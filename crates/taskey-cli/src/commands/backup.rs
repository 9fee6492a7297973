//! `taskey backup`: a server's database, keys and settings in one encrypted file.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use taskey_proto::Time;
use taskey_server::backup::{self, Contents, Passphrase, Progress};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::secrets;
use crate::serve::StoreArgs;
use crate::table::Table;

const ENVIRONMENT: &str = "TASKEY_BACKUP_PASSPHRASE";

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Where to; `-` is stdout. A file that is there is replaced once the new one is whole.
    file: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub struct PassphraseArgs {
    /// The first line of this file is the passphrase; else TASKEY_BACKUP_PASSPHRASE, else it is asked for on the terminal.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub async fn run(args: BackupArgs, output: Output) -> Result<Exit, Failure> {
    if args.file == Path::new("-") && std::io::stdout().is_terminal() {
        return Err(Failure::usage("a backup is no text for a terminal; redirect stdout, or name a file"));
    }
    let config = args.store.config()?;
    let passphrase = Passphrase::new(args.passphrase.read(Times::Twice).await?).map_err(failed)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_ms(since.as_millis() as i64);
    let mut told = Told::default();
    let made = backup::make(&config, &args.file, &passphrase, now, &mut |progress| told.tell("read", progress)).await.map_err(failed)?;
    told.end();
    if let Err(error) = backup::last::note(&config.data, &made) {
        output::note(&format!("the backup is made; that it is could not be noted for `taskey doctor`: {error}"));
    }
    if made.file == "-" {
        output::note(&format!("{} bytes, SHA-256 {}", made.bytes, made.sha256));
        return Ok(Exit::Done);
    }
    output.thing(&made, &made.file, || {
        let mut table = Table::of_fields();
        table.field("file", made.file.as_str());
        table.field("bytes", made.bytes.to_string());
        table.field("sha256", made.sha256.as_str());
        contents(&mut table, &made.contents);
        table.field("next", "keep it on another machine, and the passphrase somewhere else again");
        table
    })?;
    Ok(Exit::Done)
}

/// What is in a backup, for people.
pub fn contents(table: &mut Table, contents: &Contents) {
    let manifest = &contents.manifest;
    table.field("made", manifest.made_at.to_string());
    table.field("by", format!("taskey {}, schema {}, {}", manifest.server_version, manifest.schema_version, manifest.engine));
    table.field("instance", format!("{}, epoch {}", manifest.instance, manifest.epoch));
    table.field("rows", format!("{} in {} tables", contents.rows, contents.tables));
    table.field("files", contents.files.join(" "));
}

pub fn failed(error: backup::BackupError) -> Failure {
    Failure::Server(error.into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Once,
    /// A new one: a slip of the finger would lock everyone out.
    Twice,
}

impl PassphraseArgs {
    pub async fn read(&self, times: Times) -> Result<String, Failure> {
        if let Some(file) = &self.passphrase_file {
            let text = std::fs::read_to_string(file).map_err(|error| Failure::File(file.display().to_string(), error))?;
            let line = text.lines().next().unwrap_or_default();
            if line.is_empty() {
                return Err(Failure::usage(format!("{}: its first line is empty", file.display())));
            }
            return Ok(line.to_owned());
        }
        if let Some(passphrase) = std::env::var(ENVIRONMENT).ok().filter(|text| !text.is_empty()) {
            return Ok(passphrase);
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::usage(format!("give the passphrase with --passphrase-file FILE, or in {ENVIRONMENT}")));
        }
        let typed = secrets::typed("Passphrase of the backup: ", "passphrase").await?;
        if times == Times::Twice && secrets::typed("Once more: ", "passphrase").await? != typed {
            return Err(Failure::usage("the two are not the same"));
        }
        Ok(typed)
    }
}

/// A line on stderr that is written over, on a terminal alone.
#[derive(Default)]
pub struct Told {
    was_told: bool,
}

impl Told {
    pub fn tell(&mut self, what: &str, progress: Progress) {
        if std::io::stderr().is_terminal() {
            output::ask(&format!("\r{} rows {what}, {} MiB ", progress.rows, progress.bytes >> 20));
            self.was_told = true;
        }
    }

    pub fn end(&self) {
        if self.was_told {
            output::note("");
        }
    }
}
