//! An HTTP client that does no more than it must: one connection that is kept, one request at a time, one write each, over TLS
//! where the server has a root of its own.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Http {
    stream: BufReader<Stream>,
    head: String,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Http {
    /// `root` is a PEM file; with it TLS is spoken.
    pub fn connect(port: u16, root: Option<&Path>, key: Option<&str>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let authorization = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
        let head = format!("host: 127.0.0.1:{port}\r\n{authorization}");
        let stream = match root {
            None => Stream::Plain(stream),
            Some(root) => Stream::Tls(Box::new(StreamOwned::new(tls(root)?, stream))),
        };
        Ok(Self { stream: BufReader::new(stream), head })
    }

    pub fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, "")
    }

    pub fn post(&mut self, path: &str, body: &str) -> anyhow::Result<Answer> {
        self.send("POST", path, body)
    }

    pub fn put(&mut self, path: &str, body: &str) -> anyhow::Result<Answer> {
        self.send("PUT", path, body)
    }

    /// A change of whatever is there.
    pub fn post_if_match(&mut self, path: &str, body: &str) -> anyhow::Result<Answer> {
        self.send_with("POST", path, "content-type: application/json\r\nif-match: *\r\n", body)
    }

    /// JSON, an object a line.
    pub fn post_lines(&mut self, path: &str, lines: &str) -> anyhow::Result<Answer> {
        self.send_with("POST", path, "content-type: application/x-ndjson\r\n", lines)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<Answer> {
        self.send_with(method, path, "content-type: application/json\r\n", body)
    }

    fn send_with(&mut self, method: &str, path: &str, headers: &str, body: &str) -> anyhow::Result<Answer> {
        let request = format!("{method} {path} HTTP/1.1\r\n{}{headers}content-length: {}\r\n\r\n{body}", self.head, body.len());
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> anyhow::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("an answer without a status")?.parse()?;
        let mut len = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                len = Some(value.trim().parse()?);
            }
        }
        let mut body = vec![0; len.context("an answer without a length")?];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body })
    }
}

/// Posts on many connections at once, each the next after the answer to the last, from one thread: so many posts were answered with
/// 201 until the time was over.
pub fn post_by_many(
    port: u16,
    path: &str,
    key: &str,
    connections: usize,
    lasting: Duration,
    body: fn(usize) -> String,
) -> anyhow::Result<usize> {
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n");
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let until = Instant::now() + lasting;
        let mut posting = JoinSet::new();
        for _ in 0..connections {
            let head = head.clone();
            posting.spawn(async move {
                let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
                stream.set_nodelay(true)?;
                let mut answer = Vec::with_capacity(4_096);
                let mut count = 0;
                while Instant::now() < until {
                    let body = body(count);
                    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
                    answer.clear();
                    while !is_whole(&answer)? {
                        ensure!(stream.read_buf(&mut answer).await? > 0, "the server hung up");
                    }
                    ensure!(answer.starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&answer));
                    count += 1;
                }
                Ok(count)
            });
        }
        let mut count = 0;
        while let Some(posted) = posting.join_next().await {
            count += posted??;
        }
        Ok(count)
    })
}

/// Whether an answer is there with its head and its body.
fn is_whole(answer: &[u8]) -> anyhow::Result<bool> {
    let Some(head_len) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(false) };
    let head = std::str::from_utf8(&answer[..head_len])?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let len = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length")).context("an answer without a length")?;
    Ok(answer.len() >= head_len + 4 + len.1.trim().parse::<usize>()?)
}

fn tls(root: &Path) -> anyhow::Result<ClientConnection> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?)
}

impl Answer {
    /// The JSON of an answer with that status.
    pub fn json(&self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "{} instead of {status}: {}", self.status, String::from_utf8_lossy(&self.body));
        match serde_json::from_slice(&self.body) {
            Ok(value) => Ok(value),
            Err(error) => bail!("an answer that is no JSON: {error}"),
        }
    }
}
