//! `taskey quiet`: what a restored server waits with, and letting it go on.

use clap::Subcommand;
use taskey_proto::quiet::{EndQuiet, OldQueue, Quiet, QuietEnded};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::relative::{now, relative};
use crate::table::Table;
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum QuietCommand {
    /// Show whether the server is quiet, and what there is to look at before that is ended.
    Show,
    /// Let the server go on; what waited when the backup was made is cancelled. For operators of the server.
    End {
        /// Send what waited and is still valid, instead of cancelling it.
        #[arg(long)]
        keep_queued: bool,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

pub async fn run(global: &Global, command: QuietCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        QuietCommand::Show => show(&client.show_quiet().await?, output)?,
        QuietCommand::End { keep_queued, yes } => {
            confirm(keep_queued, yes).await?;
            let ended = client.end_quiet(&EndQuiet { queued: old_queue(keep_queued) }).await?;
            show_ended(&ended, output)?;
        }
    }
    Ok(Exit::Done)
}

pub fn old_queue(keep_queued: bool) -> OldQueue {
    if keep_queued { OldQueue::Keep } else { OldQueue::Cancel }
}

pub async fn confirm(keep_queued: bool, yes: bool) -> Result<(), Failure> {
    let queued = if keep_queued { "send what waited" } else { "cancel what waited" };
    secrets::confirm(&format!("Let this restored server go on, and {queued} when the backup was made?"), yes).await
}

pub fn show(quiet: &Quiet, output: Output) -> Result<(), Failure> {
    output.thing(quiet, if quiet.quiet { "quiet" } else { "not quiet" }, || {
        let now = now();
        let mut table = Table::of_fields();
        table.field("quiet", if quiet.quiet { "yes: nothing is started, and nothing from before is sent" } else { "no" });
        table.field_if("since", quiet.since.map(|since| relative(since, now)));
        table.field_if("backup of", quiet.restored_from.map(|made_at| made_at.to_string()));
        let counts = &quiet.counts;
        table.field("would be sent", counts.queued.to_string());
        table.field("not reported", counts.unreported.to_string());
        table.field("of the gap", format!("{} executions that devices told of and nobody here knows", counts.unknown_executions));
        table.field(
            "back as then",
            format!("{} devices, {} users, {} keys, {} secrets", counts.devices, counts.users, counts.keys, counts.secrets),
        );
        if quiet.quiet {
            table.field("next", "look at who and what is back that was removed since; then `taskey quiet end`");
        }
        table
    })
}

pub fn show_ended(ended: &QuietEnded, output: Output) -> Result<(), Failure> {
    output.thing(ended, if ended.ended { "ended" } else { "not quiet" }, || {
        let mut table = Table::of_fields();
        table.field("quiet", if ended.ended { "ended" } else { "it was not" });
        table.field("cancelled", ended.cancelled.to_string());
        table.field("kept", ended.kept.to_string());
        table
    })
}
