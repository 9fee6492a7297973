//! Devices over HTTP: for people and scripts under `/api/v1`, for agents under `/agent/v1`.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use taskey_proto::PROTOCOL;
use taskey_proto::agent::{AskChallenge, AskedChallenge, CallLine, CalledLine, Enroll, Enrolled, ParsedCredential, ServerIdentity};
use taskey_proto::devices::{CreateEnrollToken, CreatedEnrollToken, Device, EditDevice};
use taskey_proto::page::Page;
use taskey_proto::problem::Code;
use taskey_proto::selector::Selector;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::credential::{self, CredentialError};
use super::groups;
use super::ops::{self, find_device, shown};
use super::store::DeviceRow;
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::etag::{etag, if_match};
use crate::platform::http::guard::RequestContext;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;
use crate::platform::http::{ApiError, Body};
use crate::platform::mqtt::uplink::Claim;
use crate::platform::poll;

pub fn api() -> Api {
    Api::default()
        .route(Verb::EnrollDevices, routes!(create_enroll_token))
        .route(Verb::ReadDevices, routes!(list_devices))
        .route(Verb::ReadDevices, routes!(show_device))
        .route(Verb::WriteDevices, routes!(edit_device))
        .route(Verb::WriteDevices, routes!(remove_device))
        .route(Verb::EnrollDevices, routes!(rekey_device))
        .public(routes!(show_server))
        .public(routes!(enroll_device))
        .public(routes!(ask_challenge))
        .device(routes!(call_line))
        .merge(groups::api())
}

/// Makes an enrolment token. It is shown this once.
#[utoipa::path(post, path = "/api/v1/enroll-tokens", tag = "devices", request_body = CreateEnrollToken,
    responses((status = 201, description = "The token", body = CreatedEnrollToken)))]
async fn create_enroll_token(
    State(app): State<App>,
    permit: Permit,
    body: Body<CreateEnrollToken>,
) -> ApiResult<(StatusCode, Json<CreatedEnrollToken>)> {
    Ok((StatusCode::CREATED, Json(ops::create_enroll_token(&app, &permit, body.content).await?)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those that match, as `role=web and os!=alpine`.
    selector: Option<String>,
}

/// The devices that one may see.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", params(Paging, Filter),
    responses((status = 200, description = "Devices by name", body = Page<Device>)))]
async fn list_devices(
    State(app): State<App>,
    permit: Permit,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> ApiResult<PageAnswer<Device>> {
    let selector = filter.selector.as_deref().map(Selector::parse).transpose();
    let selector = selector.map_err(|error| ApiError::invalid_field("/selector", error.to_string()))?;
    let devices = ops::list_devices(&app, &permit, selector.as_ref(), paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(devices, |device: &Device| device.name.clone()))
}

/// One device.
#[utoipa::path(get, path = "/api/v1/devices/{device}", tag = "devices", params(("device" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The device", body = Device, headers(("ETag" = String)))))]
async fn show_device(State(app): State<App>, permit: Permit, Path(device): Path<String>) -> ApiResult<Response> {
    Ok(answer(find_device(&mut &app.db, &permit, &device).await?, &permit))
}

/// Renames a device or replaces its labels.
#[utoipa::path(patch, path = "/api/v1/devices/{device}", tag = "devices", request_body = EditDevice,
    params(("device" = String, Path, description = "Id or name"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, description = "The device as it is now", body = Device, headers(("ETag" = String)))))]
async fn edit_device(
    State(app): State<App>,
    permit: Permit,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Body<EditDevice>,
) -> ApiResult<Response> {
    Ok(answer(ops::edit_device(&app, &permit, device, body.content, if_match(&headers)?).await?, &permit))
}

/// Removes a device and cuts its line. It cannot come back but by a new enrolment.
#[utoipa::path(delete, path = "/api/v1/devices/{device}", tag = "devices", params(("device" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Removed")))]
async fn remove_device(State(app): State<App>, permit: Permit, Path(device): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_device(&app, &permit, device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a token by which a device gets new keys, and so leaves its quarantine. It is shown this once, and valid for an hour.
#[utoipa::path(post, path = "/api/v1/devices/{device}/rekey", tag = "devices", params(("device" = String, Path, description = "Id or name")),
    responses((status = 201, description = "The token", body = CreatedEnrollToken)))]
async fn rekey_device(
    State(app): State<App>,
    permit: Permit,
    Path(device): Path<String>,
) -> ApiResult<(StatusCode, Json<CreatedEnrollToken>)> {
    Ok((StatusCode::CREATED, Json(ops::rekey_device(&app, &permit, &device).await?)))
}

/// Who this server is: an agent compares the key's fingerprint with its token before it sends the token.
#[utoipa::path(get, path = "/agent/v1/server", tag = "agent",
    responses((status = 200, description = "The server's identity", body = ServerIdentity)))]
async fn show_server(State(app): State<App>) -> Json<ServerIdentity> {
    let roots = app.agent_trust.roots();
    Json(ServerIdentity { server: app.instance, key: app.keys.signing.public_key(), protocol: PROTOCOL, roots })
}

/// Lets a device join with an enrolment token.
#[utoipa::path(post, path = "/agent/v1/enroll", tag = "agent", request_body = Enroll,
    responses((status = 201, description = "Joined", body = Enrolled)))]
async fn enroll_device(State(app): State<App>, context: RequestContext, body: Body<Enroll>) -> ApiResult<(StatusCode, Json<Enrolled>)> {
    let enrolled = ops::enroll(&app, &context.address, &context.id.to_string(), body.content).await?;
    Ok((StatusCode::CREATED, Json(enrolled)))
}

/// Asks for a nonce to sign; answered for any id, so that it tells nothing about which exist.
#[utoipa::path(post, path = "/agent/v1/challenge", tag = "agent", request_body = AskChallenge,
    responses((status = 200, description = "The challenge, signed by the server", body = AskedChallenge)))]
async fn ask_challenge(State(app): State<App>, body: Body<AskChallenge>) -> ApiResult<Json<AskedChallenge>> {
    Ok(Json(AskedChallenge { challenge: credential::challenge(&app, body.content.device)? }))
}

/// A call on the line of a device that MQTT does not reach. Without `session` a line begins, as by CONNECT: a credential that is not in order is
/// answered 401. On a line that is over, 409; on one that was cut, 401. After 503 the messages were not stored.
#[utoipa::path(post, path = "/agent/v1/line", tag = "agent", request_body = CallLine,
    responses((status = 200, description = "The messages were committed; what waits for the device", body = CalledLine)))]
async fn call_line(
    State(app): State<App>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body<CallLine>,
) -> ApiResult<Json<CalledLine>> {
    let call = body.content;
    let answer = match call.session {
        None => poll::begin(&app, claim(&headers, context.address)?, call).await?,
        Some(session) => poll::call(&app, authenticate_device(&app, &headers).await?, session, call).await?,
    };
    Ok(Json(answer))
}

/// What a client would say in CONNECT that has this credential.
fn claim(headers: &HeaderMap, address: String) -> ApiResult<Claim> {
    let password = credential_text(headers)?;
    let device = ParsedCredential::parse(password).map(|parsed| parsed.claim.device.to_string()).unwrap_or_default();
    Ok(Claim { client_id: device.clone(), username: device, password: password.to_owned(), address })
}

fn refused(why: String) -> ApiError {
    ApiError::new(Code::NotSignedIn, format!("A device signs in with its credential: {why}."))
}

fn credential_text(headers: &HeaderMap) -> ApiResult<&str> {
    let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer "));
    text.ok_or_else(|| refused("there is none".to_owned()))
}

/// The device behind a request of an agent.
pub async fn authenticate_device(app: &App, headers: &HeaderMap) -> ApiResult<taskey_proto::id::DeviceId> {
    let text = credential_text(headers)?;
    match credential::prove(app, text).await {
        Ok(proven) if proven.device.is_quarantined => Err(refused("it is in quarantine".to_owned())),
        Ok(proven) if proven.verdict != super::model::CounterVerdict::Cloned => Ok(proven.device.id),
        Ok(_) => Err(refused("another copy of this device's state is in use".to_owned())),
        Err(CredentialError::Unavailable) => Err(ApiError::new(Code::Unavailable, "Try again in a moment.")),
        Err(error) => Err(refused(error.to_string())),
    }
}

fn answer(row: DeviceRow, permit: &Permit) -> Response {
    ([(header::ETAG, etag(row.revision))], Json(shown(row, permit))).into_response()
}
