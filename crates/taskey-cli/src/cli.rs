//! The command line: what may be typed. Each command's own arguments stand in its file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    access, ask, audit, backup, bench, calendars, completion, device_groups, devices, doctor, enroll_tokens, exec, groups, item_types,
    items, keys, login, organizations, password, quiet, restore, run, runs, schedules, secrets, sessions, setup, targets, tasks, users,
    webhooks,
};
use crate::serve;

/// Runs commands on your devices, and keeps an account of it.
#[derive(Debug, Parser)]
#[command(name = "taskey", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Environment: TASKEY_SERVER, TASKEY_API_KEY, TASKEY_PROFILE, TASKEY_CONFIG, TASKEY_CA_FILE, NO_COLOR.\n\
    Exit codes: 0 done, 1 usage or other error, 2 it ran and failed or a person refused, 3 expired, offline or timed out, 4 not signed in or not allowed, 130 interrupted.")]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// How data is written; `name` is names or ids alone, one a line.
    #[arg(short = 'o', long = "output", global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
    /// The stored sign-in to use, instead of the newest.
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// The server's address, instead of the profile's.
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// The roots to trust the server by, PEM, instead of the machine's; such as DATA/keys/root-1.crt of the server.
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Yaml,
    Name,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(serve::ServeArgs),
    /// Make the first account of a new server, and sign in.
    Setup(setup::SetupArgs),
    /// Sign in, and store a revocable key in a profile.
    Login(login::LoginArgs),
    /// Remove the profile's key from the server, and the profile.
    Logout,
    /// Show who is signed in.
    Whoami,
    /// Change your own password; your other browsers and command lines are signed out.
    Password(password::PasswordArgs),
    /// The browsers that you are signed in with.
    #[command(subcommand)]
    Sessions(sessions::SessionsCommand),
    /// API keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The people of your organization.
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Groups of users, with their roles.
    #[command(subcommand)]
    Groups(groups::GroupsCommand),
    /// Groups of devices, in which groups of users may have another role.
    #[command(subcommand)]
    DeviceGroups(device_groups::DeviceGroupsCommand),
    /// Organizations; for operators of the server.
    #[command(subcommand)]
    Organizations(organizations::OrganizationsCommand),
    /// Why you, or somebody else, may or may not do something.
    #[command(subcommand)]
    Access(access::AccessCommand),
    /// What only the server's host may do.
    #[command(subcommand)]
    Admin(serve::AdminCommand),
    /// Write a server's database, keys and settings to one encrypted file; the server may be running.
    Backup(backup::BackupArgs),
    /// Make a server from a backup, in an empty folder. It starts quiet.
    Restore(restore::RestoreArgs),
    /// What a restored server waits with, and letting it go on.
    #[command(subcommand)]
    Quiet(quiet::QuietCommand),
    /// Look for what is wrong with a server, on its host; nothing is changed.
    Doctor(doctor::DoctorArgs),
    /// Tokens that let new devices in.
    #[command(subcommand)]
    EnrollTokens(enroll_tokens::EnrollTokensCommand),
    /// Print the script that installs the agent and enrols a machine, as `SERVER/install.sh` serves it.
    InstallScript,
    /// Enrolled machines.
    #[command(subcommand)]
    Devices(devices::DevicesCommand),
    /// Values that tasks use and nobody reads back.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Task definitions.
    #[command(subcommand)]
    Tasks(tasks::TasksCommand),
    /// Tasks at certain times: when they run, where, and what became of each time.
    #[command(subcommand)]
    Schedules(schedules::SchedulesCommand),
    /// Holidays and freezes: when schedules that name them begin nothing.
    #[command(subcommand)]
    Calendars(calendars::CalendarsCommand),
    /// Run one command on one device, and show what it writes as it is written.
    Exec(exec::ExecArgs),
    /// Run a task on devices.
    Run(run::RunArgs),
    /// What a run would be for: which devices, how many of them online. Nothing is started.
    Targets(targets::TargetsArgs),
    /// What was run, and what became of it.
    #[command(subcommand)]
    Runs(runs::RunsCommand),
    /// Post an item, wait until a person has decided, and print what: a question in the middle of a script.
    #[command(after_help = "Example: taskey ask --type refund --field order=A1 --field amount=240 --external-id order-A1 --wait 30m\n\
        Prints the resolution's name. Exit codes: 0, 2 for a no or a cancelled item, 3 when time ran out; the item stays open then.\n\
        Run again with the same --external-id, it goes on waiting for the same item.")]
    Ask(ask::AskArgs),
    /// What applications post and people resolve: the inbox.
    #[command(subcommand)]
    Items(items::ItemsCommand),
    /// What kinds of items there are: their fields, their states, and how they may be resolved.
    #[command(subcommand)]
    ItemTypes(item_types::ItemTypesCommand),
    /// Where applications are told what happens to items.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// What was done by whom, and whether the log of it is whole.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Measure a server under thousands of simulated devices.
    Bench(bench::BenchArgs),
    /// Print a shell's completion script.
    Completion(completion::CompletionArgs),
    /// Print the version.
    Version,
    /// Print the OpenAPI document of the server in this binary.
    #[command(hide = true)]
    Openapi,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_belongs_to_the_device() {
        let cli = Cli::try_parse_from(["taskey", "exec", "--device", "web-1", "--", "ls", "-o", "json"]).unwrap();
        let Command::Exec(exec) = cli.command else { panic!("not exec") };
        assert_eq!(exec.argv, ["ls", "-o", "json"]);
        assert_eq!(cli.global.output, Format::Table);
    }
}
