//! TLS: taskey's own root for agents, a public certificate beside it, a proxy in front, and roots that change.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use taskey_testkit::ports::free_port;
use taskey_testkit::process::{Installation, binary, run, succeeded};
use taskey_testkit::proxy::{TlsProxy, self_signed};

use crate::{ended, open_folder};

fn started(scheme: &str, options: &[&str]) -> Installation {
    let mut installation = Installation::start_with(None, scheme, options).unwrap();
    if scheme == "https" {
        installation.ca = Some(installation.path("data/keys/root-1.crt"));
    }
    installation.set_up().unwrap();
    installation
}

fn says_hello(installation: &Installation) {
    let hello = installation.taskey(&["exec", "--device", "web-1", "--", "echo", "hello"]).unwrap();
    assert_eq!(succeeded(hello).unwrap(), "hello\n");
}

/// A certificate for `localhost` and 127.0.0.1 of nobody's making, with its key, in two files.
fn public_certificate(folder: &Path) -> (String, String) {
    let made = self_signed().unwrap();
    let (certificate, key) = (folder.join("public.crt"), folder.join("public.key"));
    std::fs::write(&certificate, made.certificate).unwrap();
    std::fs::write(&key, made.key).unwrap();
    (certificate.display().to_string(), key.display().to_string())
}

#[tokio::test]
async fn an_agent_and_the_command_line_speak_tls_under_the_servers_own_root() {
    let mut installation = started("https", &["--tls", "on"]);
    installation.enroll("web-1").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    says_hello(&installation);
    let status =
        Command::new(binary("taskeyd")).args(["status", "-o", "json", "--state"]).arg(installation.path("web-1")).output().unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["line"], &status["server"]), (&json!("connected"), &json!(installation.url)));

    // Whoever does not trust the root is not served, and learns why.
    let ca = installation.ca.take();
    let mut stranger = installation.command(&["login", "--server", &installation.url, "--username", "ann", "--password-stdin"]);
    stranger.env("TASKEY_CONFIG", installation.path("strangers.toml"));
    ended(&run(&mut stranger, "x").unwrap(), 1, "--ca-file");
    // The profile remembers the root.
    says_hello(&installation);
    installation.ca = ca;
    // A token whose fingerprint is another root's never leaves the machine.
    let token = succeeded(installation.taskey(&["enroll-tokens", "create", "-o", "name"]).unwrap()).unwrap();
    let wrong = format!("{}.00112233445566778899aabbccddeeff", token.split_once('.').unwrap().0);
    let mut enroll = Command::new(binary("taskeyd"));
    enroll.args(["enroll", "--server", &installation.url, "--token-file", "-", "--state"]).arg(installation.path("web-2"));
    ended(&run(&mut enroll, &wrong).unwrap(), 3, "and this device trusts 00112233445566778899aabbccddeeff");
    assert_eq!(agent.stop().unwrap().code(), Some(0));
}

/// Turns the clock of a program that it is preloaded into.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = real(id, at);
    const char *shift = getenv("CLOCK_SHIFT_S");
    if (outcome == 0 && id == CLOCK_REALTIME && shift) at->tv_sec += atoll(shift);
    return outcome;
}
"#;

#[tokio::test]
async fn a_device_whose_clock_is_wrong_by_years_enrols_connects_and_runs() {
    let mut installation = started("https", &["--tls", "on"]);
    let (source, library) = (installation.path("clock.c"), installation.path("clock.so"));
    std::fs::write(&source, CLOCK).unwrap();
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    succeeded(run(&mut compile, "").unwrap()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    // 1970-01-02 and 2040-01-01.
    for (name, there) in [("old", 86_400), ("young", 2_208_988_800)] {
        installation.taskeyd_environment =
            vec![("LD_PRELOAD".to_owned(), library.display().to_string()), ("CLOCK_SHIFT_S".to_owned(), (there - now).to_string())];
        installation.enroll(name).unwrap();
        let _agent = installation.agent(name).unwrap();
        installation.wait_for_presence(name, "online").unwrap();
        let hello = installation.taskey(&["exec", "--device", name, "--", "date", "+%Y"]).unwrap();
        assert_ne!(succeeded(hello).unwrap(), "1970\n", "what runs has a clean environment");
        let runs = installation.json(&["runs", "ls", "--device", name]).unwrap();
        let taken = runs["items"][0]["finished_at"].as_str().unwrap();
        assert!(!taken.starts_with("1970") && !taken.starts_with("2040"), "times are the server's: {taken}");
    }
}

#[tokio::test]
async fn mosquittos_client_speaks_mqtt_over_tls_and_knows_the_server_by_its_root() {
    let port = free_port().unwrap();
    let installation = started("https", &["--tls", "on", "--mqtts-listen", &format!("127.0.0.1:{port}")]);
    installation.enroll("web-1").unwrap();
    let file = installation.path("credential");
    let mut command = Command::new(binary("taskeyd"));
    command.arg("credential").arg("--state").arg(installation.path("web-1")).arg("--out").arg(&file);
    succeeded(run(&mut command, "").unwrap()).unwrap();
    let credential = std::fs::read_to_string(file).unwrap();
    let (device, password) = credential.trim_end().split_once('\n').unwrap();
    let main_port = installation.url.rsplit_once(':').unwrap().1;
    let client = |port: &str, ca: &Path, more: &[&str]| {
        let mut command = Command::new("mosquitto_pub");
        command.args(["-h", "localhost", "-p", port, "-V", "mqttv5", "-i", device, "-u", device, "-P", password, "--cafile"]).arg(ca);
        command.args(["-t", &format!("taskey/v1/dev/{device}/evt"), "-m", "{}", "-q", "1"]).args(more);
        run(&mut command, "").expect("sudo apt-get install mosquitto-clients")
    };
    let root = installation.path("data/keys/root-1.crt");
    let port = port.to_string();
    succeeded(client(&port, &root, &[])).unwrap();
    // The main port, too, for who asks for MQTT when TLS begins.
    succeeded(client(main_port, &root, &["--tls-alpn", "mqtt"])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (stranger, _) = public_certificate(folder.path());
    assert!(!client(&port, Path::new(&stranger), &[]).status.success());
}

#[tokio::test]
async fn everyone_but_an_agent_is_shown_the_public_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = public_certificate(folder.path());
    let mut installation =
        Installation::start_with(None, "https", &["--tls", "on", "--tls-cert", &certificate, "--tls-key", &key]).unwrap();
    installation.ca = Some(certificate.clone().into());
    installation.set_up().unwrap();
    installation.enroll("web-1").unwrap();
    let _agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    says_hello(&installation);
    let curl =
        |trusted: &str| Command::new("curl").args(["-sS", "--cacert", trusted, &format!("{}/healthz", installation.url)]).output().unwrap();
    assert_eq!(succeeded(curl(&certificate)).unwrap(), "ok\n");
    let root = installation.path("data/keys/root-1.crt").display().to_string();
    assert!(!curl(&root).status.success(), "the root is for agents");
}

#[tokio::test]
async fn a_second_root_is_learned_before_the_first_goes() {
    let mut installation = started("https", &["--tls", "on"]);
    installation.enroll("web-1").unwrap();
    installation.enroll("late").unwrap();
    let agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    let data = installation.path("data").display().to_string();
    let roots =
        |arguments: &[&str]| installation.taskey(&[&["admin", "roots"], arguments, &["--data", &data, "-o", "json"]].concat()).unwrap();
    ended(&roots(&["retire", "1"]), 1, "root 1 is the only one");
    let listed: Value = serde_json::from_str(&succeeded(roots(&["add"])).unwrap()).unwrap();
    assert_eq!((&listed["items"][0]["shown"], &listed["items"][1]["shown"]), (&json!(true), &json!(false)));
    let second = listed["items"][1]["fingerprint"].clone();

    let restart = |installation: &mut Installation| {
        installation.server.take().unwrap().stop().unwrap();
        installation.start_server().unwrap();
    };
    restart(&mut installation);
    let learned = || {
        let identity: Value = serde_json::from_str(&std::fs::read_to_string(installation.path("web-1/identity.json"))?)?;
        Ok(identity["roots"][1] == second)
    };
    installation.wait_until("the device has learned of the second root", learned).unwrap();

    let retired = installation.taskey(&["admin", "roots", "retire", "1", "--data", &data]).unwrap();
    succeeded(retired).unwrap();
    restart(&mut installation);
    installation.ca = Some(installation.path("data/keys/root-2.crt"));
    installation.wait_for_presence("web-1", "online").unwrap();
    says_hello(&installation);
    drop(agent);
    let _agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    says_hello(&installation);
    // Who has not connected in between has to be enrolled anew, and is told what does not fit.
    let late = installation.agent("late").unwrap();
    let told = || Ok(std::fs::read_to_string(installation.path("late.log"))?.contains("and this device trusts"));
    installation.wait_until("the late device says what is wrong", told).unwrap();
    drop(late);
}

#[tokio::test]
async fn behind_a_proxy_with_a_public_certificate_the_machines_own_trust_decides() {
    let folder = open_folder().unwrap();
    let proxy = TlsProxy::bind().unwrap();
    let certificate = folder.path().join("public.crt");
    std::fs::write(&certificate, &proxy.certificate).unwrap();
    let url = format!("https://localhost:{}", proxy.port);
    let mut installation = Installation::start_with(None, "http", &["--public-url", &url, "--trusted-proxy", "127.0.0.1"]).unwrap();
    proxy.forward_to(installation.url.trim_start_matches("http://").to_owned());
    installation.public_url = Some(url);
    installation.ca = Some(certificate.clone());
    installation.set_up().unwrap();
    let token = succeeded(installation.taskey(&["enroll-tokens", "create", "-o", "name"]).unwrap()).unwrap();
    assert!(token.trim_end().ends_with(".webpki"), "{token}");
    let untrusted = installation.enroll("web-1").unwrap_err().to_string();
    assert!(untrusted.contains("no trusted connection"), "{untrusted}");
    installation.taskeyd_environment = vec![("SSL_CERT_FILE".to_owned(), certificate.display().to_string())];
    installation.enroll("web-1").unwrap();
    let _agent = installation.agent("web-1").unwrap();
    installation.wait_for_presence("web-1", "online").unwrap();
    says_hello(&installation);
}
