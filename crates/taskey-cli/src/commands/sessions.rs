//! `taskey sessions`: the browsers that one is signed in with oneself.

use clap::Subcommand;
use taskey_proto::accounts::Session;
use taskey_proto::id::SessionId;
use taskey_proto::page::Page;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::relative::{now, relative};
use crate::session;
use crate::table::Table;

#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List the browsers that you are signed in with; command lines are in `taskey keys ls`.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Sign yourself out of one browser.
    Rm { session: SessionId },
}

pub async fn run(global: &Global, command: SessionsCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        SessionsCommand::Ls { limit } => show(&client.list_sessions(limit).await?, output)?,
        SessionsCommand::Rm { session } => client.end_session(session).await?,
    }
    Ok(Exit::Done)
}

pub fn show(sessions: &Page<Session>, output: Output) -> Result<(), Failure> {
    output.list(sessions, |session| session.id.to_string(), list_table)
}

fn list_table(sessions: &[Session]) -> Table {
    let now = now();
    let mut table = Table::new(&["ID", "ADDRESS", "CREATED", "LAST SEEN", "EXPIRES", "BROWSER"]);
    for session in sessions {
        table.row([
            session.id.to_string().into(),
            session.address.as_str().into(),
            relative(session.created_at, now).into(),
            relative(session.last_seen_at, now).into(),
            relative(session.expires_at, now).into(),
            session.client.as_str().into(),
        ]);
    }
    table
}
