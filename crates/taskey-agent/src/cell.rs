//! Cells: a control group of its own for each running action, where the machine has them for us.
//!
//! A cell is made for an action that has limits. Others do without: moving a process into a control group makes the kernel wait for all processors,
//! now and then for 20 ms, which is ten times what a whole trigger takes. A process cannot leave its cell. Under cgroup v2
//! the agent needs a subtree of its own (systemd: `Delegate=yes`), or to be root on a machine where nobody else manages them; under v1 it needs
//! to be root. Where there is no cell, [`crate::group`] holds an action together by itself, and a limit that was asked for is refused.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::process::Pid;
use taskey_proto::crypto::{hex, sha256};
use taskey_proto::id::ExecutionId;
use taskey_proto::problem::Reason;
use taskey_proto::tasks::Limits;

/// The controllers that limits need, as both versions name them.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];
/// Microseconds in which `cpu_percent` is counted.
const CPU_PERIOD: u64 = 100_000;

/// Where cells can be made.
#[derive(Debug, Clone, Default)]
pub enum Cells {
    #[default]
    None,
    /// One folder; what of [`CONTROLLERS`] works below it.
    V2 { base: PathBuf, controllers: Vec<String> },
    /// A folder for each of [`CONTROLLERS`] that there is, `pids` among them.
    V1 { bases: Vec<(&'static str, PathBuf)> },
}

/// The cell of one running action. Its folders go with it.
#[derive(Debug)]
pub struct Cell {
    folders: Vec<PathBuf>,
    /// The folder whose processes are counted as the cell's.
    members: PathBuf,
    is_v2: bool,
}

impl Cells {
    /// Looks what this machine offers, and makes room below the agent's own control groups. Two agents of one machine have different states,
    /// and so rooms of their own.
    pub fn find(state: &Path) -> Self {
        let state = state.canonicalize().unwrap_or_else(|_| state.to_owned());
        let room = format!("taskey-{}", &hex(&sha256(state.as_os_str().as_encoded_bytes()))[..12]);
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let places = Places::read(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"));
        let v2 = places.v2.as_deref().and_then(|own| prepare_v2(own, &room));
        match v2 {
            Some(Self::V2 { base, controllers }) if !controllers.is_empty() => Self::V2 { base, controllers },
            weak => match prepare_v1(&places, &room) {
                Some(v1) => {
                    weak.iter().for_each(Self::remove);
                    v1
                }
                None => weak.unwrap_or_default(),
            },
        }
    }

    /// The word by which a result tells how processes with these limits were held together.
    pub fn word(&self, limits: &Limits) -> &'static str {
        match self {
            _ if needed(limits).is_empty() => "process_group",
            Self::None => "process_group",
            Self::V2 { .. } => "cgroup_v2",
            Self::V1 { .. } => "cgroup_v1",
        }
    }

    /// Makes the cell of an action; `None` where no limit is asked for.
    pub fn make(&self, execution: ExecutionId, limits: &Limits) -> Result<Option<Cell>, Reason> {
        if needed(limits).is_empty() {
            return Ok(None);
        }
        if let Some(missing) = self.missing(limits) {
            return Err(Reason::new(
                "limit_unsupported",
                format!("this device cannot limit {missing}: its agent has no control group for that"),
            ));
        }
        let failed = |error: io::Error| Reason::new("start_failed", format!("no control group for it: {error}"));
        let (folders, members) = match self {
            Self::None => return Ok(None),
            Self::V2 { base, .. } => (vec![base.join(execution.to_string())], base.join(execution.to_string())),
            Self::V1 { bases } => {
                // Each hierarchy costs; beside the one that counts members, only those are used that a limit needs.
                let wanted = |name: &str| name == "pids" || needed(limits).contains(&name);
                let folders: Vec<_> =
                    bases.iter().filter(|(name, _)| wanted(name)).map(|(_, base)| base.join(execution.to_string())).collect();
                let members = bases.iter().find(|(name, _)| *name == "pids").map(|(_, base)| base.join(execution.to_string()));
                (folders, members.unwrap_or_default())
            }
        };
        let cell = Cell { folders, members, is_v2: matches!(self, Self::V2 { .. }) };
        for folder in &cell.folders {
            match std::fs::create_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(failed)?,
            }
            for (file, value) in settings(limits, cell.is_v2) {
                let path = folder.join(file);
                // Each hierarchy of v1 has the files of its own controller, and swap is not counted everywhere.
                if path.exists() {
                    std::fs::write(&path, value).map_err(failed)?;
                }
            }
        }
        Ok(Some(cell))
    }

    /// The living processes of an execution's cell, of an earlier life of the agent too.
    pub fn pids_of(&self, execution: ExecutionId) -> Vec<Pid> {
        let base = match self {
            Self::None => return Vec::new(),
            Self::V2 { base, .. } => Some(base),
            Self::V1 { bases } => bases.iter().find(|(name, _)| *name == "pids").map(|(_, base)| base),
        };
        base.map(|base| pids_in(&base.join(execution.to_string()))).unwrap_or_default()
    }

    /// Gives the room back, at the end of an agent.
    pub fn remove(&self) {
        let bases: Vec<&PathBuf> = match self {
            Self::None => Vec::new(),
            Self::V2 { base, .. } => vec![base],
            Self::V1 { bases } => bases.iter().map(|(_, base)| base).collect(),
        };
        for base in bases {
            let _ = std::fs::remove_dir(base);
        }
    }

    fn missing(&self, limits: &Limits) -> Option<&'static str> {
        let there = |name: &str| match self {
            Self::None => false,
            Self::V2 { controllers, .. } => controllers.iter().any(|controller| controller == name),
            Self::V1 { bases } => bases.iter().any(|(controller, _)| *controller == name),
        };
        needed(limits).into_iter().find(|name| !there(name))
    }
}

/// The controllers that some limits need.
fn needed(limits: &Limits) -> Vec<&'static str> {
    let asked = [limits.memory.is_some(), limits.tasks.is_some(), limits.cpu_percent.is_some()];
    CONTROLLERS.into_iter().zip(asked).filter(|(_, asked)| *asked).map(|(name, _)| name).collect()
}

/// The files of a cell, and what is written to them, in order: swap is never less than memory.
fn settings(limits: &Limits, is_v2: bool) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    if let Some(memory) = limits.memory {
        let bytes = memory.bytes().to_string();
        settings.extend(match is_v2 {
            true => [("memory.max", bytes), ("memory.swap.max", "0".to_owned())],
            false => [("memory.limit_in_bytes", bytes.clone()), ("memory.memsw.limit_in_bytes", bytes)],
        });
    }
    if let Some(tasks) = limits.tasks {
        settings.push(("pids.max", tasks.to_string()));
    }
    if let Some(percent) = limits.cpu_percent {
        let quota = u64::from(percent) * CPU_PERIOD / 100;
        match is_v2 {
            true => settings.push(("cpu.max", format!("{quota} {CPU_PERIOD}"))),
            false => settings.extend([("cpu.cfs_period_us", CPU_PERIOD.to_string()), ("cpu.cfs_quota_us", quota.to_string())]),
        }
    }
    settings
}

impl Cell {
    /// Open files; a process that writes `0` to each is in the cell.
    pub fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        let open = |folder: &PathBuf| OpenOptions::new().write(true).open(folder.join("cgroup.procs")).map(OwnedFd::from);
        self.folders.iter().map(open).collect()
    }

    pub fn pids(&self) -> Vec<Pid> {
        pids_in(&self.members)
    }

    /// Ends every process at once, where the system can do that.
    pub fn kill(&self) {
        if self.is_v2 {
            let _ = std::fs::write(self.members.join("cgroup.kill"), "1");
        }
    }

    /// Whether the system has killed a process in it for want of memory.
    pub fn ran_out_of_memory(&self) -> bool {
        let counted = |file: &str| {
            let texts = self.folders.iter().filter_map(|folder| std::fs::read_to_string(folder.join(file)).ok());
            let mut counts =
                texts.filter_map(|text| text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok()));
            counts.any(|count| count > 0)
        };
        counted("memory.events") || counted("memory.oom_control")
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        for folder in &self.folders {
            // One that is still in use is removed when the agent starts again.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

fn pids_in(folder: &Path) -> Vec<Pid> {
    let text = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect()
}

/// The agent's own control groups, as folders.
#[derive(Debug, Default, PartialEq, Eq)]
struct Places {
    v2: Option<PathBuf>,
    v1: Vec<(&'static str, PathBuf)>,
}

impl Places {
    /// From `/proc/self/mountinfo` and `/proc/self/cgroup`.
    fn read(mounts: &str, own: &str) -> Self {
        let own_path = |controller: &str| {
            own.lines().find_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                let (controllers, path) = (parts.next()?, parts.next()?);
                controllers.split(',').any(|name| name == controller).then_some(path.trim_start_matches('/'))
            })
        };
        let mut places = Self::default();
        for line in mounts.lines() {
            // `36 31 0:33 ROOT POINT OPTIONS … - TYPE SOURCE SUPER-OPTIONS`
            let Some((before, after)) = line.split_once(" - ") else { continue };
            let Some(point) = before.split(' ').nth(4) else { continue };
            let mut after = after.split(' ');
            let (kind, options) = (after.next().unwrap_or_default(), after.nth(1).unwrap_or_default());
            match kind {
                "cgroup2" => places.v2 = own_path("").map(|path| Path::new(point).join(path)),
                "cgroup" => {
                    let controllers = CONTROLLERS.into_iter().filter(|name| options.split(',').any(|option| option == *name));
                    let found = controllers.filter_map(|name| Some((name, Path::new(point).join(own_path(name)?))));
                    places.v1.extend(found);
                }
                _ => {}
            }
        }
        places
    }
}

fn prepare_v2(own: &Path, room: &str) -> Option<Cells> {
    let base = own.join(room);
    make_room(&base)?;
    let enable = |folder: &Path| {
        for name in CONTROLLERS {
            // Where another process shares the group this fails, and that controller is not to be had.
            let _ = std::fs::write(folder.join("cgroup.subtree_control"), format!("+{name}"));
        }
    };
    step_aside(own);
    enable(own);
    enable(&base);
    let usable = std::fs::read_to_string(base.join("cgroup.subtree_control")).unwrap_or_default();
    let controllers = CONTROLLERS.into_iter().filter(|name| usable.split_ascii_whitespace().any(|word| word == *name));
    Some(Cells::V2 { controllers: controllers.map(str::to_owned).collect(), base })
}

/// A group that gives controllers to those below it may have no process itself: an agent that is alone in its group moves below it.
fn step_aside(own: &Path) {
    let me = rustix::process::getpid();
    if !own.join("cgroup.type").exists() || pids_in(own) != [me] {
        return;
    }
    let aside = own.join("taskeyd");
    if std::fs::create_dir(&aside).is_ok() || aside.is_dir() {
        let _ = std::fs::write(aside.join("cgroup.procs"), me.as_raw_pid().to_string());
    }
}

fn prepare_v1(places: &Places, room: &str) -> Option<Cells> {
    let bases = places.v1.iter().map(|(name, own)| (*name, own.join(room)));
    let bases: Vec<_> = bases.filter(|(_, base)| make_room(base).is_some()).collect();
    bases.iter().any(|(name, _)| *name == "pids").then_some(Cells::V1 { bases })
}

/// Makes the folder for cells and removes those that an earlier life has left empty; `None` where that is not ours to do.
fn make_room(base: &Path) -> Option<()> {
    match std::fs::create_dir(base) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
        _ => {}
    }
    // What cannot be written to is not ours, even where the folder can be seen.
    let door = File::options().write(true).open(base.join("cgroup.procs"));
    door.ok()?;
    for entry in std::fs::read_dir(base).ok()?.flatten() {
        let _ = std::fs::remove_dir(entry.path());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_groups_are_found_in_both_versions() {
        let mounts = "30 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      33 23 0:29 / /proc rw - proc proc rw\n";
        let own = "5:memory:/a\n4:cpu,cpuacct:/b/c\n1:name=systemd:/d\n0::/system.slice/taskeyd.service\n";
        let places = Places::read(mounts, own);
        assert_eq!(places.v2, Some("/sys/fs/cgroup/unified/system.slice/taskeyd.service".into()));
        assert_eq!(places.v1, [("cpu", "/sys/fs/cgroup/cpu,cpuacct/b/c".into()), ("memory", "/sys/fs/cgroup/memory/a".into())]);
        assert_eq!(Places::read("", ""), Places::default());
    }

    #[test]
    fn limits_are_written_as_each_version_wants_them() {
        let limits: Limits = serde_json::from_value(serde_json::json!({"memory": "64M", "cpu_percent": 150, "tasks": 20})).unwrap();
        let written = |is_v2| settings(&limits, is_v2).into_iter().map(|(file, value)| format!("{file}={value}")).collect::<Vec<_>>();
        assert_eq!(written(true), ["memory.max=67108864", "memory.swap.max=0", "pids.max=20", "cpu.max=150000 100000"]);
        let v1 = [
            "memory.limit_in_bytes=67108864",
            "memory.memsw.limit_in_bytes=67108864",
            "pids.max=20",
            "cpu.cfs_period_us=100000",
            "cpu.cfs_quota_us=150000",
        ];
        assert_eq!(written(false), v1);
        assert_eq!(needed(&Limits::default()), Vec::<&str>::new());
    }

    #[test]
    fn a_limit_that_cannot_be_kept_is_refused_and_none_needs_no_cell() {
        let execution = ExecutionId::new(uuid::Uuid::from_u128(1));
        assert!(Cells::None.make(execution, &Limits::default()).unwrap().is_none());
        let limits = Limits { tasks: Some(5), ..Limits::default() };
        assert_eq!(Cells::None.make(execution, &limits).unwrap_err().code, "limit_unsupported");
        let weak = Cells::V2 { base: "/nonexistent".into(), controllers: vec!["memory".to_owned()] };
        assert_eq!(weak.make(execution, &limits).unwrap_err().code, "limit_unsupported");
    }
}
