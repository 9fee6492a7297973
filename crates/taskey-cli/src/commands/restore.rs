//! `taskey restore`: a server from a backup, in an empty folder; or what a backup holds.

use std::fs::File;
use std::io::{BufReader, IsTerminal as _, Read, stdin};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use taskey_proto::Time;
use taskey_server::backup::{self, Into, Passphrase};

use crate::commands::backup::{PassphraseArgs, Times, Told, contents, failed};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::serve::StoreArgs;
use crate::table::Table;

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A file of `taskey backup`; `-` is stdin.
    file: PathBuf,
    /// The folder of the server that is made: empty, or not there yet.
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    data: Option<PathBuf>,
    /// An empty PostgreSQL database instead of SQLite. With a password: TASKEY_DATABASE_URL.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Read the whole backup, check it and say what is in it; nothing is written.
    #[arg(long)]
    dry_run: bool,
    /// The epoch of the restored server, where this machine's clock is wrong: above the one that `taskeyd doctor` names on a device.
    #[arg(long, value_name = "N")]
    epoch: Option<u64>,
}

pub async fn run(args: RestoreArgs, output: Output) -> Result<Exit, Failure> {
    let is_stdin = args.file == Path::new("-");
    if is_stdin && stdin().is_terminal() {
        return Err(Failure::usage("a backup is no text to type; redirect stdin, or name a file"));
    }
    let opened = || File::open(&args.file).map_err(|error| Failure::File(args.file.display().to_string(), error));
    let input: Box<dyn Read> = if is_stdin { Box::new(stdin()) } else { Box::new(opened()?) };
    let input = BufReader::new(input);
    if args.dry_run {
        let passphrase = Passphrase::known(args.passphrase.read(Times::Once).await?);
        let found = backup::inspect(input, &passphrase).map_err(failed)?;
        output.thing(&found, "whole", || {
            let mut table = Table::of_fields();
            table.field("backup", "whole: every byte was checked");
            contents(&mut table, &found);
            table
        })?;
        return Ok(Exit::Done);
    }
    let Some(data) = args.data else { return Err(Failure::usage("name the folder with --data")) };
    let config = StoreArgs::new(data, args.database_url).config()?;
    let passphrase = Passphrase::known(args.passphrase.read(Times::Once).await?);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_ms(since.as_millis() as i64);
    let into = Into { data: &config.data, database: &config.database, now, epoch: args.epoch };
    let mut told = Told::default();
    let restored = backup::restore(input, &passphrase, into, &mut |progress| told.tell("written", progress)).await.map_err(failed)?;
    told.end();
    output.thing(&restored, &restored.data.display().to_string(), || {
        let mut table = Table::of_fields();
        table.field("data", restored.data.display().to_string());
        contents(&mut table, &restored.contents);
        table.field("epoch now", restored.new_epoch.to_string());
        table.field(
            "next",
            "never start this server and the old one together; start it, look at `taskey quiet show`, then `taskey quiet end`",
        );
        table
    })?;
    Ok(Exit::Done)
}
