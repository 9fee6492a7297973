//! The programs that are measured: where they lie, how they are started, and that they end with the bench.

use std::fs::{File, Permissions};
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

pub const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A program that is ended with this.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    log: PathBuf,
}

impl Running {
    /// Starts a program; its standard output is read by line, its standard error goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?);
        let mut child = command.spawn().with_context(|| format!("{program} cannot be started"))?;
        let output = BufReader::new(child.stdout.take().context("a standard output")?);
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        Ok(Self { child, lines, log: log.to_owned() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What follows `word` and a colon on a line of standard output; other lines are passed over.
    pub fn line(&self, word: &str) -> anyhow::Result<String> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).with_context(|| format!("it did not say `{word}`: {}", self.log()))?;
            if let Some((_, rest)) = line.split_once(": ").filter(|(said, _)| *said == word) {
                return Ok(rest.to_owned());
            }
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that was built with this one: `PROFILE` is the folder of its cargo profile.
pub fn built(profile: &str, name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).context("the target folder")?;
    let program = target.join(profile).join(name);
    if !program.is_file() {
        bail!("{} is not built; run the bench by `cargo x bench`", program.display());
    }
    Ok(program)
}

/// A program of the system; some lie where only root looks.
pub fn installed(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    let mut programs = folders.map(|folder| folder.join(name));
    programs.find(|program| program.is_file()).with_context(|| format!("{name} is not installed: sudo apt-get install {name}"))
}

/// A folder that goes with the bench. Others may enter it: commands run as a user who may do little.
pub fn folder() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("taskey-bench").tempdir()?;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    Ok(folder)
}

pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub fn wait_for_port(port: u16) -> anyhow::Result<()> {
    wait_until("a port that answers", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let give_up_at = Instant::now() + PATIENCE;
    while !holds()? {
        if Instant::now() > give_up_at {
            bail!("waited in vain for {what}");
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
