//! The inbox from the command line: types from files, items posted, decided over and waited for.

use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::{Value, json};
use taskey_testkit::Engine;
use taskey_testkit::node;
use taskey_testkit::process::{Installation, Running, run, succeeded};

use crate::people::{person, taskey_as};
use crate::schedules::blocks;
use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation};

/// As the contract writes it.
const REFUND: &str = "\
name: refund
title: \"Refund {{ amount }} for {{ order }}\"
fields:
  type: object
  required: [order, amount]
  properties: {order: {type: string}, amount: {type: number}, receipt__preview: {type: string}}
resolutions:
  approved: {label: \"Refund {{ amount }}\"}
  rejected: {label: Decline, refusal: true, reasons: [fraud, too late]}
";

const ITEM: &[(&str, Kind)] = &[
    ("id", Kind::Id("itm")),
    ("type", Kind::Map),
    ("title", Kind::Text),
    ("state", Kind::Text),
    ("is_open", Kind::Bool),
    ("fields", Kind::Map),
    ("comment_count", Kind::Number),
    ("created_at", Kind::Time),
    ("created_by", Kind::Text),
    ("updated_at", Kind::Time),
    ("version", Kind::Number),
    ("seq", Kind::Number),
    ("role", Kind::One(&["admin"])),
];

pub fn apply(installation: &Installation, text: &str, more: &[&str]) -> Output {
    installation.taskey_with(&[&["item-types", "apply", "-f", "-"], more].concat(), text).unwrap()
}

pub fn printed(installation: &Installation, arguments: &[&str]) -> String {
    succeeded(installation.taskey(arguments).unwrap()).unwrap()
}

/// A server that knows refunds.
async fn world() -> Installation {
    let installation = installation(Engine::Sqlite).await.unwrap();
    succeeded(apply(&installation, REFUND, &[])).unwrap();
    installation
}

/// Posts a refund; its id.
pub fn posted(installation: &Installation, order: &str, more: &[&str]) -> String {
    let order = format!("order={order}");
    let arguments = ["items", "create", "--type", "refund", "--field", &order, "--field", "amount=240", "-o", "name"];
    printed(installation, &[&arguments, more].concat()).trim_end().to_owned()
}

fn shown(installation: &Installation, item: &str) -> Value {
    installation.json(&["items", "show", item]).unwrap()
}

/// `taskey ask` about a refund of that external id, once its item is there; and the item's id.
fn asked(installation: &Installation, external_id: &str, more: &[&str]) -> (Running, String) {
    let question = ["ask", "--type", "refund", "--field", "order=A1", "--field", "amount=240", "--external-id", external_id];
    let mut command = installation.command(&[&question, more].concat());
    let running = Running::start(&mut command, &installation.path(&format!("{external_id}.log"))).unwrap();
    (running, item_of(installation, external_id))
}

/// The id of the open item that is called so, as soon as there is one.
fn item_of(installation: &Installation, external_id: &str) -> String {
    let mut id = String::new();
    let look = || {
        id = printed(installation, &["items", "ls", "--external-id", external_id, "-o", "name"]).trim_end().to_owned();
        Ok(!id.is_empty())
    };
    installation.wait_until("the item is there", look).unwrap();
    id
}

/// What a program has said on stderr so far.
fn said(running: &Running) -> String {
    std::fs::read_to_string(&running.log).unwrap()
}

#[tokio::test]
async fn a_type_is_applied_once_for_each_difference() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    ended(&installation.taskey(&["item-types", "ls"]).unwrap(), 0, "no item types");
    let dry = succeeded(apply(&installation, REFUND, &["--dry-run"])).unwrap();
    assert!(dry.starts_with("would create refund\n+ name: refund\n"), "{dry}");
    assert!(items(&installation.json(&["item-types", "ls"]).unwrap()).is_empty(), "a dry run changes nothing");
    assert_eq!(succeeded(apply(&installation, REFUND, &[])).unwrap(), "created refund v1\n");
    assert_eq!(succeeded(apply(&installation, REFUND, &[])).unwrap(), "unchanged refund v1\n");
    posted(&installation, "A1", &[]);
    let other = REFUND.replace("Decline", "Say no");
    let dry = succeeded(apply(&installation, &other, &["--dry-run"])).unwrap();
    assert!(dry.starts_with("would update refund v1 to v2\n") && dry.contains("-     label: Decline\n+     label: Say no\n"), "{dry}");
    let updated = apply(&installation, &other, &[]);
    ended(&updated, 0, "taskey item-types move refund --dry-run");
    assert_eq!(succeeded(updated).unwrap(), "updated refund v2\n");

    let shape = [
        ("id", Kind::Id("ity")),
        ("name", Kind::Text),
        ("version", Kind::Number),
        ("spec", Kind::Map),
        ("open_count", Kind::Number),
        ("created_at", Kind::Time),
        ("updated_at", Kind::Time),
        ("updated_by", Kind::Text),
        ("role", Kind::One(&["admin"])),
    ];
    let listed = installation.json(&["item-types", "ls"]).unwrap();
    items(&listed).iter().for_each(|item_type| assert_shape(item_type, &shape));
    assert_eq!(printed(&installation, &["item-types", "ls", "-o", "name"]), "refund\n");
    let shown = installation.json(&["item-types", "show", "refund"]).unwrap();
    assert_eq!((&shown["version"], &shown["open_count"]), (&json!(2), &json!(1)));
    let first = installation.json(&["item-types", "show", "refund", "--version", "1"]).unwrap();
    assert_eq!(first["spec"]["resolutions"]["rejected"]["label"], "Decline");
    let versions = installation.json(&["item-types", "versions", "refund"]).unwrap();
    let open: Vec<_> = items(&versions).iter().map(|version| (version["version"].clone(), version["open_count"].clone())).collect();
    assert_eq!(open, [(json!(2), json!(0)), (json!(1), json!(1))]);

    ended(&installation.taskey(&["item-types", "rm", "refund"]).unwrap(), 1, "It is in use");
    assert_eq!(printed(&installation, &["item-types", "move", "refund", "--dry-run"]), "refund: 1 item would be moved to v2\n");
    assert_eq!(printed(&installation, &["item-types", "move", "refund"]), "refund: 1 item moved to v2\n");
    let versions = installation.json(&["item-types", "versions", "refund"]).unwrap();
    assert_eq!(items(&versions)[0]["open_count"], 1);
}

#[tokio::test]
async fn a_wrong_file_is_told_by_line_and_key() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    for (from, to, told) in [
        ("refusal: true", "refussal: true", "stdin: line 9"),
        ("resolutions:", "resolution:", "resolution: there is no such field"),
        ("[order, amount]", "[order, sum]", "line 5: /fields/required/1: there is no field `sum`"),
        ("receipt__preview", "receipt__preveiw", "line 6: /fields/properties/receipt__preveiw: there is no mark `__preveiw`"),
        (
            "\"Refund {{ amount }} for {{ order }}\"",
            "{{ order }}",
            "line 2 column 1: title: put it in quotes, as in title: \"{{ order }}\"",
        ),
        ("for {{ order }}", "for {{ order", "line 2: /title: "),
        ("{type: number}", "{type: nummer}", "line 6: /fields"),
    ] {
        assert!(REFUND.contains(from), "{from}");
        ended(&apply(&installation, &REFUND.replace(from, to), &[]), 1, told);
    }
    ended(&apply(&installation, &REFUND.replace("for {{ order }}", "for {{ order"), &["--dry-run"]), 1, "line 2: /title: ");
    ended(&installation.taskey(&["item-types", "apply", "-f", "/no/such/file"]).unwrap(), 1, "/no/such/file");
    assert!(items(&installation.json(&["item-types", "ls"]).unwrap()).is_empty());
}

#[tokio::test]
async fn the_examples_are_types_that_a_server_takes() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let folder = format!("{}/../../examples/item-types", env!("CARGO_MANIFEST_DIR"));
    for name in ["content-flag", "dispute", "refund", "sign-up"] {
        let file = format!("{folder}/{name}.yaml");
        assert_eq!(printed(&installation, &["item-types", "apply", "-f", &file]), format!("created {name} v1\n"));
        // The line at the head of the file that posts one.
        let text = std::fs::read_to_string(&file).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("#   taskey ").filter(|line| line.contains("--field"))).unwrap();
        let line = line.replace("ask ", "items create ");
        let arguments: Vec<&str> =
            line.split(" --wait").next().unwrap().split_whitespace().filter(|word| !matches!(*word, "-o" | "name")).collect();
        let item = installation.json(&arguments).unwrap();
        assert_shape(&item, ITEM);
        assert!(!item["title"].as_str().unwrap().contains("{{"), "{item}");
    }
}

#[tokio::test]
async fn an_item_is_posted_listed_shown_and_its_log_read() {
    let installation = world().await;
    ended(&installation.taskey(&["items", "ls"]).unwrap(), 0, "nothing here");
    let id =
        posted(&installation, "240", &["--external-id", "order-240", "--field", "receipt=https://shop.example/1.png", "--due-in", "2h"]);
    assert_eq!(posted(&installation, "other", &["--external-id", "order-240"]), id, "posted again it is the first item");
    let again = ["items", "create", "--type", "refund", "--field", "order=240", "--field", "amount=240", "--external-id", "order-240"];
    let again = installation.taskey(&again).unwrap();
    ended(&again, 0, "was posted before");
    assert_eq!(succeeded(again).unwrap(), format!("{id}\n"), "the id alone is printed");

    let item = shown(&installation, &id);
    assert_shape(&item, ITEM);
    assert_shape(&item, &[("resolution", Kind::Null), ("closed_at", Kind::Null), ("assignee", Kind::Null), ("due_at", Kind::Time)]);
    assert_eq!(item["title"], "Refund 240 for 240");
    assert_eq!(item["fields"], json!({"order": "240", "amount": 240, "receipt__preview": "https://shop.example/1.png"}));
    assert_eq!((&item["state"], &item["is_open"], &item["external_id"]), (&json!("open"), &json!(true), &json!("order-240")));
    let names: Vec<_> = item["sheet"]["choices"].as_array().unwrap().iter().map(|choice| choice["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["approved", "rejected"]);
    let table = printed(&installation, &["items", "show", &id]);
    assert!(table.contains("FIELD    VALUE\norder    240\namount   240\nreceipt  https://shop.example/1.png\n"), "{table}");
    assert!(table.contains("approved    Refund 240"), "{table}");

    let listed = installation.json(&["items", "ls", "--open"]).unwrap();
    assert_shape(&items(&listed)[0], ITEM);
    assert!(items(&listed)[0].get("sheet").is_none(), "lists are short");
    let commented = printed(&installation, &["items", "comment", &id, "Looks fine to me."]);
    assert!(commented.contains("Looks fine to me."), "{commented}");
    let log = installation.json(&["items", "log", &id]).unwrap();
    let entries = items(&log);
    let shape = [
        ("seq", Kind::Number),
        ("at", Kind::Time),
        ("actor", Kind::Map),
        ("action", Kind::Text),
        ("state", Kind::Text),
        ("hash", Kind::Text),
    ];
    entries.iter().for_each(|entry| assert_shape(entry, &shape));
    let told: Vec<_> = entries.iter().map(|entry| (entry["seq"].as_u64().unwrap(), entry["action"].as_str().unwrap())).collect();
    assert_eq!(told, [(1, "created"), (2, "commented")]);
    // With the name of the key that the command line signed in with.
    assert!(entries[0]["actor"]["name"].as_str().unwrap().starts_with("ann"), "{}", entries[0]);
    let rest = installation.json(&["items", "log", &id, "--after", "1"]).unwrap();
    assert_eq!(items(&rest).len(), 1);
}

#[tokio::test]
async fn what_a_value_means_is_said_by_the_type() {
    let installation = world().await;
    let post =
        |amount: &str| installation.taskey(&["items", "create", "--type", "refund", "--field", "order=A1", "--field", amount]).unwrap();
    ended(&post("amount=a lot"), 1, "amount: `a lot` is not a number");
    ended(&installation.taskey(&["items", "create", "--type", "refund", "--field", "order=A1"]).unwrap(), 1, "/fields/amount: ");
    ended(
        &installation.taskey(&["items", "create", "--type", "refunds", "--field", "order=A1"]).unwrap(),
        1,
        "There is no such thing here",
    );
    let text = r#"{"type": "refund", "fields": {"order": "A2", "amount": 1.5}, "external_id": "A2"}"#;
    let from_file = ["items", "create", "-f", "-", "--field", "amount=3", "-o", "name"];
    let id = succeeded(installation.taskey_with(&from_file, text).unwrap()).unwrap();
    let item = shown(&installation, id.trim_end());
    assert_eq!((&item["fields"], &item["external_id"]), (&json!({"order": "A2", "amount": 3}), &json!("A2")));

    let edited = ["items", "edit", id.trim_end(), "--field", "amount=5", "--field", "receipt=https://shop.example/2.png"];
    assert!(printed(&installation, &edited).ends_with(": open\n"));
    succeeded(installation.taskey(&["items", "edit", id.trim_end(), "--remove", "receipt", "--due-in", "1h"]).unwrap()).unwrap();
    let item = shown(&installation, id.trim_end());
    assert_eq!(item["fields"], json!({"order": "A2", "amount": 5}));
    assert_shape(&item, &[("due_at", Kind::Time)]);
}

#[tokio::test]
async fn one_decides_and_the_second_is_told_who_was_quicker() {
    let installation = world().await;
    let id = posted(&installation, "A1", &[]);
    ended(&installation.taskey(&["items", "resolve", &id, "--as", "maybe"]).unwrap(), 1, "/resolution");
    let resolved = printed(&installation, &["items", "resolve", &id, "--as", "rejected", "--reason", "fraud"]);
    assert_eq!(resolved, format!("{id}: resolved as rejected\n"));
    let second = installation.taskey(&["items", "resolve", &id, "--as", "approved"]).unwrap();
    ended(&second, 1, "The item is over");
    ended(&second, 1, "ann resolved it as `rejected`");
    ended(&installation.taskey(&["items", "cancel", &id]).unwrap(), 1, "ann resolved it");

    let item = shown(&installation, &id);
    assert_eq!((&item["state"], &item["is_open"]), (&json!("resolved"), &json!(false)));
    let resolution = &item["resolution"];
    assert_shape(
        resolution,
        &[("name", Kind::Text), ("label", Kind::Text), ("answers", Kind::Map), ("by", Kind::Text), ("at", Kind::Time)],
    );
    assert_eq!((&resolution["name"], &resolution["refusal"]), (&json!("rejected"), &json!(true)));
    assert_eq!((&resolution["reason"], &resolution["by"]), (&json!("fraud"), &json!("ann")));
    assert!(items(&installation.json(&["items", "ls"]).unwrap()).is_empty());
    assert_eq!(printed(&installation, &["items", "ls", "--closed", "-o", "name"]), format!("{id}\n"));
}

#[tokio::test]
async fn a_form_is_answered_and_an_item_is_cancelled_moved_snoozed_and_merged() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let levels = "\
name: refund
title: \"Refund {{ amount }}\"
fields: {type: object, properties: {order: {type: string}, amount: {type: number}}}
states: {new: {}, second: {to: [new]}}
resolutions:
  partly:
    form: {type: object, required: [amount], properties: {amount: {type: number}}}
";
    succeeded(apply(&installation, levels, &[])).unwrap();
    let id = posted(&installation, "A1", &[]);
    assert_eq!(printed(&installation, &["items", "move", &id, "second"]), format!("{id}: second\n"));
    ended(&installation.taskey(&["items", "move", &id, "third"]).unwrap(), 1, "/state");
    let snoozed = printed(&installation, &["items", "snooze", &id, "--for", "2h"]);
    assert!(snoozed.starts_with(&format!("{id}: second, snoozed until ")), "{snoozed}");
    assert_eq!(printed(&installation, &["items", "snooze", &id, "--off"]), format!("{id}: second\n"));
    ended(&installation.taskey(&["items", "snooze", &id]).unwrap(), 1, "--for");
    let resolve = ["items", "resolve", &id, "--as", "partly", "--answer"];
    ended(&installation.taskey(&[&resolve[..], &["amount=some"]].concat()).unwrap(), 1, "amount: `some` is not a number");
    ended(&installation.taskey(&resolve[..5]).unwrap(), 1, "/answers/amount");
    succeeded(installation.taskey(&[&resolve[..], &["amount=90"]].concat()).unwrap()).unwrap();
    assert_eq!(shown(&installation, &id)["resolution"]["answers"], json!({"amount": 90}));

    let (first, second) = (posted(&installation, "B1", &[]), posted(&installation, "B2", &[]));
    assert_eq!(printed(&installation, &["items", "merge", &first, "--into", &second]), format!("{first}: merged into {second}\n"));
    assert_eq!(printed(&installation, &["items", "cancel", &second, "--reason", "taken back"]), format!("{second}: cancelled\n"));
    assert_eq!(shown(&installation, &second)["state"], "cancelled");
    ended(&installation.taskey(&["items", "wait", &second]).unwrap(), 2, "cancelled");
}

#[tokio::test]
async fn an_item_is_somebodys_and_who_comes_later_is_told_whose() {
    let installation = world().await;
    succeeded(installation.taskey(&["groups", "create", "support", "--role", "self-service"]).unwrap()).unwrap();
    person(&installation, "bob", &["support"]);
    let id = posted(&installation, "A1", &[]);
    let claimed = succeeded(taskey_as(&installation, "bob", &["items", "claim", &id])).unwrap();
    assert!(claimed.starts_with(&format!("{id}: open, ")) && claimed.contains(" has it"), "{claimed}");
    ended(&installation.taskey(&["items", "claim", &id]).unwrap(), 1, "Somebody else has the item");
    assert!(items(&installation.json(&["items", "ls", "--mine"]).unwrap()).is_empty());
    succeeded(installation.taskey(&["items", "assign", &id, "me", "--note", "I know this customer"]).unwrap()).unwrap();
    assert_eq!(printed(&installation, &["items", "ls", "--mine", "-o", "name"]), format!("{id}\n"));
    assert!(printed(&installation, &["items", "log", &id]).contains("I know this customer"), "the note stays");
    assert_eq!(printed(&installation, &["items", "assign", &id, "nobody"]), format!("{id}: open\n"));

    let changed = ["groups", "override", "support", "--item-type", "refund", "--role", "read-only"];
    succeeded(installation.taskey(&changed).unwrap()).unwrap();
    ended(&taskey_as(&installation, "bob", &["items", "show", &id]), 0, "");
    ended(&taskey_as(&installation, "bob", &["items", "resolve", &id, "--as", "approved"]), 4, "You may not do this");
    ended(&installation.taskey(&["groups", "override", "support", "--role", "none"]).unwrap(), 1, "--item-type");
}

#[tokio::test]
async fn a_question_is_answered_by_a_person_and_the_script_goes_on() {
    let installation = world().await;
    let (asking, id) = asked(&installation, "yes", &["--wait", "5m"]);
    succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved"]).unwrap()).unwrap();
    assert_eq!(asking.line().unwrap(), "approved");
    assert_eq!(asking.end().unwrap().code(), Some(0));

    let (asking, id) = asked(&installation, "no", &["--wait", "5m"]);
    succeeded(installation.taskey(&["items", "resolve", &id, "--as", "rejected", "--reason", "too late"]).unwrap()).unwrap();
    assert_eq!(asking.line().unwrap(), "rejected");
    let log = asking.log.clone();
    assert_eq!(asking.end().unwrap().code(), Some(2));
    assert!(std::fs::read_to_string(log).unwrap().contains("rejected by ann: too late"));

    let (asking, id) = asked(&installation, "taken-back", &["--wait", "5m"]);
    succeeded(installation.taskey(&["items", "cancel", &id]).unwrap()).unwrap();
    assert_eq!(asking.end().unwrap().code(), Some(2));
}

#[tokio::test]
async fn a_question_that_nobody_answers_in_time_stays_and_can_be_asked_on() {
    let installation = world().await;
    let question = ["ask", "--type", "refund", "--field", "order=A1", "--field", "amount=240", "--external-id", "late", "--wait"];
    let late = installation.taskey(&[&question[..], &["1s"]].concat()).unwrap();
    let id = item_of(&installation, "late");
    ended(&late, 3, &format!("{id} is still open; wait on with `taskey items wait {id}`"));
    assert!(late.stdout.is_empty(), "nothing was decided");
    ended(&installation.taskey(&["items", "wait", &id, "--timeout", "0s"]).unwrap(), 3, "still open");
    succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved"]).unwrap()).unwrap();
    assert_eq!(printed(&installation, &["items", "wait", &id]), "approved\n");
    assert_eq!(printed(&installation, &[&question[..], &["1m"]].concat()), "approved\n", "asked again it is the same item");
    let json: Value = serde_json::from_str(&printed(&installation, &["items", "wait", &id, "-o", "json"])).unwrap();
    assert_shape(&json, ITEM);
}

#[tokio::test]
async fn a_question_that_is_interrupted_or_killed_leaves_its_item_open() {
    let installation = world().await;
    for (name, signal, code) in [("interrupted", Signal::INT, Some(130)), ("killed", Signal::KILL, None)] {
        let (asking, id) = asked(&installation, name, &["--wait", "5m"]);
        asking.signal(signal).unwrap();
        let log = asking.log.clone();
        assert_eq!(asking.end().unwrap().code(), code);
        assert!(code.is_none() || std::fs::read_to_string(log).unwrap().contains("taskey items"), "it says how to go on");
        assert_eq!(shown(&installation, &id)["state"], "open");
        let (asking, again) = asked(&installation, name, &["--wait", "5m"]);
        assert_eq!(again, id);
        succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved"]).unwrap()).unwrap();
        assert_eq!(asking.line().unwrap(), "approved");
        assert_eq!(asking.end().unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_question_goes_on_as_the_item_that_its_own_became_one_with() {
    let installation = world().await;
    let (asking, id) = asked(&installation, "twin", &["--wait", "5m"]);
    let other = posted(&installation, "A1", &[]);
    succeeded(installation.taskey(&["items", "merge", &id, "--into", &other]).unwrap()).unwrap();
    installation.wait_until("the other is waited for", || Ok(said(&asking).contains(&other))).unwrap();
    succeeded(installation.taskey(&["items", "resolve", &other, "--as", "approved"]).unwrap()).unwrap();
    assert_eq!(asking.line().unwrap(), "approved");
    assert_eq!(asking.end().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_question_outlives_a_server_that_starts_again() {
    let mut installation = world().await;
    let (asking, id) = asked(&installation, "patient", &["--wait", "5m"]);
    installation.server.take().unwrap().kill_9();
    installation.wait_until("it is said that the server is away", || Ok(said(&asking).contains("trying again"))).unwrap();
    installation.start_server().unwrap();
    succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved"]).unwrap()).unwrap();
    assert_eq!(asking.line().unwrap(), "approved");
    assert_eq!(asking.end().unwrap().code(), Some(0));
}

#[tokio::test]
async fn many_items_are_posted_from_lines_and_a_wrong_one_keeps_none_back() {
    let installation = world().await;
    let line = |order: &str, amount: &str| {
        format!("{{\"type\": \"refund\", \"external_id\": \"{order}\", \"fields\": {{\"order\": \"{order}\", \"amount\": {amount}}}}}\n")
    };
    let text = format!("{}\n{}{}", line("A1", "1"), line("A2", "\"much\""), line("A3", "3"));
    let bulk = installation.taskey_with(&["items", "bulk", "-f", "-"], &text).unwrap();
    ended(&bulk, 1, "1 of 3 lines were refused");
    let table = String::from_utf8(bulk.stdout).unwrap();
    assert!(table.contains("\n1     posted ") && table.contains("\n3     refused ") && table.contains("/fields/amount"), "{table}");
    assert_eq!(items(&installation.json(&["items", "ls"]).unwrap()).len(), 2);
    let again = installation.taskey_with(&["items", "bulk", "-f", "-", "-o", "json"], &line("A1", "1")).unwrap();
    let told: Value = serde_json::from_str(&succeeded(again).unwrap()).unwrap();
    assert_eq!((&items(&told)[0]["line"], &items(&told)[0]["status"]), (&json!(1), &json!(200)));
}

#[tokio::test]
async fn what_the_guide_writes_works_as_it_is_written() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    succeeded(apply(&installation, &blocks("inbox.md", "yaml")[0], &[])).unwrap();
    let commands = blocks("inbox.md", "");
    let key =
        commands.iter().flat_map(|block| block.lines()).find_map(|line| line.strip_prefix("export TASKEY_API_KEY=$(taskey ")).unwrap();
    let key: Vec<&str> = key.trim_end_matches(')').split_whitespace().collect();
    let key = printed(&installation, &key);
    let curl = commands.iter().find(|block| block.starts_with("curl") && block.contains("-d '")).unwrap();
    let post = || {
        let mut shell = Command::new("sh");
        shell.args(["-c", curl]).env("TASKEY_SERVER", &installation.url).env("TASKEY_API_KEY", key.trim_end());
        serde_json::from_str::<Value>(&succeeded(run(&mut shell, "").unwrap()).unwrap()).unwrap()
    };
    let item = post();
    assert_shape(&item, &[("id", Kind::Id("itm"))]);
    assert_eq!(post()["id"], item["id"], "posted again it is the same item");
    let id = item["id"].as_str().unwrap();
    for line in commands.iter().flat_map(|block| block.lines()).filter(|line| line.starts_with("taskey items ls")) {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().skip(1).map(|word| word.trim_matches('\'')).collect();
        // This type has no field that is indexed.
        if !words.contains(&"--where") {
            assert!(printed(&installation, &words).contains(id), "{line}");
        }
    }
    assert!(printed(&installation, &["items", "resolve", id, "--as", "approved"]).ends_with("resolved as approved\n"));
}

#[tokio::test]
async fn the_examples_of_clients_post_and_wait() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let examples = format!("{}/../../examples", env!("CARGO_MANIFEST_DIR"));
    succeeded(installation.taskey(&["item-types", "apply", "-f", &format!("{examples}/item-types/refund.yaml")]).unwrap()).unwrap();
    let scopes = ["--scope", "items.create", "--scope", "items.read"];
    let key = printed(&installation, &[&["keys", "create", "--name", "shop", "-o", "name"], &scopes[..]].concat());
    let client = |mut command: Command, name: &str, order: &str| {
        command.args([&format!("{examples}/clients/{name}"), order, "240"]);
        command.env("TASKEY_SERVER", &installation.url).env("TASKEY_API_KEY", key.trim_end());
        command
    };
    let tsx = node::environment("tsx@4.23.15").unwrap().join("node_modules/.bin/tsx");
    for (command, name, order) in [(Command::new("python3"), "post.py", "A1"), (Command::new(tsx), "post.ts", "A2")] {
        let waiting = Running::start(&mut client(command, name, order), &installation.path(&format!("{name}.log"))).unwrap();
        let id = item_of(&installation, &format!("refund-{order}"));
        succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved", "--yes"]).unwrap()).unwrap();
        assert_eq!(waiting.line().unwrap(), "approved", "{name}: {}", said(&waiting));
        assert_eq!(waiting.end().unwrap().code(), Some(0), "{name}");
    }
    let post = || succeeded(run(&mut client(Command::new("sh"), "post.sh", "A3"), "").unwrap()).unwrap();
    assert_eq!(post().trim_end(), item_of(&installation, "refund-A3"));
    assert_eq!(post().trim_end(), item_of(&installation, "refund-A3"), "once more");
}
