//! One altered byte in the database: the device refuses, and that is shown.

use taskey_testkit::on_both;
use taskey_testkit::process::{Installation, run, succeeded};

use crate::{id, installation, open_folder};

/// Flips the lowest bit of one byte in the middle of a column, behind the server's back.
async fn flip(installation: &Installation, table: &str, column: &str) -> anyhow::Result<()> {
    match &installation.database_url {
        None => {
            let script = "import sqlite3, sys\n\
                db = sqlite3.connect(sys.argv[1])\n\
                (value,) = db.execute(f'SELECT {sys.argv[3]} FROM {sys.argv[2]}').fetchone()\n\
                value = bytearray(value)\n\
                value[len(value) // 2] ^= 1\n\
                assert db.execute(f'UPDATE {sys.argv[2]} SET {sys.argv[3]} = ?', (bytes(value),)).rowcount == 1\n\
                db.commit()\n";
            let file = installation.path("data/taskey.db");
            let mut python = std::process::Command::new("python3");
            python.args(["-c", script]).arg(file).args([table, column]);
            succeeded(run(&mut python, "")?).map(|_| ())
        }
        Some(url) => {
            use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
            let mut connection = sqlx::PgConnection::connect(url).await?;
            let sql = format!(
                "UPDATE {table} SET {column} = set_byte({column}, length({column}) / 2, get_byte({column}, length({column}) / 2) # 1)"
            );
            let done = connection.execute(AssertSqlSafe(sql)).await?;
            anyhow::ensure!(done.rows_affected() == 1, "one row is altered");
            Ok(())
        }
    }
}

on_both! {
    async fn an_altered_document_is_rejected_with_its_reason_and_nothing_runs(engine: Engine) {
        for (table, column, reason) in [
            ("run_document", "authorization_bytes", "bad_signature"),
            ("run_document", "authorization_signature", "bad_signature"),
            ("run_document", "dispatch_bytes", "bad_signature"),
            ("task_document", "bytes", "task_altered"),
        ] {
            let mut installation = installation(engine).await.unwrap();
            installation.enroll("web-1").unwrap();
            let folder = open_folder().unwrap();
            let witness = folder.path().join("ran");
            let spec = serde_json::json!({"name": "touch", "actions": [{"type": "COMMAND", "command": "touch", "arguments": [witness]}]});
            std::fs::write(installation.path("touch.json"), spec.to_string()).unwrap();
            let file = installation.path("touch.json").display().to_string();
            succeeded(installation.taskey(&["tasks", "apply", "-f", &file]).unwrap()).unwrap();
            let run = id(&installation.json(&["run", "touch", "--device", "web-1"]).unwrap()).unwrap();
            installation.server.take().unwrap().stop().unwrap();
            flip(&installation, table, column).await.unwrap();
            installation.start_server().unwrap();
            let _agent = installation.agent("web-1").unwrap();
            let shown = || installation.json(&["runs", "show", &run]);
            installation.wait_until("the run ends", || Ok(shown()?["finished_at"].is_string())).unwrap();
            let execution = &shown().unwrap()["executions"][0];
            assert_eq!(
                (execution["state"].as_str(), execution["reason"]["code"].as_str()),
                (Some("rejected"), Some(reason)),
                "{table}.{column}: {execution}"
            );
            assert!(!witness.exists(), "{table}.{column}");
        }
    }
}
