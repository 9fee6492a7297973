//! Signing in and out, keys, and where their secrets are not.

use std::process::Command;

use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, PASSWORD, Running, binary, run, succeeded};

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation};

/// `taskey` with nothing but a key, as a script has it.
fn with_key(installation: &Installation, key: &str, arguments: &[&str]) -> std::process::Output {
    let mut command = installation.command(arguments);
    command.env("TASKEY_CONFIG", "/nonexistent").env("TASKEY_SERVER", &installation.url).env("TASKEY_API_KEY", key);
    run(&mut command, "").unwrap()
}

#[tokio::test]
async fn signing_in_keeps_a_key_that_signing_out_revokes() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let me = installation.json(&["whoami"]).unwrap();
    assert_shape(&me, &[("user", Kind::Map), ("organization", Kind::Map), ("key", Kind::Text)]);
    assert_shape(&me["user"], &[("id", Kind::Id("usr")), ("username", Kind::Text), ("super", Kind::Bool)]);
    assert_shape(&me["organization"], &[("id", Kind::Id("org")), ("name", Kind::Text)]);

    let login = ["login", "--server", &installation.url, "--username", "ann", "--password-stdin", "--profile", "second"];
    ended(&installation.taskey_with(&login, "not the password").unwrap(), 4, "");
    ended(&installation.taskey_with(&login, PASSWORD).unwrap(), 0, "in profile `second`");
    let stored: toml::Table = toml::from_str(&std::fs::read_to_string(installation.path("config.toml")).unwrap()).unwrap();
    let key = stored["profiles"]["second"]["key"].as_str().unwrap().to_owned();
    ended(&with_key(&installation, &key, &["whoami"]), 0, "");
    ended(&installation.taskey(&["logout", "--profile", "second"]).unwrap(), 0, "signed out");
    ended(&with_key(&installation, &key, &["whoami"]), 4, "Sign in first");
    ended(&installation.taskey(&["whoami", "--profile", "second"]).unwrap(), 4, "not signed in");
    ended(&installation.taskey(&["whoami", "--profile", "default"]).unwrap(), 0, "");
}

#[tokio::test]
async fn a_key_is_told_once_does_what_its_scopes_say_and_ends_when_removed() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let created = installation.json(&["keys", "create", "--name", "ci", "--ttl", "1h", "--scope", "devices.read"]).unwrap();
    assert_shape(&created, &[("id", Kind::Id("key")), ("name", Kind::Text), ("key", Kind::Text), ("expires_at", Kind::Time)]);
    let key = created["key"].as_str().unwrap();
    let listed = installation.json(&["keys", "ls"]).unwrap();
    let ci = items(&listed).iter().find(|listed| listed["id"] == created["id"]).unwrap();
    let shape =
        [("name", Kind::Text), ("scopes", Kind::List), ("owner", Kind::Text), ("created_at", Kind::Time), ("expires_at", Kind::Time)];
    assert_shape(ci, &shape);
    assert!(!listed.to_string().contains(key), "a key is shown when it is made and never again");

    ended(&with_key(&installation, key, &["devices", "ls"]), 0, "");
    ended(&with_key(&installation, key, &["tasks", "ls"]), 4, "tasks.read");
    ended(&with_key(&installation, "tky_nonsense", &["devices", "ls"]), 4, "Sign in first");
    ended(&installation.taskey(&["keys", "rm", "no-such-key"]).unwrap(), 1, "there is no key");
    ended(&installation.taskey(&["keys", "rm", created["id"].as_str().unwrap()]).unwrap(), 0, "");
    ended(&with_key(&installation, key, &["devices", "ls"]), 4, "Sign in first");

    let alone = succeeded(installation.taskey(&["keys", "create", "--name", "x", "--ttl", "1h", "-o", "name"]).unwrap()).unwrap();
    ended(&with_key(&installation, alone.trim_end(), &["devices", "ls"]), 0, "");
    ended(&installation.taskey(&["keys", "create", "--name", "x", "--ttl", "1 fortnight"]).unwrap(), 1, "fortnight");
    ended(&installation.taskey(&["keys", "create", "--name", "x", "--scope", "everything"]).unwrap(), 1, "/scopes");
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_data_folder_or_the_logs() {
    let mut installation = installation(Engine::Sqlite).await.unwrap();
    let code = installation.setup_code.take().unwrap();
    let key = succeeded(installation.taskey(&["keys", "create", "--name", "ci", "-o", "name"]).unwrap()).unwrap();
    let token = succeeded(installation.taskey(&["enroll-tokens", "create", "-o", "name"]).unwrap()).unwrap();
    ended(&with_key(&installation, key.trim(), &["devices", "ls"]), 0, "");
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    let mut credential = Command::new(binary("taskeyd"));
    credential.args(["credential", "--out", "-", "--state"]).arg(installation.path("web-1"));
    let credential = succeeded(run(&mut credential, "").unwrap()).unwrap();
    agent.stop().unwrap();
    installation.server.take().map(Running::stop).unwrap().unwrap();

    let token_secret = token.trim().split('.').next().unwrap().to_owned();
    let secrets = [PASSWORD.to_owned(), code, key.trim().to_owned(), token_secret, credential.lines().nth(1).unwrap().to_owned()];
    let places = ["data/taskey.db", "data/taskey.db-wal", "server.log", "web-1.log"];
    let mut read = 0;
    for place in places {
        let Ok(bytes) = std::fs::read(installation.path(place)) else { continue };
        read += 1;
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{place} holds `{secret}`");
        }
    }
    assert!(read >= 3, "the database and both logs are there to be read");
}

#[test]
fn a_secret_cannot_be_given_as_an_argument() {
    for arguments in [
        &["login", "--server", "http://127.0.0.1:1", "--username", "ann", "--password", "x"][..],
        &["setup", "--server", "http://127.0.0.1:1", "--code", "c", "--organization", "o", "--username", "ann", "--password", "x"],
        &["whoami", "--key", "x"],
    ] {
        let output = run(Command::new(binary("taskey")).args(arguments), "").unwrap();
        ended(&output, 1, "unexpected argument");
    }
    let token = ["enroll", "--server", "http://127.0.0.1:1", "--token", "x"];
    ended(&run(Command::new(binary("taskeyd")).args(token), "").unwrap(), 1, "--token");
}
