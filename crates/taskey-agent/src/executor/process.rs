//! The life of an action's process: started, read, waited for, ended early when it must be, and cleaned up after.
//!
//! The action lasts as long as its first process. What that one leaves behind is ended with it, and no pipe that a stray
//! process keeps open can hold up the result.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Pid;
use taskey_proto::Span;
use taskey_proto::problem::Reason;
use taskey_proto::runs::{State, Stream, Truncated};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{News, Outcome, Scene, Stop};
use crate::group::Group;
use crate::output::Cap;
use crate::secrets::{Mask, MaskedStream};
use crate::spawn::{Launch, Owner, spawn};
use crate::users::User;

const READ_LEN: usize = 16 * 1024;
/// After all processes are gone their pipes are empty at once; a pipe that someone else keeps open is left after this.
const DRAIN_TIME_MAX: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub async fn run(launch: Launch<'_>, user: &User, scene: &Scene<'_>) -> Outcome {
    let timeout = launch.common.timeout;
    let owner = Owner { execution: scene.execution, run: scene.run, user, switch_user: scene.switch_user };
    let cell = match scene.warden.cells().make(scene.execution, &launch.common.limits) {
        Ok(cell) => cell,
        Err(reason) => return Outcome::not_started(State::Rejected, reason),
    };
    let memory = launch.common.limits.memory;
    let started_at = scene.time.now();
    let mut child = match spawn(launch, owner, cell.as_ref()) {
        Ok(child) => child,
        Err(failed) => return Outcome::not_started(State::Failed, Reason::new("start_failed", failed.0)),
    };
    let Some(leader) = child.id().and_then(|pid| Pid::from_raw(pid as i32)) else {
        return Outcome::not_started(State::Failed, Reason::new("start_failed", "the process ended before it was seen"));
    };
    let group = scene.warden.group(scene.execution, leader, cell);
    (scene.tell)(News::Process(group.mark()));
    (scene.tell)(News::Started(started_at));

    let mut pipes = Pipes::of(&mut child, &scene.secrets.mask());
    let (status, ended_by) = wait(&mut child, &group, &mut pipes, timeout, scene).await;
    match ended_by.kill_at() {
        Some(kill_at) => outlast_grace(&group, &mut pipes, kill_at, scene).await,
        None => group.sweep().await,
    }
    pipes.drain(scene).await;

    let (state, code, mut reason) = verdict(status, ended_by, timeout);
    if let Some(memory) = memory
        && state == State::Failed
        && group.ran_out_of_memory()
    {
        reason = Some(Reason::new("out_of_memory", format!("it needed more than {memory} of memory and was killed")));
    }
    Outcome { state, code, reason, truncated: pipes.truncated(), started_at: Some(started_at) }
}

/// Who ends the action.
#[derive(Debug)]
enum EndedBy {
    Itself,
    Timeout { kill_at: Instant },
    Stop { stop: Stop, kill_at: Instant },
}

impl EndedBy {
    fn kill_at(&self) -> Option<Instant> {
        match self {
            EndedBy::Itself => None,
            EndedBy::Timeout { kill_at } | EndedBy::Stop { kill_at, .. } => Some(*kill_at),
        }
    }
}

/// Waits until the first process has ended; asks the tree to end, and then makes it, when time is up or a stop is asked.
async fn wait(
    child: &mut Child,
    group: &Group,
    pipes: &mut Pipes,
    timeout: Span,
    scene: &Scene<'_>,
) -> (std::io::Result<ExitStatus>, EndedBy) {
    let deadline = Instant::now() + timeout.as_duration();
    let mut stop = scene.stop.clone();
    let mut ended_by = EndedBy::Itself;
    let mut killed = false;
    loop {
        let runs = matches!(ended_by, EndedBy::Itself);
        let kill_at = ended_by.kill_at().unwrap_or(deadline);
        tokio::select! {
            status = child.wait() => return (status, ended_by),
            () = pipes.read(scene), if pipes.are_open() => {}
            () = sleep_until(deadline), if runs => {
                group.terminate();
                ended_by = EndedBy::Timeout { kill_at: Instant::now() + scene.kill_grace };
            }
            stop = asked(&mut stop), if runs => {
                group.terminate();
                ended_by = EndedBy::Stop { stop, kill_at: Instant::now() + scene.kill_grace };
            }
            () = sleep_until(kill_at), if !runs && !killed => {
                group.kill().await;
                killed = true;
            }
        }
    }
}

async fn asked(stop: &mut tokio::sync::watch::Receiver<Option<Stop>>) -> Stop {
    match stop.wait_for(Option::is_some).await.map(|stop| stop.clone()) {
        Ok(Some(stop)) => stop,
        // Whoever could ask is gone, and with it the question.
        _ => std::future::pending().await,
    }
}

/// The first process is gone after a request to end; the others have the rest of the grace.
async fn outlast_grace(group: &Group, pipes: &mut Pipes, kill_at: Instant, scene: &Scene<'_>) {
    while Instant::now() < kill_at && !group.is_empty() {
        tokio::select! {
            () = pipes.read(scene), if pipes.are_open() => {}
            () = sleep(LOOK_EVERY) => {}
        }
    }
    group.kill().await;
}

fn verdict(status: std::io::Result<ExitStatus>, ended_by: EndedBy, timeout: Span) -> (State, Option<i64>, Option<Reason>) {
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            return (State::Failed, None, Some(Reason::new("start_failed", format!("the process cannot be waited for: {error}"))));
        }
    };
    let code = status.code().map_or_else(|| 128 + i64::from(status.signal().unwrap_or(0)), i64::from);
    let (state, reason) = match ended_by {
        EndedBy::Timeout { .. } => (State::TimedOut, Some(Reason::new("timeout", format!("did not end within {timeout}")))),
        EndedBy::Stop { stop, .. } => (State::Cancelled, Some(stop.reason())),
        EndedBy::Itself => match (status.signal(), code) {
            (Some(signal), _) => (State::Failed, Some(Reason::new("signal", format!("ended by signal {signal}")))),
            (None, 0) => (State::Succeeded, None),
            (None, code) => (State::Failed, Some(Reason::new("exit_code", format!("exited with {code}")))),
        },
    };
    (state, Some(code), reason)
}

/// Both pipes of a process, each with its way out.
struct Pipes {
    output: Option<ChildStdout>,
    error: Option<ChildStderr>,
    output_buffer: Vec<u8>,
    error_buffer: Vec<u8>,
    output_outlet: Outlet,
    error_outlet: Outlet,
}

impl Pipes {
    fn of(child: &mut Child, mask: &Mask) -> Self {
        Self {
            output: child.stdout.take(),
            error: child.stderr.take(),
            output_buffer: vec![0; READ_LEN],
            error_buffer: vec![0; READ_LEN],
            output_outlet: Outlet::new(Stream::Output, mask),
            error_outlet: Outlet::new(Stream::Error, mask),
        }
    }

    fn are_open(&self) -> bool {
        self.output.is_some() || self.error.is_some()
    }

    /// Reads once, from whichever pipe has something, and tells it. Nothing is lost when this is given up halfway.
    async fn read(&mut self, scene: &Scene<'_>) {
        let (output_open, error_open) = (self.output.is_some(), self.error.is_some());
        tokio::select! {
            read = read_some(&mut self.output, &mut self.output_buffer), if output_open => match read {
                0 => self.output = None,
                len => self.output_outlet.tell(scene, &self.output_buffer[..len]),
            },
            read = read_some(&mut self.error, &mut self.error_buffer), if error_open => match read {
                0 => self.error = None,
                len => self.error_outlet.tell(scene, &self.error_buffer[..len]),
            },
            else => {}
        }
    }

    /// Reads what is left, as long as that makes sense, and tells what was held back.
    async fn drain(&mut self, scene: &Scene<'_>) {
        let give_up_at = Instant::now() + DRAIN_TIME_MAX;
        while self.are_open() && timeout_at(give_up_at, self.read(scene)).await.is_ok() {}
        self.output_outlet.finish(scene);
        self.error_outlet.finish(scene);
    }

    fn truncated(&self) -> Truncated {
        Truncated { output: self.output_outlet.cap.is_truncated(), error: self.error_outlet.cap.is_truncated() }
    }
}

/// The way of one stream out of the action: secrets are hidden first, so that no cut can halve one, then the cap has its say.
struct Outlet {
    stream: Stream,
    mask: MaskedStream,
    cap: Cap,
}

impl Outlet {
    fn new(stream: Stream, mask: &Mask) -> Self {
        Self { stream, mask: MaskedStream::new(mask.clone()), cap: Cap::default() }
    }

    fn tell(&mut self, scene: &Scene<'_>, data: &[u8]) {
        tell(scene, self.stream, self.cap.take(&self.mask.take(data)));
    }

    fn finish(&mut self, scene: &Scene<'_>) {
        tell(scene, self.stream, self.cap.take(&self.mask.finish()));
        tell(scene, self.stream, &self.cap.finish());
    }
}

async fn read_some<P: tokio::io::AsyncRead + Unpin>(pipe: &mut Option<P>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}

fn tell(scene: &Scene<'_>, stream: Stream, data: &[u8]) {
    if !data.is_empty() {
        (scene.tell)(News::Output(stream, data));
    }
}
