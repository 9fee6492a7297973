//! Where things lie.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout. Cargo names the folder of this crate to what it runs; the one it was built in is the same, unless it moved.
pub fn root() -> PathBuf {
    let this_crate = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&this_crate).ancestors().nth(2).unwrap_or(Path::new("."));
    root.to_owned()
}

/// A program that `cargo build` made. They lie beside this one, wherever the target folder is.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_else(|_| root().join("target/debug/xtask"));
    own.with_file_name(name)
}

/// Cargo, in the checkout.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Whether a program can be started by its name; some of the ones we need lie where only root looks.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.into_iter().any(|folder| folder.join(name).is_file())
}
