//! `taskey ask`: a person's decision in the middle of a script.

use clap::Args;
use taskey_proto::Span;

use super::items::{post, waiting};
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::output::{self, Output};
use crate::session;

#[derive(Debug, Args)]
pub struct AskArgs {
    #[command(flatten)]
    post: post::PostArgs,
    /// How long to wait for an answer; without it, as long as it takes. The item stays open after that.
    #[arg(long, value_name = "SPAN")]
    wait: Option<Span>,
}

/// Posts an item and waits for it. Run again with the same external id, it goes on waiting for the same item.
pub async fn run(global: &Global, args: AskArgs, output: Output, interrupts: &mut Interrupts) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    let posted = tokio::select! {
        posted = post::post(&client, args.post) => posted?,
        () = interrupts.next() => {
            output::note("nobody knows whether it was posted; `taskey items ls` tells");
            return Ok(Exit::Interrupted);
        }
    };
    waiting::wait(&client, posted.item.id, args.wait, output, interrupts).await
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::{Cli, Command};

    #[test]
    fn what_is_asked_is_an_item_and_how_long_is_a_span() {
        let typed = |arguments: &[&str]| Cli::try_parse_from([&["taskey", "ask", "--type", "refund"], arguments].concat());
        let cli = typed(&["--field", "order=A1", "--wait", "30m", "--external-id", "order-A1"]).unwrap();
        let Command::Ask(args) = cli.command else { panic!("not a question") };
        assert_eq!(args.wait, Some("30m".parse().unwrap()));
        assert!(typed(&["--wait", "soon"]).unwrap_err().to_string().contains("not a length of time"));
    }
}
