//! `taskey calendars`: files in, and schedules that begin nothing during their events.

use serde_json::{Value, json};
use taskey_proto::Time;
use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, succeeded};

use crate::schedules::{apply, next, printed, quiet_world, world};
use crate::shape::{Kind, assert_shape, items};
use crate::{ended, open_folder};

const HOLIDAYS: &str = "# Berlin\n2031-12-25 Christmas\n2031-12-26 Boxing Day\n";
const OUTLOOK: &str = include_str!("../../../taskey-schedule/tests/calendars/outlook.ics");

const NIGHTLY: &str = "\
name: nightly
task: hello
cron: \"30 2 * * *\"
timezone: Europe/Berlin
calendars: [holidays]
starts_at: 2031-12-24T00:00:00Z
targets: {devices: [web-1]}
";

fn set(installation: &Installation, name: &str, text: &str, more: &[&str]) -> std::process::Output {
    installation.taskey_with(&[&["calendars", "set", name, "-f", "-"], more].concat(), text).unwrap()
}

/// A calendar with one event that is on from so many seconds before now until so many after.
fn event_around_now(name: &str, before_secs: i64, after_secs: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let at = |secs: i64| Time::from_ms((now + secs) * 1_000).to_string().replace(['-', ':'], "").replace(".000", "");
    let (from, until) = (at(-before_secs), at(after_secs));
    format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:{name}\nDTSTART:{from}\nDTEND:{until}\nEND:VEVENT\nEND:VCALENDAR\n")
}

#[tokio::test]
async fn a_calendar_is_set_from_a_file_shown_and_kept_while_a_schedule_names_it() {
    let installation = quiet_world().await;
    ended(&installation.taskey(&["calendars", "ls"]).unwrap(), 0, "no calendars");
    assert_eq!(succeeded(set(&installation, "holidays", HOLIDAYS, &["--description", "of Berlin"])).unwrap(), "holidays: created\n");
    assert_eq!(succeeded(set(&installation, "holidays", HOLIDAYS, &[])).unwrap(), "holidays: unchanged\n");
    let wrong = set(&installation, "holidays", "2031-12-25 Christmas\n26.12.2031 Boxing Day\n", &[]);
    ended(&wrong, 1, "line 2: `26.12.2031` is not a date; write 2026-12-25 and a name, or give an iCalendar file");
    let more = format!("{HOLIDAYS}2032-01-01 New Year\n");
    assert_eq!(succeeded(set(&installation, "holidays", &more, &[])).unwrap(), "holidays: changed to version 2\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("freezes.ics");
    std::fs::write(&file, OUTLOOK).unwrap();
    assert_eq!(printed(&installation, &["calendars", "set", "freezes", "-f", file.to_str().unwrap()]), "freezes: created\n");
    ended(&installation.taskey(&["calendars", "set", "x", "-f", "/no/such/file"]).unwrap(), 1, "/no/such/file");

    let shape = [
        ("id", Kind::Id("cal")),
        ("name", Kind::Text),
        ("description", Kind::Text),
        ("version", Kind::Number),
        ("event_count", Kind::Number),
        ("schedule_count", Kind::Number),
        ("created_at", Kind::Time),
        ("updated_at", Kind::Time),
        ("updated_by", Kind::Text),
        ("role", Kind::One(&["admin"])),
    ];
    let listed = installation.json(&["calendars", "ls"]).unwrap();
    items(&listed).iter().for_each(|calendar| assert_shape(calendar, &shape));
    assert_eq!(printed(&installation, &["calendars", "ls", "-o", "name"]), "freezes\nholidays\n");
    let shown = installation.json(&["calendars", "show", "holidays"]).unwrap();
    assert_eq!((&shown["description"], &shown["content"], &shown["version"]), (&json!("of Berlin"), &json!(more), &json!(2)));
    let until = "2031-12-26T12:00:00Z";
    let events = installation.json(&["calendars", "events", "holidays", "--until", until]).unwrap();
    let expected = json!({"name": "Christmas", "from": "2031-12-25T00:00:00", "until": "2031-12-26T00:00:00", "all_day": true});
    assert_eq!((items(&events).len(), &items(&events)[0]), (2, &expected));
    let table = printed(&installation, &["calendars", "events", "holidays", "--until", until]);
    assert!(table.starts_with("FROM        UNTIL       EVENT\n2031-12-25  2031-12-26  Christmas\n"), "{table}");

    let dry = succeeded(apply(&installation, NIGHTLY, &["--dry-run"])).unwrap();
    assert!(
        dry.contains("during events of the calendar holidays") && dry.contains("It may not run then: calendar holidays: Christmas."),
        "{dry}"
    );
    ended(
        &apply(&installation, &NIGHTLY.replace("[holidays]", "[holidays, none]"), &[]),
        1,
        "line 5: /calendars/1: there is no calendar `none`",
    );
    assert_eq!(succeeded(apply(&installation, NIGHTLY, &[])).unwrap(), "nightly: created\n");
    let explained = printed(&installation, &["schedules", "explain", "nightly", "--at", "2031-12-25T01:30:00Z"]);
    assert!(explained.contains("calendar holidays: Christmas"), "{explained}");
    assert!(explained.contains("It may not run then: calendar holidays: Boxing Day, until 2031-12-26T23:00Z."), "{explained}");
    let kept = installation.taskey(&["calendars", "rm", "holidays", "--yes"]).unwrap();
    ended(&kept, 1, "The schedule `nightly` names it. Take it out there first.");
    assert_eq!(printed(&installation, &["calendars", "show", "holidays", "-o", "name"]), "holidays\n");
    printed(&installation, &["schedules", "rm", "nightly", "--yes"]);
    printed(&installation, &["calendars", "rm", "holidays", "--yes"]);
    ended(&installation.taskey(&["calendars", "show", "holidays"]).unwrap(), 1, "no such calendar");
}

#[test]
fn next_reckons_with_calendars_without_any_server() {
    let folder = open_folder().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let holidays = format!("holidays={}", path("holidays.txt", HOLIDAYS));
    let from = ["--from", "2031-12-24T12:00:00Z", "-n", "3"];
    let json = |arguments: &[&str]| -> Value {
        let told = succeeded(next(&[arguments, &from, &["-o", "json"]].concat())).unwrap();
        serde_json::from_str::<Value>(&told).unwrap()["items"].clone()
    };
    let expected = json!([
        {"at": "2031-12-25T01:30:00.000Z", "dst": null, "blocked": "calendar holidays: Christmas"},
        {"at": "2031-12-26T01:30:00.000Z", "dst": null, "blocked": "calendar holidays: Boxing Day"},
        {"at": "2031-12-27T01:30:00.000Z", "dst": null},
    ]);
    assert_eq!(json(&["30 2 * * *", "--timezone", "Europe/Berlin", "--calendar", &holidays]), expected);
    let file = path("nightly.yaml", NIGHTLY);
    assert_eq!(json(&["-f", &file, "--calendar", &holidays]), expected);
    let table = succeeded(next(&[&["-f", &file, "--calendar", &holidays][..], &from].concat())).unwrap();
    assert!(table.contains("It may not run then: calendar holidays: Christmas, until 2031-12-26T23:00Z."), "{table}");

    ended(&next(&["-f", &file]), 1, "the schedule names the calendar `holidays`; give it with --calendar holidays=FILE");
    ended(&next(&["-f", &file, "--calendar", &holidays, "--calendar", "freeze=x"]), 1, "--calendar freeze: the schedule does not name it");
    ended(&next(&["@daily", "--calendar", "holidays"]), 1, "write NAME=FILE, as in holidays=holidays.txt");
    let wrong = format!("holidays={}", path("wrong.txt", "Christmas\n"));
    ended(&next(&["-f", &file, "--calendar", &wrong]), 1, "wrong.txt: line 1: `Christmas` is not a date");
    ended(&next(&["@daily", "-f", &file]), 1, "cannot be used with");
}

#[tokio::test]
async fn a_running_agent_begins_nothing_during_an_event_and_goes_on_when_the_calendar_is_changed() {
    let world = world(Engine::Sqlite).await;
    let installation = &world.installation;
    assert_eq!(succeeded(set(installation, "freeze", &event_around_now("Moving house", 3_600, 3_600), &[])).unwrap(), "freeze: created\n");
    world.tick("ticks", "calendars: [freeze]\n");
    installation
        .wait_until("a slot is skipped for the freeze", || {
            let slots = installation.json(&["schedules", "slots", "ticks"])?;
            Ok(items(&slots).iter().any(|slot| slot["reason"]["detail"] == "It may not run at that time: calendar freeze: Moving house."))
        })
        .unwrap();
    assert!(world.began("ticks").is_empty());
    let over = event_around_now("Moving house", 3_600, -1_800);
    assert_eq!(succeeded(set(installation, "freeze", &over, &[])).unwrap(), "freeze: changed to version 2\n");
    world.wait_for_more("ticks", 2);
    let explained = printed(installation, &["schedules", "explain", "ticks"]);
    assert!(explained.contains("active"), "{explained}");
}
