//! The web UI: its packages and its build, each only when it is stale. The server takes in `web/dist` when it is compiled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::missing;
use crate::step::{self, Failure, Outcome};
use crate::workspace;

/// What the build reads, inside `web/`.
const SOURCES: [&str; 8] = ["src", "public", "build", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"];
/// A copy of the lock file that was installed, beside what was installed.
const INSTALLED_LOCK: &str = "node_modules/.installed-lock.json";

/// Builds the UI if something it is made of is newer than the build.
pub fn ensure_built() -> Outcome {
    let web = folder();
    if !web.join("package.json").is_file() {
        step::say("there is no web UI in this checkout");
        return Ok(());
    }
    ensure_packages(&web)?;
    let sources = SOURCES.map(|name| web.join(name)).into_iter().chain([workspace::root().join("api/openapi.json")]);
    let newest = sources.filter_map(|path| newest_change(&path)).max();
    let built = newest_change(&web.join("dist/index.html"));
    if built.is_some() && built >= newest {
        return Ok(());
    }
    step::run(npm(&web).args(["run", "--silent", "build"]))
}

pub fn folder() -> PathBuf {
    workspace::root().join("web")
}

/// Installs the packages of a folder exactly as its lock file says, if they are not there or are others.
pub fn ensure_packages(folder: &Path) -> Outcome {
    let lock = fs::read(folder.join("package-lock.json"))
        .map_err(|error| Failure::new(format!("{}/package-lock.json: {error}", folder.display())))?;
    let installed = folder.join(INSTALLED_LOCK);
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    missing::ensure_node()?;
    step::say(&format!("packages of {}", folder.strip_prefix(workspace::root()).unwrap_or(folder).display()));
    step::run(npm(folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    fs::write(&installed, lock).map_err(|error| Failure::new(format!("{}: {error}", installed.display())))
}

pub fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder);
    npm
}

/// When a file, or anything in a folder, changed last; `None` when there is nothing.
fn newest_change(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return metadata.modified().ok();
    }
    let entries = fs::read_dir(path).ok()?.flatten();
    // The folder's own time tells of removed files.
    entries.filter_map(|entry| newest_change(&entry.path())).chain(metadata.modified().ok()).max()
}
