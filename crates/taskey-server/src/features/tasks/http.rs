//! Tasks over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use taskey_proto::page::Page;
use taskey_proto::tasks::{Task, TaskSpec, TaskVersion};
use utoipa_axum::routes;

use super::ops::no_task;
use super::{ops, store};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::etag::{etag, if_match_required};
use crate::platform::http::idempotency::Answer;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;
use crate::platform::http::{ApiError, Body};

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadTasks, routes!(list_tasks))
        .route(Verb::WriteTasks, routes!(create_task))
        .route(Verb::ReadTasks, routes!(show_task))
        .route(Verb::ReadTasks, routes!(list_versions))
        .route(Verb::ReadTasks, routes!(show_version))
        .route(Verb::WriteTasks, routes!(replace_task))
        .route(Verb::WriteTasks, routes!(remove_task))
}

/// The organization's tasks.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", params(Paging),
    responses((status = 200, description = "Tasks by name", body = Page<Task>)))]
async fn list_tasks(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Task>> {
    let tasks = store::tasks_of_organization(&app.db, permit.organization(), paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(tasks, |task| task.name.clone()))
}

/// Makes a task, version 1.
#[utoipa::path(post, path = "/api/v1/tasks", tag = "tasks", request_body = TaskSpec,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    responses((status = 201, description = "The task", body = Task, headers(("Location" = String)))))]
async fn create_task(State(app): State<App>, permit: Permit, headers: HeaderMap, body: Body<TaskSpec>) -> ApiResult<Answer> {
    let once = app.in_flight.begin(permit.organization(), &permit.caller(), &headers, body.hash)?;
    ops::create_task(&app, &permit, body.content, once).await
}

/// One task, its current version.
#[utoipa::path(get, path = "/api/v1/tasks/{task}", tag = "tasks", params(("task" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The task", body = Task, headers(("ETag" = String)))))]
async fn show_task(State(app): State<App>, permit: Permit, Path(task): Path<String>) -> ApiResult<Response> {
    let found = store::task_of_organization(&mut &app.db, permit.organization(), &task).await?;
    Ok(answer(found.ok_or_else(no_task)?))
}

/// Every version of a task, newest first.
#[utoipa::path(get, path = "/api/v1/tasks/{task}/versions", tag = "tasks", params(("task" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Versions, newest first", body = Page<TaskVersion>)))]
async fn list_versions(
    State(app): State<App>,
    permit: Permit,
    Path(task): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<TaskVersion>> {
    let task = store::task_of_organization(&mut &app.db, permit.organization(), &task).await?.ok_or_else(no_task)?;
    let before = paging.after::<u32>()?;
    let versions = store::versions_of_task(&app.db, task.id, before, paging.limit() + 1).await?;
    Ok(paging.page(versions, |version| version.version.to_string()))
}

/// One version of a task.
#[utoipa::path(get, path = "/api/v1/tasks/{task}/versions/{version}", tag = "tasks",
    params(("task" = String, Path, description = "Id or name"), ("version" = u32, Path, description = "Its number")),
    responses((status = 200, description = "The version", body = TaskVersion)))]
async fn show_version(State(app): State<App>, permit: Permit, Path((task, version)): Path<(String, u32)>) -> ApiResult<Json<TaskVersion>> {
    let task = store::task_of_organization(&mut &app.db, permit.organization(), &task).await?.ok_or_else(no_task)?;
    let found = store::versions_of_task(&app.db, task.id, version.checked_add(1), 1).await?;
    let found = found.into_iter().find(|found| found.version == version);
    Ok(Json(found.ok_or_else(|| ApiError::not_found("version"))?))
}

/// Replaces a task by its next version; the same content again changes nothing.
#[utoipa::path(put, path = "/api/v1/tasks/{task}", tag = "tasks", request_body = TaskSpec,
    params(("task" = String, Path, description = "Id or name"), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The task as it is now", body = Task, headers(("ETag" = String)))))]
async fn replace_task(
    State(app): State<App>,
    permit: Permit,
    Path(task): Path<String>,
    headers: HeaderMap,
    body: Body<TaskSpec>,
) -> ApiResult<Response> {
    Ok(answer(ops::replace_task(&app, &permit, task, body.content, if_match_required(&headers)?).await?))
}

/// Removes a task; its runs stay.
#[utoipa::path(delete, path = "/api/v1/tasks/{task}", tag = "tasks", params(("task" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Removed")))]
async fn remove_task(State(app): State<App>, permit: Permit, Path(task): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_task(&app, &permit, task).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(task: Task) -> Response {
    ([(header::ETAG, etag(u64::from(task.version)))], Json(task)).into_response()
}
