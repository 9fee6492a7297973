//! The program `taskeyd`; everything is in the library, so that tests drive it in process.

fn main() -> std::process::ExitCode {
    taskey_agent::cli::main()
}
