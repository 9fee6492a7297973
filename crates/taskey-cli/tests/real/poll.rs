//! The line by calls over HTTP, behind a gateway that lets nothing else through.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taskey_testkit::middlebox::{Gateway, Upgrades};
use taskey_testkit::process::{Installation, Running, succeeded};
use taskey_testkit::{Engine, PATIENCE, on_both};

use crate::{installation, is_alive, open_folder};

/// A device behind a gateway, its line up by calls.
fn behind_gateway(installation: &Installation, upgrades: Upgrades) -> (Gateway, Running) {
    let gateway = Gateway::start(installation.url.trim_start_matches("http://"), upgrades).unwrap();
    installation.enroll_at("web-1", &gateway.url).unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    (gateway, agent)
}

fn taskeyd(installation: &Installation, command: &str) -> Value {
    let told = installation.taskeyd().args([command, "-o", "json", "--state"]).arg(installation.path("web-1")).output().unwrap();
    serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"))
}

fn log(installation: &Installation, name: &str) -> String {
    std::fs::read_to_string(installation.path(name)).unwrap_or_default()
}

#[tokio::test]
async fn where_no_upgrade_passes_a_device_is_online_runs_is_cancelled_and_cut_at_once() {
    for upgrades in [Upgrades::Refuse(403), Upgrades::HangUp, Upgrades::CutSoon] {
        let installation = installation(Engine::Sqlite).await.unwrap();
        let (gateway, agent) = behind_gateway(&installation, upgrades);
        installation.wait_until("the line is up by calls", || Ok(taskeyd(&installation, "status")["way"] == "poll")).unwrap();
        assert_eq!(gateway.upgrade_count(), 2, "MQTT is tried first, and twice");
        assert_eq!(taskeyd(&installation, "status")["line"], "connected");
        let findings = taskeyd(&installation, "doctor");
        let agents = findings["items"].as_array().unwrap().iter().find(|finding| finding["check"] == "agent").unwrap();
        assert!(agents["verdict"] == "ok" && agents["detail"].as_str().unwrap().contains("by poll"), "{agents}");

        let both = installation.taskey(&["exec", "--device", "web-1", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]).unwrap();
        let told = (both.status.code(), String::from_utf8_lossy(&both.stdout), String::from_utf8_lossy(&both.stderr));
        assert!(told.0 == Some(2) && told.1 == "out\n" && told.2.contains("err\n"), "{told:?}");

        let folder = open_folder().unwrap();
        let began = folder.path().join("began");
        let script = format!("echo $$ > {}; echo begun; exec sleep 1000", began.display());
        let mut sleeper = installation.command(&["exec", "--device", "web-1", "--", "sh", "-c", &script]).spawn().unwrap();
        let pid = || std::fs::read_to_string(&began).ok()?.trim().parse::<i32>().ok();
        installation.wait_until("the program begins", || Ok(pid().is_some())).unwrap();
        let run = installation.json(&["runs", "ls"]).unwrap()["items"][0]["id"].as_str().unwrap().to_owned();
        succeeded(installation.taskey(&["runs", "cancel", &run]).unwrap()).unwrap();
        installation.wait_until("the program ends", || Ok(!is_alive(pid().unwrap()))).unwrap();
        sleeper.wait().unwrap();
        assert_eq!(over(&installation, &run)["executions"][0]["state"], "cancelled");

        succeeded(installation.taskey(&["devices", "rm", "web-1", "--yes"]).unwrap()).unwrap();
        let removed_at = Instant::now();
        let told = || Ok(log(&installation, "web-1.log").contains("refuses this device"));
        installation.wait_until("the agent hears that it is not known any more", told).unwrap();
        assert!(removed_at.elapsed() < Duration::from_secs(20), "the open call ends at once, and is not waited for");
        assert!(log(&installation, "server.log").contains("the device was removed"));
        drop(agent);
    }
}

#[tokio::test]
async fn a_trigger_reaches_the_open_call_and_its_result_does_not_wait_for_the_next() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let (_gateway, _agent) = behind_gateway(&installation, Upgrades::Refuse(426));
    // Far fewer seconds than one call stays open: neither the order nor the result waits for its end.
    let begun = Instant::now();
    for _ in 0..5 {
        let hello = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "hello"]).unwrap();
        assert_eq!(succeeded(hello).unwrap(), "hello\n");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// The run, once it is over.
fn over(installation: &Installation, run: &str) -> Value {
    let started = Instant::now();
    loop {
        let shown = installation.json(&["runs", "show", run]).unwrap();
        if shown["finished_at"].is_string() {
            return shown;
        }
        assert!(started.elapsed() < PATIENCE, "the run does not end: {shown}");
    }
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_runs_exactly_once() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let (gateway, _agent) = behind_gateway(&installation, Upgrades::Refuse(400));
    let folder = open_folder().unwrap();
    let began = folder.path().join("began");
    for turn in 1..=3 {
        gateway.lose_next("\"type\":\"execute\"");
        let script = format!("echo x >> {}; echo done", began.display());
        let done = installation.taskey(&["exec", "--device", "web-1", "--", "sh", "-c", &script]).unwrap();
        assert_eq!(succeeded(done).unwrap(), "done\n");
        assert_eq!((gateway.lost_count(), std::fs::read_to_string(&began).unwrap().lines().count()), (turn, turn));
    }
}

#[tokio::test]
async fn a_report_whose_answer_is_lost_is_told_again_and_counts_once() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let (gateway, _agent) = behind_gateway(&installation, Upgrades::Refuse(501));
    let folder = open_folder().unwrap();
    let go = folder.path().join("go");
    let script = format!("echo begun; while [ ! -e {} ]; do sleep 0.02; done; echo done", go.display());
    let run = start(&installation, &script);
    // Whatever is answered next, be it to output or to the open call, is lost.
    gateway.lose_next("\"session\":");
    std::fs::write(&go, "").unwrap();
    let shown = over(&installation, &run);
    assert_eq!((&shown["state"], &shown["counts"]), (&json!("succeeded"), &json!({"succeeded": 1})));
    assert_eq!(shown["executions"][0]["actions"][0]["output"], "begun\ndone\n");
}

/// Starts a script without waiting for it; the run's id.
fn start(installation: &Installation, script: &str) -> String {
    let spec = json!({"name": "waits", "actions": [{"type": "SCRIPT", "content": script}]});
    let file = installation.path("waits.json");
    std::fs::write(&file, spec.to_string()).unwrap();
    succeeded(installation.taskey(&["tasks", "apply", "-f", &file.display().to_string()]).unwrap()).unwrap();
    succeeded(installation.taskey(&["run", "waits", "--device", "web-1", "-o", "name"]).unwrap()).unwrap().trim().to_owned()
}

on_both! {
    async fn a_server_that_is_killed_during_a_run_gets_its_result_once(engine: Engine) {
        let mut installation = installation(engine).await.unwrap();
        let (_gateway, _agent) = behind_gateway(&installation, Upgrades::Refuse(502));
        let folder = open_folder().unwrap();
        let (began, go) = (folder.path().join("began"), folder.path().join("go"));
        let script =
            format!("echo $$ >> {}\necho begun\nwhile [ ! -e {} ]; do sleep 0.02; done\necho done\n", began.display(), go.display());
        let run = start(&installation, &script);
        let pids = || std::fs::read_to_string(&began).unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect::<Vec<i32>>();
        installation.wait_until("the script begins", || Ok(!pids().is_empty())).unwrap();
        installation.server.take().unwrap().kill_9();
        std::fs::write(&go, "").unwrap();
        installation.wait_until("the script ends", || Ok(!is_alive(pids()[0]))).unwrap();
        installation.start_server().unwrap();
        let shown = over(&installation, &run);
        assert_eq!((&shown["state"], &shown["counts"]), (&json!("succeeded"), &json!({"succeeded": 1})));
        assert_eq!(shown["executions"][0]["actions"][0]["output"], "begun\ndone\n");
        assert_eq!(pids().len(), 1, "it ran once");
        let next = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "again"]).unwrap();
        assert_eq!(succeeded(next).unwrap(), "again\n", "the line is up again by itself");
    }
}

#[tokio::test]
async fn mqtt_is_tried_again_once_the_server_was_away() {
    let mut installation = installation(Engine::Sqlite).await.unwrap();
    let (gateway, _agent) = behind_gateway(&installation, Upgrades::Refuse(403));
    installation.wait_until("the line is up", || Ok(taskeyd(&installation, "status")["way"] == "poll")).unwrap();
    gateway.let_upgrades_through();
    installation.server.take().unwrap().kill_9();
    // The first of these is the call that was open; the second finds nobody.
    let misses = || log(&installation, "web-1.log").lines().filter(|line| line.contains("cannot be reached")).count();
    installation.wait_until("the agent finds no server", || Ok(misses() >= 2)).unwrap();
    installation.start_server().unwrap();
    installation.wait_until("the line is up by MQTT", || Ok(taskeyd(&installation, "status")["way"] == "websocket")).unwrap();
    let hello = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "hello"]).unwrap();
    assert_eq!(succeeded(hello).unwrap(), "hello\n");
}

#[tokio::test]
async fn an_agent_that_stops_says_goodbye() {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let (_gateway, agent) = behind_gateway(&installation, Upgrades::Refuse(403));
    assert!(agent.stop().unwrap().success());
    let is_heard = || Ok(log(&installation, "server.log").contains("the device said goodbye"));
    installation.wait_until("the server hears it", is_heard).unwrap();
    installation.wait_for_presence("web-1", "offline").unwrap();
}
