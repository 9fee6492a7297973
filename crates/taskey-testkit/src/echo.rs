//! An HTTP server that shows a client what it has sent, byte for byte, and misbehaves on request.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::{ServerConnection, StreamOwned};

use crate::proxy::self_signed;

/// What the server does, by path:
///
/// | path | answer |
/// |---|---|
/// | `/echo` | the request, as it came |
/// | `/status/N` | status N |
/// | `/redirect/N/PATH` | status N, on to `/PATH` |
/// | `/elsewhere/PORT` | 302 to `/echo` on that port |
/// | `/loop` | 302 to itself |
/// | `/bytes/N` | N bytes |
/// | `/gzip` | 20 bytes that claim to be gzip |
/// | `/endless` | a body that never ends |
/// | `/silent` | nothing, ever |
/// | `/slow` | a body whose second half never comes |
/// | `/garbage` | what is no HTTP |
pub struct EchoServer {
    pub port: u16,
    /// Where a client finds the certificate to trust, in PEM, when the server speaks TLS.
    pub certificate: Option<String>,
}

impl EchoServer {
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        accept(listener, answer);
        Ok(Self { port, certificate: None })
    }

    /// With a certificate of its own making for `localhost`.
    pub fn start_tls() -> anyhow::Result<Self> {
        let made = self_signed()?;
        let config = Arc::new(made.server_config()?);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        accept(listener, move |stream| answer(StreamOwned::new(ServerConnection::new(config.clone())?, stream)));
        Ok(Self { port, certificate: Some(made.certificate) })
    }

    pub fn url(&self, path: &str) -> String {
        let (scheme, host) = if self.certificate.is_some() { ("https", "localhost") } else { ("http", "127.0.0.1") };
        format!("{scheme}://{host}:{}{path}", self.port)
    }
}

fn accept(listener: TcpListener, answer: impl Fn(TcpStream) -> anyhow::Result<()> + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            // A client that goes away in the middle is what some tests are about.
            std::thread::spawn(move || drop(answer(stream)));
        }
    });
}

fn answer(stream: impl Read + Write) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let request = read_request(&mut stream)?;
    let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
    let path = path.split('?').next().unwrap_or_default();
    let is_head = request.starts_with(b"HEAD ");
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    let (word, number, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let out = stream.get_mut();
    let mut whole = |status: &str, headers: &str, body: &[u8]| -> std::io::Result<()> {
        write!(out, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", body.len())?;
        out.write_all(if is_head { b"" } else { body })?;
        out.flush()
    };
    match word {
        "echo" => whole("200", "", &request)?,
        "status" => whole(number, "", b"body of a status")?,
        "redirect" => whole(number, &format!("Location: /{rest}\r\n"), b"moved")?,
        "elsewhere" => whole("302", &format!("Location: http://127.0.0.1:{number}/echo\r\n"), b"")?,
        "loop" => whole("302", "Location: /loop\r\n", b"")?,
        "bytes" => whole("200", "", &vec![b'x'; number.parse()?])?,
        "gzip" => whole("200", "Content-Encoding: gzip\r\n", &[0x1f; 20])?,
        "endless" => {
            write!(out, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            loop {
                write!(out, "10000\r\n{}\r\n", "e".repeat(0x10000))?;
            }
        }
        "slow" => {
            write!(out, "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf")?;
            out.flush()?;
            stream.read_to_end(&mut Vec::new())?;
        }
        "silent" => drop(stream.read_to_end(&mut Vec::new())?),
        "garbage" => {
            write!(out, "SSH-2.0-OpenSSH_9.2\r\n")?;
            out.flush()?;
        }
        _ => whole("404", "", b"")?,
    }
    Ok(())
}

/// Head and body, as they came.
pub fn read_request(stream: &mut impl std::io::BufRead) -> anyhow::Result<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(stream.read_until(b'\n', &mut request)? > 0, "the request broke off");
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let len = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; len];
    stream.read_exact(&mut body)?;
    request.extend_from_slice(&body);
    Ok(request)
}
