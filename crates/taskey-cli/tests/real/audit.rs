//! The audit log, whoever tampers with the database behind the server's back: `taskey audit verify` finds it and names it.

use serde_json::Value;
use taskey_testkit::Engine as Kind;
use taskey_testkit::process::{Installation, run, succeeded};

use crate::installation;
use crate::shape::{Kind as Field, assert_shape, items};

/// Statements, and small programs on the connection `db`, on the real SQLite file.
fn tamper(installation: &Installation, program: &str) {
    let program = format!("import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], timeout=30)\n{program}\ndb.commit()\n");
    let mut python = std::process::Command::new("python3");
    python.args(["-c", &program]).arg(installation.path("data/taskey.db"));
    succeeded(run(&mut python, "").unwrap()).unwrap();
}

/// What `taskey audit verify` says, and with which exit code.
fn verify(installation: &Installation, arguments: &[&str]) -> (Value, i32) {
    let arguments = [&["audit", "verify", "-o", "json"], arguments].concat();
    let output = installation.taskey(&arguments).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}")), output.status.code().unwrap())
}

/// Kinds and entries of the findings.
fn found(report: &Value) -> Vec<(String, u64)> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (finding["kind"].as_str().unwrap().to_owned(), finding["seq"].as_u64().unwrap_or_default())).collect()
}

fn is(kind: &str, seq: u64) -> (String, u64) {
    (kind.to_owned(), seq)
}

/// A server with some entries, all sealed; the report on them.
async fn with_entries() -> (Installation, Value) {
    let installation = installation(Kind::Sqlite).await.unwrap();
    for number in 0..8 {
        succeeded(installation.taskey(&["keys", "create", "--name", &format!("key-{number}")]).unwrap()).unwrap();
    }
    let mut report = Value::Null;
    installation
        .wait_until("all is sealed", || {
            report = verify(&installation, &[]).0;
            Ok(report["unsealed"] == 0)
        })
        .unwrap();
    (installation, report)
}

fn head_of(report: &Value) -> String {
    format!("{}:{}", report["head"]["seq"], report["head"]["hash"].as_str().unwrap())
}

#[tokio::test]
async fn a_log_that_nobody_touched_verifies_and_its_entries_are_listed() {
    let (installation, report) = with_entries().await;
    assert_eq!(verify(&installation, &[]).1, 0);
    assert_shape(
        &report,
        &[("ok", Field::Bool), ("entries", Field::Number), ("head", Field::Map), ("unsealed", Field::Number), ("findings", Field::List)],
    );
    assert_eq!((&report["ok"], &report["entries"], found(&report)), (&Value::Bool(true), &report["head"]["seq"], vec![]));
    let text = succeeded(installation.taskey(&["audit", "verify", "--head", &head_of(&report)]).unwrap()).unwrap();
    assert!(text.contains("the chain is whole") && text.contains(&head_of(&report)), "{text}");
    let fingerprint = text.split("by the key ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(verify(&installation, &["--key", fingerprint]).1, 0);
    let (pinned, code) = verify(&installation, &["--key", &fingerprint.replace(|c: char| c != '0', "0")]);
    assert_eq!((found(&pinned), code), (vec![is("key", 0)], 2));
    let shape = [
        ("seq", Field::Number),
        ("at", Field::Time),
        ("actor", Field::Map),
        ("action", Field::Text),
        ("detail", Field::Map),
        ("hash", Field::Text),
    ];
    let list = installation.json(&["audit", "ls"]).unwrap();
    items(&list).iter().for_each(|entry| assert_shape(entry, &shape));
    let created = installation.json(&["audit", "ls", "--action", "key.*", "--actor", "ann", "--since", "2020-01-01T00:00:00Z"]).unwrap();
    assert_eq!(items(&created).iter().filter(|entry| entry["action"] == "key.created").count(), 8);
    assert_eq!(items(&installation.json(&["audit", "ls", "--until", "2020-01-01T00:00:00Z"]).unwrap()).len(), 0);
    let subject = created["items"][0]["subject"].as_str().unwrap();
    assert_eq!(items(&installation.json(&["audit", "ls", "--subject", subject]).unwrap()).len(), 1);
    assert_eq!(installation.taskey(&["audit", "ls", "--since", "yesterday"]).unwrap().status.code(), Some(1));
}

#[tokio::test]
async fn an_entry_that_was_altered_is_named_while_the_server_runs() {
    for change in [
        "detail = '{\"name\":\"harmless\"}'",
        "detail = 'no json'",
        "actor_name = 'bob'",
        "user_id = NULL",
        "at = at - 1",
        "address = ''",
        "subject = 'key_x'",
    ] {
        let (installation, _) = with_entries().await;
        tamper(
            &installation,
            &format!("assert db.execute(\"UPDATE audit SET {} WHERE seq = 4\").rowcount == 1", change.replace('"', "\\\"")),
        );
        let (report, code) = verify(&installation, &[]);
        assert_eq!((found(&report), code), (vec![is("changed", 4)], 2), "{change}: {report}");
        let detail = report["findings"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("4 (20") && detail.contains("key.created by "), "{detail}");
        if change.starts_with("detail = '{") {
            let text = installation.taskey(&["audit", "verify"]).unwrap();
            let text = String::from_utf8_lossy(&text.stdout);
            assert!(text.contains("SOMETHING IS WRONG") && text.contains("changed"), "{text}");
        }
    }
}

#[tokio::test]
async fn entries_that_were_removed_in_the_middle_or_at_the_end_are_named() {
    let (installation, report) = with_entries().await;
    let last = report["entries"].as_u64().unwrap();
    tamper(&installation, "db.execute('DELETE FROM audit WHERE seq = 4')");
    let (report, code) = verify(&installation, &[]);
    assert_eq!((found(&report), code), (vec![is("missing", 4)], 2));
    assert!(report["findings"][0]["detail"].as_str().unwrap().contains("between 3 ("), "{report}");
    tamper(&installation, &format!("db.execute('DELETE FROM audit WHERE seq > {}')", last - 2));
    let (report, code) = verify(&installation, &[]);
    assert_eq!((found(&report), code), (vec![is("missing", 4), is("cut_off", last - 1)], 2));
}

#[tokio::test]
async fn entries_whose_contents_or_places_were_swapped_are_named() {
    let swap_contents = "\
        names = 'at actor_kind actor_id actor_name user_id address request_id action subject detail'.split()\n\
        rows = {seq: db.execute(f\"SELECT {', '.join(names)} FROM audit WHERE seq = ?\", (seq,)).fetchone() for seq in (3, 6)}\n\
        for seq, row in ((3, rows[6]), (6, rows[3])):\n    \
            db.execute('UPDATE audit SET ' + ', '.join(f'{name} = ?' for name in names) + ' WHERE seq = ?', (*row, seq))";
    let swap_places = "\
        db.execute('UPDATE audit SET seq = -3 WHERE seq = 3')\n\
        db.execute('UPDATE audit SET seq = 3 WHERE seq = 6')\n\
        db.execute('UPDATE audit SET seq = 6 WHERE seq = -3')";
    for swap in [swap_contents, swap_places] {
        let (installation, _) = with_entries().await;
        tamper(&installation, swap);
        let (report, code) = verify(&installation, &[]);
        assert_eq!((found(&report), code), (vec![is("moved", 3), is("moved", 6)], 2), "{report}");
        assert!(report["findings"][0]["detail"].as_str().unwrap().ends_with("belongs to 6"), "{report}");
    }
}

/// Computes all hashes from entry 4 on anew, as the reference says, with nothing of ours.
const REWRITE: &str = "\
import hashlib, json, datetime
def fields(*parts): return b''.join(len(part).to_bytes(8, 'big') + part for part in parts)
def text(ms):
    time = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return time.strftime('%Y-%m-%dT%H:%M:%S') + '.%03dZ' % (ms % 1000)
def entry_hash(previous, row):
    organization, seq, at, *texts, detail = row
    detail = json.dumps(json.loads(detail), sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    texts = [organization, str(seq), text(at), *[value or '' for value in texts], detail]
    return hashlib.sha256(fields(b'taskey/v1/audit-entry', previous, *[value.encode() for value in texts])).digest()
columns = 'organization_id, seq, at, actor_kind, actor_id, actor_name, user_id, address, request_id, action, subject, detail'
rows = db.execute(f'SELECT {columns} FROM audit WHERE seq IS NOT NULL ORDER BY seq').fetchall()
stored = dict(db.execute('SELECT seq, hash FROM audit WHERE seq IS NOT NULL'))
previous = bytes(32)
for row in rows:
    previous = entry_hash(previous, row)
    assert previous == stored[row[1]], row
changed = json.dumps({'name': 'harmless'})
previous = stored[3]
for row in rows[3:]:
    row = row[:-1] + (changed,) if row[1] == 4 else row
    previous = entry_hash(previous, row)
    db.execute('UPDATE audit SET detail = ?, hash = ? WHERE seq = ?', (row[-1], previous, row[1]))
";

#[tokio::test]
async fn who_computes_all_hashes_anew_is_caught_by_the_head_and_cannot_sign_another() {
    let (installation, before) = with_entries().await;
    let last = before["entries"].as_u64().unwrap();
    tamper(&installation, REWRITE);
    let (report, code) = verify(&installation, &[]);
    // The head that the server keeps beside the database may be an earlier one, if it sealed in several turns: that finds it too.
    let all = found(&report);
    assert!(all.iter().all(|finding| finding.0 == "rewritten") && all.last() == Some(&is("rewritten", last)), "{report}");
    assert_eq!(code, 2);
    tamper(&installation, "db.execute('UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE seq = audit_head.seq)')");
    let (report, code) = verify(&installation, &[]);
    assert!(found(&report).contains(&is("signature", last)) && code == 2, "{report}");
    let (report, _) = verify(&installation, &["--head", &head_of(&before)]);
    let all = found(&report);
    assert!(all.contains(&is("signature", last)) && all.last() == Some(&is("rewritten", last)), "{report}");
    // Nor does the server go on from there and sign it.
    succeeded(installation.taskey(&["keys", "create", "--name", "later"]).unwrap()).unwrap();
    let log = || std::fs::read_to_string(installation.path("server.log")).unwrap_or_default();
    installation.wait_until("the server says so", || Ok(log().contains("the audit log was tampered with"))).unwrap();
    let (report, _) = verify(&installation, &[]);
    assert_eq!((found(&report)[0].0.as_str(), &report["unsealed"]), ("signature", &serde_json::json!(1)), "{report}");
}

#[tokio::test]
async fn a_log_that_was_turned_back_with_a_head_of_that_time_is_found_by_heads_from_elsewhere() {
    let (mut installation, early) = with_entries().await;
    tamper(&installation, &format!("db.execute('VACUUM INTO ?', ('{}',))", installation.path("early.db").display()));
    // What is remembered is written with the first head after a start, and then once a minute.
    installation.server.take().unwrap().stop().unwrap();
    installation.start_server().unwrap();
    succeeded(installation.taskey(&["keys", "create", "--name", "later"]).unwrap()).unwrap();
    let mut late = Value::Null;
    installation
        .wait_until("the later one is sealed", || {
            late = verify(&installation, &[]).0;
            Ok(late["unsealed"] == 0 && late["head"]["seq"].as_u64() > early["head"]["seq"].as_u64())
        })
        .unwrap();
    installation.server.take().unwrap().stop().unwrap();
    for beside in ["data/taskey.db-wal", "data/taskey.db-shm"] {
        let _ = std::fs::remove_file(installation.path(beside));
    }
    std::fs::copy(installation.path("early.db"), installation.path("data/taskey.db")).unwrap();
    installation.start_server().unwrap();
    let last = early["entries"].as_u64().unwrap();
    let (report, code) = verify(&installation, &["--head", &head_of(&late)]);
    assert_eq!((found(&report), code), (vec![is("cut_off", last + 1)], 2), "{report}");
    // What the server has kept beside its database shows it too.
    let (report, code) = verify(&installation, &[]);
    assert_eq!((found(&report), code), (vec![is("cut_off", last + 1)], 2), "{report}");
}

#[tokio::test]
async fn what_is_not_sealed_yet_is_named_and_no_error() {
    let (mut installation, report) = with_entries().await;
    let last = report["entries"].as_u64().unwrap();
    installation.server.take().unwrap().stop().unwrap();
    // As on a database that takes no more updates: what is recorded stays the tail.
    tamper(
        &installation,
        "db.execute('CREATE TRIGGER no_sealing BEFORE UPDATE OF seq ON audit BEGIN SELECT RAISE(ABORT, \"not now\"); END')",
    );
    installation.start_server().unwrap();
    succeeded(installation.taskey(&["keys", "create", "--name", "later"]).unwrap()).unwrap();
    let output = installation.taskey(&["audit", "verify"]).unwrap();
    let text = succeeded(output).unwrap();
    assert!(text.contains("1 entry is not sealed yet, since 20") && text.contains("key.created by ann"), "{text}");
    let (report, code) = verify(&installation, &[]);
    assert_eq!((&report["unsealed"], &report["entries"], code), (&serde_json::json!(1), &serde_json::json!(last), 0));
    tamper(&installation, "db.execute('DROP TRIGGER no_sealing')");
    installation.wait_until("it is sealed after all", || Ok(verify(&installation, &[]).0["unsealed"] == 0)).unwrap();
}

#[tokio::test]
async fn a_device_keeps_a_head_against_which_a_log_that_was_made_anew_is_found() {
    let (mut installation, _) = with_entries().await;
    installation.enroll("web-1").unwrap();
    let status = || -> anyhow::Result<Value> {
        let mut taskeyd = installation.taskeyd();
        taskeyd.args(["status", "-o", "json", "--state"]).arg(installation.path("web-1"));
        Ok(serde_json::from_str(&succeeded(run(&mut taskeyd, "")?)?)?)
    };
    assert_eq!(status().unwrap()["audit_head"], Value::Null);
    let agent = installation.agent("web-1").unwrap();
    installation.wait_until("the device is told", || Ok(status()?["audit_head"].is_object())).unwrap();
    let head = status().unwrap()["audit_head"].clone();
    assert_shape(&head, &[("seq", Field::Number), ("hash", Field::Text), ("at", Field::Time)]);
    let known = format!("{}:{}", head["seq"], head["hash"].as_str().unwrap());
    assert_eq!(verify(&installation, &["--head", &known]).1, 0);
    agent.stop().unwrap();

    // With what the server keeps beside its database gone as well, it seals the log of somebody else as if it were new.
    installation.server.take().unwrap().stop().unwrap();
    std::fs::remove_file(installation.path("data/audit-heads.json")).unwrap();
    tamper(
        &installation,
        "db.execute('DELETE FROM audit WHERE seq = 4')\ndb.execute('UPDATE audit SET seq = NULL, hash = NULL')\ndb.execute('DELETE FROM audit_head')",
    );
    installation.start_server().unwrap();
    installation.wait_until("it is sealed anew", || Ok(verify(&installation, &[]).0["unsealed"] == 0)).unwrap();
    assert_eq!(verify(&installation, &[]).1, 0);
    let (report, code) = verify(&installation, &["--head", &known]);
    assert_eq!(code, 2, "{report}");
    assert!(matches!(found(&report)[0].0.as_str(), "rewritten" | "cut_off"), "{report}");
}
