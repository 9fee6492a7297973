//! What of a schedule devices keep: its revision as a signed document.

use taskey_proto::Time;
use taskey_proto::crypto::{from_hex, hex};
use taskey_proto::document::SignedDocument;
use taskey_proto::id::ScheduleId;
use taskey_proto::runs::EXPIRES_DEFAULT;
use taskey_proto::schedules::ScheduleSpec;
use taskey_proto::schedules::document::{Period, SCHEDULE_CONTEXT, ScheduleDocument, Timing};

use crate::app::App;
use crate::features::tasks::SignedTask;
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// A revision, signed.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub document: SignedDocument,
    /// Hexadecimal SHA-256 of the document.
    pub digest: String,
    pub task: SignedTask,
    pub run_once: bool,
}

/// Signs a revision of a schedule.
pub(super) fn sign(
    app: &App,
    schedule: ScheduleId,
    revision: u32,
    spec: &ScheduleSpec,
    timing: Timing,
    task: SignedTask,
) -> ApiResult<Revision> {
    let task_digest: [u8; 32] = from_hex(&task.digest).ok_or_else(|| ApiError::internal("a digest that is none"))?;
    let document = ScheduleDocument {
        schedule,
        revision,
        name: spec.name.clone(),
        task_digest: task_digest.to_vec(),
        timing,
        run_once: spec.run_once,
        missed: spec.missed,
        overlap: spec.overlap,
        expires_in_ms: spec.expires_in.unwrap_or(EXPIRES_DEFAULT).ms(),
    };
    let document = SignedDocument::sign(&app.keys.signing, SCHEDULE_CONTEXT, &document).map_err(ApiError::internal)?;
    Ok(Revision { digest: hex(&document.digest()), document, task, run_once: spec.run_once })
}

/// The arithmetic of a schedule with what its calendars forbid; what was checked when it was written can be read.
pub(super) fn timing(spec: &ScheduleSpec, anchor: Time, blocked: Vec<Period>) -> ApiResult<Timing> {
    taskey_schedule::timing_of(spec, anchor, blocked).map_err(|errors| match crate::platform::http::problem::check(errors) {
        Err(error) => error,
        Ok(()) => ApiError::internal("a timing without an error cannot be read"),
    })
}
