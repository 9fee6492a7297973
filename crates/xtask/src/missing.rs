//! What must be on the machine before tests can run, and how it gets there.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::step::{self, Failure, Outcome};
use crate::workspace::{self, has_program};

/// Vite and vitest need this one.
const NODE_MIN: (u32, u32) = (20, 19);

struct Need {
    name: &'static str,
    is_there: fn() -> bool,
    /// The package in the order of [`MANAGERS`].
    packages: [&'static str; 4],
}

/// Package managers and how each installs.
const MANAGERS: [(&str, &str); 4] = [
    ("apt-get", "sudo apt-get install -y --no-install-recommends"),
    ("dnf", "sudo dnf install -y"),
    ("pacman", "sudo pacman -S --needed"),
    ("apk", "sudo apk add"),
];

const NEEDS: [Need; 7] = [
    Need {
        name: "PostgreSQL's server",
        is_there: has_postgresql,
        packages: ["postgresql", "postgresql-server", "postgresql", "postgresql"],
    },
    Need { name: "mosquitto", is_there: || has_program("mosquitto"), packages: ["mosquitto"; 4] },
    Need {
        name: "mosquitto_pub and mosquitto_sub",
        is_there: || has_program("mosquitto_pub") && has_program("mosquitto_sub"),
        packages: ["mosquitto-clients", "mosquitto", "mosquitto", "mosquitto-clients"],
    },
    Need { name: "Python's venv", is_there: has_python_venv, packages: ["python3-venv", "python3", "python", "python3"] },
    Need { name: "busybox", is_there: || has_program("busybox"), packages: ["busybox-static", "busybox", "busybox", "busybox"] },
    Need { name: "jq", is_there: || has_program("jq"), packages: ["jq"; 4] },
    Need { name: "Chromium", is_there: has_chromium, packages: ["chromium"; 4] },
];

/// Everything that the tests start beside us is there, or is installed where that needs nobody's leave.
pub fn ensure_test_tools() -> Outcome {
    ensure_node()?;
    let missing = missing_needs();
    if missing.is_empty() {
        return Ok(());
    }
    if rustix::process::geteuid().is_root() && has_program("apt-get") {
        install(&missing)?;
    }
    let missing = missing_needs();
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(advice(&missing))) }
}

/// The target triple of an agent that needs no library of its system.
pub fn static_target(architecture: &str) -> String {
    format!("{architecture}-unknown-linux-musl")
}

/// A C compiler for another machine, as Debian names it.
pub fn cross_compiler(architecture: &str) -> String {
    format!("{architecture}-linux-gnu-gcc")
}

/// What a static agent is built with: Rust's libraries for musl, and a C compiler for the cryptography's code.
pub fn ensure_agent_tools(architecture: &str) -> Outcome {
    let target = static_target(architecture);
    let ask = Command::new("rustc").current_dir(workspace::root()).args(["--print", "target-libdir", "--target", &target]).output();
    let libraries = ask.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if libraries.is_empty() || !Path::new(&libraries).is_dir() {
        return Err(Failure::new(format!("missing: Rust's libraries for {target}; run: rustup target add {target}")));
    }
    let (compiler, package) = match architecture == std::env::consts::ARCH {
        true => ("musl-gcc".to_owned(), "musl-tools".to_owned()),
        false => (cross_compiler(architecture), format!("gcc-{architecture}-linux-gnu")),
    };
    if has_program(&compiler) {
        return Ok(());
    }
    Err(Failure::new(format!("missing: {compiler}; run: sudo apt-get install -y --no-install-recommends {package}")))
}

/// Node and npm, which no package manager of an older system has new enough.
pub fn ensure_node() -> Outcome {
    let hint = format!(
        "Node {}.{} or newer with npm is needed; install it from https://nodejs.org or your package manager",
        NODE_MIN.0, NODE_MIN.1
    );
    let version = Command::new("node").arg("--version").stderr(Stdio::null()).output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    match node_version(&version) {
        Some(found) if found >= NODE_MIN && has_program("npm") => Ok(()),
        Some(_) if has_program("npm") => Err(Failure::new(format!("{hint} (found {version})"))),
        _ => Err(Failure::new(hint)),
    }
}

fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn missing_needs() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !(need.is_there)()).collect()
}

fn install(missing: &[&Need]) -> Outcome {
    let packages: Vec<&str> = missing.iter().map(|need| need.packages[0]).collect();
    let mut update = Command::new("apt-get");
    step::run(update.args(["update", "-q"]).stdout(Stdio::null()))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "-y", "-q", "--no-install-recommends"]).args(packages);
    step::run(install.stdout(Stdio::null()))
}

/// One line, with a command that can be copied.
fn advice(missing: &[&Need]) -> String {
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    let names = names.join(", ");
    match MANAGERS.iter().position(|(program, _)| has_program(program)) {
        Some(index) => format!("missing: {names}; run: {} {}", MANAGERS[index].1, packages_of(missing, index)),
        None => format!("missing: {names}; install them with your system's package manager"),
    }
}

fn packages_of(missing: &[&Need], manager: usize) -> String {
    let mut packages: Vec<&str> = missing.iter().map(|need| need.packages[manager]).collect();
    packages.dedup();
    packages.join(" ")
}

/// Debian keeps the server's programs out of PATH, in a folder for each version.
fn has_postgresql() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    has_program("initdb") || versions.into_iter().any(|version| version.path().join("bin/initdb").is_file())
}

fn has_python_venv() -> bool {
    let ask = Command::new("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
    ask.is_ok_and(|status| status.success())
}

fn has_chromium() -> bool {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names.into_iter().any(has_program) || std::env::var_os("CHROMIUM").is_some_and(|path| Path::new(&path).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_node_is_compared_by_its_numbers() {
        assert_eq!(node_version("v20.19.5"), Some((20, 19)));
        assert!(node_version("v20.9.0").unwrap() < NODE_MIN);
        assert!(node_version("v100.0.0").unwrap() > NODE_MIN);
        assert_eq!(node_version("command not found"), None);
    }

    #[test]
    fn what_is_missing_is_said_in_one_line_that_can_be_copied() {
        let missing: Vec<&Need> = NEEDS.iter().collect();
        assert_eq!(packages_of(&missing, 0), "postgresql mosquitto mosquitto-clients python3-venv busybox-static jq chromium");
        assert_eq!(packages_of(&missing, 1), "postgresql-server mosquitto python3 busybox jq chromium");
        assert!(!advice(&missing).contains('\n'));
    }
}
