//! Running other programs, and what it means when they fail.

use std::fmt;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

pub type Outcome<T = ()> = Result<T, Failure>;

/// Why a command of ours ended early. The text is for people; the code is the process's.
#[derive(Debug)]
pub struct Failure {
    text: String,
    pub code: u8,
}

impl Failure {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// Somebody pressed Ctrl-C.
    pub fn interrupted() -> Self {
        Self { text: "interrupted".to_owned(), code: 130 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Says what happens next.
pub fn say(text: &str) {
    if std::io::stdout().is_terminal() {
        println!("\x1b[1m==> {text}\x1b[0m");
    } else {
        println!("==> {text}");
    }
    // A pipe would show it after what the next program writes.
    let _ = std::io::stdout().flush();
}

/// Shows the command and runs it.
pub fn run(command: &mut Command) -> Outcome {
    say(&spelled(command));
    run_silently(command)
}

/// Runs the command without showing it.
pub fn run_silently(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` failed ({status})", spelled(command)))) }
}

/// What the command writes to stdout; its stderr is shown.
pub fn read(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| cannot_start(command, &error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(Failure::new(format!("`{}` failed ({})", spelled(command), output.status))) }
}

/// What a command wrote while it was shown.
pub struct Shown {
    pub success: bool,
    pub lines: Vec<String>,
}

/// Shows the command, runs it, shows what it writes and keeps it.
pub fn run_and_keep(command: &mut Command) -> Outcome<Shown> {
    say(&spelled(command));
    if std::io::stdout().is_terminal() {
        // They see a pipe and would print no colours.
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| cannot_start(command, &error))?;
    let outputs = child.stdout.take().map(pass_on).into_iter().chain(child.stderr.take().map(pass_on));
    let readers: Vec<_> = outputs.collect();
    let lines = readers.into_iter().filter_map(|reader| reader.join().ok()).flatten().collect();
    let status = child.wait().map_err(|error| cannot_start(command, &error))?;
    Ok(Shown { success: status.success(), lines })
}

fn pass_on(from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            let mut stdout = std::io::stdout().lock();
            let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
            kept.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
        kept
    })
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be started: {error}", command.get_program().to_string_lossy()))
}

fn spelled(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or_default().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
