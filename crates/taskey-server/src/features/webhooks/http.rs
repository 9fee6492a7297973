//! Webhooks over HTTP.

use axum::extract::{Extension, Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, body};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use taskey_proto::id::{DeliveryId, WebhookId};
use taskey_proto::page::Page;
use taskey_proto::problem::Code;
use taskey_proto::webhooks::{Delivery, RecoverDeliveries, Recovered, RotateWebhookKey, Webhook, WebhookSpec};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::{inbound, ops, store};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::etag::{etag, if_match_required};
use crate::platform::http::guard::RequestContext;
use crate::platform::http::page::{PageAnswer, Paging};
use crate::platform::http::problem::ApiResult;
use crate::platform::http::{ApiError, Body};

/// Bytes of a signed post.
const POST_LEN_MAX: usize = 1024 * 1024;

pub fn api() -> Api {
    Api::default()
        .route(Verb::ReadWebhooks, routes!(list_webhooks))
        .route(Verb::WriteWebhooks, routes!(create_webhook))
        .route(Verb::ReadWebhooks, routes!(show_webhook))
        .route(Verb::WriteWebhooks, routes!(replace_webhook))
        .route(Verb::WriteWebhooks, routes!(remove_webhook))
        .route(Verb::WriteWebhooks, routes!(rotate_webhook_key))
        .route(Verb::ReadWebhooks, routes!(list_deliveries))
        .route(Verb::ReadWebhooks, routes!(show_delivery))
        .route(Verb::WriteWebhooks, routes!(resend_delivery))
        .route(Verb::WriteWebhooks, routes!(recover_deliveries))
        .public(routes!(take_in_post))
}

/// The organization's webhooks; never their keys.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(Paging),
    responses((status = 200, description = "Webhooks by name", body = Page<Webhook>)))]
async fn list_webhooks(State(app): State<App>, permit: Permit, Query(paging): Query<Paging>) -> ApiResult<PageAnswer<Webhook>> {
    let webhooks = ops::list_webhooks(&app, &permit, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(webhooks, |webhook| webhook.name.clone()))
}

/// Makes a webhook, and tells its secret, this once.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookSpec,
    responses((status = 201, description = "The webhook with its secret", body = Webhook, headers(("Location" = String)))))]
async fn create_webhook(State(app): State<App>, permit: Permit, body: Body<WebhookSpec>) -> ApiResult<Response> {
    let webhook = ops::create_webhook(&app, &permit, body.content).await?;
    let location = format!("/api/v1/webhooks/{}", webhook.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], answer(webhook)).into_response())
}

/// One webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The webhook", body = Webhook, headers(("ETag" = String)))))]
async fn show_webhook(State(app): State<App>, permit: Permit, Path(webhook): Path<String>) -> ApiResult<Response> {
    Ok(answer(ops::show_webhook(&app, &permit, &webhook).await?))
}

/// Replaces a webhook; one that was given up begins again. Its keys stay as they are.
#[utoipa::path(put, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", request_body = WebhookSpec,
    params(("webhook" = String, Path, description = "Id or name"), ("If-Match" = String, Header, description = "The ETag that was read, or `*`")),
    responses((status = 200, description = "The webhook as it is now", body = Webhook, headers(("ETag" = String)))))]
async fn replace_webhook(
    State(app): State<App>,
    permit: Permit,
    Path(webhook): Path<String>,
    headers: HeaderMap,
    body: Body<WebhookSpec>,
) -> ApiResult<Response> {
    let if_match = if_match_required(&headers)?;
    Ok(answer(ops::replace_webhook(&app, &permit, webhook, body.content, if_match).await?))
}

/// Removes a webhook with its deliveries.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Removed")))]
async fn remove_webhook(State(app): State<App>, permit: Permit, Path(webhook): Path<String>) -> ApiResult<StatusCode> {
    ops::remove_webhook(&app, &permit, webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the next key of a webhook and tells it, this once. The older one signs too until the overlap is over.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/rotate", tag = "webhooks", request_body = RotateWebhookKey,
    params(("webhook" = String, Path, description = "Id or name")),
    responses((status = 200, description = "The webhook with its new secret", body = Webhook, headers(("ETag" = String)))))]
async fn rotate_webhook_key(
    State(app): State<App>,
    permit: Permit,
    Path(webhook): Path<String>,
    body: Body<RotateWebhookKey>,
) -> ApiResult<Response> {
    Ok(answer(ops::rotate_key(&app, &permit, webhook, body.content).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InState {
    /// `waiting`, `delivered`, `failed` or `dropped`.
    state: Option<String>,
}

/// A webhook's deliveries, the newest first.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id or name"), InState, Paging),
    responses((status = 200, description = "Deliveries", body = Page<Delivery>)))]
async fn list_deliveries(
    State(app): State<App>,
    permit: Permit,
    Path(webhook): Path<String>,
    Query(filter): Query<InState>,
    Query(paging): Query<Paging>,
) -> ApiResult<PageAnswer<Delivery>> {
    let webhook = ops::find(&app, &permit, &webhook).await?;
    let unknown = || ApiError::invalid_field("/state", "one of waiting, delivered, failed, dropped");
    let state = filter.state.map(|word| store::read_delivery_state(&word).ok_or_else(unknown)).transpose()?;
    let deliveries = store::deliveries_of_webhook(&app.db, webhook.id, state, paging.after()?, paging.limit() + 1).await?;
    Ok(paging.page(deliveries, |delivery| delivery.id))
}

/// One delivery, with its tries and what would be posted now.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/deliveries/{delivery}", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id or name"), ("delivery" = DeliveryId, Path)),
    responses((status = 200, description = "The delivery", body = Delivery)))]
async fn show_delivery(
    State(app): State<App>,
    permit: Permit,
    Path((webhook, delivery)): Path<(String, DeliveryId)>,
) -> ApiResult<Json<Delivery>> {
    ops::show_delivery(&app, &permit, &webhook, delivery).await.map(Json)
}

/// Delivers a message once more, under the same `webhook-id` and with a new timestamp.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/deliveries/{delivery}/resend", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id or name"), ("delivery" = DeliveryId, Path)),
    responses((status = 202, description = "The delivery, which waits to be sent", body = Delivery)))]
async fn resend_delivery(
    State(app): State<App>,
    permit: Permit,
    Path((webhook, delivery)): Path<(String, DeliveryId)>,
) -> ApiResult<(StatusCode, Json<Delivery>)> {
    Ok((StatusCode::ACCEPTED, Json(ops::resend_delivery(&app, &permit, &webhook, delivery).await?)))
}

/// Delivers what a receiver missed between two moments.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/recover", tag = "webhooks", request_body = RecoverDeliveries,
    params(("webhook" = String, Path, description = "Id or name")),
    responses((status = 202, description = "How many deliveries wait to be sent", body = Recovered)))]
async fn recover_deliveries(
    State(app): State<App>,
    permit: Permit,
    Path(webhook): Path<String>,
    body: Body<RecoverDeliveries>,
) -> ApiResult<(StatusCode, Json<Recovered>)> {
    Ok((StatusCode::ACCEPTED, Json(ops::recover_deliveries(&app, &permit, &webhook, body.content).await?)))
}

/// Takes in a post that a key of the webhook has signed, as Standard Webhooks says, and makes an item of it by the webhook's rule.
#[utoipa::path(post, path = "/hooks/{webhook}", tag = "webhooks",
    request_body(content = Object, content_type = "application/json"),
    params(("webhook" = WebhookId, Path), ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header), ("webhook-signature" = String, Header)),
    responses((status = 202, description = "Taken in")))]
async fn take_in_post(
    State(app): State<App>,
    Path(webhook): Path<WebhookId>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    request: Request,
) -> ApiResult<StatusCode> {
    let too_large = |_| ApiError::new(Code::BodyTooLarge, format!("A post has at most {POST_LEN_MAX} bytes."));
    let bytes = body::to_bytes(request.into_body(), POST_LEN_MAX).await.map_err(too_large)?;
    inbound::take_in(&app, webhook, &headers, &bytes, &context.address).await?;
    Ok(StatusCode::ACCEPTED)
}

fn answer(webhook: Webhook) -> Response {
    ([(header::ETAG, etag(u64::from(webhook.version)))], Json(webhook)).into_response()
}
