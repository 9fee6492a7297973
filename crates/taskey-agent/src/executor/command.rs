//! `COMMAND`: a program with its arguments, started without a shell.

use taskey_proto::tasks::{ActionCommon, Command};

use super::{Outcome, Scene, process};
use crate::spawn::Launch;
use crate::users::User;

pub async fn run(command: &Command, common: ActionCommon<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    let launch = Launch {
        program: (&command.command).into(),
        arguments: command.arguments.iter().map(Into::into).collect(),
        common,
        inherited: Vec::new(),
        secrets: scene.secrets,
        name: (&command.command).into(),
    };
    process::run(launch, user, scene).await
}
