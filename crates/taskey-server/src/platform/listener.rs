//! Connections as they come in, plain or through TLS.
//!
//! Handshakes are done beside each other, a bounded number at a time, so that a slow client holds up nobody and a storm of
//! devices that come back is let in at the pace at which it can be served. The rest waits in the kernel's queue.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use rustls::ServerConfig;
use taskey_proto::agent::MQTT_ALPN;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Handshakes at a time.
const HANDSHAKES_MAX: usize = 128;
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Connections that wait to be taken.
const WAITING_MAX: usize = 64;

/// A connection.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Whether the client chose to speak MQTT, without HTTP around it.
    pub fn chose_mqtt(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(MQTT_ALPN),
        }
    }
}

/// Whence a connection comes.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Connections to one address.
pub struct Listener {
    address: SocketAddr,
    connections: mpsc::Receiver<(Stream, SocketAddr)>,
}

impl Listener {
    /// Begins to accept; with `tls`, handshakes first.
    pub fn start(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (connected, connections) = mpsc::channel(WAITING_MAX);
        tokio::spawn(accept(listener, tls.map(TlsAcceptor::from), connected));
        Ok(Self { address, connections })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection; `None` when nothing more is accepted.
    pub async fn next(&mut self) -> Option<(Stream, SocketAddr)> {
        self.connections.recv().await
    }

    /// Hands every connection that chose MQTT to `take`; the others remain.
    pub fn without_mqtt(mut self, take: impl Fn(Stream, SocketAddr) + Send + 'static) -> Self {
        let address = self.address;
        let (others, connections) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            loop {
                // Nobody takes connections any more when the server stops; the address is free again then.
                let next = tokio::select! {
                    next = self.next() => next,
                    () = others.closed() => return,
                };
                let Some((stream, peer)) = next else { return };
                if stream.chose_mqtt() {
                    take(stream, peer);
                } else if others.send((stream, peer)).await.is_err() {
                    return;
                }
            }
        });
        Self { address, connections }
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, connected: mpsc::Sender<(Stream, SocketAddr)>) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = handshakes.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = connected.closed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others must be closed first.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Nagle's algorithm with delayed acknowledgements costs 42 ms a result.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let Some(tls) = tls.clone() else {
            if connected.send((Stream::Plain(stream), peer)).await.is_err() {
                return;
            }
            continue;
        };
        let connected = connected.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
                Ok(Ok(stream)) => {
                    drop(permit);
                    // Nobody may take it any more.
                    let _ = connected.send((Stream::Tls(Box::new(stream)), peer)).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
            }
        });
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        match self.next().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Peer(*stream.remote_addr())
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
