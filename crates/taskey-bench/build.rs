//! Compiles the stamp, the command that every contender starts. It is linked statically where that is possible: a dynamic
//! loader would add the same 0.3 ms to every contender and make all ratios look better than they are.

use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "stamp/stamp.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let linking = if compile(&["-C", "target-feature=+crt-static", "-C", "relocation-model=static"]) {
        "static"
    } else if compile(&[]) {
        "dynamic"
    } else {
        panic!("{SOURCE} does not compile");
    };
    println!("cargo::rustc-env=STAMP_LINKING={linking}");
}

fn compile(flags: &[&str]) -> bool {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let program = PathBuf::from(variable("OUT_DIR")).join("stamp");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--edition=2024", "--crate-name=stamp", "-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols", "--target"]);
    rustc.arg(variable("TARGET")).args(flags).arg(SOURCE).arg("-o").arg(program);
    rustc.status().is_ok_and(|status| status.success())
}
