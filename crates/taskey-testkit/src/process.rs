//! The real binaries, as a user starts them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process};

use crate::PATIENCE;
use crate::ports::free_port;

/// Where the built binaries lie: beside the test's own.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the test knows its own path");
    let folder = own.ancestors().find(|folder| folder.join(name).is_file());
    folder.map(|folder| folder.join(name)).unwrap_or_else(|| panic!("`{name}` is not built; run `cargo build --workspace` first"))
}

/// A child that is ended with the test.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    pub log: PathBuf,
}

impl Running {
    /// Starts a program; its standard output is read by line, its standard error goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn()?;
        let output = BufReader::new(child.stdout.take().context("a standard output")?);
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines, log: log.to_owned() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output.
    pub fn line(&self) -> anyhow::Result<String> {
        self.lines.recv_timeout(PATIENCE).with_context(|| format!("no line came; its log: {}", self.tail()))
    }

    pub fn kill_9(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<std::process::ExitStatus> {
        self.signal(Signal::TERM)?;
        Ok(self.child.wait()?)
    }

    /// Waits until it has ended by itself.
    pub fn end(mut self) -> anyhow::Result<std::process::ExitStatus> {
        Ok(self.child.wait()?)
    }

    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = Pid::from_raw(self.child.id() as i32).context("a pid")?;
        Ok(kill_process(pid, signal)?)
    }

    /// From now on nothing it writes to a file beyond the first `len` bytes succeeds, as on a full disk; `None` ends that.
    pub fn fill_disk(&self, len: Option<u64>) -> anyhow::Result<()> {
        let pid = Pid::from_raw(self.child.id() as i32).context("a pid")?;
        let maximum = rustix::process::prlimit(Some(pid), Resource::Fsize, Rlimit { current: len, maximum: None })?.maximum;
        ensure!(maximum.is_none(), "this test must be allowed to write large files");
        Ok(())
    }

    fn tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Agents are killed with their test, and leave their room in the machine's control groups behind.
impl Drop for Installation {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten() {
            if entry.path().join("identity.json").exists() {
                taskey_agent::cell::Cells::find(&entry.path()).remove();
            }
        }
    }
}

/// A server, a device and an administrator's command line, in one temporary folder.
pub struct Installation {
    pub folder: tempfile::TempDir,
    /// PostgreSQL where given, else SQLite.
    pub database_url: Option<String>,
    pub server: Option<Running>,
    pub url: String,
    pub mqtt_port: u16,
    pub setup_code: Option<String>,
    /// What `taskey serve` is told beside where it listens.
    pub options: Vec<String>,
    /// What everyone here trusts the server by, where it speaks TLS under its own root.
    pub ca: Option<PathBuf>,
    /// By which address people and devices reach it, where that is not its own.
    pub public_url: Option<String>,
    /// Given to every `taskeyd` beside the test's own environment.
    pub taskeyd_environment: Vec<(String, String)>,
    /// Whether servers and agents that are started from now on live on when a file of theirs may not grow; see [`Running::fill_disk`].
    pub outlives_full_disk: bool,
}

pub const PASSWORD: &str = "correct horse battery";

impl Installation {
    /// A server on an empty folder.
    pub fn start(database_url: Option<String>) -> anyhow::Result<Self> {
        Self::start_with(database_url, "http", &[])
    }

    /// The same, listening by that scheme and with more options for `taskey serve`.
    pub fn start_with(database_url: Option<String>, scheme: &str, options: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("taskey-test").tempdir_in("/tmp")?;
        let mqtt_port = free_port()?;
        let http_port = free_port()?;
        let url = format!("{scheme}://127.0.0.1:{http_port}");
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut installation = Self {
            folder,
            database_url,
            server: None,
            url,
            mqtt_port,
            setup_code: None,
            options,
            ca: None,
            public_url: None,
            taskeyd_environment: Vec::new(),
            outlives_full_disk: false,
        };
        installation.start_server()?;
        Ok(installation)
    }

    /// Starts the server, again after it was ended, on the same ports.
    pub fn start_server(&mut self) -> anyhow::Result<()> {
        let mut command = self.program("taskey");
        let address = self.url.split_once("://").map_or(self.url.as_str(), |(_, address)| address);
        command.args(["serve", "--listen", address, "--mqtt-listen"]);
        command.arg(format!("127.0.0.1:{}", self.mqtt_port)).arg("--data").arg(self.path("data")).args(&self.options);
        if let Some(url) = &self.database_url {
            command.env("TASKEY_DATABASE_URL", url);
        }
        let server = Running::start(&mut command, &self.path("server.log"))?;
        loop {
            let line = server.line()?;
            match line.split_once(": ") {
                Some(("set-up code", code)) => self.setup_code = Some(code.to_owned()),
                Some(("ready", _)) => break,
                _ => bail!("an unexpected line: {line}"),
            }
        }
        self.server = Some(server);
        Ok(())
    }

    /// Sets the server up; the command line is signed in afterwards.
    pub fn set_up(&self) -> anyhow::Result<()> {
        let code = self.setup_code.clone().context("a set-up code")?;
        let arguments =
            ["setup", "--server", self.address(), "--code", &code, "--organization", "Acme", "--username", "ann", "--password-stdin"];
        succeeded(self.taskey_with(&arguments, PASSWORD)?).map(|_| ())
    }

    fn address(&self) -> &str {
        self.public_url.as_deref().unwrap_or(&self.url)
    }

    /// `taskeyd` with what this installation's agents have in their environment, not yet started.
    pub fn taskeyd(&self) -> Command {
        let mut command = self.program("taskeyd");
        command.envs(self.taskeyd_environment.iter().cloned());
        command
    }

    fn program(&self, name: &str) -> Command {
        if !self.outlives_full_disk {
            return Command::new(binary(name));
        }
        // A signal that is ignored stays ignored across exec.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(binary(name));
        command
    }

    /// Enrols a device, its state in a folder of its name.
    pub fn enroll(&self, name: &str) -> anyhow::Result<()> {
        self.enroll_at(name, self.address())
    }

    /// The same, by another address of the server.
    pub fn enroll_at(&self, name: &str, address: &str) -> anyhow::Result<()> {
        let token = succeeded(self.taskey(&["enroll-tokens", "create", "--uses", "1", "--ttl", "1h", "-o", "name"])?)?;
        let state = self.path(name);
        let mut command = self.taskeyd();
        command.args(["enroll", "--server", address, "--token-file", "-", "--name", name, "--state"]).arg(state);
        succeeded(run(&mut command, token.trim())?).map(|_| ())
    }

    /// Starts a device's agent.
    pub fn agent(&self, name: &str) -> anyhow::Result<Running> {
        let mut command = self.taskeyd();
        command.args(["run", "--state"]).arg(self.path(name));
        Running::start(&mut command, &self.path(&format!("{name}.log")))
    }

    /// Runs `taskey` as the administrator.
    pub fn taskey(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.taskey_with(arguments, "")
    }

    pub fn taskey_with(&self, arguments: &[&str], input: &str) -> anyhow::Result<Output> {
        run(&mut self.command(arguments), input)
    }

    /// `taskey` with the administrator's profile, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("taskey"));
        command.args(arguments).env("TASKEY_CONFIG", self.path("config.toml")).env_remove("TASKEY_SERVER").env_remove("TASKEY_API_KEY");
        if let Some(ca) = &self.ca {
            command.env("TASKEY_CA_FILE", ca);
        }
        command
    }

    /// The JSON that a command prints.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
        let arguments = [arguments, &["-o", "json"]].concat();
        Ok(serde_json::from_str(&succeeded(self.taskey(&arguments)?)?)?)
    }

    /// Waits until a device is online, or offline.
    pub fn wait_for_presence(&self, name: &str, presence: &str) -> anyhow::Result<()> {
        self.wait_until(&format!("{name} is {presence}"), || Ok(self.json(&["devices", "show", name])?["presence"] == presence))
    }

    /// Looks again and again, without a pause of its own: each look is a process.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let started = Instant::now();
        while !holds()? {
            if started.elapsed() > PATIENCE {
                bail!("{what}: this did not come to hold");
            }
        }
        Ok(())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Runs a program to its end with something on its standard input.
pub fn run(command: &mut Command, input: &str) -> anyhow::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("a standard input")?;
    // It may have ended without reading.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    Ok(child.wait_with_output()?)
}

/// The standard output of a program that succeeded.
pub fn succeeded(output: Output) -> anyhow::Result<String> {
    if !output.status.success() {
        bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
