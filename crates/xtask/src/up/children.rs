//! The programs that run beside us: each logs to a file, is ended by its own id, and is missed when it dies.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::step::{self, Failure, Outcome};

/// How long a child has to end by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 20;

pub struct Children {
    logs: PathBuf,
    running: Vec<Running>,
}

struct Running {
    name: &'static str,
    child: Child,
}

impl Children {
    pub fn new(logs: PathBuf) -> Self {
        Self { logs, running: Vec::new() }
    }

    /// Starts a program; its stderr goes to `NAME.log`, its lines of stdout come out here.
    pub fn start(&mut self, name: &'static str, command: &mut Command) -> Outcome<Receiver<String>> {
        let path = self.log(name);
        let log = File::create(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        // A group of its own: Ctrl-C reaches us alone, and we end the children in their order.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|error| Failure::new(format!("{name} cannot be started: {error}")))?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    // Nobody listens after the start; the pipe is still read, or the child would block.
                    let _ = sender.send(line);
                }
            });
        }
        self.running.push(Running { name, child });
        Ok(lines)
    }

    /// Fails, with the end of its log, when a child has died.
    pub fn check(&mut self) -> Outcome {
        for running in &mut self.running {
            if let Ok(Some(status)) = running.child.try_wait() {
                let log = self.logs.join(format!("{}.log", running.name));
                let tail = tail_of(&log);
                return Err(Failure::new(format!("the {} has died ({status}); the end of {}:\n{tail}", running.name, log.display())));
            }
        }
        Ok(())
    }

    /// Ends all of them, the last one first: SIGTERM, and SIGKILL for one that does not listen.
    pub fn stop(&mut self) {
        while let Some(mut running) = self.running.pop() {
            if matches!(running.child.try_wait(), Ok(Some(_))) {
                continue;
            }
            signal(&running.child, Signal::TERM);
            if ends_within(&mut running.child, STOP_PATIENCE) {
                step::say(&format!("stopped the {}", running.name));
            } else {
                signal(&running.child, Signal::KILL);
                let _ = running.child.wait();
                step::say(&format!("the {} did not stop within {} s and was killed", running.name, STOP_PATIENCE.as_secs()));
            }
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.stop();
    }
}

fn signal(child: &Child, signal: Signal) {
    // It is our child and not waited for yet, so the id is still its own.
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

fn ends_within(child: &mut Child, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return true;
        }
        thread::sleep(LOOK_EVERY);
    }
    false
}

fn tail_of(path: &PathBuf) -> String {
    let Ok(file) = File::open(path) else { return "(it has no log)".to_owned() };
    let mut tail = VecDeque::new();
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        tail.push_back(line);
        if tail.len() > TAIL_LINES {
            tail.pop_front();
        }
    }
    tail.make_contiguous().join("\n")
}
