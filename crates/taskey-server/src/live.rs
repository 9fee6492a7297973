//! Routes that no slice owns: the organization's events as a stream, the OpenAPI document, health and metrics.

use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb, renewed};
use crate::features::{devices, inbox, runs, schedules};
use crate::platform::db::DbError;
use crate::platform::db::events::{self, Cursor, Event};
use crate::platform::http::problem::ApiResult;
use crate::platform::http::sse::{self, Frames};
use crate::{args, sql};

const EVENTS_AT_ONCE: usize = 100;
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

pub fn api() -> Api {
    Api::default().route(Verb::ReadEvents, routes!(stream_events))
}

/// What machines ask of the process itself; outside the API and its document.
pub fn health() -> Router<App> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|State(app): State<App>| async move { app.metrics.render() }))
        .route("/api/v1/openapi.json", get(document))
}

/// Ready is who can read its database.
async fn ready(State(app): State<App>) -> Response {
    match app.db.row(sql!("SELECT epoch FROM instance LIMIT 1"), args![]).await {
        Ok(Some(_)) => "ready\n".into_response(),
        Ok(None) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], crate::openapi()).into_response()
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// The id of the last event seen; `Last-Event-ID` does the same. Without it the stream begins with now.
    after: Option<String>,
}

/// One event of the stream.
#[derive(Serialize, utoipa::ToSchema)]
struct LiveEvent<'a> {
    /// Such as `device.online` or `run.finished`; also the name of the server-sent event.
    name: &'a str,
    /// Id of what it is about.
    subject: &'a str,
    at: taskey_proto::Time,
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// The organization's events, live.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(After, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses((status = 200, description = "Server-sent events", body = LiveEvent, content_type = "text/event-stream")))]
async fn stream_events(State(app): State<App>, permit: Permit, Query(query): Query<After>, headers: HeaderMap) -> ApiResult<Response> {
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned).or(query.after);
    let after = match seen.and_then(|text| text.parse::<Cursor>().ok()) {
        Some(cursor) => cursor,
        None => events::now(&app.db).await?,
    };
    Ok(sse::stream(|frames| write_events(app, permit, after, frames)))
}

async fn write_events(app: App, mut permit: Permit, mut after: Cursor, frames: Frames) {
    let organization = permit.organization();
    let mut waker = app.db.hub().subscribe(&events::topic(organization));
    let mut quiet_since = tokio::time::Instant::now();
    // The listener learns at once that the stream is open, not with the first event.
    if frames.keep_alive().await.is_err() {
        return;
    }
    loop {
        let batch = match events::read(&app.db, Some(organization), after, EVENTS_AT_ONCE).await {
            Ok(batch) => batch,
            Err(error) => return tracing::error!(%error, "events could not be read"),
        };
        // What they may do now, not when the stream was opened; and that they are let in at all.
        let Some(renewed) = renewed(&app, &permit).await else { return };
        permit = renewed;
        for event in &batch {
            after = event.cursor;
            match sees_event(&app, &permit, event).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return tracing::error!(%error, "events could not be read"),
            }
            if write_event(&frames, event).await.is_err() {
                return;
            }
            quiet_since = tokio::time::Instant::now();
        }
        if batch.len() == EVENTS_AT_ONCE {
            continue;
        }
        if quiet_since.elapsed() >= KEEP_ALIVE_EVERY {
            if frames.keep_alive().await.is_err() {
                return;
            }
            quiet_since = tokio::time::Instant::now();
        }
        tokio::select! {
            () = waker.woken() => {}
            () = app.stopped() => return,
        }
    }
}

/// Whether somebody may know of an event: who may see what it is about.
async fn sees_event(app: &App, permit: &Permit, event: &Event) -> Result<bool, DbError> {
    let may = |verb| permit.gives(verb);
    let noun = event.name.split('.').next().unwrap_or_default();
    Ok(match noun {
        _ if permit.is_super() => true,
        "device" | "queue" => match event.subject.parse() {
            Ok(device) => devices::sees_device(&app.db, permit.sight(), device).await?,
            Err(_) => false,
        },
        "run" => match event.subject.parse() {
            Ok(run) => runs::sees_run(&app.db, permit.sight(), run).await?,
            Err(_) => false,
        },
        "schedule" => match event.subject.parse() {
            Ok(schedule) => schedules::sees_schedule(&app.db, permit.sight(), schedule).await?,
            Err(_) => false,
        },
        "item" => match event.subject.parse() {
            Ok(item) => inbox::sees_item(&app.db, permit.item_sight(), item).await?,
            Err(_) => false,
        },
        "webhook" => may(Verb::ReadWebhooks),
        "item_type" => match event.subject.parse() {
            Ok(item_type) => inbox::sees_item_type(&app.db, permit.item_sight(), item_type).await?,
            Err(_) => false,
        },
        "task" => may(Verb::ReadTasks),
        "calendar" => may(Verb::ReadCalendars),
        "secret" => may(Verb::ReadSecrets),
        "quiet" => may(Verb::ReadQuiet),
        "user" => event.subject == permit.principal().user.to_string(),
        "key" => serde_json::from_str::<OfUser>(&event.data).is_ok_and(|of| of.user == Some(permit.principal().user)),
        // Organizations, groups, and whatever comes: for super users, until it says otherwise here.
        _ => false,
    })
}

/// Of an event's data whose it is about.
#[derive(Deserialize)]
struct OfUser {
    user: Option<taskey_proto::id::UserId>,
}

async fn write_event(frames: &Frames, event: &Event) -> Result<(), DbError> {
    let data = serde_json::from_str(&event.data).unwrap_or_default();
    let live = LiveEvent { name: &event.name, subject: &event.subject, at: event.at, data };
    let text = serde_json::to_string(&live).map_err(|error| DbError::Column { column: "data".to_owned(), detail: error.to_string() })?;
    frames.event(Some(&event.cursor.to_string()), &event.name, &text).await.map_err(|_| DbError::Closed)
}
