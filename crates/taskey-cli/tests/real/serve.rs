//! `taskey serve`, `setup` and `admin`: the first minutes of a server, and what it refuses to start with.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, PASSWORD, binary, run, succeeded};

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation};

fn set_up(installation: &Installation, code: &str, password: &str) -> Output {
    let arguments =
        ["setup", "--server", &installation.url, "--code", "-", "--organization", "Acme", "--username", "ann", "--password-stdin"];
    installation.taskey_with(&arguments, &format!("{code}\n{password}\n")).unwrap()
}

#[test]
fn a_new_server_says_its_code_and_its_address_and_nothing_else() {
    let mut installation = Installation::start(None).unwrap();
    let first = installation.setup_code.take().unwrap();
    installation.server.take().unwrap().stop().unwrap();
    installation.start_server().unwrap();
    let second = installation.setup_code.clone().unwrap();
    assert_ne!(first, second, "each start makes a new code");
    ended(&set_up(&installation, &first, PASSWORD), 4, "set-up code");
    ended(&set_up(&installation, &second, PASSWORD), 0, "signed in as ann of Acme");
    installation.setup_code = None;
    installation.server.take().unwrap().stop().unwrap();
    installation.start_server().unwrap();
    assert_eq!(installation.setup_code, None, "nobody needs a code any more");
    assert_eq!(succeeded(installation.taskey(&["whoami", "-o", "name"]).unwrap()).unwrap(), "ann\n");
}

#[test]
fn setting_up_with_a_wrong_code_a_short_password_or_twice_changes_nothing() {
    let installation = Installation::start(None).unwrap();
    let code = installation.setup_code.clone().unwrap();
    ended(&set_up(&installation, "0000-0000-0000-0000", PASSWORD), 4, "set-up code");
    ended(&set_up(&installation, &code, "short"), 1, "/password: at least 8 characters");
    ended(&set_up(&installation, &code, ""), 1, "no password");
    ended(&set_up(&installation, &code, PASSWORD), 0, "");
    ended(&set_up(&installation, &code, PASSWORD), 1, "set up already");
    let profile = std::fs::metadata(installation.path("config.toml")).unwrap();
    assert_eq!(profile.permissions().mode() & 0o777, 0o600);
    let me = installation.json(&["whoami"]).unwrap();
    assert_eq!((&me["user"]["super"], &me["user"]["operator"]), (&true.into(), &true.into()));
}

#[test]
fn what_a_server_must_not_start_with_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(binary("taskey"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(arguments);
        run(command.env_remove("TASKEY_DATABASE_URL"), "").unwrap()
    };
    ended(&serve(&["--database-url", "postgres://me:secret@127.0.0.1/taskey"]), 1, "TASKEY_DATABASE_URL");
    ended(&serve(&["--mqtt-listen", "0.0.0.0:0"]), 1, "loopback");
    ended(&serve(&["--public-url", "ftp://example.org"]), 1, "public_url");
    ended(&serve(&["--nonsense"]), 1, "--nonsense");
    std::fs::write(folder.path().join("taskey.toml"), "lisen = \"127.0.0.1:0\"\n").unwrap();
    ended(&serve(&[]), 1, "lisen");
}

#[tokio::test]
async fn a_second_organization_is_made_on_the_host_and_sees_nothing_of_the_first() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let data = installation.path("data").display().to_string();
    let create = |name: &str, data: &str| {
        let arguments = ["admin", "organizations", "create", name, "--username", "bob", "--password-stdin", "--data", data];
        installation.taskey_with(&[&arguments[..], &["-o", "json"]].concat(), "another password").unwrap()
    };
    let made = create("Beta", &data);
    ended(&made, 0, "");
    assert_shape(&serde_json::from_slice(&made.stdout).unwrap(), &[("id", Kind::Id("org")), ("name", Kind::Text)]);
    ended(&create("Beta", &data), 1, "There is an organization `Beta` already");
    ended(&create("Gamma", "/nonexistent/data"), 1, "not the data folder of a taskey server");
    assert!(!std::path::Path::new("/nonexistent").exists());

    let login = ["login", "--server", &installation.url, "--username", "bob", "--password-stdin", "--profile", "beta"];
    ended(&installation.taskey_with(&login, "another password").unwrap(), 0, "bob of Beta");
    let devices = installation.json(&["--profile", "beta", "devices", "ls"]).unwrap();
    assert!(items(&devices).is_empty(), "{devices}");
    ended(&installation.taskey(&["--profile", "beta", "devices", "show", "web-1"]).unwrap(), 1, "no such");
    let me = installation.json(&["--profile", "beta", "whoami"]).unwrap();
    assert_eq!((&me["user"]["super"], &me["user"]["operator"]), (&true.into(), &false.into()), "not the operator of the server");
}
