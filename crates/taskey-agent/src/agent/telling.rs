//! What goes to the server: ends, kept until they are acknowledged, and who we are.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::id::ExecutionId;
use taskey_proto::line::{Finished, Sync};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;
use tokio::time::Instant;

use super::Agent;
use crate::execution::never_ran;
use crate::journal::{Journal, SPOOL_LEN_MAX};
use crate::line::ToLine;
use crate::upload::Uploaded;
use crate::{VERSION, facts, policy, warning};

pub(super) const SYNC_EVERY: Duration = Duration::from_secs(300);

impl Agent {
    /// Keeps an end until it is acknowledged.
    pub(super) fn end(&mut self, report: Finished, valid_until: Time) {
        let record = self.outbox.finish(report);
        match self.journal.finish(&record, valid_until) {
            Ok(()) => {
                self.journal_is_ahead = true;
                self.bound_spool();
            }
            Err(error) => {
                warning!("{}: its end is kept in memory alone, the journal cannot be written: {error}", record.execution);
                self.outbox.keep(record);
            }
        }
    }

    /// A server that is away for days must not fill the device's disk.
    fn bound_spool(&mut self) {
        match self.journal.shorten(SPOOL_LEN_MAX) {
            Ok(0) => {}
            Ok(count) => warning!("too much waits for the server: the output of the {count} oldest executions is dropped"),
            Err(error) => warning!("what waits for the server cannot be shortened: {error}"),
        }
    }

    /// Sends what may leave, then makes durable what was written meanwhile.
    pub(super) async fn pump(&mut self) {
        let now = Instant::now();
        let time = self.time.now();
        while let Some(message) =
            self.outbox.next(now, |execution| Some(load(&self.journal, execution, time)), self.journal.unfired_waiting())
        {
            let _ = self.to_line.send(ToLine::Publish { generation: self.generation, message });
        }
        if let Some(upload) = self.outbox.next_upload() {
            self.uploader.upload(upload, self.identity.clone());
        }
        if std::mem::take(&mut self.journal_is_ahead) {
            // The line writes to its socket before the disk is waited for.
            tokio::task::yield_now().await;
            if let Err(error) = self.journal.sync() {
                warning!("the journal cannot be made durable: {error}");
            }
        }
    }

    pub(super) fn take_uploaded(&mut self, uploaded: Uploaded) {
        if let Err(error) = &uploaded.outcome {
            warning!("{}: its output goes by the line, since it could not be sent over HTTP: {error}", uploaded.execution);
        }
        self.outbox.uploaded(uploaded.execution, uploaded.outcome.is_ok());
    }

    pub(super) fn next_due(&self) -> Instant {
        let now = self.time.now();
        let expiry = self.waiting.iter().map(|waiting| waiting.valid_until.since_ms(now)).min();
        let expiry = expiry.map(|ms| Instant::now() + Duration::from_millis(ms.max(0) as u64));
        [Some(self.sync_at), expiry, self.outbox.next_due()].into_iter().flatten().min().unwrap_or(self.sync_at)
    }

    pub(super) fn sync_if_due(&mut self) {
        if self.sync_at <= Instant::now() {
            self.send_sync();
        }
    }

    pub(super) fn send_sync(&mut self) {
        self.sync_at = Instant::now() + SYNC_EVERY;
        let sync = self.sync();
        self.outbox.send_sync(sync);
    }

    pub(super) fn sync(&self) -> Sync {
        let policy = match policy::load(self.config.state.policy_dir()) {
            Ok(policy) => serde_json::json!(policy),
            Err(error) => serde_json::json!({ "problem": error.reason() }),
        };
        Sync {
            agent_version: VERSION.to_owned(),
            protocol: taskey_proto::PROTOCOL,
            boot_id: self.boot_id.clone(),
            facts: facts::collect(),
            policy,
            held: self.outbox.held().chain(self.waiting.iter().map(|waiting| self.execution_of(waiting))).collect(),
            assignment: Some(self.schedules.number()),
        }
    }
}

/// An end from the journal; one that cannot be read any more is told as lost, rather than never.
fn load(journal: &Journal, execution: ExecutionId, now: Time) -> Finished {
    let why = match journal.report(execution) {
        Ok(Some(report)) => return report,
        Ok(None) => "the journal has no end of it".to_owned(),
        Err(error) => error.to_string(),
    };
    never_ran(execution, State::Lost, Reason::new("journal_damaged", why), Vec::new(), now)
}
