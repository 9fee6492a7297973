//! A connection that is kept for the next request, where one follows the other closely: through TLS and proxies each new one costs several
//! ways there and back.

use std::time::Duration;

use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::connect;
use crate::http::{self, HttpError, unreachable};
use crate::server_url::ServerUrl;

/// One that was left alone for longer may be gone without a word: whatever translates addresses on the way forgets it.
const IDLE_TIME_MAX: Duration = Duration::from_secs(20);

#[derive(Default)]
pub struct Kept(Option<Connection>);

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    used_at: Instant,
}

impl Kept {
    /// Asks, on the connection that is there or on a new one. The time limit is for the answer.
    pub async fn post<Q: Serialize, A: DeserializeOwned>(
        &mut self,
        server: &ServerUrl,
        path: &str,
        bearer: &str,
        body: &Q,
        answer_within: Duration,
    ) -> Result<A, HttpError> {
        let body = serde_json::to_vec(body).map_err(|error| http::unexpected(server, error))?;
        let request = http::request(server, Method::POST, path, Some(bearer), body.into())?;
        let (status, answer) = self.exchange(server, request, answer_within).await?;
        http::judge(server, status, &answer)
    }

    async fn exchange(
        &mut self,
        server: &ServerUrl,
        mut request: Request<Full<Bytes>>,
        answer_within: Duration,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let late = || unreachable(server, format!("no answer within {} s", answer_within.as_secs()));
        // Taken out: a connection whose request fails or is dropped is not used again.
        if let Some(kept) = self.0.take()
            && let Some(mut kept) = kept.ready().await
        {
            match timeout(answer_within, kept.sender.try_send_request(request)).await.map_err(|_| late())? {
                Ok(answer) => return self.read(server, kept, answer, answer_within).await,
                Err(mut error) => match error.take_message() {
                    // It was closed just now. Nothing of the request has left.
                    Some(unsent) => request = unsent,
                    None => return Err(unreachable(server, error.into_error())),
                },
            }
        }
        let mut fresh = Connection::open(server).await?;
        let answer = timeout(answer_within, fresh.sender.send_request(request)).await.map_err(|_| late())?;
        let answer = answer.map_err(|error| unreachable(server, error))?;
        self.read(server, fresh, answer, answer_within).await
    }

    async fn read(
        &mut self,
        server: &ServerUrl,
        mut connection: Connection,
        answer: Response<Incoming>,
        within: Duration,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let read = timeout(within, http::read(server, answer)).await;
        let read = read.map_err(|_| unreachable(server, format!("its answer was not whole within {} s", within.as_secs())))??;
        connection.used_at = Instant::now();
        self.0 = Some(connection);
        Ok(read)
    }
}

impl Connection {
    async fn open(server: &ServerUrl) -> Result<Self, HttpError> {
        let stream = connect::for_requests(server).await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| unreachable(server, error))?;
        let driver = tokio::spawn(async move {
            // What went wrong is told to whoever asked.
            let _ = connection.await;
        });
        Ok(Self { sender, driver, used_at: Instant::now() })
    }

    /// The connection, if it can take another request.
    async fn ready(mut self) -> Option<Self> {
        let is_fresh = self.used_at.elapsed() < IDLE_TIME_MAX;
        (is_fresh && self.sender.ready().await.is_ok()).then_some(self)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
