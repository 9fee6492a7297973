//! The few HTTP requests of an agent: one connection each, JSON both ways, every step under a time limit.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use taskey_proto::problem::Problem;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::server_url::ServerUrl;
use crate::stream::Stream;
use crate::tls::Tls;

const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// What was sent and is not acknowledged by the other machine for so long ends the connection (TCP_USER_TIMEOUT).
const UNACKNOWLEDGED_MS_MAX: u32 = 20_000;
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// The largest answer is an order of fifty full scripts, in base64.
const ANSWER_LEN_MAX: usize = 96 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{server} cannot be reached: {why}")]
    Unreachable { server: String, why: String },
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

/// A connection for requests.
pub async fn connect(server: &ServerUrl) -> Result<Stream, HttpError> {
    let stream = connect_tcp(server).await?;
    match server.tls() {
        Some(tls) => shake_hands(server, tls, tls.http(), stream).await,
        None => Ok(Stream::Plain(stream)),
    }
}

/// A connection for the line.
pub async fn connect_line(server: &ServerUrl) -> Result<Stream, HttpError> {
    let stream = connect_tcp(server).await?;
    match server.tls() {
        Some(tls) => shake_hands(server, tls, tls.line(), stream).await,
        None => Ok(Stream::Plain(stream)),
    }
}

async fn shake_hands(server: &ServerUrl, tls: &Tls, connector: &TlsConnector, stream: TcpStream) -> Result<Stream, HttpError> {
    let name = tls.name(server.host()).ok_or_else(|| unreachable(server, "no certificate can have that name"))?;
    let handshake = tokio::time::timeout(HANDSHAKE_TIME_MAX, connector.connect(name, stream)).await;
    let handshake = handshake.map_err(|_| unreachable(server, format!("no TLS within {} s", HANDSHAKE_TIME_MAX.as_secs())))?;
    let stream = handshake.map_err(|error| unreachable(server, format!("no trusted connection: {error}")))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// Connects with Nagle's algorithm off. A server that takes nothing for a while is gone, whatever the kernel still hopes.
async fn connect_tcp(server: &ServerUrl) -> Result<TcpStream, HttpError> {
    let addresses = tokio::time::timeout(CONNECT_TIME_MAX, server.addresses()).await;
    let addresses = addresses.map_err(|_| unreachable(server, "its name was not resolved in time"))?;
    let mut why = "it has no address".to_owned();
    for address in addresses.map_err(|error| unreachable(server, format!("its name has no address: {error}")))? {
        match tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(|error| unreachable(server, error))?;
                rustix::net::sockopt::set_tcp_user_timeout(&stream, UNACKNOWLEDGED_MS_MAX).map_err(|error| unreachable(server, error))?;
                return Ok(stream);
            }
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = format!("no connection within {} s", CONNECT_TIME_MAX.as_secs()),
        }
    }
    Err(unreachable(server, why))
}

async fn ask<A: DeserializeOwned>(
    server: &ServerUrl,
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Bytes,
) -> Result<A, HttpError> {
    let stream = connect(server).await?;
    let (status, answer) = tokio::time::timeout(ANSWER_TIME_MAX, exchange(server, stream, method, path, bearer, body))
        .await
        .map_err(|_| unreachable(server, format!("no answer within {} s", ANSWER_TIME_MAX.as_secs())))??;
    if status.is_success() {
        return serde_json::from_slice(&answer).map_err(|error| unexpected(server, error));
    }
    Err(problem(server, status, &answer))
}

async fn exchange(
    server: &ServerUrl,
    stream: Stream,
    method: Method,
    path: &str,
    bearer: Option<&str>,
    body: Bytes,
) -> Result<(StatusCode, Bytes), HttpError> {
    let mut request = Request::builder()
        .method(method)
        .uri(server.path(path))
        .header(header::HOST, server.authority())
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(header::USER_AGENT, concat!("taskeyd/", env!("CARGO_PKG_VERSION")));
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    let request = request.body(Full::new(body)).map_err(|error| unexpected(server, error))?;

    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(server, error))?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| unreachable(server, error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_LEN_MAX).collect().await.map_err(|error| unexpected(server, error))?;
        Ok((status, body.to_bytes()))
    };
    // The connection is driven here rather than by a task of its own; it ends together with its one request.
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
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

fn unreachable(server: &ServerUrl, why: impl std::fmt::Display) -> HttpError {
    HttpError::Unreachable { server: server.to_string(), why: why.to_string() }
}

fn unexpected(server: &ServerUrl, why: impl std::fmt::Display) -> HttpError {
    HttpError::Unexpected { server: server.to_string(), why: why.to_string() }
}
