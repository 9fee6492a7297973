//! Errands: what the agent itself does for an action, in a process of its own and by the rights of the action's user.
//!
//! Reading a file or requesting a URL needs no program of the device, but it needs what every execution needs: another user,
//! a time limit, an end by cancellation, memory that is not the agent's. So the agent starts itself again. The errand comes in a
//! sealed nameless file, never in an argument; output and trouble leave by the two streams as those of any program; the
//! [`Verdict`] is written to a second nameless file. An errand that breaks writes none, and that is a result too.

pub mod file;
pub mod hosts;
pub mod http;
pub mod paths;

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, RawFd};
use std::path::Path;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;

pub use self::file::ReadErrand;
pub use self::http::HttpErrand;

/// The hidden command of `taskeyd`: `taskeyd errand ERRAND VERDICT`, both numbers of open files.
pub const COMMAND: &str = "errand";
/// The agent's own program, as whatever file it was started from.
pub const OWN_PROGRAM: &str = "/proc/self/exe";
/// A verdict is a number and a sentence.
const VERDICT_LEN_MAX: u64 = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
pub enum Errand {
    Read(ReadErrand),
    Http(HttpErrand),
}

/// How an errand ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub state: State,
    pub code: Option<i64>,
    pub reason: Option<Reason>,
    /// Whether there was more than the errand was to bring.
    pub truncated: bool,
}

impl Verdict {
    pub fn succeeded(code: i64) -> Self {
        Self { state: State::Succeeded, code: Some(code), reason: None, truncated: false }
    }

    pub fn failed(code: &str, detail: impl Into<String>) -> Self {
        Self { state: State::Failed, code: None, reason: Some(Reason::new(code, detail)), truncated: false }
    }

    pub fn rejected(reason: Reason) -> Self {
        Self { state: State::Rejected, code: None, reason: Some(reason), truncated: false }
    }
}

/// A file without a name that holds `content` and, where it is sealed, will hold nothing else.
pub fn nameless_file(name: &str, content: &[u8], sealed: bool) -> std::io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels from 6.3 on may insist on the flag, older ones do not know it.
    let fd = memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL).or_else(|error| match error {
        Errno::INVAL => memfd_create(name, flags),
        error => Err(error),
    })?;
    let mut file = File::from(fd);
    file.write_all(content)?;
    if sealed {
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    }
    Ok(file)
}

/// Carries out the errand of one open file and leaves its verdict in another: the whole life of an errand's process.
pub async fn carry_out(errand: RawFd, verdict: RawFd) -> std::io::Result<()> {
    // SAFETY: both files were opened for this process alone and are named to it once, as the arguments of its hidden command; nothing
    // else here owns them.
    let (mut errand, mut out) = unsafe { (File::from_raw_fd(errand), File::from_raw_fd(verdict)) };
    let mut text = Vec::new();
    errand.seek(SeekFrom::Start(0))?;
    errand.read_to_end(&mut text)?;
    let verdict = match serde_json::from_slice(&text)? {
        Errand::Read(errand) => file::read(&errand, &mut std::io::stdout().lock()),
        Errand::Http(errand) => http::request(&errand).await,
    };
    out.write_all(&serde_json::to_vec(&verdict)?)
}

/// What the errand's process left behind, once it has ended.
pub fn read_verdict(mut file: &File) -> Option<Verdict> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(VERDICT_LEN_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The arguments of the errand's process.
pub fn arguments(errand: &File, verdict: &File) -> Vec<std::ffi::OsString> {
    vec![COMMAND.into(), errand.as_raw_fd().to_string().into(), verdict.as_raw_fd().to_string().into()]
}

/// The text of an error of the system, without the number that Rust appends.
pub fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// How a path is shown.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
