//! The server that a bench starts for itself, in a folder that goes with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use taskey_client::Client;
use taskey_proto::accounts::{CreateKey, Setup};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const START_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(60);

pub struct OwnServer {
    program: PathBuf,
    data: PathBuf,
    /// Taken at the first start, and again at each later one.
    address: String,
    child: Child,
    started_at: Instant,
}

impl OwnServer {
    /// Starts a server on an empty folder, makes its first account, and signs in.
    pub async fn start(program: &Path, folder: &Path) -> anyhow::Result<(Self, Client)> {
        let data = folder.join("server");
        let (child, said) = spawn(program, &data, "127.0.0.1:0").await?;
        let address = said.url.rsplit('/').next().context("an address")?.to_owned();
        let root = std::fs::read(data.join("keys/root-1.crt"))?;
        let setup = Setup {
            code: said.setup_code.context("no set-up code")?,
            organization: "bench".to_owned(),
            username: "bench".to_owned(),
            password: "correct horse battery staple".to_owned(),
            key: Some(CreateKey { name: "bench".to_owned(), ttl: None, scopes: Vec::new(), addresses: Vec::new() }),
        };
        let client = Client::trusting(&said.url, &root)?;
        let signed_in = client.setup(&setup).await?;
        let key = signed_in.key.context("no key")?;
        let client = client.with_key(&key.key)?;
        Ok((Self { program: program.to_owned(), data, address, child, started_at: Instant::now() }, client))
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// When the process was last started.
    pub fn started_at(&self) -> Instant {
        self.started_at
    }

    /// Stops it in an orderly way and starts it again at the same address.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.started_at = Instant::now();
        (self.child, _) = spawn(&self.program, &self.data, &self.address).await?;
        Ok(())
    }

    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id as i32)).context("it does not run")?;
        kill_process(pid, Signal::TERM)?;
        timeout(STOP_WITHIN, self.child.wait()).await.context("it does not stop")??;
        Ok(())
    }
}

struct Said {
    url: String,
    setup_code: Option<String>,
}

async fn spawn(program: &Path, data: &Path, address: &str) -> anyhow::Result<(Child, Said)> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log"))?;
    let mut command = Command::new(program);
    command.args(["serve", "--tls", "on", "--listen", address, "--data"]).arg(data).env("TASKEY_LOG", "warn");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let mut setup_code = None;
    let said = timeout(START_WITHIN, async {
        while let Some(line) = lines.next_line().await? {
            match line.split_once(": ") {
                Some(("set-up code", code)) => setup_code = Some(code.to_owned()),
                Some(("ready", url)) => return Ok(Said { url: url.to_owned(), setup_code }),
                _ => {}
            }
        }
        bail!("it ended: {}", std::fs::read_to_string(data.with_extension("log")).unwrap_or_default())
    });
    let said = said.await.context("the server did not become ready")??;
    Ok((child, said))
}
