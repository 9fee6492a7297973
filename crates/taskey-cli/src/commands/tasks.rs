//! `taskey tasks`: definitions, kept in files and applied.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use taskey_cli::task_file;
use taskey_client::{Client, ClientError, Tagged};
use taskey_proto::problem::Code;
use taskey_proto::tasks::{Task, TaskSpec, TaskVersion, check_task};

use crate::cli::Global;
use crate::diff::line_diff;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::{self, Output};
use crate::relative::{now, relative};
use crate::table::Table;
use crate::{secrets, session};

#[derive(Debug, Subcommand)]
pub enum TasksCommand {
    /// Create the tasks of a file, or give those that exist a new version where they differ.
    Apply {
        /// YAML or JSON; `-` reads stdin. Several tasks are divided by `---`.
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
        /// Show what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// List tasks.
    Ls {
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Show one task.
    Show {
        task: String,
        /// An older version, as it was written.
        #[arg(long, value_name = "N")]
        version: Option<u32>,
    },
    /// List the versions of a task, newest first, each with what it changed.
    Versions {
        task: String,
        /// Show no more than this many.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Remove a task; its runs stay.
    Rm {
        task: String,
        /// Do not ask.
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

pub async fn run(global: &Global, command: TasksCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        TasksCommand::Apply { file, dry_run } => apply(global, &file, dry_run, output).await?,
        TasksCommand::Ls { limit } => {
            let page = session::client(global)?.list_tasks(limit).await?;
            output.list(&page, |task| task.name.clone(), list_table)?;
        }
        TasksCommand::Show { task, version: Some(version) } => {
            let version = session::client(global)?.show_task_version(&task, version).await?;
            output.thing(&version, &version.spec.name, || version_table(&version))?;
        }
        TasksCommand::Versions { task, limit } => {
            let page = session::client(global)?.list_task_versions(&task, limit).await?;
            output.list(&page, |version| version.version.to_string(), versions_table)?;
        }
        TasksCommand::Show { task, version: None } => {
            let task = session::client(global)?.show_task(&task).await?.value;
            output.thing(&task, &task.name, || show_table(&task))?;
        }
        TasksCommand::Rm { task, yes } => {
            let client = session::client(global)?;
            secrets::confirm(&format!("Remove the task {task}?"), yes).await?;
            client.remove_task(&task).await?;
        }
    }
    Ok(Exit::Done)
}

async fn apply(global: &Global, file: &Path, dry_run: bool, output: Output) -> Result<(), Failure> {
    let specs = read(file)?;
    let client = session::client(global)?;
    for spec in &specs {
        let existing = find(&client, &spec.name).await?;
        if dry_run {
            output::write_data(preview(existing.as_ref().map(|task| &task.value), spec).as_bytes())?;
            continue;
        }
        let (done, task) = store(&client, existing, spec).await?;
        if output.is_table() {
            output::line(&format!("{done} {} v{}", task.name, task.version))?;
        } else {
            output.thing(&task, &task.name, Table::of_fields)?;
        }
    }
    Ok(())
}

/// Reads and checks the tasks of a file, or of stdin for `-`.
fn read(path: &Path) -> Result<Vec<TaskSpec>, Failure> {
    let file = GivenFile::read(path)?;
    let specs = task_file::parse(&file.text, file.is_json).map_err(|fault| file.wrong(fault))?;
    if specs.is_empty() {
        return Err(Failure::usage(format!("{}: there is no task in it", file.place)));
    }
    for spec in &specs {
        let errors = check_task(spec);
        if !errors.is_empty() {
            return Err(Failure::Fields { place: format!("{}: task `{}`", file.place, spec.name), errors });
        }
    }
    Ok(specs)
}

async fn find(client: &Client, name: &str) -> Result<Option<Tagged<Task>>, ClientError> {
    match client.show_task(name).await {
        Ok(task) => Ok(Some(task)),
        Err(error) if error.has_code(Code::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn store(client: &Client, existing: Option<Tagged<Task>>, spec: &TaskSpec) -> Result<(&'static str, Task), Failure> {
    let Some(existing) = existing else {
        return Ok(("created", client.create_task(spec).await?));
    };
    if spec_of(&existing.value) == *spec {
        return Ok(("unchanged", existing.value));
    }
    let etag = existing.etag.ok_or_else(|| Failure::usage("the server did not say which version this is (no ETag)"))?;
    Ok(("updated", client.replace_task(&existing.value.id.to_string(), spec, &etag).await?))
}

/// What applying would change, in words and lines.
fn preview(existing: Option<&Task>, spec: &TaskSpec) -> String {
    let new = canonical(spec);
    let Some(task) = existing else {
        return format!("would create {}\n{}", spec.name, line_diff("", &new));
    };
    let difference = line_diff(&canonical(&spec_of(task)), &new);
    match difference.as_str() {
        "" => format!("unchanged {} v{}\n", task.name, task.version),
        _ => format!("would update {} v{} to v{}\n{difference}", task.name, task.version, task.version + 1),
    }
}

/// The part of a task that people write.
fn spec_of(task: &Task) -> TaskSpec {
    TaskSpec {
        name: task.name.clone(),
        description: task.description.clone(),
        self_service: task.self_service,
        on_failure: task.on_failure,
        actions: task.actions.clone(),
    }
}

fn canonical(spec: &TaskSpec) -> String {
    serde_saphyr::to_string(spec).unwrap_or_else(|_| format!("{spec:#?}"))
}

fn version_table(version: &TaskVersion) -> Table {
    let mut table = Table::of_fields();
    table.field("version", format!("v{}", version.version));
    table.field("written", relative(version.created_at, now()));
    table.field("by", version.created_by.as_str());
    for line in canonical(&version.spec).lines() {
        table.field("", line);
    }
    table
}

fn versions_table(versions: &[TaskVersion]) -> Table {
    let now = now();
    let mut table = Table::new(&["VERSION", "WRITTEN", "BY", "LINES"]);
    for (index, version) in versions.iter().enumerate() {
        let before = versions.get(index + 1).map(|before| canonical(&before.spec)).unwrap_or_default();
        table.row([
            format!("v{}", version.version).into(),
            relative(version.created_at, now).into(),
            version.created_by.as_str().into(),
            changed_lines(&before, &canonical(&version.spec)).into(),
        ]);
    }
    table
}

/// `+3 -1`: lines that came and went.
fn changed_lines(before: &str, after: &str) -> String {
    let difference = line_diff(before, after);
    let count = |mark: char| difference.lines().filter(|line| line.starts_with(mark)).count();
    format!("+{} -{}", count('+'), count('-'))
}

fn list_table(tasks: &[Task]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "VERSION", "ACTIONS", "UPDATED", "DESCRIPTION"]);
    for task in tasks {
        table.row([
            task.name.as_str().into(),
            format!("v{}", task.version).into(),
            task.actions.len().to_string().into(),
            relative(task.updated_at, now).into(),
            task.description.as_str().into(),
        ]);
    }
    table
}

fn show_table(task: &Task) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", task.id.to_string());
    table.field("name", task.name.as_str());
    table.field("version", format!("v{}", task.version));
    table.field_if("description", Some(task.description.as_str()).filter(|text| !text.is_empty()));
    table.field("created", relative(task.created_at, now));
    table.field("updated", relative(task.updated_at, now));
    for line in canonical(&spec_of(task)).lines().skip_while(|line| !line.starts_with("actions:")) {
        table.field("", line);
    }
    table
}

#[cfg(test)]
mod tests {
    use taskey_proto::Time;
    use taskey_proto::id::TaskId;

    use super::*;

    fn spec(command: &str) -> TaskSpec {
        serde_json::from_value(serde_json::json!({"name": "hello", "actions": [{"type": "COMMAND", "command": command}]})).unwrap()
    }

    fn task(spec: TaskSpec) -> Task {
        let time = Time::from_ms(0);
        Task {
            id: "tsk_00000000000000000000000000".parse::<TaskId>().unwrap(),
            name: spec.name,
            description: spec.description,
            self_service: spec.self_service,
            on_failure: spec.on_failure,
            actions: spec.actions,
            version: 3,
            created_at: time,
            updated_at: time,
        }
    }

    #[test]
    fn a_preview_shows_the_lines_that_would_change() {
        let text = preview(Some(&task(spec("uname"))), &spec("date"));
        assert!(text.starts_with("would update hello v3 to v4\n"), "{text}");
        assert!(text.contains("-   command: uname\n+   command: date\n"), "{text}");
    }

    #[test]
    fn a_preview_of_the_same_task_says_so_and_of_a_new_one_shows_it_whole() {
        assert_eq!(preview(Some(&task(spec("uname"))), &spec("uname")), "unchanged hello v3\n");
        assert!(preview(None, &spec("uname")).starts_with("would create hello\n+ name: hello\n"));
    }
}
