//! `SCRIPT`: a text given to its interpreter as a file.
//!
//! The file has no name: it lives in memory, is sealed against changes, and the interpreter opens it as `/proc/self/fd/N`.
//! So it needs no folder that both the agent and the user may enter, and is gone with the last process that holds it.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use taskey_proto::problem::Reason;
use taskey_proto::runs::State;
use taskey_proto::tasks::{ActionCommon, Script};

use super::{Outcome, Scene, process};
use crate::spawn::Launch;
use crate::users::User;

const INTERPRETER: &str = "/bin/sh";

pub async fn run(script: &Script, common: ActionCommon<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    let file = match nameless_file(script.content.as_bytes()) {
        Ok(file) => file,
        Err(error) => {
            return Outcome::not_started(State::Failed, Reason::new("start_failed", format!("no file for the script: {error}")));
        }
    };
    let launch = Launch {
        program: script.interpreter.as_deref().unwrap_or(INTERPRETER).into(),
        arguments: vec![format!("/proc/self/fd/{}", file.as_raw_fd()).into()],
        common,
        inherited: Some(file),
    };
    process::run(launch, user, scene).await
}

fn nameless_file(content: &[u8]) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels from 6.3 on may insist on the flag, older ones do not know it.
    let fd = memfd_create("taskey-script", flags | MemfdFlags::NOEXEC_SEAL).or_else(|error| match error {
        Errno::INVAL => memfd_create("taskey-script", flags),
        error => Err(error),
    })?;
    let mut file = File::from(fd);
    file.write_all(content)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file.into())
}
