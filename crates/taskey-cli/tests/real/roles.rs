//! Groups, device groups and overrides, seen from the command line of those whom they concern, on real devices.

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, Running, succeeded};

use crate::people::{json_as, person, taskey_as};
use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation};

const TASKS: &str = "\
name: restart
self_service: true
actions:
  - {type: COMMAND, command: echo, arguments: [restarted]}
---
name: wipe
actions:
  - {type: COMMAND, command: echo, arguments: [wiped]}
";

/// A server with those two tasks and two devices; the agent of the first runs.
async fn world() -> (Installation, Running) {
    let installation = installation(Engine::Sqlite).await.unwrap();
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], TASKS).unwrap()).unwrap();
    installation.enroll("web-1").unwrap();
    installation.enroll("web-2").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (installation, agent)
}

fn names(installation: &Installation, profile: &str, arguments: &[&str]) -> String {
    succeeded(taskey_as(installation, profile, &[arguments, &["-o", "name"]].concat())).unwrap()
}

#[tokio::test]
async fn each_role_does_on_a_device_what_its_name_says() {
    let (installation, _agent) = world().await;
    for (user, role) in [("nick", "none"), ("rita", "read-only"), ("sam", "self-service"), ("adam", "admin")] {
        let group = installation.json(&["groups", "create", &format!("group-of-{user}"), "--role", role]).unwrap();
        assert_shape(&group, &[("id", Kind::Id("grp")), ("name", Kind::Text), ("super", Kind::Bool), ("overrides", Kind::List)]);
        assert_eq!((&group["role"], &group["members"]), (&json!(role), &json!(0)));
        person(&installation, user, &[&format!("group-of-{user}")]);
    }
    let exec = |user: &str| taskey_as(&installation, user, &["exec", "--device", "web-1", "--", "echo", "hello"]);
    let run = |user: &str, task: &str| taskey_as(&installation, user, &["run", task, "--device", "web-1", "--wait"]);
    ended(
        &taskey_as(&installation, "nick", &["devices", "ls"]),
        4,
        "`devices.read` needs read-only; the group `group-of-nick` gives no access",
    );
    ended(&exec("nick"), 4, "why: taskey access explain runs.start\n");

    assert_eq!(names(&installation, "rita", &["devices", "ls"]), "web-1\nweb-2\n");
    assert_eq!(json_as(&installation, "rita", &["devices", "show", "web-1"])["role"], "read-only");
    ended(&exec("rita"), 4, "needs self-service; the group `group-of-rita` gives read-only");
    ended(&run("rita", "restart"), 4, "why: taskey access explain runs.start");
    ended(&taskey_as(&installation, "rita", &["devices", "label", "web-1", "a=b"]), 4, "`devices.write` needs admin");

    ended(&run("sam", "restart"), 0, "web-1: succeeded");
    ended(&run("sam", "wipe"), 4, "`runs.start` needs admin on web-1; the group `group-of-sam` gives self-service");
    ended(&run("sam", "wipe"), 4, "why: taskey access explain runs.start --device web-1\n");
    ended(&exec("sam"), 4, "`runs.exec` needs admin; the group `group-of-sam` gives self-service");
    ended(&exec("sam"), 4, "why: taskey access explain runs.exec");

    assert_eq!(succeeded(exec("adam")).unwrap(), "hello\n");
    ended(&run("adam", "wipe"), 0, "web-1: succeeded");
    ended(&taskey_as(&installation, "adam", &["devices", "label", "web-1", "a=b"]), 0, "");
    ended(&taskey_as(&installation, "adam", &["users", "ls"]), 4, "`users.read` is for super users");
    ended(&taskey_as(&installation, "adam", &["device-groups", "create", "eu"]), 4, "`device-groups.write` is for super users");
    ended(&taskey_as(&installation, "adam", &["organizations", "ls"]), 4, "for operators of this server");

    ended(&installation.taskey(&["groups", "edit", "group-of-adam", "--role", "read-only"]).unwrap(), 0, "");
    ended(&exec("adam"), 4, "gives read-only");
    ended(&installation.taskey(&["groups", "remove", "group-of-adam", "adam"]).unwrap(), 0, "");
    ended(&taskey_as(&installation, "adam", &["devices", "ls"]), 4, "no group gives anything");
}

#[tokio::test]
async fn an_override_changes_what_a_group_may_do_with_the_devices_of_one_group() {
    let (installation, _agent) = world().await;
    let made = installation.json(&["device-groups", "create", "eu", "--description", "In Europe"]).unwrap();
    assert_shape(&made, &[("id", Kind::Id("dgr")), ("name", Kind::Text), ("devices", Kind::Number), ("role", Kind::Text)]);
    installation.json(&["groups", "create", "ops", "--role", "none"]).unwrap();
    let set = |role: &str| installation.json(&["groups", "override", "ops", "--device-group", "eu", "--role", role]);
    assert_eq!(set("admin").unwrap()["overrides"][0]["device_group"]["name"], "eu");
    person(&installation, "bob", &["ops"]);
    let exec = |device: &str| taskey_as(&installation, "bob", &["exec", "--device", device, "--", "echo", "hello"]);
    ended(&exec("web-1"), 1, "there is no device `web-1`");
    assert_eq!(names(&installation, "bob", &["devices", "ls"]), "");
    ended(&installation.taskey(&["device-groups", "add", "eu", "web-1", "web-2"]).unwrap(), 0, "");
    ended(&installation.taskey(&["device-groups", "remove", "eu", "web-2"]).unwrap(), 0, "");
    assert_eq!(names(&installation, "bob", &["devices", "ls"]), "web-1\n", "what one may not see is not there");
    assert_eq!(names(&installation, "bob", &["device-groups", "devices", "eu"]), "web-1\n");
    assert_eq!(succeeded(exec("web-1")).unwrap(), "hello\n");
    ended(&exec("web-2"), 1, "there is no device `web-2`");
    ended(&taskey_as(&installation, "bob", &["run", "wipe", "--on", "group:eu", "--wait"]), 0, "web-1: succeeded");
    ended(&taskey_as(&installation, "bob", &["run", "wipe", "--on", "group:us"]), 1, "there is no device group `us`");
    ended(&taskey_as(&installation, "bob", &["run", "wipe", "--on", "role=web"]), 1, "no device that you may see matches this");
    ended(&taskey_as(&installation, "bob", &["run", "wipe", "--on", "name~web-*", "--wait"]), 0, "web-1: succeeded");
    ended(&taskey_as(&installation, "bob", &["targets", "name=web-2"]), 1, "no device that you may see matches this");
    assert_eq!(names(&installation, "bob", &["targets", "not name=x"]), "web-1\n");

    set("self-service").unwrap();
    ended(&exec("web-1"), 4, "`runs.exec` needs admin");
    let refused = taskey_as(&installation, "bob", &["targets", "name~web-*", "--task", "wipe"]);
    ended(&refused, 4, "refused on web-1: `runs.start` needs admin on web-1; the group `ops` gives self-service there, by an override.");
    ended(&taskey_as(&installation, "bob", &["run", "wipe", "--on", "device:web-1"]), 4, "gives self-service there, by an override");
    ended(&taskey_as(&installation, "bob", &["run", "restart", "--on", "group:eu,device:web-1", "--wait"]), 0, "web-1: succeeded");
    ended(&taskey_as(&installation, "bob", &["enroll-tokens", "create", "--group", "eu"]), 4, "`devices.enroll` needs admin");
    set("inherit").unwrap();
    ended(&taskey_as(&installation, "bob", &["devices", "ls"]), 4, "gives no access");

    assert_eq!(installation.json(&["devices", "show", "web-1"]).unwrap()["groups"], json!(["eu"]));
    let listed = installation.json(&["device-groups", "ls"]).unwrap();
    assert_eq!((&items(&listed)[0]["name"], &items(&listed)[0]["devices"]), (&json!("eu"), &json!(1)));
    ended(&installation.taskey(&["device-groups", "edit", "eu", "--name", "europe"]).unwrap(), 0, "");
    let token = succeeded(installation.taskey(&["enroll-tokens", "create", "--group", "europe", "-o", "name"]).unwrap());
    assert!(!token.unwrap().is_empty());
    ended(&installation.taskey(&["device-groups", "rm", "europe"]).unwrap(), 0, "");
    assert_eq!(installation.json(&["devices", "show", "web-1"]).unwrap()["groups"], json!([]), "its devices stay");
}

#[tokio::test]
async fn why_somebody_may_or_may_not_names_the_group_and_the_override_that_decide() {
    let (installation, _agent) = world().await;
    installation.json(&["groups", "create", "ops", "--role", "admin"]).unwrap();
    installation.json(&["groups", "create", "guests", "--role", "none"]).unwrap();
    installation.json(&["device-groups", "create", "eu"]).unwrap();
    installation.json(&["groups", "override", "ops", "--device-group", "eu", "--role", "read-only"]).unwrap();
    ended(&installation.taskey(&["device-groups", "add", "eu", "web-1"]).unwrap(), 0, "");
    person(&installation, "bob", &["ops", "guests"]);
    let explain = |arguments: &[&str]| taskey_as(&installation, "bob", &[&["access", "explain"], arguments].concat());
    let told = explain(&["runs.exec", "--device", "web-1"]);
    assert_eq!(told.status.code(), Some(4));
    let table = String::from_utf8(told.stdout).unwrap();
    let lines = [
        "allowed no",
        "needs admin",
        "has read-only",
        "reason `runs.exec` needs admin on web-1; the group `ops` gives read-only there, by an override.",
        "GROUP WHERE GIVES BY COUNTS",
        "ops eu read-only override yes",
        "guests eu no access its own role",
    ];
    let told: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    lines.iter().for_each(|line| assert!(told.iter().any(|told| told == line), "`{line}` is not in {table}"));
    ended(&explain(&["runs.exec", "--device", "web-2"]), 0, "");
    ended(&explain(&["runs.nonsense"]), 1, "`runs.nonsense` is no verb; there are me.read");
    ended(&explain(&["runs.exec", "--user", "ann"]), 4, "`users.read` is for super users");

    let explained = installation.taskey(&["access", "explain", "runs.exec", "--device", "web-1", "--user", "bob", "-o", "json"]).unwrap();
    assert_eq!(explained.status.code(), Some(4));
    let explained: Value = serde_json::from_slice(&explained.stdout).unwrap();
    let shape = [("allowed", Kind::Bool), ("verb", Kind::Text), ("user", Kind::Map), ("device", Kind::Map), ("reason", Kind::Reason)];
    assert_shape(&explained, &shape);
    assert_eq!((&explained["user"]["username"], &explained["reason"]["code"]), (&json!("bob"), &json!("override")));
    let own = installation.json(&["access", "explain", "users.write"]).unwrap();
    assert_eq!((&own["allowed"], &own["has"]), (&json!(true), &json!("super")));

    installation.json(&["groups", "edit", "ops", "--role", "none"]).unwrap();
    installation.json(&["groups", "override", "ops", "--device-group", "eu", "--role", "admin"]).unwrap();
    let somewhere = json_as(&installation, "bob", &["access", "explain", "runs.exec"]);
    let first = &somewhere["grants"][0];
    assert_eq!((&first["device_group"]["name"], &first["counts"]), (&json!("eu"), &json!(true)), "without a device: where it is allowed");
    installation.json(&["users", "disable", "bob"]).unwrap();
    let told = installation.taskey(&["access", "explain", "me.read", "--user", "bob"]).unwrap();
    assert_eq!(told.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&told.stdout).contains("`bob` is disabled"));
}
