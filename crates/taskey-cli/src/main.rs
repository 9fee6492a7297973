//! The program `taskey`: `taskey serve` is the server, every other command is a client of one.
//!
//! A command lives in `commands/`, one file a noun; it parses, calls the client, and hands what it got to `output`. Only `serve.rs`
//! and what works on its data folder (`backup`, `restore`, `doctor`, `recover`) know the server's crate. Data goes to stdout through `output` alone, everything else to stderr; how a command ended is an
//! [`exit::Exit`], whose numbers are part of the contract.

mod cli;
mod commands;
mod diff;
mod exit;
mod failure;
mod given_file;
mod interrupts;
mod labels;
mod live;
mod open_files;
mod output;
mod profiles;
mod relative;
mod secrets;
mod serve;
mod session;
mod table;
mod targets;
mod terminal;
mod verdict;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Exit;

/// A server makes and drops small texts all the time: the system's allocator took an eighth of what posting items costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let exit = match Cli::try_parse() {
        Ok(cli) => commands::run(cli).unwrap_or_else(|failure| failure.report()),
        Err(error) => told_by_clap(&error),
    };
    secrets::restore_terminal();
    // A thread may still wait for a line of stdin that nobody needs any more; returning would wait for it.
    std::process::exit(exit.code());
}

/// Help and version are answers; everything else that clap says is an error, and ours is 1 where clap's is 2.
fn told_by_clap(error: &clap::Error) -> Exit {
    let printed = error.print().is_ok();
    if error.use_stderr() || !printed { Exit::Error } else { Exit::Done }
}
