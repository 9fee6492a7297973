//! What can be done with tasks, one function a verb.

use std::sync::Arc;

use http::StatusCode;
use taskey_proto::Time;
use taskey_proto::id::TaskId;
use taskey_proto::problem::Code;
use taskey_proto::tasks::{Task, TaskSpec, check_task};

use super::document::{SignedTask, insert_document, signed_task};
use super::store;
use crate::app::App;
use crate::features::accounts::Permit;
use crate::features::accounts::audit::{Actor, record};
use crate::platform::db::events::Announce;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::ApiError;
use crate::platform::http::idempotency::{Answer, Once};
use crate::platform::http::problem::{ApiResult, check};

struct WriteInput {
    actor: Actor,
    id: TaskId,
    spec: TaskSpec,
    text: String,
    document: SignedTask,
    /// Whether whoever writes it may run it on every device.
    everywhere: bool,
    once: Option<Arc<Once>>,
    now: Time,
}

fn prepare(app: &App, permit: &Permit, spec: TaskSpec, once: Option<Arc<Once>>) -> ApiResult<WriteInput> {
    check(check_task(&spec))?;
    let document = signed_task(app, &spec.name, spec.on_failure, &spec.actions)?;
    let text = serde_json::to_string(&spec).map_err(ApiError::internal)?;
    let everywhere = permit.is_uniform();
    Ok(WriteInput { actor: Actor::from(permit), id: TaskId::new(app.uuid()), spec, text, document, everywhere, once, now: app.now() })
}

pub(super) async fn create_task(app: &App, permit: &Permit, spec: TaskSpec, once: Option<Arc<Once>>) -> ApiResult<Answer> {
    let input = prepare(app, permit, spec, once)?;
    app.db
        .write(input, |tx, input| {
            Box::pin(async move {
                if let Some(once) = &input.once
                    && let Some(answer) = once.recall(tx).await?
                {
                    return Ok(answer);
                }
                let organization = input.actor.organization;
                if store::name_taken(tx, organization, &input.spec.name, None).await? {
                    return Err(name_taken(&input.spec.name));
                }
                store::insert_task(tx, organization, input.id, &input.spec.name, &input.text, input.now).await?;
                insert_version(tx, input, input.id, 1).await?;
                let task = store::task_of_organization(tx, organization, &input.id.to_string()).await?.ok_or_else(no_task)?;
                let answer = Answer::new(StatusCode::CREATED, Some(format!("/api/v1/tasks/{}", task.id)), &task)?;
                if let Some(once) = &input.once {
                    once.remember(tx, &answer, input.now).await?;
                }
                Ok(answer)
            })
        })
        .await
}

/// Makes the next version, unless nothing changed.
pub(super) async fn replace_task(app: &App, permit: &Permit, word: String, spec: TaskSpec, if_match: Option<u64>) -> ApiResult<Task> {
    let input = (prepare(app, permit, spec, None)?, word, if_match);
    app.db
        .write(input, |tx, (input, word, if_match)| {
            Box::pin(async move {
                let organization = input.actor.organization;
                let before = store::task_of_organization(tx, organization, word).await?.ok_or_else(no_task)?;
                if if_match.is_some_and(|version| version != u64::from(before.version)) {
                    return Err(ApiError::new(Code::PreconditionFailed, "Read the task again and decide anew."));
                }
                if spec_of(&before) == input.spec {
                    return Ok(before);
                }
                if store::name_taken(tx, organization, &input.spec.name, Some(before.id)).await? {
                    return Err(name_taken(&input.spec.name));
                }
                let version = before.version + 1;
                store::update_task(tx, before.id, version, &input.spec.name, &input.text, input.now).await?;
                insert_version(tx, input, before.id, version).await?;
                store::task_of_organization(tx, organization, &before.id.to_string()).await?.ok_or_else(no_task)
            })
        })
        .await
}

async fn insert_version(tx: &mut Tx<'_>, input: &WriteInput, id: TaskId, version: u32) -> Result<(), DbError> {
    let organization = input.actor.organization;
    insert_document(tx, organization, &input.document).await?;
    let new = store::NewVersion { task: id, version, spec: &input.text, digest: &input.document.digest, by: &input.actor.name };
    store::insert_version(tx, &new, input.now).await?;
    let subject = id.to_string();
    let data = serde_json::json!({"name": input.spec.name, "version": version, "digest": input.document.digest});
    let action = if version == 1 { "task.created" } else { "task.changed" };
    record(tx, &input.actor, input.now, action, &subject, &data).await?;
    // Schedules follow to a version whose author could have scheduled it wherever they run.
    let data = serde_json::json!({
        "name": input.spec.name, "version": version, "digest": input.document.digest, "everywhere": input.everywhere, "by": input.actor.name,
    });
    tx.announce(Announce { organization, name: "task.changed", subject: &subject, at: input.now, data: &data }).await
}

/// Removes a task; its versions stay for the runs that used them.
pub(super) async fn remove_task(app: &App, permit: &Permit, word: String) -> ApiResult<()> {
    let input = (Actor::from(permit), word, app.now());
    app.db
        .write(input, |tx, (actor, word, now)| {
            Box::pin(async move {
                let organization = actor.organization;
                let task = store::task_of_organization(tx, organization, word).await?.ok_or_else(no_task)?;
                store::remove_task(tx, task.id, *now).await?;
                let subject = task.id.to_string();
                let data = serde_json::json!({"name": task.name});
                record(tx, actor, *now, "task.removed", &subject, &data).await?;
                tx.announce(Announce { organization, name: "task.removed", subject: &subject, at: *now, data: &data }).await?;
                Ok(())
            })
        })
        .await
}

fn spec_of(task: &Task) -> TaskSpec {
    TaskSpec {
        name: task.name.clone(),
        description: task.description.clone(),
        self_service: task.self_service,
        on_failure: task.on_failure,
        actions: task.actions.clone(),
    }
}

fn name_taken(name: &str) -> ApiError {
    ApiError::new(Code::NameTaken, format!("Another task is called `{name}`."))
}

pub(super) fn no_task() -> ApiError {
    ApiError::not_found("task")
}
