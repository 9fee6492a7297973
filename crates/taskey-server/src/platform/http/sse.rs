//! Server-sent events: small frames over a channel that ends with the listener.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use tokio::sync::mpsc;

/// Frames that may wait for a slow listener; beyond that the writer waits with them.
const FRAMES_MAX: usize = 64;

pub struct Frames(mpsc::Sender<Result<Bytes, Infallible>>);

/// The listener is gone.
pub struct Gone;

impl Frames {
    /// One event. `data` must not hold line breaks; JSON written by serde_json does not.
    pub async fn event(&self, id: Option<&str>, name: &str, data: &str) -> Result<(), Gone> {
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        self.send(format!("{id}event: {name}\ndata: {data}\n\n")).await
    }

    /// A comment, so that proxies and listeners see that the line is alive.
    pub async fn keep_alive(&self) -> Result<(), Gone> {
        self.send(": still here\n\n".to_owned()).await
    }

    async fn send(&self, frame: String) -> Result<(), Gone> {
        self.0.send(Ok(Bytes::from(frame))).await.map_err(|_| Gone)
    }
}

/// Answers with a stream that `write` fills until it returns or the listener goes.
pub fn stream<F>(write: impl FnOnce(Frames) -> F) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(FRAMES_MAX);
    let gone = sender.clone();
    let writing = write(Frames(sender));
    tokio::spawn(async move {
        tokio::select! {
            () = writing => {}
            () = gone.closed() => {}
        }
    });
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|frame| (frame, receiver)) });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(frames)).into_response()
}
