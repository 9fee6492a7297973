//! `SCRIPT`: a text given to its interpreter as a file.
//!
//! The file has no name: it lives in memory, is sealed against changes, and the interpreter opens it as `/proc/self/fd/N`.
//! So it needs no folder that both the agent and the user may enter, and is gone with the last process that holds it.

use std::os::fd::AsRawFd as _;

use taskey_proto::problem::Reason;
use taskey_proto::runs::State;
use taskey_proto::tasks::{ActionCommon, Script};

use super::{Outcome, Scene, process};
use crate::errand::nameless_file;
use crate::spawn::Launch;
use crate::users::User;

const INTERPRETER: &str = "/bin/sh";

pub async fn run(script: &Script, common: ActionCommon<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    let file = match nameless_file("taskey-script", script.content.as_bytes(), true) {
        Ok(file) => file,
        Err(error) => {
            return Outcome::not_started(State::Failed, Reason::new("start_failed", format!("no file for the script: {error}")));
        }
    };
    let interpreter = script.interpreter.as_deref().unwrap_or(INTERPRETER);
    let launch = Launch {
        program: interpreter.into(),
        arguments: vec![format!("/proc/self/fd/{}", file.as_raw_fd()).into()],
        common,
        inherited: vec![file.into()],
        secrets: scene.secrets,
        name: interpreter.into(),
    };
    process::run(launch, user, scene).await
}
