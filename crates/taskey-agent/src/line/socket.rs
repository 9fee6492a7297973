//! The line's bytes: straight on the connection, or in the binary frames of a WebSocket.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt as _};
use taskey_proto::line::MESSAGE_LEN_MAX;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use super::Ended;
use super::session::within;
use crate::connect;
use crate::server_url::ServerUrl;
use crate::stream::Stream;

const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
const BUFFER_LEN: usize = 8 * 1024;

pub enum Socket {
    Stream(Stream),
    WebSocket(Box<WebSocketStream<Stream>>),
}

impl Socket {
    pub async fn open(server: &ServerUrl) -> Result<Self, Ended> {
        let stream = connect::for_line(server).await?;
        if stream.chose_mqtt() {
            return Ok(Self::Stream(stream));
        }
        let uri = server.line().parse().map_err(|_| Ended::Broken(format!("{} is not an address", server.line())))?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("mqtt");
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_LEN)
            .write_buffer_size(BUFFER_LEN)
            .max_message_size(Some(4 * MESSAGE_LEN_MAX))
            .max_frame_size(Some(4 * MESSAGE_LEN_MAX));
        let handshake = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        let (socket, _) = within(HANDSHAKE_TIME_MAX, "the WebSocket's handshake", handshake).await??;
        Ok(Self::WebSocket(Box::new(socket)))
    }

    /// The next bytes. Dropping the future loses nothing.
    pub async fn receive(&mut self) -> Result<Bytes, Ended> {
        let closed = || Ended::Broken("the line was closed".to_owned());
        match self {
            Self::Stream(stream) => {
                let mut buffer = BytesMut::with_capacity(BUFFER_LEN);
                match stream.read_buf(&mut buffer).await {
                    Ok(0) => Err(closed()),
                    Ok(_) => Ok(buffer.freeze()),
                    Err(error) => Err(Ended::Broken(error.to_string())),
                }
            }
            Self::WebSocket(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(_)) => return Err(Ended::Broken("the server closed the line".to_owned())),
                    Some(Err(error)) => return Err(error.into()),
                    None => return Err(closed()),
                }
            },
        }
    }

    /// Takes bytes to be written; they leave with [`Socket::flush`] at the latest.
    pub async fn feed(&mut self, bytes: Vec<u8>) -> Result<(), Ended> {
        match self {
            Self::Stream(stream) => stream.write_all(&bytes).await.map_err(|error| Ended::Broken(error.to_string())),
            Self::WebSocket(socket) => Ok(socket.feed(Message::binary(bytes)).await?),
        }
    }

    pub async fn flush(&mut self) -> Result<(), Ended> {
        match self {
            Self::Stream(stream) => stream.flush().await.map_err(|error| Ended::Broken(error.to_string())),
            Self::WebSocket(socket) => Ok(socket.flush().await?),
        }
    }

    /// Says goodbye.
    pub async fn close(&mut self) {
        // Whoever leaves needs no answer.
        match self {
            Self::Stream(stream) => drop(stream.shutdown().await),
            Self::WebSocket(socket) => drop(SinkExt::close(socket.as_mut()).await),
        }
    }
}

impl From<tungstenite::Error> for Ended {
    fn from(error: tungstenite::Error) -> Self {
        Ended::Broken(format!("WebSocket: {error}"))
    }
}
