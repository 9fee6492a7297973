//! A server that begins with what its settings say.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use taskey_server::config::{Bootstrap, BootstrapKey, Config};
use taskey_server::features::accounts::bootstrap::bring_into_line;
use taskey_server::platform::clock::Clock;
use taskey_server::{Server, args, sql};
use taskey_testkit::server::{PASSWORD, Person, send};
use taskey_testkit::{Engine, TestServer, on_both};

const KEY: &str = "0123456789abcdef-ABCDEF_.~0123456789";
const OTHER_KEY: &str = "a-key-of-the-settings-that-is-another-one";

/// Secrets in files, as an orchestrator mounts them.
struct Secrets(tempfile::TempDir);

impl Secrets {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn key(name: &str, key_file: PathBuf, scopes: &[&str], addresses: &[&str]) -> BootstrapKey {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    BootstrapKey { name: name.to_owned(), key_file, scopes: texts(scopes), addresses: texts(addresses) }
}

fn bootstrap(password_file: Option<PathBuf>, keys: Vec<BootstrapKey>) -> Bootstrap {
    Bootstrap { organization: "Acme".to_owned(), username: "ann".to_owned(), password_file, keys }
}

/// Who did what to which key, by the audit log.
async fn audited(server: &TestServer) -> Vec<(String, String, Value)> {
    let sql = sql!("SELECT actor_kind, action, detail FROM audit WHERE action NOT IN ('user.signed_in', 'access.refused') ORDER BY id");
    let rows = server.server().app().db.rows(sql, args![]).await.unwrap();
    rows.iter().map(|row| (row.get("actor_kind").unwrap(), row.get("action").unwrap(), row.json("detail").unwrap())).collect()
}

async fn key_names(person: &Person) -> Vec<String> {
    let keys = person.get("/api/v1/keys").await;
    keys.body["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn an_empty_server_begins_with_what_its_settings_say_and_a_second_start_changes_nothing(engine: Engine) {
        let secrets = Secrets::new();
        let password_file = secrets.write("password", &format!("{PASSWORD}\n"));
        let keys = vec![
            key("all", secrets.write("all", &format!("{KEY}\n")), &[], &[]),
            key("app", secrets.write("app", OTHER_KEY), &["runs.start"], &[]),
        ];
        let mut server = TestServer::start_with(engine, |config| config.bootstrap = Some(bootstrap(Some(password_file.clone()), keys))).await;
        assert_eq!(server.server().setup_code(), None);
        assert_eq!(server.anonymous().get("/api/v1/instance").await.body["needs_setup"], false);
        let me = server.with_key(KEY).get("/api/v1/me").await;
        assert_eq!((&me.body["user"]["super"], &me.body["user"]["operator"]), (&json!(true), &json!(true)));
        assert_eq!((&me.body["organization"]["name"], &me.body["key"]), (&json!("Acme"), &json!("all")));
        assert_eq!(server.with_key(OTHER_KEY).get("/api/v1/devices").await.code(), "not_allowed", "beyond its scopes");
        let sign_in = json!({"username": "ann", "password": PASSWORD});
        assert_eq!(server.anonymous().post("/api/v1/sessions", sign_in.clone()).await.status, 201);
        let begun = audited(&server).await;
        let words: Vec<_> = begun.iter().map(|(kind, action, _)| (kind.as_str(), action.as_str())).collect();
        assert_eq!(words, [("host", "organization.created"), ("host", "key.created"), ("host", "key.created")]);
        assert!(begun.iter().all(|(_, _, detail)| !detail.to_string().contains(KEY)));

        // The password is hers from now on; its file is not read again.
        std::fs::remove_file(password_file).unwrap();
        let ids = server.with_key(KEY).get("/api/v1/keys").await.body["items"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect::<Vec<_>>();
        server.restart().await;
        assert_eq!(audited(&server).await, begun);
        let again = server.with_key(KEY).get("/api/v1/keys").await.body["items"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect::<Vec<_>>();
        assert_eq!(again, ids);
        assert_eq!(server.anonymous().post("/api/v1/sessions", sign_in).await.status, 201);
    }

    async fn keys_of_the_settings_follow_them_and_those_of_people_stay(engine: Engine) {
        let secrets = Secrets::new();
        let (all, app) = (secrets.write("all", KEY), secrets.write("app", OTHER_KEY));
        let keys = vec![key("all", all.clone(), &[], &[]), key("app", app.clone(), &["keys.read"], &[])];
        let mut server = TestServer::start_with(engine, |config| config.bootstrap = Some(bootstrap(None, keys))).await;
        let own = server.with_key(KEY).post("/api/v1/keys", json!({"name": "own"})).await.body["key"].as_str().unwrap().to_owned();
        let old = server.with_key(OTHER_KEY);
        assert_eq!(old.get("/api/v1/keys").await.status, 200);

        let renewed = "another-content-of-the-same-file-000000";
        secrets.write("app", renewed);
        server.restart().await;
        assert_eq!(server.with_key(OTHER_KEY).get("/api/v1/keys").await.status, 401, "the old content of the file");
        assert_eq!(server.with_key(renewed).get("/api/v1/keys").await.status, 200);

        server.restart_with(|config| config.bootstrap.as_mut().unwrap().keys[1].scopes = vec!["devices.read".to_owned()]).await;
        assert_eq!(server.with_key(renewed).get("/api/v1/keys").await.code(), "not_allowed", "its rights have changed");
        assert_eq!(server.with_key(renewed).get("/api/v1/devices").await.status, 200);

        server.restart_with(|config| { config.bootstrap.as_mut().unwrap().keys.pop(); }).await;
        assert_eq!(server.with_key(renewed).get("/api/v1/devices").await.status, 401, "it is gone from the settings");
        assert_eq!(key_names(&server.with_key(KEY)).await.len(), 2);

        server.restart_with(|config| config.bootstrap = None).await;
        assert_eq!(server.with_key(KEY).get("/api/v1/me").await.status, 401);
        assert_eq!(key_names(&server.with_key(&own)).await, ["own"], "what people made is theirs");
        let removed = audited(&server).await.into_iter().filter(|(kind, action, _)| (kind.as_str(), action.as_str()) == ("host", "key.removed")).count();
        assert_eq!(removed, 4);
    }

    async fn a_key_of_the_settings_is_used_from_its_addresses_alone(engine: Engine) {
        let secrets = Secrets::new();
        let keys = vec![key("app", secrets.write("app", KEY), &[], &["10.0.0.0/8", "2001:db8::/32"])];
        let server = TestServer::start_with(engine, |config| {
            config.proxies.0.push("127.0.0.1".parse().unwrap());
            config.bootstrap = Some(bootstrap(None, keys));
        })
        .await;
        let person = server.with_key(KEY);
        for (address, status) in [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("2001:db8::7", 200), ("192.0.2.1", 403), ("2001:db9::7", 403)] {
            let answer = send(person.request(Method::GET, "/api/v1/me").header("x-forwarded-for", address)).await;
            assert_eq!(answer.status, status, "{address}: {}", answer.body);
        }
    }

    async fn without_a_password_nobody_signs_in_and_the_keys_work(engine: Engine) {
        let secrets = Secrets::new();
        let keys = vec![key("app", secrets.write("app", KEY), &[], &[])];
        let server = TestServer::start_with(engine, |config| config.bootstrap = Some(bootstrap(None, keys))).await;
        for password in ["", "ann", PASSWORD] {
            let answer = server.anonymous().post("/api/v1/sessions", json!({"username": "ann", "password": password})).await;
            assert_eq!(answer.code(), "invalid_credentials");
        }
        assert_eq!(server.with_key(KEY).get("/api/v1/me").await.status, 200);
    }

    async fn two_that_begin_at_once_make_one_organization_and_one_key(engine: Engine) {
        let secrets = Secrets::new();
        let settings = bootstrap(Some(secrets.write("password", PASSWORD)), vec![key("app", secrets.write("app", KEY), &[], &[])]);
        let server = TestServer::start(engine).await;
        let beside = match engine {
            Engine::Postgres => Some(server.start_beside().await),
            Engine::Sqlite => None,
        };
        let (one, other) = (server.server().app(), beside.as_ref().unwrap_or(&server).server().app());
        let (first, second) = tokio::join!(bring_into_line(one, Some(&settings)), bring_into_line(other, Some(&settings)));
        first.unwrap();
        second.unwrap();
        assert_eq!(key_names(&server.with_key(KEY)).await, ["app"]);
        assert_eq!(audited(&server).await.len(), 2);
    }

    async fn what_a_server_cannot_begin_with_stops_its_start_in_one_line(engine: Engine) {
        let secrets = Secrets::new();
        let good = || secrets.write("good", KEY);
        let server = TestServer::start(engine).await;
        let start = |settings: Bootstrap| {
            let config = Config { data: secrets.path().join("data"), bootstrap: Some(settings), mqtt_listen: None, ..server.config().clone() };
            async move {
                let error = Server::start(config, Clock::System).await.err().expect("it does not start").to_string();
                assert!(error.starts_with("bootstrap: ") && !error.contains('\n'), "{error}");
                error
            }
        };
        let password = |text: &str| bootstrap(Some(secrets.write("password", text)), vec![]);
        let keys = |keys: Vec<BootstrapKey>| bootstrap(None, keys);
        assert!(start(password("Password1!")).await.contains("password: not one of those that are tried first"));
        assert!(start(password("ann")).await.contains("password: at least 8 characters"));
        assert!(start(bootstrap(Some(secrets.path().join("nowhere")), vec![])).await.contains("nowhere: No such file"));
        assert!(start(Bootstrap { username: "an n".to_owned(), ..bootstrap(None, vec![]) }).await.contains("username: 1 to 100"));
        assert!(start(keys(vec![key("app", secrets.path().join("nowhere"), &[], &[])])).await.contains("the key `app` cannot be read from"));
        for text in ["", "short", "with spaces 0123456789 0123456789 0123456789", &"x".repeat(201)] {
            assert!(start(keys(vec![key("app", secrets.write("bad", text), &[], &[])])).await.contains("holds no key of 32 to 200"), "{text}");
        }
        assert!(start(keys(vec![key("app", good(), &["everything"], &[])])).await.contains("the key `app`: scopes/0: not a scope"));
        assert!(start(keys(vec![key("app", good(), &[], &["office"])])).await.contains("the key `app`: addresses/0: an address such as"));
        assert!(start(keys(vec![key("a p p", good(), &[], &[])])).await.contains("the key `a p p`: name: use letters"));
        assert!(start(keys(vec![key("a", good(), &[], &[]), key("b", good(), &[], &[])])).await.contains("the keys `a` and `b` are the same"));
        assert_eq!(server.anonymous().get("/api/v1/instance").await.body["needs_setup"], true, "nothing was made");

        server.set_up().await;
        let app = server.server().app();
        let other = Bootstrap { username: "bob".to_owned(), ..bootstrap(None, vec![]) };
        let refused = bring_into_line(app, Some(&other)).await.unwrap_err().to_string();
        assert!(refused.contains("has no user `bob` in an organization `Acme`"), "{refused}");
        bring_into_line(app, Some(&keys(vec![key("app", good(), &[], &[])]))).await.unwrap();
        assert_eq!(server.with_key(KEY).get("/api/v1/me").await.status, 200, "who was set up by hand is named as well");
    }
}
