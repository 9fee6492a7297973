//! Runs over HTTP.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use taskey_proto::agent::{OutputStored, SendOutput};
use taskey_proto::document::Order;
use taskey_proto::id::{DeviceId, ExecutionId, RunId};
use taskey_proto::line::Chunk;
use taskey_proto::page::Page;
use taskey_proto::problem::Code;
use taskey_proto::runs::explain::{ExecutionExplanation, RunExplanation};
use taskey_proto::runs::queue::{Purged, QueuedExecution};
use taskey_proto::runs::{Execution, ExecutionGroup, OutputEvent, Run, StartRun, State as RunState, Stream, TILES_MAX, Tile};
use taskey_proto::targets::{PreviewTargets, TargetsPreview};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::model::GroupKey;
use super::ops::no_run;
use super::output::bytes::{self, ByteRange};
use super::output::live::{self, Follow};
use super::{cancel, delivery, explain, intake, ops, preview, queue, store, view};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Sight, Verb};
use crate::features::devices::http::authenticate_device;
use crate::features::devices::{IntakeError, find_device};
use crate::platform::db::DbError;
use crate::platform::http::page::{self, PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;
use crate::platform::http::{ApiError, Body, sse};

const WAIT_MAX_SECS: u64 = 55;

pub fn api() -> Api {
    Api::default()
        .route(Verb::StartRuns, routes!(start_run))
        .route(Verb::StartRuns, routes!(preview_targets))
        .route(Verb::ReadRuns, routes!(list_runs))
        .route(Verb::ReadRuns, routes!(show_run))
        .route(Verb::ReadRuns, routes!(list_executions))
        .route(Verb::ReadRuns, routes!(list_groups))
        .route(Verb::ReadRuns, routes!(show_grid))
        .route(Verb::ReadRuns, routes!(explain_run))
        .route(Verb::CancelRuns, routes!(cancel_run))
        .route(Verb::ReadRuns, routes!(show_execution))
        .route(Verb::ReadRuns, routes!(explain_execution))
        .route(Verb::CancelRuns, routes!(cancel_execution))
        .route(Verb::ReadRuns, routes!(show_queue))
        .route(Verb::CancelRuns, routes!(purge_queue))
        .route(Verb::ReadRuns, routes!(stream_output))
        .route(Verb::ReadRuns, routes!(download_stream))
        .device(routes!(fetch_order))
        .device(routes!(show_stored))
        .device(routes!(take_output))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// Answer when the run is over, or after so many seconds, at most 55.
    #[param(minimum = 0, maximum = 55)]
    wait: Option<u64>,
}

/// Starts a run of a task, or of actions given at once.
#[utoipa::path(post, path = "/api/v1/runs", tag = "runs", request_body = StartRun,
    params(Wait, ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    responses((status = 202, description = "The run", body = Run, headers(("Location" = String)))))]
async fn start_run(
    State(app): State<App>,
    permit: Permit,
    Query(wait): Query<Wait>,
    headers: HeaderMap,
    body: Body<StartRun>,
) -> ApiResult<Response> {
    let once = app.in_flight.begin(permit.organization(), &permit.caller(), &headers, body.hash)?;
    let mut answer = ops::start_run(&app, &permit, body.content, once).await?;
    if wait.wait.is_some() {
        let started: Run = serde_json::from_str(&answer.body).map_err(ApiError::internal)?;
        let run = wait_for_end(&app, permit.sight(), started.id, wait.wait).await?.ok_or_else(no_run)?;
        answer.body = serde_json::to_string(&run).map_err(ApiError::internal)?;
    }
    Ok(answer.into_response())
}

/// Tells what a run would be for now, and on which devices you may not start it. Nothing is started.
#[utoipa::path(post, path = "/api/v1/targets", tag = "runs", request_body = PreviewTargets,
    responses((status = 200, description = "The devices, the first 100 by name", body = TargetsPreview)))]
async fn preview_targets(State(app): State<App>, permit: Permit, body: Body<PreviewTargets>) -> ApiResult<Json<TargetsPreview>> {
    preview::preview_targets(&app, &permit, body.content).await.map(Json)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    state: Option<RunState>,
    /// Runs with an execution on this device.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
}

/// The runs on devices that one may see.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(Paging, Filter),
    responses((status = 200, description = "Runs, newest first, without their executions", body = Page<Run>)))]
async fn list_runs(
    State(app): State<App>,
    permit: Permit,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> ApiResult<PageAnswer<Run>> {
    let filter = store::RunFilter { state: filter.state.map(|state| state.word().to_owned()), device: filter.device };
    let runs = store::runs_of_organization(&app.db, permit.sight(), &filter, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(runs, |run| run.id))
}

/// One run with its first 100 executions and their results.
#[utoipa::path(get, path = "/api/v1/runs/{run}", tag = "runs", params(("run" = RunId, Path), Wait),
    responses((status = 200, description = "The run", body = Run)))]
async fn show_run(State(app): State<App>, permit: Permit, Path(run): Path<RunId>, Query(wait): Query<Wait>) -> ApiResult<Json<Run>> {
    let found = wait_for_end(&app, permit.sight(), run, wait.wait).await?;
    Ok(Json(found.ok_or_else(no_run)?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InGroup {
    /// Only those of one group: the `key` of an item of `GET /api/v1/runs/{run}/groups`.
    group: Option<String>,
}

/// A run's executions with their results.
#[utoipa::path(get, path = "/api/v1/runs/{run}/executions", tag = "runs", params(("run" = RunId, Path), Paging, InGroup),
    responses((status = 200, description = "Executions", body = Page<Execution>)))]
async fn list_executions(
    State(app): State<App>,
    permit: Permit,
    Path(run): Path<RunId>,
    Query(paging): Query<Paging>,
    Query(filter): Query<InGroup>,
) -> ApiResult<PageAnswer<Execution>> {
    store::run_of_organization(&mut &app.db, permit.sight(), run).await?.ok_or_else(no_run)?;
    let group = filter.group.map(|key| key.parse::<GroupKey>()).transpose();
    let group = group.map_err(|()| ApiError::new(Code::MalformedBody, "`group` is the `key` of one of the run's groups, as it is."))?;
    let rows = store::executions_of_run(&app.db, permit.sight().only, run, group.as_ref(), paging.after()?, paging.limit() + 1).await?;
    let PageAnswer(Page { items, next }) = paging.page(rows, |row| row.execution.id);
    Ok(PageAnswer(Page { items: view::executions(&app.db, permit.organization(), items).await?, next }))
}

/// A run's executions, folded: those that ended alike are one group.
#[utoipa::path(get, path = "/api/v1/runs/{run}/groups", tag = "runs", params(("run" = RunId, Path), Paging),
    responses((status = 200, description = "Groups, the largest first", body = Page<ExecutionGroup>)))]
async fn list_groups(
    State(app): State<App>,
    permit: Permit,
    Path(run): Path<RunId>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<ExecutionGroup>> {
    store::run_of_organization(&mut &app.db, permit.sight(), run).await?.ok_or_else(no_run)?;
    let skip = paging.after::<u32>()?.unwrap_or(0);
    let groups = view::groups(&app.db, permit.sight(), run, skip.into(), paging.limit() + 1).await?;
    Ok(paging.page(groups, |_| skip as usize + paging.limit()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct GridPaging {
    /// Tiles on a page, 1 to 5,000, which is the default.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A run's executions in a few bytes each, for drawing many at once: no results, no reasons.
#[utoipa::path(get, path = "/api/v1/runs/{run}/grid", tag = "runs", params(("run" = RunId, Path), GridPaging),
    responses((status = 200, description = "Tiles", body = Page<Tile>)))]
async fn show_grid(
    State(app): State<App>,
    permit: Permit,
    Path(run): Path<RunId>,
    Query(paging): Query<GridPaging>,
) -> ApiResult<PageAnswer<Tile>> {
    store::run_of_organization(&mut &app.db, permit.sight(), run).await?.ok_or_else(no_run)?;
    let limit = paging.limit.unwrap_or(TILES_MAX).clamp(1, TILES_MAX);
    let tiles = store::tiles_of_run(&app.db, permit.sight().only, run, page::after(paging.cursor.as_deref())?, limit + 1).await?;
    Ok(page::page_of(limit, tiles, |tile: &Tile| tile.id))
}

/// Tells why a run waits, or ended as it did, and what comes next.
#[utoipa::path(get, path = "/api/v1/runs/{run}/explain", tag = "runs", params(("run" = RunId, Path)),
    responses((status = 200, description = "Why", body = RunExplanation)))]
async fn explain_run(State(app): State<App>, permit: Permit, Path(run): Path<RunId>) -> ApiResult<Json<RunExplanation>> {
    let facts = explain::store::run_facts(&app, permit.sight(), run).await?.ok_or_else(no_run)?;
    Ok(Json(explain::explain_run(&facts)))
}

/// Cancels what is still open of a run.
#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", tag = "runs", params(("run" = RunId, Path)),
    responses((status = 202, description = "The run; its devices end it and report", body = Run)))]
async fn cancel_run(State(app): State<App>, permit: Permit, Path(run): Path<RunId>) -> ApiResult<(StatusCode, Json<Run>)> {
    ops::cancel_run(&app, &permit, run).await?;
    let run = view::run(&app, permit.sight(), run).await?.ok_or_else(no_run)?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

/// One execution with its results.
#[utoipa::path(get, path = "/api/v1/executions/{execution}", tag = "runs", params(("execution" = ExecutionId, Path)),
    responses((status = 200, description = "The execution", body = Execution)))]
async fn show_execution(State(app): State<App>, permit: Permit, Path(execution): Path<ExecutionId>) -> ApiResult<Json<Execution>> {
    let found = view::execution(&app, permit.sight(), execution).await?;
    Ok(Json(found.ok_or_else(no_execution)?))
}

/// Tells why an execution waits, did not run, or ended as it did, and what comes next.
#[utoipa::path(get, path = "/api/v1/executions/{execution}/explain", tag = "runs", params(("execution" = ExecutionId, Path)),
    responses((status = 200, description = "Why", body = ExecutionExplanation)))]
async fn explain_execution(
    State(app): State<App>,
    permit: Permit,
    Path(execution): Path<ExecutionId>,
) -> ApiResult<Json<ExecutionExplanation>> {
    let facts = explain::store::execution_facts(&app, permit.sight(), execution).await?.ok_or_else(no_execution)?;
    Ok(Json(explain::explain_execution(&facts)))
}

/// Cancels one execution; its run goes on with the others.
#[utoipa::path(post, path = "/api/v1/executions/{execution}/cancel", tag = "runs", params(("execution" = ExecutionId, Path)),
    responses((status = 202, description = "The execution; where it was sent, its device ends it and reports", body = Execution)))]
async fn cancel_execution(
    State(app): State<App>,
    permit: Permit,
    Path(execution): Path<ExecutionId>,
) -> ApiResult<(StatusCode, Json<Execution>)> {
    cancel::cancel_execution(&app, &permit, execution).await?;
    let found = view::execution(&app, permit.sight(), execution).await?.ok_or_else(no_execution)?;
    Ok((StatusCode::ACCEPTED, Json(found)))
}

/// What waits for a device, in the order in which it will be sent.
#[utoipa::path(get, path = "/api/v1/devices/{device}/queue", tag = "runs",
    params(("device" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "What waits", body = Page<QueuedExecution>)))]
async fn show_queue(
    State(app): State<App>,
    permit: Permit,
    Path(device): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<QueuedExecution>> {
    let device = find_device(&mut &app.db, &permit, &device).await?.device.id;
    let waiting = queue::of_device(&app.db, device, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(waiting, |queued: &QueuedExecution| queued.execution))
}

/// Cancels everything that waits for a device. What was sent already is let be. It needs an admin there.
#[utoipa::path(delete, path = "/api/v1/devices/{device}/queue", tag = "runs",
    params(("device" = String, Path, description = "Id or name")),
    responses((status = 200, description = "How much was cancelled", body = Purged)))]
async fn purge_queue(State(app): State<App>, permit: Permit, Path(device): Path<String>) -> ApiResult<Json<Purged>> {
    Ok(Json(queue::purge(&app, &permit, &device).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OutputQuery {
    /// False: what is there now, then `end`. Default: until the execution is over.
    follow: Option<bool>,
    /// Only what comes after this `seq`; `Last-Event-ID` does the same.
    after: Option<u64>,
}

/// An execution's output, live: `output` events ([`OutputEvent`]), `execution` whenever its state changes, and `end`.
#[utoipa::path(get, path = "/api/v1/executions/{execution}/output", tag = "runs",
    params(("execution" = ExecutionId, Path), OutputQuery, ("Last-Event-ID" = Option<u64>, Header, description = "`seq` of the last output seen")),
    responses((status = 200, description = "Server-sent events", body = OutputEvent, content_type = "text/event-stream")))]
async fn stream_output(
    State(app): State<App>,
    permit: Permit,
    Path(execution): Path<ExecutionId>,
    Query(query): Query<OutputQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    store::execution_of_organization(&app.db, permit.sight(), execution).await?.ok_or_else(no_execution)?;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let after = seen.or(query.after).unwrap_or(0).min(i64::MAX as u64);
    let follow = if query.follow == Some(false) { Follow::Now } else { Follow::ToTheEnd };
    Ok(sse::stream(|frames| live::write(app, permit, execution, after, follow, frames)))
}

/// What one action wrote to one stream, byte for byte, as far as it is there. `Range` asks for a part of it, and so for the rest
/// of a download that broke off.
#[utoipa::path(get, path = "/api/v1/executions/{execution}/actions/{action}/{stream}", tag = "runs",
    params(("execution" = ExecutionId, Path), ("action" = u32, Path, description = "Which action, from 0"), ("stream" = Stream, Path),
        ("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`")),
    responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/octet-stream")))]
async fn download_stream(
    State(app): State<App>,
    permit: Permit,
    Path((execution, action, stream)): Path<(ExecutionId, u32, Stream)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let row = store::execution_of_organization(&app.db, permit.sight(), execution).await?.ok_or_else(no_execution)?;
    if row.execution.state.is_final() && store::results_of_execution(&app.db, execution).await?.len() <= action as usize {
        return Err(ApiError::not_found("action"));
    }
    let found = bytes::of_stream(&app.db, permit.organization(), execution, row.output, action, stream).await?;
    bytes::answer(found, ByteRange::from_headers(&headers), &format!("{}-{}.{}", row.execution.device.name, action + 1, stream.word()))
}

/// A device fetches an order that is too large for its line.
#[utoipa::path(get, path = "/agent/v1/orders/{execution}", tag = "agent", params(("execution" = ExecutionId, Path)),
    responses((status = 200, description = "The order", body = Order)))]
async fn fetch_order(State(app): State<App>, Path(execution): Path<ExecutionId>, headers: HeaderMap) -> ApiResult<Json<Order>> {
    let device = authenticate_device(&app, &headers).await?;
    let found = app
        .db
        .write((device, execution, app.epoch), |tx, (device, execution, epoch)| {
            Box::pin(async move {
                match store::execution_of_device(tx, *device, *execution).await? {
                    Some(found) if !found.state.is_final() && found.epoch == *epoch => {
                        Ok::<_, DbError>(Some(store::order(tx, *execution).await?))
                    }
                    _ => Ok(None),
                }
            })
        })
        .await
        .map_err(ApiError::from)?;
    Ok(Json(delivery::with_secrets(&app, found.ok_or_else(no_execution)?).await))
}

/// A device asks where to go on with the output of an execution.
#[utoipa::path(get, path = "/agent/v1/executions/{execution}/output", tag = "agent", params(("execution" = ExecutionId, Path)),
    responses((status = 200, description = "What is stored", body = OutputStored)))]
async fn show_stored(State(app): State<App>, Path(execution): Path<ExecutionId>, headers: HeaderMap) -> ApiResult<Json<OutputStored>> {
    let device = authenticate_device(&app, &headers).await?;
    store_output(&app, device, execution, Vec::new()).await.map(Json)
}

/// A device tells output that is too much for its line; again is harmless.
#[utoipa::path(post, path = "/agent/v1/executions/{execution}/output", tag = "agent", params(("execution" = ExecutionId, Path)),
    request_body = SendOutput, responses((status = 200, description = "What is stored", body = OutputStored)))]
async fn take_output(
    State(app): State<App>,
    Path(execution): Path<ExecutionId>,
    headers: HeaderMap,
    body: Body<SendOutput>,
) -> ApiResult<Json<OutputStored>> {
    let device = authenticate_device(&app, &headers).await?;
    store_output(&app, device, execution, body.content.chunks).await.map(Json)
}

async fn store_output(app: &App, device: DeviceId, execution: ExecutionId, chunks: Vec<Chunk>) -> ApiResult<OutputStored> {
    let next = app
        .db
        .write((device, execution, chunks), |tx, (device, execution, chunks)| {
            Box::pin(async move {
                let found = store::execution_of_device(tx, *device, *execution).await?.ok_or_else(no_execution)?;
                intake::take_output(tx, &found, chunks).await.map_err(|error| match error {
                    IntakeError::Unacceptable(why) => ApiError::invalid_field("/chunks", why),
                    IntakeError::Unknown(_) => no_execution(),
                    IntakeError::Db(error) => error.into(),
                })
            })
        })
        .await?;
    Ok(OutputStored { next })
}

/// The run as soon as it is over, or as it is when the time is up.
async fn wait_for_end(app: &App, sight: Sight, id: RunId, wait: Option<u64>) -> ApiResult<Option<Run>> {
    let Some(secs) = wait else { return Ok(view::run(app, sight, id).await?) };
    let mut waker = app.db.hub().subscribe(&id.to_string());
    let deadline = tokio::time::sleep(Duration::from_secs(secs.min(WAIT_MAX_SECS)));
    tokio::pin!(deadline);
    loop {
        let Some(row) = store::run_of_organization(&mut &app.db, sight, id).await? else { return Ok(None) };
        if row.open_count == 0 {
            return Ok(Some(view::with_executions(&app.db, sight, row.run).await?));
        }
        tokio::select! {
            () = waker.woken() => {}
            () = &mut deadline => break,
            () = app.stopped() => break,
        }
    }
    Ok(view::run(app, sight, id).await?)
}

pub(super) fn no_execution() -> ApiError {
    ApiError::not_found("execution")
}
