//! Schedules over HTTP, and what devices fetch of them.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use taskey_proto::Time;
use taskey_proto::id::DeviceId;
use taskey_proto::page::Page;
use taskey_proto::runs::DeviceRef;
use taskey_proto::schedules::document::{FetchAssignment, FetchedAssignment};
use taskey_proto::schedules::{
    Holding, PauseSchedule, Schedule, ScheduleExplanation, ScheduleSpec, ScheduleVersion, SimulateSchedule, Simulation, Slot, SlotState,
    Upcoming,
};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::{delivery, explain, ops, simulate, store, view};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::features::calendars;
use crate::features::devices::http::authenticate_device;
use crate::features::tasks::load_task;
use crate::platform::http::Body;
use crate::platform::http::etag::{etag, if_match_required};
use crate::platform::http::idempotency::Answer;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadSchedules, routes!(list_schedules))
        .route(Verb::WriteSchedules, routes!(create_schedule))
        .route(Verb::WriteSchedules, routes!(simulate_schedule))
        .route(Verb::ReadSchedules, routes!(show_schedule))
        .route(Verb::WriteSchedules, routes!(replace_schedule))
        .route(Verb::WriteSchedules, routes!(remove_schedule))
        .route(Verb::WriteSchedules, routes!(pause_schedule))
        .route(Verb::WriteSchedules, routes!(resume_schedule))
        .route(Verb::ReadSchedules, routes!(list_schedule_versions))
        .route(Verb::ReadSchedules, routes!(list_slots))
        .route(Verb::ReadSchedules, routes!(list_upcoming))
        .route(Verb::ReadSchedules, routes!(list_holdings))
        .route(Verb::ReadSchedules, routes!(explain_schedule))
        .device(routes!(fetch_assignment))
}

/// Which schedules.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Of this task alone: its id or name.
    task: Option<String>,
    /// Those that this device is to keep alone.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// Those that name this calendar alone: its id or name.
    calendar: Option<String>,
}

/// The organization's schedules, as far as one may see a device of theirs.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "schedules", params(Paging, Filter),
    responses((status = 200, description = "Schedules by name", body = Page<Schedule>)))]
async fn list_schedules(
    State(app): State<App>,
    permit: Permit,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> ApiResult<PageAnswer<Schedule>> {
    let nothing = || Ok(paging.page(Vec::new(), |schedule: &Schedule| schedule.name.clone()));
    let task = match &filter.task {
        None => None,
        Some(word) => match load_task(&app, permit.organization(), word).await?.and_then(|task| task.id) {
            Some(task) => Some(task),
            None => return nothing(),
        },
    };
    let calendar = match &filter.calendar {
        None => None,
        Some(word) => match calendars::named(&mut &app.db, permit.organization(), word).await? {
            Some(calendar) => Some(calendar.id),
            None => return nothing(),
        },
    };
    let rows = store::schedules_of_organization(
        &app.db,
        permit.sight(),
        store::Which { task, device: filter.device, calendar },
        paging.after()?,
        paging.limit() + 1,
    )
    .await?;
    let mut schedules = Vec::with_capacity(rows.len());
    for row in rows {
        schedules.push(view::listed(&app, &permit, row).await?);
    }
    Ok(paging.page(schedules, |schedule| schedule.name.clone()))
}

/// Makes a schedule, version 1.
#[utoipa::path(post, path = "/api/v1/schedules", tag = "schedules", request_body = ScheduleSpec,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    responses((status = 201, description = "The schedule", body = Schedule, headers(("Location" = String)))))]
async fn create_schedule(State(app): State<App>, permit: Permit, headers: HeaderMap, body: Body<ScheduleSpec>) -> ApiResult<Answer> {
    let once = app.in_flight.begin(permit.organization(), &permit.caller(), &headers, body.hash)?;
    ops::create_schedule(&app, &permit, body.content, once).await
}

/// What a schedule would do: its words, its next slots, its devices. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/schedules/simulate", tag = "schedules", request_body = SimulateSchedule,
    responses((status = 200, description = "What it would do", body = Simulation)))]
async fn simulate_schedule(State(app): State<App>, permit: Permit, body: Body<SimulateSchedule>) -> ApiResult<Json<Simulation>> {
    simulate::simulate(&app, &permit, body.content).await.map(Json)
}

/// One schedule.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The schedule", body = Schedule, headers(("ETag" = String)))))]
async fn show_schedule(State(app): State<App>, permit: Permit, Path(schedule): Path<String>) -> ApiResult<Response> {
    let row = ops::find(&app, &permit, &schedule).await?;
    Ok(answer(view::schedule(&app, &permit, row).await?))
}

/// Replaces a schedule by its next version; the same content again changes nothing, unless its task is newer now.
#[utoipa::path(put, path = "/api/v1/schedules/{schedule}", tag = "schedules", request_body = ScheduleSpec,
    params(("schedule" = String, Path, description = "Id or name"), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The schedule as it is now", body = Schedule, headers(("ETag" = String)))))]
async fn replace_schedule(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    headers: HeaderMap,
    body: Body<ScheduleSpec>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::replace_schedule(&app, &permit, &schedule, body.content, if_match).await?))
}

/// Removes a schedule; its slots and runs stay. Devices stop as soon as they hear of it.
#[utoipa::path(delete, path = "/api/v1/schedules/{schedule}", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name")), responses((status = 204, description = "Removed")))]
async fn remove_schedule(State(app): State<App>, permit: Permit, Path(schedule): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_schedule(&app, &permit, &schedule).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a schedule fire no more until it is resumed; what runs goes on.
#[utoipa::path(post, path = "/api/v1/schedules/{schedule}/pause", tag = "schedules", request_body = PauseSchedule,
    params(("schedule" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The schedule as it is now", body = Schedule)))]
async fn pause_schedule(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    body: Body<PauseSchedule>,
) -> ApiResult<Json<Schedule>> {
    ops::pause_schedule(&app, &permit, &schedule, body.content).await.map(Json)
}

/// Lets a paused schedule fire again, or one that is done begin anew. Slots in between are not caught up.
#[utoipa::path(post, path = "/api/v1/schedules/{schedule}/resume", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The schedule as it is now", body = Schedule)))]
async fn resume_schedule(State(app): State<App>, permit: Permit, Path(schedule): Path<String>) -> ApiResult<Json<Schedule>> {
    ops::resume_schedule(&app, &permit, &schedule).await.map(Json)
}

/// Every version of a schedule, newest first.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}/versions", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Versions, newest first", body = Page<ScheduleVersion>)))]
async fn list_schedule_versions(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<ScheduleVersion>> {
    let row = ops::find(&app, &permit, &schedule).await?;
    let versions = store::versions(&app.db, row.id, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(versions, |version| version.version))
}

/// Which slots.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SlotFilter {
    /// Of this device alone.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// That became of this alone.
    state: Option<SlotState>,
}

/// The settled slots of a schedule, newest first.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}/slots", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name"), Paging, SlotFilter),
    responses((status = 200, description = "Slots, newest first", body = Page<Slot>)))]
async fn list_slots(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    Query(paging): Query<Paging>,
    Query(filter): Query<SlotFilter>,
) -> ApiResult<PageAnswer<Slot>> {
    let row = ops::find(&app, &permit, &schedule).await?;
    let which = store::WhichSlots { device: filter.device, state: filter.state };
    let slots = store::slots(&app.db, permit.sight(), row.id, which, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(slots, |slot| format!("{} {}", slot.at.ms(), target(slot.device.as_ref()))))
}

/// The slots to come of a schedule that is active, soonest first, as far as the server can tell: a device-local time zone is shown as UTC.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}/upcoming", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Slots to come, soonest first", body = Page<Upcoming>)))]
async fn list_upcoming(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<Upcoming>> {
    let row = ops::find(&app, &permit, &schedule).await?;
    let after = paging.after()?.map_or_else(|| app.now(), Time::from_ms);
    let firings = view::upcoming(&app, &row, after, paging.limit() + 1).await?;
    Ok(paging.page(firings, |firing| firing.at.ms()))
}

fn target(device: Option<&DeviceRef>) -> String {
    device.map(|device| device.id.to_string()).unwrap_or_default()
}

/// The devices of a schedule, with what each of them holds of it and when it fires next there.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}/devices", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, description = "Devices by name", body = Page<Holding>)))]
async fn list_holdings(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<Holding>> {
    let row = ops::find(&app, &permit, &schedule).await?;
    let mut holdings = store::holdings(&app.db, permit.sight(), row.id, None, paging.after()?, paging.limit() + 1).await?;
    view::complete_holdings(&row, &mut holdings, app.now())?;
    Ok(paging.page(holdings, |holding| holding.device.name.clone()))
}

/// What about a schedule.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Question {
    /// About this instant; without it about now.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
    /// On this device.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// How many slots to come; default 10, at most 100.
    next: Option<usize>,
}

/// Why a schedule fires then, did not fire then, or does not fire: from stored decisions.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}/explain", tag = "schedules",
    params(("schedule" = String, Path, description = "Id or name"), Question),
    responses((status = 200, description = "Why", body = ScheduleExplanation)))]
async fn explain_schedule(
    State(app): State<App>,
    permit: Permit,
    Path(schedule): Path<String>,
    Query(question): Query<Question>,
) -> ApiResult<Json<ScheduleExplanation>> {
    let row = ops::find(&app, &permit, &schedule).await?;
    let question = explain::Question { at: question.at, device: question.device, next: question.next };
    explain::explain(&app, &permit, row, question).await.map(Json)
}

/// A device asks which schedules it is to keep.
#[utoipa::path(post, path = "/agent/v1/assignment", tag = "agent", request_body = FetchAssignment,
    responses((status = 200, description = "What it is to keep, and the documents that it lacks", body = FetchedAssignment)))]
async fn fetch_assignment(State(app): State<App>, headers: HeaderMap, body: Body<FetchAssignment>) -> ApiResult<Json<FetchedAssignment>> {
    let device = authenticate_device(&app, &headers).await?;
    delivery::hand_out(&app, device, body.content).await.map(Json)
}

fn answer(schedule: Schedule) -> Response {
    ([(header::ETAG, etag(u64::from(schedule.version)))], Json(schedule)).into_response()
}
