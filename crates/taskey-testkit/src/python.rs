//! Other people's Python programs, each in an environment of its own beside the built binaries.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::Context as _;

use crate::process::{binary, run, succeeded};

/// The folder of an environment that has `package`, as `paho-mqtt==2.1.0`; made once, whoever asks at the same time.
pub fn environment(package: &str) -> anyhow::Result<PathBuf> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let folder = binary("taskey").with_file_name(package.replace("==", "-"));
    let lock = std::fs::File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    let (name, version) = package.split_once("==").context("a package with its version")?;
    let mut check = Command::new(folder.join("bin/python"));
    check.args(["-c", &format!("from importlib.metadata import version; assert version('{name}') == '{version}'")]).stderr(Stdio::null());
    if !check.status().is_ok_and(|status| status.success()) {
        let mut venv = Command::new("python3");
        succeeded(run(venv.args(["-m", "venv"]).arg(&folder), "")?).context("sudo apt-get install python3-venv")?;
        let mut pip = Command::new(folder.join("bin/pip"));
        succeeded(run(pip.args(["install", "--quiet", "--disable-pip-version-check", package]), "")?)?;
    }
    Ok(folder)
}
