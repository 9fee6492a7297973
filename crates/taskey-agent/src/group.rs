//! Holding the processes of an execution together, so that its end is the end of them all.
//!
//! An execution's first process leads a session of its own. What belongs to it: its session and group, everything below it,
//! and every process whose environment carries the execution's id, which is how one that went off into a session of its own
//! is found. The running agent adopts what loses its parent, so that nothing slips out of sight, and reaps it.
//!
//! Where the machine has control groups for us, the action is in one of its own too ([`crate::cell`]), which nothing leaves.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, test_kill_process_group, waitpid,
};
use taskey_proto::id::ExecutionId;

use crate::cell::{Cell, Cells};
use crate::journal::ProcessMark;
use crate::warning;

/// In the environment of every process of an execution.
pub const EXECUTION_VARIABLE: &str = "TASKEY_EXECUTION_ID";

const KILL_EVERY: Duration = Duration::from_millis(5);
/// How often a process that SIGKILL does not end (it hangs in the kernel) is tried.
const KILL_ROUNDS_MAX: u32 = 400;

/// Knows the children that the agent has started, and thereby which of its children are strays.
#[derive(Debug, Clone, Default)]
pub struct Warden {
    adopts: bool,
    cells: Arc<Cells>,
    leaders: Arc<Mutex<BTreeSet<i32>>>,
}

/// The processes of one running action.
#[derive(Debug)]
pub struct Group {
    warden: Warden,
    execution: ExecutionId,
    leader: Pid,
    cell: Option<Cell>,
}

impl Warden {
    /// Makes this process the parent of everything below it that loses its own. For a process that is an agent and no more.
    pub fn adopting(state: &Path) -> io::Result<Self> {
        set_child_subreaper(Some(getpid()))?;
        Ok(Self { adopts: true, cells: Arc::new(Cells::find(state)), ..Self::default() })
    }

    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    pub fn adopts(&self) -> bool {
        self.adopts
    }

    /// The group of a process that was started just now as the leader of a session.
    pub fn group(&self, execution: ExecutionId, leader: Pid, cell: Option<Cell>) -> Group {
        self.leaders().insert(leader.as_raw_pid());
        Group { warden: self.clone(), execution, leader, cell }
    }

    /// Reaps adopted children that have ended; returns those that live. `None` where the system does not list children.
    pub fn reap_strays(&self) -> Option<Vec<Pid>> {
        if !self.adopts {
            return None;
        }
        let children = children_of_this_process()?;
        let leaders = self.leaders();
        let strays = children.into_iter().filter(|pid| !leaders.contains(&pid.as_raw_pid()));
        Some(strays.filter(|pid| matches!(waitpid(Some(*pid), WaitOptions::NOHANG), Ok(None))).collect())
    }

    fn leaders(&self) -> std::sync::MutexGuard<'_, BTreeSet<i32>> {
        self.leaders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    /// What the journal keeps, to find the group again after a restart.
    pub fn mark(&self) -> ProcessMark {
        let pid = self.leader.as_raw_pid();
        ProcessMark { pid, born: Process::read(pid).map_or(0, |process| process.born) }
    }

    /// Asks every process to end.
    pub fn terminate(&self) {
        signal_all(&self.members(), Signal::TERM);
    }

    pub fn is_empty(&self) -> bool {
        self.warden.reap_strays();
        self.members().is_empty()
    }

    /// Ends every process, and returns when none is left.
    pub async fn kill(&self) {
        let _ = kill_process_group(self.leader, Signal::KILL);
        if let Some(cell) = &self.cell {
            cell.kill();
        }
        kill_until_empty(self.execution, || {
            self.warden.reap_strays();
            self.members()
        })
        .await;
    }

    /// Ends what the leader, which has ended, left behind. Costs next to nothing when that is nothing.
    pub async fn sweep(&self) {
        let alone = self.warden.reap_strays().is_some_and(|strays| strays.is_empty()) && test_kill_process_group(self.leader).is_err();
        if !alone || self.cell.as_ref().is_some_and(|cell| !cell.pids().is_empty()) {
            self.kill().await;
        }
    }

    /// Whether the system has killed a process of it for want of memory.
    pub fn ran_out_of_memory(&self) -> bool {
        self.cell.as_ref().is_some_and(Cell::ran_out_of_memory)
    }

    fn members(&self) -> Vec<Pid> {
        let leader = self.leader.as_raw_pid();
        // Without another execution here, an adopted child that has shed its marks can only be of this one.
        let only_one = self.warden.adopts && self.warden.leaders().len() == 1;
        let own = getpid().as_raw_pid();
        let inside: BTreeSet<i32> = self.cell.iter().flat_map(Cell::pids).map(Pid::as_raw_pid).collect();
        members(self.execution, |process| {
            let led = process.pid == leader || process.session == leader || process.group == leader;
            led || inside.contains(&process.pid) || only_one && process.parent == own
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.warden.leaders().remove(&self.leader.as_raw_pid());
    }
}

/// Ends what is left of an execution of an earlier life of the agent on the same start of the machine.
pub async fn kill_remains(cells: &Cells, execution: ExecutionId, processes: &[ProcessMark]) {
    // A session's number is not given away while one of its members lives; without its leader it may yet be another's.
    let led: BTreeSet<i32> = processes
        .iter()
        .filter(|mark| Process::read(mark.pid).is_some_and(|process| process.born == mark.born))
        .map(|mark| mark.pid)
        .collect();
    kill_until_empty(execution, || {
        let inside: BTreeSet<i32> = cells.pids_of(execution).into_iter().map(Pid::as_raw_pid).collect();
        members(execution, |process| led.contains(&process.session) || inside.contains(&process.pid))
    })
    .await;
}

async fn kill_until_empty(execution: ExecutionId, members: impl Fn() -> Vec<Pid>) {
    for _ in 0..KILL_ROUNDS_MAX {
        let left = members();
        if left.is_empty() {
            return;
        }
        signal_all(&left, Signal::KILL);
        tokio::time::sleep(KILL_EVERY).await;
    }
    warning!("{execution}: some of its processes do not end, even by SIGKILL");
}

fn signal_all(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // It may have ended meanwhile.
        let _ = kill_process(*pid, signal);
    }
}

/// The living processes that `belongs` or the environment's mark points out, and everything below them.
fn members(execution: ExecutionId, belongs: impl Fn(&Process) -> bool) -> Vec<Pid> {
    let own = getpid().as_raw_pid();
    let living: Vec<Process> = Process::all().into_iter().filter(|process| process.lives && process.pid != own).collect();
    let mark = format!("{EXECUTION_VARIABLE}={execution}");
    let mut found: BTreeSet<i32> = living
        .iter()
        .filter(|process| belongs(process) || process.has_in_environment(mark.as_bytes()))
        .map(|process| process.pid)
        .collect();
    loop {
        let below: Vec<i32> = living
            .iter()
            .filter(|process| found.contains(&process.parent) && !found.contains(&process.pid))
            .map(|process| process.pid)
            .collect();
        if below.is_empty() {
            return found.into_iter().filter_map(Pid::from_raw).collect();
        }
        found.extend(below);
    }
}

/// One line of the system's process table.
#[derive(Debug)]
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
    session: i32,
    lives: bool,
    born: u64,
}

impl Process {
    fn all() -> Vec<Process> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(Process::read).collect()
    }

    fn read(pid: i32) -> Option<Process> {
        let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let text = String::from_utf8_lossy(&text);
        // The name stands in brackets and may hold anything, brackets too.
        let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_ascii_whitespace().collect();
        Some(Process {
            pid,
            lives: !matches!(*fields.first()?, "Z" | "X"),
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            born: fields.get(19)?.parse().ok()?,
        })
    }

    fn has_in_environment(&self, mark: &[u8]) -> bool {
        std::fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|pair| pair == mark))
    }
}

fn children_of_this_process() -> Option<Vec<Pid>> {
    let mut children = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(thread.ok()?.path().join("children")).ok()?;
        children.extend(text.split_ascii_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)));
    }
    Some(children)
}
