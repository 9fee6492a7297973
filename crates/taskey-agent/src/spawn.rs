//! Starting a process: as its user, in a session and a directory of its own, with a clean environment and nothing inherited
//! but its three streams.
//!
//! Between fork and exec only system calls are made. A step that fails there comes back as a number that holds both the step
//! and the system's error, so that the result can say what was the matter.

use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::process::Stdio;

use rustix::fs::Mode;
use rustix::io::{Errno, FdFlags, fcntl_setfd, write};
use rustix::process::{chdir, setsid, umask};
use rustix::thread::{set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use taskey_proto::id::{ExecutionId, RunId};
use taskey_proto::tasks::ActionCommon;
use tokio::process::{Child, Command};

use crate::cell::Cell;
use crate::group::EXECUTION_VARIABLE;
use crate::secrets::Secrets;
use crate::users::User;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What to start.
pub struct Launch<'a> {
    pub program: OsString,
    pub arguments: Vec<OsString>,
    pub common: ActionCommon<'a>,
    /// Stay open in the process under their numbers.
    pub inherited: Vec<OwnedFd>,
    pub secrets: &'a Secrets,
    /// How people know the program.
    pub name: OsString,
}

/// For whom and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    pub execution: ExecutionId,
    pub run: RunId,
    pub user: &'a User,
    /// Whether the agent can take on the user; where it is not root it is the user.
    pub switch_user: bool,
}

/// Why a process could not start, for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StartFailed(pub String);

/// Starts the process. It leads its own session; its number is that of the session and the group.
pub fn spawn(launch: Launch<'_>, owner: Owner<'_>, cell: Option<&Cell>) -> Result<Child, StartFailed> {
    let doors = cell.map(Cell::doors).transpose().map_err(|error| StartFailed(format!("its control group cannot be entered: {error}")))?;
    let doors = doors.unwrap_or_default();
    let place = Place::of(&launch.common, owner.user)?;
    let named = launch.name.to_string_lossy().into_owned();
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.arguments)
        .env_clear()
        .envs(environment(&launch.common, launch.secrets, owner)?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    let user = owner.user.clone();
    let switch_user = owner.switch_user;
    let inherited = launch.inherited;
    let prepare = move || {
        step(Step::Session, setsid().map(drop))?;
        for door in &doors {
            step(Step::Cell, write(door, b"0").map(drop))?;
        }
        umask(Mode::WGRP | Mode::WOTH);
        if switch_user {
            step(Step::User, set_thread_groups(&user.groups))?;
            step(Step::User, set_thread_res_gid(user.gid, user.gid, user.gid))?;
            step(Step::User, set_thread_res_uid(user.uid, user.uid, user.uid))?;
        }
        if !user.is_root() {
            step(Step::User, set_no_new_privs(true))?;
        }
        // As the user, so that a directory which only root may enter stays closed.
        place.enter()?;
        for fd in &inherited {
            step(Step::Inherit, fcntl_setfd(fd, FdFlags::empty()))?;
        }
        Ok(())
    };
    // SAFETY: `prepare` runs in the forked child. It allocates nothing, takes no lock, and makes only direct system calls on
    // values that were made before the fork.
    unsafe { command.pre_exec(prepare) };
    command.spawn().map_err(|error| StartFailed(explain(&error, &named, &launch.common, owner)))
}

/// Keeps what the agent itself was started with, beyond its three streams, from every process that it starts. What it opens
/// later is kept from them as it is opened.
pub fn close_inherited() -> io::Result<()> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok());
        let Some(number) = number.filter(|number| *number > 2) else { continue };
        // SAFETY: the number was open a moment ago and is borrowed for this one call; should it be closed by now, the call
        // fails with EBADF and changes nothing.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(fd, FdFlags::CLOEXEC);
    }
    Ok(())
}

/// Where the process begins.
enum Place {
    Asked(CString),
    /// The user's home, or `/` where there is none that it may enter.
    Home(CString),
}

impl Place {
    fn of(common: &ActionCommon<'_>, user: &User) -> Result<Self, StartFailed> {
        let path = |path: &Path| {
            CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| StartFailed("a path holds a NUL character".to_owned()))
        };
        match common.working_directory {
            Some(asked) => Ok(Place::Asked(path(Path::new(asked))?)),
            None => Ok(Place::Home(path(&user.home)?)),
        }
    }

    fn enter(&self) -> io::Result<()> {
        match self {
            Place::Asked(path) => step(Step::Directory, chdir(path.as_c_str())),
            Place::Home(path) => chdir(path.as_c_str()).or_else(|_| step(Step::Directory, chdir(c"/"))),
        }
    }
}

/// The steps between fork and exec. The number goes into the error's thousands; the system's own stay below that.
#[derive(Debug, Clone, Copy)]
enum Step {
    Session = 1,
    User = 2,
    Directory = 3,
    Inherit = 4,
    Cell = 5,
}

const STEP_FACTOR: i32 = 1_000;

fn step(step: Step, result: Result<(), Errno>) -> io::Result<()> {
    result.map_err(|error| io::Error::from_raw_os_error(step as i32 * STEP_FACTOR + error.raw_os_error()))
}

fn explain(error: &io::Error, program: &str, common: &ActionCommon<'_>, owner: Owner<'_>) -> String {
    let raw = error.raw_os_error().unwrap_or(0);
    let system = if raw == 0 { error.to_string() } else { text_of(raw % STEP_FACTOR) };
    let user = &owner.user.name;
    match raw / STEP_FACTOR {
        1 => format!("no session for it: {system}"),
        2 => format!("it cannot run as {user}: {system}"),
        3 => format!("the working directory {} cannot be entered as {user}: {system}", common.working_directory.unwrap_or("/")),
        4 => format!("its file cannot be handed over: {system}"),
        5 => format!("its control group cannot be entered: {system}"),
        _ if raw == Errno::NOENT.raw_os_error() && !program.contains('/') => format!("{program} was not found in PATH"),
        _ => format!("{program} cannot be started as {user}: {system}"),
    }
}

/// The system's text without the number that Rust appends.
fn text_of(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Clean, then the action's own; the ids, by which the tree is found again, cannot be replaced.
fn environment(common: &ActionCommon<'_>, secrets: &Secrets, owner: Owner<'_>) -> Result<BTreeMap<OsString, OsString>, StartFailed> {
    let user = owner.user;
    let clean: [(&str, OsString); 5] = [
        ("PATH", PATH.into()),
        ("HOME", user.home.clone().into()),
        ("USER", user.name.clone().into()),
        ("LOGNAME", user.name.clone().into()),
        ("LANG", "C.UTF-8".into()),
    ];
    let ids = [(EXECUTION_VARIABLE, owner.execution.to_string().into()), ("TASKEY_RUN_ID", owner.run.to_string().into())];
    let mut environment: BTreeMap<OsString, OsString> = clean.into_iter().map(|(key, value)| (key.into(), value)).collect();
    for pair in common.environment {
        let value = secrets.value_of(pair).map_err(|reason| StartFailed(reason.detail))?;
        environment.insert((&pair.key).into(), value.into());
    }
    environment.extend(ids.map(|(key, value)| (key.into(), value)));
    Ok(environment)
}
