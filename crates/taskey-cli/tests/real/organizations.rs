//! Organizations beside each other, a way back in from the host, and what lists and failures look like.

use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, PASSWORD, run, succeeded};

use crate::people::{OTHER_PASSWORD, accept, command_as, json_as, log_in, person, taskey_as};
use crate::shape::{Kind, assert_shape, items};
use crate::{ended, id, installation};

const ORGANIZATION: &[(&str, Kind)] = &[
    ("id", Kind::Id("org")),
    ("name", Kind::Text),
    ("state", Kind::One(&["active", "disabled", "deleted"])),
    ("created_at", Kind::Time),
    ("members", Kind::Number),
    ("devices", Kind::Number),
];

#[tokio::test]
async fn two_organizations_with_equal_names_see_nothing_of_each_other() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    installation.enroll("web-1").unwrap();
    let bob = person(&installation, "bob", &[]);
    let create = ["organizations", "create", "Beta", "--username", "bob", "--password-stdin", "-o", "json"];
    let made: Value = serde_json::from_str(&succeeded(installation.taskey_with(&create, PASSWORD).unwrap()).unwrap()).unwrap();
    assert_shape(&made, ORGANIZATION);
    assert_eq!((&made["user"]["username"], &made["user"]["super"], &made["invitation"]), (&json!("bob"), &json!(true), &Value::Null));
    let login = ["login", "--server", &installation.url, "--username", "bob", "--organization", "Beta", "--password-stdin"];
    ended(&run(&mut command_as(&installation, "beta", &login), PASSWORD).unwrap(), 0, "bob of Beta");

    let mut ids = Vec::new();
    for arguments in [["groups", "create", "ops"], ["device-groups", "create", "eu"]] {
        ids.push(id(&installation.json(&arguments).unwrap()).unwrap());
        json_as(&installation, "beta", &arguments);
    }
    let beta = |arguments: &[&str]| taskey_as(&installation, "beta", arguments);
    assert_eq!(succeeded(beta(&["users", "ls", "-o", "name"])).unwrap(), "bob\n");
    assert_eq!(json_as(&installation, "beta", &["users", "show", "bob"])["super"], true, "their bob, not ours");
    assert_eq!(succeeded(beta(&["devices", "ls", "-o", "name"])).unwrap(), "");
    ended(&beta(&["users", "show", &id(&bob).unwrap()]), 1, "no such user");
    ended(&beta(&["groups", "add", "ops", &id(&bob).unwrap()]), 1, "no such user");
    ended(&beta(&["groups", "rm", &ids[0]]), 1, "no such group");
    ended(&beta(&["device-groups", "rm", &ids[1]]), 1, "no such device group");
    ended(&beta(&["groups", "override", "ops", "--device-group", &ids[1], "--role", "admin"]), 1, "no such device group");
    ended(&beta(&["device-groups", "add", "eu", "web-1"]), 1, "no such device");
    ended(&beta(&["organizations", "show", "Acme"]), 1, "no such organization");
    ended(&beta(&["organizations", "ls"]), 4, "for operators of this server");
    ended(&beta(&["organizations", "disable", "Beta"]), 4, "for operators of this server");
    assert_eq!(
        json_as(&installation, "beta", &["organizations", "rename", "Beta", "Gamma"])["name"],
        "Gamma",
        "a super user's own to name"
    );

    let listed = installation.json(&["organizations", "ls"]).unwrap();
    items(&listed).iter().for_each(|organization| assert_shape(organization, ORGANIZATION));
    assert_eq!(items(&listed).iter().map(|listed| &listed["name"]).collect::<Vec<_>>(), ["Acme", "Gamma"]);
    ended(&installation.taskey(&["organizations", "rename", "Gamma", "Acme"]).unwrap(), 1, "name is taken");
    ended(&installation.taskey(&["organizations", "disable", "Acme"]).unwrap(), 1, "lock yourself out");
    assert_eq!(installation.json(&["organizations", "disable", "Gamma"]).unwrap()["state"], "disabled");
    ended(&beta(&["whoami"]), 4, "Sign in first");
    assert_eq!(installation.json(&["organizations", "enable", "Gamma"]).unwrap()["state"], "active");
    ended(&beta(&["whoami"]), 0, "");
    let deleted = installation.json(&["organizations", "rm", "Gamma", "--yes"]).unwrap();
    assert_eq!(deleted["state"], "deleted");
    assert_shape(&deleted, &[("delete_at", Kind::Time)]);
    ended(&beta(&["whoami"]), 4, "Sign in first");
    assert_eq!(installation.json(&["organizations", "enable", "Gamma"]).unwrap()["delete_at"], Value::Null);
    ended(&beta(&["whoami"]), 0, "");

    let invited = installation.taskey(&["organizations", "create", "Delta", "--username", "dan", "-o", "name"]).unwrap();
    assert_eq!(invited.stdout, b"Delta\n");
    let link = String::from_utf8_lossy(&invited.stderr).trim().to_owned();
    assert_eq!(accept(&installation, &link, OTHER_PASSWORD, "dan").0, 201);
    ended(&log_in(&installation, "dan", OTHER_PASSWORD), 0, "dan of Delta");
}

/// What `taskey admin recover` prints.
fn recover(installation: &Installation, options: &[&str]) -> Value {
    let data = installation.path("data").display().to_string();
    let told = installation.taskey(&[&["admin", "recover", "--data", &data, "-o", "json"], options].concat()).unwrap();
    ended(&told, 0, "");
    serde_json::from_slice(&told.stdout).unwrap()
}

#[tokio::test]
async fn a_lost_super_user_comes_back_from_the_host_whether_the_server_runs_or_not() {
    let mut installation = installation(Engine::Sqlite).await.unwrap();
    person(&installation, "bob", &[]);
    let told = recover(&installation, &["--public-url", &installation.url]);
    assert_shape(&told, &[("username", Kind::Text), ("organization", Kind::Text), ("link", Kind::Text), ("expires_at", Kind::Time)]);
    assert_eq!((&told["username"], &told["organization"]), (&json!("ann"), &json!("Acme")));
    assert!(told["link"].as_str().unwrap().starts_with(&format!("{}/invite#inv_", installation.url)), "{told}");
    ended(&installation.taskey(&["whoami"]).unwrap(), 0, "");
    assert_eq!(accept(&installation, told["link"].as_str().unwrap(), OTHER_PASSWORD, "ann").0, 201);
    ended(&installation.taskey(&["whoami"]).unwrap(), 4, "Sign in first");
    ended(&log_in(&installation, "ann", OTHER_PASSWORD), 0, "");

    ended(&taskey_as(&installation, "ann", &["users", "disable", "bob"]), 0, "");
    installation.server.take().unwrap().stop().unwrap();
    let data = installation.path("data").display().to_string();
    let recover_table = |options: &[&str]| installation.taskey(&[&["admin", "recover", "--data", &data], options].concat()).unwrap();
    ended(&recover_table(&["--username", "nobody"]), 1, "There is no such user");
    ended(&recover_table(&["--organization", "Beta"]), 1, "There is no super user");
    let told = recover_table(&["--username", "bob"]);
    ended(&told, 0, "the beginning of the link is the address in the server's settings");
    let table = String::from_utf8(told.stdout).unwrap();
    let link = table.lines().find_map(|line| line.strip_prefix("link")).unwrap().trim();
    assert!(link.starts_with("http://127.0.0.1:8080/invite#inv_"), "the port that is not told by a flag: {table}");
    installation.start_server().unwrap();
    assert_eq!(accept(&installation, link, "copper meadow lantern", "bob").0, 201);
    ended(&log_in(&installation, "bob", "copper meadow lantern"), 0, "");
    assert_eq!(json_as(&installation, "bob", &["whoami"])["user"]["super"], true);
}

#[tokio::test]
async fn lists_have_one_shape_and_failures_one_set_of_numbers() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    person(&installation, "bob", &["super"]);
    let lists: [&[&str]; 9] = [
        &["users", "ls"],
        &["users", "sessions", "bob"],
        &["groups", "ls"],
        &["groups", "members", "super"],
        &["device-groups", "ls"],
        &["organizations", "ls"],
        &["sessions", "ls"],
        &["keys", "ls"],
        &["devices", "ls"],
    ];
    for list in lists {
        items(&installation.json(list).unwrap());
        for format in ["table", "yaml", "name"] {
            ended(&installation.taskey(&[list, &["-o", format]].concat()).unwrap(), 0, "");
        }
        ended(&taskey_as(&installation, "nobody", list), 4, "not signed in");
    }
    let first = installation.json(&["users", "ls", "--limit", "1"]).unwrap();
    assert_eq!((first["items"].as_array().unwrap().len(), first["next"].is_string()), (1, true), "{first}");
    let keys = installation.json(&["keys", "ls"]).unwrap();
    assert_eq!(items(&keys).len(), 2, "a super user sees those of everybody");
    items(&keys).iter().for_each(|key| assert_shape(key, &[("owner", Kind::Text), ("addresses", Kind::List), ("configured", Kind::Bool)]));
    let made = ["keys", "create", "--name", "ci", "--address", "10.0.0.0/8", "--scope", "devices.read"];
    ended(&installation.taskey(&made).unwrap(), 0, "");
    let table = succeeded(installation.taskey(&["keys", "ls"]).unwrap()).unwrap();
    assert!(table.contains("10.0.0.0/8") && table.contains("OWNER"), "{table}");

    let failures: [(&[&str], &str); 9] = [
        (&["users", "show", "nobody"], "no such user"),
        (&["users", "create", "--username", "bob"], "name is taken"),
        (&["users", "create", "--username", "x y"], "/username"),
        (&["users", "create", "--username", "kim", "--group", "no-such"], "/groups/0: there is no group `no-such`"),
        (&["users", "edit", "bob"], "required"),
        (&["groups", "create", "ops", "--role", "super"], "none, read-only, self-service, admin"),
        (&["groups", "edit", "super", "--role", "none"], "only who is in it can be changed"),
        (&["groups", "override", "super", "--device-group", "eu", "--role", "none"], "only who is in it can be changed"),
        (&["device-groups", "show", "eu"], "no such device group"),
    ];
    for (arguments, saying) in failures {
        ended(&installation.taskey(arguments).unwrap(), 1, saying);
    }
    assert_eq!(succeeded(installation.taskey(&["users", "ls", "-o", "name"]).unwrap()).unwrap(), "ann\nbob\n", "nobody was made");
}
