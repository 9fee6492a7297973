//! The whole story of a backup with the real programs: the server is lost, an old backup is restored, and nothing fires by itself.

use std::path::Path;

use taskey_testkit::on_both;
use taskey_testkit::process::{Installation, succeeded};
use taskey_testkit::{Engine as Kind, postgres};

use crate::{ended, installation, open_folder};

/// A task that notes each time it runs, and waits to be let go.
fn apply_task(installation: &Installation, folder: &Path) -> anyhow::Result<()> {
    let (ran, go) = (folder.join("ran"), folder.join("go"));
    let script = format!("echo $0 >> {}\nwhile [ ! -e {} ]; do sleep 0.02; done\necho done\n", ran.display(), go.display());
    let spec = serde_json::json!({"name": "notes", "actions": [{"type": "SCRIPT", "content": script}]});
    std::fs::write(installation.path("notes.json"), spec.to_string())?;
    succeeded(installation.taskey(&["tasks", "apply", "-f", &installation.path("notes.json").display().to_string()])?).map(|_| ())
}

fn run(installation: &Installation, device: &str) -> anyhow::Result<String> {
    Ok(succeeded(installation.taskey(&["run", "notes", "--device", device, "-o", "name"])?)?.trim().to_owned())
}

fn times_run(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("ran")).unwrap_or_default().lines().count()
}

fn state(installation: &Installation, run: &str) -> anyhow::Result<String> {
    Ok(installation.json(&["runs", "show", run])?["state"].as_str().unwrap_or_default().to_owned())
}

/// `taskey` on the host, with the passphrase and the database of this installation.
fn on_host(installation: &Installation, arguments: &[&str]) -> std::process::Output {
    let mut command = installation.command(arguments);
    command.env("TASKEY_BACKUP_PASSPHRASE", "a long enough passphrase");
    if let Some(url) = &installation.database_url {
        command.env("TASKEY_DATABASE_URL", url);
    }
    taskey_testkit::process::run(&mut command, "").unwrap()
}

/// The server is killed and its data is gone; a new one is made from the backup, on a new database.
async fn lose_and_restore(installation: &mut Installation, backup: &str) -> anyhow::Result<serde_json::Value> {
    if let Some(server) = installation.server.take() {
        server.kill_9();
    }
    let data = installation.path("data");
    std::fs::remove_dir_all(&data)?;
    if installation.database_url.is_some() {
        installation.database_url = Some(postgres::new_database().await?);
    }
    let restored = on_host(installation, &["restore", backup, "--data", &data.display().to_string(), "-o", "json"]);
    let restored = serde_json::from_str(&succeeded(restored)?)?;
    installation.start_server()?;
    Ok(restored)
}

on_both! {
    async fn a_restore_of_an_old_backup_fires_nothing_by_itself_and_takes_the_gap_in_once(engine: Engine) {
        let mut installation = installation(engine).await.unwrap();
        let data = installation.path("data").display().to_string();
        let backup = installation.path("taskey.backup").display().to_string();
        installation.enroll("web-1").unwrap();
        installation.enroll("web-2").unwrap();
        let folder = open_folder().unwrap();
        let _agent = installation.agent("web-1").unwrap();
        installation.wait_for_presence("web-1", "online").unwrap();
        apply_task(&installation, folder.path()).unwrap();
        // On its way when the backup is made: its result comes in the gap, when nobody listens.
        let held = run(&installation, "web-1").unwrap();
        installation.wait_until("the first begins", || Ok(times_run(folder.path()) == 1)).unwrap();
        let queued = run(&installation, "web-2").unwrap();
        let made: serde_json::Value = serde_json::from_str(&succeeded(on_host(&installation, &["backup", &backup, "--data", &data, "-o", "json"])).unwrap()).unwrap();
        assert_eq!((made["epoch"].as_u64(), made["file"].as_str()), (Some(1), Some(backup.as_str())));
        let shown: serde_json::Value = serde_json::from_str(&succeeded(on_host(&installation, &["restore", &backup, "--dry-run", "-o", "json"])).unwrap()).unwrap();
        assert_eq!((&shown["rows"], &shown["instance"]), (&made["rows"], &made["instance"]));
        ended(&on_host(&installation, &["restore", &backup, "--data", &data]), 1, "is not empty");
        let gone = succeeded(installation.taskey(&["exec", "--device", "web-1", "--", "echo", "in the gap"]).unwrap()).unwrap();
        assert_eq!(gone, "in the gap\n");
        let server = installation.server.take().unwrap();
        server.kill_9();
        std::fs::write(folder.path().join("go"), "").unwrap();

        let restored = lose_and_restore(&mut installation, &backup).await.unwrap();
        assert!(restored["new_epoch"].as_u64() > Some(1));
        let _second_agent = installation.agent("web-2").unwrap();
        for device in ["web-1", "web-2"] {
            installation.wait_for_presence(device, "online").unwrap();
        }
        installation.wait_until("the held result is taken in", || Ok(state(&installation, &held)? == "succeeded")).unwrap();
        let output = installation.json(&["runs", "show", &held]).unwrap();
        assert_eq!(output["executions"][0]["actions"][0]["output"], "done\n");
        assert_eq!((state(&installation, &queued).unwrap().as_str(), times_run(folder.path())), ("queued", 1));
        ended(&installation.taskey(&["run", "notes", "--device", "web-1"]).unwrap(), 1, "taskey quiet end");
        let quiet = installation.json(&["quiet", "show"]).unwrap();
        assert_eq!((quiet["quiet"].as_bool(), quiet["counts"]["queued"].as_u64()), (Some(true), Some(1)));
        let doctor = on_host(&installation, &["doctor", "--data", &data, "-o", "json"]);
        let found: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
        let quiet = found["items"].as_array().unwrap().iter().find(|finding| finding["check"] == "quiet").unwrap();
        assert!(quiet["verdict"] == "warning" && quiet["advice"].as_str().unwrap().contains("taskey quiet end"), "{quiet}");

        succeeded(installation.taskey(&["quiet", "end", "--yes"]).unwrap()).unwrap();
        assert_eq!(installation.json(&["runs", "show", &queued]).unwrap()["executions"][0]["reason"]["code"], "restored");
        let again = run(&installation, "web-2").unwrap();
        installation.wait_until("a new run ends", || Ok(state(&installation, &again)? == "succeeded")).unwrap();
        assert_eq!(times_run(folder.path()), 2, "what ran before the restore did not run again");

        // The same backup a second time: another epoch, which the devices follow as well. What waited is kept this time.
        let twice = lose_and_restore(&mut installation, &backup).await.unwrap();
        assert!(twice["new_epoch"].as_u64() > restored["new_epoch"].as_u64());
        for device in ["web-1", "web-2"] {
            installation.wait_for_presence(device, "online").unwrap();
        }
        assert_eq!(times_run(folder.path()), 2);
        let kept = on_host(&installation, &["admin", "quiet", "end", "--keep-queued", "--yes", "--data", &data, "-o", "json"]);
        let kept: serde_json::Value = serde_json::from_str(&succeeded(kept).unwrap()).unwrap();
        assert_eq!(kept["kept"], 1);
        installation.wait_until("what was kept runs", || Ok(state(&installation, &queued)? == "succeeded")).unwrap();
        assert_eq!(times_run(folder.path()), 3);
    }

    async fn what_was_delivered_in_the_gap_does_not_run_twice_though_it_is_kept(engine: Engine) {
        let mut installation = installation(engine).await.unwrap();
        let data = installation.path("data").display().to_string();
        let backup = installation.path("taskey.backup").display().to_string();
        installation.enroll("web-1").unwrap();
        let folder = open_folder().unwrap();
        std::fs::write(folder.path().join("go"), "").unwrap();
        apply_task(&installation, folder.path()).unwrap();
        let queued = run(&installation, "web-1").unwrap();
        succeeded(on_host(&installation, &["backup", &backup, "--data", &data])).unwrap();
        let _agent = installation.agent("web-1").unwrap();
        installation.wait_until("it runs in the gap", || Ok(state(&installation, &queued)? == "succeeded")).unwrap();
        lose_and_restore(&mut installation, &backup).await.unwrap();
        installation.wait_for_presence("web-1", "online").unwrap();
        assert_eq!(state(&installation, &queued).unwrap(), "queued");
        succeeded(installation.taskey(&["quiet", "end", "--keep-queued", "--yes"]).unwrap()).unwrap();
        installation.wait_until("the device tells how it ended", || Ok(state(&installation, &queued)? == "succeeded")).unwrap();
        assert_eq!(times_run(folder.path()), 1, "the device remembered it");
    }
}

#[tokio::test]
async fn a_passphrase_is_asked_for_in_safe_ways_and_a_wrong_one_is_named() {
    let installation = installation(Kind::Sqlite).await.unwrap();
    let (data, file) = (installation.path("data").display().to_string(), installation.path("b").display().to_string());
    ended(&installation.taskey(&["backup", &file, "--data", &data]).unwrap(), 1, "--passphrase-file");
    std::fs::write(installation.path("short"), "short\n").unwrap();
    let short = installation.path("short").display().to_string();
    ended(&installation.taskey(&["backup", &file, "--data", &data, "--passphrase-file", &short]).unwrap(), 1, "at least 12 characters");
    succeeded(on_host(&installation, &["backup", &file, "--data", &data])).unwrap();
    ended(&installation.taskey(&["restore", &file, "--dry-run", "--passphrase-file", &short]).unwrap(), 1, "the passphrase is not the one");
    let found = std::process::Command::new("grep").args(["-c", "BEGIN CERTIFICATE\\|web-1\\|instance"]).arg(&file).output().unwrap();
    assert_eq!(found.stdout, b"0\n", "nothing of it is readable");
    let piped = on_host(&installation, &["backup", "-", "--data", &data]);
    assert!(piped.stdout.starts_with(b"taskeybk"), "a backup goes to stdout as well");
}
