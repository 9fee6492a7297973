//! Users, as super users make them and as they come in: passwords, links, disabling, browsers, the last super user.

use std::process::{Command, Output};

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, PASSWORD, Running, run, succeeded};

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, id, installation};

/// What people other than the administrator sign in with.
pub const OTHER_PASSWORD: &str = "wrong zebra paperclip";

const USER: &[(&str, Kind)] = &[
    ("id", Kind::Id("usr")),
    ("organization", Kind::Id("org")),
    ("username", Kind::Text),
    ("name", Kind::Text),
    ("state", Kind::One(&["active", "invited", "disabled"])),
    ("super", Kind::Bool),
    ("operator", Kind::Bool),
    ("groups", Kind::List),
    ("created_at", Kind::Time),
];

/// `taskey` as somebody else than the administrator: their profiles lie in a file of their own.
pub fn command_as(installation: &Installation, profile: &str, arguments: &[&str]) -> Command {
    let mut command = installation.command(&[&["--profile", profile], arguments].concat());
    command.env("TASKEY_CONFIG", installation.path("people.toml"));
    command
}

pub fn taskey_as(installation: &Installation, profile: &str, arguments: &[&str]) -> Output {
    run(&mut command_as(installation, profile, arguments), "").unwrap()
}

pub fn json_as(installation: &Installation, profile: &str, arguments: &[&str]) -> Value {
    let told = taskey_as(installation, profile, &[arguments, &["-o", "json"]].concat());
    serde_json::from_str(&succeeded(told).unwrap()).unwrap()
}

/// Signs somebody in, in a profile that is called like them.
pub fn log_in(installation: &Installation, username: &str, password: &str) -> Output {
    let login = ["login", "--server", &installation.url, "--username", username, "--password-stdin"];
    run(&mut command_as(installation, username, &login), password).unwrap()
}

/// Makes a user with a password, in these groups, and signs them in.
pub fn person(installation: &Installation, username: &str, groups: &[&str]) -> Value {
    let groups = groups.iter().flat_map(|group| ["--group", group]).collect::<Vec<_>>();
    let create = [&["users", "create", "--username", username, "--password-stdin", "-o", "json"][..], &groups].concat();
    let made = succeeded(installation.taskey_with(&create, OTHER_PASSWORD).unwrap()).unwrap();
    succeeded(log_in(installation, username, OTHER_PASSWORD)).unwrap();
    serde_json::from_str(&made).unwrap()
}

/// Takes an invitation as a browser does, which keeps its cookie in `jar`: the status and the answer.
pub fn accept(installation: &Installation, link: &str, password: &str, jar: &str) -> (u16, Value) {
    let (_, token) = link.split_once("/invite#").expect("the secret follows the `#`");
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-w", "\n%{http_code}", "-H", "content-type: application/json", "-d", "@-", "-c"]).arg(installation.path(jar));
    curl.arg(format!("{}/api/v1/invitations/accept", installation.url));
    let told = succeeded(run(&mut curl, &json!({"token": token, "password": password}).to_string()).unwrap()).unwrap();
    let (body, status) = told.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap())
}

/// What the API answers a browser with that cookie.
fn browser_status(installation: &Installation, jar: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-b"]).arg(installation.path(jar));
    succeeded(run(curl.arg(format!("{}/api/v1/me", installation.url)), "").unwrap()).unwrap()
}

#[tokio::test]
async fn two_people_are_signed_in_side_by_side_each_in_a_profile() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.json(&["groups", "create", "ops", "--role", "read-only"]).unwrap();
    let create = ["users", "create", "--username", "bob", "--name", "Bob Smith", "--group", "ops", "--time-zone", "Europe/Berlin"];
    let create = [&create[..], &["--language", "de", "--password-stdin", "-o", "json"]].concat();
    let made: Value = serde_json::from_str(&succeeded(installation.taskey_with(&create, OTHER_PASSWORD).unwrap()).unwrap()).unwrap();
    assert_shape(&made, USER);
    assert_eq!((&made["state"], &made["invitation"], &made["groups"][0]["name"]), (&json!("active"), &Value::Null, &json!("ops")));
    assert_eq!((&made["time_zone"], &made["language"]), (&json!("Europe/Berlin"), &json!("de")));

    let login = ["login", "--server", &installation.url, "--username", "bob", "--password-stdin", "--profile", "bob"];
    ended(&installation.taskey_with(&login, PASSWORD).unwrap(), 4, "");
    ended(&installation.taskey_with(&login, OTHER_PASSWORD).unwrap(), 0, "in profile `bob`");
    for (profile, username) in [("default", "ann"), ("bob", "bob"), ("default", "ann")] {
        let me = succeeded(installation.taskey(&["whoami", "--profile", profile, "-o", "name"]).unwrap()).unwrap();
        assert_eq!(me, format!("{username}\n"));
    }
    let told = succeeded(installation.taskey(&["whoami", "--profile", "bob"]).unwrap()).unwrap();
    for line in ["name          Bob Smith", "role          read-only", "groups        ops"] {
        assert!(told.contains(line), "{told}");
    }
    ended(&installation.taskey(&["users", "ls", "--profile", "bob"]).unwrap(), 4, "`users.read` is for super users");

    let edit = |arguments: &[&str]| installation.json(&[&["--profile", "default", "users", "edit", "bob"], arguments].concat()).unwrap();
    assert_eq!(edit(&["--name", "Robert", "--time-zone", ""])["time_zone"], "");
    assert_eq!((&edit(&["--super"])["super"], &edit(&["--no-super"])["super"]), (&json!(true), &json!(false)));
    let renamed = edit(&["--username", "rob"]);
    assert_eq!((&renamed["name"], &renamed["groups"][0]["name"]), (&json!("Robert"), &json!("ops")), "the rest stays");
    let me = installation.json(&["whoami", "--profile", "bob"]).unwrap();
    assert_eq!(me["user"]["username"], "rob", "a key is its owner's, whatever the name");
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_a_newer_one_voids_it() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let create = |name: &str, format: &str| installation.taskey(&["users", "create", "--username", name, "-o", format]).unwrap();
    let named = create("mel", "name");
    assert!(String::from_utf8_lossy(&named.stdout).starts_with("usr_") && named.stdout.len() == 31, "the id alone");
    ended(&named, 0, "/invite#inv_");
    let table = succeeded(create("zoe", "table")).unwrap();
    assert!(table.contains("\nlink ") && table.contains("\nexpires    in 6d"), "{table}");
    let made: Value = serde_json::from_str(&succeeded(create("eve", "json")).unwrap()).unwrap();
    assert_shape(&made, USER);
    assert_shape(&made["invitation"], &[("link", Kind::Text), ("expires_at", Kind::Time)]);
    assert_eq!(made["state"], "invited");
    let first = made["invitation"]["link"].as_str().unwrap().to_owned();
    assert!(first.starts_with(&format!("{}/invite#inv_", installation.url)), "{first}");

    ended(&log_in(&installation, "eve", ""), 1, "no password");
    ended(&log_in(&installation, "eve", OTHER_PASSWORD), 4, "");
    let second = succeeded(installation.taskey(&["users", "invite", "eve", "-o", "name"]).unwrap()).unwrap();
    assert_eq!(accept(&installation, &first, OTHER_PASSWORD, "eve").1["code"], "invalid_invitation");
    assert_eq!(accept(&installation, second.trim(), "short", "eve").0, 422);
    assert_eq!(accept(&installation, second.trim(), OTHER_PASSWORD, "eve").0, 201);
    assert_eq!(accept(&installation, second.trim(), PASSWORD, "eve-2").0, 403);
    ended(&log_in(&installation, "eve", OTHER_PASSWORD), 0, "signed in as eve");
    assert_eq!(installation.json(&["users", "show", "eve"]).unwrap()["state"], "active");

    assert_eq!(browser_status(&installation, "eve"), "200");
    let sessions = json_as(&installation, "eve", &["sessions", "ls"]);
    assert_shape(
        &items(&sessions)[0],
        &[("id", Kind::Id("ses")), ("address", Kind::Text), ("client", Kind::Text), ("expires_at", Kind::Time)],
    );
    assert_eq!(sessions, installation.json(&["users", "sessions", "eve"]).unwrap());
    ended(&taskey_as(&installation, "eve", &["sessions", "rm", &id(&items(&sessions)[0]).unwrap()]), 0, "");
    assert_eq!(browser_status(&installation, "eve"), "401");
    let third = succeeded(installation.taskey(&["users", "invite", "eve", "-o", "name"]).unwrap()).unwrap();
    assert_eq!(accept(&installation, third.trim(), PASSWORD, "eve").0, 201);
    ended(&taskey_as(&installation, "eve", &["whoami"]), 4, "Sign in first");
    ended(&installation.taskey(&["users", "sign-out", "eve"]).unwrap(), 0, "");
    assert_eq!(browser_status(&installation, "eve"), "401");
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_what_they_were_looking_at_ends() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let _agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    installation.json(&["groups", "create", "ops", "--role", "admin"]).unwrap();
    person(&installation, "bob", &["ops"]);
    let key = succeeded(taskey_as(&installation, "bob", &["keys", "create", "--name", "ci", "-o", "name"])).unwrap();
    let with_key = || {
        let mut command = command_as(&installation, "ci", &["devices", "ls", "--server", &installation.url]);
        run(command.env("TASKEY_API_KEY", key.trim()), "").unwrap()
    };
    ended(&with_key(), 0, "");

    let mut exec = command_as(&installation, "bob", &["exec", "--device", "web-1", "--", "sh", "-c", "echo up; exec sleep 600"]);
    let exec = Running::start(&mut exec, &installation.path("exec.log")).unwrap();
    assert_eq!(exec.line().unwrap(), "up");
    let runs = json_as(&installation, "bob", &["runs", "ls"]);
    let run = id(&items(&runs)[0]).unwrap();
    let logs = Running::start(&mut command_as(&installation, "bob", &["runs", "logs", &run, "--follow"]), &installation.path("logs.log"));
    let logs = logs.unwrap();
    assert_eq!(logs.line().unwrap(), "up");
    assert_eq!(installation.json(&["users", "disable", "bob", "--yes"]).unwrap()["state"], "disabled");
    ended(&taskey_as(&installation, "bob", &["whoami"]), 4, "Sign in first");
    ended(&with_key(), 4, "Sign in first");
    ended(&log_in(&installation, "bob", OTHER_PASSWORD), 4, "");
    assert_eq!((exec.end().unwrap().code(), logs.end().unwrap().code()), (Some(4), Some(4)));
    assert_eq!(installation.json(&["runs", "show", &run]).unwrap()["state"], "running", "what runs is not whose it is");
    ended(&installation.taskey(&["runs", "cancel", &run]).unwrap(), 0, "");

    assert_eq!(installation.json(&["users", "enable", "bob"]).unwrap()["state"], "active");
    ended(&taskey_as(&installation, "bob", &["whoami"]), 4, "Sign in first");
    ended(&with_key(), 0, "");
    ended(&log_in(&installation, "bob", OTHER_PASSWORD), 0, "");
    ended(&installation.taskey(&["users", "rm", "bob"]).unwrap(), 0, "");
    ended(&taskey_as(&installation, "bob", &["whoami"]), 4, "Sign in first");
    ended(&with_key(), 4, "Sign in first");
    ended(&installation.taskey(&["users", "show", "bob"]).unwrap(), 1, "no such user");
    let run = installation.json(&["runs", "show", &run]).unwrap();
    assert_eq!(run["cause"]["by"].as_str().unwrap().split(' ').next(), Some("bob"), "what they did keeps their name");
}

#[tokio::test]
async fn one_changes_ones_own_password_and_other_command_lines_are_signed_out() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    person(&installation, "bob", &[]);
    let login = ["login", "--server", &installation.url, "--username", "bob", "--password-stdin"];
    succeeded(run(&mut command_as(&installation, "laptop", &login), OTHER_PASSWORD).unwrap()).unwrap();
    let change = |lines: &str| run(&mut command_as(&installation, "bob", &["password", "--password-stdin"]), lines).unwrap();
    ended(&taskey_as(&installation, "bob", &["password"]), 1, "--password-stdin");
    ended(&change("wrong one here\ncopper meadow lantern\n"), 1, "/current: this is not your password");
    ended(&change(&format!("{OTHER_PASSWORD}\nshort\n")), 1, "/new: at least 8 characters");
    ended(&change(&format!("{OTHER_PASSWORD}\n")), 1, "no new password");
    ended(&change(&format!("{OTHER_PASSWORD}\ncopper meadow lantern\n")), 0, "the password is changed");
    ended(&taskey_as(&installation, "bob", &["whoami"]), 0, "");
    ended(&taskey_as(&installation, "laptop", &["whoami"]), 4, "Sign in first");
    ended(&log_in(&installation, "bob", OTHER_PASSWORD), 4, "");
    ended(&log_in(&installation, "bob", "copper meadow lantern"), 0, "");
}

#[tokio::test]
async fn the_last_super_user_who_can_sign_in_stays_and_none_gets_in_as_the_operator() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.json(&["users", "create", "--username", "zoe", "--super"]).unwrap();
    let ways: [&[&str]; 4] = [
        &["users", "rm", "ann"],
        &["users", "disable", "ann"],
        &["users", "edit", "ann", "--no-super"],
        &["groups", "remove", "super", "ann"],
    ];
    for way in ways {
        ended(&installation.taskey(way).unwrap(), 1, "the last super user who can sign in");
    }
    assert_eq!(installation.json(&["whoami"]).unwrap()["user"]["super"], true);
    person(&installation, "bob", &[]);
    ended(&installation.taskey(&["groups", "add", "super", "bob"]).unwrap(), 0, "");
    ended(&taskey_as(&installation, "bob", &["users", "invite", "ann"]), 4, "`organizations.manage` is for operators of this server");
    ended(&installation.taskey(&["users", "invite", "bob"]).unwrap(), 0, "");
    ended(&installation.taskey(&["groups", "remove", "super", "ann"]).unwrap(), 0, "");
    ended(&installation.taskey(&["users", "ls"]).unwrap(), 4, "why: taskey access explain users.read");
    assert_eq!(items(&json_as(&installation, "bob", &["groups", "members", "super"])).len(), 2);
}
