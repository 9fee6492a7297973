//! Seals what was recorded: rows get their place in their organization's chain, and its end is signed.
//!
//! Nodes that share a database may do this at the same time. The transaction decides: rows and head are read and written in one, and the
//! one that comes second sees what the first has sealed.

use std::collections::HashSet;
use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::audit::{AuditHead, FIRST_PREVIOUS, entry_hash, read_hash};
use taskey_proto::id::OrganizationId;

use super::remembered::Remembered;
use super::store;
use crate::app::App;
use crate::platform::db::{DbError, Tx};

/// The topic that every recorded row wakes.
pub const TOPIC: &str = "audit";
/// Rows of one transaction: long ones would hold up whoever writes.
const BATCH: usize = 500;
/// What is recorded within this time is sealed together.
const GATHER: Duration = Duration::from_millis(500);
/// Between two sealings, so that there is one a second at most however much happens.
const REST: Duration = Duration::from_millis(500);

/// Seals everything that is recorded, within about a second. A quiet server seals too: it is work on its own account only.
pub async fn seal_audit(app: App) {
    let mut waker = app.db.hub().subscribe(TOPIC);
    let mut sealer = Sealer { remembered: Remembered::read(&app.data, &app.keys.signing.public_key()), refused: HashSet::new(), app };
    loop {
        match sealer.seal_all().await {
            Ok(0) => {}
            Ok(_) => sealer.app.clock.sleep(REST).await,
            Err(error) => tracing::error!(%error, "the audit log was not sealed"),
        }
        waker.woken().await;
        sealer.app.clock.sleep(GATHER).await;
    }
}

struct Sealer {
    app: App,
    remembered: Remembered,
    /// Organizations whose log is not sealed on, so that each is logged once.
    refused: HashSet<OrganizationId>,
}

impl Sealer {
    /// Seals what there is, of every organization; how many rows.
    async fn seal_all(&mut self) -> Result<u64, DbError> {
        let (mut count, mut after) = (0, None);
        while let Some(organization) = store::next_unsealed(&mut &self.app.db, after).await? {
            count += self.seal(organization).await?;
            after = Some(organization);
        }
        Ok(count)
    }

    async fn seal(&mut self, organization: OrganizationId) -> Result<u64, DbError> {
        let mut count = 0;
        loop {
            let now = self.app.now();
            let input = Batch { app: self.app.clone(), organization, remembered: self.remembered.of(organization).cloned(), now };
            match self.app.db.write(input, |tx, batch| Box::pin(seal_batch(tx, batch))).await? {
                Sealed::Nothing => return Ok(count),
                Sealed::Refused(why) => {
                    if self.refused.insert(organization) {
                        tracing::error!(%organization, why, "the audit log was tampered with and is not sealed any more; see `taskey audit verify`");
                    }
                    return Ok(count);
                }
                Sealed::Rows(rows, head) => {
                    self.refused.remove(&organization);
                    self.remembered.remember(*head, now);
                    count += rows as u64;
                    if rows < BATCH {
                        return Ok(count);
                    }
                }
            }
        }
    }
}

struct Batch {
    app: App,
    organization: OrganizationId,
    remembered: Option<AuditHead>,
    now: Time,
}

enum Sealed {
    Nothing,
    Rows(usize, Box<AuditHead>),
    /// The server's signature under what comes next would vouch for what somebody else has made of the log.
    Refused(&'static str),
}

async fn seal_batch(tx: &mut Tx<'_>, batch: &Batch) -> Result<Sealed, DbError> {
    let rows = store::unsealed(tx, batch.organization, BATCH).await?;
    if rows.is_empty() {
        return Ok(Sealed::Nothing);
    }
    let key = &batch.app.keys.signing;
    let head = store::head(tx, batch.organization, key.public_key()).await?;
    if head.is_none() && store::is_begun(tx, batch.organization).await? {
        return Ok(Sealed::Refused("there are sealed rows and no head"));
    }
    let (mut seq, mut hash) = match end_of_chain(head.as_ref(), batch) {
        Ok(end) => end,
        Err(why) => return Ok(Sealed::Refused(why)),
    };
    for row in &rows {
        seq += 1;
        hash = entry_hash(batch.organization, &hash, seq, &row.entry);
        store::set_sealed(tx, row.id, seq, &hash).await?;
    }
    let head = AuditHead::sign(key, batch.organization, seq, &hash, batch.now);
    store::set_head(tx, &head, &hash).await?;
    Ok(Sealed::Rows(rows.len(), Box::new(head)))
}

/// Where the chain goes on; not from a head that we have not signed, nor behind one that we remember.
fn end_of_chain(head: Option<&AuditHead>, batch: &Batch) -> Result<(u64, taskey_proto::audit::Hash), &'static str> {
    let remembered = batch.remembered.as_ref();
    let Some(head) = head else {
        return if remembered.is_some() { Err("its head is gone") } else { Ok((0, FIRST_PREVIOUS)) };
    };
    if head.verify(&batch.app.keys.signing.public_key()).is_err() {
        return Err("its head is not signed by this server's key");
    }
    if remembered.is_some_and(|known| head.seq < known.seq || head.seq == known.seq && head.hash != known.hash) {
        return Err("it was turned back to an earlier state");
    }
    read_hash(&head.hash).map(|hash| (head.seq, hash)).ok_or("its head holds no hash")
}
