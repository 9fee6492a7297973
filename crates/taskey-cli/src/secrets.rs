//! Secrets come by stdin or are asked for on the terminal, never by an argument that every process can read.

use std::io::{self, BufRead, IsTerminal};
use std::sync::Mutex;

use ring::rand::{SecureRandom, SystemRandom};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;
use crate::output;

/// How the terminal was before a secret was asked for.
static TERMINAL: Mutex<Option<Termios>> = Mutex::new(None);

/// The next line of stdin, without its end.
pub async fn line_of_stdin(what: &'static str) -> Result<String, Failure> {
    let read = move || {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    };
    // On a thread of its own, so that Ctrl-C is heard meanwhile.
    let line = tokio::task::spawn_blocking(read).await.map_err(|error| Failure::usage(error.to_string()))?;
    let line = line.map_err(|error| Failure::File("stdin".to_owned(), error))?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::usage(format!("stdin holds no {what}")));
    }
    Ok(line.to_owned())
}

/// All of stdin, without a line end at its end.
pub async fn all_of_stdin(what: &'static str) -> Result<String, Failure> {
    let read = || io::read_to_string(io::stdin().lock());
    let text = tokio::task::spawn_blocking(read).await.map_err(|error| Failure::usage(error.to_string()))?;
    let text = text.map_err(|error| Failure::File("stdin".to_owned(), error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    if text.is_empty() {
        return Err(Failure::usage(format!("stdin holds no {what}")));
    }
    Ok(text.to_owned())
}

/// A secret's value, typed in the terminal.
pub async fn value_typed() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("give the value on stdin, with --stdin"));
    }
    typed("Value: ", "value").await
}

/// The key of an application: a line of stdin, or typed in the terminal.
pub async fn webhook_key() -> Result<String, Failure> {
    if io::stdin().is_terminal() { typed("Key: ", "key").await } else { line_of_stdin("key").await }
}

/// The password: a line of stdin where that was asked for, else typed in the terminal.
pub async fn password(from_stdin: bool) -> Result<String, Failure> {
    if !from_stdin && !io::stdin().is_terminal() {
        return Err(Failure::usage("give the password on stdin, with --password-stdin"));
    }
    if io::stdin().is_terminal() {
        return typed("Password: ", "password").await;
    }
    line_of_stdin("password").await
}

/// The current password and the new one: two lines of stdin where that was asked for, else typed in the terminal, the new one twice.
pub async fn password_change(from_stdin: bool) -> Result<(String, String), Failure> {
    if !io::stdin().is_terminal() {
        if !from_stdin {
            return Err(Failure::usage("give the current and the new password on stdin, a line each, with --password-stdin"));
        }
        return Ok((line_of_stdin("current password").await?, line_of_stdin("new password").await?));
    }
    let current = typed("Current password: ", "password").await?;
    let new = typed("New password: ", "password").await?;
    if typed("New password again: ", "password").await? != new {
        return Err(Failure::usage("the two are not the same; nothing was changed"));
    }
    Ok((current, new))
}

/// Asks on the terminal and does not show what is typed.
pub async fn typed(question: &str, what: &'static str) -> Result<String, Failure> {
    output::ask(question);
    hide_typing();
    let line = line_of_stdin(what).await;
    restore_terminal();
    output::note("");
    line
}

/// Asks on a terminal whether to go on. Without one, whoever wrote the script has decided.
pub async fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes || !io::stdin().is_terminal() {
        return Ok(());
    }
    output::ask(&format!("{question} [y/N] "));
    match line_of_stdin("answer").await.unwrap_or_default().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("left as it is")),
    }
}

/// Shows again what is typed. Safe to call at any time, also when a signal came in the middle.
pub fn restore_terminal() {
    if let Some(before) = TERMINAL.lock().ok().and_then(|mut terminal| terminal.take()) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

fn hide_typing() {
    let Ok(before) = tcgetattr(io::stdin()) else { return };
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    if tcsetattr(io::stdin(), OptionalActions::Now, &hidden).is_ok()
        && let Ok(mut terminal) = TERMINAL.lock()
    {
        *terminal = Some(before);
    }
}

/// 128 random bits, as text.
pub fn random_word() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::usage("this machine has no randomness to give"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
