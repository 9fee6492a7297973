//! The signed bytes of a task, stored by their digest.

use taskey_proto::crypto::{hex, sha256};
use taskey_proto::document::{TASK_CONTEXT, TaskDocument};
use taskey_proto::id::{OrganizationId, TaskId};
use taskey_proto::problem::Code;
use taskey_proto::tasks::{Action, OnFailure};

use crate::app::App;
use crate::platform::db::{Db, DbError, Row, Source as _, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;
use crate::{args, sql};

/// A task as devices get it. Id and version are missing where the actions were given at once.
#[derive(Debug, Clone)]
pub struct SignedTask {
    pub id: Option<TaskId>,
    pub version: Option<u32>,
    pub name: String,
    /// Whether who may not start everything may start it.
    pub self_service: bool,
    pub bytes: Vec<u8>,
    pub signature: Vec<u8>,
    /// Hexadecimal SHA-256 of the bytes.
    pub digest: String,
    /// The longest that its actions may take together, in milliseconds.
    pub timeout_ms: u64,
}

/// Makes and signs the bytes of a task.
pub fn signed_task(app: &App, name: &str, on_failure: OnFailure, actions: &[Action]) -> ApiResult<SignedTask> {
    let values = actions.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(ApiError::internal)?;
    let document = TaskDocument { name: name.to_owned(), on_failure, actions: values };
    let bytes = serde_json::to_vec(&document).map_err(ApiError::internal)?;
    let signature = app.keys.signing.sign(TASK_CONTEXT, &bytes);
    let digest = hex(&sha256(&bytes));
    Ok(SignedTask {
        id: None,
        version: None,
        name: name.to_owned(),
        self_service: false,
        bytes,
        signature,
        digest,
        timeout_ms: timeout_ms(actions),
    })
}

fn timeout_ms(actions: &[Action]) -> u64 {
    actions.iter().map(|action| action.common().timeout.ms()).sum()
}

/// Stores the bytes; the same bytes again change nothing.
pub async fn insert_document(tx: &mut Tx<'_>, organization: OrganizationId, task: &SignedTask) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO task_document (organization_id, digest, bytes, signature) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization_id, digest) DO NOTHING"
    );
    tx.later(sql, args![organization, &task.digest, &task.bytes, &task.signature]).await
}

/// The current version of a task, by id or name, if its stored bytes are still those that were signed.
pub async fn load_task(app: &App, organization: OrganizationId, word: &str) -> ApiResult<Option<SignedTask>> {
    let found = find(&app.db, organization, word).await?;
    found.map(|task| whole(app, task)).transpose()
}

/// A version of a task that was not removed, if its stored bytes are still those that were signed.
pub async fn load_version(app: &App, organization: OrganizationId, task: TaskId, version: u32) -> ApiResult<Option<SignedTask>> {
    let sql = sql!(
        "SELECT t.id, t.name, v.version, v.spec, d.bytes, d.signature, d.digest FROM task t \
         JOIN task_version v ON v.task_id = t.id AND v.version = $3 \
         JOIN task_document d ON d.organization_id = t.organization_id AND d.digest = v.digest \
         WHERE t.organization_id = $1 AND t.removed_at IS NULL AND t.id = $2"
    );
    let row = app.db.row(sql, args![organization, task, i64::from(version)]).await?;
    row.map(|row| whole(app, signed(&row)?)).transpose()
}

fn whole(app: &App, task: SignedTask) -> ApiResult<SignedTask> {
    let key = app.keys.signing.public_key();
    let is_whole = hex(&sha256(&task.bytes)) == task.digest && key.verify(TASK_CONTEXT, &task.bytes, &task.signature).is_ok();
    if !is_whole {
        tracing::error!(task = task.name, digest = task.digest, "the stored task does not match its signature");
        let detail = "Its bytes in the database were changed behind the server's back. Write the task again to sign it anew.";
        return Err(ApiError::new(Code::TaskAltered, detail));
    }
    Ok(task)
}

async fn find(db: &Db, organization: OrganizationId, word: &str) -> ApiResult<Option<SignedTask>> {
    let sql = sql!(
        "SELECT t.id, t.name, t.version, t.spec, d.bytes, d.signature, d.digest FROM task t \
         JOIN task_version v ON v.task_id = t.id AND v.version = t.version \
         JOIN task_document d ON d.organization_id = t.organization_id AND d.digest = v.digest \
         WHERE t.organization_id = $1 AND t.removed_at IS NULL AND (t.id = $2 OR t.name = $2) \
         ORDER BY CASE WHEN t.id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    db.row(sql, args![organization, word]).await?.map(|row| signed(&row)).transpose()
}

fn signed(row: &Row) -> ApiResult<SignedTask> {
    let bytes: Vec<u8> = row.get("bytes")?;
    // Unreadable bytes are found out by their digest and signature.
    let actions = serde_json::from_slice::<Actions>(&bytes).map(|document| document.actions).unwrap_or_default();
    Ok(SignedTask {
        id: Some(row.get("id")?),
        version: Some(row.get("version")?),
        name: row.get("name")?,
        self_service: row.json::<Marks>("spec")?.self_service,
        signature: row.get("signature")?,
        digest: row.get("digest")?,
        timeout_ms: timeout_ms(&actions),
        bytes,
    })
}

/// Of a task's definition what is not part of the signed bytes.
#[derive(serde::Deserialize)]
struct Marks {
    #[serde(default)]
    self_service: bool,
}

#[derive(serde::Deserialize)]
struct Actions {
    actions: Vec<Action>,
}

/// The names of the secrets that a task's actions need, each once.
pub fn named_secrets(task: &[u8]) -> Vec<String> {
    // Few tasks name any, and reading one costs more than looking for the word.
    const WORD: &[u8] = b"\"secret\"";
    if !task.windows(WORD.len()).any(|window| window == WORD) {
        return Vec::new();
    }
    let actions = serde_json::from_slice::<Actions>(task).map(|document| document.actions).unwrap_or_default();
    let mut names: Vec<String> = actions.iter().flat_map(Action::secrets).map(|(_, name)| name.to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The bytes behind a digest, as they are stored now; the device judges them.
pub async fn document_bytes(tx: &mut Tx<'_>, organization: OrganizationId, digest: &str) -> Result<Vec<u8>, DbError> {
    let sql = sql!("SELECT bytes FROM task_document WHERE organization_id = $1 AND digest = $2");
    tx.row(sql, args![organization, digest]).await?.ok_or(DbError::Aborted)?.get("bytes")
}
