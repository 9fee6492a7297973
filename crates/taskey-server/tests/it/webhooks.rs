//! Webhooks: what receivers are told, when they are told it again, and what applications post signed.

mod taking_in;
mod telling;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::crypto::from_base64;
use taskey_proto::standard_webhooks::{
    Headers, ID_HEADER, PrivateKey, SIGNATURE_HEADER, Secret, SigningKey, TIMESTAMP_HEADER, VerifyError, verify,
};
use taskey_server::platform::egress::Allowed;
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{Engine, PATIENCE, TestServer, wait_for};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::inbox::*;

const CANARY: &str = "c4n4ry";

/// An application that takes webhooks in, played by the test: it answers 204, or what it is told to.
struct Receiver {
    url: String,
    desk: Arc<Desk>,
    posts: mpsc::UnboundedReceiver<Post>,
}

/// Where posts are answered and handed on to the test.
struct Desk {
    reply: Mutex<Reply>,
    posts: mpsc::UnboundedSender<Post>,
}

#[derive(Clone)]
struct Reply {
    status: StatusCode,
    retry_after_secs: Option<u64>,
    text: String,
}

impl Reply {
    fn of(status: u16) -> Self {
        Self { status: StatusCode::from_u16(status).unwrap(), retry_after_secs: None, text: String::new() }
    }
}

impl Receiver {
    async fn start() -> Self {
        let (sender, posts) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk { reply: Mutex::new(Reply::of(204)), posts: sender });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(take_in).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, desk, posts }
    }

    /// A webhook that leads here.
    fn spec(&self, name: &str, more: Value) -> Value {
        with(json!({"name": name, "url": self.url}), more)
    }

    /// What it answers from now on.
    fn answers(&self, reply: Reply) {
        *self.desk.reply.lock().unwrap() = reply;
    }

    async fn next(&mut self) -> Post {
        tokio::time::timeout(PATIENCE, self.posts.recv()).await.expect("nothing is delivered").unwrap()
    }

    /// The next post, while the seconds pass.
    async fn next_in_time(&mut self, server: &TestServer) -> Post {
        // A second is not so short that a try which is on its way would be taken for lost.
        const SECOND_LASTS: Duration = Duration::from_millis(100);
        let coming = async {
            loop {
                server.clock.advance(SECOND);
                if let Ok(post) = tokio::time::timeout(SECOND_LASTS, self.posts.recv()).await {
                    return post.unwrap();
                }
            }
        };
        tokio::time::timeout(PATIENCE, coming).await.expect("nothing is delivered")
    }

    fn is_left_alone(&self) -> bool {
        self.posts.is_empty()
    }
}

async fn take_in(State(desk): State<Arc<Desk>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    // What the test says once it has seen this post is for the next one.
    let reply = desk.reply.lock().unwrap().clone();
    // The test may be over.
    let _ = desk.posts.send(Post { method, path: uri.path().to_owned(), headers, body });
    let retry_after = reply.retry_after_secs.map(|secs| (header::RETRY_AFTER, secs.to_string()));
    (reply.status, AppendHeaders(retry_after), reply.text).into_response()
}

/// What came to a receiver.
struct Post {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Post {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.header(ID_HEADER)
    }

    fn timestamp_secs(&self) -> i64 {
        self.header(TIMESTAMP_HEADER).parse().unwrap()
    }

    fn told(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The id of the item that it is about.
    fn item(&self) -> Value {
        self.told()["data"]["item"]["id"].clone()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Whether a key has signed it just now.
    fn verified(&self, key: &str, now: Time) -> Result<(), VerifyError> {
        let headers = Headers { id: self.id(), timestamp: self.header(TIMESTAMP_HEADER), signatures: self.header(SIGNATURE_HEADER) };
        verify(headers, &self.body, &[key.parse().unwrap()], secs(now))
    }
}

/// An application that signs what it posts to a webhook's own address.
struct Application<'s> {
    server: &'s TestServer,
    path: String,
    key: SigningKey,
}

impl<'s> Application<'s> {
    fn new(server: &'s TestServer, webhook: &Value, key: &str) -> Self {
        let path = format!("/hooks/{}", webhook["id"].as_str().unwrap());
        Self { server, path, key: key.parse().unwrap() }
    }

    async fn posts(&self, message: &str, body: &str) -> Answer {
        self.posts_at(self.server.clock.now(), message, body).await
    }

    async fn posts_at(&self, at: Time, message: &str, body: &str) -> Answer {
        let signature = self.key.sign(message, secs(at), body.as_bytes());
        let request = self.server.anonymous().request(Method::POST, &self.path).header("content-type", "application/json");
        let request = request.header(ID_HEADER, message).header(TIMESTAMP_HEADER, secs(at).to_string());
        send(request.header(SIGNATURE_HEADER, signature).body(body.to_owned())).await
    }
}

fn secs(at: Time) -> i64 {
    at.ms() / 1_000
}

/// A server that may call this machine, and whoever set it up.
async fn start(engine: Engine) -> (TestServer, Person) {
    let allowed = Allowed::read(&["127.0.0.1".to_owned()]).unwrap();
    let server = TestServer::start_with(engine, |config| config.egress_allow = allowed).await;
    let ann = server.set_up().await;
    (server, ann)
}

/// The webhook as it is told once, with its secret.
async fn make_webhook(ann: &Person, spec: Value) -> Value {
    let made = ann.post("/api/v1/webhooks", spec).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body
}

async fn put_webhook(ann: &Person, name: &str, spec: Value) -> Answer {
    put_if(ann, &format!("/api/v1/webhooks/{name}"), "*", spec).await
}

async fn rotate(ann: &Person, name: &str, ask: Value) -> Answer {
    ann.post(&format!("/api/v1/webhooks/{name}/rotate"), ask).await
}

/// Newest first.
async fn deliveries(ann: &Person, name: &str) -> Vec<Value> {
    items(&ann.get(&format!("/api/v1/webhooks/{name}/deliveries?limit=200")).await)
}

/// Refunds, and the webhook `shop` by which a receiver hears of them.
struct Shop {
    server: TestServer,
    ann: Person,
    receiver: Receiver,
    webhook: Value,
}

impl Shop {
    async fn open(engine: Engine, refunds: Value, webhook: Value) -> Self {
        let (server, ann) = start(engine).await;
        make_type(&ann, refund(refunds)).await;
        let receiver = Receiver::start().await;
        let webhook = make_webhook(&ann, receiver.spec("shop", webhook)).await;
        Self { server, ann, receiver, webhook }
    }

    fn secret(&self) -> &str {
        self.webhook["secret"].as_str().unwrap()
    }

    async fn webhook_now(&self) -> Value {
        self.ann.get("/api/v1/webhooks/shop").await.body
    }

    async fn deliveries(&self) -> Vec<Value> {
        deliveries(&self.ann, "shop").await
    }

    async fn delivery(&self, listed: &Value) -> Answer {
        self.ann.get(&format!("/api/v1/webhooks/shop/deliveries/{}", listed["id"].as_str().unwrap())).await
    }

    /// Waits until the newest delivery was tried so often.
    async fn tried(&self, count: u64) {
        wait_for(async || self.deliveries().await[0]["attempt_count"] == count).await;
    }

    /// Waits until so many have arrived, as far as the server knows.
    async fn delivered(&self, count: usize) {
        wait_for(async || self.deliveries().await.iter().filter(|delivery| delivery["state"] == "delivered").count() == count).await;
    }
}

/// Flags that another system raises, taken in by the webhook `flags`.
struct Flags {
    server: TestServer,
    ann: Person,
    webhook: Value,
}

impl Flags {
    async fn open(engine: Engine, webhook: Value) -> Self {
        let (server, ann) = start(engine).await;
        let fields = json!({
            "type": "object",
            "required": ["post", "score"],
            "additionalProperties": false,
            "properties": {"post": {"type": "string"}, "score": {"type": "number"}},
        });
        make_type(&ann, with(smallest("flag"), json!({"fields": fields}))).await;
        let webhook = make_webhook(&ann, flags_spec(webhook)).await;
        Self { server, ann, webhook }
    }

    /// The application with the secret that the webhook was made with.
    fn application(&self) -> Application<'_> {
        self.application_with(self.webhook["secret"].as_str().unwrap())
    }

    fn application_with(&self, key: &str) -> Application<'_> {
        Application::new(&self.server, &self.webhook, key)
    }

    async fn taken_in(&self) -> Vec<Value> {
        listed(&self.ann, "state=all&type=flag").await
    }
}

fn flags_spec(more: Value) -> Value {
    let rule = json!({
        "type": "flag",
        "when": "{{ body.type == 'flag.raised' }}",
        "fields": {"post": "{{ body.post }}", "score": "{{ body.score }}"},
    });
    with(json!({"name": "flags", "inbound": rule}), more)
}

fn raised(post: &str) -> String {
    json!({"type": "flag.raised", "post": post, "score": 3}).to_string()
}

fn own_secret() -> String {
    Secret::generate().unwrap().to_string()
}

fn assert_not_let_in(answer: &Answer, why: &str) {
    assert_eq!((answer.status, answer.code()), (401, "invalid_signature"), "{why}: {}", answer.text);
}
