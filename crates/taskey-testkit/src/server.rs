//! A server in this process, with a clock that the test moves.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_server::config::Config;
use taskey_server::platform::clock::{Clock, ManualClock};
use taskey_server::{Server, StartError};

use crate::{Engine, PATIENCE};

pub const PASSWORD: &str = "correct horse battery";

pub struct TestServer {
    pub folder: tempfile::TempDir,
    pub clock: ManualClock,
    config: Config,
    server: Option<Server>,
    http: reqwest::Client,
}

/// Someone with a key or a session, in an organization.
#[derive(Clone)]
pub struct Person {
    url: String,
    http: reqwest::Client,
    pub key: Option<String>,
    /// The cookie of a browser.
    pub cookie: Option<String>,
}

/// A user with the usual password.
#[derive(Clone)]
pub struct TestUser {
    url: String,
    http: reqwest::Client,
    pub id: String,
    pub username: String,
    pub organization: String,
}

impl TestUser {
    /// The user with a key, as after `taskey login`.
    pub async fn sign_in(&self) -> Person {
        let answer = self.enter(json!({"name": "test"})).await;
        let key = answer.body["key"]["key"].as_str().map(str::to_owned);
        Person { url: self.url.clone(), http: self.http.clone(), key, cookie: None }
    }

    /// The user with a session, as in a browser.
    pub async fn session(&self) -> Person {
        let answer = self.enter(Value::Null).await;
        let cookie = answer.header("set-cookie").split(';').next().map(str::to_owned);
        Person { url: self.url.clone(), http: self.http.clone(), key: None, cookie }
    }

    async fn enter(&self, key: Value) -> Answer {
        let anonymous = Person { url: self.url.clone(), http: self.http.clone(), key: None, cookie: None };
        let body = json!({"username": self.username, "password": PASSWORD, "organization": self.organization, "key": key});
        let answer = anonymous.post("/api/v1/sessions", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer
    }
}

/// A client for plain HTTP. Where the command line is built too, its reqwest comes without cryptography of its own.
fn http_client() -> reqwest::Client {
    // Somebody else in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

impl TestServer {
    /// A server on an empty folder and a free port, with a plain MQTT port. Its clock stands at a fixed instant.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, |_| {}).await
    }

    /// The same, with some settings changed.
    pub async fn start_with(engine: Engine, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut config = Config {
            data: folder.path().join("data"),
            listen: any,
            tls: false,
            public_certificate: None,
            proxies: Default::default(),
            mqtt_listen: Some(any),
            mqtts_listen: None,
            database: engine.new_database().await,
            public_url: None,
            agents: None,
            egress_allow: Default::default(),
            bootstrap: None,
        };
        change(&mut config);
        let clock = ManualClock::at(Time::from_ms(crate::clockwork::START_MS));
        let server = Server::start(config.clone(), Clock::Manual(clock.clone())).await.expect("the server starts");
        Self { folder, clock, config, server: Some(server), http: http_client() }
    }

    /// Another node: the same database, keys and clock, on other ports. Only on PostgreSQL.
    pub async fn start_beside(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = Config { data: folder.path().join("data"), ..self.config.clone() };
        let mut copy = std::process::Command::new("cp");
        let copied = copy.arg("-a").arg(&self.config.data).arg(&config.data).status();
        assert!(copied.is_ok_and(|status| status.success()), "the keys are copied");
        let server = Server::start(config.clone(), Clock::Manual(self.clock.clone())).await.expect("a second node starts");
        Self { folder, clock: self.clock.clone(), config, server: Some(server), http: self.http.clone() }
    }

    /// A server on a restored folder and database, at the same time on the clock.
    pub async fn start_restored(&self, config: Config) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::start(config.clone(), Clock::Manual(self.clock.clone())).await.expect("the restored server starts");
        Self { folder, clock: self.clock.clone(), config, server: Some(server), http: self.http.clone() }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    pub fn url(&self) -> &str {
        self.server().url()
    }

    pub fn mqtt_address(&self) -> SocketAddr {
        self.server().mqtt_address().expect("the plain MQTT port is on")
    }

    /// Stops the server and starts another on the same data, on another port.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same, with some settings changed.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.server.take().expect("the server runs").stop().await;
        self.server = Some(Server::start(self.config.clone(), Clock::Manual(self.clock.clone())).await.expect("the server starts again"));
    }

    /// From the next start on it listens here.
    pub fn set_listen(&mut self, address: SocketAddr) {
        self.config.listen = address;
    }

    /// Stops the server until [`TestServer::resume`].
    pub async fn pause(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    pub async fn resume(&mut self) {
        let starting = async {
            loop {
                // The earlier one's last connections may still hold the port.
                match Server::start(self.config.clone(), Clock::Manual(self.clock.clone())).await {
                    Err(StartError::Listen { .. }) => tokio::task::yield_now().await,
                    started => break started,
                }
            }
        };
        if self.server.is_none() {
            let started = tokio::time::timeout(PATIENCE, starting).await.expect("the port is free again");
            self.server = Some(started.expect("the server starts again"));
        }
    }

    pub async fn stop(mut self) {
        self.server.take().expect("the server runs").stop().await;
    }

    pub fn anonymous(&self) -> Person {
        Person { url: self.url().to_owned(), http: self.http.clone(), key: None, cookie: None }
    }

    pub fn with_key(&self, key: &str) -> Person {
        Person { key: Some(key.to_owned()), ..self.anonymous() }
    }

    /// Whoever an answer has just signed in with a cookie.
    pub fn with_session(&self, answer: &Answer) -> Person {
        Person { cookie: answer.header("set-cookie").split(';').next().map(str::to_owned), ..self.anonymous() }
    }

    /// Sets the server up; the first super user, with a key.
    pub async fn set_up(&self) -> Person {
        let code = self.server().setup_code().expect("a server without users has a set-up code");
        let body = json!({"code": code, "organization": "Acme", "username": "ann", "password": PASSWORD, "key": {"name": "test"}});
        let answer = self.anonymous().post("/api/v1/setup", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.with_key(answer.body["key"]["key"].as_str().expect("a key"))
    }

    /// A further organization; its super user, also called `ann`, with a key.
    pub async fn add_organization(&self, name: &str) -> Person {
        let app = self.server().app();
        taskey_server::features::accounts::create_on_host(app, name, "ann", PASSWORD).await.expect("an organization is made");
        let body = json!({"username": "ann", "password": PASSWORD, "organization": name, "key": {"name": "test"}});
        let answer = self.anonymous().post("/api/v1/sessions", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.with_key(answer.body["key"]["key"].as_str().expect("a key"))
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// Null where the body is not JSON.
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The stable code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().expect("an id")
    }
}

impl Person {
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url)).timeout(PATIENCE);
        match (&self.key, &self.cookie) {
            (Some(key), _) => request.bearer_auth(key),
            (None, Some(cookie)) => request.header("cookie", cookie).header("sec-fetch-site", "same-origin"),
            (None, None) => request,
        }
    }

    /// Makes a user with the usual password, and whatever else `more` says, in the organization of whoever asks.
    pub async fn add_user(&self, username: &str, more: Value) -> TestUser {
        let mut body = json!({"username": username, "password": PASSWORD});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let answer = self.post("/api/v1/users", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let me = self.get("/api/v1/me").await;
        let organization = me.body["organization"]["name"].as_str().expect("an organization").to_owned();
        TestUser { url: self.url.clone(), http: self.http.clone(), id: answer.id().to_owned(), username: username.to_owned(), organization }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Opens a stream of server-sent events.
    pub async fn stream(&self, path: &str) -> EventStream {
        let response = self.request(Method::GET, path).send().await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::OK);
        EventStream { response, text: String::new() }
    }

    /// An enrolment token for one device.
    pub async fn enroll_token(&self) -> String {
        let answer = self.post("/api/v1/enroll-tokens", json!({"uses": 1, "ttl": "1h"})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["token"].as_str().expect("a token").to_owned()
    }

    /// Runs a command on a device; the run's id and its one execution's.
    pub async fn exec(&self, device: &str, argv: &[&str]) -> (String, String) {
        let action = json!({"type": "COMMAND", "command": argv[0], "arguments": argv[1..]});
        let answer = self.post("/api/v1/runs", json!({"actions": [action], "targets": {"devices": [device]}})).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        (answer.id().to_owned(), answer.body["executions"][0]["id"].as_str().expect("an execution").to_owned())
    }
}

/// Server-sent events, as they come.
pub struct EventStream {
    response: reqwest::Response,
    text: String,
}

impl EventStream {
    /// The next event as its lines; `None` when the stream has ended.
    pub async fn next_event(&mut self) -> Option<String> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event.lines().any(|line| line.starts_with("event:")) {
                    return Some(event);
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("something comes, or the end");
            self.text.push_str(&String::from_utf8_lossy(&chunk.ok()??));
        }
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = if status == StatusCode::SWITCHING_PROTOCOLS { String::new() } else { response.text().await.expect("a whole body") };
    Answer { status: status.as_u16(), headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
}
