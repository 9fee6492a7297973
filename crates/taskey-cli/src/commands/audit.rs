//! `taskey audit`: what was done, and whether the log of it is whole.

use std::io::IsTerminal as _;
use std::str::FromStr;

use clap::{Args, Subcommand};
use taskey_client::{AuditFilter, Client};
use taskey_proto::Time;
use taskey_proto::audit::{AuditChain, AuditEntry, AuditReport, FindingKind, Hash, Verifier, read_hash};
use taskey_proto::crypto::PublicKey;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::session;
use crate::table::{Cell, Table, Tone};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was done and what was refused, newest first.
    Ls(LsArgs),
    /// Read the whole log and compute its chain anew, here: exit code 2 where something is wrong with it.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub struct LsArgs {
    /// Id of a user (with all that their keys did), a key or a device, or a name.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// An action such as device.removed, or all of a kind as in 'device.*'.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Id of what it was done to.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Not before this, as in 2030-01-31T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Not after this.
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Show no more than this many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The fingerprint that the server's key must have; `taskeyd status` on a device shows the one that it has pinned.
    #[arg(long, value_name = "FINGERPRINT")]
    key: Option<String>,
    /// A head that is known from elsewhere and must lie on the chain, such as the one in `taskeyd status` of a device; may be repeated.
    #[arg(long = "head", value_name = "SEQ:HASH")]
    heads: Vec<KnownHead>,
}

#[derive(Debug, Clone)]
struct KnownHead {
    seq: u64,
    hash: Hash,
}

impl FromStr for KnownHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, read_hash(hash)?)));
        let (seq, hash) = parts.filter(|(seq, _)| *seq > 0).ok_or("a number, a colon, and 64 lower-case hexadecimal digits")?;
        Ok(Self { seq, hash })
    }
}

pub async fn run(global: &Global, command: AuditCommand, output: Output) -> Result<Exit, Failure> {
    let client = session::client(global)?;
    match command {
        AuditCommand::Ls(args) => {
            let filter =
                AuditFilter { actor: args.actor, action: args.action, subject: args.subject, since: args.since, until: args.until };
            let page = client.list_audit(&filter, args.limit).await?;
            output.list(&page, |entry| entry.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string()), list_table)?;
            Ok(Exit::Done)
        }
        AuditCommand::Verify(args) => {
            let (report, tail) = verify(&client, &args).await?;
            output.thing(&report, if report.ok { "ok" } else { "wrong" }, || report_table(&report, &tail))?;
            Ok(if report.ok { Exit::Done } else { Exit::Failed })
        }
    }
}

fn list_table(entries: &[AuditEntry]) -> Table {
    let mut table = Table::new(&["SEQ", "TIME", "ACTOR", "ACTION", "SUBJECT", "FROM", "DETAIL"]);
    for entry in entries {
        let seq = entry.seq.map_or_else(|| Cell::toned("-", Tone::Busy), |seq| seq.to_string().into());
        let name = if entry.actor.name.is_empty() { &entry.actor.kind } else { &entry.actor.name };
        let detail = if entry.detail == serde_json::json!({}) { String::new() } else { entry.detail.to_string() };
        table.row([
            seq,
            entry.at.to_string().into(),
            name.as_str().into(),
            entry.action.as_str().into(),
            entry.subject.as_str().into(),
            entry.address.as_str().into(),
            detail.into(),
        ]);
    }
    table
}

/// Reads the chain to its end and verifies it on the way. The second value is the tail that is not sealed.
async fn verify(client: &Client, args: &VerifyArgs) -> Result<(AuditReport, Vec<AuditEntry>), Failure> {
    let mut chain = client.show_audit_chain(0).await?;
    let key = key_of(&chain);
    let mut verifier = Verifier::new(chain.organization, key.unwrap_or(PublicKey([0; 32])));
    for head in &args.heads {
        verifier.expect(head.seq, head.hash, "the head that was given");
    }
    if let Some(head) = &chain.remembered {
        verifier.expect_head(head, "the head that the server has kept outside of its database");
    }
    let mut progress = Progress::default();
    // A row may be sealed between the server's look at the rows and its look at the head: behind a head, only a second empty piece is the end.
    let mut has_seen_end = false;
    loop {
        if let Some(head) = &chain.head {
            verifier.expect_head(head, "the signed head");
        }
        let before = verifier.last_seq();
        chain.items.iter().for_each(|entry| verifier.take(entry));
        progress.tell(verifier.entries());
        // Entries whose numbers do not go up would come again and again.
        let has_more = verifier.last_seq() > before;
        let is_behind = chain.head.as_ref().is_some_and(|head| head.seq > verifier.last_seq());
        if !has_more && (has_seen_end || !is_behind) {
            break;
        }
        has_seen_end = !has_more;
        chain = client.show_audit_chain(verifier.last_seq()).await?;
    }
    progress.end();
    if let (Some(wanted), found) = (&args.key, key.map(|key| key.fingerprint()))
        && found.as_ref() != Some(wanted)
    {
        let found = found.unwrap_or_else(|| "none that was told, since nothing is signed".to_owned());
        verifier.add_finding(FindingKind::Key, format!("the server's key is {found}, and not {wanted}"));
    }
    Ok((verifier.finish(chain.head, chain.unsealed), chain.tail))
}

fn key_of(chain: &AuditChain) -> Option<PublicKey> {
    chain.head.as_ref().or(chain.remembered.as_ref()).map(|head| head.key)
}

fn report_table(report: &AuditReport, tail: &[AuditEntry]) -> Table {
    let mut table = Table::of_fields();
    let verdict = if report.ok { Cell::toned("the chain is whole", Tone::Good) } else { Cell::toned("SOMETHING IS WRONG", Tone::Bad) };
    table.field("audit log", verdict);
    table.field("entries", report.entries.to_string());
    if let Some(head) = &report.head {
        table.field("head", format!("{}:{}", head.seq, head.hash));
        table.field("signed", format!("{} by the key {}", head.at, head.key.fingerprint()));
    }
    if report.unsealed > 0 {
        let (are, first) = (if report.unsealed == 1 { "entry is" } else { "entries are" }, tail.first());
        let since = first.map(|entry| format!(", since {}", entry.at)).unwrap_or_default();
        table.field("tail", format!("{} {are} not sealed yet{since}", report.unsealed));
    }
    for entry in tail {
        table.field("  not sealed", format!("{} {} by {}", entry.at, entry.action, entry.actor.name));
    }
    for finding in &report.findings {
        table.field(finding.kind.word(), finding.detail.as_str());
    }
    table
}

/// A line on stderr that is written over, on a terminal alone.
#[derive(Default)]
struct Progress {
    was_told: bool,
}

impl Progress {
    fn tell(&mut self, entries: u64) {
        if std::io::stderr().is_terminal() {
            output::ask(&format!("\r{entries} entries "));
            self.was_told = true;
        }
    }

    fn end(&self) {
        if self.was_told {
            output::note("");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_number_and_a_whole_hash() {
        let hash = "0a".repeat(32);
        assert!(matches!(format!("7:{hash}").parse(), Ok(KnownHead { seq: 7, hash }) if hash == [10; 32]));
        for wrong in [hash.clone(), format!("0:{hash}"), format!("7:{}", hash.to_uppercase()), format!("7:{}", &hash[2..]), "7:".to_owned()]
        {
            assert!(wrong.parse::<KnownHead>().is_err(), "{wrong}");
        }
    }
}
