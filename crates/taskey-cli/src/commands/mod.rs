//! The commands, one file a noun. A file's `run` takes what was typed and says how the command ended.

pub mod access;
pub mod ask;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod calendars;
pub mod completion;
pub mod device_groups;
pub mod device_queue;
pub mod devices;
pub mod doctor;
pub mod enroll_tokens;
pub mod exec;
pub mod execution_groups;
pub mod explain;
pub mod groups;
pub mod item_types;
pub mod items;
pub mod keys;
pub mod login;
pub mod organizations;
pub mod password;
pub mod quiet;
pub mod recover;
pub mod restore;
pub mod run;
pub mod runs;
pub mod schedules;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod targets;
pub mod tasks;
pub mod users;
pub mod webhooks;

use crate::cli::{Cli, Command, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::output::{self, Output};
use crate::serve;

/// Runs what was typed, each kind of command in the surroundings that it needs.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    let output = Output::new(cli.global.output);
    match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Admin(command) => serve::administer(command, output),
        Command::Bench(args) => bench::run(&cli.global, args, output),
        Command::Backup(args) => serve::on_host(backup::run(args, output)),
        Command::Restore(args) => serve::on_host(restore::run(args, output)),
        Command::Doctor(args) => serve::on_host(doctor::run(args, output)),
        Command::Openapi => serve::print_openapi(),
        Command::Completion(args) => completion::run(&args),
        Command::Schedules(schedules::SchedulesCommand::Next(args)) => schedules::next::run(&args, output),
        Command::Version => print_version(output),
        command => run_as_client(&cli.global, command, output),
    }
}

fn run_as_client(global: &Global, command: Command, output: Output) -> Result<Exit, Failure> {
    let cannot_start = |error| Failure::File("this machine cannot start the command".to_owned(), error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot_start)?;
    let outcome = runtime.block_on(async {
        let mut interrupts = Interrupts::catch().map_err(cannot_start)?;
        match command {
            // These have something to end on the server, or to say of it, before they go.
            Command::Exec(args) => exec::run(global, args, &mut interrupts).await,
            Command::Run(args) => run::run(global, args, output, &mut interrupts).await,
            Command::Ask(args) => ask::run(global, args, output, &mut interrupts).await,
            Command::Items(command) => items::run(global, command, output, &mut interrupts).await,
            command => tokio::select! {
                outcome = run_quietly(global, command, output) => outcome,
                () = interrupts.next() => Ok(Exit::Interrupted),
            },
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn run_quietly(global: &Global, command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Setup(args) => setup::run(global, args, output).await,
        Command::Login(args) => login::run(global, args, output).await,
        Command::Logout => login::sign_out(global).await,
        Command::Whoami => login::show(global, output).await,
        Command::Password(args) => password::run(global, args).await,
        Command::Sessions(command) => sessions::run(global, command, output).await,
        Command::Users(command) => users::run(global, command, output).await,
        Command::Groups(command) => groups::run(global, command, output).await,
        Command::DeviceGroups(command) => device_groups::run(global, command, output).await,
        Command::Organizations(command) => organizations::run(global, command, output).await,
        Command::Access(command) => access::run(global, command, output).await,
        Command::Keys(command) => keys::run(global, command, output).await,
        Command::InstallScript => enroll_tokens::print_install_script(global).await,
        Command::EnrollTokens(command) => enroll_tokens::run(global, command, output).await,
        Command::Devices(command) => devices::run(global, command, output).await,
        Command::Secrets(command) => secrets::run(global, command, output).await,
        Command::Tasks(command) => tasks::run(global, command, output).await,
        Command::Targets(args) => targets::run(global, args, output).await,
        Command::Runs(command) => runs::run(global, command, output).await,
        Command::Schedules(command) => schedules::run(global, command, output).await,
        Command::Calendars(command) => calendars::run(global, command, output).await,
        Command::ItemTypes(command) => item_types::run(global, command, output).await,
        Command::Webhooks(command) => webhooks::run(global, command, output).await,
        Command::Quiet(command) => quiet::run(global, command, output).await,
        Command::Audit(command) => audit::run(global, command, output).await,
        _ => Err(Failure::usage("this command is no client's")),
    }
}

fn print_version(output: Output) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if output.is_table() {
        output::line(&format!("taskey {version}"))?;
    } else {
        output.thing(&serde_json::json!({"version": version}), version, crate::table::Table::of_fields)?;
    }
    Ok(Exit::Done)
}
