//! Bytes in and out, over TCP or over a WebSocket's binary frames. MQTT packets may span frames.

use std::io;

use axum::extract::ws::{Message, WebSocket};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Read at once at most; the buffer is given back while the line is idle.
const READ_LEN: usize = 8 * 1024;

pub(super) enum Transport {
    Tcp(TcpStream),
    WebSocket(Box<WebSocket>),
}

impl Transport {
    pub fn tcp(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }

    pub fn websocket(socket: WebSocket) -> Self {
        Self::WebSocket(Box::new(socket))
    }

    /// The next bytes; `None` when the other end has closed. Dropping the future loses nothing.
    pub async fn receive(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Tcp(stream) => {
                stream.readable().await?;
                let mut buffer = BytesMut::with_capacity(READ_LEN);
                let read = stream.read_buf(&mut buffer).await?;
                Ok((read > 0).then(|| buffer.freeze()))
            }
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
            Self::Tcp(stream) => stream.write_all(&bytes).await,
            Self::WebSocket(socket) => socket.send(Message::Binary(bytes.into())).await.map_err(io::Error::other),
        }
    }

    /// Says goodbye without waiting for an answer.
    pub async fn close(mut self) {
        match &mut self {
            Self::Tcp(stream) => {
                let _ = stream.shutdown().await;
            }
            Self::WebSocket(socket) => {
                // The close frame goes into the socket's buffer; a peer that does not read must not hold the line open.
                let _ = socket.send(Message::Close(None)).now_or_never();
            }
        }
    }
}
