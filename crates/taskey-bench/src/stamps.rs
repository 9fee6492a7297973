//! When a command started: its own first instruction says so.

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};

/// The program behind every contender's command (`stamp/stamp.rs`).
static PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stamp"));
/// How it was linked.
pub const LINKING: &str = env!("STAMP_LINKING");

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Stamps {
    socket: UnixDatagram,
    name: String,
    pub program: PathBuf,
    count: u64,
}

/// One use of the stamp.
pub struct Stamp {
    /// The arguments that the command is to be started with.
    pub arguments: [String; 2],
}

impl Stamps {
    /// Writes the program into `folder` and listens to it.
    pub fn listen(folder: &Path) -> anyhow::Result<Self> {
        let program = folder.join("stamp");
        std::fs::write(&program, PROGRAM)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        // An abstract name has no file, so that a command may use it whoever it runs as.
        let name = format!("taskey-bench-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket, name, program, count: 0 })
    }

    pub fn stamp(&mut self) -> Stamp {
        self.count += 1;
        Stamp { arguments: [self.name.clone(), self.count.to_string()] }
    }

    /// When the command of that stamp started, on the clock of [`now`].
    pub fn started_at(&self, stamp: &Stamp) -> anyhow::Result<u64> {
        let mut message = [0; 64];
        loop {
            let len = match self.socket.recv(&mut message) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                received => received.context("the command did not start")?,
            };
            let (time, word) = message[..len].split_at_checked(8).context("a stamp that is none")?;
            if word == stamp.arguments[1].as_bytes() {
                return Ok(u64::from_le_bytes(time.try_into()?));
            }
        }
    }
}

/// CLOCK_MONOTONIC in nanoseconds.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
