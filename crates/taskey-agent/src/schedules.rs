//! The schedules that this device keeps: signed documents in files, verified when they are taken and again when they are read.
//!
//! `schedules/assignment.json` says which documents count; it is replaced last, so that an interrupted change leaves the earlier set whole.
//! Each document lies beside it under its digest. Values of secrets lie there as they came, sealed for this device.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use taskey_proto::Time;
use taskey_proto::crypto::{hex, sha256};
use taskey_proto::document::{DocumentError, SignedDocument, TaskDocument};
use taskey_proto::id::ScheduleId;
use taskey_proto::schedules::document::{
    ASSIGNMENT_CONTEXT, Assignment, FetchAssignment, FetchedAssignment, KeptSchedule, SCHEDULE_CONTEXT, ScheduleDocument, ScheduleSecrets,
};
use taskey_proto::secrets::SealedSecret;
use taskey_schedule::{Timetable, Zone};

use crate::identity::Identity;
use crate::state_dir::{Durability, StateDir, replace_file};
use crate::{timezone, warning};

const FOLDER: &str = "schedules";
const ASSIGNMENT_FILE: &str = "assignment.json";
const SECRETS_FILE: &str = "secrets.json";

/// One schedule, ready to fire.
pub struct Scheduled {
    pub document: ScheduleDocument,
    pub digest: String,
    pub timetable: Timetable,
    pub task: TaskDocument,
    pub secrets: Vec<SealedSecret>,
    /// When its next slot is due, with its splay; see `agent/firing.rs`.
    pub due: Option<Time>,
}

/// What this device keeps.
pub struct Schedules {
    folder: PathBuf,
    zone: Zone,
    pub assignment: Option<Assignment>,
    pub kept: BTreeMap<ScheduleId, Scheduled>,
    /// Documents of an assignment of which some are still missing.
    partial: BTreeMap<String, KeptSchedule>,
}

#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error("{0}")]
    Document(#[from] DocumentError),
    #[error("it is for another device")]
    OtherDevice,
    #[error("it is of another life of the server")]
    Epoch,
    #[error("it is older than what this device keeps")]
    Old,
    #[error("the timing of {0} cannot be read: {1}")]
    Timing(String, String),
    #[error("it cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// What came of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is what counts from now on.
    Whole,
    /// Documents are missing: they are to be asked for.
    Partly,
}

/// The assignment with the number that it has, so that a change is seen.
#[derive(Serialize, Deserialize)]
struct AssignmentFile {
    assignment: SignedDocument,
}

impl Schedules {
    /// Reads what an earlier life of the agent has kept. What cannot be believed any more is left out and asked for again.
    pub fn open(state: &StateDir, identity: &Identity) -> Self {
        let folder = state.file(FOLDER);
        let mut schedules = Self { folder, zone: timezone::own(), assignment: None, kept: BTreeMap::new(), partial: BTreeMap::new() };
        if let Err(error) = schedules.read(identity) {
            warning!("the schedules that were kept cannot be used, they are asked for again: {error}");
            schedules.assignment = None;
            schedules.kept.clear();
        }
        schedules
    }

    fn read(&mut self, identity: &Identity) -> Result<(), TakeError> {
        let Some(file) = self.read_file::<AssignmentFile>(ASSIGNMENT_FILE)? else { return Ok(()) };
        let assignment: Assignment = file.assignment.open(&identity.server_key, ASSIGNMENT_CONTEXT, "assignment")?;
        if assignment.device != identity.device {
            return Err(TakeError::OtherDevice);
        }
        let secrets: Vec<ScheduleSecrets> = self.read_file(SECRETS_FILE)?.unwrap_or_default();
        let mut kept = BTreeMap::new();
        for assigned in &assignment.schedules {
            let Some(document) = self.read_file::<KeptSchedule>(&document_file(&assigned.digest))? else {
                return Err(io::Error::new(io::ErrorKind::NotFound, format!("the document {} is gone", assigned.digest)).into());
            };
            let schedule = self.compile(identity, &document)?;
            kept.insert(assigned.schedule, schedule);
        }
        self.assignment = Some(assignment);
        self.kept = kept;
        self.give_secrets(secrets);
        Ok(())
    }

    /// The number of the assignment that counts, 0 without one.
    pub fn number(&self) -> u64 {
        self.assignment.as_ref().map_or(0, |assignment| assignment.number)
    }

    pub fn timezone(&self) -> &str {
        self.zone.name()
    }

    pub fn request(&self) -> FetchAssignment {
        let kept = self.kept.values().map(|kept| kept.digest.clone());
        FetchAssignment { has: kept.chain(self.partial.keys().cloned()).collect() }
    }

    /// Whether an answer may replace what counts. Nothing is changed.
    pub fn judge(&self, identity: &Identity, fetched: &FetchedAssignment) -> Result<Assignment, TakeError> {
        let assignment: Assignment = fetched.assignment.open(&identity.server_key, ASSIGNMENT_CONTEXT, "assignment")?;
        if assignment.device != identity.device {
            return Err(TakeError::OtherDevice);
        }
        if assignment.epoch != identity.epoch {
            return Err(TakeError::Epoch);
        }
        let newest = self.assignment.as_ref().map(|kept| (kept.epoch, kept.number, kept.issued_at));
        if newest.is_some_and(|newest| newest > (assignment.epoch, assignment.number, assignment.issued_at)) {
            return Err(TakeError::Old);
        }
        Ok(assignment)
    }

    /// Takes an answer: after this its assignment counts, unless documents are missing.
    pub fn take(&mut self, identity: &Identity, fetched: FetchedAssignment) -> Result<Taken, TakeError> {
        let assignment = self.judge(identity, &fetched)?;
        let listed: BTreeSet<&str> = assignment.schedules.iter().map(|assigned| assigned.digest.as_str()).collect();
        for document in fetched.schedules {
            let digest = hex(&document.document.digest());
            if listed.contains(digest.as_str()) {
                self.partial.insert(digest, document);
            }
        }
        self.partial.retain(|digest, _| listed.contains(digest.as_str()));
        let has = |digest: &str| self.partial.contains_key(digest) || self.kept.values().any(|kept| kept.digest == digest);
        if !assignment.schedules.iter().all(|assigned| has(&assigned.digest)) {
            return Ok(Taken::Partly);
        }
        let mut fresh = BTreeMap::new();
        for assigned in &assignment.schedules {
            if let Some(document) = self.partial.get(&assigned.digest) {
                fresh.insert(assigned.schedule, self.compile(identity, document)?);
            }
        }
        self.write(&fetched.assignment, &fetched.secrets)?;
        let wanted: BTreeSet<ScheduleId> = assignment.schedules.iter().map(|assigned| assigned.schedule).collect();
        self.kept.retain(|schedule, _| wanted.contains(schedule));
        self.kept.extend(fresh);
        self.assignment = Some(assignment);
        self.partial.clear();
        self.give_secrets(fetched.secrets);
        self.sweep();
        Ok(Taken::Whole)
    }

    fn compile(&self, identity: &Identity, kept: &KeptSchedule) -> Result<Scheduled, TakeError> {
        let document: ScheduleDocument = kept.document.open(&identity.server_key, SCHEDULE_CONTEXT, "schedule")?;
        if sha256(&kept.task)[..] != document.task_digest[..] {
            return Err(DocumentError::TaskDigest.into());
        }
        let task = serde_json::from_slice(&kept.task).map_err(|_| DocumentError::Unreadable("task"))?;
        let timetable =
            Timetable::new(&document.timing, &self.zone).map_err(|error| TakeError::Timing(document.name.clone(), error.to_string()))?;
        let digest = hex(&kept.document.digest());
        Ok(Scheduled { document, digest, timetable, task, secrets: Vec::new(), due: None })
    }

    fn give_secrets(&mut self, secrets: Vec<ScheduleSecrets>) {
        for given in secrets {
            if let Some(kept) = self.kept.get_mut(&given.schedule) {
                kept.secrets = given.secrets;
            }
        }
    }

    fn write(&self, assignment: &SignedDocument, secrets: &Vec<ScheduleSecrets>) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        for (digest, document) in &self.partial {
            self.write_file(&document_file(digest), document)?;
        }
        self.write_file(SECRETS_FILE, secrets)?;
        self.write_file(ASSIGNMENT_FILE, &AssignmentFile { assignment: assignment.clone() })
    }

    /// Removes documents that no assignment names any more. One that stays is only in nobody's way.
    fn sweep(&self) {
        let used: BTreeSet<String> = self.kept.values().map(|kept| document_file(&kept.digest)).collect();
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_document = name.len() == 64 + 5 && name.ends_with(".json");
            if is_document && !used.contains(&name) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn read_file<T: for<'de> Deserialize<'de>>(&self, name: &str) -> io::Result<Option<T>> {
        match std::fs::read(self.folder.join(name)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_file<T: Serialize>(&self, name: &str, content: &T) -> io::Result<()> {
        replace_file(&self.folder.join(name), &serde_json::to_vec(content)?, 0o600, Durability::Durable)
    }
}

fn document_file(digest: &str) -> String {
    format!("{digest}.json")
}
