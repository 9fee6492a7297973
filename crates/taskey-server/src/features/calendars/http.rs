//! Calendars over HTTP.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use taskey_proto::Time;
use taskey_proto::calendars::{Calendar, CalendarEvents, CalendarPreview, CalendarSpec, PreviewCalendar};
use taskey_proto::page::Page;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::ops;
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::etag::{etag, if_match_required};
use crate::platform::http::idempotency::Answer;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;

/// How far events are shown where nobody says how far.
const YEAR_MS: i64 = 366 * 86_400_000;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadCalendars, routes!(list_calendars))
        .route(Verb::WriteCalendars, routes!(create_calendar))
        .route(Verb::WriteCalendars, routes!(preview_calendar))
        .route(Verb::ReadCalendars, routes!(show_calendar))
        .route(Verb::WriteCalendars, routes!(replace_calendar))
        .route(Verb::WriteCalendars, routes!(remove_calendar))
        .route(Verb::ReadCalendars, routes!(list_calendar_events))
}

/// The organization's calendars, without their content.
#[utoipa::path(get, path = "/api/v1/calendars", tag = "calendars", params(Paging),
    responses((status = 200, description = "Calendars by name", body = Page<Calendar>)))]
async fn list_calendars(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Calendar>> {
    let calendars = ops::list_calendars(&app, &permit, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(calendars, |calendar| calendar.name.clone()))
}

/// Makes a calendar, version 1.
#[utoipa::path(post, path = "/api/v1/calendars", tag = "calendars", request_body = CalendarSpec,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    responses((status = 201, description = "The calendar", body = Calendar, headers(("Location" = String)))))]
async fn create_calendar(State(app): State<App>, permit: Permit, headers: HeaderMap, body: Body<CalendarSpec>) -> ApiResult<Answer> {
    let once = app.in_flight.begin(permit.organization(), &permit.caller(), &headers, body.hash)?;
    ops::create_calendar(&app, &permit, body.content, once).await
}

/// What a calendar says: how many events, and the next of them. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/calendars/preview", tag = "calendars", request_body = PreviewCalendar,
    responses((status = 200, description = "What it says", body = CalendarPreview)))]
async fn preview_calendar(State(app): State<App>, _permit: Permit, body: Body<PreviewCalendar>) -> ApiResult<Json<CalendarPreview>> {
    ops::preview(&app, body.content.content).await.map(Json)
}

/// One calendar with its content.
#[utoipa::path(get, path = "/api/v1/calendars/{calendar}", tag = "calendars",
    params(("calendar" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The calendar", body = Calendar, headers(("ETag" = String)))))]
async fn show_calendar(State(app): State<App>, permit: Permit, Path(calendar): Path<String>) -> ApiResult<Response> {
    Ok(answer(ops::show_calendar(&app, &permit, &calendar).await?))
}

/// Replaces a calendar by its next version; the same again changes nothing. Schedules that name it follow by themselves.
#[utoipa::path(put, path = "/api/v1/calendars/{calendar}", tag = "calendars", request_body = CalendarSpec,
    params(("calendar" = String, Path, description = "Id or name"), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The calendar as it is now", body = Calendar, headers(("ETag" = String)))))]
async fn replace_calendar(
    State(app): State<App>,
    permit: Permit,
    Path(calendar): Path<String>,
    headers: HeaderMap,
    body: Body<CalendarSpec>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::replace_calendar(&app, &permit, calendar, body.content, if_match).await?))
}

/// Removes a calendar; refused while a schedule names it.
#[utoipa::path(delete, path = "/api/v1/calendars/{calendar}", tag = "calendars",
    params(("calendar" = String, Path, description = "Id or name")), responses((status = 204, description = "Removed")))]
async fn remove_calendar(State(app): State<App>, permit: Permit, Path(calendar): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_calendar(&app, &permit, calendar).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Between which moments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Between {
    /// Default: now.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Default: a year after `from`.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

/// The events of a calendar, repetitions one by one, by their beginning; those that are on at `from` too.
#[utoipa::path(get, path = "/api/v1/calendars/{calendar}/events", tag = "calendars",
    params(("calendar" = String, Path, description = "Id or name"), Between),
    responses((status = 200, description = "Events by their beginning", body = CalendarEvents)))]
async fn list_calendar_events(
    State(app): State<App>,
    permit: Permit,
    Path(calendar): Path<String>,
    Query(between): Query<Between>,
) -> ApiResult<Json<CalendarEvents>> {
    let from = between.from.unwrap_or_else(|| app.now());
    let until = between.until.unwrap_or_else(|| from.plus_ms(YEAR_MS));
    ops::list_events(&app, &permit, &calendar, from, until).await.map(Json)
}

fn answer(calendar: Calendar) -> Response {
    ([(header::ETAG, etag(u64::from(calendar.version)))], Json(calendar)).into_response()
}
