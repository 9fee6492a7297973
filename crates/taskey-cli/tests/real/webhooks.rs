//! `taskey webhooks`, and the receivers of the examples: what leaves the server, verified by other people's library.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use taskey_testkit::ports::free_port;
use taskey_testkit::process::{Installation, Running, succeeded};
use taskey_testkit::{node, python};

use crate::ended;
use crate::inbox::{apply, posted, printed};
use crate::shape::{Kind, assert_shape, items};

const REFUND: &str = include_str!("../../../../examples/item-types/refund.yaml");

/// In what a receiver of the examples is written.
#[derive(Debug, Clone, Copy)]
enum Language {
    Python,
    JavaScript,
}

impl Language {
    /// The receiver's program with what it needs, not yet started.
    fn receiver(self, installation: &Installation) -> Command {
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/receivers");
        let (mut command, program) = match self {
            Language::Python => {
                let python = python::environment("standardwebhooks==1.1.0").unwrap().join("bin/python");
                (Command::new(python), PathBuf::from(format!("{examples}/receiver.py")))
            }
            Language::JavaScript => {
                // What a module imports is looked for beside it.
                let packages = node::environment("standardwebhooks@1.1.1").unwrap().join("node_modules");
                symlink(packages, installation.path("node_modules")).unwrap();
                let program = installation.path("receiver.mjs");
                std::fs::copy(format!("{examples}/receiver.mjs"), &program).unwrap();
                (Command::new("node"), program)
            }
        };
        command.arg(program);
        command
    }
}

/// A server on that database that may call this machine, and knows refunds.
pub fn world(database_url: Option<String>) -> Installation {
    let installation = Installation::start_with(database_url, "http", &["--egress-allow", "127.0.0.1"]).unwrap();
    installation.set_up().unwrap();
    let smaller = REFUND.replace("required: [order, amount, currency]", "required: [order, amount]");
    succeeded(apply(&installation, &smaller, &[])).unwrap();
    installation
}

/// A webhook `shop` that leads to a port of this machine; its secret.
pub fn webhook_to(installation: &Installation, port: u16, more: &[&str]) -> String {
    let url = format!("http://127.0.0.1:{port}/hooks");
    let webhook = installation.json(&[&["webhooks", "create", "--url", &url, "--name", "shop"], more].concat()).unwrap();
    assert_shape(&webhook, &[("id", Kind::Id("whk")), ("name", Kind::Text), ("secret", Kind::Text), ("state", Kind::One(&["active"]))]);
    let secret = webhook["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{secret}");
    secret.to_owned()
}

/// The receiver of the examples, at a port of its own, with the secret of a webhook that leads to it.
fn receiver(installation: &Installation, language: Language, more: &[&str]) -> Running {
    let port = free_port().unwrap();
    let secret = webhook_to(installation, port, more);
    let mut command = language.receiver(installation);
    command.env("TASKEY_WEBHOOK_SECRET", secret).env("PORT", port.to_string()).env("SEEN", installation.path("seen"));
    let receiver = Running::start(&mut command, &installation.path("receiver.log")).unwrap();
    assert_eq!(receiver.line().unwrap(), format!("ready: http://127.0.0.1:{port}"));
    receiver
}

/// Newest first.
pub fn deliveries(installation: &Installation, more: &[&str]) -> Vec<Value> {
    let listed = installation.json(&[&["webhooks", "deliveries", "shop"], more].concat()).unwrap();
    items(&listed).to_vec()
}

/// Waits until so many deliveries have arrived, as far as the server knows.
pub fn wait_until_delivered(installation: &Installation, count: usize) {
    let are_delivered = || Ok(deliveries(installation, &["--state", "delivered"]).len() == count);
    installation.wait_until(&format!("{count} are delivered"), are_delivered).unwrap();
}

mod the_receiver_of_the_examples_hears_of_what_happens_and_hears_it_once {
    use super::*;

    fn holds(language: Language) {
        let installation = world(None);
        let receiver = receiver(&installation, language, &["--type", "refund"]);
        let id = posted(&installation, "A1", &["--external-id", "refund-A1"]);
        assert_eq!(receiver.line().unwrap(), "refund-A1: item.created, now open");
        succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved", "--yes"]).unwrap()).unwrap();
        assert_eq!(receiver.line().unwrap(), "refund-A1: approved");
        wait_until_delivered(&installation, 2);

        let listed = deliveries(&installation, &[]);
        let shape = [
            ("id", Kind::Id("msg")),
            ("webhook", Kind::Id("whk")),
            ("item", Kind::Id("itm")),
            ("event", Kind::Text),
            ("seq", Kind::Number),
        ];
        listed.iter().for_each(|delivery| assert_shape(delivery, &shape));
        let told: Vec<_> = listed.iter().map(|delivery| (delivery["event"].as_str().unwrap(), delivery["seq"].as_u64().unwrap())).collect();
        assert_eq!(told, [("item.resolved", 2), ("item.created", 1)], "newest first");
        let newest = listed[0]["id"].as_str().unwrap();
        let one = installation.json(&["webhooks", "delivery", "shop", newest]).unwrap();
        assert_eq!((&one["attempts"][0]["status"], &one["body"]["type"]), (&json!(204), &json!("item.resolved")));
        assert_eq!(
            (&one["body"]["data"]["seq"], &one["body"]["data"]["prev_state"], &one["body"]["data"]["state"]),
            (&json!(2), &json!("open"), &json!("resolved"))
        );

        succeeded(installation.taskey(&["webhooks", "resend", "shop", newest]).unwrap()).unwrap();
        let tries = || Ok(installation.json(&["webhooks", "delivery", "shop", newest])?["attempts"].as_array().map(Vec::len) == Some(2));
        installation.wait_until("it is sent again", tries).unwrap();
        posted(&installation, "A2", &["--external-id", "refund-A2"]);
        assert_eq!(receiver.line().unwrap(), "refund-A2: item.created, now open", "what came twice was taken in once");
    }

    #[test]
    fn in_python() {
        holds(Language::Python);
    }

    #[test]
    fn in_javascript() {
        holds(Language::JavaScript);
    }
}

#[test]
fn a_secret_is_told_once_and_what_is_told_is_chosen() {
    let installation = world(None);
    let receiver = receiver(&installation, Language::Python, &["--event", "item.resolved", "--filter", "amount>100"]);
    assert!(installation.json(&["webhooks", "show", "shop"]).unwrap().get("secret").is_none(), "the secret is told once");
    let rotated = installation.json(&["webhooks", "rotate", "shop", "--overlap", "1h"]).unwrap();
    assert_shape(&rotated, &[("secret", Kind::Text)]);
    assert_eq!(rotated["keys"].as_array().unwrap().len(), 2, "both sign for an hour");
    for order in ["A1", "A2"] {
        let id = posted(&installation, order, &["--external-id", order]);
        succeeded(installation.taskey(&["items", "resolve", &id, "--as", "approved", "--yes"]).unwrap()).unwrap();
        assert_eq!(receiver.line().unwrap(), format!("{order}: approved"), "signed by the secret before too");
    }
}

#[test]
fn a_webhook_is_made_from_a_file_changed_switched_and_removed() {
    let installation = world(None);
    let file = "name: shop\nurl: http://127.0.0.1:9/hooks\ntypes: [refund]\nevents: [item.resolved]\n";
    let create = |text: &str| installation.taskey_with(&["webhooks", "create", "-f", "-", "-o", "json"], text).unwrap();
    ended(&create("url: http://127.0.0.1:9/hooks\nevent: [item.resolved]\n"), 1, "stdin: line 2");
    ended(&create(&file.replace("[refund]", "[refunds]")), 1, "line 3: /types/0");
    succeeded(create(file)).unwrap();
    assert_eq!(printed(&installation, &["webhooks", "ls", "-o", "name"]), "shop\n");
    let edited = file.replace("name: shop\n", "").replace("[item.resolved]", "[item.resolved, item.cancelled]");
    succeeded(installation.taskey_with(&["webhooks", "edit", "shop", "-f", "-"], &edited).unwrap()).unwrap();
    let shown = installation.json(&["webhooks", "show", "shop"]).unwrap();
    assert_eq!((&shown["name"], &shown["spec"]["events"]), (&json!("shop"), &json!(["item.resolved", "item.cancelled"])));
    succeeded(installation.taskey(&["webhooks", "disable", "shop"]).unwrap()).unwrap();
    assert_eq!(installation.json(&["webhooks", "show", "shop"]).unwrap()["state"], "disabled");
    succeeded(installation.taskey(&["webhooks", "enable", "shop"]).unwrap()).unwrap();
    assert_eq!(installation.json(&["webhooks", "show", "shop"]).unwrap()["state"], "active");
    succeeded(installation.taskey(&["webhooks", "rm", "shop"]).unwrap()).unwrap();
    ended(&installation.taskey(&["webhooks", "ls"]).unwrap(), 0, "no webhooks");
}

#[test]
fn what_a_receiver_missed_is_recovered() {
    let installation = world(None);
    let since = "2026-01-01T00:00:00Z";
    let receiver = receiver(&installation, Language::Python, &["--type", "refund"]);
    succeeded(installation.taskey(&["webhooks", "disable", "shop"]).unwrap()).unwrap();
    posted(&installation, "A1", &["--external-id", "refund-A1"]);
    succeeded(installation.taskey(&["webhooks", "enable", "shop"]).unwrap()).unwrap();
    assert_eq!(printed(&installation, &["webhooks", "recover", "shop", "--since", since, "-o", "name"]), "1\n");
    assert_eq!(receiver.line().unwrap(), "refund-A1: item.created, now open");
}

#[test]
fn an_address_that_nobody_allowed_is_not_called() {
    let installation = Installation::start(None).unwrap();
    installation.set_up().unwrap();
    let create = ["webhooks", "create", "--url", "http://127.0.0.1:9/hooks", "--name", "shop"];
    ended(&installation.taskey(&create).unwrap(), 1, "127.0.0.0/8");
}
