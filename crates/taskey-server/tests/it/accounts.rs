//! Set-up, signing in and out, keys, cookies.

use reqwest::Method;
use serde_json::json;
use taskey_testkit::server::{Answer, PASSWORD, send};
use taskey_testkit::{TestServer, on_both};

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

on_both! {
    async fn a_server_is_set_up_once_and_only_with_its_code(engine: Engine) {
        let mut server = TestServer::start(engine).await;
        assert_eq!(server.anonymous().get("/api/v1/instance").await.body["needs_setup"], true);
        let body = |code: &str| json!({"code": code, "organization": "Acme", "username": "ann", "password": PASSWORD});
        let wrong = server.anonymous().post("/api/v1/setup", body("XXXX-XXXX-XXXX-XXXX")).await;
        assert_eq!((wrong.status, wrong.code()), (403, "invalid_setup_code"));
        let code = server.server().setup_code().unwrap().to_owned();
        let short = json!({"code": code, "organization": " ", "username": "an n", "password": "short"});
        let invalid = server.anonymous().post("/api/v1/setup", short).await;
        let pointers: Vec<_> = invalid.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/organization", "/username", "/password"]);
        let done = server.anonymous().post("/api/v1/setup", body(&code)).await;
        assert_eq!((done.status, done.body["me"]["user"]["operator"].as_bool()), (201, Some(true)));
        assert!(done.header("set-cookie").contains("HttpOnly; SameSite=Strict"));
        let again = server.anonymous().post("/api/v1/setup", body(&code)).await;
        assert_eq!((again.status, again.code()), (409, "already_set_up"));
        server.restart().await;
        assert_eq!(server.server().setup_code(), None);
        assert_eq!(server.anonymous().get("/api/v1/instance").await.body["needs_setup"], false);
    }

    async fn two_who_set_up_at_once_leave_one_organization(engine: Engine) {
        let server = TestServer::start(engine).await;
        let code = server.server().setup_code().unwrap().to_owned();
        let body = json!({"code": code, "organization": "Acme", "username": "ann", "password": PASSWORD});
        let (first, second) = (server.anonymous(), server.anonymous());
        let (first, second) = tokio::join!(first.post("/api/v1/setup", body.clone()), second.post("/api/v1/setup", body));
        let mut statuses = [first.status, second.status];
        statuses.sort();
        assert_eq!(statuses, [201, 409]);
    }

    async fn a_set_up_code_is_void_after_an_hour(engine: Engine) {
        let server = TestServer::start(engine).await;
        let code = server.server().setup_code().unwrap().to_owned();
        server.clock.advance(std::time::Duration::from_secs(3_600));
        let body = json!({"code": code, "organization": "Acme", "username": "ann", "password": PASSWORD});
        assert_eq!(server.anonymous().post("/api/v1/setup", body).await.code(), "invalid_setup_code");
    }

    async fn a_session_lasts_until_it_is_ended_and_counts_only_from_our_own_pages(engine: Engine) {
        let server = TestServer::start(engine).await;
        server.set_up().await;
        let body = json!({"username": "ann", "password": PASSWORD});
        let signed_in = server.anonymous().post("/api/v1/sessions", body).await;
        assert_eq!(signed_in.status, 201);
        let cookie = cookie(&signed_in);
        let anonymous = server.anonymous();
        let ask = |method: Method, path: &str, headers: &[(&str, &str)]| {
            let request = anonymous.request(method, path).header("cookie", &cookie);
            send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
        };
        let own = server.url().to_owned();
        assert_eq!(ask(Method::GET, "/api/v1/me", &[]).await.status, 200);
        assert_eq!(ask(Method::GET, "/api/v1/me", &[("sec-fetch-site", "cross-site")]).await.code(), "foreign_origin");
        assert_eq!(ask(Method::DELETE, "/api/v1/sessions/current", &[]).await.code(), "foreign_origin");
        assert_eq!(ask(Method::DELETE, "/api/v1/sessions/current", &[("origin", "https://evil.example")]).await.code(), "foreign_origin");
        let same = [("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
        let form = anonymous.request(Method::POST, "/api/v1/keys").header("cookie", &cookie).header("origin", &own).body("name=x");
        assert_eq!(send(form.header("content-type", "text/plain")).await.code(), "unsupported_media_type");
        assert_eq!(ask(Method::DELETE, "/api/v1/sessions/current", &same).await.status, 204);
        assert_eq!(ask(Method::GET, "/api/v1/me", &[]).await.status, 401);
    }

    async fn a_wrong_password_and_an_unknown_name_are_answered_alike_and_slowed_down(engine: Engine) {
        let server = TestServer::start(engine).await;
        server.set_up().await;
        let sign_in = |name: &str, password: &str| {
            let anonymous = server.anonymous();
            let body = json!({"username": name, "password": password});
            async move { anonymous.post("/api/v1/sessions", body).await }
        };
        let (wrong, unknown) = (sign_in("ann", "wrong password").await, sign_in("bob", "wrong password").await);
        assert_eq!((wrong.status, wrong.code(), &wrong.body["detail"]), (401, "invalid_credentials", &unknown.body["detail"]));
        for _ in 0..9 {
            assert_eq!(sign_in("ann", "wrong password").await.status, 401);
        }
        assert_eq!(sign_in("ann", PASSWORD).await.code(), "too_many_attempts");
        server.clock.advance(std::time::Duration::from_secs(300));
        assert_eq!(sign_in("ann", PASSWORD).await.status, 201);
    }

    async fn where_a_name_exists_in_two_organizations_the_password_or_the_organization_decides(engine: Engine) {
        let server = TestServer::start(engine).await;
        server.set_up().await;
        server.add_organization("Umbrella").await;
        let sign_in = |body: serde_json::Value| {
            let anonymous = server.anonymous();
            async move { anonymous.post("/api/v1/sessions", body).await }
        };
        assert_eq!(sign_in(json!({"username": "ann", "password": PASSWORD})).await.code(), "invalid_credentials");
        let named = sign_in(json!({"username": "ann", "password": PASSWORD, "organization": "Umbrella"})).await;
        assert_eq!((named.status, named.body["me"]["organization"]["name"].as_str()), (201, Some("Umbrella")));
    }

    async fn no_secret_is_stored_as_it_is(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let token = ann.enroll_token().await;
        let body = json!({"username": "ann", "password": PASSWORD});
        let session = cookie(&server.anonymous().post("/api/v1/sessions", body).await);
        let secrets = [PASSWORD, ann.key.as_deref().unwrap(), token.split('.').next().unwrap(), session.split_once('=').unwrap().1];
        for table in ["user_account", "session", "api_key", "enroll_token", "audit", "event"] {
            let sql: &'static str = Box::leak(format!("SELECT * FROM {table}").into_boxed_str());
            let rows = server.server().app().db.rows(sql, vec![]).await.unwrap();
            for row in rows {
                let columns = ["password_hash", "token_hash", "key_hash", "detail", "data", "name", "username", "labels"];
                let texts = columns.iter().filter_map(|column| row.get::<String>(column).ok());
                for text in texts {
                    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{table}: {text}");
                }
            }
        }
    }

    async fn a_key_cannot_make_a_wider_one_and_tells_when_it_was_used(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let narrow = ann.post("/api/v1/keys", json!({"name": "narrow", "scopes": ["keys.*"]})).await;
        let narrow = server.with_key(narrow.body["key"].as_str().unwrap());
        let wider = narrow.post("/api/v1/keys", json!({"name": "wider", "scopes": ["runs.*"]})).await;
        assert_eq!((wider.status, wider.body["errors"][0]["pointer"].as_str()), (422, Some("/scopes/0")));
        assert_eq!(narrow.post("/api/v1/keys", json!({"name": "all"})).await.status, 422);
        assert_eq!(narrow.post("/api/v1/keys", json!({"name": "same", "scopes": ["keys.read"]})).await.status, 201);
        let mut waker = server.server().app().db.hub().subscribe("none");
        loop {
            let keys = ann.get("/api/v1/keys").await;
            let items = keys.body["items"].as_array().unwrap();
            if items.iter().any(|key| key["name"] == "narrow" && key["last_used_at"].is_string()) {
                break;
            }
            waker.woken().await;
        }
    }

    async fn a_request_for_another_host_is_misdirected(engine: Engine) {
        let server = TestServer::start(engine).await;
        let request = server.anonymous().request(Method::GET, "/api/v1/instance").header("host", "evil.example");
        let answer = send(request).await;
        assert_eq!((answer.status, answer.code()), (421, "unknown_host"));
    }
}
