//! `install.sh` as the server gives it, run as people run it: by dash, bash and busybox, with curl and wget. Everything goes below a prefix, so that
//! no root is needed and the machine stays as it is; what takes root is in `deploy/deb/test.sh`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use taskey_testkit::process::{Installation, binary, run, succeeded};

use crate::ended;

/// The programs that the script starts, if each has its way.
const TOOLS: [&str; 22] = [
    "awk",
    "cat",
    "chmod",
    "chown",
    "cp",
    "curl",
    "dirname",
    "grep",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "rmdir",
    "sed",
    "sha256sum",
    "sleep",
    "stty",
    "uname",
    "wget",
];

fn agent_name() -> String {
    format!("taskeyd-linux-{}", std::env::consts::ARCH)
}

/// A server that is set up and gives the agent that was built beside it.
struct Given {
    installation: Installation,
    agents: tempfile::TempDir,
}

impl Given {
    fn start(scheme: &str, options: &[&str]) -> Self {
        let agents = tempfile::tempdir().unwrap();
        let folder = agents.path().display().to_string();
        let options = [options, &["--agents", &folder]].concat();
        let mut installation = Installation::start_with(None, scheme, &options).unwrap();
        if scheme == "https" {
            installation.ca = Some(installation.path("data/keys/root-1.crt"));
        }
        installation.set_up().unwrap();
        let given = Self { installation, agents };
        given.give("");
        given
    }

    /// The server gives this agent from now on: a script that writes down what it is told and with which environment, and becomes the real one.
    fn give(&self, remark: &str) {
        let text = format!(
            "#!/bin/sh\n# {remark}\n{{ echo \"taskeyd $*\"; env; }} >>'{}'\nexec '{}' \"$@\"\n",
            self.record().display(),
            binary("taskeyd").display()
        );
        write_program(&self.agents.path().join(agent_name()), &text);
    }

    /// Arguments and environment of everything that was started.
    fn record(&self) -> PathBuf {
        self.installation.path("record")
    }

    fn recorded(&self) -> String {
        fs::read_to_string(self.record()).unwrap_or_default()
    }

    /// The script, as curl brings it.
    fn script(&self) -> PathBuf {
        let mut curl = Command::new("curl");
        curl.args(["-fsS", &format!("{}/install.sh", self.installation.url)]);
        self.saved(&succeeded(run(&mut curl, "").unwrap()).unwrap())
    }

    fn saved(&self, script: &str) -> PathBuf {
        let path = self.installation.path("install.sh");
        fs::write(&path, script).unwrap();
        path
    }

    fn prefix(&self) -> PathBuf {
        self.installation.path("prefix")
    }

    fn token(&self) -> String {
        succeeded(self.installation.taskey(&["enroll-tokens", "create", "-o", "name"]).unwrap()).unwrap().trim().to_owned()
    }

    /// The script without a terminal, below the prefix.
    fn run(&self, shell: &[&str], script: &Path, arguments: &[&str], token: Option<&str>) -> Output {
        let mut command = without_terminal(shell, script);
        command.arg("--prefix").arg(self.prefix()).args(arguments);
        command.env("PATH", self.tools()).env_remove("TASKEY_ENROLL_TOKEN");
        if let Some(token) = token {
            command.env("TASKEY_ENROLL_TOKEN", token);
        }
        run(&mut command, "").unwrap()
    }

    /// A folder of programs that write down how they are started, and become the real ones. Nothing else is found.
    fn tools(&self) -> PathBuf {
        let folder = self.installation.path("tools");
        if !folder.exists() {
            fs::create_dir(&folder).unwrap();
            for tool in TOOLS {
                let Some(real) = which(tool) else { continue };
                let text = format!(
                    "#!/bin/sh\n{{ echo \"{tool} $*\"; {}; }} >>'{}'\nexec {} \"$@\"\n",
                    env(),
                    self.record().display(),
                    real.display()
                );
                write_program(&folder.join(tool), &text);
            }
        }
        folder
    }

    fn identity(&self) -> String {
        fs::read_to_string(self.prefix().join("state/identity.json")).unwrap()
    }
}

/// A shell that has no terminal to ask on, whoever runs these tests.
fn without_terminal(shell: &[&str], script: &Path) -> Command {
    let mut command = Command::new(which("setsid").unwrap());
    command.arg("--wait").arg(which(shell[0]).unwrap()).args(&shell[1..]).arg(script);
    command
}

fn env() -> String {
    which("env").unwrap().display().to_string()
}

fn which(program: &str) -> Option<PathBuf> {
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists())
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_script_says_what_it_will_do_and_without_a_yes_does_nothing() {
    let given = Given::start("http", &[]);
    let script = given.script();
    let output = given.run(&["sh"], &script, &[], Some(&given.token()));
    ended(&output, 1, "there is no terminal to ask on; say --yes if this is what you want. Nothing was changed");
    let plan = said(&output);
    let (url, prefix) = (&given.installation.url, given.prefix().display().to_string());
    for part in [
        url.as_str(),
        &format!("{prefix}/bin/taskeyd"),
        &format!("{prefix}/state"),
        "run_as = [\"taskey\", \"nobody\"]",
        "nothing is started here",
    ] {
        assert!(plan.contains(part), "{part} is not said in: {plan}");
    }
    assert!(!given.prefix().exists());
    ended(&given.run(&["sh"], &script, &["--yes"], None), 1, "there is no terminal to ask for the token on");
    ended(&given.run(&["sh"], &script, &["--yes"], Some("tky_nonsense")), 1, "this is no enrolment token");
    ended(&given.run(&["sh"], &script, &["--yse"], None), 1, "--yse is not known here");
    assert!(!given.prefix().exists());
    assert!(!given.recorded().contains("curl "), "nothing was fetched: {}", given.recorded());
}

#[test]
fn a_machine_is_installed_upgraded_and_left_as_it_was_and_the_token_is_seen_nowhere() {
    let given = Given::start("http", &[]);
    let token = given.token();
    let first = given.run(&["sh"], &given.script(), &["--yes", "--name", "web-1"], Some(&token));
    ended(&first, 0, "");
    assert!(said(&first).contains("is installed and enrolled. It does not run yet"), "{}", said(&first));
    let recorded = given.recorded();
    let secret = token.split_once('.').unwrap().0;
    assert!(recorded.contains("taskeyd enroll --server") && recorded.contains(&format!("/install/{}", agent_name())), "{recorded}");
    assert!(!recorded.contains(secret), "the token is in an argument, an address or an environment");
    assert!(!said(&first).contains(secret) && !String::from_utf8_lossy(&first.stderr).contains(secret));

    // The agent that is there now is the device.
    let mut agent = Command::new(given.prefix().join("bin/taskeyd"));
    agent.arg("run").arg("--state").arg(given.prefix().join("state"));
    let agent = taskey_testkit::process::Running::start(&mut agent, &given.installation.path("agent.log")).unwrap();
    given.installation.wait_for_presence("web-1", "online").unwrap();
    ended(&given.run(&["sh"], &given.script(), &["--uninstall", "--yes"], None), 1, "taskeyd runs");
    agent.stop().unwrap();

    let identity = given.identity();
    let same = given.run(&["sh"], &given.script(), &["--yes"], None);
    ended(&same, 0, "");
    assert!(said(&same).contains("was there already; nothing was changed"), "{}", said(&same));
    given.give("a newer one");
    let newer = given.run(&["sh"], &given.script(), &["--yes"], None);
    ended(&newer, 0, "");
    assert!(said(&newer).contains("This brings taskeyd") && said(&newer).contains("stays as it is, with http://"), "{}", said(&newer));
    assert!(fs::read_to_string(given.prefix().join("bin/taskeyd")).unwrap().contains("a newer one"));
    assert_eq!(given.identity(), identity, "it stays enrolled");

    let removed = given.run(&["sh"], &given.script(), &["--uninstall", "--yes"], None);
    ended(&removed, 0, "");
    assert!(!given.prefix().join("bin").exists());
    assert_eq!(given.identity(), identity, "keys stay unless a purge is asked for");
    ended(&given.run(&["sh"], &given.script(), &["--uninstall", "--purge", "--yes"], None), 0, "");
    assert!(!given.prefix().exists(), "nothing is left");
    let nothing = given.run(&["sh"], &given.script(), &["--uninstall", "--yes"], None);
    assert!(said(&nothing).contains("There is nothing here that this script has installed"), "{}", said(&nothing));
}

#[test]
fn what_is_not_the_binary_that_the_script_knows_is_refused_and_nothing_is_left() {
    let given = Given::start("http", &[]);
    let script = given.script();
    given.give("of somebody else");
    let output = given.run(&["sh"], &script, &["--yes"], Some(&given.token()));
    ended(&output, 1, "is not the binary that this script knows");
    assert!(!given.prefix().exists());
    assert!(!given.recorded().contains("taskeyd --version"), "it was not started");

    // A program that is somebody else's is not replaced.
    fs::create_dir_all(given.prefix().join("bin")).unwrap();
    fs::write(given.prefix().join("bin/taskeyd"), "theirs").unwrap();
    ended(&given.run(&["sh"], &given.script(), &["--yes"], Some(&given.token())), 1, "is there, and not by this script");
    ended(&given.run(&["sh"], &given.script(), &["--uninstall", "--yes"], None), 1, "was not put there by this script");
    assert_eq!(fs::read_to_string(given.prefix().join("bin/taskeyd")).unwrap(), "theirs");
}

#[test]
fn a_failure_leaves_the_machine_as_it_was() {
    let given = Given::start("http", &[]);
    let token = given.token();
    let wrong = format!("enr_nonsense.{}", token.split_once('.').unwrap().1);
    let refused = given.run(&["sh"], &given.script(), &["--yes"], Some(&wrong));
    ended(&refused, 1, "the machine could not be enrolled");
    ended(&refused, 1, "what had been done so far is undone");
    assert!(!given.prefix().exists());

    ended(&given.run(&["sh"], &given.script(), &["--yes"], Some(&token)), 0, "");
    let identity = given.identity();
    // An upgrade to what does not run.
    write_program(&given.agents.path().join(agent_name()), "#!/bin/sh\necho taskeyd 99.0.0\n");
    ended(&given.run(&["sh"], &given.script(), &["--yes"], None), 1, "says that it is \"taskeyd 99.0.0\"");
    let version = Command::new(given.prefix().join("bin/taskeyd")).arg("--version").output().unwrap();
    assert_eq!(said(&version), format!("taskeyd {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(given.identity(), identity);
    let left: Vec<_> = fs::read_dir(given.prefix().join("bin")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["taskeyd"]);
}

#[test]
fn every_shell_and_either_downloader_will_do() {
    let given = Given::start("http", &[]);
    let script = given.script();
    let busybox = which("busybox").expect("sudo apt-get install busybox");
    let applets = given.installation.path("applets");
    fs::create_dir(&applets).unwrap();
    for applet in succeeded(run(Command::new(&busybox).arg("--list"), "").unwrap()).unwrap().lines() {
        std::os::unix::fs::symlink(&busybox, applets.join(applet)).unwrap();
    }
    let without_curl = given.installation.path("without-curl");
    given.tools();
    fs::create_dir(&without_curl).unwrap();
    for tool in TOOLS.into_iter().filter(|tool| *tool != "curl") {
        if let Some(real) = which(tool) {
            std::os::unix::fs::symlink(real, without_curl.join(tool)).unwrap();
        }
    }
    let ways: [(&[&str], &Path); 4] =
        [(&["dash"], &given.tools()), (&["bash", "--posix"], &given.tools()), (&["dash"], &without_curl), (&["busybox", "sh"], &applets)];
    for (shell, path) in ways {
        let token = given.installation.path("token");
        fs::write(&token, given.token()).unwrap();
        let mut command = without_terminal(shell, &script);
        command.arg("--prefix").arg(given.prefix()).args(["--yes", "--token-file"]).arg(&token).env("PATH", path);
        ended(&run(&mut command, "").unwrap(), 0, "");
        assert!(given.identity().contains(&given.installation.url), "{shell:?}");
        ended(&given.run(shell, &script, &["--uninstall", "--purge", "--yes"], None), 0, "");
        assert!(!given.prefix().exists(), "{shell:?}");
    }
}

/// Types what a person would, each thing once it is asked for.
const PERSON: &str = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
for asked, answer in ((b"[y/N] ", b"y\n"), (b"not shown): ", os.environb[b"ANSWER"] + b"\n")):
    while not seen.endswith(asked):
        seen += os.read(terminal, 1)
    os.write(terminal, answer)
try:
    while piece := os.read(terminal, 4096):
        seen += piece
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn on_a_terminal_it_asks_even_when_the_script_comes_through_a_pipe() {
    let given = Given::start("http", &[]);
    let token = given.token();
    let mut person = Command::new("python3");
    let line = format!("curl -fsSL {}/install.sh | sh -s -- --prefix '{}'", given.installation.url, given.prefix().display());
    person.args(["-c", PERSON, "sh", "-c", &line]).env("ANSWER", &token).env_remove("TASKEY_ENROLL_TOKEN");
    let output = run(&mut person, "").unwrap();
    ended(&output, 0, "");
    assert!(said(&output).contains("is installed and enrolled"), "{}", said(&output));
    assert!(!said(&output).contains(&token), "the token is not shown");
    assert!(given.identity().contains(&given.installation.url));
}

#[test]
fn under_the_servers_own_root_the_script_comes_by_the_command_line_and_holds_the_root() {
    let given = Given::start("https", &["--tls", "on"]);
    let script = given.saved(&succeeded(given.installation.taskey(&["install-script"]).unwrap()).unwrap());
    let output = given.run(&["sh"], &script, &["--yes"], Some(&given.token()));
    ended(&output, 0, "");
    assert!(given.recorded().contains("curl --cacert "), "{}", given.recorded());
    assert!(given.identity().contains("https://127.0.0.1"));
    let created = given.installation.json(&["enroll-tokens", "create"]).unwrap();
    assert!(created["install"].as_str().unwrap().starts_with("taskey install-script | ssh"), "{created}");

    // A root of somebody else's: curl does not connect, and nothing is left.
    ended(&given.run(&["sh"], &script, &["--uninstall", "--purge", "--yes"], None), 0, "");
    let other = Given::start("https", &["--tls", "on"]);
    let root = |given: &Given| fs::read_to_string(given.installation.path("data/keys/root-1.crt")).unwrap().trim().to_owned();
    let forged = fs::read_to_string(&script).unwrap().replace(&root(&given), &root(&other));
    let forged = given.saved(&forged);
    ended(&given.run(&["sh"], &forged, &["--yes"], Some(&given.token())), 1, "the binary could not be fetched");
    assert!(!given.prefix().exists());
}

#[test]
fn script_and_binary_are_for_everyone_and_nothing_else_is_there() {
    let given = Given::start("http", &[]);
    let url = &given.installation.url;
    let ask = |path: &str, more: &[&str]| {
        said(&Command::new("curl").args(["-sS", "-D", "-", &format!("{url}{path}")]).args(more).output().unwrap())
    };
    let script = ask("/install.sh", &[]);
    assert!(script.starts_with("HTTP/1.1 200") && script.contains("content-type: text/x-shellscript"), "{script}");
    assert!(!script.to_ascii_lowercase().contains("set-cookie"));
    let path = format!("/install/{}", agent_name());
    let sent = ask(&path, &[]);
    assert!(sent.ends_with(&fs::read_to_string(given.agents.path().join(agent_name())).unwrap()), "{sent}");
    let etag = sent.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().trim();
    assert!(script.contains(etag.trim_matches('"')), "the script knows the digest");
    let known = ask(&path, &["-H", &format!("If-None-Match: {etag}")]);
    assert!(known.starts_with("HTTP/1.1 304"), "{known}");
    for missing in ["/install/taskeyd-linux-riscv64", "/install/..%2F..%2Fetc%2Fpasswd", "/install/"] {
        assert!(!ask(missing, &[]).starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream"), "{missing}");
    }
    assert!(ask("/install/taskeyd-linux-riscv64", &[]).starts_with("HTTP/1.1 404"));
    assert!(
        ask("/install.sh", &["-H", "Host: evil.example"]).starts_with("HTTP/1.1 421"),
        "{}",
        ask("/install.sh", &["-H", "Host: evil.example"])
    );

    let created = given.installation.json(&["enroll-tokens", "create"]).unwrap();
    assert!(created["install"].as_str().unwrap().contains(&format!("curl -fsSL {url}/install.sh")), "{created}");
    // Without an agent to give, the script says so and nobody is told to use it.
    fs::remove_file(given.agents.path().join(agent_name())).unwrap();
    assert!(ask(&path, &[]).starts_with("HTTP/1.1 404"));
    ended(&given.run(&["sh"], &given.script(), &["--yes"], Some(&given.token())), 1, "has no taskeyd for");
    let created = given.installation.json(&["enroll-tokens", "create"]).unwrap();
    assert_eq!(created.get("install"), None::<&Value>, "{created}");
}
