//! A connection to the server: straight, or through the proxy that the environment names; then TLS where the server speaks it.
//!
//! A proxy is asked for a tunnel (`CONNECT`) whatever goes through it, so that it sees the server's name and port, and no more. What the
//! proxy answers is told apart from what the server answers. Each step has its own time limit.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::http::{HttpError, unreachable};
use crate::proxy::Proxy;
use crate::server_url::ServerUrl;
use crate::stream::Stream;
use crate::tls::Tls;

const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const TUNNEL_TIME_MAX: Duration = Duration::from_secs(15);
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// What was sent and is not acknowledged by the other machine for so long ends the connection (TCP_USER_TIMEOUT).
const UNACKNOWLEDGED_MS_MAX: u32 = 20_000;
/// The head of a proxy's answer.
const HEAD_LEN_MAX: usize = 16 * 1024;

/// What a proxy did instead of letting us through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFailure {
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("asks for credentials (407), and its address has none, as in http://USER:PASSWORD@HOST:PORT")]
    WantsCredentials,
    #[error("does not accept the credentials in its address (407)")]
    WrongCredentials,
    #[error("does not let this device through to {target} (it answered {status}); whoever runs it has to allow that")]
    Denied { target: String, status: u16 },
    #[error("lets this device through, but does not reach {target} itself (it answered {status}); check the server's address")]
    Gateway { target: String, status: u16 },
    #[error("did not answer as a proxy does: {0}")]
    Unexpected(String),
}

/// A connection for requests.
pub async fn for_requests(server: &ServerUrl) -> Result<Stream, HttpError> {
    let stream = reach(server).await?;
    match server.tls() {
        Some(tls) => shake_hands(server, tls, tls.http(), stream).await,
        None => Ok(Stream::Plain(stream)),
    }
}

/// A connection for the line.
pub async fn for_line(server: &ServerUrl) -> Result<Stream, HttpError> {
    let stream = reach(server).await?;
    match server.tls() {
        Some(tls) => shake_hands(server, tls, tls.line(), stream).await,
        None => Ok(Stream::Plain(stream)),
    }
}

/// The bare way to the server, on which nothing has been said yet.
pub async fn reach(server: &ServerUrl) -> Result<TcpStream, HttpError> {
    let Some(proxy) = server.proxy() else {
        return dial(server.addresses()).await.map_err(|why| unreachable(server, why));
    };
    let failed = |failure| HttpError::Proxy { proxy: proxy.to_string(), variable: proxy.variable(), failure };
    let mut stream = dial(proxy.addresses()).await.map_err(|why| failed(ProxyFailure::Unreachable(why)))?;
    let late = || ProxyFailure::Unexpected(format!("no answer within {} s", TUNNEL_TIME_MAX.as_secs()));
    let opened = timeout(TUNNEL_TIME_MAX, open_tunnel(&mut stream, proxy, &server.target())).await;
    opened.unwrap_or_else(|_| Err(late())).map_err(failed)?;
    Ok(stream)
}

async fn shake_hands(server: &ServerUrl, tls: &Tls, connector: &TlsConnector, stream: TcpStream) -> Result<Stream, HttpError> {
    let name = tls.name(server.host()).ok_or_else(|| unreachable(server, "no certificate can have that name"))?;
    let handshake = timeout(HANDSHAKE_TIME_MAX, connector.connect(name, stream)).await;
    let handshake = handshake.map_err(|_| unreachable(server, format!("no TLS within {} s", HANDSHAKE_TIME_MAX.as_secs())))?;
    let stream = handshake.map_err(|error| unreachable(server, format!("no trusted connection: {error}")))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// Connects with Nagle's algorithm off. A machine that takes nothing for a while is gone, whatever the kernel still hopes.
async fn dial(addresses: impl Future<Output = io::Result<Vec<SocketAddr>>>) -> Result<TcpStream, String> {
    let addresses = timeout(CONNECT_TIME_MAX, addresses).await.map_err(|_| "its name was not resolved in time".to_owned())?;
    let mut why = "it has no address".to_owned();
    for address in addresses.map_err(|error| format!("its name has no address: {error}"))? {
        match timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                rustix::net::sockopt::set_tcp_user_timeout(&stream, UNACKNOWLEDGED_MS_MAX).map_err(|error| error.to_string())?;
                return Ok(stream);
            }
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = format!("no connection within {} s", CONNECT_TIME_MAX.as_secs()),
        }
    }
    Err(why)
}

async fn open_tunnel(stream: &mut TcpStream, proxy: &Proxy, target: &str) -> Result<(), ProxyFailure> {
    let broken = |error: io::Error| ProxyFailure::Unexpected(error.to_string());
    let authorization = proxy.authorization().map(|word| format!("Proxy-Authorization: {word}\r\n")).unwrap_or_default();
    let agent = concat!("taskeyd/", env!("CARGO_PKG_VERSION"));
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {agent}\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_LEN_MAX {
            return Err(ProxyFailure::Unexpected("its answer has no end".to_owned()));
        }
        // One byte at a time, so that nothing of what the server says behind the head is taken.
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Err(ProxyFailure::Unexpected("it closed the connection".to_owned())),
            Err(error) => return Err(broken(error)),
        }
    }
    judge(&head, target, proxy.authorization().is_some())
}

/// What the head of an answer says.
fn judge(head: &[u8], target: &str, had_credentials: bool) -> Result<(), ProxyFailure> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let status = match (words.next(), words.next().map(str::parse::<u16>)) {
        (Some("HTTP/1.0" | "HTTP/1.1"), Some(Ok(status))) => status,
        _ => return Err(ProxyFailure::Unexpected("what it said is no HTTP".to_owned())),
    };
    let target = target.to_owned();
    match status {
        200..=299 => Ok(()),
        407 if had_credentials => Err(ProxyFailure::WrongCredentials),
        407 => Err(ProxyFailure::WantsCredentials),
        502..=504 => Err(ProxyFailure::Gateway { target, status }),
        400..=599 => Err(ProxyFailure::Denied { target, status }),
        _ => Err(ProxyFailure::Unexpected(format!("it answered {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_answer_is_told_apart_from_the_servers() {
        let judged = |head: &str| judge(head.as_bytes(), "a.example:443", false);
        let target = || "a.example:443".to_owned();
        assert_eq!(judged("HTTP/1.1 200 Connection established\r\n\r\n"), Ok(()));
        assert_eq!(judged("HTTP/1.0 200\r\n\r\n"), Ok(()));
        assert_eq!(judged("HTTP/1.1 403 Forbidden\r\n\r\n"), Err(ProxyFailure::Denied { target: target(), status: 403 }));
        assert_eq!(judged("HTTP/1.1 502 Bad Gateway\r\n\r\n"), Err(ProxyFailure::Gateway { target: target(), status: 502 }));
        assert_eq!(judged("HTTP/1.1 407 X\r\n\r\n"), Err(ProxyFailure::WantsCredentials));
        assert_eq!(judge(b"HTTP/1.1 407 X\r\n\r\n", "a.example:443", true), Err(ProxyFailure::WrongCredentials));
        for head in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "\r\n\r\n", "HTTP/1.1 301 Moved\r\n\r\n"] {
            assert!(matches!(judged(head), Err(ProxyFailure::Unexpected(_))), "{head}");
        }
    }
}
