//! `cargo x package`: what is handed to others, in `target/packages`: the agent as one static binary, the Debian packages, and their digests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::{self, Failure, Outcome};
use crate::{missing, web, workspace};

const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];
const DIGESTS: &str = "SHA256SUMS";

/// What to build. The server's package holds the agent too, which the server gives to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Agent,
    Server,
    All,
}

pub fn run(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (what, architecture) = read(&words)?;
    let own = architecture == std::env::consts::ARCH;
    if !own && what != What::Agent {
        return Err(Failure::new("for another architecture the agent alone can be built: cargo x package agent --arch aarch64"));
    }
    missing::ensure_agent_tools(architecture)?;
    let packages = workspace::root().join("target/packages");
    make_empty(&packages)?;

    let agent = build_agent(architecture)?;
    let named = packages.join(format!("taskeyd-{}-linux-{architecture}", version()?));
    fs::copy(&agent, &named).map_err(|error| Failure::new(format!("{}: {error}", named.display())))?;
    if own {
        build_packages(what, &agent, &packages)?;
    }
    write_digests(&packages)
}

fn read<'a>(words: &[&'a str]) -> Outcome<(What, &'a str)> {
    let (words, architecture) = match words {
        [before @ .., "--arch", architecture] if ARCHITECTURES.contains(architecture) => (before, *architecture),
        _ => (words, std::env::consts::ARCH),
    };
    match words {
        [] | ["all"] => Ok((What::All, architecture)),
        ["agent"] => Ok((What::Agent, architecture)),
        ["server"] => Ok((What::Server, architecture)),
        _ => Err(Failure::new(format!("cargo x package [agent|server|all] [--arch {}]", ARCHITECTURES.join("|")))),
    }
}

/// The agent without any library of the system it runs on.
fn build_agent(architecture: &str) -> Outcome<PathBuf> {
    let target = missing::static_target(architecture);
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--profile", "agent", "--package", "taskey-agent", "--target", &target]);
    if architecture != std::env::consts::ARCH {
        // Its C code asks nothing of a C library, so any compiler for that machine will do; Rust brings musl.
        let compiler = missing::cross_compiler(architecture);
        cargo.env(format!("CC_{}", target.replace('-', "_")), &compiler);
        cargo.env(format!("CARGO_TARGET_{}_LINKER", target.replace('-', "_").to_uppercase()), &compiler);
    }
    step::run(&mut cargo)?;
    Ok(workspace::root().join("target").join(target).join("agent/taskeyd"))
}

fn build_packages(what: What, agent: &Path, packages: &Path) -> Outcome {
    let server = workspace::root().join("target/release/taskey");
    let mut build = Command::new(workspace::root().join("deploy/deb/build.sh"));
    build.arg(packages).env("TASKEYD", agent).env("TASKEY", server);
    if what != What::Agent {
        web::ensure_built()?;
        step::run(workspace::cargo().args(["build", "--release", "--workspace", "--bin", "taskey"]))?;
        build.arg("taskey");
    }
    if what != What::Server {
        build.arg("taskey-agent");
    }
    if !workspace::has_program("dpkg-deb") || !workspace::has_program("objdump") {
        step::say("SKIPPED: the Debian packages; they need dpkg-deb and objdump (sudo apt-get install dpkg binutils)");
        return Ok(());
    }
    step::run(&mut build)
}

fn make_empty(folder: &Path) -> Outcome {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fs::create_dir_all(folder).map_err(failed)
}

fn write_digests(packages: &Path) -> Outcome {
    let mut names: Vec<String> = fs::read_dir(packages)
        .map_err(|error| Failure::new(format!("{}: {error}", packages.display())))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let digests = step::read(Command::new("sha256sum").current_dir(packages).arg("--").args(&names).stdin(Stdio::null()))?;
    let path = packages.join(DIGESTS);
    fs::write(&path, &digests).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    step::say(&format!("{}, with {DIGESTS}", packages.display()));
    print!("{digests}");
    Ok(())
}

/// The version of all crates.
fn version() -> Outcome<String> {
    let output = step::read(workspace::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&output).map_err(|error| Failure::new(error.to_string()))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let agent = packages.into_iter().find(|package| package["name"] == "taskey-agent");
    let version = agent.and_then(|agent| agent["version"].as_str());
    version.map(str::to_owned).ok_or_else(|| Failure::new("cargo metadata knows no taskey-agent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_build_and_for_which_machine_is_read() {
        let own = std::env::consts::ARCH;
        assert_eq!(read(&[]).unwrap(), (What::All, own));
        assert_eq!(read(&["server"]).unwrap(), (What::Server, own));
        assert_eq!(read(&["agent", "--arch", "aarch64"]).unwrap(), (What::Agent, "aarch64"));
        assert!(read(&["agnet"]).is_err());
        assert!(read(&["agent", "--arch", "m68k"]).is_err());
    }
}
