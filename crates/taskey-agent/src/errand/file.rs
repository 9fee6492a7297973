//! Reading a file: a real one, on a disk, that the policy allows once every link on the way is followed.
//!
//! The path is first opened without any right to its content, so that no device or FIFO notices. What that found is judged: its kind, its
//! file system, and the path that it really has. Only then the same file, by its handle, is opened for reading; nobody can put another
//! in its place between.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, fstatfs, open, openat2};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::paths::PathRules;
use super::{Verdict, shown, system_text};

#[derive(Debug, Serialize, Deserialize)]
pub struct ReadErrand {
    pub path: PathBuf,
    pub len_max: u64,
    pub rules: PathRules,
}

/// File systems that are doors to the kernel, wherever they are mounted, by the magic numbers of `statfs(2)`.
const NOT_DISKS: [i64; 11] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x1cd1,      // devpts
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x7472_6163, // tracefs
    0x6462_6720, // debugfs
    0x7363_6673, // securityfs
    0x6265_6570, // configfs
    0xcafe_4a11, // bpf
    0x1980_0202, // mqueue
];

/// Copies the file to `out`.
pub fn read(errand: &ReadErrand, out: &mut impl Write) -> Verdict {
    match open_checked(errand) {
        Ok(file) => copy(file, errand, out),
        Err(verdict) => verdict,
    }
}

fn copy(mut file: File, errand: &ReadErrand, out: &mut impl Write) -> Verdict {
    let copied = io::copy(&mut (&mut file).take(errand.len_max), out).and_then(|_| out.flush());
    // One byte more tells whether there was more; a file that grew meanwhile counts as longer.
    match copied.and_then(|()| file.read(&mut [0])) {
        Ok(more) => Verdict { truncated: more > 0, ..Verdict::succeeded(0) },
        Err(error) => Verdict::failed("file_unreadable", format!("{} broke off: {}", shown(&errand.path), system_text(&error))),
    }
}

fn open_checked(errand: &ReadErrand) -> Result<File, Verdict> {
    let path = &errand.path;
    let handle = open_handle(path).map_err(|errno| cannot_open(path, errno.into()))?;
    let kind = fstat(&handle).map(|stat| FileType::from_raw_mode(stat.st_mode)).map_err(|errno| cannot_open(path, errno.into()))?;
    if kind != FileType::RegularFile {
        return Err(Verdict::failed("not_a_file", format!("{} is {}, not a file", shown(path), kind_word(kind))));
    }
    let system = fstatfs(&handle).map_err(|errno| cannot_open(path, errno.into()))?;
    if NOT_DISKS.contains(&(system.f_type as i64)) {
        return Err(Verdict::failed("not_a_file", format!("{} is the kernel's, not a file on a disk", shown(path))));
    }
    let real = std::fs::read_link(link_of(&handle)).map_err(|error| cannot_open(path, error))?;
    if real != *path {
        errand.rules.check(&real).map_err(Verdict::rejected)?;
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = open(link_of(&handle), flags, Mode::empty()).map_err(|errno| cannot_open(path, errno.into()))?;
    Ok(file.into())
}

/// Finds the file and opens nothing of it.
fn open_handle(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
        // Kernels before 5.6, and some sandboxes.
        Err(Errno::NOSYS | Errno::PERM) => open(path, flags, Mode::empty()),
        result => result,
    }
}

fn link_of(handle: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd()).into()
}

fn cannot_open(path: &Path, error: io::Error) -> Verdict {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Verdict::failed("file_missing", format!("there is no {}", shown(path))),
        ErrorKind::PermissionDenied => {
            Verdict::failed("file_unreadable", format!("{} cannot be read by the user that this action runs as", shown(path)))
        }
        _ => Verdict::failed("file_unreadable", format!("{} cannot be read: {}", shown(path), system_text(&error))),
    }
}

fn kind_word(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allowed: &str, denied: &[&str]) -> PathRules {
        PathRules { allowed: vec![allowed.into()], denied: denied.iter().map(Into::into).collect() }
    }

    fn read_to_vec(path: &Path, len_max: u64, rules: PathRules) -> (Verdict, Vec<u8>) {
        let mut out = Vec::new();
        let verdict = read(&ReadErrand { path: path.to_owned(), len_max, rules }, &mut out);
        (verdict, out)
    }

    fn code(path: &str) -> String {
        read_to_vec(Path::new(path), 100, rules("/", &[])).0.reason.unwrap().code
    }

    #[test]
    fn a_file_is_read_whole_or_cut_and_marked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789\xff").unwrap();
        assert_eq!(read_to_vec(&path, 11, rules("/", &[])), (Verdict::succeeded(0), b"0123456789\xff".to_vec()));
        let (verdict, out) = read_to_vec(&path, 10, rules("/", &[]));
        assert_eq!((verdict.truncated, verdict.state, out.len()), (true, taskey_proto::runs::State::Succeeded, 10));
    }

    #[test]
    fn what_is_no_file_on_a_disk_is_refused_without_being_touched() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for path in ["/dev/zero", "/dev/null", "/proc/self/environ", "/proc/kmsg", "/sys/kernel/notes", "/", "/proc/self/root/etc/hostname"]
        {
            let code = code(path);
            assert!(["not_a_file", "file_missing", "file_unreadable"].contains(&code.as_str()), "{path}: {code}");
        }
        assert_eq!(code(&shown(&fifo)), "not_a_file");
        assert_eq!(code("/dev/zero"), "not_a_file");
        assert_eq!(code("/proc/self/environ"), "not_a_file");
        assert_eq!(code(&shown(&folder.path().join("absent"))), "file_missing");
    }

    #[test]
    fn a_link_is_judged_by_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["open", "closed"] {
            std::fs::create_dir(root.join(name)).unwrap();
            std::fs::write(root.join(name).join("file"), name).unwrap();
        }
        std::os::unix::fs::symlink(root.join("closed"), root.join("open/link")).unwrap();
        std::os::unix::fs::symlink(root.join("open/file"), root.join("open/other")).unwrap();
        let allowed = || PathRules { allowed: vec![root.join("open")], denied: vec![] };
        let (verdict, out) = read_to_vec(&root.join("open/link/file"), 100, allowed());
        assert_eq!((verdict.state, verdict.reason.unwrap().code.as_str()), (taskey_proto::runs::State::Rejected, "policy_path"));
        assert!(out.is_empty());
        assert_eq!(read_to_vec(&root.join("open/other"), 100, allowed()).1, b"open");
        let denied = PathRules { allowed: vec!["/".into()], denied: vec![root.join("closed")] };
        assert_eq!(read_to_vec(&root.join("open/link/file"), 100, denied).0.state, taskey_proto::runs::State::Rejected);
    }
}
