//! Bytes in and out, over TCP, TLS, or a WebSocket's binary frames. MQTT packets may span frames.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};

use crate::platform::listener::Stream;

/// Read at once at most.
const READ_LEN: usize = 8 * 1024;

pub(super) enum Transport {
    Stream(Stream),
    WebSocket(Box<WebSocket>),
}

impl Transport {
    pub fn stream(stream: Stream) -> Self {
        Self::Stream(stream)
    }

    pub fn websocket(socket: WebSocket) -> Self {
        Self::WebSocket(Box::new(socket))
    }

    /// The next bytes; `None` when the other end has closed. Dropping the future loses nothing.
    pub async fn receive(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Stream(stream) => poll_fn(|cx| read(stream, cx)).await,
            Self::WebSocket(socket) => loop {
                match socket.next().await {
                    None | Some(Ok(Message::Close(_))) => return Ok(None),
                    Some(Ok(Message::Binary(bytes))) => return Ok(Some(bytes)),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Text(_))) => return Err(io::Error::new(io::ErrorKind::InvalidData, "a text frame")),
                    Some(Err(error)) => return Err(io::Error::other(error)),
                }
            },
        }
    }

    pub async fn send(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self {
            Self::Stream(stream) => {
                stream.write_all(&bytes).await?;
                stream.flush().await
            }
            Self::WebSocket(socket) => socket.send(Message::Binary(bytes.into())).await.map_err(io::Error::other),
        }
    }

    /// Says goodbye without waiting for an answer.
    pub async fn close(mut self) {
        match &mut self {
            Self::Stream(stream) => {
                let _ = stream.shutdown().await;
            }
            Self::WebSocket(socket) => {
                // The close frame goes into the socket's buffer; a peer that does not read must not hold the line open.
                let _ = socket.send(Message::Close(None)).now_or_never();
            }
        }
    }
}

/// Reads what is there. The buffer is on the stack, so that an idle line holds none.
fn read(stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
    let mut space = [MaybeUninit::uninit(); READ_LEN];
    let mut buffer = ReadBuf::uninit(&mut space);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    let bytes = buffer.filled();
    Poll::Ready(Ok((!bytes.is_empty()).then(|| Bytes::copy_from_slice(bytes))))
}
