//! Quiet over HTTP.

use axum::Json;
use axum::extract::State;
use taskey_proto::quiet::{EndQuiet, Quiet, QuietEnded};
use utoipa_axum::routes;

use super::ops::{self, Who};
use crate::app::App;
use crate::features::accounts::{Api, Permit, Verb};
use crate::platform::http::Body;
use crate::platform::http::problem::ApiResult;

pub fn api() -> Api {
    Api::default().route(Verb::ReadQuiet, routes!(show_quiet)).route(Verb::EndQuiet, routes!(end_quiet))
}

/// Whether this server was restored from a backup and waits for its operator, and what there is to look at.
#[utoipa::path(get, path = "/api/v1/quiet", tag = "quiet", responses((status = 200, description = "How it stands", body = Quiet)))]
async fn show_quiet(State(app): State<App>, permit: Permit) -> ApiResult<Json<Quiet>> {
    Ok(Json(ops::show(&app, &Who::Permitted(&permit)).await?))
}

/// Lets a restored server go on. What waited when the backup was made is cancelled, or kept as far as it is still valid.
#[utoipa::path(post, path = "/api/v1/quiet/end", tag = "quiet", request_body = EndQuiet,
    responses((status = 200, description = "What became of what waited", body = QuietEnded)))]
async fn end_quiet(State(app): State<App>, permit: Permit, body: Body<EndQuiet>) -> ApiResult<Json<QuietEnded>> {
    Ok(Json(ops::end(&app, &Who::Permitted(&permit), body.content.queued).await?))
}
