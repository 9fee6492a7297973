//! What a receiver is told in the end when the server is killed before it could, and how one that lost messages gets them again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use taskey_testkit::on_both;
use taskey_testkit::ports::free_port;
use taskey_testkit::process::{Installation, run, succeeded};

use crate::database_url;
use crate::inbox::{posted, printed};
use crate::receiver::{Message, Receiver};
use crate::shape::items;
use crate::webhooks::{deliveries, wait_until_delivered, webhook_to, world};

/// What happens to an item after it was posted: one entry of its log for each.
const STORY: [(&str, &[&str]); 6] = [
    ("comment", &["She has called twice"]),
    ("claim", &[]),
    ("edit", &["--field", "amount=180"]),
    ("assign", &["nobody"]),
    ("comment", &["The parcel came back"]),
    ("resolve", &["--as", "approved", "--yes"]),
];
/// What of that an application takes in and forgets, as one does that crashes after its answer.
const LOST: RangeInclusive<u64> = 3..=6;

/// `taskey items VERB ITEM WORDS`.
fn happens(installation: &Installation, item: &str, verb: &str, words: &[&str]) {
    succeeded(installation.taskey(&[&["items", verb, item], words].concat()).unwrap()).unwrap();
}

/// The next message, answered.
fn accepted(receiver: &Receiver) -> Message {
    receiver.next_try().unwrap().accept().unwrap()
}

fn now_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// Every entry of the item's log was heard and is known to have arrived, under one id.
fn assert_all_arrived(installation: &Installation, item: &str, heard: &[Message]) {
    let log = installation.json(&["items", "log", item]).unwrap();
    let logged: Vec<u64> = items(&log).iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    wait_until_delivered(installation, logged.len());
    let listed = deliveries(installation, &[]);
    let listed: BTreeSet<_> = listed.iter().map(|one| (one["seq"].as_u64().unwrap(), one["id"].as_str().unwrap())).collect();
    let heard: BTreeSet<_> = heard.iter().map(|message| (message.seq(), message.id.as_str())).collect();
    assert_eq!(heard, listed, "what is heard is what the server knows of");
    assert_eq!(heard.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), logged, "nothing is missing, and nothing has two ids");
}

/// The `seq` of each message, in their order.
fn seqs(heard: &[Message]) -> Vec<u64> {
    heard.iter().map(Message::seq).collect()
}

/// What an application has been told of an item, and answered, from its beginning to its end.
fn heard_to_the_end(installation: &Installation, receiver: &Receiver) -> (String, Vec<Message>) {
    let item = posted(installation, "A1", &[]);
    let mut heard = vec![accepted(receiver)];
    for (verb, words) in STORY {
        happens(installation, &item, verb, words);
        heard.push(accepted(receiver));
    }
    assert_eq!(seqs(&heard), [1, 2, 3, 4, 5, 6, 7]);
    (item, heard)
}

/// What a message tells, as the item's log has it.
fn entry_of(message: &Message) -> Value {
    let told = message.told();
    let data = &told["data"];
    json!({
        "seq": data["seq"],
        "at": told["timestamp"],
        "actor": data["actor"],
        "action": told["type"].as_str().unwrap().trim_start_matches("item."),
        "prev_state": data["prev_state"],
        "state": data["state"],
        "change": data["change"],
    })
}

/// What an application keeps of an item's messages, by `seq`.
fn keep(heard: &[Message]) -> BTreeMap<u64, Value> {
    heard.iter().map(|message| (message.seq(), entry_of(message))).collect()
}

/// What is left of that once it has lost some.
fn without_lost(heard: &[Message]) -> BTreeMap<u64, Value> {
    keep(heard).into_iter().filter(|(seq, _)| !LOST.contains(seq)).collect()
}

/// What is missing below the highest `seq` that it has.
fn holes(kept: &BTreeMap<u64, Value>) -> Vec<u64> {
    let highest = kept.keys().next_back().copied().unwrap_or(0);
    (1..highest).filter(|seq| !kept.contains_key(seq)).collect()
}

/// The entries of an item's log behind one, as an application asks for them with its key; without their hashes.
fn log_after(installation: &Installation, key: &str, item: &str, seq: u64) -> Vec<Value> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--header", "@-"]);
    curl.arg(format!("{}/api/v1/items/{item}/log?after={seq}", installation.url));
    let answer = succeeded(run(&mut curl, &format!("Authorization: Bearer {key}\n")).unwrap()).unwrap();
    let page: Value = serde_json::from_str(&answer).unwrap();
    let mut entries = items(&page).to_vec();
    entries.iter_mut().for_each(|entry| drop(entry.as_object_mut().unwrap().remove("hash")));
    entries
}

on_both! {
    async fn a_decision_that_was_being_delivered_when_the_server_was_killed_is_delivered_under_its_id(engine: Engine) {
        let mut installation = world(database_url(engine).await.unwrap());
        let port = free_port().unwrap();
        let receiver = Receiver::listen(port).unwrap();
        let secret = webhook_to(&installation, port, &[]);
        let item = posted(&installation, "A1", &[]);
        let mut heard = vec![accepted(&receiver)];
        wait_until_delivered(&installation, 1);
        happens(&installation, &item, "resolve", &["--as", "approved", "--yes"]);
        // It is never answered: the decision is committed, and nobody can say that it was delivered.
        let cut = receiver.next_try().unwrap();
        assert_eq!(cut.message.verify(&secret, now_secs()), Ok(()));
        installation.server.take().unwrap().kill_9();
        heard.push(cut.message.clone());

        let started_at = now_secs();
        installation.start_server().unwrap();
        let again = accepted(&receiver);
        assert_eq!((&again.id, &again.body), (&cut.message.id, &cut.message.body), "it is the same message");
        assert!(again.at_secs() >= started_at, "of {}, when the server was started at {started_at}", again.timestamp);
        assert_eq!(again.verify(&secret, now_secs()), Ok(()), "it is signed anew");
        wait_until_delivered(&installation, 2);
        let shown = installation.json(&["webhooks", "delivery", "shop", &again.id]).unwrap();
        assert_eq!((&shown["state"], &shown["event"], &shown["seq"]), (&json!("delivered"), &json!("item.resolved"), &json!(2)));
        assert_eq!(shown["attempts"][0]["status"], 204);
        heard.push(again);

        // What comes next is new: nothing else was sent twice.
        happens(&installation, &item, "comment", &["It is paid"]);
        heard.push(accepted(&receiver));
        assert_eq!(seqs(&heard), [1, 2, 2, 3]);
        assert_all_arrived(&installation, &item, &heard);
    }

    async fn a_receiver_that_was_away_when_the_server_was_killed_hears_of_everything_once(engine: Engine) {
        let mut installation = world(database_url(engine).await.unwrap());
        let port = free_port().unwrap();
        webhook_to(&installation, port, &[]);
        let item = posted(&installation, "A1", &[]);
        let is_refused = || Ok(deliveries(&installation, &[]).first().is_some_and(|delivery| delivery["attempt_count"] == 1));
        installation.wait_until("nobody takes it in", is_refused).unwrap();
        happens(&installation, &item, "resolve", &["--as", "approved", "--yes"]);
        installation.server.take().unwrap().kill_9();

        let receiver = Receiver::listen(port).unwrap();
        installation.start_server().unwrap();
        let mut heard = vec![accepted(&receiver), accepted(&receiver)];
        // Each comes when its next try is due.
        heard.sort_by_key(Message::seq);
        wait_until_delivered(&installation, 2);
        happens(&installation, &item, "comment", &["It is paid"]);
        heard.push(accepted(&receiver));
        assert_eq!(seqs(&heard), [1, 2, 3]);
        assert_all_arrived(&installation, &item, &heard);
    }

    async fn a_receiver_that_lost_four_messages_sees_the_hole_and_reads_them_in_the_items_log(engine: Engine) {
        let installation = world(database_url(engine).await.unwrap());
        let port = free_port().unwrap();
        let receiver = Receiver::listen(port).unwrap();
        webhook_to(&installation, port, &[]);
        let key = printed(&installation, &["keys", "create", "--name", "shop", "--scope", "items.read", "-o", "name"]);
        let (item, heard) = heard_to_the_end(&installation, &receiver);
        assert!(holes(&without_lost(&heard[..6])).is_empty(), "what is missing is seen when the next message comes");
        let mut kept = without_lost(&heard);
        assert_eq!(holes(&kept), LOST.collect::<Vec<_>>());
        for entry in log_after(&installation, key.trim_end(), &item, 2) {
            kept.entry(entry["seq"].as_u64().unwrap()).or_insert(entry);
        }
        assert_eq!(kept, keep(&heard), "the log says what the messages said");
        assert_all_arrived(&installation, &item, &heard);
    }

    async fn a_receiver_that_lost_four_messages_has_them_sent_again_under_their_ids(engine: Engine) {
        let installation = world(database_url(engine).await.unwrap());
        let port = free_port().unwrap();
        let receiver = Receiver::listen(port).unwrap();
        let secret = webhook_to(&installation, port, &[]);
        let (item, heard) = heard_to_the_end(&installation, &receiver);
        let mut kept = without_lost(&heard);
        assert_eq!(holes(&kept), LOST.collect::<Vec<_>>());
        wait_until_delivered(&installation, 7);
        // From the last one on that it still has.
        let since = heard[1].told()["timestamp"].as_str().unwrap().to_owned();
        let recover = ["webhooks", "recover", "shop", "--since", &since, "-o", "name"];
        assert_eq!(printed(&installation, &recover), "0\n", "all were answered: the server knows of none that was missed");
        assert_eq!(printed(&installation, &[&recover[..], &["--all"]].concat()), "6\n");
        for _ in 2..=7 {
            let again = accepted(&receiver);
            let before = &heard[again.seq() as usize - 1];
            assert_eq!((&again.id, &again.body), (&before.id, &before.body), "it is the same message");
            assert_eq!(again.verify(&secret, now_secs()), Ok(()), "it is signed anew");
            kept.entry(again.seq()).or_insert_with(|| entry_of(&again));
        }
        assert_eq!(kept, keep(&heard));
        assert_all_arrived(&installation, &item, &heard);
    }
}
