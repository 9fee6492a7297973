//! `taskey doctor`: what is wrong with a server, looked for on its host.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use taskey_proto::Time;
use taskey_proto::doctor::{Finding, Verdict};
use taskey_proto::page::Page;
use taskey_server::doctor::examine;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::serve::StoreArgs;
use crate::table::{Cell, Table, Tone};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    store: StoreArgs,
}

pub async fn run(args: DoctorArgs, output: Output) -> Result<Exit, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let findings = examine(args.store.settings(), Time::from_ms(since.as_millis() as i64)).await;
    let has_problem = findings.iter().any(|finding| finding.verdict == Verdict::Problem);
    output.list(&Page { items: findings, next: None }, |finding| finding.check.to_owned(), table)?;
    Ok(if has_problem { Exit::Error } else { Exit::Done })
}

fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new(&["CHECK", "VERDICT", "FOUND"]);
    for finding in findings {
        let verdict = match finding.verdict {
            Verdict::Ok => Cell::toned("ok", Tone::Good),
            Verdict::Warning => "warning".into(),
            Verdict::Problem => Cell::toned("PROBLEM", Tone::Bad),
        };
        table.row([finding.check.into(), verdict, finding.detail.as_str().into()]);
        if let Some(advice) = &finding.advice {
            table.row(["".into(), "".into(), format!("-> {advice}").into()]);
        }
    }
    table
}
