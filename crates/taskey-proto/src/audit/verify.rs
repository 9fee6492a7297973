//! Verifies a chain entry by entry, and names what is wrong with it. Pure: whoever calls brings the entries and the heads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chain::{FIRST_PREVIOUS, Hash, entry_hash, read_hash};
use super::{AuditEntry, AuditHead};
use crate::crypto::PublicKey;
use crate::id::OrganizationId;

/// Entries whose hash does not fit and that are compared with each other, to tell moved ones from changed ones.
const SUSPECTS_MAX: usize = 32;
/// Findings that are kept; the rest is counted.
const FINDINGS_MAX: usize = 1_000;

/// What a verification found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditReport {
    pub ok: bool,
    /// Sealed entries that were looked at.
    pub entries: u64,
    pub head: Option<AuditHead>,
    /// Entries that are not sealed yet; nothing holds them so far.
    pub unsealed: u64,
    /// In the order of the chain.
    pub findings: Vec<AuditFinding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFinding {
    /// The entry that it is about, or the first of several; null where it is about none.
    pub seq: Option<u64>,
    pub kind: FindingKind,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// What an entry says does not give its hash.
    Changed,
    /// Entries are not there.
    Missing,
    /// An entry stands where another one belongs.
    Moved,
    /// The chain ends before a head that is known.
    CutOff,
    /// The chain is whole in itself and is not the one that a head was made of.
    Rewritten,
    /// Entries claim to be sealed and no signed head covers them.
    NotCovered,
    /// There is no head, or another key has signed it.
    Signature,
    /// The server's key is not the one that was expected.
    Key,
    /// More was found than is listed.
    More,
}

impl FindingKind {
    pub const fn word(self) -> &'static str {
        match self {
            FindingKind::Changed => "changed",
            FindingKind::Missing => "missing",
            FindingKind::Moved => "moved",
            FindingKind::CutOff => "cut off",
            FindingKind::Rewritten => "rewritten",
            FindingKind::NotCovered => "not covered",
            FindingKind::Signature => "signature",
            FindingKind::Key => "key",
            FindingKind::More => "more",
        }
    }
}

/// Takes the entries of one organization's chain in their order, and the heads that have to lie on it.
pub struct Verifier {
    organization: OrganizationId,
    key: PublicKey,
    entries: u64,
    /// Number and name of the entry before.
    last: (u64, String),
    /// The hash that stands with the entry before; none after a gap, or where it is no hash.
    previous: Option<Hash>,
    /// Hashes that entries to come must have, with who says so.
    awaited: BTreeMap<u64, Vec<(Hash, String)>>,
    suspects: Vec<Suspect>,
    findings: Vec<AuditFinding>,
    unlisted: u64,
    signature_failed: bool,
}

/// An entry whose hash does not fit.
struct Suspect {
    entry: AuditEntry,
    seq: u64,
    /// The hash that stands with the entry before.
    previous: Option<Hash>,
    /// The hash that stands with it.
    stored: Option<Hash>,
}

impl Verifier {
    pub fn new(organization: OrganizationId, key: PublicKey) -> Self {
        Self {
            organization,
            key,
            entries: 0,
            last: (0, String::new()),
            previous: Some(FIRST_PREVIOUS),
            awaited: BTreeMap::new(),
            suspects: Vec::new(),
            findings: Vec::new(),
            unlisted: 0,
            signature_failed: false,
        }
    }

    /// How far the chain has been taken.
    pub fn last_seq(&self) -> u64 {
        self.last.0
    }

    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// A head that must lie on the chain, known from `source`. Give it before the entries that it covers.
    pub fn expect(&mut self, seq: u64, hash: Hash, source: &str) {
        if seq == self.last.0 {
            self.compare(seq, self.previous, &hash, source);
        } else if seq > self.last.0 {
            let awaited = self.awaited.entry(seq).or_default();
            if !awaited.iter().any(|(known, _)| *known == hash) {
                awaited.push((hash, source.to_owned()));
            }
        }
    }

    /// The same for a head that the server's key has to have signed.
    pub fn expect_head(&mut self, head: &AuditHead, source: &str) {
        let hash = read_hash(&head.hash).filter(|_| head.organization == self.organization && head.verify(&self.key).is_ok());
        match hash {
            Some(hash) => self.expect(head.seq, hash, source),
            None if self.signature_failed => {}
            None => {
                self.signature_failed = true;
                self.add(
                    Some(head.seq),
                    FindingKind::Signature,
                    format!("{source}, at entry {}, is not signed by the server's key", head.seq),
                );
            }
        }
    }

    /// The next entry of the chain.
    pub fn take(&mut self, entry: &AuditEntry) {
        // What is not sealed is not of the chain.
        let Some(seq) = entry.seq else { return };
        self.entries += 1;
        let expected = self.last.0 + 1;
        if seq < expected {
            let detail = format!("{} comes after {}", name(entry), self.last.1);
            return self.add(Some(seq), FindingKind::Moved, detail);
        }
        if seq > expected {
            let before = if self.last.0 == 0 { "the beginning".to_owned() } else { self.last.1.clone() };
            let detail = format!("{}, between {before} and {}", missing(expected, seq - 1), name(entry));
            self.add(Some(expected), FindingKind::Missing, detail);
            self.previous = None;
            let gone = std::mem::take(&mut self.awaited);
            self.awaited = gone.into_iter().filter(|(at, _)| *at >= seq).collect();
        }
        let stored = entry.hash.as_deref().and_then(read_hash);
        let fits = match (self.previous, stored) {
            (Some(previous), Some(stored)) => entry_hash(self.organization, &previous, seq, entry) == stored,
            // The entry before is gone, and with it what could be computed; what follows is held against this one's hash.
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !fits {
            self.suspect(Suspect { entry: entry.clone(), seq, previous: self.previous, stored });
        }
        self.previous = stored;
        self.last = (seq, name(entry));
        for (hash, source) in self.awaited.remove(&seq).unwrap_or_default() {
            self.compare(seq, stored, &hash, &source);
        }
    }

    /// The end of the chain, with its newest head.
    pub fn finish(mut self, head: Option<AuditHead>, unsealed: u64) -> AuditReport {
        let (last, last_name) = self.last.clone();
        match &head {
            None if last > 0 => {
                self.add(None, FindingKind::Signature, "there are sealed entries and no signed head".to_owned());
            }
            None => {}
            Some(head) => {
                self.expect_head(head, "the signed head");
                if head.seq < last && !self.signature_failed {
                    let detail = format!("entries {} to {last} say that they are sealed, and the signed head ends before", head.seq + 1);
                    self.add(Some(head.seq + 1), FindingKind::NotCovered, detail);
                }
            }
        }
        if let Some((&furthest, sources)) = self.awaited.last_key_value() {
            let source = sources.first().map(|(_, source)| source.clone()).unwrap_or_default();
            let end = if last == 0 { "there is none".to_owned() } else { format!("the last that is there is {last_name}") };
            let detail = format!("{} at the end: {source} is at entry {furthest}, and {end}", missing(last + 1, furthest));
            self.add(Some(last + 1), FindingKind::CutOff, detail);
        }
        self.judge_suspects();
        self.findings.sort_by_key(|finding| finding.seq.unwrap_or(u64::MAX));
        if self.unlisted > 0 {
            let detail = format!("{} more findings are not listed", self.unlisted);
            self.findings.push(AuditFinding { seq: None, kind: FindingKind::More, detail });
        }
        AuditReport { ok: self.findings.is_empty(), entries: self.entries, head, unsealed, findings: self.findings }
    }

    /// Something that has to do with no entry.
    pub fn add_finding(&mut self, kind: FindingKind, detail: String) {
        self.add(None, kind, detail);
    }

    fn compare(&mut self, seq: u64, stored: Option<Hash>, wanted: &Hash, source: &str) {
        let is_told = self.findings.iter().any(|finding| finding.seq == Some(seq) && finding.kind == FindingKind::Rewritten);
        if stored.as_ref() != Some(wanted) && !is_told {
            let detail = format!("{} has another hash than {source} says: it was rewritten, or what is before it was", self.last.1);
            self.add(Some(seq), FindingKind::Rewritten, detail);
        }
    }

    fn suspect(&mut self, suspect: Suspect) {
        if self.suspects.len() < SUSPECTS_MAX {
            return self.suspects.push(suspect);
        }
        self.add(Some(suspect.seq), FindingKind::Changed, changed(&suspect.entry));
    }

    /// Tells entries that were moved from those that were changed, and lets go those that only follow on a moved one.
    fn judge_suspects(&mut self) {
        let suspects = std::mem::take(&mut self.suspects);
        let hashes: Vec<Hash> = suspects.iter().filter_map(|suspect| suspect.stored).collect();
        let verdicts: Vec<Option<u64>> = suspects.iter().map(|suspect| self.place_of(suspect, &suspects, &hashes)).collect();
        // Were each of them said to follow on another one, nobody would be left to be named.
        let nobody_left = suspects.iter().zip(&verdicts).all(|(suspect, place)| *place == Some(suspect.seq));
        for (suspect, place) in suspects.iter().zip(verdicts) {
            match place {
                Some(place) if place == suspect.seq && !nobody_left => {}
                Some(place) if place != suspect.seq => {
                    self.add(Some(suspect.seq), FindingKind::Moved, format!("{} belongs to {place}", name(&suspect.entry)));
                }
                _ => self.add(Some(suspect.seq), FindingKind::Changed, changed(&suspect.entry)),
            }
        }
    }

    /// Where in the chain this entry gives a hash that is there: its own place, where it only follows on one that was moved, or that
    /// of another one.
    fn place_of(&self, suspect: &Suspect, all: &[Suspect], hashes: &[Hash]) -> Option<u64> {
        let fits = |place: &Suspect, previous: &Hash| {
            let hash = Some(entry_hash(self.organization, previous, place.seq, &suspect.entry));
            hash == suspect.stored || hash == place.stored
        };
        let own = std::iter::once(suspect).chain(all.iter().filter(|place| place.seq != suspect.seq));
        own.into_iter().find(|place| hashes.iter().chain(&place.previous).any(|previous| fits(place, previous))).map(|place| place.seq)
    }

    fn add(&mut self, seq: Option<u64>, kind: FindingKind, detail: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(AuditFinding { seq, kind, detail });
        } else {
            self.unlisted += 1;
        }
    }
}

/// `12 (2026-11-21T05:31:03.007Z, device.removed by ann)`
fn name(entry: &AuditEntry) -> String {
    let seq = entry.seq.map_or_else(|| "not sealed".to_owned(), |seq| seq.to_string());
    let actor = if entry.actor.name.is_empty() { &entry.actor.id } else { &entry.actor.name };
    format!("{seq} ({}, {} by {actor})", entry.at, entry.action)
}

fn changed(entry: &AuditEntry) -> String {
    format!("{}: what it says, after the one before it, does not give its hash", name(entry))
}

fn missing(first: u64, last: u64) -> String {
    if first == last { format!("entry {first} is missing") } else { format!("entries {first} to {last} are missing") }
}

#[cfg(test)]
mod tests;
