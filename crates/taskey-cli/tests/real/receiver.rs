//! An application that takes webhooks in, played by the test: it answers when the test says so, or never.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use taskey_proto::standard_webhooks::{self, Headers, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, VerifyError, VerifyingKey};
use taskey_testkit::echo::read_request;

/// Where another node may be making it still, a try that ended with its server is made again 20 seconds later.
const PATIENCE: Duration = Duration::from_secs(60);

/// Listens until the test is over.
pub struct Receiver(mpsc::Receiver<Try>);

impl Receiver {
    pub fn listen(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let (sender, tries) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                // A connection on which nothing comes keeps no other waiting.
                std::thread::spawn(move || {
                    if let Ok(read) = Try::read(stream) {
                        // The test may be over.
                        let _ = sender.send(read);
                    }
                });
            }
        });
        Ok(Self(tries))
    }

    /// The next try that comes, of whichever delivery.
    pub fn next_try(&self) -> anyhow::Result<Try> {
        self.0.recv_timeout(PATIENCE).context("nothing is delivered")
    }
}

/// One try of a delivery, not answered yet.
pub struct Try {
    pub message: Message,
    stream: TcpStream,
}

impl Try {
    fn read(stream: TcpStream) -> anyhow::Result<Self> {
        let request = read_request(&mut BufReader::new(&stream))?;
        Ok(Self { message: Message::read(&request)?, stream })
    }

    /// Answers that it was taken in.
    pub fn accept(mut self) -> anyhow::Result<Message> {
        self.stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
        Ok(self.message)
    }
}

/// What was posted, as it came.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub timestamp: String,
    signatures: String,
    pub body: Vec<u8>,
}

impl Message {
    fn read(request: &[u8]) -> anyhow::Result<Self> {
        let end = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("a head")?;
        let head = std::str::from_utf8(&request[..end])?;
        let headers: BTreeMap<String, &str> =
            head.lines().filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let header = |name: &str| headers.get(name).map(|value| (*value).to_owned()).with_context(|| format!("there is no {name}"));
        Ok(Self {
            id: header(ID_HEADER)?,
            timestamp: header(TIMESTAMP_HEADER)?,
            signatures: header(SIGNATURE_HEADER)?,
            body: request[end + 4..].to_vec(),
        })
    }

    pub fn told(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn seq(&self) -> u64 {
        self.told()["data"]["seq"].as_u64().unwrap()
    }

    pub fn at_secs(&self) -> i64 {
        self.timestamp.parse().unwrap()
    }

    /// Whether whoever holds `secret` has signed it just now.
    pub fn verify(&self, secret: &str, now_secs: i64) -> Result<(), VerifyError> {
        let headers = Headers { id: &self.id, timestamp: &self.timestamp, signatures: &self.signatures };
        let key: VerifyingKey = secret.parse().unwrap();
        standard_webhooks::verify(headers, &self.body, &[key], now_secs)
    }
}
