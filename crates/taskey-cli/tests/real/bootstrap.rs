//! A new environment whose server boots with its account and key, without anybody at a shell; asked with curl.

use std::path::Path;
use std::process::{Command, Output};

use taskey_testkit::ports::free_port;
use taskey_testkit::process::{PASSWORD, Running, binary, run, succeeded};

use crate::ended;

const KEY: &str = "the-key-of-an-app-that-is-in-a-file-1";
const RENEWED: &str = "the-key-of-an-app-that-is-in-a-file-2";

fn serve(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(binary("taskey"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(folder.join("data"));
    command.env_remove("TASKEY_DATABASE_URL");
    command.env("TASKEY_BOOTSTRAP_ORGANIZATION", "Acme").env("TASKEY_BOOTSTRAP_USERNAME", "ann");
    command.env("TASKEY_BOOTSTRAP_PASSWORD_FILE", folder.join("password")).env("TASKEY_BOOTSTRAP_KEY_FILE", folder.join("key"));
    command
}

/// The status that curl gets with a key.
fn status(port: u16, key: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "@-"]);
    let answer = run(curl.arg(format!("http://127.0.0.1:{port}/api/v1/devices")), &format!("Authorization: Bearer {key}\n")).unwrap();
    succeeded(answer).unwrap()
}

fn login(folder: &Path, port: u16) -> Output {
    let mut command = Command::new(binary("taskey"));
    command.args(["login", "--server", &format!("http://127.0.0.1:{port}"), "--username", "ann", "--password-stdin"]);
    run(command.env("TASKEY_CONFIG", folder.join("config.toml")), PASSWORD).unwrap()
}

#[test]
fn a_server_boots_from_its_environment_with_a_key_that_works_until_its_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (key_file, log, port) = (folder.path().join("key"), folder.path().join("log"), free_port().unwrap());
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    std::fs::write(&key_file, format!("{KEY}\n")).unwrap();
    let server = Running::start(&mut serve(folder.path(), port), &log).unwrap();
    assert_eq!(server.line().unwrap(), format!("ready: http://127.0.0.1:{port}"), "and no set-up code before it");
    assert_eq!((status(port, KEY), status(port, RENEWED)), ("200".to_owned(), "401".to_owned()));
    ended(&login(folder.path(), port), 0, "signed in as ann of Acme");
    server.stop().unwrap();

    std::fs::write(&key_file, RENEWED).unwrap();
    let server = Running::start(&mut serve(folder.path(), port), &log).unwrap();
    assert_eq!(server.line().unwrap(), format!("ready: http://127.0.0.1:{port}"));
    assert_eq!((status(port, KEY), status(port, RENEWED)), ("401".to_owned(), "200".to_owned()));
    server.stop().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!([KEY, RENEWED, PASSWORD].iter().all(|secret| !log.contains(secret)), "{log}");
}

#[test]
fn a_server_that_cannot_begin_as_it_is_told_says_so_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "Summer2026!").unwrap();
    std::fs::write(folder.path().join("key"), "too short").unwrap();
    let refused = run(&mut serve(folder.path(), 0), "").unwrap();
    ended(&refused, 1, "error: bootstrap: ");
    ended(&refused, 1, "holds no key of 32 to 200 letters");
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    ended(&run(&mut serve(folder.path(), 0), "").unwrap(), 1, "error: bootstrap: password: not one of those that are tried first");
    let secret_in_file = "[bootstrap]\norganization = \"Acme\"\nusername = \"ann\"\npassword = \"correct horse\"\n";
    std::fs::write(folder.path().join("data/taskey.toml"), secret_in_file).unwrap();
    let refused = run(&mut serve(folder.path(), 0), "").unwrap();
    ended(&refused, 1, "unknown field `password`");
    assert!(refused.stdout.is_empty() && !String::from_utf8_lossy(&refused.stderr).contains("horse"), "{refused:?}");
}
