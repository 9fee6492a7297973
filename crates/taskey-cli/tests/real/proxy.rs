//! Agents that reach their server through an HTTP proxy alone.

use serde_json::Value;
use taskey_testkit::middlebox::ConnectProxy;
use taskey_testkit::process::{Installation, succeeded};

const CREDENTIALS: &str = "ann:s3cr3t/word";
/// The same as it stands in an address.
const ENCODED: &str = "ann:s3cr3t%2Fword";
/// Known to the proxy alone: no resolver knows a name under `.test`.
const SERVER: &str = "https://taskey.test";

/// A server that speaks TLS, known by a name that only the proxy resolves.
fn behind_proxy() -> (Installation, ConnectProxy) {
    let mut installation = Installation::start_with(None, "https", &["--tls", "on", "--public-url", SERVER]).unwrap();
    installation.ca = Some(installation.path("data/keys/root-1.crt"));
    installation.set_up().unwrap();
    let proxy = ConnectProxy::start(Some(CREDENTIALS)).unwrap();
    proxy.add_name("taskey.test:443", installation.url.trim_start_matches("https://"));
    (installation, proxy)
}

fn use_proxy(installation: &mut Installation, variable: &str, credentials: &str, port: u16) {
    let value = format!("http://{credentials}127.0.0.1:{port}");
    installation.taskeyd_environment = vec![(variable.to_owned(), value), ("no_proxy".to_owned(), "example.test,192.0.2.0/24".to_owned())];
}

fn findings(installation: &Installation) -> Value {
    let told = installation.taskeyd().args(["doctor", "-o", "json", "--state"]).arg(installation.path("web-1")).output().unwrap();
    let report: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    let by_check = report["items"].as_array().unwrap().iter();
    Value::Object(by_check.map(|finding| (finding["check"].as_str().unwrap().to_owned(), finding.clone())).collect())
}

fn status(installation: &Installation) -> Value {
    let told = installation.taskeyd().args(["status", "-o", "json", "--state"]).arg(installation.path("web-1")).output().unwrap();
    serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"))
}

/// Whether any file of the installation holds the credentials, in any form in which they are written.
fn holds_credentials(installation: &Installation) -> bool {
    let basic = taskey_proto::crypto::base64(CREDENTIALS.as_bytes());
    let mut grep = std::process::Command::new("grep");
    let found = grep.args(["-r", "-l", "-F", "-e", "s3cr3t", "-e", &basic]).arg(installation.folder.path()).output().unwrap();
    assert!(matches!(found.status.code(), Some(0 | 1)), "{found:?}");
    !found.stdout.is_empty()
}

#[tokio::test]
async fn an_agent_that_has_only_a_proxy_enrols_over_tls_runs_and_never_tells_the_credentials() {
    let (mut installation, proxy) = behind_proxy();
    let direct = installation.enroll_at("web-1", SERVER).unwrap_err().to_string();
    assert!(direct.contains("its name has no address"), "{direct}");

    use_proxy(&mut installation, "HTTPS_PROXY", &format!("{ENCODED}@"), proxy.port);
    installation.enroll_at("web-1", SERVER).unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    // The line, and what is told beside it: more output than one message holds goes by requests of its own.
    let hello = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "hello"]).unwrap();
    assert_eq!(succeeded(hello).unwrap(), "hello\n");
    let much = installation.taskey(&["exec", "--device", "web-1", "--", "sh", "-c", "yes | head -c 900000"]).unwrap();
    assert_eq!(succeeded(much).unwrap().len(), 900_000);
    assert!(proxy.asked().iter().all(|target| target == "taskey.test:443"), "{:?}", proxy.asked());
    assert!(proxy.asked().len() >= 4, "enrolment, challenge, line and output: {:?}", proxy.asked());

    let shown = format!("http://127.0.0.1:{}", proxy.port);
    installation.wait_until("the agent notes its line", || Ok(status(&installation)["way"] == "tls")).unwrap();
    assert_eq!(status(&installation)["proxy"], shown);
    let found = findings(&installation);
    assert_eq!((&found["proxy"]["verdict"], &found["sign-in"]["verdict"]), (&"ok".into(), &"ok".into()), "{found}");
    assert!(found["proxy"]["detail"].as_str().unwrap().contains(&shown), "{found}");

    let environment = installation.taskey(&["exec", "--device", "web-1", "--", "env"]).unwrap();
    assert!(!succeeded(environment).unwrap().to_lowercase().contains("proxy"), "what runs is not told of the proxy");
    let table = installation.taskeyd().args(["status", "--state"]).arg(installation.path("web-1")).output().unwrap();
    let told = format!("{found}{}{}", status(&installation), succeeded(table).unwrap());
    assert!(told.contains(&shown) && !told.contains("s3cr3t"), "{told}");
    drop(agent);
    assert!(!holds_credentials(&installation));
}

#[tokio::test]
async fn what_a_proxy_refuses_is_told_apart_from_what_the_server_does() {
    let (mut installation, proxy) = behind_proxy();
    use_proxy(&mut installation, "https_proxy", &format!("{ENCODED}@"), proxy.port);
    installation.enroll_at("web-1", SERVER).unwrap();
    let problem = |installation: &Installation, check: &str, saying: &str| {
        let found = findings(installation);
        let told = format!("{} {}", found[check]["detail"], found[check]["advice"]);
        assert!(found[check]["verdict"] == "problem" && told.contains(saying), "`{saying}` is not said in {found}");
        assert!(!found.to_string().contains("s3cr3t"));
    };
    proxy.refuse_with(Some(403));
    problem(&installation, "proxy", "does not let this device through to taskey.test:443");
    proxy.refuse_with(Some(502));
    problem(&installation, "server", "does not reach taskey.test:443 itself");
    proxy.refuse_with(None);
    assert_eq!(findings(&installation)["sign-in"]["verdict"], "ok");

    use_proxy(&mut installation, "https_proxy", "ann:s3cr3t-and-wrong@", proxy.port);
    problem(&installation, "proxy", "does not accept the credentials");
    use_proxy(&mut installation, "https_proxy", "", proxy.port);
    problem(&installation, "proxy", "put user and password into https_proxy");
    // A running agent says so too, in its log and in its status.
    let agent = installation.agent("web-1").unwrap();
    let told = || {
        Ok(status(&installation)["detail"].as_str().is_some_and(|why| why.contains("the proxy http://127.0.0.1") && why.contains("407")))
    };
    installation.wait_until("the agent names the proxy", told).unwrap();
    assert!(std::fs::read_to_string(installation.path("web-1.log")).unwrap().contains("asks for credentials (407)"));
    installation.taskeyd_environment.clear();
    problem(&installation, "server", "its name has no address");
    assert_eq!(findings(&installation)["proxy"]["verdict"], "warning", "the agent's environment is another");
    drop(agent);

    use_proxy(&mut installation, "ALL_PROXY", &format!("{ENCODED}@"), 1);
    problem(&installation, "proxy", "cannot be reached: Connection refused");
    installation.taskeyd_environment = vec![("https_proxy".to_owned(), format!("socks5://{ENCODED}@127.0.0.1:1"))];
    problem(&installation, "proxy", "socks5://");
    assert!(!holds_credentials(&installation));
}
