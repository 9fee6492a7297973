//! The command line of `taskeyd`. Data goes to stdout, everything else to stderr.
//!
//! Exit codes: 0 done, 1 usage or any other error, 2 a policy test that refuses, 3 the server cannot be reached, 4 the server refuses, 130 interrupted.

use std::io::{self, Read as _, Write as _};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};
use taskey_proto::doctor::Verdict;
use tokio::signal::unix::{SignalKind, signal};

use crate::agent::{self, Config, RunError};
use crate::credential::{self, CredentialError};
use crate::doctor;
use crate::enroll::{EnrollError, Token, enroll, rekey};
use crate::errand;
use crate::group::Warden;
use crate::http::HttpError;
use crate::identity::{Identity, IdentityError, Keys};
use crate::policy_test::{self, PolicyTestError};
use crate::spawn::close_inherited;
use crate::state_dir::{Durability, StateDir, replace_file};
use crate::status::{Status, StatusError};
use crate::users::Users;

const TOKEN_VARIABLE: &str = "TASKEY_ENROLL_TOKEN";

#[derive(Parser)]
#[command(name = "taskeyd", version, about = "The agent of taskey: runs signed orders on this machine, as its owner's policy allows")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Join a server, with a token made by `taskey enroll-tokens create`
    Enroll {
        /// The server's address
        #[arg(long, value_name = "URL")]
        server: String,
        /// The file that holds the token, `-` for standard input; without it the token is read from TASKEY_ENROLL_TOKEN
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
        /// The device's name; default: the machine's
        #[arg(long)]
        name: Option<String>,
        /// Give this device new keys, with a token made by `taskey devices rekey`
        #[arg(long, conflicts_with = "name")]
        rekey: bool,
        #[command(flatten)]
        state: StateArgument,
    },
    /// Hold the line and run what comes
    Run {
        #[command(flatten)]
        state: StateArgument,
    },
    /// Show who this device is and how its agent stands
    Status {
        #[arg(short, long, value_enum, default_value = "table")]
        output: Output,
        #[command(flatten)]
        state: StateArgument,
    },
    /// Look for what is wrong, and say what to do; ends with 2 where something has to be done
    Doctor {
        #[arg(short, long, value_enum, default_value = "table")]
        output: Output,
        #[command(flatten)]
        state: StateArgument,
    },
    /// The owner's policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Carry out an errand of the agent; for the agent alone
    #[command(hide = true, name = errand::COMMAND)]
    Errand { errand: RawFd, verdict: RawFd },
    /// Write user name and password, valid for an hour, for another MQTT client
    Credential {
        /// The file to write, with mode 0600; `-` for standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        state: StateArgument,
    },
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Say what this device would allow of a task, and run nothing; ends with 2 where it refuses something
    Test {
        /// The task, in YAML or JSON, `-` for standard input
        #[arg(short = 'f', long = "file", value_name = "TASK")]
        file: PathBuf,
        #[arg(short, long, value_enum, default_value = "table")]
        output: Output,
        #[command(flatten)]
        state: StateArgument,
    },
}

#[derive(Args)]
struct StateArgument {
    /// The folder with keys, journal and policy.d; without it /var/lib/taskey-agent and /etc/taskey/policy.d
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// Why a command ended otherwise than it should.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error(transparent)]
    PolicyTest(#[from] PolicyTestError),
    #[error("this device refuses the task")]
    Refused,
    #[error("something has to be done here")]
    NotWell,
    #[error("{0}")]
    Usage(String),
    #[error("{0}: {1}")]
    File(String, io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("interrupted")]
    Interrupted,
}

pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    // One thread; what blocks is short. Signing in and running need no more.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    let result = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(carry_out(cli.command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "taskeyd: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn carry_out(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run { state } => run(state.into()).await,
        Command::Policy(PolicyCommand::Test { file, output, state }) => test_policy(&state.into(), &file, output),
        Command::Errand { errand, verdict } => Ok(errand::carry_out(errand, verdict).await?),
        Command::Status { output, state } => show_status(&state.into(), output),
        Command::Doctor { output, state } => or_interrupted(show_findings(&state.into(), output)).await,
        Command::Enroll { server, token_file, name, rekey, state } => {
            let token = Token::parse(&read_token(token_file.as_deref())?)?;
            match rekey {
                true => or_interrupted(rekey_device(&state.into(), &server, &token)).await,
                false => or_interrupted(enroll_device(&state.into(), &server, &token, name.as_deref())).await,
            }
        }
        Command::Credential { out, state } => or_interrupted(write_credential(&state.into(), &out)).await,
    }
}

async fn enroll_device(state: &StateDir, server: &str, token: &Token, name: Option<&str>) -> Result<(), Failure> {
    let identity = enroll(state, server, token, name).await?;
    Ok(writeln!(io::stdout(), "enrolled: {} {}", identity.device, identity.name)?)
}

async fn rekey_device(state: &StateDir, server: &str, token: &Token) -> Result<(), Failure> {
    let identity = rekey(state, server, token).await?;
    Ok(writeln!(io::stdout(), "new keys: {} {}", identity.device, identity.name)?)
}

async fn run(state: StateDir) -> Result<(), Failure> {
    close_inherited()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let config = Config { warden: Warden::adopting(state.path())?, ..Config::new(state) };
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(agent::run(config, shutdown).await?)
}

fn show_status(state: &StateDir, output: Output) -> Result<(), Failure> {
    let status = Status::read(state)?;
    let text = match output {
        Output::Table => status.table(),
        Output::Json => serde_json::to_string_pretty(&status).map_err(io::Error::from)? + "\n",
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

async fn show_findings(state: &StateDir, output: Output) -> Result<(), Failure> {
    let findings = doctor::examine(state, &Users::default()).await;
    let text = match output {
        Output::Table => doctor::table(&findings),
        Output::Json => {
            serde_json::to_string_pretty(&serde_json::json!({"items": findings, "next": null})).map_err(io::Error::from)? + "\n"
        }
    };
    io::stdout().write_all(text.as_bytes())?;
    if findings.iter().any(|finding| finding.verdict == Verdict::Problem) { Err(Failure::NotWell) } else { Ok(()) }
}

fn test_policy(state: &StateDir, file: &Path, output: Output) -> Result<(), Failure> {
    let users = Users::default();
    let predictions = policy_test::predict(&read_file(file)?, state, &users.own(), &users)?;
    let text = match output {
        Output::Table => policy_test::table(&predictions),
        Output::Json => {
            serde_json::to_string_pretty(&serde_json::json!({"items": predictions, "next": null})).map_err(io::Error::from)? + "\n"
        }
    };
    io::stdout().write_all(text.as_bytes())?;
    if predictions.iter().all(|prediction| prediction.allowed) { Ok(()) } else { Err(Failure::Refused) }
}

async fn write_credential(state: &StateDir, out: &Path) -> Result<(), Failure> {
    let identity = Identity::load(state)?;
    let keys = Arc::new(Keys::load(state)?);
    let credential = credential::obtain(state, &identity, &keys.signing, &identity.server_url(None)?).await?;
    let lines = format!("{}\n{}\n", identity.device, credential.text);
    if out == Path::new("-") {
        return Ok(io::stdout().write_all(lines.as_bytes())?);
    }
    replace_file(out, lines.as_bytes(), 0o600, Durability::Fleeting).map_err(|error| Failure::File(out.display().to_string(), error))
}

fn read_token(file: Option<&Path>) -> Result<String, Failure> {
    match file {
        Some(file) => read_file(file),
        None => std::env::var(TOKEN_VARIABLE)
            .map_err(|_| Failure::Usage(format!("give the token by --token-file FILE, --token-file - or the variable {TOKEN_VARIABLE}"))),
    }
}

/// A file's text, or that of standard input for `-`.
fn read_file(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| Failure::File(file.display().to_string(), error))
}

async fn or_interrupted(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(Failure::Interrupted),
    }
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::Enroll(EnrollError::WrongServer { .. }) => 4,
            Failure::Enroll(EnrollError::Http(error)) | Failure::Credential(CredentialError::Http(error)) => match error {
                HttpError::Unreachable { .. } | HttpError::Proxy { .. } => 3,
                HttpError::Refused { .. } => 4,
                HttpError::Unexpected { .. } => 1,
            },
            Failure::Credential(CredentialError::Challenge(_) | CredentialError::Foreign | CredentialError::OldEpoch { .. }) => 4,
            Failure::Refused | Failure::NotWell => 2,
            Failure::Interrupted => 130,
            _ => 1,
        }
    }
}

impl From<StateArgument> for StateDir {
    fn from(argument: StateArgument) -> Self {
        StateDir::new(argument.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_dir::DEFAULT_STATE_DIR;

    #[test]
    fn the_commands_are_those_of_the_contract() {
        for line in [
            "taskeyd enroll --server http://127.0.0.1:1 --token-file - --state d --name n",
            "taskeyd run --state d",
            "taskeyd run",
            "taskeyd status --state d -o json",
            "taskeyd credential --state d --out f",
            "taskeyd doctor --state d -o json",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        assert!(Cli::try_parse_from(["taskeyd", "enroll", "--server", "u", "--token", "t"]).is_err());
        assert!(StateDir::new(None).path() == Path::new(DEFAULT_STATE_DIR));
    }

    #[test]
    fn an_unreachable_server_a_refusal_and_an_interruption_have_their_codes() {
        let unreachable = || HttpError::Unreachable { server: String::new(), why: String::new() };
        let refused = || HttpError::Refused { status: 403, code: String::new(), title: String::new(), detail: String::new() };
        assert_eq!(Failure::Enroll(EnrollError::Http(unreachable())).exit_code(), 3);
        assert_eq!(Failure::Enroll(EnrollError::Http(refused())).exit_code(), 4);
        assert_eq!(Failure::Credential(CredentialError::Http(unreachable())).exit_code(), 3);
        assert_eq!(Failure::Credential(CredentialError::Http(refused())).exit_code(), 4);
        assert_eq!(Failure::Enroll(EnrollError::Token).exit_code(), 1);
        assert_eq!(Failure::Interrupted.exit_code(), 130);
    }
}
