//! `taskey schedules`: files in, firings out, with the server there and with it gone.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, Running, succeeded};
use tempfile::TempDir;

use crate::shape::{Kind, assert_shape, items};
use crate::{ended, installation, open_folder};

const NIGHTLY: &str = "\
name: nightly
task: hello
cron: \"30 2 * * *\"
timezone: Europe/Berlin
targets: {devices: [web-1]}
";

pub fn apply(installation: &Installation, text: &str, more: &[&str]) -> std::process::Output {
    installation.taskey_with(&[&["schedules", "apply", "-f", "-"], more].concat(), text).unwrap()
}

pub fn printed(installation: &Installation, arguments: &[&str]) -> String {
    succeeded(installation.taskey(arguments).unwrap()).unwrap()
}

fn apply_task(installation: &Installation, name: &str, script: &str) {
    let task = json!({"name": name, "actions": [{"type": "SCRIPT", "content": script}]});
    succeeded(installation.taskey_with(&["tasks", "apply", "-f", "-"], &task.to_string()).unwrap()).unwrap();
}

/// A server with the task `hello` and an enrolled device whose agent does not run.
pub async fn quiet_world() -> Installation {
    let installation = installation(Engine::Sqlite).await.unwrap();
    apply_task(&installation, "hello", "echo hello\n");
    installation.enroll("web-1").unwrap();
    installation
}

#[tokio::test]
async fn a_file_is_applied_once_for_each_difference_and_tried_without_any() {
    let installation = quiet_world().await;
    let dry = succeeded(apply(&installation, NIGHTLY, &["--dry-run"])).unwrap();
    assert!(dry.starts_with("nightly  would be created\n") && dry.contains("devices  1: web-1\n"), "{dry}");
    let firings: Vec<&str> = dry.lines().filter(|line| line.contains("T02:30:00+0") || line.contains("T03:00:00+02:00")).collect();
    assert!(firings.len() == 5 && dry.contains("Europe/Berlin"), "{dry}");
    assert!(dry.contains("+ name: nightly\n"), "{dry}");
    assert!(items(&installation.json(&["schedules", "ls"]).unwrap()).is_empty(), "a dry run changes nothing");

    assert_eq!(succeeded(apply(&installation, NIGHTLY, &[])).unwrap(), "nightly: created\n");
    assert_eq!(succeeded(apply(&installation, NIGHTLY, &[])).unwrap(), "nightly: unchanged\n");
    let later = NIGHTLY.replace("30 2", "45 3");
    let dry = succeeded(apply(&installation, &later, &["--dry-run"])).unwrap();
    assert!(dry.starts_with("nightly  would be changed to version 2\n"), "{dry}");
    assert!(dry.contains("- cron: 30 2 * * *\n+ cron: 45 3 * * *\n"), "{dry}");
    assert!(succeeded(apply(&installation, NIGHTLY, &["--dry-run"])).unwrap().starts_with("nightly  unchanged\n"));
    assert_eq!(succeeded(apply(&installation, &later, &[])).unwrap(), "nightly: changed to version 2\n");
    let two = format!("{later}---\n{}", NIGHTLY.replace("nightly", "weekly").replace("* * *\"", "* * 1\""));
    assert_eq!(succeeded(apply(&installation, &two, &[])).unwrap(), "nightly: unchanged\nweekly: created\n");
    let json = r#"{"name": "weekly", "task": "hello", "every": "1h", "targets": {"devices": ["web-1"]}}"#;
    assert_eq!(succeeded(apply(&installation, json, &[])).unwrap(), "weekly: changed to version 2\n");

    let simulated: Value = serde_json::from_slice(&apply(&installation, NIGHTLY, &["--dry-run", "-o", "json"]).stdout).unwrap();
    assert_shape(&simulated, &[("words", Kind::Text), ("next", Kind::List), ("device_count", Kind::Number), ("warnings", Kind::List)]);
    // What counts from when it was made goes on counting from there.
    let weekly = installation.json(&["schedules", "show", "weekly"]).unwrap();
    let dry: Value = serde_json::from_slice(&apply(&installation, &json.replace("1h", "7h"), &["--dry-run", "-o", "json"]).stdout).unwrap();
    let apart = ms(&dry["next"][4]["at"]) - ms(&weekly["created_at"]);
    assert_eq!(apart, 5 * 7 * 3_600_000);
    let versions = installation.json(&["schedules", "versions", "nightly"]).unwrap();
    let crons: Vec<_> = items(&versions).iter().map(|version| version["spec"]["cron"].as_str().unwrap()).collect();
    assert_eq!(crons, ["45 3 * * *", "30 2 * * *"]);
}

#[tokio::test]
async fn schedules_are_listed_shown_paused_resumed_and_removed() {
    let installation = quiet_world().await;
    apply_task(&installation, "other", "echo other\n");
    let other = NIGHTLY.replace("nightly", "other").replace("task: hello", "task: other");
    succeeded(apply(&installation, &format!("{NIGHTLY}---\n{other}"), &[])).unwrap();

    assert_eq!(printed(&installation, &["schedules", "ls", "-o", "name"]), "nightly\nother\n");
    assert_eq!(printed(&installation, &["schedules", "ls", "--task", "other", "-o", "name"]), "other\n");
    let table = printed(&installation, &["schedules", "ls"]);
    assert!(table.starts_with("NAME") && table.lines().count() == 3 && table.contains("active"), "{table}");
    let as_json = installation.json(&["schedules", "ls"]).unwrap();
    let as_yaml: Value = serde_saphyr::from_str(&printed(&installation, &["schedules", "ls", "-o", "yaml"])).unwrap();
    assert_eq!(as_json, as_yaml);
    let shape = [
        ("id", Kind::Id("sch")),
        ("name", Kind::Text),
        ("version", Kind::Number),
        ("revision", Kind::Number),
        ("state", Kind::One(&["active"])),
        ("spec", Kind::Map),
        ("task", Kind::Map),
        ("words", Kind::Text),
        ("next_at", Kind::Time),
        ("device_count", Kind::Number),
    ];
    items(&as_json).iter().for_each(|schedule| assert_shape(schedule, &shape));

    let shown = installation.json(&["schedules", "show", "nightly", "--devices", "--slots"]).unwrap();
    assert_shape(&shown, &shape);
    assert_eq!(items(&shown["devices"])[0]["device"]["name"], "web-1");
    assert!(items(&shown["slots"]).is_empty());
    let table = printed(&installation, &["schedules", "show", "nightly", "--devices", "--slots"]);
    for text in ["state     active", "cron: 30 2 * * *", "DEVICE  PRESENCE", "SLOT  DEVICE", "not said yet that it keeps"] {
        assert!(table.contains(text), "`{text}` is not in {table}");
    }
    let explained = printed(&installation, &["schedules", "explain", "nightly", "--next", "10", "--at", "2031-03-30T01:00:00Z"]);
    for text in [
        "each device fires it by itself",
        "web-1: The device has not said yet",
        "2031-03-30T03:00:00+02:00",
        "The clocks went from 02:00 to 03:00",
        "It is a slot to come.",
    ] {
        assert!(explained.contains(text), "`{text}` is not in {explained}");
    }
    assert_eq!(explained.lines().filter(|line| line.contains(":00+0") && line.starts_with("20")).count(), 10, "{explained}");
    ended(&installation.taskey(&["schedules", "explain", "nightly", "--device", "web-9"]).unwrap(), 1, "no such device");

    assert_eq!(printed(&installation, &["schedules", "pause", "nightly", "--reason", "stock-taking"]), "nightly: paused\n");
    let paused = installation.json(&["schedules", "show", "nightly"]).unwrap();
    assert_eq!((&paused["state"], &paused["next_at"]), (&json!("paused"), &Value::Null));
    let explained = printed(&installation, &["schedules", "explain", "nightly"]);
    assert!(explained.contains("Paused by ann") && explained.contains(": stock-taking"), "{explained}");
    let changed = apply(&installation, &NIGHTLY.replace("30 2", "31 2"), &[]);
    ended(&changed, 0, "nightly is paused; `taskey schedules resume nightly` lets it fire");
    assert!(printed(&installation, &["schedules", "resume", "nightly"]).starts_with("nightly: active, next at 20"));

    ended(&installation.taskey(&["schedules", "rm", "nightly", "other"]).unwrap(), 0, "");
    ended(&installation.taskey(&["schedules", "rm", "nightly", "--yes"]).unwrap(), 1, "no such schedule");
    let none = installation.taskey(&["schedules", "ls"]).unwrap();
    ended(&none, 0, "taskey schedules apply -f FILE");
    assert!(none.stdout.is_empty());
}

#[tokio::test]
async fn a_wrong_file_is_refused_with_line_and_key_and_changes_nothing() {
    let installation = quiet_world().await;
    for (wrong, instead, said) in [
        ("cron:", "corn:", "line 3 column 7: corn: there is no such field"),
        ("\"30 2 * * *\"", "*/5 * * * *", "line 3 column 1: cron: put it in quotes, as in cron: \"*/5 * * * *\""),
        ("\"30 2 * * *\"", "\"30 25 * * *\"", "line 3: /cron: "),
        ("Berlin", "Belrin", "line 4: /timezone: there is no time zone `Europe/Belrin`; write one as Europe/Berlin"),
        ("task: hello", "task: helo", "line 2: /task: there is no task `helo`"),
        ("[web-1]", "[web-1, web-9]", "line 5: /targets/devices/1: there is no device `web-9`"),
        ("name: nightly", "name: two words", "line 1: /name: "),
        ("task: hello\n", "", "line 1 column 1: task: this field is needed"),
        ("cron:", "every: 5m\ncron:", "line 3: /every: `cron` is given as well"),
    ] {
        let text = NIGHTLY.replace(wrong, instead);
        ended(&apply(&installation, &text, &[]), 1, said);
        ended(&apply(&installation, &text, &["--dry-run"]), 1, said);
    }
    ended(&apply(&installation, &format!("{NIGHTLY}---\n{NIGHTLY}every: 1s\n"), &[]), 1, "line 12: /every: ");
    ended(&apply(&installation, "", &[]), 1, "stdin: there is no schedule in it");
    ended(&installation.taskey(&["schedules", "apply", "-f", "/no/such/file"]).unwrap(), 1, "/no/such/file");
    assert!(items(&installation.json(&["schedules", "ls"]).unwrap()).is_empty());
}

/// `taskey schedules next` where there is neither a profile nor a server, but somebody who would notice being asked.
pub fn next(arguments: &[&str]) -> std::process::Output {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    nobody.set_nonblocking(true).unwrap();
    let mut command = std::process::Command::new(taskey_testkit::process::binary("taskey"));
    command.args(["schedules", "next"]).args(arguments).env_clear();
    command.env("TASKEY_CONFIG", "/no/such/folder/config.toml").env("TASKEY_SERVER", format!("http://{}", nobody.local_addr().unwrap()));
    let output = command.output().unwrap();
    assert_eq!(nobody.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "a server was asked");
    output
}

#[test]
fn next_tells_when_an_expression_fires_without_any_server() {
    let json =
        |arguments: &[&str]| -> Value { serde_json::from_str(&succeeded(next(&[arguments, &["-o", "json"]].concat())).unwrap()).unwrap() };
    let berlin = ["30 2 * * *", "--timezone", "Europe/Berlin"];
    let spring = [&berlin[..], &["--from", "2026-03-28T00:00:00Z", "-n", "3"]].concat();
    let expected = json!({"items": [
        {"at": "2026-03-28T01:30:00.000Z", "dst": null},
        {"at": "2026-03-29T01:00:00.000Z", "dst": "gap"},
        {"at": "2026-03-30T00:30:00.000Z", "dst": null},
    ], "next": null});
    assert_eq!(json(&spring), expected);
    let autumn = [&berlin[..], &["--from", "2026-10-24T12:00:00Z", "-n", "2"]].concat();
    let expected = json!({"items": [{"at": "2026-10-25T00:30:00.000Z", "dst": "overlap"}, {"at": "2026-10-26T01:30:00.000Z", "dst": null}], "next": null});
    assert_eq!(json(&autumn), expected);

    let table = succeeded(next(&spring)).unwrap();
    assert!(table.contains("2026-03-29T01:00Z  2026-03-29T03:00:00+02:00  The clocks went from 02:00 to 03:00"), "{table}");
    let table = succeeded(next(&autumn)).unwrap();
    assert!(table.contains("2026-10-25T02:30:00+02:00  The clocks show 02:30 twice that day; it fires the first time only."), "{table}");
    assert_eq!(
        succeeded(next(&["@daily", "--from", "2026-01-01T00:00:00Z", "-n", "1", "-o", "name"])).unwrap(),
        "2026-01-02T00:00:00.000Z\n"
    );
    let seconds = json(&["*/30 * * * * *", "--seconds", "--from", "2026-01-01T00:00:00Z", "-n", "2"]);
    assert_eq!(seconds["items"][1]["at"], "2026-01-01T00:01:00.000Z");
    let every = json(&["@every 90s", "--from", "2026-01-01T00:00:00Z", "-n", "1"]);
    assert_eq!(every["items"][0]["at"], "2026-01-01T00:01:30.000Z");
    assert_eq!(json(&["0 0 1 1 *"])["items"].as_array().unwrap().len(), 10, "ten, from now on");

    let once = next(&["@at 2030-01-01T00:00:00Z", "--from", "2026-01-01T00:00:00Z", "-o", "name"]);
    ended(&once, 0, "after that it fires no more");
    assert_eq!(once.stdout, b"2030-01-01T00:00:00.000Z\n");
    ended(&next(&["@reboot"]), 0, "no clock tells when that is");
}

#[test]
fn next_says_what_is_wrong_with_an_expression() {
    for (arguments, said) in [
        (&["61 * * * *"][..], "minute"),
        (&["* * * *"], "4 fields; five are needed"),
        (&["@fortnightly"], "there is no `@fortnightly`"),
        (&["0 0 31 2 *"], "it never fires: there is no such date"),
        (&["@every soon"], "not a length of time"),
        (&["0 0 * * *", "--timezone", "Europe/Belrin"], "--timezone: there is no time zone `Europe/Belrin`"),
        (&["0 0 * * *", "--timezone", "device"], "name one"),
        (&["0 0 * * *", "--from", "yesterday"], "not a time"),
        (&["0 0 * * *", "-n", "0"], "1..=100000"),
        (&[], "EXPR"),
    ] {
        let output = next(arguments);
        ended(&output, 1, said);
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

/// A server and a device whose agent runs; each execution of a task writes a line of its own into a file.
pub struct World {
    pub installation: Installation,
    _agent: Running,
    folder: TempDir,
}

pub async fn world(engine: Engine) -> World {
    let installation = installation(engine).await.unwrap();
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    World { installation, _agent: agent, folder: open_folder().unwrap() }
}

impl World {
    /// A task that notes each of its executions, and a schedule of the same name that runs it every second.
    pub fn tick(&self, name: &str, more: &str) {
        let note = format!("echo $TASKEY_EXECUTION_ID >> {}\necho first\n", self.folder.path().join(name).display());
        apply_task(&self.installation, name, &note);
        let text = format!("name: {name}\ntask: {name}\nevery: 1s\noverlap: allow\ntargets: {{devices: [web-1]}}\n{more}");
        assert_eq!(succeeded(apply(&self.installation, &text, &[])).unwrap(), format!("{name}: created\n"));
    }

    /// The executions that have begun, in their order.
    pub fn began(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn wait_for_more(&self, name: &str, count: usize) {
        let before = self.began(name).len();
        self.installation.wait_until("it fires on", || Ok(self.began(name).len() >= before + count)).unwrap();
    }

    /// Waits until a schedule begins nothing while another begins several.
    fn wait_until_still(&self, name: &str, clock: &str) {
        let still = || {
            let before = self.began(name).len();
            self.wait_for_more(clock, 3);
            Ok(self.began(name).len() == before)
        };
        self.installation.wait_until("it fires no more", still).unwrap();
    }

    fn show(&self, name: &str) -> Value {
        self.installation.json(&["schedules", "show", name]).unwrap()
    }

    fn slots(&self, name: &str) -> Vec<Slot> {
        let listed = self.installation.json(&["schedules", "slots", name]).unwrap();
        items(&listed).iter().map(Slot::read).collect()
    }
}

#[derive(Debug, Clone)]
struct Slot {
    at: i64,
    until: i64,
    count: i64,
    state: String,
    execution: Option<String>,
}

impl Slot {
    fn read(slot: &Value) -> Self {
        Slot {
            at: ms(&slot["at"]),
            until: ms(&slot["until"]),
            count: slot["count"].as_i64().unwrap(),
            state: slot["state"].as_str().unwrap().to_owned(),
            execution: slot["execution"].as_str().map(str::to_owned),
        }
    }

    fn ran(&self) -> bool {
        matches!(self.state.as_str(), "fired" | "caught_up")
    }
}

fn ms(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<Time>().unwrap().ms()
}

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Every instant that slots of `every: 1s` stand for, oldest first; ranges are taken apart.
fn instants(slots: &[Slot]) -> Vec<i64> {
    let mut instants: Vec<i64> = Vec::new();
    for slot in slots {
        assert_eq!((slot.until - slot.at) / 1_000 + 1, slot.count, "{slot:?}");
        instants.extend((0..slot.count).map(|index| slot.at + index * 1_000));
    }
    instants.sort_unstable();
    instants
}

taskey_testkit::on_both! {
    async fn a_device_fires_on_while_its_server_is_gone_and_every_slot_is_told_once(engine: Engine) {
        let mut world = world(engine).await;
        world.tick("ticks", "");
        world.wait_for_more("ticks", 2);
        world.installation.wait_until("runs are told", || Ok(!items(&world.installation.json(&["runs", "ls"])?).is_empty())).unwrap();
        let run = items(&world.installation.json(&["runs", "ls"]).unwrap())[0].clone();
        assert_eq!((&run["cause"]["kind"], &run["cause"]["by"], &run["task"]["name"]), (&json!("schedule"), &json!("ticks"), &json!("ticks")));
        let table = printed(&world.installation, &["runs", "show", run["id"].as_str().unwrap()]);
        assert!(table.contains(&format!("cause    schedule ticks, slot {}", run["cause"]["slot"]["at"].as_str().unwrap().trim_end_matches(".000Z"))), "{table}");
        assert!(printed(&world.installation, &["runs", "ls"]).contains("schedule ticks, slot 20"));

        world.installation.server.take().unwrap().kill_9();
        world.wait_for_more("ticks", 4);
        world.installation.start_server().unwrap();
        let back_at = now();

        // From the first slot that the device was there for to one after the server came back: each second, once.
        let created_at = ms(&world.show("ticks")["created_at"]);
        let since = ms(&items(&world.installation.json(&["schedules", "devices", "ticks"]).unwrap())[0]["since"]);
        let first = created_at + ((since - created_at).div_euclid(1_000) + 1) * 1_000;
        let complete = || {
            let told = instants(&world.slots("ticks"));
            assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "a slot is told twice: {told:?}");
            let expected = (0..told.len() as i64).map(|index| first + index * 1_000);
            Ok(told.last().is_some_and(|last| *last > back_at) && told.iter().copied().eq(expected))
        };
        world.installation.wait_until("every slot is told", complete).unwrap();

        // What ran there is what is told here, and nothing ran twice.
        succeeded(world.installation.taskey(&["schedules", "pause", "ticks"]).unwrap()).unwrap();
        let all_told = || {
            let began = world.began("ticks");
            let told: BTreeSet<String> = world.slots("ticks").into_iter().filter(Slot::ran).filter_map(|slot| slot.execution).collect();
            Ok(told == began.iter().cloned().collect() && told.len() == began.len())
        };
        world.installation.wait_until("all that ran is told", all_told).unwrap();
        let runs = world.installation.json(&["runs", "ls"]).unwrap();
        assert_eq!(items(&runs).len(), world.began("ticks").len(), "one run a slot");
        let shown = printed(&world.installation, &["schedules", "slots", "ticks", "--device", "web-1", "--limit", "2"]);
        assert!(shown.starts_with("SLOT") && shown.contains("fired") && shown.lines().count() == 3, "{shown}");
    }

    async fn what_is_to_run_once_runs_once_and_is_done_until_it_is_resumed(engine: Engine) {
        let world = world(engine).await;
        world.tick("clock", "");
        world.tick("once", "run_once: true\n");
        world.installation.wait_until("it is done", || Ok(world.show("once")["state"] == "done")).unwrap();
        world.wait_for_more("clock", 3);
        assert_eq!(world.began("once").len(), 1);
        let shown = world.show("once");
        assert_eq!((&shown["reason"]["code"], &shown["next_at"]), (&json!("ran_once"), &Value::Null));
        let table = printed(&world.installation, &["schedules", "ls"]);
        assert!(table.lines().any(|line| line.starts_with("once   done")), "{table}");
        assert_eq!(world.slots("once").iter().filter(|slot| slot.ran()).count(), 1);

        succeeded(world.installation.taskey(&["schedules", "resume", "once"]).unwrap()).unwrap();
        world.installation.wait_until("it is done again", || Ok(world.show("once")["state"] == "done")).unwrap();
        world.wait_for_more("clock", 3);
        assert_eq!(world.began("once").len(), 2, "once more, and no more than that");
    }

    async fn edits_pauses_and_resumptions_reach_an_agent_that_runs(engine: Engine) {
        let world = world(engine).await;
        world.tick("clock", "");
        world.tick("ticks", "");
        let newest_output = || -> anyhow::Result<String> {
            let slots = world.installation.json(&["schedules", "slots", "ticks", "--limit", "1"])?;
            let Some(run) = slots["items"][0]["run"].as_str() else { return Ok(String::new()) };
            succeeded(world.installation.taskey(&["runs", "logs", run])?)
        };
        world.installation.wait_until("it says the first", || Ok(newest_output()? == "first\n")).unwrap();
        let note = format!("echo $TASKEY_EXECUTION_ID >> {}\necho second\n", world.folder.path().join("ticks").display());
        apply_task(&world.installation, "ticks", &note);
        world.installation.wait_until("it says the second", || Ok(newest_output()? == "second\n")).unwrap();
        let shown = world.show("ticks");
        assert_eq!((&shown["task"]["version"], &shown["version"], &shown["revision"]), (&json!(2), &json!(1), &json!(2)));

        succeeded(world.installation.taskey(&["schedules", "pause", "ticks", "--reason", "enough"]).unwrap()).unwrap();
        world.wait_until_still("ticks", "clock");
        let before = world.began("ticks").len();
        succeeded(world.installation.taskey(&["schedules", "resume", "ticks"]).unwrap()).unwrap();
        let resumed_at = ms(&world.show("ticks")["updated_at"]);
        world.installation.wait_until("it fires again", || Ok(world.began("ticks").len() > before)).unwrap();
        let of_new = || -> anyhow::Result<Vec<Slot>> {
            let slots = world.installation.json(&["schedules", "slots", "ticks"])?;
            Ok(items(&slots).iter().filter(|slot| slot["revision"] == 3).map(Slot::read).collect())
        };
        world.installation.wait_until("its slots are told", || Ok(!of_new()?.is_empty())).unwrap();
        assert!(of_new().unwrap().iter().all(|slot| slot.at > resumed_at), "nothing of the pause is caught up");

        succeeded(world.installation.taskey(&["schedules", "rm", "ticks"]).unwrap()).unwrap();
        world.wait_until_still("ticks", "clock");
    }
}

/// The code blocks of a guide in that language; `""` for those without one.
pub fn blocks(guide: &str, language: &str) -> Vec<String> {
    let path = format!("{}/../../docs/guide/{guide}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    // Every second piece stands between two fences.
    let pieces = text.split("```").skip(1).step_by(2);
    pieces.filter_map(|piece| piece.split_once('\n').filter(|(word, _)| *word == language)).map(|(_, block)| block.to_owned()).collect()
}

#[tokio::test]
async fn what_the_guides_write_works_as_it_is_written() {
    let installation = quiet_world().await;
    succeeded(installation.taskey(&["device-groups", "create", "shop"]).unwrap()).unwrap();
    succeeded(installation.taskey(&["device-groups", "add", "shop", "web-1"]).unwrap()).unwrap();
    for (name, text) in ["holidays", "freeze"].into_iter().zip(blocks("schedules.md", "text")) {
        succeeded(installation.taskey_with(&["calendars", "set", name, "-f", "-"], &text).unwrap()).unwrap();
    }
    for guide in ["schedules.md", "from-crontab.md"] {
        let files = blocks(guide, "yaml");
        assert!(files.len() >= 4, "{guide} has lost its files");
        for file in &files {
            let noun = if file.contains("actions:") { "tasks" } else { "schedules" };
            succeeded(installation.taskey_with(&[noun, "apply", "-f", "-"], file).unwrap())
                .unwrap_or_else(|error| panic!("{error}\n{file}"));
        }
        for block in blocks(guide, "") {
            // One of them removes it.
            succeeded(apply(&installation, &blocks("schedules.md", "yaml")[0], &[])).unwrap();
            // What needs no file, and whose end is not waited for.
            let is_ours = |line: &&str| line.starts_with("taskey schedules") || line.starts_with("taskey calendars");
            let lines = block.lines().filter(is_ours).filter(|line| !line.contains("-f ") && !line.contains("=holidays.txt"));
            for line in lines {
                let arguments = words_of(line);
                let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
                let output = installation.taskey(&arguments).unwrap();
                assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
}

#[test]
fn each_line_of_the_guides_table_of_crontabs_is_a_schedule_that_fires() {
    let path = format!("{}/../../docs/guide/from-crontab.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split("| crontab | schedule |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut count = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let rule = row.rsplit('`').nth(1).unwrap();
        let file = format!("name: a\ntask: b\ntargets: {{devices: [c]}}\n{rule}\n");
        let specs = taskey_cli::schedule_file::parse(&file, false).unwrap_or_else(|fault| panic!("{row}: {fault:?}"));
        assert!(taskey_proto::schedules::check_schedule(&specs[0]).is_empty(), "{row}");
        count += 1;
    }
    assert!(count >= 8, "the table has lost its rows");
}

/// The words of a command line, quotes taken off.
fn words_of(line: &str) -> Vec<String> {
    let pieces = line.split('"').enumerate();
    pieces
        .flat_map(|(index, piece)| match index % 2 {
            1 => vec![piece.to_owned()],
            _ => piece.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}
