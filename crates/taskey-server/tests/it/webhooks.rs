//! Webhooks: what receivers are told, when they are told it again, and what applications post signed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_proto::crypto::from_base64;
use taskey_proto::standard_webhooks::{
    Headers, ID_HEADER, PrivateKey, SIGNATURE_HEADER, Secret, SigningKey, TIMESTAMP_HEADER, VerifyError, verify,
};
use taskey_server::backup::source::Source;
use taskey_server::backup::table;
use taskey_server::platform::egress::Allowed;
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{Engine, PATIENCE, TestServer, on_both, wait_for};
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

/// The tables in which something stands.
async fn tables_with(server: &TestServer, wanted: &[u8]) -> Vec<String> {
    let is_in = |bytes: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    let holds = |value: &table::Value| match value {
        table::Value::Text(text) => is_in(text.as_bytes()),
        table::Value::Bytes(bytes) => is_in(bytes),
        _ => false,
    };
    let mut source = Source::open(&server.config().data, &server.config().database).await.unwrap();
    let mut found = Vec::new();
    for table in source.tables().await.unwrap() {
        let rows: Vec<_> = source.rows(&table).collect().await;
        if rows.into_iter().any(|row| row.unwrap().iter().any(holds)) {
            found.push(table.name);
        }
    }
    source.close().await.unwrap();
    found
}

// What is told.

on_both! {
    async fn what_happens_to_an_item_is_posted_signed_with_what_it_was_before(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        let item = post_refund(&shop.ann, "A1", 240).await;
        let created = shop.receiver.next().await;
        assert_eq!((&created.method, created.path.as_str()), (&Method::POST, "/hooks"));
        assert_eq!(created.header("content-type"), "application/json");
        assert!(created.header("user-agent").starts_with("taskey/") && created.id().starts_with("msg_"), "{:?}", created.headers);
        assert_eq!(created.timestamp_secs(), secs(shop.server.clock.now()));
        assert_eq!(created.verified(shop.secret(), shop.server.clock.now()), Ok(()));
        let told = created.told();
        assert_eq!((&told["type"], &told["data"]["item"]["id"]), (&json!("item.created"), &item["id"]));
        assert_eq!((&told["data"]["seq"], &told["data"]["prev_state"]), (&json!(1), &Value::Null));
        assert_eq!(told["data"]["item"]["fields"], json!({"order": "A1", "amount": 240}));

        assert_eq!(approve(&shop.ann, &item).await.status, 200);
        let resolved = shop.receiver.next().await;
        let told = resolved.told();
        assert_eq!((&told["type"], &told["data"]["seq"]), (&json!("item.resolved"), &json!(2)));
        assert_eq!((&told["data"]["prev_state"], &told["data"]["state"]), (&json!("open"), &json!("resolved")));
        assert_eq!(told["data"]["item"]["resolution"]["name"], "approved");
        assert_ne!(resolved.id(), created.id());
    }

    async fn a_thin_body_holds_nothing_that_anybody_wrote(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({"body": "thin"})).await;
        let item = post_refund(&shop.ann, CANARY, 10).await;
        comment(&shop.ann, &item, CANARY).await;
        let decided = act(&shop.ann, &item, "resolve", json!({"resolution": "approved", "reason": CANARY})).await;
        assert_eq!(decided.status, 200, "{}", decided.text);
        let mut seqs = Vec::new();
        for _ in 0..3 {
            let post = shop.receiver.next().await;
            assert_eq!(post.item(), item["id"]);
            assert!(!post.text().contains(CANARY), "{}", post.text());
            seqs.push(post.told()["data"]["seq"].as_u64().unwrap());
        }
        seqs.sort();
        assert_eq!(seqs, [1, 2, 3]);
    }

    async fn a_template_makes_the_body(engine: Engine) {
        let template = r#"{"text": {{ data.item.title | tojson }}, "what": {{ type | tojson }}}"#;
        let mut shop = Shop::open(engine, json!({}), json!({"body": "template", "template": template})).await;
        post_refund(&shop.ann, "A1", 10).await;
        let post = shop.receiver.next().await;
        assert_eq!(post.told(), json!({"text": "Refund 10 for A1", "what": "item.created"}));
        assert_eq!(post.verified(shop.secret(), shop.server.clock.now()), Ok(()));
    }

    async fn of_a_type_that_marks_fields_for_webhooks_those_alone_are_told(engine: Engine) {
        let fields = json!({"type": "object", "properties": {"amount__webhook": {"type": "number"}, "card": {"type": "string"}}});
        let refunds = json!({"title": "Refund", "fields": fields, "indexed": [], "resolutions": {"approved": {}}});
        let mut shop = Shop::open(engine, refunds, json!({})).await;
        let item = post(&shop.ann, json!({"type": "refund", "fields": {"amount__webhook": 240, "card": CANARY}})).await;
        let created = shop.receiver.next().await;
        assert_eq!(update(&shop.ann, &item, json!({"card": format!("{CANARY}-2")})).await.status, 200);
        let updated = shop.receiver.next().await;
        assert_eq!(updated.told()["type"], "item.updated");
        for post in [created, updated] {
            assert_eq!(post.told()["data"]["item"]["fields"], json!({"amount__webhook": 240}));
            assert!(!post.text().contains(CANARY), "{}", post.text());
        }
    }

    async fn with_ed25519_whoever_has_the_public_key_verifies_what_is_told(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({"signing": "ed25519"})).await;
        assert!(shop.secret().starts_with("whpk_"), "{}", shop.secret());
        assert_eq!(shop.webhook_now().await["keys"][0]["public_key"], shop.webhook["secret"], "it is told at any time");
        post_refund(&shop.ann, "A1", 10).await;
        let post = shop.receiver.next().await;
        assert!(post.header(SIGNATURE_HEADER).starts_with("v1a,"), "{}", post.header(SIGNATURE_HEADER));
        assert_eq!(post.verified(shop.secret(), shop.server.clock.now()), Ok(()));
        let other = PrivateKey::generate().unwrap().public_key().to_string();
        assert_eq!(post.verified(&other, shop.server.clock.now()), Err(VerifyError::NoMatch));
    }
}

// Who hears of it.

on_both! {
    async fn of_a_type_that_names_a_webhook_that_one_alone_hears_whatever_it_is_called_later(engine: Engine) {
        let (_server, ann) = start(engine).await;
        let (mut one, mut two) = (Receiver::start().await, Receiver::start().await);
        make_webhook(&ann, one.spec("one", json!({}))).await;
        make_webhook(&ann, two.spec("two", json!({}))).await;
        make_type(&ann, refund(json!({"webhook": "one"}))).await;
        make_type(&ann, smallest("question")).await;
        for (order, name) in [("A1", "one"), ("A2", "uno")] {
            let renamed = put_webhook(&ann, "one", one.spec(name, json!({}))).await;
            assert_eq!((renamed.status, &renamed.body["name"]), (200, &json!(name)), "{}", renamed.text);
            let refund = post_refund(&ann, order, 10).await;
            assert_eq!(one.next().await.item(), refund["id"]);
            let question = post(&ann, json!({"type": "question"})).await;
            assert_eq!(one.next().await.item(), question["id"]);
            assert_eq!(two.next().await.item(), question["id"], "{name}: the refund is not for it");
        }
        assert_eq!((deliveries(&ann, "uno").await.len(), deliveries(&ann, "two").await.len()), (4, 2));
    }

    async fn a_webhook_that_a_type_names_is_not_removed(engine: Engine) {
        let (_server, ann) = start(engine).await;
        for name in ["one", "two"] {
            make_webhook(&ann, json!({"name": name, "url": "http://127.0.0.1:9/hooks"})).await;
        }
        make_type(&ann, refund(json!({"webhook": "one"}))).await;
        let refused = ann.delete("/api/v1/webhooks/one").await;
        assert_eq!((refused.status, refused.code()), (409, "in_use"), "{}", refused.text);
        assert!(detail(&refused).contains("`refund`"), "{}", refused.text);
        assert_eq!(ann.get("/api/v1/webhooks/one").await.body["state"], "active");
        assert_eq!(ann.delete("/api/v1/webhooks/two").await.status, 204, "nobody names it");
        assert_eq!(put_type(&ann, "refund", "*", refund(json!({}))).await.status, 200);
        assert_eq!(ann.delete("/api/v1/webhooks/one").await.status, 204, "nobody names it any more");
    }
}

// When it is told again, and when no more.

on_both! {
    async fn a_receiver_that_says_when_to_come_again_is_called_then_with_the_same_message(engine: Engine) {
        // More than a first try waits for by itself, and no more than twice its step: that is as far as a receiver is asked.
        const RETRY_AFTER_SECS: u64 = 8;
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        shop.receiver.answers(Reply { retry_after_secs: Some(RETRY_AFTER_SECS), ..Reply::of(503) });
        post_refund(&shop.ann, "A1", 10).await;
        let first = shop.receiver.next().await;
        shop.tried(1).await;
        let due_at = shop.server.clock.now().plus_ms(RETRY_AFTER_SECS as i64 * 1_000);
        let waiting = &shop.deliveries().await[0];
        assert_eq!((&waiting["state"], &waiting["next_at"]), (&json!("waiting"), &json!(due_at)));
        assert!(waiting["reason"]["detail"].as_str().unwrap().contains("503"), "{waiting}");

        shop.receiver.answers(Reply::of(200));
        let second = shop.receiver.next_in_time(&shop.server).await;
        assert_eq!((second.id(), second.text()), (first.id(), first.text()), "it is the same message");
        assert!(second.timestamp_secs() >= secs(due_at), "{} is before {}", second.timestamp_secs(), secs(due_at));
        assert_eq!(second.verified(shop.secret(), shop.server.clock.now()), Ok(()), "it is signed anew");
        shop.delivered(1).await;
        let tries = shop.delivery(&shop.deliveries().await[0]).await.body["attempts"].clone();
        assert_eq!((&tries[0]["status"], &tries[1]["status"]), (&json!(200), &json!(503)), "newest first");
    }

    async fn a_receiver_that_is_gone_for_good_hears_nothing_until_somebody_begins_again(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        let mut other = Receiver::start().await;
        make_webhook(&shop.ann, other.spec("other", json!({}))).await;
        let mut heard = shop.ann.stream("/api/v1/events").await;
        shop.receiver.answers(Reply::of(503));
        let waiting = post_refund(&shop.ann, "A1", 1).await;
        let first = shop.receiver.next().await;
        shop.tried(1).await;
        shop.receiver.answers(Reply::of(410));
        post_refund(&shop.ann, "A2", 2).await;
        shop.receiver.next().await;
        wait_for(async || shop.webhook_now().await["state"] == "given_up").await;
        assert_eq!(shop.webhook_now().await["reason"]["code"], "gone");

        let entries = items(&shop.ann.get("/api/v1/audit?action=webhook.given_up").await);
        assert_eq!((entries.len(), &entries[0]["subject"], &entries[0]["actor"]["kind"]), (1, &shop.webhook["id"], &json!("system")));
        let event = loop {
            let event = heard.next_event().await.unwrap();
            if event.contains("event: webhook.given_up") {
                break event;
            }
        };
        assert!(event.contains(shop.webhook["id"].as_str().unwrap()), "{event}");

        // What waits is due long since, and the other one hears of what is new.
        shop.server.clock.advance(HOUR);
        let missed = post_refund(&shop.ann, "A3", 3).await;
        while other.next().await.item() != missed["id"] {}
        assert!(shop.receiver.is_left_alone());
        assert!(shop.deliveries().await.iter().all(|delivery| delivery["item"] != missed["id"]));

        shop.receiver.answers(Reply::of(204));
        let begun = put_webhook(&shop.ann, "shop", shop.receiver.spec("shop", json!({}))).await;
        assert_eq!((begun.status, &begun.body["state"], &begun.body["reason"]), (200, &json!("active"), &Value::Null), "{}", begun.text);
        let again = shop.receiver.next().await;
        assert_eq!((again.item(), again.id()), (waiting["id"].clone(), first.id()), "what waited goes out");
        let newest = post_refund(&shop.ann, "A4", 4).await;
        assert_eq!(shop.receiver.next().await.item(), newest["id"], "what was missed is for `recover`");
    }
}

// What is kept of it.

on_both! {
    async fn what_a_receiver_answered_about_an_item_goes_with_the_items_content(engine: Engine) {
        let shop = Shop::open(engine, json!({"retention": "1h"}), json!({})).await;
        shop.receiver.answers(Reply { text: format!("{CANARY} was taken in"), ..Reply::of(200) });
        let item = post_refund(&shop.ann, CANARY, 10).await;
        assert_eq!(approve(&shop.ann, &item).await.status, 200);
        shop.delivered(2).await;
        for delivery in shop.deliveries().await {
            let told = shop.delivery(&delivery).await.body;
            assert_eq!(told["attempts"][0]["response"], format!("{CANARY} was taken in"));
            assert!(told["body"].to_string().contains(CANARY), "{told}");
        }
        let is_kept = async || {
            let tables = tables_with(&shop.server, CANARY.as_bytes()).await;
            tables.iter().any(|table| table.starts_with("delivery"))
        };
        assert!(is_kept().await, "it can be found where it is");

        shop.server.clock.advance(2 * HOUR);
        in_time(&shop.server, async || shown(&shop.ann, &item).await["erased_at"].is_string()).await;
        wait_for(async || !is_kept().await).await;
        let kept = shop.deliveries().await;
        assert_eq!(kept.len(), 2, "that it was delivered is known");
        for delivery in kept {
            let told = shop.delivery(&delivery).await;
            let attempt = &told.body["attempts"][0];
            assert_eq!((&attempt["status"], &attempt["response"], &told.body["body"]), (&json!(200), &Value::Null, &Value::Null));
            assert!(!told.text.contains(CANARY), "{}", told.text);
        }
    }

    async fn no_secret_of_a_webhook_stands_in_the_database(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let made = flags.webhook["secret"].as_str().unwrap().to_owned();
        let own = own_secret();
        let rotated = rotate(&flags.ann, "flags", json!({"secret": own})).await;
        assert_eq!((rotated.status, rotated.body["keys"].as_array().unwrap().len()), (200, 2), "{}", rotated.text);
        let of_webhook = tables_with(&flags.server, flags.webhook["id"].as_str().unwrap().as_bytes()).await;
        assert!(of_webhook.contains(&"webhook_key".to_owned()), "what is in that table is found: {of_webhook:?}");
        for secret in [made, own] {
            let encoded = secret.strip_prefix("whsec_").unwrap();
            assert_eq!(tables_with(&flags.server, encoded.as_bytes()).await, [""; 0]);
            assert_eq!(tables_with(&flags.server, &from_base64(encoded).unwrap()).await, [""; 0]);
        }
    }
}

// What is posted signed.

on_both! {
    async fn a_signed_post_becomes_an_item_and_the_same_message_no_other(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let application = flags.application();
        assert!(flags.webhook["inbound_url"].as_str().unwrap().ends_with(&application.path), "{}", flags.webhook);
        assert_eq!(application.posts("msg_1", &raised("p1")).await.status, 202);
        let made = flags.taken_in().await;
        assert_eq!((made.len(), &made[0]["fields"]), (1, &json!({"post": "p1", "score": 3})), "a number stays a number");
        assert_eq!(made[0]["external_id"], "msg_1");
        flags.server.clock.advance(SECOND);
        assert_eq!(application.posts("msg_1", &raised("p1")).await.status, 202);
        assert_eq!(flags.taken_in().await.len(), 1, "it was tried again");
        assert_eq!(application.posts("msg_2", &raised("p2")).await.status, 202);
        assert_eq!(flags.taken_in().await.len(), 2);
    }

    async fn what_no_key_has_signed_just_now_is_not_let_in(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let (application, now) = (flags.application(), flags.server.clock.now());
        let unsigned = flags.server.anonymous().request(Method::POST, &application.path).body(raised("p1"));
        for (why, answer) in [
            ("signed by a stranger", flags.application_with(&own_secret()).posts("msg_1", &raised("p1")).await),
            ("signed long ago", application.posts_at(now.plus_ms(-301_000), "msg_2", &raised("p1")).await),
            ("signed in the future", application.posts_at(now.plus_ms(301_000), "msg_3", &raised("p1")).await),
            ("not signed", send(unsigned).await),
        ] {
            assert_not_let_in(&answer, why);
        }
        assert!(flags.taken_in().await.is_empty());
    }

    async fn a_webhook_that_takes_nothing_in_lets_nobody_in(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let application = flags.application();
        let outbound = make_webhook(&flags.ann, json!({"name": "outbound", "url": "http://127.0.0.1:9/hooks"})).await;
        let other = Application::new(&flags.server, &outbound, outbound["secret"].as_str().unwrap());
        assert_not_let_in(&other.posts("msg_1", &raised("p1")).await, "it has no rule");
        assert_eq!(put_webhook(&flags.ann, "flags", flags_spec(json!({"disabled": true}))).await.status, 200);
        assert_not_let_in(&application.posts("msg_2", &raised("p1")).await, "it is disabled");
        assert_eq!(put_webhook(&flags.ann, "flags", flags_spec(json!({}))).await.status, 200);
        assert_eq!(application.posts("msg_3", &raised("p1")).await.status, 202, "it is enabled again");
        assert_eq!(flags.ann.delete("/api/v1/webhooks/flags").await.status, 204);
        assert_not_let_in(&application.posts("msg_4", &raised("p1")).await, "it is no more");
        assert_eq!(flags.taken_in().await.len(), 1);
    }

    async fn what_the_rule_does_not_want_is_accepted_and_dropped(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let lowered = json!({"type": "flag.lowered", "post": "p1", "score": 3}).to_string();
        let answer = flags.application().posts("msg_1", &lowered).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert!(flags.taken_in().await.is_empty());
    }

    async fn what_is_wrong_in_a_signed_post_is_pointed_at(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let application = flags.application();
        for (message, body, pointers) in [
            ("msg_1", json!({"type": "flag.raised", "post": "p1", "score": "high"}), vec!["/fields/score"]),
            ("msg_2", json!({"type": "flag.raised", "score": 3}), vec!["/fields/post"]),
        ] {
            let refused = application.posts(message, &body.to_string()).await;
            assert_eq!(refusal(&refused), (422, "invalid", pointers), "{body}: {}", refused.text);
        }
        let unread = application.posts("msg_3", "{\"type\": ").await;
        assert_eq!((unread.status, unread.code()), (400, "malformed_body"), "{}", unread.text);
        assert!(flags.taken_in().await.is_empty());
    }
}

// Keys that applications have already.

on_both! {
    async fn an_application_goes_on_signing_with_the_secret_that_it_has(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let own = own_secret();
        let before = flags.application();
        let after = flags.application_with(&own);
        assert_not_let_in(&after.posts("msg_1", &raised("p1")).await, "nobody has told its secret yet");
        let rotated = rotate(&flags.ann, "flags", json!({"secret": own, "overlap": "0s"})).await;
        assert_eq!((rotated.status, rotated.body.get("secret")), (200, None), "{}", rotated.text);
        assert!(!rotated.text.contains(own.strip_prefix("whsec_").unwrap()), "{}", rotated.text);
        let newest = &rotated.body["keys"][0];
        assert_eq!((&newest["number"], &newest["imported"], &newest["public_key"]), (&json!(2), &json!(true), &Value::Null));
        assert_eq!(after.posts("msg_2", &raised("p2")).await.status, 202);
        assert_not_let_in(&before.posts("msg_3", &raised("p3")).await, "the secret before is over");
        assert_eq!(flags.taken_in().await.len(), 1);
    }

    async fn for_the_overlap_the_secret_before_is_good_too(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        let own = own_secret();
        let rotated = rotate(&flags.ann, "flags", json!({"secret": own, "overlap": "1h"})).await;
        assert_eq!(rotated.body["keys"][1]["imported"], false, "{}", rotated.text);
        let (before, after) = (flags.application(), flags.application_with(&own));
        for (message, application) in [("msg_1", &before), ("msg_2", &after)] {
            assert_eq!(application.posts(message, &raised("p1")).await.status, 202, "{message}");
        }
        flags.server.clock.advance(HOUR);
        assert_not_let_in(&before.posts("msg_3", &raised("p1")).await, "the overlap is over");
        assert_eq!(after.posts("msg_4", &raised("p1")).await.status, 202);
    }

    async fn what_is_told_is_signed_with_the_secret_that_an_application_has(engine: Engine) {
        let mut shop = Shop::open(engine, json!({}), json!({})).await;
        let own = own_secret();
        assert_eq!(rotate(&shop.ann, "shop", json!({"secret": own, "overlap": "0s"})).await.status, 200);
        post_refund(&shop.ann, "A1", 10).await;
        let post = shop.receiver.next().await;
        assert_eq!(post.verified(&own, shop.server.clock.now()), Ok(()));
        assert_eq!(post.verified(shop.secret(), shop.server.clock.now()), Err(VerifyError::NoMatch));
    }

    async fn of_an_application_with_a_pair_of_keys_the_public_one_is_enough(engine: Engine) {
        let flags = Flags::open(engine, json!({"signing": "ed25519"})).await;
        let pair = PrivateKey::generate().unwrap();
        let public_key = pair.public_key().to_string();
        let rotated = rotate(&flags.ann, "flags", json!({"secret": public_key, "overlap": "0s"})).await;
        assert_eq!((rotated.status, rotated.body.get("secret")), (200, None), "{}", rotated.text);
        let newest = &rotated.body["keys"][0];
        assert_eq!((&newest["imported"], &newest["public_key"]), (&json!(true), &json!(public_key)));
        assert_eq!(flags.application_with(&pair.to_string()).posts("msg_1", &raised("p1")).await.status, 202);
        let stranger = PrivateKey::generate().unwrap().to_string();
        assert_not_let_in(&flags.application_with(&stranger).posts("msg_2", &raised("p2")).await, "signed by a stranger");
        assert_eq!(flags.taken_in().await.len(), 1);
    }

    async fn a_key_that_does_not_fit_its_webhook_is_pointed_at(engine: Engine) {
        let flags = Flags::open(engine, json!({})).await;
        make_webhook(&flags.ann, flags_spec(json!({"name": "pair", "signing": "ed25519"}))).await;
        make_webhook(&flags.ann, json!({"name": "outbound", "url": "http://127.0.0.1:9/hooks", "signing": "ed25519"})).await;
        let public_key = PrivateKey::generate().unwrap().public_key().to_string();
        let private_key = PrivateKey::generate().unwrap().to_string();
        for (name, secret) in [
            ("flags", "secret".to_owned()),
            ("flags", "whsec_c2hvcnQ=".to_owned()),
            ("flags", "whsec_not base64".to_owned()),
            ("flags", public_key.clone()),
            ("pair", own_secret()),
            ("pair", "whpk_c2hvcnQ=".to_owned()),
            ("pair", private_key),
            ("outbound", public_key),
        ] {
            let refused = rotate(&flags.ann, name, json!({"secret": secret})).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/secret"]), "{name} {secret}: {}", refused.text);
        }
        for name in ["flags", "pair", "outbound"] {
            let keys = flags.ann.get(&format!("/api/v1/webhooks/{name}")).await.body["keys"].clone();
            assert_eq!((keys.as_array().unwrap().len(), &keys[0]["imported"]), (1, &json!(false)), "{name} keeps its key");
        }
    }

    async fn a_webhook_whose_key_signs_nothing_gets_no_address(engine: Engine) {
        let flags = Flags::open(engine, json!({"signing": "ed25519"})).await;
        let public_key = PrivateKey::generate().unwrap().public_key().to_string();
        assert_eq!(rotate(&flags.ann, "flags", json!({"secret": public_key})).await.status, 200);
        let spec = flags_spec(json!({"signing": "ed25519", "url": "http://127.0.0.1:9/hooks"}));
        let refused = put_webhook(&flags.ann, "flags", spec).await;
        assert_eq!(refusal(&refused), (422, "invalid", vec!["/url"]), "{}", refused.text);
        assert_eq!(flags.ann.get("/api/v1/webhooks/flags").await.body["spec"].get("url"), None);
    }
}
