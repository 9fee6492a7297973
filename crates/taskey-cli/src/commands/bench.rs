//! `taskey bench`: thousands of simulated devices against a server, and the figures.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use taskey_fleet::{Options, Subject};
use taskey_proto::Span;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::output::{self, Output};
use crate::table::Table;
use crate::{open_files, session};

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// How many devices are simulated.
    #[arg(long, default_value = "1000", value_name = "COUNT")]
    devices: NonZeroUsize,
    /// How often one run goes to all of them.
    #[arg(long, default_value = "5", value_name = "COUNT")]
    rounds: NonZeroUsize,
    /// How long the idle server is watched.
    #[arg(long, default_value = "30s", value_name = "SPAN")]
    idle: Span,
    /// Measure the server that you are signed in to, instead of one that is started for it. The devices are removed afterwards.
    #[arg(long)]
    running: bool,
}

/// Has a runtime of its own: the devices use every processor.
pub fn run(global: &Global, args: BenchArgs, output: Output) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| Failure::Server(error.into());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let subject =
        if args.running { Subject::Running(session::client(global)?) } else { Subject::Own(std::env::current_exe().map_err(failed)?) };
    let options = Options {
        devices: args.devices.get(),
        rounds: args.rounds.get(),
        idle: Duration::from_millis(args.idle.ms()),
        subject,
        open_files: open_files::raise_limit(),
    };
    let measured = runtime.block_on(async {
        let mut interrupts = Interrupts::catch().map_err(failed)?;
        tokio::select! {
            report = taskey_fleet::measure(options, &output::note) => report.map(Some).map_err(Failure::Server),
            () = interrupts.next() => Ok(None),
        }
    });
    runtime.shutdown_background();
    let Some(report) = measured? else { return Ok(Exit::Interrupted) };
    if output.is_table() {
        output::line(report.table().trim_end())?;
    } else {
        output.thing(&report, "bench", Table::of_fields)?;
    }
    Ok(Exit::Done)
}
