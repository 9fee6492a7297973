//! Other people's packages for Node, each in a folder of its own beside the built binaries.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::Context as _;

use crate::process::{binary, run, succeeded};

/// The folder whose `node_modules` has `package`, as `standardwebhooks@1.1.1`; made once, whoever asks at the same time.
pub fn environment(package: &str) -> anyhow::Result<PathBuf> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (name, version) = package.rsplit_once('@').context("a package with its version")?;
    let folder = binary("taskey").with_file_name(format!("node-{name}-{version}"));
    let lock = std::fs::File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    let npm = |arguments: &[&str]| {
        let mut npm = Command::new("npm");
        npm.args(arguments).arg("--prefix").arg(&folder);
        npm
    };
    let mut check = npm(&["ls", package]);
    check.stdout(Stdio::null()).stderr(Stdio::null());
    if !check.status().is_ok_and(|status| status.success()) {
        std::fs::create_dir_all(&folder)?;
        let mut install = npm(&["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", package]);
        succeeded(run(&mut install, "")?)?;
    }
    Ok(folder)
}
