//! The machine's users, from `/etc/passwd` and `/etc/group`.
//!
//! The files are read rather than the system's name service asked: that would need a process or C code for each order.
//! A user who exists only in a directory service cannot be named; the reason of the result says so.

use std::path::{Path, PathBuf};

use rustix::process::{Gid, Uid};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: Uid,
    pub gid: Gid,
    /// The primary group and every other that lists the user.
    pub groups: Vec<Gid>,
    pub home: PathBuf,
}

impl User {
    pub fn is_root(&self) -> bool {
        self.uid.is_root()
    }
}

/// The user databases of a machine.
#[derive(Debug, Clone)]
pub struct Users {
    passwd: PathBuf,
    group: PathBuf,
}

impl Default for Users {
    fn default() -> Self {
        Self { passwd: "/etc/passwd".into(), group: "/etc/group".into() }
    }
}

impl Users {
    pub fn by_name(&self, name: &str) -> Option<User> {
        self.find(|fields| fields[0] == name)
    }

    pub fn by_uid(&self, uid: Uid) -> Option<User> {
        self.find(|fields| fields[2].parse() == Ok(uid.as_raw()))
    }

    /// The agent's own user; made up where the machine has no entry for it.
    pub fn own(&self) -> User {
        let uid = rustix::process::geteuid();
        self.by_uid(uid).unwrap_or_else(|| {
            let gid = rustix::process::getegid();
            User { name: uid.as_raw().to_string(), uid, gid, groups: vec![gid], home: "/".into() }
        })
    }

    fn find(&self, is_it: impl Fn(&[&str]) -> bool) -> Option<User> {
        let passwd = read(&self.passwd);
        let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields.len() == 7 && is_it(fields))?;
        let gid = Gid::from_raw(fields[3].parse().ok()?);
        let mut groups = vec![gid];
        for other in self.groups_of(fields[0]) {
            if !groups.contains(&other) {
                groups.push(other);
            }
        }
        Some(User { name: fields[0].to_owned(), uid: Uid::from_raw(fields[2].parse().ok()?), gid, groups, home: fields[5].into() })
    }

    fn groups_of(&self, name: &str) -> Vec<Gid> {
        let group = read(&self.group);
        group
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .filter(|fields| fields.len() == 4 && fields[3].split(',').any(|member| member == name))
            .filter_map(|fields| Some(Gid::from_raw(fields[2].parse().ok()?)))
            .collect()
    }
}

/// The name of the agent's own user, where it has one.
pub fn own_name() -> Option<String> {
    Users::default().by_uid(rustix::process::geteuid()).map(|user| user.name)
}

fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(folder: &Path) -> Users {
        let users = Users { passwd: folder.join("passwd"), group: folder.join("group") };
        std::fs::write(&users.passwd, "root:x:0:0:root:/root:/bin/sh\nbroken\ntaskey:x:990:991::/var/lib/taskey:/bin/false\n").unwrap();
        std::fs::write(&users.group, "root:x:0:\ndocker:x:800:other,taskey\ntaskeys:x:801:taskeys\n").unwrap();
        users
    }

    #[test]
    fn a_user_comes_with_all_its_groups() {
        let folder = tempfile::tempdir().unwrap();
        let user = users(folder.path()).by_name("taskey").unwrap();
        assert_eq!((user.uid.as_raw(), user.gid.as_raw()), (990, 991));
        assert_eq!(user.groups.iter().map(|gid| gid.as_raw()).collect::<Vec<_>>(), [991, 800]);
        assert!(!user.is_root());
    }

    #[test]
    fn an_unknown_user_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(users(folder.path()).by_name("task"), None);
        assert!(users(folder.path()).by_uid(Uid::ROOT).unwrap().is_root());
    }
}
