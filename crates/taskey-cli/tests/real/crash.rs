//! `kill -9`, on either side and both: every execution ends once, nothing runs twice, nothing is left running.

use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use taskey_testkit::process::{Installation, succeeded};
use taskey_testkit::{PATIENCE, on_both};

use crate::{installation, is_alive, open_folder};

/// Starts a task that notes that it began, and then waits to be let go; the run's id.
fn start(installation: &Installation, folder: &Path) -> anyhow::Result<String> {
    let (began, go) = (folder.join("began"), folder.join("go"));
    let script = format!("echo $$ >> {}\necho begun\nwhile [ ! -e {} ]; do sleep 0.02; done\necho done\n", began.display(), go.display());
    let spec = serde_json::json!({"name": "waits", "actions": [{"type": "SCRIPT", "content": script}]});
    std::fs::write(installation.path("waits.json"), spec.to_string())?;
    let file = installation.path("waits.json");
    succeeded(installation.taskey(&["tasks", "apply", "-f", &file.display().to_string()])?)?;
    Ok(succeeded(installation.taskey(&["run", "waits", "--device", "web-1", "-o", "name"])?)?.trim().to_owned())
}

/// The ids of the processes that began, once at least one has.
fn began(installation: &Installation, folder: &Path) -> anyhow::Result<Vec<i32>> {
    let read = || std::fs::read_to_string(folder.join("began")).unwrap_or_default();
    installation.wait_until("the script begins", || Ok(read().ends_with('\n')))?;
    Ok(read().lines().map(|line| line.parse().unwrap()).collect())
}

/// The run, once it is over.
fn over(installation: &Installation, run: &str) -> anyhow::Result<Value> {
    let started = Instant::now();
    loop {
        let shown = installation.json(&["runs", "show", run])?;
        if shown["finished_at"].is_string() {
            return Ok(shown);
        }
        anyhow::ensure!(started.elapsed() < PATIENCE, "the run does not end: {shown}");
    }
}

on_both! {
    async fn an_agent_that_is_killed_reports_one_loss_and_leaves_nothing_running(engine: Engine) {
        let installation = installation(engine).await.unwrap();
        installation.enroll("web-1").unwrap();
        let folder = open_folder().unwrap();
        let agent = installation.agent("web-1").unwrap();
        installation.wait_for_presence("web-1", "online").unwrap();
        let run = start(&installation, folder.path()).unwrap();
        let pids = began(&installation, folder.path()).unwrap();
        agent.kill_9();
        assert!(is_alive(pids[0]), "the program outlives the agent until that is back");
        let _agent = installation.agent("web-1").unwrap();
        let shown = over(&installation, &run).unwrap();
        let execution = &shown["executions"][0];
        assert_eq!((execution["state"].as_str(), execution["reason"]["code"].as_str()), (Some("lost"), Some("agent_restart")));
        assert!(!is_alive(pids[0]), "what was left of it is killed before it is reported");
        assert_eq!(began(&installation, folder.path()).unwrap(), pids, "it is not run again");
        let next = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "still here"]).unwrap();
        assert_eq!(succeeded(next).unwrap(), "still here\n");
        assert_eq!(installation.json(&["runs", "show", &run]).unwrap()["executions"][0], *execution);
    }

    async fn a_server_that_is_killed_before_the_result_gets_it_once_after_its_restart(engine: Engine) {
        let mut installation = installation(engine).await.unwrap();
        installation.enroll("web-1").unwrap();
        let folder = open_folder().unwrap();
        let _agent = installation.agent("web-1").unwrap();
        installation.wait_for_presence("web-1", "online").unwrap();
        let run = start(&installation, folder.path()).unwrap();
        let pids = began(&installation, folder.path()).unwrap();
        installation.server.take().unwrap().kill_9();
        std::fs::write(folder.path().join("go"), "").unwrap();
        installation.wait_until("the script ends", || Ok(!is_alive(pids[0]))).unwrap();
        installation.start_server().unwrap();
        let shown = over(&installation, &run).unwrap();
        assert_eq!((shown["state"].as_str(), &shown["counts"]), (Some("succeeded"), &serde_json::json!({"succeeded": 1})));
        assert_eq!(shown["executions"][0]["actions"][0]["output"], "begun\ndone\n");
        assert_eq!(began(&installation, folder.path()).unwrap(), pids, "it ran once");
        let next = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "again"]).unwrap();
        assert_eq!(succeeded(next).unwrap(), "again\n", "the line is up again by itself");
    }

    async fn when_both_are_killed_the_execution_still_ends_once(engine: Engine) {
        let mut installation = installation(engine).await.unwrap();
        installation.enroll("web-1").unwrap();
        let folder = open_folder().unwrap();
        let agent = installation.agent("web-1").unwrap();
        installation.wait_for_presence("web-1", "online").unwrap();
        let run = start(&installation, folder.path()).unwrap();
        let pids = began(&installation, folder.path()).unwrap();
        installation.server.take().unwrap().kill_9();
        agent.kill_9();
        let _agent = installation.agent("web-1").unwrap();
        installation.start_server().unwrap();
        let shown = over(&installation, &run).unwrap();
        assert_eq!((shown["state"].as_str(), &shown["counts"]), (Some("lost"), &serde_json::json!({"lost": 1})));
        assert!(!is_alive(pids[0]));
        assert_eq!(began(&installation, folder.path()).unwrap(), pids);
    }

    async fn what_was_queued_for_an_agent_that_was_away_runs_when_it_comes(engine: Engine) {
        let installation = installation(engine).await.unwrap();
        installation.enroll("web-1").unwrap();
        let folder = open_folder().unwrap();
        let run = start(&installation, folder.path()).unwrap();
        assert_eq!(installation.json(&["runs", "show", &run]).unwrap()["state"], "queued");
        std::fs::write(folder.path().join("go"), "").unwrap();
        let _agent = installation.agent("web-1").unwrap();
        let shown = over(&installation, &run).unwrap();
        assert_eq!(shown["state"], "succeeded");
        assert_eq!(began(&installation, folder.path()).unwrap().len(), 1);
    }
}
