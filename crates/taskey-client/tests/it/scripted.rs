//! A server that reads one request a connection, keeps it, and answers with the next line of its script.

use std::sync::{Arc, Mutex};

use taskey_client::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub enum Reply {
    /// Status, headers beyond the usual ones, body.
    Answer(u16, &'static str, String),
    /// The connection ends without an answer.
    HangUp,
}

pub struct Scripted {
    pub client: Client,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let script: Vec<Reply> = script.into_iter().collect();
        tokio::spawn(async move {
            for reply in script {
                let (mut connection, _) = listener.accept().await.unwrap();
                let request = read_request(&mut connection).await;
                kept.lock().unwrap().push(request);
                answer(&mut connection, reply).await;
            }
        });
        Self { client, requests }
    }

    /// What has been asked so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

pub fn json(status: u16, body: serde_json::Value) -> Reply {
    Reply::Answer(status, "content-type: application/json\r\n", body.to_string())
}

pub fn problem(status: u16, code: &str) -> Reply {
    let body = serde_json::json!({
        "type": format!("/errors/{code}"), "title": code, "status": status, "detail": "No.", "code": code, "errors": [], "request_id": "req_1",
    });
    Reply::Answer(status, "content-type: application/problem+json\r\n", body.to_string())
}

pub fn events(text: &str) -> Reply {
    Reply::Answer(200, "content-type: text/event-stream\r\n", text.to_owned())
}

async fn read_request(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        assert_ne!(connection.read_buf(&mut bytes).await.unwrap(), 0, "the client hung up: {text}");
    }
}

async fn answer(connection: &mut TcpStream, reply: Reply) {
    if let Reply::Answer(status, headers, body) = reply {
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        connection.write_all(text.as_bytes()).await.unwrap();
    }
}
