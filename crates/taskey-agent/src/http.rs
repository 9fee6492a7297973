//! The few HTTP requests of an agent: one connection each, JSON both ways, every step under a time limit.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use taskey_proto::problem::Problem;

use crate::connect::{self, ProxyFailure};
use crate::server_url::ServerUrl;
use crate::stream::Stream;

pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// The largest answer is an order of fifty full scripts, in base64.
const ANSWER_LEN_MAX: usize = 96 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{server} cannot be reached: {why}")]
    Unreachable { server: String, why: String },
    /// The way ended at the proxy, which is named without its credentials.
    #[error("the proxy {proxy} (of {variable}) {failure}")]
    Proxy { proxy: String, variable: &'static str, failure: ProxyFailure },
    /// The server knows us and says no: 401, 403, or 404 about ourselves.
    #[error("{title}: {detail}")]
    Refused { status: u16, code: String, title: String, detail: String },
    #[error("{server} did not answer as expected: {why}")]
    Unexpected { server: String, why: String },
}

pub async fn get<A: DeserializeOwned>(server: &ServerUrl, path: &str, bearer: Option<&str>) -> Result<A, HttpError> {
    ask(server, Method::GET, path, bearer, Bytes::new()).await
}

pub async fn post<Q: Serialize, A: DeserializeOwned>(
    server: &ServerUrl,
    path: &str,
    bearer: Option<&str>,
    body: &Q,
) -> Result<A, HttpError> {
    let body = serde_json::to_vec(body).map_err(|error| unexpected(server, error))?;
    ask(server, Method::POST, path, bearer, body.into()).await
}

async fn ask<A: DeserializeOwned>(
    server: &ServerUrl,
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Bytes,
) -> Result<A, HttpError> {
    let request = request(server, method, path, bearer, body)?;
    let stream = connect::for_requests(server).await?;
    let (status, answer) = tokio::time::timeout(ANSWER_TIME_MAX, exchange(server, stream, request))
        .await
        .map_err(|_| unreachable(server, format!("no answer within {} s", ANSWER_TIME_MAX.as_secs())))??;
    judge(server, status, &answer)
}

async fn exchange(server: &ServerUrl, stream: Stream, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), HttpError> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(server, error))?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| unreachable(server, error))?;
        read(server, answer).await
    };
    // The connection is driven here rather than by a task of its own; it ends together with its one request.
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}

pub(crate) fn request(
    server: &ServerUrl,
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut request = Request::builder()
        .method(method)
        .uri(server.path(path))
        .header(header::HOST, server.authority())
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(header::USER_AGENT, concat!("taskeyd/", env!("CARGO_PKG_VERSION")));
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    request.body(Full::new(body)).map_err(|error| unexpected(server, error))
}

pub(crate) async fn read(server: &ServerUrl, answer: Response<Incoming>) -> Result<(StatusCode, Bytes), HttpError> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_LEN_MAX).collect().await.map_err(|error| unexpected(server, error))?;
    Ok((status, body.to_bytes()))
}

/// What an answer says.
pub(crate) fn judge<A: DeserializeOwned>(server: &ServerUrl, status: StatusCode, answer: &[u8]) -> Result<A, HttpError> {
    if status.is_success() {
        return serde_json::from_slice(answer).map_err(|error| unexpected(server, error));
    }
    Err(problem(server, status, answer))
}

fn problem(server: &ServerUrl, status: StatusCode, answer: &[u8]) -> HttpError {
    let problem: Option<Problem> = serde_json::from_slice(answer).ok();
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
    match problem {
        Some(problem) if refused => {
            HttpError::Refused { status: status.as_u16(), code: problem.code, title: problem.title, detail: problem.detail }
        }
        Some(problem) => unexpected(server, format!("{}: {}", problem.title, problem.detail)),
        // Without our kind of problem it is someone else who answers, a proxy perhaps, not the server's word on us.
        None => unexpected(server, status),
    }
}

pub(crate) fn unreachable(server: &ServerUrl, why: impl std::fmt::Display) -> HttpError {
    HttpError::Unreachable { server: server.to_string(), why: why.to_string() }
}

pub(crate) fn unexpected(server: &ServerUrl, why: impl std::fmt::Display) -> HttpError {
    HttpError::Unexpected { server: server.to_string(), why: why.to_string() }
}
